//! Slots that are over, packed, of one length each: the last hours in minutes, the last day in hours.

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// One tenant's slot that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// Which slot: its first minute, divided by a slot's minutes.
    pub slot: u32,
    /// Whose: the tenant's number.
    pub tenant: u16,
    /// What [`Slot::pack`] gave.
    pub packed: Box<[u8]>,
}

impl Block {
    /// Bytes it takes, with what keeps it in a queue and on the heap.
    fn bytes(&self) -> usize {
        size_of::<Self>() + 16 + self.packed.len()
    }
}

/// Slots of one length, within a number of bytes. The oldest go first.
#[derive(Clone)]
pub struct Level {
    /// Minutes of a slot.
    pub minutes: u32,
    /// Slots that are kept behind the current one.
    keep: u32,
    /// The slot that lasts.
    current: u32,
    blocks: VecDeque<Block>,
    bytes: usize,
    bytes_max: usize,
    /// The first minute of which every slot is here.
    whole_since: u32,
}

impl Level {
    /// An empty one.
    pub fn new(minutes: u32, keep: u32, bytes_max: usize) -> Self {
        Self {
            minutes,
            keep,
            current: 0,
            blocks: VecDeque::new(),
            bytes: 0,
            bytes_max,
            whole_since: 0,
        }
    }

    /// Whether this minute begins another slot than the one that lasts.
    pub fn is_over(&self, minute: u32) -> bool {
        minute / self.minutes != self.current
    }

    /// The slot that lasted is over, with these blocks; the one of this minute begins.
    pub fn turn(&mut self, minute: u32, over: impl Iterator<Item = (u16, Box<[u8]>)>) {
        let slot = self.current;
        for (tenant, packed) in over {
            self.push(Block {
                slot,
                tenant,
                packed,
            });
        }
        self.current = minute / self.minutes;
        let oldest = self.current.saturating_sub(self.keep);
        while self.blocks.front().is_some_and(|it| it.slot < oldest) {
            self.drop_oldest();
        }
    }

    /// Keeps one that is over.
    pub fn push(&mut self, block: Block) {
        let bytes = block.bytes();
        if bytes > self.bytes_max {
            self.whole_since = self.whole_since.max((block.slot + 1) * self.minutes);
            return;
        }
        while self.bytes + bytes > self.bytes_max {
            let slot = self.drop_oldest();
            self.whole_since = self.whole_since.max((slot + 1) * self.minutes);
        }
        self.bytes += bytes;
        self.blocks.push_back(block);
    }

    fn drop_oldest(&mut self) -> u32 {
        let Some(gone) = self.blocks.pop_front() else {
            return 0;
        };
        self.bytes -= gone.bytes();
        gone.slot
    }

    /// The minute since which every slot is here, as far as it is kept at all.
    pub fn whole_since(&self) -> u32 {
        self.whole_since
    }

    /// Something that was before this minute is missing.
    pub fn lost_until(&mut self, minute: u32) {
        self.whole_since = self.whole_since.max(minute);
    }

    /// Bytes that are in use.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The blocks that are kept, oldest first.
    pub fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.blocks.iter()
    }

    /// The blocks of slots that reach beyond minute `from` and begin before `until`.
    pub fn between(&self, from: u32, until: u32) -> impl Iterator<Item = &Block> {
        let minutes = self.minutes;
        self.blocks.iter().filter(move |it| {
            let begins = it.slot.saturating_mul(minutes);
            begins.saturating_add(minutes) > from && begins < until
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(level: &Level) -> Vec<u32> {
        level.blocks().map(|it| it.slot).collect()
    }

    #[test]
    fn slots_are_kept_for_a_while_and_within_their_bytes() {
        let block = size_of::<Block>() + 16 + 10;
        let mut level = Level::new(10, 3, block * 3);
        let over = || [(7u16, Box::from([0u8; 10]))].into_iter();
        for minute in [10, 20, 30, 40] {
            assert!(level.is_over(minute));
            level.turn(minute, over());
            assert!(!level.is_over(minute + 9));
        }
        assert_eq!(slots(&level), [1, 2, 3]);
        assert_eq!((level.bytes(), level.whole_since()), (block * 3, 10));
        // What is too old goes without being missed.
        level.turn(60, over());
        assert_eq!((slots(&level), level.whole_since()), (vec![3, 4], 20));
        let between = |from, until| {
            level
                .between(from, until)
                .map(|it| it.slot)
                .collect::<Vec<_>>()
        };
        assert_eq!(between(35, 40), [3]);
        assert_eq!(between(40, 100), [4]);
        assert_eq!(between(0, 30), [] as [u32; 0]);
        let huge = Block {
            slot: 5,
            tenant: 0,
            packed: Box::from([0; 4096]),
        };
        level.push(huge);
        assert_eq!((slots(&level), level.whole_since()), (vec![3, 4], 60));
    }
}
