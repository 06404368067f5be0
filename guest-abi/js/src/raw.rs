//! QuickJS's own calls, for what every request goes through: values without wrappers.
//!
//! A [`Val`] is a value as QuickJS passes it. Functions here say whether they take it over (and
//! free it) or borrow it; what they return is the caller's to free.

use rquickjs::qjs;
use std::ffi::{CStr, c_int};

/// A value of JavaScript.
pub type Val = qjs::JSValue;

// What this crate's QuickJS has besides (`quickjs.patch`).
unsafe extern "C" {
    fn JS_NewStringASCII(
        ctx: *mut qjs::JSContext,
        text: *const std::ffi::c_char,
        len: qjs::size_t,
    ) -> Val;
}

/// Bytes as text, if they are UTF-8; most are ASCII, which is seen sooner.
pub fn utf8(bytes: &[u8]) -> Option<&str> {
    if bytes.is_ascii() {
        // SAFETY: ASCII is UTF-8.
        return Some(unsafe { std::str::from_utf8_unchecked(bytes) });
    }
    std::str::from_utf8(bytes).ok()
}

/// The context.
#[derive(Clone, Copy, Debug)]
pub struct Cx(pub *mut qjs::JSContext);

/// A function that JavaScript calls.
pub type Callback = unsafe extern "C" fn(*mut qjs::JSContext, Val, c_int, *mut Val) -> Val;

/// Defines [`Callback`]s: `name(cx, this, arguments) { … }`, or `name<at>(…)` for one of a number.
macro_rules! callbacks {
    ($($(#[$about:meta])* $name:ident$(<$at:ident>)?($cx:ident, $this:ident, $arguments:ident) $body:block)*) => {$(
        $(#[$about])*
        unsafe extern "C" fn $name$(<const $at: usize>)?(
            ctx: *mut rquickjs::qjs::JSContext,
            $this: $crate::raw::Val,
            argc: std::ffi::c_int,
            argv: *mut $crate::raw::Val,
        ) -> $crate::raw::Val {
            let $cx = $crate::raw::Cx(ctx);
            // SAFETY: QuickJS passes as many arguments as it says.
            let $arguments = unsafe { $crate::raw::Arguments::new(argc, argv) };
            let _ = (&$this, &$arguments);
            $body
        }
    )*};
}
pub(crate) use callbacks;

/// `undefined`
pub const UNDEFINED: Val = qjs::JS_UNDEFINED;
/// `null`
pub const NULL: Val = qjs::JS_NULL;
/// Something was thrown.
pub const EXCEPTION: Val = qjs::JS_EXCEPTION;

/// Whether it is `undefined`.
pub fn is_undefined(value: Val) -> bool {
    // SAFETY: looks at the tag alone.
    unsafe { qjs::JS_IsUndefined(value) }
}

/// Whether it is `null` or `undefined`.
pub fn is_nullish(value: Val) -> bool {
    // SAFETY: looks at the tag alone.
    unsafe { qjs::JS_IsUndefined(value) || qjs::JS_IsNull(value) }
}

/// Whether it is a string.
pub fn is_string(value: Val) -> bool {
    // SAFETY: looks at the tag alone.
    unsafe { qjs::JS_IsString(value) }
}

/// Whether it is an object.
pub fn is_object(value: Val) -> bool {
    // SAFETY: looks at the tag alone.
    unsafe { qjs::JS_IsObject(value) }
}

/// Whether something was thrown instead.
pub fn is_exception(value: Val) -> bool {
    // SAFETY: looks at the tag alone.
    unsafe { qjs::JS_IsException(value) }
}

/// A boolean.
pub fn boolean(value: bool) -> Val {
    if value { qjs::JS_TRUE } else { qjs::JS_FALSE }
}

/// A boolean that the prelude passed.
pub fn is_true(value: Val) -> bool {
    // SAFETY: it is a boolean.
    unsafe { qjs::JS_VALUE_GET_BOOL(value) }
}

/// A small number.
pub fn int(value: i32) -> Val {
    qjs::JS_MKVAL(qjs::JS_TAG_INT, value)
}

/// The value of a number that is kept as one of 32 bits.
pub fn small(value: Val) -> Option<i32> {
    // SAFETY: the value of what the tag says is a small number.
    unsafe {
        (qjs::JS_VALUE_GET_TAG(value) == qjs::JS_TAG_INT).then(|| qjs::JS_VALUE_GET_INT(value))
    }
}

/// The arguments of a call; those that are missing are `undefined`.
#[derive(Clone, Copy)]
pub struct Arguments(c_int, *mut Val);

impl Arguments {
    /// Those that a [`Callback`] got.
    ///
    /// # Safety
    /// `argv` has `argc` values for as long as this lives.
    pub unsafe fn new(argc: c_int, argv: *mut Val) -> Self {
        Self(argc, argv)
    }

    /// How many there are.
    pub fn len(self) -> usize {
        usize::try_from(self.0).unwrap_or(0)
    }

    /// The one at this place, borrowed.
    pub fn get(self, at: usize) -> Val {
        if at < self.len() {
            // SAFETY: within the arguments, as `new` was promised.
            unsafe { *self.1.add(at) }
        } else {
            UNDEFINED
        }
    }
}

/// A number.
pub fn float(value: f64) -> Val {
    qjs::JS_NewFloat64(value)
}

/// A value that is let go of with this.
pub struct Handle(pub Cx, pub Val);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.free(self.1);
    }
}

/// The name of a property.
pub struct Key(Cx, qjs::JSAtom);

impl Key {
    /// The name as a string.
    pub fn name(&self) -> Val {
        // SAFETY: the atom lives.
        unsafe { qjs::JS_AtomToString(self.0.0, self.1) }
    }

    /// What an object has under it, or [`EXCEPTION`].
    pub fn value(&self, object: Val) -> Val {
        // SAFETY: the atom lives, the object is borrowed.
        unsafe { qjs::JS_GetProperty(self.0.0, object, self.1) }
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: it is this key's.
        unsafe { qjs::JS_FreeAtom(self.0.0, self.1) };
    }
}

impl Cx {
    /// Another handle to a value.
    pub fn dup(self, value: Val) -> Val {
        // SAFETY: the value lives.
        unsafe { qjs::JS_DupValue(self.0, value) }
    }

    /// Lets go of a value.
    pub fn free(self, value: Val) {
        // SAFETY: the caller owns the value.
        unsafe { qjs::JS_FreeValue(self.0, value) }
    }

    /// A new string.
    pub fn string(self, text: &str) -> Val {
        // SAFETY: the bytes are read during the call.
        unsafe {
            if text.is_ascii() {
                JS_NewStringASCII(self.0, text.as_ptr().cast(), text.len() as _)
            } else {
                qjs::JS_NewStringLen(self.0, text.as_ptr().cast(), text.len() as _)
            }
        }
    }

    /// A new string of bytes; what is not UTF-8 is replaced.
    pub fn lossy(self, bytes: &[u8]) -> Val {
        match utf8(bytes) {
            Some(text) => self.string(text),
            None => self.string(&String::from_utf8_lossy(bytes)),
        }
    }

    /// A string that is likely to name a property: one that does already is not made again.
    pub fn name(self, text: &str) -> Val {
        if !text.is_ascii() {
            return self.string(text);
        }
        // SAFETY: the bytes are read during the call; the atom is freed.
        unsafe {
            let atom = qjs::JS_NewAtomLen(self.0, text.as_ptr().cast(), text.len() as _);
            let name = qjs::JS_AtomToString(self.0, atom);
            qjs::JS_FreeAtom(self.0, atom);
            name
        }
    }

    /// A new array of values, which it takes over.
    pub fn array<const N: usize>(self, values: [Val; N]) -> Val {
        // SAFETY: the array's values are taken over, also if this fails.
        unsafe { qjs::JS_NewArrayFrom(self.0, N as c_int, values.as_ptr()) }
    }

    /// An array's element.
    pub fn element(self, array: Val, at: u32) -> Val {
        // SAFETY: borrows the array.
        unsafe { qjs::JS_GetPropertyUint32(self.0, array, at) }
    }

    /// Calls `f` with the text of a value, converted to a string if it is none; `None` if that
    /// threw.
    pub fn text<R>(self, value: Val, f: impl FnOnce(&str) -> R) -> Option<R> {
        self.bytes(value, |bytes| match utf8(bytes) {
            Some(text) => f(text),
            // Surrogates that are alone.
            None => f(&String::from_utf8_lossy(bytes)),
        })
    }

    /// The same with the text's bytes: UTF-8, but for surrogates that are alone.
    pub fn bytes<R>(self, value: Val, f: impl FnOnce(&[u8]) -> R) -> Option<R> {
        let mut len = 0;
        // SAFETY: gives bytes that live until they are freed below.
        let text = unsafe { qjs::JS_ToCStringLen2(self.0, &raw mut len, value, false) };
        if text.is_null() {
            return None;
        }
        // SAFETY: as above.
        let result = f(unsafe { std::slice::from_raw_parts(text.cast::<u8>(), len as usize) });
        // SAFETY: came from the call above, and nobody looks at it any more.
        unsafe { qjs::JS_FreeCString(self.0, text) };
        Some(result)
    }

    /// A number of JavaScript's; 0 for what is none.
    pub fn number(self, value: Val) -> f64 {
        let mut number = 0.0;
        // SAFETY: converts a number, which throws nothing.
        unsafe { qjs::JS_ToFloat64(self.0, &raw mut number, value) };
        number
    }

    /// Throws a TypeError; gives [`EXCEPTION`].
    pub fn throw_type(self, message: &str) -> Val {
        let message: Vec<u8> = message
            .bytes()
            .filter(|byte| *byte != 0)
            .chain([0])
            .collect();
        // SAFETY: the format takes one text that ends with a zero, which is copied.
        unsafe { qjs::JS_ThrowTypeError(self.0, c"%s".as_ptr(), message.as_ptr()) }
    }

    /// Takes what was thrown.
    pub fn caught(self) -> Val {
        // SAFETY: no more than a context is needed.
        unsafe { qjs::JS_GetException(self.0) }
    }

    /// A property, or [`EXCEPTION`].
    pub fn get(self, object: Val, name: &CStr) -> Val {
        // SAFETY: the name ends with a zero.
        unsafe { qjs::JS_GetPropertyStr(self.0, object, name.as_ptr()) }
    }

    /// The names of an object's own enumerable properties; `None` if that threw.
    pub fn keys(self, object: Val) -> Option<Vec<Key>> {
        let mut all = std::ptr::null_mut();
        let mut count = 0;
        let flags = (qjs::JS_GPN_STRING_MASK | qjs::JS_GPN_ENUM_ONLY) as c_int;
        // SAFETY: gives a table, whose atoms are duplicated before it is freed.
        unsafe {
            if qjs::JS_GetOwnPropertyNames(self.0, &raw mut all, &raw mut count, object, flags) < 0
            {
                return None;
            }
            let keys = (0..count as usize)
                .map(|at| Key(self, qjs::JS_DupAtom(self.0, (*all.add(at)).atom)));
            let keys = keys.collect();
            qjs::JS_FreePropertyEnum(self.0, all, count);
            Some(keys)
        }
    }

    /// Whether an object has a method of its own under a name, which is a string; what is a getter is
    /// none. `None` if asking threw.
    pub fn has_method(self, object: Val, name: Val) -> Option<bool> {
        let mut found = qjs::JSPropertyDescriptor {
            flags: 0,
            value: UNDEFINED,
            getter: UNDEFINED,
            setter: UNDEFINED,
        };
        // SAFETY: the object and the name are borrowed, the atom and what is found are freed.
        unsafe {
            let atom = qjs::JS_ValueToAtom(self.0, name);
            let mut has = qjs::JS_GetOwnProperty(self.0, std::ptr::null_mut(), object, atom);
            if has > 0 {
                has = qjs::JS_GetOwnProperty(self.0, &raw mut found, object, atom);
            }
            qjs::JS_FreeAtom(self.0, atom);
            if has < 0 {
                return None;
            }
            let is_function = qjs::JS_IsFunction(self.0, found.value);
            for value in [found.value, found.getter, found.setter] {
                qjs::JS_FreeValue(self.0, value);
            }
            Some(is_function)
        }
    }

    /// Calls a function with borrowed arguments.
    pub fn call(self, function: Val, this: Val, arguments: &[Val]) -> Val {
        let argv = arguments.as_ptr().cast_mut();
        // SAFETY: QuickJS reads the arguments and does not keep the array.
        unsafe { qjs::JS_Call(self.0, function, this, arguments.len() as c_int, argv) }
    }

    /// A function of this name that counts no parameters, as the platform's.
    pub fn function(self, name: &CStr, callback: Callback) -> Val {
        // SAFETY: the name is copied, the callback lives for ever.
        unsafe {
            qjs::JS_NewCFunction2(
                self.0,
                Some(callback),
                name.as_ptr(),
                0,
                qjs::JSCFunctionEnum_JS_CFUNC_generic,
                0,
            )
        }
    }

    /// A constructor of this name, which finds `undefined` for the new target when it is called.
    pub fn constructor(self, name: &CStr, callback: Callback) -> Val {
        // SAFETY: as in `function`.
        unsafe {
            qjs::JS_NewCFunction2(
                self.0,
                Some(callback),
                name.as_ptr(),
                0,
                qjs::JSCFunctionEnum_JS_CFUNC_constructor_or_func,
                0,
            )
        }
    }

    /// Adds a method to a prototype.
    pub fn method(self, object: Val, name: &CStr, callback: Callback) {
        self.define(object, name, self.function(name, callback));
    }

    /// Adds a property as methods are; the value is taken over.
    pub fn define(self, object: Val, name: &CStr, value: Val) {
        let flags = qjs::JS_PROP_WRITABLE | qjs::JS_PROP_CONFIGURABLE | qjs::JS_PROP_ENUMERABLE;
        // SAFETY: takes the value over.
        unsafe {
            let atom = qjs::JS_NewAtom(self.0, name.as_ptr());
            qjs::JS_DefinePropertyValue(self.0, object, atom, value, flags as c_int);
            qjs::JS_FreeAtom(self.0, atom);
        }
    }

    /// Adds `[Symbol.iterator]`; the value is taken over.
    pub fn define_iterator(self, object: Val, value: Val) {
        let flags = qjs::JS_PROP_WRITABLE | qjs::JS_PROP_CONFIGURABLE;
        let atom = qjs::JS_ATOM_Symbol_iterator;
        // SAFETY: takes the value over; the atom is QuickJS's own.
        unsafe {
            qjs::JS_DefinePropertyValue(self.0, object, atom as _, value, flags as c_int);
        }
    }

    /// Adds a property that is read through `callback` to a prototype.
    pub fn getter(self, object: Val, name: &CStr, callback: Callback) {
        self.define_accessor(object, name, callback, UNDEFINED);
    }

    /// Adds a property that is read through `get` and written through `set` to a prototype.
    pub fn accessor(self, object: Val, name: &CStr, get: Callback, set: Callback) {
        self.define_accessor(object, name, get, self.function(c"", set));
    }

    fn define_accessor(self, object: Val, name: &CStr, get: Callback, set: Val) {
        let get = self.function(c"", get);
        let flags = qjs::JS_PROP_CONFIGURABLE | qjs::JS_PROP_ENUMERABLE;
        // SAFETY: takes the functions over.
        unsafe {
            let atom = qjs::JS_NewAtom(self.0, name.as_ptr());
            qjs::JS_DefinePropertyGetSet(self.0, object, atom, get, set, flags as c_int);
            qjs::JS_FreeAtom(self.0, atom);
        }
    }

    /// The context as rquickjs has it, for what is not worth doing without.
    ///
    /// # Safety
    /// Only for as long as the callback lasts that the context came to.
    pub unsafe fn ctx<'js>(self) -> rquickjs::Ctx<'js> {
        // SAFETY: a callback's context is never null, and it lives during the call.
        unsafe { rquickjs::Ctx::from_raw(std::ptr::NonNull::new_unchecked(self.0)) }
    }

    /// The runtime.
    pub fn runtime(self) -> *mut qjs::JSRuntime {
        // SAFETY: no more than a context is needed.
        unsafe { qjs::JS_GetRuntime(self.0) }
    }
}
