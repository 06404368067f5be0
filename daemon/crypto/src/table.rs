//! The keys of one isolate, by the numbers that its guest chose.

use crate::ciphers::parts::InParts;
use crate::hashes::{self, Running};
use crate::key::{KeptKey, Key};
use crate::{Result, no};
use postern_abi::crypto::{CryptoStatus, Hash, Mode};
use postern_abi::limits::{CRYPTO_BYTES_MAX, CRYPTO_KEYS_MAX};
use std::collections::HashMap;
use std::sync::Arc;

/// What a number stands for.
enum Entry {
    Key(Arc<Key>),
    Running(Hash, Box<dyn Running>),
    Cipher(Box<InParts>),
}

impl Entry {
    fn weight(&self) -> usize {
        match self {
            Self::Key(key) => key.weight(),
            Self::Running(..) => RUNNING,
            Self::Cipher(_) => CIPHER,
        }
    }
}

/// Bytes that a digest under way takes.
const RUNNING: usize = 512;
/// The same of a cipher.
const CIPHER: usize = 2048;

/// The keys, and the digests and ciphers under way, of one isolate.
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

    /// How many there are.
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
            Entry::Running(..) | Entry::Cipher(_) => None,
        }
    }

    /// The function of a digest under way.
    pub(crate) fn running(&self, id: u32) -> Option<Hash> {
        match self.entries.get(&id)? {
            Entry::Running(hash, _) => Some(*hash),
            Entry::Key(_) | Entry::Cipher(_) => None,
        }
    }

    fn add(&mut self, id: u32, entry: Entry) -> Result<()> {
        let weight = entry.weight();
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
        self.add(id, Entry::Key(Arc::new(key)))
    }

    fn secret(&self, id: u32) -> Result<&[u8]> {
        match self.key(id).map(Arc::as_ref) {
            Some(Key::Secret(secret)) => Ok(secret),
            _ => no(CryptoStatus::WrongKey),
        }
    }

    pub(crate) fn begin(&mut self, id: u32, hash: Hash, key: Option<u32>) -> Result<()> {
        let secret = key.map(|key| self.secret(key)).transpose()?;
        let running = hashes::begin(hash, secret)?;
        self.add(id, Entry::Running(hash, running))
    }

    pub(crate) fn copy(&mut self, id: u32, from: u32) -> Result<()> {
        let (hash, running) = match self.entries.get(&from) {
            Some(Entry::Running(hash, running)) => (*hash, running.copy()),
            _ => return no(CryptoStatus::WrongKey),
        };
        self.add(id, Entry::Running(hash, running))
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
        match self.take(id, |entry| matches!(entry, Entry::Running(..))) {
            Some(Entry::Running(_, running)) => Ok(running.end()),
            _ => no(CryptoStatus::WrongKey),
        }
    }

    pub(crate) fn begin_cipher(
        &mut self,
        id: u32,
        key: u32,
        mode: &Mode<'_>,
        encrypts: bool,
        pads: bool,
    ) -> Result<()> {
        let cipher = InParts::new(self.secret(key)?, mode, encrypts, pads)?;
        self.add(id, Entry::Cipher(Box::new(cipher)))
    }

    pub(crate) fn update_cipher(&mut self, id: u32, data: &[u8]) -> Result<Vec<u8>> {
        match self.entries.get_mut(&id) {
            Some(Entry::Cipher(cipher)) => cipher.update(data),
            _ => no(CryptoStatus::WrongKey),
        }
    }

    pub(crate) fn end_cipher(&mut self, id: u32, tag: &[u8]) -> Result<Vec<u8>> {
        match self.take(id, |entry| matches!(entry, Entry::Cipher(_))) {
            Some(Entry::Cipher(cipher)) => cipher.end(tag),
            _ => no(CryptoStatus::WrongKey),
        }
    }

    /// Takes an entry out if it is of the kind that is wanted.
    fn take(&mut self, id: u32, is_wanted: impl Fn(&Entry) -> bool) -> Option<Entry> {
        self.entries.get(&id).filter(|entry| is_wanted(entry))?;
        let entry = self.entries.remove(&id)?;
        self.bytes -= entry.weight();
        Some(entry)
    }

    pub(crate) fn forget(&mut self, id: u32) {
        self.take(id, |_| true);
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({})", self.entries.len())
    }
}
