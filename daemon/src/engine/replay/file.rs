//! A record as a file: who it is about, the trace, and the code to run it with (`docs/replay.md`).

use super::ReplayError;
use super::entry::{Entries, Entry};
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::{Read, Write};

/// How each record begins.
pub const MAGIC: &[u8; 14] = b"postern replay";
/// The version of the format.
pub const VERSION: u16 = 1;

/// What parts a record has. Each is there once at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Part {
    /// A [`Head`].
    Head = 1,
    /// Entries.
    Trace = 2,
    /// The module that isolates are made of.
    Module = 3,
    /// What lies in the memory that they begin with.
    Memory = 4,
}

impl Part {
    const ALL: [Self; 4] = [Self::Head, Self::Trace, Self::Module, Self::Memory];

    /// Bytes that it may have when it is inflated.
    const fn bytes_max(self) -> usize {
        match self {
            Self::Head => 64 << 10,
            Self::Trace => 64 << 20,
            Self::Module => 64 << 20,
            Self::Memory => 512 << 20,
        }
    }
}

/// Pages of memory that a guest may begin with, in a record.
pub const PAGES_MAX: u64 = 16_384;
/// Bytes of stack, and calls inside each other, in a record.
pub const STACK_MAX: u32 = 64 << 20;
/// See [`STACK_MAX`].
pub const DEPTH_MAX: u32 = 1 << 20;

/// Who and what a record is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The build of the engine: [`Engine::build`](super::super::Engine::build).
    pub build: String,
    /// The processor, as Rust names it.
    pub architecture: String,
    /// The dispatch namespace.
    pub namespace: String,
    /// The script.
    pub script: String,
    /// Its version.
    pub version: String,
    /// 0: a module of ABI version 1; 1: JavaScript.
    pub kind: u8,
    /// The invocation that the record is about.
    pub ray: u64,
    /// Its number in its isolate.
    pub request: u32,
    /// How it ended, as tail events call it.
    pub outcome: String,
    /// When it began: milliseconds since 1970.
    pub started_ms: u64,
    /// Fuel that it took.
    pub fuel: u64,
    /// Fuel that the board burns in a millisecond.
    pub fuel_per_ms: u64,
    /// Pages of 64 KiB that the memory begins with.
    pub pages: u64,
    /// Pages that it may have.
    pub pages_max: u64,
    /// Bytes that the interpreter's stack may have.
    pub stack_bytes: u32,
    /// Calls inside each other.
    pub call_depth: u32,
    /// Bytes that were replaced in what came from outside.
    pub redacted: u64,
    /// SHA-256 of the files that the code lies in: the image, and of the memory the base, if it has one, and
    /// the snapshot.
    pub code: Vec<[u8; 32]>,
}

/// A record that was read.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Who it is about.
    pub head: Head,
    /// Entries.
    pub trace: Vec<u8>,
    /// The module, if it is there.
    pub module: Option<Vec<u8>>,
    /// What lies in the memory at first: for each piece its place and its length, four bytes each, little
    /// endian, and its bytes.
    pub memory: Option<Vec<u8>>,
}

/// Writes a record, part after part.
pub struct Writing(Vec<u8>);

impl Default for Writing {
    fn default() -> Self {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        Self(bytes)
    }
}

impl Writing {
    /// Goes on with a record that has other parts already.
    pub fn behind(record: Vec<u8>) -> Self {
        Self(record)
    }

    /// Adds a part, which `fill` writes.
    ///
    /// # Errors
    /// What `fill` says, or that the part is too large.
    pub fn part(
        &mut self,
        part: Part,
        fill: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
    ) -> std::io::Result<()> {
        let at = self.0.len();
        self.0.push(part as u8);
        // Lengths and sum are known when it is written.
        self.0.extend_from_slice(&[0; 12]);
        let out = DeflateEncoder::new(std::mem::take(&mut self.0), Compression::fast());
        let mut counting = Counting {
            out,
            crc: Crc::new(),
            bytes: 0,
            max: part.bytes_max(),
        };
        let filled = fill(&mut counting);
        let (sum, raw) = (counting.crc.sum(), counting.bytes);
        self.0 = counting.out.finish()?;
        filled?;
        let numbers = [self.0.len() - at - 13, raw, sum as usize];
        for (place, number) in numbers.into_iter().enumerate() {
            let number = u32::try_from(number).map_err(std::io::Error::other)?;
            let from = at + 1 + place * 4;
            self.0[from..from + 4].copy_from_slice(&number.to_le_bytes());
        }
        Ok(())
    }

    /// The record.
    pub fn done(self) -> Vec<u8> {
        self.0
    }
}

struct Counting {
    out: DeflateEncoder<Vec<u8>>,
    crc: Crc,
    bytes: usize,
    max: usize,
}

impl Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.bytes + bytes.len() > self.max {
            let what = format!("a part of a record may have {} bytes", self.max);
            return Err(std::io::Error::other(what));
        }
        self.out.write_all(bytes)?;
        self.crc.update(bytes);
        self.bytes += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Record {
    /// The file of a record without code.
    ///
    /// # Errors
    /// When it is larger than a record may be.
    pub fn seal(head: &Head, trace: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut file = Writing::default();
        let head = postcard::to_allocvec(head).map_err(std::io::Error::other)?;
        file.part(Part::Head, |out| out.write_all(&head))?;
        file.part(Part::Trace, |out| out.write_all(trace))?;
        Ok(file.done())
    }

    /// Reads the head alone.
    ///
    /// # Errors
    /// When this is no record.
    pub fn head(file: &[u8]) -> Result<Head, ReplayError> {
        let (part, bytes, _) = parts(file)?.next().ok_or(ReplayError::Missing("head"))??;
        if part != Part::Head {
            return Err(ReplayError::Missing("head"));
        }
        head(&bytes.inflate()?)
    }

    /// Reads a record. The file is not believed.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(file: &[u8]) -> Result<Self, ReplayError> {
        let mut record = Self::default();
        let mut seen = [false; 5];
        for found in parts(file)? {
            let (part, bytes, at) = found?;
            if std::mem::replace(&mut seen[part as usize], true) {
                let what = "a part is there twice";
                return Err(ReplayError::File { at, what });
            }
            let bytes = bytes.inflate()?;
            match part {
                Part::Head => record.head = head(&bytes)?,
                Part::Trace => record.trace = bytes,
                Part::Module => record.module = Some(bytes),
                Part::Memory => record.memory = Some(bytes),
            }
        }
        for part in [Part::Head, Part::Trace] {
            if !seen[part as usize] {
                let missing = if part == Part::Head { "head" } else { "trace" };
                return Err(ReplayError::Missing(missing));
            }
        }
        for entry in record.entries(0) {
            entry?;
        }
        Ok(record)
    }

    /// Its entries from a place on.
    pub fn entries(&self, at: usize) -> Entries<'_> {
        Entries::new(&self.trace, at)
    }

    /// Names of requests, by their numbers in the isolate.
    pub fn rays(&self) -> impl Iterator<Item = (u32, u64)> {
        self.entries(0).filter_map(|entry| match entry {
            Ok(Entry::Began { request, ray, .. }) => Some((request, ray)),
            _ => None,
        })
    }

    /// The pieces of the memory at first.
    ///
    /// # Errors
    /// When they lie outside of it.
    pub fn pieces(&self) -> Result<Vec<(usize, &[u8])>, ReplayError> {
        let mut rest = self.memory.as_deref().ok_or(ReplayError::NoCode)?;
        let mut pieces = Vec::new();
        let bad = |what| ReplayError::File { at: 0, what };
        while let Some((head, behind)) = rest.split_first_chunk::<8>() {
            let half = |at: usize| {
                let mut number = [0; 4];
                number.copy_from_slice(&head[at..at + 4]);
                u32::from_le_bytes(number) as usize
            };
            let (place, len) = (half(0), half(4));
            let end = place.checked_add(len);
            let most = usize::try_from(self.head.pages * 65_536).unwrap_or(usize::MAX);
            if len == 0 || end.is_none_or(|end| end > most) {
                return Err(bad("a piece lies outside of the memory"));
            }
            let piece = behind
                .get(..len)
                .ok_or(bad("a piece of memory is cut off"))?;
            pieces.push((place, piece));
            rest = &behind[len..];
        }
        match rest.is_empty() {
            true => Ok(pieces),
            false => Err(bad("a piece of memory is cut off")),
        }
    }
}

fn head(bytes: &[u8]) -> Result<Head, ReplayError> {
    let head: Head = postcard::from_bytes(bytes).map_err(|_| ReplayError::Missing("head"))?;
    let over = |what, value, limit| ReplayError::Over { what, value, limit };
    if head.pages > PAGES_MAX {
        return Err(over("pages of memory", head.pages, PAGES_MAX));
    }
    if head.pages_max > 65_536 {
        return Err(over("pages of memory at most", head.pages_max, 65_536));
    }
    if head.stack_bytes > STACK_MAX {
        let value = head.stack_bytes.into();
        return Err(over("bytes of stack", value, STACK_MAX.into()));
    }
    if head.call_depth > DEPTH_MAX {
        let value = head.call_depth.into();
        return Err(over("nested calls", value, DEPTH_MAX.into()));
    }
    Ok(head)
}

/// SHA-256, as [`Head::code`] has it.
pub fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

struct Stored<'a> {
    bytes: &'a [u8],
    raw: usize,
    sum: u32,
    at: usize,
}

impl Stored<'_> {
    fn inflate(&self) -> Result<Vec<u8>, ReplayError> {
        let bad = |what| ReplayError::File { at: self.at, what };
        let mut all = Vec::new();
        // One more than it says, to see whether there is more: what is inflated is bounded whatever it says.
        let read = DeflateDecoder::new(self.bytes)
            .take(self.raw as u64 + 1)
            .read_to_end(&mut all);
        if read.is_err() || all.len() != self.raw {
            return Err(bad("a part is damaged"));
        }
        let mut crc = Crc::new();
        crc.update(&all);
        match crc.sum() == self.sum {
            true => Ok(all),
            false => Err(bad("a part is not what was written")),
        }
    }
}

type Found<'a> = Result<(Part, Stored<'a>, usize), ReplayError>;

fn parts(file: &[u8]) -> Result<impl Iterator<Item = Found<'_>>, ReplayError> {
    let rest = file.strip_prefix(MAGIC).ok_or(ReplayError::Foreign)?;
    let (version, mut rest) = rest.split_first_chunk::<2>().ok_or(ReplayError::Foreign)?;
    let version = u16::from_le_bytes(*version);
    if version != VERSION {
        return Err(ReplayError::Version(version));
    }
    Ok(std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let at = file.len() - rest.len();
        let found = one(at, &mut rest);
        if found.is_err() {
            rest = &[];
        }
        Some(found)
    }))
}

fn one<'a>(at: usize, rest: &mut &'a [u8]) -> Found<'a> {
    let bad = |what| ReplayError::File { at, what };
    let (head, behind) = rest
        .split_first_chunk::<13>()
        .ok_or(bad("a part is cut off"))?;
    let number = |from: usize| {
        let mut number = [0; 4];
        number.copy_from_slice(&head[from..from + 4]);
        u32::from_le_bytes(number)
    };
    let part = Part::ALL.into_iter().find(|part| *part as u8 == head[0]);
    let part = part.ok_or(bad("no part is of this kind"))?;
    let (stored, raw, sum) = (number(1) as usize, number(5) as usize, number(9));
    if raw > part.bytes_max() {
        return Err(ReplayError::Over {
            what: "bytes of a part",
            value: raw as u64,
            limit: part.bytes_max() as u64,
        });
    }
    let bytes = behind.get(..stored).ok_or(bad("a part is cut off"))?;
    *rest = &behind[stored..];
    let stored = Stored {
        bytes,
        raw,
        sum,
        at,
    };
    Ok((part, stored, at))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn sealed() -> Vec<u8> {
        let mut trace = Vec::new();
        Entry::Window { want: 4096 }.write(&mut trace);
        let head = Head {
            script: "s".into(),
            pages: 2,
            pages_max: 2,
            ..Head::default()
        };
        let mut file = Writing::behind(Record::seal(&head, &trace).unwrap());
        file.part(Part::Module, |out| out.write_all(b"\0asm"))
            .unwrap();
        file.part(Part::Memory, |out| {
            out.write_all(&[1, 0, 0, 0, 2, 0, 0, 0, 7, 8])
        })
        .unwrap();
        file.done()
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let file = sealed();
        let record = Record::read(&file).unwrap();
        assert_eq!(record.head, Record::head(&file).unwrap());
        assert_eq!((&*record.head.script, record.entries(0).count()), ("s", 1));
        assert_eq!(record.module.as_deref(), Some(&b"\0asm"[..]));
        assert_eq!(record.pieces().unwrap(), [(1, &[7, 8][..])]);
    }

    #[test]
    fn what_is_no_record_is_refused() {
        let file = sealed();
        for end in 0..file.len() {
            let cut = Record::read(&file[..end]);
            // Between two parts it is a record with fewer of them.
            assert!(cut.is_err() || cut.unwrap().pieces().is_err(), "{end}");
        }
        let twice = [&file[..], &file[MAGIC.len() + 2..]].concat();
        let told = Record::read(&twice).unwrap_err().to_string();
        assert!(told.contains("twice"), "{told}");
        let mut newer = file.clone();
        newer[MAGIC.len()] = 2;
        let told = Record::read(&newer).unwrap_err().to_string();
        assert!(told.contains("version 2"), "{told}");
        assert!(matches!(
            Record::read(b"nonsense"),
            Err(ReplayError::Foreign)
        ));
    }

    #[test]
    fn what_inflates_to_more_than_it_says_is_not_inflated() {
        let mut file = Writing::default();
        file.part(Part::Head, |out| out.write_all(&vec![0; 60_000]))
            .unwrap();
        let mut file = file.done();
        let at = MAGIC.len() + 2 + 5;
        file[at..at + 4].copy_from_slice(&100_u32.to_le_bytes());
        assert!(Record::read(&file).is_err());
        file[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        let told = Record::read(&file).unwrap_err().to_string();
        assert!(told.contains("limit is 65536"), "{told}");
    }

    #[test]
    fn heads_that_ask_for_too_much_are_refused() {
        let check = |head: Head| Record::read(&Record::seal(&head, &[]).unwrap()).is_err();
        assert!(!check(Head::default()));
        assert!(check(Head {
            pages: PAGES_MAX + 1,
            ..Head::default()
        }));
        assert!(check(Head {
            pages_max: 65_537,
            ..Head::default()
        }));
        assert!(check(Head {
            stack_bytes: STACK_MAX + 1,
            ..Head::default()
        }));
        assert!(check(Head {
            call_depth: u32::MAX,
            ..Head::default()
        }));
    }

    proptest! {
        #[test]
        fn a_changed_byte_is_found_or_harmless(at in 0..200_usize, value in any::<u8>()) {
            let mut file = sealed();
            let at = at % file.len();
            file[at] = value;
            if let Ok(record) = Record::read(&file) {
                let _ = record.pieces();
            }
        }

        #[test]
        fn noise_is_refused(noise in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut file = MAGIC.to_vec();
            file.extend_from_slice(&VERSION.to_le_bytes());
            file.extend_from_slice(&noise);
            prop_assert!(Record::read(&file).is_err());
        }
    }
}
