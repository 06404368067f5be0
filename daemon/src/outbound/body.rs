//! Bodies: what is sent, and what is answered.

use super::OutboundError;
use crate::deadline::Deadline;
use bytes::Bytes;
use futures_lite::Stream;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// Bytes that come over time.
pub type ByteStream = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// The body of a request.
pub enum SendBody {
    /// There is none.
    Empty,
    /// All of it.
    Whole(Bytes),
    /// It comes over time, and has this many bytes if that is known.
    Stream(ByteStream, Option<u64>),
}

impl SendBody {
    /// The same again, if it is there to be sent again.
    pub fn again(&self) -> Option<Self> {
        match self {
            Self::Empty => Some(Self::Empty),
            Self::Whole(bytes) => Some(Self::Whole(bytes.clone())),
            Self::Stream(..) => None,
        }
    }
}

impl From<Infallible> for OutboundError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl Body for SendBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match &mut *self {
            Self::Empty => Poll::Ready(None),
            Self::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Self::Stream(source, left) => match source.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(bytes))) => {
                    if let Some(left) = left {
                        // hyper would cut it off; a longer body is the sender's mistake.
                        match left.checked_sub(bytes.len() as u64) {
                            Some(less) => *left = less,
                            None => {
                                return Poll::Ready(Some(Err(io::ErrorKind::InvalidData.into())));
                            }
                        }
                    }
                    Poll::Ready(Some(Ok(Frame::data(bytes))))
                }
                other => other.map(|item| item.map(|item| item.map(Frame::data))),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Stream(_, left) => *left == Some(0),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Stream(_, Some(left)) => SizeHint::with_exact(*left),
            Self::Stream(_, None) => SizeHint::default(),
        }
    }
}

/// The body of an answer. At its end the connection may rest.
pub(super) struct AnswerBody<F> {
    body: Incoming,
    stall: Duration,
    timer: Option<Deadline>,
    rest: Option<F>,
}

impl<F: FnOnce()> AnswerBody<F> {
    pub fn new(body: Incoming, stall: Duration, rest: F) -> Self {
        let mut body = Self {
            body,
            stall,
            timer: None,
            rest: Some(rest),
        };
        if body.body.is_end_stream() {
            body.end();
        }
        body
    }

    fn end(&mut self) {
        if let Some(rest) = self.rest.take() {
            rest();
        }
    }
}

impl<F: FnOnce() + Unpin> Stream for AnswerBody<F> {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(None) => {
                    self.end();
                    return Poll::Ready(None);
                }
                Poll::Ready(Some(Ok(frame))) => {
                    self.timer = None;
                    if let Ok(bytes) = frame.into_data() {
                        if self.body.is_end_stream() {
                            self.end();
                        }
                        return Poll::Ready(Some(Ok(bytes)));
                    }
                    // Trailers are not for Workers.
                }
                Poll::Ready(Some(Err(error))) => {
                    self.rest = None;
                    return Poll::Ready(Some(Err(io::Error::other(error))));
                }
                Poll::Pending => {
                    let stall = self.stall;
                    let timer = self.timer.get_or_insert_with(|| Deadline::after(stall));
                    if Pin::new(timer).poll(cx).is_ready() {
                        self.rest = None;
                        return Poll::Ready(Some(Err(io::ErrorKind::TimedOut.into())));
                    }
                    return Poll::Pending;
                }
            }
        }
    }
}
