//! The Cache API: answers kept under URLs (spec: SEMANTICS §21).
//!
//! A cache is the one of a name, or without one the default one, which not every Worker has
//! ([`SyncOp::CacheDefault`](crate::SyncOp::CacheDefault)).

use crate::fetch::FetchBody;
use crate::http::Fields;
use serde::{Deserialize, Serialize};

/// The argument of [`OpKind::CacheMatch`](crate::OpKind::CacheMatch). The result is an optional
/// [`Fetched`](crate::fetch::Fetched), and behind it the body if that is whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheMatch<'a> {
    /// The cache's name.
    pub cache: Option<&'a str>,
    /// The key: an absolute URL, whose fragment does not count.
    pub url: &'a str,
    /// The request's fields: `range`, `if-none-match` and `if-modified-since` count.
    #[serde(borrow)]
    pub headers: Fields<'a>,
}

/// The argument of [`OpKind::CachePut`](crate::OpKind::CachePut), and behind it the body if that
/// is [`FetchBody::Whole`]. The result is a `u16`: 204, or 413 if the answer was not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CachePut<'a> {
    /// The cache's name.
    pub cache: Option<&'a str>,
    /// The key: an absolute URL, whose fragment does not count.
    pub url: &'a str,
    /// The answer's status.
    pub status: u16,
    /// What the answer says beside its status.
    pub status_text: &'a str,
    /// The answer's fields.
    #[serde(borrow)]
    pub headers: Fields<'a>,
    /// The answer's body.
    pub body: FetchBody,
}

/// The argument of [`OpKind::CacheDelete`](crate::OpKind::CacheDelete). The result is one byte:
/// 1 if there was such an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheDelete<'a> {
    /// The cache's name.
    pub cache: Option<&'a str>,
    /// The key: an absolute URL, whose fragment does not count.
    pub url: &'a str,
}
