//! The page that tunes, at `/tune`: three files in the binary, nothing from elsewhere.
//!
//! It needs no token itself: all that it shows it asks the API for, with one that the operator enters
//! and the page keeps in memory.

use super::envelope::{Answer, AnswerBody};
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};

/// What the page may do: run its own script, and talk to this port.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The files: path, media type, content.
const FILES: [(&str, &str, &str); 3] = [
    (
        "/tune",
        "text/html; charset=utf-8",
        include_str!("page/tune.html"),
    ),
    (
        "/tune/style.css",
        "text/css; charset=utf-8",
        include_str!("page/tune.css"),
    ),
    (
        "/tune/app.js",
        "text/javascript; charset=utf-8",
        include_str!("page/tune.js"),
    ),
];

/// The file of the page that a request is for.
pub fn answer(method: &Method, path: &str) -> Option<Answer> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return None;
    }
    let path = path.strip_suffix('/').unwrap_or(path);
    let (_, content_type, content) = FILES.iter().find(|(it, ..)| *it == path)?;
    let answer = Answer {
        status: StatusCode::OK,
        content_type: (*content_type).to_owned(),
        headers: Vec::new(),
        body: AnswerBody::Whole(Bytes::from_static(content.as_bytes())),
    };
    let answer = answer
        .with("content-security-policy", POLICY)
        .with("x-content-type-options", "nosniff")
        .with("referrer-policy", "no-referrer")
        .with("cross-origin-opener-policy", "same-origin")
        .with("x-frame-options", "DENY");
    Some(answer)
}

/// Where a browser is led that asks for nothing in particular.
pub fn entrance<T>(request: &Request<T>) -> Option<Answer> {
    let accepted = request.headers().get(header::ACCEPT)?.to_str().ok()?;
    let is_browser = request.method() == Method::GET && accepted.contains("text/html");
    (is_browser && request.uri().path() == "/").then(|| {
        let answer = Answer {
            status: StatusCode::FOUND,
            content_type: "text/plain; charset=utf-8".to_owned(),
            headers: Vec::new(),
            body: AnswerBody::Whole(Bytes::from_static(b"the page that tunes is at /tune\n")),
        };
        answer.with("location", FILES[0].0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_small_and_asks_nobody_else() {
        let bytes: usize = FILES.iter().map(|(.., it)| it.len()).sum();
        assert!(bytes <= 150_000, "{bytes} bytes");
        for (path, _, content) in FILES {
            for far in ["http://", "https://", "//cdn", "@import", "url("] {
                let named = content.replace("http://www.w3.org/2000/svg", "");
                assert!(!named.contains(far), "{path} has {far}");
            }
            for unsafe_ in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "localStorage",
                "sessionStorage",
                "document.cookie",
            ] {
                assert!(!content.contains(unsafe_), "{path} has {unsafe_}");
            }
        }
        // The policy would not let it.
        let html = FILES[0].2;
        assert!(!html.contains(" style=") && !html.contains("onclick") && !html.contains("<style"));
    }

    #[test]
    fn only_its_files_are_there() {
        for (path, ..) in FILES {
            assert!(answer(&Method::GET, path).is_some());
            assert!(answer(&Method::POST, path).is_none());
        }
        assert!(answer(&Method::GET, "/tune/").is_some());
        for path in ["/", "", "/tune/x", "/tune/../tune", "/tuned", "/tune//"] {
            assert!(answer(&Method::GET, path).is_none(), "{path}");
        }
    }
}
