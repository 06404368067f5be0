//! A response.

use crate::body::{ByteStream, Source};
use crate::error::{Error, Result};
use crate::headers::Headers;
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use futures_core::Stream;

/// An HTTP response.
#[derive(Debug)]
pub struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) body: Body,
}

/// The body of a response.
pub(crate) enum Body {
    Whole(Cow<'static, [u8]>),
    Stream(Source),
}

impl Body {
    /// What of it is known now.
    #[inline]
    pub fn known(&self) -> &[u8] {
        match self {
            Self::Whole(bytes) => bytes,
            Self::Stream(_) => &[],
        }
    }
}

impl core::fmt::Debug for Body {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Whole(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::Stream(_) => f.write_str("a stream"),
        }
    }
}

/// An encoded `content-type` field.
macro_rules! content_type {
    ($name:ident = $len:literal $value:literal) => {
        const $name: Headers = Headers::constant({
            assert!($value.len() == $len as usize && ($len as usize) < 0x80);
            concat!("\x0ccontent-type", $len, $value).as_bytes()
        });
    };
}

content_type!(TEXT = '\x18' "text/plain;charset=UTF-8");
content_type!(HTML = '\x17' "text/html;charset=UTF-8");
content_type!(BYTES = '\x18' "application/octet-stream");
#[cfg(feature = "json")]
content_type!(JSON = '\x10' "application/json");

impl Response {
    #[inline]
    fn new(status: u16, headers: Headers, body: Body) -> Self {
        Self {
            status,
            headers,
            body,
        }
    }

    /// Text, with status 200. A literal costs nothing; other text is given as a `String`.
    ///
    /// # Errors
    /// None; it returns a `Result` so that handlers can end with it.
    #[inline]
    pub fn ok(text: impl Into<Cow<'static, str>>) -> Result<Self> {
        Ok(Self::new(200, TEXT, Body::Whole(bytes_of(text.into()))))
    }

    /// HTML, with status 200.
    ///
    /// # Errors
    /// None.
    pub fn from_html(text: impl Into<Cow<'static, str>>) -> Result<Self> {
        Ok(Self::new(200, HTML, Body::Whole(bytes_of(text.into()))))
    }

    /// Bytes, with status 200 and type `application/octet-stream`.
    ///
    /// # Errors
    /// None.
    pub fn from_bytes(bytes: impl Into<Cow<'static, [u8]>>) -> Result<Self> {
        Ok(Self::new(200, BYTES, Body::Whole(bytes.into())))
    }

    /// A value as JSON, with status 200.
    ///
    /// # Errors
    /// If the value cannot be JSON.
    #[cfg(feature = "json")]
    pub fn from_json(value: &impl serde::Serialize) -> Result<Self> {
        let bytes = serde_json::to_vec(value)?;
        Ok(Self::new(200, JSON, Body::Whole(Cow::Owned(bytes))))
    }

    /// A body that comes over time, with status 200. The stream is read as fast as the client
    /// takes it. If it fails, the response breaks off.
    ///
    /// # Errors
    /// None.
    pub fn from_stream(stream: impl Stream<Item = Result<Vec<u8>>> + 'static) -> Result<Self> {
        Ok(Self::new(
            200,
            BYTES,
            Body::Stream(Source::Own(Box::pin(stream))),
        ))
    }

    /// Like [`from_stream`](Self::from_stream), for what the host streams: a request's body or
    /// a value of KV.
    ///
    /// # Errors
    /// None.
    pub fn from_byte_stream(stream: ByteStream) -> Result<Self> {
        Ok(Self::new(200, BYTES, Body::Stream(stream.into_source())))
    }

    /// No body.
    ///
    /// # Errors
    /// None.
    pub fn empty() -> Result<Self> {
        let none = Body::Whole(Cow::Borrowed(&[]));
        Ok(Self::new(200, Headers::new(), none))
    }

    /// Text with the status of an error.
    ///
    /// # Errors
    /// `RangeError` if the status is not 400 to 599.
    pub fn error(message: impl Into<Cow<'static, str>>, status: u16) -> Result<Self> {
        if !(400..=599).contains(&status) {
            return Err(Error::named(
                "RangeError",
                alloc::format!("an error's status must be 400 to 599, this one is {status}"),
            ));
        }
        Ok(Self::new(
            status,
            TEXT,
            Body::Whole(bytes_of(message.into())),
        ))
    }

    /// Sends the client elsewhere, with status 302.
    ///
    /// # Errors
    /// `TypeError` if the URL has a control character.
    pub fn redirect(url: &str) -> Result<Self> {
        let mut response = Self::empty()?.with_status(302);
        response.headers.set("location", url)?;
        Ok(response)
    }

    /// With this status. The host takes 200 to 599.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// With these header fields instead of its own.
    #[must_use]
    pub fn with_headers(mut self, headers: Headers) -> Self {
        self.headers = headers;
        self
    }

    /// The status.
    pub fn status_code(&self) -> u16 {
        self.status
    }

    /// The header fields.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The whole body.
    ///
    /// # Errors
    /// When who sends it breaks off.
    pub async fn bytes(self) -> Result<Vec<u8>> {
        match self.body {
            Body::Whole(bytes) => Ok(bytes.into_owned()),
            Body::Stream(source) => ByteStream::new(source).bytes().await,
        }
    }

    /// The whole body as text.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes), and when it is not UTF-8.
    pub async fn text(self) -> Result<String> {
        crate::body::text(self.bytes().await?)
    }

    /// The header fields, to change them.
    pub fn headers_mut(&mut self) -> &mut Headers {
        &mut self.headers
    }
}

#[inline]
fn bytes_of(text: Cow<'static, str>) -> Cow<'static, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(String::into_bytes(text)),
    }
}
