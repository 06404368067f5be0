//! A request, decoded only as far as the Worker looks.

use crate::body::{ByteStream, Source, text};
use crate::error::{Error, Result};
use crate::headers::Headers;
use crate::runtime;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::OnceCell;
use core::ops::Range;
use postern_abi::http::{BodyHint, RequestLine};

/// An HTTP request.
pub struct Request {
    id: u32,
    payload: Vec<u8>,
    line: OnceCell<Line>,
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
            headers: OnceCell::new(),
            body_used: false,
        }
    }

    fn line(&self) -> &Line {
        self.line.get_or_init(|| {
            let (line, rest) = postcard::take_from_bytes::<RequestLine>(&self.payload)
                .expect("the host sends a request line");
            let range = |part: &str| {
                let start = part.as_ptr() as usize - self.payload.as_ptr() as usize;
                start..start + part.len()
            };
            Line {
                method: range(line.method),
                url: range(line.url),
                body: line.body,
                fields_at: self.payload.len() - rest.len(),
            }
        })
    }

    fn part(&self, range: Range<usize>) -> &str {
        core::str::from_utf8(&self.payload[range]).expect("it was text when the line was decoded")
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
        match split_url(self.url()).0 {
            "" => "/",
            path => path,
        }
    }

    /// What stands behind the URL's question mark, not decoded.
    pub fn query(&self) -> Option<&str> {
        split_url(self.url()).1
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

/// Path and query of an absolute URL. What they end at is ASCII, so bytes are looked at alone.
fn split_url(url: &str) -> (&str, Option<&str>) {
    let bytes = url.as_bytes();
    let find = |from: usize, ends: &[u8]| {
        let rest = bytes[from..].iter();
        rest.copied()
            .position(|byte| ends.contains(&byte))
            .map_or(bytes.len(), |at| from + at)
    };
    let colon = find(0, b":");
    let host = match bytes.get(colon..colon + 3) {
        Some(b"://") => colon + 3,
        _ => 0,
    };
    let path = find(host, b"/?#");
    let query = find(path, b"?#");
    if bytes.get(query) != Some(&b'?') {
        return (&url[path..query], None);
    }
    let end = find(query + 1, b"#");
    (&url[path..query], Some(&url[query + 1..end]))
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
    use super::*;
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
            assert_eq!(split_url(url), (path, query), "{url}");
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
            split_url(&text);
            form_decode(&text);
        }
    }
}
