//! An encoder of Brotli (RFC 7932) for boards: matches by hash chains, and one prefix code each for
//! literals, commands and distances of a meta-block.
//!
//! What the `brotli` crate has beyond that makes streams a tenth smaller: the dictionary of the
//! format, block types, contexts, optimal parsing. It is 0.7 MB of code and tables, a tenth of a
//! small board's whole binary, and most of it is for qualities that no request could pay for. Only
//! its prefix codes are used.

use brotli::enc::StandardAlloc;
use brotli::enc::brotli_bit_stream::BrotliBuildAndStoreHuffmanTreeFast;

/// Bytes of a meta-block at most.
const BLOCK: usize = 1 << 16;
/// The shortest match that is looked for.
const MATCH_MIN: usize = 4;
/// Bits of the hash of so many bytes.
const HASH_BITS: u32 = 15;
/// Distances that the format keeps: those of the last copies.
const KEPT: usize = 4;
/// Matches that are looked at for a place, by quality.
const DEPTHS: [usize; 6] = [1, 2, 4, 8, 16, 32];
/// The quality from which a match waits for a better one at the next place.
const LAZY_FROM: u32 = 3;
/// A match this long is taken as it is.
const GOOD: usize = 96;
/// Places in a row that may wait.
const DELAYS_MAX: usize = 4;
/// What is worse is shorter as literals.
const SCORE_MIN: i64 = 100;
/// What a match one place further must be better by.
const DELAY_SCORE: i64 = 175;

/// Sizes of the alphabets: literals, commands, distances; and the bits of a symbol of each.
const LITERALS: usize = 256;
const COMMANDS: usize = 704;
const DISTANCES: usize = 64;
const SYMBOL_BITS: [usize; 3] = [8, 10, 6];

/// Lengths from which each code of an insert length counts, and its extra bits (RFC 7932, 5).
const INSERT_BASE: [u32; 24] = [
    0, 1, 2, 3, 4, 5, 6, 8, 10, 14, 18, 26, 34, 50, 66, 98, 130, 194, 322, 578, 1090, 2114, 6210,
    22594,
];
const INSERT_BITS: [u8; 24] = [
    0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9, 10, 12, 14, 24,
];
/// The same of a copy length.
const COPY_BASE: [u32; 24] = [
    2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 18, 22, 30, 38, 54, 70, 102, 134, 198, 326, 582, 1094, 2118,
];
const COPY_BITS: [u8; 24] = [
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9, 10, 24,
];
/// The first command of each pair of eight insert codes and eight copy codes.
const CELLS: [[usize; 3]; 3] = [[128, 192, 384], [256, 320, 512], [448, 576, 640]];

/// Literals, and a copy behind them.
#[derive(Clone, Copy)]
struct Command {
    insert: u32,
    /// 0: the meta-block ends with literals.
    copy: u32,
    /// The code of the distance and its extra bits; code 0 is the last distance.
    distance: (u8, u8, u32),
}

/// A match.
#[derive(Clone, Copy)]
struct Match {
    length: usize,
    distance: usize,
    score: i64,
}

/// An encoder. It takes what fits and gives what is ready.
pub struct Encoder {
    depth: usize,
    lazy: bool,
    window: usize,
    /// What was taken: at least the window before `begin`, and what is not encoded yet.
    data: Vec<u8>,
    /// Where what is not encoded yet begins.
    begin: usize,
    /// The last place of each hash, plus one; and of each place of the window the one before it.
    head: Vec<u32>,
    before: Vec<u32>,
    last: [usize; KEPT],
    /// What was made, and how much of it was given.
    made: Vec<u8>,
    given: usize,
    /// Bits that do not fill a byte yet.
    bits: (u8, u8),
    end: bool,
}

impl Encoder {
    /// Of a quality, 0 to 5, and a window of `2^window_bits`, 10 to 18.
    pub fn new(quality: u32, window_bits: u32) -> Self {
        let quality = quality.min(5);
        let header = match window_bits {
            16 => (0, 1),
            17 => (1, 7),
            10..=15 => (((window_bits - 8) << 4 | 1) as u8, 7),
            _ => (((window_bits - 17) << 1 | 1) as u8, 4),
        };
        Self {
            depth: DEPTHS[quality as usize],
            lazy: quality >= LAZY_FROM,
            window: 1 << window_bits,
            data: Vec::new(),
            begin: 0,
            head: vec![0; 1 << HASH_BITS],
            before: vec![0; 1 << window_bits],
            // As the format has them at the start.
            last: [4, 11, 15, 16],
            made: Vec::new(),
            given: 0,
            bits: header,
            end: false,
        }
    }

    /// Takes some of `input`; how much. Nothing is taken while a meta-block waits to be made.
    pub fn take(&mut self, input: &[u8]) -> usize {
        let room = BLOCK - self.pending();
        let taken = &input[..input.len().min(room)];
        if self.data.len() + taken.len() > 2 * self.window + BLOCK {
            self.slide();
        }
        self.data.extend_from_slice(taken);
        taken.len()
    }

    /// Bytes that were taken and are not encoded yet.
    fn pending(&self) -> usize {
        self.data.len() - self.begin
    }

    /// Whether a meta-block is full.
    pub fn is_full(&self) -> bool {
        self.pending() == BLOCK
    }

    /// Gives what is ready; how much.
    pub fn give(&mut self, out: &mut [u8]) -> usize {
        let ready = &self.made[self.given..];
        let length = ready.len().min(out.len());
        out[..length].copy_from_slice(&ready[..length]);
        self.given += length;
        if self.given == self.made.len() {
            self.made.clear();
            self.given = 0;
        }
        length
    }

    /// Whether something is ready.
    pub fn has_more(&self) -> bool {
        !self.made.is_empty()
    }

    /// Whether the stream's end was made.
    pub fn is_finished(&self) -> bool {
        self.end
    }

    /// Makes what was taken ready, up to a whole byte.
    pub fn flush(&mut self) {
        self.encode();
        // Metadata of no bytes: it fills the byte.
        self.put(|bits| {
            bits.write(6, 6);
            bits.align();
        });
    }

    /// Makes what was taken ready, and the end.
    pub fn finish(&mut self) {
        self.encode();
        self.put(|bits| {
            bits.write(2, 3);
            bits.align();
        });
        self.end = true;
    }

    /// Lets go of what is before the window.
    fn slide(&mut self) {
        let by = self.begin.saturating_sub(self.window);
        // Places are counted modulo the window in `before`.
        let by = by - by % self.window;
        self.data.drain(..by);
        self.begin -= by;
        let by = by as u32;
        for place in self.head.iter_mut().chain(&mut self.before) {
            *place = place.saturating_sub(by);
        }
    }

    /// Encodes what was taken, as one meta-block.
    pub fn encode(&mut self) {
        if self.pending() == 0 {
            return;
        }
        let last = self.last;
        let commands = self.parse();
        let block = std::mem::replace(&mut self.begin, self.data.len())..self.data.len();
        let before = self.bits;
        let start = self.made.len();
        let data = std::mem::take(&mut self.data);
        self.put(|bits| compressed(bits, &data[block.clone()], &commands));
        if self.made.len() - start > block.len() {
            self.made.truncate(start);
            self.bits = before;
            self.last = last;
            self.put(|bits| {
                bits.head(block.len());
                bits.write(1, 1);
                bits.align();
                bits.bytes(&data[block.clone()]);
            });
        }
        self.data = data;
    }

    /// Writes bits, of which whole bytes become ready.
    fn put(&mut self, write: impl FnOnce(&mut Bits)) {
        let mut bits = Bits {
            bytes: std::mem::take(&mut self.made),
            rest: u64::from(self.bits.0),
            count: self.bits.1,
        };
        write(&mut bits);
        bits.spill();
        self.bits = (bits.rest as u8, bits.count);
        self.made = bits.bytes;
    }

    /// The commands that what is pending is made of.
    fn parse(&mut self) -> Vec<Command> {
        let end = self.data.len();
        let mut commands = Vec::new();
        let mut at = self.begin;
        let mut literals = at;
        while at + MATCH_MIN <= end {
            let Some(mut found) = self.find(at) else {
                self.keep(at);
                at += 1;
                continue;
            };
            self.keep(at);
            let mut delays = 0;
            while self.lazy
                && delays < DELAYS_MAX
                && found.length < GOOD
                && at + 1 + MATCH_MIN <= end
            {
                let Some(next) = self.find(at + 1) else {
                    break;
                };
                if next.score < found.score + DELAY_SCORE {
                    break;
                }
                found = next;
                at += 1;
                self.keep(at);
                delays += 1;
            }
            commands.push(Command {
                insert: (at - literals) as u32,
                copy: found.length as u32,
                distance: self.distance(found.distance),
            });
            for place in at + 1..(at + found.length).min(end.saturating_sub(MATCH_MIN - 1)) {
                self.keep(place);
            }
            at += found.length;
            literals = at;
        }
        if literals < end {
            commands.push(Command {
                insert: (end - literals) as u32,
                copy: 0,
                distance: (0, 0, 0),
            });
        }
        commands
    }

    /// The best match at a place, if there is one.
    fn find(&self, at: usize) -> Option<Match> {
        let reach = at.min(self.window - 16);
        let mut best: Option<Match> = None;
        let mut look = |distance: usize, bonus: i64| {
            if distance == 0 || distance > reach {
                return;
            }
            // What is no longer than the best is no better, from further away.
            if let Some(best) = best
                && self.data.get(at + best.length) != self.data.get(at + best.length - distance)
            {
                return;
            }
            let length = self.length(at, at - distance);
            let score = 135 * length as i64 - bonus;
            if length >= MATCH_MIN && best.is_none_or(|best| score > best.score) {
                best = Some(Match {
                    length,
                    distance,
                    score,
                });
            }
        };
        for (number, distance) in self.last.iter().enumerate() {
            look(*distance, if number == 0 { -15 } else { 24 });
        }
        let mut place = self.head[self.hash(at)] as usize;
        for _ in 0..self.depth {
            if place == 0 || place > at || at - (place - 1) > reach {
                break;
            }
            let distance = at - (place - 1);
            look(distance, 30 * i64::from(distance.ilog2()));
            place = self.before[(place - 1) % self.window] as usize;
        }
        best.filter(|best| best.score > SCORE_MIN)
    }

    /// How many bytes at two places are the same.
    fn length(&self, one: usize, other: usize) -> usize {
        let one = &self.data[one..];
        one.iter()
            .zip(&self.data[other..])
            .take_while(|(one, other)| one == other)
            .count()
    }

    fn hash(&self, at: usize) -> usize {
        let mut bytes = [0; MATCH_MIN];
        bytes.copy_from_slice(&self.data[at..at + MATCH_MIN]);
        (u32::from_le_bytes(bytes).wrapping_mul(0x1e35_a7bd) >> (32 - HASH_BITS)) as usize
    }

    /// Keeps a place to be found.
    fn keep(&mut self, at: usize) {
        let hash = self.hash(at);
        self.before[at % self.window] = self.head[hash];
        self.head[hash] = (at + 1) as u32;
    }

    /// The code of a distance, which becomes the last one.
    fn distance(&mut self, distance: usize) -> (u8, u8, u32) {
        let known = self.last.iter().position(|last| *last == distance);
        if known == Some(0) {
            return (0, 0, 0);
        }
        self.last.copy_within(0..KEPT - 1, 1);
        self.last[0] = distance;
        if let Some(known) = known {
            return (known as u8, 0, 0);
        }
        let from = distance as u32 + 3;
        let bits = from.ilog2() - 1;
        let prefix = from >> bits & 1;
        let code = 16 + 2 * (bits - 1) + prefix;
        (code as u8, bits as u8, from - ((2 + prefix) << bits))
    }
}

/// The code of a length: the last whose base is not above it.
fn code(base: &[u32; 24], length: u32) -> usize {
    base.partition_point(|base| *base <= length) - 1
}

/// A command's symbol, and the codes of its lengths.
fn symbol(command: &Command) -> (usize, usize, usize) {
    let insert = code(&INSERT_BASE, command.insert);
    // The format has no command without a copy; the last one's is not read.
    let copy = code(&COPY_BASE, command.copy.max(2));
    let within = (insert & 7) << 3 | copy & 7;
    let of_last = command.copy > 0 && command.distance.0 == 0;
    let cell = match of_last && insert < 8 && copy < 16 {
        true => (copy >> 3) << 6,
        false => CELLS[insert >> 3][copy >> 3],
    };
    (cell + within, insert, copy)
}

/// Whether a command with this symbol has a distance.
fn has_distance(command: &Command, symbol: usize) -> bool {
    command.copy > 0 && symbol >= 128
}

/// Writes a compressed meta-block.
fn compressed(bits: &mut Bits, block: &[u8], commands: &[Command]) {
    let mut counts = ([0; LITERALS], [0; COMMANDS], [0; DISTANCES]);
    let mut at = 0;
    for command in commands {
        let (symbol, ..) = symbol(command);
        counts.1[symbol] += 1;
        for literal in &block[at..at + command.insert as usize] {
            counts.0[usize::from(*literal)] += 1;
        }
        if has_distance(command, symbol) {
            counts.2[usize::from(command.distance.0)] += 1;
        }
        at += (command.insert + command.copy) as usize;
    }
    bits.head(block.len());
    bits.write(1, 0);
    // One type of block each, no postfix and no direct distances, one tree each.
    bits.write(13, 0);
    let literals = Code::<LITERALS>::write(bits, &counts.0, SYMBOL_BITS[0]);
    let symbols = Code::<COMMANDS>::write(bits, &counts.1, SYMBOL_BITS[1]);
    let distances = Code::<DISTANCES>::write(bits, &counts.2, SYMBOL_BITS[2]);
    let mut at = 0;
    for command in commands {
        let (symbol, insert, copy) = symbol(command);
        symbols.put(bits, symbol);
        bits.write(
            INSERT_BITS[insert],
            u64::from(command.insert - INSERT_BASE[insert]),
        );
        bits.write(
            COPY_BITS[copy],
            u64::from(command.copy.max(2) - COPY_BASE[copy]),
        );
        for literal in &block[at..at + command.insert as usize] {
            literals.put(bits, usize::from(*literal));
        }
        if has_distance(command, symbol) {
            let (code, extra, value) = command.distance;
            distances.put(bits, usize::from(code));
            bits.write(extra, u64::from(value));
        }
        at += (command.insert + command.copy) as usize;
    }
}

/// A prefix code: the bits of each symbol, and how many.
struct Code<const SYMBOLS: usize> {
    depths: [u8; SYMBOLS],
    bits: [u16; SYMBOLS],
}

impl<const SYMBOLS: usize> Code<SYMBOLS> {
    /// Makes the code of symbols that occur so often, and writes it down.
    fn write(bits: &mut Bits, counts: &[u32; SYMBOLS], symbol_bits: usize) -> Self {
        let mut code = Self {
            depths: [0; SYMBOLS],
            bits: [0; SYMBOLS],
        };
        let total: u32 = counts.iter().sum();
        bits.foreign(SYMBOLS * 4, |at, storage| {
            BrotliBuildAndStoreHuffmanTreeFast(
                &mut StandardAlloc::default(),
                counts,
                total as usize,
                symbol_bits,
                &mut code.depths,
                &mut code.bits,
                at,
                storage,
            );
        });
        code
    }

    fn put(&self, bits: &mut Bits, symbol: usize) {
        bits.write(self.depths[symbol], u64::from(self.bits[symbol]));
    }
}

/// Bits, the least first.
struct Bits {
    bytes: Vec<u8>,
    rest: u64,
    count: u8,
}

impl Bits {
    /// At most 32.
    fn write(&mut self, count: u8, bits: u64) {
        self.rest |= bits << self.count;
        self.count += count;
        if self.count >= 32 {
            self.bytes.extend((self.rest as u32).to_le_bytes());
            self.rest >>= 32;
            self.count -= 32;
        }
    }

    /// Leaves no whole byte.
    fn spill(&mut self) {
        while self.count >= 8 {
            self.bytes.push(self.rest as u8);
            self.rest >>= 8;
            self.count -= 8;
        }
    }

    /// Fills the byte.
    fn align(&mut self) {
        self.count = self.count.next_multiple_of(8);
        self.spill();
    }

    fn bytes(&mut self, bytes: &[u8]) {
        debug_assert_eq!(self.count, 0, "bytes lie at whole bytes");
        self.bytes.extend_from_slice(bytes);
    }

    /// How a meta-block begins that is not the last and has so many bytes.
    fn head(&mut self, length: usize) {
        self.write(1, 0);
        // Four digits of four bits: up to 64 KiB.
        self.write(2, 0);
        self.write(16, (length - 1) as u64);
    }

    /// Has a writer with a buffer of its own write on: it gets the bit to write at, and at least so many bytes.
    fn foreign(&mut self, room: usize, write: impl FnOnce(&mut usize, &mut [u8])) {
        self.spill();
        let mut buffer = vec![0; room + 16];
        buffer[0] = self.rest as u8;
        let mut at = usize::from(self.count);
        write(&mut at, &mut buffer);
        self.bytes.extend_from_slice(&buffer[..at / 8]);
        self.count = (at % 8) as u8;
        self.rest = u64::from(buffer[at / 8]) & ((1 << self.count) - 1);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState};
    use proptest::prelude::*;

    fn encode(quality: u32, window: u32, parts: &[&[u8]], flush: bool) -> Vec<u8> {
        let mut encoder = Encoder::new(quality, window);
        let mut out = Vec::new();
        let mut give = |encoder: &mut Encoder| {
            let mut buffer = [0; 100];
            while encoder.has_more() {
                let length = encoder.give(&mut buffer);
                out.extend_from_slice(&buffer[..length]);
            }
        };
        for part in parts {
            let mut part = *part;
            while !part.is_empty() {
                part = &part[encoder.take(part)..];
                if encoder.is_full() {
                    encoder.encode();
                }
                give(&mut encoder);
            }
            if flush {
                encoder.flush();
                give(&mut encoder);
            }
        }
        encoder.finish();
        give(&mut encoder);
        out
    }

    fn decode(stream: &[u8], length: usize) -> Vec<u8> {
        let alloc = StandardAlloc::default;
        let mut state = BrotliState::new_strict(alloc(), alloc(), alloc());
        let mut out = vec![0; length + 1];
        let (mut left, mut used) = (stream.len(), 0);
        let (mut room, mut made, mut total) = (out.len(), 0, 0);
        let result = BrotliDecompressStream(
            &mut left, &mut used, stream, &mut room, &mut made, &mut out, &mut total, &mut state,
        );
        assert!(matches!(result, BrotliResult::ResultSuccess));
        assert_eq!(used, stream.len());
        out.truncate(made);
        out
    }

    fn check(data: &[u8]) {
        for (quality, window) in [(0, 10), (2, 16), (5, 17), (5, 18)] {
            let stream = encode(quality, window, &[data], false);
            assert!(decode(&stream, data.len()) == data, "quality {quality}");
            let (one, other) = data.split_at(data.len() / 3);
            let stream = encode(quality, window, &[one, other], true);
            assert!(decode(&stream, data.len()) == data, "quality {quality}");
        }
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        check(b"");
        check(b"a");
        check(b"abcabcabcabcabcabcd");
        check(&[7; 200_000]);
        let mut text = Vec::new();
        for number in 0..8_000u32 {
            text.extend(format!("line {} of {}\n", number, number % 77).bytes());
        }
        check(&text);
        // Longer than every window, and repeated from just beyond it and just within.
        for distance in [1008, 1009, 1024, 262_127, 262_128, 262_129] {
            let mut far: Vec<u8> = noise(distance);
            far.extend_from_within(..distance.min(900));
            far.extend_from_within(..distance.min(900));
            check(&far);
        }
        check(&noise(140_000));
    }

    fn noise(length: usize) -> Vec<u8> {
        let mut state = 1u64;
        (0..length)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                (state >> 56) as u8
            })
            .collect()
    }

    #[test]
    fn it_is_worth_it() {
        let text = include_bytes!("../../../../SPECIFICATION.md");
        let stream = encode(5, 18, &[text], false);
        assert!(stream.len() * 5 < text.len() * 2, "{}", stream.len());
        let quick = encode(0, 18, &[text], false);
        assert!(stream.len() < quick.len());
        // What cannot be made smaller grows by little.
        let noise = noise(100_000);
        assert!(encode(5, 18, &[&noise], false).len() < noise.len() + 40);
    }

    proptest! {
        #[test]
        fn anything_is_decoded(
            words in prop::collection::vec(prop::collection::vec(0u8..4, 1..9), 0..6),
            picks in prop::collection::vec(0usize..6, 0..400),
            quality in 0u32..6,
            window in 10u32..19,
            flush: bool,
        ) {
            let mut data = Vec::new();
            for pick in picks {
                data.extend(words.get(pick).into_iter().flatten());
            }
            let (one, other) = data.split_at(data.len() / 2);
            let stream = encode(quality, window, &[one, other], flush);
            prop_assert_eq!(decode(&stream, data.len()), data);
        }
    }
}
