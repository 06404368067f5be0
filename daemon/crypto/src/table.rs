//! The keys of one isolate, by the numbers that its guest chose.

use crate::hashes::Running;
use crate::key::{KeptKey, Key};
use crate::{Result, no};
use postern_abi::crypto::{CryptoStatus, Hash};
use postern_abi::limits::{CRYPTO_BYTES_MAX, CRYPTO_KEYS_MAX};
use std::collections::HashMap;
use std::sync::Arc;

/// What a number stands for.
enum Entry {
    Key(Arc<Key>),
    Running(Hash, Box<Running>),
}

/// Bytes that a digest under way takes.
const RUNNING: usize = 512;

/// The keys and unfinished digests of one isolate.
#[derive(Default)]
pub struct Keys {
    entries: HashMap<u32, Entry>,
    bytes: usize,
}

/// The keys that a Worker's global scope made, which every isolate begins with.
#[derive(Clone, Default)]
pub struct Kept(Arc<Vec<(u32, Arc<Key>)>>);

impl Kept {
    /// Reads what [`Keys::keep`] gave.
    ///
    /// # Errors
    /// When it is something else.
    pub fn read(bytes: &[u8]) -> std::result::Result<Self, String> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let kept: Vec<(u32, KeptKey)> =
            postcard::from_bytes(bytes).map_err(|error| format!("kept keys: {error}"))?;
        let keys = kept
            .iter()
            .map(|(id, key)| Ok((*id, Arc::new(Key::restore(key)?))))
            .collect::<Result<Vec<_>>>()
            .map_err(|refused| format!("kept keys: {:?}", refused.status))?;
        Ok(Self(Arc::new(keys)))
    }
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Kept({} keys)", self.0.len())
    }
}

impl Keys {
    /// A table that begins with these.
    pub fn of(kept: &Kept) -> Self {
        let mut keys = Self::default();
        for (id, key) in kept.0.iter() {
            keys.bytes += key.weight();
            keys.entries.insert(*id, Entry::Key(key.clone()));
        }
        keys
    }

    /// All keys, for [`Kept::read`]; empty if there are none. Digests under way are left out.
    ///
    /// # Errors
    /// When a key cannot be written.
    pub fn keep(&self) -> std::result::Result<Vec<u8>, String> {
        let mut kept = Vec::new();
        for (id, entry) in &self.entries {
            if let Entry::Key(key) = entry {
                let key = key.keep();
                kept.push((*id, key.map_err(|refused| format!("{:?}", refused.status))?));
            }
        }
        if kept.is_empty() {
            return Ok(Vec::new());
        }
        kept.sort_by_key(|(id, _)| *id);
        postcard::to_allocvec(&kept).map_err(|error| error.to_string())
    }

    /// How many keys and digests there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes that they take, about.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn key(&self, id: u32) -> Option<&Arc<Key>> {
        match self.entries.get(&id)? {
            Entry::Key(key) => Some(key),
            Entry::Running(..) => None,
        }
    }

    /// The function of a digest under way.
    pub(crate) fn running(&self, id: u32) -> Option<Hash> {
        match self.entries.get(&id)? {
            Entry::Running(hash, _) => Some(*hash),
            Entry::Key(_) => None,
        }
    }

    fn add(&mut self, id: u32, entry: Entry, weight: usize) -> Result<()> {
        if self.entries.contains_key(&id) {
            return no(CryptoStatus::BadCall);
        }
        if self.entries.len() >= CRYPTO_KEYS_MAX || self.bytes + weight > CRYPTO_BYTES_MAX {
            return no(CryptoStatus::Full);
        }
        self.bytes += weight;
        self.entries.insert(id, entry);
        Ok(())
    }

    pub(crate) fn insert(&mut self, id: u32, key: Key) -> Result<()> {
        let weight = key.weight();
        self.add(id, Entry::Key(Arc::new(key)), weight)
    }

    pub(crate) fn begin(&mut self, id: u32, hash: Hash, key: Option<u32>) -> Result<()> {
        let running = match key {
            None => Running::new(hash, None)?,
            Some(key) => match self.key(key).map(Arc::as_ref) {
                Some(Key::Secret(secret)) => Running::new(hash, Some(secret))?,
                _ => return no(CryptoStatus::WrongKey),
            },
        };
        self.add(id, Entry::Running(hash, Box::new(running)), RUNNING)
    }

    pub(crate) fn update(&mut self, id: u32, data: &[u8]) -> Result<()> {
        match self.entries.get_mut(&id) {
            Some(Entry::Running(_, running)) => {
                running.update(data);
                Ok(())
            }
            _ => no(CryptoStatus::WrongKey),
        }
    }

    pub(crate) fn end(&mut self, id: u32) -> Result<Vec<u8>> {
        match self.entries.remove(&id) {
            Some(Entry::Running(_, running)) => {
                self.bytes -= RUNNING;
                Ok(running.end())
            }
            Some(other) => {
                self.entries.insert(id, other);
                no(CryptoStatus::WrongKey)
            }
            None => no(CryptoStatus::WrongKey),
        }
    }

    pub(crate) fn forget(&mut self, id: u32) {
        match self.entries.remove(&id) {
            Some(Entry::Key(key)) => self.bytes -= key.weight(),
            Some(Entry::Running(..)) => self.bytes -= RUNNING,
            None => {}
        }
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({})", self.entries.len())
    }
}
