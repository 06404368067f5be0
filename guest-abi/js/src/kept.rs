//! Members of the language's prototypes as they were before any tenant's code, which is how the prelude sees
//! them and how Rust has to: see `prototypes.patch`.

use rquickjs::{Ctx, Error, Result, Value, qjs};
use std::ffi::{CStr, c_char, c_int};

// What this crate's QuickJS has besides.
unsafe extern "C" {
    fn JS_KeepPrototypes(ctx: *mut qjs::JSContext) -> c_int;
    fn JS_GetKeptProperty(
        ctx: *mut qjs::JSContext,
        object: qjs::JSValue,
        name: *const c_char,
    ) -> qjs::JSValue;
}

/// Keeps them as they are now.
///
/// # Errors
/// Without memory.
pub fn keep(ctx: &Ctx<'_>) -> Result<()> {
    // SAFETY: the context lives, and nothing runs in it.
    match unsafe { JS_KeepPrototypes(ctx.as_raw().as_ptr()) } {
        0 => Ok(()),
        _ => Err(Error::Exception),
    }
}

/// A member of an object.
///
/// # Errors
/// What its getter throws.
pub fn get<'js>(ctx: &Ctx<'js>, object: &Value<'js>, name: &CStr) -> Result<Value<'js>> {
    // SAFETY: object and name live as long as this call, and what comes back is the caller's.
    let value = unsafe {
        let value = JS_GetKeptProperty(ctx.as_raw().as_ptr(), object.as_raw(), name.as_ptr());
        Value::from_raw(ctx.clone(), value)
    };
    // SAFETY: as above.
    if unsafe { qjs::JS_IsException(value.as_raw()) } {
        return Err(Error::Exception);
    }
    Ok(value)
}
