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
/// none such, all: the limit is permissive.
const COUNTS_MAX: usize = 65_536;
/// Bytes of a key.
const KEY_MAX: usize = 2048;

/// The counts of all Workers. Clones share them.
#[derive(Clone)]
pub struct Limiter(Arc<State>);

struct State {
    began: Instant,
    hasher: RandomState,
    /// By a hash of namespace and key, the second in which the window ends, and the count: who meets another in one hash shares its
    /// limit, which takes luck, and knowing the hasher's keys.
    counts: Mutex<HashMap<u64, (u64, u32)>>,
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

    fn take_at(&self, now_s: u64, what: (&str, &str), limit: u32, period_s: u32) -> bool {
        let period = u64::from(period_s.max(1));
        let until = (now_s / period + 1) * period;
        let hash = self.0.hasher.hash_one((what, period_s));
        let mut counts = self.0.counts.lock();
        if counts.len() >= COUNTS_MAX && !counts.contains_key(&hash) {
            counts.retain(|_, (kept, _)| *kept > now_s);
            if counts.len() >= COUNTS_MAX {
                counts.clear();
            }
        }
        let (kept, count) = counts.entry(hash).or_insert((until, 0));
        if *kept != until {
            (*kept, *count) = (until, 0);
        }
        if *count >= limit {
            return false;
        }
        *count += 1;
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
        for at in 0..2 * COUNTS_MAX {
            assert!(limiter.take_at(at as u64 / 1000, ("1", &at.to_string()), 1, 60));
        }
        assert!(limiter.0.counts.lock().len() <= COUNTS_MAX);
    }
}
