//! What waits to be exported: bounded in bytes, the newest go without room.

use crate::observe::Record;
use std::collections::VecDeque;
use std::sync::Arc;

/// What an entry costs beside its texts.
const OVERHEAD: usize = 64;

/// What is exported as log records.
#[derive(Clone, Debug)]
pub enum Entry {
    /// What an invocation logged and threw.
    Invocation(Arc<Record>),
    /// What the daemon logged.
    Line(Line),
}

/// A line of the daemon's own log.
#[derive(Clone, Debug)]
pub struct Line {
    pub level: log::Level,
    /// Nanoseconds since 1970.
    pub at_ns: u64,
    pub module: String,
    pub message: String,
}

impl Entry {
    fn bytes(&self) -> usize {
        OVERHEAD
            + match self {
                Self::Invocation(record) => record.bytes(),
                Self::Line(line) => line.module.len() + line.message.len(),
            }
    }
}

/// Entries, oldest first.
#[derive(Debug)]
pub struct Queue {
    bytes_max: usize,
    bytes: usize,
    entries: VecDeque<Entry>,
}

impl Queue {
    pub fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            bytes: 0,
            entries: VecDeque::new(),
        }
    }

    /// Takes an entry if there is room.
    pub fn push(&mut self, entry: Entry) -> bool {
        let bytes = entry.bytes();
        let fits = self.bytes + bytes <= self.bytes_max;
        if fits {
            self.bytes += bytes;
            self.entries.push_back(entry);
        }
        fits
    }

    pub fn is_half_full(&self) -> bool {
        self.bytes > self.bytes_max / 2
    }

    /// Takes out the oldest.
    pub fn take(&mut self, most: usize) -> Vec<Entry> {
        let most = most.min(self.entries.len());
        let taken: Vec<Entry> = self.entries.drain(..most).collect();
        self.bytes -= taken.iter().map(Entry::bytes).sum::<usize>();
        taken
    }

    /// Puts back what was taken, as far as there is room still; gives how many had none.
    pub fn put_back(&mut self, mut taken: Vec<Entry>) -> usize {
        let mut lost = 0;
        while let Some(entry) = taken.pop() {
            let bytes = entry.bytes();
            if lost > 0 || self.bytes + bytes > self.bytes_max {
                lost += 1;
                continue;
            }
            self.bytes += bytes;
            self.entries.push_front(entry);
        }
        lost
    }
}
