//! What a value is inside: kinds that JavaScript cannot tell apart for certain, states of
//! promises, targets of proxies.

use crate::raw::Cx;
use rquickjs::class::{Class, JsClass};
use rquickjs::function::Func;
use rquickjs::promise::PromiseState;
use rquickjs::{Array, Ctx, Object, Result, Value, qjs};
use std::cell::RefCell;
use std::collections::BTreeMap;

thread_local! {
    /// Names of the engine's classes by their numbers, learnt from samples.
    static KINDS: RefCell<BTreeMap<u32, String>> = RefCell::default();
}

/// The engine's numbers of what `{}` and `[]` make; those of other classes are higher.
const PLAIN: std::ops::RangeInclusive<u32> = 1..=2;

fn class_of(value: &Value<'_>) -> u32 {
    // SAFETY: reads the number of an object's class; 0 for what is no object.
    unsafe { qjs::JS_GetClassID(value.as_raw()) }
}

/// What a value is if it is a `C`. The library makes an error, and drops it, for each object that is
/// none, so it is not asked about plain ones.
pub fn held<'js, C: JsClass<'js>>(value: &Value<'js>) -> Option<Class<'js, C>> {
    if PLAIN.contains(&class_of(value)) {
        return None;
    }
    Class::from_value(value).ok()
}

/// Also of proxies of functions, which count as functions.
fn is_proxy(value: &Value<'_>) -> bool {
    // SAFETY: looks at the class of an object.
    unsafe { qjs::JS_IsProxy(value.as_raw()) }
}

/// Adds the functions on values to the natives.
pub fn install<'js>(_: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    // `learnKinds([name, sample, ...])`.
    native.set(
        "learnKinds",
        Func::from(|samples: Vec<Value<'js>>| {
            KINDS.with_borrow_mut(|kinds| {
                for pair in samples.chunks(2) {
                    if let [name, sample] = pair
                        && let Some(name) = name.as_string().and_then(|it| it.to_string().ok())
                    {
                        kinds.entry(class_of(sample)).or_insert(name);
                    }
                }
            });
        }),
    )?;
    // The kind of an object; "Other" for those that no sample was shown of.
    native.set(
        "kindOf",
        Func::from(|value: Value<'js>| {
            KINDS.with_borrow(|kinds| {
                kinds
                    .get(&class_of(&value))
                    .map_or("Other", String::as_str)
                    .to_owned()
            })
        }),
    )?;
    // `methodsOf(object, names)`: a bit for each name under which it has a method of its own.
    native.set(
        "methodsOf",
        Func::from(|object: Value<'js>, names: Array<'js>| {
            let cx = Cx(object.ctx().as_raw().as_ptr());
            let mut bits = 0_u32;
            for (at, name) in names.iter::<Value<'js>>().enumerate().take(32) {
                let has = cx.has_method(object.as_raw(), name?.as_raw());
                bits |= u32::from(has.ok_or(rquickjs::Error::Exception)?) << at;
            }
            Ok::<_, rquickjs::Error>(bits)
        }),
    )?;
    native.set("isProxy", Func::from(|value: Value<'js>| is_proxy(&value)))?;
    // What a proxy stands for; undefined for what is no proxy.
    native.set(
        "proxyTarget",
        Func::from(|ctx: Ctx<'js>, value: Value<'js>| {
            if !is_proxy(&value) {
                return Value::new_undefined(ctx);
            }
            // SAFETY: it is a proxy; the value that comes back is owned.
            let target = unsafe {
                let target = qjs::JS_GetProxyTarget(ctx.as_raw().as_ptr(), value.as_raw());
                Value::from_raw(ctx.clone(), target)
            };
            if target.is_exception() {
                ctx.catch();
                return Value::new_null(ctx);
            }
            target
        }),
    )?;
    // `[0]`, `[1, value]` or `[2, reason]`.
    native.set(
        "promiseState",
        Func::from(
            |ctx: Ctx<'js>, value: Value<'js>| -> Result<Vec<Value<'js>>> {
                let number = |number| Value::new_int(ctx.clone(), number);
                let Some(promise) = value.as_promise() else {
                    return Ok(vec![number(0)]);
                };
                Ok(match (promise.state(), promise.result::<Value>()) {
                    (PromiseState::Rejected, _) => vec![number(2), ctx.catch()],
                    (PromiseState::Resolved, Some(value)) => vec![number(1), value?],
                    _ => vec![number(0)],
                })
            },
        ),
    )
}
