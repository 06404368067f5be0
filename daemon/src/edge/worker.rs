//! What the edge asks of those who run Workers.

use crate::engine::invocation::{Ray, Reply, Request, Trigger};
use crate::engine::limits::Failure;
use std::future::Future;

/// Finds Workers.
pub trait Routes: Send + Sync + 'static {
    /// A Worker that can be asked; cheap to hand out, usually an `Arc`.
    type Worker: Serve;

    /// The Worker of this name, if there is one. On every request's way: must neither wait
    /// nor allocate.
    fn worker(&self, namespace: &str, script: &str) -> Option<Self::Worker>;
}

/// Answers requests, and runs what has no answer.
pub trait Serve: Send + Sync + 'static {
    /// Runs one request. Dropping the future, or the body of its reply, means that the client
    /// went away.
    fn serve(&self, request: Request) -> impl Future<Output = Result<Reply, Failure>> + Send;

    /// Has a handler called that answers nothing; ready when its work is over.
    fn trigger(
        &self,
        ray: Ray,
        trigger: Trigger,
    ) -> impl Future<Output = Result<(), Failure>> + Send;
}
