//! What the edge asks of those who run Workers.

use crate::catalog::entrances::Address;
use crate::engine::invocation::{Ray, Reply, Request, Trigger};
use crate::engine::limits::Failure;
use crate::observe::Unanswered;
use std::future::Future;

/// Finds Workers.
pub trait Routes: Send + Sync + 'static {
    /// A Worker that can be asked; cheap to hand out, usually an `Arc`.
    type Worker: Serve;

    /// The Worker of this name, if there is one. On every request's way: must neither wait
    /// nor allocate.
    fn worker(&self, namespace: &str, script: &str) -> Option<Self::Worker>;

    /// What answers at an address by a route, a Custom Domain or a default hostname. Address
    /// before the modes of routing, and like them on every request's way.
    fn entrance(&self, _asked: &Address<'_>) -> Entrance<Self::Worker> {
        Entrance::Elsewhere
    }

    /// The Worker outside of dispatch namespaces that a path may name; asked where there is
    /// no user Worker of this name.
    fn by_path(&self, _script: &str) -> Option<Self::Worker> {
        None
    }

    /// Notes what the edge answered itself. Must be quick.
    fn unanswered(&self, _unanswered: &Unanswered<'_>) {}
}

/// What an entrance leads to.
pub enum Entrance<W> {
    /// To a Worker.
    Worker(W),
    /// To one that does not run.
    Missing,
    /// There is none at this address.
    Elsewhere,
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
