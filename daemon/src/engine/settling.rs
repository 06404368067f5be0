//! Waiting for an isolate that is about to rest: one that has answered all there was, whose last slice is not over.
//! Who finds no room beside it would be refused what is there a moment later.

use super::Engine;
use super::isolate::Isolate;
use crate::deadline::Deadline;
use crate::ledger::Budget;
use event_listener::EventListener;
use futures_lite::future;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// For how long what should take a slice is waited for, by one who needs room.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often somebody looks again: beside many who come to rest and make no room, looking is what costs.
const LOOKS_MAX: u32 = 16;

/// Somebody who looks for room in a budget, and may look again.
pub struct Settling(Option<Looking>);

struct Looking {
    engine: Engine,
    budget: Budget,
    until: Instant,
    looks: u32,
    rested: Option<EventListener>,
}

impl Engine {
    /// For somebody who is going to look for room in a budget.
    pub fn settling(&self, budget: &Budget) -> Settling {
        Settling(Some(Looking {
            engine: self.clone(),
            budget: budget.clone(),
            until: Instant::now() + PATIENCE,
            looks: LOOKS_MAX,
            rested: None,
        }))
    }
}

impl Settling {
    /// Where nothing ever comes to rest.
    pub fn never() -> Self {
        Self(None)
    }

    /// To be called before looking: what comes to rest from here on is seen.
    pub fn begin(&mut self) {
        if let Some(looking) = &mut self.0 {
            looking.rested = Some(looking.engine.0.rested.listen());
        }
    }

    /// Nothing was found. Whether something has come to rest since, or does now; false if nothing of what the
    /// budget is short of is about to.
    pub async fn again(&mut self) -> bool {
        let Some(looking) = &mut self.0 else {
            return false;
        };
        let Some(mut rested) = looking.rested.take() else {
            return false;
        };
        looking.looks -= 1;
        if looking.looks == 0 {
            return false;
        }
        let until = looking.until;
        if !looking.is_any_about_to_rest() {
            return future::poll_once(&mut rested).await.is_some() && Instant::now() < until;
        }
        let rested = async {
            rested.await;
            true
        };
        let late = async {
            Deadline::at(until).await;
            false
        };
        future::or(rested, late).await
    }
}

impl Looking {
    fn is_any_about_to_rest(&self) -> bool {
        let short = self.budget.narrowest();
        // Outside of the lock: a handle that goes may be the last one.
        let isolates: Vec<Arc<Isolate>> = {
            let isolates = self.engine.0.isolates.lock();
            isolates.iter().filter_map(Weak::upgrade).collect()
        };
        let mut those = isolates
            .iter()
            .filter(|isolate| isolate.budget().is_in(short));
        those.any(|isolate| isolate.is_about_to_rest())
    }
}
