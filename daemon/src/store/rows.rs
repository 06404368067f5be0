//! The rows: one ordered map from bytes to bytes, changed in atomic batches. The only file
//! that names sled, and where its panics end.
//!
//! # What sled needs from us
//!
//! - `flush` hands its log to the disk but does not make the disk write its cache; so
//!   [`Rows::flush`] is followed by [`Rows::sync`].
//! - A node that is larger than a quarter of a segment goes to a file of its own, which sled
//!   never syncs. Rows are kept so small ([`ROW_MAX`]) that leaves never get there; an inner
//!   node of very long keys can, and [`Rows::sync`] looks for that.
//! - A batch excludes every reader while it is applied, and rolls the log's buffer twice; so
//!   writes are gathered into few batches, and nothing flushes while a batch wants in.

use super::error::StoreError;
use super::flusher::Flusher;
use super::layout::{self, sync_dir};
use bytes::Bytes;
use parking_lot::Mutex;
use std::collections::HashSet;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Bytes of one row's value. 20 of them with the longest keys stay under a quarter of a
/// segment, and a leaf holds at most 17 rows, 20 after a merge.
pub(super) const ROW_MAX: usize = 5 * 1024 + 256;

/// Bytes of a segment of sled's log. Part of the format on disk.
const SEGMENT_BYTES: usize = 512 * 1024;

/// How often sled hands on what nobody waits for and cleans its segments.
const HOUSEKEEPING_MS: u64 = 1000;

/// How long sled's own threads may hold its file after a close.
const LINGER: Duration = Duration::from_secs(10);

/// The map.
pub(super) struct Rows {
    db: sled::Db,
    config: sled::Config,
    log: File,
    log_path: PathBuf,
    spill: PathBuf,
    /// Files in `spill` that are durable already.
    spilled: Mutex<HashSet<String>>,
    flusher: Mutex<Flusher>,
}

/// A row's value, shared with the cache rather than copied.
#[derive(Clone, Debug)]
pub(super) struct Row(sled::IVec);

impl Row {
    /// The value from `start` on, without a copy.
    pub fn tail(self, start: usize) -> Bytes {
        struct Tail(sled::IVec, usize);
        impl AsRef<[u8]> for Tail {
            fn as_ref(&self) -> &[u8] {
                self.0.get(self.1..).unwrap_or_default()
            }
        }
        Bytes::from_owner(Tail(self.0, start))
    }
}

impl std::ops::Deref for Row {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// Changes that happen together or not at all.
#[derive(Default)]
pub(super) struct Batch(sled::Batch);

impl Batch {
    pub fn put(&mut self, key: Vec<u8>, value: &[u8]) {
        self.0.insert(key, value);
    }

    pub fn remove(&mut self, key: Vec<u8>) {
        self.0.remove(key);
    }
}

impl Rows {
    /// Opens or makes the map in a directory. Whatever sled does about damage, panics
    /// included, ends up as an error.
    pub fn open(path: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        let config = sled::Config::new()
            .path(path)
            .cache_capacity(cache_bytes.max(64 * 1024))
            .segment_size(SEGMENT_BYTES)
            .mode(sled::Mode::LowSpace)
            .flush_every_ms(Some(HOUSEKEEPING_MS));
        let started = Instant::now();
        let db = loop {
            match guarded(path, || config.open()) {
                // Nobody else can have it, since we hold the store's own lock: these are
                // threads of an earlier open in this process, on their way out.
                Err(StoreError::Io { source, .. })
                    if source.to_string().contains("could not acquire lock")
                        && started.elapsed() < LINGER =>
                {
                    std::thread::sleep(Duration::from_millis(5));
                }
                other => break other?,
            }
        };
        let log_path = path.join("db");
        let log = File::open(&log_path).map_err(StoreError::io("open", &log_path))?;
        let (flushed, place) = (db.clone(), log_path.clone());
        let flusher = Flusher::start(move || guarded(&place, || flushed.flush()).map(drop));
        let flusher = flusher.map_err(StoreError::io("start a thread for", &log_path))?;
        Ok(Self {
            db,
            config,
            log,
            log_path,
            spill: path.join("blobs"),
            spilled: Mutex::default(),
            flusher: Mutex::new(flusher),
        })
    }

    fn guarded<T>(&self, call: impl FnOnce() -> sled::Result<T>) -> Result<T, StoreError> {
        guarded(&self.log_path, call)
    }

    pub fn get(&self, key: &[u8]) -> Result<Option<Row>, StoreError> {
        self.guarded(|| self.db.get(key).map(|row| row.map(Row)))
    }

    /// Calls `each` with the rows from `start` on, in order, until it says `false` or a row
    /// does not begin with `prefix`.
    pub fn scan(
        &self,
        prefix: &[u8],
        start: &[u8],
        mut each: impl FnMut(&[u8], Row) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        debug_assert!(start >= prefix, "a scan begins within its prefix");
        let mut range = self.guarded(|| Ok(self.db.range(start..)))?;
        while let Some((key, value)) = self.guarded(|| range.next().transpose())? {
            if !key.starts_with(prefix) || !each(&key, Row(value))? {
                break;
            }
        }
        Ok(())
    }

    /// Applies a batch to what readers see. Durable after [`Rows::flush`] and [`Rows::sync`].
    pub fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        self.guarded(|| self.db.apply_batch(batch.0))
    }

    /// Hands everything applied so far to the disk.
    pub fn flush(&self) -> Result<(), StoreError> {
        let mut flusher = self.flusher.lock();
        flusher.flush(|| self.failed())
    }

    /// Whether sled has failed, as it knows itself: who reads what it has in memory is not told.
    fn failed(&self) -> Result<(), StoreError> {
        let failed = self.guarded(|| self.config.global_error());
        if failed.is_err() {
            // Comes back at once, and wakes whom sled has forgotten to.
            let _ = self.guarded(|| self.db.flush());
        }
        failed
    }

    /// Makes the disk keep everything flushed so far.
    pub fn sync(&self) -> Result<(), StoreError> {
        let mut spilled = self.spilled.lock();
        let names = layout::names(&self.spill)?;
        let mut found = HashSet::with_capacity(names.len());
        let mut new = false;
        for name in names {
            if !spilled.contains(&name) {
                let path = self.spill.join(&name);
                match File::open(&path).and_then(|file| file.sync_data()) {
                    Ok(()) => new = true,
                    // Replaced already; then nothing refers to it.
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                    Err(error) => return Err(StoreError::io("sync", &path)(error)),
                }
            }
            found.insert(name);
        }
        *spilled = found;
        if new {
            sync_dir(&self.spill)?;
        }
        self.log
            .sync_data()
            .map_err(StoreError::io("sync", &self.log_path))
    }

    /// How many files sled made beside its log.
    #[cfg(test)]
    pub fn spill_count(&self) -> Result<usize, StoreError> {
        layout::names(&self.spill).map(|names| names.len())
    }

    /// Ends it. Errors here are those of a store that is being given up anyway.
    pub fn close(self) {
        let db = self.db;
        // Two panics at once would abort, so this one gets a frame of its own.
        let _ = catch_unwind(AssertUnwindSafe(move || drop(db)));
    }
}

/// Runs a call into sled; a panic in there means that it found what it holds impossible.
fn guarded<T>(path: &Path, call: impl FnOnce() -> sled::Result<T>) -> Result<T, StoreError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(sled::Error::Io(error))) => Err(StoreError::io("access", path)(error)),
        Ok(Err(error)) => Err(StoreError::Damaged(error.to_string())),
        Err(panic) => {
            let text = panic
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_else(|| "no message".to_owned());
            Err(StoreError::Damaged(format!("{}: {text}", path.display())))
        }
    }
}
