//! Promises that were rejected and that nobody handles.

use crate::switches::{Switch, is_set};
use crate::{serve, vm};
use rquickjs::{CatchResultExt, Ctx, Persistent, Runtime, Value, qjs};
use std::cell::{Cell, RefCell};
use std::ffi::c_int;
use std::ptr::NonNull;

/// Rejections remembered until the end of an event; what comes on top is not told.
const KEPT: usize = 256;

type Kept = Persistent<Value<'static>>;

#[derive(Default)]
struct Told {
    /// Promises with their reasons.
    unhandled: Vec<(Kept, Kept)>,
    /// Promises that were told of and are handled after all.
    handled: Vec<(Kept, Kept)>,
}

thread_local! {
    static TOLD: RefCell<Told> = RefCell::default();
    /// Whether a microtask is to tell of them.
    static IS_DUE: Cell<bool> = const { Cell::new(false) };
}

/// Starts to listen.
pub fn track(runtime: &Runtime) {
    runtime.set_host_promise_rejection_tracker(Some(Box::new(heard)));
}

fn heard<'js>(ctx: Ctx<'js>, promise: Value<'js>, reason: Value<'js>, is_handled: bool) {
    TOLD.with_borrow_mut(|told| {
        let known = told.unhandled.iter().position(|(known, _)| {
            known
                .clone()
                .restore(&ctx)
                .is_ok_and(|known| known == promise)
        });
        match (is_handled, known) {
            (true, Some(at)) => {
                told.unhandled.swap_remove(at);
            }
            (true, None) if told.handled.len() < KEPT => {
                let pair = (
                    Persistent::save(&ctx, promise),
                    Persistent::save(&ctx, reason),
                );
                told.handled.push(pair);
            }
            (false, None) if told.unhandled.len() < KEPT => {
                let pair = (
                    Persistent::save(&ctx, promise),
                    Persistent::save(&ctx, reason),
                );
                told.unhandled.push(pair);
            }
            _ => return,
        }
        // Who handles a rejection at once does so before the next microtask.
        if !is_handled && !is_set(Switch::TellLate) && !IS_DUE.replace(true) {
            // SAFETY: the context is alive and the job takes no arguments.
            unsafe {
                qjs::JS_EnqueueJob(ctx.as_raw().as_ptr(), Some(due), 0, std::ptr::null_mut())
            };
        }
    });
}

unsafe extern "C" fn due(ctx: *mut qjs::JSContext, _: c_int, _: *mut qjs::JSValue) -> qjs::JSValue {
    IS_DUE.set(false);
    if let Some(ctx) = NonNull::new(ctx) {
        // SAFETY: a job runs in a context that is alive.
        tell(&unsafe { Ctx::from_raw(ctx) });
    }
    qjs::JS_UNDEFINED
}

/// Tells the tenant of what was heard; whether there was anything.
pub fn tell(ctx: &Ctx<'_>) -> bool {
    let Some((unhandled, handled)) = take(ctx) else {
        return false;
    };
    let told =
        vm::hooks(ctx).and_then(|hooks| vm::call(&hooks, "rejections", (unhandled, handled)));
    // The hook catches what listeners throw.
    let _ = told.catch(ctx);
    true
}

/// Forgets that this promise was rejected: it is the handler's, and its failure is the answer.
pub fn forget<'js>(ctx: &Ctx<'js>, promise: &Value<'js>) {
    TOLD.with_borrow_mut(|told| {
        told.unhandled.retain(|(known, _)| {
            let known = known.clone().restore(ctx);
            !known.is_ok_and(|known| known == *promise)
        });
    });
}

/// Whether there is nothing to tell.
pub fn are_none() -> bool {
    TOLD.with_borrow(|told| told.unhandled.is_empty() && told.handled.is_empty())
}

/// Takes what was heard since the last time: promises and reasons in turn, those without a
/// handler, then those that got one late. None if there is nothing to tell.
pub fn take<'js>(ctx: &Ctx<'js>) -> Option<(Vec<Value<'js>>, Vec<Value<'js>>)> {
    let mut told = TOLD.take();
    // What a handler gave is answered elsewhere.
    let is_awaited = |promise: &Kept| {
        let promise = promise.clone().restore(ctx);
        promise.is_ok_and(|promise| serve::awaits(&promise))
    };
    let (awaited, unhandled) = told
        .unhandled
        .drain(..)
        .partition(|(promise, _)| is_awaited(promise));
    told.unhandled = unhandled;
    TOLD.with_borrow_mut(|kept: &mut Told| kept.unhandled = awaited);
    if told.unhandled.is_empty() && told.handled.is_empty() {
        return None;
    }
    let flat = |pairs: Vec<(Kept, Kept)>| {
        pairs
            .into_iter()
            .flat_map(|(promise, reason)| [promise.restore(ctx), reason.restore(ctx)])
            .flatten()
            .collect()
    };
    Some((flat(told.unhandled), flat(told.handled)))
}
