//! Paths of requests: from as they are sent to as files are named, and back.

use percent_encoding::{
    AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode,
};
use std::borrow::Cow;

/// What `encodeURIComponent` leaves alone.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// What cannot stand in a URL's path.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'}');

/// What cannot stand behind a question mark, and behind a `#` (URL Standard, 1.3).
pub(super) const QUERY: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'\'')
    .add(b'<')
    .add(b'>');
pub(super) const FRAGMENT: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`');
/// What cannot stand in front of an `@`; a colon is between name and password there.
pub(super) const USER: &AsciiSet = &PATH
    .add(b'/')
    .add(b';')
    .add(b'=')
    .add(b'@')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'|');

/// A text with what cannot stand there encoded.
pub(super) fn encoded(text: &str, set: &'static AsciiSet) -> String {
    utf8_percent_encode(text, set).to_string()
}

/// A URL in the parts that rules look at.
pub(super) struct Split<'a> {
    /// `http` or `https`.
    pub scheme: &'a str,
    /// Host, and port if it is said.
    pub authority: &'a str,
    /// Without a port.
    pub host: &'a str,
    /// From the first slash on, encoded as JavaScript's URLs have it.
    pub path: Cow<'a, str>,
    /// With its question mark, or empty.
    pub search: &'a str,
}

impl<'a> Split<'a> {
    pub fn of(url: &'a str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let rest = rest.split('#').next().unwrap_or_default();
        let (path, search) = rest.split_at(rest.find('?').unwrap_or(rest.len()));
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => authority,
        };
        let path = if path.is_empty() { "/" } else { path };
        Self {
            scheme,
            authority,
            host,
            path: utf8_percent_encode(path, PATH).into(),
            search: if search == "?" { "" } else { search },
        }
    }
}

/// A path as files are named: each piece decoded on its own, so that `%2F` makes no folder, and
/// several slashes made one, so that no path begins with two.
pub(super) fn decode(path: &str) -> String {
    let mut decoded = String::with_capacity(path.len());
    for (at, piece) in path.split('/').enumerate() {
        if at > 0 && !decoded.ends_with('/') {
            decoded.push('/');
        }
        match percent_decode_str(piece).decode_utf8() {
            Ok(plain) => decoded.push_str(&plain),
            Err(_) => decoded.push_str(piece),
        }
    }
    if !decoded.starts_with('/') {
        decoded.insert(0, '/');
    }
    // A decoded slash at the front of a piece would make two again.
    while decoded.contains("//") {
        decoded = decoded.replace("//", "/");
    }
    decoded
}

/// A path as it is sent.
pub(super) fn encode(path: &str) -> String {
    let pieces: Vec<String> = path
        .split('/')
        .map(|piece| utf8_percent_encode(piece, SEGMENT).to_string())
        .collect();
    pieces.join("/")
}

/// A path as URLs have it: dots are resolved, in percent-encoding too, and what cannot stand in
/// one is encoded.
pub(super) fn normal(path: &str, separators: &[char]) -> String {
    let rest = path.strip_prefix(separators).unwrap_or(path);
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = rest.split(separators).peekable();
    while let Some(segment) = segments.next() {
        let dots = match segment {
            "." | "%2e" | "%2E" => 1,
            _ => {
                let two = segment.replace("%2e", ".").replace("%2E", ".");
                if two == ".." { 2 } else { 0 }
            }
        };
        if dots == 2 {
            kept.pop();
        }
        if dots == 0 {
            kept.push(segment);
        } else if segments.peek().is_none() {
            kept.push("");
        }
    }
    let mut normal = String::with_capacity(path.len() + 1);
    for segment in kept {
        normal.push('/');
        normal.extend(utf8_percent_encode(segment, PATH));
    }
    if normal.is_empty() {
        "/".to_owned()
    } else {
        normal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_decoded_and_encoded() {
        for (sent, named, canonical) in [
            ("/a/b.html", "/a/b.html", "/a/b.html"),
            ("/a%20b", "/a b", "/a%20b"),
            ("//evil.example/x", "/evil.example/x", "/evil.example/x"),
            ("/%2F%2Fevil.example", "/evil.example", "/evil.example"),
            ("/a@b", "/a@b", "/a%40b"),
            ("/%C3%BC", "/ü", "/%C3%BC"),
            ("/%FF", "/%FF", "/%25FF"),
            ("/%0D%0Ax", "/\r\nx", "/%0D%0Ax"),
            ("/..%2f..%2fetc", "/../../etc", "/../../etc"),
        ] {
            assert_eq!(decode(sent), named, "{sent}");
            assert_eq!(encode(&decode(sent)), canonical, "{sent}");
        }
    }

    #[test]
    fn urls_are_split() {
        let split = Split::of("http://a.example:80/b?c=d?e");
        assert_eq!(
            (split.host, &*split.path, split.search),
            ("a.example", "/b", "?c=d?e")
        );
        let split = Split::of("http://a");
        assert_eq!((split.host, &*split.path, split.search), ("a", "/", ""));
        assert_eq!(Split::of("http://a/{b}|^").path, "/%7Bb%7D|%5E");
        assert_eq!(Split::of("http://a?b").search, "?b");
    }
}
