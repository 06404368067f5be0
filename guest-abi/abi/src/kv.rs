//! Arguments and results of the KV operations (spec: SEMANTICS §22).
//!
//! Metadata is JSON text. Times are seconds since 1970.

use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Argument of [`OpKind::KvGet`](crate::OpKind::KvGet).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KvGet<'a> {
    /// The binding's name in the Worker's `env`.
    pub binding: &'a str,
    /// At most [`KV_KEY_MAX`](crate::limits::KV_KEY_MAX) bytes.
    pub key: &'a str,
    /// Whether the value may come as a stream, in [`EventKind::OpChunk`](crate::EventKind::OpChunk)
    /// events under credit. If not, it comes whole.
    pub stream: bool,
}

/// Result of [`OpKind::KvGet`](crate::OpKind::KvGet), followed by the value's bytes if it is
/// [`KvBody::Whole`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KvGot<'a> {
    /// Whether there is a value, and how it comes.
    pub body: KvBody,
    /// Its metadata, as JSON.
    pub metadata: Option<&'a str>,
    /// When it expires.
    pub expiration: Option<u64>,
}

/// How a value comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KvBody {
    /// There is no such key, or it expired.
    Absent,
    /// The rest of this payload.
    Whole,
    /// So many bytes, in later events.
    Stream(u64),
}

/// Argument of [`OpKind::KvPut`](crate::OpKind::KvPut), followed by the value's bytes unless
/// it is streamed. The result is empty and comes when the write is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KvPut<'a> {
    /// The binding's name.
    pub binding: &'a str,
    /// The key.
    pub key: &'a str,
    /// Metadata, as JSON.
    pub metadata: Option<&'a str>,
    /// When it expires, in seconds since 1970.
    pub expiration: Option<u64>,
    /// In how many seconds it expires, at least 60.
    pub expiration_ttl: Option<u64>,
    /// Whether the value comes in [`OP_CHUNK`](crate::import::OP_CHUNK) calls.
    pub stream: bool,
}

/// Argument of [`OpKind::KvDelete`](crate::OpKind::KvDelete). The result is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KvDelete<'a> {
    /// The binding's name.
    pub binding: &'a str,
    /// The key.
    pub key: &'a str,
}

/// Argument of [`OpKind::KvList`](crate::OpKind::KvList).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KvList<'a> {
    /// The binding's name.
    pub binding: &'a str,
    /// Only keys that begin so.
    pub prefix: &'a str,
    /// At most so many, 1 to 1,000.
    pub limit: u32,
    /// Where the previous page ended, or the empty string.
    pub cursor: &'a str,
}

/// Result of [`OpKind::KvList`](crate::OpKind::KvList).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KvListed<'a> {
    /// Keys in the order of their bytes.
    #[serde(borrow)]
    pub keys: Vec<KvKey<'a>>,
    /// Where the next page begins; `None` when this is the last.
    pub cursor: Option<&'a str>,
}

/// One key of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KvKey<'a> {
    /// The key.
    pub name: &'a str,
    /// When it expires.
    pub expiration: Option<u64>,
    /// Its metadata, as JSON.
    pub metadata: Option<&'a str>,
}

/// Argument of [`OpKind::KvGetMulti`](crate::OpKind::KvGetMulti): up to
/// [`KV_MULTI_MAX`](crate::limits::KV_MULTI_MAX) keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KvGetMulti<'a> {
    /// The binding's name.
    pub binding: &'a str,
    /// The keys.
    #[serde(borrow)]
    pub keys: Vec<&'a str>,
}

/// Result of [`OpKind::KvGetMulti`](crate::OpKind::KvGetMulti), in the order asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KvMulti<'a> {
    /// Value and metadata of each key, or `None`.
    #[serde(borrow)]
    pub values: Vec<Option<(&'a [u8], Option<&'a str>)>>,
}
