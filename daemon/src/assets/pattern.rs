//! Patterns of paths: globs, and the splats and placeholders of `_headers` and `_redirects`.
//!
//! Patterns are a tenant's and run without fuel, so matching never goes back over what it tried:
//! its steps are bounded by the pattern's parts times the text's length, and those of all rules
//! that are held against one path by [`Steps`].

/// Steps that matching one path against all rules of a file may take, about a nanosecond each.
const STEPS_MAX: usize = 1_000_000;
/// Bytes of a pattern that are compared in one.
const BYTES_A_STEP: usize = 16;

/// The steps that are left for a path. What would need more does not match.
pub(super) struct Steps(usize);

impl Steps {
    /// For a path that no rule was held against.
    pub fn new() -> Self {
        Self(STEPS_MAX)
    }

    fn take(&mut self, steps: usize) -> Option<()> {
        self.0 = self.0.checked_sub(steps)?;
        Some(())
    }
}

/// Whether a text matches a pattern in which `*` is any text.
pub(super) fn glob(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    true
}

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// Any text.
    Splat,
    /// At least one byte, and none of these.
    Placeholder(String, &'static [u8]),
}

/// A pattern with a splat and placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Part>);

/// What splat and placeholders stood for.
pub(super) type Captured<'p, 't> = Vec<(&'p str, &'t str)>;

impl Pattern {
    /// Reads a pattern; `None` if two of its parts have one name. One that begins with `https://` is for a
    /// host as well.
    pub fn parse(text: &str) -> Option<Self> {
        let host_end = match text.strip_prefix("https://") {
            Some(rest) => "https://".len() + rest.find('/').unwrap_or(rest.len()),
            None => 0,
        };
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut at = 0;
        let bytes = text.as_bytes();
        while at < bytes.len() {
            let name = text[at..].strip_prefix(':').map_or("", |rest| {
                let end = rest
                    .find(|char: char| !char.is_ascii_alphanumeric() && char != '_')
                    .unwrap_or(rest.len());
                &rest[..end]
            });
            let part = if bytes[at] == b'*' {
                at += 1;
                Part::Splat
            } else if name.starts_with(|char: char| char.is_ascii_alphabetic()) {
                let stops: &[u8] = if at < host_end { b"/." } else { b"/" };
                at += 1 + name.len();
                Part::Placeholder(name.to_owned(), stops)
            } else {
                let len = text[at..].chars().next().map_or(1, char::len_utf8);
                plain.push_str(&text[at..at + len]);
                at += len;
                continue;
            };
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(part);
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        let splats = parts.iter().filter(|part| **part == Part::Splat).count();
        let mut names: Vec<&str> = Vec::new();
        for part in &parts {
            if let Part::Placeholder(name, _) = part {
                // The field puts what a name stands for wherever its letters are, in longer names
                // too, and makes two groups of one name, which is no pattern.
                if names.iter().any(|known| name.starts_with(known)) {
                    return None;
                }
                names.push(name);
            }
        }
        if splats + usize::from(names.contains(&"splat")) > 1 {
            return None;
        }
        Some(Self(parts))
    }

    /// Steps that a place of a text takes, at most.
    fn steps(&self) -> usize {
        let text = |part: &Part| match part {
            Part::Text(text) => text.len() / BYTES_A_STEP,
            Part::Splat | Part::Placeholder(..) => 0,
        };
        self.0.len() + self.0.iter().map(text).sum::<usize>()
    }

    /// What splat and placeholders stand for in a text that matches.
    pub fn matches<'p, 't>(&'p self, text: &'t str, steps: &mut Steps) -> Option<Captured<'p, 't>> {
        // Most rules are for other paths.
        if let Some(Part::Text(first)) = self.0.first()
            && !text.starts_with(first.as_str())
        {
            return None;
        }
        // Backwards: from which places on, the rest of the pattern matches the rest of the text.
        // Then forwards: each part takes as much as leaves the rest one of those.
        let len = text.len();
        steps.take(self.steps().saturating_mul(len + 1))?;
        let bytes = text.as_bytes();
        let mut fits: Vec<Vec<bool>> = vec![Vec::new(); self.0.len() + 1];
        let mut last = vec![false; len + 1];
        last[len] = true;
        for (row, part) in self.0.iter().enumerate().rev() {
            let mut here = vec![false; len + 1];
            match part {
                Part::Text(wanted) => {
                    for at in 0..=len {
                        here[at] =
                            bytes[at..].starts_with(wanted.as_bytes()) && last[at + wanted.len()];
                    }
                }
                Part::Splat => {
                    let mut any = false;
                    for at in (0..=len).rev() {
                        any |= last[at];
                        here[at] = any;
                    }
                }
                Part::Placeholder(_, stops) => {
                    let mut any = false;
                    for at in (0..len).rev() {
                        if stops.contains(&bytes[at]) {
                            any = false;
                        } else {
                            any |= last[at + 1];
                            here[at] = any;
                        }
                    }
                }
            }
            fits[row + 1] = std::mem::replace(&mut last, here);
        }
        if !last[0] {
            return None;
        }
        let mut captured = Vec::new();
        let mut at = 0;
        for (part, row) in self.0.iter().zip(1..) {
            let (name, furthest) = match part {
                Part::Text(text) => {
                    at += text.len();
                    continue;
                }
                Part::Splat => ("splat", len),
                Part::Placeholder(name, stops) => {
                    let stop = bytes[at..].iter().position(|byte| stops.contains(byte));
                    (name.as_str(), stop.map_or(len, |stop| at + stop))
                }
            };
            let end = (at..=furthest).rev().find(|end| fits[row][*end])?;
            captured.push((name, text.get(at..end)?));
            at = end;
        }
        Some(captured)
    }
}

/// A text with each `:name` in it replaced by what that stood for, name after name, as the field
/// does; nothing if that is longer than `max`: a path that stands for a name often makes much of
/// little.
pub(super) fn replace(text: &str, captured: &Captured<'_, '_>, max: usize) -> Option<String> {
    let mut all = text.to_owned();
    for (name, value) in captured {
        let name = format!(":{name}");
        let count = all.matches(&name).count();
        if count > 0 {
            let len = all.len() - count * name.len() + count * value.len();
            if len > max {
                return None;
            }
            all = all.replace(&name, value);
        }
    }
    (all.len() <= max).then_some(all)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn globs() {
        for (pattern, text, expect) in [
            ("/api/*", "/api/x/y", true),
            ("/api/*", "/api", false),
            ("/*", "/", true),
            ("/a", "/a", true),
            ("/a", "/ab", false),
            ("/*.png", "/x/y.png", true),
            ("/*.png", "/x/y.png.js", false),
            ("/a*b*c", "/axbxc", true),
            ("/a*b*c", "/acb", false),
            ("/ab*b", "/ab", false),
            ("*", "/x", true),
        ] {
            assert_eq!(glob(pattern, text), expect, "{pattern} {text}");
        }
    }

    #[test]
    fn splats_and_placeholders_stand_for_something() {
        let check = |pattern: &str, text: &str, to: &str, expect: Option<&str>| {
            let pattern = Pattern::parse(pattern).unwrap();
            let got = pattern.matches(text, &mut Steps::new());
            let got = got.map(|captured| replace(to, &captured, 1000).unwrap());
            assert_eq!(got.as_deref(), expect, "{pattern:?} {text}");
        };
        check("/blog/*", "/blog/a/b", "/x/:splat", Some("/x/a/b"));
        check("/blog/*", "/blog/", "/x/:splat", Some("/x/"));
        check("/blog/*", "/blo", "", None);
        check("/m/:title", "/m/up", "\":title\"", Some("\"up\""));
        check("/m/:title", "/m/up/2", "", None);
        check("/m/:title", "/m/", "", None);
        check("/:a/:b.html", "/x/y.z.html", ":a-:b", Some("x-y.z"));
        check(
            "https://:v.:u.workers.dev/*",
            "https://a.b.workers.dev/c",
            ":v :u :splat",
            Some("a b c"),
        );
        check(
            "https://:v.workers.dev/",
            "https://a.b.workers.dev/",
            "",
            None,
        );
        check("/x", "/x", "a:b :c", Some("a:b :c"));
        for none in ["/*/*", "/:a/:a", "/:a/:ab", "/:splat/*"] {
            assert!(Pattern::parse(none).is_none(), "{none}");
        }
        check("/:ab/:a", "/x/y", ":ab-:a", Some("x-y"));
    }

    #[test]
    fn a_pattern_that_is_meant_to_hurt_does_not() {
        let names: String = (0..500).map(|at| format!(":a{at:03}")).collect();
        let pattern = Pattern::parse(&format!("/{names}x")).unwrap();
        let mut steps = Steps::new();
        let path = |len| format!("/{}", "a".repeat(len));
        assert!(pattern.matches(&path(16_000), &mut steps).is_none());
        assert!(pattern.matches(&path(150), &mut steps).is_none());
        // Many rules are no better than one, nor is a long text that nearly fits everywhere.
        let simple = Pattern::parse("/*").unwrap();
        let mut steps = Steps::new();
        let matched = (0..100_000)
            .filter(|_| simple.matches(&path(999), &mut steps).is_some())
            .count();
        assert!((100..1000).contains(&matched), "{matched}");
        let long = Pattern::parse(&format!("/*{}b:c", "a".repeat(990))).unwrap();
        assert!(long.matches(&path(16_000), &mut Steps::new()).is_none());
        assert!(long.matches("/x", &mut Steps(0)).is_none());
    }

    #[test]
    fn what_is_put_in_is_bounded() {
        let path = "x".repeat(100);
        let captured = vec![("splat", path.as_str())];
        assert_eq!(replace(":splat:splat", &captured, 200).unwrap().len(), 200);
        assert_eq!(replace(":splat:splat:splat", &captured, 299), None);
        assert_eq!(replace("abc", &captured, 2), None);
    }

    proptest! {
        #[test]
        fn no_text_panics(pattern in "[/:*a-cü.]{0,12}", text in "[/a-cü.]{0,12}") {
            if let Some(pattern) = Pattern::parse(&pattern) {
                let captured = pattern.matches(&text, &mut Steps::new());
                let _ = captured.map(|captured| replace(&text, &captured, 8));
            }
            let _ = glob(&pattern, &text);
        }
    }
}
