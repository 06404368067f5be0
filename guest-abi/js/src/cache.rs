//! Caches, between `prelude/cache.js` and the host.

use crate::bytes::Bytes;
use crate::headers::HeaderList;
use crate::ops::{self, Decode, Decoded};
use crate::subrequest::{self, Sinks};
use postern_abi::cache::{CacheDelete, CacheMatch, CachePut};
use postern_abi::fetch::FetchBody;
use postern_abi::http::Fields;
use postern_abi::{OpKind, SyncOp};
use rquickjs::class::Class;
use rquickjs::{Array, Ctx, Exception, Function, Object, Result, Value, function::Func};

fn encoded<T: serde::Serialize>(ctx: &Ctx<'_>, argument: &T) -> Result<Vec<u8>> {
    postcard::to_allocvec(argument)
        .map_err(|_| Exception::throw_internal(ctx, "what a cache is asked cannot be encoded"))
}

/// Looks an answer up: `[operation, promise]` of a Response or undefined.
fn find<'js>(
    ctx: Ctx<'js>,
    cache: Option<String>,
    url: String,
    list: Class<'js, HeaderList>,
    sink: Object<'js>,
    make: Function<'js>,
) -> Result<Array<'js>> {
    let fields = list.borrow_mut().encode();
    let argument = encoded(
        &ctx,
        &CacheMatch {
            cache: cache.as_deref(),
            url: &url,
            headers: postcard::from_bytes(&fields).unwrap_or_default(),
        },
    )?;
    let sinks = Sinks {
        sink,
        make,
        credit: None,
    };
    let found = subrequest::decode(&sinks, &ctx);
    // An optional value begins with whether it is there.
    let decode: Decode = Box::new(move |ctx, payload| match payload {
        [1, payload @ ..] => found(ctx, payload),
        _ => Ok(Decoded::Value(Value::new_undefined(ctx.clone()))),
    });
    let (id, promise) =
        ops::start_with_id(&ctx, OpKind::CacheMatch as u32, &argument, decode, None)?;
    let started = Array::new(ctx)?;
    started.set(0, id)?;
    started.set(1, promise)?;
    Ok(started)
}

/// Keeps an answer: `[operation, promise]`. `parts` is the cache, URL, status, what is said beside
/// it, fields, the type that the body implies, the body (null, a string or bytes) and the length of
/// one that is streamed (-1: not known; null: it is not streamed).
fn put<'js>(ctx: Ctx<'js>, parts: Array<'js>, credit: Option<Function<'js>>) -> Result<Array<'js>> {
    let cache: Option<String> = parts.get(0)?;
    let (url, status): (String, u16) = (parts.get(1)?, parts.get(2)?);
    let status_text: String = parts.get(3)?;
    let list: Option<Class<'js, HeaderList>> = parts.get(4)?;
    let content_type: Option<String> = parts.get(5)?;
    let body: Value = parts.get(6)?;
    let length: Option<f64> = parts.get(7)?;
    let whole = if body.is_null() || body.is_undefined() {
        None
    } else {
        Some(<Bytes as rquickjs::FromJs>::from_js(&ctx, body)?.0)
    };
    let fields = list.map_or_else(Vec::new, |list| list.borrow_mut().encode());
    let mut headers: Fields = postcard::from_bytes(&fields).unwrap_or_default();
    if let Some(content_type) = &content_type
        && !headers.0.iter().any(|(name, _)| *name == "content-type")
    {
        headers.0.push(("content-type", content_type.as_bytes()));
    }
    let mut argument = encoded(
        &ctx,
        &CachePut {
            cache: cache.as_deref(),
            url: &url,
            status,
            status_text: &status_text,
            headers,
            body: FetchBody::of(whole.is_some(), length),
        },
    )?;
    argument.extend_from_slice(whole.as_deref().unwrap_or_default());
    // Whether it was kept is not the Worker's to know (spec: SEMANTICS §21).
    let decode: Decode = Box::new(|ctx, _| Ok(Decoded::Value(Value::new_undefined(ctx.clone()))));
    let (id, promise) =
        ops::start_with_id(&ctx, OpKind::CachePut as u32, &argument, decode, credit)?;
    let started = Array::new(ctx)?;
    started.set(0, id)?;
    started.set(1, promise)?;
    Ok(started)
}

/// Forgets an answer: a promise of whether there was one.
fn delete<'js>(ctx: Ctx<'js>, cache: Option<String>, url: String) -> Result<Value<'js>> {
    let argument = encoded(
        &ctx,
        &CacheDelete {
            cache: cache.as_deref(),
            url: &url,
        },
    )?;
    let decode: Decode = Box::new(|ctx, payload| {
        let is_gone = payload.first() == Some(&1);
        Ok(Decoded::Value(Value::new_bool(ctx.clone(), is_gone)))
    });
    ops::start(&ctx, OpKind::CacheDelete as u32, &argument, decode)
}

/// Adds the functions on caches to the natives.
pub fn install<'js>(_: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("cacheMatch", Func::from(find))?;
    native.set("cachePut", Func::from(put))?;
    native.set("cacheDelete", Func::from(delete))?;
    native.set(
        "cacheDefault",
        Func::from(
            || matches!(crate::host::ask(SyncOp::CacheDefault, &[]), Ok(found) if found == [1]),
        ),
    )
}
