//! What is told when a Worker's invocation reaches one of its limits.

use super::refusal::{Bound, Refusal};
use serde::{Deserialize, Serialize};

pub use postern_board::limits::{Limits, SLICE_FUEL};

/// How an invocation ended; the names are those of tail events (spec: SEMANTICS §17).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It answered.
    Ok,
    /// It threw, trapped, or never answered.
    Exception,
    /// It used up its CPU time.
    ExceededCpu,
    /// It used up its memory.
    ExceededMemory,
    /// It took too long.
    ExceededWallTime,
    /// There is no such Worker.
    ScriptNotFound,
    /// The client went away before the answer.
    Canceled,
    /// The client went away, or the body broke off, during the answer.
    ResponseStreamDisconnected,
    /// It was not started, because this machine is too busy.
    LoadShed,
    /// Something failed that is not the Worker's fault.
    InternalError,
}

impl Outcome {
    /// Its name in tail events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Exception => "exception",
            Self::ExceededCpu => "exceededCpu",
            Self::ExceededMemory => "exceededMemory",
            Self::ExceededWallTime => "exceededWallTime",
            Self::ScriptNotFound => "scriptNotFound",
            Self::Canceled => "canceled",
            Self::ResponseStreamDisconnected => "responseStreamDisconnected",
            Self::LoadShed => "loadShed",
            Self::InternalError => "internalError",
        }
    }
}

/// The limits on what is let in, by their keys in a board file.
pub const ADMISSION: [&str; 6] = [
    "concurrent-invocations",
    "tenant-concurrent-invocations",
    "requests-per-second",
    "tenant-requests-per-second",
    "queue-length",
    "queue-ms",
];

/// What can be done about a limit on what is let in.
pub(super) fn remedy(limit: &str) -> &'static str {
    match limit {
        "requests-per-second" | "tenant-requests-per-second" => {
            "send fewer requests a second, or raise it"
        }
        "queue-length" | "queue-ms" => {
            "send fewer requests at the same time, answer faster, or raise concurrent-invocations"
        }
        _ => "send fewer requests at the same time, answer faster, or raise it",
    }
}

/// Why there is no answer from a Worker. The edge turns this into an HTTP answer, the
/// log keeps it as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The guest said so, or trapped.
    #[error("{name}: {message}")]
    Exception {
        /// The error's class.
        name: String,
        /// Its message.
        message: String,
        /// Its stack, or empty.
        stack: String,
        /// The limit that had refused the invocation something, as far as who asked may know.
        refusal: Option<Box<Refusal>>,
    },
    /// Fuel ran out. The text satisfies both documents (spec: SEMANTICS §3).
    #[error(
        "Worker exceeded CPU time limit. (CPU limit exceeded): {limit_ms} ms, {fuel} fuel; raise limits.cpu_ms or do less per request"
    )]
    Cpu {
        /// Which limit it is: that of invocations, or that of starting.
        key: &'static str,
        /// The limit in milliseconds.
        limit_ms: u32,
        /// Milliseconds that were used, by the board's rate.
        used_ms: u32,
        /// The limit as fuel.
        fuel: u64,
    },
    /// The isolate asked for more memory than it may have, and could not go on.
    #[error(
        "Worker exceeded memory limit: {limit} bytes in memories and tables; raise limits.memory or use less"
    )]
    Memory {
        /// The limit in bytes.
        limit: u64,
        /// Bytes in use when more were asked for.
        used: u64,
    },
    /// Calls nested too deep.
    #[error("Worker exceeded call stack limit: {depth} nested calls or {bytes} bytes of stack")]
    Stack {
        /// The limit in calls.
        depth: u32,
        /// The limit in bytes.
        bytes: u32,
    },
    /// It took longer than allowed.
    #[error("Worker exceeded wall time limit: no complete answer within {limit_ms} ms")]
    WallTime {
        /// The limit in milliseconds.
        limit_ms: u32,
    },
    /// The response is larger than allowed.
    #[error("Worker exceeded response body limit: {limit} bytes")]
    ResponseBody {
        /// The limit in bytes.
        limit: u64,
        /// Bytes that it has, as far as that is known.
        used: u64,
    },
    /// The request is larger than allowed.
    #[error("request body exceeds the limit of {limit} bytes")]
    RequestBody {
        /// The limit in bytes.
        limit: u64,
        /// Bytes that it has, as far as that is known.
        used: u64,
    },
    /// Too many invocations of this Worker run already, or the machine has no room.
    #[error("{reason}; try again in {retry_after_s} s")]
    Overloaded {
        /// Which bound was reached, with its value.
        reason: String,
        /// When to try again.
        retry_after_s: u32,
        /// The same bound for programs; `None` if no limit is why.
        bound: Option<Bound>,
    },
    /// The tenant has used up what it may use in a day or a month.
    #[error(
        "the tenant's quota {quota} is used up: {used} of {value}; it begins anew in {retry_after_s} s, or raise {quota}"
    )]
    Quota {
        /// Its key.
        quota: &'static str,
        /// The quota.
        value: u64,
        /// What was used of it.
        used: u64,
        /// When the period is over.
        retry_after_s: u32,
    },
    /// A cap of the Worker or of its tenant is reached, and the request was not let in.
    #[error(
        "Worker exceeded {limit}: the limit is {value}, this would be {used}; {}; try again in {retry_after_s} s",
        remedy(limit)
    )]
    Limited {
        /// Its key, one of [`ADMISSION`].
        limit: &'static str,
        /// Its value.
        value: u64,
        /// What it would have been.
        used: u64,
        /// When to try again.
        retry_after_s: u32,
    },
    /// Another request condemned the isolate that this one ran in.
    #[error("the isolate was ended by another request of the same Worker: {cause}")]
    Condemned {
        /// What the other request did.
        cause: String,
    },
    /// The client went away.
    #[error("the client went away")]
    Canceled,
    /// A fault of this daemon.
    #[error("internal error: {0}")]
    Internal(String),
}

impl Failure {
    /// What tail events call it.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Exception { .. }
            | Self::Stack { .. }
            | Self::ResponseBody { .. }
            | Self::RequestBody { .. }
            | Self::Condemned { .. } => Outcome::Exception,
            Self::Cpu { .. } => Outcome::ExceededCpu,
            Self::Memory { .. } => Outcome::ExceededMemory,
            Self::WallTime { .. } => Outcome::ExceededWallTime,
            Self::Overloaded { .. } | Self::Quota { .. } | Self::Limited { .. } => {
                Outcome::LoadShed
            }
            Self::Canceled => Outcome::Canceled,
            Self::Internal(_) => Outcome::InternalError,
        }
    }
}
