//! The one task that sleeps until something is due and has it run.

use super::now_ms;
use super::timetable::{Due, Run, Timetable};
use async_executor::Executor;
use futures_lite::future;
use postern_task::Begin;
use smol::lock::Semaphore;
use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

/// Runs that may be in flight at the same time. Of further ones each trigger has one that waits.
pub const IN_FLIGHT_MAX: usize = 16;

/// Does what a trigger is for.
pub trait Fire<K>: Send + Sync + 'static {
    /// Runs a script; ready when the run and its `waitUntil` work are over.
    fn fire(
        &self,
        key: &K,
        cron: &str,
        time_ms: u64,
    ) -> impl Future<Output = Result<(), Ended>> + Send;
}

/// How a run failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// In one word.
    pub outcome: &'static str,
    /// In a sentence.
    pub error: String,
}

/// Fires what is due, for ever. Dropping this cancels the runs in flight.
pub async fn run<K, F>(timetable: Arc<Timetable<K>>, fire: Arc<F>, executor: Arc<Executor<'static>>)
where
    K: Ord + Clone + Send + Sync + 'static,
    F: Fire<K>,
{
    let turns = Arc::new(Semaphore::new(IN_FLIGHT_MAX));
    let mut runs: Vec<smol::Task<()>> = Vec::new();
    loop {
        runs.retain(|run| !run.is_finished());
        for due in timetable.due(now_ms()) {
            if !due.enqueue() {
                let error = "the run before it still waits for its turn".to_owned();
                let outcome = Err(Ended {
                    outcome: "loadShed",
                    error,
                });
                remember(&timetable, &due, now_ms(), 0, outcome);
                continue;
            }
            let (timetable, fire, turns) = (timetable.clone(), fire.clone(), turns.clone());
            runs.push(executor.begin(async move {
                let _turn = turns.acquire().await;
                due.begins();
                let (started_ms, started) = (now_ms(), Instant::now());
                let ended = fire.fire(&due.key, &due.cron, due.time_ms).await;
                let wall_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
                remember(&timetable, &due, started_ms, wall_ms, ended);
            }));
        }
        let sleep = async {
            match timetable.sleep(now_ms()) {
                Some(sleep) => drop(async_io::Timer::after(sleep).await),
                None => future::pending().await,
            }
        };
        future::or(sleep, timetable.changed()).await;
    }
}

fn remember<K: Ord + Clone>(
    timetable: &Timetable<K>,
    due: &Due<K>,
    started_ms: u64,
    wall_ms: u64,
    ended: Result<(), Ended>,
) {
    let (outcome, error) = match ended {
        Ok(()) => ("ok", None),
        Err(Ended { outcome, error }) => (outcome, Some(error)),
    };
    let run = Run {
        cron: due.cron.clone(),
        time_ms: due.time_ms,
        started_ms,
        wall_ms,
        outcome,
        error,
    };
    timetable.ended(&due.key, run);
}
