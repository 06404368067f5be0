//! A routing table that lives elsewhere (in KV), asked through a cache of a fixed size.

use super::{NAME_MAX, Part};
use parking_lot::Mutex;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Hosts whose answers are remembered.
pub const CACHE_MAX: usize = 256;
/// Bytes of a value: a namespace, a slash and a script.
pub const VALUE_MAX: usize = 2 * NAME_MAX + 1;
/// Places that a host may be remembered in.
const WAYS: usize = 4;

/// Where hostnames are looked up; small, so that a KV namespace can be one.
pub trait Table: Send + Sync {
    /// The value for a host's name in normal form: `namespace/script` or `script`. Must not
    /// block for longer than a read of a warm store takes.
    fn find(&self, host: &str) -> Result<Option<String>, TableError>;
}

/// The table could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the routing table cannot be read: {0}")]
pub struct TableError(pub String);

/// A table behind a cache: found and missing hosts are remembered for `ttl`.
pub struct CachedTable {
    table: Arc<dyn Table>,
    namespace: heapless::String<NAME_MAX>,
    ttl: Duration,
    hasher: RandomState,
    slots: Mutex<Box<heapless::Vec<Slot, CACHE_MAX>>>,
}

/// Empty while `until` is nothing. The texts are on the heap, at most [`NAME_MAX`](super::host::NAME_MAX) and
/// [`VALUE_MAX`] bytes, and written only when the table itself had to be asked.
#[derive(Clone, Default)]
struct Slot {
    host: Box<str>,
    value: Option<Box<str>>,
    until: Option<Instant>,
}

impl CachedTable {
    /// Remembers what `table` answers for `ttl`; values without a namespace mean `namespace`.
    pub fn new(
        table: Arc<dyn Table>,
        namespace: heapless::String<NAME_MAX>,
        ttl: Duration,
    ) -> Self {
        let mut slots = Box::new(heapless::Vec::new());
        slots.resize(CACHE_MAX, Slot::default()).ok();
        Self {
            table,
            namespace,
            ttl,
            hasher: RandomState::new(),
            slots: Mutex::new(slots),
        }
    }

    /// The namespace and the script of a host's name in normal form.
    pub fn find(&self, host: &str) -> Result<Option<(Part<'_>, Part<'_>)>, TableError> {
        self.find_at(host, Instant::now())
    }

    fn find_at(
        &self,
        host: &str,
        now: Instant,
    ) -> Result<Option<(Part<'_>, Part<'_>)>, TableError> {
        // Hosts are the client's choice, so the hash is seeded: nobody can aim at a bucket.
        let bucket = self.hasher.hash_one(host) as usize % (CACHE_MAX / WAYS) * WAYS;
        let places = bucket..bucket + WAYS;
        {
            let slots = self.slots.lock();
            let fresh = |slot: &&Slot| slot.until.is_some_and(|until| until > now);
            let known = slots[places.clone()]
                .iter()
                .find(|slot| *slot.host == *host && fresh(slot));
            if let Some(slot) = known {
                return Ok(self.split(slot.value.as_deref()));
            }
        }
        // Not under the lock: other hosts need not wait for the store.
        let value = self.table.find(host)?;
        let value = value.filter(|value| value.len() <= VALUE_MAX);
        let found = self.split(value.as_deref());
        let mut slots = self.slots.lock();
        // The same host first, then what is stale or empty, then missing hosts, then the
        // oldest: invented hosts cannot drive out those that exist as long as others are there.
        let victim = slots[places].iter_mut().min_by_key(|slot| {
            let stale = slot.until.is_none_or(|until| until <= now);
            (
                *slot.host != *host,
                !stale,
                slot.value.is_some(),
                slot.until,
            )
        });
        if let Some(slot) = victim {
            *slot = Slot {
                host: host.into(),
                value: value.map(String::into_boxed_str),
                until: now.checked_add(self.ttl),
            };
        }
        Ok(found)
    }

    /// Takes a value apart; one that names nothing counts as missing.
    fn split(&self, value: Option<&str>) -> Option<(Part<'_>, Part<'_>)> {
        let value = value?.trim();
        match value.split_once('/') {
            Some((namespace, script)) => Some((Part::owned(namespace)?, Part::owned(script)?)),
            None => Some((Part::Borrowed(&self.namespace), Part::owned(value)?)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[derive(Default)]
    struct Fake {
        asked: AtomicUsize,
        broken: std::sync::atomic::AtomicBool,
    }

    impl Table for Fake {
        fn find(&self, host: &str) -> Result<Option<String>, TableError> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            if self.broken.load(Ordering::Relaxed) {
                return Err(TableError("no store".into()));
            }
            let value = match host {
                "shop.example" => "live/shop",
                "short.example" => " hello\n",
                "empty.example" => "",
                "half.example" => "live/",
                "deep.example" => "live/a/b",
                _ => return Ok(None),
            };
            Ok(Some(value.into()))
        }
    }

    fn cached() -> (Arc<Fake>, CachedTable) {
        let fake = Arc::new(Fake::default());
        let namespace = heapless::String::try_from("production").unwrap();
        let table = CachedTable::new(fake.clone(), namespace, Duration::from_secs(10));
        (fake, table)
    }

    fn check(table: &CachedTable, host: &str, at: Instant, expect: Option<(&str, &str)>) {
        let got = table.find_at(host, at).unwrap();
        let got = got
            .as_ref()
            .map(|(ns, script)| (ns.as_str(), script.as_str()));
        assert_eq!(got, expect, "{host}");
    }

    #[test]
    fn values_name_a_script_and_maybe_a_namespace() {
        let (_, table) = cached();
        let now = Instant::now();
        check(&table, "shop.example", now, Some(("live", "shop")));
        check(&table, "short.example", now, Some(("production", "hello")));
        check(&table, "empty.example", now, None);
        check(&table, "half.example", now, None);
        check(&table, "deep.example", now, None);
        check(&table, "none.example", now, None);
    }

    #[test]
    fn answers_are_remembered_until_they_are_old() {
        let (fake, table) = cached();
        let now = Instant::now();
        for _ in 0..3 {
            check(&table, "shop.example", now, Some(("live", "shop")));
            check(&table, "none.example", now, None);
        }
        assert_eq!(fake.asked.load(Ordering::Relaxed), 2);
        let later = now + Duration::from_secs(10);
        check(&table, "shop.example", later, Some(("live", "shop")));
        assert_eq!(fake.asked.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn invented_hosts_do_not_drive_out_a_real_one() {
        let (fake, table) = cached();
        let now = Instant::now();
        check(&table, "shop.example", now, Some(("live", "shop")));
        for i in 0..10_000 {
            check(&table, &format!("invented-{i}.example"), now, None);
        }
        let before = fake.asked.load(Ordering::Relaxed);
        check(&table, "shop.example", now, Some(("live", "shop")));
        assert_eq!(fake.asked.load(Ordering::Relaxed), before);
    }

    #[test]
    fn a_broken_table_is_an_error_and_not_remembered() {
        let (fake, table) = cached();
        let now = Instant::now();
        fake.broken.store(true, Ordering::Relaxed);
        assert!(table.find_at("shop.example", now).is_err());
        fake.broken.store(false, Ordering::Relaxed);
        check(&table, "shop.example", now, Some(("live", "shop")));
    }
}
