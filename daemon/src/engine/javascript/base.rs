//! The engine as it is before anything was pushed: an image and a memory, in two files.

use super::super::judge::Judged;
use super::super::snapshot::{self, Id};
use serde::{Deserialize, Serialize};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Where a base is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// The module that isolates are made of.
    pub image: PathBuf,
    /// The snapshot of the memory after booting, to which those of Workers are differences.
    pub memory: PathBuf,
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
        }
    }

    /// Whether it was made. The image is written last.
    pub fn is_there(&self) -> bool {
        self.image.is_file() && self.memory.is_file()
    }

    /// What differences to its memory name, if it was made and is whole.
    pub fn id(&self) -> Option<Id> {
        let contents = snapshot::open(&File::open(&self.memory).ok()?).ok()?;
        let is_base = self.image.is_file() && contents.base == Id::ZEROS;
        is_base.then_some(contents.id)
    }

    /// Writes it durably, and removes the bases of other builds.
    pub fn keep(&self, dir: &Path, judged: &Judged) -> io::Result<()> {
        let missing = || io::Error::other("the engine's state cannot be kept in a snapshot");
        let memory = judged.snapshot.as_deref().ok_or_else(missing)?;
        let image = judged.image.as_deref().ok_or_else(missing)?;
        fs::create_dir_all(dir)?;
        for entry in fs::read_dir(dir)? {
            let path = entry?.path();
            let ends = ["image", "memory", "new"].map(OsStr::new);
            if path.extension().is_some_and(|end| ends.contains(&end)) {
                fs::remove_file(path)?;
            }
        }
        write(dir, &self.memory, memory)?;
        write(dir, &self.image, image)
    }
}

/// A whole file or none, also after a power cut.
fn write(dir: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::engine::GuestKind;

    #[test]
    fn a_new_build_takes_the_place_of_the_old_one() {
        let dir = tempfile::tempdir().unwrap();
        let judged = Judged {
            image: Some(b"image".to_vec()),
            snapshot: Some(snapshot::seal(&[7; 1 << 16], None, b"")),
            ..Judged::empty(GuestKind::JavaScript)
        };
        let old = Base::in_dir(dir.path(), "a 1");
        assert!(!old.is_there() && old.id().is_none());
        old.keep(dir.path(), &judged).unwrap();
        assert!(old.is_there() && old.id().is_some());
        let new = Base::in_dir(dir.path(), "a 2");
        new.keep(dir.path(), &judged).unwrap();
        assert!(new.is_there() && !old.is_there());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
        assert_eq!(fs::read(&new.image).unwrap(), b"image");
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
        let judged = Judged::empty(GuestKind::JavaScript);
        assert!(base.keep(dir.path(), &judged).is_err());
        assert!(!base.is_there());
    }
}
