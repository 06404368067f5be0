//! A promise that Rust settles, without the functions that JavaScript would settle it with.

use crate::raw::{self, Cx, Val};
use rquickjs::{Ctx, Result, Value, qjs};

// What this crate's QuickJS has besides (`quickjs.patch`).
unsafe extern "C" {
    fn JS_NewPendingPromise(ctx: *mut qjs::JSContext) -> Val;
    fn JS_SettlePromise(ctx: *mut qjs::JSContext, promise: Val, value: Val, is_reject: bool);
}

/// Settles its promise once; dropped before, the promise stays as it is.
pub struct Deferred {
    cx: Cx,
    promise: Val,
}

impl Deferred {
    /// One, and its promise.
    ///
    /// # Errors
    /// When memory is used up.
    pub fn new<'js>(ctx: &Ctx<'js>) -> Result<(Self, Value<'js>)> {
        let cx = Cx(ctx.as_raw().as_ptr());
        let (deferred, promise) = Self::raw(cx).ok_or(rquickjs::Error::Exception)?;
        // SAFETY: taken over.
        Ok((deferred, unsafe { Value::from_raw(ctx.clone(), promise) }))
    }

    /// The same with a handle of the caller's; `None` when memory is used up, which was thrown.
    pub fn raw(cx: Cx) -> Option<(Self, Val)> {
        // SAFETY: no more than a context is needed.
        let promise = unsafe { JS_NewPendingPromise(cx.0) };
        (!raw::is_exception(promise)).then(|| {
            let other = cx.dup(promise);
            (Self { cx, promise }, other)
        })
    }

    /// The promise becomes this, or follows it if it is a promise itself.
    pub fn resolve(self, value: &Value<'_>) {
        self.settle(value.as_raw(), false);
    }

    /// It is rejected with this.
    pub fn reject(self, reason: &Value<'_>) {
        self.settle(reason.as_raw(), true);
    }

    /// The same of a borrowed value.
    pub fn settle(self, value: Val, is_reject: bool) {
        // SAFETY: both are borrowed, and the promise is still to be settled.
        unsafe { JS_SettlePromise(self.cx.0, self.promise, value, is_reject) };
    }
}

impl Drop for Deferred {
    fn drop(&mut self) {
        self.cx.free(self.promise);
    }
}
