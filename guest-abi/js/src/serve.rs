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
use std::cell::Cell;

/// The hooks that a request may need; they live as long as the engine.
#[derive(Clone, Copy)]
struct Hooks {
    /// `request(id, request)`: calls the handler.
    request: Val,
    /// `settle(value, wasPromise)`: the handler's result is this.
    settle: Val,
    /// `wait(promise)`: the handler's result is still to come.
    wait: Val,
    /// `rejected(reason)`: the handler failed.
    rejected: Val,
    /// `answered()`: the answer is out, and promises are waited for.
    answered: Val,
}

thread_local! {
    static HOOKS: Cell<Option<Hooks>> = const { Cell::new(None) };
    /// The request whose handler was called last, and whether it waits for promises.
    static CURRENT: Cell<(u32, bool)> = const { Cell::new((0, false)) };
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
    vm.settle();
    result
}

/// `None` when a hook threw.
fn serve(ctx: &Ctx<'_>, cx: Cx, id: u32, request: Val) -> Option<()> {
    let hooks = HOOKS.get()?;
    let returned = cx.call(hooks.request, UNDEFINED, &[raw::int(id as i32), request]);
    if raw::is_exception(returned) {
        return None;
    }
    // SAFETY: looks at the class alone.
    if !unsafe { qjs::JS_IsPromise(returned) } {
        return settle(cx, &hooks, id, returned, false);
    }
    while ctx.execute_pending_job() {}
    // SAFETY: it is a promise.
    let state = unsafe { qjs::JS_PromiseState(cx.0, returned) };
    if state == qjs::JSPromiseStateEnum_JS_PROMISE_PENDING {
        requests::begun(id);
        let result = cx.call(hooks.wait, UNDEFINED, &[returned]);
        cx.free(returned);
        return done(cx, result);
    }
    // SAFETY: it is a promise that was settled.
    let value = unsafe { qjs::JS_PromiseResult(cx.0, returned) };
    if state == qjs::JSPromiseStateEnum_JS_PROMISE_FULFILLED {
        cx.free(returned);
        return settle(cx, &hooks, id, value, true);
    }
    // SAFETY: taken over.
    rejections::forget(ctx, &unsafe { Value::from_raw(ctx.clone(), returned) });
    let result = cx.call(hooks.rejected, UNDEFINED, &[value]);
    cx.free(value);
    done(cx, result)
}

/// Sends a simple response, or hands what the handler gave to the hook. Takes `value` over.
fn settle(cx: Cx, hooks: &Hooks, id: u32, value: Val, was_promise: bool) -> Option<()> {
    let Some(answer) = parts::simple_answer(cx, value) else {
        let result = cx.call(hooks.settle, UNDEFINED, &[value, raw::boolean(was_promise)]);
        cx.free(value);
        return done(cx, result);
    };
    cx.free(value);
    if raw::is_string(answer.source) {
        cx.text(answer.source, |text| {
            host::respond(id, &answer.head, text.as_bytes(), false);
        });
    } else {
        host::respond(id, &answer.head, &[], false);
    }
    cx.free(answer.source);
    if CURRENT.get() == (id, true) {
        return done(cx, cx.call(hooks.answered, UNDEFINED, &[]));
    }
    CURRENT.set((0, false));
    requests::forget(id);
    host::done(id, 0, &[]);
    Some(())
}

fn done(cx: Cx, result: Val) -> Option<()> {
    if raw::is_exception(result) {
        return None;
    }
    cx.free(result);
    Some(())
}
