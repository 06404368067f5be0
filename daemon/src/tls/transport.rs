//! A client's connection: TCP, or TLS over it. Who reads and writes and who watches share it.

use crate::websocket::Line;
use async_io::Async;
use futures_lite::{AsyncRead, AsyncWrite};
use std::io::{self, IoSlice, Write as _};
use std::net::TcpStream;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

#[cfg(feature = "edge-tls")]
use super::{acceptor::Acceptor, session::Session};
#[cfg(feature = "edge-tls")]
use parking_lot::Mutex;

/// A client's connection.
pub struct Transport {
    tcp: Async<TcpStream>,
    #[cfg(feature = "edge-tls")]
    tls: Option<Mutex<Session>>,
}

impl Transport {
    /// One that is as it comes.
    pub fn plain(tcp: Async<TcpStream>) -> Self {
        Self {
            tcp,
            #[cfg(feature = "edge-tls")]
            tls: None,
        }
    }

    /// One under TLS, in which nothing was said yet. `plain` is the answer to whoever speaks HTTP without it.
    ///
    /// # Errors
    /// What rustls says of its configuration.
    #[cfg(feature = "edge-tls")]
    pub fn secure(
        tcp: Async<TcpStream>,
        acceptor: &Acceptor,
        plain: fn() -> Vec<u8>,
    ) -> io::Result<Self> {
        let session = Session::begin(acceptor, plain)?;
        Ok(Self {
            tcp,
            tls: Some(Mutex::new(session)),
        })
    }

    /// The socket below.
    pub fn tcp(&self) -> &Async<TcpStream> {
        &self.tcp
    }

    /// Whether it is under TLS.
    pub fn is_secure(&self) -> bool {
        #[cfg(feature = "edge-tls")]
        return self.tls.is_some();
        #[cfg(not(feature = "edge-tls"))]
        false
    }

    /// What `request.cf` tells of TLS: the fields of a JSON object without its braces; empty on a plain
    /// connection.
    pub fn facts(&self) -> &'static str {
        #[cfg(feature = "edge-tls")]
        if let Some(session) = &self.tls {
            return session.lock().facts();
        }
        ""
    }

    /// Whether HTTP/2 was agreed on; known once TLS has shaken hands, and at once without it.
    ///
    /// # Errors
    /// What the client did wrong, which it has been told.
    #[cfg(feature = "http2")]
    pub fn poll_is_http2(&self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        match &self.tls {
            Some(session) => session.lock().poll_is_http2(&self.tcp, cx),
            None => Poll::Ready(Ok(false)),
        }
    }

    /// Whether the client has something to say (`true`) or has closed its side, without taking anything
    /// that it says from who reads.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn poll_peek(&self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        #[cfg(feature = "edge-tls")]
        if let Some(session) = &self.tls {
            return session.lock().poll_peek(&self.tcp, cx);
        }
        loop {
            if self.tcp.poll_readable(cx)?.is_pending() {
                return Poll::Pending;
            }
            match self.tcp.get_ref().peek(&mut [0]) {
                Ok(bytes) => return Poll::Ready(Ok(bytes > 0)),
                Err(error) if is_passing(&error) => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// Says one thing more, if the client takes it at once.
    pub fn say(&self, bytes: &[u8]) {
        #[cfg(feature = "edge-tls")]
        if let Some(session) = &self.tls {
            session.lock().say(&self.tcp, bytes);
            return;
        }
        // Best effort: the client is at fault and may not even listen.
        let _ = self.tcp.get_ref().write(bytes);
    }
}

/// Whether an error says only that it is to be tried again.
pub(super) fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

/// A client's connection in several hands.
pub struct Held<T = Transport>(pub Arc<T>);

impl<T> AsyncRead for Held<T>
where
    for<'a> &'a T: AsyncRead,
{
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self.0).poll_read(cx, buf)
    }
}

impl<T> AsyncWrite for Held<T>
where
    for<'a> &'a T: AsyncWrite,
{
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self.0).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self.0).poll_write_vectored(cx, bufs)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self.0).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self.0).poll_close(cx)
    }
}

impl AsyncRead for &Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        #[cfg(feature = "edge-tls")]
        if let Some(session) = &self.tls {
            return session.lock().poll_read(&self.tcp, cx, buf);
        }
        Pin::new(&mut &self.tcp).poll_read(cx, buf)
    }
}

impl AsyncWrite for &Transport {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        #[cfg(feature = "edge-tls")]
        if let Some(session) = &self.tls {
            return session.lock().poll_write(&self.tcp, cx, bufs);
        }
        Pin::new(&mut &self.tcp).poll_write_vectored(cx, bufs)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        #[cfg(feature = "edge-tls")]
        if let Some(session) = &self.tls {
            return session.lock().poll_flush(&self.tcp, cx);
        }
        #[cfg(not(feature = "edge-tls"))]
        let _ = cx;
        // Sockets keep nothing back.
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        #[cfg(feature = "edge-tls")]
        if let Some(session) = &self.tls {
            futures_lite::ready!(session.lock().poll_close(&self.tcp, cx))?;
        }
        Pin::new(&mut &self.tcp).poll_close(cx)
    }
}

impl Line for &Transport {
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        #[cfg(feature = "edge-tls")]
        if let Some(session) = &self.tls {
            futures_lite::ready!(session.lock().poll_close(&self.tcp, cx))?;
        }
        Line::poll_end(&mut &self.tcp, cx)
    }
}
