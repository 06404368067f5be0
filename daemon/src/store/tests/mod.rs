//! The store as its users see it: acknowledged means there after a crash, refused means not there.
#![allow(clippy::unwrap_used)]

mod blobs;
mod damage;
mod durability;
mod exports;
mod kv;
mod model;
mod records;

use super::kv::{Entry, KeyInfo, Pair, PutOptions, Usage};
use super::*;
use bytes::Bytes;
use smol::block_on;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;

const NS: NamespaceId = NamespaceId([7; 16]);
const OTHER: NamespaceId = NamespaceId([8; 16]);
const START: u64 = 1_700_000_000;

/// A store in a directory of its own, with a clock that the test moves.
struct Bench {
    dir: TempDir,
    now: Arc<AtomicU64>,
    quota: u64,
    durability: Durability,
}

impl Bench {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            now: Arc::new(AtomicU64::new(START)),
            quota: 1 << 30,
            durability: Durability::Acknowledged,
        }
    }

    fn options(&self, dir: &Path) -> StoreOptions {
        let now = self.now.clone();
        let mut options = StoreOptions::new(dir);
        options.clock = Arc::new(move || now.load(Ordering::SeqCst));
        options.kv_quota_bytes = self.quota;
        options.durability = self.durability;
        options.cache_bytes = 1 << 20;
        options
    }

    fn opened(&self) -> Opened {
        Store::open(self.options(self.dir.path())).unwrap()
    }

    fn open(&self) -> Store {
        let opened = self.opened();
        assert_eq!(opened.put_aside, None);
        opened.store
    }

    /// What a machine that stops now would find: the files as they are, taken from under a
    /// store that is running. A copy takes a while, in which threads of sled's may move what
    /// is copied from where the copy has not been to where it has; a crash takes no time. So
    /// a copy counts if the files are still the same when it is done.
    fn crash_copy(&self) -> TempDir {
        for _ in 0..1000 {
            let copy = tempfile::tempdir().unwrap();
            copy_tree(self.dir.path(), copy.path());
            if files(copy.path()) == files(self.dir.path()) {
                return copy;
            }
        }
        panic!("the store writes and writes");
    }
}

/// All files below a folder, by their paths there, and what is in them.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let (path, name) = (entry.path(), PathBuf::from(entry.file_name()));
        if path.is_dir() {
            let inside = files(&path).into_iter();
            all.extend(inside.map(|(inner, bytes)| (name.join(inner), bytes)));
        } else if let Ok(bytes) = std::fs::read(&path) {
            all.insert(name, bytes);
        }
    }
    all
}

/// Removes a folder whatever is put there meanwhile: threads of sled's may outlive the store that
/// used them by a moment.
fn remove_all(folder: &Path) {
    for _ in 0..1000 {
        match std::fs::remove_dir_all(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                std::thread::yield_now();
            }
            _ => return,
        }
    }
    panic!("{} cannot be removed", folder.display());
}

fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            // Files may go away while this looks.
            let _ = std::fs::copy(entry.path(), target);
        }
    }
}

fn put(store: &Store, key: &str, value: impl Into<Bytes>) {
    block_on(store.kv().put(NS, key, value, PutOptions::default())).unwrap();
}

fn read(entry: Option<Entry>) -> Option<Vec<u8>> {
    entry.map(|entry| entry.value.into_bytes().unwrap().to_vec())
}

fn get(store: &Store, key: &str) -> Option<Vec<u8>> {
    read(store.kv().get(NS, key).unwrap())
}

fn ttl(seconds: u64) -> PutOptions {
    PutOptions {
        expiration_ttl: Some(seconds),
        ..PutOptions::default()
    }
}

fn bytes(seed: usize, len: usize) -> Vec<u8> {
    (0..len).map(|at| (at * 31 + seed) as u8).collect()
}

fn file_count(dir: &Path, name: &str) -> usize {
    std::fs::read_dir(dir.join(name)).unwrap().count()
}

/// sled keeps what is too large for its pages in files of its own; nothing here may be so large.
fn no_spill(store: &Store) {
    assert_eq!(
        store.0.core.rows.spill_count().unwrap(),
        0,
        "sled made files of its own"
    );
}
