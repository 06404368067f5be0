//! What is known of an invocation when it is over, and who is told.

use super::invocation::Ray;
use super::limits::{Failure, Outcome};
use postern_abi::event::LogLevel;
use std::sync::Arc;

/// One line that a guest logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Its level.
    pub level: LogLevel,
    /// Its text.
    pub message: String,
    /// Milliseconds since 1970, by the guest's clock.
    pub at_ms: i64,
}

/// The record of one invocation.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The dispatch namespace.
    pub namespace: Arc<str>,
    /// The script.
    pub script: Arc<str>,
    /// Its version.
    pub version: Arc<str>,
    /// The invocation's name.
    pub ray: Ray,
    /// The request's method.
    pub method: http::Method,
    /// The request's URL.
    pub url: String,
    /// The answer's status; 0 when there was none.
    pub status: u16,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, if not well.
    pub failure: Option<Failure>,
    /// Fuel used, the host's work for it included.
    pub fuel: u64,
    /// Microseconds from start to end.
    pub wall_us: u64,
    /// Milliseconds since 1970 at the start.
    pub started_ms: i64,
    /// What it logged, up to the limit.
    pub logs: Vec<LogLine>,
    /// Bytes of log beyond the limit, dropped.
    pub logs_dropped: u64,
}

/// Is told of every invocation that ended.
pub trait Observer: Send + Sync {
    /// Called once an invocation, by the thread that ended it. Must be quick.
    fn finished(&self, finished: Finished);
}
