//! Strings of JavaScript as text: what the Web APIs call USVString.

use crate::raw::{self, Cx, Val, utf8};
use rquickjs::{Coerced, Ctx, Error, Exception, Result, String as JsString, Value};

/// `value` as a string, converted as JavaScript converts; a lone surrogate becomes U+FFFD.
///
/// # Errors
/// What converting threw; a TypeError for a symbol.
pub fn usv<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<String> {
    string(ctx, value).and_then(|text| of(&text))
}

/// The same, but a lone surrogate becomes three U+FFFD: what workerd makes of the strings that are
/// not USVString to it.
///
/// # Errors
/// As [`usv`].
pub fn lossy<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<String> {
    with(ctx, value, str::to_owned)
}

/// An argument that [`lossy`] takes: whatever a tenant's string has in it, it is no error.
pub struct Text(pub String);

impl<'js> rquickjs::FromJs<'js> for Text {
    fn from_js(ctx: &Ctx<'js>, value: Value<'js>) -> Result<Self> {
        lossy(ctx, &value).map(Self)
    }
}

/// Calls `f` with what [`lossy`] gives, which needs no memory of its own then.
///
/// # Errors
/// As [`usv`].
pub fn with<'js, R>(ctx: &Ctx<'js>, value: &Value<'js>, f: impl FnOnce(&str) -> R) -> Result<R> {
    with_raw(ctx, value.as_raw(), f)
}

/// The same of a value that is borrowed.
///
/// # Errors
/// As [`usv`].
pub fn with_raw<R>(ctx: &Ctx<'_>, value: Val, f: impl FnOnce(&str) -> R) -> Result<R> {
    let cx = Cx(ctx.as_raw().as_ptr());
    if raw::is_string(value) {
        return cx.text(value, f).ok_or(Error::Exception);
    }
    // SAFETY: a handle of its own to what lives.
    let value = unsafe { Value::from_raw(ctx.clone(), cx.dup(value)) };
    let text = string(ctx, &value)?;
    cx.text(text.as_value().as_raw(), f).ok_or(Error::Exception)
}

/// `value` as a string of JavaScript.
///
/// # Errors
/// As [`usv`].
pub fn string<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> Result<JsString<'js>> {
    if let Some(text) = value.as_string() {
        return Ok(text.clone());
    }
    if value.is_symbol() {
        return Err(Exception::throw_type(
            ctx,
            "Cannot convert a Symbol value to a string",
        ));
    }
    Ok(value.get::<Coerced<JsString<'js>>>()?.0)
}

/// A string's text.
///
/// # Errors
/// When memory is used up.
pub fn of(text: &JsString<'_>) -> Result<String> {
    with_of(text, str::to_owned)
}

/// Calls `f` with what [`usv`] gives, which needs no memory of its own then.
///
/// # Errors
/// As [`usv`].
pub fn with_usv<'js, R>(
    ctx: &Ctx<'js>,
    value: &Value<'js>,
    f: impl FnOnce(&str) -> R,
) -> Result<R> {
    string(ctx, value).and_then(|text| with_of(&text, f))
}

fn with_of<R>(text: &JsString<'_>, f: impl FnOnce(&str) -> R) -> Result<R> {
    let value = text.as_value();
    Cx(value.ctx().as_raw().as_ptr())
        .bytes(value.as_raw(), |bytes| match utf8(bytes) {
            Some(text) => f(text),
            None => f(&without_surrogates(bytes)),
        })
        .ok_or(Error::Exception)
}

/// The engine writes a lone surrogate as three bytes, `ED A0..BF xx`.
fn without_surrogates(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    loop {
        match std::str::from_utf8(rest) {
            Ok(good) => {
                text.push_str(good);
                return text;
            }
            Err(error) => {
                let (good, bad) = rest.split_at(error.valid_up_to());
                text.push_str(&String::from_utf8_lossy(good));
                text.push(char::REPLACEMENT_CHARACTER);
                rest = bad.get(3..).unwrap_or_default();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], text: &str) {
        assert_eq!(without_surrogates(bytes), text);
    }

    #[test]
    fn a_lone_surrogate_is_one_replacement() {
        check(b"a\xed\xa0\x80b", "a\u{fffd}b");
        check(b"\xed\xa0\x80\xed\xb0\x80", "\u{fffd}\u{fffd}");
        check(b"\xed\xbf\xbf", "\u{fffd}");
    }

    #[test]
    fn other_text_stays() {
        check(
            "a\u{e9}\u{20ac}\u{1f600}".as_bytes(),
            "a\u{e9}\u{20ac}\u{1f600}",
        );
        check(b"", "");
    }

    #[test]
    fn what_breaks_off_ends() {
        check(b"a\xed\xa0", "a\u{fffd}");
    }
}
