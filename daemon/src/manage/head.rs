//! What the head of a call must be before anybody looks at its token: what HTTP asks of a server
//! and hyper leaves to it.

use super::envelope::{Refusal, code};
use http::header::{self, HeaderMap, HeaderName};
use http::{Method, StatusCode, Uri, Version, request};

/// Refuses a head that somebody in front may understand differently, and with it the connection:
/// what follows it may be no call.
pub fn check(head: &request::Parts) -> Result<(), Refusal> {
    let checked = method(&head.method)
        .and_then(|()| host(&head.uri, head.version, &head.headers))
        .and_then(|()| once(&head.headers, &header::AUTHORIZATION).map(|_| ()))
        .and_then(|()| framing(&head.headers));
    checked.map_err(|mut refusal| {
        refusal.close = true;
        refusal
    })
}

fn method(method: &Method) -> Result<(), Refusal> {
    if *method != Method::CONNECT && *method != Method::TRACE {
        return Ok(());
    }
    let what = format!("{method} is not served here");
    let mut refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, code::NO_METHOD, what);
    refusal.allow = Some("GET, HEAD, POST, PUT, PATCH, DELETE".to_owned());
    Err(refusal)
}

/// RFC 9112 §3.2: one host, or none where the version or the target allows that.
fn host(target: &Uri, version: Version, headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(host) = once(headers, &header::HOST)? else {
        // HTTP/2 has it with the target.
        return match version == Version::HTTP_11 {
            true => Err(bad("the request has no Host header")),
            false => Ok(()),
        };
    };
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(byte);
    let named = target.authority().map_or("a", |it| it.as_str());
    let all = [host.as_bytes(), named.as_bytes()];
    match all
        .iter()
        .all(|it| !it.is_empty() && it.iter().all(is_part))
    {
        true => Ok(()),
        false => Err(bad("bad Host: it is neither a name nor an address")),
    }
}

/// The only field of this name, if there is one.
fn once<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'a http::HeaderValue>, Refusal> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (first, None) => Ok(first),
        (_, Some(_)) => Err(bad(&format!("the request has more than one {name} header"))),
    }
}

fn framing(headers: &HeaderMap) -> Result<(), Refusal> {
    // hyper takes the body apart only as chunks; more codings would stay in it undone.
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    if let Some(coding) = codings.next()
        && (codings.next().is_some() || !coding.as_bytes().eq_ignore_ascii_case(b"chunked"))
    {
        return Err(Refusal::new(
            StatusCode::NOT_IMPLEMENTED,
            code::BODY,
            "no transfer coding but one \"chunked\" is implemented",
        ));
    }
    let mut expectations = headers.get_all(header::EXPECT).iter();
    match expectations.all(|it| it.as_bytes().eq_ignore_ascii_case(b"100-continue")) {
        true => Ok(()),
        false => Err(Refusal::new(
            StatusCode::EXPECTATION_FAILED,
            code::BODY,
            "the only expectation understood is 100-continue",
        )),
    }
}

fn bad(what: &str) -> Refusal {
    Refusal::bad(code::BODY, what)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn checked(version: Version, fields: &[(&str, &str)]) -> Option<u16> {
        let mut request = http::Request::builder().version(version).uri("/");
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let refusal = check(&request.body(()).unwrap().into_parts().0).err()?;
        assert!(refusal.close);
        Some(refusal.status.as_u16())
    }

    #[test]
    fn heads() {
        let check = |fields: &[(&str, &str)], expect| {
            let all = [&[("host", "a.example:80")], fields].concat();
            assert_eq!(checked(Version::HTTP_11, &all), expect, "{fields:?}");
        };
        check(&[], None);
        check(&[("host", "a.example")], Some(400));
        check(&[("authorization", "a"), ("authorization", "b")], Some(400));
        check(&[("transfer-encoding", "Chunked")], None);
        check(&[("transfer-encoding", "gzip, chunked")], Some(501));
        check(
            &[
                ("transfer-encoding", "chunked"),
                ("transfer-encoding", "chunked"),
            ],
            Some(501),
        );
        check(&[("expect", "100-Continue")], None);
        check(&[("expect", "x")], Some(417));
        for host in ["", "a b", "a/b", "u@a", "a,b", "a%2eb"] {
            assert_eq!(
                checked(Version::HTTP_11, &[("host", host)]),
                Some(400),
                "{host}"
            );
        }
        assert_eq!(checked(Version::HTTP_11, &[("host", "[::1]:1")]), None);
        assert_eq!(checked(Version::HTTP_11, &[]), Some(400));
        assert_eq!(checked(Version::HTTP_10, &[]), None);
        assert_eq!(checked(Version::HTTP_2, &[]), None);
    }
}
