//! Exports: all rows as they were at one moment, in a file, with second names for the files
//! they refer to. What a store that will not open is built from again.
//!
//! # Form
//!
//! `NAME.export` begins with [`MAGIC`]. Then come frames: `length u32`, that many bytes of
//! postcard (a sequence of pairs of key and value), and the SHA-256 of the previous frame's
//! checksum and these bytes. A frame of length 0, with the number of rows as `u64` before its
//! checksum, ends it. Little endian. `NAME.files/values` and `NAME.files/blobs` hold the files.
//! Both are complete when `NAME.export` exists: it is renamed to that name last.

use super::blobs::Blobs;
use super::core::{Core, Preserved};
use super::error::StoreError;
use super::keys;
use super::kv::entry;
use super::layout::{self, Layout, create_dir, remove_dir, remove_file, sync_dir};
use super::records;
use super::rows::{Batch, Row, Rows};
use super::values::{self, FileId};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

const MAGIC: &[u8] = b"postern export 1\n";
/// Rows read at a time, while writers wait.
const PAGE: usize = 256;
/// Bytes of a frame that a reader accepts: a page of the largest rows with the longest keys,
/// and as many preserved ones, have room.
const FRAME_MAX: usize = 16 << 20;
/// Rows of a page that were changed meanwhile are written in frames of at most so many.
const FRAME_ROWS: usize = 1024;

type Pair = (Vec<u8>, Vec<u8>);

/// Where an export's files lie.
fn files_dir(export: &Path) -> PathBuf {
    export.with_extension("files")
}

/// The exports there are, oldest first.
pub(super) fn list(layout: &Layout) -> Result<Vec<PathBuf>, StoreError> {
    let mut found: Vec<_> = layout::names(&layout.exports)?
        .into_iter()
        .filter(|name| name.ends_with(".export"))
        .map(|name| layout.exports.join(name))
        .collect();
    found.sort();
    Ok(found)
}

/// Removes what is left of exports that were not completed.
pub(super) fn remove_partial(layout: &Layout) -> Result<(), StoreError> {
    for name in layout::names(&layout.exports)? {
        let path = layout.exports.join(&name);
        if name.ends_with(".partial") {
            remove_file(&path)?;
        } else if name.ends_with(".files") && !path.with_extension("export").exists() {
            remove_dir(&path)?;
        }
    }
    Ok(())
}

/// Writes an export, then removes the oldest beyond `keep`.
pub(super) fn write(core: &Core, blobs: &Blobs, keep: usize) -> Result<PathBuf, StoreError> {
    let exports = &core.layout.exports;
    let path = free_name(exports)?;
    let files = files_dir(&path);
    let values_dir = files.join("values");
    let blobs_dir = files.join("blobs");
    create_dir(&values_dir)?;
    create_dir(&blobs_dir)?;

    core.state().export = Some(Preserved::default());
    let partial = path.with_extension("partial");
    let written = blobs
        .link_into(&blobs_dir)
        .and_then(|()| write_rows(core, &partial, &values_dir));
    core.end_export();
    let done = written.and_then(|()| {
        sync_dir(&values_dir)?;
        sync_dir(&blobs_dir)?;
        sync_dir(&files)?;
        sync_dir(exports)?;
        fs::rename(&partial, &path).map_err(StoreError::io("rename", &partial))?;
        sync_dir(exports)
    });
    if let Err(error) = done {
        remove_file(&partial)?;
        remove_dir(&files)?;
        return Err(error);
    }
    let all = list(&core.layout)?;
    for old in &all[..all.len().saturating_sub(keep.max(1))] {
        remove_file(old)?;
        remove_dir(&files_dir(old))?;
    }
    Ok(path)
}

/// A name that sorts behind all others.
fn free_name(exports: &Path) -> Result<PathBuf, StoreError> {
    let last = layout::names(exports)?
        .iter()
        .filter_map(|name| name.split_once('.')?.0.parse::<u64>().ok())
        .max()
        .unwrap_or(0);
    let number = layout::seconds_now().max(last.saturating_add(1));
    Ok(exports.join(format!("{number:020}.export")))
}

fn write_rows(core: &Core, path: &Path, values_dir: &Path) -> Result<(), StoreError> {
    let mut frames = Frames::create(path)?;
    loop {
        let page = next_page(core)?;
        for (key, value) in &page.rows {
            if let Some((id, _)) = file_of(key, value)? {
                layout::link(&core.values.path(id), &values::path(values_dir, id))?;
            }
        }
        for rows in page.rows.chunks(FRAME_ROWS) {
            frames.write(rows)?;
        }
        if page.last {
            return frames.finish();
        }
    }
}

struct PageOfRows {
    rows: Vec<Pair>,
    last: bool,
}

/// The next rows as they were when the export began.
fn next_page(core: &Core) -> Result<PageOfRows, StoreError> {
    let mut state = core.state();
    let Some(preserved) = &mut state.export else {
        return Err(StoreError::Closed);
    };
    let mut start = preserved.cursor.clone();
    if !start.is_empty() {
        start.push(0);
    }
    let mut live: Vec<(Vec<u8>, Row)> = Vec::with_capacity(PAGE);
    core.rows.scan(b"", &start, |key, row| {
        live.push((key.to_vec(), row));
        Ok(live.len() < PAGE)
    })?;
    let last = live.len() < PAGE;
    let mut changed = std::mem::take(&mut preserved.rows);
    if let Some((end, _)) = live.last().filter(|_| !last) {
        let mut above = end.clone();
        above.push(0);
        preserved.rows = changed.split_off(&above);
        preserved.cursor.clone_from(end);
    }
    let mut rows: Vec<Pair> = live
        .into_iter()
        .filter(|(key, _)| !changed.contains_key(key))
        .map(|(key, row)| (key, row.to_vec()))
        .collect();
    let before = |value: Bytes| value.to_vec();
    rows.extend(
        changed
            .into_iter()
            .filter_map(|(key, value)| Some((key, before(value?)))),
    );
    Ok(PageOfRows { rows, last })
}

/// The file that a row refers to.
pub(super) fn file_of(key: &[u8], row: &[u8]) -> Result<Option<(FileId, u64)>, StoreError> {
    let unreadable = || StoreError::Damaged("a row cannot be read".to_owned());
    Ok(match key.first() {
        Some(&keys::ENTRY) => match entry::decode(row).ok_or_else(unreadable)?.place {
            entry::Place::File { id, len } => Some((id, len)),
            entry::Place::Row { .. } => None,
        },
        Some(&keys::RECORD) => match records::place(row).ok_or_else(unreadable)? {
            records::Place::File(id, len) => Some((id, len)),
            records::Place::Row => None,
        },
        _ => None,
    })
}

/// Frames on their way out.
struct Frames {
    file: BufWriter<File>,
    path: PathBuf,
    chain: [u8; 32],
    rows: u64,
}

impl Frames {
    fn create(path: &Path) -> Result<Self, StoreError> {
        let file = File::create(path).map_err(StoreError::io("create", path))?;
        let mut frames = Self {
            file: BufWriter::new(file),
            path: path.to_owned(),
            chain: [0; 32],
            rows: 0,
        };
        frames.bytes(MAGIC)?;
        Ok(frames)
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.file
            .write_all(bytes)
            .map_err(StoreError::io("write", &self.path))
    }

    fn write(&mut self, rows: &[Pair]) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let payload = postcard::to_allocvec(rows).map_err(|error| bad(&self.path, &error))?;
        let len = u32::try_from(payload.len()).map_err(|error| bad(&self.path, &error))?;
        self.chain = link_of(&self.chain, &payload);
        self.rows += rows.len() as u64;
        let chain = self.chain;
        self.bytes(&len.to_le_bytes())?;
        self.bytes(&payload)?;
        self.bytes(&chain)
    }

    fn finish(mut self) -> Result<(), StoreError> {
        let count = self.rows.to_le_bytes();
        let chain = link_of(&self.chain, &count);
        self.bytes(&0u32.to_le_bytes())?;
        self.bytes(&count)?;
        self.bytes(&chain)?;
        let path = self.path;
        self.file
            .into_inner()
            .map_err(|error| error.into_error())
            .and_then(|file| file.sync_all())
            .map_err(StoreError::io("sync", &path))
    }
}

fn link_of(before: &[u8; 32], payload: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(payload);
    hash.finalize().into()
}

fn bad(path: &Path, reason: &dyn std::fmt::Display) -> StoreError {
    StoreError::BadExport {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}

/// Reads an export from beginning to end, checking it. `each` gets the rows of a frame.
fn read(
    path: &Path,
    mut each: impl FnMut(Vec<Pair>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let file = File::open(path).map_err(StoreError::io("open", path))?;
    let mut file = BufReader::new(file);
    let mut chain = [0; 32];
    let mut rows = 0u64;
    let mut fill = |buffer: &mut [u8]| {
        file.read_exact(buffer)
            .map_err(|error| bad(path, &format!("it breaks off or cannot be read: {error}")))
    };
    let mut magic = [0; MAGIC.len()];
    fill(&mut magic)?;
    if magic != MAGIC {
        return Err(bad(path, &"it does not begin like an export"));
    }
    loop {
        let mut len = [0; 4];
        fill(&mut len)?;
        let len = u32::from_le_bytes(len) as usize;
        if len > FRAME_MAX {
            return Err(bad(path, &"a frame is impossibly long"));
        }
        let mut payload = vec![0; if len == 0 { 8 } else { len }];
        fill(&mut payload)?;
        let mut sum = [0; 32];
        fill(&mut sum)?;
        chain = link_of(&chain, &payload);
        if chain != sum {
            return Err(bad(path, &"a checksum does not fit"));
        }
        if len == 0 {
            if payload != rows.to_le_bytes() {
                return Err(bad(path, &"rows are missing"));
            }
            return Ok(());
        }
        let frame: Vec<Pair> = postcard::from_bytes(&payload).map_err(|error| bad(path, &error))?;
        rows += frame.len() as u64;
        each(frame)?;
    }
}

/// Checks that an export is whole. The number of the last batch in it.
pub(super) fn verify(path: &Path) -> Result<u64, StoreError> {
    let mut sequence = 0;
    read(path, |frame| {
        for (key, row) in frame {
            if key == keys::SEQUENCE_KEY {
                let number = row
                    .try_into()
                    .map_err(|_| bad(path, &"its number is unreadable"))?;
                sequence = u64::from_le_bytes(number);
            }
        }
        Ok(())
    })?;
    Ok(sequence)
}

/// Fills empty rows from an export and gives its files back their names.
pub(super) fn restore(path: &Path, layout: &Layout, into: &Rows) -> Result<(), StoreError> {
    let files = files_dir(path);
    let mut lost = 0;
    read(path, |frame| {
        let mut batch = Batch::default();
        for (key, row) in frame {
            if let Some((id, _)) = file_of(&key, &row)? {
                let from = values::path(&files.join("values"), id);
                if let Err(error) = layout::link(&from, &values::path(&layout.values, id)) {
                    lost += 1;
                    log::error!("{error}; the value that was in there is lost");
                }
            }
            batch.put(key, &row);
        }
        into.apply(batch)
    })?;
    let blobs = files.join("blobs");
    if blobs.is_dir() {
        for name in layout::names(&blobs)? {
            layout::link(&blobs.join(&name), &layout.blobs.join(&name))?;
        }
    }
    if lost > 0 {
        log::error!("{lost} large values are missing from {}", path.display());
    }
    sync_dir(&layout.values)?;
    sync_dir(&layout.blobs)
}
