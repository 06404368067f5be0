//! Patterns of routes: what they may say, which URLs they match, and which of two is the more
//! specific (spec: SEMANTICS §10). No store, no Workers.

use super::EntranceError;
use super::zone::is_hostname;
use crate::catalog::name::shown;
use std::cmp::Ordering;

/// Bytes of a pattern.
pub const PATTERN_MAX: usize = 1024;

/// What a request asks for, as far as patterns look at it.
#[derive(Clone, Copy, Debug)]
pub struct Address<'a> {
    /// Whether its URL begins with `https`.
    pub is_https: bool,
    /// The host's name in normal form, without a port.
    pub host: &'a str,
    /// The path as it was sent.
    pub path: &'a str,
    /// Whether a query follows, be it empty.
    pub has_query: bool,
}

/// A pattern in its normal form: scheme and host in lower case, and a path always.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    is_https: Option<bool>,
    any_host: bool,
    host: Box<str>,
    any_path: bool,
    path: Box<str>,
}

impl Pattern {
    /// Reads `[http[s]://]host[/path]`. `*` may begin the host and end the path.
    pub fn parse(text: &str) -> Result<Self, EntranceError> {
        let bad = |reason| EntranceError::BadPattern {
            pattern: shown(text),
            reason,
        };
        if text.len() > PATTERN_MAX {
            return Err(bad("it is longer than 1024 bytes"));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(bad(
                "it has characters that no URL has; percent-encode those of its path",
            ));
        }
        let (is_https, rest) = match text.split_once("://") {
            None => (None, text),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (Some(false), rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (Some(true), rest),
            Some(_) => return Err(bad("its scheme is neither http:// nor https://")),
        };
        let (host, path) = match rest.find(['/', '?', '#']) {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        if path.contains(['?', '#']) {
            return Err(bad(
                "it has a query or a fragment; end the path with * to match any query",
            ));
        }
        let (any_host, name) = match host.strip_prefix('*') {
            Some(name) => (true, name),
            None => (false, host),
        };
        let star = path.find('*');
        if name.contains('*') || star.is_some_and(|at| at + 1 < path.len()) {
            return Err(bad("* may only begin the host and end the path"));
        }
        if name.contains(':') {
            return Err(bad("it has a port, which routes do not look at"));
        }
        let name = name.to_ascii_lowercase();
        let rest = name.strip_prefix('.').filter(|_| any_host);
        let is_all = any_host && name.is_empty();
        if !is_all && !is_hostname(rest.unwrap_or(&name)) {
            return Err(bad("its host is no hostname"));
        }
        let (any_path, path) = match path.strip_suffix('*') {
            Some(path) => (true, path),
            None => (false, path),
        };
        Ok(Self {
            is_https,
            any_host,
            host: name.into(),
            any_path,
            path: path.into(),
        })
    }

    /// Whether a URL is meant. The query counts as part of it.
    pub fn matches(&self, asked: &Address<'_>) -> bool {
        self.matches_host(asked.host) && self.matches_rest(asked)
    }

    fn matches_host(&self, host: &str) -> bool {
        match self.any_host {
            true => host.ends_with(&*self.host),
            false => *host == *self.host,
        }
    }

    /// The same for one whose host matches.
    pub(super) fn matches_rest(&self, asked: &Address<'_>) -> bool {
        self.is_https.is_none_or(|is| is == asked.is_https)
            && match self.any_path {
                // A pattern has no query, so what it begins with is in the path.
                true => asked.path.starts_with(&*self.path),
                false => !asked.has_query && *asked.path == *self.path,
            }
    }

    /// The more specific one first: an exact host, then more of the host, then more of the
    /// path, then an exact path, then a scheme.
    pub fn order(&self, other: &Self) -> Ordering {
        let key = |it: &Self| {
            (
                it.any_host,
                std::cmp::Reverse(it.host.len()),
                std::cmp::Reverse(it.path.len()),
                it.any_path,
                it.is_https.is_none(),
            )
        };
        key(self).cmp(&key(other))
    }

    /// The host if it is exact.
    pub(super) fn exact_host(&self) -> Option<&str> {
        (!self.any_host).then_some(&*self.host)
    }

    /// Whether it says nothing of the host.
    pub(super) fn any_host_at_all(&self) -> bool {
        self.any_host && self.host.is_empty()
    }

    /// The domain that all its hosts end in; empty if they are any.
    pub fn domain(&self) -> &str {
        self.host.strip_prefix('.').unwrap_or(&self.host)
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = match self.is_https {
            None => "",
            Some(false) => "http://",
            Some(true) => "https://",
        };
        let star = |any| if any { "*" } else { "" };
        let (any_host, any_path) = (star(self.any_host), star(self.any_path));
        write!(f, "{scheme}{any_host}{}{}{any_path}", self.host, self.path)
    }
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn asked(url: &str) -> Address<'_> {
        let (scheme, rest) = url.split_once("://").unwrap();
        let (before, query) = rest
            .split_once('?')
            .map_or((rest, None), |(a, b)| (a, Some(b)));
        let (host, path) = before.split_at(before.find('/').unwrap());
        Address {
            is_https: scheme == "https",
            host,
            path,
            has_query: query.is_some(),
        }
    }

    fn check(pattern: &str, url: &str, expect: bool) {
        let parsed = Pattern::parse(pattern).unwrap();
        assert_eq!(parsed.matches(&asked(url)), expect, "{pattern} {url}");
    }

    #[test]
    fn the_fields_table() {
        for (pattern, url, expect) in [
            ("*example.com/*", "https://example.com/", true),
            ("*example.com/*", "https://www.example.com/a?b", true),
            ("*example.com/*", "https://myexample.com/", true),
            ("*.example.com/", "https://www.example.com/", true),
            ("*.example.com/", "https://example.com/", false),
            ("*.example.com/", "https://www.example.com/a", false),
            ("example.com", "https://example.com/", true),
            ("example.com/", "https://example.com/?a=1", false),
            ("example.com/", "https://example.com/?", false),
            ("example.com/*", "https://example.com/?a=1", true),
            ("example.com/a*", "http://example.com/a", true),
            ("example.com/a*", "http://example.com/A", false),
            ("EXAMPLE.com/a", "http://example.com/a", true),
            ("https://example.com/*", "http://example.com/", false),
            ("HTTP://example.com/*", "http://example.com/", true),
            ("example.com/*", "http://www.example.com/", false),
            ("example.com/*", "http://example.com.evil/", false),
            ("example.com/a/*", "http://example.com/a", false),
            ("*/*", "http://any.test/thing?a", true),
            ("*/a", "http://any.test/a", true),
            ("*", "http://any.test/a", false),
        ] {
            check(pattern, url, expect);
        }
    }

    #[test]
    fn what_is_no_pattern() {
        for pattern in [
            "",
            "/",
            "*.",
            "*./",
            "**example.com/",
            "a.*.example.com/",
            "example.com/*.jpg",
            "example.com/*/",
            "example.com/**",
            "example.com?x",
            "example.com/?x*",
            "example.com/#a",
            "ftp://example.com/",
            "://example.com/",
            "https://",
            "example.com:8080/",
            "user@example.com/",
            "exa mple.com/",
            "example.com/\n",
            "example..com/",
            ".example.com/",
            "example.com./",
            "ex\u{e4}mple.com/",
            "%2a.example.com/",
            "[::1]/",
            &format!("example.com/{}", "a".repeat(PATTERN_MAX)),
        ] {
            assert!(Pattern::parse(pattern).is_err(), "{pattern:?}");
        }
    }

    /// The same by the letter: `*` is any text, compared with the whole URL.
    fn by_the_letter(pattern: &str, url: &str) -> bool {
        fn glob(pattern: &[u8], text: &[u8]) -> bool {
            match pattern.split_first() {
                None => text.is_empty(),
                Some((b'*', rest)) => (0..=text.len()).any(|at| glob(rest, &text[at..])),
                Some((byte, rest)) => {
                    text.first() == Some(byte) && glob(rest, text.get(1..).unwrap_or_default())
                }
            }
        }
        let (scheme, rest) = url.split_once("://").unwrap();
        let pattern = match pattern.split_once("://") {
            Some((wanted, _)) if wanted != scheme => return false,
            Some((_, pattern)) => pattern,
            None => pattern,
        };
        let (host, path) = match pattern.find('/') {
            Some(at) => pattern.split_at(at),
            None => (pattern, "/"),
        };
        let (asked_host, asked_path) = rest.split_at(rest.find('/').unwrap());
        glob(host.as_bytes(), asked_host.as_bytes()) && glob(path.as_bytes(), asked_path.as_bytes())
    }

    pub(in super::super) fn patterns() -> impl Strategy<Value = String> {
        let scheme = prop_oneof![Just(""), Just("http://"), Just("https://")];
        let host = prop_oneof![
            Just("a.b"),
            Just("*a.b"),
            Just("*.a.b"),
            Just("x.a.b"),
            Just("*b"),
            Just("*.b"),
            Just("*")
        ];
        let path = prop_oneof![
            Just(""),
            Just("/"),
            Just("/*"),
            Just("/c"),
            Just("/c*"),
            Just("/c/*"),
            Just("/c/d"),
            Just("/cc*")
        ];
        (scheme, host, path).prop_map(|(scheme, host, path)| format!("{scheme}{host}{path}"))
    }

    pub(in super::super) fn urls() -> impl Strategy<Value = String> {
        let scheme = prop_oneof![Just("http"), Just("https")];
        let host = prop_oneof![
            Just("a.b"),
            Just("x.a.b"),
            Just("y.x.a.b"),
            Just("ya.b"),
            Just("c.b"),
            Just("b"),
            Just("c")
        ];
        let path = prop_oneof![
            Just("/"),
            Just("/c"),
            Just("/c/"),
            Just("/c/d"),
            Just("/cc"),
            Just("/c/d/e"),
            Just("/C")
        ];
        let query = prop_oneof![Just(""), Just("?"), Just("?c=*")];
        (scheme, host, path, query)
            .prop_map(|(scheme, host, path, query)| format!("{scheme}://{host}{path}{query}"))
    }

    proptest! {
        #[test]
        fn matching_is_by_the_letter(pattern in patterns(), url in urls()) {
            let parsed = Pattern::parse(&pattern).unwrap();
            prop_assert_eq!(parsed.matches(&asked(&url)), by_the_letter(&pattern, &url));
        }

        #[test]
        fn a_normal_form_reads_back(pattern in patterns()) {
            let parsed = Pattern::parse(&pattern).unwrap();
            prop_assert_eq!(Pattern::parse(&parsed.to_string()).unwrap(), parsed);
        }

        #[test]
        fn nothing_makes_it_panic(text in "\\PC{0,40}", url in urls()) {
            if let Ok(pattern) = Pattern::parse(&text) {
                pattern.matches(&asked(&url));
            }
        }

        #[test]
        fn order_is_total_among_those_that_match(a in patterns(), b in patterns(), url in urls()) {
            let (a, b) = (Pattern::parse(&a).unwrap(), Pattern::parse(&b).unwrap());
            prop_assert_eq!(a.order(&b), b.order(&a).reverse());
            // Two that match the same URL are equally specific only if they are the same.
            if a.matches(&asked(&url)) && b.matches(&asked(&url)) && a != b {
                prop_assert_ne!(a.order(&b), Ordering::Equal);
            }
        }
    }
}
