//! The asynchronous context: one value, a frame, that what is begun now sees again when it goes on
//! later. Jobs and promises carry it (`quickjs.patch`); `prelude/frames.js` runs code with one.

use rquickjs::{Ctx, Object, Result, Value, function::Func, qjs};

// What this crate's QuickJS has besides.
unsafe extern "C" {
    fn JS_GetAsyncFrame(ctx: *mut qjs::JSContext) -> qjs::JSValue;
    fn JS_SetAsyncFrame(ctx: *mut qjs::JSContext, frame: qjs::JSValue);
}

/// The frame in force.
fn current<'js>(ctx: &Ctx<'js>) -> Value<'js> {
    // SAFETY: the context is alive; the value that comes back belongs to the caller.
    unsafe { Value::from_raw(ctx.clone(), JS_GetAsyncFrame(ctx.as_raw().as_ptr())) }
}

/// Puts another in force.
fn set<'js>(ctx: &Ctx<'js>, frame: &Value<'js>) {
    // SAFETY: the context is alive and takes over the value, which is another handle to it.
    unsafe {
        let frame = qjs::JS_DupValue(ctx.as_raw().as_ptr(), frame.as_raw());
        JS_SetAsyncFrame(ctx.as_raw().as_ptr(), frame);
    }
}

/// Adds the functions on frames to the natives.
///
/// # Errors
/// When memory is used up.
pub fn install<'js>(_: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("frameGet", Func::from(|ctx: Ctx<'js>| current(&ctx)))?;
    native.set(
        "frameSet",
        Func::from(|ctx: Ctx<'js>, frame: Value<'js>| set(&ctx, &frame)),
    )
}
