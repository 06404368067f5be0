//! `DispatchNamespace`: `get()` of a name alone, which most calls are, needs nothing of JavaScript.
//! Options and what is refused are `prelude/dispatch.js`'s.

use crate::class::{self, Held};
use crate::raw::{self, Cx, UNDEFINED, Val, callbacks};
use crate::shape::ILLEGAL;
use crate::stub;
use rquickjs::Object;
use std::cell::Cell;
use std::ffi::CStr;
use std::sync::atomic::AtomicU32;

/// What a binding of a dispatch namespace knows.
struct Namespace {
    /// The binding's name, a string.
    binding: Val,
    /// Whether its stubs look as if they had everything.
    asks: bool,
}

static ID: AtomicU32 = AtomicU32::new(0);

impl Held for Namespace {
    const NAME: &'static CStr = c"DispatchNamespace";

    fn id() -> &'static AtomicU32 {
        &ID
    }

    fn each(&self, f: &mut dyn FnMut(Val)) {
        f(self.binding);
    }
}

thread_local! {
    /// `get(binding, count, name, args, options)` where something is rare.
    static RARE: Cell<Val> = const { Cell::new(UNDEFINED) };
}

callbacks! {
    // `DispatchNamespace.prototype.get`
    get(cx, this, arguments) {
        let found = raw::is_object(this).then(|| class::held::<Namespace>(this)).flatten();
        let Some(&mut Namespace { binding, asks }) = found else {
            return cx.throw_type(ILLEGAL);
        };
        let [name, args, options] = [0, 1, 2].map(|at| arguments.get(at));
        if raw::is_string(name) && raw::is_undefined(options) {
            return stub::of_user(cx, binding, name, asks);
        }
        let count = raw::int(arguments.len().min(3) as i32);
        cx.call(RARE.get(), UNDEFINED, &[binding, count, name, args, options])
    }
    // `dispatchNamespace(prototype, binding, asks)`
    new(cx, _this, arguments) {
        let binding = cx.dup(arguments.get(1));
        let asks = raw::is_true(arguments.get(2));
        class::object(cx, arguments.get(0), Namespace { binding, asks })
    }
    // `useNamespaces(prototype, rare)`
    give(cx, _this, arguments) {
        cx.method(arguments.get(0), c"get", get);
        cx.free(RARE.replace(cx.dup(arguments.get(1))));
        UNDEFINED
    }
}

/// Adds the functions of this to the natives.
pub fn install(cx: Cx, native: &Object<'_>) {
    class::register::<Namespace>(cx);
    cx.method(native.as_raw(), c"dispatchNamespace", new);
    cx.method(native.as_raw(), c"useNamespaces", give);
}
