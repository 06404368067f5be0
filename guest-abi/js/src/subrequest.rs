//! Subrequests: fetch() and what comes of it, between `prelude/subrequest.js` and the host.

use crate::bytes::{self, Bytes};
use crate::headers::HeaderList;
use crate::host;
use crate::ops::{self, Decode, Decoded};
use crate::switches::{Switch, is_set};
use crate::text::Text;
use postern_abi::OpKind;
use postern_abi::dispatch::Dispatch;
use postern_abi::fetch::{
    CacheMode, Caching, Fetch, FetchBody, Fetched, FetchedBody, Redirect, Target,
};
use postern_abi::http::Fields;
use postern_abi::loader::Loaded;
use rquickjs::class::Class;
use rquickjs::{
    Array, Ctx, Exception, Function, Object, Persistent, Result, Value, function::Func,
};

/// What `fetchStart` is told beside the request's parts.
pub struct Sinks<'js> {
    /// Gets the parts of the answer's body.
    pub sink: Object<'js>,
    /// Makes a Response of an answer's head.
    pub make: Function<'js>,
    /// Hears of credit while the body is streamed.
    pub credit: Option<Function<'js>>,
}

/// Whether a body of this `content-encoding` is decoded when it is read.
pub fn is_undone(coding: &[u8]) -> bool {
    coding.eq_ignore_ascii_case(b"gzip")
        || (coding.eq_ignore_ascii_case(b"br") && !is_set(Switch::KeepBrotli))
}

/// What a Response is made of: `make(status, statusText, headers, url, kind, body, isEncoded)`.
pub fn decode<'js>(sinks: &Sinks<'js>, ctx: &Ctx<'js>) -> Decode {
    let make = Persistent::save(ctx, sinks.make.clone());
    let sink = Persistent::save(ctx, sinks.sink.clone());
    Box::new(move |ctx, payload| {
        let (head, rest): (Fetched, _) = postcard::take_from_bytes(payload)
            .map_err(|_| Exception::throw_internal(ctx, "an answer cannot be decoded"))?;
        let is_encoded = head
            .headers
            .0
            .iter()
            .any(|(name, value)| *name == "content-encoding" && is_undone(value));
        let fields = postcard::to_allocvec(&head.headers).unwrap_or_default();
        let list = Class::instance(ctx.clone(), HeaderList::raw(fields))?;
        let (kind, body) = match head.body {
            FetchedBody::None => (0, Value::new_null(ctx.clone())),
            FetchedBody::Whole => (1, bytes::array(ctx, rest)?),
            FetchedBody::Stream(len) => {
                let len = len.map_or(-1.0, |len| len as f64);
                (2, Value::new_number(ctx.clone(), len))
            }
        };
        let make = make.restore(ctx)?;
        let response: Value = make.call((
            head.status,
            head.status_text,
            list,
            head.url,
            kind,
            body,
            is_encoded,
        ))?;
        Ok(match head.body {
            FetchedBody::Stream(_) => Decoded::Stream(response, sink.restore(ctx)?),
            _ => Decoded::Value(response),
        })
    })
}

/// Starts a subrequest: `[operation, promise]`. `parts` is binding (an array for a user Worker: binding,
/// name, the limits on CPU time and subrequests, what the outbound Worker is told), method, URL, headers, the
/// type that the body implies, whether redirects are followed, the body (null, a string or bytes),
/// the length of one that is streamed (-1: not known; null: it is not streamed), and what is asked of
/// the cache: null, or its mode (0 usual, 1 no-store, 2 no-cache), whether everything is kept, key, seconds,
/// seconds by status (from, to, seconds, and so on) and tags.
fn start<'js>(
    ctx: Ctx<'js>,
    parts: Array<'js>,
    sink: Object<'js>,
    make: Function<'js>,
    credit: Option<Function<'js>>,
) -> Result<Array<'js>> {
    let mut argument = argument(&ctx, &parts)?;
    let caching: Option<Array> = parts.get(8)?;
    let kind = match &caching {
        None => OpKind::Fetch,
        Some(caching) => {
            argument.splice(0..0, cached(&ctx, caching)?);
            OpKind::FetchCached
        }
    };
    let sinks = Sinks { sink, make, credit };
    let decode = decode(&sinks, &ctx);
    let (id, promise) = ops::start_with_id(&ctx, kind as u32, &argument, decode, sinks.credit)?;
    let started = Array::new(ctx)?;
    started.set(0, id)?;
    started.set(1, promise)?;
    Ok(started)
}

/// What is asked of the cache, for the host.
fn cached<'js>(ctx: &Ctx<'js>, asked: &Array<'js>) -> Result<Vec<u8>> {
    let (mode, everything): (u32, bool) = (asked.get(0)?, asked.get(1)?);
    let (key, ttl): (Option<Text>, Option<f64>) = (asked.get(2)?, asked.get(3)?);
    let (ranges, tags): (Vec<f64>, Text) = (asked.get(4)?, asked.get(5)?);
    let caching = Caching {
        mode: match mode {
            0 => CacheMode::Usual,
            1 => CacheMode::NoStore,
            _ => CacheMode::NoCache,
        },
        everything,
        key: key.as_ref().map(|key| key.0.as_str()),
        ttl: ttl.map(|ttl| ttl as i64),
        ttl_by_status: ranges
            .chunks_exact(3)
            .map(|range| (range[0] as u16, range[1] as u16, range[2] as i64))
            .collect(),
        tags: &tags.0,
    };
    postcard::to_allocvec(&caching)
        .map_err(|_| Exception::throw_internal(ctx, "a subrequest cannot be encoded"))
}

/// Whom `fetchStart` asks.
pub enum Asked {
    Internet,
    Binding(String),
    /// An export of this Worker, and props.
    Own(String, Option<Bytes>),
    /// Binding, name, milliseconds of CPU, subrequests, JSON.
    Dispatch(String, String, Option<f64>, Option<f64>, String),
    /// Of a dynamic Worker: binding, number, entrypoint, props, milliseconds of CPU, subrequests.
    Loaded(String, f64, String, Option<Bytes>, Option<f64>, Option<f64>),
}

impl Asked {
    /// Of what the prelude has for it.
    ///
    /// # Errors
    /// When it is something else.
    pub fn of<'js>(ctx: &Ctx<'js>, asked: &Value<'js>) -> Result<Self> {
        let Some(asked) = asked.as_array() else {
            let binding = <Option<String> as rquickjs::FromJs>::from_js(ctx, asked.clone())?;
            return Ok(binding.map_or(Self::Internet, Self::Binding));
        };
        let props = |at: usize| -> Result<Option<Bytes>> {
            let props: Value = asked.get(at)?;
            Ok(match props.is_null() {
                true => None,
                false => Some(<Bytes as rquickjs::FromJs>::from_js(ctx, props)?),
            })
        };
        if asked.len() == 2 {
            return Ok(Self::Own(asked.get(0)?, props(1)?));
        }
        if asked.len() == 6 {
            return Ok(Self::Loaded(
                asked.get(0)?,
                asked.get(1)?,
                asked.get(2)?,
                props(3)?,
                asked.get(4)?,
                asked.get(5)?,
            ));
        }
        Ok(Self::Dispatch(
            asked.get(0)?,
            asked.get(1)?,
            asked.get(2)?,
            asked.get(3)?,
            asked.get(4)?,
        ))
    }

    /// What the host is told.
    pub fn target(&self) -> Target<'_> {
        match self {
            Self::Loaded(binding, number, entrypoint, props, cpu_ms, subrequests) => {
                Target::Loaded(Loaded {
                    binding,
                    number: *number as u64,
                    entrypoint,
                    props: props.as_ref().map_or(&[], |props| &*props.0),
                    cpu_ms: cpu_ms.map(|ms| ms as u32),
                    subrequests: subrequests.map(|count| count as u32),
                })
            }
            Self::Internet => Target::Internet,
            Self::Binding(binding) => Target::Binding(binding),
            Self::Own(entrypoint, props) => {
                Target::Own(entrypoint, props.as_ref().map_or(&[], |props| &*props.0))
            }
            Self::Dispatch(binding, script, cpu_ms, subrequests, outbound) => {
                Target::Dispatch(Dispatch {
                    binding,
                    script,
                    cpu_ms: cpu_ms.map(|ms| ms as u32),
                    subrequests: subrequests.map(|count| count as u32),
                    outbound,
                })
            }
        }
    }
}

/// What the host is asked, of the parts that `fetchStart` gets.
pub fn argument<'js>(ctx: &Ctx<'js>, parts: &Array<'js>) -> Result<Vec<u8>> {
    let asked = Asked::of(ctx, &parts.get(0)?)?;
    let (method, url): (String, String) = (parts.get(1)?, parts.get(2)?);
    let list: Class<'js, HeaderList> = parts.get(3)?;
    let content_type: Option<String> = parts.get(4)?;
    let follows: bool = parts.get(5)?;
    let body: Value = parts.get(6)?;
    let length: Option<f64> = parts.get(7)?;
    let whole = if body.is_null() || body.is_undefined() {
        None
    } else {
        Some(<Bytes as rquickjs::FromJs>::from_js(ctx, body)?.0)
    };
    let fields = list.borrow_mut().encode();
    let mut headers: Fields = postcard::from_bytes(&fields).unwrap_or_default();
    if let Some(content_type) = &content_type
        && !headers.0.iter().any(|(name, _)| *name == "content-type")
    {
        headers.0.push(("content-type", content_type.as_bytes()));
    }
    let head = Fetch {
        target: asked.target(),
        method: &method,
        url: &url,
        headers,
        redirect: if follows {
            Redirect::Follow
        } else {
            Redirect::Manual
        },
        body: FetchBody::of(whole.is_some(), length),
    };
    let mut argument = postcard::to_allocvec(&head)
        .map_err(|_| Exception::throw_internal(ctx, "a subrequest cannot be encoded"))?;
    argument.extend_from_slice(whole.as_deref().unwrap_or_default());
    Ok(argument)
}

/// Adds the functions on subrequests to the natives.
pub fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    let cx = crate::raw::Cx(ctx.as_raw().as_ptr());
    crate::passing::install(cx, native);
    crate::stub::install(cx, native);
    crate::namespace::install(cx, native);
    native.set("fetchStart", Func::from(start))?;
    native.set(
        "opDecode",
        Func::from(|id: u32| {
            // The host has forgotten an operation that is over, which is well.
            let _ = host::ask(postern_abi::SyncOp::Decode, &id.to_le_bytes());
        }),
    )
}
