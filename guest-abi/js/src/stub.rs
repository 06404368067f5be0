//! What stands for another Worker in `env` and for a user Worker: an object of `Fetcher` that knows
//! whom it asks, and on which any other name is a method over there (spec: SEMANTICS §25). What it
//! can do beside a plain `fetch()` is `prelude/rpc/`'s.

use crate::class::{self, Held};
use crate::passing::{self, Whom};
use crate::raw::{self, Cx, UNDEFINED, Val, callbacks};
use rquickjs::{Object, qjs};
use std::cell::Cell;
use std::ffi::{CStr, c_int};
use std::sync::atomic::AtomicU32;

/// What an object knows.
struct Stub {
    /// Whom it asks: undefined where the handle alone knows.
    whom: Whom,
    /// The prelude's, or undefined until somebody asks for it.
    handle: Val,
    /// Whether it looks as if it had everything.
    asks: bool,
}

static ID: AtomicU32 = AtomicU32::new(0);

impl Held for Stub {
    const NAME: &'static CStr = c"Fetcher";

    fn id() -> &'static AtomicU32 {
        &ID
    }

    fn each(&self, f: &mut dyn FnMut(Val)) {
        match self.whom {
            Whom::Told(target) => f(target),
            Whom::User { binding, script } => [binding, script].into_iter().for_each(&mut *f),
        }
        f(self.handle);
    }
}

/// What the prelude gave, for the life of the engine.
#[derive(Clone, Copy)]
struct Prelude {
    /// `Fetcher.prototype`
    prototype: Val,
    /// `fetch(object, arguments)` where something is rare.
    fetch: Val,
    /// `handle(target)`: that of a user Worker.
    handle: Val,
    /// `inherited(prototype, key, object)`: what an object has of its prototype.
    inherited: Val,
    /// `missing(handle, key)`: what stands for something over there.
    missing: Val,
}

thread_local! {
    static PRELUDE: Cell<Option<Prelude>> = const { Cell::new(None) };
}

fn stub(cx: Cx, whom: Whom, handle: Val, asks: bool) -> Val {
    let Some(known) = PRELUDE.get() else {
        return UNDEFINED;
    };
    let stub = Stub { whom, handle, asks };
    class::object(cx, known.prototype, stub)
}

/// That of a user Worker of which nothing but its name was said. The values are borrowed.
pub fn of_user(cx: Cx, binding: Val, script: Val, asks: bool) -> Val {
    let [binding, script] = [binding, script].map(|value| cx.dup(value));
    stub(cx, Whom::User { binding, script }, UNDEFINED, asks)
}

/// The handle of an object, borrowed; undefined for what is none.
fn handle(cx: Cx, object: Val) -> Val {
    let (Some(found), Some(known)) = (held(object), PRELUDE.get()) else {
        return UNDEFINED;
    };
    if !raw::is_undefined(found.handle) {
        return found.handle;
    }
    let target = match found.whom {
        Whom::Told(target) => cx.dup(target),
        Whom::User { binding, script } => {
            let [binding, script] = [binding, script].map(|value| cx.dup(value));
            cx.array([binding, script, raw::NULL, raw::NULL, cx.string("")])
        }
    };
    if raw::is_exception(target) {
        return target;
    }
    let made = cx.call(known.handle, UNDEFINED, &[target]);
    cx.free(target);
    match held(object) {
        Some(found) if !raw::is_exception(made) => {
            found.handle = made;
            made
        }
        _ => made,
    }
}

fn held<'a>(object: Val) -> Option<&'a mut Stub> {
    if !raw::is_object(object) {
        return None;
    }
    class::held::<Stub>(object)
}

callbacks! {
    // `stub(target, handle, asks)`
    new(cx, _this, arguments) {
        let [target, handle] = [0, 1].map(|at| cx.dup(arguments.get(at)));
        stub(cx, Whom::Told(target), handle, raw::is_true(arguments.get(2)))
    }
    // `stubHandle(value)`: the handle, or undefined for what is no stub.
    handle_of(cx, _this, arguments) {
        cx.dup(handle(cx, arguments.get(0)))
    }
    // `Fetcher.prototype.fetch`
    fetch(cx, this, arguments) {
        let whom = held(this).map(|found| found.whom).filter(|whom| match whom {
            Whom::Told(target) => !raw::is_undefined(*target),
            Whom::User { .. } => true,
        });
        if let (1, Some(whom)) = (arguments.len(), whom) {
            let promise = passing::send(cx, whom, arguments.get(0));
            if !raw::is_undefined(promise) {
                return promise;
            }
        }
        let Some(known) = PRELUDE.get() else {
            return UNDEFINED;
        };
        let mut all = vec![this];
        all.extend((0..arguments.len()).map(|at| arguments.get(at)));
        cx.call(known.fetch, UNDEFINED, &all)
    }
    // `useStubs(prototype, fetch, handle, inherited, missing)`
    give(cx, _this, arguments) {
        let [prototype, fallback, handle, inherited, missing] =
            [0, 1, 2, 3, 4].map(|at| cx.dup(arguments.get(at)));
        PRELUDE.set(Some(Prelude { prototype, fetch: fallback, handle, inherited, missing }));
        cx.method(prototype, c"fetch", fetch);
        UNDEFINED
    }
}

/// Whether an object looks as if it had this: any name but an index.
fn is_name(cx: Cx, key: Val) -> bool {
    let is_index = |text: &str| {
        text == "0"
            || (matches!(text.len(), 1..=10)
                && !text.starts_with('0')
                && text.bytes().all(|byte| byte.is_ascii_digit()))
    };
    raw::is_string(key) && !cx.text(key, is_index).unwrap_or(true)
}

/// What an object has of its own under a name, unless that is a getter.
fn plain_property(cx: Cx, object: Val, atom: qjs::JSAtom) -> Option<Val> {
    if !raw::is_object(object) {
        return None;
    }
    let mut found = qjs::JSPropertyDescriptor {
        flags: 0,
        value: UNDEFINED,
        getter: UNDEFINED,
        setter: UNDEFINED,
    };
    // SAFETY: borrows object and name; what is found is the caller's.
    let has = unsafe { qjs::JS_GetOwnProperty(cx.0, &raw mut found, object, atom) };
    if has <= 0 {
        return None;
    }
    cx.free(found.getter);
    cx.free(found.setter);
    if found.flags & qjs::JS_PROP_GETSET as c_int != 0 {
        cx.free(found.value);
        return None;
    }
    Some(found.value)
}

/// A property that an object has not of its own.
unsafe extern "C" fn get_property(
    ctx: *mut qjs::JSContext,
    object: Val,
    atom: qjs::JSAtom,
    receiver: Val,
) -> Val {
    let cx = Cx(ctx);
    let Some(known) = PRELUDE.get() else {
        return UNDEFINED;
    };
    // SAFETY: borrows the object.
    let prototype = raw::Handle(cx, unsafe { qjs::JS_GetPrototype(ctx, object) });
    if let Some(value) = plain_property(cx, prototype.1, atom) {
        return value;
    }
    // SAFETY: borrows the name.
    let key = raw::Handle(cx, unsafe { qjs::JS_AtomToValue(ctx, atom) });
    // SAFETY: as above.
    let has = raw::is_object(prototype.1)
        && match unsafe { qjs::JS_HasProperty(ctx, prototype.1, atom) } {
            has if has < 0 => return raw::EXCEPTION,
            has => has > 0,
        };
    if has {
        return cx.call(known.inherited, UNDEFINED, &[prototype.1, key.1, receiver]);
    }
    let asks = held(object).is_some_and(|found| found.asks);
    if !asks || !is_name(cx, key.1) || cx.text(key.1, |key| key == "then") != Some(false) {
        return UNDEFINED;
    }
    let handle = handle(cx, object);
    cx.call(known.missing, UNDEFINED, &[handle, key.1])
}

/// Whether an object seems to have a property.
unsafe extern "C" fn has_property(
    ctx: *mut qjs::JSContext,
    object: Val,
    atom: qjs::JSAtom,
) -> c_int {
    let cx = Cx(ctx);
    // SAFETY: borrows object and name; looks whether the property is there.
    let own = unsafe { qjs::JS_GetOwnProperty(ctx, std::ptr::null_mut(), object, atom) };
    if own != 0 {
        return own;
    }
    // SAFETY: as above.
    let (prototype, key) = unsafe {
        (
            qjs::JS_GetPrototype(ctx, object),
            qjs::JS_AtomToValue(ctx, atom),
        )
    };
    let (prototype, key) = (raw::Handle(cx, prototype), raw::Handle(cx, key));
    if raw::is_object(prototype.1) {
        // SAFETY: as above.
        let has = unsafe { qjs::JS_HasProperty(ctx, prototype.1, atom) };
        if has != 0 {
            return has;
        }
    }
    let asks = held(object).is_some_and(|found| found.asks);
    (asks && is_name(cx, key.1)).into()
}

static EXOTIC: qjs::JSClassExoticMethods = qjs::JSClassExoticMethods {
    get_own_property: None,
    get_own_property_names: None,
    delete_property: None,
    define_own_property: None,
    has_property: Some(has_property),
    get_property: Some(get_property),
    set_property: None,
};

/// Adds the functions on stubs to the natives.
pub fn install(cx: Cx, native: &Object<'_>) {
    class::register_exotic::<Stub>(cx, &EXOTIC);
    cx.method(native.as_raw(), c"stub", new);
    cx.method(native.as_raw(), c"stubHandle", handle_of);
    cx.method(native.as_raw(), c"useStubs", give);
}
