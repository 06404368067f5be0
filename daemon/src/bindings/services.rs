//! Other Workers of the same dispatch namespace, as a Worker's bindings reach them.

use crate::engine::caller::Chain;
use crate::engine::invocation::{Entry, Reply, RequestBody};
use crate::engine::limits::Failure;
use http::{HeaderMap, Method};
use std::future::Future;
use std::pin::Pin;

/// A request of one Worker to another.
pub struct ServiceRequest {
    /// The Worker invocations so far.
    pub chain: Chain,
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

/// An answer on its way.
pub type Answering = Pin<Box<dyn Future<Output = Option<Result<Reply, Failure>>> + Send>>;

/// Finds Workers by name when they are asked, so that a push is no matter for those who are
/// bound to it.
pub trait Services: Send + Sync {
    /// Runs a request in the Worker of this name; `None` if there is none.
    fn fetch(&self, script: &str, request: ServiceRequest) -> Answering;
    /// Has a Worker of this name entered, for a request or a session of RPC, whose answer is a
    /// socket; `None` if there is none.
    fn enter(&self, script: &str, entry: Entry, request: ServiceRequest) -> Answering;
}
