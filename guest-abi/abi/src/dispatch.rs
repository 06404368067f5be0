//! Dispatch: a user Worker asked by name, and what its invocation is told beside its request.

use serde::{Deserialize, Serialize};

/// Set in the number of a request that came with parameters of a dispatch Worker
/// ([`InvocationFact::Outbound`]), so that others need not ask.
pub const REQUEST_HAS_PARAMETERS: u32 = 1 << 31;

/// A Worker of a dispatch namespace (spec: SEMANTICS §1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispatch<'a> {
    /// The binding that stands for the namespace.
    pub binding: &'a str,
    /// The Worker's name in it.
    pub script: &'a str,
    /// Milliseconds of CPU that it may use; its own limit if that is lower.
    pub cpu_ms: Option<u32>,
    /// Subrequests that it may start; its own limit if that is lower.
    pub subrequests: Option<u32>,
    /// What the outbound Worker is to be told, a JSON object; empty for nothing.
    pub outbound: &'a str,
}

/// What [`SyncOp::Invocation`](crate::SyncOp::Invocation) tells of an invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum InvocationFact {
    /// What a dispatch Worker has an outbound Worker told, an object: `outbound` is what it gave;
    /// `named` has values for `env`, before its bindings; `spread` has more, behind its bindings.
    Outbound = 0,
    /// What is known of the client and of the place: the object that `request.cf` is.
    Cf = 1,
}

impl InvocationFact {
    /// The one with this number.
    pub fn from_u8(fact: u8) -> Option<Self> {
        Some(match fact {
            0 => Self::Outbound,
            1 => Self::Cf,
            _ => return None,
        })
    }
}
