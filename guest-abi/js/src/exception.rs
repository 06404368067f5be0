//! What was thrown, as the host is told of it.

use crate::blame;
use rquickjs::{CaughtError, Ctx, Object, Value};

/// The classes of the language's own errors; one of another class is told of as the first.
const CLASSES: [&str; 7] = [
    "Error",
    "EvalError",
    "RangeError",
    "ReferenceError",
    "SyntaxError",
    "TypeError",
    "URIError",
];

/// A thrown value.
#[derive(Clone, Debug, Default)]
pub struct Exception {
    /// The error's class.
    pub name: String,
    /// Its message.
    pub message: String,
    /// Its stack, or empty.
    pub stack: String,
}

impl Exception {
    /// One of this class with this message.
    pub fn new(name: &str, message: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            message: message.into(),
            stack: String::new(),
        }
    }

    /// What `value`, which was thrown, tells of itself: an error its class, as far as the language
    /// has it, and any other value what messages show of it.
    pub fn of<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Self {
        let Some(object) = value.as_object() else {
            return Self::new("Error", text_of(ctx, value));
        };
        let field = |name: &str| text_field(ctx, object, name);
        let message = field("message");
        let is_error = object.is_error();
        if !is_error && message.is_none() {
            return Self::new("Error", text_of(ctx, value));
        }
        let mut told = Self {
            name: field("name").unwrap_or_else(|| "Error".to_owned()),
            message: message.unwrap_or_default(),
            stack: field("stack").unwrap_or_default(),
        };
        if is_error && !CLASSES.contains(&&*told.name) {
            // What it is called otherwise heads its stack.
            let frames = told.stack.find("    at ").map(|at| &told.stack[at..]);
            let frames = frames.unwrap_or_default();
            told.stack = format!("{}: {}\n{frames}", told.name, told.message);
            told.name = "Error".to_owned();
        } else if !is_error && is_dom_exception(ctx, object) {
            told.stack.clear();
        }
        told
    }

    /// The same of an error of this crate's calls.
    pub fn caught<'js>(ctx: &Ctx<'js>, error: CaughtError<'js>) -> Self {
        match error {
            CaughtError::Exception(exception) => Self::of(ctx, exception.as_value()),
            CaughtError::Value(value) => Self::of(ctx, &value),
            CaughtError::Error(error) => Self::new("Error", error.to_string()),
        }
    }

    /// As the ABI has it.
    pub fn encode(&self) -> Vec<u8> {
        let exception = postern_abi::http::Exception {
            name: &self.name,
            message: &self.message,
            stack: &self.stack,
        };
        postcard::to_allocvec(&exception).unwrap_or_default()
    }
}

/// A property that is a string; one that throws is none.
fn text_field<'js>(ctx: &Ctx<'js>, object: &Object<'js>, name: &str) -> Option<String> {
    match object.get::<_, Value>(name) {
        Ok(value) => value.as_string().and_then(|text| text.to_string().ok()),
        Err(_) => {
            ctx.catch();
            None
        }
    }
}

/// Whether it is one of the platform's, whose stacks are not told.
fn is_dom_exception<'js>(ctx: &Ctx<'js>, object: &Object<'js>) -> bool {
    let class = object.get::<_, Object>("constructor");
    let class = class.map_err(|_| ctx.catch()).ok();
    let name = class.and_then(|class| text_field(ctx, &class, "name"));
    name.as_deref() == Some("DOMException")
}

/// What messages show of a value, or a stand-in where there is no memory for it.
fn text_of<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> String {
    let text = if value.is_function() {
        let text = value.get::<rquickjs::Coerced<String>>();
        text.ok().map(|text| text.0)
    } else {
        let shown = blame::shown(ctx, value);
        shown.as_string().and_then(|text| text.to_string().ok())
    };
    text.unwrap_or_else(|| {
        ctx.catch();
        "a value that cannot be shown was thrown".to_owned()
    })
}
