//! A client of WebSockets that says what it is told to, right or wrong.

use super::http::{Connection, Request};
use std::io;
use std::net::SocketAddr;

/// The key of the handshake, and what a server must make of it (RFC 6455 §1.3).
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// A frame of a server: its first byte and its payload.
pub type Frame = (u8, Vec<u8>);

/// One WebSocket.
pub struct Socket {
    connection: Connection,
}

/// A request with the fields of a handshake.
pub fn upgrade(request: Request) -> Request {
    request
        .header("upgrade", "websocket")
        .header("connection", "Upgrade")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", KEY)
}

/// A frame of a client, with a mask.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let mut bytes = head(first, payload.len() as u64, 0x80);
    bytes.extend_from_slice(&mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(a, b)| a ^ b));
    bytes
}

/// The head of a frame up to its mask.
pub fn head(first: u8, len: u64, masked: u8) -> Vec<u8> {
    let mut bytes = vec![first];
    match len {
        0..126 => bytes.push(masked | len as u8),
        126..=0xffff => {
            bytes.push(masked | 126);
            bytes.extend_from_slice(&(len as u16).to_be_bytes());
        }
        _ => {
            bytes.push(masked | 127);
            bytes.extend_from_slice(&len.to_be_bytes());
        }
    }
    bytes
}

/// The payload of a close frame.
pub fn closing(code: u16, reason: &str) -> Vec<u8> {
    [&code.to_be_bytes(), reason.as_bytes()].concat()
}

impl Socket {
    /// Opens one; panics unless the server agrees.
    ///
    /// # Errors
    /// When the connection breaks.
    pub fn open(to: SocketAddr, target: &str) -> io::Result<Self> {
        let mut connection = Connection::open(to)?;
        connection.write(&upgrade(Request::get(target)).to_bytes(&to.to_string()))?;
        let (status, headers) = connection.read_head()?;
        assert_eq!(status, 101, "{headers:?}");
        let field = |name: &str| {
            let found = headers.iter().find(|(it, _)| it.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.as_str())
        };
        assert_eq!(field("sec-websocket-accept"), Some(ACCEPT));
        let upgrade = field("upgrade").map(str::to_ascii_lowercase);
        assert_eq!(upgrade.as_deref(), Some("websocket"));
        Ok(Self { connection })
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// When the connection breaks.
    pub fn send(&mut self, first: u8, payload: &[u8]) -> io::Result<()> {
        self.connection.write(&frame(first, payload))
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// When the connection breaks.
    pub fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.connection.write(bytes)
    }

    /// The next frame; none at the connection's end, however that comes.
    pub fn frame(&mut self) -> Option<Frame> {
        let head = self.connection.read_exact(2).ok()?;
        let len = match head[1] {
            126 => {
                let len = self.connection.read_exact(2).ok()?;
                usize::from(u16::from_be_bytes([len[0], len[1]]))
            }
            127 => {
                let len = self.connection.read_exact(8).ok()?;
                len.iter()
                    .fold(0, |all, byte| all << 8 | usize::from(*byte))
            }
            len => usize::from(len),
        };
        assert_eq!(head[1] & 0x80, 0, "a server masks nothing");
        Some((head[0], self.connection.read_exact(len).ok()?))
    }

    /// The next message, put together.
    pub fn message(&mut self) -> Option<Frame> {
        let (mut first, mut all) = self.frame()?;
        while first & 0x80 == 0 {
            let (more, bytes) = self.frame()?;
            assert_eq!(more & 0x0f, 0, "a continuation");
            first |= more & 0x80;
            all.extend(bytes);
        }
        Some((first, all))
    }

    /// The next message, which is a text.
    #[track_caller]
    pub fn text(&mut self) -> String {
        let (first, bytes) = self.message().expect("a message");
        assert_eq!(first, 0x81, "{}", String::from_utf8_lossy(&bytes));
        String::from_utf8(bytes).expect("UTF-8")
    }

    /// Ends this side of the connection.
    ///
    /// # Errors
    /// When it broke.
    pub fn finish_writing(&self) -> io::Result<()> {
        self.connection.finish_writing()
    }
}
