//! Who shares the machine: tenants and their scripts, each known once however many versions of it run.

use super::bucket::Bucket;
use super::gate::Gate;
use super::pace::Pace;
use super::scheduler::{Place, Scheduler, TenantPlace};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

/// A namespace, and a name in it.
type Name = (Arc<str>, Arc<str>);

/// Those of which a Worker is there.
#[derive(Debug, Default)]
pub struct Tenants {
    tenants: Mutex<Known<Name, Tenant>>,
    /// How many tenants there have been.
    count: AtomicUsize,
}

/// One who shares the machine with others.
#[derive(Debug)]
pub struct Tenant {
    /// Its number, which no other has.
    pub id: usize,
    /// Its invocations.
    pub gate: Gate,
    /// Its requests in a second.
    pub bucket: Bucket,
    place: Arc<TenantPlace>,
    parties: Mutex<Known<Arc<str>, Party>>,
}

/// A script of a tenant's, through all its versions.
#[derive(Debug)]
pub struct Party {
    /// Where its turns are counted.
    pub place: Place,
    /// How long they are.
    pub pace: Pace,
    /// Its requests in a second.
    pub bucket: Bucket,
    /// Whose it is.
    pub tenant: Arc<Tenant>,
}

impl Tenants {
    /// A script as a part of its tenant.
    pub fn party(
        &self,
        scheduler: &Scheduler,
        (namespace, tenant, script): (&Arc<str>, &Arc<str>, &Arc<str>),
    ) -> Arc<Party> {
        let name = (namespace.clone(), tenant.clone());
        let tenant = self.tenants.lock().get(name, || Tenant {
            id: self.count.fetch_add(1, Ordering::Relaxed),
            gate: Gate::default(),
            bucket: Bucket::new(),
            place: Arc::new(scheduler.tenant()),
            parties: Mutex::default(),
        });
        tenant.parties.lock().get(script.clone(), || Party {
            place: scheduler.worker(&tenant.place),
            pace: Pace::new(scheduler.slice()),
            bucket: Bucket::new(),
            tenant: tenant.clone(),
        })
    }
}

/// What is known by a name for as long as somebody has it.
#[derive(Debug)]
struct Known<K, V> {
    by_name: HashMap<K, Weak<V>>,
    /// Where there are more names than this, those that nobody has are taken away.
    sweep_at: usize,
}

/// Names that are kept without a look at whether somebody has them.
const KEPT: usize = 16;

impl<K, V> Default for Known<K, V> {
    fn default() -> Self {
        Self {
            by_name: HashMap::new(),
            sweep_at: KEPT,
        }
    }
}

impl<K: Eq + Hash, V> Known<K, V> {
    fn get(&mut self, name: K, make: impl FnOnce() -> V) -> Arc<V> {
        if let Some(known) = self.by_name.get(&name).and_then(Weak::upgrade) {
            return known;
        }
        if self.by_name.len() >= self.sweep_at {
            self.by_name.retain(|_, known| known.strong_count() > 0);
            self.sweep_at = (self.by_name.len() * 2).max(KEPT);
        }
        let made = Arc::new(make());
        self.by_name.insert(name, Arc::downgrade(&made));
        made
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_script_is_the_same_party_through_its_versions() {
        let (scheduler, tenants) = (Scheduler::new(1, 1000), Tenants::default());
        let party = |tenant: &str, script: &str| {
            let (namespace, tenant, script) = ("n".into(), tenant.into(), script.into());
            tenants.party(&scheduler, (&namespace, &tenant, &script))
        };
        let (one, same) = (party("t", "a"), party("t", "a"));
        assert!(Arc::ptr_eq(&one, &same));
        let (other, elsewhere) = (party("t", "b"), party("a", "a"));
        assert!(Arc::ptr_eq(&one.tenant, &other.tenant));
        assert!(!Arc::ptr_eq(&one.tenant, &elsewhere.tenant));
    }

    #[test]
    fn names_that_nobody_has_do_not_pile_up() {
        let (scheduler, tenants) = (Scheduler::new(1, 1000), Tenants::default());
        let namespace = Arc::from("n");
        for at in 0..10_000 {
            let name: Arc<str> = at.to_string().into();
            drop(tenants.party(&scheduler, (&namespace, &name, &name)));
        }
        assert!(tenants.tenants.lock().by_name.len() <= KEPT);
    }
}
