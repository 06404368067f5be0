//! Operations under way: what was asked of the host and comes in a later event.

use crate::bytes::{self, Bytes, Form};
use crate::deferred::Deferred;
use crate::host;
use crate::numbers::ByNumber;
use crate::raw::{self, Cx, Handle, Val};
use crate::requests::thrown;
use postern_abi::OpError;
use postern_abi::kv::{KvBody, KvGot};
use rquickjs::{
    CatchResultExt, Ctx, Exception, Function, Object, Persistent, Result, Value, function::Func,
};
use std::cell::{Cell, RefCell};

/// Makes a value of an operation's result.
pub type Decode = Box<dyn for<'js> FnOnce(&Ctx<'js>, &[u8]) -> Result<Decoded<'js>>>;

/// What an operation's first result means.
pub enum Decoded<'js> {
    /// It is over.
    Value(Value<'js>),
    /// The promise resolves with this, and parts of a stream follow, which go to this object's
    /// `chunk(bytes)`, `end()` and `error(error)`.
    Stream(Value<'js>, Object<'js>),
}

enum Pending {
    /// Ends in the hook `timer`.
    Timer,
    /// Is there for the event alone.
    Tick,
    /// A value of KV as a string.
    Text(Deferred),
    /// The answer of a subrequest that nothing is rare about, and what URL was asked for.
    Answer(Deferred, Handle),
    Promise {
        decode: Decode,
        promise: Deferred,
        /// Hears of credit while the argument is streamed.
        credit: Option<Persistent<Function<'static>>>,
    },
    Stream {
        sink: Persistent<Object<'static>>,
        /// Hears of credit while the argument is still streamed.
        credit: Option<Persistent<Function<'static>>>,
    },
    /// A stream of which all is wanted at once.
    Collect {
        form: Form,
        buffer: Vec<u8>,
        /// Bytes asked for that have not come.
        asked: u32,
        promise: Deferred,
        credit: Option<Persistent<Function<'static>>>,
    },
}

/// Bytes asked for at a time while all of a stream is collected.
const PULL: u32 = 256 * 1024;
/// The credit that says: nobody takes more.
const OVER: u32 = u32::MAX;

thread_local! {
    static PENDING: RefCell<ByNumber<Pending>> = RefCell::default();
    static NEXT: Cell<u32> = const { Cell::new(1) };
    /// The request whose event is being handled; what is started meanwhile is its.
    static CURRENT: Cell<u32> = const { Cell::new(0) };
    /// Whose operations are, until their requests are over.
    static OWNERS: RefCell<ByNumber<u32>> = RefCell::default();
}

/// An event of this request is handled now.
pub fn of_request(request: u32) {
    CURRENT.set(request);
}

/// An event of this operation is handled now.
pub fn of_op(op: u32) {
    CURRENT.set(OWNERS.with_borrow(|all| all.get(&op).copied().unwrap_or_default()));
}

/// A request is over: the host has cancelled its operations.
pub fn forget(request: u32) {
    let over: Vec<u32> = OWNERS.with_borrow_mut(|all| {
        let over = all.extract_if(|_, owner| *owner == request);
        over.map(|(op, _)| op).collect()
    });
    // What they hold is let go when nothing is borrowed any more.
    let pending = |op| PENDING.with_borrow_mut(|all| all.remove(op));
    drop(over.iter().map(pending).collect::<Vec<_>>());
    crate::socket::forget(&over);
}

/// The number of the next operation.
pub fn next() -> u32 {
    let id = NEXT.get();
    NEXT.set(id.checked_add(1).unwrap_or(1));
    OWNERS.with_borrow_mut(|all| all.insert(id, CURRENT.get()));
    id
}

/// Whether nothing is under way.
pub fn are_none() -> bool {
    PENDING.with_borrow(ByNumber::is_empty)
}

/// Has the host send an event as soon as others have had their turn.
pub fn tick() {
    let id = next();
    PENDING.with_borrow_mut(|all| all.insert(id, Pending::Tick));
    let argument = postcard::to_allocvec(&0u64).unwrap_or_default();
    host::op_start(id, postern_abi::OpKind::Timer as u32, &argument);
}

/// Starts an operation; the promise settles when it ends.
///
/// # Errors
/// When memory is used up.
pub fn start<'js>(
    ctx: &Ctx<'js>,
    kind: u32,
    argument: &[u8],
    decode: Decode,
) -> Result<Value<'js>> {
    start_with_id(ctx, kind, argument, decode, None).map(|(_, promise)| promise)
}

/// The same, with the operation's number, for what is streamed to it or cancelled.
///
/// # Errors
/// When memory is used up.
pub fn start_with_id<'js>(
    ctx: &Ctx<'js>,
    kind: u32,
    argument: &[u8],
    decode: Decode,
    credit: Option<Function<'js>>,
) -> Result<(u32, Value<'js>)> {
    let (deferred, promise) = Deferred::new(ctx)?;
    let id = next();
    let pending = Pending::Promise {
        decode,
        promise: deferred,
        credit: credit.map(|credit| Persistent::save(ctx, credit)),
    };
    PENDING.with_borrow_mut(|all| all.insert(id, pending));
    host::op_start(id, kind, argument);
    Ok((id, promise))
}

/// Starts an operation whose result is a value of KV; its number, and a promise of the string. `None`
/// when memory is used up, which was thrown.
pub fn start_text(cx: Cx, kind: u32, argument: &[u8]) -> Option<(u32, Val)> {
    let (deferred, promise) = Deferred::raw(cx)?;
    let id = next();
    PENDING.with_borrow_mut(|all| all.insert(id, Pending::Text(deferred)));
    host::op_start(id, kind, argument);
    Some((id, promise))
}

/// Starts a subrequest for a URL; a promise of its answer (`passing.rs`). `None` when memory is used
/// up, which was thrown.
pub fn start_answer(cx: Cx, kind: u32, argument: &[u8], url: Handle) -> Option<Val> {
    let (deferred, promise) = Deferred::raw(cx)?;
    let id = next();
    PENDING.with_borrow_mut(|all| all.insert(id, Pending::Answer(deferred, url)));
    host::op_start(id, kind, argument);
    Some(promise)
}

/// Settles a promise of a subrequest's answer.
fn settle_answer(ctx: &Ctx<'_>, id: u32, promise: Deferred, url: &Handle, payload: &[u8]) {
    let cx = Cx(ctx.as_raw().as_ptr());
    let (value, sink) = crate::passing::arrived(cx, id, url, payload);
    if let Some(sink) = sink {
        // SAFETY: taken over.
        let sink = unsafe { Value::from_raw(ctx.clone(), sink) };
        if let Some(sink) = sink.into_object() {
            let sink = Persistent::save(ctx, sink);
            let stream = Pending::Stream { sink, credit: None };
            PENDING.with_borrow_mut(|all| all.insert(id, stream));
        }
    }
    let is_reject = raw::is_exception(value);
    let value = if is_reject { cx.caught() } else { value };
    promise.settle(value, is_reject);
    cx.free(value);
}

/// Settles a promise of a value of KV.
fn settle_text(cx: Cx, promise: Deferred, payload: &[u8]) {
    let value = match postcard::take_from_bytes::<KvGot>(payload) {
        Ok((got, rest)) if got.body == KvBody::Whole => cx.lossy(rest),
        Ok(_) => raw::NULL,
        Err(_) => cx.throw_type("the host's answer cannot be decoded"),
    };
    let is_reject = raw::is_exception(value);
    let value = if is_reject { cx.caught() } else { value };
    promise.settle(value, is_reject);
    cx.free(value);
}

/// What a hook is to be called for.
pub enum Told {
    /// Nothing: it was told.
    Nothing,
    /// This timer's time has come.
    Timer(u32),
}

/// An operation succeeded.
pub fn done<'js>(ctx: &Ctx<'js>, id: u32, payload: &[u8]) -> Result<Told> {
    let Some(pending) = PENDING.with_borrow_mut(|all| all.remove(&id)) else {
        return Ok(Told::Nothing);
    };
    match pending {
        Pending::Timer => return Ok(Told::Timer(id)),
        Pending::Promise {
            decode,
            promise,
            credit,
        } => match decode(ctx, payload).catch(ctx) {
            Ok(Decoded::Value(value)) => {
                over(ctx, credit)?;
                promise.resolve(&value);
            }
            Ok(Decoded::Stream(value, sink)) => {
                let sink = Persistent::save(ctx, sink);
                let sink = Pending::Stream { sink, credit };
                PENDING.with_borrow_mut(|all| all.insert(id, sink));
                promise.resolve(&value);
            }
            Err(error) => {
                let error = thrown(ctx, error)?;
                over(ctx, credit)?;
                promise.reject(&error);
            }
        },
        Pending::Text(promise) => settle_text(Cx(ctx.as_raw().as_ptr()), promise, payload),
        Pending::Answer(promise, url) => settle_answer(ctx, id, promise, &url, payload),
        Pending::Tick | Pending::Stream { .. } | Pending::Collect { .. } => {}
    }
    Ok(Told::Nothing)
}

/// An operation failed, or its stream broke off.
pub fn failed<'js>(ctx: &Ctx<'js>, id: u32, payload: &[u8]) -> Result<()> {
    let error = postcard::from_bytes(payload).unwrap_or(OpError {
        code: 9,
        message: "the operation failed",
    });
    let value = || -> Result<Value<'js>> {
        if error.code == postern_abi::OpErrorCode::Thrown as u16 {
            return exception(ctx, error.message);
        }
        let thrown = exception(ctx, &format!("Error: {}", error.message))?;
        let Some(object) = thrown.as_object() else {
            return Ok(thrown);
        };
        if error.code == postern_abi::OpErrorCode::Unavailable as u16 {
            object.set("retryable", true)?;
        }
        object.prop(
            "code",
            rquickjs::object::Property::from(error.code).configurable(),
        )?;
        Ok(thrown)
    };
    match PENDING.with_borrow_mut(|all| all.remove(&id)) {
        Some(
            Pending::Promise {
                promise, credit, ..
            }
            | Pending::Collect {
                promise, credit, ..
            },
        ) => {
            over(ctx, credit)?;
            promise.reject(&value()?);
            Ok(())
        }
        Some(Pending::Text(promise) | Pending::Answer(promise, _)) => {
            promise.reject(&value()?);
            Ok(())
        }
        Some(Pending::Stream { sink, credit }) => {
            over(ctx, credit)?;
            to_sink(ctx, &sink.restore(ctx)?, "error", Some(value()?))
        }
        Some(Pending::Timer) => {
            host::log(4, error.message);
            Ok(())
        }
        Some(Pending::Tick) | None => Ok(()),
    }
}

/// A part of an operation's stream came, or with none its end.
pub fn chunk<'js>(ctx: &Ctx<'js>, id: u32, part: Option<&[u8]>) -> Result<()> {
    if let Some(bytes) = part {
        let sink = PENDING.with_borrow_mut(|all| match all.get_mut(&id) {
            Some(Pending::Stream { sink, .. }) => Some(sink.clone()),
            Some(Pending::Collect { buffer, asked, .. }) => {
                buffer.extend_from_slice(bytes);
                *asked = asked.saturating_sub(bytes.len() as u32);
                if *asked < PULL / 2 {
                    host::op_pull(id, PULL - *asked);
                    *asked = PULL;
                }
                None
            }
            _ => None,
        });
        return match sink {
            Some(sink) => {
                let sink = sink.restore(ctx)?;
                to_sink(ctx, &sink, "chunk", Some(bytes::array(ctx, bytes)?))
            }
            None => Ok(()),
        };
    }
    match PENDING.with_borrow_mut(|all| all.remove(&id)) {
        Some(Pending::Stream { sink, credit }) => {
            over(ctx, credit)?;
            to_sink(ctx, &sink.restore(ctx)?, "end", None)
        }
        Some(Pending::Collect {
            form,
            buffer,
            promise,
            credit,
            ..
        }) => {
            over(ctx, credit)?;
            match form.of(ctx, &buffer).catch(ctx) {
                Ok(value) => promise.resolve(&value),
                Err(error) => promise.reject(&thrown(ctx, error)?),
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Tells who streams an argument that nobody takes more of it.
fn over(ctx: &Ctx<'_>, credit: Option<Persistent<Function<'static>>>) -> Result<()> {
    match credit {
        Some(credit) => credit.restore(ctx)?.call((OVER,)),
        None => Ok(()),
    }
}

/// An exception as it is told: its class, a colon, a space, its message.
fn exception<'js>(ctx: &Ctx<'js>, told: &str) -> Result<Value<'js>> {
    let (name, message) = told.split_once(": ").unwrap_or(("Error", told));
    // The engine's own classes: a tenant may have put others in their places.
    let _ = match name {
        "TypeError" => Exception::throw_type(ctx, message),
        "RangeError" => Exception::throw_range(ctx, message),
        "SyntaxError" => Exception::throw_syntax(ctx, message),
        "ReferenceError" => Exception::throw_reference(ctx, message),
        _ => Exception::throw_message(ctx, message),
    };
    let thrown = ctx.catch();
    // What throws has a small buffer for the text, and shows it among the keys.
    if let Some(object) = thrown.as_object() {
        object.remove("message")?;
        let message = rquickjs::object::Property::from(message);
        object.prop("message", message.writable().configurable())?;
    }
    Ok(thrown)
}

/// Collects the rest of a stream that nobody has read from yet.
fn collect<'js>(ctx: Ctx<'js>, id: u32, form: Form) -> Result<Value<'js>> {
    let (deferred, promise) = Deferred::new(&ctx)?;
    PENDING.with_borrow_mut(|all| {
        if let Some(Pending::Stream { credit, .. }) = all.remove(&id) {
            let collecting = Pending::Collect {
                form,
                buffer: Vec::new(),
                asked: PULL,
                promise: deferred,
                credit,
            };
            all.insert(id, collecting);
        }
    });
    host::op_pull(id, PULL);
    Ok(promise)
}

/// More of an operation's argument may be sent.
pub fn credit<'js>(ctx: &Ctx<'js>, id: u32, bytes: u32) -> Result<()> {
    let heard = PENDING.with_borrow(|all| match all.get(&id) {
        Some(
            Pending::Promise {
                credit: Some(credit),
                ..
            }
            | Pending::Stream {
                credit: Some(credit),
                ..
            }
            | Pending::Collect {
                credit: Some(credit),
                ..
            },
        ) => Some(credit.clone()),
        _ => None,
    });
    match heard {
        Some(heard) => heard.restore(ctx)?.call((bytes,)),
        None => Ok(()),
    }
}

fn to_sink<'js>(
    _: &Ctx<'js>,
    sink: &Object<'js>,
    name: &str,
    argument: Option<Value<'js>>,
) -> Result<()> {
    let method: Function = sink.get(name)?;
    let this = rquickjs::function::This(sink.clone());
    match argument {
        Some(argument) => method.call((this, argument)),
        None => method.call((this,)),
    }
}

/// Adds the functions on operations to the natives.
pub fn install<'js>(_: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    // `op(kind, argument)`: the result's bytes, later.
    native.set(
        "op",
        Func::from(|ctx: Ctx<'js>, kind: u32, argument: Bytes| {
            let decode: Decode =
                Box::new(|ctx, payload| Ok(Decoded::Value(bytes::array(ctx, payload)?)));
            start(&ctx, kind, &argument.0, decode)
        }),
    )?;
    native.set(
        "sync",
        Func::from(|ctx: Ctx<'js>, kind: u32, argument: Bytes| {
            let Some(kind) = postern_abi::SyncOp::from_u32(kind) else {
                return Err(Exception::throw_internal(&ctx, "unknown operation"));
            };
            match host::ask(kind, &argument.0) {
                Ok(result) => bytes::array(&ctx, result),
                Err(code) => Err(Exception::throw_message(
                    &ctx,
                    &format!("the host answers with error {code}"),
                )),
            }
        }),
    )?;
    native.set(
        "timer",
        Func::from(|millis: f64| {
            let id = next();
            PENDING.with_borrow_mut(|all| all.insert(id, Pending::Timer));
            let argument = postcard::to_allocvec(&(millis as u64)).unwrap_or_default();
            host::op_start(id, postern_abi::OpKind::Timer as u32, &argument);
            id
        }),
    )?;
    native.set(
        "opCancel",
        Func::from(|id: u32| {
            PENDING.with_borrow_mut(|all| all.remove(&id));
            host::op_cancel(id);
        }),
    )?;
    native.set("currentRequest", Func::from(|| CURRENT.get()))?;
    native.set("opPull", Func::from(host::op_pull))?;
    native.set("opCollect", Func::from(collect))?;
    native.set(
        "opChunk",
        Func::from(|id: u32, bytes: Bytes, end: bool| host::op_chunk(id, &bytes.0, end)),
    )
}
