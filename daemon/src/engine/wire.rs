//! Writes event payloads straight into a guest's window: no buffer in between.
//!
//! The format is postcard's; a test holds it against the types of `postern-abi`.

use super::invocation::{Entry, Props};
use http::HeaderMap;
use postern_abi::http::BodyHint;
use postern_abi::rpc::Purpose;

/// A place to write to. What does not fit is counted and makes [`Writer::finish`] fail.
pub struct Writer<'a> {
    out: &'a mut [u8],
    len: usize,
}

impl<'a> Writer<'a> {
    /// Writes to the start of `out`.
    pub fn new(out: &'a mut [u8]) -> Self {
        Self { out, len: 0 }
    }

    /// Raw bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        let end = self.len + bytes.len();
        if let Some(slot) = self.out.get_mut(self.len..end) {
            slot.copy_from_slice(bytes);
        }
        self.len = end;
    }

    /// A number, seven bits a byte, least significant first.
    pub fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes(&[value as u8 | 0x80]);
            value >>= 7;
        }
        self.bytes(&[value as u8]);
    }

    /// Bytes behind their length.
    pub fn counted(&mut self, bytes: &[u8]) {
        self.varint(bytes.len() as u64);
        self.bytes(bytes);
    }

    /// The length written, or the length that it would have taken.
    pub fn finish(self) -> Result<usize, usize> {
        if self.len <= self.out.len() {
            Ok(self.len)
        } else {
            Err(self.len)
        }
    }
}

/// A [`RequestLine`](postern_abi::http::RequestLine) and its [`Fields`](postern_abi::http::Fields).
pub fn request(out: &mut Writer<'_>, method: &str, url: &str, body: BodyHint, headers: &HeaderMap) {
    out.counted(method.as_bytes());
    out.counted(url.as_bytes());
    match body {
        BodyHint::None => out.varint(0),
        BodyHint::Known(len) => {
            out.varint(1);
            out.varint(len);
        }
        BodyHint::Chunked => out.varint(2),
    }
    out.varint(headers.len() as u64);
    for (name, value) in headers {
        out.counted(name.as_str().as_bytes());
        out.counted(value.as_bytes());
    }
}

/// Bytes that [`entry`] takes at most.
pub fn entry_bound(entry: &Entry) -> usize {
    let props = match &entry.props {
        Props::None => 0,
        Props::Json(text) => text.len(),
        Props::Own(bytes) => bytes.len(),
    };
    entry.entrypoint.as_ref().map_or(0, String::len) + props + 24
}

/// An [`Entry`](postern_abi::rpc::Entry).
pub fn entry(out: &mut Writer<'_>, entry: &Entry, purpose: Purpose) {
    match &entry.entrypoint {
        None => out.varint(0),
        Some(name) => {
            out.varint(1);
            out.counted(name.as_bytes());
        }
    }
    match &entry.props {
        Props::None => out.varint(0),
        Props::Json(text) => {
            out.varint(1);
            out.counted(text.as_bytes());
        }
        Props::Own(bytes) => {
            out.varint(2);
            out.counted(bytes);
        }
    }
    out.varint(purpose as u64);
}

/// A [`Scheduled`](postern_abi::event::Scheduled).
pub fn scheduled(out: &mut Writer<'_>, cron: &str, time_ms: u64) {
    out.counted(cron.as_bytes());
    out.varint(time_ms);
}

/// An [`OpError`](postern_abi::OpError).
pub fn op_error(out: &mut Writer<'_>, code: u16, message: &str) {
    out.varint(u64::from(code));
    out.counted(message.as_bytes());
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use postern_abi::OpError;
    use postern_abi::http::{Fields, RequestLine};
    use proptest::prelude::*;

    fn write(f: impl Fn(&mut Writer<'_>)) -> Vec<u8> {
        let mut counter = Writer::new(&mut []);
        f(&mut counter);
        let len = counter.finish().err().unwrap_or(0);
        let mut bytes = vec![0; len];
        let mut writer = Writer::new(&mut bytes);
        f(&mut writer);
        assert_eq!(writer.finish(), Ok(len));
        bytes
    }

    #[test]
    fn a_cron_trigger_is_what_the_abi_says() {
        for (cron, scheduled_time_ms) in [("", 0), ("*/5 * * * MON-FRI", u64::MAX)] {
            let bytes = write(|out| scheduled(out, cron, scheduled_time_ms));
            let expected = postern_abi::event::Scheduled {
                cron,
                scheduled_time_ms,
            };
            assert_eq!(bytes, postcard::to_allocvec(&expected).unwrap());
        }
    }

    proptest! {
        #[test]
        fn a_request_is_what_the_abi_says(url in ".{0,300}", body in any::<Option<Option<u64>>>(),
            fields in prop::collection::vec(("[a-z-]{1,20}", "[ -~]{0,200}"), 0..20)) {
            let body = match body { None => BodyHint::None, Some(None) => BodyHint::Chunked, Some(Some(n)) => BodyHint::Known(n) };
            let mut headers = HeaderMap::new();
            for (name, value) in &fields {
                headers.append(http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
            }
            let bytes = write(|out| request(out, "PATCH", &url, body, &headers));
            let (line, rest): (RequestLine<'_>, _) = postcard::take_from_bytes(&bytes).unwrap();
            prop_assert_eq!(line, RequestLine { method: "PATCH", url: &url, body });
            let (Fields(read), rest) = postcard::take_from_bytes(rest).unwrap();
            prop_assert!(rest.is_empty());
            let expected: Vec<(&str, &[u8])> = headers.iter().map(|(n, v)| (n.as_str(), v.as_bytes())).collect();
            prop_assert_eq!(read, expected);
        }

        #[test]
        fn an_error_is_what_the_abi_says(code in any::<u16>(), message in ".{0,200}") {
            let bytes = write(|out| op_error(out, code, &message));
            prop_assert_eq!(postcard::from_bytes::<OpError<'_>>(&bytes).unwrap(), OpError { code, message: &message });
        }
    }
}
