//! A connection's socket as hyper sees it: notes progress, and gives up on slow readers.

use super::phase::Phase;
use crate::tls::Transport;
use async_io::Timer;
use futures_lite::{AsyncRead, AsyncWrite};
use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// Bytes that a client must take within the stall deadline. The kernel reports room in larger
/// steps than that, so only somebody who reads byte by byte falls behind.
const PROGRESS_BYTES: usize = 4 * 1024;

/// The socket, with a deadline for writes.
pub struct Wire {
    stream: Arc<Transport>,
    phase: Arc<Phase>,
    stall: Duration,
    timer: Timer,
    stalled: bool,
    progress: usize,
}

impl Wire {
    pub fn new(stream: Arc<Transport>, phase: Arc<Phase>, stall: Duration) -> Self {
        Self {
            stream,
            phase,
            stall,
            timer: Timer::never(),
            stalled: false,
            progress: 0,
        }
    }

    /// Keeps the books of one attempt to write.
    fn wrote(
        &mut self,
        cx: &mut Context<'_>,
        result: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match result {
            Poll::Ready(Ok(bytes)) => {
                self.phase.set_blocked(false);
                if self.stalled {
                    self.progress += bytes;
                    if self.progress >= PROGRESS_BYTES {
                        self.stalled = false;
                    }
                }
                Poll::Ready(Ok(bytes))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                self.phase.set_blocked(true);
                if !self.stalled {
                    self.stalled = true;
                    self.progress = 0;
                    self.timer.set_after(self.stall);
                }
                ready!(Pin::new(&mut self.timer).poll(cx));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let read = ready!(Pin::new(&mut &*self.stream).poll_read(cx, buf))?;
        self.phase.received(read);
        Poll::Ready(Ok(read))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut &*self.stream).poll_write(cx, buf);
        self.wrote(cx, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut &*self.stream).poll_write_vectored(cx, bufs);
        self.wrote(cx, result)
    }

    /// hyper calls this when its own buffer is empty; sockets have none, TLS may.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut &*self.stream).poll_flush(cx);
        if !matches!(flushed, Poll::Ready(Ok(()))) {
            let flushed = flushed.map_ok(|()| 0);
            return self.wrote(cx, flushed).map_ok(|_| ());
        }
        self.stalled = false;
        if self.phase.flushed() {
            cx.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self.stream).poll_close(cx)
    }
}
