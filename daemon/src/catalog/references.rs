//! Who still needs which blob. Two scripts with the same bytes share a blob, so a blob goes
//! when the last row that names it is gone.
//!
//! A reference is taken before the bytes are written and given back when the push fails, so
//! that a removal can never hit a blob that a push under way relies on: counting and
//! removing happen under one lock.

use crate::store::{BlobId, Store, StoreError};
use bytes::Bytes;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

/// Counts references to blobs.
pub(super) struct References {
    store: Store,
    counts: Mutex<HashMap<BlobId, usize>>,
}

impl References {
    pub(super) fn new(store: Store) -> Arc<Self> {
        Arc::new(Self {
            store,
            counts: Mutex::new(HashMap::new()),
        })
    }

    /// Counts a row that is in the store already.
    pub(super) fn count<'a>(&self, blobs: impl Iterator<Item = &'a BlobId>) {
        let mut counts = self.counts.lock();
        for blob in blobs {
            *counts.entry(*blob).or_default() += 1;
        }
    }

    pub(super) fn has(&self, blob: &BlobId) -> bool {
        self.counts.lock().contains_key(blob)
    }

    /// Gives references back and removes the blobs that nobody needs any more; resolves when
    /// they are removed, which happens also if nobody waits for it.
    pub(super) fn release<'a>(
        self: &Arc<Self>,
        blobs: impl Iterator<Item = &'a BlobId>,
    ) -> smol::Task<()> {
        let references = Arc::clone(self);
        let blobs: Vec<BlobId> = blobs.copied().collect();
        smol::unblock(move || references.release_now(&blobs))
    }

    fn release_now(&self, blobs: &[BlobId]) {
        let mut counts = self.counts.lock();
        for blob in blobs {
            let Some(count) = counts.get_mut(blob) else {
                continue;
            };
            *count -= 1;
            if *count == 0 {
                counts.remove(blob);
                if let Err(error) = self.store.blobs().remove(blob) {
                    // It stays until the next start sweeps it.
                    log::warn!("blob {blob} could not be removed: {error}");
                }
            }
        }
    }

    /// Writes bytes durably, and counts them for as long as the result is held or kept.
    pub(super) async fn put(self: &Arc<Self>, bytes: Bytes) -> Result<Held, StoreError> {
        let references = Arc::clone(self);
        smol::unblock(move || {
            // Writing under the lock orders it against removals. Only threads for blocking
            // work take it while the daemon serves.
            let mut counts = references.counts.lock();
            let blob = references.store.blobs().put(&bytes)?;
            *counts.entry(blob).or_default() += 1;
            drop(counts);
            Ok(Held {
                references,
                blob: Some(blob),
            })
        })
        .await
    }
}

/// A reference that is given back when dropped, unless it is kept.
pub(super) struct Held {
    references: Arc<References>,
    blob: Option<BlobId>,
}

impl Held {
    pub(super) fn blob(&self) -> BlobId {
        self.blob.expect("only keep and drop take it")
    }

    /// Gives references back, like dropping them, and waits until unneeded blobs are gone.
    pub(super) async fn give_back(held: Vec<Self>) {
        for one in held {
            let references = Arc::clone(&one.references);
            let blob = one.blob();
            one.keep();
            references.release([&blob].into_iter()).await;
        }
    }

    /// A row in the store has the reference now.
    pub(super) fn keep(mut self) {
        self.blob = None;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(blob) = self.blob.take() {
            self.references.release([&blob].into_iter()).detach();
        }
    }
}
