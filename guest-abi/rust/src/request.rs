//! A request, decoded only as far as the Worker looks.

use crate::body::{ByteStream, Source, text};
use crate::error::{Error, Result};
use crate::headers::Headers;
use crate::runtime;
use crate::wire::{take_bytes, take_number, take_varint};
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::OnceCell;
use core::ops::Range;
use postern_abi::http::BodyHint;

/// An HTTP request.
pub struct Request {
    id: u32,
    payload: Vec<u8>,
    line: OnceCell<Line>,
    /// Where path and query lie in the URL.
    split: OnceCell<(Range<usize>, Option<Range<usize>>)>,
    headers: OnceCell<Headers>,
    body_used: bool,
}

/// Where the parts of the first line lie in the payload.
struct Line {
    method: Range<usize>,
    url: Range<usize>,
    body: BodyHint,
    fields_at: usize,
}

impl Line {
    /// From the payload, whose beginning is a [`RequestLine`](postern_abi::http::RequestLine).
    fn decode(payload: &[u8]) -> Option<Self> {
        let mut rest = payload;
        let mut text = || {
            let part = take_bytes(&mut rest)?;
            core::str::from_utf8(part).ok()?;
            let end = payload.len() - rest.len();
            Some(end - part.len()..end)
        };
        let (method, url) = (text()?, text()?);
        let body = match take_varint(&mut rest)? {
            0 => BodyHint::None,
            1 => BodyHint::Known(take_number(&mut rest)?),
            2 => BodyHint::Chunked,
            _ => return None,
        };
        Some(Self {
            method,
            url,
            body,
            fields_at: payload.len() - rest.len(),
        })
    }
}

/// The method of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
    /// Another one; [`Request::method_name`] tells which.
    Other,
}

impl Request {
    #[inline]
    pub(crate) fn new(id: u32, payload: Vec<u8>) -> Self {
        Self {
            id,
            payload,
            line: OnceCell::new(),
            split: OnceCell::new(),
            headers: OnceCell::new(),
            body_used: false,
        }
    }

    fn line(&self) -> &Line {
        self.line
            .get_or_init(|| Line::decode(&self.payload).expect("the host sends a request line"))
    }

    fn part(&self, range: Range<usize>) -> &str {
        // SAFETY: the ranges of a line are of text (`Line::decode` looks), and no payload changes.
        unsafe { core::str::from_utf8_unchecked(&self.payload[range]) }
    }

    fn split(&self) -> &(Range<usize>, Option<Range<usize>>) {
        self.split.get_or_init(|| split_url(self.url()))
    }

    /// The method.
    pub fn method(&self) -> Method {
        match self.method_name() {
            "GET" => Method::Get,
            "HEAD" => Method::Head,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "PATCH" => Method::Patch,
            "DELETE" => Method::Delete,
            "OPTIONS" => Method::Options,
            _ => Method::Other,
        }
    }

    /// The method, as it came.
    pub fn method_name(&self) -> &str {
        self.part(self.line().method.clone())
    }

    /// The absolute URL.
    pub fn url(&self) -> &str {
        self.part(self.line().url.clone())
    }

    /// The URL's path, as it came: it begins with a slash and is not percent-decoded.
    pub fn path(&self) -> &str {
        match &self.url()[self.split().0.clone()] {
            "" => "/",
            path => path,
        }
    }

    /// What stands behind the URL's question mark, not decoded.
    pub fn query(&self) -> Option<&str> {
        let query = self.split().1.clone()?;
        Some(&self.url()[query])
    }

    /// The names and values in the query, decoded as a form's are.
    pub fn query_pairs(&self) -> impl Iterator<Item = (String, String)> + '_ {
        self.query()
            .unwrap_or("")
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (form_decode(name), form_decode(value))
            })
    }

    /// The value of the first parameter of this name in the query.
    pub fn query_param(&self, name: &str) -> Option<String> {
        self.query_pairs()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    /// The header fields.
    pub fn headers(&self) -> &Headers {
        self.headers.get_or_init(|| {
            Headers::decode(&self.payload[self.line().fields_at..])
                .expect("the host sends header fields behind the request line")
                .0
        })
    }

    /// The header fields as they came, encoded.
    pub(crate) fn fields(&self) -> &[u8] {
        &self.payload[self.line().fields_at..]
    }

    /// Where the body comes from, if there is one that nobody has taken, and its length where that is
    /// known.
    pub(crate) fn take_body(&mut self) -> Option<(Source, Option<u64>)> {
        let len = self.body_len();
        match self.stream() {
            Ok(stream) if len != Some(0) => Some((stream.into_source(), len)),
            _ => None,
        }
    }

    /// Whether the body was read, or is being read.
    pub fn body_used(&self) -> bool {
        self.body_used
    }

    /// The body's length in bytes, where it is known before it is read.
    pub fn body_len(&self) -> Option<u64> {
        match self.line().body {
            BodyHint::None => Some(0),
            BodyHint::Known(len) => Some(len),
            BodyHint::Chunked => None,
        }
    }

    /// The body, as it comes.
    ///
    /// # Errors
    /// `TypeError` if it was taken before.
    pub fn stream(&mut self) -> Result<ByteStream> {
        if self.body_used {
            return Err(Error::named(
                "TypeError",
                "the request's body was read already; keep what was read",
            ));
        }
        self.body_used = true;
        Ok(ByteStream::new(match self.line().body {
            BodyHint::None => Source::Empty,
            BodyHint::Known(_) | BodyHint::Chunked => Source::Request(self.id),
        }))
    }

    /// The whole body.
    ///
    /// # Errors
    /// As [`stream`](Self::stream), and when the client broke off.
    pub async fn bytes(&mut self) -> Result<Vec<u8>> {
        let expected = self.body_len().unwrap_or(0);
        self.stream()?.collect(expected).await
    }

    /// The whole body as text.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes), and when it is not UTF-8.
    pub async fn text(&mut self) -> Result<String> {
        text(self.bytes().await?)
    }

    /// The whole body, decoded from JSON.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes), and when it is not the JSON of a `T`.
    #[cfg(feature = "json")]
    pub async fn json<T: serde::de::DeserializeOwned>(&mut self) -> Result<T> {
        Ok(serde_json::from_slice(&self.bytes().await?)?)
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        runtime::recycle(core::mem::take(&mut self.payload));
    }
}

impl core::fmt::Debug for Request {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} {}", self.method_name(), self.url())
    }
}

/// Where path and query of an absolute URL lie. What they end at is ASCII, so bytes are looked at
/// alone.
fn split_url(url: &str) -> (Range<usize>, Option<Range<usize>>) {
    let bytes = url.as_bytes();
    let find = |from: usize, ends: fn(u8) -> bool| {
        let mut at = from;
        while at < bytes.len() && !ends(bytes[at]) {
            at += 1;
        }
        at
    };
    let colon = find(0, |byte| byte == b':');
    let host = match bytes.get(colon..colon + 3) {
        Some(b"://") => colon + 3,
        _ => 0,
    };
    let path = find(host, |byte| matches!(byte, b'/' | b'?' | b'#'));
    let query = find(path, |byte| matches!(byte, b'?' | b'#'));
    if bytes.get(query) != Some(&b'?') {
        return (path..query, None);
    }
    let end = find(query + 1, |byte| byte == b'#');
    (path..query, Some(query + 1..end))
}

/// Decodes `+` and `%XX`; what is not valid stays as it is, and bytes that are not UTF-8
/// become replacement characters.
fn form_decode(text: &str) -> String {
    let digit = |at: usize| {
        text.as_bytes()
            .get(at)
            .and_then(|b| (*b as char).to_digit(16))
    };
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(&byte) = text.as_bytes().get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high << 4 | low) as u8);
                at += 2;
            }
            (b'+', ..) => out.push(b' '),
            _ => out.push(byte),
        }
        at += 1;
    }
    match String::from_utf8(out) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use postern_abi::http::RequestLine;
    use proptest::prelude::*;

    #[test]
    fn urls_split() {
        for (url, path, query) in [
            ("http://h/a/b?c=d", "/a/b", Some("c=d")),
            ("http://h", "", None),
            ("http://h?x", "", Some("x")),
            ("http://h:80/?", "/", Some("")),
            ("http://h/a#b?c", "/a", None),
            ("/relative?y", "/relative", Some("y")),
        ] {
            let (found, asked) = split_url(url);
            assert_eq!(
                (&url[found], asked.map(|it| &url[it])),
                (path, query),
                "{url}"
            );
        }
    }

    #[test]
    fn forms_decode() {
        for (text, expect) in [
            ("a+b%20c", "a b c"),
            ("%E2%82%AC", "€"),
            ("%zz%4", "%zz%4"),
            ("%ff", "\u{fffd}"),
        ] {
            assert_eq!(form_decode(text), expect, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_split_and_decoded_without_a_panic(text: String) {
            let (path, query) = split_url(&text);
            let _ = (&text[path], query.map(|query| &text[query]));
            form_decode(&text);
        }

        #[test]
        fn lines_are_postcards(
            method: String,
            url: String,
            body in prop_oneof![
                Just(BodyHint::None),
                any::<u64>().prop_map(BodyHint::Known),
                Just(BodyHint::Chunked),
            ],
        ) {
            let line = RequestLine { method: &method, url: &url, body };
            let payload = postcard::to_allocvec(&line).unwrap();
            let found = Line::decode(&payload).unwrap();
            prop_assert_eq!(&payload[found.method], method.as_bytes());
            prop_assert_eq!(&payload[found.url], url.as_bytes());
            prop_assert_eq!((found.body, found.fields_at), (body, payload.len()));
            for len in 0..payload.len() {
                prop_assert!(Line::decode(&payload[..len]).is_none());
            }
        }

        #[test]
        fn any_bytes_are_a_line_or_none(bytes: Vec<u8>) {
            prop_assert_eq!(
                Line::decode(&bytes).is_some(),
                postcard::take_from_bytes::<RequestLine>(&bytes).is_ok()
            );
        }
    }
}
