//! What can go wrong in the store itself. What can be wrong with a KV call is in `kv::error`.

use super::blobs::BlobId;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A failure of the store. Cloned to everyone who waited for the same commit.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system said no.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What it said.
        source: Arc<io::Error>,
    },
    /// Another process has this store open.
    #[error(
        "the store in {} is in use by process {holder}; stop that one first, or give this one another directory", dir.display()
    )]
    InUse {
        /// The store's directory.
        dir: PathBuf,
        /// The process id it left in the lock file, or a question mark.
        holder: String,
    },
    /// What is on the disk cannot be what was written there.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// A later version of this program wrote the store.
    #[error(
        "the store has format {found}, this program knows formats up to {known}; use the newer program"
    )]
    Newer {
        /// The format on disk.
        found: u32,
        /// The newest one known here.
        known: u32,
    },
    /// An earlier commit failed, so nobody knows what the disk holds; only reads go on.
    #[error(
        "the store takes no more writes since a commit failed ({0}); check the disk, then restart"
    )]
    Broken(String),
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// A record that is too large.
    #[error(
        "a record of {len} bytes exceeds the limit of {limit} bytes; store large parts as blobs"
    )]
    RecordTooLarge {
        /// Its size in bytes.
        len: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// A record's key that is too long.
    #[error("a record's key of {len} bytes exceeds the limit of {limit} bytes; shorten the name")]
    KeyTooLong {
        /// Its size in bytes.
        len: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// A record that cannot be written, or read back, as the type asked for.
    #[error("a record of table {table} cannot be {action}: {reason}")]
    Record {
        /// The table's name.
        table: &'static str,
        /// `encoded` or `decoded`.
        action: &'static str,
        /// What the codec said.
        reason: String,
    },
    /// There is no such blob.
    #[error("there is no blob {0}")]
    NoBlob(BlobId),
    /// An export that is not whole.
    #[error("the export {} cannot be used: {reason}", path.display())]
    BadExport {
        /// Which one.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl StoreError {
    /// Wraps an error of the file system.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source: Arc::new(source),
        }
    }

    /// Whether the machine, not the data, is at fault, so that setting the data aside
    /// would be wrong.
    pub(super) fn is_of_the_machine(&self) -> bool {
        use io::ErrorKind as K;
        match self {
            Self::Io { source, .. } => {
                matches!(
                    source.kind(),
                    K::PermissionDenied
                        | K::StorageFull
                        | K::QuotaExceeded
                        | K::ReadOnlyFilesystem
                        | K::OutOfMemory
                        | K::WouldBlock
                        | K::Interrupted
                ) || matches!(
                    source
                        .raw_os_error()
                        .map(rustix::io::Errno::from_raw_os_error),
                    Some(rustix::io::Errno::MFILE | rustix::io::Errno::NFILE)
                )
            }
            Self::InUse { .. } | Self::Newer { .. } => true,
            _ => false,
        }
    }
}
