//! Analytics Engine: a binding that data points are written to.

use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Points that one request may write; further ones are dropped.
pub const POINTS_MAX: u32 = 250;

/// The argument of [`SyncOp::AnalyticsWrite`](crate::SyncOp::AnalyticsWrite). A point that breaks a
/// limit is dropped, and nobody is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnalyticsWrite<'a> {
    /// The binding.
    pub binding: &'a str,
    /// Sampling keys, at most one of 96 bytes.
    #[serde(borrow)]
    pub indexes: Vec<&'a [u8]>,
    /// Numbers, at most 20.
    pub doubles: Vec<f64>,
    /// Texts, at most 20, of 16,384 bytes together.
    #[serde(borrow)]
    pub blobs: Vec<&'a [u8]>,
}
