//! What is due when, and the runs that were.
//!
//! Time comes in from outside, so that a test needs no clock. Each trigger knows when it is due
//! next, always after the moment at which that was reckoned: what was due before this daemon
//! started, or while the clock jumped over it, is made up for at most once.

use super::expression::Expression;
use parking_lot::Mutex;
use smol::channel::{Receiver, Sender};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Runs of one script that are remembered (spec: FEATURES F424).
pub const RUNS_MAX: usize = 100;
/// Runs of all scripts that are remembered; beyond it those go of whom most are remembered.
pub const RUNS_TOTAL_MAX: usize = 10_000;
/// Bytes of what a run says of its failure.
const ERROR_MAX: usize = 256;
/// A clock that was moved by more than this was wrong before: what it jumped over is not made
/// up for, and what it says again is new.
const CORRECTION_MS: u64 = 3 * 3_600_000;
/// The longest sleep; after it the clock is looked at again, in case that it was set.
const SLEEP_MAX: Duration = Duration::from_secs(60);

/// The triggers of scripts, by key.
pub struct Timetable<K> {
    table: Mutex<Table<K>>,
    changed: (Sender<()>, Receiver<()>),
}

struct Table<K> {
    scripts: BTreeMap<K, Script>,
    runs: usize,
    /// The time at which what is due was asked for last.
    seen_ms: u64,
}

#[derive(Default)]
struct Script {
    triggers: Vec<Trigger>,
    runs: VecDeque<Run>,
}

struct Trigger {
    expression: Expression,
    next_ms: Option<u64>,
    /// Whether a run waits for its turn.
    waits: Arc<AtomicBool>,
}

/// A trigger that is due.
#[derive(Debug)]
pub struct Due<K> {
    /// Whose.
    pub key: K,
    /// Its expression, as it was written.
    pub cron: String,
    /// When it was due.
    pub time_ms: u64,
    waits: Arc<AtomicBool>,
}

impl<K> Due<K> {
    /// Marks it as waiting; false if a run of the same trigger waits already.
    pub(super) fn enqueue(&self) -> bool {
        !self.waits.swap(true, Ordering::SeqCst)
    }

    /// It waits no longer.
    pub(super) fn begins(&self) {
        self.waits.store(false, Ordering::SeqCst);
    }
}

/// A run that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The expression.
    pub cron: String,
    /// When it was due.
    pub time_ms: u64,
    /// When it began.
    pub started_ms: u64,
    /// How long it took, `waitUntil` work included.
    pub wall_ms: u64,
    /// `ok`, or how it failed.
    pub outcome: &'static str,
    /// What its failure says; at most 256 bytes of it.
    pub error: Option<String>,
}

impl<K> Default for Timetable<K> {
    fn default() -> Self {
        Self {
            table: Mutex::new(Table {
                scripts: BTreeMap::new(),
                runs: 0,
                seen_ms: 0,
            }),
            changed: smol::channel::bounded(1),
        }
    }
}

impl<K: Ord + Clone> Timetable<K> {
    /// Replaces the triggers of a script; without any it is forgotten with its runs. A trigger
    /// that it had before stays due when it was.
    pub fn set(&self, key: K, expressions: Vec<Expression>, now_ms: u64) {
        let mut table = self.table.lock();
        let mut script = table.scripts.remove(&key).unwrap_or_default();
        if expressions.is_empty() {
            table.runs -= script.runs.len();
        } else {
            let mut old = std::mem::take(&mut script.triggers);
            let same = |old: &Trigger, new: &Expression| old.expression.as_str() == new.as_str();
            script.triggers = expressions
                .into_iter()
                .map(|new| match old.iter().position(|old| same(old, &new)) {
                    Some(at) => old.swap_remove(at),
                    None => Trigger {
                        next_ms: new.next(now_ms),
                        expression: new,
                        waits: Arc::default(),
                    },
                })
                .collect();
            table.scripts.insert(key, script);
        }
        drop(table);
        // One notice that is not taken yet is enough.
        let _ = self.changed.0.try_send(());
    }

    /// Forgets a script.
    pub fn forget(&self, key: K) {
        self.set(key, Vec::new(), 0);
    }

    /// The triggers that are due, each once however often it would have been, and reckons when
    /// they are due next.
    pub fn due(&self, now_ms: u64) -> Vec<Due<K>> {
        let mut due = Vec::new();
        let mut table = self.table.lock();
        let was_ahead = table.seen_ms.saturating_sub(now_ms) > CORRECTION_MS;
        table.seen_ms = now_ms;
        for (key, script) in &mut table.scripts {
            for trigger in &mut script.triggers {
                if was_ahead {
                    trigger.next_ms = trigger.expression.next(now_ms);
                }
                let Some(time_ms) = trigger.next_ms.filter(|next| *next <= now_ms) else {
                    continue;
                };
                trigger.next_ms = trigger.expression.next(now_ms);
                if now_ms - time_ms <= CORRECTION_MS {
                    due.push(Due {
                        key: key.clone(),
                        cron: trigger.expression.as_str().to_owned(),
                        time_ms,
                        waits: trigger.waits.clone(),
                    });
                }
            }
        }
        due
    }

    /// How long to sleep from this time; `None` while there is no trigger at all.
    pub fn sleep(&self, now_ms: u64) -> Option<Duration> {
        let table = self.table.lock();
        let triggers = table.scripts.values().flat_map(|script| &script.triggers);
        let next = triggers.filter_map(|trigger| trigger.next_ms).min()?;
        Some(Duration::from_millis(next.saturating_sub(now_ms)).min(SLEEP_MAX))
    }

    /// Ready when triggers were set since the last time.
    pub async fn changed(&self) {
        // This table holds the other end.
        let _ = self.changed.1.recv().await;
    }

    /// Remembers a run, unless its script was forgotten meanwhile.
    pub fn ended(&self, key: &K, mut run: Run) {
        if let Some(error) = &mut run.error {
            error.truncate(error.floor_char_boundary(ERROR_MAX));
        }
        let mut table = self.table.lock();
        let table = &mut *table;
        let Some(script) = table.scripts.get_mut(key) else {
            return;
        };
        script.runs.push_back(run);
        table.runs += 1;
        let longest = if script.runs.len() > RUNS_MAX {
            Some(script)
        } else if table.runs > RUNS_TOTAL_MAX {
            let scripts = table.scripts.values_mut();
            scripts.max_by_key(|script| script.runs.len())
        } else {
            None
        };
        if let Some(script) = longest {
            script.runs.pop_front();
            table.runs -= 1;
        }
    }

    /// The runs of a script, the latest first.
    pub fn runs(&self, key: &K) -> Vec<Run> {
        let table = self.table.lock();
        table.scripts.get(key).map_or_else(Vec::new, |script| {
            script.runs.iter().rev().cloned().collect()
        })
    }

    /// How many triggers there are, and when the next one is due.
    pub fn overview(&self) -> (usize, Option<u64>) {
        let table = self.table.lock();
        let triggers = || table.scripts.values().flat_map(|script| &script.triggers);
        let next = triggers().filter_map(|trigger| trigger.next_ms).min();
        (triggers().count(), next)
    }
}
