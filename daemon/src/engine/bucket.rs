//! Requests in a second: a token bucket that holds a second's worth, in one number.
//!
//! # Implementation
//!
//! The generic cell rate algorithm: the number is the time at which the bucket would be full again, in
//! nanoseconds of a clock that only goes forward. A clock that jumps forward fills the bucket, once; one
//! that jumped back would find it emptied by at most a second's worth. What the wall clock says is no
//! matter.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const SECOND: u64 = 1_000_000_000;

/// From this rate on nothing is counted: no machine has as many requests in a second.
pub const UNLIMITED: u32 = 1_000_000;

/// When one who may have no requests at all is told to come again.
const NEVER: Duration = Duration::from_secs(60);

/// The bucket.
#[derive(Debug)]
pub struct Bucket {
    begun: Instant,
    full_at: AtomicU64,
}

impl Default for Bucket {
    fn default() -> Self {
        Self::new()
    }
}

impl Bucket {
    /// A full one.
    pub fn new() -> Self {
        Self {
            begun: Instant::now(),
            full_at: AtomicU64::new(0),
        }
    }

    /// Takes a token from a bucket that gets so many in a second; how long until there is one, if
    /// there is none. The rate may be another each time.
    pub fn take(&self, per_second: u32) -> Result<(), Duration> {
        if per_second >= UNLIMITED {
            return Ok(());
        }
        let now = self.begun.elapsed().as_nanos();
        self.take_at(per_second, u64::try_from(now).unwrap_or(u64::MAX))
    }

    fn take_at(&self, per_second: u32, now: u64) -> Result<(), Duration> {
        if per_second == 0 {
            return Err(NEVER);
        }
        let token = SECOND / u64::from(per_second);
        let mut full_at = self.full_at.load(Ordering::Relaxed);
        loop {
            // No emptier than empty, after a rate that was lower or a clock that was ahead.
            let begins = full_at.clamp(now, now.saturating_add(SECOND));
            let after = begins.saturating_add(token);
            if let Some(late) = after
                .checked_sub(now.saturating_add(SECOND))
                .filter(|it| *it > 0)
            {
                return Err(Duration::from_nanos(late));
            }
            match self.full_at.compare_exchange_weak(
                full_at,
                after,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Ok(()),
                Err(other) => full_at = other,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_second_of_requests_may_come_at_once_and_then_at_the_rate() {
        let bucket = Bucket::new();
        let let_in = |now| {
            (0..100)
                .take_while(|_| bucket.take_at(5, now).is_ok())
                .count()
        };
        assert_eq!(let_in(0), 5);
        assert_eq!(bucket.take_at(5, 0), Err(Duration::from_millis(200)));
        assert_eq!(let_in(SECOND / 5 - 1), 0);
        assert_eq!(let_in(SECOND / 5), 1);
        assert_eq!(
            let_in(100 * SECOND),
            5,
            "nothing beyond a second is saved up"
        );
    }

    #[test]
    fn no_rate_lets_nobody_in_and_an_enormous_one_everybody() {
        let bucket = Bucket::new();
        assert_eq!(bucket.take(0), Err(NEVER));
        assert!((0..10_000).all(|_| bucket.take(UNLIMITED).is_ok()));
        assert!((0..10_000).all(|_| bucket.take(u32::MAX).is_ok()));
        assert!(bucket.take(1).is_ok());
        assert!(bucket.take(1).is_err());
    }

    #[test]
    fn a_clock_that_jumps_costs_a_second_at_most() {
        let bucket = Bucket::new();
        assert!((0..5).all(|_| bucket.take_at(5, u64::MAX - 1).is_ok()));
        assert!(bucket.take_at(5, 0).is_err());
        assert!(bucket.take_at(5, SECOND / 5).is_err(), "it stood still");
        let bucket = Bucket::new();
        assert!((0..5).all(|_| bucket.take_at(5, 1000 * SECOND).is_ok()));
        assert!(
            bucket.take_at(5, 0).is_err(),
            "back, and a second's worth is used up"
        );
    }

    proptest! {
        /// The model is a counter of tokens that time adds to.
        #[test]
        fn it_is_a_bucket_of_tokens(
            rate in 1u32..1000,
            steps in proptest::collection::vec(0u64..SECOND / 10, 1..500),
        ) {
            let bucket = Bucket::new();
            let token = SECOND / u64::from(rate);
            let (mut now, mut has) = (0, SECOND);
            for step in steps {
                now += step;
                has = (has + step).min(SECOND);
                let may = has >= token;
                if may {
                    has -= token;
                }
                prop_assert_eq!(bucket.take_at(rate, now).is_ok(), may);
            }
        }
    }
}
