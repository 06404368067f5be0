//! Header fields, kept in the form in which they cross the boundary.

use crate::error::{Error, Result};
use crate::wire::{put_bytes, put_varint, take_bytes, take_varint};
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Header fields in order. Names are in lower case and compared without regard to case.
///
/// They are kept encoded, so that passing them on is one copy and a constant set costs nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    count: usize,
    bytes: Cow<'static, [u8]>,
}

impl Headers {
    /// None.
    pub const fn new() -> Self {
        Self {
            count: 0,
            bytes: Cow::Borrowed(&[]),
        }
    }

    /// One field in its encoded form, which the caller vouches for.
    pub(crate) const fn constant(bytes: &'static [u8]) -> Self {
        Self {
            count: 1,
            bytes: Cow::Borrowed(bytes),
        }
    }

    /// From the boundary's form, and what is behind it; `None` if it is not that.
    pub(crate) fn decode(mut bytes: &[u8]) -> Option<(Self, &[u8])> {
        let count = take_varint(&mut bytes)?;
        let mut rest = bytes;
        for _ in 0..count {
            take_bytes(&mut rest)?;
            take_bytes(&mut rest)?;
        }
        let all = Self {
            count,
            bytes: Cow::Owned(Vec::from(&bytes[..bytes.len() - rest.len()])),
        };
        Some((all, rest))
    }

    /// Appends the boundary's form.
    #[inline]
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        put_varint(out, self.count);
        out.extend_from_slice(&self.bytes);
    }

    /// Bytes of the fields in the boundary's form.
    #[inline]
    pub(crate) fn encoded_len(&self) -> usize {
        self.bytes.len()
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// All fields in order.
    pub fn entries(&self) -> Entries<'_> {
        Entries(&self.bytes)
    }

    /// The value of the first field of this name, as text; `None` also if it is not UTF-8.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.get_bytes(name)
            .and_then(|value| core::str::from_utf8(value).ok())
    }

    /// The value of the first field of this name.
    pub fn get_bytes(&self, name: &str) -> Option<&[u8]> {
        self.entries()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The values of all fields of this name.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.entries()
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// Whether there is a field of this name.
    pub fn has(&self, name: &str) -> bool {
        self.get_bytes(name).is_some()
    }

    /// Adds a field behind those that are there.
    ///
    /// # Errors
    /// `TypeError` if the name is not a token or the value has a control character.
    pub fn append(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<()> {
        let value = trim(value.as_ref());
        check(name, value)?;
        let bytes = self.bytes.to_mut();
        put_varint(bytes, name.len());
        bytes.extend(name.bytes().map(|b| b.to_ascii_lowercase()));
        put_bytes(bytes, value);
        self.count += 1;
        Ok(())
    }

    /// Replaces all fields of this name by one.
    ///
    /// # Errors
    /// As [`append`](Self::append); then nothing has changed.
    pub fn set(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<()> {
        let value = value.as_ref();
        check(name, trim(value))?;
        self.delete(name);
        self.append(name, value)
    }

    /// Removes all fields of this name; tells whether there were any.
    pub fn delete(&mut self, name: &str) -> bool {
        if !self.has(name) {
            return false;
        }
        let mut kept = Self::new();
        let bytes = kept.bytes.to_mut();
        for (known, value) in self.entries() {
            if !known.eq_ignore_ascii_case(name) {
                put_bytes(bytes, known.as_bytes());
                put_bytes(bytes, value);
                kept.count += 1;
            }
        }
        *self = kept;
        true
    }
}

impl<'a> IntoIterator for &'a Headers {
    type Item = (&'a str, &'a [u8]);
    type IntoIter = Entries<'a>;

    fn into_iter(self) -> Entries<'a> {
        self.entries()
    }
}

/// The fields of some [`Headers`], in order.
#[derive(Clone, Debug)]
pub struct Entries<'a>(&'a [u8]);

impl<'a> Iterator for Entries<'a> {
    type Item = (&'a str, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let name = core::str::from_utf8(take_bytes(&mut self.0)?).ok()?;
        Some((name, take_bytes(&mut self.0)?))
    }
}

/// Without the white space around it, which is no part of a value.
fn trim(value: &[u8]) -> &[u8] {
    value.trim_ascii()
}

fn check(name: &str, value: &[u8]) -> Result<()> {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || !name.bytes().all(token) {
        return Err(Error::named(
            "TypeError",
            format!("{name:?} is not a header name: use letters, digits and -"),
        ));
    }
    if let Some(byte) = value
        .iter()
        .find(|b| (**b < b' ' && **b != b'\t') || **b == 0x7f)
    {
        return Err(Error::named(
            "TypeError",
            format!("the value of header {name} has the control character 0x{byte:02x}"),
        ));
    }
    Ok(())
}

impl<N: AsRef<str>, V: AsRef<[u8]>> FromIterator<(N, V)> for Headers {
    /// Fields that are not valid are left out.
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        let mut headers = Self::new();
        for (name, value) in fields {
            let _ = headers.append(name.as_ref(), value);
        }
        headers
    }
}

/// As text for people: a line per field.
impl core::fmt::Display for Headers {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        for (name, value) in self {
            writeln!(f, "{name}: {}", String::from_utf8_lossy(value))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use postern_abi::http::Fields;

    fn check_encoded(headers: &Headers, expect: &[(&str, &[u8])]) {
        let mut bytes = Vec::new();
        headers.encode(&mut bytes);
        assert_eq!(
            postcard::from_bytes::<Fields>(&bytes).unwrap().0,
            expect.to_vec()
        );
        assert_eq!(
            Headers::decode(&bytes).as_ref(),
            Some(&(headers.clone(), &[][..]))
        );
    }

    #[test]
    fn fields_keep_their_order_and_names_ignore_case() {
        let mut headers = Headers::new();
        headers.append("Set-Cookie", "a=1").unwrap();
        headers.append("X", " padded\t").unwrap();
        headers.append("set-cookie", "b=2").unwrap();
        assert_eq!(headers.get("SET-COOKIE"), Some("a=1"));
        assert_eq!(headers.get_all("set-cookie").count(), 2);
        check_encoded(
            &headers,
            &[
                ("set-cookie", b"a=1"),
                ("x", b"padded"),
                ("set-cookie", b"b=2"),
            ],
        );
        headers.set("SET-cookie", "c").unwrap();
        check_encoded(&headers, &[("x", b"padded"), ("set-cookie", b"c")]);
        assert!(headers.delete("X"));
        assert!(!headers.delete("X"));
        check_encoded(&headers, &[("set-cookie", b"c")]);
    }

    #[test]
    fn a_field_that_could_split_a_response_is_refused() {
        let mut headers = Headers::new();
        for (name, value) in [
            ("", "x"),
            ("a b", "x"),
            ("a\r\nb", "x"),
            ("a", "x\r\nb: c"),
            ("a", "\0"),
        ] {
            let error = headers.append(name, value).unwrap_err();
            assert_eq!(error.name(), "TypeError", "{name:?}: {value:?}");
        }
        assert!(headers.is_empty());
    }

    #[test]
    fn truncated_fields_are_no_headers() {
        let mut bytes = Vec::new();
        [("a", "b"), ("cc", "dd")]
            .into_iter()
            .collect::<Headers>()
            .encode(&mut bytes);
        for len in 0..bytes.len() {
            assert_eq!(Headers::decode(&bytes[..len]), None, "{len} bytes");
        }
    }
}
