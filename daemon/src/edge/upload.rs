//! A request's body on its way to a Worker: bounded in bytes and in time, read when asked for.

use super::phase::Phase;
use super::rest::Worth;
use async_io::Timer;
use bytes::Bytes;
use futures_lite::{Stream, ready};
use http_body::Body as _;
use hyper::body::Incoming;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// What is wrong with a body, as far as the client is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is longer than allowed.
    TooLarge,
    /// It did not come on.
    Stalled,
    /// It took too long as a whole.
    TooSlow,
    /// It broke off, or its framing is wrong.
    Broken,
}

/// Where the answer can look up what went wrong with the body, which the Worker only knows as
/// an error of a stream.
#[derive(Clone, Default)]
pub struct Faults(Arc<AtomicU8>);

impl Faults {
    pub fn get(&self) -> Option<Fault> {
        match self.0.load(Relaxed) {
            1 => Some(Fault::TooLarge),
            2 => Some(Fault::Stalled),
            3 => Some(Fault::TooSlow),
            4 => Some(Fault::Broken),
            _ => None,
        }
    }

    fn set(&self, fault: Fault) {
        let code = match fault {
            Fault::TooLarge => 1,
            Fault::Stalled => 2,
            Fault::TooSlow => 3,
            Fault::Broken => 4,
        };
        self.0.store(code, Relaxed);
    }
}

/// Bounds of a body.
#[derive(Clone, Copy)]
pub struct Bounds {
    pub bytes: u64,
    pub stall: Duration,
    pub total: Duration,
}

/// The body. Trailers are dropped.
pub struct Upload {
    /// Gone at the end, so that hyper hears of it at once.
    incoming: Option<Incoming>,
    phase: Arc<Phase>,
    faults: Faults,
    bounds: Bounds,
    left: u64,
    end: Instant,
    timer: Option<Timer>,
    waiting: bool,
    /// What the rest is worth that nobody reads.
    worth: Worth,
}

impl Upload {
    pub fn new(
        incoming: Incoming,
        phase: Arc<Phase>,
        bounds: Bounds,
        worth: Worth,
    ) -> (Self, Faults) {
        phase.upload_starts();
        phase.expects(&incoming.size_hint());
        let faults = Faults::default();
        let upload = Self {
            incoming: Some(incoming),
            phase,
            faults: faults.clone(),
            left: bounds.bytes,
            end: Instant::now() + bounds.total,
            bounds,
            timer: None,
            waiting: false,
            worth,
        };
        (upload, faults)
    }

    fn close(&mut self, complete: bool) {
        if let Some(incoming) = self.incoming.take() {
            match complete {
                true => self.phase.upload_came(),
                false => self.phase.leave(incoming, self.worth),
            }
            self.phase.upload_ends();
            self.timer = None;
        }
    }

    fn fail(&mut self, fault: Fault) -> Poll<Option<io::Result<Bytes>>> {
        self.faults.set(fault);
        self.close(false);
        let (kind, text) = match fault {
            Fault::TooLarge => (
                io::ErrorKind::FileTooLarge,
                format!(
                    "request body exceeds the limit of {} bytes",
                    self.bounds.bytes
                ),
            ),
            Fault::Stalled => (
                io::ErrorKind::TimedOut,
                format!(
                    "no byte of the request body came for {:?}",
                    self.bounds.stall
                ),
            ),
            Fault::TooSlow => (
                io::ErrorKind::TimedOut,
                format!("the request body took longer than {:?}", self.bounds.total),
            ),
            Fault::Broken => (
                io::ErrorKind::UnexpectedEof,
                "the request body broke off".to_owned(),
            ),
        };
        Poll::Ready(Some(Err(io::Error::new(kind, text))))
    }

    /// The body does not come on: ready if it has had its time.
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<Fault> {
        let timer = self.timer.get_or_insert_with(Timer::never);
        if !self.waiting {
            self.waiting = true;
            let stall_end = Instant::now() + self.bounds.stall;
            timer.set_at(stall_end.min(self.end));
        }
        let at = ready!(Pin::new(timer).poll(cx));
        Poll::Ready(if at >= self.end {
            Fault::TooSlow
        } else {
            Fault::Stalled
        })
    }
}

impl Stream for Upload {
    type Item = io::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            let Some(incoming) = &mut this.incoming else {
                return Poll::Ready(None);
            };
            this.worth = this.worth.once_asked();
            match Pin::new(incoming).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    this.waiting = false;
                    let Ok(data) = frame.into_data() else {
                        continue;
                    };
                    match this.left.checked_sub(data.len() as u64) {
                        Some(left) => this.left = left,
                        None => return this.fail(Fault::TooLarge),
                    }
                    this.phase.upload_goes_on();
                    return Poll::Ready(Some(Ok(data)));
                }
                Poll::Ready(Some(Err(_))) => return this.fail(Fault::Broken),
                Poll::Ready(None) => {
                    this.close(true);
                    return Poll::Ready(None);
                }
                Poll::Pending => {
                    let fault = ready!(this.poll_deadline(cx));
                    return this.fail(fault);
                }
            }
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let complete = self.incoming.as_ref().is_some_and(Incoming::is_end_stream);
        self.close(complete);
    }
}
