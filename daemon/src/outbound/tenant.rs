//! Who goes out: one script of a dispatch namespace, in all its versions, and its share of the
//! connections. Nobody can hold them all.

use super::pool::Pool;
use event_listener::Event;
use parking_lot::Mutex;
use smol::lock::{Semaphore, SemaphoreGuardArc};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

/// Names of one tenant that are looked up at the same time: whoever runs its name server can
/// make that take long.
const LOOKUPS_MAX: usize = 2;
/// Connections that a tenant may have where there are enough: as many as one invocation may use.
const SHARE_MIN: usize = 6;

/// Names a tenant's connections: nobody else uses them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Owner(pub(super) u64);

/// A tenant. Clones are the same one; with the last go the connections that rest for it.
#[derive(Clone)]
pub struct Tenant(Arc<Share>);

/// A place among all connections.
pub(super) struct Place {
    _own: SemaphoreGuardArc,
    _all: SemaphoreGuardArc,
    _tls: Option<SemaphoreGuardArc>,
    /// How many there are, for who wants to know.
    taken: Arc<AtomicUsize>,
}

impl Place {
    pub fn new(
        own: SemaphoreGuardArc,
        all: SemaphoreGuardArc,
        tls: Option<SemaphoreGuardArc>,
        taken: Arc<AtomicUsize>,
    ) -> Self {
        taken.fetch_add(1, Ordering::Relaxed);
        Self {
            _own: own,
            _all: all,
            _tls: tls,
            taken,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Share {
    owner: Owner,
    namespace: String,
    script: String,
    places: Arc<Semaphore>,
    lookups: Semaphore,
    /// A connection of this tenant has gone to rest.
    rested: Event,
    waiting: AtomicUsize,
    pool: Weak<Pool>,
}

impl Drop for Share {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.upgrade() {
            pool.forget(self.owner);
        }
    }
}

/// Counts one that waits, for as long as it does.
pub(super) struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    pub fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Tenant {
    pub(super) fn owner(&self) -> Owner {
        self.0.owner
    }

    /// Its dispatch namespace and its script.
    pub fn name(&self) -> (&str, &str) {
        (&self.0.namespace, &self.0.script)
    }

    pub(super) fn places(&self) -> &Arc<Semaphore> {
        &self.0.places
    }

    pub(super) fn lookups(&self) -> &Semaphore {
        &self.0.lookups
    }

    pub(super) fn rested(&self) -> &Event {
        &self.0.rested
    }

    pub(super) fn waits(&self) -> Waiting<'_> {
        Waiting::new(&self.0.waiting)
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.0.waiting.load(Ordering::Relaxed) > 0
    }
}

/// All tenants that are there.
pub(super) struct Tenants {
    share: usize,
    next: AtomicU64,
    known: Mutex<HashMap<(String, String), Weak<Share>>>,
}

impl Tenants {
    /// Tenants who have an eighth of all places each, or the number that is set, and never all.
    pub fn new(connections_max: usize, tenant_max: Option<usize>) -> Self {
        let fair = (connections_max / 8).max(SHARE_MIN);
        let most = connections_max.saturating_sub(1).max(1);
        Self {
            share: tenant_max.unwrap_or(fair).clamp(1, most),
            next: AtomicU64::new(0),
            known: Mutex::default(),
        }
    }

    pub fn get(&self, namespace: &str, script: &str, pool: &Arc<Pool>) -> Tenant {
        let mut known = self.known.lock();
        let key = (namespace.to_owned(), script.to_owned());
        if let Some(share) = known.get(&key).and_then(Weak::upgrade) {
            return Tenant(share);
        }
        if known.len() == known.capacity() {
            known.retain(|_, share| share.strong_count() > 0);
        }
        let share = Arc::new(Share {
            owner: Owner(self.next.fetch_add(1, Ordering::Relaxed)),
            namespace: namespace.to_owned(),
            script: script.to_owned(),
            places: Arc::new(Semaphore::new(self.share)),
            lookups: Semaphore::new(LOOKUPS_MAX),
            rested: Event::new(),
            waiting: AtomicUsize::new(0),
            pool: Arc::downgrade(pool),
        });
        known.insert(key, Arc::downgrade(&share));
        Tenant(share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_script_is_one_tenant_in_all_its_versions() {
        let pool = Pool::new(1, Duration::ZERO);
        let tenants = Tenants::new(64, None);
        let one = tenants.get("a", "b", &pool);
        assert_eq!(tenants.get("a", "b", &pool).owner(), one.owner());
        assert_ne!(tenants.get("a", "c", &pool).owner(), one.owner());
        assert_ne!(tenants.get("c", "b", &pool).owner(), one.owner());
        let before = one.owner();
        drop(one);
        assert_ne!(tenants.get("a", "b", &pool).owner(), before);
    }

    #[test]
    fn nobody_may_have_all() {
        for (all, set, expect) in [
            (256, None, 32),
            (16, None, 6),
            (4, None, 3),
            (1, None, 1),
            (256, Some(100), 100),
            (256, Some(1000), 255),
        ] {
            assert_eq!(Tenants::new(all, set).share, expect);
        }
    }
}
