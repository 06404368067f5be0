//! Compression for guests: contexts that take input part by part (gzip, zlib, bare deflate).
//!
//! A context belongs to the request that opened it and goes with it. One call makes at most
//! [`COMPRESSION_OUTPUT_MAX`] bytes, so what a small input expands to is made, and paid for, only
//! as the guest asks for more.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use postern_abi::OpErrorCode;
use postern_abi::limits::{COMPRESSION_CONTEXTS_MAX, COMPRESSION_OUTPUT_MAX};

/// Bytes of memory that a context takes, rounded up; part of the isolate's memory.
pub const COMPRESS_BYTES: u64 = 320 * 1024;
/// The same of one that expands.
pub const EXPAND_BYTES: u64 = 64 * 1024;
/// Bytes of input that one call uses at most: nobody else runs on this thread meanwhile.
const INPUT_MAX: usize = 64 * 1024;
/// The largest window of the format.
const WINDOW_BITS: u8 = 15;

enum Work {
    Compress(Compress),
    Expand(Decompress),
}

struct Context {
    handle: u32,
    request: u32,
    work: Work,
    ended: bool,
}

/// The contexts of an isolate.
#[derive(Default)]
pub struct Contexts {
    last: u32,
    open: Vec<Context>,
    /// Where output is made; as long as there are contexts.
    output: Vec<u8>,
}

/// How a call went, as the guest is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Outcome {
    /// The input is used; more may follow.
    Ready = 0,
    /// There is more output than one call gives.
    More = 1,
    /// The stream is complete.
    End = 2,
    /// The input is not what it should be.
    Corrupt = 3,
    /// Input follows the end of the stream.
    Trailing = 4,
    /// The input ends before the stream does.
    Truncated = 5,
}

impl Contexts {
    /// Bytes that the contexts take.
    pub fn bytes(&self) -> u64 {
        let of = |context: &Context| match context.work {
            Work::Compress(_) => COMPRESS_BYTES,
            Work::Expand(_) => EXPAND_BYTES,
        };
        self.open.iter().map(of).sum::<u64>() + self.output.capacity() as u64
    }

    /// Bytes that one more takes, by the argument of [`Contexts::open`].
    pub fn cost(argument: &[u8]) -> u64 {
        if argument.get(1) == Some(&0) {
            COMPRESS_BYTES
        } else {
            EXPAND_BYTES
        }
    }

    /// Opens one for a request: a format and whether it expands, a byte each.
    ///
    /// # Errors
    /// For an unknown format, and when there are too many.
    pub fn open(&mut self, request: u32, argument: &[u8]) -> Result<u32, OpErrorCode> {
        let &[format, expand] = argument else {
            return Err(OpErrorCode::BadArgument);
        };
        if self.open.len() >= COMPRESSION_CONTEXTS_MAX {
            return Err(OpErrorCode::LimitExceeded);
        }
        let level = Compression::default();
        let work = match (format, expand) {
            (0, 0) => Work::Compress(Compress::new_gzip(level, WINDOW_BITS)),
            (1, 0) => Work::Compress(Compress::new(level, true)),
            (2, 0) => Work::Compress(Compress::new(level, false)),
            (0, 1) => Work::Expand(Decompress::new_gzip(WINDOW_BITS)),
            (1, 1) => Work::Expand(Decompress::new(true)),
            (2, 1) => Work::Expand(Decompress::new(false)),
            _ => return Err(OpErrorCode::BadArgument),
        };
        // Handles come round after four billion; those in use are skipped.
        loop {
            self.last = self.last.checked_add(1).unwrap_or(1);
            if self.at(self.last).is_none() {
                break;
            }
        }
        self.open.push(Context {
            handle: self.last,
            request,
            work,
            ended: false,
        });
        Ok(self.last)
    }

    fn at(&self, handle: u32) -> Option<usize> {
        self.open
            .iter()
            .position(|context| context.handle == handle)
    }

    /// Feeds one: a handle (four bytes, little endian), whether the input ends with this, the
    /// input, of which [`INPUT_MAX`] bytes are looked at. Appends a status, how much was used (four
    /// bytes, little endian) and the output to `out`. Gives how many bytes of input were compressed, and how many were made or read by
    /// expanding, for the price.
    ///
    /// # Errors
    /// For a handle that is not open.
    pub fn write(&mut self, argument: &[u8], out: &mut Vec<u8>) -> Result<Used, OpErrorCode> {
        let (handle, rest) = handle(argument)?;
        let (&last, input) = rest.split_first().ok_or(OpErrorCode::BadArgument)?;
        let at = self.at(handle).ok_or(OpErrorCode::BadArgument)?;
        let context = &mut self.open[at];
        let (input, rest) = input.split_at(input.len().min(INPUT_MAX));
        let last = last != 0 && rest.is_empty();
        self.output.resize(COMPRESSION_OUTPUT_MAX, 0);
        let (outcome, used, made) = context.run(input, last, &mut self.output);
        let outcome = match outcome {
            outcome if rest.is_empty() => outcome,
            Outcome::Ready => Outcome::More,
            Outcome::End => Outcome::Trailing,
            outcome => outcome,
        };
        out.push(outcome as u8);
        // At most what was looked at.
        out.extend_from_slice(&(used as u32).to_le_bytes());
        out.extend_from_slice(&self.output[..made]);
        Ok(match context.work {
            Work::Compress(_) => Used {
                calls: 1,
                compressed: used as u64,
                expanded: 0,
            },
            Work::Expand(_) => Used {
                calls: 1,
                compressed: 0,
                expanded: (used + made) as u64,
            },
        })
    }

    /// Closes one.
    ///
    /// # Errors
    /// For a handle that is not open.
    pub fn close(&mut self, argument: &[u8]) -> Result<(), OpErrorCode> {
        let (handle, _) = handle(argument)?;
        let at = self.at(handle).ok_or(OpErrorCode::BadArgument)?;
        self.open.swap_remove(at);
        self.rest();
        Ok(())
    }

    /// Closes those of a request.
    pub fn forget(&mut self, request: u32) {
        self.open.retain(|context| context.request != request);
        self.rest();
    }

    fn rest(&mut self) {
        if self.open.is_empty() {
            self.output = Vec::new();
        }
    }
}

/// What is charged for, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// How often a context was fed; not bytes.
    pub calls: u64,
    /// Compressed.
    pub compressed: u64,
    /// Read and made by expanding.
    pub expanded: u64,
}

impl Used {
    /// What opening one is charged as.
    pub const fn opened() -> Self {
        Self {
            calls: 0,
            compressed: 512,
            expanded: 0,
        }
    }
}

fn handle(argument: &[u8]) -> Result<(u32, &[u8]), OpErrorCode> {
    let (handle, rest) = argument
        .split_first_chunk()
        .ok_or(OpErrorCode::BadArgument)?;
    Ok((u32::from_le_bytes(*handle), rest))
}

impl Context {
    /// The outcome, bytes used and bytes made.
    fn run(&mut self, input: &[u8], last: bool, out: &mut [u8]) -> (Outcome, usize, usize) {
        if self.ended {
            let outcome = match (&self.work, input.is_empty()) {
                (Work::Expand(_), false) => Outcome::Trailing,
                _ => Outcome::End,
            };
            return (outcome, input.len(), 0);
        }
        let (before_in, before_out) = self.totals();
        let result = match &mut self.work {
            Work::Compress(compress) => {
                let flush = if last {
                    FlushCompress::Finish
                } else {
                    FlushCompress::None
                };
                compress.compress(input, out, flush).map_err(drop)
            }
            Work::Expand(expand) => expand
                .decompress(input, out, FlushDecompress::None)
                .map_err(drop),
        };
        let (after_in, after_out) = self.totals();
        // Both are at most what was given, which is in memory.
        let (used, made) = (
            (after_in - before_in) as usize,
            (after_out - before_out) as usize,
        );
        let full = made == out.len();
        let outcome = match result {
            Err(()) => Outcome::Corrupt,
            Ok(Status::StreamEnd) => {
                self.ended = true;
                if used < input.len() {
                    Outcome::Trailing
                } else {
                    Outcome::End
                }
            }
            Ok(_) if full => Outcome::More,
            // Nothing moves on, and nothing will.
            Ok(_) if used < input.len() && used + made == 0 => Outcome::Corrupt,
            Ok(_) if used < input.len() => Outcome::More,
            Ok(_) if last => match self.work {
                Work::Compress(_) => Outcome::More,
                Work::Expand(_) => Outcome::Truncated,
            },
            Ok(_) => Outcome::Ready,
        };
        (outcome, used, made)
    }

    fn totals(&self) -> (u64, u64) {
        match &self.work {
            Work::Compress(compress) => (compress.total_in(), compress.total_out()),
            Work::Expand(expand) => (expand.total_in(), expand.total_out()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Feeds all of `input` in pieces, and ends it; gives the last outcome and all output.
    fn feed(
        contexts: &mut Contexts,
        handle: u32,
        input: &[u8],
        piece: usize,
    ) -> (Outcome, Vec<u8>) {
        let mut all = Vec::new();
        let mut at = 0;
        loop {
            let part = &input[at..input.len().min(at + piece)];
            let last = at + part.len() == input.len();
            let mut argument = handle.to_le_bytes().to_vec();
            argument.push(u8::from(last));
            argument.extend_from_slice(part);
            let mut out = Vec::new();
            contexts.write(&argument, &mut out).unwrap();
            assert!(out.len() <= 5 + COMPRESSION_OUTPUT_MAX);
            at += u32::from_le_bytes([out[1], out[2], out[3], out[4]]) as usize;
            all.extend_from_slice(&out[5..]);
            match out[0] {
                0 if at == input.len() => return (Outcome::Ready, all),
                0 | 1 => {}
                2 => return (Outcome::End, all),
                3 => return (Outcome::Corrupt, all),
                4 => return (Outcome::Trailing, all),
                _ => return (Outcome::Truncated, all),
            }
        }
    }

    fn compressed(format: u8, input: &[u8]) -> Vec<u8> {
        let mut contexts = Contexts::default();
        let handle = contexts.open(1, &[format, 0]).unwrap();
        let (outcome, out) = feed(&mut contexts, handle, input, 1000);
        assert_eq!(outcome, Outcome::End);
        out
    }

    fn check(format: u8, input: &[u8], piece: usize, expected: Outcome, length: usize) {
        let mut contexts = Contexts::default();
        let handle = contexts.open(1, &[format, 1]).unwrap();
        let (outcome, out) = feed(&mut contexts, handle, input, piece);
        assert_eq!((outcome, out.len()), (expected, length));
    }

    #[test]
    fn every_format_goes_there_and_back() {
        let text = b"so much text that says the same text again ".repeat(5000);
        for format in 0..3 {
            let small = compressed(format, &text);
            assert!(small.len() < text.len() / 50);
            for piece in [1, 7, 100_000] {
                check(format, &small, piece, Outcome::End, text.len());
            }
            check(format, &compressed(format, b""), 100, Outcome::End, 0);
        }
    }

    #[test]
    fn what_is_wrong_with_the_input_is_told() {
        let good = compressed(0, b"abc");
        check(0, &[&good[..], b"x"].concat(), 100, Outcome::Trailing, 3);
        check(0, &good[..good.len() - 1], 100, Outcome::Truncated, 3);
        check(0, b"", 100, Outcome::Truncated, 0);
        check(0, b"this is no gzip", 100, Outcome::Corrupt, 0);
        let mut wrong = good;
        let at = wrong.len() - 6;
        wrong[at] ^= 1;
        check(0, &wrong, 100, Outcome::Corrupt, 3);
    }

    #[test]
    fn a_bomb_goes_off_in_small_parts() {
        let bomb = compressed(2, &vec![0; 8 << 20]);
        assert!(bomb.len() < 16 * 1024);
        let mut contexts = Contexts::default();
        let handle = contexts.open(1, &[2, 1]).unwrap();
        let mut argument = handle.to_le_bytes().to_vec();
        argument.push(0);
        argument.extend_from_slice(&bomb);
        let mut out = Vec::new();
        let used = contexts.write(&argument, &mut out).unwrap();
        assert_eq!((out[0], out.len()), (1, 5 + COMPRESSION_OUTPUT_MAX));
        assert!(used.expanded >= COMPRESSION_OUTPUT_MAX as u64);
    }

    #[test]
    fn a_call_takes_no_more_than_a_piece_of_its_input() {
        let mut contexts = Contexts::default();
        let handle = contexts.open(1, &[0, 0]).unwrap();
        let mut argument = handle.to_le_bytes().to_vec();
        argument.push(1);
        argument.extend_from_slice(&vec![0; 10 * INPUT_MAX]);
        let mut out = Vec::new();
        let used = contexts.write(&argument, &mut out).unwrap();
        assert_eq!((out[0], used.compressed), (1, INPUT_MAX as u64));
        assert_eq!(out[1..5], (INPUT_MAX as u32).to_le_bytes());
        // All of it, piece by piece, and something behind the end of another.
        let long = vec![0; 10 * INPUT_MAX];
        let small = compressed(0, &long);
        check(0, &small, long.len(), Outcome::End, long.len());
        let trailing = [&small[..], &long].concat();
        check(0, &trailing, trailing.len(), Outcome::Trailing, long.len());
    }

    #[test]
    fn contexts_are_counted_and_go_with_their_request() {
        let mut contexts = Contexts::default();
        for request in 0..COMPRESSION_CONTEXTS_MAX as u32 {
            contexts.open(request % 2, &[0, 1]).unwrap();
        }
        assert_eq!(contexts.open(0, &[0, 1]), Err(OpErrorCode::LimitExceeded));
        assert_eq!(contexts.bytes(), 64 * EXPAND_BYTES);
        contexts.forget(0);
        assert_eq!(contexts.bytes(), 32 * EXPAND_BYTES);
        let handle = contexts.open(2, &[1, 0]).unwrap();
        contexts.close(&handle.to_le_bytes()).unwrap();
        assert_eq!(
            contexts.close(&handle.to_le_bytes()),
            Err(OpErrorCode::BadArgument)
        );
    }

    #[test]
    fn arguments_are_mistrusted() {
        let mut contexts = Contexts::default();
        for argument in [&[][..], &[0], &[3, 0], &[0, 2], &[0, 0, 0]] {
            assert_eq!(contexts.open(1, argument), Err(OpErrorCode::BadArgument));
        }
        let mut out = Vec::new();
        for argument in [&[][..], &[1, 0, 0], &[1, 0, 0, 0], &[9, 0, 0, 0, 0]] {
            assert_eq!(
                contexts.write(argument, &mut out),
                Err(OpErrorCode::BadArgument)
            );
        }
    }
}
