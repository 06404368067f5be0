//! Stacks of errors: frames of the tenant's files in V8's words.
//!
//! # Implementation
//!
//! QuickJS asks a function for the stack of every error it makes. `prelude/stacks.js` gives it
//! `formatStack` and takes the means to do so away from tenants; what they set as
//! `Error.prepareStackTrace` is called from here.

use rquickjs::function::{Func, This};
use rquickjs::{Array, Ctx, Function, Object, Persistent, Result, Value, qjs};
use std::cell::{Cell, RefCell};
use std::ffi::c_int;
use std::fmt::Write;

// Of `classes.patch` and `sites.patch`.
unsafe extern "C" {
    fn JS_SetPlatformClass(ctx: *mut qjs::JSContext, class: qjs::JSValue) -> c_int;
    fn JS_SetStackAccessor(ctx: *mut qjs::JSContext, get: qjs::JSValue, set: qjs::JSValue)
    -> c_int;
    fn JS_SetLanguageFunction(function: qjs::JSValue);
    fn JS_OrderProperties(
        ctx: *mut qjs::JSContext,
        object: qjs::JSValue,
        names: qjs::JSValue,
    ) -> c_int;
}

/// Stands before an error's message and before its frames; `prelude/stacks.js` looks for it.
const MARK: char = '\u{1}';
/// The same in front of the frames of an object that is no error.
const PLAIN: char = '\u{2}';
/// Frames of a stack when `Error.stackTraceLimit` does not say.
const FRAMES: usize = 10;

struct Means {
    capture: Persistent<Function<'static>>,
    /// Gives an error its stack.
    keep: Persistent<Function<'static>>,
    /// Makes of frames and a text what is turned into a stack by who reads it.
    waiting: Persistent<Function<'static>>,
    file: Persistent<Function<'static>>,
    function: Persistent<Function<'static>>,
    name: Persistent<Function<'static>>,
    /// The frame in V8's words.
    shown: Persistent<Function<'static>>,
    is_async: Persistent<Function<'static>>,
    is_constructor: Persistent<Function<'static>>,
    /// Whether it is one of the language's functions that V8 shows.
    is_language: Persistent<Function<'static>>,
}

thread_local! {
    static MEANS: RefCell<Option<Means>> = const { RefCell::new(None) };
    /// Classes that tenants may not make objects of.
    static CLOSED: RefCell<Vec<Persistent<Value<'static>>>> = const { RefCell::new(Vec::new()) };
    /// Whether `Error.captureStackTrace` is what asks.
    static CAPTURING: Cell<bool> = const { Cell::new(false) };
    /// The function whose callers alone are captured.
    static FROM: Cell<Option<Persistent<Value<'static>>>> = const { Cell::new(None) };
}

const ILLEGAL: &str = "Illegal invocation: function called with incorrect `this` reference. See https://developers.cloudflare.com/workers/observability/errors/#illegal-invocation-errors for details.";

fn text(value: &Value<'_>) -> Option<String> {
    value.as_string().and_then(|text| text.to_string().ok())
}

/// A property, or nothing if reading it throws.
fn read<'js>(ctx: &Ctx<'js>, object: &Object<'js>, name: &str) -> Option<Value<'js>> {
    object.get(name).map_err(|_| ctx.catch()).ok()
}

/// One frame.
struct Frame<'js> {
    site: Value<'js>,
    file: Option<String>,
}

impl<'js> Frame<'js> {
    fn ask(&self, ctx: &Ctx<'js>, what: &Persistent<Function<'static>>) -> Option<Value<'js>> {
        let method = what.clone().restore(ctx).ok()?;
        method
            .call((This(self.site.clone()),))
            .map_err(|_| ctx.catch())
            .ok()
    }

    fn says(&self, ctx: &Ctx<'js>, what: &Persistent<Function<'static>>) -> bool {
        self.ask(ctx, what).and_then(|it| it.as_bool()) == Some(true)
    }

    /// Whether it is the platform's own.
    fn is_internal(&self) -> bool {
        self.file.as_deref().is_some_and(|file| {
            ["internal:", "cloudflare:", "node:", "node-internal:"]
                .iter()
                .any(|prefix| file.starts_with(prefix))
        })
    }

    /// Whether it is of a module of Node that the field has in JavaScript, whose errors are the language's.
    fn is_of_node(&self) -> bool {
        /// Those that are the host's there.
        const HOSTS: &[&str] = &["node:async_hooks", "internal:node/performance"];
        self.file.as_deref().is_some_and(|file| {
            (file.starts_with("node:") || file.starts_with("internal:node/"))
                && !HOSTS.contains(&file)
        })
    }
}

fn frames<'js>(ctx: &Ctx<'js>, means: &Means, sites: &Array<'js>) -> Vec<Frame<'js>> {
    sites
        .iter::<Value>()
        .flatten()
        .map(|site| {
            let mut frame = Frame { site, file: None };
            frame.file = frame.ask(ctx, &means.file).and_then(|file| text(&file));
            frame
        })
        .collect()
}

/// A line of the stack; none for what V8 does not show.
fn line<'js>(ctx: &Ctx<'js>, means: &Means, frame: &Frame<'js>) -> Option<String> {
    if frame.file.is_none() && !frame.says(ctx, &means.is_language) {
        return None;
    }
    let mut shown = text(&frame.ask(ctx, &means.shown)?)?;
    if let Some(file) = frame.file.as_deref()
        && let Some(address) = crate::modules::address(file)
        && let Some(at) = shown.rfind(file)
    {
        shown.replace_range(at..at + file.len(), &address);
    }
    Some(format!("\n    at {shown}"))
}

/// Gives what the engine says when a function of the platform is called on a wrong object, or a
/// class of it without `new`, the platform's words.
fn reword<'js>(ctx: &Ctx<'js>, means: &Means, error: &Object<'js>, top: &Frame<'js>) {
    if top.is_of_node() {
        return;
    }
    let Some(message) = read(ctx, error, "message").and_then(|message| text(&message)) else {
        return;
    };
    const FOREIGN: &[&str] = &[
        "Cannot read private member ",
        "Cannot write private member ",
        "Cannot read properties of undefined (reading '#",
        "Cannot read properties of null (reading '#",
        "Cannot set properties of undefined (setting '#",
        "Cannot set properties of null (setting '#",
        "Cannot use 'in' operator to search for '#",
        "Receiver must be an instance of class ",
    ];
    let message = if FOREIGN.iter().any(|start| message.starts_with(start)) {
        ILLEGAL.to_owned()
    } else if message.starts_with("Class constructor ")
        && message.ends_with(" cannot be invoked without 'new'")
    {
        let class = top.ask(ctx, &means.function);
        let is_closed = CLOSED.with_borrow(|all| {
            all.iter()
                .any(|known| known.clone().restore(ctx).ok() == class)
        });
        if is_closed {
            return set_message(ctx, error, "Illegal constructor");
        }
        let name = top.ask(ctx, &means.name).and_then(|name| text(&name));
        format!(
            "Failed to construct '{}': Please use the 'new' operator, this object constructor cannot be called as a function.",
            name.unwrap_or_default()
        )
    } else {
        return;
    };
    set_message(ctx, error, &message);
}

fn set_message<'js>(ctx: &Ctx<'js>, error: &Object<'js>, message: &str) {
    let property = rquickjs::object::Property::from(message)
        .writable()
        .configurable();
    if error.prop("message", property).is_err() {
        ctx.catch();
    }
}

/// Makes the stack of an error from its call sites.
fn format<'js>(ctx: Ctx<'js>, error: Value<'js>, sites: Array<'js>) -> Result<Value<'js>> {
    MEANS.with_borrow(|means| match means {
        Some(means) => format_with(&ctx, means, &error, sites),
        None => Ok(Value::new_undefined(ctx.clone())),
    })
}

fn format_with<'js>(
    ctx: &Ctx<'js>,
    means: &Means,
    error: &Value<'js>,
    sites: Array<'js>,
) -> Result<Value<'js>> {
    let capturing = CAPTURING.get();
    let object = error.as_object();
    let is_error = error.is_error();
    // The engine also asks when something is thrown that is no error.
    if !capturing && !is_error {
        return Ok(rquickjs::String::from_str(ctx.clone(), "")?.into_value());
    }
    let mut frames = frames(ctx, means, &sites);
    if let Some(from) = FROM.take() {
        // Who is not called at all has no callers.
        let from = from.restore(ctx)?;
        let is_from = |frame: &Frame<'js>| frame.ask(ctx, &means.function).as_ref() == Some(&from);
        let found = frames.iter().position(is_from);
        frames.drain(..found.map_or(frames.len(), |found| found + 1));
    }
    if let (Some(object), Some(top), false) = (object, frames.first(), capturing)
        && top.is_internal()
    {
        reword(ctx, means, object, top);
    }
    let called = object.and_then(|object| read(ctx, object, "message"));
    let called = called.and_then(|message| text(&message));
    if called.is_some_and(|it| {
        it.starts_with("Class constructor ") && it.ends_with(" cannot be invoked without 'new'")
    }) && frames.first().is_some_and(|frame| !frame.is_internal())
    {
        // It was not entered.
        frames.remove(0);
    }
    if let (Some(object), true, false) = (object, is_error, capturing) {
        // The constructors of the error itself are no frames.
        let own = read(ctx, object, "constructor");
        let made = |frame: &Frame<'js>| frame.says(ctx, &means.is_constructor);
        let leading = frames.iter().take_while(|frame| made(frame)).count();
        let found = frames
            .iter()
            .take(leading)
            .position(|frame| own.is_some() && frame.ask(ctx, &means.function) == own);
        if let Some(found) = found {
            frames.drain(..=found);
        }
    }
    // What waits for the platform waits for nobody that can be told.
    let waiting = |frame: &Frame<'js>| frame.is_internal() && frame.says(ctx, &means.is_async);
    if let Some(end) = frames.iter().position(waiting) {
        frames.truncate(end);
    }
    frames.retain(|frame| !frame.is_internal() || frame.says(ctx, &means.is_language));
    let stack = stack_of(ctx, means, error, &frames)?;
    if is_error && !capturing {
        let keep = means.keep.clone().restore(ctx)?;
        keep.call::<_, ()>((error.clone(), stack.clone()))?;
    }
    Ok(stack)
}

/// The stack of an error: what the tenant's function makes of its frames, or a text.
fn stack_of<'js>(
    ctx: &Ctx<'js>,
    means: &Means,
    error: &Value<'js>,
    frames: &[Frame<'js>],
) -> Result<Value<'js>> {
    let class: Object = ctx.globals().get("Error").or_else(|_| {
        ctx.catch();
        Object::new(ctx.clone())
    })?;
    let object = error.as_object();
    let limit = match read(ctx, &class, "stackTraceLimit") {
        // Without the class.
        None => FRAMES,
        Some(limit) => match limit.as_number() {
            Some(limit) => limit.clamp(0.0, 64.0) as usize,
            None => return Ok(Value::new_undefined(ctx.clone())),
        },
    };
    let mut stack = String::new();
    if error.is_error() {
        let message = object
            .and_then(|object| read(ctx, object, "message"))
            .and_then(|message| text(&message))
            .unwrap_or_default();
        let _ = write!(stack, "{MARK}{message}{MARK}");
    } else {
        stack.push(PLAIN);
    }
    let lines = frames.iter().filter_map(|frame| line(ctx, means, frame));
    stack.extend(lines.take(limit));
    let stack = rquickjs::String::from_str(ctx.clone(), &stack)?.into_value();
    if read(ctx, &class, "prepareStackTrace").is_some_and(|prepare| prepare.is_function()) {
        let sites = Array::new(ctx.clone())?;
        for (at, frame) in frames.iter().take(limit).enumerate() {
            sites.set(at, frame.site.clone())?;
        }
        return means.waiting.clone().restore(ctx)?.call((sites, stack));
    }
    Ok(stack)
}

/// Adds the functions on stacks to the natives.
pub fn install<'js>(_: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("formatStack", Func::from(format))?;
    native.set(
        "stacks",
        Func::from(
            |ctx: Ctx<'js>,
             capture: Function<'js>,
             keep: Function<'js>,
             waiting: Function<'js>,
             site: Object<'js>,
             language: Vec<Value<'js>>|
             -> Result<()> {
                let method = |name: &str| -> Result<Persistent<Function<'static>>> {
                    Ok(Persistent::save(&ctx, site.get::<_, Function>(name)?))
                };
                let means = Means {
                    capture: Persistent::save(&ctx, capture),
                    keep: Persistent::save(&ctx, keep),
                    waiting: Persistent::save(&ctx, waiting),
                    file: method("getFileName")?,
                    function: method("getFunction")?,
                    name: method("getFunctionName")?,
                    shown: method("toString")?,
                    is_async: method("isAsync")?,
                    is_constructor: method("isConstructor")?,
                    is_language: method("isLanguage")?,
                };
                MEANS.set(Some(means));
                for function in language {
                    // SAFETY: a value of this context, of which a bit is set.
                    unsafe { JS_SetLanguageFunction(function.as_raw()) };
                }
                Ok(())
            },
        ),
    )?;
    native.set(
        "showsInStacks",
        // SAFETY: a value of this context, of which a bit is set.
        Func::from(|function: Function<'js>| unsafe { JS_SetLanguageFunction(function.as_raw()) }),
    )?;
    native.set(
        "closeClass",
        Func::from(|ctx: Ctx<'js>, class: Value<'js>| {
            CLOSED.with_borrow_mut(|all| all.push(Persistent::save(&ctx, class)));
        }),
    )?;
    native.set(
        "platformClass",
        Func::from(|ctx: Ctx<'js>, class: Value<'js>| -> Result<()> {
            // SAFETY: a value of this context, which lives through the call.
            match unsafe { JS_SetPlatformClass(ctx.as_raw().as_ptr(), class.as_raw()) } {
                0.. => Ok(()),
                _ => Err(rquickjs::Error::Exception),
            }
        }),
    )?;
    native.set(
        "stackAccessor",
        Func::from(
            |ctx: Ctx<'js>, get: Function<'js>, set: Function<'js>| -> Result<()> {
                // SAFETY: values of this context, which live through the call; it keeps its own.
                let done = unsafe {
                    JS_SetStackAccessor(ctx.as_raw().as_ptr(), get.as_raw(), set.as_raw())
                };
                match done {
                    0.. => Ok(()),
                    _ => Err(rquickjs::Error::Exception),
                }
            },
        ),
    )?;
    native.set(
        "order",
        Func::from(
            |ctx: Ctx<'js>, object: Object<'js>, names: Array<'js>| -> Result<()> {
                // SAFETY: values of this context, which live through the call.
                let done = unsafe {
                    JS_OrderProperties(ctx.as_raw().as_ptr(), object.as_raw(), names.as_raw())
                };
                match done {
                    0.. => Ok(()),
                    _ => Err(rquickjs::Error::Exception),
                }
            },
        ),
    )?;
    native.set(
        "captureStack",
        Func::from(
            |ctx: Ctx<'js>, target: Value<'js>, from: Value<'js>| -> Result<()> {
                let capture =
                    MEANS.with_borrow(|means| means.as_ref().map(|it| it.capture.clone()));
                let Some(capture) = capture else {
                    return Ok(());
                };
                let capture = capture.restore(&ctx)?;
                CAPTURING.set(true);
                let from = from.is_function().then(|| Persistent::save(&ctx, from));
                FROM.set(from);
                let done = capture.call::<_, ()>((target,));
                FROM.set(None);
                CAPTURING.set(false);
                done
            },
        ),
    )
}
