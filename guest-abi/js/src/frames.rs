//! The asynchronous context: one value, a frame, that what is begun now sees again when it goes on
//! later. `prelude/frames.js` runs code with one.

use rquickjs::{Ctx, Object, Persistent, Result, Value, function::Func};
use std::cell::RefCell;

thread_local! {
    static CURRENT: RefCell<Option<Persistent<Value<'static>>>> = const { RefCell::new(None) };
}

/// The frame in force.
///
/// # Errors
/// When it belongs to another engine.
pub fn current<'js>(ctx: &Ctx<'js>) -> Result<Value<'js>> {
    match CURRENT.with_borrow(Clone::clone) {
        Some(frame) => frame.restore(ctx),
        None => Ok(Value::new_undefined(ctx.clone())),
    }
}

/// Puts another in force.
pub fn set<'js>(ctx: &Ctx<'js>, frame: Value<'js>) {
    let frame = (!frame.is_undefined()).then(|| Persistent::save(ctx, frame));
    // What is replaced is freed when the cell is free again.
    drop(CURRENT.replace(frame));
}

/// Adds the functions on frames to the natives.
pub fn install<'js>(_: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("frameGet", Func::from(|ctx: Ctx<'js>| current(&ctx)))?;
    native.set(
        "frameSet",
        Func::from(|ctx: Ctx<'js>, frame: Value<'js>| set(&ctx, frame)),
    )?;
    native.set("frameUse", Func::from(|| {}))
}
