//! Header fields: which ones go no further, and which ones are the edge's to set.

use super::answer::Answer;
use super::options::{EdgeOptions, FIELDS_MAX};
use crate::engine::refusal::{Refusal, Stage};
use crate::engine::timing::Timing;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};

pub const CF_RAY: HeaderName = HeaderName::from_static("cf-ray");
/// Which limit is why there is no answer from a Worker; the edge alone says it.
pub const POSTERN_LIMIT: HeaderName = HeaderName::from_static("postern-limit");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
const CF_EW_VIA: HeaderName = HeaderName::from_static("cf-ew-via");
const CF_CONNECTING_IP: HeaderName = HeaderName::from_static("cf-connecting-ip");
const X_REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Fields removed in one go; what is left is removed in the next.
const BATCH: usize = 32;

/// Refuses what is too large or cannot be understood.
pub fn check(headers: &HeaderMap, options: &EdgeOptions) -> Result<(), Answer> {
    let bytes: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if bytes > options.header_bytes_max {
        return Err(Answer::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            format!(
                "request headers have {bytes} bytes, the limit is {}",
                options.header_bytes_max
            ),
        )
        .limited(
            Stage::Head,
            Refusal {
                limit: "edge.header-bytes",
                value: options.header_bytes_max as u64,
                used: bytes as u64,
                remedy: "raise it, or send less",
                retry_after_s: None,
                is_shared: false,
            },
        ));
    }
    if headers.len() > FIELDS_MAX {
        // Of HTTP/1.1 hyper refuses them.
        let (count, max) = (headers.len() as u64, FIELDS_MAX as u64);
        return Err(Answer::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            format!("the request has {count} header fields, the limit is {max}"),
        )
        .limited(
            Stage::Head,
            Refusal {
                limit: "edge.header-fields",
                value: max,
                used: count,
                remedy: "send less",
                retry_after_s: None,
                is_shared: false,
            },
        ));
    }
    let mut lengths = headers.get_all(header::CONTENT_LENGTH).iter();
    if lengths.any(|length| length.is_empty()) {
        // Of HTTP/1.1 hyper refuses that.
        return Err(Answer::new(
            StatusCode::BAD_REQUEST,
            "the content-length is empty; give a number of bytes, or leave it out",
        ));
    }
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    if let Some(coding) = codings.next()
        && (codings.next().is_some() || !coding.as_bytes().eq_ignore_ascii_case(b"chunked"))
    {
        // hyper takes the body apart only as chunks; more codings would reach the Worker
        // undone, or be understood differently by somebody in front.
        return Err(Answer::new(
            StatusCode::NOT_IMPLEMENTED,
            "no transfer coding but one \"chunked\" is implemented",
        ));
    }
    let mut expectations = headers.get_all(header::EXPECT).iter();
    if expectations.any(|value| !value.as_bytes().eq_ignore_ascii_case(b"100-continue")) {
        return Err(Answer::new(
            StatusCode::EXPECTATION_FAILED,
            "the only expectation understood is 100-continue",
        ));
    }
    Ok(())
}

/// How often a request has left this machine and come back (spec: SEMANTICS §1); 0 if it says
/// nothing, or nothing that can be read.
pub fn hops(headers: &HeaderMap) -> u16 {
    let via = headers.get(CF_EW_VIA).and_then(|via| via.to_str().ok());
    via.and_then(|via| via.parse().ok()).unwrap_or(0)
}

/// Removes what ends here (RFC 9110 §7.6.1) and what clients must not claim, and sets the
/// edge's own fields.
pub fn to_worker(
    headers: &mut HeaderMap,
    ray: HeaderValue,
    client: &HeaderValue,
    scheme: &'static str,
    upgrades: bool,
) {
    strip(headers, |name| {
        is_hop_by_hop(name) || *name == header::EXPECT || is_edges_own(name.as_str())
    });
    headers.insert(CF_RAY, ray);
    headers.insert(CF_CONNECTING_IP, client.clone());
    headers.insert(X_REAL_IP, client.clone());
    headers.insert(X_FORWARDED_FOR, client.clone());
    headers.insert(X_FORWARDED_PROTO, HeaderValue::from_static(scheme));
    if upgrades {
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    }
}

/// Removes what is not a Worker's to say. Lengths are looked at by whoever sends the body.
pub fn from_worker(headers: &mut HeaderMap, ray: HeaderValue) {
    strip(headers, |name| {
        is_hop_by_hop(name) || *name == POSTERN_LIMIT
    });
    headers.insert(CF_RAY, ray);
}

/// Says where the time went, behind what the Worker says of it itself.
pub fn tell_timing(headers: &mut HeaderMap, timing: &Timing) {
    if let Ok(value) = HeaderValue::try_from(timing.to_string()) {
        headers.append(SERVER_TIMING, value);
    }
}

fn strip(headers: &mut HeaderMap, go: impl Fn(&HeaderName) -> bool) {
    if headers.contains_key(header::CONNECTION) {
        strip_named(headers);
    }
    loop {
        let mut batch: heapless::Vec<HeaderName, BATCH> = heapless::Vec::new();
        for name in headers.keys().filter(|name| go(name)) {
            if batch.push(name.clone()).is_err() {
                break;
            }
        }
        for name in &batch {
            headers.remove(name);
        }
        if !batch.is_full() {
            return;
        }
    }
}

/// Removes the fields that `Connection` names, except those without which a request is another.
#[cold]
fn strip_named(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .filter(|name| *name != header::HOST && *name != header::CONTENT_LENGTH)
        .collect();
    for name in named {
        headers.remove(name);
    }
}

fn is_hop_by_hop(name: &HeaderName) -> bool {
    matches!(
        *name,
        header::CONNECTION
            | header::TE
            | header::TRAILER
            | header::TRANSFER_ENCODING
            | header::UPGRADE
            | header::PROXY_AUTHENTICATE
            | header::PROXY_AUTHORIZATION
    ) || matches!(
        name.as_str(),
        "keep-alive" | "proxy-connection" | "http2-settings"
    )
}

/// Names that Workers trust because only the edge sets them.
fn is_edges_own(name: &str) -> bool {
    name.starts_with("cf-")
        || name.starts_with("x-forwarded-")
        || matches!(name, "x-real-ip" | "true-client-ip" | "forwarded")
}

/// The one length that a Worker gave for a body, if it is one.
pub fn take_content_length(headers: &mut HeaderMap) -> Option<u64> {
    let mut values = headers.get_all(header::CONTENT_LENGTH).iter();
    let first = values.next()?;
    let digits = first.as_bytes();
    let usable = values.all(|value| value == first)
        && !digits.is_empty()
        && digits.iter().all(u8::is_ascii_digit);
    let len = first.to_str().ok().and_then(|text| text.parse().ok());
    headers.remove(header::CONTENT_LENGTH);
    len.filter(|_| usable)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn map(fields: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                value.parse().unwrap(),
            );
        }
        headers
    }

    #[test]
    fn a_worker_sees_neither_hops_nor_forgeries() {
        let mut headers = map(&[
            ("host", "a.example"),
            ("connection", "close, X-Hop, host"),
            ("connection", "content-length,,te"),
            ("content-length", "3"),
            ("x-hop", "1"),
            ("keep-alive", "5"),
            ("te", "trailers"),
            ("expect", "100-continue"),
            ("cf-connecting-ip", "6.6.6.6"),
            ("cf-worker", "x"),
            ("x-forwarded-for", "6.6.6.6"),
            ("x-forwarded-host", "evil"),
            ("x-real-ip", "6.6.6.6"),
            ("forwarded", "for=6.6.6.6"),
            ("cookie", "a=1"),
        ]);
        for i in 0..3 * BATCH {
            let name = HeaderName::from_bytes(format!("cf-{i}").as_bytes()).unwrap();
            headers.append(name, "x".parse().unwrap());
        }
        let client = "10.0.0.1".parse().unwrap();
        to_worker(&mut headers, "ray".parse().unwrap(), &client, "http", false);
        let mut left: Vec<String> = headers
            .iter()
            .map(|(name, value)| format!("{name}={}", value.to_str().unwrap()))
            .collect();
        left.sort();
        assert_eq!(
            left,
            [
                "cf-connecting-ip=10.0.0.1",
                "cf-ray=ray",
                "content-length=3",
                "cookie=a=1",
                "host=a.example",
                "x-forwarded-for=10.0.0.1",
                "x-forwarded-proto=http",
                "x-real-ip=10.0.0.1",
            ]
        );
    }

    #[test]
    fn lengths_are_taken_seriously_or_not_at_all() {
        let check = |values: &[&str], expect| {
            let fields: Vec<_> = values.iter().map(|v| ("content-length", *v)).collect();
            let mut headers = map(&fields);
            assert_eq!(take_content_length(&mut headers), expect, "{values:?}");
            assert!(headers.is_empty());
        };
        check(&[], None);
        check(&["5"], Some(5));
        check(&["5", "5"], Some(5));
        check(&["5", "6"], None);
        check(&["+5"], None);
        check(&["5, 5"], None);
        check(&[""], None);
        check(&["99999999999999999999"], None);
    }

    #[test]
    fn what_cannot_be_understood_is_refused() {
        let options = EdgeOptions::default();
        let check = |fields: &[(&str, &str)], expect: Option<u16>| {
            let got = check(&map(fields), &options).err();
            assert_eq!(
                got.map(|answer| answer.status.as_u16()),
                expect,
                "{fields:?}"
            );
        };
        check(&[("transfer-encoding", "Chunked")], None);
        check(&[("transfer-encoding", "gzip, chunked")], Some(501));
        check(
            &[
                ("transfer-encoding", "chunked"),
                ("transfer-encoding", "chunked"),
            ],
            Some(501),
        );
        check(&[("content-length", "0")], None);
        check(&[("content-length", "")], Some(400));
        check(&[("expect", "100-Continue")], None);
        check(&[("expect", "200-ok")], Some(417));
        check(&[("x", &"y".repeat(options.header_bytes_max))], Some(431));
    }
}
