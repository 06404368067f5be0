//! A request's way through the engine: handler called, answer sent, with no more JavaScript than
//! the tenant's where nothing rare happens.
//!
//! The hook `request` calls the handler and gives what that returned. What is a simple response,
//! or a promise that has become one by the time the microtasks have run, is sent from here; all
//! else is the hooks' to settle.

use crate::exception::Exception;
use crate::parts;
use crate::raw::{self, Cx, UNDEFINED, Val};
use crate::vm::Vm;
use crate::{host, rejections, requests};
use postern_abi::http::{BodyHint, RequestLine};
use rquickjs::{Ctx, Object, Value, qjs};
use std::cell::{Cell, RefCell};

/// The hooks that a request may need; they live as long as the engine.
#[derive(Clone, Copy)]
struct Hooks {
    /// `request(id, request)`: calls the handler.
    request: Val,
    /// `settle(id, value, wasPromise)`: the handler's result is this.
    settle: Val,
    /// `wait(id)`: the handler's result is still to come.
    wait: Val,
    /// `rejected(id, reason)`: the handler failed.
    rejected: Val,
    /// `answered(id)`: the answer is out; promises may still be waited for.
    answered: Val,
}

thread_local! {
    static HOOKS: Cell<Option<Hooks>> = const { Cell::new(None) };
    /// The request whose handler was called last, and whether it waits for promises.
    static CURRENT: Cell<(u32, bool)> = const { Cell::new((0, false)) };
    /// Promises of handlers that are still to be settled, with their requests.
    static PENDING: RefCell<Vec<(u32, Val)>> = const { RefCell::new(Vec::new()) };
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
        request: hook("request")?,
        settle: hook("settle")?,
        wait: hook("wait")?,
        rejected: hook("rejected")?,
        answered: hook("answered")?,
    }));
    Ok(())
}

/// The request waits for a promise beside its answer. False when it is over.
pub fn waits(request: u32) -> bool {
    let (current, _) = CURRENT.get();
    if current == request {
        CURRENT.set((request, true));
    }
    current == request
}

/// Serves a request.
///
/// # Errors
/// What a hook threw, which is a fault of the prelude.
pub fn request(vm: &Vm, id: u32, payload: &[u8]) -> Result<(), Exception> {
    let undecodable = |_| Exception::new("Error", "a request that cannot be decoded");
    let (line, fields): (RequestLine, _) =
        postcard::take_from_bytes(payload).map_err(undecodable)?;
    let length = match line.body {
        BodyHint::None => -1.0,
        BodyHint::Known(length) => length as f64,
        BodyHint::Chunked => -2.0,
    };
    parts::leave_global_scope();
    CURRENT.set((id, false));
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

/// `None` when a hook threw.
fn serve(ctx: &Ctx<'_>, cx: Cx, id: u32, request: Val) -> Option<()> {
    let hooks = HOOKS.get()?;
    let returned = cx.call(hooks.request, UNDEFINED, &[number(id), request]);
    if raw::is_exception(returned) {
        return None;
    }
    // SAFETY: looks at the class alone.
    if !unsafe { qjs::JS_IsPromise(returned) } {
        return settle(cx, &hooks, id, returned, false);
    }
    while ctx.execute_pending_job() {}
    if is_pending(cx, returned) {
        // From now on the prelude finds it by its number.
        CURRENT.set((0, false));
        requests::begun(id);
        PENDING.with_borrow_mut(|all| all.push((id, returned)));
        return done(cx, cx.call(hooks.wait, UNDEFINED, &[number(id)]));
    }
    settled(ctx, cx, &hooks, id, returned)
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
                .position(|(_, promise)| !is_pending(cx, *promise))?;
            Some(all.swap_remove(at))
        });
        let (Some((id, promise)), Some(hooks)) = (next, HOOKS.get()) else {
            return Ok(any);
        };
        any = true;
        if settled(ctx, cx, &hooks, id, promise).is_none() {
            // SAFETY: taken over.
            let thrown = unsafe { Value::from_raw(ctx.clone(), cx.caught()) };
            return Err(Exception::of(ctx, &thrown));
        }
    }
}

/// Forgets a request: nobody waits for its answer.
pub fn forget(ctx: &Ctx<'_>, id: u32) {
    let cx = Cx(ctx.as_raw().as_ptr());
    let found = PENDING.with_borrow_mut(|all| {
        let at = all.iter().position(|(pending, _)| *pending == id)?;
        Some(all.swap_remove(at).1)
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
    CURRENT.set((0, false));
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
