//! Kernel modules: those that the image put into the initramfs, in the order of their names, which
//! is that of their dependencies.

use super::console;
use rustix::io::Errno;
use rustix::system::finit_module;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Where the initramfs has them, as `NNN-name.ko`.
const FOLDER: &str = "/modules";

/// Loads all of them. One that fails is told and left out: its device may not be there.
pub(super) fn load() {
    for path in list(Path::new(FOLDER)) {
        let loaded = File::open(&path)
            .map_err(|error| error.to_string())
            .and_then(|file| match finit_module(file, c"", 0) {
                Ok(()) | Err(Errno::EXIST) => Ok(()),
                Err(errno) => Err(errno.to_string()),
            });
        if let Err(error) = loaded {
            console::note(&format!("module {}", path.display()), &error);
        }
    }
}

fn list(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|it| it == "ko"))
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn modules_are_loaded_in_the_order_of_their_names() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["002-b.ko", "010-c.ko", "001-a.ko", "readme"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let names: Vec<String> = list(folder.path())
            .iter()
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        assert_eq!(names, ["001-a.ko", "002-b.ko", "010-c.ko"]);
        assert!(list(&folder.path().join("none")).is_empty());
    }
}
