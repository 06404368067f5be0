//! How long an answer may be kept: `Cache-Control`, `Expires`, and else its status
//! (spec: SEMANTICS §21; RFC 9111).

use http::header::{self, HeaderMap, HeaderName};
use std::time::{Duration, SystemTime};

/// No answer is kept for longer.
const LIFETIME_MAX: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Why an answer is not kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unkept {
    /// `Cache-Control` says so.
    #[error("its cache-control has `{0}`")]
    Forbidden(&'static str),
    /// It would be stale at once.
    #[error("it is stale already")]
    Stale,
    /// Answers of its status are kept only for as long as they themselves say.
    #[error("its status is {0}, and it does not say for how long it may be kept")]
    Status(u16),
    /// It sets cookies.
    #[error(
        "it has a set-cookie field; remove it, or have `cache-control: private=set-cookie` do so"
    )]
    Cookie,
    /// It is another one for each request.
    #[error("it varies by everything (`vary: *`)")]
    Varying,
    /// It was asked for with `Authorization`.
    #[error(
        "it answers a request with an authorization field, and does not say `public`, `s-maxage` or `must-revalidate`"
    )]
    Personal,
    /// Who asked does not want it.
    #[error("who asked wants it not kept")]
    Unwanted,
    /// It is larger than any answer that is kept.
    #[error("it has more than {limit} bytes, the limit of `cache.entry-bytes`")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// There is no room that could be made.
    #[error("the Worker's share of the cache, {limit} bytes, is used up by what is being written")]
    Full {
        /// The limit.
        limit: u64,
    },
    /// Too much is going on.
    #[error("{limit} answers of the cache are being read or written, the limit")]
    Busy {
        /// The limit.
        limit: usize,
    },
    /// Its body did not come to its end.
    #[error("its body broke off: {0}")]
    Broken(String),
    /// The disk refuses.
    #[error("it cannot be written: {0}")]
    Disk(String),
}

/// Whether an answer may be kept although it was asked for with `Authorization` (RFC 9111 §3.5).
pub fn is_for_all(headers: &HeaderMap) -> bool {
    directives(headers)
        .iter()
        .any(|it| matches!(it.name.as_str(), "public" | "s-maxage" | "must-revalidate"))
}

/// The same as [`lifetime`], where who asked says for how many seconds.
///
/// # Errors
/// When it may not be kept even so.
pub fn forced(status: u16, headers: &mut HeaderMap, seconds: i64) -> Result<Duration, Unkept> {
    if matches!(status, 206 | 304) || !(200..=599).contains(&status) {
        return Err(Unkept::Status(status));
    }
    let lifetime = match u64::try_from(seconds) {
        Err(_) => return Err(Unkept::Unwanted),
        Ok(0) => return Err(Unkept::Stale),
        Ok(seconds) => Duration::from_secs(seconds).min(LIFETIME_MAX),
    };
    // Cookies are one client's alone.
    headers.remove(header::SET_COOKIE);
    Ok(lifetime)
}

/// One directive of a `Cache-Control`, its name in lower case.
struct Directive<'a> {
    name: String,
    value: Option<&'a str>,
}

/// What stands between commas that are not in quotes.
fn directives(headers: &HeaderMap) -> Vec<Directive<'_>> {
    let mut found = Vec::new();
    for line in headers.get_all(header::CACHE_CONTROL) {
        let Ok(line) = line.to_str() else { continue };
        let mut quoted = false;
        let parts = line.split(move |char: char| {
            quoted ^= char == '"';
            char == ',' && !quoted
        });
        for part in parts {
            let (name, value) = match part.split_once('=') {
                Some((name, value)) => (name, Some(value.trim().trim_matches('"'))),
                None => (part, None),
            };
            found.push(Directive {
                name: name.trim().to_ascii_lowercase(),
                value,
            });
        }
    }
    found
}

/// A number of seconds; what is none means none.
fn seconds(value: Option<&str>) -> Duration {
    let digits =
        value.filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()));
    let seconds = digits.map_or(0, |digits| digits.parse().unwrap_or(u64::MAX));
    Duration::from_secs(seconds).min(LIFETIME_MAX)
}

fn date(headers: &HeaderMap, name: HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()
}

/// Without a word of their own, answers are kept for so long.
fn usual(status: u16) -> Option<Duration> {
    let minutes = match status {
        200 | 301 => 120,
        302 | 303 => 20,
        404 | 410 => 3,
        _ => return None,
    };
    Some(Duration::from_secs(minutes * 60))
}

/// For how long an answer may be kept from `now` on. Takes out the fields that may not be.
///
/// # Errors
/// When it may not be kept at all.
pub fn lifetime(status: u16, headers: &mut HeaderMap, now: SystemTime) -> Result<Duration, Unkept> {
    if matches!(status, 206 | 304) || !(200..=599).contains(&status) {
        return Err(Unkept::Status(status));
    }
    let (mut shared, mut own) = (None, None);
    let mut removed: Vec<HeaderName> = Vec::new();
    for Directive { name, value } in directives(headers) {
        match (name.as_str(), value) {
            ("no-store", _) => return Err(Unkept::Forbidden("no-store")),
            ("private", None) => return Err(Unkept::Forbidden("private")),
            ("no-cache", None) => return Err(Unkept::Forbidden("no-cache")),
            ("private" | "no-cache", Some(fields)) => {
                let names = fields.split(',').map(|name| name.trim().as_bytes());
                removed.extend(names.filter_map(|name| HeaderName::from_bytes(name).ok()));
            }
            ("s-maxage", value) => {
                shared.get_or_insert(seconds(value));
            }
            ("max-age", value) => {
                own.get_or_insert(seconds(value));
            }
            _ => {}
        }
    }
    let age = headers
        .get(header::AGE)
        .and_then(|age| age.to_str().ok())
        .map_or(Duration::ZERO, |age| seconds(Some(age.trim())));
    let lifetime = match shared.or(own) {
        Some(told) => told.saturating_sub(age),
        None if headers.contains_key(header::EXPIRES) => {
            // A date that cannot be read, `0` above all, is in the past.
            let since = date(headers, header::DATE).unwrap_or(now);
            date(headers, header::EXPIRES)
                .and_then(|until| until.duration_since(since).ok())
                .map_or(Duration::ZERO, |left| left.saturating_sub(age))
        }
        None => usual(status).ok_or(Unkept::Status(status))?,
    };
    if lifetime.is_zero() {
        return Err(Unkept::Stale);
    }
    for name in removed {
        headers.remove(name);
    }
    if headers.contains_key(header::SET_COOKIE) {
        return Err(Unkept::Cookie);
    }
    Ok(lifetime.min(LIFETIME_MAX))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use http::HeaderValue;

    fn of(status: u16, fields: &[(&str, &str)]) -> Result<u64, Unkept> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        lifetime(status, &mut headers, now).map(|lifetime| lifetime.as_secs())
    }

    #[test]
    fn what_is_said_counts_in_its_order() {
        let check = |fields: &[(&str, &str)], expect| assert_eq!(of(200, fields), expect);
        let later = ("expires", "Sun, 06 Nov 1994 08:50:37 GMT");
        check(&[], Ok(7200));
        check(&[later], Ok(60));
        check(&[later, ("date", "Sun, 06 Nov 1994 08:50:07 GMT")], Ok(30));
        check(&[later, ("cache-control", "max-age=10")], Ok(10));
        check(&[("cache-control", "max-age=10, S-MaxAge=\"20\"")], Ok(20));
        check(&[("cache-control", "max-age=10"), ("age", "4")], Ok(6));
        check(&[("cache-control", "public, immutable")], Ok(7200));
        check(
            &[("cache-control", "max-age=99999999999999999999")],
            Ok(LIFETIME_MAX.as_secs()),
        );
    }

    #[test]
    fn some_answers_are_not_kept() {
        let check = |status, fields: &[(&str, &str)], expect| {
            assert_eq!(of(status, fields), Err(expect), "{fields:?}");
        };
        let says = |text| [("cache-control", text)];
        check(
            200,
            &says("max-age=9, no-store"),
            Unkept::Forbidden("no-store"),
        );
        check(
            200,
            &says("private, max-age=9"),
            Unkept::Forbidden("private"),
        );
        check(200, &says("no-cache"), Unkept::Forbidden("no-cache"));
        check(200, &says("max-age=0"), Unkept::Stale);
        check(200, &says("max-age=x"), Unkept::Stale);
        check(200, &says("max-age=9, s-maxage=0"), Unkept::Stale);
        check(200, &[("expires", "0")], Unkept::Stale);
        check(200, &[("set-cookie", "a=b")], Unkept::Cookie);
        check(500, &[], Unkept::Status(500));
        check(206, &says("max-age=9"), Unkept::Status(206));
        assert_eq!(of(500, &says("max-age=9")), Ok(9));
        assert_eq!(of(404, &[]), Ok(180));
        assert_eq!(of(302, &[]), Ok(1200));
    }

    #[test]
    fn fields_that_are_private_are_left_out() {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_static("private=\"set-cookie, x-mine\", max-age=9");
        headers.insert(header::CACHE_CONTROL, value);
        headers.insert(header::SET_COOKIE, HeaderValue::from_static("a=b"));
        headers.insert("x-mine", HeaderValue::from_static("1"));
        assert!(lifetime(200, &mut headers, SystemTime::now()).is_ok());
        assert_eq!(headers.len(), 1);
    }
}
