//! What of memory the engine has, as the ledger shows it.
//!
//! What is granted the budgets know at all times. What is resident is found out here, when somebody
//! asks: of an isolate's memory the system tells which pages it wrote, the interpreter's part of it was
//! measured when it was made, and of what has parked the sizes are known.

use super::Engine;
use super::isolate::Isolate;
use crate::ledger::{Budget, Entry};
use std::sync::{Arc, Weak};

/// What an isolate has in RAM.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resident {
    /// Bytes of memory that nothing else has.
    pub own: u64,
    /// Bytes of files' pages that it has mapped, as others may have: each is counted for each.
    pub shared: u64,
    /// Bytes on the daemon's heap.
    pub heap: u64,
}

/// What Workers have in memory.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    /// Tenants, their Workers, and the isolates of these.
    pub workers: Entry,
    /// What all isolates have in RAM.
    pub resident: Resident,
}

impl Engine {
    /// What Workers have in memory. Looks at each isolate, so not for a request's way.
    pub fn accounts(&self) -> Accounts {
        let isolates: Vec<Arc<Isolate>> = {
            let isolates = self.0.isolates.lock();
            isolates.iter().filter_map(Weak::upgrade).collect()
        };
        let mut sum = Resident::default();
        let entries: Vec<(Budget, Entry)> = isolates
            .iter()
            .map(|isolate| {
                let is_parked = isolate.is_parked();
                // One that is not seen is taken to have all that it may have.
                let resident = isolate.resident().unwrap_or(Resident {
                    own: isolate.bytes(),
                    ..Resident::default()
                });
                // What it had before it parked was given back.
                let granted = if is_parked {
                    resident.heap
                } else {
                    isolate.bytes()
                };
                sum.own += resident.own;
                sum.shared += resident.shared;
                sum.heap += resident.heap;
                let name = match (is_parked, isolate.in_flight()) {
                    (true, _) => "isolate, parked".to_owned(),
                    (false, 0) => "isolate, idle".to_owned(),
                    (false, 1) => "isolate, 1 request".to_owned(),
                    (false, requests) => format!("isolate, {requests} requests"),
                };
                let has = resident.own + resident.heap;
                let budget = isolate.budget().clone();
                (budget, Entry::new(&name, granted, has, None))
            })
            .collect();
        let workers = Entry::of(self.budget(), &mut |budget| {
            let own = entries.iter().filter(|(of, _)| of.is(budget));
            own.map(|(_, entry)| entry.clone()).collect()
        });
        Accounts {
            workers,
            resident: sum,
        }
    }
}
