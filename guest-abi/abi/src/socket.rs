//! WebSockets: what a guest asks for, and the parts of messages that go both ways.
//!
//! A part is a frame of RFC 6455 without its length and its mask: a byte with [`FIN`] and the
//! kind, then the bytes. The host sends parts in
//! [`EventKind::SocketMessage`](crate::EventKind::SocketMessage), the guest in `op_chunk`.

use crate::http::ResponseHead;
use serde::{Deserialize, Serialize};

/// Argument of [`OpKind::SocketServe`](crate::OpKind::SocketServe).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SocketServe<'a> {
    /// The request that is answered.
    pub request: u32,
    /// The answer's head, of status 101. The handshake's own fields are the host's, but for
    /// `sec-websocket-protocol`.
    #[serde(borrow)]
    pub head: ResponseHead<'a>,
}

/// In a part's first byte: the message is complete with it.
pub const FIN: u8 = 0x80;
/// The part goes on with the message of the one before.
pub const CONTINUATION: u8 = 0;
/// The first part of a text.
pub const TEXT: u8 = 1;
/// The first part of a binary message.
pub const BINARY: u8 = 2;
/// The end of the messages in this direction, in one part: nothing, or a code, big endian, and
/// behind it a reason of at most [`REASON_MAX`] bytes.
pub const CLOSE: u8 = 8;

/// Bytes of the reason for a close.
pub const REASON_MAX: usize = 123;
/// Bytes of a message that is received (spec: SEMANTICS §3); a Worker's memory may allow less.
pub const MESSAGE_MAX: usize = 32 * 1024 * 1024;
/// What a part counts against the credit beside its bytes, its first one included.
pub const PART_COST: u32 = 64;
