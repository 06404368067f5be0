//! A call as handlers see it: what its path named, its query and its body.

use super::body::Payload;
use super::envelope::{Refusal, code};
use super::guard::Caller;
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, StatusCode};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use std::net::IpAddr;

/// Bytes of the JSON body of a call that carries only a few fields.
const SMALL_JSON_MAX: u64 = 1 << 20;

/// A call on its way to a handler.
pub struct Call {
    pub(super) params: Vec<(&'static str, String)>,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Payload,
    /// Whose it is.
    pub(super) caller: Caller,
    /// The address it came from, if it came by TCP.
    pub(super) peer: Option<IpAddr>,
}

impl Call {
    /// What the route's pattern calls `name`, percent-decoded once.
    pub fn param(&self, name: &str) -> &str {
        self.params
            .iter()
            .find(|(param, _)| *param == name)
            .map_or("", |(_, value)| value)
    }

    /// The first value of a query parameter.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// A query parameter as a number.
    pub fn number(&self, name: &str) -> Result<Option<u64>, Refusal> {
        let Some(text) = self.query(name).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| {
            Refusal::bad(
                code::BODY,
                format!(
                    "query parameter {name} is '{}', which is not a whole number",
                    crate::catalog::name::shown(text)
                ),
            )
        })
    }

    /// The media type of the body, as sent.
    pub fn content_type(&self) -> Option<&str> {
        self.headers.get(http::header::CONTENT_TYPE)?.to_str().ok()
    }

    /// Refuses a body that is to be unpacked first: nothing here does.
    pub fn plain_coding(&self) -> Result<(), Refusal> {
        let mut codings = self.headers.get_all(CONTENT_ENCODING).iter();
        if codings.all(|it| it.as_bytes().eq_ignore_ascii_case(b"identity")) {
            return Ok(());
        }
        Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            code::BODY,
            "the body has a Content-Encoding; send it as it is",
        ))
    }

    /// A small body as JSON, whatever its media type says: clients get that wrong.
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, Refusal> {
        self.json_within(SMALL_JSON_MAX).await
    }

    /// A body as JSON.
    pub async fn json_within<T: DeserializeOwned>(self, limit: u64) -> Result<T, Refusal> {
        self.plain_coding()?;
        let bytes = self.body.collect("the body", limit).await?;
        serde_json::from_slice(&bytes).map_err(|error| {
            Refusal::bad(
                code::BODY,
                format!("the body is not the JSON that this call takes: {error}"),
            )
        })
    }
}

/// Splits a query string; `+` is a space there.
pub fn parse_query(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let spaced = text.replace('+', " ");
        percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
    };
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        })
        .collect()
}
