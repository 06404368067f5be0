//! The engine as it is before anything was pushed: an image and a memory, in two files.

use super::super::snapshot::{self, Id};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Bytes of a file that are read at once.
const PART: usize = 64 << 10;

/// Where a base is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// The module that isolates are made of.
    pub image: PathBuf,
    /// The snapshot of the memory after booting, to which those of Workers are differences.
    pub memory: PathBuf,
    /// The SHA-256 of both files, memory and image one after the other.
    sum: PathBuf,
}

impl Base {
    /// The base of this name in a directory, whether it is there or not.
    pub fn in_dir(dir: &Path, name: &str) -> Self {
        let name: String = name
            .chars()
            .map(|char| match char {
                '.' | '_' | '-' => char,
                _ if char.is_ascii_alphanumeric() => char,
                _ => '-',
            })
            .collect();
        Self {
            image: dir.join(format!("{name}.image")),
            memory: dir.join(format!("{name}.memory")),
            sum: dir.join(format!("{name}.sum")),
        }
    }

    /// Whether it was made.
    pub fn is_there(&self) -> bool {
        self.image.is_file() && self.memory.is_file()
    }

    /// What differences to its memory name, if it was made and is whole: what all Workers in JavaScript share is not
    /// believed because its file is there.
    pub fn id(&self) -> Option<Id> {
        let contents = snapshot::open(&File::open(&self.memory).ok()?).ok()?;
        let is_whole = fs::read(&self.sum).ok()? == self.sum_of_files().ok()?;
        (is_whole && contents.base == Id::ZEROS).then_some(contents.id)
    }

    /// Writes it durably, memory and image of so many bytes one after the other, and removes the bases of other
    /// builds.
    ///
    /// # Errors
    /// When there is no memory or no image, or files cannot be written.
    pub fn keep(&self, dir: &Path, bytes: [Option<u64>; 2], from: &mut dyn Read) -> io::Result<()> {
        let [Some(memory), Some(image)] = bytes else {
            return Err(io::Error::other(
                "the engine's state cannot be kept in a snapshot",
            ));
        };
        fs::create_dir_all(dir)?;
        for entry in fs::read_dir(dir)? {
            let path = entry?.path();
            let ends = ["image", "memory", "sum", "new"].map(OsStr::new);
            if path.extension().is_some_and(|end| ends.contains(&end)) {
                fs::remove_file(path)?;
            }
        }
        write(dir, &self.memory, &mut from.take(memory), memory)?;
        write(dir, &self.image, &mut from.take(image), image)?;
        let sum = self.sum_of_files()?;
        write(dir, &self.sum, &mut &sum[..], sum.len() as u64)
    }

    fn sum_of_files(&self) -> io::Result<[u8; 32]> {
        let mut hash = Sha256::new();
        let mut part = vec![0; PART];
        for path in [&self.memory, &self.image] {
            let mut file = File::open(path)?;
            loop {
                match file.read(&mut part)? {
                    0 => break,
                    read => hash.update(&part[..read]),
                }
            }
        }
        Ok(hash.finalize().into())
    }
}

/// A whole file or none, also after a power cut.
fn write(dir: &Path, path: &Path, from: &mut dyn Read, bytes: u64) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    if io::copy(from, &mut file)? < bytes {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    file.sync_all()?;
    fs::rename(&new, path)?;
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_new_build_takes_the_place_of_the_old_one() {
        let dir = tempfile::tempdir().unwrap();
        let memory = snapshot::seal(&[7; 1 << 16], None, b"");
        let bytes = [Some(memory.len() as u64), Some(5)];
        let files = [&memory[..], b"image"].concat();
        let old = Base::in_dir(dir.path(), "a 1");
        assert!(!old.is_there() && old.id().is_none());
        old.keep(dir.path(), bytes, &mut &files[..]).unwrap();
        assert!(old.is_there() && old.id().is_some());
        let new = Base::in_dir(dir.path(), "a 2");
        new.keep(dir.path(), bytes, &mut &files[..]).unwrap();
        assert!(new.is_there() && !old.is_there());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3);
        assert_eq!(fs::read(&new.image).unwrap(), b"image");
        // An image that was changed, cut off or emptied is none.
        for image in ["imagf", "imag", ""] {
            fs::write(&new.image, image).unwrap();
            assert!(new.is_there() && new.id().is_none(), "{image}");
        }
        fs::write(&new.image, "image").unwrap();
        assert!(new.id().is_some());
        // Half a memory is none.
        let memory = fs::read(&new.memory).unwrap();
        fs::write(&new.memory, &memory[memory.len() / 2..]).unwrap();
        assert!(new.id().is_none());
        fs::write(&new.memory, &memory[..memory.len() / 2]).unwrap();
        assert!(new.is_there() && new.id().is_none());
    }

    #[test]
    fn what_has_no_snapshot_is_no_base() {
        let dir = tempfile::tempdir().unwrap();
        let base = Base::in_dir(dir.path(), "a");
        assert!(
            base.keep(dir.path(), [None, Some(5)], &mut &b"image"[..])
                .is_err()
        );
        assert!(!base.is_there());
        // Nor is one of which the end did not come.
        let short = [Some(2), Some(9)];
        assert!(
            base.keep(dir.path(), short, &mut &b"only this"[..])
                .is_err()
        );
        assert!(!base.is_there());
    }
}
