//! A connection whose client takes what it is sent within a deadline, or loses it.

use super::seats::Seat;
use async_io::Timer;
use futures_lite::{AsyncRead, AsyncWrite};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// A stream with that deadline for each part.
pub(super) struct Patient<T> {
    stream: T,
    seat: Arc<Seat>,
    patience: Duration,
    /// Runs while something is not taken.
    waits: Option<Timer>,
}

impl<T> Patient<T> {
    pub fn new(stream: T, seat: Arc<Seat>, patience: Duration) -> Self {
        Self {
            stream,
            seat,
            patience,
            waits: None,
        }
    }

    /// The stream without it.
    pub fn into_inner(self) -> T {
        self.stream
    }

    /// What came of sending something, or that it takes too long.
    fn within<R>(
        &mut self,
        cx: &mut Context<'_>,
        sent: Poll<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        if sent.is_ready() {
            if self.waits.take().is_some() {
                self.seat.goes_on();
            }
            return sent;
        }
        let patience = self.patience;
        let waits = self.waits.get_or_insert_with(|| Timer::after(patience));
        ready!(Pin::new(waits).poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Patient<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Patient<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.within(cx, sent)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.within(cx, sent)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let sent = Pin::new(&mut self.stream).poll_flush(cx);
        self.within(cx, sent)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let sent = Pin::new(&mut self.stream).poll_close(cx);
        self.within(cx, sent)
    }
}
