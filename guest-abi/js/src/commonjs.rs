//! CommonJS modules of a tenant: what runs them, and `require()`.

use crate::modules::{Resolver, builtin_now, is_reserved, no_such_module, not_found};
use rquickjs::function::Rest;
use rquickjs::object::Property;
use rquickjs::promise::PromiseState;
use rquickjs::{Coerced, Ctx, Exception as Thrown, FromJs, Function, Module, Object, Value};

/// Runs a CommonJS module; gives its `module.exports`.
pub fn run<'js>(ctx: &Ctx<'js>, name: &str, source: &str) -> rquickjs::Result<Value<'js>> {
    let mut options = rquickjs::context::EvalOptions::default();
    options.strict = false;
    options.filename = Some(name.to_owned());
    let wrapped =
        format!("(function (exports, require, module, __filename, __dirname) {{{source}\n}})");
    let function: Function = ctx.eval_with_options(wrapped, options)?;
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
    function.call::<_, ()>((exports, require, module.clone(), path, folder))?;
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
    // From the root: it is resolved once more, against the module that runs.
    let promise = Module::import(ctx, format!("/{resolved}"))?;
    while promise.state() == PromiseState::Pending && ctx.execute_pending_job() {}
    if promise.state() == PromiseState::Pending {
        let message = "Top-level await in module is not permitted at this time.";
        return Err(Thrown::throw_message(ctx, message));
    }
    let exports: Object = promise.finish()?;
    match exports.contains_key("module.exports")? {
        true => exports.get("module.exports"),
        false => exports.get("default"),
    }
}
