//! Other Workers, as a Worker's bindings reach them.

use crate::engine::caller::Chain;
use crate::engine::finished::Telling;
use crate::engine::invocation::{Entry, RequestBody, Trigger};
use crate::engine::terms::Terms;
use http::{HeaderMap, Method};

pub use crate::engine::terms::Answering;

/// A request of one Worker to another.
pub struct ServiceRequest {
    /// The Worker invocations so far.
    pub chain: Chain,
    /// What holds for the invocation that it causes.
    pub terms: Terms,
    /// The method.
    pub method: Method,
    /// The absolute URL; its host says nothing.
    pub url: String,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: RequestBody,
    /// Whether it asks for a WebSocket.
    pub upgrade: bool,
}

/// Finds Workers by name when they are asked, so that a push is no matter for those who are
/// bound to it.
pub trait Services: Send + Sync {
    /// Runs a request in the Worker of this name that the asking one may be bound to; `None` if
    /// there is none.
    fn fetch(&self, script: &str, request: ServiceRequest) -> Answering;

    /// The same for a Worker in the dispatch namespace with this id, whatever its name is by now;
    /// with an entry, it is entered so.
    fn dispatch(
        &self,
        namespace: [u8; 16],
        script: &str,
        entry: Option<Entry>,
        request: ServiceRequest,
    ) -> Answering;

    /// Has a Worker of this name entered, for a request or a session of RPC, whose answer is a
    /// socket; `None` if there is none.
    fn enter(&self, script: &str, entry: Entry, request: ServiceRequest) -> Answering;

    /// Has an entrypoint of a Worker of this name told of invocations.
    fn tell(&self, script: &str, trigger: Trigger) -> Telling;
}
