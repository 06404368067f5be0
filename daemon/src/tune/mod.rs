//! Tuning on the device: what tenants' invocations used, what other limits would have done, and how
//! fast this machine is.
//!
//! The recorder is told of every invocation and has a fixed amount of memory; [`calibration`] is
//! measured when an operator asks for it. What limits are in force, and how they change, others know.

pub mod calibration;
mod level;
pub mod measure;
mod recorder;
mod saved;
mod seen;
mod slot;
mod suggest;
pub mod what_if;

pub use recorder::{Capacity, Spread, Used, Window};
pub use slot::{Figures, Slot};
pub use suggest::{Suggestion, suggest};

use crate::engine::Finished;
use crate::engine::limits::Outcome;
use crate::store::{Store, StoreError, Table};
use parking_lot::Mutex;
use recorder::Recorder;
use saved::Saved;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use what_if::{Effect, Proposal, ProposalError, Scope};

/// How often what is known is stored.
const SAVE_EVERY: Duration = Duration::from_secs(3600);
/// The key of the one record.
const KEY: &[u8] = b"figures";

/// The recorder and what is asked of it. Clones are the same one.
#[derive(Clone)]
pub struct Tune(Arc<Inner>);

struct Inner {
    recorder: Mutex<Recorder>,
    /// What the minute is counted from, and which one that was.
    since: (Instant, u32),
    /// Since which minute there are figures.
    began: AtomicU32,
    store: Store,
}

/// How much is kept, and how much there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Kept {
    /// What there is room for.
    pub capacity: Capacity,
    /// Tenants with figures of their own.
    pub tenants: usize,
    /// Invocations that are kept as they were.
    pub requests: usize,
    /// Minutes of the last hour, and of the last day, that are known.
    pub minutes: [u32; 2],
}

impl Tune {
    /// A recorder within so many bytes, which goes on from what the store has.
    pub fn open(store: Store, bytes: u64) -> Self {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        let mut recorder = Recorder::new(Capacity::of(bytes));
        let began = match store.records().get::<Saved>(Table::TuneFigures, KEY) {
            Ok(Some(saved)) => recorder.restore(saved, now_ms()),
            Ok(None) => recorder.now,
            Err(error) => {
                log::warn!("recorded figures cannot be read, and begin anew: {error}");
                recorder.now
            }
        };
        Self(Arc::new(Inner {
            since: (Instant::now(), recorder.now),
            began: AtomicU32::new(began),
            recorder: Mutex::new(recorder),
            store,
        }))
    }

    /// Counts an invocation that ended. One that was turned away used nothing and is not counted.
    pub fn finished(&self, finished: &Finished<'_>) {
        if matches!(
            finished.outcome,
            Outcome::LoadShed | Outcome::ScriptNotFound
        ) {
            return;
        }
        let figures = Figures {
            values: [
                finished.fuel,
                finished.memory_bytes,
                finished.wall_us,
                u64::from(finished.subrequests),
            ],
            cut: matches!(
                finished.outcome,
                Outcome::ExceededCpu | Outcome::ExceededMemory | Outcome::ExceededWallTime
            ),
        };
        let (namespace, tenant) = whose(finished);
        let minute = self.minute();
        let mut recorder = self.0.recorder.lock();
        recorder.record(minute, namespace, tenant, &figures);
    }

    /// What tenants used over a window.
    pub fn used(&self, window: Window) -> Vec<Used> {
        self.recorder(|it| it.used(window))
    }

    /// How often a tenant's figures were in each bucket of a window.
    pub fn histogram(&self, window: Window, namespace: &str, tenant: &str) -> Option<Slot> {
        self.recorder(|it| it.histogram(window, namespace, tenant))
    }

    /// What limits would have done over the last day, at so much fuel a millisecond.
    ///
    /// # Errors
    /// When nothing is recorded that would tell.
    pub fn what_if(
        &self,
        proposal: &Proposal,
        scope: &Scope,
        fuel_per_ms: u64,
    ) -> Result<Effect, ProposalError> {
        self.recorder(|it| it.what_if(proposal, scope, fuel_per_ms))
    }

    /// How much is kept.
    pub fn kept(&self) -> Kept {
        let began = self.0.began.load(Relaxed);
        self.look(|it| Kept {
            capacity: it.capacity,
            tenants: it.tenants(),
            requests: it.kept(),
            minutes: [Window::Hour, Window::Day].map(|window| it.known(window, began)),
        })
    }

    /// Bytes that are in use of those that it may have.
    pub fn used_bytes(&self) -> u64 {
        self.look(|it| it.used_bytes()) as u64
    }

    /// Asks something that takes its time: of a copy, so that no invocation waits for it.
    fn recorder<T>(&self, ask: impl FnOnce(&Recorder) -> T) -> T {
        let copy = self.look(Recorder::clone);
        ask(&copy)
    }

    /// Asks something that takes no time, with invocations that end waiting.
    fn look<T>(&self, ask: impl FnOnce(&Recorder) -> T) -> T {
        let minute = self.minute();
        let mut recorder = self.0.recorder.lock();
        recorder.advance(minute);
        ask(&recorder)
    }

    /// Stores what is known; invocations as they were only `with_ring`. Blocks.
    ///
    /// # Errors
    /// What the store says.
    pub fn save(&self, with_ring: bool) -> Result<(), StoreError> {
        let began = self.0.began.load(Relaxed);
        let saved = self.recorder(|it| it.save(now_ms(), began, with_ring));
        let mut batch = self.0.store.records().batch();
        batch.put(Table::TuneFigures, KEY, &saved)?;
        batch.commit()
    }

    /// Stores what is known every hour. Never ends.
    pub async fn upkeep(self) {
        loop {
            async_io::Timer::after(SAVE_EVERY).await;
            let tune = self.clone();
            match postern_task::unblock(move || tune.save(false)).await {
                Err(StoreError::Closed) => return,
                Err(error) => log::warn!("recorded figures cannot be stored: {error}"),
                Ok(()) => {}
            }
        }
    }

    /// The recorder's minute, which no jump of the clock changes.
    fn minute(&self) -> u32 {
        let (since, minute) = self.0.since;
        let passed = u32::try_from(since.elapsed().as_secs() / 60).unwrap_or(u32::MAX);
        minute.saturating_add(passed)
    }
}

/// Whose invocation it was: namespace and tenant.
fn whose<'a>(finished: &Finished<'a>) -> (&'a str, &'a str) {
    (finished.namespace, finished.tenant)
}

/// Milliseconds since 1970; 0 while the clock is not set.
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |it| u64::try_from(it.as_millis()).unwrap_or(u64::MAX))
}
