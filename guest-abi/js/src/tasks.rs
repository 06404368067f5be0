//! Callbacks that run within the event that made them, each after the microtasks of the one
//! before: what needs no host and is no microtask.

use crate::ops;
use rquickjs::{CatchResultExt, Ctx, Function, Object, Persistent, Result, function::Func};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

/// Callbacks that run in one event; for more the host is asked for another, so that its other
/// events have their turn.
const AT_ONCE: u32 = 256;

thread_local! {
    static QUEUE: RefCell<VecDeque<Persistent<Function<'static>>>> = RefCell::default();
    static RAN: Cell<u32> = const { Cell::new(0) };
}

/// An event begins.
pub fn begin() {
    RAN.set(0);
}

/// Whether no callback waits.
pub fn are_none() -> bool {
    QUEUE.with_borrow(VecDeque::is_empty)
}

/// Runs the next callback; false if there is none to run in this event.
///
/// # Errors
/// What it threw, which is a fault of the prelude.
pub fn run_one(ctx: &Ctx<'_>) -> std::result::Result<bool, crate::exception::Exception> {
    if RAN.get() >= AT_ONCE {
        if QUEUE.with_borrow(|queue| !queue.is_empty()) {
            ops::tick();
        }
        return Ok(false);
    }
    let Some(next) = QUEUE.with_borrow_mut(VecDeque::pop_front) else {
        return Ok(false);
    };
    RAN.set(RAN.get() + 1);
    next.restore(ctx)
        .and_then(|task| task.call::<_, ()>(()))
        .catch(ctx)
        .map_err(|error| crate::exception::Exception::caught(ctx, error))?;
    Ok(true)
}

/// Adds the function on tasks to the natives.
pub fn install<'js>(_: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set(
        "task",
        Func::from(|ctx: Ctx<'js>, task: Function<'js>| {
            let task = Persistent::save(&ctx, task);
            QUEUE.with_borrow_mut(|queue| queue.push_back(task));
        }),
    )
}
