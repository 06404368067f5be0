//! Fields of one name in one line, where the field sends them so.

use std::borrow::Cow;

/// Names whose values are sent as one, with commas, as the field sends them. Of other names each
/// value has a line of its own.
const JOINED: &[&str] = &[
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "accept-ranges",
    "access-control-allow-origin",
    "age",
    "allow",
    "authorization",
    "cache-control",
    "cf-cache-status",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-location",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "etag",
    "expect",
    "expires",
    "from",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "last-modified",
    "link",
    "location",
    "max-forwards",
    "origin",
    "pragma",
    "proxy-authenticate",
    "proxy-authorization",
    "range",
    "referer",
    "refresh",
    "retry-after",
    "server",
    "strict-transport-security",
    "user-agent",
    "vary",
    "via",
    "www-authenticate",
];

/// All fields, the values of a name in [`JOINED`] in one, where its first one is.
pub fn joined<'a>(all: impl Iterator<Item = (&'a str, &'a [u8])>) -> Vec<(&'a str, Cow<'a, [u8]>)> {
    let mut fields: Vec<(&str, Cow<'_, [u8]>)> = Vec::new();
    let mut places: Vec<(&str, usize)> = Vec::new();
    for (name, value) in all {
        if JOINED.binary_search(&name).is_ok() {
            if let Some((_, at)) = places.iter().find(|(known, _)| *known == name) {
                let whole = fields[*at].1.to_mut();
                whole.extend_from_slice(b", ");
                whole.extend_from_slice(value);
                continue;
            }
            places.push((name, fields.len()));
        }
        fields.push((name, Cow::Borrowed(value)));
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_to_be_found() {
        assert!(JOINED.is_sorted());
    }

    #[test]
    fn values_of_one_name_are_joined_where_the_first_is() {
        let all = [
            ("vary", "a"),
            ("x", "1"),
            ("vary", "b"),
            ("x", "2"),
            ("vary", "c"),
        ];
        let fields = joined(
            all.into_iter()
                .map(|(name, value)| (name, value.as_bytes())),
        );
        let shown: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (*name, std::str::from_utf8(value).unwrap_or_default()))
            .collect();
        assert_eq!(shown, [("vary", "a, b, c"), ("x", "1"), ("x", "2")]);
    }
}
