//! sled's notes (`db/snap.…`) of where its log stands, by which it opens faster: without one it reads all of the log.
//!
//! A note is written under another name and renamed, but sled takes a file of that name for a note, too. What a power
//! cut or a full disk leaves of one would be damage in its eyes, and the whole store would be lost with it.

use super::error::StoreError;
use super::layout::{self, Layout, remove_file, sync_dir};
use super::opening::{aside, rename};
use flate2::Crc;
use std::fs;

/// What their names begin with.
const NOTE: &str = "snap.";
/// What the name of one ends with that is being written.
const UNFINISHED: &str = ".generating";
/// Bytes behind what a note says: how many those are, eight, and their CRC-32, four.
const FOOTER: usize = 12;

/// Removes what is unfinished, and puts aside what is not what was written; whether there was any of that.
pub(super) fn tidy(layout: &Layout) -> Result<bool, StoreError> {
    let mut damaged = Vec::new();
    for name in layout::names(&layout.db)? {
        let path = layout.db.join(&name);
        if !name.starts_with(NOTE) {
            continue;
        }
        if name.ends_with(UNFINISHED) {
            remove_file(&path)?;
        } else if !is_whole(&fs::read(&path).map_err(StoreError::io("read", &path))?) {
            damaged.push(name);
        }
    }
    if damaged.is_empty() {
        return Ok(false);
    }
    let aside = aside(layout)?;
    for name in damaged {
        rename(&layout.db.join(&name), &aside.join(&name))?;
        log::error!(
            "{} is not what was written; it is kept in {}, and all of the log is read instead",
            layout.db.join(name).display(),
            aside.display()
        );
    }
    sync_dir(&aside)?;
    sync_dir(&layout.db)?;
    Ok(true)
}

fn is_whole(note: &[u8]) -> bool {
    let Some((said, sum)) = note.split_last_chunk::<4>() else {
        return false;
    };
    let Some(end) = note.len().checked_sub(FOOTER).filter(|end| *end > 0) else {
        return false;
    };
    let mut crc = Crc::new();
    crc.update(&said[..end]);
    crc.sum() == u32::from_le_bytes(*sum)
}
