//! What `node:buffer` leaves to Rust: text in its encodings, searching, comparing; and the few looks
//! into values that `node:util` takes.

use crate::bytes;
use rquickjs::convert::List;
use rquickjs::{
    Ctx, Exception, FromJs, Object, Result, String as Text, Value, function::Func, qjs,
};

/// Node's encodings, by the numbers that `node/src/buffer.js` gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Hex,
    Base64,
    Base64Url,
    Latin1,
    Ascii,
    Utf16,
}

impl<'js> FromJs<'js> for Encoding {
    fn from_js(ctx: &Ctx<'js>, value: Value<'js>) -> Result<Self> {
        Ok(match value.as_int() {
            Some(0) => Self::Utf8,
            Some(1) => Self::Hex,
            Some(2) => Self::Base64,
            Some(3) => Self::Base64Url,
            Some(4) => Self::Latin1,
            Some(5) => Self::Ascii,
            Some(6) => Self::Utf16,
            _ => return Err(Exception::throw_type(ctx, "an encoding that is not known")),
        })
    }
}

/// The UTF-16 units of a string, lone surrogates and all.
fn units(ctx: &Ctx<'_>, text: &Text<'_>) -> Vec<u16> {
    let mut length: qjs::size_t = 0;
    // SAFETY: the value is a string of this context; what comes back is freed below.
    let units = unsafe {
        qjs::JS_ToCStringLenUTF16(ctx.as_raw().as_ptr(), &mut length, text.as_value().as_raw())
    };
    if units.is_null() {
        ctx.catch();
        return Vec::new();
    }
    // SAFETY: QuickJS gives `length` units, which live until they are freed.
    let copy = unsafe { std::slice::from_raw_parts(units, length as usize) }.to_vec();
    // SAFETY: it came from the function above and is freed once.
    unsafe { qjs::JS_FreeCStringUTF16(ctx.as_raw().as_ptr(), units) };
    copy
}

/// A string of these units.
pub fn from_units<'js>(ctx: &Ctx<'js>, units: &[u16]) -> Result<Value<'js>> {
    // SAFETY: the pointer and length are a slice's; the new value belongs to the caller.
    unsafe {
        let value = qjs::JS_NewStringUTF16(
            ctx.as_raw().as_ptr(),
            units.as_ptr(),
            units.len() as qjs::size_t,
        );
        if qjs::JS_IsException(value) {
            return Err(rquickjs::Error::Exception);
        }
        Ok(Value::from_raw(ctx.clone(), value))
    }
}

/// The bytes that a string means in an encoding. What is not in it ends or is left out, as Node
/// has it.
fn decode(encoding: Encoding, units: &[u16]) -> Vec<u8> {
    match encoding {
        Encoding::Utf8 => String::from_utf16_lossy(units).into_bytes(),
        Encoding::Latin1 | Encoding::Ascii => units.iter().map(|unit| *unit as u8).collect(),
        Encoding::Utf16 => units.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
        Encoding::Hex => {
            let digit = |unit: u16| char::from_u32(u32::from(unit))?.to_digit(16);
            units
                .chunks_exact(2)
                .map_while(|pair| Some((digit(pair[0])? << 4 | digit(pair[1])?) as u8))
                .collect()
        }
        Encoding::Base64 | Encoding::Base64Url => from_base64(units),
    }
}

/// Both alphabets at once; other characters are skipped, `=` ends it.
fn from_base64(units: &[u16]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(units.len() / 4 * 3 + 3);
    let (mut bits, mut count) = (0_u32, 0);
    for unit in units {
        let value = match u8::try_from(*unit).unwrap_or_default() {
            byte @ b'A'..=b'Z' => byte - b'A',
            byte @ b'a'..=b'z' => byte - b'a' + 26,
            byte @ b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => break,
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}

pub fn to_base64(bytes: &[u8], url: bool) -> String {
    let alphabet = if url {
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    } else {
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    };
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for part in bytes.chunks(3) {
        let at = |index: usize| u32::from(part.get(index).copied().unwrap_or_default());
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for digit in 0..4_usize {
            if digit <= part.len() {
                let value = bits >> (18 - 6 * digit) & 63;
                text.push(char::from(alphabet[value as usize]));
            } else if !url {
                text.push('=');
            }
        }
    }
    text
}

/// Bytes as a string in an encoding.
fn encode<'js>(ctx: &Ctx<'js>, encoding: Encoding, bytes: &[u8]) -> Result<Value<'js>> {
    let text = match encoding {
        Encoding::Utf8 => return bytes::text(ctx, bytes),
        Encoding::Utf16 => {
            let units: Vec<u16> = bytes
                .chunks_exact(2)
                .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
                .collect();
            return from_units(ctx, &units);
        }
        Encoding::Hex => {
            const DIGITS: &[u8; 16] = b"0123456789abcdef";
            let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
            bytes
                .iter()
                .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
                .collect()
        }
        Encoding::Base64 => to_base64(bytes, false),
        Encoding::Base64Url => to_base64(bytes, true),
        Encoding::Latin1 => bytes.iter().map(|byte| char::from(*byte)).collect(),
        Encoding::Ascii => bytes.iter().map(|byte| char::from(byte & 127)).collect(),
    };
    Ok(Text::from_str(ctx.clone(), &text)?.into_value())
}

/// Where `needle` is in `bytes` from `from` on, or before it and at it backwards, at multiples of
/// `step`; -1 if nowhere.
fn find(bytes: &[u8], needle: &[u8], from: usize, backwards: bool, step: usize) -> f64 {
    let Some(last) = bytes.len().checked_sub(needle.len()) else {
        return -1.0;
    };
    let fits = |at: &usize| at.is_multiple_of(step) && bytes[*at..].starts_with(needle);
    let found = if backwards {
        (0..=from.min(last)).rev().find(fits)
    } else {
        (from..=last).find(fits)
    };
    found.map_or(-1.0, |at| at as f64)
}

/// Adds the functions on Node's buffers to the natives.
pub fn install<'js>(_: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set(
        "bufferDecode",
        Func::from(|ctx: Ctx<'js>, text: Text<'js>, encoding: Encoding| {
            bytes::array(&ctx, decode(encoding, &units(&ctx, &text)))
        }),
    )?;
    native.set(
        "bufferEncode",
        Func::from(
            |ctx: Ctx<'js>, view: Value<'js>, start: usize, end: usize, encoding: Encoding| {
                bytes::with(&ctx, &view, |bytes| {
                    let part = bytes.get(start..end.min(bytes.len())).unwrap_or_default();
                    encode(&ctx, encoding, part)
                })?
            },
        ),
    )?;
    native.set(
        "bufferFind",
        Func::from(
            |ctx: Ctx<'js>,
             view: Value<'js>,
             needle: crate::bytes::Bytes,
             from: usize,
             backwards: bool,
             step: usize| {
                bytes::with(&ctx, &view, |bytes| {
                    find(bytes, &needle.0, from, backwards, step.max(1))
                })
            },
        ),
    )?;
    native.set(
        "bufferCompare",
        Func::from(|ctx: Ctx<'js>, a: Value<'js>, b: Value<'js>| {
            bytes::with(&ctx, &a, |a| {
                bytes::with(&ctx, &b, |b| match a.cmp(b) {
                    std::cmp::Ordering::Less => -1,
                    std::cmp::Ordering::Equal => 0,
                    std::cmp::Ordering::Greater => 1,
                })
            })?
        }),
    )?;
    native.set(
        "bufferIsUtf8",
        Func::from(|ctx: Ctx<'js>, view: Value<'js>| {
            bytes::with(&ctx, &view, |bytes| std::str::from_utf8(bytes).is_ok())
        }),
    )?;
    native.set("isProxy", Func::from(|value: Value<'js>| value.is_proxy()))?;
    // `promiseDetails(promise)`: 0 pending, 1 fulfilled, 2 rejected; and its result.
    native.set(
        "promiseDetails",
        Func::from(
            |ctx: Ctx<'js>, value: Value<'js>| -> Result<List<(u32, Value<'js>)>> {
                let Some(promise) = value.as_promise() else {
                    return Ok(List((0, Value::new_undefined(ctx))));
                };
                use rquickjs::promise::PromiseState;
                let state = match promise.state() {
                    PromiseState::Pending => 0,
                    PromiseState::Resolved => 1,
                    PromiseState::Rejected => 2,
                };
                let result = match promise.result::<Value<'js>>() {
                    Some(Ok(value)) => value,
                    Some(Err(_)) => ctx.catch(),
                    None => Value::new_undefined(ctx),
                };
                Ok(List((state, result)))
            },
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(encoding: Encoding, text: &str, expected: &[u8]) {
        let units: Vec<u16> = text.encode_utf16().collect();
        assert_eq!(decode(encoding, &units), expected);
    }

    #[test]
    fn text_becomes_bytes_as_node_has_it() {
        check(Encoding::Hex, "0aFFx1", &[0x0a, 0xff]);
        check(Encoding::Hex, "abc", &[0xab]);
        check(Encoding::Base64, "aGk=", b"hi");
        check(Encoding::Base64Url, "_-8", &[0xff, 0xef]);
        check(Encoding::Base64, "a G\nk=aaaa", b"hi");
        check(Encoding::Latin1, "é\u{100}", &[0xe9, 0]);
        check(Encoding::Utf16, "a", &[0x61, 0]);
    }

    #[test]
    fn base64_is_padded_and_base64url_is_not() {
        assert_eq!(to_base64(b"hi!?", false), "aGkhPw==");
        assert_eq!(to_base64(&[0xff, 0xef], true), "_-8");
    }

    #[test]
    fn searching_goes_both_ways() {
        assert_eq!(find(b"abcabc", b"bc", 2, false, 1), 4.0);
        assert_eq!(find(b"abcabc", b"bc", 3, true, 1), 1.0);
        assert_eq!(find(b"ab", b"abc", 0, false, 1), -1.0);
    }
}
