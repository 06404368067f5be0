//! Paths of requests: from as they are sent to as files are named, and back.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

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

/// A URL in the parts that rules look at.
pub(super) struct Split<'a> {
    /// Without a port.
    pub host: &'a str,
    /// From the first slash on.
    pub path: &'a str,
    /// With its question mark, or empty.
    pub search: &'a str,
}

impl<'a> Split<'a> {
    pub fn of(url: &'a str) -> Self {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let rest = rest.split('#').next().unwrap_or_default();
        let (path, search) = rest.split_at(rest.find('?').unwrap_or(rest.len()));
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => authority,
        };
        Self {
            host,
            path: if path.is_empty() { "/" } else { path },
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
            (split.host, split.path, split.search),
            ("a.example", "/b", "?c=d?e")
        );
        let split = Split::of("http://a");
        assert_eq!((split.host, split.path, split.search), ("a", "/", ""));
        assert_eq!(Split::of("http://a?b").search, "?b");
    }
}
