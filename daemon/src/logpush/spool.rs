//! What waits for a job's server: lines in memory, and batches of them in the store.

use super::BATCH_MAX;
use crate::store::{RecordBatch, Store, StoreError, Table};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Bytes of lines that wait in memory.
const LINES_MAX: usize = 1024 * 1024;
/// Bytes of batches that wait in the store; the oldest go where there are more.
pub(super) const SPOOL_MAX: usize = 4 * 1024 * 1024;

/// What waits for one job.
pub(super) struct Spool {
    store: Store,
    job: u64,
    state: Mutex<State>,
    /// One change of the store at a time.
    writing: smol::lock::Mutex<()>,
    dropped: AtomicU64,
}

#[derive(Default)]
struct State {
    lines: Vec<u8>,
    count: u64,
    /// By number, which is by age: bytes and lines.
    batches: BTreeMap<u64, (usize, u64)>,
    bytes: usize,
}

/// A batch's row, in every format that there was.
#[derive(Serialize, Deserialize)]
enum StoredBatch {
    V1 { count: u64, lines: Vec<u8> },
}

impl Spool {
    /// With what the store holds.
    pub fn open(store: &Store, job: u64) -> Result<Self, StoreError> {
        let mut state = State::default();
        store.records().visit(
            Table::LogpushBatches,
            &job.to_be_bytes(),
            |key, StoredBatch::V1 { count, lines }: StoredBatch| {
                if let Some((_, number)) = key.split_last_chunk::<8>() {
                    state.bytes += lines.len();
                    let number = u64::from_be_bytes(*number);
                    state.batches.insert(number, (lines.len(), count));
                }
                true
            },
        )?;
        Ok(Self {
            store: store.clone(),
            job,
            state: Mutex::new(state),
            writing: smol::lock::Mutex::new(()),
            dropped: AtomicU64::new(0),
        })
    }

    pub fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }

    pub fn bytes(&self) -> usize {
        let state = self.state.lock();
        state.bytes + state.lines.len()
    }

    /// Takes a line, which has no end of its own.
    pub fn push(&self, line: String) {
        let mut state = self.state.lock();
        if state.lines.len() + line.len() >= LINES_MAX {
            self.dropped.fetch_add(1, Relaxed);
            return;
        }
        state.lines.extend_from_slice(line.as_bytes());
        state.lines.push(b'\n');
        state.count += 1;
    }

    fn key(&self, number: u64) -> Vec<u8> {
        [self.job.to_be_bytes(), number.to_be_bytes()].concat()
    }

    /// Makes batches of the lines.
    pub async fn flush(self: Arc<Self>) {
        let _alone = self.writing.lock().await;
        let (lines, mut next) = {
            let mut state = self.state.lock();
            state.count = 0;
            let next = state
                .batches
                .last_key_value()
                .map_or(0, |(last, _)| last + 1);
            (std::mem::take(&mut state.lines), next)
        };
        if lines.is_empty() {
            return;
        }
        let mut batches: Vec<(u64, Vec<u8>, u64)> = Vec::new();
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            match batches.last_mut() {
                Some((_, batch, count)) if batch.len() + line.len() <= BATCH_MAX => {
                    batch.extend_from_slice(line);
                    *count += 1;
                }
                _ => {
                    batches.push((next, line.to_vec(), 1));
                    next += 1;
                }
            }
        }
        let mut gone = Vec::new();
        {
            let mut state = self.state.lock();
            for (number, batch, count) in &batches {
                state.bytes += batch.len();
                state.batches.insert(*number, (batch.len(), *count));
            }
            while state.bytes > SPOOL_MAX {
                let Some((oldest, (bytes, count))) = state.batches.pop_first() else {
                    break;
                };
                state.bytes -= bytes;
                self.dropped.fetch_add(count, Relaxed);
                gone.push(oldest);
            }
        }
        let spool = self.clone();
        let written = postern_task::unblock(move || {
            let mut rows = spool.store.records().batch();
            for (number, lines, count) in batches {
                if !gone.contains(&number) {
                    let row = StoredBatch::V1 { count, lines };
                    rows.put(Table::LogpushBatches, &spool.key(number), &row)?;
                }
            }
            for number in gone {
                rows.delete(Table::LogpushBatches, &spool.key(number))?;
            }
            rows.commit()
        });
        if let Err(error) = written.await {
            log::error!("lines of a logpush job are lost: {error}");
        }
    }

    /// The oldest batch. One that cannot be read is let go of.
    pub async fn first(self: &Arc<Self>) -> Option<(u64, Vec<u8>)> {
        loop {
            // A batch is told of before the store has it.
            let _alone = self.writing.lock().await;
            let number = *self.state.lock().batches.first_key_value()?.0;
            let (store, key) = (self.store.clone(), self.key(number));
            let row: Result<Option<StoredBatch>, StoreError> =
                postern_task::unblock(move || store.records().get(Table::LogpushBatches, &key))
                    .await;
            if let Ok(Some(StoredBatch::V1 { lines, .. })) = row {
                return Some((number, lines));
            }
            if let Some((bytes, count)) = self.forget(number) {
                self.dropped.fetch_add(count, Relaxed);
                log::error!("a logpush job's batch of {bytes} bytes cannot be read");
            }
        }
    }

    fn forget(&self, number: u64) -> Option<(usize, u64)> {
        let mut state = self.state.lock();
        let gone = state.batches.remove(&number);
        state.bytes -= gone.map_or(0, |(bytes, _)| bytes);
        gone
    }

    /// A batch was taken.
    pub async fn done(self: Arc<Self>, number: u64) {
        let _alone = self.writing.lock().await;
        // It may have been dropped meanwhile, which comes to the same.
        self.forget(number);
        let spool = self.clone();
        let removed = postern_task::unblock(move || {
            let mut rows = spool.store.records().batch();
            rows.delete(Table::LogpushBatches, &spool.key(number))?;
            rows.commit()
        });
        if let Err(error) = removed.await {
            log::error!("a logpush job's batch will be sent twice: {error}");
        }
    }

    /// Removes all of it.
    pub fn clear(&self, rows: &mut RecordBatch<'_>) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        for number in std::mem::take(&mut *state).batches.keys() {
            rows.delete(Table::LogpushBatches, &self.key(*number))?;
        }
        Ok(())
    }
}
