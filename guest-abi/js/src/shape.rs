//! Classes that are made in Rust: members as workerd's classes have them, and the errors that
//! every one of them throws.

use rquickjs::class::{Class, JsClass};
use rquickjs::function::IntoJsFunc;
use rquickjs::object::Property;
use rquickjs::{Ctx, Error, Exception, Function, Object, Result, Value};

/// What a member throws that is called on something else.
pub const ILLEGAL: &str = "Illegal invocation: function called with incorrect `this` reference. See https://developers.cloudflare.com/workers/observability/errors/#illegal-invocation-errors for details.";

/// What a member was called on.
///
/// # Errors
/// A TypeError if that is no `C`.
pub fn this<'js, C: JsClass<'js>>(ctx: &Ctx<'js>, this: &Value<'js>) -> Result<Class<'js, C>> {
    Class::from_value(this).map_err(|_| Exception::throw_type(ctx, ILLEGAL))
}

/// Refuses a constructor that was called without `new`.
///
/// # Errors
/// A TypeError then.
pub fn constructing<'js>(ctx: &Ctx<'js>, target: &Value<'js>, class: &str) -> Result<()> {
    if target.is_function() {
        return Ok(());
    }
    let message = format!(
        "Failed to construct '{class}': Please use the 'new' operator, this object constructor cannot be called as a function."
    );
    Err(Exception::throw_type(ctx, &message))
}

/// The error for an argument that is missing or of the wrong type; parameters count from 1.
pub fn wrong_argument(
    ctx: &Ctx<'_>,
    class: &str,
    method: &str,
    parameter: usize,
    wanted: &str,
) -> Error {
    let message = if method.is_empty() {
        format!(
            "Failed to construct '{class}': constructor parameter {parameter} is not of type '{wanted}'."
        )
    } else {
        format!(
            "Failed to execute '{method}' on '{class}': parameter {parameter} is not of type '{wanted}'."
        )
    };
    Exception::throw_type(ctx, &message)
}

/// A function of this name that counts no parameters.
///
/// # Errors
/// When memory is used up.
pub fn function<'js, F, P>(ctx: &Ctx<'js>, name: &str, f: F) -> Result<Function<'js>>
where
    F: IntoJsFunc<'js, P> + 'js,
{
    Function::new(ctx.clone(), f)?
        .with_name(name)?
        .with_length(0)
}

/// Adds a method.
///
/// # Errors
/// When memory is used up.
pub fn method<'js, F, P>(object: &Object<'js>, name: &str, f: F) -> Result<()>
where
    F: IntoJsFunc<'js, P> + 'js,
{
    let function = function(object.ctx(), name, f)?;
    object.prop(
        name,
        Property::from(function)
            .writable()
            .enumerable()
            .configurable(),
    )
}

/// Adds a property that is read through `get`.
///
/// # Errors
/// When memory is used up.
pub fn getter<'js, G, P>(object: &Object<'js>, name: &str, get: G) -> Result<()>
where
    G: IntoJsFunc<'js, P> + 'js,
{
    let get = function(object.ctx(), "", get)?;
    let ctx = object.ctx().clone();
    define(&ctx, object, name, get)
}

fn define<'js>(ctx: &Ctx<'js>, object: &Object<'js>, name: &str, get: Function<'js>) -> Result<()> {
    let descriptor = Object::new(ctx.clone())?;
    descriptor.set("get", get)?;
    descriptor.set("enumerable", true)?;
    descriptor.set("configurable", true)?;
    let all: Object = ctx.globals().get("Object")?;
    let define: Function = all.get("defineProperty")?;
    define.call((object.clone(), name, descriptor))
}
