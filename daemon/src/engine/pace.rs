//! How long the slices of a script's isolates are in truth, and how much fuel the next one has.
//!
//! Fuel is the same on every machine; the time that it takes is not. A guest that touches memory for the
//! first time has the system clear it, and one that ends has it taken back, which costs no fuel and
//! may take ten times as long as what did. So turns are paid for by time where that is more than fuel
//! says, and a script whose slices take long is given less fuel for each, and more again little by little:
//! what one isolate of it did the next is likely to do. No guest can tell.

use super::limits::SLICE_FUEL;
use rustix::time::ClockId;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How often longer than its fuel says a slice may take without consequence: clocks are coarse, and
/// other programs want the cores too.
const TOLERANCE: u64 = 2;

/// Measures a slice: the time in which this thread had a core, for others may want that too.
#[derive(Debug)]
pub struct Watch {
    begun: Instant,
    cpu: Duration,
}

impl Watch {
    /// A slice begins on this thread.
    pub fn begin() -> Self {
        Self {
            begun: Instant::now(),
            cpu: cpu(),
        }
    }

    /// How long it took, at most: what the thread had of it is looked at where it seems to be long.
    pub fn end(self, rate: Rate) -> Duration {
        let lasted = self.begun.elapsed();
        match rate.fuel(lasted) <= rate.slice.saturating_mul(TOLERANCE) {
            true => lasted,
            false => lasted.min(cpu().saturating_sub(self.cpu)),
        }
    }
}

/// What this thread has had of a core.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(ClockId::ThreadCPUTime);
    let (seconds, nanos) = (time.tv_sec, time.tv_nsec);
    let seconds = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    seconds + Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
}

/// The pace of one script.
#[derive(Debug)]
pub struct Pace {
    /// Fuel of the next slice.
    fuel: AtomicU64,
    /// What was paid for the last slice that took long, less by each since that did not.
    dear: AtomicU64,
}

/// What this machine takes for a slice.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// Fuel of a slice.
    pub slice: u64,
    /// Fuel that is burnt in a millisecond.
    pub per_ms: u64,
}

impl Rate {
    /// What so much time is worth.
    pub fn fuel(self, time: Duration) -> u64 {
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        us.saturating_mul(self.per_ms) / 1000
    }
}

impl Pace {
    /// That of one that has not run.
    pub fn new(slice: u64) -> Self {
        Self {
            fuel: AtomicU64::new(slice),
            dear: AtomicU64::new(slice),
        }
    }

    /// Fuel of the next slice.
    pub fn fuel(&self) -> u64 {
        self.fuel.load(Ordering::Relaxed)
    }

    /// A slice used so much fuel, in so much time; what is to be paid for it.
    ///
    /// One that takes long may do so for what is not its own: pages that the system took back, say, or a
    /// machine that stood still. So it pays no more than twice what was paid for the last one, and only
    /// a script whose slices all take long pays for all of it.
    pub fn ran(&self, used: u64, time: Duration, rate: Rate) -> u64 {
        let lasted = rate.fuel(time);
        let dear = self.dear.load(Ordering::Relaxed).max(rate.slice);
        if lasted <= used.max(rate.slice).saturating_mul(TOLERANCE) {
            if dear > rate.slice {
                self.dear.store(dear - dear / 16, Ordering::Relaxed);
            }
            let fuel = self.fuel();
            if fuel < rate.slice {
                let fuel = fuel.saturating_add(fuel / 4 + 1);
                self.fuel.store(fuel.min(rate.slice), Ordering::Relaxed);
            }
            return used;
        }
        // As much as would have lasted a slice.
        let share = u128::from(used.max(1)) * u128::from(rate.slice) / u128::from(lasted);
        let least = rate.slice.min(*SLICE_FUEL.start());
        let fuel = u64::try_from(share).unwrap_or(u64::MAX);
        let fuel = fuel.clamp(least, rate.slice);
        self.fuel.store(fuel, Ordering::Relaxed);
        let paid = lasted.min(dear.saturating_mul(2)).max(used);
        self.dear.store(paid, Ordering::Relaxed);
        paid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        slice: 200_000,
        per_ms: 1_500_000,
    };

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn slices_that_take_long_have_less_fuel() {
        let pace = Pace::new(RATE.slice);
        assert_eq!(pace.ran(200_000, Duration::from_micros(133), RATE), 200_000);
        assert_eq!(pace.fuel(), 200_000);
        pace.ran(200_000, 4 * MS, RATE);
        assert_eq!(
            pace.fuel(),
            10_000,
            "a slice is not shorter than any may be"
        );
        pace.ran(100_000, MS, RATE);
        assert_eq!(pace.fuel(), 13_333);
        for _ in 0..16 {
            assert_eq!(pace.ran(1, Duration::ZERO, RATE), 1);
        }
        assert_eq!(pace.fuel(), 200_000, "it is forgiven");
    }

    #[test]
    fn who_takes_long_each_time_pays_for_it_and_who_does_once_does_not() {
        let pace = Pace::new(RATE.slice);
        let ran = |time| pace.ran(10_000, time, RATE);
        assert_eq!([(); 3].map(|()| ran(8 * MS)), [400_000, 800_000, 1_600_000]);
        let rest: Vec<u64> = (0..4).map(|_| ran(8 * MS)).collect();
        assert_eq!(rest[2..], [12_000_000; 2]);
        for _ in 0..100 {
            assert_eq!(ran(Duration::ZERO), 10_000);
        }
        assert_eq!(ran(8 * MS), 400_000);
        // Now and then is as good as each time.
        for _ in 0..40 {
            ran(Duration::ZERO);
            ran(8 * MS);
        }
        assert_eq!(ran(8 * MS), 12_000_000);
    }

    #[test]
    fn no_number_is_too_large() {
        let pace = Pace::new(RATE.slice);
        for used in [0, 1, u64::MAX] {
            for time in [Duration::ZERO, Duration::MAX] {
                let paid = pace.ran(used, time, RATE);
                assert!(paid >= used);
                assert!((10_000..=RATE.slice).contains(&pace.fuel()));
            }
        }
    }
}
