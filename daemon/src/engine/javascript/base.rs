//! The engine as it is before anything was pushed: an image and a memory, in two files.

use super::super::judge::Judged;
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
    /// The memory after booting. Its last page of zeros is cut off, so its length is no measure
    /// of the memory; the image knows that.
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
            snapshot: Some(b"memory".to_vec()),
            ..Judged::empty(GuestKind::JavaScript)
        };
        let old = Base::in_dir(dir.path(), "a 1");
        assert!(!old.is_there());
        old.keep(dir.path(), &judged).unwrap();
        assert!(old.is_there());
        let new = Base::in_dir(dir.path(), "a 2");
        new.keep(dir.path(), &judged).unwrap();
        assert!(new.is_there() && !old.is_there());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
        assert_eq!(fs::read(&new.image).unwrap(), b"image");
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
