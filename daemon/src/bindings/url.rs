//! URLs of subrequests: taken apart for those who send them, and the one that an answer
//! redirects to.
//!
//! A guest's URLs were made by its own parser and a server's by nobody knows whom; here they are
//! split by the letter (RFC 3986), and what does not fit is refused.

use postern_abi::limits::URL_MAX;

/// An absolute URL of http or https.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Url {
    /// All of it, without a fragment and without who asks.
    text: String,
    is_https: bool,
    /// Where host and port are in `text`.
    authority: (usize, usize),
    host: String,
    port: u16,
}

impl Url {
    /// Takes a URL apart; `None` if it is not one that can be fetched.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.split('#').next().unwrap_or_default();
        let ok = |byte: u8| byte.is_ascii_graphic() && !b"\\<>\"{}|^`".contains(&byte);
        if text.len() > URL_MAX {
            return None;
        }
        let (scheme, rest) = text.split_once("://")?;
        let is_https = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        // Who asks is a matter of headers.
        let authority = authority.rsplit('@').next().unwrap_or_default();
        let authority = authority.to_ascii_lowercase();
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']')?;
                host.parse::<std::net::Ipv6Addr>().ok()?;
                (
                    host,
                    port.strip_prefix(':').or(port.is_empty().then_some(""))?,
                )
            }
            None => authority.split_once(':').unwrap_or((&authority, "")),
        };
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
        if host.is_empty() || host.len() > 253 || !host.bytes().all(fits) {
            return None;
        }
        let usual = if is_https { 443 } else { 80 };
        let port = match port {
            "" => usual,
            digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok()?,
            _ => return None,
        };
        let shown_host = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.to_owned()
        };
        let shown = if port == usual {
            shown_host
        } else {
            format!("{shown_host}:{port}")
        };
        let mut all = format!("{}://", if is_https { "https" } else { "http" });
        let start = all.len();
        all.push_str(&shown);
        let end = all.len();
        if !path.starts_with('/') {
            all.push('/');
        }
        for byte in path.bytes() {
            if ok(byte) {
                all.push(char::from(byte));
            } else {
                all.push_str(&format!("%{byte:02X}"));
            }
        }
        Some(Self {
            text: all,
            is_https,
            authority: (start, end),
            host: host.to_owned(),
            port,
        })
    }

    /// What a `Location` means for an answer of this URL.
    pub fn join(&self, location: &str) -> Option<Self> {
        let location = location.trim();
        let scheme = location.split_once(':').map(|(scheme, _)| scheme);
        let letters = |text: &str| {
            text.starts_with(|char: char| char.is_ascii_alphabetic())
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        };
        if scheme.is_some_and(letters) {
            return Self::parse(location);
        }
        let scheme = &self.text[..self.authority.0 - 2];
        if location.starts_with("//") {
            return Self::parse(&format!("{scheme}{location}"));
        }
        let origin = self.origin();
        let target = location.split('#').next().unwrap_or_default();
        let here = self.target().split('?').next().unwrap_or_default();
        if target.is_empty() {
            return Self::parse(&self.text);
        }
        if target.starts_with('?') {
            return Self::parse(&format!("{origin}{here}{target}"));
        }
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        let folder = &here[..here.rfind('/').map_or(0, |at| at + 1)];
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("{folder}{path}")
        };
        let mut joined = format!("{origin}{}", without_dots(&path));
        if let Some(query) = query {
            joined.push('?');
            joined.push_str(query);
        }
        Self::parse(&joined)
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> &str {
        &self.text[..self.authority.1]
    }

    /// All of it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn is_https(&self) -> bool {
        self.is_https
    }

    /// The host, an IPv6 address without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Host and port as the field `Host` has them.
    pub fn authority(&self) -> &str {
        &self.text[self.authority.0..self.authority.1]
    }

    /// Path and query.
    pub fn target(&self) -> &str {
        &self.text[self.authority.1..]
    }
}

/// A path without `.` and `..`.
fn without_dots(path: &str) -> String {
    let mut pieces: Vec<&str> = Vec::new();
    let count = path.split('/').count();
    for (at, piece) in path.split('/').enumerate().skip(1) {
        let last = at + 1 == count;
        match piece {
            "." if last => pieces.push(""),
            "." => {}
            ".." => {
                pieces.pop();
                if last {
                    pieces.push("");
                }
            }
            piece => pieces.push(piece),
        }
    }
    format!("/{}", pieces.join("/"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn urls_are_taken_apart() {
        let url = Url::parse("HTTP://u:p@Example.COM:8080/a b?c=d#e").unwrap();
        assert_eq!(url.as_str(), "http://example.com:8080/a%20b?c=d");
        assert_eq!(
            (url.host(), url.port(), url.is_https()),
            ("example.com", 8080, false)
        );
        assert_eq!(
            (url.authority(), url.target()),
            ("example.com:8080", "/a%20b?c=d")
        );
        let url = Url::parse("https://[::1]?x").unwrap();
        assert_eq!(
            (url.host(), url.port(), url.authority()),
            ("::1", 443, "[::1]")
        );
        assert_eq!(url.target(), "/?x");
        assert_eq!(Url::parse("http://a:80/").unwrap().authority(), "a");
        for text in [
            "",
            "a",
            "/a",
            "ftp://a/",
            "http://",
            "http:///a",
            "http://a:x/",
            "http://a:99999/",
            "http://a b/",
            "http://[::1/",
            "http://[::bad",
            "http://a\r\nb/",
            "http://[1]x/",
        ] {
            assert_eq!(Url::parse(text), None, "{text:?}");
        }
        let long = format!("http://a/{}", "x".repeat(URL_MAX));
        assert_eq!(Url::parse(&long), None);
    }

    #[test]
    fn locations_are_relative_to_what_was_asked() {
        let base = Url::parse("http://a:1/b/c/d?q").unwrap();
        let check = |location: &str, expect: Option<&str>| {
            let got = base.join(location);
            assert_eq!(got.as_ref().map(Url::as_str), expect, "{location:?}");
        };
        check("/x", Some("http://a:1/x"));
        check("g", Some("http://a:1/b/c/g"));
        check("./g/.", Some("http://a:1/b/c/g/"));
        check("../g", Some("http://a:1/b/g"));
        check("../../../../g", Some("http://a:1/g"));
        check("..", Some("http://a:1/b/"));
        check("?y", Some("http://a:1/b/c/d?y"));
        check("g?y/../x", Some("http://a:1/b/c/g?y/../x"));
        check("", Some("http://a:1/b/c/d?q"));
        check("#s", Some("http://a:1/b/c/d?q"));
        check("//h/x", Some("http://h/x"));
        check("https://h/x", Some("https://h/x"));
        check(
            "/x\r\nSet-Cookie: a",
            Some("http://a:1/x%0D%0ASet-Cookie:%20a"),
        );
        check("ftp://x/", None);
        check("javascript:alert(1)", None);
        check("http://[::bad", None);
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_is_visible_ascii(base in "http://[a-z]{1,5}/[ -~]{0,20}", location in "\\PC{0,40}") {
            if let Some(url) = Url::parse(&base).and_then(|base| base.join(&location)) {
                prop_assert!(url.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
                prop_assert!(url.target().starts_with('/'));
            }
        }
    }
}
