//! Where a request's time went until there was an answer, for who is told by the edge.

use super::underway::Invocation;
use std::fmt;
use std::time::Instant;

/// What came before an answer's head. Times are microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// Waiting for a turn, with waking an isolate that has parked.
    pub queue_us: u64,
    /// Looking for an isolate, or starting one.
    pub start_us: u64,
    /// Since the Worker was handed the request, waiting for others included.
    pub run_us: u64,
    /// Fuel that it has used.
    pub fuel: u64,
}

impl Timing {
    /// Of an invocation that has used `fuel` and answers now.
    pub(super) fn of(invocation: &Invocation, fuel: u64) -> Self {
        let (queue_us, start_us) = invocation.waited_us();
        let begun = invocation.begun.unwrap_or(invocation.started);
        Self {
            queue_us,
            start_us,
            run_us: micros(Instant::now().saturating_duration_since(begun)),
            fuel,
        }
    }
}

/// As the value of `server-timing`; durations are milliseconds there.
impl fmt::Display for Timing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |us: u64| us as f64 / 1000.0;
        write!(
            f,
            "queue;dur={:.3}, start;dur={:.3}, run;dur={:.3}, fuel;desc=\"{}\"",
            ms(self.queue_us),
            ms(self.start_us),
            ms(self.run_us),
            self.fuel
        )
    }
}

impl Invocation {
    /// Microseconds that it waited for a turn, and that finding it an isolate took.
    pub(super) fn waited_us(&self) -> (u64, u64) {
        let until = self.begun.unwrap_or_else(Instant::now);
        let waited = micros(until.saturating_duration_since(self.started));
        let start_us = self.start_us.min(waited);
        (waited - start_us, start_us)
    }

    /// Leaves to the edge, if it asked for it, where the time went until the answer. What a Worker that
    /// this one called took is a part of this one's.
    pub(super) fn tell_timing(&self, fuel: u64) {
        if self.begun_by.is_some() {
            return;
        }
        if let Some(slot) = self.origin().and_then(|origin| origin.timing.as_ref()) {
            // The first answer is the answer.
            let _ = slot.set(Timing::of(self, fuel));
        }
    }
}

/// A duration in microseconds.
pub(super) fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timing_is_a_header_field() {
        let timing = Timing {
            queue_us: 1,
            start_us: 170,
            run_us: 12_345,
            fuel: 99,
        };
        let shown = timing.to_string();
        let expect = "queue;dur=0.001, start;dur=0.170, run;dur=12.345, fuel;desc=\"99\"";
        assert_eq!(shown, expect);
    }
}
