//! The Common Gateway Interface, RFC 3875: a request as an environment, an output as a response.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{StatusCode, Uri};
use percent_encoding::percent_decode_str;
use std::collections::BTreeMap;
use std::ops::Range;

/// Lines that the head of an output may have.
pub const HEAD_LINES_MAX: usize = 256;
/// Bytes that the head of an output may have.
pub const HEAD_BYTES_MAX: usize = postern_abi::limits::HEADERS_MAX;

/// What of a request goes into the environment.
#[derive(Clone, Copy, Debug)]
pub struct CgiRequest<'a> {
    /// The method.
    pub method: &'a str,
    /// The absolute URL.
    pub url: &'a str,
    /// The header fields.
    pub headers: &'a HeaderMap,
    /// Bytes of the body; `None` where there is none.
    pub body_len: Option<u64>,
    /// The client's address, if it is known.
    pub remote_addr: Option<&'a str>,
}

/// The environment of a request: `NAME=value` entries, sorted, without NUL bytes.
///
/// - `SCRIPT_NAME` is empty: the Worker is all of its host. `PATH_INFO` is the path, decoded
///   unless that would give something that is not UTF-8 or holds a NUL; `REQUEST_URI` is path
///   and query as they came.
/// - `HTTP_*` holds the header fields, those of several lines joined. Fields with `_` in their
///   name are left out, because they could pass for others; so is `Proxy`, which would set the
///   proxy of many HTTP clients (CVE-2016-5385).
pub fn environ(request: &CgiRequest<'_>) -> Vec<String> {
    let uri: Option<Uri> = request.url.parse().ok();
    let uri = uri.unwrap_or_default();
    let path = uri.path();
    let query = uri.query().unwrap_or_default();
    let is_https = uri.scheme_str() == Some("https");
    let port = uri.port_u16().unwrap_or(if is_https { 443 } else { 80 });
    let mut variables: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in fields(request.headers) {
        variables.insert(name, value);
    }
    let mut set = |name: &str, value: String| {
        variables.insert(name.to_owned(), value);
    };
    set("GATEWAY_INTERFACE", "CGI/1.1".to_owned());
    set(
        "SERVER_SOFTWARE",
        concat!("postern/", env!("CARGO_PKG_VERSION")).to_owned(),
    );
    set("SERVER_PROTOCOL", "HTTP/1.1".to_owned());
    set("SERVER_NAME", uri.host().unwrap_or_default().to_owned());
    set("SERVER_PORT", port.to_string());
    set("REQUEST_METHOD", request.method.to_owned());
    set(
        "REQUEST_URI",
        match uri.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        },
    );
    set("SCRIPT_NAME", String::new());
    set("PATH_INFO", decoded(path));
    set("QUERY_STRING", query.to_owned());
    set(
        "REMOTE_ADDR",
        request.remote_addr.unwrap_or_default().to_owned(),
    );
    if is_https {
        set("HTTPS", "on".to_owned());
    }
    if let Some(len) = request.body_len {
        set("CONTENT_LENGTH", len.to_string());
    }
    if let Some(value) = request.headers.get(header::CONTENT_TYPE) {
        set("CONTENT_TYPE", text(value.as_bytes()));
    }
    variables
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .filter(|entry| !entry.contains('\0'))
        .collect()
}

/// The header fields as variables.
fn fields(headers: &HeaderMap) -> impl Iterator<Item = (String, String)> + '_ {
    headers.keys().filter_map(|name| {
        // These two have variables of their own.
        let is_told_elsewhere = name == header::CONTENT_LENGTH || name == header::CONTENT_TYPE;
        if is_told_elsewhere || name == "proxy" || name.as_str().contains('_') {
            return None;
        }
        let separator: &[u8] = if name == header::COOKIE { b"; " } else { b", " };
        let lines: Vec<&[u8]> = headers
            .get_all(name)
            .iter()
            .map(HeaderValue::as_bytes)
            .collect();
        let variable = name.as_str().to_ascii_uppercase().replace('-', "_");
        Some((format!("HTTP_{variable}"), text(&lines.join(separator))))
    })
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn decoded(path: &str) -> String {
    match percent_decode_str(path).decode_utf8() {
        Ok(decoded) if !decoded.contains('\0') => decoded.into_owned(),
        _ => path.to_owned(),
    }
}

/// A response as a command wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CgiResponse {
    /// 200 to 599.
    pub status: StatusCode,
    /// The header fields, without those that frame a message.
    pub headers: HeaderMap,
    /// Where in the output the body is.
    pub body: Range<usize>,
}

/// Why an output is no response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CgiError {
    /// Nothing was written.
    #[error(
        "the command wrote nothing; write `Content-Type: text/plain`, an empty line, and the body"
    )]
    Empty,
    /// There is no head, or it has no end.
    #[error(
        "the output does not begin with header lines: line {line} is no `name: value`; write `Content-Type: text/plain` and an empty line before the body"
    )]
    NoHeader {
        /// The line, counted from 1.
        line: usize,
    },
    /// A header line has bytes that are not allowed there.
    #[error("header line {line} of the output has a byte that header fields cannot have")]
    BadHeader {
        /// The line, counted from 1.
        line: usize,
    },
    /// The status is none.
    #[error(
        "header line {line} of the output: `Status` must be a number from 200 to 599, once, and a reason"
    )]
    BadStatus {
        /// The line, counted from 1.
        line: usize,
    },
    /// The head is too large.
    #[error(
        "the head of the output has more than {HEAD_LINES_MAX} lines or {HEAD_BYTES_MAX} bytes; send fewer header fields"
    )]
    HeadTooLarge,
}

/// Reads the output of a command.
///
/// `Status` sets the status; without it, `Location` means 302 and anything else 200. Lines end
/// in `\n` or `\r\n`. A head that the output ends in needs no empty line.
///
/// # Errors
///
/// When there is no head, or something in it is wrong.
pub fn parse_output(output: &[u8]) -> Result<CgiResponse, CgiError> {
    if output.is_empty() {
        return Err(CgiError::Empty);
    }
    let mut headers = HeaderMap::new();
    let mut status = None;
    let mut at = 0;
    for line in 1.. {
        if line > HEAD_LINES_MAX + 1 || at > HEAD_BYTES_MAX {
            return Err(CgiError::HeadTooLarge);
        }
        let rest = &output[at..];
        // One byte more than the limit tells that it is reached.
        let window = &rest[..rest.len().min(HEAD_BYTES_MAX + 1 - at)];
        let (content, next) = match window.iter().position(|byte| *byte == b'\n') {
            Some(end) => (&window[..end], at + end + 1),
            None if window.len() < rest.len() => return Err(CgiError::HeadTooLarge),
            None => (window, output.len()),
        };
        let content = content.strip_suffix(b"\r").unwrap_or(content);
        at = next;
        if content.is_empty() {
            if line == 1 {
                return Err(CgiError::NoHeader { line });
            }
            break;
        }
        let colon = content
            .iter()
            .position(|byte| *byte == b':')
            .filter(|colon| *colon > 0)
            .ok_or(CgiError::NoHeader { line })?;
        let name = &content[..colon];
        let value = content[colon + 1..].trim_ascii();
        if name.eq_ignore_ascii_case(b"status") {
            let found = parse_status(value).ok_or(CgiError::BadStatus { line })?;
            if status.replace(found).is_some() {
                return Err(CgiError::BadStatus { line });
            }
            continue;
        }
        let name = HeaderName::from_bytes(name).map_err(|_| CgiError::NoHeader { line })?;
        let value = HeaderValue::from_bytes(value).map_err(|_| CgiError::BadHeader { line })?;
        if !frames(&name) {
            // HeaderMap has a bound of its own, far above that of lines.
            headers.append(name, value);
        }
    }
    let status = status.unwrap_or_else(|| {
        if headers.contains_key(header::LOCATION) {
            StatusCode::FOUND
        } else {
            StatusCode::OK
        }
    });
    Ok(CgiResponse {
        status,
        headers,
        body: at..output.len(),
    })
}

/// `404` or `404 Not Found`.
fn parse_status(value: &[u8]) -> Option<StatusCode> {
    let (digits, reason) = value.split_at_checked(3)?;
    if !reason.is_empty() && reason[0] != b' ' {
        return None;
    }
    let status = StatusCode::from_bytes(digits).ok()?;
    (200..600).contains(&status.as_u16()).then_some(status)
}

/// Whether the host alone sets this field.
fn frames(name: &HeaderName) -> bool {
    const FRAMING: [&str; 9] = [
        "connection",
        "content-length",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "proxy-authenticate",
    ];
    FRAMING.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        lines
            .iter()
            .map(|(name, value)| {
                let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
                (HeaderName::from_static(name), value)
            })
            .fold(HeaderMap::new(), |mut map, (name, value)| {
                map.append(name, value);
                map
            })
    }

    fn variables(url: &str, lines: &[(&'static str, &str)]) -> Vec<String> {
        environ(&CgiRequest {
            method: "POST",
            url,
            headers: &headers(lines),
            body_len: Some(3),
            remote_addr: Some("192.0.2.1"),
        })
    }

    fn check_variable(url: &str, lines: &[(&'static str, &str)], name: &str, value: Option<&str>) {
        let found = variables(url, lines);
        let prefix = format!("{name}=");
        let found = found.iter().find_map(|entry| entry.strip_prefix(&prefix));
        assert_eq!(found, value, "{name}");
    }

    #[test]
    fn a_request_becomes_an_environment() {
        let url = "https://shop.example:8443/a%20b/c?x=1&y=%00";
        let lines = [
            ("content-type", "text/plain"),
            ("content-length", "9"),
            ("accept", "a"),
            ("accept", "b"),
            ("cookie", "k=1"),
            ("cookie", "l=2"),
            ("x_forwarded_for", "6.6.6.6"),
            ("proxy", "http://evil.example"),
            ("authorization", "Basic abc"),
        ];
        for (name, value) in [
            ("REQUEST_METHOD", Some("POST")),
            ("SERVER_NAME", Some("shop.example")),
            ("SERVER_PORT", Some("8443")),
            ("SERVER_PROTOCOL", Some("HTTP/1.1")),
            ("GATEWAY_INTERFACE", Some("CGI/1.1")),
            ("HTTPS", Some("on")),
            ("SCRIPT_NAME", Some("")),
            ("PATH_INFO", Some("/a b/c")),
            ("QUERY_STRING", Some("x=1&y=%00")),
            ("REQUEST_URI", Some("/a%20b/c?x=1&y=%00")),
            ("REMOTE_ADDR", Some("192.0.2.1")),
            ("CONTENT_TYPE", Some("text/plain")),
            ("CONTENT_LENGTH", Some("3")),
            ("HTTP_ACCEPT", Some("a, b")),
            ("HTTP_COOKIE", Some("k=1; l=2")),
            ("HTTP_AUTHORIZATION", Some("Basic abc")),
            ("HTTP_X_FORWARDED_FOR", None),
            ("HTTP_PROXY", None),
            ("HTTP_CONTENT_TYPE", None),
        ] {
            check_variable(url, &lines, name, value);
        }
    }

    #[test]
    fn a_path_that_cannot_be_decoded_stays_as_it_is() {
        check_variable("http://a/x%00y", &[], "PATH_INFO", Some("/x%00y"));
        check_variable("http://a/x%ffy", &[], "PATH_INFO", Some("/x%ffy"));
        check_variable("http://a", &[], "PATH_INFO", Some("/"));
        check_variable("http://a/", &[], "SERVER_PORT", Some("80"));
        check_variable("http://a/", &[], "HTTPS", None);
        check_variable("no url at all \0", &[], "PATH_INFO", Some("/"));
    }

    fn check(output: &str, status: u16, fields: &[(&'static str, &str)], body: &str) {
        let response = parse_output(output.as_bytes()).unwrap();
        assert_eq!(response.status.as_u16(), status);
        assert_eq!(response.headers, headers(fields));
        assert_eq!(&output[response.body], body);
    }

    fn check_error(output: &[u8], error: CgiError) {
        assert_eq!(parse_output(output), Err(error));
    }

    #[test]
    fn outputs_become_responses() {
        let plain = [("content-type", "text/plain")];
        check("Content-Type: text/plain\n\nhello", 200, &plain, "hello");
        check(
            "content-type:text/plain \r\n\r\n\r\nx",
            200,
            &plain,
            "\r\nx",
        );
        check(
            "Status: 404 Not Found\nContent-Type: text/plain\n\n",
            404,
            &plain,
            "",
        );
        check("Location: /x\n\n", 302, &[("location", "/x")], "");
        check(
            "Location: /x\nStatus: 308\n\n",
            308,
            &[("location", "/x")],
            "",
        );
        check("Status: 204", 204, &[], "");
        check("X: a\nX: b\n\n:", 200, &[("x", "a"), ("x", "b")], ":");
        check(
            "Content-Length: 7\nTransfer-Encoding: chunked\n\nx",
            200,
            &[],
            "x",
        );
    }

    #[test]
    fn what_is_no_response_is_told() {
        check_error(b"", CgiError::Empty);
        check_error(b"\nbody", CgiError::NoHeader { line: 1 });
        check_error(b"hello world", CgiError::NoHeader { line: 1 });
        check_error(b"A: b\n folded\n\n", CgiError::NoHeader { line: 2 });
        check_error(b": b\n\n", CgiError::NoHeader { line: 1 });
        check_error(b"A b: c\n\n", CgiError::NoHeader { line: 1 });
        check_error(b"A: b\rc\n\n", CgiError::BadHeader { line: 1 });
        check_error(b"A: b\0c\n\n", CgiError::BadHeader { line: 1 });
        for status in ["", "20", "2000", "199", "101", "600", "abc", "+20", "200x"] {
            let output = format!("Status: {status}\n\n");
            check_error(output.as_bytes(), CgiError::BadStatus { line: 1 });
        }
        check_error(
            b"Status: 200\nstatus: 201\n\n",
            CgiError::BadStatus { line: 2 },
        );
    }

    #[test]
    fn heads_are_bounded() {
        let lines = |count: usize| format!("{}\n", "A: b\n".repeat(count));
        assert!(parse_output(lines(HEAD_LINES_MAX).as_bytes()).is_ok());
        check_error(lines(HEAD_LINES_MAX + 1).as_bytes(), CgiError::HeadTooLarge);
        let long = |bytes: usize| format!("A: {}\n\n", "b".repeat(bytes - 5));
        assert!(parse_output(long(HEAD_BYTES_MAX).as_bytes()).is_ok());
        check_error(long(HEAD_BYTES_MAX + 2).as_bytes(), CgiError::HeadTooLarge);
        check_error(&vec![b'a'; 2 * HEAD_BYTES_MAX], CgiError::HeadTooLarge);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn any_output_is_borne(output in prop::collection::vec(
            prop_oneof![Just(b'\n'), Just(b'\r'), Just(b':'), any::<u8>()], 0..200)) {
            if let Ok(response) = parse_output(&output) {
                prop_assert!(response.body.end == output.len());
                prop_assert!(response.body.start <= output.len());
            }
        }

        #[test]
        fn any_url_is_borne(url in ".{0,60}", value in "[ -~]{0,20}") {
            let entries = variables(&url, &[("x", &value)]);
            prop_assert!(entries.iter().all(|entry| !entry.contains('\0') && entry.contains('=')));
        }
    }
}
