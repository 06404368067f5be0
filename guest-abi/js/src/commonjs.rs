//! CommonJS modules of a tenant: what runs them, and `require()`.

use crate::modules::{Resolver, builtin_now, is_reserved, no_such_module, not_found};
use crate::raw::is_exception;
use crate::switches::{Switch, is_set};
use rquickjs::function::Rest;
use rquickjs::object::Property;
use rquickjs::{
    Coerced, Ctx, Exception as Thrown, FromJs, Function, Object, Persistent, Value, qjs,
};
use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char};

unsafe extern "C" {
    // Of `modules.patch`.
    fn JS_RequireModule(
        ctx: *mut qjs::JSContext,
        name: *const c_char,
        refusal: *const c_char,
    ) -> qjs::JSValue;
}

/// What is told of a module that waits at its top level, or imports one that does.
const NOT_PERMITTED: &CStr = c"Top-level await in module is not permitted at this time.";
const UNSETTLED: &CStr = c"Top-level await in module is unsettled.";

thread_local! {
    /// The `module` of each module that runs, by name, the innermost last.
    static RUNNING: RefCell<Vec<(String, Persistent<Object<'static>>)>> = RefCell::default();
}

/// A CommonJS module as the function that it is.
pub fn compiled<'js>(ctx: &Ctx<'js>, name: &str, source: &str) -> rquickjs::Result<Function<'js>> {
    let mut options = rquickjs::context::EvalOptions::default();
    options.strict = false;
    options.filename = Some(name.to_owned());
    let wrapped =
        format!("(function (exports, require, module, __filename, __dirname) {{{source}\n}})");
    ctx.eval_with_options(wrapped, options)
}

/// Runs a CommonJS module; gives its `module.exports`.
pub fn run<'js>(
    ctx: &Ctx<'js>,
    name: &str,
    function: &Function<'js>,
) -> rquickjs::Result<Value<'js>> {
    let path = format!("/{name}");
    let folder = match name.rsplit_once('/') {
        Some((folder, _)) => format!("/{folder}"),
        None => "/".to_owned(),
    };
    let module = Object::new(ctx.clone())?;
    let exports = Object::new(ctx.clone())?;
    module.prop("path", Property::from(&*path).enumerable().configurable())?;
    module.set("exports", exports.clone())?;
    let base = name.to_owned();
    let required = move |ctx: Ctx<'js>, name: Rest<Value<'js>>| {
        let Some(name) = name.0.into_iter().next() else {
            let message = "Failed to execute 'require' on 'CommonJsModuleContext': parameter 1 is not of type 'string'.";
            return Err(Thrown::throw_type(&ctx, message));
        };
        let name = Coerced::<String>::from_js(&ctx, name)?.0;
        require(&ctx, &base, &name)
    };
    let require = Function::new(ctx.clone(), required)?.with_name("require")?;
    let saved = Persistent::save(ctx, module.clone());
    RUNNING.with_borrow_mut(|running| running.push((name.to_owned(), saved)));
    let ran = function.call::<_, ()>((exports, require, module.clone(), path, folder));
    RUNNING.with_borrow_mut(Vec::pop);
    ran?;
    module.get("exports")
}

/// `require(name)` in a CommonJS module: what the module exports as `module.exports`, or else by
/// default.
pub fn require<'js>(ctx: &Ctx<'js>, base: &str, name: &str) -> rquickjs::Result<Value<'js>> {
    let resolved = rquickjs::loader::Resolver::resolve(&mut Resolver, ctx, base, name, None);
    let Ok(resolved) = resolved else {
        ctx.catch();
        return Err(not_found(ctx, base, name, true));
    };
    if is_reserved(&resolved) {
        let exports = builtin_now(ctx, &resolved)?;
        let default: Value = match exports.as_object() {
            Some(exports) => exports.get("default")?,
            None => return Err(no_such_module(ctx, name, base)),
        };
        return Ok(if default.is_undefined() {
            exports
        } else {
            default
        });
    }
    // One that runs still has exported what it has until now.
    let running = RUNNING.with_borrow(|running| {
        let mut running = running.iter();
        let found = running.find(|(name, _)| *name == resolved);
        found.map(|(_, module)| module.clone())
    });
    if let Some(module) = running {
        return module.restore(ctx)?.get("exports");
    }
    // From the root: it is resolved once more, against the module that runs.
    let exports = namespace(ctx, &format!("/{resolved}"))?;
    match exports.contains_key("module.exports")? {
        true => exports.get("module.exports"),
        false => exports.get("default"),
    }
}

/// What a module exports by default: what a part of the upload holds.
///
/// # Errors
/// When there is none, or what it threw.
pub fn part<'js>(ctx: &Ctx<'js>, name: &str) -> rquickjs::Result<Value<'js>> {
    namespace(ctx, &format!("/{name}"))?.get("default")
}

/// The namespace of a module, which is evaluated at once where it was not.
fn namespace<'js>(ctx: &Ctx<'js>, name: &str) -> rquickjs::Result<Object<'js>> {
    let refusal = match is_set(Switch::RequireUnsettled) {
        true => UNSETTLED,
        false => NOT_PERMITTED,
    };
    let name = CString::new(name)?;
    // SAFETY: both are C strings that outlive the call; what comes back is this context's value or an
    // exception that it keeps.
    let namespace = unsafe {
        let value = JS_RequireModule(ctx.as_raw().as_ptr(), name.as_ptr(), refusal.as_ptr());
        if is_exception(value) {
            return Err(rquickjs::Error::Exception);
        }
        Value::from_raw(ctx.clone(), value)
    };
    Object::from_value(namespace)
}
