//! JSON with comments and trailing commas, as in `wrangler.jsonc`.
//!
//! What JSON does not have is blanked, byte for byte, so that a parser's line and column are
//! those of the file.

/// The same text as plain JSON. Inside texts nothing changes.
pub fn to_json(text: &str) -> String {
    let mut out = text.as_bytes().to_vec();
    let mut at = 0;
    // The last comma that nothing but blanks and comments has followed so far.
    let mut comma = None;
    // The last byte of JSON before this one: a comma after nothing is a mistake that stays.
    let mut before = b'[';
    while at < out.len() {
        match out[at] {
            b'"' => {
                comma = None;
                before = b'"';
                at = past_text(&out, at);
                continue;
            }
            b'/' if out.get(at + 1) == Some(&b'/') => {
                while at < out.len() && out[at] != b'\n' {
                    out[at] = b' ';
                    at += 1;
                }
                continue;
            }
            b'/' if out.get(at + 1) == Some(&b'*') => {
                at = blank_block(&mut out, at);
                continue;
            }
            b',' => {
                comma = (!matches!(before, b'[' | b'{' | b',')).then_some(at);
                before = b',';
            }
            close @ (b'}' | b']') => {
                if let Some(position) = comma.take() {
                    out[position] = b' ';
                }
                before = close;
            }
            b' ' | b'\t' | b'\r' | b'\n' => {}
            other => {
                comma = None;
                before = other;
            }
        }
        at += 1;
    }
    // Whole comments were blanked and everything else is ASCII, so this is still UTF-8.
    String::from_utf8(out).unwrap_or_default()
}

/// Past the text that begins at `at`.
fn past_text(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Blanks the block comment that begins at `at`, keeping its line ends. One that never ends
/// is left as it is, so that the parser complains.
fn blank_block(out: &mut [u8], at: usize) -> usize {
    let Some(length) = out[at + 2..].windows(2).position(|w| w == b"*/") else {
        return out.len();
    };
    let end = at + 2 + length + 2;
    for byte in &mut out[at..end] {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
    end
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn check(text: &str, expect: Value) {
        let got: Value = serde_json::from_str(&to_json(text)).unwrap();
        assert_eq!(got, expect, "{text}");
    }

    #[test]
    fn what_json_does_not_have_is_blanked() {
        check("{\"a\": 1, // one\n /* two */ }", json!({"a": 1}));
        check("[1, 2, /* x */ ]", json!([1, 2]));
        check("[[1,],]", json!([[1]]));
        check("{\"a\": {\"b\": [],},}", json!({"a": {"b": []}}));
        check("/* ä\n */ \"x\" // ü", json!("x"));
    }

    #[test]
    fn texts_stay() {
        check(
            r#"["// no", "/* no */", ",]", "\",}"]"#,
            json!(["// no", "/* no */", ",]", "\",}"]),
        );
        check(r#"["a\\", 1,]"#, json!(["a\\", 1]));
    }

    #[test]
    fn mistakes_stay_and_keep_their_place() {
        let error = serde_json::from_str::<Value>(&to_json("{ // c\n /* d\n */ x }")).unwrap_err();
        assert_eq!((error.line(), error.column()), (3, 5));
        assert!(serde_json::from_str::<Value>(&to_json("{ /* never ends }")).is_err());
        assert!(serde_json::from_str::<Value>(&to_json("[1,,]")).is_err());
        assert!(serde_json::from_str::<Value>(&to_json("[,]")).is_err());
    }

    proptest! {
        #[test]
        fn plain_json_is_unchanged(items in proptest::collection::vec(".{0,12}", 0..6)) {
            let text = serde_json::to_string(&items).unwrap();
            prop_assert_eq!(to_json(&text), text);
        }

        #[test]
        fn lengths_and_lines_never_change(text in "[a/*,\"\\\\\n{}\\[\\]ä ]{0,60}") {
            let out = to_json(&text);
            prop_assert_eq!(out.len(), text.len());
            prop_assert_eq!(out.matches('\n').count(), text.matches('\n').count());
        }
    }
}
