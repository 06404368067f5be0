//! `TextEncoder`, `TextDecoder` and base64: the classes and functions, made in Rust.

use crate::bytes;
use crate::shape::{ILLEGAL, constructing, function, getter, method, this, wrong_argument};
use crate::switches::{Switch, is_set};
use crate::text::{lossy, usv};
use encoding_rs::{Decoder, DecoderResult, Encoding, GB18030, GBK, REPLACEMENT, UTF_8, UTF_16LE};
use rquickjs::class::{Class, JsClass, Trace, Tracer};
use rquickjs::function::{Constructor, Func, Opt, This};
use rquickjs::{Ctx, Exception, Function, JsLifetime, Object, Result, TypedArray, Value};
use std::borrow::Cow;

const ENCODER: &str = "TextEncoder";
const DECODER: &str = "TextDecoder";

/// What a `TextEncoder` is.
struct TextEncoder;

// SAFETY: it holds no value of JavaScript.
unsafe impl<'js> JsLifetime<'js> for TextEncoder {
    type Changed<'to> = TextEncoder;
}

impl<'js> Trace<'js> for TextEncoder {
    fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
}

impl<'js> JsClass<'js> for TextEncoder {
    const NAME: &'static str = ENCODER;
    type Mutable = rquickjs::class::Readable;

    fn prototype(ctx: &Ctx<'js>) -> Result<Option<Object<'js>>> {
        let proto = Object::new(ctx.clone())?;
        method(
            &proto,
            "encode",
            |ctx: Ctx<'js>, it: This<Value<'js>>, text: Opt<Value<'js>>| {
                this::<TextEncoder>(&ctx, &it.0)?;
                let text = match text.0 {
                    Some(text) if !text.is_undefined() => usv(&ctx, &text)?,
                    _ => String::new(),
                };
                bytes::array(&ctx, text)
            },
        )?;
        method(&proto, "encodeInto", encode_into)?;
        getter(&proto, "encoding", |ctx: Ctx<'js>, it: This<Value<'js>>| {
            this::<TextEncoder>(&ctx, &it.0)?;
            Ok::<_, rquickjs::Error>("utf-8")
        })?;
        Ok(Some(proto))
    }

    fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

fn encode_into<'js>(
    ctx: Ctx<'js>,
    it: This<Value<'js>>,
    text: Opt<Value<'js>>,
    target: Opt<Value<'js>>,
) -> Result<Object<'js>> {
    this::<TextEncoder>(&ctx, &it.0)?;
    let wrong = |parameter, wanted| wrong_argument(&ctx, ENCODER, "encodeInto", parameter, wanted);
    let text = usv(&ctx, &text.0.ok_or_else(|| wrong(1, "String"))?)?;
    let target = target
        .0
        .and_then(|target| TypedArray::<u8>::from_value(target).ok())
        .ok_or_else(|| wrong(2, "Uint8Array"))?;
    let room = target.len();
    let mut end = text.len().min(room);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let part = &text[..end];
    if let Some(raw) = target.as_raw().filter(|_| end > 0) {
        // SAFETY: the array has `room` bytes there and `end` is not more; nothing runs JavaScript
        // meanwhile.
        unsafe { std::ptr::copy_nonoverlapping(part.as_ptr(), raw.as_ptr().cast(), end) };
    }
    let result = Object::new(ctx)?;
    result.set("read", part.encode_utf16().count() as u32)?;
    result.set("written", end as u32)?;
    Ok(result)
}

/// What a `TextDecoder` is.
struct TextDecoder {
    encoding: &'static Encoding,
    is_fatal: bool,
    keeps_mark: bool,
    /// While a stream is under way.
    decoder: Option<Decoder>,
}

// SAFETY: it holds no value of JavaScript.
unsafe impl<'js> JsLifetime<'js> for TextDecoder {
    type Changed<'to> = TextDecoder;
}

impl<'js> Trace<'js> for TextDecoder {
    fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
}

impl<'js> JsClass<'js> for TextDecoder {
    const NAME: &'static str = DECODER;
    type Mutable = rquickjs::class::Writable;

    fn prototype(ctx: &Ctx<'js>) -> Result<Option<Object<'js>>> {
        let proto = Object::new(ctx.clone())?;
        method(&proto, "decode", decode)?;
        getter(&proto, "encoding", |ctx: Ctx<'js>, it: This<Value<'js>>| {
            let object = this::<TextDecoder>(&ctx, &it.0)?;
            let name = object.borrow().encoding.name().to_ascii_lowercase();
            Ok::<_, rquickjs::Error>(name)
        })?;
        getter(&proto, "fatal", |ctx: Ctx<'js>, it: This<Value<'js>>| {
            let is_fatal = this::<TextDecoder>(&ctx, &it.0)?.borrow().is_fatal;
            Ok::<_, rquickjs::Error>(is_fatal)
        })?;
        getter(
            &proto,
            "ignoreBOM",
            |ctx: Ctx<'js>, it: This<Value<'js>>| {
                let keeps_mark = this::<TextDecoder>(&ctx, &it.0)?.borrow().keeps_mark;
                Ok::<_, rquickjs::Error>(keeps_mark)
            },
        )?;
        Ok(Some(proto))
    }

    fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

/// A member of a dictionary that is true or false.
fn flag(options: &Value<'_>, name: &str) -> Result<bool> {
    match options.as_object() {
        Some(options) => Ok(options.get::<_, rquickjs::Coerced<bool>>(name)?.0),
        None => Ok(false),
    }
}

/// Refuses what is no dictionary. The words for null are workerd's own.
fn dictionary<'js>(
    ctx: &Ctx<'js>,
    options: Opt<Value<'js>>,
    method: &str,
    wanted: &str,
) -> Result<Value<'js>> {
    match options.0 {
        None => Ok(Value::new_undefined(ctx.clone())),
        Some(options) if options.is_object() || options.is_undefined() => Ok(options),
        Some(options) if options.is_null() => {
            let message = format!(
                "Cannot initialize N7workerd3api11TextDecoder{}{wanted}E with required members from an undefined or null value.",
                wanted.len()
            );
            Err(Exception::throw_type(ctx, &message))
        }
        Some(_) => Err(wrong_argument(ctx, DECODER, method, 2, wanted)),
    }
}

fn decode<'js>(
    ctx: Ctx<'js>,
    it: This<Value<'js>>,
    input: Opt<Value<'js>>,
    options: Opt<Value<'js>>,
) -> Result<rquickjs::String<'js>> {
    let object = this::<TextDecoder>(&ctx, &it.0)?;
    let input = match input.0 {
        Some(input) if input.is_object() => Some(input),
        Some(input) if !input.is_undefined() => {
            return Err(wrong_argument(&ctx, DECODER, "decode", 1, "Array"));
        }
        _ => None,
    };
    let options = dictionary(&ctx, options, "decode", "DecodeOptions")?;
    let continues = flag(&options, "stream")?;
    // Finding the bytes may call what a tenant wrote: nothing is borrowed meanwhile.
    let text = |bytes: &[u8]| object.borrow_mut().text(&ctx, bytes, continues);
    let decoded = match input {
        None => text(&[]),
        Some(input) => bytes::with(&ctx, &input, text).map_err(|_| {
            ctx.catch();
            wrong_argument(&ctx, DECODER, "decode", 1, "Array")
        })?,
    };
    decoded?.ok_or_else(|| Exception::throw_type(&ctx, "Failed to decode input."))
}

impl TextDecoder {
    fn new_decoder(&self) -> Decoder {
        if self.keeps_mark {
            self.encoding.new_decoder_without_bom_handling()
        } else {
            self.encoding.new_decoder_with_bom_removal()
        }
    }

    /// None for what is not in the encoding, if that is fatal.
    fn text<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        bytes: &[u8],
        continues: bool,
    ) -> Result<Option<rquickjs::String<'js>>> {
        let string = |text: &str| rquickjs::String::from_str(ctx.clone(), text).map(Some);
        if self.encoding == UTF_8 && self.decoder.is_none() && !continues {
            let bytes = match bytes.strip_prefix(b"\xef\xbb\xbf") {
                Some(rest) if !self.keeps_mark => rest,
                _ => bytes,
            };
            return match std::str::from_utf8(bytes) {
                Ok(text) => string(text),
                Err(_) if self.is_fatal => Ok(None),
                Err(_) => string(&String::from_utf8_lossy(bytes)),
            };
        }
        // Of a stream, and where a byte is left over, halves are replaced all the same.
        let is_whole = self.decoder.is_none() && !continues && bytes.len().is_multiple_of(2);
        if self.encoding == UTF_16LE && is_whole && is_set(Switch::KeepHalves) {
            return Ok(self.units(ctx, bytes)?.into_string());
        }
        let mut decoder = match self.decoder.take() {
            Some(decoder) => decoder,
            None => self.new_decoder(),
        };
        let without = match (self.encoding == GBK || self.encoding == GB18030)
            && bytes.contains(&0x80)
            && is_set(Switch::NoSingleEuro)
        {
            true => Cow::Owned(without_single_euro(bytes)),
            false => Cow::Borrowed(bytes),
        };
        let bytes = without.as_ref();
        let room = decoder.max_utf8_buffer_length(bytes.len());
        let mut text = String::with_capacity(room.unwrap_or_default());
        if self.is_fatal {
            let (result, _) =
                decoder.decode_to_string_without_replacement(bytes, &mut text, !continues);
            if result != DecoderResult::InputEmpty {
                return Ok(None);
            }
        } else {
            // The room is enough by what the crate says of it.
            let _ = decoder.decode_to_string(bytes, &mut text, !continues);
        }
        if continues {
            self.decoder = Some(decoder);
        }
        string(&text)
    }
}

impl TextDecoder {
    /// UTF-16 as it is, halves of pairs too.
    fn units<'js>(&self, ctx: &Ctx<'js>, bytes: &[u8]) -> Result<Value<'js>> {
        let mut units: Vec<u16> = bytes
            .chunks_exact(2)
            .map(|unit| u16::from_le_bytes([unit[0], unit[1]]))
            .collect();
        if !self.keeps_mark && units.first() == Some(&0xfeff) {
            units.remove(0);
        }
        crate::buffers::from_units(ctx, &units)
    }
}

/// The same bytes with something that is no character where 0x80 stands alone.
fn without_single_euro(bytes: &[u8]) -> Vec<u8> {
    let mut all = bytes.to_vec();
    let mut at = 0;
    while let Some(byte) = all.get(at).copied() {
        at += match byte {
            0x80 => {
                all[at] = 0xff;
                1
            }
            0x81..=0xfe if all.get(at + 1).is_some_and(u8::is_ascii_digit) => 4,
            0x81..=0xfe => 2,
            _ => 1,
        };
    }
    all
}

fn construct_decoder<'js>(
    ctx: Ctx<'js>,
    unknown: &Function<'js>,
    target: This<Value<'js>>,
    label: Opt<Value<'js>>,
    options: Opt<Value<'js>>,
) -> Result<Class<'js, TextDecoder>> {
    constructing(&ctx, &target.0, DECODER)?;
    let label = match label.0 {
        Some(label) if !label.is_undefined() => lossy(&ctx, &label)?,
        _ => "utf-8".to_owned(),
    };
    let options = dictionary(&ctx, options, "", "ConstructorOptions")?;
    let encoding = Encoding::for_label(label.as_bytes()).filter(|it| *it != REPLACEMENT);
    let Some(encoding) = encoding else {
        // However long it is, and whatever is in it.
        let error: Value = unknown.call((format!("\"{label}\" is not a valid encoding."),))?;
        return Err(ctx.throw(error));
    };
    let decoder = TextDecoder {
        encoding,
        is_fatal: flag(&options, "fatal")?,
        keeps_mark: flag(&options, "ignoreBOM")?,
        decoder: None,
    };
    Class::instance(ctx, decoder)
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 with padding.
pub fn to_base64(bytes: &[u8]) -> String {
    let digit = |bits: u32| char::from(ALPHABET[(bits & 63) as usize]);
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        text.push(digit(bits >> 18));
        text.push(digit(bits >> 12));
        text.push(if group.len() > 1 {
            digit(bits >> 6)
        } else {
            '='
        });
        text.push(if group.len() > 2 { digit(bits) } else { '=' });
    }
    text
}

/// The bytes of base64 as `atob` forgives it: white space anywhere, padding or none.
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !matches!(byte, b'\t' | b'\n' | b'\x0c' | b'\r' | b' '))
        .collect();
    if digits.len().is_multiple_of(4) {
        for _ in 0..2 {
            if digits.last() == Some(&b'=') {
                digits.pop();
            }
        }
    }
    if digits.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    for group in digits.chunks(4) {
        let mut bits: u32 = 0;
        for digit in group {
            let value = match digit {
                b'A'..=b'Z' => digit - b'A',
                b'a'..=b'z' => digit - b'a' + 26,
                b'0'..=b'9' => digit - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(value);
        }
        bits <<= 6 * (4 - group.len());
        let [_, all @ ..] = bits.to_be_bytes();
        bytes.extend_from_slice(&all[..group.len() - 1]);
    }
    Some(bytes)
}

const NOT_LATIN1: &str =
    "btoa() can only operate on characters in the Latin1 (ISO/IEC 8859-1) range.";
const NOT_BASE64: &str = "atob() called with invalid base64-encoded data. (Only whitespace, '+', '/', alphanumeric ASCII, and up to two terminal '=' signs when the input data length is divisible by 4 are allowed.)";

/// Adds what makes the classes and functions to the natives.
///
/// # Errors
/// When memory is used up.
pub fn install<'js>(_: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set(
        "textEncoderClass",
        Func::from(|ctx: Ctx<'js>| {
            let class = Constructor::new_class::<TextEncoder, _, _>(
                ctx,
                |ctx: Ctx<'js>, target: This<Value<'js>>| {
                    constructing(&ctx, &target.0, ENCODER)?;
                    Class::instance(ctx, TextEncoder)
                },
            )?;
            class.set_length(0)?;
            Ok::<_, rquickjs::Error>(class)
        }),
    )?;
    // `textDecoderClass(unknown)`: `unknown(message)` gives the error that an unknown label throws.
    native.set(
        "textDecoderClass",
        Func::from(|ctx: Ctx<'js>, unknown: Function<'js>| {
            let construct = move |ctx, target, label, options| {
                construct_decoder(ctx, &unknown, target, label, options)
            };
            let class = Constructor::new_class::<TextDecoder, _, _>(ctx, construct)?;
            class.set_length(0)?;
            Ok::<_, rquickjs::Error>(class)
        }),
    )?;
    // `base64(bad)`: the functions atob and btoa; `bad(message)` gives the error that they throw.
    native.set(
        "base64",
        Func::from(|ctx: Ctx<'js>, bad: Function<'js>| {
            let refuse = bad.clone();
            let fail = move |ctx: &Ctx<'js>, message: &str| match refuse.call((message,)) {
                Ok(error) => ctx.throw(error),
                Err(error) => error,
            };
            let missing = |ctx: &Ctx<'js>, method: &str, wanted: &str| {
                wrong_argument(ctx, "ServiceWorkerGlobalScope", method, 1, wanted)
            };
            let of_global = |ctx: &Ctx<'js>, this: &Value<'js>| {
                if this.is_undefined() || this.is_null() || *this == ctx.globals().into_value() {
                    return Ok(());
                }
                Err(Exception::throw_type(ctx, ILLEGAL))
            };
            let functions = Object::new(ctx.clone())?;
            let not_base64 = fail.clone();
            functions.set(
                "atob",
                function(
                    &ctx,
                    "atob",
                    move |ctx: Ctx<'js>, this: This<Value<'js>>, text: Opt<Value<'js>>| {
                        of_global(&ctx, &this.0)?;
                        let text = text.0.ok_or_else(|| missing(&ctx, "atob", "string"))?;
                        let text = usv(&ctx, &text)?;
                        match from_base64(&text) {
                            Some(bytes) => {
                                let text: String = bytes.into_iter().map(char::from).collect();
                                rquickjs::String::from_str(ctx, &text)
                            }
                            None => Err(not_base64(&ctx, NOT_BASE64)),
                        }
                    },
                )?,
            )?;
            functions.set(
                "btoa",
                function(
                    &ctx,
                    "btoa",
                    move |ctx: Ctx<'js>, this: This<Value<'js>>, text: Opt<Value<'js>>| {
                        of_global(&ctx, &this.0)?;
                        let text = text.0.ok_or_else(|| missing(&ctx, "btoa", "String"))?;
                        let text = usv(&ctx, &text)?;
                        let bytes: Option<Vec<u8>> = text
                            .chars()
                            .map(|character| u8::try_from(u32::from(character)).ok())
                            .collect();
                        match bytes {
                            Some(bytes) => Ok(to_base64(&bytes)),
                            None => Err(fail(&ctx, NOT_LATIN1)),
                        }
                    },
                )?,
            )?;
            Ok::<_, rquickjs::Error>(functions)
        }),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn base64_is_what_it_was_made_of() {
        for bytes in [&b""[..], b"a", b"ab", b"abc", &[0, 255, 254, 1, 128]] {
            assert_eq!(from_base64(&to_base64(bytes)).unwrap(), bytes);
        }
    }

    #[test]
    fn base64_is_forgiven_white_space_and_no_padding() {
        assert_eq!(from_base64(" Y W\nJ\tj ").unwrap(), b"abc");
        assert_eq!(from_base64("YQ").unwrap(), b"a");
    }

    #[test]
    fn base64_is_refused() {
        for text in [
            "Y",
            "YQ=",
            "====",
            "Y===",
            "YQ==YQ==",
            "-_-_",
            "YQ=a",
            "\u{e9}",
            "YQ==\u{b}",
        ] {
            assert_eq!(from_base64(text), None, "{text}");
        }
    }
}
