//! `ctx`, which every handler is called with: an object that knows the number of its request, made
//! like one that the prelude gave.

use crate::raw::{self, Arguments, Cx, EXCEPTION, UNDEFINED, Val, callbacks};
use crate::shape::ILLEGAL;
use rquickjs::{Ctx, Object, qjs};
use std::cell::Cell;
use std::ffi::{CStr, c_int};

// What this crate's QuickJS has besides (`quickjs.patch`).
unsafe extern "C" {
    fn JS_NewObjectLike(ctx: *mut qjs::JSContext, other: Val, at: u32, value: Val) -> Val;
}

/// The properties in their order; `exports` is there with a compatibility flag alone.
const PROPERTIES: [&CStr; 5] = [c"tracing", c"access", c"cache", c"props", c"exports"];
/// Where among them `props` is, of which each object has its own.
const PROPS: u32 = 3;

thread_local! {
    static CLASS: Cell<qjs::JSClassID> = const { Cell::new(0) };
    static TEMPLATE: Cell<Val> = const { Cell::new(UNDEFINED) };
}

/// A new `ctx` for this request.
pub fn context(cx: Cx, request: u32) -> Val {
    // SAFETY: the template has the property at `PROPS`, and lives as long as the engine.
    let object = unsafe {
        let props = qjs::JS_NewObject(cx.0);
        if raw::is_exception(props) {
            return EXCEPTION;
        }
        JS_NewObjectLike(cx.0, TEMPLATE.get(), PROPS, props)
    };
    if !raw::is_exception(object) {
        // SAFETY: an object of the class, in which the number lies as a pointer that nobody follows.
        unsafe { qjs::JS_SetOpaque(object, request as usize as *mut _) };
    }
    object
}

callbacks! {
    /// `contextTemplate(prototype, properties)`
    template(cx, _this, arguments) {
        // SAFETY: the class was registered.
        let made = unsafe { qjs::JS_NewObjectProtoClass(cx.0, arguments.get(0), CLASS.get()) };
        if raw::is_exception(made) {
            return made;
        }
        for (at, name) in PROPERTIES.into_iter().enumerate() {
            let value = cx.get(arguments.get(1), name);
            if at as u32 > PROPS && raw::is_undefined(value) {
                continue;
            }
            cx.define(made, name, value);
        }
        cx.free(TEMPLATE.replace(made));
        UNDEFINED
    }
}

/// `contextOf(request)`
unsafe extern "C" fn make(
    ctx: *mut qjs::JSContext,
    _this: Val,
    argc: c_int,
    argv: *mut Val,
) -> Val {
    let mut request = 0;
    // SAFETY: as above; converts a number.
    unsafe {
        let arguments = Arguments::new(argc, argv);
        qjs::JS_ToInt64(ctx, &raw mut request, arguments.get(0));
    }
    context(Cx(ctx), request as u32)
}

/// `contextId(ctx)`: the number of its request.
unsafe extern "C" fn id(ctx: *mut qjs::JSContext, _this: Val, argc: c_int, argv: *mut Val) -> Val {
    // SAFETY: as above.
    let object = unsafe { Arguments::new(argc, argv) }.get(0);
    // SAFETY: gives what `context` put there, or nothing.
    let request = unsafe { qjs::JS_GetOpaque(object, CLASS.get()) } as usize;
    if request == 0 {
        return Cx(ctx).throw_type(ILLEGAL);
    }
    qjs::JS_NewFloat64(request as f64)
}

/// Adds the functions on contexts to the natives.
pub fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) {
    let cx = Cx(ctx.as_raw().as_ptr());
    let definition = qjs::JSClassDef {
        class_name: c"ExecutionContext".as_ptr(),
        finalizer: None,
        gc_mark: None,
        call: None,
        exotic: std::ptr::null_mut(),
    };
    let mut class = 0;
    // SAFETY: the definition is copied.
    unsafe {
        qjs::JS_NewClassID(cx.runtime(), &raw mut class);
        qjs::JS_NewClass(cx.runtime(), class, &raw const definition);
    }
    CLASS.set(class);
    cx.method(native.as_raw(), c"contextTemplate", template);
    cx.method(native.as_raw(), c"contextOf", make);
    cx.method(native.as_raw(), c"contextId", id);
}
