//! Cron triggers: when scripts are due, who was, and the task that has them run.
//!
//! It knows neither scripts nor the engine: keys stand for scripts, and what a run does is
//! [`Fire`]'s. Everything is in UTC and in milliseconds since 1970.

mod expression;
mod runner;
#[cfg(test)]
mod tests;
mod timetable;

pub use expression::{BadExpression, EXPRESSION_MAX, Expression};
pub use runner::{Ended, Fire, IN_FLIGHT_MAX, run};
pub use timetable::{Due, RUNS_MAX, RUNS_TOTAL_MAX, Run, Timetable};

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970; 0 on a board whose clock was never set.
pub fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        })
}
