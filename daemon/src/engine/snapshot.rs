//! A snapshot as a file: the pages of a memory that its base has otherwise, and behind them the keys
//! of Web Crypto that the guest had when it was taken.
//!
//! ```text
//! pages of one run after another ‖ keys ‖ runs ‖ footer
//! run    = first page, pages: u32 each
//! footer = magic ‖ bytes of a page, pages of 64 KiB of the memory, runs, bytes of keys: u32 each
//!          ‖ base ‖ id: 16 bytes each ‖ the first 8 bytes of the SHA-256 of runs and all before it
//! ```
//!
//! Numbers are little endian. The base is the memory of another snapshot, named by its id; where
//! that is all zeros, it is a memory of zeros. So whole memories and differences are the same to
//! whoever reads them. Pages are the system's, so that they can be mapped where they lie.

use super::mapping::WASM_PAGE;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

const MAGIC: [u8; 8] = *b"postern3";
/// Bytes of the footer.
const FOOTER: usize = 64;
/// Bytes of an entry of the table of runs.
const RUN: usize = 8;
/// Runs that a snapshot has, at most: each is a mapping of its isolates.
pub const RUNS_MAX: usize = 48;
/// Equal pages between two that differ which are kept with them, to need fewer runs.
const GAP: usize = 2;
/// The same over a base of zeros: pages that are a hole of a file cost little.
const HOLE: usize = 7;
/// Bytes of keys, beyond which a file is not believed.
const KEYS_MAX: usize = 16 << 20;

/// Names a memory that others are differences to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Id(pub [u8; 16]);

impl Id {
    /// Of a memory of zeros.
    pub const ZEROS: Self = Self([0; 16]);

    fn of(memory: &[u8]) -> Self {
        let mut id = [0; 16];
        id.copy_from_slice(&Sha256::digest(memory)[..16]);
        Self(id)
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Why a file is no snapshot that can be used.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The system does not give it.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    /// Something else, or one of an older build.
    #[error("it is no snapshot of this build; push again")]
    Foreign,
    /// Cut off or changed.
    #[error("it is damaged: {0}; push again")]
    Damaged(&'static str),
    /// Its pages mean nothing without another base.
    #[error("its base is {found}, the base here is {expected}; push again")]
    Base {
        /// The base that it is a difference to.
        found: Id,
        /// The one that there is.
        expected: Id,
    },
}

/// Pages that lie one after another in memory and in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Where in memory, in bytes.
    pub memory: Range<usize>,
    /// Where in the file they begin.
    pub at: u64,
}

/// What a file holds.
#[derive(Debug, PartialEq, Eq)]
pub struct Contents {
    /// Bytes of a page.
    pub page: usize,
    /// Bytes of the memory, those of its base and zeros included.
    pub len: usize,
    /// What it is a difference to.
    pub base: Id,
    /// What differences to it name.
    pub id: Id,
    /// The pages that differ, in order.
    pub runs: Vec<Run>,
    /// Keys of Web Crypto, as they were kept.
    pub keys: Vec<u8>,
}

/// A memory that snapshots are differences to.
#[derive(Debug)]
pub struct Base {
    /// Its bytes; beyond them are zeros.
    pub memory: Vec<u8>,
    /// What it is called.
    pub id: Id,
}

impl Base {
    /// Reads the memory of a snapshot that has no base itself.
    ///
    /// # Errors
    /// When it has one, or cannot be read.
    pub fn read(file: &File) -> Result<Self, SnapshotError> {
        let contents = open(file)?;
        if contents.base != Id::ZEROS {
            return Err(SnapshotError::Base {
                found: contents.base,
                expected: Id::ZEROS,
            });
        }
        let mut memory = vec![0; contents.len];
        for run in &contents.runs {
            file.read_exact_at(&mut memory[run.memory.clone()], run.at)?;
        }
        Ok(Self {
            memory,
            id: contents.id,
        })
    }
}

/// The file that keeps `memory`, whole pages of wasm and no fewer than its base has, and the keys
/// that belong to it.
pub fn seal(memory: &[u8], base: Option<&Base>, keys: &[u8]) -> Vec<u8> {
    seal_in_pages(memory, base, keys, page())
}

/// Bytes of a page of this system's, as a snapshot has them.
fn page() -> usize {
    rustix::param::page_size().clamp(4096, WASM_PAGE)
}

fn seal_in_pages(memory: &[u8], base: Option<&Base>, keys: &[u8], page: usize) -> Vec<u8> {
    let (under, gap) = match base {
        Some(base) => (&*base.memory, GAP),
        None => (&[][..], HOLE),
    };
    assert!(
        memory.len().is_multiple_of(WASM_PAGE) && under.len() <= memory.len(),
        "memories are whole pages and do not shrink"
    );
    let runs = runs(memory, under, page, gap);
    let pages: usize = runs.iter().map(Range::len).sum();
    let mut file = Vec::with_capacity(pages * page + keys.len() + runs.len() * RUN + FOOTER);
    for run in &runs {
        file.extend_from_slice(&memory[run.start * page..run.end * page]);
    }
    file.extend_from_slice(keys);
    let table = file.len();
    // A memory has 4 GiB at most, and keys have a limit of their own: what follows fits.
    let mut number = |number: usize| file.extend_from_slice(&(number as u32).to_le_bytes());
    for run in &runs {
        number(run.start);
        number(run.len());
    }
    let (base, id) = match base {
        Some(base) => (base.id, Id::ZEROS),
        None => (Id::ZEROS, Id::of(memory)),
    };
    file.extend_from_slice(&MAGIC);
    for number in [page, memory.len() / WASM_PAGE, runs.len(), keys.len()] {
        file.extend_from_slice(&(number as u32).to_le_bytes());
    }
    file.extend_from_slice(&base.0);
    file.extend_from_slice(&id.0);
    let sum = Sha256::digest(&file[table..]);
    file.extend_from_slice(&sum[..8]);
    file
}

/// Ranges of pages in which the two are not the same; what is beyond the end of `base` is zeros.
fn runs(memory: &[u8], base: &[u8], page: usize, gap: usize) -> Vec<Range<usize>> {
    let differs = |index: &usize| {
        let ours = &memory[index * page..(index + 1) * page];
        match base.get(index * page..(index + 1) * page) {
            Some(theirs) => ours != theirs,
            None => ours.iter().any(|byte| *byte != 0),
        }
    };
    let differing: Vec<usize> = (0..memory.len() / page).filter(differs).collect();
    let mut gap = gap;
    loop {
        let mut runs: Vec<Range<usize>> = Vec::new();
        for index in &differing {
            match runs.last_mut() {
                Some(last) if index - last.end <= gap => last.end = index + 1,
                _ => runs.push(*index..index + 1),
            }
        }
        if runs.len() <= RUNS_MAX {
            return runs;
        }
        gap = gap * 2 + 1;
    }
}

/// Reads what a snapshot is made of, but for its pages.
///
/// # Errors
/// When it cannot be read, or is not what [`seal`] made.
pub fn open(file: &File) -> Result<Contents, SnapshotError> {
    use SnapshotError::{Damaged, Foreign};
    let total = file.metadata()?.len();
    let footer_at = total.checked_sub(FOOTER as u64).ok_or(Foreign)?;
    let mut footer = [0; FOOTER];
    file.read_exact_at(&mut footer, footer_at)?;
    if footer[..8] != MAGIC {
        return Err(Foreign);
    }
    let number = |at: usize| -> usize {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(&footer[at..at + 4]);
        u32::from_le_bytes(bytes) as usize
    };
    let id = |at: usize| {
        let mut id = [0; 16];
        id.copy_from_slice(&footer[at..at + 16]);
        Id(id)
    };
    let (page, wasm_pages, count, keys) = (number(8), number(12), number(16), number(20));
    if !page.is_power_of_two() || !(4096..=WASM_PAGE).contains(&page) || wasm_pages > 65_536 {
        return Err(Damaged("its pages cannot be so large or so many"));
    }
    let len = wasm_pages
        .checked_mul(WASM_PAGE)
        .ok_or(Damaged("its memory is larger than this machine's"))?;
    if count > RUNS_MAX || keys > KEYS_MAX {
        return Err(Damaged("it has too many runs or keys"));
    }
    let table_at = footer_at
        .checked_sub((count * RUN) as u64)
        .ok_or(Damaged("its table of runs is cut off"))?;
    let mut table = vec![0; count * RUN];
    file.read_exact_at(&mut table, table_at)?;
    let sum = Sha256::new()
        .chain_update(&table)
        .chain_update(&footer[..FOOTER - 8])
        .finalize();
    if sum[..8] != footer[FOOTER - 8..] {
        return Err(Damaged("its table of runs is not what was written"));
    }
    let mut runs: Vec<Run> = Vec::with_capacity(count);
    let mut at = 0_u64;
    let (entries, _) = table.as_chunks::<RUN>();
    for entry in entries {
        let half = |bytes: &[u8]| bytes.try_into().map_or(0, u32::from_le_bytes) as usize;
        let (first, pages) = (half(&entry[..4]), half(&entry[4..]));
        let end = first.checked_add(pages).and_then(|it| it.checked_mul(page));
        let end = end.filter(|end| pages > 0 && *end <= len);
        let end = end.ok_or(Damaged("a run lies outside of the memory"))?;
        let start = first * page;
        if runs.last().is_some_and(|last| last.memory.end > start) {
            return Err(Damaged("its runs are not in order"));
        }
        runs.push(Run {
            memory: start..end,
            at,
        });
        at += (end - start) as u64;
    }
    if at + keys as u64 != table_at {
        return Err(Damaged("its length is not that of its pages and keys"));
    }
    let mut bytes = vec![0; keys];
    file.read_exact_at(&mut bytes, at)?;
    Ok(Contents {
        page,
        len,
        base: id(24),
        id: id(40),
        runs,
        keys: bytes,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::io::Write;

    const PAGE: usize = 4096;

    fn written(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    /// A memory with these pages not zero.
    fn memory(wasm_pages: usize, pages: &[usize]) -> Vec<u8> {
        let mut memory = vec![0; wasm_pages * WASM_PAGE];
        for page in pages {
            memory[page * PAGE + page % PAGE] = *page as u8 | 1;
        }
        memory
    }

    /// What was sealed over this base comes out of the file again. How many pages that kept.
    fn check(memory: &[u8], base: Option<&Base>, keys: &[u8]) -> usize {
        let sealed = seal_in_pages(memory, base, keys, PAGE);
        let file = written(&sealed);
        let contents = open(&file).unwrap();
        assert_eq!(contents.len, memory.len());
        assert_eq!(contents.keys, keys);
        assert_eq!(contents.base, base.map_or(Id::ZEROS, |base| base.id));
        let mut restored = base.map_or(Vec::new(), |base| base.memory.clone());
        restored.resize(memory.len(), 0);
        for run in &contents.runs {
            let bytes = &sealed[run.at as usize..][..run.memory.len()];
            restored[run.memory.clone()].copy_from_slice(bytes);
        }
        assert!(restored == memory, "{:?}", contents.runs);
        assert!(contents.runs.len() <= RUNS_MAX);
        contents
            .runs
            .iter()
            .map(|run| run.memory.len())
            .sum::<usize>()
            / PAGE
    }

    #[test]
    fn whole_memories_are_kept() {
        assert_eq!(check(&[], None, b""), 0);
        assert_eq!(check(&memory(2, &[]), None, b"keys"), 0);
        assert_eq!(check(&memory(2, &[0, 31]), None, b""), 2);
        assert_eq!(check(&memory(2, &[3, 5]), None, &[9; 70_000]), 3);
        check(
            &memory(60, &(0..960).step_by(9).collect::<Vec<_>>()),
            None,
            b"k",
        );
    }

    #[test]
    fn differences_are_kept_and_no_more() {
        let file = written(&seal_in_pages(&memory(4, &[1, 2, 40, 63]), None, b"", PAGE));
        let base = Base::read(&file).unwrap();
        assert!(base.memory == memory(4, &[1, 2, 40, 63]));
        assert_eq!(check(&base.memory, Some(&base), b""), 0);
        // One changed, one gone, one behind the base's end.
        assert_eq!(
            check(&memory(5, &[1, 2, 7, 63, 79]), Some(&base), b"keys"),
            3
        );
        // Two with two equal ones between them.
        assert_eq!(
            check(&memory(4, &[1, 2, 40, 50, 53, 63]), Some(&base), b""),
            4
        );
    }

    #[test]
    fn ids_tell_memories_apart() {
        let id = |pages: &[usize]| {
            let file = written(&seal(&memory(1, pages), None, b""));
            open(&file).unwrap().id
        };
        assert_eq!(id(&[3]), id(&[3]));
        assert_ne!(id(&[3]), id(&[4]));
        assert_ne!(id(&[]), Id::ZEROS);
    }

    #[test]
    fn what_has_a_base_is_none() {
        let whole = written(&seal(&memory(1, &[3]), None, b""));
        let base = Base::read(&whole).unwrap();
        let file = written(&seal(&memory(1, &[4]), Some(&base), b""));
        let error = Base::read(&file).unwrap_err();
        assert!(matches!(error, SnapshotError::Base { .. }), "{error}");
    }

    #[test]
    fn what_was_cut_or_changed_is_refused() {
        let whole = seal_in_pages(&memory(2, &[1, 20]), None, &[9; 100], PAGE);
        for len in 0..whole.len() {
            if len < 200 || len > whole.len() - 300 || len % 97 == 0 {
                assert!(open(&written(&whole[..len])).is_err(), "{len}");
                assert!(open(&written(&whole[len + 1..])).is_err(), "without {len}");
            }
        }
        for at in whole.len() - FOOTER - 2 * RUN..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 0x41;
            assert!(open(&written(&changed)).is_err(), "{at}");
        }
        assert!(open(&written(&[whole.clone(), whole].concat())).is_err());
    }

    /// What names these runs of a memory of one page of wasm, with a sum that is right.
    fn forged(page: u32, wasm_pages: u32, runs: &[(u32, u32)], keys: u32, body: usize) -> File {
        let mut file = vec![7; body];
        for (first, pages) in runs {
            file.extend_from_slice(&first.to_le_bytes());
            file.extend_from_slice(&pages.to_le_bytes());
        }
        file.extend_from_slice(&MAGIC);
        for number in [page, wasm_pages, runs.len() as u32, keys] {
            file.extend_from_slice(&number.to_le_bytes());
        }
        file.extend_from_slice(&[0; 32]);
        let sum = Sha256::digest(&file[body..]);
        file.extend_from_slice(&sum[..8]);
        written(&file)
    }

    #[test]
    fn forged_tables_are_refused() {
        assert!(open(&forged(4096, 1, &[(0, 1), (5, 2)], 3, 3 * PAGE + 3)).is_ok());
        for (page, wasm_pages, runs, keys, body) in [
            (4095, 1, &[(0, 1)][..], 0, 4095),
            (2048, 1, &[(0, 1)], 0, 2048),
            (1 << 17, 2, &[(0, 1)], 0, 1 << 17),
            (0, 1, &[(0, 1)], 0, 0),
            (4096, 65_537, &[(0, 1)], 0, PAGE),
            (4096, 1, &[(16, 1)], 0, PAGE),
            (4096, 1, &[(0, 17)], 0, 17 * PAGE),
            (4096, 1, &[(u32::MAX, u32::MAX)], 0, PAGE),
            (4096, 1, &[(3, 0)], 0, 0),
            (4096, 1, &[(3, 1), (3, 1)], 0, 2 * PAGE),
            (4096, 1, &[(5, 1), (3, 1)], 0, 2 * PAGE),
            (4096, 1, &[(0, 1)], 0, 2 * PAGE),
            (4096, 1, &[(0, 2)], 0, PAGE),
            (4096, 1, &[(0, 1)], 5, PAGE),
            (4096, 1, &[(0, 1)], u32::MAX, PAGE),
        ] {
            let error = open(&forged(page, wasm_pages, runs, keys, body)).unwrap_err();
            assert!(
                matches!(error, SnapshotError::Damaged(_)),
                "{runs:?}: {error}"
            );
        }
    }
}
