//! Counts as they stand now, in a file that outlives the process and not the power.
//!
//! One write into the system's page cache a count, with no sync: whatever kills the process, the file
//! says what was counted. A power cut may take the last of it; what then holds the store has.
//!
//! The file is a head and slots of [`SLOT`] bytes, each a tenant's figures of one date. A slot never
//! spans two pages, and its sum tells whether it is whole.

use super::quota::{Figures, MEASURES};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Bytes of a slot, and of the head.
const SLOT: usize = 512;
/// Slots that there may be. Tenants beyond are counted in memory and in the store alone.
const SLOTS_MAX: u32 = 16_384;
/// What a slot begins with.
const MAGIC: u32 = 0x5054_5531;

/// The file.
pub(super) struct Journal {
    file: File,
    free: Vec<u32>,
    slots: u32,
    /// A write failed, and that was told.
    told: bool,
    /// What is written, so that a count allocates nothing.
    buffer: Vec<u8>,
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

fn sum(bytes: &[u8]) -> u64 {
    let step = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

fn head(boot: &str) -> Vec<u8> {
    let mut head = MAGIC.to_le_bytes().to_vec();
    head.extend_from_slice(&boot.as_bytes()[..boot.len().min(64)]);
    head.resize(SLOT, 0);
    head
}

/// Puts a slot into `out`; nothing where the name has no room.
fn encode(out: &mut Vec<u8>, tenant: &[u8], day: u32, figures: &Figures) {
    out.clear();
    // The sum takes its place when what it sums up is there.
    out.extend_from_slice(&MAGIC.to_le_bytes());
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(&day.to_le_bytes());
    for figure in figures {
        out.extend_from_slice(&figure.to_le_bytes());
    }
    let Ok(len) = u16::try_from(tenant.len()) else {
        return out.clear();
    };
    out.extend_from_slice(&len.to_le_bytes());
    out.extend_from_slice(tenant);
    let check = sum(&out[12..]);
    out[4..12].copy_from_slice(&check.to_le_bytes());
    if out.len() > SLOT {
        out.clear();
    }
}

fn decoded(bytes: &[u8]) -> Option<Slot> {
    let (magic, rest) = bytes.split_first_chunk::<4>()?;
    let (check, body) = rest.split_first_chunk::<8>()?;
    let (day, mut rest) = body.split_first_chunk::<4>()?;
    let mut figures = [0; MEASURES.len()];
    for figure in &mut figures {
        let (bytes, more) = rest.split_first_chunk::<8>()?;
        (*figure, rest) = (u64::from_le_bytes(*bytes), more);
    }
    let (len, name) = rest.split_first_chunk::<2>()?;
    let tenant = name.get(..usize::from(u16::from_le_bytes(*len)))?.to_vec();
    let whole = body.len() - name.len() + tenant.len();
    let is_whole = u32::from_le_bytes(*magic) == MAGIC
        && u64::from_le_bytes(*check) == sum(body.get(..whole)?);
    is_whole.then(|| Slot {
        tenant,
        day: u32::from_le_bytes(*day),
        figures,
    })
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
            slots: slots.chunks(SLOT).filter_map(decoded).collect(),
            same_boot,
        })
    }

    /// An empty one in its place.
    pub fn begin(path: &Path, boot: &str) -> io::Result<Self> {
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)?;
        file.write_all_at(&head(boot), 0)?;
        Ok(Self {
            file,
            free: Vec::new(),
            slots: 0,
            told: false,
            buffer: Vec::with_capacity(SLOT),
        })
    }

    /// A slot for one more count.
    pub fn take(&mut self) -> Option<u32> {
        self.free.pop().or_else(|| {
            (self.slots < SLOTS_MAX).then(|| {
                self.slots += 1;
                self.slots - 1
            })
        })
    }

    /// A slot that says nothing that the store does not know.
    pub fn give_back(&mut self, slot: u32) {
        // That it stays does no harm: the store has as much.
        let _ = self.file.write_all_at(&[0; 4], offset(slot));
        self.free.push(slot);
    }

    /// Says how a count stands.
    pub fn write(&mut self, slot: u32, tenant: &[u8], day: u32, figures: &Figures) {
        encode(&mut self.buffer, tenant, day, figures);
        match self.file.write_all_at(&self.buffer, offset(slot)) {
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
}

fn offset(slot: u32) -> u64 {
    (u64::from(slot) + 1) * SLOT as u64
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
        write(&mut journal, a, &slot(&"x".repeat(600), 2));
        let left = Journal::read(&path, "b").unwrap();
        assert!(left.same_boot);
        assert_eq!(left.slots, [slot("a", 2), slot("b", 1)]);
        assert!(!Journal::read(&path, "c").unwrap().same_boot);
        journal.give_back(a);
        assert_eq!(Journal::read(&path, "b").unwrap().slots, [slot("b", 1)]);
        assert_eq!(journal.take(), Some(a));
    }

    #[test]
    fn a_torn_slot_says_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let mut journal = Journal::begin(&path, "b").unwrap();
        let at = journal.take().unwrap();
        let says = slot("a", 1);
        journal.write(at, &says.tenant, says.day, &says.figures);
        let whole = std::fs::read(&path).unwrap();
        for at in SLOT..whole.len() {
            let mut torn = whole.clone();
            torn[at] ^= 1;
            std::fs::write(&path, &torn).unwrap();
            assert!(Journal::read(&path, "b").unwrap().slots.is_empty(), "{at}");
            std::fs::write(&path, &whole[..at]).unwrap();
            assert!(Journal::read(&path, "b").unwrap().slots.is_empty(), "{at}");
        }
    }
}
