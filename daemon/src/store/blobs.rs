//! Content-addressed files: modules, snapshots, assets. Each is named by the SHA-256 of its
//! bytes, written once and never changed.
//!
//! A blob is written under a temporary name, synced, renamed, and the directory is synced: it
//! is whole or not there. Who refers to it writes that down afterwards; [`Blobs::sweep`]
//! removes what nobody refers to, sparing the young, which may be about to be referred to.

use super::error::StoreError;
use super::layout::{self, hex, random_id, remove_file, sync_dir, unhex};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Begins the names of files that are being written.
const TEMPORARY: &str = ".tmp-";

/// Bytes of a block that is not written if it is all zeros: a block of common file systems.
const HOLE: usize = 4096;

/// The SHA-256 of a blob's bytes: 64 hexadecimal digits when shown.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub struct BlobId(pub [u8; 32]);

impl BlobId {
    /// The name of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The blob with this name, if it can be one.
    pub fn parse(text: &str) -> Option<Self> {
        unhex(text).map(Self)
    }
}

impl std::fmt::Display for BlobId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// The files.
#[derive(Clone)]
pub struct Blobs {
    dir: Arc<PathBuf>,
    /// So that no blob is swept between being found there already and being made young.
    names: Arc<Mutex<()>>,
}

impl Blobs {
    /// Takes over a directory; removes what was being written when it was last used.
    pub(super) fn take_over(dir: PathBuf) -> Result<Self, StoreError> {
        for name in layout::names(&dir)? {
            if name.starts_with(TEMPORARY) {
                remove_file(&dir.join(name))?;
            }
        }
        Ok(Self {
            dir: Arc::new(dir),
            names: Arc::default(),
        })
    }

    /// Stores bytes. Durable when it returns. Blocks.
    pub fn put(&self, bytes: &[u8]) -> Result<BlobId, StoreError> {
        let mut writer = self.writer()?;
        writer.write(bytes)?;
        writer.finish()
    }

    /// Begins a blob that comes in parts.
    pub fn writer(&self) -> Result<BlobWriter, StoreError> {
        let path = self.dir.join(format!("{TEMPORARY}{}", hex(&random_id()?)));
        let file = File::options()
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(StoreError::io("create", &path))?;
        Ok(BlobWriter {
            blobs: self.clone(),
            file,
            path,
            hash: Sha256::new(),
            len: 0,
        })
    }

    /// Where a blob lies, whether or not it is there.
    pub fn path(&self, id: &BlobId) -> PathBuf {
        self.dir.join(id.to_string())
    }

    /// Whether a blob is there, and not a file that was emptied. What it holds is not checked.
    pub fn has(&self, id: &BlobId) -> bool {
        fs::metadata(self.path(id)).is_ok_and(|file| file.is_file() && file.len() > 0)
    }

    /// Opens a blob. What it holds is not checked.
    pub fn open(&self, id: &BlobId) -> Result<File, StoreError> {
        let path = self.path(id);
        File::open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => StoreError::NoBlob(*id),
            _ => StoreError::io("open", &path)(error),
        })
    }

    /// All of a blob, checked against its name. Blocks.
    pub fn read(&self, id: &BlobId) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::new();
        self.open(id)?
            .read_to_end(&mut bytes)
            .map_err(StoreError::io("read", &self.path(id)))?;
        if BlobId::of(&bytes) != *id {
            return Err(StoreError::Damaged(format!(
                "the bytes of blob {id} are not those it is named after"
            )));
        }
        Ok(bytes)
    }

    /// Removes a blob; that it is gone already is well.
    pub fn remove(&self, id: &BlobId) -> Result<(), StoreError> {
        remove_file(&self.path(id))
    }

    /// Every blob there is, in no order.
    pub fn list(&self) -> Result<Vec<BlobId>, StoreError> {
        let names = layout::names(&self.dir)?;
        Ok(names
            .iter()
            .filter_map(|name| BlobId::parse(name))
            .collect())
    }

    /// Removes the blobs that `keep` does not want and that were last put longer than
    /// `older_than` ago. How many that were.
    pub fn sweep(
        &self,
        keep: impl Fn(&BlobId) -> bool,
        older_than: Duration,
    ) -> Result<usize, StoreError> {
        let mut removed = 0;
        for id in self.list()? {
            if keep(&id) {
                continue;
            }
            let path = self.path(&id);
            let _names = self.names.lock();
            let age = fs::metadata(&path)
                .and_then(|data| data.modified())
                .map(|at| SystemTime::now().duration_since(at).unwrap_or_default());
            match age {
                Ok(age) if age >= older_than => {
                    remove_file(&path)?;
                    removed += 1;
                }
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(StoreError::io("inspect", &path)(error)),
            }
        }
        Ok(removed)
    }

    /// Gives every blob a second name in another directory.
    pub(super) fn link_into(&self, dir: &Path) -> Result<(), StoreError> {
        let _names = self.names.lock();
        for id in self.list()? {
            layout::link(&self.path(&id), &dir.join(id.to_string()))?;
        }
        Ok(())
    }
}

/// A blob on its way in. Dropping it leaves nothing.
pub struct BlobWriter {
    blobs: Blobs,
    file: File,
    path: PathBuf,
    hash: Sha256,
    len: u64,
}

impl BlobWriter {
    /// Takes the next part. Blocks no longer than the page cache makes it.
    /// Blocks of zeros become holes: most of a snapshot is zeros.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let written = runs(self.len, bytes).try_for_each(|run| {
            let at = self.len + run.start as u64;
            self.file.write_all_at(&bytes[run], at)
        });
        written.map_err(StoreError::io("write", &self.path))?;
        self.hash.update(bytes);
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// Bytes that came so far.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing came so far.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The name of what came so far.
    pub fn id(&self) -> BlobId {
        BlobId(self.hash.clone().finalize().into())
    }

    /// The blob is complete. Durable when it returns. Blocks.
    pub fn finish(self) -> Result<BlobId, StoreError> {
        let id = self.id();
        let path = self.blobs.path(&id);
        self.file
            .set_len(self.len)
            .map_err(StoreError::io("write", &self.path))?;
        self.file
            .sync_all()
            .map_err(StoreError::io("sync", &self.path))?;
        {
            // Renaming over an equal blob also makes it young, and heals one that rotted.
            let _names = self.blobs.names.lock();
            fs::rename(&self.path, &path).map_err(StoreError::io("rename", &self.path))?;
        }
        sync_dir(&self.blobs.dir)?;
        Ok(id)
    }
}

/// The parts of `bytes`, which come at `at` in a file, that are not whole blocks of zeros.
fn runs(at: u64, bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
    // The remainder is below HOLE.
    let first = HOLE - (at % HOLE as u64) as usize;
    let mut next = 0;
    std::iter::from_fn(move || {
        let mut run: Option<Range<usize>> = None;
        while next < bytes.len() {
            let start = next;
            let length = if start == 0 { first } else { HOLE };
            let end = (start + length).min(bytes.len());
            let is_hole = end - start == HOLE && bytes[start..end].iter().all(|byte| *byte == 0);
            next = end;
            match &mut run {
                Some(_) if is_hole => break,
                Some(run) => run.end = end,
                None if is_hole => {}
                None => run = Some(start..end),
            }
        }
        run
    })
}

impl Drop for BlobWriter {
    fn drop(&mut self) {
        // Gone after a rename; what stays behind is removed at the next open.
        let _ = remove_file(&self.path);
    }
}
