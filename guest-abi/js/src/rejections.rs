//! Promises that were rejected and that nobody handles.

use rquickjs::{Ctx, Persistent, Runtime, Value};
use std::cell::RefCell;

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
            _ => {}
        }
    });
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
    let told = TOLD.take();
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
