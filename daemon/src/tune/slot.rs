//! The counts of one tenant in one slot of time: dense while it lasts, packed when it is over.

use super::measure::{BUCKETS, MEASURES, Measure};

/// What an invocation used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Fuel, bytes of memory, microseconds, subrequests: as in [`MEASURES`].
    pub values: [u64; 4],
    /// Whether a limit cut it.
    pub cut: bool,
}

/// Counts of one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Invocations.
    pub requests: u64,
    /// Those that a limit cut.
    pub cut: u64,
    /// The greatest figures.
    pub max: [u64; 4],
    counts: [u32; BUCKETS],
}

impl Default for Slot {
    fn default() -> Self {
        Self {
            requests: 0,
            cut: 0,
            max: [0; 4],
            counts: [0; BUCKETS],
        }
    }
}

impl Slot {
    /// Counts one more.
    pub fn add(&mut self, figures: &Figures) {
        self.requests += 1;
        self.cut += u64::from(figures.cut);
        for measure in MEASURES {
            let value = figures.values[measure.index()];
            let max = &mut self.max[measure.index()];
            *max = (*max).max(value);
            let count = &mut self.counts[measure.bucket(value)];
            *count = count.saturating_add(1);
        }
    }

    /// Adds what another one counted.
    pub fn merge(&mut self, other: &Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.cut = self.cut.saturating_add(other.cut);
        for (max, more) in self.max.iter_mut().zip(&other.max) {
            *max = (*max).max(*more);
        }
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count = count.saturating_add(*more);
        }
    }

    /// How often each bucket of all measures was hit.
    pub fn counts(&self) -> &[u32; BUCKETS] {
        &self.counts
    }

    /// Bytes of what it is packed into: small numbers take one, most buckets none.
    pub fn pack(&self) -> Box<[u8]> {
        let mut out = Vec::with_capacity(96);
        for number in [self.requests, self.cut].iter().chain(&self.max) {
            varint(&mut out, *number);
        }
        let mut before = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            if *count > 0 {
                varint(&mut out, (bucket - before) as u64);
                varint(&mut out, u64::from(*count));
                before = bucket;
            }
        }
        out.into_boxed_slice()
    }

    /// Adds what was packed; what is not whole is left out.
    pub fn unpack(&mut self, mut packed: &[u8]) {
        let mut head = [0; 6];
        for number in &mut head {
            let Some(read) = unvarint(&mut packed) else {
                return;
            };
            *number = read;
        }
        self.requests = self.requests.saturating_add(head[0]);
        self.cut = self.cut.saturating_add(head[1]);
        for (max, read) in self.max.iter_mut().zip(&head[2..]) {
            *max = (*max).max(*read);
        }
        let mut bucket = 0usize;
        while let (Some(step), Some(count)) = (unvarint(&mut packed), unvarint(&mut packed)) {
            bucket = bucket.saturating_add(usize::try_from(step).unwrap_or(usize::MAX));
            let Some(slot) = self.counts.get_mut(bucket) else {
                return;
            };
            *slot = slot.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
        }
    }

    /// The figure that so many in a thousand do not exceed: the upper end of its bucket, which is
    /// at most a quarter more than the figure itself; never more than the greatest seen.
    pub fn quantile(&self, measure: Measure, per_mille: u64) -> u64 {
        let rank = rank(self.requests, per_mille);
        let mut below = 0;
        for bucket in measure.buckets() {
            below += u64::from(self.counts[bucket]);
            if below >= rank && below > 0 {
                return measure.bounds(bucket).1.min(self.max[measure.index()]);
            }
        }
        self.max[measure.index()]
    }

    /// How many had more than `limit` of a measure: at least, at most. The two differ by what lies in
    /// the bucket that the limit cuts through.
    pub fn above(&self, measure: Measure, limit: u64) -> (u64, u64) {
        let through = measure.bucket(limit);
        let beyond: u64 = self.counts[through + 1..measure.buckets().end]
            .iter()
            .map(|count| u64::from(*count))
            .sum();
        let unsure = match () {
            () if self.max[measure.index()] <= limit || measure.bounds(through).1 == limit => 0,
            () => u64::from(self.counts[through]),
        };
        (beyond, beyond + unsure)
    }
}

/// Which of so many, from 1, is the one that so many in a thousand do not exceed.
pub fn rank(count: u64, per_mille: u64) -> u64 {
    count.saturating_mul(per_mille).div_ceil(1000).max(1)
}

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn unvarint(packed: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = packed.split_first()?;
        *packed = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn slot(values: &[u64]) -> Slot {
        let mut slot = Slot::default();
        for value in values {
            slot.add(&Figures {
                values: [*value; 4],
                cut: value % 7 == 0,
            });
        }
        slot
    }

    proptest! {
        #[test]
        fn what_is_packed_is_the_same_again(values in prop::collection::vec(any::<u64>(), 0..200)) {
            let slot = slot(&values);
            let mut again = Slot::default();
            again.unpack(&slot.pack());
            prop_assert_eq!(again, slot);
        }

        #[test]
        fn whatever_is_unpacked_does_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            Slot::default().unpack(&bytes);
        }

        #[test]
        fn counts_above_a_limit_hold_the_true_one(
            values in prop::collection::vec(0..5_000_000u64, 1..200), limit in 0..5_000_000u64
        ) {
            let slot = slot(&values);
            let truth = values.iter().filter(|value| **value > limit).count() as u64;
            for measure in MEASURES {
                let (least, most) = slot.above(measure, limit);
                prop_assert!(least <= truth && truth <= most, "{:?}: {}..{} {}", measure, least, most, truth);
            }
        }
    }

    #[test]
    fn quantiles_are_near_and_never_above_the_greatest() {
        let values: Vec<u64> = (1..=1000).map(|it| it * 10_000).collect();
        let slot = slot(&values);
        for measure in [Measure::Fuel, Measure::Wall] {
            for (per_mille, truth) in [(500, 5_000_000), (950, 9_500_000), (990, 9_900_000)] {
                let told = slot.quantile(measure, per_mille);
                assert!(truth <= told && told <= truth * 5 / 4, "{measure:?} {told}");
            }
            assert_eq!(slot.quantile(measure, 1000), 10_000_000);
        }
        assert_eq!(Slot::default().quantile(Measure::Fuel, 500), 0);
    }
}
