//! A response's body on its way to the client.

use super::phase::Phase;
use super::streams::PART_BYTES;
use crate::engine::limits::Failure;
use bytes::Bytes;
use futures_lite::{Stream, ready};
use http_body::{Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, Failure>> + Send>>;

/// The body; its end, however it comes, ends the answer.
pub struct Body {
    content: Content,
    /// What was handed over of a part and does not fit into one of a stream.
    rest: Bytes,
    phase: Arc<Phase>,
    /// Whether only the connection's end can tell the body's end, so that breaking off must be
    /// told by a reset.
    closes: bool,
}

enum Content {
    Empty,
    Whole(Bytes),
    Stream {
        chunks: Chunks,
        left: Option<u64>,
    },
    /// It came to its end.
    Over,
    /// It broke off; this is told when what came before is on its way.
    Broken(Cut),
}

/// Why a body broke off. hyper then ends the connection without ending the message.
#[derive(Debug, thiserror::Error)]
pub enum Cut {
    /// The Worker failed.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// The Worker sent more than its `content-length` said.
    #[error("the Worker sent more than its content-length")]
    TooMuch,
    /// The Worker sent less than its `content-length` said.
    #[error("the Worker sent {0} bytes less than its content-length")]
    TooLittle(u64),
}

impl Body {
    pub fn empty(phase: Arc<Phase>) -> Self {
        Self {
            content: Content::Empty,
            rest: Bytes::new(),
            phase,
            closes: false,
        }
    }

    pub fn whole(bytes: Bytes, phase: Arc<Phase>) -> Self {
        Self {
            content: if bytes.is_empty() {
                Content::Empty
            } else {
                Content::Whole(bytes)
            },
            rest: Bytes::new(),
            phase,
            closes: false,
        }
    }

    /// A body over time, of `len` bytes if that is known. `closes` as in [`Body`].
    pub fn stream(chunks: Chunks, len: Option<u64>, closes: bool, phase: Arc<Phase>) -> Self {
        Self {
            content: Content::Stream { chunks, left: len },
            rest: Bytes::new(),
            phase,
            closes,
        }
    }

    /// Whether it comes over time. The end of such a one waits for what [`Phase::poll_may_end`] tells; that is
    /// what must be waited for before the head of any other.
    pub fn is_stream(&self) -> bool {
        matches!(self.content, Content::Stream { .. })
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cut>>> {
        let Content::Stream { chunks, left } = &mut self.content else {
            return self.poll_end(cx);
        };
        if !self.phase.may_buffer() {
            return Poll::Pending;
        }
        let cut = match (ready!(chunks.as_mut().poll_next(cx)), left) {
            (Some(Ok(bytes)), None) => return Poll::Ready(Some(Ok(bytes))),
            (Some(Ok(bytes)), Some(left)) => match left.checked_sub(bytes.len() as u64) {
                Some(rest) => {
                    *left = rest;
                    return Poll::Ready(Some(Ok(bytes)));
                }
                None => Cut::TooMuch,
            },
            (Some(Err(failure)), _) => Cut::Failed(failure),
            (None, Some(left)) if *left > 0 => Cut::TooLittle(*left),
            (None, _) => {
                self.content = Content::Over;
                return self.poll_end(cx);
            }
        };
        // hyper throws away what it has buffered when a body fails. The client shall have what
        // was sent until then, so the failure waits for a flush.
        self.phase.gate();
        self.content = Content::Broken(cut);
        self.poll_end(cx)
    }

    /// Everything but a stream.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cut>>> {
        match self.content {
            Content::Over => ready!(self.phase.poll_may_end(cx)),
            Content::Broken(_) => ready!(self.phase.poll_flushed(cx)),
            _ => {}
        }
        match std::mem::replace(&mut self.content, Content::Empty) {
            Content::Whole(bytes) => Poll::Ready(Some(Ok(bytes))),
            Content::Broken(cut) => {
                if self.closes {
                    self.phase.must_reset();
                }
                Poll::Ready(Some(Err(cut)))
            }
            Content::Empty | Content::Over | Content::Stream { .. } => Poll::Ready(None),
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let this = self.get_mut();
        if let Some(stream) = this.phase.stream() {
            stream.asked();
        }
        if this.rest.is_empty() {
            match ready!(this.poll_chunk(cx)) {
                Some(Ok(bytes)) => this.rest = bytes,
                end => return Poll::Ready(end.map(|end| end.map(Frame::data))),
            }
        }
        if let Content::Stream { left: Some(0), .. } = this.content {
            // A client that knows the length knows that this is the end.
            ready!(this.phase.poll_may_end(cx));
        }
        let part = match this.phase.stream() {
            Some(_) => this.rest.len().min(PART_BYTES),
            None => this.rest.len(),
        };
        let part = this.rest.split_to(part);
        this.phase.buffered(part.len());
        Poll::Ready(Some(Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.content, Content::Empty) && self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Empty => SizeHint::with_exact(0),
            Content::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::Stream {
                left: Some(left), ..
            } => SizeHint::with_exact(*left),
            Content::Stream { left: None, .. } | Content::Over | Content::Broken(_) => {
                SizeHint::default()
            }
        }
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.phase.answer_ends(http_body::Body::is_end_stream(self));
    }
}
