//! The witness: a small file beside sled's that says up to where writes were acknowledged.
//!
//! sled takes whatever it cannot read at a restart for the torn end of its log, and silently
//! forgets everything behind it. After a power cut that is right; after a flipped bit, or from
//! a disk that said "written" too early, acknowledged writes are gone and nobody knows. So
//! every batch carries a number, and after each commit the number goes here. It is not synced:
//! an old witness proves less, but never anything false.

use super::error::StoreError;
use super::layout::{create_dir, remove_file};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// The number, little endian, and as many bytes of its SHA-256.
const BYTES: usize = 16;

/// The file, open for writing.
pub(super) struct Witness {
    file: File,
}

fn encode(sequence: u64) -> [u8; BYTES] {
    let number = sequence.to_le_bytes();
    let mut bytes = [0; BYTES];
    bytes[..8].copy_from_slice(&number);
    bytes[8..].copy_from_slice(&Sha256::digest(number)[..8]);
    bytes
}

/// Up to where writes were acknowledged for certain; 0 where there is no telling.
pub(super) fn read(path: &Path) -> Result<u64, StoreError> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(StoreError::io("read", path)(error)),
    };
    let number = bytes
        .first_chunk::<8>()
        .map(|number| u64::from_le_bytes(*number));
    match number {
        Some(number) if bytes == encode(number) => Ok(number),
        _ => {
            log::warn!("{} cannot be read; it is written anew", path.display());
            Ok(0)
        }
    }
}

impl Witness {
    /// Begins a witness of a store whose last batch has this number.
    pub fn open(path: &Path, sequence: u64) -> Result<Self, StoreError> {
        if let Some(dir) = path.parent() {
            create_dir(dir)?;
        }
        // What it said of a store before this one must not be held against this one.
        remove_file(path)?;
        let file = File::create(path).map_err(StoreError::io("create", path))?;
        let witness = Self { file };
        witness.write(sequence);
        Ok(witness)
    }

    /// Batches up to this number were acknowledged.
    pub fn write(&self, sequence: u64) {
        if let Err(error) = self.file.write_all_at(&encode(sequence), 0) {
            // Without it damage goes unnoticed, but nothing is lost by that.
            log::warn!("cannot note what was acknowledged: {error}");
        }
    }
}
