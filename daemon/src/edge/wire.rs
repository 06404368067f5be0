//! A connection's socket as hyper sees it: notes progress, and gives up on slow readers.

#[cfg(feature = "http2")]
use super::frames::Frames;
use super::phase::Phase;
#[cfg(feature = "http2")]
use super::streams::{FRAMES_MAX, Streams};
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

/// Bytes that are read of a connection with several requests at a time until others have their turn.
#[cfg(feature = "http2")]
const TURN_BYTES: usize = 64 * 1024;

/// The socket, with a deadline for writes.
pub struct Wire {
    stream: Arc<Transport>,
    phase: Arc<Phase>,
    stall: Duration,
    timer: Timer,
    stalled: bool,
    progress: usize,
    #[cfg(feature = "http2")]
    frames: Option<Framed>,
}

/// What is seen of a connection that has several requests at a time.
#[cfg(feature = "http2")]
struct Framed {
    streams: Arc<Streams>,
    frames: Frames,
    /// Bytes that were read since others had their turn.
    read: usize,
    wrote: bool,
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
            #[cfg(feature = "http2")]
            frames: None,
        }
    }

    /// The same of a connection that has several requests at a time.
    #[cfg(feature = "http2")]
    pub fn of_streams(mut self, streams: Arc<Streams>) -> Self {
        self.frames = Some(Framed {
            streams,
            frames: Frames::new(),
            read: 0,
            wrote: false,
        });
        self
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
                #[cfg(feature = "http2")]
                if let Some(framed) = &mut self.frames {
                    framed.wrote = true;
                }
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
    #[cfg_attr(not(feature = "http2"), expect(unused_mut))]
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        #[cfg(feature = "http2")]
        if let Some(framed) = &mut self.frames
            && framed.read >= TURN_BYTES
        {
            // The library reads as long as there is anything.
            framed.read = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let read = ready!(Pin::new(&mut &*self.stream).poll_read(cx, buf))?;
        #[cfg(feature = "http2")]
        if let Some(framed) = &mut self.frames {
            framed.read += read;
            let count = framed.frames.count(&buf[..read]);
            if !framed.streams.heard(count) {
                return Poll::Ready(Err(io::Error::other(format!(
                    "{FRAMES_MAX} frames came that brought nothing on"
                ))));
            }
            return Poll::Ready(Ok(read));
        }
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
        #[cfg(feature = "http2")]
        if let Some(framed) = &mut self.frames
            && std::mem::take(&mut framed.wrote)
        {
            framed.streams.flushed();
        }
        if self.phase.flushed() {
            cx.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self.stream).poll_close(cx)
    }
}
