//! What is known of an invocation when it is over, and who is told.

use super::invocation::{Ray, Trigger};
use super::limits::Outcome;
use super::refusal::{Refusal, Stage};
use postern_abi::event::LogLevel;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// An invocation that is over, as whoever ran it reports it. Nothing needs to be copied.
#[derive(Clone, Debug)]
pub struct Finished<'a> {
    /// The dispatch namespace.
    pub namespace: &'a str,
    /// The script.
    pub script: &'a str,
    /// The script's version.
    pub version: &'a str,
    /// The invocation's name.
    pub ray: Ray,
    /// The invocation that a request from outside began, if a Worker caused this one.
    pub origin: Option<Ray>,
    /// Invocations of Workers that its request caused, as far as it began them.
    pub invoked: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// When it began: milliseconds since 1970.
    pub started_ms: u64,
    /// Fuel it used.
    pub fuel: u64,
    /// Microseconds of CPU it used.
    pub cpu_us: u64,
    /// Microseconds it took.
    pub wall_us: u64,
    /// Microseconds of them that it waited for a turn.
    pub queue_us: u64,
    /// Microseconds of them that finding or starting its isolate took.
    pub start_us: u64,
    /// What began it, if it was not a request.
    pub trigger: Option<&'a Trigger>,
    /// The entrypoint that another Worker entered, if not the default one.
    pub entrypoint: Option<&'a str>,
    /// The method that a session of RPC was begun for; empty if that is not known.
    pub rpc_method: Option<&'a str>,
    /// The request's method; empty if it was not a request.
    pub method: &'a str,
    /// The request's URL, as it came.
    pub url: &'a str,
    /// The request's header fields, as they came, if they are still there.
    pub headers: Option<&'a http::HeaderMap>,
    /// The answer's status, if there was an answer.
    pub status: Option<u16>,
    /// What it logged.
    pub logs: &'a [LogLine],
    /// Log lines that were dropped because of the limit.
    pub logs_dropped: u32,
    /// What it threw.
    pub exception: Option<&'a Thrown>,
    /// What was said of the version, if anything.
    pub labels: Option<&'a Labels>,
    /// Tail Workers in a row that it comes of, itself included.
    pub tail_depth: u8,
    /// Who is told beside those who watch all.
    pub listeners: &'a [Arc<dyn Listener>],
    /// Bytes of its isolate's memories and tables when it ended: they do not shrink before, so it
    /// had no more. 0 if it never got an isolate.
    pub memory_bytes: u64,
    /// Subrequests it began, those included that its limit refused.
    pub subrequests: u32,
    /// Whose the script is, among the tenants of its namespace.
    pub tenant: &'a str,
    /// The limit that ended it, or that refused it something.
    pub refusal: Option<&'a Refusal>,
    /// How far it came.
    pub stage: Stage,
}

/// A call of a handler on its way; an error says why it failed.
pub type Telling = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// Has a `tail` handler called that a loader has given its dynamic Workers.
pub trait Listener: Send + Sync + std::fmt::Debug {
    /// Ready when the handler and its `waitUntil` work are over.
    fn tell(&self, trigger: Trigger) -> Telling;
    /// Whose it is: those of one loader are the same number, and share what may wait.
    fn owner(&self) -> usize;
}

/// What whoever made a version said of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// A short name.
    pub tag: String,
    /// What it is about.
    pub message: String,
    /// What a dynamic Worker is called by its loader; empty for one without an id.
    pub dynamic: Option<String>,
}

/// One line of a Worker's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Its level.
    pub level: LogLevel,
    /// What it says: the Worker's words, to be mistrusted.
    pub message: String,
    /// The values that it was made of as JSON, if they are known and more than that text; see
    /// [`LOG_VALUES`](postern_abi::event::LOG_VALUES). The Worker's words too.
    pub values: Option<String>,
    /// When: milliseconds since 1970.
    pub at_ms: u64,
}

/// An exception.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thrown {
    /// The error's class.
    pub name: String,
    /// Its message.
    pub message: String,
    /// Its stack, or empty.
    pub stack: String,
    /// When: milliseconds since 1970.
    pub at_ms: u64,
}

/// A version that was deployed: its tenant's code was translated, started and booted for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deployed<'a> {
    /// The dispatch namespace.
    pub namespace: &'a str,
    /// The script.
    pub script: &'a str,
    /// Fuel that it took.
    pub fuel: u64,
    /// The same as microseconds of CPU, by the board's rate.
    pub cpu_us: u64,
}

/// Is told of every invocation that ended, and of every version that was deployed.
pub trait Observer: Send + Sync {
    /// Called once an invocation, by the thread that ended it. Must be quick.
    fn finished(&self, finished: &Finished<'_>);

    /// Called once a deployment. Must be quick. Who does not count fuel need not care.
    fn deployed(&self, _deployed: &Deployed<'_>) {}

    /// Called once a request that was not let in, because of a limit in [`ADMISSION`]. Must be quick.
    ///
    /// [`ADMISSION`]: super::limits::ADMISSION
    fn refused(&self, _namespace: &str, _script: &str, _limit: &'static str) {}
}
