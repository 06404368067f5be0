//! What is kept, whose it is, and what goes first when there is no more room. No file is touched
//! here; who calls removes those that are named.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

/// Whose an answer is: others do not find it, and it counts against their share.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Owner(Arc<str>);

impl Owner {
    /// The owner of this name, which nobody else may have.
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    pub(super) fn name(&self) -> &str {
        &self.0
    }
}

/// Names an answer: a hash of its owner, cache and URL.
pub type Key = [u8; 16];

/// An answer that is kept.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Whose it is.
    pub owner: Owner,
    /// The number of its file.
    pub file: u64,
    /// Bytes of its status and fields, which the file begins with.
    pub head: u32,
    /// Bytes of its body.
    pub len: u64,
    /// Whether that was known before its end.
    pub is_sized: bool,
    /// Bytes that it counts for.
    pub bytes: u64,
    /// From then on it is not found.
    pub expires: Instant,
}

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes of all answers.
    pub bytes: u64,
    /// Bytes of one owner's.
    pub owner_bytes: u64,
    /// How many answers.
    pub entries: usize,
}

impl Bounds {
    /// How many answers an owner may have: the same part of them as of the bytes.
    fn owner_entries(&self) -> usize {
        let share = self.owner_bytes.saturating_mul(self.entries as u64) / self.bytes.max(1);
        usize::try_from(share)
            .unwrap_or(self.entries)
            .clamp(1, self.entries.max(1))
    }
}

/// Answers in the order of their last use.
type Order = BTreeMap<u64, Key>;

#[derive(Default)]
struct Share {
    /// Bytes that are kept or being written.
    bytes: u64,
    order: Order,
}

/// What is kept.
pub struct Index {
    bounds: Bounds,
    entries: HashMap<Key, (u64, Entry)>,
    order: Order,
    shares: HashMap<Owner, Share>,
    bytes: u64,
    /// Grows with every use.
    clock: u64,
}

impl Index {
    /// Nothing, within these bounds.
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            entries: HashMap::new(),
            order: Order::new(),
            shares: HashMap::new(),
            bytes: 0,
            clock: 0,
        }
    }

    /// Bytes and answers there are.
    pub fn size(&self) -> (u64, usize) {
        (self.bytes, self.entries.len())
    }

    /// The answer of this key, which is the one used last from now on. One that has expired goes:
    /// its file is the error.
    pub fn find(&mut self, key: &Key, now: Instant) -> Result<Option<Entry>, u64> {
        let Some((_, entry)) = self.entries.get(key) else {
            return Ok(None);
        };
        if entry.expires <= now {
            return match self.remove(key) {
                Some(file) => Err(file),
                None => Ok(None),
            };
        }
        self.clock += 1;
        let clock = self.clock;
        let Some((used, entry)) = self.entries.get_mut(key) else {
            return Ok(None);
        };
        let before = std::mem::replace(used, clock);
        let entry = entry.clone();
        self.order.remove(&before);
        self.order.insert(clock, *key);
        if let Some(share) = self.shares.get_mut(&entry.owner) {
            share.order.remove(&before);
            share.order.insert(clock, *key);
        }
        Ok(Some(entry))
    }

    /// Makes room for `more` bytes of an owner's, which count as used from now on; false if there
    /// is none to be made. `gone` gets the files of the answers that had to go for it.
    pub fn reserve(&mut self, owner: &Owner, more: u64, gone: &mut Vec<u64>) -> bool {
        loop {
            let share = self.shares.get(owner);
            let used = share.map_or(0, |share| share.bytes);
            let oldest = if used.saturating_add(more) > self.bounds.owner_bytes {
                share.and_then(|share| share.order.first_key_value())
            } else if self.bytes.saturating_add(more) > self.bounds.bytes {
                self.order.first_key_value()
            } else {
                break;
            };
            let oldest = oldest.map(|(_, key)| *key);
            match oldest.and_then(|key| self.remove(&key)) {
                Some(file) => gone.push(file),
                // All the rest is being written.
                None => return false,
            }
        }
        self.shares.entry(owner.clone()).or_default().bytes += more;
        self.bytes += more;
        true
    }

    /// Gives back what was reserved.
    pub fn release(&mut self, owner: &Owner, bytes: u64) {
        self.bytes = self.bytes.saturating_sub(bytes);
        if let Some(share) = self.shares.get_mut(owner) {
            share.bytes = share.bytes.saturating_sub(bytes);
            if share.bytes == 0 && share.order.is_empty() {
                self.shares.remove(owner);
            }
        }
    }

    /// Keeps an answer, whose bytes were reserved, in the place of one of the same key. `gone` gets
    /// the files of those that had to go for it.
    pub fn keep(&mut self, key: Key, entry: Entry, gone: &mut Vec<u64>) {
        gone.extend(self.remove(&key));
        let of_owner = |index: &Self| {
            let share = index.shares.get(&entry.owner)?;
            let full = share.order.len() >= index.bounds.owner_entries();
            full.then(|| share.order.first_key_value().map(|(_, key)| *key))?
        };
        let of_all = |index: &Self| {
            let full = index.entries.len() >= index.bounds.entries;
            full.then(|| index.order.first_key_value().map(|(_, key)| *key))?
        };
        if let Some(oldest) = of_owner(self).or_else(|| of_all(self)) {
            gone.extend(self.remove(&oldest));
        }
        self.clock += 1;
        let share = self.shares.entry(entry.owner.clone()).or_default();
        share.order.insert(self.clock, key);
        self.order.insert(self.clock, key);
        self.entries.insert(key, (self.clock, entry));
    }

    /// Forgets an answer; gives its file.
    pub fn remove(&mut self, key: &Key) -> Option<u64> {
        let (used, entry) = self.entries.remove(key)?;
        self.order.remove(&used);
        if let Some(share) = self.shares.get_mut(&entry.owner) {
            share.order.remove(&used);
        }
        self.release(&entry.owner, entry.bytes);
        Some(entry.file)
    }

    /// Forgets an answer if it still lies in this file; gives that.
    pub fn remove_file(&mut self, key: &Key, file: u64) -> Option<u64> {
        self.entries
            .get(key)
            .filter(|(_, entry)| entry.file == file)?;
        self.remove(key)
    }

    /// Forgets all of an owner's answers; gives their files.
    pub fn forget(&mut self, owner: &Owner) -> Vec<u64> {
        let keys: Vec<Key> = match self.shares.get(owner) {
            Some(share) => share.order.values().copied().collect(),
            None => Vec::new(),
        };
        keys.iter().filter_map(|key| self.remove(key)).collect()
    }

    /// Forgets what has expired; gives its files.
    pub fn expire(&mut self, now: Instant) -> Vec<u64> {
        let expired = self
            .entries
            .iter()
            .filter(|(_, (_, entry))| entry.expires <= now);
        let keys: Vec<Key> = expired.map(|(key, _)| *key).collect();
        keys.iter().filter_map(|key| self.remove(key)).collect()
    }

    /// The files that answers lie in.
    pub fn files(&self) -> impl Iterator<Item = u64> + '_ {
        self.entries.values().map(|(_, entry)| entry.file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    const BOUNDS: Bounds = Bounds {
        bytes: 100,
        owner_bytes: 60,
        entries: 10,
    };

    fn put(index: &mut Index, owner: &Owner, name: u8, bytes: u64) -> Option<Vec<u64>> {
        let mut gone = Vec::new();
        if !index.reserve(owner, bytes, &mut gone) {
            return None;
        }
        let entry = Entry {
            owner: owner.clone(),
            file: name.into(),
            head: 0,
            len: 0,
            is_sized: true,
            bytes,
            expires: Instant::now() + Duration::from_secs(60),
        };
        index.keep([name; 16], entry, &mut gone);
        Some(gone)
    }

    fn finds(index: &mut Index, name: u8) -> bool {
        matches!(index.find(&[name; 16], Instant::now()), Ok(Some(_)))
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let mut index = Index::new(BOUNDS);
        let (a, b) = (Owner::new("a"), Owner::new("b"));
        assert_eq!(put(&mut index, &a, 1, 30), Some(vec![]));
        assert_eq!(put(&mut index, &a, 2, 30), Some(vec![]));
        assert!(finds(&mut index, 1));
        // An owner's own go, not others'.
        assert_eq!(put(&mut index, &b, 3, 40), Some(vec![]));
        assert_eq!(put(&mut index, &a, 4, 30), Some(vec![2]));
        // Then the oldest of all.
        assert_eq!(put(&mut index, &b, 5, 20), Some(vec![1]));
        assert_eq!(index.size(), (90, 3));
        assert_eq!(put(&mut index, &a, 6, 61), None);
        assert_eq!(index.forget(&b), [3, 5]);
        assert_eq!(put(&mut index, &a, 7, 10), Some(vec![]));
        assert_eq!(put(&mut index, &a, 7, 10), Some(vec![7]));
    }

    #[test]
    fn what_is_being_written_makes_no_room() {
        let mut index = Index::new(BOUNDS);
        let (a, b) = (Owner::new("a"), Owner::new("b"));
        assert!(index.reserve(&a, 60, &mut Vec::new()));
        assert!(!index.reserve(&a, 1, &mut Vec::new()));
        assert!(!index.reserve(&b, 41, &mut Vec::new()));
        index.release(&a, 60);
        assert!(index.reserve(&b, 41, &mut Vec::new()));
        assert_eq!(index.size(), (41, 0));
    }

    #[test]
    fn what_has_expired_is_not_found() {
        let mut index = Index::new(BOUNDS);
        let owner = Owner::new("a");
        put(&mut index, &owner, 1, 1);
        put(&mut index, &owner, 2, 1);
        let later = Instant::now() + Duration::from_secs(61);
        assert!(matches!(index.find(&[1; 16], later), Err(1)));
        assert_eq!(index.expire(later), [2]);
        assert_eq!(index.size(), (0, 0));
    }

    proptest! {
        #[test]
        fn bounds_hold(steps in proptest::collection::vec((0u8..3, 0u8..40, 0u64..50, 0u8..4), 1..200)) {
            let mut index = Index::new(BOUNDS);
            let owners = ["a", "b", "c"].map(Owner::new);
            for (owner, name, bytes, what) in steps {
                let owner = &owners[usize::from(owner)];
                match what {
                    0 => drop(index.remove(&[name; 16])),
                    1 => drop(index.find(&[name; 16], Instant::now())),
                    2 if bytes == 0 => drop(index.forget(owner)),
                    _ => drop(put(&mut index, owner, name, bytes)),
                }
                let (bytes, entries) = index.size();
                prop_assert!(bytes <= BOUNDS.bytes && entries <= BOUNDS.entries);
                let kept: u64 = index.entries.values().map(|(_, entry)| entry.bytes).sum();
                prop_assert_eq!(kept, bytes);
                prop_assert_eq!(index.order.len(), entries);
                let shared: u64 = index.shares.values().map(|share| share.bytes).sum();
                prop_assert_eq!(shared, bytes);
                for share in index.shares.values() {
                    prop_assert!(share.bytes <= BOUNDS.owner_bytes);
                    prop_assert!(share.order.len() <= BOUNDS.owner_entries());
                }
            }
        }
    }
}
