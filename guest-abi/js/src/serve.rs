//! A request's way through the engine: handler called, answer sent, with no more JavaScript than
//! the tenant's where nothing rare happens.
//!
//! The hook `handler` tells once what to call, or the hook `request` calls the handler and gives
//! what that returned. What is a simple response, or a promise that has become one by the time
//! the microtasks have run, is sent from here; all else is the hooks' to settle.

use crate::exception::Exception;
use crate::parts;
use crate::raw::{self, Cx, UNDEFINED, Val};
use crate::vm::Vm;
use crate::{execution, host, rejections, requests, sessions};
use postern_abi::SyncOp;
use postern_abi::dispatch::REQUEST_HAS_PARAMETERS;
use postern_abi::http::{BodyHint, RequestLine};
use postern_abi::rpc::{Entry, Purpose};
use rquickjs::{Ctx, Function, Object, Value, function::Func, qjs};
use std::cell::{Cell, RefCell};

/// The hooks that a request may need; they live as long as the engine.
#[derive(Clone, Copy)]
struct Hooks {
    /// `handler()`: function, receiver and env; or null for `request`, now and ever; or undefined
    /// for `request` this time.
    handler: Val,
    /// `request(id, request)`: calls the handler.
    request: Val,
    /// `settle(id, value, wasPromise)`: the handler's result is this.
    settle: Val,
    /// `rejected(id, reason)`: the handler failed.
    rejected: Val,
    /// `answered(id)`: the answer is out; promises may still be waited for.
    answered: Val,
}

/// What is called for a request.
#[derive(Clone, Copy)]
enum Handler {
    /// The hook was not asked yet.
    Unknown,
    /// The hook `request`.
    Hook,
    Function {
        function: Val,
        this: Val,
        env: Val,
    },
}

/// A handler's promise that is still to be settled.
struct Pending {
    request: u32,
    promise: Val,
    /// Whether the prelude has a flight for it.
    is_known: bool,
}

thread_local! {
    static HOOKS: Cell<Option<Hooks>> = const { Cell::new(None) };
    static HANDLER: Cell<Handler> = const { Cell::new(Handler::Unknown) };
    /// The request that is worked on, and whether the prelude has a flight for it.
    static CURRENT: Cell<(u32, bool)> = const { Cell::new((0, false)) };
    /// The event that came last, until it is over.
    static LAST: Cell<u32> = const { Cell::new(0) };
    /// What a handler gave while its first microtasks run.
    static BEGUN: Cell<Val> = const { Cell::new(UNDEFINED) };
    static PENDING: RefCell<Vec<Pending>> = const { RefCell::new(Vec::new()) };
}

/// Keeps the hooks.
///
/// # Errors
/// When one is missing.
pub fn prepare<'js>(ctx: &Ctx<'js>, hooks: &Object<'js>) -> rquickjs::Result<()> {
    let cx = Cx(ctx.as_raw().as_ptr());
    let hook = |name: &str| -> rquickjs::Result<Val> {
        Ok(parts::owned(cx, hooks.get::<_, Value>(name)?))
    };
    HOOKS.set(Some(Hooks {
        handler: hook("handler")?,
        request: hook("request")?,
        settle: hook("settle")?,
        rejected: hook("rejected")?,
        answered: hook("answered")?,
    }));
    Ok(())
}

/// The prelude makes a flight for a request. False when that is over, or has one.
fn waits(request: u32) -> bool {
    if request == 0 {
        return false;
    }
    if CURRENT.get().0 == request {
        CURRENT.set((request, true));
        return true;
    }
    PENDING.with_borrow_mut(|all| {
        let found = all.iter_mut().find(|pending| pending.request == request);
        found.map(|pending| pending.is_known = true).is_some()
    })
}

/// A request is over.
pub fn over(request: u32) {
    if CURRENT.get().0 == request {
        CURRENT.set((0, false));
    }
    if LAST.get() == request {
        LAST.set(0);
    }
}

/// Adds to the natives what the prelude asks of requests.
///
/// # Errors
/// When memory is used up.
pub fn install<'js>(native: &Object<'js>) -> rquickjs::Result<()> {
    native.set("waits", Func::from(waits))?;
    native.set("lastEvent", Func::from(|| LAST.get()))?;
    // `invocation(fact, request)`: JSON, or an empty string.
    native.set(
        "invocation",
        Func::from(|fact: u8, request: u32| {
            let [a, b, c, d] = request.to_le_bytes();
            let told = host::ask(SyncOp::Invocation, &[fact, a, b, c, d]);
            String::from_utf8(told.unwrap_or_default()).unwrap_or_default()
        }),
    )?;
    native.set(
        "began",
        Func::from(|event: u32| {
            LAST.set(event);
            if CURRENT.get().0 == event {
                CURRENT.set((event, true));
            }
        }),
    )
}

/// Serves a request.
///
/// # Errors
/// What a hook threw, which is a fault of the prelude.
pub fn request(vm: &Vm, id: u32, payload: &[u8]) -> Result<(), Exception> {
    let undecodable = |_| Exception::new("Error", "a request that cannot be decoded");
    let (line, fields): (RequestLine, _) =
        postcard::take_from_bytes(payload).map_err(undecodable)?;
    let length = length_of(line.body);
    parts::leave_global_scope();
    CURRENT.set((id, false));
    LAST.set(id);
    let result = vm.with(|ctx| {
        let cx = Cx(ctx.as_raw().as_ptr());
        let request = parts::incoming(cx, id, line.method, line.url, fields, length);
        let outcome = serve(&ctx, cx, id, request);
        cx.free(request);
        if outcome.is_some() {
            return Ok(());
        }
        let thrown = cx.caught();
        // SAFETY: taken over.
        let thrown = unsafe { Value::from_raw(ctx.clone(), thrown) };
        Err(Exception::of(&ctx, &thrown))
    });
    vm.settle().and(result)
}

/// Has a handler of another kind than `fetch` called with what came for it.
///
/// # Errors
/// What a hook threw, which is a fault of the prelude.
pub fn handle(vm: &Vm, id: u32, payload: &[u8]) -> Result<(), Exception> {
    let undecodable = |_| Exception::new("Error", "a request that cannot be decoded");
    let (line, fields): (RequestLine, _) =
        postcard::take_from_bytes(payload).map_err(undecodable)?;
    let length = match line.body {
        BodyHint::None => -1.0,
        BodyHint::Known(length) => length as f64,
        BodyHint::Chunked => -2.0,
    };
    parts::leave_global_scope();
    LAST.set(id);
    requests::begun(id);
    vm.event(|ctx, hooks| {
        let cx = Cx(ctx.as_raw().as_ptr());
        let request = parts::incoming(cx, id, "POST", line.url, fields, length);
        // SAFETY: taken over.
        let request = unsafe { Value::from_raw(ctx.clone(), request) };
        crate::vm::call(hooks, "handle", (id, line.method, request))
    })
}

/// Serves what another Worker asks of an entrypoint.
///
/// # Errors
/// What a hook threw, which is a fault of the prelude.
pub fn entered(vm: &Vm, id: u32, payload: &[u8]) -> Result<(), Exception> {
    let undecodable = |_| Exception::new("Error", "an entry that cannot be decoded");
    let (entry, rest): (Entry, _) = postcard::take_from_bytes(payload).map_err(undecodable)?;
    parts::leave_global_scope();
    CURRENT.set((id, false));
    LAST.set(id);
    match entry.purpose {
        Purpose::Request => {}
        Purpose::Session => {
            return vm.event(|ctx, hooks| {
                let (kind, props) = sessions::props(ctx, entry.props)?;
                let first = sessions::first(ctx, rest)?;
                let hook: Function = hooks.get("enterSession")?;
                hook.call((id, entry.entrypoint, kind, props, first))
            });
        }
        Purpose::Tail => {
            return vm.event(|ctx, hooks| {
                let (kind, props) = sessions::props(ctx, entry.props)?;
                let hook: Function = hooks.get("enterTail")?;
                hook.call((id, entry.entrypoint, kind, props, ctx.json_parse(rest)?))
            });
        }
    }
    let (line, fields): (RequestLine, _) = postcard::take_from_bytes(rest).map_err(undecodable)?;
    let length = length_of(line.body);
    vm.event(|ctx, hooks| {
        let (kind, props) = sessions::props(ctx, entry.props)?;
        let cx = Cx(ctx.as_raw().as_ptr());
        let request = parts::incoming(cx, id, line.method, line.url, fields, length);
        if raw::is_exception(request) {
            return Err(rquickjs::Error::Exception);
        }
        // SAFETY: taken over.
        let request = unsafe { Value::from_raw(ctx.clone(), request) };
        let hook: Function = hooks.get("enterRequest")?;
        hook.call((id, entry.entrypoint, kind, props, request))
    })
}

/// A body's length as `parts::incoming` takes it.
fn length_of(body: BodyHint) -> f64 {
    match body {
        BodyHint::None => -1.0,
        BodyHint::Known(length) => length as f64,
        BodyHint::Chunked => -2.0,
    }
}

/// What to call, of the hook if it was not told yet. `None` when the hook threw.
fn handler(cx: Cx, hooks: &Hooks) -> Option<Handler> {
    if let known @ (Handler::Function { .. } | Handler::Hook) = HANDLER.get() {
        return Some(known);
    }
    let told = cx.call(hooks.handler, UNDEFINED, &[]);
    if raw::is_exception(told) {
        return None;
    }
    let found = if raw::is_object(told) {
        let [function, this, env] = [0, 1, 2].map(|at| cx.element(told, at));
        Handler::Function {
            function,
            this,
            env,
        }
    } else {
        Handler::Hook
    };
    if !raw::is_undefined(told) {
        HANDLER.set(found);
    }
    cx.free(told);
    Some(found)
}

/// `None` when a hook threw.
fn serve(ctx: &Ctx<'_>, cx: Cx, id: u32, request: Val) -> Option<()> {
    let hooks = HOOKS.get()?;
    let returned = match handler(cx, &hooks)? {
        // One with parameters has an env of its own.
        Handler::Function {
            function,
            this,
            env,
        } if id & REQUEST_HAS_PARAMETERS == 0 => {
            let context = execution::context(cx, id);
            if raw::is_exception(context) {
                return None;
            }
            let returned = cx.call(function, this, &[request, env, context]);
            cx.free(context);
            if raw::is_exception(returned) {
                let reason = cx.caught();
                let result = cx.call(hooks.rejected, UNDEFINED, &[number(id), reason]);
                cx.free(reason);
                return done(cx, result);
            }
            returned
        }
        _ => cx.call(hooks.request, UNDEFINED, &[number(id), request]),
    };
    if raw::is_exception(returned) {
        return None;
    }
    // SAFETY: looks at the class alone.
    if !unsafe { qjs::JS_IsPromise(returned) } {
        return settle(cx, &hooks, id, returned, false);
    }
    // It is awaited already: who rejects it at once is answered for.
    BEGUN.set(returned);
    while ctx.execute_pending_job() {}
    BEGUN.set(UNDEFINED);
    if is_pending(cx, returned) {
        // From now on it is found by its number.
        let is_known = CURRENT.replace((0, false)) == (id, true);
        requests::begun(id);
        PENDING.with_borrow_mut(|all| {
            all.push(Pending {
                request: id,
                promise: returned,
                is_known,
            });
        });
        return Some(());
    }
    settled(ctx, cx, &hooks, id, returned)
}

/// Whether no handler's promise is to be settled.
pub fn is_idle() -> bool {
    PENDING.with_borrow(Vec::is_empty)
}

/// Settles the requests whose handlers' promises have been settled; whether there were any.
///
/// # Errors
/// What a hook threw.
pub fn sweep(ctx: &Ctx<'_>) -> Result<bool, Exception> {
    let cx = Cx(ctx.as_raw().as_ptr());
    let mut any = false;
    loop {
        let next = PENDING.with_borrow_mut(|all| {
            let at = all
                .iter()
                .position(|pending| !is_pending(cx, pending.promise))?;
            Some(all.swap_remove(at))
        });
        let (Some(next), Some(hooks)) = (next, HOOKS.get()) else {
            return Ok(any);
        };
        any = true;
        CURRENT.set((next.request, next.is_known));
        if settled(ctx, cx, &hooks, next.request, next.promise).is_none() {
            // SAFETY: taken over.
            let thrown = unsafe { Value::from_raw(ctx.clone(), cx.caught()) };
            return Err(Exception::of(ctx, &thrown));
        }
    }
}

/// Whether a promise is what a handler gave and is still to be settled.
pub fn awaits(promise: &Value<'_>) -> bool {
    // SAFETY: both are values; only the addresses are compared.
    let same = |known: &Val| unsafe {
        qjs::JS_VALUE_GET_PTR(*known) == qjs::JS_VALUE_GET_PTR(promise.as_raw())
    };
    let begun = BEGUN.get();
    (raw::is_object(begun) && same(&begun))
        || PENDING.with_borrow(|all| all.iter().any(|pending| same(&pending.promise)))
}

/// Forgets a request: nobody waits for its answer.
pub fn forget(ctx: &Ctx<'_>, id: u32) {
    let cx = Cx(ctx.as_raw().as_ptr());
    let found = PENDING.with_borrow_mut(|all| {
        let at = all.iter().position(|pending| pending.request == id)?;
        Some(all.swap_remove(at).promise)
    });
    if let Some(promise) = found {
        cx.free(promise);
    }
}

fn is_pending(cx: Cx, promise: Val) -> bool {
    // SAFETY: it is a promise.
    let state = unsafe { qjs::JS_PromiseState(cx.0, promise) };
    state == qjs::JSPromiseStateEnum_JS_PROMISE_PENDING
}

/// A handler's promise was settled; it is taken over.
fn settled(ctx: &Ctx<'_>, cx: Cx, hooks: &Hooks, id: u32, promise: Val) -> Option<()> {
    // SAFETY: it is a promise that was settled.
    let (state, value) = unsafe {
        (
            qjs::JS_PromiseState(cx.0, promise),
            qjs::JS_PromiseResult(cx.0, promise),
        )
    };
    if state == qjs::JSPromiseStateEnum_JS_PROMISE_FULFILLED {
        cx.free(promise);
        return settle(cx, hooks, id, value, true);
    }
    // SAFETY: taken over.
    rejections::forget(ctx, &unsafe { Value::from_raw(ctx.clone(), promise) });
    let result = cx.call(hooks.rejected, UNDEFINED, &[number(id), value]);
    cx.free(value);
    done(cx, result)
}

/// Sends a simple response, or hands what the handler gave to the hook. Takes `value` over.
fn settle(cx: Cx, hooks: &Hooks, id: u32, value: Val, was_promise: bool) -> Option<()> {
    let Some(answer) = parts::simple_answer(cx, value) else {
        let arguments = [number(id), value, raw::boolean(was_promise)];
        let result = cx.call(hooks.settle, UNDEFINED, &arguments);
        cx.free(value);
        return done(cx, result);
    };
    cx.free(value);
    answer.send(cx, id);
    if CURRENT.get() != (id, false) {
        return done(cx, cx.call(hooks.answered, UNDEFINED, &[number(id)]));
    }
    over(id);
    requests::forget(id);
    host::done(id, 0, &[]);
    crate::ops::forget(id);
    Some(())
}

fn number(id: u32) -> Val {
    qjs::JS_NewFloat64(f64::from(id))
}

fn done(cx: Cx, result: Val) -> Option<()> {
    if raw::is_exception(result) {
        return None;
    }
    cx.free(result);
    Some(())
}
