//! Bytes that are counted for as long as anybody has them: of a body that is read whole, and of an answer that is
//! there whole while its client takes it.

use super::Engine;
use super::limits::Failure;
use crate::ledger::{Budget, Share};
use bytes::Bytes;

/// Bytes, and what was taken of a budget for them.
pub struct Held {
    bytes: Vec<u8>,
    share: Share,
    /// What they are, for who is refused more.
    what: &'static str,
}

impl Held {
    /// None yet, to be counted in this budget.
    pub fn new(what: &'static str, budget: &Budget) -> Self {
        Self {
            bytes: Vec::new(),
            share: budget.nothing(),
            what,
        }
    }

    /// Bytes that are there already.
    ///
    /// # Errors
    /// When there is no room for them.
    pub fn of(
        mut bytes: Vec<u8>,
        what: &'static str,
        budget: &Budget,
        engine: &Engine,
    ) -> Result<Self, Failure> {
        bytes.shrink_to_fit();
        let mut held = Self::new(what, budget);
        held.count(bytes.len(), engine)?;
        held.bytes = bytes;
        Ok(held)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Adds some.
    ///
    /// # Errors
    /// When there is no room for them.
    pub fn extend(&mut self, part: &[u8], engine: &Engine) -> Result<(), Failure> {
        let len = self.bytes.len() + part.len();
        if len > self.bytes.capacity() {
            let room = len.saturating_add(len / 2);
            self.count(room, engine)?;
            self.bytes.reserve_exact(room - self.bytes.len());
        }
        self.bytes.extend_from_slice(part);
        Ok(())
    }

    /// Has room for so many in all.
    fn count(&mut self, room: usize, engine: &Engine) -> Result<(), Failure> {
        let more = (room as u64).saturating_sub(self.share.bytes());
        while !self.share.grow(more) {
            let budget = self.share.budget();
            if !engine.evict_one(budget) {
                let why = format!("no memory for {}", self.what);
                return Err(Failure::Overloaded {
                    reason: engine.shortage(budget, &why, &[(self.what, more)]),
                    retry_after_s: 1,
                    bound: Some(engine.short_of(budget, more)),
                });
            }
        }
        Ok(())
    }
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl From<Held> for Bytes {
    fn from(held: Held) -> Self {
        Self::from_owner(held)
    }
}
