//! Requests in flight: their bodies on the way in, their answers on the way out.

use crate::bytes::{self, Bytes, Form};
use crate::deferred::Deferred;
use crate::exception::Exception;
use crate::headers::HeaderList;
use crate::host;
use crate::numbers::ByNumber;
use crate::text::Text;
use postern_abi::http::PHRASE_MAX;
use rquickjs::class::Class;
use rquickjs::{CatchResultExt, Ctx, Object, Result, Value, function::Func};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// Bytes of a body asked for at a time while all of it is collected.
const PULL: u32 = 256 * 1024;

/// A body that is read whole.
struct Collecting {
    form: Form,
    buffer: Vec<u8>,
    /// Bytes asked for that have not come.
    asked: u32,
    promise: Deferred,
}

thread_local! {
    /// The reason phrase of the answer that comes next.
    static PHRASE: RefCell<Option<String>> = const { RefCell::new(None) };
    static BODIES: RefCell<ByNumber<Collecting>> = RefCell::default();
    /// Requests without the head of an answer.
    static UNANSWERED: RefCell<BTreeSet<u32>> = const { RefCell::new(BTreeSet::new()) };
}

/// A request came.
pub fn begun(request: u32) {
    UNANSWERED.with_borrow_mut(|all| all.insert(request));
}

/// Whether requests wait for an answer and no body that is collected could bring it about.
pub fn are_waiting() -> bool {
    UNANSWERED.with_borrow(|all| !all.is_empty()) && BODIES.with_borrow(ByNumber::is_empty)
}

/// The requests without an answer.
pub fn waiting() -> Vec<u32> {
    UNANSWERED.with_borrow(|all| all.iter().copied().collect())
}

/// The head of a request's answer is out.
pub fn answered(request: u32) {
    UNANSWERED.with_borrow_mut(|all| all.remove(&request));
}

/// A part of a request's body came. False if nobody collects it, and it is for a stream.
pub fn chunk(request: u32, bytes: &[u8]) -> bool {
    BODIES.with_borrow_mut(|bodies| {
        let Some(body) = bodies.get_mut(&request) else {
            return false;
        };
        body.buffer.extend_from_slice(bytes);
        body.asked = body.asked.saturating_sub(bytes.len() as u32);
        if body.asked < PULL / 2 {
            host::body_pull(request, PULL - body.asked);
            body.asked = PULL;
        }
        true
    })
}

/// A request's body ended, well or with a message. False if it is for a stream.
pub fn end<'js>(ctx: &Ctx<'js>, request: u32, broken: Option<&str>) -> Result<bool> {
    let Some(body) = BODIES.with_borrow_mut(|bodies| bodies.remove(&request)) else {
        return Ok(false);
    };
    let outcome = match broken {
        None => body.form.of(ctx, &body.buffer),
        Some(message) => Err(rquickjs::Exception::throw_message(ctx, message)),
    };
    match outcome.catch(ctx) {
        Ok(value) => body.promise.resolve(&value),
        Err(error) => body.promise.reject(&thrown(ctx, error)?),
    }
    Ok(true)
}

/// The value that was thrown.
pub fn thrown<'js>(ctx: &Ctx<'js>, error: rquickjs::CaughtError<'js>) -> Result<Value<'js>> {
    Ok(match error {
        rquickjs::CaughtError::Exception(exception) => exception.into_object().into_value(),
        rquickjs::CaughtError::Value(value) => value,
        rquickjs::CaughtError::Error(error) => {
            rquickjs::Exception::from_message(ctx.clone(), &error.to_string())?
                .into_object()
                .into_value()
        }
    })
}

/// Forgets a request.
pub fn forget(request: u32) {
    BODIES.with_borrow_mut(|bodies| bodies.remove(&request));
}

fn respond<'js>(
    ctx: Ctx<'js>,
    request: u32,
    status: u16,
    list: Option<Class<'js, HeaderList>>,
    content_type: Option<String>,
    body: Value<'js>,
    more: bool,
) -> Result<()> {
    answered(request);
    let content_type = content_type.as_deref();
    let mut head = match list {
        Some(list) => list.borrow_mut().encode_head(status, content_type),
        None => HeaderList::default().encode_head(status, content_type),
    };
    if let Some(phrase) = PHRASE.take()
        && phrase.len() <= PHRASE_MAX
        && let Ok(phrase) = postcard::to_allocvec(&phrase)
    {
        head.extend_from_slice(&phrase);
    }
    if let Some(text) = body.as_string() {
        let text = text.clone().to_cstring()?;
        let text = String::from_utf8_lossy(text.as_str().as_bytes());
        host::respond(request, &head, text.as_bytes(), more);
    } else if body.is_null() || body.is_undefined() {
        host::respond(request, &head, &[], more);
    } else {
        bytes::with(&ctx, &body, |bytes| {
            host::respond(request, &head, bytes, more);
        })?;
    }
    Ok(())
}

/// Adds the functions on requests to the natives.
pub fn install<'js>(_: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("respond", Func::from(respond))?;
    // `phrase(text)`: the reason phrase of the answer that comes next.
    native.set(
        "phrase",
        Func::from(|phrase: String| PHRASE.set(Some(phrase))),
    )?;
    native.set(
        "bodyChunk",
        Func::from(|request: u32, bytes: Bytes, end: bool| {
            host::body_chunk(request, &bytes.0, end)
        }),
    )?;
    native.set("bodyPull", Func::from(host::body_pull))?;
    native.set(
        "bodyCollect",
        Func::from(|ctx: Ctx<'js>, request: u32, form: Form| {
            let (deferred, promise) = Deferred::new(&ctx)?;
            let body = Collecting {
                form,
                buffer: Vec::new(),
                asked: PULL,
                promise: deferred,
            };
            BODIES.with_borrow_mut(|bodies| bodies.insert(request, body));
            host::body_pull(request, PULL);
            Ok::<_, rquickjs::Error>(promise)
        }),
    )?;
    native.set(
        "bodyForm",
        Func::from(|ctx: Ctx<'js>, bytes: Bytes, form: Form| form.of(&ctx, &bytes.0)),
    )?;
    native.set(
        "fail",
        Func::from(|ctx: Ctx<'js>, request: u32, error: Value<'js>| {
            answered(request);
            host::fail(request, &Exception::of(&ctx, &error).encode());
        }),
    )?;
    // `thrown(value)`: what the log tells of it.
    native.set(
        "thrown",
        Func::from(|ctx: Ctx<'js>, error: Value<'js>| {
            let told = Exception::of(&ctx, &error);
            vec![told.name, told.message, told.stack]
        }),
    )?;
    native.set(
        "done",
        Func::from(|request: u32| {
            forget(request);
            answered(request);
            crate::serve::over(request);
            host::done(request, 0, &[]);
            crate::ops::forget(request);
        }),
    )?;
    native.set(
        "log",
        Func::from(|level: u32, line: Text| host::log(level, &line.0)),
    )?;
    // `logValues(json)`: what the next line is made of.
    native.set(
        "logValues",
        Func::from(|json: Text| host::log(postern_abi::event::LOG_VALUES, &json.0)),
    )
}
