//! Rate limits: a binding that counts.

use serde::{Deserialize, Serialize};

/// The argument of [`OpKind::RateLimit`](crate::OpKind::RateLimit). The result is one byte: 1 if
/// the key is within its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimit<'a> {
    /// The binding.
    pub binding: &'a str,
    /// What is counted, at most 2,048 bytes.
    pub key: &'a str,
}
