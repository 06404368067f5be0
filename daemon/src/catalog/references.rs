//! Who still needs which blob. Two scripts with the same bytes share a blob, so a blob goes
//! when the last one that needs it is gone.
//!
//! Three things need blobs: rows, pushes under way ([`Held`]), and Workers ([`Lease`]), which
//! open their files when a request comes and may outlive their rows by as long as requests
//! are in flight. A reference is counted before the bytes are written, and a blob is removed
//! under the lock that counts, so a removal never hits a blob that somebody relies on.

use crate::assets::Manifest;
use crate::bindings::Env;
use crate::engine::caller::Caller;
use crate::engine::finished::{Labels, Listener};
use crate::engine::ops::{Bindings, OpFailure, Started};
use crate::store::{BlobId, BlobWriter, Store, StoreError};
use bytes::Bytes;
use parking_lot::Mutex;
use postern_abi::{OpKind, SyncOp};
use std::collections::HashMap;
use std::fs::File;
use std::sync::Arc;

/// Counts references to blobs.
pub(super) struct References {
    store: Store,
    counts: Mutex<HashMap<BlobId, usize>>,
    /// The files of manifests that are counted. Locked before `counts` where both are.
    trees: Mutex<HashMap<BlobId, Vec<BlobId>>>,
}

impl References {
    pub(super) fn new(store: Store) -> Arc<Self> {
        Arc::new(Self {
            store,
            counts: Mutex::new(HashMap::new()),
            trees: Mutex::default(),
        })
    }

    /// Counts a row, in the store or on its way there.
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
    pub(super) async fn release<'a>(self: &Arc<Self>, blobs: impl Iterator<Item = &'a BlobId>) {
        let unneeded = self.uncount(blobs);
        if !unneeded.is_empty() {
            self.remove(unneeded).await;
        }
    }

    /// The same for those who cannot wait.
    fn let_go(self: &Arc<Self>, blobs: &[BlobId]) {
        let unneeded = self.uncount(blobs.iter());
        if !unneeded.is_empty() {
            self.remove(unneeded).detach();
        }
    }

    /// Which blobs are needed by nobody now. They stay in the table, with a count of none,
    /// until they are removed.
    fn uncount<'a>(&self, blobs: impl Iterator<Item = &'a BlobId>) -> Vec<BlobId> {
        let mut counts = self.counts.lock();
        let mut unneeded = Vec::new();
        for blob in blobs {
            if let Some(count) = counts.get_mut(blob) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    unneeded.push(*blob);
                }
            }
        }
        unneeded
    }

    fn remove(self: &Arc<Self>, blobs: Vec<BlobId>) -> postern_task::Unblocked<()> {
        let references = Arc::clone(self);
        postern_task::unblock(move || {
            for blob in blobs {
                // Both, so that nobody who needs a manifest again takes its files for counted
                // when they are about to be let go.
                let mut trees = references.trees.lock();
                let mut counts = references.counts.lock();
                // Somebody may need it again by now.
                if counts.get(&blob) != Some(&0) {
                    continue;
                }
                counts.remove(&blob);
                if let Err(error) = references.store.blobs().remove(&blob) {
                    // It stays until the next start sweeps it.
                    log::warn!("blob {blob} could not be removed: {error}");
                }
                drop(counts);
                let files = trees.remove(&blob);
                drop(trees);
                if let Some(files) = files {
                    references.let_go(&files);
                }
            }
        })
    }

    /// Writes bytes durably, and counts them for as long as the result is held or kept.
    pub(super) async fn put(self: &Arc<Self>, bytes: Bytes) -> Result<Held, StoreError> {
        let references = Arc::clone(self);
        postern_task::unblock(move || {
            let blob = BlobId::of(&bytes);
            references.count([&blob].into_iter());
            let held = Held {
                references,
                blob: Some(blob),
            };
            held.references.store.blobs().put(&bytes)?;
            Ok(held)
        })
        .await
    }

    /// The same for bytes that came in parts.
    pub(super) async fn put_written(
        self: &Arc<Self>,
        writer: BlobWriter,
    ) -> Result<Held, StoreError> {
        let references = Arc::clone(self);
        postern_task::unblock(move || {
            // Before it is there, so that nobody removes it; and not under the lock, which others
            // take who must not wait for the disk.
            let blob = writer.id();
            references.count([&blob].into_iter());
            let held = Held {
                references,
                blob: Some(blob),
            };
            writer.finish()?;
            Ok(held)
        })
        .await
    }

    /// Counts a blob that is there, for as long as the result is held or kept.
    pub(super) fn hold(self: &Arc<Self>, blob: BlobId) -> Held {
        self.count([&blob].into_iter());
        Held {
            references: Arc::clone(self),
            blob: Some(blob),
        }
    }

    /// Counts the files of a manifest for as long as the manifest itself is counted.
    pub(super) fn adopt(&self, manifest: BlobId, files: &Manifest) {
        let mut trees = self.trees.lock();
        if trees.contains_key(&manifest) {
            return;
        }
        let files: Vec<BlobId> = files.files().iter().map(|file| file.blob).collect();
        self.count(files.iter());
        trees.insert(manifest, files);
    }

    /// A claim on blobs for as long as it lives.
    pub(super) fn claim(self: &Arc<Self>, blobs: Vec<BlobId>) -> Claim {
        self.count(blobs.iter());
        Claim {
            references: Arc::clone(self),
            blobs,
        }
    }

    /// Bindings that keep blobs for as long as they live, which is as long as their Worker.
    /// So does `file`, for one that is in memory alone. They tell `labels`.
    pub(super) fn lease(
        self: &Arc<Self>,
        env: Env,
        blobs: Vec<BlobId>,
        file: Option<Arc<File>>,
        labels: Option<Labels>,
    ) -> Lease {
        Lease {
            env,
            labels,
            listeners: Vec::new(),
            _file: file,
            _claim: self.claim(blobs),
        }
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
            self.references.let_go(&[blob]);
        }
    }
}

/// A Worker's bindings together with its claim on its files.
pub(super) struct Lease {
    env: Env,
    _claim: Claim,
    _file: Option<Arc<File>>,
    labels: Option<Labels>,
    listeners: Vec<Arc<dyn Listener>>,
}

impl Lease {
    /// Keeps a file that is in memory alone.
    pub fn with_file(mut self, file: Arc<File>) -> Self {
        self._file = Some(file);
        self
    }

    /// Has these told of invocations.
    pub fn with_listeners(mut self, listeners: Vec<Arc<dyn Listener>>) -> Self {
        self.listeners = listeners;
        self
    }
}

/// A claim on blobs.
pub(super) struct Claim {
    references: Arc<References>,
    blobs: Vec<BlobId>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.references.let_go(&self.blobs);
    }
}

impl Bindings for Lease {
    fn sync(&self, op: SyncOp, argument: &[u8], out: &mut Vec<u8>) -> Result<(), OpFailure> {
        self.env.sync(op, argument, out)
    }

    fn start(&self, op: OpKind, argument: &[u8], caller: &Caller) -> Started {
        self.env.start(op, argument, caller)
    }

    fn labels(&self) -> Option<&Labels> {
        self.labels.as_ref()
    }

    fn listeners(&self) -> &[Arc<dyn Listener>] {
        &self.listeners
    }
}
