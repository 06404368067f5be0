//! A change to rows that is being put together: what it will write, over what is there.

use super::error::StoreError;
use super::keys;
use super::rows::{Batch, ROW_MAX, Rows};
use super::values::{FileId, NewFile};
use bytes::Bytes;
use std::collections::HashMap;

/// Writes that will be applied together. Reading through it sees them already.
pub(super) struct Change<'a> {
    rows: &'a Rows,
    writes: HashMap<Vec<u8>, Option<Bytes>>,
    /// What `writes` held under a key before the last [`Change::mark`], newest last.
    undo: Vec<(Vec<u8>, Option<Option<Bytes>>)>,
    /// Files that no row names any more once this is durable.
    doomed: Vec<FileId>,
    /// Files that rows of this change name.
    files: Vec<NewFile>,
    marked: (usize, usize),
}

impl<'a> Change<'a> {
    pub fn new(rows: &'a Rows) -> Self {
        Self {
            rows,
            writes: HashMap::new(),
            undo: Vec::new(),
            doomed: Vec::new(),
            files: Vec::new(),
            marked: (0, 0),
        }
    }

    pub fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        match self.writes.get(key) {
            Some(written) => Ok(written.clone()),
            None => Ok(self.rows.get(key)?.map(|row| row.tail(0))),
        }
    }

    pub fn rows(&self) -> &'a Rows {
        self.rows
    }

    pub fn put(&mut self, key: Vec<u8>, value: impl Into<Bytes>) {
        self.write(key, Some(value.into()));
    }

    pub fn remove(&mut self, key: Vec<u8>) {
        self.write(key, None);
    }

    fn write(&mut self, key: Vec<u8>, value: Option<Bytes>) {
        debug_assert!(
            value.as_ref().is_none_or(|value| value.len() <= ROW_MAX),
            "large values go to files"
        );
        let before = self.writes.insert(key.clone(), value);
        self.undo.push((key, before));
    }

    /// A row names this file from now on.
    pub fn own(&mut self, file: NewFile, owner: &[u8]) {
        self.put(keys::file(file.id), owner.to_vec());
        self.files.push(file);
    }

    /// No row names this file any more.
    pub fn doom(&mut self, id: FileId) {
        self.remove(keys::file(id));
        self.doomed.push(id);
    }

    /// The point that [`Change::back`] goes back to.
    pub fn mark(&mut self) {
        self.undo.clear();
        self.marked = (self.doomed.len(), self.files.len());
    }

    /// Forgets everything since the mark; files made for it are removed.
    pub fn back(&mut self) {
        for (key, before) in self.undo.drain(..).rev() {
            match before {
                Some(value) => self.writes.insert(key, value),
                None => self.writes.remove(&key),
            };
        }
        self.doomed.truncate(self.marked.0);
        self.files.truncate(self.marked.1);
    }

    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// The keys that it writes.
    pub fn keys(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.writes.keys()
    }

    /// The finished batch, and the files to remove once it is durable. From here on the
    /// files it names belong to their rows, whether or not applying it fails half-way.
    pub fn finish(self) -> (Batch, Vec<FileId>) {
        let mut batch = Batch::default();
        for (key, value) in self.writes {
            match value {
                Some(value) => batch.put(key, &value),
                None => batch.remove(key),
            }
        }
        for file in self.files {
            file.keep();
        }
        (batch, self.doomed)
    }
}
