//! Names for invocations.

use crate::engine::invocation::Ray;
use std::sync::atomic::{AtomicU64, Ordering};

/// Hands out [`Ray`]s: no two are the same, and one does not give away the next at a glance.
/// They are names, not secrets.
pub struct Rays {
    next: AtomicU64,
}

impl Rays {
    /// Starts somewhere, so that rays differ after a restart too.
    pub fn new() -> Self {
        let start = getrandom::u64().unwrap_or_else(|_| {
            // Without randomness the clock must do; uniqueness is all that is promised.
            std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .map_or(0, |since| since.as_nanos() as u64)
        });
        Self {
            next: AtomicU64::new(start),
        }
    }

    /// The next one.
    pub fn next(&self) -> Ray {
        Ray(mix(self.next.fetch_add(1, Ordering::Relaxed)))
    }
}

/// A permutation of all 64-bit numbers (the finaliser of SplitMix64), so that counting up
/// never gives one number twice.
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn rays_differ() {
        let rays = Rays::new();
        let seen: HashSet<_> = (0..10_000).map(|_| rays.next()).collect();
        assert_eq!(seen.len(), 10_000);
    }
}
