//! Who starts operations: one invocation, as bindings see it, and the chain of Workers that its
//! request has gone through.

use super::invocation::Ray;
use super::meter::Traffic;
use super::ops::OpFailure;
use super::terms::{Interceptor, Origin, Terms};
use postern_abi::OpErrorCode;
use smol::lock::{Semaphore, SemaphoreGuardArc};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Worker invocations that one request from outside may cause, the first included
/// (spec: SEMANTICS §1).
pub const INVOCATIONS_MAX: u32 = 32;

/// Subrequests of one invocation that may wait for an answer's head at the same time; others
/// queue (spec: SEMANTICS §3).
pub const CONNECTIONS_MAX: usize = 6;

/// The Worker invocations that one request has caused so far. Clones count together.
#[derive(Clone, Debug)]
pub struct Chain {
    link: Arc<Link>,
    /// Whose the Worker is that is invoked last.
    tenant: Option<usize>,
}

#[derive(Debug)]
struct Link {
    invocations: AtomicU32,
    origin: Option<Box<Origin>>,
    begun_by: Option<Ray>,
    tail_depth: u8,
}

impl Default for Chain {
    fn default() -> Self {
        Self::new(None, None)
    }
}

impl Chain {
    /// That of a request which came from there, and which this invocation begins.
    pub fn new(origin: Option<Box<Origin>>, begun_by: Option<Ray>) -> Self {
        let link = Arc::new(Link {
            invocations: AtomicU32::new(1),
            origin,
            begun_by,
            tail_depth: 0,
        });
        Self { link, tenant: None }
    }

    /// The same, as a Worker of this tenant's goes on with it.
    #[must_use]
    pub fn of(self, tenant: usize) -> Self {
        let tenant = Some(tenant);
        Self { tenant, ..self }
    }

    /// Whose Worker goes on with it.
    pub fn tenant(&self) -> Option<usize> {
        self.tenant
    }

    /// One that so many tail Workers in a row have led to.
    #[must_use]
    pub fn of_tail(mut self, depth: u8) -> Self {
        if let Some(link) = Arc::get_mut(&mut self.link) {
            link.tail_depth = depth;
        }
        self
    }

    /// Tail Workers in a row that have led to it.
    pub fn tail_depth(&self) -> u8 {
        self.link.tail_depth
    }

    /// Where its first request came from.
    pub fn origin(&self) -> Option<&Origin> {
        self.link.origin.as_deref()
    }

    /// The invocation that began it.
    pub fn begun_by(&self) -> Option<Ray> {
        self.link.begun_by
    }
}

/// One invocation. Clones are the same one.
#[derive(Clone)]
pub struct Caller(Arc<State>);

struct State {
    chain: Chain,
    terms: Terms,
    subrequests: AtomicU32,
    subrequests_max: u32,
    connections: Arc<Semaphore>,
    traffic: Traffic,
}

impl Caller {
    /// An invocation that may start so many subrequests. `chain` is that of the Worker which
    /// called it, if one did.
    pub fn new(chain: Option<Chain>, subrequests_max: u32) -> Self {
        Self::under(chain, subrequests_max, None, Traffic::default())
    }

    /// The same, of which whoever caused it decided this. `subrequests_max` is the Worker's.
    pub fn under(
        chain: Option<Chain>,
        subrequests_max: u32,
        terms: Option<&Terms>,
        traffic: Traffic,
    ) -> Self {
        let terms = terms.map_or_else(Terms::default, |terms| Terms {
            parameters: None,
            ..terms.clone()
        });
        let most = terms.subrequests.unwrap_or(u32::MAX);
        Self(Arc::new(State {
            chain: chain.unwrap_or_default(),
            terms,
            subrequests: AtomicU32::new(0),
            subrequests_max: most.min(subrequests_max),
            connections: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
            traffic,
        }))
    }

    /// What it moves to and from KV and other servers.
    pub fn traffic(&self) -> &Traffic {
        &self.0.traffic
    }

    /// Who takes what it asks of other servers. While there is somebody, it may not be connected
    /// to them in any other way either.
    pub fn interceptor(&self) -> Option<&Arc<dyn Interceptor>> {
        self.0.terms.interceptor.as_ref()
    }

    /// What holds for another invocation that it causes. One of the same Worker, or of a dynamic
    /// Worker of its, has no more of anything than it has itself.
    pub fn terms(&self, is_same: bool) -> Terms {
        if is_same {
            return self.0.terms.clone();
        }
        Terms {
            interceptor: self.0.terms.interceptor.clone(),
            ..Terms::default()
        }
    }

    /// Counts a subrequest, or one more hop of one (spec: SEMANTICS §3).
    ///
    /// # Errors
    /// When the limit is reached.
    pub fn subrequest(&self) -> Result<(), OpFailure> {
        let limit = self.0.subrequests_max;
        if self.0.subrequests.fetch_add(1, Ordering::Relaxed) < limit {
            return Ok(());
        }
        Err(OpFailure::new(
            OpErrorCode::LimitExceeded,
            format!("Too many subrequests. (Subrequest limit exceeded): the limit is {limit}"),
        ))
    }

    /// Subrequests that it started or was refused, and how many it may start.
    pub fn subrequests(&self) -> (u32, u32) {
        let used = self.0.subrequests.load(Ordering::Relaxed);
        (used, self.0.subrequests_max)
    }

    /// The chain that it is part of.
    pub fn chain(&self) -> &Chain {
        &self.0.chain
    }

    /// Counts the invocation of another Worker.
    ///
    /// # Errors
    /// When the request has gone through too many.
    pub fn invoke(&self) -> Result<Chain, OpFailure> {
        let chain = &self.0.chain;
        if chain.link.invocations.fetch_add(1, Ordering::Relaxed) < INVOCATIONS_MAX {
            return Ok(chain.clone());
        }
        Err(OpFailure::new(
            OpErrorCode::LimitExceeded,
            "Subrequest depth limit exceeded. This request recursed through Workers too many \
             times. This can happen e.g. if you have a Worker or Durable Object that calls other \
             Workers or objects recursively.",
        ))
    }

    /// Worker invocations that the request has caused beside its first.
    pub fn invoked(&self) -> u32 {
        let count = self.0.chain.link.invocations.load(Ordering::Relaxed);
        count.min(INVOCATIONS_MAX).saturating_sub(1)
    }

    /// Waits for one of the [`CONNECTIONS_MAX`] places, which is free again when the result is
    /// dropped.
    pub async fn connection(&self) -> SemaphoreGuardArc {
        self.0.connections.acquire_arc().await
    }
}

impl std::fmt::Debug for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Caller")
            .field("chain", &self.0.chain)
            .field("subrequests", &self.0.subrequests)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_of_workers_ends() {
        let mut caller = Caller::new(None, 0);
        for _ in 1..INVOCATIONS_MAX {
            let chain = caller.invoke();
            assert!(chain.is_ok());
            caller = Caller::new(chain.ok(), 0);
        }
        assert!(caller.invoke().is_err());
        assert!(caller.subrequest().is_err());
    }

    #[test]
    fn siblings_count_together() {
        let caller = Caller::new(None, 2);
        assert_eq!(
            [(); 3].map(|()| caller.subrequest().is_ok()),
            [true, true, false]
        );
        let others = [caller.invoke(), caller.invoke()].map(|chain| Caller::new(chain.ok(), 0));
        let more = (0..INVOCATIONS_MAX).filter(|at| others[*at as usize % 2].invoke().is_ok());
        assert_eq!(more.count(), INVOCATIONS_MAX as usize - 3);
    }
}
