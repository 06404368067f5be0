//! Lines of the console whose values are strings, numbers and the like, as most are. All others are
//! `prelude/console.js`'s.

use crate::host;
use crate::raw::{self, Cx, Handle, Val, callbacks, utf8};
use postern_abi::event::LOG_VALUES;
use rquickjs::{Object, qjs};

/// What a line says, and the same as JSON, as tail events have it (spec: SEMANTICS §17).
#[derive(Default)]
struct Written {
    line: String,
    json: String,
}

impl Written {
    /// Adds a value; `None` for one that is of another kind.
    fn add(&mut self, cx: Cx, value: Val, is_first: bool) -> Option<()> {
        if !is_first {
            self.line.push(' ');
            self.json.push(',');
        }
        if raw::is_string(value) {
            // Who has surrogates that are alone is shown elsewhere.
            return cx.bytes(value, |bytes| {
                let text = utf8(bytes).filter(|text| !is_first || !text.contains('%'))?;
                self.line.push_str(text);
                quote(&mut self.json, text);
                Some(())
            })?;
        }
        // SAFETY: looks at tags alone.
        let (is_number, is_bool) = unsafe { (qjs::JS_IsNumber(value), qjs::JS_IsBool(value)) };
        if is_number {
            let number = cx.number(value);
            if number == 0.0 && number.is_sign_negative() {
                self.line.push('-');
            }
            let json = &mut self.json;
            let line = &mut self.line;
            return cx.text(value, |text| {
                line.push_str(text);
                json.push_str(if number.is_finite() { text } else { "null" });
            });
        }
        if is_bool || raw::is_nullish(value) {
            let json = &mut self.json;
            let line = &mut self.line;
            return cx.text(value, |text| {
                line.push_str(text);
                json.push_str(if is_bool { text } else { "null" });
            });
        }
        None
    }
}

/// Writes a string as `JSON.stringify` does.
fn quote(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(|it: char| it < ' ' || it == '"' || it == '\\') {
        out.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'\x08' => out.push_str("\\b"),
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            b'\x0c' => out.push_str("\\f"),
            b'\r' => out.push_str("\\r"),
            control @ ..b' ' => out.push_str(&format!("\\u{control:04x}")),
            mark => out.extend(['\\', mark.into()]),
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

callbacks! {
    /// `logPlain(level, values, count)`: whether they are of these kinds; they are written then.
    log_plain(cx, _this, arguments) {
        let [level, count] = [0, 2].map(|at| raw::small(arguments.get(at)).unwrap_or(0) as u32);
        let mut written = Written::default();
        let mut all = (0..count).map(|at| (at, Handle(cx, cx.element(arguments.get(1), at))));
        if !all.all(|(at, value)| written.add(cx, value.1, at == 0).is_some()) {
            return raw::boolean(false);
        }
        host::log(LOG_VALUES, &format!("[{}]", written.json));
        host::log(level, &written.line);
        raw::boolean(true)
    }
}

/// Adds the function to the natives.
pub fn install(cx: Cx, native: &Object<'_>) {
    cx.method(native.as_raw(), c"logPlain", log_plain);
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn strings_are_quoted_as_json() {
        let text = "a\"b\\c\u{1}\u{8}\u{9}\n\u{b}\u{c}\r\u{1f} \u{7f}ä\u{2028}";
        let mut out = String::new();
        quote(&mut out, text);
        assert_eq!(
            out,
            "\"a\\\"b\\\\c\\u0001\\b\\t\\n\\u000b\\f\\r\\u001f \u{7f}ä\u{2028}\""
        );
    }
}
