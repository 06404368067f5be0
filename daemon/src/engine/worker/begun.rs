//! An invocation that was counted in, between its request and its run.

use super::Worker;
use crate::engine::invocation::{Reply, RequestBody};
use crate::engine::limits::Failure;
use crate::engine::module::GuestKind;
use crate::engine::refusal::Stage;
use crate::engine::underway::Invocation;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// An answer on its way.
pub trait Serving: Future<Output = Result<Reply, Failure>> + Send + 'static {}

impl<F: Future<Output = Result<Reply, Failure>> + Send + 'static> Serving for F {}

/// Counts an invocation out if it never gets as far as a record.
pub(super) struct Entered(pub(super) Option<Arc<Worker>>);

impl Drop for Entered {
    fn drop(&mut self) {
        if let Some(worker) = &self.0 {
            worker.invocations.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// An invocation that was counted in.
pub(super) struct Begun {
    pub(super) entered: Entered,
    pub(super) invocation: Box<Invocation>,
}

impl Begun {
    /// Runs it until it is answered or over.
    pub(super) async fn run(mut self) -> Result<Reply, Failure> {
        if let Some(worker) = &self.entered.0
            && worker.spec.kind == GuestKind::Wasi
        {
            // No guest waits inside a host call, so a program that reads its input is given all of it first.
            let body = std::mem::replace(&mut self.invocation.body, RequestBody::Empty);
            let limit = worker.spec.limits.request_body_bytes;
            match Box::pin(crate::engine::wasi_run::buffer(body, limit)).await {
                Ok(body) => self.invocation.body = body,
                Err(failure) => {
                    self.invocation.failure = Some(failure.clone());
                    worker.report(&self.invocation, Stage::Body);
                    return Err(failure);
                }
            }
        }
        // From here on the invocation counts until its record is written.
        let Some(worker) = self.entered.0.take() else {
            return Err(Failure::Canceled);
        };
        worker.run(self.invocation).await
    }
}
