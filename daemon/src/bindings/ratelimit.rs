//! Rate limits (spec: SEMANTICS §24): counts in fixed windows, by namespace and key, of all
//! Workers together. They are kept in memory and forgotten with it.

use super::{Binding, Env, encode, undecodable};
use crate::engine::ops::{OpFailure, OpReply, Started};
use parking_lot::Mutex;
use postern_abi::OpErrorCode;
use postern_abi::ratelimit::RateLimit;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Instant;

/// Counts that are kept; when there are more, those whose windows are over go, and if there are
/// none such, all of the namespace that has most: a flood of keys harms who sends it.
const COUNTS_MAX: usize = 65_536;
/// Bytes of a key.
const KEY_MAX: usize = 2048;

/// The counts of all Workers. Clones share them.
#[derive(Clone)]
pub struct Limiter(Arc<State>);

struct State {
    began: Instant,
    hasher: RandomState,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    /// By a hash of the namespace, and one of key and period: who meets another in one hash shares
    /// its limit, which takes luck, and knowing the hasher's keys.
    namespaces: HashMap<u64, HashMap<u64, Count>>,
    /// How many there are in all.
    total: usize,
}

/// Calls in one window.
struct Count {
    /// The second in which the window ends.
    until: u64,
    calls: u32,
}

impl Counts {
    /// Makes room for one more.
    fn make_room(&mut self, now_s: u64) {
        if self.total < COUNTS_MAX {
            return;
        }
        self.namespaces.retain(|_, counts| {
            counts.retain(|_, count| count.until > now_s);
            !counts.is_empty()
        });
        self.total = self.namespaces.values().map(HashMap::len).sum();
        if self.total >= COUNTS_MAX {
            let counts = self.namespaces.iter();
            let most = counts.max_by_key(|(_, counts)| counts.len());
            let gone = most
                .map(|(namespace, _)| *namespace)
                .and_then(|namespace| self.namespaces.remove(&namespace));
            self.total -= gone.map_or(0, |counts| counts.len());
        }
    }

    fn get(&mut self, namespace: u64, key: u64, now_s: u64) -> &mut Count {
        let is_known = |counts: &HashMap<u64, Count>| counts.contains_key(&key);
        if !self.namespaces.get(&namespace).is_some_and(is_known) {
            self.make_room(now_s);
            self.total += 1;
        }
        let counts = self.namespaces.entry(namespace).or_default();
        counts.entry(key).or_insert(Count { until: 0, calls: 0 })
    }
}

impl Default for Limiter {
    fn default() -> Self {
        Self(Arc::new(State {
            began: Instant::now(),
            hasher: RandomState::new(),
            counts: Mutex::default(),
        }))
    }
}

impl Limiter {
    /// Counts one more; whether that is within `limit` of this window of `period_s` seconds.
    pub fn take(&self, namespace: &str, key: &str, limit: u32, period_s: u32) -> bool {
        let now = self.0.began.elapsed().as_secs();
        self.take_at(now, (namespace, key), limit, period_s)
    }

    fn take_at(
        &self,
        now_s: u64,
        (namespace, key): (&str, &str),
        limit: u32,
        period_s: u32,
    ) -> bool {
        let period = u64::from(period_s.max(1));
        let until = (now_s / period + 1) * period;
        let hasher = &self.0.hasher;
        let (namespace, key) = (hasher.hash_one(namespace), hasher.hash_one((key, period_s)));
        let mut counts = self.0.counts.lock();
        let count = counts.get(namespace, key, now_s);
        if count.until != until {
            *count = Count { until, calls: 0 };
        }
        if count.calls >= limit {
            return false;
        }
        count.calls += 1;
        true
    }
}

/// [`RateLimit`]
pub(super) fn start(env: &Env, argument: &[u8]) -> Result<Started, OpFailure> {
    let (asked, rest): (RateLimit<'_>, _) =
        postcard::take_from_bytes(argument).map_err(|_| undecodable("RateLimit"))?;
    if !rest.is_empty() {
        return Err(undecodable("RateLimit"));
    }
    let Binding::RateLimit {
        namespace,
        limit,
        period_s,
        ..
    } = env.binding(asked.binding)?
    else {
        return Err(OpFailure::new(
            OpErrorCode::UnknownBinding,
            format!("env.{:.64} is not a rate limit", asked.binding),
        ));
    };
    if asked.key.len() > KEY_MAX {
        return Err(OpFailure::new(
            OpErrorCode::Thrown,
            format!(
                "TypeError: the key of a rate limit has {} bytes, the limit is {KEY_MAX}",
                asked.key.len()
            ),
        ));
    }
    let is_within = env.limiter.take(namespace, asked.key, *limit, *period_s);
    Ok(Started::Done(Ok(OpReply {
        head: encode(&is_within)?,
        ..OpReply::default()
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_has_its_limit_and_keys_are_apart() {
        let limiter = Limiter::default();
        let take = |now, key| limiter.take_at(now, ("1", key), 2, 10);
        assert_eq!(
            [take(0, "a"), take(9, "a"), take(9, "a")],
            [true, true, false]
        );
        assert!(take(9, "b"));
        assert!(limiter.take_at(9, ("2", "a"), 2, 10));
        assert_eq!(
            [take(10, "a"), take(10, "a"), take(10, "a")],
            [true, true, false]
        );
    }

    #[test]
    fn no_flood_of_keys_fills_the_memory() {
        let limiter = Limiter::default();
        assert!(limiter.take_at(0, ("2", "a"), 1, 60));
        for at in 0..2 * COUNTS_MAX {
            assert!(limiter.take_at(at as u64 / 4000, ("1", &at.to_string()), 1, 60));
        }
        let counts = limiter.0.counts.lock();
        let kept: usize = counts.namespaces.values().map(HashMap::len).sum();
        assert_eq!(counts.total, kept);
        assert!(kept <= COUNTS_MAX);
        drop(counts);
        // Nor does it lift the limits of another namespace.
        assert!(!limiter.take_at(33, ("2", "a"), 1, 60));
    }
}
