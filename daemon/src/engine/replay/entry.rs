//! What a trace is made of: entries, one behind the other, written as they happen and read with mistrust
//! (`docs/replay.md` has them to the byte).

use super::ReplayError;
use std::ops::Range;

/// The functions that a guest imports, by their numbers in a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Import {
    OpStart = 0,
    OpCancel = 1,
    OpPull = 2,
    OpChunk = 3,
    OpSync = 4,
    Respond = 5,
    BodyChunk = 6,
    BodyPull = 7,
    Fail = 8,
    Done = 9,
    Log = 10,
    Now = 11,
    Random = 12,
}

impl Import {
    /// All of them, in order.
    pub const ALL: [Self; 13] = [
        Self::OpStart,
        Self::OpCancel,
        Self::OpPull,
        Self::OpChunk,
        Self::OpSync,
        Self::Respond,
        Self::BodyChunk,
        Self::BodyPull,
        Self::Fail,
        Self::Done,
        Self::Log,
        Self::Now,
        Self::Random,
    ];

    /// Its name in a module.
    pub fn name(self) -> &'static str {
        use postern_abi::import;
        match self {
            Self::OpStart => import::OP_START,
            Self::OpCancel => import::OP_CANCEL,
            Self::OpPull => import::OP_PULL,
            Self::OpChunk => import::OP_CHUNK,
            Self::OpSync => import::OP_SYNC,
            Self::Respond => import::RESPOND,
            Self::BodyChunk => import::BODY_CHUNK,
            Self::BodyPull => import::BODY_PULL,
            Self::Fail => import::FAIL,
            Self::Done => import::DONE,
            Self::Log => import::LOG,
            Self::Now => import::NOW,
            Self::Random => import::RANDOM,
        }
    }

    /// Where the bytes lie that a call with these arguments gives to the host: pointers and lengths.
    pub fn reads(self, arguments: &[u32]) -> [(u32, u32); 2] {
        let pair = |at: usize| match arguments.get(at..at + 2) {
            Some([ptr, len]) => (*ptr, *len),
            _ => (0, 0),
        };
        match self {
            Self::OpStart | Self::Done => [pair(2), (0, 0)],
            Self::OpChunk | Self::OpSync | Self::BodyChunk | Self::Fail | Self::Log => {
                [pair(1), (0, 0)]
            }
            Self::Respond => [pair(1), pair(3)],
            Self::OpCancel | Self::OpPull | Self::BodyPull | Self::Now | Self::Random => {
                [(0, 0), (0, 0)]
            }
        }
    }

    /// Where the host has written that answered a call with these arguments with `value`.
    pub fn writes(self, arguments: &[u32], value: i64) -> Option<(u32, u32)> {
        match (self, arguments) {
            (Self::Random, [ptr, len]) => Some((*ptr, *len)),
            (Self::OpSync, [kind, _, _, out, cap]) => {
                if *kind == postern_abi::SyncOp::WasmRead as u32 && value >= 0 {
                    return Some((*out, *cap));
                }
                let len = u32::try_from(value).ok()?;
                (len > 0 && len <= *cap).then_some((*out, len))
            }
            _ => None,
        }
    }
}

/// How a call of the host ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<'a> {
    /// With this value, and these bytes where the guest wanted them.
    Value(i64, &'a [u8]),
    /// There was no fuel for it.
    OutOfFuel,
    /// The host ended the isolate.
    Ended,
}

/// How a turn of the guest ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How<'a> {
    /// It returned this: the status of an event, the address of a window.
    Returned(i32),
    /// Its fuel was used up.
    OutOfFuel,
    /// It trapped.
    Trapped(&'a str),
    /// The host stopped it between two slices.
    Stopped(&'a str),
}

impl std::fmt::Display for How<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Returned(status) => write!(f, "returned {status}"),
            Self::OutOfFuel => f.write_str("fuel used up"),
            Self::Trapped(why) => write!(f, "trapped: {why}"),
            Self::Stopped(why) => write!(f, "stopped: {why}"),
        }
    }
}

/// One entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// A request has come into the isolate.
    Began {
        /// Its number in this isolate.
        request: u32,
        /// Its name.
        ray: u64,
        /// When: milliseconds since 1970.
        at_ms: u64,
    },
    /// The guest is asked for a window; a turn, up to the next [`Entry::End`].
    Window {
        /// Of so many bytes.
        want: u32,
    },
    /// The guest is given an event; a turn, up to the next [`Entry::End`].
    Event {
        /// The request that pays for it.
        request: u32,
        /// Its kind.
        kind: u32,
        /// Its number.
        id: u32,
        /// What lies in the window.
        payload: &'a [u8],
    },
    /// The guest called the host.
    Call {
        /// What.
        import: Import,
        /// Its first two arguments.
        first: [u32; 2],
        /// Fuel that the host took for it.
        fuel: u64,
        /// CRC-32 of all arguments and of the bytes that they name; 0 where that is not told.
        digest: u32,
        /// What it gave.
        answer: Answer<'a>,
    },
    /// The guest's memory or a table was to grow: refused, granted, or refused for good.
    Grow {
        /// 0, 1, or 2.
        outcome: u8,
    },
    /// The end of a turn.
    End {
        /// Fuel that the turn took, the host's part of it included.
        used: u64,
        /// Fuel that it might have taken.
        allowance: u64,
        /// How it ended.
        how: How<'a>,
    },
    /// A request is over.
    Over {
        /// Which.
        request: u32,
        /// Fuel that it took in all.
        fuel: u64,
        /// How it ended, as tail events call it.
        outcome: &'a str,
        /// Why it failed, or empty.
        message: &'a str,
    },
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn counted(out: &mut Vec<u8>, bytes: &[u8]) {
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

const fn zigzag(value: i64) -> u64 {
    (value << 1) as u64 ^ (value >> 63) as u64
}

const fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

impl Entry<'_> {
    /// Bytes that it takes at most.
    pub fn bound(&self) -> usize {
        64 + match self {
            Self::Event { payload, .. } => payload.len(),
            Self::Call {
                answer: Answer::Value(_, written),
                ..
            } => written.len(),
            Self::End {
                how: How::Trapped(why) | How::Stopped(why),
                ..
            } => why.len(),
            Self::Over {
                outcome, message, ..
            } => outcome.len() + message.len(),
            _ => 0,
        }
    }

    /// Writes it behind what is there.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Began {
                request,
                ray,
                at_ms,
            } => {
                out.push(0);
                varint(out, (*request).into());
                varint(out, *ray);
                varint(out, *at_ms);
            }
            Self::Window { want } => {
                out.push(1);
                varint(out, (*want).into());
            }
            Self::Event {
                request,
                kind,
                id,
                payload,
            } => {
                out.push(2);
                for number in [request, kind, id] {
                    varint(out, (*number).into());
                }
                counted(out, payload);
            }
            Self::Call {
                import,
                first,
                fuel,
                digest,
                answer,
            } => {
                out.push(3);
                out.push(*import as u8);
                for number in first {
                    varint(out, (*number).into());
                }
                varint(out, *fuel);
                // Of the same length whatever it is: it can be taken out.
                out.extend_from_slice(&digest.to_le_bytes());
                match answer {
                    Answer::Value(value, written) => {
                        out.push(0);
                        varint(out, zigzag(*value));
                        counted(out, written);
                    }
                    Answer::OutOfFuel => out.push(1),
                    Answer::Ended => out.push(2),
                }
            }
            Self::Grow { outcome } => out.extend_from_slice(&[4, *outcome]),
            Self::End {
                used,
                allowance,
                how,
            } => {
                out.push(5);
                varint(out, *used);
                varint(out, *allowance);
                match how {
                    How::Returned(status) => {
                        out.push(0);
                        varint(out, zigzag((*status).into()));
                    }
                    How::OutOfFuel => out.push(1),
                    How::Trapped(why) => {
                        out.push(2);
                        counted(out, why.as_bytes());
                    }
                    How::Stopped(why) => {
                        out.push(3);
                        counted(out, why.as_bytes());
                    }
                }
            }
            Self::Over {
                request,
                fuel,
                outcome,
                message,
            } => {
                out.push(6);
                varint(out, (*request).into());
                varint(out, *fuel);
                counted(out, outcome.as_bytes());
                counted(out, message.as_bytes());
            }
        }
    }
}

/// Reads entries.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Entries<'a> {
    /// From `at` on, where an entry begins.
    pub fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// Where the next entry begins.
    pub fn at(&self) -> usize {
        self.at
    }

    fn bad(&self, what: &'static str) -> ReplayError {
        ReplayError::Trace { at: self.at, what }
    }

    fn byte(&mut self) -> Result<u8, ReplayError> {
        let byte = self.bytes.get(self.at).copied();
        let byte = byte.ok_or_else(|| self.bad("it is cut off"))?;
        self.at += 1;
        Ok(byte)
    }

    fn varint(&mut self) -> Result<u64, ReplayError> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7f);
            if shift == 63 && part > 1 {
                break;
            }
            value |= part << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.bad("a number has too many digits"))
    }

    fn number(&mut self) -> Result<u32, ReplayError> {
        let number = self.varint()?;
        u32::try_from(number).map_err(|_| self.bad("a number is too large"))
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], ReplayError> {
        let end = self.at.checked_add(len);
        let bytes = end.and_then(|end| self.bytes.get(self.at..end));
        let bytes = bytes.ok_or_else(|| self.bad("it is cut off"))?;
        self.at += len;
        Ok(bytes)
    }

    fn counted(&mut self) -> Result<&'a [u8], ReplayError> {
        let len = self.varint()?;
        let len = usize::try_from(len).map_err(|_| self.bad("it is cut off"))?;
        self.take(len)
    }

    fn text(&mut self) -> Result<&'a str, ReplayError> {
        let bytes = self.counted()?;
        std::str::from_utf8(bytes).map_err(|_| self.bad("a text is no UTF-8"))
    }

    fn entry(&mut self) -> Result<Entry<'a>, ReplayError> {
        Ok(match self.byte()? {
            0 => Entry::Began {
                request: self.number()?,
                ray: self.varint()?,
                at_ms: self.varint()?,
            },
            1 => Entry::Window {
                want: self.number()?,
            },
            2 => Entry::Event {
                request: self.number()?,
                kind: self.number()?,
                id: self.number()?,
                payload: self.counted()?,
            },
            3 => {
                let import = self.byte()?;
                let import = Import::ALL.get(usize::from(import)).copied();
                Entry::Call {
                    import: import.ok_or_else(|| self.bad("no import has this number"))?,
                    first: [self.number()?, self.number()?],
                    fuel: self.varint()?,
                    digest: {
                        let mut digest = [0; 4];
                        digest.copy_from_slice(self.take(4)?);
                        u32::from_le_bytes(digest)
                    },
                    answer: match self.byte()? {
                        0 => Answer::Value(unzigzag(self.varint()?), self.counted()?),
                        1 => Answer::OutOfFuel,
                        2 => Answer::Ended,
                        _ => return Err(self.bad("no answer is of this kind")),
                    },
                }
            }
            4 => Entry::Grow {
                outcome: match self.byte()? {
                    outcome @ 0..=2 => outcome,
                    _ => return Err(self.bad("no growth ends so")),
                },
            },
            5 => Entry::End {
                used: self.varint()?,
                allowance: self.varint()?,
                how: match self.byte()? {
                    0 => {
                        let status = i32::try_from(unzigzag(self.varint()?));
                        How::Returned(status.map_err(|_| self.bad("a number is too large"))?)
                    }
                    1 => How::OutOfFuel,
                    2 => How::Trapped(self.text()?),
                    3 => How::Stopped(self.text()?),
                    _ => return Err(self.bad("no turn ends so")),
                },
            },
            6 => Entry::Over {
                request: self.number()?,
                fuel: self.varint()?,
                outcome: self.text()?,
                message: self.text()?,
            },
            _ => return Err(self.bad("no entry is of this kind")),
        })
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>, ReplayError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.bytes.len() {
            return None;
        }
        let entry = self.entry();
        if entry.is_err() {
            // Nobody can tell where the next one begins.
            self.at = self.bytes.len();
        }
        Some(entry)
    }
}

/// Where in a trace the bytes lie that came to the guest from outside, and where digests lie.
#[derive(Debug, Default)]
pub struct Places {
    /// Payloads of events, and what calls of the host have written.
    pub told: Vec<Range<usize>>,
    /// Four bytes each.
    pub digests: Vec<usize>,
}

impl Places {
    /// Of a trace that this daemon wrote.
    ///
    /// # Errors
    /// When it is none.
    pub fn of(trace: &[u8]) -> Result<Self, ReplayError> {
        let mut places = Self::default();
        let mut entries = Entries::new(trace, 0);
        while let Some(entry) = entries.next() {
            let end = entries.at();
            match entry? {
                Entry::Event { payload, .. } => places.told.push(end - payload.len()..end),
                Entry::Call {
                    answer: Answer::Value(value, written),
                    ..
                } => {
                    let mut tail = Vec::new();
                    varint(&mut tail, zigzag(value));
                    varint(&mut tail, written.len() as u64);
                    places.told.push(end - written.len()..end);
                    places
                        .digests
                        .push(end - written.len() - tail.len() - 1 - 4);
                }
                Entry::Call { .. } => places.digests.push(end - 1 - 4),
                _ => {}
            }
        }
        Ok(places)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn check(entries: &[Entry<'_>]) {
        let mut bytes = Vec::new();
        for entry in entries {
            let before = bytes.len();
            entry.write(&mut bytes);
            assert!(bytes.len() - before <= entry.bound(), "{entry:?}");
        }
        let read: Vec<_> = Entries::new(&bytes, 0).map(Result::unwrap).collect();
        assert_eq!(read, entries);
        // Cut anywhere, it is a shorter trace or an error and never a panic.
        for end in 0..bytes.len() {
            let read: Vec<_> = Entries::new(&bytes[..end], 0).collect();
            assert!(read.len() <= entries.len());
        }
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(
            request in any::<u32>(), ray in any::<u64>(), status in any::<i32>(), value in any::<i64>(),
            import in 0..13_usize, digest in any::<u32>(), payload in prop::collection::vec(any::<u8>(), 0..300),
            text in ".{0,40}", outcome in 0..3_u8,
        ) {
            check(&[
                Entry::Began { request, ray, at_ms: ray / 2 },
                Entry::Window { want: request },
                Entry::End { used: ray, allowance: ray, how: How::Returned(status) },
                Entry::Event { request, kind: request, id: request, payload: &payload },
                Entry::Grow { outcome },
                Entry::Call {
                    import: Import::ALL[import], first: [request, request], fuel: ray, digest,
                    answer: Answer::Value(value, &payload),
                },
                Entry::Call { import: Import::Log, first: [0, 0], fuel: 0, digest, answer: Answer::OutOfFuel },
                Entry::Call { import: Import::Now, first: [0, 0], fuel: 0, digest, answer: Answer::Ended },
                Entry::End { used: 0, allowance: ray, how: How::OutOfFuel },
                Entry::End { used: 0, allowance: ray, how: How::Trapped(&text) },
                Entry::End { used: 0, allowance: ray, how: How::Stopped(&text) },
                Entry::Over { request, fuel: ray, outcome: &text, message: &text },
            ]);
        }

        #[test]
        fn what_nobody_wrote_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let read = Entries::new(&bytes, 0).count();
            prop_assert!(read <= bytes.len());
            let _ = Places::of(&bytes);
        }

        #[test]
        fn places_are_where_bytes_and_digests_lie(
            payload in prop::collection::vec(any::<u8>(), 0..300), value in any::<i64>(), digest in any::<u32>(),
        ) {
            let mut bytes = Vec::new();
            Entry::Event { request: 1, kind: 2, id: 300, payload: &payload }.write(&mut bytes);
            let answer = Answer::Value(value, &payload);
            Entry::Call { import: Import::OpSync, first: [3, 1 << 20], fuel: 77, digest, answer }.write(&mut bytes);
            let answer = Answer::OutOfFuel;
            Entry::Call { import: Import::Log, first: [3, 1 << 20], fuel: 77, digest, answer }.write(&mut bytes);
            let places = Places::of(&bytes).unwrap();
            for told in &places.told {
                prop_assert_eq!(&bytes[told.clone()], &payload[..]);
            }
            for at in places.digests {
                prop_assert_eq!(&bytes[at..at + 4], &digest.to_le_bytes()[..]);
            }
        }
    }
}
