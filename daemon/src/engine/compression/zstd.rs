//! Zstandard for guests (RFC 8878). What is compressed is a frame of blocks that stand alone;
//! expanding takes one frame, with a window of up to what the RFC asks for.

use super::{Flush, Outcome, Ran};
use crate::zstd::{MAGIC, header_bytes, window};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use std::io::Read;

/// Bytes that compressing takes while it is done, and its result, rounded up.
pub const COMPRESS_BYTES: u64 = 2 << 20;
/// Bytes that a decoder takes beside its window: a block and its tables.
const EXPAND_BYTES: u64 = 1 << 20;
/// The largest window (RFC 8878, 3.1.1.1.2: what a decoder should have).
const WINDOW_MAX: u64 = 8 << 20;
/// The last four bits of the magic number of a frame to be skipped are of its maker's choice.
const SKIPPED: u32 = 0x184d_2a50;

/// Bytes of input of a block at most.
const PIECE: usize = 64 * 1024;
/// How a frame begins that has no checksum and a window of 128 KiB, the largest block's.
const BEGIN: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd, 0, 0x38];
/// The last block, which has nothing in it.
const LAST: &[u8] = &[1, 0, 0];

/// A compressor.
#[derive(Default)]
pub struct Compressor {
    /// What the next block is to have.
    held: Vec<u8>,
    /// What is made and not fetched yet, from here on.
    made: Vec<u8>,
    at: usize,
    has_begun: bool,
    is_over: bool,
}

impl Compressor {
    /// Takes of `input` and gives into `out`.
    pub fn run(&mut self, input: &[u8], flush: Flush, out: &mut [u8]) -> Ran {
        let mut used = 0;
        if self.at == self.made.len() {
            self.made.clear();
            self.at = 0;
            used = input.len().min(PIECE - self.held.len());
            self.held.extend_from_slice(&input[..used]);
            let is_all = used == input.len();
            if self.held.len() == PIECE || is_all && flush != Flush::No && !self.held.is_empty() {
                self.block();
            }
            if is_all && flush == Flush::End {
                self.begin();
                self.made.extend_from_slice(LAST);
                self.is_over = true;
            }
        }
        let given = (self.made.len() - self.at).min(out.len());
        out[..given].copy_from_slice(&self.made[self.at..self.at + given]);
        self.at += given;
        let outcome = if self.at < self.made.len() || used < input.len() {
            Outcome::More
        } else if self.is_over {
            Outcome::End
        } else {
            Outcome::Ready
        };
        (outcome, used, given)
    }

    fn begin(&mut self) {
        if !self.has_begun {
            self.has_begun = true;
            self.made.extend_from_slice(BEGIN);
        }
    }

    /// Makes a block of what is held: the library makes frames of a block, which says nothing of
    /// others, for it takes no tables and no distances over from one before.
    fn block(&mut self) {
        self.begin();
        let mut frame = compress_to_vec(self.held.as_slice(), CompressionLevel::Fastest);
        self.held.clear();
        let head = header_bytes(frame[4]);
        let sum = if frame[4] & 4 == 0 { 0 } else { 4 };
        // It is not the last any more.
        frame[head] &= !1;
        self.made.extend_from_slice(&frame[head..frame.len() - sum]);
    }
}

/// What comes next.
enum Next {
    /// A frame's header.
    Header,
    /// A block, and after the last one a checksum or not.
    Block { has_sum: bool },
    /// So many bytes that are not looked at.
    Skip(u64),
}

/// Undoes it.
pub struct Expander {
    decoder: FrameDecoder,
    next: Next,
    /// The beginning of what comes next.
    held: Vec<u8>,
    /// Bytes of its window; 0: it has not begun.
    window: u64,
    is_over: bool,
    /// Whether the frame's checksum was not looked at, now that it is over.
    is_unchecked: bool,
}

impl Expander {
    pub fn new() -> Self {
        Self {
            decoder: FrameDecoder::new(),
            next: Next::Header,
            held: Vec::new(),
            window: 0,
            is_over: false,
            is_unchecked: false,
        }
    }

    /// Bytes that it takes: twice the window, for that is how the decoder's buffer grows.
    pub fn bytes(&self) -> u64 {
        EXPAND_BYTES + 2 * self.window
    }

    /// Takes of `input` and gives into `out`; `hold` is asked for more memory. What is corrupt
    /// gives 1 if it is no frame, 2 if it takes too large a window, else 0, as a byte.
    pub fn run(
        &mut self,
        input: &[u8],
        flush: Flush,
        out: &mut [u8],
        hold: &mut dyn FnMut(u64) -> bool,
    ) -> Ran {
        let (mut used, mut made) = (0, 0);
        loop {
            made += self.decoder.read(&mut out[made..]).unwrap_or(0);
            if self.decoder.can_collect() > 0 {
                return (Outcome::More, used, made);
            }
            if std::mem::take(&mut self.is_unchecked) {
                // The sum is of what was fetched, which is all by now.
                let sum = self.decoder.get_checksum_from_data();
                if sum.is_some() && sum != self.decoder.get_calculated_checksum() {
                    out[0] = 0;
                    return (Outcome::Corrupt, used, 1);
                }
            }
            let rest = &input[used..];
            if self.is_over {
                let outcome = [Outcome::End, Outcome::Trailing][usize::from(!rest.is_empty())];
                return (outcome, used, made);
            }
            if let Next::Skip(bytes) = &mut self.next {
                let skipped = (*bytes).min(rest.len() as u64);
                *bytes -= skipped;
                used += skipped as usize;
                if *bytes > 0 {
                    break;
                }
                self.next = Next::Header;
                continue;
            }
            // As much is put together as is known to be needed, until nothing more is.
            let needed = match self.needed() {
                Ok(needed) => needed,
                Err(why) => {
                    out[0] = why;
                    return (Outcome::Corrupt, used, 1);
                }
            };
            if self.held.len() < needed {
                let more = (needed - self.held.len()).min(rest.len());
                if more == 0 {
                    break;
                }
                self.held.extend_from_slice(&rest[..more]);
                used += more;
                continue;
            }
            if let Err(why) = self.step(hold) {
                out[0] = why;
                return (Outcome::Corrupt, used, 1);
            }
            self.held.clear();
        }
        let between = matches!(self.next, Next::Header) && self.held.is_empty();
        let outcome = match flush {
            Flush::End if between => Outcome::End,
            Flush::End => Outcome::Truncated,
            _ => Outcome::Ready,
        };
        (outcome, used, made)
    }

    /// How many bytes what comes next has, as far as its beginning tells.
    fn needed(&self) -> Result<usize, u8> {
        let held = &self.held;
        let Next::Block { has_sum } = self.next else {
            let Some(magic) = held.first_chunk() else {
                let is_skipped = held
                    .first()
                    .is_some_and(|first| first & !15 == SKIPPED as u8)
                    && SKIPPED.to_le_bytes()[1..].starts_with(&held[1..]);
                let is_frame = MAGIC.to_le_bytes().starts_with(held);
                return if is_frame || is_skipped {
                    Ok(4)
                } else {
                    Err(1)
                };
            };
            return match u32::from_le_bytes(*magic) {
                MAGIC => Ok(held
                    .get(4)
                    .map_or(5, |descriptor| header_bytes(*descriptor))),
                magic if magic & !15 == SKIPPED => Ok(8),
                _ => Err(1),
            };
        };
        let &[first, second, third, ..] = held.as_slice() else {
            return Ok(3);
        };
        let head = u32::from_le_bytes([first, second, third, 0]);
        let body = match head >> 1 & 3 {
            1 => 1,
            3 => return Err(0),
            _ => (head >> 3) as usize,
        };
        // RFC 8878, 3.1.1.2.4: a block has at most this, however large its window.
        if body > 128 * 1024 {
            return Err(0);
        }
        Ok(3 + body + if has_sum && head & 1 == 1 { 4 } else { 0 })
    }

    /// Decodes what was put together.
    fn step(&mut self, hold: &mut dyn FnMut(u64) -> bool) -> Result<(), u8> {
        if let Next::Block { .. } = self.next {
            let one = BlockDecodingStrategy::UptoBlocks(1);
            let over = self.decoder.decode_blocks(self.held.as_slice(), one);
            if over.map_err(|_| 0)? {
                self.is_unchecked = true;
                self.is_over = true;
            }
            return Ok(());
        }
        let magic = self
            .held
            .first_chunk()
            .map_or(0, |magic| u32::from_le_bytes(*magic));
        if magic != MAGIC {
            let length = self
                .held
                .last_chunk()
                .map_or(0, |length| u32::from_le_bytes(*length));
            self.next = Next::Skip(u64::from(length));
            return Ok(());
        }
        let descriptor = self.held[4];
        let window = window(&self.held).max(1);
        if window > WINDOW_MAX || descriptor & 3 != 0 {
            return Err(2);
        }
        if !hold(EXPAND_BYTES + 2 * window) {
            return Err(2);
        }
        self.window = window;
        self.decoder.reset(self.held.as_slice()).map_err(|_| 0)?;
        self.next = Next::Block {
            has_sum: descriptor & 4 != 0,
        };
        Ok(())
    }
}
