//! What can be wrong with a KV call. The messages use the field's words where it has them
//! (spec: SEMANTICS §22).

use crate::store::error::StoreError;
use postern_abi::limits::{
    KV_KEY_MAX, KV_LIST_MAX, KV_METADATA_MAX, KV_MULTI_MAX, KV_TTL_MIN, KV_VALUE_MAX,
};

/// A KV call that was refused or failed. Nothing of it happened, unless it is
/// [`KvError::Store`], after which the write may or may not be there.
#[derive(Clone, Debug, thiserror::Error)]
pub enum KvError {
    /// The key is the empty string.
    #[error("Key name cannot be empty.")]
    EmptyKey,
    /// The key is `.` or `..`.
    #[error("\"{0}\" is not allowed as a key name.")]
    DotKey(String),
    /// The key is too long.
    #[error("UTF-8 encoded length of {0} exceeds key length limit of {KV_KEY_MAX}.")]
    LongKey(usize),
    /// The prefix of a listing is longer than a key can be.
    #[error("UTF-8 encoded length of {0} exceeds key length limit of {KV_KEY_MAX}.")]
    LongPrefix(usize),
    /// The value is too long.
    #[error("Value length of {0} exceeds limit of {KV_VALUE_MAX}.")]
    LongValue(u64),
    /// The metadata is too long.
    #[error("Metadata length of {0} exceeds limit of {KV_METADATA_MAX}.")]
    LongMetadata(usize),
    /// The metadata is not JSON.
    #[error("Metadata must be valid JSON: {0}.")]
    BadMetadata(String),
    /// It would live too short.
    #[error("Invalid expiration_ttl of {0}. Expiration TTL must be at least {KV_TTL_MIN}.")]
    ShortTtl(u64),
    /// It would expire too soon, or has already.
    #[error(
        "Invalid expiration of {0}. Expiration times must be at least {KV_TTL_MIN} seconds in the future."
    )]
    SoonExpiration(u64),
    /// It would have expired already.
    #[error(
        "Invalid expiration of {0}. Please specify integer greater than the current number of seconds since the UNIX epoch."
    )]
    PastExpiration(u64),
    /// The limit of a listing.
    #[error("Invalid key_count_limit of {0}. Please specify an integer from 1 to {KV_LIST_MAX}.")]
    BadLimit(u64),
    /// A cursor that no listing gave out.
    #[error("Invalid cursor. Please use the cursor of the previous page, or none.")]
    BadCursor,
    /// Too many keys in one read.
    #[error("You can request a maximum of {KV_MULTI_MAX} keys, not {0}.")]
    ManyKeys(usize),
    /// Too many pairs in one bulk write.
    #[error("A bulk write of {count} pairs exceeds the limit of {limit}; split it.")]
    ManyPairs {
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// Too many bytes in one bulk call.
    #[error("A bulk call of {bytes} bytes exceeds the limit of {limit}; split it.")]
    LargeBulk {
        /// How many there are.
        bytes: u64,
        /// How many there may be.
        limit: u64,
    },
    /// The namespace is full.
    #[error(
        "The KV namespace would hold {wanted} bytes, more than its quota of {limit}; delete keys or raise kv-quota-bytes."
    )]
    Quota {
        /// Bytes it would hold.
        wanted: u64,
        /// Bytes it may hold.
        limit: u64,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl KvError {
    /// The HTTP status that the field answers with.
    pub fn status(&self) -> u16 {
        match self {
            Self::LongKey(_) | Self::LongPrefix(_) => 414,
            Self::LongValue(_) | Self::LongMetadata(_) | Self::LargeBulk { .. } => 413,
            Self::Quota { .. } => 429,
            Self::Store(StoreError::Broken(_) | StoreError::Closed) => 503,
            Self::Store(_) => 500,
            _ => 400,
        }
    }
}
