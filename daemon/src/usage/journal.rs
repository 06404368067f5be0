//! Counts as they stand now, in a file that outlives the process and not the power.
//!
//! A count is put into the system's page cache, with no sync: whatever kills the process, the file says what
//! was counted. A power cut may take the last of it; what then holds the store has. Where the file system lets
//! us ([`Mapped`]) that takes no system call.
//!
//! The file is a head and slots of [`SLOT`] bytes, each a tenant's figures of one date: the name, and two
//! records that are written in turn, so that one is whole whenever the process ends. Each has a sum by which that is seen.

use super::quota::{Figures, MEASURES};
use crate::engine::mapped::Mapped;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Bytes of a slot, and of the head.
const SLOT: usize = 512;
/// Slots that there may be. Tenants beyond are counted in memory and in the store alone.
const SLOTS_MAX: u32 = 16_384;
/// What the head and a slot begin with.
const MAGIC: u32 = 0x5054_5532;
/// Slots that are made room for at a time.
const STEP: u32 = 8;

/// Words of a record: its sum, the date, the figures.
const RECORD: usize = 2 + MEASURES.len();
/// Words of a name.
const NAME: usize = SLOT / WORD - 1 - 2 * RECORD;
/// Bytes of a word.
const WORD: usize = 8;

/// The file.
pub(super) struct Journal {
    file: File,
    mapped: Option<Mapped>,
    /// Slots that the file has room for.
    room: u32,
    slots: Vec<Taken>,
    free: Vec<u32>,
    /// A write failed, and that was told.
    told: bool,
}

/// What is known of a slot.
#[derive(Clone, Copy, Default)]
struct Taken {
    /// The sum of its name, which sums of its records go on from; `None` where it has no name yet.
    name: Option<u64>,
    /// Which record is the older one.
    turn: usize,
}

/// What a slot says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    /// Whose.
    pub tenant: Vec<u8>,
    /// Of which date.
    pub day: u32,
    /// What was counted.
    pub figures: Figures,
}

/// What a file said that another process left.
pub(super) struct Left {
    pub slots: Vec<Slot>,
    /// Whether this machine has been up all the time since, so that nothing of it is lost.
    pub same_boot: bool,
}

/// Goes on with a sum. A record of zeros has another one.
fn sum(sum: u64, words: &[u64]) -> u64 {
    let step = |sum: u64, word: &u64| {
        (sum ^ word)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(29)
    };
    words.iter().fold(sum ^ u64::from(MAGIC), step)
}

fn head(boot: &str) -> Vec<u8> {
    let mut head = MAGIC.to_le_bytes().to_vec();
    head.extend_from_slice(&boot.as_bytes()[..boot.len().min(64)]);
    head.resize(SLOT, 0);
    head
}

/// The words that a slot begins with; `None` where the name has no room.
fn named(tenant: &[u8]) -> Option<[u64; 1 + NAME]> {
    if tenant.len() > NAME * WORD {
        return None;
    }
    let mut words = [0; 1 + NAME];
    words[0] = u64::from(MAGIC) | (tenant.len() as u64) << 32;
    for (word, bytes) in words[1..].iter_mut().zip(tenant.chunks(WORD)) {
        let mut whole = [0; WORD];
        whole[..bytes.len()].copy_from_slice(bytes);
        *word = u64::from_le_bytes(whole);
    }
    Some(words)
}

/// A record, after a name with this sum.
fn record(name: u64, day: u32, figures: &Figures) -> [u64; RECORD] {
    let mut words = [0; RECORD];
    words[1] = day.into();
    words[2..].copy_from_slice(figures);
    words[0] = sum(name, &words[1..]);
    words
}

/// What the records of a slot say that are whole.
fn decoded(bytes: &[u8]) -> Vec<Slot> {
    let (words, _) = bytes.as_chunks::<WORD>();
    let words: Vec<u64> = words.iter().map(|it| u64::from_le_bytes(*it)).collect();
    let Some((name, records)) = words.split_at_checked(1 + NAME) else {
        return Vec::new();
    };
    let len = (name[0] >> 32) as usize;
    let tenant = bytes[WORD..].get(..len);
    let Some(tenant) = tenant.filter(|_| name[0] as u32 == MAGIC && len <= NAME * WORD) else {
        return Vec::new();
    };
    let name = sum(0, name);
    let whole = |words: &&[u64]| words[0] == sum(name, &words[1..]);
    let slot = |words: &[u64]| Slot {
        tenant: tenant.to_vec(),
        day: words[1] as u32,
        figures: std::array::from_fn(|at| words[2 + at]),
    };
    records
        .chunks_exact(RECORD)
        .filter(whole)
        .map(slot)
        .collect()
}

impl Journal {
    /// What the file says, if there is one.
    pub fn read(path: &Path, boot: &str) -> io::Result<Left> {
        let mut bytes = Vec::new();
        match File::open(path) {
            Ok(file) => {
                let most = (SLOTS_MAX as usize + 1) * SLOT;
                file.take(most as u64).read_to_end(&mut bytes)?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let same_boot = !boot.is_empty() && bytes.get(..SLOT) == Some(&head(boot)[..]);
        let slots = bytes.get(SLOT..).unwrap_or_default();
        Ok(Left {
            slots: slots.chunks(SLOT).flat_map(decoded).collect(),
            same_boot,
        })
    }

    /// An empty one in its place.
    pub fn begin(path: &Path, boot: &str) -> io::Result<Self> {
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)?;
        file.write_all_at(&head(boot), 0)?;
        Ok(Self {
            mapped: Mapped::of(&file, offset(SLOTS_MAX)),
            file,
            room: 0,
            slots: Vec::new(),
            free: Vec::new(),
            told: false,
        })
    }

    /// A slot for one more count.
    pub fn take(&mut self) -> Option<u32> {
        self.free.pop().or_else(|| {
            let next = u32::try_from(self.slots.len()).ok()?;
            (next < SLOTS_MAX).then(|| self.slots.push(Taken::default()))?;
            Some(next)
        })
    }

    /// A slot that says nothing that the store does not know.
    pub fn give_back(&mut self, slot: u32) {
        // That it stays does no harm: the store has as much.
        let _ = self.put(slot, 0, &[0]);
        self.slots[slot as usize] = Taken::default();
        self.free.push(slot);
    }

    /// Says how a count stands.
    pub fn write(&mut self, slot: u32, tenant: &[u8], day: u32, figures: &Figures) {
        match self.try_write(slot, tenant, day, figures) {
            Ok(()) => self.told = false,
            Err(error) if !self.told => {
                self.told = true;
                log::error!(
                    "the counts of usage cannot be written ({error}): until they can, a crash of the daemon loses what was counted since the store has it; make room on the disk"
                );
            }
            Err(_) => {}
        }
    }

    fn try_write(
        &mut self,
        slot: u32,
        tenant: &[u8],
        day: u32,
        figures: &Figures,
    ) -> io::Result<()> {
        let Taken { name, turn } = self.slots[slot as usize];
        let name = match name {
            Some(name) => name,
            None => {
                let Some(words) = named(tenant) else {
                    return Ok(());
                };
                // Before the name, which might make records of before whole again.
                self.put(slot, 1 + NAME, &[0; 2 * RECORD])?;
                self.put(slot, 0, &words)?;
                sum(0, &words)
            }
        };
        self.put(slot, 1 + NAME + turn * RECORD, &record(name, day, figures))?;
        self.slots[slot as usize] = Taken {
            name: Some(name),
            turn: 1 - turn,
        };
        Ok(())
    }

    /// Puts words into a slot, from this one on.
    fn put(&mut self, slot: u32, word: usize, words: &[u64]) -> io::Result<()> {
        let at = offset(slot) + word * WORD;
        if slot >= self.room
            && let Some(mapped) = &mut self.mapped
        {
            // Blocks that it has, and no holes, or a full disk would end the process.
            let room = (slot / STEP + 1) * STEP;
            let zeros = vec![0; offset(room) - offset(self.room)];
            self.file.write_all_at(&zeros, offset(self.room) as u64)?;
            // What a process may keep in RAM has a limit; then all is written by calls.
            match mapped.keep(offset(room)) {
                true => self.room = room,
                false => self.mapped = None,
            }
        }
        match &mut self.mapped {
            Some(mapped) => mapped.put(at, words),
            None => {
                let bytes: Vec<u8> = words.iter().flat_map(|it| it.to_le_bytes()).collect();
                self.file.write_all_at(&bytes, at as u64)?;
            }
        }
        Ok(())
    }
}

fn offset(slot: u32) -> usize {
    (slot as usize + 1) * SLOT
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn slot(tenant: &str, requests: u64) -> Slot {
        Slot {
            tenant: tenant.as_bytes().to_vec(),
            day: 20_000,
            figures: [requests, 2, 3, u64::MAX],
        }
    }

    #[test]
    fn what_was_written_is_read_by_the_next_process() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        assert!(Journal::read(&path, "b").unwrap().slots.is_empty());
        let mut journal = Journal::begin(&path, "b").unwrap();
        let (a, b) = (journal.take().unwrap(), journal.take().unwrap());
        let write = |journal: &mut Journal, at, says: &Slot| {
            journal.write(at, &says.tenant, says.day, &says.figures);
        };
        write(&mut journal, a, &slot("a", 1));
        write(&mut journal, b, &slot("b", 1));
        write(&mut journal, a, &slot("a", 2));
        let c = journal.take().unwrap();
        write(&mut journal, c, &slot(&"x".repeat(600), 2));
        let left = Journal::read(&path, "b").unwrap();
        assert!(left.same_boot);
        // Of two records of a count the larger one counts.
        assert_eq!(left.slots, [slot("a", 1), slot("a", 2), slot("b", 1)]);
        assert!(!Journal::read(&path, "c").unwrap().same_boot);
        journal.give_back(a);
        assert_eq!(Journal::read(&path, "b").unwrap().slots, [slot("b", 1)]);
        assert_eq!(journal.take(), Some(a));
        write(&mut journal, a, &slot("a", 7));
        let left = Journal::read(&path, "b").unwrap();
        assert_eq!(left.slots, [slot("a", 7), slot("b", 1)]);
    }

    #[test]
    fn a_torn_slot_says_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (path, torn_path) = (dir.path().join("journal"), dir.path().join("torn"));
        let mut journal = Journal::begin(&path, "b").unwrap();
        let at = journal.take().unwrap();
        let says = slot("a", 1);
        journal.write(at, &says.tenant, says.day, &says.figures);
        let whole = std::fs::read(&path).unwrap();
        for at in SLOT..SLOT + (1 + NAME + RECORD) * WORD {
            let mut torn = whole.clone();
            torn[at] ^= 1;
            std::fs::write(&torn_path, &torn).unwrap();
            let left = Journal::read(&torn_path, "b").unwrap();
            assert!(left.slots.is_empty(), "{at}");
            std::fs::write(&torn_path, &whole[..at]).unwrap();
            let left = Journal::read(&torn_path, "b").unwrap();
            assert!(left.slots.is_empty(), "{at}");
        }
    }

    #[test]
    fn whenever_the_process_ends_a_slot_says_what_was_counted_before() {
        let dir = tempfile::tempdir().unwrap();
        let (path, torn) = (dir.path().join("journal"), dir.path().join("torn"));
        let mut journal = Journal::begin(&path, "b").unwrap();
        let at = journal.take().unwrap();
        let mut write = |requests| {
            let says = slot("a", requests);
            journal.write(at, &says.tenant, says.day, &says.figures);
            std::fs::read(&path).unwrap()
        };
        let mut before = write(1);
        for requests in 2..9 {
            let after = write(requests);
            for cut in (SLOT..2 * SLOT).step_by(WORD) {
                let mixed = [&after[..cut], &before[cut..]].concat();
                std::fs::write(&torn, mixed).unwrap();
                let left = Journal::read(&torn, "b").unwrap();
                let most = left.slots.iter().map(|it| it.figures[0]).max();
                assert!(
                    most == Some(requests) || most == Some(requests - 1),
                    "{cut}: {most:?}"
                );
            }
            before = after;
        }
    }
}
