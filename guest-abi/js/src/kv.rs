//! KV operations, and the values that they give.

use crate::bytes::{Bytes, Form};
use crate::host;
use crate::ops::{self, Decode, Decoded};
use crate::raw::{self, Cx, callbacks};
use crate::text::Text;
use postern_abi::OpKind;
use postern_abi::kv::{
    KvBody, KvDelete, KvGet, KvGetMulti, KvGot, KvList, KvListed, KvMulti, KvPut,
};
use rquickjs::{Array, Ctx, Exception, Object, Result, Value, function::Func, function::Opt};

/// JSON metadata as a value.
fn metadata<'js>(ctx: &Ctx<'js>, text: Option<&str>) -> Result<Value<'js>> {
    match text {
        Some(text) => ctx.json_parse(text),
        None => Ok(Value::new_null(ctx.clone())),
    }
}

fn undecodable(ctx: &Ctx<'_>) -> rquickjs::Error {
    Exception::throw_internal(ctx, "the host's answer cannot be decoded")
}

fn encode<T: serde::Serialize>(ctx: &Ctx<'_>, argument: &T) -> Result<Vec<u8>> {
    postcard::to_allocvec(argument)
        .map_err(|_| Exception::throw_internal(ctx, "the argument cannot be encoded"))
}

/// `kvGet(binding, key, form, sink, full)`: the value in this form, or null. With `sink`, a
/// stream's parts go there and `true` stands for the value. With `full`, `[value, metadata]`.
fn get<'js>(
    ctx: Ctx<'js>,
    binding: String,
    key: Text,
    form: Form,
    sink: Option<Object<'js>>,
    full: bool,
) -> Result<Value<'js>> {
    let argument = KvGet {
        binding: &binding,
        key: &key.0,
        stream: sink.is_some(),
    };
    let argument = encode(&ctx, &argument)?;
    let sink = sink.map(|sink| rquickjs::Persistent::save(&ctx, sink));
    let decode: Decode = Box::new(move |ctx, payload| {
        let (got, rest): (KvGot, _) =
            postcard::take_from_bytes(payload).map_err(|_| undecodable(ctx))?;
        let (value, streams) = match got.body {
            KvBody::Absent => (Value::new_null(ctx.clone()), false),
            KvBody::Whole => (form.of(ctx, rest)?, false),
            KvBody::Stream(_) => (Value::new_bool(ctx.clone(), true), true),
        };
        let value = if full {
            let pair = Array::new(ctx.clone())?;
            pair.set(0, value)?;
            pair.set(1, metadata(ctx, got.metadata)?)?;
            pair.into_value()
        } else {
            value
        };
        match sink {
            Some(sink) if streams => Ok(Decoded::Stream(value, sink.restore(ctx)?)),
            _ => Ok(Decoded::Value(value)),
        }
    });
    let (id, promise) = ops::start_with_id(&ctx, OpKind::KvGet as u32, &argument, decode, None)?;
    LAST.set(id);
    Ok(promise)
}

callbacks! {
    /// `kvGetText(binding, key)`: a promise of the value as a string, or undefined for what is not a
    /// usual key.
    get_text(cx, _this, arguments) {
        let key = arguments.get(1);
        if !raw::is_string(key) {
            return raw::UNDEFINED;
        }
        let argument = cx.text(arguments.get(0), |binding| {
            cx.text(key, |key| {
                let argument = KvGet {
                    binding,
                    key,
                    stream: false,
                };
                let is_usual = !matches!(key, "" | "." | "..");
                is_usual.then(|| postcard::to_allocvec(&argument).unwrap_or_default())
            })
        });
        let argument = match argument {
            None | Some(None) => return raw::EXCEPTION,
            Some(Some(None)) => return raw::UNDEFINED,
            Some(Some(Some(argument))) => argument,
        };
        let Some((id, promise)) = ops::start_text(cx, OpKind::KvGet as u32, &argument) else {
            return raw::EXCEPTION;
        };
        LAST.set(id);
        promise
    }
}

thread_local! {
    static LAST: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

/// Adds the functions on KV to the natives.
pub fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    Cx(ctx.as_raw().as_ptr()).method(native.as_raw(), c"kvGetText", get_text);
    native.set("kvGet", Func::from(get))?;
    // The number of the operation that was started last.
    native.set("opLast", Func::from(|| LAST.get()))?;
    native.set(
        "kvGetMulti",
        Func::from(
            |ctx: Ctx<'js>, binding: String, keys: Vec<Text>, form: Form| {
                let argument = KvGetMulti {
                    binding: &binding,
                    keys: keys.iter().map(|key| key.0.as_str()).collect(),
                };
                let argument = encode(&ctx, &argument)?;
                let decode: Decode = Box::new(move |ctx, payload| {
                    let multi: KvMulti =
                        postcard::from_bytes(payload).map_err(|_| undecodable(ctx))?;
                    let all = Array::new(ctx.clone())?;
                    for (at, found) in multi.values.into_iter().enumerate() {
                        let Some((value, meta)) = found else {
                            all.set(2 * at, Value::new_null(ctx.clone()))?;
                            all.set(2 * at + 1, Value::new_null(ctx.clone()))?;
                            continue;
                        };
                        all.set(2 * at, form.of(ctx, value)?)?;
                        all.set(2 * at + 1, metadata(ctx, meta)?)?;
                    }
                    Ok(Decoded::Value(all.into_value()))
                });
                ops::start(&ctx, OpKind::KvGetMulti as u32, &argument, decode)
            },
        ),
    )?;
    native.set(
        "kvPut",
        Func::from(
            |ctx: Ctx<'js>,
             binding: String,
             key: Text,
             value: Value<'js>,
             meta: Option<String>,
             expiration: Option<f64>,
             ttl: Option<f64>| {
                let bytes = if value.is_null() {
                    None
                } else {
                    Some(<Bytes as rquickjs::FromJs>::from_js(&ctx, value)?.0)
                };
                let argument = KvPut {
                    binding: &binding,
                    key: &key.0,
                    metadata: meta.as_deref(),
                    expiration: expiration.map(|seconds| seconds as u64),
                    expiration_ttl: ttl.map(|seconds| seconds as u64),
                    stream: bytes.is_none(),
                };
                let mut argument = encode(&ctx, &argument)?;
                argument.extend_from_slice(&bytes.unwrap_or_default());
                let decode: Decode =
                    Box::new(|ctx, _| Ok(Decoded::Value(Value::new_undefined(ctx.clone()))));
                let (id, promise) =
                    ops::start_with_id(&ctx, OpKind::KvPut as u32, &argument, decode, None)?;
                LAST.set(id);
                Ok::<_, rquickjs::Error>(promise)
            },
        ),
    )?;
    native.set(
        "kvDelete",
        Func::from(|ctx: Ctx<'js>, binding: String, key: Text| {
            let argument = KvDelete {
                binding: &binding,
                key: &key.0,
            };
            let argument = encode(&ctx, &argument)?;
            let decode: Decode =
                Box::new(|ctx, _| Ok(Decoded::Value(Value::new_undefined(ctx.clone()))));
            ops::start(&ctx, OpKind::KvDelete as u32, &argument, decode)
        }),
    )?;
    native.set(
        "kvList",
        Func::from(
            |ctx: Ctx<'js>, binding: String, prefix: Text, limit: u32, cursor: Opt<String>| {
                let argument = KvList {
                    binding: &binding,
                    prefix: &prefix.0,
                    limit,
                    cursor: cursor.0.as_deref().unwrap_or_default(),
                };
                let argument = encode(&ctx, &argument)?;
                let decode: Decode = Box::new(|ctx, payload| {
                    let listed: KvListed =
                        postcard::from_bytes(payload).map_err(|_| undecodable(ctx))?;
                    let keys = Array::new(ctx.clone())?;
                    for (at, key) in listed.keys.into_iter().enumerate() {
                        let one = Object::new(ctx.clone())?;
                        one.set("name", key.name)?;
                        if let Some(expiration) = key.expiration {
                            one.set("expiration", expiration as f64)?;
                        }
                        if key.metadata.is_some() {
                            one.set("metadata", metadata(ctx, key.metadata)?)?;
                        }
                        keys.set(at, one)?;
                    }
                    let result = Object::new(ctx.clone())?;
                    result.set("keys", keys)?;
                    result.set("list_complete", listed.cursor.is_none())?;
                    if let Some(cursor) = listed.cursor {
                        result.set("cursor", cursor)?;
                    }
                    result.set("cacheStatus", Value::new_null(ctx.clone()))?;
                    Ok(Decoded::Value(result.into_value()))
                });
                ops::start(&ctx, OpKind::KvList as u32, &argument, decode)
            },
        ),
    )?;
    native.set(
        "envNames",
        Func::from(|ctx: Ctx<'js>| {
            let names = host::ask(postern_abi::SyncOp::EnvNames, &[]).unwrap_or_default();
            let names: Vec<&str> = postcard::from_bytes(&names).map_err(|_| undecodable(&ctx))?;
            Ok::<_, rquickjs::Error>(names.into_iter().map(str::to_owned).collect::<Vec<_>>())
        }),
    )?;
    // `envGet(name)`: `[kind, value]`.
    native.set(
        "envGet",
        Func::from(|ctx: Ctx<'js>, name: String| {
            use postern_abi::op::EnvValue;
            let bytes = host::ask(postern_abi::SyncOp::EnvGet, name.as_bytes())
                .map_err(|_| undecodable(&ctx))?;
            let value: EnvValue = postcard::from_bytes(&bytes).map_err(|_| undecodable(&ctx))?;
            let pair = Array::new(ctx.clone())?;
            match value {
                EnvValue::Text(text) | EnvValue::Secret(text) => {
                    pair.set(0, "text")?;
                    pair.set(1, text)?;
                }
                EnvValue::Json(text) => {
                    pair.set(0, "json")?;
                    pair.set(1, ctx.json_parse(text)?)?;
                }
                EnvValue::Kv => pair.set(0, "kv_namespace")?,
                EnvValue::Other(kind) => pair.set(0, kind)?,
                EnvValue::Copied(text) => {
                    pair.set(0, "copied")?;
                    pair.set(1, text)?;
                }
                EnvValue::Part(kind, name) => {
                    pair.set(0, kind)?;
                    pair.set(1, name)?;
                }
            }
            Ok::<_, rquickjs::Error>(pair)
        }),
    )
}
