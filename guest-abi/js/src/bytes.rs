//! Bytes between JavaScript and Rust.

use crate::kept;
use crate::raw::{self, Cx};
use crate::switches::{Switch, is_set};
use rquickjs::{ArrayBuffer, Ctx, Exception, FromJs, Object, Result, TypedArray, Value};
use std::ffi::CStr;

/// The bytes of a string (as UTF-8, where a lone surrogate takes three bytes), an ArrayBuffer or a view:
/// what the Web APIs call a body or a buffer source. A copy, so that nothing JavaScript does can move
/// them.
pub struct Bytes(pub Vec<u8>);

impl<'js> FromJs<'js> for Bytes {
    fn from_js(ctx: &Ctx<'js>, value: Value<'js>) -> Result<Self> {
        if let Some(text) = value.as_string() {
            return Cx(ctx.as_raw().as_ptr())
                .bytes(text.as_value().as_raw(), |bytes| Self(bytes.to_vec()))
                .ok_or(rquickjs::Error::Exception);
        }
        with(ctx, &value, |bytes| bytes.to_vec()).map(Self)
    }
}

/// Calls `f` with the bytes of an ArrayBuffer or a view, without copying.
///
/// # Errors
/// A TypeError for anything else.
pub fn with<'js, R>(ctx: &Ctx<'js>, value: &Value<'js>, f: impl FnOnce(&[u8]) -> R) -> Result<R> {
    let wrong = || Exception::throw_type(ctx, "the value is not an ArrayBuffer or a view of one");
    let object = value.as_object().ok_or_else(wrong)?;
    // SAFETY: the value lives as long as this call.
    if unsafe { rquickjs::qjs::JS_IsArrayBuffer(object.as_raw()) } {
        let buffer = array_buffer(ctx, object);
        let raw = buffer.as_ref().and_then(ArrayBuffer::as_raw);
        // SAFETY: nothing runs JavaScript while the slice lives, so it stays where it is. One that
        // was detached has no bytes.
        return Ok(f(raw.map_or(&[], |raw| unsafe { raw.as_ref() })));
    }
    if let Ok(array) = TypedArray::<u8>::from_object(object.clone()) {
        // SAFETY: as above.
        let bytes = unsafe { array.as_bytes() };
        if bytes.is_none() {
            ctx.catch();
        }
        return Ok(f(bytes.unwrap_or_default()));
    }
    ctx.catch();
    let (buffer, offset, length) = view(ctx, object).ok_or_else(wrong)?;
    let raw = buffer.as_raw();
    // SAFETY: as above.
    let all = raw.map_or(&[][..], |raw| unsafe { raw.as_ref() });
    let range = all.get(offset..offset.saturating_add(length));
    Ok(f(range.unwrap_or_default()))
}

/// The same with bytes that can be written to.
///
/// # Errors
/// As of [`with`].
pub fn with_mut<'js, R>(
    ctx: &Ctx<'js>,
    value: &Value<'js>,
    f: impl FnOnce(&mut [u8]) -> R,
) -> Result<R> {
    let wrong = || Exception::throw_type(ctx, "the value is not an ArrayBuffer or a view of one");
    let object = value.as_object().ok_or_else(wrong)?;
    let (buffer, range) = match array_buffer(ctx, object) {
        Some(buffer) => (buffer, None),
        None => {
            let (buffer, offset, length) = view(ctx, object).ok_or_else(wrong)?;
            (buffer, Some(offset..offset.saturating_add(length)))
        }
    };
    let Some(mut raw) = buffer.as_raw() else {
        return Ok(f(&mut []));
    };
    // SAFETY: nothing runs JavaScript while the slice lives, and nobody else has one.
    let all = unsafe { raw.as_mut() };
    match range {
        None => Ok(f(all)),
        Some(range) => Ok(f(all.get_mut(range).unwrap_or_default())),
    }
}

/// An object as the ArrayBuffer that it is, unless it is none or was detached; the engine's
/// exception for that is forgotten, since nobody is told of it.
fn array_buffer<'js>(ctx: &Ctx<'js>, object: &Object<'js>) -> Option<ArrayBuffer<'js>> {
    let buffer = ArrayBuffer::from_object(object.clone());
    if buffer.is_none() {
        ctx.catch();
    }
    buffer
}

/// What another typed array or a DataView is a view of.
fn view<'js>(ctx: &Ctx<'js>, object: &Object<'js>) -> Option<(ArrayBuffer<'js>, usize, usize)> {
    let buffer = array_buffer(ctx, member(ctx, object, c"buffer")?.as_object()?)?;
    Some((
        buffer,
        member(ctx, object, c"byteOffset")?.as_number()? as usize,
        member(ctx, object, c"byteLength")?.as_number()? as usize,
    ))
}

fn member<'js>(ctx: &Ctx<'js>, object: &Object<'js>, name: &CStr) -> Option<Value<'js>> {
    match kept::get(ctx, object.as_value(), name) {
        Ok(value) => Some(value),
        Err(_) => {
            ctx.catch();
            None
        }
    }
}

/// A new Uint8Array of these bytes.
///
/// # Errors
/// When memory is used up.
pub fn array<'js>(ctx: &Ctx<'js>, bytes: impl Into<Vec<u8>>) -> Result<Value<'js>> {
    Ok(TypedArray::<u8>::new(ctx.clone(), bytes)?.into_value())
}

/// What a body is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A string; what is not UTF-8 is replaced.
    Text,
    /// A value, from JSON text.
    Json,
    /// An ArrayBuffer.
    Buffer,
    /// A Uint8Array.
    Array,
}

impl<'js> FromJs<'js> for Form {
    fn from_js(_: &Ctx<'js>, value: Value<'js>) -> Result<Self> {
        Ok(match value.as_int() {
            Some(0) => Self::Text,
            Some(1) => Self::Json,
            Some(2) => Self::Buffer,
            _ => Self::Array,
        })
    }
}

impl Form {
    /// The bytes in this form.
    ///
    /// # Errors
    /// A SyntaxError for text that is not JSON; when memory is used up.
    pub fn of<'js>(self, ctx: &Ctx<'js>, bytes: &[u8]) -> Result<Value<'js>> {
        let is_text = matches!(self, Self::Text | Self::Json);
        let bytes = match bytes.strip_prefix(b"\xef\xbb\xbf") {
            Some(rest) if is_text && is_set(Switch::StripMark) => rest,
            _ => bytes,
        };
        match self {
            Self::Text => text(ctx, bytes),
            Self::Json => {
                let text = String::from_utf8_lossy(bytes);
                crate::json::parse(ctx, &text)
            }
            Self::Buffer => Ok(ArrayBuffer::new_copy(ctx.clone(), bytes)?.into_value()),
            Self::Array => array(ctx, bytes),
        }
    }
}

/// A string; what is not UTF-8 is replaced.
///
/// # Errors
/// When memory is used up.
pub fn text<'js>(ctx: &Ctx<'js>, bytes: &[u8]) -> Result<Value<'js>> {
    let text = Cx(ctx.as_raw().as_ptr()).lossy(bytes);
    if raw::is_exception(text) {
        return Err(rquickjs::Error::Exception);
    }
    // SAFETY: taken over.
    Ok(unsafe { Value::from_raw(ctx.clone(), text) })
}
