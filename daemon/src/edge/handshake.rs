//! The handshake of RFC 6455: what a request must say, and what the answer says.

use super::answer::Answer;
use crate::websocket;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode, Version};

/// Fields of an answer that only the handshake sets. Compression is not offered.
const OWN: [HeaderName; 4] = [
    header::SEC_WEBSOCKET_ACCEPT,
    header::SEC_WEBSOCKET_EXTENSIONS,
    header::SEC_WEBSOCKET_KEY,
    header::SEC_WEBSOCKET_VERSION,
];

/// What a request says of a handshake.
pub struct Handshake {
    key: Result<HeaderValue, Refusal>,
}

#[derive(Clone, Copy)]
enum Refusal {
    Key,
    Version,
}

/// Whether a list of tokens has this one, whatever its case.
pub fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let mut values = headers.get_all(name).iter();
    values.any(|value| {
        value
            .as_bytes()
            .split(|byte| *byte == b',')
            .any(|it| it.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
    })
}

impl Handshake {
    /// The handshake that a request asks for, if it does.
    pub fn of(method: &Method, version: Version, headers: &HeaderMap) -> Option<Self> {
        if *method != Method::GET
            || version != Version::HTTP_11
            || !has_token(headers, &header::UPGRADE, "websocket")
            || !has_token(headers, &header::CONNECTION, "upgrade")
        {
            return None;
        }
        let mut versions = headers.get_all(header::SEC_WEBSOCKET_VERSION).iter();
        let is_13 = versions.next().is_some_and(|it| it == "13") && versions.next().is_none();
        let mut keys = headers.get_all(header::SEC_WEBSOCKET_KEY).iter();
        let key = match (keys.next(), keys.next()) {
            (Some(key), None) if websocket::is_key(key.as_bytes()) => Ok(key.clone()),
            _ => Err(Refusal::Key),
        };
        Some(Self {
            key: if is_13 { key } else { Err(Refusal::Version) },
        })
    }

    /// Makes the fields of an answer those of an upgrade.
    ///
    /// # Errors
    /// The answer instead, to a handshake that is wrong.
    pub fn accept(self, headers: &mut HeaderMap) -> Result<(), Answer> {
        let key = self.key.map_err(|refusal| match refusal {
            Refusal::Key => Answer::bad("Missing or wrong Sec-WebSocket-Key".into()),
            Refusal::Version => Answer::new(
                StatusCode::UPGRADE_REQUIRED,
                "The requested WebSocket version is not supported; this server speaks 13",
            ),
        })?;
        for name in OWN {
            headers.remove(name);
        }
        headers.remove(header::CONTENT_LENGTH);
        if let Ok(accept) = HeaderValue::from_str(&websocket::accept(key.as_bytes())) {
            headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        }
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        Ok(())
    }
}
