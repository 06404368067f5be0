//! Where a request wants to go: its target and its `Host`, together the URL.

use super::answer::Answer;
use super::options::Scheme;
use super::routing::{BadHost, Host};
use http::{HeaderMap, Method, StatusCode, Uri, header};
use std::fmt::Write as _;

/// A request's host, and whether it came with the target instead of `Host`.
#[derive(Debug, PartialEq, Eq)]
pub struct Destination {
    pub host: Host,
    pub absolute: bool,
}

/// Methods that every Worker can be asked with, for answers that must name some.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/// Reads target and `Host`. An absolute target's host wins, but `Host` must be there and
/// right all the same (RFC 9112 §3.2.2).
pub fn destination(
    method: &Method,
    target: &Uri,
    headers: &HeaderMap,
) -> Result<Destination, Answer> {
    if *method == Method::CONNECT || *method == Method::TRACE {
        let mut answer = Answer::new(
            StatusCode::METHOD_NOT_ALLOWED,
            format!("{method} is not served here"),
        );
        answer.allow = Some(METHODS);
        return Err(answer);
    }
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => Host::parse(host.as_bytes()).map_err(bad_host)?,
        (None, _) => return Err(Answer::bad("the request has no Host header".into())),
        (Some(_), Some(_)) => {
            return Err(Answer::bad(
                "the request has more than one Host header".into(),
            ));
        }
    };
    match (target.scheme_str(), target.authority()) {
        (None, None) if target.path().starts_with('/') => Ok(Destination {
            host,
            absolute: false,
        }),
        (None, None) if target.path() == "*" && *method == Method::OPTIONS => {
            // About this server as a whole, so no Worker has a say.
            let mut answer = Answer::new(StatusCode::NO_CONTENT, "");
            answer.allow = Some(METHODS);
            answer.close = false;
            Err(answer)
        }
        (Some("http" | "https"), Some(authority)) => Ok(Destination {
            // User information is refused here, as is anything else that is no host.
            host: Host::parse(authority.as_str().as_bytes()).map_err(bad_host)?,
            absolute: true,
        }),
        _ => Err(Answer::bad(
            "the request target is neither a path nor an http URL".into(),
        )),
    }
}

fn bad_host(reason: BadHost) -> Answer {
    Answer::bad(format!("bad Host: {reason}").into())
}

/// Resolves dot segments, percent-encoded ones too, and takes backslashes for slashes, as clients
/// do (WHATWG URL §4.4, RFC 3986 §5.2.4): a route is chosen by the path that the Worker will find
/// in its URL. Slashes in percent-encoding and empty segments stay what they are. Nothing is
/// changed, or allocated, for a path that needs none of it.
pub fn resolve(target: &mut Uri) -> Result<(), Answer> {
    let path = target.path();
    let may_need = path.bytes().any(|byte| matches!(byte, b'.' | b'%' | b'\\'));
    if !may_need || !path.split('/').any(|it| it.contains('\\') || dots(it) > 0) {
        return Ok(());
    }
    let path = path.strip_prefix('/').unwrap_or(path);
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split(['/', '\\']).peekable();
    while let Some(segment) = segments.next() {
        let dots = dots(segment);
        if dots == 2 {
            kept.pop();
        }
        if dots == 0 {
            kept.push(segment);
        } else if segments.peek().is_none() {
            kept.push("");
        }
    }
    let mut text = String::with_capacity(target.path().len() + 1);
    for segment in kept {
        text.push('/');
        text.push_str(segment);
    }
    if let Some(query) = target.query() {
        text.push('?');
        text.push_str(query);
    }
    let mut parts = std::mem::take(target).into_parts();
    parts.path_and_query = text.parse().ok();
    *target = Uri::from_parts(parts)
        .map_err(|_| Answer::bad("the request target cannot be resolved".into()))?;
    Ok(())
}

/// 1 for `.`, 2 for `..`, 0 for any other segment. A dot may be percent-encoded.
fn dots(segment: &str) -> usize {
    let mut rest = segment;
    for count in 0..3 {
        if rest.is_empty() {
            return count;
        }
        let after = rest.strip_prefix('.');
        match after
            .or_else(|| rest.strip_prefix("%2e"))
            .or_else(|| rest.strip_prefix("%2E"))
        {
            Some(after) => rest = after,
            None => return 0,
        }
    }
    0
}

/// The URL that a Worker sees. Bytes that have no place in a URL are percent-encoded.
pub fn url(scheme: Scheme, host: &Host, path: &str, query: Option<&str>) -> String {
    let len = 8 + 255 + 6 + path.len() + query.map_or(0, |query| query.len() + 1);
    let mut url = String::with_capacity(len);
    url.push_str(scheme.as_str());
    url.push_str("://");
    url.push_str(host.name());
    if let Some(port) = host.port().filter(|port| *port != scheme.port()) {
        // Writing to a string cannot fail.
        let _ = write!(url, ":{port}");
    }
    push_encoded(&mut url, path);
    if let Some(query) = query {
        url.push('?');
        push_encoded(&mut url, query);
    }
    url
}

fn push_encoded(url: &mut String, text: &str) {
    if text.is_ascii() {
        return url.push_str(text);
    }
    for byte in text.bytes() {
        if byte.is_ascii() {
            url.push(char::from(byte));
        } else {
            let _ = write!(url, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(method: &str, target: &str, hosts: &[&str], expect: Result<(&str, bool), u16>) {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(header::HOST, host.parse().unwrap());
        }
        let method: Method = method.parse().unwrap();
        let got = destination(&method, &target.parse().unwrap(), &headers);
        let got = got
            .map(|destination| (destination.host.to_string(), destination.absolute))
            .map_err(|answer| answer.status.as_u16());
        let expect = expect.map(|(host, absolute)| (host.to_owned(), absolute));
        assert_eq!(got, expect, "{method} {target} {hosts:?}");
    }

    #[test]
    fn targets_and_hosts() {
        check("GET", "/", &["A.example"], Ok(("a.example", false)));
        check(
            "GET",
            "http://B.example:81/x",
            &["a.example"],
            Ok(("b.example:81", true)),
        );
        check(
            "GET",
            "https://b.example",
            &["a.example"],
            Ok(("b.example", true)),
        );
        check("GET", "http://[::1]/", &["a.example"], Ok(("[::1]", true)));
        check("GET", "/", &[], Err(400));
        check("GET", "http://b.example/", &[], Err(400));
        check("GET", "http://b.example/", &["a b"], Err(400));
        check("GET", "/", &["a.example", "a.example"], Err(400));
        check("GET", "/", &["a.example, b.example"], Err(400));
        check("GET", "/", &[""], Err(400));
        check("GET", "http://u@b.example/", &["a.example"], Err(400));
        check("GET", "ftp://b.example/", &["a.example"], Err(400));
        check("GET", "b.example", &["a.example"], Err(400));
        check("GET", "b.example:80", &["a.example"], Err(400));
        check("GET", "*", &["a.example"], Err(400));
        check("OPTIONS", "*", &["a.example"], Err(204));
        check("CONNECT", "b.example:80", &["a.example"], Err(405));
        check("TRACE", "/", &["a.example"], Err(405));
    }

    #[test]
    fn dot_segments_and_backslashes_are_resolved() {
        let check = |target: &str, expect: &str| {
            let mut uri: Uri = target.parse().unwrap();
            assert!(resolve(&mut uri).is_ok(), "{target}");
            assert_eq!(uri.to_string(), expect, "{target}");
        };
        check("/", "/");
        check("/a/../b?/../c", "/b?/../c");
        check("/a/b/..", "/a/");
        check("/a/b/.", "/a/b/");
        check("/..", "/");
        check("/../../a", "/a");
        check("/a//../b", "/a/b");
        check("/a/%2e%2E/.%2e/b/%2e/c", "/b/c");
        check("/a/%252e%252e/b", "/a/%252e%252e/b");
        check(
            "/a/.../..b/b../.b/%2e%2e%2e/%2ea",
            "/a/.../..b/b../.b/%2e%2e%2e/%2ea",
        );
        check("/a%2f..%2fb", "/a%2f..%2fb");
        check("/a\\..\\b\\c?\\", "/b/c?\\");
        check("//a", "//a");
        check("http://h.example/a/../b?c", "http://h.example/b?c");
    }

    #[test]
    fn urls_are_put_together() {
        let check = |host: &str, path, query, expect: &str| {
            let host = Host::parse(host.as_bytes()).unwrap();
            assert_eq!(url(Scheme::Http, &host, path, query), expect);
        };
        check("a.example", "/", None, "http://a.example/");
        check("a.example:80", "/x", Some("y=1"), "http://a.example/x?y=1");
        check("a.example:443", "/", Some(""), "http://a.example:443/?");
        check("[::1]:8080", "//x", None, "http://[::1]:8080//x");
        check("a.example", "/\u{e4}", None, "http://a.example/%C3%A4");
        let host = Host::parse(b"a.example:443").unwrap();
        assert_eq!(url(Scheme::Https, &host, "/", None), "https://a.example/");
    }
}
