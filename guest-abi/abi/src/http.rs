//! Requests and responses as they cross the boundary.
//!
//! A request's payload is its [`RequestLine`] and then its [`Fields`], so that a guest that
//! never looks at the headers never decodes them.

use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The first part of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestLine<'a> {
    /// The method, as it came.
    pub method: &'a str,
    /// The absolute URL, at most [`URL_MAX`](crate::limits::URL_MAX) bytes.
    pub url: &'a str,
    /// What is known of the body.
    pub body: BodyHint,
}

/// What is known of a body before it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BodyHint {
    /// There is none.
    None,
    /// It has this many bytes.
    Known(u64),
    /// It comes in chunks; only its end tells its length.
    Chunked,
}

/// Header fields in order, names in lower case; values are bytes without control characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fields<'a>(#[serde(borrow)] pub Vec<(&'a str, &'a [u8])>);

/// The head of a response. Behind it may stand the reason phrase, a text of at most
/// [`PHRASE_MAX`] bytes without control characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseHead<'a> {
    /// 200 to 599.
    pub status: u16,
    /// Header fields. `content-length`, `transfer-encoding` and `connection` are the host's.
    #[serde(borrow)]
    pub headers: Fields<'a>,
}

/// Bytes of a reason phrase.
pub const PHRASE_MAX: usize = 1024;

/// Why an invocation failed, in the guest's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception<'a> {
    /// The error's class, for instance `Error` or `TypeError`.
    pub name: &'a str,
    /// Its message.
    pub message: &'a str,
    /// Its stack, or the empty string.
    pub stack: &'a str,
}
