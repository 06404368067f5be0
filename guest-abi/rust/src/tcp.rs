//! Connections to servers by TCP.

use crate::error::{Error, Result};
use crate::runtime::ops::Op;
use alloc::vec::Vec;
use core::cell::Cell;
use core::future::poll_fn;
use postern_abi::OpKind;
use postern_abi::limits::CHUNK_MAX;
use postern_abi::socket::{BINARY, CLOSE};
use postern_abi::tcp::{START_TLS, TcpConnect};

pub use postern_abi::tcp::Security;

/// Bits of a part's first byte that are its kind.
const KIND: u8 = 0x0f;

/// A connection to a server. Reading and writing borrow it, so that one task may do each. Dropping it
/// sends what was written, and closes it.
///
/// ```
/// # async fn ask() -> postern::Result<Vec<u8>> {
/// use postern::tcp::{Security, Socket};
/// let socket = Socket::connect("db.example.com", 5432, Security::Off).await?;
/// socket.write(b"hello").await?;
/// socket.finish().await?;
/// let mut all = Vec::new();
/// while let Some(bytes) = socket.read().await? {
///     all.extend_from_slice(&bytes);
/// }
/// # Ok(all) }
/// ```
pub struct Socket {
    op: Op,
    is_read: Cell<bool>,
    is_finished: Cell<bool>,
}

impl Socket {
    /// Connects to a name or an address; an IPv6 address without brackets.
    ///
    /// # Errors
    /// When the server does not answer, or may not be connected to.
    pub async fn connect(host: &str, port: u16, security: Security) -> Result<Self> {
        let asked = TcpConnect {
            host,
            port,
            security,
        };
        let mut op = Op::start(OpKind::TcpConnect, &postcard::to_allocvec(&asked)?)?;
        op.result().await?;
        Ok(Self {
            op,
            is_read: Cell::new(false),
            is_finished: Cell::new(false),
        })
    }

    /// The next bytes, or `None` when the server sends no more.
    ///
    /// # Errors
    /// When the connection broke.
    pub async fn read(&self) -> Result<Option<Vec<u8>>> {
        while !self.is_read.get() {
            match poll_fn(|cx| self.op.poll_next(cx)).await.transpose()? {
                Some(mut part) if !part.is_empty() => match part.remove(0) & KIND {
                    CLOSE => self.is_read.set(true),
                    BINARY => return Ok(Some(part)),
                    _ => {}
                },
                Some(_) => {}
                None => self.is_read.set(true),
            }
        }
        Ok(None)
    }

    /// Sends bytes, as fast as the server takes them.
    ///
    /// # Errors
    /// When the connection broke, or was finished.
    pub async fn write(&self, bytes: &[u8]) -> Result<()> {
        for part in bytes.chunks(CHUNK_MAX) {
            self.send(BINARY, part).await?;
        }
        Ok(())
    }

    /// Says that nothing more is sent. The server may go on.
    ///
    /// # Errors
    /// When the connection broke.
    pub async fn finish(&self) -> Result<()> {
        if self.is_finished.get() {
            return Ok(());
        }
        self.send(CLOSE, &[]).await?;
        self.is_finished.set(true);
        Ok(())
    }

    /// Has what follows sealed by TLS, where the connection was made with
    /// [`Security::StartTls`]. The server proves `name`, or else the one that was connected to. What
    /// it sent before and was not read is thrown away.
    ///
    /// # Errors
    /// When it does not.
    pub async fn start_tls(&self, name: Option<&str>) -> Result<()> {
        self.send(START_TLS, name.unwrap_or_default().as_bytes())
            .await?;
        loop {
            match poll_fn(|cx| self.op.poll_next(cx)).await.transpose()? {
                Some(part) if part.first().is_some_and(|it| it & KIND == START_TLS) => {
                    return Ok(());
                }
                Some(_) => {}
                None => return Err(Error::new("the connection ended before it was sealed")),
            }
        }
    }

    async fn send(&self, kind: u8, bytes: &[u8]) -> Result<()> {
        if self.is_finished.get() {
            return Err(Error::new("nothing is sent any more on this connection"));
        }
        poll_fn(|cx| self.op.poll_part(cx, kind, bytes)).await
    }
}

impl core::fmt::Debug for Socket {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Socket")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testing::{Call, Guest};
    use crate::{Context, Env, Request, Response};
    use alloc::vec;
    use postern_abi::event::EventKind;
    use postern_abi::http::BodyHint;
    use postern_abi::socket::FIN;

    fn guest() -> Guest {
        Guest::new(|_: Request, _: Env, _: Context| async {
            let socket = Socket::connect("h", 7, Security::StartTls).await?;
            socket.write(b"ask").await?;
            let first = socket.read().await?.unwrap();
            socket.start_tls(Some("name")).await?;
            socket.write(&first).await?;
            socket.finish().await?;
            assert!(socket.write(b"more").await.is_err());
            assert_eq!(socket.read().await?, None);
            Response::ok("over")
        })
    }

    /// The parts that were sent.
    fn sent(calls: &[Call]) -> Vec<Vec<u8>> {
        let parts = calls.iter().filter_map(|call| match call {
            Call::OpChunk { bytes, .. } => Some(bytes.clone()),
            _ => None,
        });
        parts.collect()
    }

    #[test]
    fn a_connection_is_read_written_sealed_and_ended() {
        let mut guest = guest();
        let calls = guest.request(1, "GET", "http://x/", &[], BodyHint::None);
        let op = calls.iter().find_map(|call| match call {
            Call::OpStart { op, kind, .. } => {
                assert_eq!(*kind, OpKind::TcpConnect as u32);
                Some(*op)
            }
            _ => None,
        });
        let op = op.unwrap();
        let calls = guest.event(EventKind::OpDone, op, b"");
        assert_eq!(sent(&calls), [vec![BINARY | FIN, b'a', b's', b'k']]);
        assert!(calls.iter().any(|call| matches!(call, Call::OpPull { .. })));
        let calls = guest.event(EventKind::SocketMessage, op, &[BINARY | FIN, b'x']);
        let seal = [&[START_TLS | FIN][..], b"name"].concat();
        assert_eq!(sent(&calls), [seal]);
        // What was said before it was sealed is nobody's.
        guest.event(EventKind::SocketMessage, op, &[BINARY | FIN, b'y']);
        let calls = guest.event(EventKind::SocketMessage, op, &[START_TLS | FIN]);
        assert_eq!(sent(&calls), [vec![BINARY | FIN, b'x'], vec![CLOSE | FIN]]);
        let calls = guest.event(EventKind::SocketMessage, op, &[CLOSE | FIN]);
        let is_over = |call: &Call| matches!(call, Call::Respond { .. });
        assert!(calls.iter().any(is_over), "{calls:?}");
    }
}
