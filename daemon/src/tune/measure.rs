//! What is measured of an invocation, and the scale that its figures are counted on.

use serde::{Deserialize, Serialize};

/// A figure of an invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Fuel it used.
    Fuel,
    /// Bytes of its isolate's memories and tables when it ended.
    Memory,
    /// Microseconds from its request to its end.
    Wall,
    /// Subrequests it began.
    Subrequests,
}

/// Every measure, in the order of [`Measure::index`].
pub const MEASURES: [Measure; 4] = [
    Measure::Fuel,
    Measure::Memory,
    Measure::Wall,
    Measure::Subrequests,
];

/// Buckets of all measures together.
pub const BUCKETS: usize = 112 + 64 + 104 + 56;

/// How one measure's figures are counted: in buckets of a quarter of an octave.
struct Scale {
    /// Where its buckets begin among those of all.
    at: usize,
    /// How many it has; the last takes whatever is larger.
    buckets: usize,
    /// What is smaller than two to the power of this is all in the first.
    shift: u32,
}

impl Measure {
    /// Its place among [`MEASURES`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// What it is called in answers, with its unit.
    pub fn key(self) -> &'static str {
        match self {
            Self::Fuel => "fuel",
            Self::Memory => "memory_bytes",
            Self::Wall => "wall_us",
            Self::Subrequests => "subrequests",
        }
    }

    fn scale(self) -> Scale {
        let scale = |at, buckets, shift| Scale { at, buckets, shift };
        match self {
            Self::Fuel => scale(0, 112, 12),
            Self::Memory => scale(112, 64, 16),
            Self::Wall => scale(176, 104, 6),
            Self::Subrequests => scale(280, 56, 0),
        }
    }

    /// Its buckets among those of all measures.
    pub fn buckets(self) -> std::ops::Range<usize> {
        let scale = self.scale();
        scale.at..scale.at + scale.buckets
    }

    /// The bucket of a figure, among those of all measures.
    pub fn bucket(self, value: u64) -> usize {
        let scale = self.scale();
        let steps = value >> scale.shift;
        let index = match steps {
            0..4 => steps as usize,
            _ => {
                let octave = steps.ilog2();
                (octave as usize - 1) * 4 + ((steps >> (octave - 2)) & 3) as usize
            }
        };
        scale.at + index.min(scale.buckets - 1)
    }

    /// The least and the greatest figure of a bucket.
    pub fn bounds(self, bucket: usize) -> (u64, u64) {
        let scale = self.scale();
        let index = bucket.saturating_sub(scale.at);
        let least = |index: usize| match index {
            0..4 => (index as u64) << scale.shift,
            _ => {
                let octave = index / 4 + 1;
                (4 + (index % 4) as u64) << (octave as u32 - 2 + scale.shift)
            }
        };
        let greatest = if index + 1 >= scale.buckets {
            u64::MAX
        } else {
            least(index + 1) - 1
        };
        (least(index), greatest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_figure_is_within_its_bucket(value: u64, measure in 0..4usize) {
            let measure = MEASURES[measure];
            let bucket = measure.bucket(value);
            let (least, greatest) = measure.bounds(bucket);
            prop_assert!(least <= value && value <= greatest);
            prop_assert!(measure.buckets().contains(&bucket));
        }
    }

    #[test]
    fn buckets_follow_one_another_without_gaps() {
        for measure in MEASURES {
            let mut next = 0;
            for bucket in measure.buckets() {
                let (least, greatest) = measure.bounds(bucket);
                assert_eq!(least, next, "{measure:?} {bucket}");
                next = greatest.wrapping_add(1);
            }
            assert_eq!(next, 0, "the last takes all that is larger");
        }
        assert_eq!(Measure::Subrequests.buckets().end, BUCKETS);
    }

    #[test]
    fn buckets_reach_beyond_every_limit() {
        let last = |measure: Measure| measure.bounds(measure.buckets().end - 1).0;
        // 300 s of CPU at 3,000,000 fuel a millisecond, 4 GiB less a step, an hour, 10,000.
        assert!(last(Measure::Fuel) > 900_000_000_000);
        assert!(last(Measure::Memory) >= 3 << 30);
        assert!(last(Measure::Wall) >= 3_600_000_000);
        assert!(last(Measure::Subrequests) > 10_000);
    }
}
