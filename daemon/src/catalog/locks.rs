//! One lock a script, that exists only while somebody holds it or waits for it.

use super::name::Id;
use parking_lot::Mutex;
use smol::lock::MutexGuardArc;
use std::collections::HashMap;
use std::sync::Arc;

type Key = (Id, String);
type Lock = Arc<smol::lock::Mutex<()>>;

/// The locks in use.
#[derive(Default)]
pub(super) struct ScriptLocks {
    locks: Arc<Mutex<HashMap<Key, Lock>>>,
}

impl ScriptLocks {
    /// Waits for a script's lock; first come, first served.
    pub(super) async fn lock(&self, namespace: Id, script: &str) -> ScriptGuard {
        let key = (namespace, script.to_owned());
        let lock = Arc::clone(self.locks.lock().entry(key.clone()).or_default());
        // From here on the entry goes even if the caller is dropped while it waits. The
        // wait is declared last, so that it lets go of its reference first.
        let mut guard = ScriptGuard {
            locks: Arc::clone(&self.locks),
            key,
            held: None,
        };
        let waiting = lock.lock_arc();
        drop(lock);
        guard.held = Some(waiting.await);
        guard
    }

    #[cfg(test)]
    pub(super) fn has(&self, namespace: Id, script: &str) -> bool {
        self.locks
            .lock()
            .contains_key(&(namespace, script.to_owned()))
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.locks.lock().len()
    }
}

/// A script's lock, held.
pub(super) struct ScriptGuard {
    locks: Arc<Mutex<HashMap<Key, Lock>>>,
    key: Key,
    held: Option<MutexGuardArc<()>>,
}

impl Drop for ScriptGuard {
    fn drop(&mut self) {
        let mut locks = self.locks.lock();
        self.held = None;
        // The table's own reference is the last one when nobody else holds or waits; new
        // ones are only made under this same lock.
        if locks
            .get(&self.key)
            .is_some_and(|lock| Arc::strong_count(lock) == 1)
        {
            locks.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_lite::future::{block_on, poll_once};

    #[test]
    fn a_second_holder_waits_and_nothing_is_left() {
        block_on(async {
            let locks = ScriptLocks::default();
            let id = Id([1; 16]);
            let first = locks.lock(id, "a").await;
            let other = locks.lock(id, "b").await;
            let mut second = Box::pin(locks.lock(id, "a"));
            assert!(poll_once(&mut second).await.is_none());
            assert_eq!(locks.len(), 2);
            drop(first);
            drop(second.await);
            drop(other);
            assert_eq!(locks.len(), 0);

            let first = locks.lock(id, "a").await;
            let mut abandoned = Box::pin(locks.lock(id, "a"));
            assert!(poll_once(&mut abandoned).await.is_none());
            drop(abandoned);
            drop(first);
            assert_eq!(locks.len(), 0);
        });
    }
}
