//! Frames of RFC 6455: heads read and written, masks undone, codes and texts checked.

use super::{Fault, Side};
use postern_abi::socket::{CLOSE, CONTINUATION, FIN, REASON_MAX};

/// Opcodes that a Worker never sees.
pub const PING: u8 = 9;
/// The answer to a ping.
pub const PONG: u8 = 10;

/// Bytes that the payload of a control frame may have.
pub const CONTROL_MAX: usize = 125;

/// Bytes of the longest head: two, a length of eight, a mask of four.
pub const HEAD_MAX: usize = 14;

/// The head of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The frame ends its message.
    pub fin: bool,
    /// What it is.
    pub opcode: u8,
    /// Bytes of its payload.
    pub len: u64,
    /// What its payload is masked with; zeros change nothing.
    pub mask: [u8; 4],
}

impl Head {
    /// Reads a head from the start of `bytes`, and says how many it takes; none if there are too
    /// few yet. `within` says whether a message has begun and not ended.
    ///
    /// # Errors
    /// What breaks the protocol, as soon as it is seen.
    pub fn read(bytes: &[u8], within: bool, side: Side) -> Result<Option<(Self, usize)>, Fault> {
        let Some(&first) = bytes.first() else {
            return Ok(None);
        };
        let (fin, opcode) = (first & FIN != 0, first & 0x0f);
        if first & 0x70 != 0 {
            return Err(Fault::protocol(
                "Received a WebSocket frame whose compression bit was set, but the compression extension was not negotiated for this connection.",
            ));
        }
        match opcode {
            CONTINUATION if !within => {
                return Err(Fault::protocol("Unexpected continuation frame"));
            }
            CONTINUATION => {}
            1 | 2 if within => return Err(Fault::protocol("Missing continuation frame")),
            1 | 2 => {}
            CLOSE | PING | PONG if !fin => {
                return Err(Fault::protocol("Received fragmented control frame"));
            }
            CLOSE | PING | PONG => {}
            _ => return Err(Fault::protocol(format!("Unknown opcode {opcode}"))),
        }
        let Some(&second) = bytes.get(1) else {
            return Ok(None);
        };
        let is_masked = second & 0x80 != 0;
        // A server's frames should have no mask; the field reads those that have.
        if !is_masked && side == Side::Server {
            return Err(Fault::protocol("Received a frame without a mask"));
        }
        if opcode >= CLOSE && usize::from(second & 0x7f) > CONTROL_MAX {
            return Err(Fault::protocol("Received a control frame that is too long"));
        }
        let (len, at) = match second & 0x7f {
            126 => match bytes.get(2..4) {
                Some(len) => (
                    len.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)),
                    4,
                ),
                None => return Ok(None),
            },
            127 => match bytes.get(2..10) {
                Some(len) => (
                    len.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)),
                    10,
                ),
                None => return Ok(None),
            },
            short => (u64::from(short), 2),
        };
        if len >> 63 != 0 || (at == 4 && len < 126) || (at == 10 && len <= 0xffff) {
            return Err(Fault::protocol("Received a frame with a wrong length"));
        }
        let (mask, at) = match bytes.get(at..at + 4) {
            _ if !is_masked => ([0; 4], at),
            Some(mask) => ([mask[0], mask[1], mask[2], mask[3]], at + 4),
            None => return Ok(None),
        };
        let head = Self {
            fin,
            opcode,
            len,
            mask,
        };
        Ok(Some((head, at)))
    }
}

/// Undoes the mask of payload bytes, the first of which is the `offset`th of its frame.
pub fn unmask(bytes: &mut [u8], mask: [u8; 4], offset: u64) {
    let turn = (offset % 4) as usize;
    let mask = [
        mask[turn],
        mask[(turn + 1) % 4],
        mask[(turn + 2) % 4],
        mask[(turn + 3) % 4],
    ];
    let mut words = bytes.chunks_exact_mut(4);
    for word in &mut words {
        for (byte, mask) in word.iter_mut().zip(mask) {
            *byte ^= mask;
        }
    }
    for (byte, mask) in words.into_remainder().iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

/// Writes a frame: `first` is its first byte.
pub fn write(out: &mut Vec<u8>, side: Side, first: u8, payload: &[u8]) {
    out.push(first);
    let marked = if side == Side::Client { 0x80 } else { 0 };
    match payload.len() {
        len @ 0..126 => out.push(marked | len as u8),
        len @ 126..=0xffff => {
            out.push(marked | 126);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            out.push(marked | 127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    if side == Side::Server {
        return out.extend_from_slice(payload);
    }
    // It is there so that no Worker can write what it likes onto a connection (RFC 6455 §10.3).
    let mask = getrandom::u32().unwrap_or_default().to_ne_bytes();
    out.extend_from_slice(&mask);
    let at = out.len();
    out.extend_from_slice(payload);
    unmask(&mut out[at..], mask, 0);
}

/// The payload of a close frame.
pub fn closing(code: u16, reason: &str) -> Vec<u8> {
    let mut end = reason.len().min(REASON_MAX);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend_from_slice(&reason.as_bytes()[..end]);
    payload
}

/// Whether a code may stand in a close frame (RFC 6455 §7.4).
fn is_sendable(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// Checks the payload of a close frame.
///
/// # Errors
/// When it is half a code, a code that is not sent, or a reason that is no text.
pub fn check_close(payload: &[u8]) -> Result<(), Fault> {
    match payload {
        [] => Ok(()),
        [_] => Err(Fault::protocol("Received a close frame with half a code")),
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            if !is_sendable(code) {
                return Err(Fault::protocol(format!(
                    "Received a close frame with the code {code}"
                )));
            }
            match std::str::from_utf8(reason) {
                Ok(_) => Ok(()),
                Err(_) => Err(Fault::not_text()),
            }
        }
    }
}

/// Checks a text that comes in pieces.
#[derive(Debug, Default)]
pub struct TextCheck {
    /// The beginning of a character that is not complete.
    held: heapless::Vec<u8, 4>,
}

impl TextCheck {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// When they are not UTF-8.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<(), Fault> {
        while !self.held.is_empty() {
            let [first, rest @ ..] = bytes else {
                return Ok(());
            };
            bytes = rest;
            // A character has four bytes at most, and a longer one is found to be wrong before.
            let _ = self.held.push(*first);
            match std::str::from_utf8(&self.held) {
                Ok(_) => self.held.clear(),
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return Err(Fault::not_text()),
            }
        }
        if let Err(error) = std::str::from_utf8(bytes) {
            if error.error_len().is_some() {
                return Err(Fault::not_text());
            }
            // What is not complete has three bytes at most.
            self.held
                .extend(bytes[error.valid_up_to()..].iter().copied());
        }
        Ok(())
    }

    /// The text is complete.
    ///
    /// # Errors
    /// When a character is not.
    pub fn finish(&mut self) -> Result<(), Fault> {
        let complete = self.held.is_empty();
        self.held.clear();
        complete.then_some(()).ok_or_else(Fault::not_text)
    }
}
