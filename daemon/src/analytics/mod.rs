//! Analytics Engine: data points that Workers write, kept within bounds, and asked with SQL
//! (spec: SEMANTICS §23).
//!
//! Points wait in memory for a moment and are then written in blocks, a row each: those of one
//! dataset and one tenant together. Where a tenant, or all of them, have more than their bound the
//! oldest blocks go. Writing never waits and never fails; what has no room is dropped and counted.

mod blocks;
pub mod sql;
#[cfg(test)]
mod tests;

use crate::store::Store;
use blocks::{Block, Index};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Blobs and doubles of a point.
pub const VALUES_MAX: usize = 20;
/// Bytes of all blobs of a point.
pub const BLOBS_BYTES_MAX: usize = 16 * 1024;
/// Bytes of an index.
pub const INDEX_MAX: usize = 96;
/// Bytes of points that wait to be written.
const PENDING_MAX: usize = 1024 * 1024;
/// Bytes of a block, nearly.
const BLOCK_MAX: usize = 32 * 1024;
/// How long a point waits.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// Bounds of what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnalyticsOptions {
    /// Bytes of all points.
    pub bytes_max: u64,
    /// Bytes of the points of one Worker.
    pub tenant_bytes_max: u64,
}

impl Default for AnalyticsOptions {
    fn default() -> Self {
        Self {
            bytes_max: 32 << 20,
            tenant_bytes_max: 4 << 20,
        }
    }
}

/// One data point.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Milliseconds since 1970.
    pub at_ms: u64,
    /// The sampling key.
    pub index: String,
    /// `blob1` and so on; an absent one is the empty text.
    pub blobs: Vec<String>,
    /// `double1` and so on.
    pub doubles: Vec<f64>,
}

impl Point {
    /// Whether it keeps the field's limits. One that does not is no point.
    pub fn is_allowed(&self) -> bool {
        let blobs: usize = self.blobs.iter().map(String::len).sum();
        self.blobs.len() <= VALUES_MAX
            && self.doubles.len() <= VALUES_MAX
            && blobs <= BLOBS_BYTES_MAX
            && self.index.len() <= INDEX_MAX
    }

    fn bytes(&self) -> usize {
        let blobs: usize = self.blobs.iter().map(|blob| blob.len() + 2).sum();
        16 + self.index.len() + blobs + self.doubles.len() * 8
    }
}

/// Figures since the daemon started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnalyticsCounts {
    /// Points that were taken.
    pub taken: u64,
    /// Points that broke a limit or had no room.
    pub dropped: u64,
    /// Bytes that are kept.
    pub bytes: u64,
}

/// All data points. Clones are the same.
#[derive(Clone)]
pub struct Analytics(Arc<Inner>);

struct Inner {
    store: Store,
    options: AnalyticsOptions,
    pending: Mutex<Pending>,
    index: Mutex<Index>,
    /// One flush at a time.
    flushing: smol::lock::Mutex<()>,
    taken: AtomicU64,
    dropped: AtomicU64,
}

#[derive(Default)]
struct Pending {
    /// By dataset and tenant.
    points: BTreeMap<(String, [u8; 16]), Vec<Point>>,
    bytes: usize,
}

impl Analytics {
    /// Takes over what the store holds.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn open(store: Store, options: AnalyticsOptions) -> Result<Self, crate::store::StoreError> {
        let index = Index::read(&store)?;
        Ok(Self(Arc::new(Inner {
            store,
            options,
            pending: Mutex::default(),
            index: Mutex::new(index),
            flushing: smol::lock::Mutex::new(()),
            taken: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
        })))
    }

    /// Takes a point of a tenant, unless it breaks a limit or there is no room.
    pub fn write(&self, dataset: &str, tenant: [u8; 16], point: Point) {
        let bytes = point.bytes();
        let mut pending = self.0.pending.lock();
        if !point.is_allowed() || pending.bytes + bytes > PENDING_MAX {
            self.0.dropped.fetch_add(1, Relaxed);
            return;
        }
        pending.bytes += bytes;
        let key = (dataset.to_owned(), tenant);
        pending.points.entry(key).or_default().push(point);
        self.0.taken.fetch_add(1, Relaxed);
    }

    /// One more that is not taken.
    pub fn refuse(&self) {
        self.0.dropped.fetch_add(1, Relaxed);
    }

    /// What was written so far.
    pub fn counts(&self) -> AnalyticsCounts {
        AnalyticsCounts {
            taken: self.0.taken.load(Relaxed),
            dropped: self.0.dropped.load(Relaxed),
            bytes: self.0.index.lock().bytes(),
        }
    }

    /// Writes what waits, every now and then, for ever.
    pub async fn upkeep(self) {
        loop {
            async_io::Timer::after(FLUSH_EVERY).await;
            self.flush().await;
        }
    }

    /// Writes what waits.
    pub async fn flush(&self) {
        let _alone = self.0.flushing.lock().await;
        let pending = std::mem::take(&mut *self.0.pending.lock());
        if pending.points.is_empty() {
            return;
        }
        let inner = self.0.clone();
        let written = postern_task::unblock(move || inner.write_blocks(pending)).await;
        if let Err(error) = written {
            log::error!("data points are lost: {error}");
        }
    }

    /// Answers a query.
    ///
    /// # Errors
    /// What is wrong with it, for who wrote it.
    pub async fn query(&self, text: &str) -> Result<sql::Answer, sql::SqlError> {
        let query = sql::parse(text)?;
        self.flush().await;
        let inner = self.0.clone();
        postern_task::unblock(move || inner.answer(&query)).await
    }
}

impl Inner {
    fn write_blocks(&self, pending: Pending) -> Result<(), crate::store::StoreError> {
        let mut blocks = Vec::new();
        for ((dataset, tenant), points) in pending.points {
            let mut block = Vec::new();
            let mut bytes = 0;
            for point in points {
                bytes += point.bytes();
                block.push(point);
                if bytes > BLOCK_MAX {
                    blocks.push((dataset.clone(), tenant, Block(std::mem::take(&mut block))));
                    bytes = 0;
                }
            }
            if !block.is_empty() {
                blocks.push((dataset, tenant, Block(block)));
            }
        }
        let mut index = self.index.lock().clone();
        let mut batch = self.store.records().batch();
        for (dataset, tenant, block) in blocks {
            index.add(&mut batch, &dataset, tenant, &block)?;
        }
        index.shrink(&mut batch, self.options)?;
        batch.commit()?;
        *self.index.lock() = index;
        Ok(())
    }

    fn answer(&self, query: &sql::Query) -> Result<sql::Answer, sql::SqlError> {
        let failed = |error: crate::store::StoreError| sql::SqlError::Store(error.to_string());
        let sql::Source::Dataset(dataset) = &query.source else {
            let names = self.index.lock().datasets();
            return Ok(sql::Answer::of_names(query, names));
        };
        let mut run = sql::Run::new(query, now_ms());
        let mut wrong = None;
        blocks::each(&self.store, dataset, |point| match run.take(&point) {
            Ok(()) => true,
            Err(error) => {
                wrong = Some(error);
                false
            }
        })
        .map_err(failed)?;
        match wrong {
            Some(error) => Err(error),
            None => run.finish(),
        }
    }
}

/// Milliseconds since 1970; 0 on a board whose clock was never set.
pub fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        })
}
