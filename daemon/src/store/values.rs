//! Large values: a file each, written once, owned by the one row that names it.
//!
//! A file is durable before its row is written, and is removed only when the row's removal is
//! durable. So a row never names a missing file; a file without a row is swept at the next open.

use super::error::StoreError;
use super::layout::{self, hex, random_id, remove_file, sync_dir, unhex};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Values up to so many bytes live in their row. More than sled can keep in its log beside
/// its neighbours goes to a file, see `rows`.
pub(super) const INLINE_MAX: usize = 4096;

/// The name of a value's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct FileId(pub [u8; 16]);

/// The files.
pub(super) struct Values {
    dir: PathBuf,
}

/// A file that no row names yet. Dropping it removes it.
#[derive(Debug)]
pub(super) struct NewFile {
    pub id: FileId,
    pub len: u64,
    file: File,
    path: PathBuf,
    kept: bool,
}

impl Values {
    pub fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    pub fn path(&self, id: FileId) -> PathBuf {
        path(&self.dir, id)
    }

    pub fn create(&self) -> Result<NewFile, StoreError> {
        let id = FileId(random_id()?);
        let path = self.path(id);
        let file = File::options()
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(StoreError::io("create", &path))?;
        Ok(NewFile {
            id,
            len: 0,
            file,
            path,
            kept: false,
        })
    }

    /// A file with this content, durable but for its name.
    pub fn write(&self, bytes: &[u8]) -> Result<NewFile, StoreError> {
        let mut file = self.create()?;
        file.append(bytes)?;
        file.sync()?;
        Ok(file)
    }

    /// Opens a value's file. `None`: it is not there, because its row changed meanwhile.
    pub fn open(&self, id: FileId, len: u64) -> Result<Option<File>, StoreError> {
        let path = self.path(id);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::io("open", &path)(error)),
        };
        let found = file
            .metadata()
            .map_err(StoreError::io("inspect", &path))?
            .len();
        if found != len {
            return Err(StoreError::Damaged(format!(
                "{} holds {found} bytes instead of {len}",
                path.display()
            )));
        }
        Ok(Some(file))
    }

    pub fn remove(&self, id: FileId) -> Result<(), StoreError> {
        remove_file(&self.path(id))
    }

    /// Makes the names of new files durable.
    pub fn sync_names(&self) -> Result<(), StoreError> {
        sync_dir(&self.dir)
    }

    /// Every file there is; names that are not the store's are left out.
    pub fn list(&self) -> Result<Vec<FileId>, StoreError> {
        Ok(layout::names(&self.dir)?
            .iter()
            .filter_map(|name| unhex(name).map(FileId))
            .collect())
    }
}

/// Where a value's file lies in a directory of them.
pub(super) fn path(dir: &Path, id: FileId) -> PathBuf {
    dir.join(hex(&id.0))
}

impl NewFile {
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.file
            .write_all(bytes)
            .map_err(StoreError::io("write", &self.path))?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    pub fn sync(&self) -> Result<(), StoreError> {
        self.file
            .sync_data()
            .map_err(StoreError::io("sync", &self.path))
    }

    /// A row names it now.
    pub fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.kept {
            // What stays behind is swept at the next open.
            let _ = remove_file(&self.path);
        }
    }
}
