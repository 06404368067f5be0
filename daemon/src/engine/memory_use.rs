//! What an isolate uses of the memory that all of them share.

use super::Engine;
use crate::ledger::{Budget, Share};
use wasmi::errors::{MemoryError, TableError};

/// Bytes of an isolate's memories and tables, counted as they grow.
#[derive(Debug)]
pub struct MemoryUse {
    limit: u64,
    memory: u64,
    tables: u64,
    /// What the host holds for the guest.
    held: u64,
    /// What the isolate uses that has a share of its own.
    elsewhere: u64,
    /// What is kept of a memory that is not there now.
    kept: u64,
    share: Share,
    /// Who has isolates that rest go when there is no room.
    pub engine: Option<Engine>,
    /// How attempts to grow ended, where that is written down: 0 refused, 1 granted, 2 refused for good.
    pub grown: Option<Vec<u8>>,
    /// Growth was refused since this was last looked at.
    pub refused: bool,
    /// Bytes that the budget did not have when it was; none where the limit was in the way.
    pub short: u64,
    /// Whether refused growth ends the isolate there and then, and the guest is not told: under
    /// JavaScript, a Worker could catch it and go on in a half-made state.
    pub is_final: bool,
}

/// Bytes that a table's element takes.
const ELEMENT: u64 = 8;

impl MemoryUse {
    /// Counts up to `limit` bytes, all of them taken from `budget`.
    pub fn new(limit: u64, budget: &Budget) -> Self {
        Self {
            limit,
            memory: 0,
            tables: 0,
            held: 0,
            elsewhere: 0,
            kept: 0,
            share: budget.nothing(),
            engine: None,
            grown: None,
            refused: false,
            short: 0,
            is_final: false,
        }
    }

    /// Counts a memory and tables that were there before this began; `false` if there is no room.
    pub fn adopt(&mut self, memory: u64, tables: u64) -> bool {
        self.grow(memory, tables)
    }

    /// Counts no memory and no tables from here on, but `kept` bytes of what was in them. What they
    /// took of the budget is given back.
    pub fn put_aside(&mut self, kept: u64) {
        (self.memory, self.tables) = (0, 0);
        self.kept = kept;
        self.share.shrink_to(self.held + kept);
    }

    /// Counts the kept bytes no more: they are in a memory again.
    pub fn taken_up(&mut self) {
        self.kept = 0;
        // What the host did to bring it back the guest has not done.
        if let Some(grown) = &mut self.grown {
            grown.clear();
        }
    }

    /// What was granted came to nothing: for want of fuel in this slice, and it is asked for again in the
    /// next one, or for good, which the guest is told.
    fn came_to_nothing(&mut self, is_asked_again: bool) {
        if let Some(grown) = &mut self.grown {
            grown.pop();
            if !is_asked_again {
                grown.push(0);
            }
        }
    }

    fn tell(&mut self, outcome: u8) {
        if let Some(grown) = &mut self.grown {
            grown.push(outcome);
        }
    }

    /// Bytes of tables.
    pub fn table_bytes(&self) -> u64 {
        self.tables
    }

    fn grow(&mut self, memory: u64, tables: u64) -> bool {
        let fits = self.fits(memory, tables, self.held);
        if fits {
            (self.memory, self.tables) = (memory, tables);
        } else {
            self.refused = true;
        }
        fits
    }

    /// Whether there is room for that much, which is taken from the budget if so.
    fn fits(&mut self, memory: u64, tables: u64, held: u64) -> bool {
        let all = memory.saturating_add(tables).saturating_add(held);
        let more = all
            .saturating_add(self.kept)
            .saturating_sub(self.share.bytes());
        self.short = 0;
        if all.saturating_add(self.elsewhere) > self.limit {
            return false;
        }
        loop {
            if self.share.grow(more) {
                return true;
            }
            let engine = self.engine.as_ref();
            if !engine.is_some_and(|engine| engine.evict_one(self.share.budget())) {
                self.short = more;
                return false;
            }
        }
    }

    /// Counts what has a share of its own against the limit.
    pub fn count_elsewhere(&mut self, bytes: u64) {
        self.elsewhere = bytes;
    }

    /// What the limit still allows.
    pub fn room(&self) -> u64 {
        self.limit.saturating_sub(self.bytes())
    }

    /// One that counts nothing, of nobody's budget.
    pub fn vacant(&self) -> Self {
        Self {
            is_final: self.is_final,
            ..Self::new(self.limit, &Budget::new("(nobody)", 0))
        }
    }

    /// An empty share of the same budget.
    pub fn sibling(&self) -> Share {
        self.share.sibling()
    }

    /// Counts what the host holds for the guest; `false` if there is no room for it.
    pub fn hold(&mut self, bytes: u64) -> bool {
        let fits = self.fits(self.memory, self.tables, bytes);
        if fits {
            self.held = bytes;
        }
        fits
    }

    /// Bytes of what lies on the daemon's heap and is counted here.
    pub fn on_heap(&self) -> u64 {
        self.tables + self.held
    }

    /// Bytes of what is neither memory nor tables.
    pub fn beside_memory(&self) -> u64 {
        self.held + self.elsewhere + self.kept
    }

    /// What it is taken from.
    pub fn budget(&self) -> &Budget {
        self.share.budget()
    }

    /// Bytes in use.
    pub fn bytes(&self) -> u64 {
        self.memory + self.tables + self.held + self.elsewhere + self.kept
    }
}

impl wasmi::ResourceLimiter for MemoryUse {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool, wasmi_core::LimiterError> {
        let fits = self.grow(desired as u64, self.tables);
        // What would never fit is an error of the program's, which it may catch.
        let is_absurd = desired.saturating_sub(current) as u64 > self.limit;
        if !fits && self.is_final && !is_absurd {
            self.tell(2);
            return Err(wasmi_core::LimiterError::ResourceLimiterDeniedAllocation);
        }
        self.refused &= !(self.is_final && is_absurd);
        self.tell(fits.into());
        Ok(fits)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool, wasmi_core::LimiterError> {
        let added = desired.saturating_sub(current) as u64 * ELEMENT;
        let fits = self.grow(self.memory, self.tables.saturating_add(added));
        self.tell(fits.into());
        Ok(fits)
    }

    fn memory_grow_failed(&mut self, error: &MemoryError) -> Result<(), wasmi_core::LimiterError> {
        self.came_to_nothing(matches!(error, MemoryError::OutOfFuel { .. }));
        Ok(())
    }

    fn table_grow_failed(&mut self, error: &TableError) -> Result<(), wasmi_core::LimiterError> {
        self.came_to_nothing(matches!(error, TableError::OutOfFuel { .. }));
        Ok(())
    }

    fn instances(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        100
    }

    fn memories(&self) -> usize {
        // wasmi counts the one that the host made and the one that the module imports.
        2
    }
}
