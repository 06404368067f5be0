//! What of an answer that is kept a request gets: all of it, a part, or that it has it already
//! (RFC 9110 §13 and §14).

use crate::range::{Extent, extent};
use http::header::{self, HeaderMap};
use std::time::SystemTime;

/// What a request gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// The answer, or a part of it.
    Some(Extent),
    /// That it has not changed.
    NotModified,
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn date(headers: &HeaderMap, name: header::HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(text(headers, name)?).ok()
}

fn strong(etag: &str) -> &str {
    let etag = etag.trim();
    etag.strip_prefix("W/").unwrap_or(etag)
}

/// Whether who asks has this answer.
fn has_it(asked: &HeaderMap, kept: &HeaderMap) -> bool {
    if asked.contains_key(header::IF_NONE_MATCH) {
        let Some(etag) = text(kept, header::ETAG) else {
            return false;
        };
        let lists = asked.get_all(header::IF_NONE_MATCH).into_iter();
        return lists
            .filter_map(|list| list.to_str().ok())
            .flat_map(|list| list.split(','))
            .any(|one| one.trim() == "*" || strong(one) == strong(etag));
    }
    let since = date(asked, header::IF_MODIFIED_SINCE);
    let changed = date(kept, header::LAST_MODIFIED);
    matches!((since, changed), (Some(since), Some(changed)) if changed <= since)
}

/// Whether the range is of the answer that is kept.
fn is_range_of(asked: &HeaderMap, kept: &HeaderMap) -> bool {
    let Some(condition) = asked.get(header::IF_RANGE) else {
        return true;
    };
    let is_weak = condition.as_bytes().starts_with(b"W/");
    let same = |name| kept.get(name).is_some_and(|value| value == condition);
    !is_weak && (same(header::ETAG) || same(header::LAST_MODIFIED))
}

/// Chooses, for an answer of this status whose body has `len` bytes, if that was known before its
/// end.
pub fn select(asked: &HeaderMap, kept: &HeaderMap, status: u16, len: Option<u64>) -> Selection {
    if (200..300).contains(&status) && has_it(asked, kept) {
        return Selection::NotModified;
    }
    match (asked.get(header::RANGE), len) {
        (Some(range), Some(len)) if status == 200 && is_range_of(asked, kept) => {
            Selection::Some(extent(range.as_bytes(), len))
        }
        _ => Selection::Some(Extent::All),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use http::{HeaderName, HeaderValue};

    fn fields(fields: &[(&str, &str)]) -> HeaderMap {
        fields
            .iter()
            .map(|(name, value)| {
                let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
                (name, HeaderValue::from_str(value).unwrap())
            })
            .collect()
    }

    #[test]
    fn conditions_and_ranges() {
        let day = "Sun, 06 Nov 1994 08:49:37 GMT";
        let kept = fields(&[("etag", "\"a\""), ("last-modified", day)]);
        let check = |asked: &[(&str, &str)], expect| {
            assert_eq!(
                select(&fields(asked), &kept, 200, Some(10)),
                expect,
                "{asked:?}"
            );
        };
        let all = Selection::Some(Extent::All);
        check(&[], all);
        check(
            &[("if-none-match", "\"b\", W/\"a\"")],
            Selection::NotModified,
        );
        check(&[("if-none-match", "*")], Selection::NotModified);
        check(
            &[("if-none-match", "\"b\""), ("if-modified-since", day)],
            all,
        );
        check(&[("if-modified-since", day)], Selection::NotModified);
        check(
            &[("if-modified-since", "Sun, 06 Nov 1994 08:49:36 GMT")],
            all,
        );
        check(&[("if-modified-since", "nonsense")], all);
        let range = ("range", "bytes=1-2");
        check(&[range], Selection::Some(Extent::Part(1, 2)));
        check(
            &[range, ("if-range", "\"a\"")],
            Selection::Some(Extent::Part(1, 2)),
        );
        check(&[range, ("if-range", "\"b\"")], all);
        check(
            &[("range", "bytes=10-")],
            Selection::Some(Extent::Unsatisfiable),
        );
        assert_eq!(select(&fields(&[range]), &kept, 200, None), all);
        assert_eq!(select(&fields(&[range]), &kept, 404, Some(10)), all);
        let none = fields(&[]);
        assert_eq!(
            select(&fields(&[("if-none-match", "*")]), &none, 200, None),
            all
        );
    }
}
