//! Classes of JavaScript whose objects hold a value of Rust, without wrappers: made and found by
//! their class alone.

use crate::raw::{Cx, Val};
use rquickjs::qjs;
use std::ffi::CStr;
use std::sync::atomic::{AtomicU32, Ordering};

/// A value of Rust that objects of a class hold.
pub trait Held: Sized + 'static {
    /// The class's name.
    const NAME: &'static CStr;

    /// The class's number, which [`register`] sets.
    fn id() -> &'static AtomicU32;

    /// Calls `f` with every value of JavaScript that this owns.
    fn each(&self, f: &mut dyn FnMut(Val));
}

/// Makes the class known to the runtime. Once.
pub fn register<T: Held>(cx: Cx) {
    define::<T>(cx, std::ptr::null());
}

/// The same of a class whose objects have properties of their own making.
pub fn register_exotic<T: Held>(cx: Cx, exotic: &'static qjs::JSClassExoticMethods) {
    define::<T>(cx, exotic);
}

fn define<T: Held>(cx: Cx, exotic: *const qjs::JSClassExoticMethods) {
    let definition = qjs::JSClassDef {
        class_name: T::NAME.as_ptr(),
        finalizer: Some(finalize::<T>),
        gc_mark: Some(mark::<T>),
        call: None,
        exotic: exotic.cast_mut(),
    };
    let mut id = 0;
    // SAFETY: the definition is copied; the functions are right for what `object` stores.
    unsafe {
        qjs::JS_NewClassID(cx.runtime(), &raw mut id);
        qjs::JS_NewClass(cx.runtime(), id, &raw const definition);
    }
    T::id().store(id, Ordering::Relaxed);
}

fn id<T: Held>() -> qjs::JSClassID {
    T::id().load(Ordering::Relaxed)
}

/// An object with this prototype, which is borrowed, that holds `value`; or an exception when
/// memory is used up.
pub fn object<T: Held>(cx: Cx, prototype: Val, value: T) -> Val {
    // SAFETY: the class was registered.
    let object = unsafe { qjs::JS_NewObjectProtoClass(cx.0, prototype, id::<T>()) };
    if crate::raw::is_exception(object) {
        value.each(&mut |value| cx.free(value));
        return object;
    }
    let held = Box::into_raw(Box::new(value));
    // SAFETY: a new object of this class, whose finalizer frees the box.
    unsafe { qjs::JS_SetOpaque(object, held.cast()) };
    object
}

/// What an object holds, if it is one of this class.
///
/// The reference must be gone before anything runs that could reach the object again: a call of
/// JavaScript, or letting go of a value.
pub fn held<'a, T: Held>(value: Val) -> Option<&'a mut T> {
    // SAFETY: gives the box of `object` or nothing; there is one thread, and references do
    // not outlive what the comment above says.
    unsafe { qjs::JS_GetOpaque(value, id::<T>()).cast::<T>().as_mut() }
}

unsafe extern "C" fn finalize<T: Held>(runtime: *mut qjs::JSRuntime, value: Val) {
    // SAFETY: called once, when nobody has the object any more.
    unsafe {
        let held = qjs::JS_GetOpaque(value, id::<T>()).cast::<T>();
        if !held.is_null() {
            let held = Box::from_raw(held);
            held.each(&mut |value| qjs::JS_FreeValueRT(runtime, value));
        }
    }
}

unsafe extern "C" fn mark<T: Held>(
    runtime: *mut qjs::JSRuntime,
    value: Val,
    mark: qjs::JS_MarkFunc,
) {
    // SAFETY: the object lives while it is marked.
    unsafe {
        if let Some(held) = qjs::JS_GetOpaque(value, id::<T>()).cast::<T>().as_ref() {
            held.each(&mut |value| qjs::JS_MarkValue(runtime, value, mark));
        }
    }
}
