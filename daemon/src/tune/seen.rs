//! Invocations as they were, in a ring: the newest, 20 bytes each.
//!
//! Exact are microseconds, and subrequests up to 32,767; fuel is up to 67,108,863, and to one in
//! 33,554,432 above, rounded up; memory is to 1 KiB, rounded up.

use super::slot::Figures;
use serde::{Deserialize, Serialize};

/// One invocation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// When it ended: minutes of the recorder's clock.
    pub minute: u32,
    /// Whose: the tenant's number.
    pub tenant: u16,
    /// Subrequests, and in the highest bit whether a limit cut it.
    subrequests: u16,
    /// Fuel, as [`pack`] has it.
    fuel: u32,
    wall_us: u32,
    memory_kib: u32,
}

/// Bits of a packed number's digits; the other six say how far they are shifted.
const DIGITS: u32 = 26;
const CUT: u16 = 0x8000;

/// A number in 32 bits, rounded up; the order of numbers is that of what they are packed into.
fn pack(number: u64) -> u32 {
    let bits = u64::BITS - number.leading_zeros();
    let mut shift = bits.saturating_sub(DIGITS);
    let mut digits = number >> shift;
    if digits << shift != number {
        digits += 1;
    }
    if digits >> DIGITS != 0 {
        digits >>= 1;
        shift += 1;
    }
    // At most 38 and 26 bits: nothing is cut off.
    shift << DIGITS | digits as u32
}

fn unpack(packed: u32) -> u64 {
    let digits = u64::from(packed & ((1 << DIGITS) - 1));
    // Only what no number is packed into would be shifted out.
    digits.checked_shl(packed >> DIGITS).unwrap_or(u64::MAX)
}

impl Seen {
    /// What an invocation used, as it is kept.
    pub fn new(minute: u32, tenant: u16, figures: &Figures) -> Self {
        let [fuel, memory, wall, subrequests] = figures.values;
        let less = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let count = u16::try_from(subrequests).unwrap_or(u16::MAX).min(CUT - 1);
        Self {
            minute,
            tenant,
            subrequests: count | if figures.cut { CUT } else { 0 },
            fuel: pack(fuel),
            wall_us: less(wall),
            memory_kib: less(memory.div_ceil(1024)),
        }
    }

    /// What it used.
    pub fn figures(&self) -> Figures {
        Figures {
            values: [
                unpack(self.fuel),
                u64::from(self.memory_kib) * 1024,
                u64::from(self.wall_us),
                u64::from(self.subrequests & !CUT),
            ],
            cut: self.subrequests & CUT != 0,
        }
    }
}

/// The newest invocations: as many as there is room for, which is taken once.
#[derive(Clone)]
pub struct Ring {
    seen: Vec<Seen>,
    capacity: usize,
    /// Where the next goes, once it is full.
    next: usize,
    /// Since which minute none is missing.
    whole_since: u32,
}

impl Ring {
    /// An empty one of this capacity, at least one.
    pub fn new(capacity: usize) -> Self {
        let capacity = capacity.max(1);
        Self {
            seen: Vec::with_capacity(capacity),
            capacity,
            next: 0,
            whole_since: 0,
        }
    }

    /// Takes one more; the oldest goes if it is full.
    pub fn push(&mut self, seen: Seen) {
        if self.seen.len() < self.capacity {
            self.seen.push(seen);
            return;
        }
        let gone = std::mem::replace(&mut self.seen[self.next], seen);
        // Others of that minute may be there still, but not all.
        self.whole_since = self.whole_since.max(gone.minute + 1);
        self.next = (self.next + 1) % self.capacity;
    }

    /// The minute since which every invocation is here.
    pub fn whole_since(&self) -> u32 {
        self.whole_since
    }

    /// None of this minute or before is to be believed in: something is missing.
    pub fn lost_until(&mut self, minute: u32) {
        self.whole_since = self.whole_since.max(minute);
    }

    /// Invocations that are here.
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// All of them, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Seen> {
        let (new, old) = self.seen.split_at(self.next);
        old.iter().chain(new)
    }

    /// Those that ended in this minute or later, newest first.
    pub fn since(&self, minute: u32) -> impl Iterator<Item = &Seen> {
        self.iter().rev().take_while(move |it| it.minute >= minute)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn fuel_is_exact_or_nearly(a: u64, b: u64, small in 0..1u64 << DIGITS) {
            prop_assert_eq!(unpack(pack(small)), small);
            let a = a >> 1;
            let told = unpack(pack(a));
            prop_assert!(told >= a && told - a <= a >> (DIGITS - 1));
            let b = b >> 1;
            prop_assert!(a > b || pack(a) <= pack(b));
        }

        #[test]
        fn whatever_was_stored_can_be_read(packed: u32) {
            unpack(packed);
        }
    }

    #[test]
    fn the_oldest_goes_and_is_missed() {
        let mut ring = Ring::new(3);
        let minutes = |ring: &Ring| ring.iter().map(|it| it.minute).collect::<Vec<_>>();
        for minute in [1, 1, 2] {
            ring.push(Seen::new(minute, 0, &Figures::default()));
        }
        assert_eq!((minutes(&ring), ring.whole_since()), (vec![1, 1, 2], 0));
        ring.push(Seen::new(4, 0, &Figures::default()));
        assert_eq!((minutes(&ring), ring.whole_since()), (vec![1, 2, 4], 2));
        assert_eq!(ring.since(2).count(), 2);
        assert_eq!(size_of::<Seen>(), 20);
    }
}
