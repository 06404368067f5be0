//! The header that names versions, `Cloudflare-Workers-Version-Overrides`: a dictionary of
//! structured fields (RFC 8941 §3.2), of which the members that are strings count. A field that
//! is malformed anywhere is ignored whole, as the RFC asks.

/// The header's name.
pub const HEADER: &str = "cloudflare-workers-version-overrides";
/// Members that are read; a field of more is ignored.
const MEMBERS_MAX: usize = 256;

/// The string that a field has for this key, if the field is well-formed. The last member of a
/// key counts.
pub fn find<'f>(field: &'f str, key: &str) -> Option<&'f str> {
    let mut parser = Parser { rest: field };
    let mut found = None;
    parser.spaces();
    for _ in 0..MEMBERS_MAX {
        if parser.rest.is_empty() {
            return found;
        }
        let name = parser.key()?;
        let value = match parser.eat('=') {
            true => parser.member()?,
            // A boolean that is true, with parameters perhaps.
            false => {
                parser.parameters()?;
                None
            }
        };
        if name == key {
            found = value;
        }
        parser.blanks();
        if parser.rest.is_empty() {
            return found;
        }
        if !parser.eat(',') {
            return None;
        }
        parser.blanks();
        if parser.rest.is_empty() {
            // A comma is followed by something.
            return None;
        }
    }
    None
}

/// What is left of a field.
struct Parser<'f> {
    rest: &'f str,
}

impl<'f> Parser<'f> {
    fn eat(&mut self, char: char) -> bool {
        match self.rest.strip_prefix(char) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Skips `SP`.
    fn spaces(&mut self) {
        self.rest = self.rest.trim_start_matches(' ');
    }

    /// Skips `OWS`.
    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    /// Takes as many bytes as fit; they are ASCII.
    fn take(&mut self, fits: impl Fn(u8) -> bool) -> &'f str {
        let len = self.rest.bytes().take_while(|byte| fits(*byte)).count();
        let (taken, rest) = self.rest.split_at(len);
        self.rest = rest;
        taken
    }

    fn key(&mut self) -> Option<&'f str> {
        let first = self.rest.bytes().next()?;
        if !first.is_ascii_lowercase() && first != b'*' {
            return None;
        }
        Some(self.take(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.*".contains(&byte)
        }))
    }

    /// An item or an inner list, with its parameters: its text, if it is a string.
    fn member(&mut self) -> Option<Option<&'f str>> {
        if !self.eat('(') {
            return self.item();
        }
        loop {
            self.spaces();
            if self.eat(')') {
                self.parameters()?;
                return Some(None);
            }
            self.item()?;
            if !self.rest.starts_with([' ', ')']) {
                return None;
            }
        }
    }

    fn item(&mut self) -> Option<Option<&'f str>> {
        let bare = self.bare()?;
        self.parameters()?;
        Some(bare)
    }

    fn parameters(&mut self) -> Option<()> {
        while self.eat(';') {
            self.spaces();
            self.key()?;
            if self.eat('=') {
                self.bare()?;
            }
        }
        Some(())
    }

    fn bare(&mut self) -> Option<Option<&'f str>> {
        let first = self.rest.bytes().next()?;
        match first {
            b'"' => self.string(),
            b'-' | b'0'..=b'9' => self.number(),
            b':' => {
                self.eat(':');
                self.take(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
                self.eat(':').then_some(None)
            }
            b'?' => {
                self.eat('?');
                (self.eat('0') || self.eat('1')).then_some(None)
            }
            b'*' | b'a'..=b'z' | b'A'..=b'Z' => {
                self.take(|byte| {
                    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:/".contains(&byte)
                });
                Some(None)
            }
            _ => None,
        }
    }

    /// A string. One with escapes is well-formed and names no version.
    fn string(&mut self) -> Option<Option<&'f str>> {
        self.eat('"');
        let start = self.rest;
        let mut escaped = false;
        let mut plain = true;
        for (at, byte) in start.bytes().enumerate() {
            match byte {
                b'"' | b'\\' if escaped => escaped = false,
                _ if escaped => return None,
                b'\\' => {
                    escaped = true;
                    plain = false;
                }
                b'"' => {
                    self.rest = &start[at + 1..];
                    return Some(plain.then(|| &start[..at]));
                }
                0x20..=0x7e => {}
                _ => return None,
            }
        }
        None
    }

    /// An integer of up to 15 digits, or a decimal of up to 12 and 3.
    fn number(&mut self) -> Option<Option<&'f str>> {
        self.eat('-');
        let whole = self.take(|byte| byte.is_ascii_digit()).len();
        if whole == 0 || whole > 15 {
            return None;
        }
        if self.eat('.') {
            let fraction = self.take(|byte| byte.is_ascii_digit()).len();
            if whole > 12 || fraction == 0 || fraction > 3 {
                return None;
            }
        }
        Some(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_found_and_other_members_are_passed_by() {
        for (field, expected) in [
            (r#"a="1""#, Some("1")),
            (r#"  a="1"  "#, Some("1")),
            (r#"b="2", a="1""#, Some("1")),
            ("b=\"2\"\t,\ta=\"1\"", Some("1")),
            (r#"a="1", a="3""#, Some("3")),
            (r#"a="1", a"#, None),
            (r#"a="1";p=2;q, b"#, Some("1")),
            (
                r#"b=?1, c=1.5, d=:aGk=:, e=tok/en, f=("x" y);z, g=-12, a="1""#,
                Some("1"),
            ),
            (r#"a=1"#, None),
            (r#"a=tok"#, None),
            (r#"a"#, None),
            (r#"aa="1""#, None),
            (r#"a="with \"quotes\"""#, None),
            (r#"a="\\", b="1""#, None),
            ("", None),
        ] {
            assert_eq!(find(field, "a"), expected, "{field}");
        }
    }

    #[test]
    fn what_is_malformed_is_ignored_whole() {
        for field in [
            r#"a="1","#,
            r#"a="1", ,"#,
            r#"a="1"; p"x""#,
            r#"a="1" b="2""#,
            r#"a="1", B="2""#,
            r#"a="1", b=("#,
            r#"a="1", b=("x""y")"#,
            r#"a="1", b=?2"#,
            r#"a="1", b=1234567890123456"#,
            r#"a="1", b=1."#,
            r#"a="1", b=1.2345"#,
            r#"a="1", b=:x"#,
            r#"a="1", b="x"#,
            r#"a="1", b="\x""#,
            "a=\"1\", b=\"\u{e9}\"",
            "a=\"\u{7f}\"",
            r#"a="1", ="2""#,
            r#"a= "1""#,
            r#"a ="1""#,
            ",",
            "\ta=\"1\"",
        ] {
            assert_eq!(find(field, "a"), None, "{field}");
        }
        let many = vec![r#"a="1""#; MEMBERS_MAX + 1].join(", ");
        assert_eq!(find(&many, "a"), None);
    }
}
