//! What may not be shown of URLs and header fields (spec: SEMANTICS §17).

use std::borrow::Cow;

/// What stands in the place of a secret.
pub const REDACTED: &str = "REDACTED";

/// Words in a header's name whose values are secrets.
const SECRET_WORDS: [&str; 5] = ["auth", "key", "secret", "token", "jwt"];

/// A header's value as it may be shown. Bytes that are no text are replaced.
pub fn redacted_header<'a>(name: &str, value: &'a [u8]) -> Cow<'a, str> {
    if is_secret_header(name) {
        Cow::Borrowed(REDACTED)
    } else {
        String::from_utf8_lossy(value)
    }
}

/// Whether the values of header fields of this name are secrets.
pub fn is_secret_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "cookie" || name == "set-cookie" || SECRET_WORDS.iter().any(|word| name.contains(word))
}

/// The parts of a URL that may not be shown.
pub fn secrets_of_url(url: &str) -> impl Iterator<Item = &str> {
    url.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '_' | '-'))
        .filter(|run| looks_secret(run.as_bytes()))
}

/// A URL as it may be shown: runs of letters, digits, `+`, `_` and `-` that look like
/// identifiers or keys are replaced.
pub fn redacted_url(url: &str) -> Cow<'_, str> {
    let mut shown: Option<String> = None;
    let mut copied = 0;
    let mut at = 0;
    while at < url.len() {
        let len = run(&url.as_bytes()[at..]);
        if len == 0 {
            at += 1;
            continue;
        }
        if looks_secret(&url.as_bytes()[at..at + len]) {
            let shown = shown.get_or_insert_with(String::new);
            // Runs are ASCII, so these are borders of characters.
            shown.push_str(&url[copied..at]);
            shown.push_str(REDACTED);
            copied = at + len;
        }
        at += len;
    }
    match shown {
        Some(mut shown) => {
            shown.push_str(&url[copied..]);
            Cow::Owned(shown)
        }
        None => Cow::Borrowed(url),
    }
}

fn run(bytes: &[u8]) -> usize {
    let end = bytes
        .iter()
        .position(|byte| !byte.is_ascii_alphanumeric() && !is_separator(*byte));
    end.unwrap_or(bytes.len())
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b'+' | b'_' | b'-')
}

fn looks_secret(run: &[u8]) -> bool {
    let count = |of: fn(&u8) -> bool| run.iter().filter(|byte| of(byte)).count();
    let hex = count(u8::is_ascii_hexdigit);
    let separators = count(|byte| is_separator(*byte));
    if hex >= 32 && hex + separators == run.len() {
        return true;
    }
    run.len() >= 21
        && count(u8::is_ascii_uppercase) >= 2
        && count(u8::is_ascii_lowercase) >= 2
        && count(u8::is_ascii_digit) >= 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn secrets_in_headers_are_not_shown() {
        let check = |name, expect| assert_eq!(redacted_header(name, b"v"), expect, "{name}");
        for name in [
            "cookie",
            "Set-Cookie",
            "authorization",
            "X-Api-Key",
            "client-secret",
            "csrf-TOKEN",
            "cf-access-jwt-assertion",
            "keyboard",
        ] {
            check(name, REDACTED);
        }
        for name in ["accept", "host", "cookies", "x-id"] {
            check(name, "v");
        }
        assert_eq!(redacted_header("x", b"a\xff"), "a\u{fffd}");
    }

    #[test]
    fn secrets_in_urls_are_not_shown() {
        let check = |url: &str, expect: &str| assert_eq!(redacted_url(url), expect);
        let hex = "0123456789abcdef0123456789abcdef";
        let mixed = "abcdefgHIJKLM01234567";
        let plain = "http://a.example/path/of/words?and=values&x=1";
        check(plain, plain);
        check(&format!("/{hex}/x"), "/REDACTED/x");
        check(
            &format!("/{}?a={hex}&b={mixed}", &hex[1..]),
            &format!("/{}?a=REDACTED&b=REDACTED", &hex[1..]),
        );
        check("/01234567-89ab-cdef-0123-456789abcdef", "/REDACTED");
        check(&format!("/{hex}g"), &format!("/{hex}g"));
        check(&mixed[1..], &mixed[1..]);
        check(
            "abcdefghijklmnopqrstuv01234567",
            "abcdefghijklmnopqrstuv01234567",
        );
        check(&format!("\u{e4}{mixed}\u{e4}"), "\u{e4}REDACTED\u{e4}");
    }

    proptest! {
        #[test]
        fn nothing_that_looks_secret_is_left(url in "([a-fA-F0-9-]{0,50}[/?=&.\u{e4}]){0,4}[a-zA-Z0-9_]{0,40}") {
            let shown = redacted_url(&url);
            for run in shown.split(|c: char| !c.is_ascii_alphanumeric() && !"+_-".contains(c)) {
                prop_assert!(!looks_secret(run.as_bytes()), "{run} in {shown}");
            }
            prop_assert_eq!(redacted_url(&shown), shown.as_ref());
        }
    }
}
