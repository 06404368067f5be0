//! Compression for guests: contexts that take input part by part (gzip, zlib, bare deflate, Brotli,
//! Zstandard).
//!
//! A context belongs to the request that opened it and goes with it. One call makes at most
//! [`COMPRESSION_OUTPUT_MAX`] bytes, so what a small input expands to is made, and paid for, only
//! as the guest asks for more.

// By paths, for the engine's tests on this machine take this file too.
#[path = "compression/brotli.rs"]
mod brotli;
#[path = "compression/zstd.rs"]
mod zstd;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use postern_abi::OpErrorCode;
use postern_abi::limits::{COMPRESSION_CONTEXTS_MAX, COMPRESSION_OUTPUT_MAX};

/// Bytes of memory that a context takes, rounded up; part of the isolate's memory.
pub const COMPRESS_BYTES: u64 = 320 * 1024;
/// The same of one that expands.
pub const EXPAND_BYTES: u64 = 64 * 1024;
/// Bytes of input that one call uses at most: nobody else runs on this thread meanwhile.
const INPUT_MAX: usize = 64 * 1024;
/// Bytes of a dictionary, at most.
const DICTIONARY_MAX: usize = 64 * 1024;
/// The level that stands for the usual one.
const USUAL: u8 = 255;
/// The largest window of the format.
const WINDOW_BITS: u8 = 15;

enum Work {
    Compress(Compress),
    /// With what is compressed with a dictionary, the dictionary.
    Expand(Decompress, Vec<u8>),
    ToBrotli(brotli::Compressor),
    OfBrotli(brotli::Expander),
    ToZstd(zstd::Compressor),
    OfZstd(Box<zstd::Expander>),
}

impl Work {
    fn bytes(&self) -> u64 {
        match self {
            Self::Compress(_) => COMPRESS_BYTES,
            Self::Expand(_, dictionary) => EXPAND_BYTES + dictionary.capacity() as u64,
            Self::ToBrotli(_) => brotli::COMPRESS_BYTES,
            Self::OfBrotli(brotli) => brotli.bytes(&[]),
            Self::ToZstd(_) => zstd::COMPRESS_BYTES,
            Self::OfZstd(zstd) => zstd.bytes(),
        }
    }

    fn expands(&self) -> bool {
        matches!(self, Self::Expand(..) | Self::OfBrotli(_) | Self::OfZstd(_))
    }
}

/// What becomes of the input that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flush {
    /// More follows.
    No,
    /// It is all made output.
    Out,
    /// It is the last.
    End,
}

/// The outcome, bytes used and bytes made.
type Ran = (Outcome, usize, usize);

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
    /// The stream was made with a dictionary, and there is none.
    NoDictionary = 6,
    /// It was made with another one.
    OtherDictionary = 7,
}

impl Contexts {
    /// Those of a module that loads. What it leaves open is nobody's in the isolates that start from it:
    /// their handles begin elsewhere.
    pub fn of_loading() -> Self {
        Self {
            last: 1 << 30,
            ..Self::default()
        }
    }

    /// Bytes that the contexts take.
    pub fn bytes(&self) -> u64 {
        let of = |context: &Context| context.work.bytes();
        self.open.iter().map(of).sum::<u64>() + self.output.capacity() as u64
    }

    /// Bytes that one more takes, by the argument of [`Contexts::open`].
    pub fn cost(argument: &[u8]) -> u64 {
        match argument {
            [3, 0, ..] => brotli::COMPRESS_BYTES,
            [4, 0, ..] => zstd::COMPRESS_BYTES,
            [_, 0, ..] => COMPRESS_BYTES,
            [4, ..] => zstd::Expander::new().bytes(),
            [_, _, dictionary @ ..] => EXPAND_BYTES + dictionary.len() as u64,
            _ => EXPAND_BYTES,
        }
    }

    /// Opens one for a request: a format and whether it expands, a byte each; what is compressed
    /// to Brotli has a quality, a window (as a power of two) and a mode besides, and deflate may have a
    /// level (255 for the usual one) and then a dictionary. What is expanded from zlib or bare deflate may
    /// have a dictionary.
    ///
    /// # Errors
    /// For an unknown format, and when there are too many.
    pub fn open(&mut self, request: u32, argument: &[u8]) -> Result<u32, OpErrorCode> {
        let &[format, expand, ref options @ ..] = argument else {
            return Err(OpErrorCode::BadArgument);
        };
        let takes = match (format, expand) {
            (3, 0) => 3,
            (0, 0) => 1,
            (1 | 2, _) => DICTIONARY_MAX + 1,
            _ => 0,
        };
        if options.len() > takes {
            return Err(OpErrorCode::BadArgument);
        }
        if self.open.len() >= COMPRESSION_CONTEXTS_MAX {
            return Err(OpErrorCode::LimitExceeded);
        }
        let (level, dictionary) = options.split_first().unwrap_or((&USUAL, &[]));
        let level = match *level {
            level @ 0..=9 => Compression::new(level.into()),
            _ => Compression::default(),
        };
        let refused = |_| OpErrorCode::BadArgument;
        let work = match (format, expand) {
            (0, 0) => Work::Compress(Compress::new_gzip(level, WINDOW_BITS)),
            (1 | 2, 0) => {
                let mut compress = Compress::new(level, format == 1);
                if !dictionary.is_empty() {
                    compress
                        .set_dictionary(dictionary)
                        .map_err(drop)
                        .map_err(refused)?;
                }
                Work::Compress(compress)
            }
            (0, 1) => Work::Expand(Decompress::new_gzip(WINDOW_BITS), Vec::new()),
            (1, 1) => Work::Expand(Decompress::new(true), options.to_vec()),
            (2, 1) => {
                let mut expand = Decompress::new(false);
                if !options.is_empty() {
                    expand
                        .set_dictionary(options)
                        .map_err(drop)
                        .map_err(refused)?;
                }
                Work::Expand(expand, Vec::new())
            }
            (3, 0) => Work::ToBrotli(brotli::Compressor::new(options)?),
            (3, 1) => Work::OfBrotli(brotli::Expander::new()),
            (4, 0) => Work::ToZstd(zstd::Compressor::default()),
            (4, 1) => Work::OfZstd(Box::new(zstd::Expander::new())),
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

    /// Feeds one: a handle (four bytes, little endian), whether the input ends with this (1) or all
    /// of it is to come out (2), the input, of which [`INPUT_MAX`] bytes are looked at. Appends a
    /// status, how much was used (four bytes, little endian) and the output to `out`. Gives how many
    /// bytes of input were compressed, and how many were made or read by expanding, for the price.
    /// `hold` is asked for the bytes that the contexts take if this takes more.
    ///
    /// # Errors
    /// For a handle that is not open, and when there is no room.
    pub fn write(
        &mut self,
        argument: &[u8],
        out: &mut Vec<u8>,
        hold: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Used, OpErrorCode> {
        let (handle, rest) = handle(argument)?;
        let (&end, input) = rest.split_first().ok_or(OpErrorCode::BadArgument)?;
        let at = self.at(handle).ok_or(OpErrorCode::BadArgument)?;
        self.output.resize(COMPRESSION_OUTPUT_MAX, 0);
        let others = self.bytes() - self.open[at].work.bytes();
        let context = &mut self.open[at];
        let (input, rest) = input.split_at(input.len().min(INPUT_MAX));
        let flush = match end {
            1 if rest.is_empty() => Flush::End,
            2 if rest.is_empty() => Flush::Out,
            _ => Flush::No,
        };
        let mut hold = |bytes| hold(others + bytes);
        let (outcome, used, made) = context.run(input, flush, &mut self.output, &mut hold)?;
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
            // What looks for repetitions with more effort.
            Work::ToBrotli(_) => Used {
                calls: 1,
                compressed: used as u64 * 2,
                expanded: 0,
            },
            _ if !context.work.expands() => Used {
                calls: 1,
                compressed: used as u64,
                expanded: 0,
            },
            _ => Used {
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
    fn run(
        &mut self,
        input: &[u8],
        flush: Flush,
        out: &mut [u8],
        hold: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Ran, OpErrorCode> {
        if self.ended {
            let outcome = match (self.work.expands(), input.is_empty()) {
                (true, false) => Outcome::Trailing,
                _ => Outcome::End,
            };
            return Ok((outcome, input.len(), 0));
        }
        let ran = match &mut self.work {
            Work::Compress(compress) => deflate(compress, input, flush, out),
            Work::Expand(expand, dictionary) => inflate(expand, dictionary, input, flush, out),
            Work::ToBrotli(brotli) => brotli.run(input, flush, out),
            Work::OfBrotli(brotli) => {
                let bytes = brotli.bytes(input);
                if bytes > brotli.bytes(&[]) && !hold(bytes) {
                    return Err(OpErrorCode::LimitExceeded);
                }
                brotli.run(input, flush, out)
            }
            Work::ToZstd(zstd) => zstd.run(input, flush, out),
            Work::OfZstd(zstd) => zstd.run(input, flush, out, hold),
        };
        self.ended = matches!(ran.0, Outcome::End | Outcome::Trailing);
        Ok(ran)
    }
}

fn deflate(compress: &mut Compress, input: &[u8], flush: Flush, out: &mut [u8]) -> Ran {
    let (before_in, before_out) = (compress.total_in(), compress.total_out());
    let kind = match flush {
        Flush::No => FlushCompress::None,
        Flush::Out => FlushCompress::Sync,
        Flush::End => FlushCompress::Finish,
    };
    let result = compress.compress(input, out, kind).map_err(drop);
    // Both are at most what was given, which is in memory.
    let used = (compress.total_in() - before_in) as usize;
    let made = (compress.total_out() - before_out) as usize;
    let otherwise = match flush {
        Flush::End => Outcome::More,
        _ => Outcome::Ready,
    };
    outcome_of(result, input, out, (used, made), otherwise)
}

fn inflate(
    expand: &mut Decompress,
    dictionary: &[u8],
    input: &[u8],
    flush: Flush,
    out: &mut [u8],
) -> Ran {
    let (before_in, before_out) = (expand.total_in(), expand.total_out());
    let mut result = expand.decompress(input, out, FlushDecompress::None);
    if result
        .as_ref()
        .is_err_and(|error| error.needs_dictionary().is_some())
    {
        let used = (expand.total_in() - before_in) as usize;
        if dictionary.is_empty() {
            return (Outcome::NoDictionary, used, 0);
        }
        if expand.set_dictionary(dictionary).is_err() {
            return (Outcome::OtherDictionary, used, 0);
        }
        result = expand.decompress(&input[used..], out, FlushDecompress::None);
    }
    let used = (expand.total_in() - before_in) as usize;
    let made = (expand.total_out() - before_out) as usize;
    let otherwise = match flush {
        Flush::End => Outcome::Truncated,
        _ => Outcome::Ready,
    };
    outcome_of(result.map_err(drop), input, out, (used, made), otherwise)
}

fn outcome_of(
    result: Result<Status, ()>,
    input: &[u8],
    out: &[u8],
    (used, made): (usize, usize),
    otherwise: Outcome,
) -> Ran {
    let outcome = match result {
        Err(()) => Outcome::Corrupt,
        Ok(Status::StreamEnd) if used < input.len() => Outcome::Trailing,
        Ok(Status::StreamEnd) => Outcome::End,
        Ok(_) if made == out.len() => Outcome::More,
        // Nothing moves on, and nothing will.
        Ok(_) if used < input.len() && used + made == 0 => Outcome::Corrupt,
        Ok(_) if used < input.len() => Outcome::More,
        Ok(_) => otherwise,
    };
    (outcome, used, made)
}

// The engine's tests have this file too, by its path.
#[cfg(test)]
#[path = "compression/tests.rs"]
mod tests;
