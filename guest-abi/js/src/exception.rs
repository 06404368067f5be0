//! What was thrown, as the host is told of it.

use rquickjs::{CaughtError, Ctx, Object, Value};

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

    /// What `value`, which was thrown, tells of itself.
    pub fn of<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Self {
        let Some(object) = value.as_object() else {
            return Self::new("Error", text_of(ctx, value));
        };
        let field = |name: &str| text_field(ctx, object, name);
        let is_error = object.is_error() || field("message").is_some();
        if !is_error {
            let mut text = text_of(ctx, value);
            if text.starts_with("[object ") {
                // An object that has no text of its own is told of by its class.
                let class = object.get::<_, Object>("constructor");
                let class = class.map_err(|_| ctx.catch()).ok();
                let name = class.and_then(|class| text_field(ctx, &class, "name"));
                text = format!("#<{}>", name.as_deref().unwrap_or("Object"));
            }
            return Self::new("Error", text);
        }
        Self {
            name: field("name").unwrap_or_else(|| "Error".to_owned()),
            message: field("message").unwrap_or_default(),
            stack: field("stack").unwrap_or_default(),
        }
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

/// `String(value)`, or a stand-in where that throws.
fn text_of<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> String {
    match value.get::<rquickjs::Coerced<String>>() {
        Ok(text) => text.0,
        Err(_) => {
            ctx.catch();
            "a value that cannot be converted to a string was thrown".to_owned()
        }
    }
}
