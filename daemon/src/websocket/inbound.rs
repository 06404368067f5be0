//! What a peer sends over a WebSocket, taken apart as it comes: no message is ever held as a
//! whole, only a part of one.

use super::frame::{self, Head, PING, PONG, TextCheck};
use super::{Fault, Side};
use bytes::Bytes;
use postern_abi::limits::CHUNK_MAX;
use postern_abi::socket::{CLOSE, CONTINUATION, FIN, TEXT};

/// Bytes read at once.
const BUFFER: usize = 8 * 1024;

/// Bytes that a part has at least, unless its message ends: a client that sends its messages in
/// crumbs costs the Worker no more than another.
const PART_MIN: usize = 16 * 1024;

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub enum Item {
    /// A part of a message, or the close, in the terms of the guest's boundary.
    Part(Bytes),
    /// A ping, with what is to be sent back.
    Ping(Vec<u8>),
    /// The answer to a ping.
    Pong,
}

/// Takes a peer's bytes apart.
pub struct Inbound {
    side: Side,
    buffer: Vec<u8>,
    at: usize,
    head: Option<Head>,
    /// Bytes of the frame's payload that came.
    taken: u64,
    /// Bytes that the frames of this message have announced.
    message: u64,
    message_max: u64,
    /// A message has begun and not ended.
    within: bool,
    text: Option<TextCheck>,
    /// The part that is being put together, with its first byte.
    part: Vec<u8>,
}

impl Inbound {
    /// With what came already, and the size that a message may have.
    pub fn new(came: &[u8], message_max: u64, side: Side) -> Self {
        Self {
            side,
            buffer: came.to_vec(),
            at: 0,
            head: None,
            taken: 0,
            message: 0,
            message_max,
            within: false,
            text: None,
            part: Vec::new(),
        }
    }

    /// Where the next bytes go; what was read is told by [`Inbound::filled`].
    pub fn space(&mut self) -> &mut [u8] {
        self.buffer.drain(..self.at);
        self.at = 0;
        let len = self.buffer.len();
        self.buffer.resize(BUFFER.max(len + frame::HEAD_MAX), 0);
        &mut self.buffer[len..]
    }

    /// So many bytes of the `space` were not filled.
    pub fn filled(&mut self, space: usize, read: usize) {
        let len = self.buffer.len() - (space - read);
        self.buffer.truncate(len);
        if self.buffer.is_empty() {
            // An idle socket holds nothing.
            self.buffer = Vec::new();
        }
    }

    /// The next thing that came, or none before there is more. Payload of messages is only looked
    /// at with `room` for it; `starved` of the result says that it waits for that.
    ///
    /// # Errors
    /// What breaks the protocol or a limit; there is nothing to read after that.
    pub fn item(&mut self, room: bool) -> Result<(Option<Item>, bool), Fault> {
        loop {
            let head = match self.head {
                Some(head) => head,
                None => match Head::read(&self.buffer[self.at..], self.within, self.side)? {
                    None => return Ok((None, false)),
                    Some((head, used)) => {
                        self.at += used;
                        self.begin(head)?;
                        head
                    }
                },
            };
            if head.opcode >= CLOSE {
                return Ok((self.control(head)?, false));
            }
            if !room {
                return Ok((None, true));
            }
            match self.data(head)? {
                Some(part) => return Ok((Some(Item::Part(part)), false)),
                None if self.head.is_some() => return Ok((None, false)),
                None => {}
            }
        }
    }

    fn begin(&mut self, head: Head) -> Result<(), Fault> {
        self.head = Some(head);
        self.taken = 0;
        if head.opcode >= CLOSE {
            return Ok(());
        }
        if head.opcode != CONTINUATION {
            self.message = 0;
            self.text = (head.opcode == TEXT).then(TextCheck::default);
            self.part.push(head.opcode);
        }
        self.within = true;
        self.message = self.message.saturating_add(head.len);
        if self.message > self.message_max {
            return Err(Fault::too_large(self.message, self.message_max));
        }
        Ok(())
    }

    fn control(&mut self, head: Head) -> Result<Option<Item>, Fault> {
        // A control frame has at most 125 bytes.
        let len = head.len as usize;
        let Some(payload) = self.buffer.get_mut(self.at..self.at + len) else {
            return Ok(None);
        };
        frame::unmask(payload, head.mask, 0);
        let payload = payload.to_vec();
        self.at += len;
        self.head = None;
        Ok(Some(match head.opcode {
            PING => Item::Ping(payload),
            PONG => Item::Pong,
            _ => {
                frame::check_close(&payload)?;
                let mut part = vec![FIN | CLOSE];
                part.extend_from_slice(&payload);
                Item::Part(part.into())
            }
        }))
    }

    /// Takes what there is of a frame's payload; gives a part when one is complete.
    fn data(&mut self, head: Head) -> Result<Option<Bytes>, Fault> {
        let there = self.buffer.len() - self.at;
        let left = head.len - self.taken;
        let take = usize::try_from(left).map_or(there, |left| left.min(there));
        let take = take.min(CHUNK_MAX - self.part.len());
        let payload = &mut self.buffer[self.at..self.at + take];
        frame::unmask(payload, head.mask, self.taken);
        if let Some(text) = &mut self.text {
            text.feed(payload)?;
        }
        if self.part.is_empty() {
            self.part.push(CONTINUATION);
        }
        self.part.extend_from_slice(payload);
        self.at += take;
        self.taken += take as u64;
        let ends = self.taken == head.len;
        if ends {
            self.head = None;
        }
        if ends && head.fin {
            if let Some(text) = &mut self.text {
                text.finish()?;
            }
            self.within = false;
            self.part[0] |= FIN;
            return Ok(Some(std::mem::take(&mut self.part).into()));
        }
        Ok((self.part.len() > PART_MIN).then(|| std::mem::take(&mut self.part).into()))
    }
}
