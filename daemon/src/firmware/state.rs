//! The boot state: which slot the boot loader starts for good, and which one it tries.
//!
//! Two copies, each as U-Boot's `env export -c -s 1000` writes it: a CRC-32 of the rest, then
//! `key=value` and a zero each, an empty one in the end, and zeros. The valid copy with the higher serial number counts;
//! a write goes to the other one, so that a power cut at any moment leaves one that is valid. U-Boot's arithmetic
//! is in hexadecimal digits, so the serial number is too.

use super::slots::Slot;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Bytes of a copy.
pub const COPY_BYTES: usize = 4096;
/// Where the copies begin.
pub const OFFSETS: [u64; 2] = [0, 64 * 1024];
/// Bytes of the reason; a longer one is cut.
const REASON_MAX: usize = 1024;
/// Attempts that a trial may have.
pub const TRIES_MAX: u8 = 3;

/// What the boot loader goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootState {
    /// The permanent slot.
    pub slot: Slot,
    /// The slot on trial.
    pub trial: Option<Slot>,
    /// Attempts that the trial has left.
    pub tries: u8,
    /// Grows with each write.
    pub serial: u64,
    /// Why it is as it is.
    pub reason: String,
}

impl Default for BootState {
    /// What the boot loader goes by when no copy is valid.
    fn default() -> Self {
        Self {
            slot: Slot::A,
            trial: None,
            tries: 0,
            serial: 0,
            reason: String::new(),
        }
    }
}

/// Why the boot state cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The system refused.
    #[error("cannot {verb} the boot state `{}`: {error}; `state` of [firmware] must be a device or file that this user may write", path.display())]
    Io {
        /// What was tried.
        verb: &'static str,
        /// The device.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// What was written is not what is read.
    #[error("the boot state `{}` does not keep what is written to it; replace the storage", .0.display())]
    NotKept(PathBuf),
}

impl BootState {
    /// As a copy.
    pub fn encode(&self) -> [u8; COPY_BYTES] {
        let mut end = REASON_MAX.min(self.reason.len());
        while !self.reason.is_char_boundary(end) {
            end -= 1;
        }
        let reason: String = self.reason[..end]
            .chars()
            .map(|c| match c {
                // U-Boot reads and writes it as an escape.
                '\\' => '/',
                c if c.is_control() => ' ',
                c => c,
            })
            .collect();
        let trial = self.trial.map_or("", Slot::name);
        let pairs = format!(
            "reason={reason}\0serial={:x}\0slot={}\0tries={}\0try={trial}\0\0",
            self.serial, self.slot, self.tries
        );
        let mut copy = [0; COPY_BYTES];
        // Fits: the reason is a quarter, and the rest is short.
        copy[4..4 + pairs.len()].copy_from_slice(pairs.as_bytes());
        let sum = crc32(&copy[4..]);
        copy[..4].copy_from_slice(&sum.to_le_bytes());
        copy
    }

    /// Reads a copy; `None` if it is not valid.
    pub fn decode(copy: &[u8; COPY_BYTES]) -> Option<Self> {
        let (sum, data) = copy.split_first_chunk::<4>()?;
        if u32::from_le_bytes(*sum) != crc32(data) {
            return None;
        }
        let mut state = Self::default();
        let mut slot = None;
        for pair in data.split(|byte| *byte == 0) {
            if pair.is_empty() {
                break;
            }
            let pair = String::from_utf8_lossy(pair);
            let Some((key, value)) = pair.split_once('=') else {
                continue;
            };
            match key {
                "slot" => slot = Some(Slot::parse(value)?),
                "try" if value.is_empty() => {}
                "try" => state.trial = Some(Slot::parse(value)?),
                "tries" if value.is_empty() => {}
                "tries" => state.tries = value.parse().ok()?,
                "serial" => state.serial = u64::from_str_radix(value, 16).ok()?,
                "reason" => state.reason = value.to_owned(),
                // The boot loader may keep things of its own.
                _ => {}
            }
        }
        state.slot = slot?;
        Some(state)
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// The copy that counts, and which one it is.
fn newest(copies: [Option<BootState>; 2]) -> Option<(usize, BootState)> {
    let [first, second] = copies;
    match (first, second) {
        (Some(first), Some(second)) if second.serial > first.serial => Some((1, second)),
        (Some(first), _) => Some((0, first)),
        (None, Some(second)) => Some((1, second)),
        (None, None) => None,
    }
}

/// The device or file that holds the boot state.
#[derive(Debug)]
pub struct StateFile {
    path: PathBuf,
}

impl StateFile {
    /// At a path.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    fn failed(&self, verb: &'static str) -> impl Fn(io::Error) -> StateError + '_ {
        move |error| StateError::Io {
            verb,
            path: self.path.clone(),
            error,
        }
    }

    /// What counts; `None` if no copy is valid.
    pub fn read(&self) -> Result<Option<BootState>, StateError> {
        let device = File::open(&self.path).map_err(self.failed("open"))?;
        let found = read(&device).map_err(self.failed("read"))?;
        Ok(found.map(|(_, state)| state))
    }

    /// Writes what `change` makes of what counts, and returns when that would survive a power
    /// cut.
    pub fn change(&self, change: impl FnOnce(&mut BootState)) -> Result<BootState, StateError> {
        let device = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&self.path)
            .map_err(self.failed("open"))?;
        let found = read(&device).map_err(self.failed("read"))?;
        let (counts, mut state) = found.unwrap_or((1, BootState::default()));
        change(&mut state);
        state.serial = state.serial.wrapping_add(1);
        let copy = state.encode();
        let offset = OFFSETS[1 - counts];
        device
            .write_all_at(&copy, offset)
            .and_then(|()| device.sync_all())
            .map_err(self.failed("write"))?;
        let mut kept = [0; COPY_BYTES];
        device
            .read_exact_at(&mut kept, offset)
            .map_err(self.failed("read"))?;
        match BootState::decode(&kept) {
            Some(kept) if kept.serial == state.serial => Ok(kept),
            _ => Err(StateError::NotKept(self.path.clone())),
        }
    }
}

/// Reads both copies. A file that is too short has none.
fn read(device: &File) -> io::Result<Option<(usize, BootState)>> {
    let mut copies = [None, None];
    for (copy, offset) in copies.iter_mut().zip(OFFSETS) {
        let mut bytes = [0; COPY_BYTES];
        match device.read_exact_at(&mut bytes, offset) {
            Ok(()) => *copy = BootState::decode(&bytes),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
            Err(error) => return Err(error),
        }
    }
    Ok(newest(copies))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn states() -> impl Strategy<Value = BootState> {
        let slot = || prop_oneof![Just(Slot::A), Just(Slot::B)];
        (
            slot(),
            proptest::option::of(slot()),
            0..=TRIES_MAX,
            0..u64::MAX - 1,
            "[^\\p{Cc}\\\\]{0,80}",
        )
            .prop_map(|(slot, trial, tries, serial, reason)| BootState {
                slot,
                trial,
                tries,
                serial,
                reason,
            })
    }

    /// Both copies with a write on its way, of which a part has arrived.
    fn torn(
        old: &BootState,
        new: &BootState,
        arrived: impl Fn(usize) -> bool,
    ) -> [Option<BootState>; 2] {
        // What was there before the state that counts.
        let before = BootState {
            serial: old.serial.saturating_sub(1),
            reason: "before".to_owned(),
            ..old.clone()
        };
        let (mut copy, fresh) = (before.encode(), new.encode());
        for at in 0..COPY_BYTES {
            if arrived(at) {
                copy[at] = fresh[at];
            }
        }
        [BootState::decode(&old.encode()), BootState::decode(&copy)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn what_is_written_is_read(state in states()) {
            prop_assert_eq!(BootState::decode(&state.encode()), Some(state));
        }

        #[test]
        fn a_write_that_is_cut_at_any_byte_leaves_the_old_state_or_the_new(
            old in states(), change in states()
        ) {
            let new = BootState { serial: old.serial + 1, ..change };
            for cut in 0..=COPY_BYTES {
                let (_, state) = newest(torn(&old, &new, |at| at < cut)).unwrap();
                prop_assert!(state == old || state == new, "cut at {}: {:?}", cut, state);
                prop_assert!(cut < COPY_BYTES || state == new);
            }
        }

        #[test]
        fn sectors_may_arrive_in_any_order(old in states(), change in states()) {
            let new = BootState { serial: old.serial + 1, ..change };
            for sectors in 0..=u8::MAX {
                let (_, state) =
                    newest(torn(&old, &new, |at| sectors >> (at / 512) & 1 == 1)).unwrap();
                prop_assert!(state == old || state == new, "{:08b}: {:?}", sectors, state);
            }
        }

        #[test]
        fn no_bytes_are_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), sound: bool) {
            let mut copy = [0; COPY_BYTES];
            copy[4..4 + bytes.len()].copy_from_slice(&bytes);
            if sound {
                let sum = crc32(&copy[4..]);
                copy[..4].copy_from_slice(&sum.to_le_bytes());
            }
            let _ = BootState::decode(&copy);
        }
    }

    #[test]
    fn a_long_reason_is_cut_between_letters() {
        let state = BootState {
            reason: "ä".repeat(1000),
            ..BootState::default()
        };
        let read = BootState::decode(&state.encode()).unwrap();
        assert_eq!(read.reason, "ä".repeat(512));
        let state = BootState {
            reason: "a\0slot=b\nc\\".to_owned(),
            ..BootState::default()
        };
        let read = BootState::decode(&state.encode()).unwrap();
        assert_eq!(read.reason, "a slot=b c/");
        assert_eq!(read.slot, Slot::A);
    }

    /// A copy as U-Boot writes it: sorted, with keys of its own, and without those that are empty.
    #[test]
    fn a_copy_of_the_boot_loaders_is_read() {
        let mut copy = [0; COPY_BYTES];
        let text = b"bootdelay=0\0reason=x\0serial=1f\0slot=b\0tries=2\0try=a\0\0";
        copy[4..4 + text.len()].copy_from_slice(text);
        let sum = crc32(&copy[4..]);
        copy[..4].copy_from_slice(&sum.to_le_bytes());
        let expect = BootState {
            slot: Slot::B,
            trial: Some(Slot::A),
            tries: 2,
            serial: 0x1f,
            reason: "x".to_owned(),
        };
        assert_eq!(BootState::decode(&copy), Some(expect));
        // CRC-32 as everyone else has it.
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn writes_alternate_and_an_empty_device_is_slot_a() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state");
        std::fs::write(&path, vec![0xff; 1 << 20]).unwrap();
        let file = StateFile::new(&path);
        assert_eq!(file.read().unwrap(), None);
        for serial in 1..5 {
            let state = file
                .change(|state| {
                    assert_eq!(state.slot, Slot::A);
                    state.reason = format!("write {serial}");
                })
                .unwrap();
            assert_eq!(state.serial, serial);
            assert_eq!(file.read().unwrap(), Some(state));
            let bytes = std::fs::read(&path).unwrap();
            let offset = [OFFSETS[0], OFFSETS[1]][usize::from(serial % 2 == 0)] as usize;
            let copy = bytes[offset..offset + COPY_BYTES].try_into().unwrap();
            assert_eq!(BootState::decode(copy).unwrap().serial, serial);
        }
        // One damaged copy is no harm: the other counts.
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[OFFSETS[1] as usize + 9] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(file.read().unwrap().unwrap().serial, 3);
        assert!(StateFile::new(&dir.path().join("none")).read().is_err());
    }
}
