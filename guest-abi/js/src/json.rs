//! What is wrong with text that is not JSON, in the words that tenants know from V8. The engine's
//! own words stay where they are the same: in numbers and in strings' escapes.

use rquickjs::function::{Constructor, Func};
use rquickjs::{Ctx, Exception, Object, Result, Value, qjs};

/// Units of UTF-16 that are shown before and after what was not expected.
const CONTEXT: usize = 10;

struct Scanner {
    text: Vec<u16>,
    at: usize,
}

/// What ends a scan: the words, or `None` where the engine's are right.
type Fault = Option<String>;
type Scan = std::result::Result<(), Fault>;

const QUOTE: u16 = b'"' as u16;
const BACKSLASH: u16 = b'\\' as u16;

fn is(unit: Option<u16>, byte: u8) -> bool {
    unit == Some(u16::from(byte))
}

impl Scanner {
    fn peek(&self) -> Option<u16> {
        self.text.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(0x20 | 0x09 | 0x0a | 0x0d)) {
            self.at += 1;
        }
    }

    /// Takes the unit if it is next, after white space.
    fn check(&mut self, byte: u8) -> bool {
        self.space();
        let found = is(self.peek(), byte);
        if found {
            self.at += 1;
        }
        found
    }

    /// The same; else it ends with these words.
    fn expect(&mut self, byte: u8, what: &str) -> Scan {
        if self.check(byte) {
            return Ok(());
        }
        Err(Some(self.placed(what)))
    }

    fn placed(&self, what: &str) -> String {
        let before = &self.text[..self.at];
        let mut line = 1;
        let mut start = 0;
        for (at, unit) in before.iter().enumerate() {
            let is_return = *unit == 0x0d;
            let is_pair = is_return && before.get(at + 1) == Some(&0x0a);
            if (*unit == 0x0a || is_return) && !is_pair {
                line += 1;
                start = at + 1;
            }
        }
        let (at, column) = (self.at, self.at - start + 1);
        format!("{what} in JSON at position {at} (line {line} column {column})")
    }

    fn shown(&self, from: usize, to: usize) -> String {
        String::from_utf16_lossy(self.text.get(from..to).unwrap_or_default())
    }

    /// What is next belongs nowhere.
    fn unexpected(&self) -> Fault {
        let length = self.text.len();
        let Some(unit) = self.peek() else {
            return Some("Unexpected end of JSON input".to_owned());
        };
        match unit {
            QUOTE => return Some(self.placed("Unexpected string")),
            unit if is_digit(Some(unit)) || is(Some(unit), b'-') => {
                return Some(self.placed("Unexpected number"));
            }
            _ => {}
        }
        let whole = self.shown(0, length.min(20));
        if matches!(
            whole.as_str(),
            "NaN" | "Infinity" | "undefined" | "[object Object]"
        ) {
            return Some(format!("\"{whole}\" is not valid JSON"));
        }
        let token = self.shown(self.at, self.at + 1);
        let (before, context, after) = if length <= 2 * CONTEXT {
            ("", whole, "")
        } else if self.at < CONTEXT {
            ("", self.shown(0, self.at + CONTEXT), "...")
        } else if self.at < length - CONTEXT {
            let context = self.shown(self.at - CONTEXT, self.at + CONTEXT);
            ("...", context, "...")
        } else {
            ("...", self.shown(self.at - CONTEXT, length), "")
        };
        Some(format!(
            "Unexpected token '{token}', {before}\"{context}\"{after} is not valid JSON"
        ))
    }

    /// A whole text. Depth costs memory and no stack.
    fn run(&mut self) -> Scan {
        // For each array or object that is open, whether it is an object.
        let mut open: Vec<bool> = Vec::new();
        loop {
            self.space();
            let unit = self.peek();
            if is(unit, b'{') {
                self.at += 1;
                if !self.check(b'}') {
                    self.key("Expected property name or '}'")?;
                    open.push(true);
                    continue;
                }
            } else if is(unit, b'[') {
                self.at += 1;
                if !self.check(b']') {
                    open.push(false);
                    continue;
                }
            } else {
                self.plain(unit)?;
            }
            loop {
                match open.last() {
                    None => {
                        self.space();
                        if self.peek().is_some() {
                            let words =
                                self.placed("Unexpected non-whitespace character after JSON");
                            return Err(Some(words.replace("JSON in JSON", "JSON")));
                        }
                        return Ok(());
                    }
                    Some(true) => {
                        if self.check(b',') {
                            self.key("Expected double-quoted property name")?;
                            break;
                        }
                        self.expect(b'}', "Expected ',' or '}' after property value")?;
                    }
                    Some(false) => {
                        if self.check(b',') {
                            break;
                        }
                        self.expect(b']', "Expected ',' or ']' after array element")?;
                    }
                }
                open.pop();
            }
        }
    }

    fn key(&mut self, what: &str) -> Scan {
        self.expect(b'"', what)?;
        self.string()?;
        self.expect(b':', "Expected ':' after property name")
    }

    /// A value that is no array and no object.
    fn plain(&mut self, unit: Option<u16>) -> Scan {
        let literal: &[u8] = match unit {
            Some(QUOTE) => {
                self.at += 1;
                return self.string();
            }
            unit if is_digit(unit) || is(unit, b'-') => return self.number(),
            unit if is(unit, b't') => b"true",
            unit if is(unit, b'f') => b"false",
            unit if is(unit, b'n') => b"null",
            _ => return Err(self.unexpected()),
        };
        for byte in literal {
            if !is(self.peek(), *byte) {
                return Err(self.unexpected());
            }
            self.at += 1;
        }
        Ok(())
    }

    /// The rest of a string, after its first quote.
    fn string(&mut self) -> Scan {
        loop {
            match self.peek() {
                None => return Err(Some(self.placed("Unterminated string"))),
                Some(QUOTE) => {
                    self.at += 1;
                    return Ok(());
                }
                Some(BACKSLASH) => {
                    let escaped = self.text.get(self.at + 1).copied();
                    let is_known = escaped
                        .and_then(|unit| u8::try_from(unit).ok())
                        .is_some_and(|byte| b"\"\\/bfnrtu".contains(&byte));
                    if !is_known {
                        return Err(None);
                    }
                    self.at += 2;
                }
                Some(0..0x20) => {
                    return Err(Some(self.placed("Bad control character in string literal")));
                }
                Some(_) => self.at += 1,
            }
        }
    }

    fn number(&mut self) -> Scan {
        if is(self.peek(), b'-') {
            self.at += 1;
            if !is_digit(self.peek()) {
                return Err(Some(self.placed("No number after minus sign")));
            }
        }
        if is(self.peek(), b'0') {
            self.at += 1;
            if is_digit(self.peek()) {
                return Err(Some(self.placed("Unexpected number")));
            }
        }
        self.digits();
        if is(self.peek(), b'.') {
            self.at += 1;
            if !is_digit(self.peek()) {
                return Err(None);
            }
            self.digits();
        }
        if is(self.peek(), b'e') || is(self.peek(), b'E') {
            self.at += 1;
            if is(self.peek(), b'+') || is(self.peek(), b'-') {
                self.at += 1;
            }
            if !is_digit(self.peek()) {
                return Err(None);
            }
            self.digits();
        }
        Ok(())
    }

    fn digits(&mut self) {
        while is_digit(self.peek()) {
            self.at += 1;
        }
    }
}

fn is_digit(unit: Option<u16>) -> bool {
    unit.is_some_and(|unit| (0x30..=0x39).contains(&unit))
}

/// What is wrong with a text, if it is wrong and there are words for it that the engine lacks.
pub fn fault(text: &str) -> Option<String> {
    let text = text.encode_utf16().collect();
    Scanner { text, at: 0 }.run().err().flatten()
}

/// The value that JSON text means.
///
/// # Errors
/// A SyntaxError for text that is none; when memory is used up.
pub fn parse<'js>(ctx: &Ctx<'js>, text: &str) -> Result<Value<'js>> {
    match value_of(ctx, text) {
        Err(rquickjs::Error::Exception) => match fault(text) {
            Some(words) => {
                ctx.catch();
                if words.contains('\0') {
                    // The engine's own would end there.
                    let class: Constructor = ctx.globals().get("SyntaxError")?;
                    let error: Value = class.construct((words,))?;
                    return Err(ctx.throw(error));
                }
                Err(Exception::throw_syntax(ctx, &words))
            }
            None => Err(rquickjs::Error::Exception),
        },
        outcome => outcome,
    }
}

/// The same in the engine's words. Text may have a zero in it, which is no letter of JSON.
fn value_of<'js>(ctx: &Ctx<'js>, text: &str) -> Result<Value<'js>> {
    let mut bytes = Vec::with_capacity(text.len() + 1);
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(0);
    // SAFETY: so many bytes, behind which there is a zero, as the engine wants it.
    let value = unsafe {
        let text = bytes.as_ptr().cast();
        let len = (bytes.len() - 1) as _;
        qjs::JS_ParseJSON(ctx.as_raw().as_ptr(), text, len, c"<input>".as_ptr())
    };
    // SAFETY: the value is this function's own.
    let value = unsafe { Value::from_raw(ctx.clone(), value) };
    if value.is_exception() {
        Err(rquickjs::Error::Exception)
    } else {
        Ok(value)
    }
}

/// Adds `jsonFault(text)` to the natives: the words for what is wrong, or undefined.
///
/// # Errors
/// When memory is used up.
pub fn install<'js>(_: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set(
        "jsonFault",
        Func::from(|ctx: Ctx<'js>, text: Value<'js>| {
            crate::text::usv(&ctx, &text).map(|text| fault(&text))
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, words: &str) {
        assert_eq!(fault(text).as_deref(), Some(words), "{text}");
    }

    #[test]
    fn what_is_not_expected_is_shown_with_what_is_around() {
        check("a", "Unexpected token 'a', \"a\" is not valid JSON");
        check("nope", "Unexpected token 'o', \"nope\" is not valid JSON");
        check(
            "<!DOCTYPE html><html>",
            "Unexpected token '<', \"<!DOCTYPE \"... is not valid JSON",
        );
        check("undefined", "\"undefined\" is not valid JSON");
        check("[1,]", "Unexpected token ']', \"[1,]\" is not valid JSON");
    }

    #[test]
    fn what_is_missing_is_named_with_its_place() {
        check("", "Unexpected end of JSON input");
        check(
            "{\n  \"a\": 1,\n  b\n}",
            "Expected double-quoted property name in JSON at position 14 (line 3 column 3)",
        );
        check(
            "1 2",
            "Unexpected non-whitespace character after JSON at position 2 (line 1 column 3)",
        );
    }

    #[test]
    fn depth_is_no_danger() {
        let text = "[".repeat(1_000_000);
        check(&text, "Unexpected end of JSON input");
    }

    #[test]
    fn good_text_has_no_fault() {
        for text in [
            "1",
            " {\"a\":[1,-2.5e+3,\"\\u00e9\\n\"],\"b\":{}} ",
            "null",
            "[[],{}]",
        ] {
            assert_eq!(fault(text), None, "{text}");
        }
    }
}
