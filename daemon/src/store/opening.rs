//! Opening: what is looked at before a store is trusted, and what is done with one that
//! cannot be.
//!
//! A store that opens but has forgotten what it acknowledged (see `witness`) is kept if it
//! knows at least as much as the newest export, and put aside if not. Either way it is said.
//!
//! A store that will not open is moved aside whole, never deleted, and a new one is built
//! from the newest export that is whole. The new one is built under another name and renamed
//! when it is complete, so a power cut at any point leaves a state that the next open
//! continues from.

use super::error::StoreError;
use super::export;
use super::keys;
use super::kv::{NamespaceId, Usage, write};
use super::layout::{self, Layout, create_dir, remove_dir, remove_file, sync_dir, sync_tree};
use super::notes;
use super::records;
use super::rows::{Batch, Rows};
use super::values::{self, FileId, Values};
use super::witness;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What came of opening.
pub(super) struct Found {
    pub rows: Rows,
    pub put_aside: Option<PathBuf>,
    pub restored_from: Option<PathBuf>,
    /// The number of the last batch.
    pub sequence: u64,
    pub lost_batches: u64,
}

/// Opens what is there, or builds what is not. The store's lock is held.
pub(super) fn open(layout: &Layout, cache_bytes: u64) -> Result<Found, StoreError> {
    remove_dir(&layout.building)?;
    export::remove_partial(layout)?;
    let clean = layout.clean.exists();
    // From here on only a proper close makes it clean again.
    remove_file(&layout.clean)?;
    sync_dir(&layout.dir)?;
    let acknowledged = witness::read(&layout.witness)?;
    let mut put_aside = None;
    if layout.db.exists() {
        let all = notes::tidy(layout)? || !clean;
        match open_checked(layout, cache_bytes, all, acknowledged) {
            Ok((rows, sequence)) => {
                let lost_batches = acknowledged.saturating_sub(sequence);
                if lost_batches > 0 {
                    log::error!(
                        "{lost_batches} acknowledged batches of writes are gone, the last of \
                         {acknowledged}: bits were flipped, or the disk does not keep its word"
                    );
                }
                sweep_orphans(layout, &rows, lost_batches > 0)?;
                return Ok(Found {
                    rows,
                    put_aside: None,
                    restored_from: None,
                    sequence,
                    lost_batches,
                });
            }
            Err(error) if error.is_of_the_machine() => return Err(error),
            Err(error) => {
                let aside = put_it_aside(layout, &error)?;
                log::error!(
                    "the store will not open ({error}); it is kept in {}",
                    aside.display()
                );
                put_aside = Some(aside);
            }
        }
    }
    let restored_from = build(layout, cache_bytes)?;
    if let Some(export) = &restored_from {
        log::error!(
            "the store was built again from {}; what was written later is lost",
            export.display()
        );
    }
    let rows = Rows::open(&layout.db, cache_bytes)?;
    sweep_orphans(layout, &rows, true)?;
    let sequence = sequence_of(&rows)?;
    Ok(Found {
        rows,
        put_aside,
        restored_from,
        sequence,
        lost_batches: acknowledged.saturating_sub(sequence),
    })
}

/// Opens the rows and reads them: all of them, or after a proper close only the records. Also
/// the number of the last batch.
fn open_checked(
    layout: &Layout,
    cache_bytes: u64,
    all: bool,
    acknowledged: u64,
) -> Result<(Rows, u64), StoreError> {
    let rows = Rows::open(&layout.db, cache_bytes)?;
    let judged = sequence_of(&rows).and_then(|sequence| {
        check(&rows, all || sequence < acknowledged)?;
        if sequence < acknowledged
            && let Some((path, exported)) = newest_export(layout)?
            && exported > sequence
        {
            return Err(StoreError::Damaged(format!(
                "it forgot batches {sequence} to {acknowledged}, and {} knows more",
                path.display()
            )));
        }
        Ok(sequence)
    });
    match judged {
        Ok(sequence) => Ok((rows, sequence)),
        Err(error) => {
            rows.close();
            Err(error)
        }
    }
}

/// The number of the last batch.
fn sequence_of(rows: &Rows) -> Result<u64, StoreError> {
    let Some(row) = rows.get(keys::SEQUENCE_KEY)? else {
        return Ok(0);
    };
    let number = <[u8; 8]>::try_from(&row[..]);
    number
        .map(u64::from_le_bytes)
        .map_err(|_| StoreError::Damaged("the number of its last batch is unreadable".to_owned()))
}

/// The newest export that is whole, and the number of the last batch in it.
fn newest_export(layout: &Layout) -> Result<Option<(PathBuf, u64)>, StoreError> {
    for path in export::list(layout)?.into_iter().rev() {
        match export::verify(&path) {
            Ok(sequence) => return Ok(Some((path, sequence))),
            Err(error) if error.is_of_the_machine() => return Err(error),
            Err(error) => log::error!("{error}"),
        }
    }
    Ok(None)
}

fn check(rows: &Rows, all: bool) -> Result<(), StoreError> {
    let damaged = |what: &str| StoreError::Damaged(what.to_owned());
    let format = rows
        .get(keys::FORMAT_KEY)?
        .ok_or_else(|| damaged("it does not say its format"))?;
    let format =
        <[u8; 4]>::try_from(&format[..]).map_err(|_| damaged("its format is unreadable"))?;
    let found = u32::from_le_bytes(format);
    if found > keys::FORMAT {
        return Err(StoreError::Newer {
            found,
            known: keys::FORMAT,
        });
    }
    if all {
        return check_all(rows);
    }
    let prefix = [keys::RECORD];
    rows.scan(&prefix, &prefix, |_, row| match records::place(&row) {
        Some(_) => Ok(true),
        None => Err(damaged("a record has an unknown form")),
    })
}

/// Reads every row and counts what each namespace holds. A count that does not fit is put
/// right: the rows are what was acknowledged, the count only follows from them.
fn check_all(rows: &Rows) -> Result<(), StoreError> {
    let damaged = || StoreError::Damaged("a row cannot be read".to_owned());
    let mut counted: HashMap<NamespaceId, Usage> = HashMap::new();
    let mut noted: HashMap<NamespaceId, Usage> = HashMap::new();
    rows.scan(b"", b"", |key, row| {
        match key.first() {
            Some(&keys::ENTRY) => {
                let (namespace, name) = keys::parse_entry(key).ok_or_else(damaged)?;
                let name = std::str::from_utf8(name).map_err(|_| damaged())?;
                let usage = counted.entry(namespace).or_default();
                usage.bytes += write::decode(&row)?.weight(name);
                usage.keys += 1;
            }
            Some(&keys::USAGE) => {
                let namespace = key[1..]
                    .try_into()
                    .map(NamespaceId)
                    .map_err(|_| damaged())?;
                noted.insert(namespace, Usage::decode(&row).ok_or_else(damaged)?);
            }
            Some(&keys::RECORD) => {
                records::place(&row).ok_or_else(damaged)?;
            }
            Some(&keys::FILE) => {
                keys::parse_file(key).ok_or_else(damaged)?;
            }
            Some(&keys::EXPIRY) => {
                keys::parse_expiry(key).ok_or_else(damaged)?;
            }
            Some(&keys::META) => {}
            _ => return Err(damaged()),
        }
        Ok(true)
    })?;
    if counted == noted {
        return Ok(());
    }
    log::warn!("the usage of KV namespaces was not noted right; it is put right");
    let mut batch = Batch::default();
    for namespace in noted.keys() {
        if !counted.contains_key(namespace) {
            batch.remove(keys::usage(*namespace));
        }
    }
    for (namespace, usage) in counted {
        batch.put(keys::usage(namespace), &usage.encode());
    }
    rows.apply(batch)
}

/// Removes files that no row names, and says which named ones are missing. Where rows were
/// lost, their files are not removed but put aside.
fn sweep_orphans(layout: &Layout, rows: &Rows, rows_lost: bool) -> Result<(), StoreError> {
    let values = Values::new(layout.values.clone());
    let mut there: HashSet<FileId> = values.list()?.into_iter().collect();
    let prefix = [keys::FILE];
    rows.scan(&prefix, &prefix, |key, _| {
        if let Some(id) = keys::parse_file(key)
            && !there.remove(&id)
        {
            log::error!(
                "{} is missing; its value is lost",
                values.path(id).display()
            );
        }
        Ok(true)
    })?;
    if there.is_empty() {
        return Ok(());
    }
    if !rows_lost {
        return there.into_iter().try_for_each(|id| values.remove(id));
    }
    let aside = aside(layout)?;
    for id in there {
        rename(&values.path(id), &values::path(&aside, id))?;
    }
    sync_dir(&aside)?;
    sync_dir(&layout.values)
}

/// A new directory for what is put aside.
pub(super) fn aside(layout: &Layout) -> Result<PathBuf, StoreError> {
    create_dir(&layout.damaged)?;
    let now = layout::seconds_now();
    let mut aside = layout.damaged.join(format!("{now}"));
    for again in 1.. {
        match fs::create_dir(&aside) {
            Ok(()) => break,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                aside = layout.damaged.join(format!("{now}-{again}"));
            }
            Err(error) => return Err(StoreError::io("create directory", &aside)(error)),
        }
    }
    sync_dir(&layout.damaged)?;
    Ok(aside)
}

/// Moves the rows and the values to a directory of their own.
fn put_it_aside(layout: &Layout, error: &StoreError) -> Result<PathBuf, StoreError> {
    let aside = aside(layout)?;
    let why = aside.join("why.txt");
    fs::write(&why, format!("{error}\n")).map_err(StoreError::io("write", &why))?;
    // The values first: rows without values are damaged still, and found again; values
    // without rows would be swept.
    rename(&layout.values, &aside.join("values"))?;
    sync_dir(&aside)?;
    rename(&layout.db, &aside.join("db"))?;
    sync_dir(&aside)?;
    create_dir(&layout.values)?;
    sync_dir(&layout.dir)?;
    Ok(aside)
}

/// Moves something, or has done so already.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    match fs::rename(from, to) {
        // Moved already, by an attempt that a power cut ended.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(StoreError::io("move", from)),
    }
}

/// Builds the rows from the newest export that is whole, or empty where there is none.
fn build(layout: &Layout, cache_bytes: u64) -> Result<Option<PathBuf>, StoreError> {
    let source = newest_export(layout)?.map(|(path, _)| path);
    let rows = Rows::open(&layout.building, cache_bytes)?;
    match &source {
        Some(path) => export::restore(path, layout, &rows)?,
        None => {
            let mut batch = Batch::default();
            batch.put(keys::FORMAT_KEY.to_vec(), &keys::FORMAT.to_le_bytes());
            rows.apply(batch)?;
        }
    }
    rows.flush()?;
    rows.sync()?;
    rows.close();
    sync_tree(&layout.building)?;
    rename(&layout.building, &layout.db)?;
    sync_dir(&layout.dir)?;
    Ok(source)
}
