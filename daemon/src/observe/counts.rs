//! Figures of one script.

use crate::engine::Finished;
use crate::engine::finished::Deployed;
use crate::engine::limits::{ADMISSION, Outcome};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Every outcome, in the order of [`Counts::outcomes`].
pub const OUTCOMES: [Outcome; 10] = [
    Outcome::Ok,
    Outcome::Exception,
    Outcome::ExceededCpu,
    Outcome::ExceededMemory,
    Outcome::ExceededWallTime,
    Outcome::ScriptNotFound,
    Outcome::Canceled,
    Outcome::ResponseStreamDisconnected,
    Outcome::LoadShed,
    Outcome::InternalError,
];

/// Figures since the daemon started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Invocations.
    pub requests: u64,
    /// Invocations by outcome, as in [`OUTCOMES`].
    pub outcomes: [u64; OUTCOMES.len()],
    /// Fuel used, by invocations and by deploying.
    pub fuel: u64,
    /// Fuel used by deploying: for translation, start function and boot of what was pushed.
    pub startup_fuel: u64,
    /// Microseconds of CPU used.
    pub cpu_us: u64,
    /// Microseconds taken.
    pub wall_us: u64,
    /// Log lines written, those dropped included.
    pub log_lines: u64,
    /// Requests that were not let in, by the limit, as in [`ADMISSION`]. They are no invocations.
    pub refused: [u64; ADMISSION.len()],
}

impl Counts {
    /// Whether the script has run or was charged for being deployed.
    pub fn are_any(&self) -> bool {
        self.requests > 0 || self.fuel > 0 || self.refused.iter().any(|count| *count > 0)
    }
}

impl Counts {
    /// Adds the figures of another.
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        for (sum, more) in self.outcomes.iter_mut().zip(other.outcomes) {
            *sum += more;
        }
        self.fuel += other.fuel;
        self.startup_fuel += other.startup_fuel;
        self.cpu_us += other.cpu_us;
        self.wall_us += other.wall_us;
        self.log_lines += other.log_lines;
    }

    /// Invocations with this outcome.
    pub fn of(&self, outcome: Outcome) -> u64 {
        self.outcomes[index(outcome)]
    }

    /// Invocations that were not answered by the Worker as it wanted. A client that goes away
    /// is no error of the Worker.
    pub fn errors(&self) -> u64 {
        self.requests
            - self.of(Outcome::Ok)
            - self.of(Outcome::Canceled)
            - self.of(Outcome::ResponseStreamDisconnected)
    }
}

#[derive(Default)]
pub(super) struct Counters {
    outcomes: [AtomicU64; OUTCOMES.len()],
    fuel: AtomicU64,
    startup_fuel: AtomicU64,
    cpu_us: AtomicU64,
    wall_us: AtomicU64,
    log_lines: AtomicU64,
    refused: [AtomicU64; ADMISSION.len()],
}

impl Counters {
    pub fn add(&self, finished: &Finished<'_>) {
        let lines = finished.logs.len() as u64 + u64::from(finished.logs_dropped);
        self.outcomes[index(finished.outcome)].fetch_add(1, Relaxed);
        self.fuel.fetch_add(finished.fuel, Relaxed);
        self.cpu_us.fetch_add(finished.cpu_us, Relaxed);
        self.wall_us.fetch_add(finished.wall_us, Relaxed);
        self.log_lines.fetch_add(lines, Relaxed);
    }

    pub fn add_deployed(&self, deployed: &Deployed<'_>) {
        self.fuel.fetch_add(deployed.fuel, Relaxed);
        self.startup_fuel.fetch_add(deployed.fuel, Relaxed);
        self.cpu_us.fetch_add(deployed.cpu_us, Relaxed);
    }

    pub fn add_refused(&self, limit: &str) {
        if let Some(index) = ADMISSION.iter().position(|key| *key == limit) {
            self.refused[index].fetch_add(1, Relaxed);
        }
    }

    pub fn read(&self) -> Counts {
        let outcomes = std::array::from_fn(|i| self.outcomes[i].load(Relaxed));
        Counts {
            requests: outcomes.iter().sum(),
            outcomes,
            fuel: self.fuel.load(Relaxed),
            startup_fuel: self.startup_fuel.load(Relaxed),
            cpu_us: self.cpu_us.load(Relaxed),
            wall_us: self.wall_us.load(Relaxed),
            log_lines: self.log_lines.load(Relaxed),
            refused: std::array::from_fn(|i| self.refused[i].load(Relaxed)),
        }
    }
}

fn index(outcome: Outcome) -> usize {
    match outcome {
        Outcome::Ok => 0,
        Outcome::Exception => 1,
        Outcome::ExceededCpu => 2,
        Outcome::ExceededMemory => 3,
        Outcome::ExceededWallTime => 4,
        Outcome::ScriptNotFound => 5,
        Outcome::Canceled => 6,
        Outcome::ResponseStreamDisconnected => 7,
        Outcome::LoadShed => 8,
        Outcome::InternalError => 9,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_its_place() {
        for (i, outcome) in OUTCOMES.into_iter().enumerate() {
            assert_eq!(index(outcome), i);
        }
    }
}
