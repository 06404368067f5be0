//! A folder that is looked into for bundles: a USB stick, or where another program leaves them.
//!
//! Nothing is written there, so that it may be read-only. A file is taken once, and again when it is another
//! one or was changed.

use super::{Arrival, Delivery, DeliveryError, Result, Staged};
use crate::bundle::KeyList;
use async_io::Timer;
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Files that are looked at.
const FILES_MAX: usize = 256;
/// What ends the name of a bundle, and of a list of release keys.
const ENDINGS: [&str; 2] = ["keys", "postern"];

/// What tells a file from what it was before.
type Mark = (u64, u64, i64, i64);

impl<W: Send + Sync + 'static> Delivery<W> {
    /// Looks into the folder for as long as the daemon runs; ends at once where there is none.
    pub async fn watch_folder(self: Arc<Self>) {
        let Some((folder, every)) = self.options.folder.clone() else {
            return;
        };
        let mut seen = HashMap::new();
        loop {
            self.look_into(&folder, &mut seen).await;
            Timer::after(every.max(Duration::from_millis(50))).await;
        }
    }

    /// Takes what is new in a folder: lists of keys first, then bundles by name.
    pub(super) async fn look_into(&self, folder: &Path, seen: &mut HashMap<PathBuf, Mark>) {
        let path = folder.to_owned();
        let found = postern_task::unblock(move || found(&path)).await;
        // What is not there any more may come again.
        seen.retain(|path, _| found.iter().any(|(found, _)| found == path));
        for (path, mark) in found {
            if seen.get(&path) == Some(&mark) {
                continue;
            }
            let staged = self.stage_file(&path).await;
            let delivered = self.deliver_from(&path.display().to_string(), staged).await;
            // What others make right, as a list of keys that comes later, is tried again.
            let is_settled = match &delivered {
                Ok(_) => true,
                Err(error) => !error.may_pass(),
            };
            if is_settled {
                seen.insert(path, mark);
            }
        }
    }

    async fn stage_file(&self, path: &Path) -> Result<Staged> {
        let named = path.to_owned();
        let opened = postern_task::unblock(move || open(&named)).await;
        let (mut file, bytes) = opened.map_err(|error| DeliveryError::io("read", path, error))?;
        let failed = |error| DeliveryError::io("read", path, error);
        // What is tried again and again is not copied each time.
        let mut magic = Vec::new();
        let read = (&file).take(8).read_to_end(&mut magic);
        read.and_then(|_| file.rewind()).map_err(failed)?;
        if !KeyList::is(&magic) {
            self.check_beginning(&file, &Arrival::from(&path.display().to_string()))?;
            file.rewind().map_err(failed)?;
        }
        let stage = self.stage.clone();
        postern_task::unblock(move || stage.copy(bytes, &mut file.take(bytes))).await
    }
}

/// The files of a folder that may be taken, lists of keys first.
fn found(folder: &Path) -> Vec<(PathBuf, Mark)> {
    // A stick that is not there is the usual case.
    let Ok(list) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in list.flatten() {
        let path = entry.path();
        let ending = path.extension().and_then(|it| it.to_str());
        let place = ENDINGS.iter().position(|it| Some(*it) == ending);
        let Some(place) = place.filter(|_| found.len() < FILES_MAX) else {
            continue;
        };
        // Not what a link leads to.
        let Ok(data) = fs::symlink_metadata(&path) else {
            continue;
        };
        if data.is_file() {
            let mark = (data.ino(), data.len(), data.mtime(), data.mtime_nsec());
            found.push((place, path, mark));
        }
    }
    found.sort();
    let found = found.into_iter();
    found.map(|(_, path, mark)| (path, mark)).collect()
}

/// Opens a file, and nothing else: neither a link nor something that never ends.
fn open(path: &Path) -> std::io::Result<(File, u64)> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)?;
    let data = file.metadata()?;
    match data.is_file() {
        true => Ok((file, data.len())),
        false => Err(std::io::Error::other("it is no file")),
    }
}
