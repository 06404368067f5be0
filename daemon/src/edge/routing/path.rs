//! The first segment of a path as the name of a script.

use super::{NAME_MAX, Part};

/// What a path says.
#[derive(Debug, PartialEq, Eq)]
#[allow(
    clippy::large_enum_variant,
    reason = "lives on the stack for one lookup; boxing would be the allocation it avoids"
)]
pub enum Segment<'a> {
    /// A name, and the path behind it, which starts with a slash.
    Name(Part<'a>, &'a str),
    /// A name that no script can have: too long.
    TooLong,
    /// No name: the segment is empty, a dot segment, or not text.
    Invalid,
}

/// Reads the first segment of `path`, percent-decoded. `path` has no query.
///
/// Dot segments are refused in the first place, however they are written; behind it they are
/// the Worker's business, which cannot leave its own paths.
pub fn first_segment(path: &str) -> Segment<'_> {
    let Some(path) = path.strip_prefix('/') else {
        return Segment::Invalid;
    };
    let (raw, rest) = match path.find('/') {
        Some(end) => path.split_at(end),
        None => (path, "/"),
    };
    let name = if raw.contains('%') {
        let mut decoded: heapless::Vec<u8, NAME_MAX> = heapless::Vec::new();
        let mut bytes = raw.bytes();
        while let Some(byte) = bytes.next() {
            let byte = if byte == b'%' {
                match (bytes.next().and_then(digit), bytes.next().and_then(digit)) {
                    (Some(high), Some(low)) => high << 4 | low,
                    _ => return Segment::Invalid,
                }
            } else {
                byte
            };
            if decoded.push(byte).is_err() {
                return Segment::TooLong;
            }
        }
        match heapless::String::from_utf8(decoded) {
            Ok(name) => Part::Owned(name),
            Err(_) => return Segment::Invalid,
        }
    } else if raw.len() > NAME_MAX {
        return Segment::TooLong;
    } else {
        Part::Borrowed(raw)
    };
    match name.as_str() {
        "" | "." | ".." => Segment::Invalid,
        text if text.chars().any(char::is_control) => Segment::Invalid,
        _ => Segment::Name(name, rest),
    }
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(path: &str, expect: Option<(&str, &str)>) {
        let got = match first_segment(path) {
            Segment::Name(name, rest) => Some((name.as_str().to_owned(), rest.to_owned())),
            _ => None,
        };
        let expect = expect.map(|(name, rest)| (name.to_owned(), rest.to_owned()));
        assert_eq!(got, expect, "path {path:?}");
    }

    #[test]
    fn the_first_segment_is_the_name() {
        check("/shop", Some(("shop", "/")));
        check("/shop/", Some(("shop", "/")));
        check("/shop/a/b", Some(("shop", "/a/b")));
        check("/shop//b", Some(("shop", "//b")));
        check("/shop/../b", Some(("shop", "/../b")));
        check("/sh%6Fp/a%2Fb", Some(("shop", "/a%2Fb")));
        check("/a%2Fb/c", Some(("a/b", "/c")));
        check("/%c3%a4/", Some(("\u{e4}", "/")));
        check("/...", Some(("...", "/")));
    }

    #[test]
    fn paths_without_a_name_are_invalid() {
        for path in [
            "",
            "/",
            "//",
            "//shop",
            "shop",
            "*",
            "/.",
            "/..",
            "/../shop",
            "/%2e%2E/shop",
            "/%",
            "/%2",
            "/%zz",
            "/%ff/",
            "/%00",
            "/a%0ab",
        ] {
            check(path, None);
            assert_eq!(first_segment(path), Segment::Invalid, "path {path:?}");
        }
        let long = format!("/{}", "a".repeat(NAME_MAX + 1));
        assert_eq!(first_segment(&long), Segment::TooLong);
        let long = format!("/%61{}", "a".repeat(NAME_MAX));
        assert_eq!(first_segment(&long), Segment::TooLong);
    }

    proptest! {
        #[test]
        fn encoding_a_name_changes_nothing(name in "[a-zA-Z0-9_-]{1,40}", rest in "(/[a-z%./]{0,9})?", mask: u64) {
            let encoded: String = name
                .bytes()
                .enumerate()
                .map(|(i, byte)| match mask >> (i % 64) & 1 {
                    0 => char::from(byte).to_string(),
                    _ => format!("%{byte:02x}"),
                })
                .collect();
            let expect_rest = if rest.is_empty() { "/" } else { rest.as_str() };
            check(&format!("/{encoded}{rest}"), Some((&name, expect_rest)));
        }

        #[test]
        fn no_path_makes_it_panic(path: String) {
            if let Segment::Name(name, rest) = first_segment(&path) {
                prop_assert!(!name.as_str().is_empty());
                prop_assert!(rest.starts_with('/'));
                prop_assert!(rest == "/" || path.ends_with(rest));
            }
        }
    }
}
