//! What `RegExp` says of the last match, which QuickJS keeps (`recursion.patch`).

use rquickjs::{Ctx, Object, Result, Value, function::Func, qjs};

unsafe extern "C" {
    fn JS_RegExpLast(ctx: *mut qjs::JSContext, which: std::ffi::c_int) -> qjs::JSValue;
}

fn last(ctx: Ctx<'_>, which: i32) -> Result<Value<'_>> {
    // SAFETY: gives a string that is the caller's, or an exception.
    unsafe {
        let value = JS_RegExpLast(ctx.as_raw().as_ptr(), which);
        if qjs::JS_IsException(value) {
            return Err(rquickjs::Error::Exception);
        }
        Ok(Value::from_raw(ctx, value))
    }
}

/// Adds `lastMatch(which)` to the natives: 0 to 9 the match and its groups, 10 the last group, 11
/// what was before the match, 12 what was behind, 13 the text.
///
/// # Errors
/// When memory is used up.
pub fn install<'js>(native: &Object<'js>) -> Result<()> {
    native.set("lastMatch", Func::from(last))
}
