//! An isolate that rests without an instance: its host's data, and what its memory and its globals
//! have otherwise than its snapshot.
//!
//! Most of what a warm isolate has is not its own: wasmi's entities of thousands of functions are
//! the same for all, and of the pages that requests wrote most bytes are what the snapshot has, or
//! again what it has. So an isolate that rests for long leaves its instance to others
//! ([`Built::part`](super::instance::Built::part)), as one does that ends, and keeps the difference.
//! Its next request takes an instance, from a snapshot as any isolate, and writes the difference
//! over it. The guest can not tell, in fuel neither.

use super::accounts::Resident;
use super::code::Code;
use super::core::Core;
use super::host::Host;
use super::limits::Failure;
use super::mapping::Piece;
use super::worker::Worker;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use wasmi::Val;

/// What of an isolate is in the daemon.
pub enum Form {
    /// Nothing: it has ended.
    Ended,
    /// An instance.
    Awake(Box<Core>),
    /// What it takes to go on.
    Parked(Box<Parked>),
}

/// An isolate's state without an instance.
pub struct Parked {
    /// What its instances are made of.
    pub(super) code: Arc<Code>,
    /// The host's data. Its memory is none of this moment's.
    pub(super) host: Host,
    /// The globals that code can change, in the order of [`Again`](super::instance::Again).
    pub(super) globals: Vec<Val>,
    /// Pages of wasm that the memory had.
    pub(super) pages: u64,
    /// What was in them.
    pub(super) changes: Changes,
    /// The guest's window.
    pub(super) window: Option<(u32, u32)>,
    /// Fuel that is left for what belongs to no request.
    pub(super) startup_fuel: u64,
}

impl Parked {
    /// What it has in RAM: all of it on the heap.
    pub fn resident(&self) -> Resident {
        Resident {
            heap: self.host.memory_use.bytes(),
            ..Resident::default()
        }
    }
}

impl Form {
    /// The instance, if it has one.
    pub fn core(&mut self) -> Option<&mut Core> {
        match self {
            Self::Awake(core) => Some(core),
            Self::Ended | Self::Parked(_) => None,
        }
    }

    /// Ends it.
    pub fn end(&mut self) -> Self {
        std::mem::replace(self, Self::Ended)
    }

    /// Has an instance from here on, unless it has ended.
    ///
    /// # Errors
    /// As [`Core::build`]. It has ended then.
    pub fn wake(&mut self, worker: &Arc<Worker>) -> Result<Option<&mut Core>, Failure> {
        if let Self::Parked(_) = self
            && let Self::Parked(parked) = self.end()
        {
            *self = Self::Awake(Box::new(Core::wake(*parked, worker)?));
        }
        Ok(self.core())
    }

    /// Gives its instance back; whether it did. One that is in the middle of something keeps it,
    /// and so does one whose memory the system does not tell of.
    pub fn park(&mut self) -> bool {
        match self.end() {
            Self::Awake(core) => match core.park() {
                Ok(parked) => *self = Self::Parked(Box::new(parked)),
                Err(core) => *self = Self::Awake(core),
            },
            other => *self = other,
        }
        matches!(self, Self::Parked(_))
    }
}

/// Bytes of a memory that are not what its snapshot has.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Where they lie, and how many: in order.
    runs: Box<[(u32, u32)]>,
    /// They, one run after another.
    bytes: Box<[u8]>,
}

/// What an isolate may keep while it is parked. More is better left where it is: the machine would
/// have it twice while one parks, and little would be gained.
pub const CHANGES_MAX: usize = 1 << 20;
/// Bytes that are compared at once.
const WORD: usize = 8;
/// Equal words between two that differ which are kept with them: as many as a run takes itself.
const GAP: usize = 1;

impl Changes {
    /// Bytes that they take.
    pub fn bytes(&self) -> u64 {
        (self.bytes.len() + size_of_val(&*self.runs)) as u64
    }

    /// Of this memory, where it can differ only in `touched`, from one of `pieces`, which are in
    /// order, and zeros everywhere else. Ranges are whole words, in order. `None` if that takes more
    /// than `most` bytes.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn of(
        memory: &[u8],
        touched: &[Range<usize>],
        pieces: &[Piece<'_>],
        most: usize,
    ) -> std::io::Result<Option<Self>> {
        /// Bytes that are looked at in one go.
        const BLOCK: usize = 4096;
        let (mut runs, mut bytes) = (Vec::new(), Vec::new());
        let mut expected = [0; BLOCK];
        for touched in touched {
            for start in touched.clone().step_by(BLOCK) {
                let block = start..(start + BLOCK).min(touched.end);
                let expected = &mut expected[..block.len()];
                expected.fill(0);
                let first = pieces.partition_point(|piece| piece.memory.end <= block.start);
                for piece in &pieces[first..] {
                    let from = piece.memory.start.max(block.start);
                    let to = piece.memory.end.min(block.end);
                    if from >= to {
                        break;
                    }
                    let at = piece.at + (from - piece.memory.start) as u64;
                    let place = &mut expected[from - block.start..to - block.start];
                    piece.file.read_exact_at(place, at)?;
                }
                let ours = &memory[block.clone()];
                compare(block.start, ours, expected, &mut runs, &mut bytes);
                if bytes.len() + size_of_val(&*runs) > most {
                    return Ok(None);
                }
            }
        }
        Ok(Some(Self {
            runs: runs.into(),
            bytes: bytes.into(),
        }))
    }

    /// Makes a memory what it was, where it is what it differed from.
    ///
    /// # Panics
    /// If it is smaller than it was.
    pub fn apply(&self, memory: &mut [u8]) {
        let mut bytes = &*self.bytes;
        for (start, len) in &self.runs {
            let (run, rest) = bytes.split_at(*len as usize);
            memory[*start as usize..][..run.len()].copy_from_slice(run);
            bytes = rest;
        }
    }

    /// Bytes that this takes.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.bytes.len() + size_of_val(&*self.runs)
    }
}

/// Adds where `memory`, which begins at `start`, is not as `expected`.
fn compare(
    start: usize,
    memory: &[u8],
    expected: &[u8],
    runs: &mut Vec<(u32, u32)>,
    bytes: &mut Vec<u8>,
) {
    let words = memory.chunks(WORD).zip(expected.chunks(WORD));
    let mut open: Option<Range<usize>> = None;
    let mut close = |run: Range<usize>| {
        // A memory has 4 GiB at most, so both fit.
        runs.push(((start + run.start) as u32, run.len() as u32));
        bytes.extend_from_slice(&memory[run]);
    };
    for (index, (ours, theirs)) in words.enumerate() {
        if ours == theirs {
            continue;
        }
        let at = index * WORD;
        let word = at..at + ours.len();
        open = match open.take() {
            Some(run) if at - run.end <= GAP * WORD => Some(run.start..word.end),
            before => {
                before.into_iter().for_each(&mut close);
                Some(word)
            }
        };
    }
    open.into_iter().for_each(close);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const PAGE: usize = 4096;

    /// A file of bytes that are not zero.
    fn file() -> (std::fs::File, Vec<u8>) {
        let bytes: Vec<u8> = (0..8 * PAGE)
            .map(|at| (at * 7 + at / PAGE) as u8 | 1)
            .collect();
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(&bytes, 0).unwrap();
        (file, bytes)
    }

    /// A memory that is `before`, of these pieces of a file, and then written to, is that again;
    /// how many bytes it took.
    fn check(pieces: &[(Range<usize>, u64)], touched: &[Range<usize>], written: &[usize]) -> usize {
        let (file, bytes) = file();
        let pieces: Vec<_> = pieces
            .iter()
            .map(|(memory, at)| Piece {
                memory: memory.clone(),
                file: &file,
                at: *at,
            })
            .collect();
        let mut before = vec![0; 8 * PAGE];
        for piece in &pieces {
            let at = piece.at as usize;
            before[piece.memory.clone()].copy_from_slice(&bytes[at..at + piece.memory.len()]);
        }
        let mut memory = before.clone();
        for at in written {
            memory[*at] ^= 0x5a;
        }
        let of = |most| Changes::of(&memory, touched, &pieces, most).unwrap();
        let changes = of(usize::MAX).unwrap();
        let len = changes.len();
        assert!(of(len).is_some() && (len == 0 || of(len - 1).is_none()));
        changes.apply(&mut before);
        assert!(before == memory, "{written:?}");
        len
    }

    #[test]
    #[expect(clippy::single_range_in_vec_init, reason = "one range is touched")]
    fn only_what_differs_is_kept() {
        let all = [0..8 * PAGE];
        let pieces = [(PAGE..2 * PAGE, 0), (2 * PAGE..4 * PAGE, 3 * PAGE as u64)];
        assert_eq!(check(&pieces, &all, &[]), 0);
        assert_eq!(check(&[], &all, &[]), 0);
        assert_eq!(check(&pieces, &all, &[5]), 16);
        // Of neighbours, and of those that are near, one run.
        assert_eq!(check(&pieces, &all, &[PAGE, PAGE + 9, PAGE + 31]), 40);
        assert_eq!(check(&pieces, &all, &[PAGE, PAGE + 100]), 32);
        // Blocks end a run.
        assert_eq!(check(&pieces, &all, &[2 * PAGE - 1, 2 * PAGE]), 32);
        assert_eq!(check(&pieces, &all, &[8 * PAGE - 1]), 16);
        let every: Vec<usize> = (0..8 * PAGE).collect();
        assert_eq!(check(&pieces, &all, &every), 8 * (PAGE + 8));
        // Pieces that are no whole pages.
        let odd = [
            (100..301, 7),
            (301..PAGE + 5, 1000),
            (3 * PAGE..3 * PAGE + 1, 0),
        ];
        assert_eq!(check(&odd, &all, &[]), 0);
        check(
            &odd,
            &all,
            &[99, 100, 300, 301, 302, PAGE + 4, PAGE + 5, 3 * PAGE],
        );
    }

    #[test]
    fn what_was_not_touched_is_not_looked_at() {
        let (file, _) = file();
        let piece = Piece {
            memory: 0..PAGE,
            file: &file,
            at: 0,
        };
        // Zeros where the file has none.
        let touched = [PAGE..2 * PAGE, 5 * PAGE..6 * PAGE];
        let changes = Changes::of(&vec![0; 8 * PAGE], &touched, &[piece], 0).unwrap();
        assert_eq!(changes, Some(Changes::default()));
        check(
            &[(0..8 * PAGE, 0)],
            &touched,
            &[PAGE, 2 * PAGE - 1, 5 * PAGE + 77],
        );
    }
}
