//! What all parts of the store share: the rows, the files, and the one place that writes.

use super::change::Change;
use super::error::StoreError;
use super::keys;
use super::layout::Layout;
use super::rows::Rows;
use super::values::{FileId, Values};
use super::witness::Witness;
use super::{Clock, Durability};
use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};
use std::collections::BTreeMap;
use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The store's shared part.
pub(super) struct Core {
    pub rows: Rows,
    pub values: Values,
    pub layout: Layout,
    witness: Witness,
    pub clock: Clock,
    pub durability: Durability,
    pub kv_quota_bytes: u64,
    state: Mutex<State>,
    /// Damage was met, so the next open must look at everything.
    damaged: AtomicBool,
    commits: AtomicU64,
    /// Held as long as this lives.
    _lock: File,
}

/// What changes, under the lock that makes writers take turns.
#[derive(Default)]
pub(super) struct State {
    /// Something was applied since the last flush began.
    pub dirty: bool,
    /// The number of the last batch.
    sequence: u64,
    pub closed: bool,
    /// Why nobody knows any more what the disk holds.
    broken: Option<String>,
    /// Files to remove after the next commit.
    doomed: Vec<FileId>,
    /// There while an export runs.
    pub export: Option<Preserved>,
}

/// What an export that is under way has yet to see as it was when the export began.
#[derive(Default)]
pub(super) struct Preserved {
    /// Rows up to this key are written out.
    pub cursor: Vec<u8>,
    /// Rows behind the cursor that changed since, as they were.
    pub rows: BTreeMap<Vec<u8>, Option<Bytes>>,
    /// Files that the export may still want.
    doomed: Vec<FileId>,
}

impl Core {
    pub fn new(
        rows: Rows,
        layout: Layout,
        lock: File,
        sequence: u64,
        clock: Clock,
        durability: Durability,
        kv_quota_bytes: u64,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            rows,
            values: Values::new(layout.values.clone()),
            witness: Witness::open(&layout.witness, sequence)?,
            layout,
            clock,
            durability,
            kv_quota_bytes,
            state: Mutex::new(State {
                sequence,
                ..State::default()
            }),
            damaged: AtomicBool::new(false),
            commits: AtomicU64::new(0),
            _lock: lock,
        })
    }

    /// Seconds since 1970.
    pub fn now(&self) -> u64 {
        (self.clock)()
    }

    /// Waits for one's turn to write.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// The same for those who must not wait; `None` while it is somebody else's turn.
    pub fn try_state(&self) -> Option<MutexGuard<'_, State>> {
        self.state.try_lock()
    }

    /// Whether writes can be taken.
    pub fn check(&self, state: &State) -> Result<(), StoreError> {
        match &state.broken {
            Some(why) => Err(StoreError::Broken(why.clone())),
            None if state.closed => Err(StoreError::Closed),
            None => Ok(()),
        }
    }

    /// Applies a change to what readers see.
    pub fn apply(&self, state: &mut State, mut change: Change<'_>) -> Result<(), StoreError> {
        self.check(state)?;
        if change.is_empty() {
            return Ok(());
        }
        state.sequence += 1;
        let sequence = state.sequence.to_le_bytes().to_vec();
        change.put(keys::SEQUENCE_KEY.to_vec(), sequence);
        if let Some(export) = &mut state.export {
            for key in change.keys() {
                if *key > export.cursor && !export.rows.contains_key(key) {
                    let before = self.rows.get(key)?.map(|row| row.tail(0));
                    export.rows.insert(key.clone(), before);
                }
            }
        }
        let (batch, doomed) = change.finish();
        state.dirty = true;
        let applied = self.note(self.rows.apply(batch));
        match &applied {
            // The rows may be there or not: what they named before must stay.
            Err(error) => state.broken = Some(error.to_string()),
            Ok(()) => state.doomed.extend(doomed),
        }
        applied
    }

    /// Makes durable what was applied before, then removes the files that nothing names any
    /// more. Only one thread may be in here, or files could go before their rows' removal
    /// is durable; the committer's is the one.
    pub fn commit(&self) -> Result<(), StoreError> {
        let (doomed, sequence) = {
            let mut state = self.state.lock();
            if let Some(why) = &state.broken {
                return Err(StoreError::Broken(why.clone()));
            }
            if !state.dirty {
                return Ok(());
            }
            // Under the lock: a batch that waits for a flush inside sled stops every reader.
            if let Err(error) = self.note(self.rows.flush()) {
                state.broken = Some(error.to_string());
                return Err(error);
            }
            state.dirty = false;
            (std::mem::take(&mut state.doomed), state.sequence)
        };
        // After a failed sync the pages count as clean although they are not on the disk,
        // so a second try would prove nothing.
        if let Err(error) = self.rows.sync() {
            self.state.lock().broken = Some(error.to_string());
            return Err(error);
        }
        self.witness.write(sequence);
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.discard(doomed);
        Ok(())
    }

    /// Removes files, or lets a running export have them first.
    fn discard(&self, doomed: Vec<FileId>) {
        if doomed.is_empty() {
            return;
        }
        if let Some(export) = &mut self.state.lock().export {
            export.doomed.extend(doomed);
            return;
        }
        for id in doomed {
            if let Err(error) = self.values.remove(id) {
                log::warn!("{error}; the next start removes it");
            }
        }
    }

    /// Ends an export; what it kept from being removed is removed.
    pub fn end_export(&self) {
        let ended = self.state.lock().export.take();
        if let Some(export) = ended {
            self.discard(export.doomed);
        }
    }

    /// Passes a result on and remembers damage.
    pub fn note<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error @ StoreError::Damaged(_)) = &result
            && !self.damaged.swap(true, Ordering::Relaxed)
        {
            log::error!("{error}; the next start checks the whole store");
        }
        result
    }

    /// Whether damage was met, or a commit failed.
    pub fn is_suspect(&self) -> bool {
        self.damaged.load(Ordering::Relaxed) || self.state.lock().broken.is_some()
    }

    /// How often something was made durable.
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }
}
