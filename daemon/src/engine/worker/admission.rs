//! Who may begin: the caps of a Worker and of its tenant, and the line before them.
//!
//! A request from outside, or from a Worker of another tenant, pays for a token of the called Worker's
//! script and one of its tenant, and counts as an invocation of both. One from a Worker of the same
//! tenant is part of a request that was let in already: it counts as an invocation of the called Worker
//! alone, or two Workers of a tenant at its cap would wait for each other. So do cron and tail events,
//! which count for the tenant too, but come at no rate of a client's.

use super::Worker;
use crate::deadline::Deadline;
use crate::engine::bucket::Bucket;
use crate::engine::gate::Gate;
use crate::engine::limits::{Failure, Limits};
use futures_lite::future;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What comes to be let in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Comer {
    /// A request from outside of the tenant.
    Request,
    /// One from within it.
    Own,
    /// An event of the daemon's.
    Event,
}

impl Comer {
    /// One that a Worker of `from` sends, or nobody that is known, to one of `to`.
    pub fn between(from: Option<usize>, to: usize) -> Self {
        if from == Some(to) {
            Self::Own
        } else {
            Self::Request
        }
    }
}

/// What an invocation counts as, until it is dropped.
pub struct Entered {
    pub(super) worker: Arc<Worker>,
    is_in_worker: bool,
    /// Whether it is one of its tenant's, once it is one of its Worker's.
    of_tenant: bool,
    is_in_tenant: bool,
}

impl Drop for Entered {
    fn drop(&mut self) {
        if self.is_in_worker {
            self.worker.gate.leave();
        }
        if self.is_in_tenant {
            self.worker.party.tenant.gate.leave();
        }
    }
}

impl Entered {
    /// Lets one in, as far as that takes no waiting.
    pub(super) fn begin(worker: &Arc<Worker>, comer: Comer) -> Result<Self, Failure> {
        let limits = worker.limits();
        if comer == Comer::Request {
            worker.take_token(
                &worker.party.bucket,
                limits.requests_per_second,
                "requests-per-second",
            )?;
            worker.take_token(
                &worker.party.tenant.bucket,
                limits.tenant_requests_per_second,
                "tenant-requests-per-second",
            )?;
        }
        let mut entered = Self {
            worker: worker.clone(),
            is_in_worker: false,
            of_tenant: comer != Comer::Own,
            is_in_tenant: false,
        };
        entered.is_in_worker = worker.gate.enter(limits.concurrent_invocations);
        entered.is_in_tenant = entered.is_in_worker
            && entered.of_tenant
            && (worker.party.tenant.gate).enter(limits.tenant_concurrent_invocations);
        if !entered.is_in() && limits.queue_length == 0 {
            return Err(worker.is_full(entered.is_in_worker));
        }
        Ok(entered)
    }

    /// Whether there is nothing to wait for.
    pub(super) fn is_in(&self) -> bool {
        self.is_in_worker && (self.is_in_tenant || !self.of_tenant)
    }

    /// Waits in line for what is full, first the Worker and then its tenant.
    pub(super) async fn wait(&mut self, begun: Instant, deadline: Instant) -> Result<(), Failure> {
        let worker = self.worker.clone();
        let limits = *worker.limits();
        let patience = begun + Duration::from_millis(limits.queue_ms.into());
        let patience = patience.min(deadline);
        if !self.is_in_worker {
            let most = limits.concurrent_invocations;
            worker.line(&worker.gate, most, &limits, patience).await?;
            self.is_in_worker = true;
        }
        if self.of_tenant && !self.is_in_tenant {
            let (gate, most) = (
                &worker.party.tenant.gate,
                limits.tenant_concurrent_invocations,
            );
            // There may be room for it by now.
            if !gate.enter(most) {
                worker.line(gate, most, &limits, patience).await?;
            }
            self.is_in_tenant = true;
        }
        Ok(())
    }
}

impl Worker {
    fn take_token(&self, bucket: &Bucket, rate: u32, limit: &'static str) -> Result<(), Failure> {
        bucket.take(rate).map_err(|late| {
            let retry_after_s = late.as_secs() + u64::from(late.subsec_nanos() > 0);
            self.refuses(Failure::Limited {
                limit,
                value: rate.into(),
                used: u64::from(rate) + 1,
                retry_after_s: u32::try_from(retry_after_s).unwrap_or(u32::MAX).max(1),
            })
        })
    }

    async fn line(
        &self,
        gate: &Gate,
        most: u32,
        limits: &Limits,
        patience: Instant,
    ) -> Result<(), Failure> {
        let refused = |limit, value, used| {
            self.refuses(Failure::Limited {
                limit,
                value,
                used,
                retry_after_s: 1,
            })
        };
        let Some(waiting) = gate.wait(most, limits.queue_length) else {
            let length = u64::from(limits.queue_length);
            return Err(refused("queue-length", length, length + 1));
        };
        let begun = Instant::now();
        let is_in = async {
            waiting.await;
            true
        };
        let late = async {
            Deadline::at(patience).await;
            false
        };
        if future::or(is_in, late).await {
            return Ok(());
        }
        let waited = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let most = u64::from(limits.queue_ms);
        Err(refused("queue-ms", most, waited.max(most)))
    }

    /// The failure of one that would have to wait, and must not.
    fn is_full(&self, is_in_worker: bool) -> Failure {
        let limits = self.limits();
        let (limit, value) = if is_in_worker {
            (
                "tenant-concurrent-invocations",
                limits.tenant_concurrent_invocations,
            )
        } else {
            ("concurrent-invocations", limits.concurrent_invocations)
        };
        self.refuses(Failure::Limited {
            limit,
            value: value.into(),
            used: u64::from(value) + 1,
            retry_after_s: 1,
        })
    }

    /// Counts what is not let in.
    fn refuses(&self, failure: Failure) -> Failure {
        if let Failure::Limited { limit, .. } = failure
            && !self.is_own
        {
            let spec = &self.spec;
            let observer = self.engine.observer();
            observer.refused(&spec.namespace, &spec.script, limit);
        }
        failure
    }
}
