//! Dynamic Workers: what a Worker gives to be run beside it.

use crate::bundle::ModuleKind;
use crate::fetch::Target;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Argument of [`OpKind::WorkerLoad`](crate::OpKind::WorkerLoad). The result is a `u64`, the number
/// that [`Target::Loaded`] names the Worker by, or 0 if there is none of this id and no code was
/// given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerLoad<'a> {
    /// A binding of the type `worker_loader`.
    pub binding: &'a str,
    /// What it is called, by this Worker and for a while; one without is found again by nobody.
    pub id: Option<&'a str>,
    /// What it is made of, unless it is to be there.
    #[serde(borrow)]
    pub code: Option<WorkerCode<'a>>,
}

/// What a dynamic Worker is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerCode<'a> {
    /// The name of the module to begin with.
    pub main: &'a str,
    /// The compatibility date, `YYYY-MM-DD`.
    pub compatibility_date: &'a str,
    /// Compatibility flags by name.
    #[serde(borrow)]
    pub flags: Vec<&'a str>,
    /// Name, kind and bytes of each module.
    #[serde(borrow)]
    pub modules: Vec<(&'a str, ModuleKind, &'a [u8])>,
    /// `env`.
    #[serde(borrow)]
    pub env: Vec<(&'a str, Given<'a>)>,
    /// Who takes what it asks of other servers.
    #[serde(borrow)]
    pub outbound: Outbound<'a>,
    /// Milliseconds of CPU of an invocation, if those are less than its loader's.
    pub cpu_ms: Option<u32>,
    /// Subrequests of an invocation, if those are less than its loader's.
    pub subrequests: Option<u32>,
    /// Services inside of values of `env`, by what its loader reaches them. It asks the one at `n` as
    /// the binding `"\0n"`, which no name in `env` begins like.
    #[serde(borrow)]
    pub passed: Vec<Target<'a>>,
    /// Whose `tail` handlers are told of its invocations.
    #[serde(borrow)]
    pub tails: Vec<Target<'a>>,
}

/// What a dynamic Worker is given under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Given<'a> {
    /// A copy of a value, in the engine's own form.
    Copied(&'a str),
    /// What its loader reaches by this, which is a binding or an entrypoint of its own.
    #[serde(borrow)]
    Service(Target<'a>),
}

/// Who takes what a dynamic Worker asks of other servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outbound<'a> {
    /// The servers, as far as its loader reaches them.
    Inherited,
    /// Nobody: it is refused.
    Closed,
    /// What its loader reaches by this.
    #[serde(borrow)]
    Service(Target<'a>),
}

/// A dynamic Worker that is asked, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loaded<'a> {
    /// The binding that it was loaded by.
    pub binding: &'a str,
    /// Its number.
    pub number: u64,
    /// The export that is entered; empty for the default one.
    pub entrypoint: &'a str,
    /// What `ctx.props` is made of, at most [`PROPS_MAX`](crate::limits::PROPS_MAX) bytes, empty for
    /// none.
    pub props: &'a [u8],
    /// Milliseconds of CPU, if those are less than it may use.
    pub cpu_ms: Option<u32>,
    /// Subrequests, if those are less than it may start.
    pub subrequests: Option<u32>,
}
