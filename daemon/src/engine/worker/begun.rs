//! An invocation between its request and its run.

use super::Entered;
use crate::engine::invocation::{Reply, RequestBody};
use crate::engine::limits::Failure;
use crate::engine::module::GuestKind;
use crate::engine::refusal::Stage;
use crate::engine::underway::Invocation;

/// An answer on its way.
pub trait Serving: Future<Output = Result<Reply, Failure>> + Send + 'static {}

impl<F: Future<Output = Result<Reply, Failure>> + Send + 'static> Serving for F {}

/// An invocation that was let in, or waits for that.
pub(super) struct Begun {
    pub(super) entered: Entered,
    pub(super) invocation: Box<Invocation>,
}

impl Begun {
    /// Runs it until it is answered or over.
    pub(super) async fn run(mut self) -> Result<Reply, Failure> {
        if !self.entered.is_in() {
            let (begun, deadline) = (self.invocation.started, self.invocation.deadline);
            let waited = Box::pin(self.entered.wait(begun, deadline)).await;
            if let Err(failure) = waited {
                return Err(self.refused(failure, Stage::Admission));
            }
        }
        if let Err(failure) = self.invocation.count() {
            return Err(self.refused(failure, Stage::Admission));
        }
        let worker = self.entered.worker.clone();
        if worker.spec.kind == GuestKind::Wasi {
            // No guest waits inside a host call, so a program that reads its input is given all of it first.
            let body = std::mem::replace(&mut self.invocation.body, RequestBody::Empty);
            let limit = self.invocation.limits.request_body_bytes;
            let (budget, engine) = (worker.budget(), worker.engine());
            let read = crate::engine::wasi_run::buffer(body, limit, &budget, engine);
            match Box::pin(read).await {
                Ok(body) => self.invocation.body = body,
                Err(failure) => return Err(self.refused(failure, Stage::Body)),
            }
        }
        // It counts until its record is written.
        self.invocation.entered = Some(self.entered);
        worker.run(self.invocation).await
    }

    /// Tells of a request that does not run.
    fn refused(mut self, failure: Failure, stage: Stage) -> Failure {
        self.invocation.failure = Some(failure.clone());
        self.entered.worker.report(&self.invocation, stage);
        failure
    }
}
