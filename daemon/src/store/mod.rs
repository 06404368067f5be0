//! What survives: records, blobs and KV, on sled and files. Only this room names sled.
//!
//! What was acknowledged survives a power cut, and what was not acknowledged does not
//! half-exist. `docs/store.md` says in which order things are written, and argues case by case.

mod blobs;
mod change;
mod commit;
mod core;
mod error;
mod export;
mod flusher;
mod keys;
pub mod kv;
mod layout;
mod notes;
mod opening;
mod records;
mod rows;
mod values;
mod witness;

#[cfg(test)]
mod tests;

pub use blobs::{BlobId, BlobWriter, Blobs};
pub use error::StoreError;
pub use kv::{Kv, KvError, NamespaceId};
pub use records::{RECORD_KEY_MAX, RECORD_MAX, RecordBatch, Records, Table};

use self::core::Core;
use commit::{Committer, Work};
use layout::Layout;
use parking_lot::Mutex;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// Seconds since 1970, from wherever.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// How often [`Store::upkeep`] looks for expired entries.
const SWEEP_EVERY: Duration = Duration::from_secs(5);
/// Expired entries that are removed while writers wait.
const SWEEP_STEP: usize = 256;
/// Expired entries that one look removes at most, so that tenants' writes get their turn.
const SWEEP_MAX: usize = 4096;

/// When a write is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// When it survives a power cut.
    Acknowledged,
    /// At once; it survives a power cut so many milliseconds later.
    Interval(u64),
}

/// How a store is opened.
#[derive(Clone)]
pub struct StoreOptions {
    /// Its directory, made if it is not there.
    pub dir: PathBuf,
    /// Bytes of sled's cache.
    pub cache_bytes: u64,
    /// When a write is acknowledged.
    pub durability: Durability,
    /// Bytes of keys, values and metadata that one KV namespace may hold.
    pub kv_quota_bytes: u64,
    /// How often [`Store::upkeep`] exports; `None`: never.
    pub export_every: Option<Duration>,
    /// How many exports are kept, at least one.
    pub export_keep: usize,
    /// The clock that entries expire by.
    pub clock: Clock,
}

impl StoreOptions {
    /// The defaults: 4 MiB of cache, acknowledged writes, 1 GiB a KV namespace, an export a
    /// day of which two are kept, the machine's clock.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            cache_bytes: 4 << 20,
            durability: Durability::Acknowledged,
            kv_quota_bytes: 1 << 30,
            export_every: Some(Duration::from_secs(24 * 60 * 60)),
            export_keep: 2,
            clock: Arc::new(layout::seconds_now),
        }
    }
}

/// A store that was opened, and what had to be done for that.
pub struct Opened {
    /// The store.
    pub store: Store,
    /// Where a store that would not open is kept now.
    pub put_aside: Option<PathBuf>,
    /// The export that the store was built from. With `put_aside` and without this, it is empty.
    pub restored_from: Option<PathBuf>,
    /// Batches of writes that had been acknowledged and are gone; 0 is what to expect. Not 0
    /// means that bits were flipped, or that the disk says "written" before it is true.
    pub lost_batches: u64,
}

/// The store. Clones share it.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    core: Arc<Core>,
    committer: Committer,
    thread: Option<JoinHandle<()>>,
    records: Records,
    kv: Kv,
    blobs: Blobs,
    export_every: Option<Duration>,
    export_keep: usize,
    /// One export at a time.
    exporting: Mutex<()>,
}

impl Store {
    /// Opens a store. Blocks. Whatever lies in the directory, this returns: what cannot be
    /// opened is put aside.
    ///
    /// # Errors
    ///
    /// The store is in use, was written by a newer program, or the file system says no.
    pub fn open(options: StoreOptions) -> Result<Opened, StoreError> {
        let layout = Layout::prepare(&options.dir)?;
        let lock = layout.lock()?;
        let found = opening::open(&layout, options.cache_bytes)?;
        let blobs = Blobs::take_over(layout.blobs.clone())?;
        let core = Arc::new(Core::new(
            found.rows,
            layout,
            lock,
            found.sequence,
            options.clock,
            options.durability,
            options.kv_quota_bytes,
        )?);
        let (committer, thread) = Committer::start(core.clone())?;
        let store = Self(Arc::new(Inner {
            records: Records::new(core.clone()),
            kv: Kv::new(core.clone(), committer.clone()),
            blobs,
            committer,
            thread: Some(thread),
            core,
            export_every: options.export_every,
            export_keep: options.export_keep,
            exporting: Mutex::new(()),
        }));
        Ok(Opened {
            store,
            put_aside: found.put_aside,
            restored_from: found.restored_from,
            lost_batches: found.lost_batches,
        })
    }

    /// Whether this directory holds a store; opening one elsewhere makes it.
    pub fn is_in(dir: &std::path::Path) -> bool {
        Layout::is_in(dir)
    }

    /// The records.
    pub fn records(&self) -> &Records {
        &self.0.records
    }

    /// The directory that it lies in.
    pub fn dir(&self) -> &std::path::Path {
        &self.0.core.layout.dir
    }

    /// The KV namespaces.
    pub fn kv(&self) -> &Kv {
        &self.0.kv
    }

    /// The blobs.
    pub fn blobs(&self) -> &Blobs {
        &self.0.blobs
    }

    /// Returns when everything written before the call survives a power cut; with
    /// [`Durability::Interval`] at once.
    pub async fn durable(&self) -> Result<(), StoreError> {
        match self.0.core.durability {
            Durability::Interval(_) => {
                self.0.committer.poke();
                // Whoever has the lock may be waiting for the disk, and this must not wait with
                // it: callers are on the threads that serve requests. What was written before
                // this call was checked when it was.
                match self.0.core.try_state() {
                    Some(state) => self.0.core.check(&state),
                    None => Ok(()),
                }
            }
            Durability::Acknowledged => self.wanted(Work::Barrier).await,
        }
    }

    /// Returns when everything written before is durable, in [`Durability::Interval`] too: for whoever removes
    /// files that the rows of before named.
    pub async fn synced(&self) -> Result<(), StoreError> {
        self.wanted(Work::Sync).await
    }

    async fn wanted(&self, work: Work) -> Result<(), StoreError> {
        match self.0.committer.run(work).await {
            Ok(()) => Ok(()),
            Err(KvError::Store(error)) => Err(error),
            Err(error) => Err(StoreError::Broken(error.to_string())),
        }
    }

    /// Writes an export and removes the oldest ones. Blocks; writers go on meanwhile.
    /// Returns where it lies.
    pub fn export(&self) -> Result<PathBuf, StoreError> {
        let _one = self.0.exporting.lock();
        let inner = &self.0;
        inner
            .core
            .note(export::write(&inner.core, &inner.blobs, inner.export_keep))
    }

    /// Removes up to `max` entries that have expired by `now`, in seconds since 1970. How
    /// many rows of the expiry index that used up; less than `max` means that none is left.
    pub fn sweep_expired(&self, now: u64, max: usize) -> Result<usize, StoreError> {
        let core = &self.0.core;
        let mut swept = 0;
        while swept < max {
            let step = SWEEP_STEP.min(max - swept);
            let mut state = core.state();
            let mut change = change::Change::new(&core.rows);
            let staged = core.note(kv::write::stage_expired(&mut change, now, step))?;
            core.apply(&mut state, change)?;
            drop(state);
            swept += staged;
            if staged < step {
                break;
            }
        }
        if swept > 0 {
            self.0.committer.poke();
        }
        Ok(swept)
    }

    /// What has to be done all the time: removes expired entries and writes exports. Run it
    /// beside the store; it never ends unless the store is closed.
    pub async fn upkeep(self) {
        let mut export_at = self.next_export();
        loop {
            async_io::Timer::after(SWEEP_EVERY).await;
            let store = self.clone();
            let now = self.0.core.now();
            match postern_task::unblock(move || store.sweep_expired(now, SWEEP_MAX)).await {
                Err(StoreError::Closed) => return,
                Err(error) => log::error!("cannot remove expired KV entries: {error}"),
                Ok(_) => {}
            }
            if export_at.is_some_and(|at| at <= layout::seconds_now()) {
                let store = self.clone();
                if let Err(error) = postern_task::unblock(move || store.export()).await {
                    log::error!("cannot write an export: {error}");
                }
                export_at = self
                    .0
                    .export_every
                    .map(|every| layout::seconds_now().saturating_add(every.as_secs()));
            }
        }
    }

    /// When the next export is due, counted from the last one there is.
    fn next_export(&self) -> Option<u64> {
        let every = self.0.export_every?.as_secs();
        let last = export::list(&self.0.core.layout)
            .ok()
            .and_then(|all| all.last()?.file_stem()?.to_str()?.parse::<u64>().ok());
        Some(last.map_or_else(layout::seconds_now, |last| last.saturating_add(every)))
    }

    /// Whether writes are taken, as far as can be told without writing.
    pub fn takes_writes(&self) -> Result<(), StoreError> {
        let core = &self.0.core;
        // Whoever has the turn is writing.
        core.try_state().map_or(Ok(()), |state| core.check(&state))
    }

    /// How often something was made durable since the store was opened.
    pub fn commits(&self) -> u64 {
        self.0.core.commits()
    }

    /// Makes everything durable and takes no more writes, from any clone. The directory can
    /// be opened again when the last clone is gone. Blocks.
    pub fn close(self) -> Result<(), StoreError> {
        let inner = &self.0;
        inner.committer.close()?;
        if inner.core.is_suspect() {
            return Ok(());
        }
        let layout = &inner.core.layout;
        std::fs::write(&layout.clean, b"").map_err(StoreError::io("write", &layout.clean))?;
        layout::sync_dir(&layout.dir)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        match self.committer.close() {
            Ok(()) | Err(StoreError::Closed) => {}
            Err(error) => log::error!("the store was not closed well: {error}"),
        }
        // The thread holds the lock on the directory.
        if self
            .thread
            .take()
            .is_some_and(|thread| thread.join().is_err())
        {
            log::error!("the store's thread panicked");
        }
    }
}
