//! The limits of a Worker's invocations, and what is told when one is reached.
//!
//! Milliseconds of CPU become fuel in one place, [`Limits::fuel`].

use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// Fuel that a slice of a turn may be set to. A shorter one is spent on taking turns. A longer
/// one keeps the other tenants waiting, and what the interpreter leaves on a thread's stack
/// until the slice ends ([`module::meter`](super::module::meter)) must fit it.
pub const SLICE_FUEL: RangeInclusive<u64> = 10_000..=2_000_000;

/// What one Worker may use. Every number is an upper bound; there is no "unlimited".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Limits {
    /// Milliseconds of CPU an invocation may use, on this board as calibrated.
    pub cpu_ms: u32,
    /// Milliseconds of CPU that start-up (start function and boot) may use.
    pub startup_cpu_ms: u32,
    /// Bytes of all memories and tables of one isolate.
    pub memory_bytes: u64,
    /// Bytes of the interpreter's own stack in one isolate.
    pub stack_bytes: u32,
    /// Calls that may be nested in one isolate.
    pub call_depth: u32,
    /// Milliseconds from a request's arrival to its answer's last byte.
    pub wall_ms: u32,
    /// Milliseconds that `waitUntil` work may take after the answer (spec: SEMANTICS §19).
    pub wait_until_ms: u32,
    /// Subrequests an invocation may start (spec: SEMANTICS §3).
    pub subrequests: u32,
    /// KV operations an invocation may start.
    pub kv_operations: u32,
    /// Operations that an invocation may have running at the same time.
    pub pending_operations: u32,
    /// Invocations of this Worker that may run at the same time.
    pub concurrent_invocations: u32,
    /// Isolates of this Worker that may exist at the same time.
    pub isolates: u32,
    /// Bytes of a request's body.
    pub request_body_bytes: u64,
    /// Bytes of a response's body.
    pub response_body_bytes: u64,
    /// Bytes that an invocation may log; the rest is dropped and counted.
    pub log_bytes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            cpu_ms: 50,
            startup_cpu_ms: 1000,
            memory_bytes: 16 << 20,
            stack_bytes: 1 << 20,
            call_depth: 4096,
            wall_ms: 30_000,
            wait_until_ms: 30_000,
            subrequests: 50,
            kv_operations: 1000,
            pending_operations: 64,
            concurrent_invocations: 64,
            isolates: 4,
            request_body_bytes: 100 << 20,
            response_body_bytes: 100 << 20,
            log_bytes: 128 << 10,
        }
    }
}

impl Limits {
    /// The fuel that `cpu_ms` is worth at a calibrated rate of `fuel_per_ms`.
    pub fn fuel(&self, fuel_per_ms: u64) -> u64 {
        u64::from(self.cpu_ms).saturating_mul(fuel_per_ms)
    }

    /// The fuel that `startup_cpu_ms` is worth.
    pub fn startup_fuel(&self, fuel_per_ms: u64) -> u64 {
        u64::from(self.startup_cpu_ms).saturating_mul(fuel_per_ms)
    }
}

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
    },
    /// Fuel ran out. The text satisfies both documents (spec: SEMANTICS §3).
    #[error(
        "Worker exceeded CPU time limit. (CPU limit exceeded): {limit_ms} ms, {fuel} fuel; raise limits.cpu_ms or do less per request"
    )]
    Cpu {
        /// The limit in milliseconds.
        limit_ms: u32,
        /// The same as fuel.
        fuel: u64,
    },
    /// The isolate asked for more memory than it may have, and could not go on.
    #[error(
        "Worker exceeded memory limit: {limit} bytes in memories and tables; raise limits.memory or use less"
    )]
    Memory {
        /// The limit in bytes.
        limit: u64,
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
    },
    /// The request is larger than allowed.
    #[error("request body exceeds the limit of {limit} bytes")]
    RequestBody {
        /// The limit in bytes.
        limit: u64,
    },
    /// Too many invocations of this Worker run already, or the machine has no room.
    #[error("{reason}; try again in {retry_after_s} s")]
    Overloaded {
        /// Which bound was reached, with its value.
        reason: String,
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
            Self::Overloaded { .. } => Outcome::LoadShed,
            Self::Canceled => Outcome::Canceled,
            Self::Internal(_) => Outcome::InternalError,
        }
    }
}
