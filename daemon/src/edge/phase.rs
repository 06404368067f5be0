//! What a connection is doing and since when; shared by its parts.
//!
//! The connection's own task writes most of it; a request's body may be held by another thread.

use super::options::EdgeOptions;
use super::rest::{Rest, Worth};
use super::streams::Stream;
use http_body::SizeHint;
use hyper::body::Incoming;
use parking_lot::Mutex;
use std::sync::atomic::{
    AtomicBool, AtomicU32, AtomicU64, AtomicUsize,
    Ordering::{Relaxed, SeqCst},
};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// No byte has come yet.
const FIRST: u32 = 1;
/// The first bytes of a request's head have come.
const HEAD: u32 = 2;
/// A request is being answered.
const ANSWERING: u32 = 4;
/// One request body that is still held; there can be more than one, because a Worker may hold
/// on to a body that has been read completely. Or one of several requests at a time.
const UPLOAD: u32 = 8;

/// Bytes of a response's body that may wait in hyper's buffer before more is asked for.
const UNFLUSHED_MAX: usize = 64 * 1024;

/// The state of one connection, or of one request where a connection has several at a time.
pub struct Phase {
    opened: Instant,
    state: AtomicU32,
    /// Milliseconds from `opened` to the start of waiting.
    since_ms: AtomicU64,
    requests: AtomicU32,
    unflushed: AtomicUsize,
    gated: AtomicBool,
    blocked: AtomicBool,
    unread: AtomicBool,
    /// A body that nobody reads and that comes to an end soon.
    rest: Mutex<Option<Box<Rest>>>,
    reset: AtomicBool,
    /// Whether the connection is to end as soon as it is not being answered, for there are too many.
    gives_way: AtomicBool,
    /// Who is told so.
    told: Mutex<Option<Waker>>,
    eof: AtomicBool,
    /// What it is of a connection that has several requests at a time.
    stream: Option<Stream>,
}

/// What a client is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// A request; nothing of it has come.
    Request,
    /// The rest of a head.
    Head,
}

impl Phase {
    pub fn new() -> Self {
        Self::of(None)
    }

    /// Of one of several requests that a connection has at a time.
    #[cfg(feature = "http2")]
    pub fn of_stream(stream: Stream) -> Self {
        Self::of(Some(stream))
    }

    fn of(stream: Option<Stream>) -> Self {
        Self {
            stream,
            opened: Instant::now(),
            state: AtomicU32::new(FIRST),
            since_ms: AtomicU64::new(0),
            requests: AtomicU32::new(0),
            unflushed: AtomicUsize::new(0),
            gated: AtomicBool::new(false),
            blocked: AtomicBool::new(false),
            unread: AtomicBool::new(false),
            rest: Mutex::new(None),
            reset: AtomicBool::new(false),
            gives_way: AtomicBool::new(false),
            told: Mutex::new(None),
            eof: AtomicBool::new(false),
        }
    }

    pub fn now_ms(&self) -> u64 {
        self.opened.elapsed().as_millis() as u64
    }

    pub fn at(&self, ms: u64) -> Instant {
        self.opened + Duration::from_millis(ms)
    }

    /// Bytes came from the client; none means that it sends no more.
    pub fn received(&self, bytes: usize) {
        if bytes == 0 {
            self.eof.store(true, Relaxed);
            return;
        }
        match self.state.load(Relaxed) {
            // The first head is timed from the connection's start.
            FIRST => self.state.store(HEAD, Relaxed),
            0 => {
                self.since_ms.store(self.now_ms(), Relaxed);
                self.state.fetch_or(HEAD, Relaxed);
            }
            _ => {}
        }
    }

    /// A head is complete.
    pub fn request_starts(&self) {
        self.requests.fetch_add(1, Relaxed);
        self.state.fetch_and(!(FIRST | HEAD), Relaxed);
        self.state.fetch_or(ANSWERING, Relaxed);
    }

    /// The answer is with hyper, as a whole or not, or given up.
    pub fn answer_ends(&self, is_whole: bool) {
        if is_whole && let Some(stream) = &self.stream {
            stream.answered();
        }
        self.since_ms.store(self.now_ms(), Relaxed);
        self.state.fetch_and(!ANSWERING, Relaxed);
    }

    pub fn upload_starts(&self) {
        self.state.fetch_add(UPLOAD, Relaxed);
    }

    /// The body is read, or nobody reads it any more.
    pub fn upload_ends(&self) {
        self.since_ms.store(self.now_ms(), Relaxed);
        self.state.fetch_sub(UPLOAD, Relaxed);
    }

    /// One of several requests of this connection has begun.
    pub fn stream_starts(&self) {
        self.upload_starts();
        self.state.fetch_and(!(FIRST | HEAD), Relaxed);
    }

    /// It is over.
    pub fn stream_ends(&self) {
        self.upload_ends();
    }

    /// There is a body that nobody reads: the client may go on sending it.
    pub fn leave(&self, body: Incoming, worth: Worth) {
        if let Some(stream) = &self.stream {
            return stream.leave(body);
        }
        if worth == Worth::Reading
            && let Some(mut rest) = Rest::of(body)
        {
            match rest.begin() {
                Poll::Ready(true) => return,
                Poll::Ready(false) => {}
                Poll::Pending => {
                    self.upload_starts();
                    *self.rest.lock() = Some(Box::new(rest));
                    return;
                }
            }
        }
        self.unread.store(true, Relaxed);
    }

    /// Reads what is left of a body that nobody reads, if there is one, and gives up on it `linger` after
    /// the answer.
    pub fn poll_rest(&self, cx: &mut Context<'_>, linger: Duration) {
        let state = self.state.load(Relaxed);
        if state < UPLOAD {
            return;
        }
        let patience = (state & ANSWERING == 0).then_some(linger);
        let mut rest = self.rest.lock();
        let Some(Poll::Ready(is_whole)) = rest.as_mut().map(|rest| rest.poll(cx, patience)) else {
            return;
        };
        // hyper learns by that whether the connection goes on.
        *rest = None;
        drop(rest);
        if !is_whole {
            self.unread.store(true, Relaxed);
        }
        self.upload_ends();
        cx.waker().wake_by_ref();
    }

    /// The connection ends with this answer, whatever is left of the request's body.
    pub fn give_up_rest(&self) {
        if self.rest.lock().take().is_some() {
            self.unread.store(true, Relaxed);
            self.upload_ends();
        }
    }

    pub fn has_unread_body(&self) -> bool {
        self.unread.load(Relaxed)
    }

    /// The connection is another protocol's from now on, and waits for no request.
    pub fn leaves_http(&self) {
        self.upload_starts();
    }

    /// For how long the client has been waited for, if it is and the connection does not give way yet.
    pub fn waited_ms(&self, options: &EdgeOptions) -> Option<u64> {
        if self.gives_way() {
            return None;
        }
        self.due(options)?;
        Some(self.now_ms().saturating_sub(self.since_ms.load(Relaxed)))
    }

    /// Has the connection end when it is not being answered.
    pub fn give_way(&self) {
        self.gives_way.store(true, SeqCst);
        if let Some(told) = self.told.lock().take() {
            told.wake();
        }
    }

    /// Whether it is to end.
    pub fn gives_way(&self) -> bool {
        self.gives_way.load(SeqCst)
    }

    /// Who is to be told; before it is looked whether it gives way.
    pub fn tell(&self, waker: &Waker) {
        *self.told.lock() = Some(waker.clone());
    }

    /// Whether the client has closed its side.
    pub fn has_eof(&self) -> bool {
        self.eof.load(Relaxed)
    }

    /// The number of the request that is being answered, once its body is read or given up.
    pub fn answering(&self) -> Option<u32> {
        (self.state.load(Relaxed) == ANSWERING).then(|| self.requests.load(Relaxed))
    }

    /// What is waited for, and until when (milliseconds since the connection's start);
    /// nothing while a request is being answered.
    pub fn due(&self, options: &EdgeOptions) -> Option<(Waiting, u64)> {
        let since = self.since_ms.load(Relaxed);
        match self.state.load(Relaxed) {
            FIRST => Some((Waiting::Request, since + u64::from(options.header_ms))),
            HEAD => Some((Waiting::Head, since + u64::from(options.header_ms))),
            0 => Some((Waiting::Request, since + u64::from(options.idle_ms))),
            _ => None,
        }
    }

    /// A request's body of this size comes.
    pub fn expects(&self, size: &SizeHint) {
        if let Some(stream) = &self.stream {
            stream.expects(size);
        }
    }

    /// It came to its end.
    pub fn upload_came(&self) {
        if let Some(stream) = &self.stream {
            stream.came();
        }
    }

    /// A part of a request's body is with the Worker.
    pub fn upload_goes_on(&self) {
        if let Some(stream) = &self.stream {
            stream.goes_on();
        }
    }

    /// Ready when the answer may come to its end: only requests of a connection that has several at a time have
    /// reason to wait.
    pub fn poll_may_end(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.stream
            .as_ref()
            .map_or(Poll::Ready(()), |stream| stream.poll_came(cx))
    }

    /// What it is of a connection that has several requests at a time.
    pub fn stream(&self) -> Option<&Stream> {
        self.stream.as_ref()
    }

    /// Whether the next chunk of a body may be asked for. If not, [`Phase::flushed`] will say
    /// when to ask again.
    pub fn may_buffer(&self) -> bool {
        if self.stream.is_some() {
            // Who asks does so when there is room for it.
            return true;
        }
        let may = self.unflushed.load(Relaxed) < UNFLUSHED_MAX;
        if !may {
            self.gate();
        }
        may
    }

    /// Somebody waits for the next flush.
    pub fn gate(&self) {
        self.gated.store(true, Relaxed);
    }

    /// Ready when that flush has come. Who waits on a connection of its own is asked again by then.
    pub fn poll_flushed(&self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(stream) = &self.stream {
            return stream.poll_flushed(cx);
        }
        match self.gated.load(Relaxed) {
            true => Poll::Pending,
            false => Poll::Ready(()),
        }
    }

    pub fn buffered(&self, bytes: usize) {
        if let Some(stream) = &self.stream {
            stream.buffered(bytes);
        }
        self.unflushed.fetch_add(bytes, Relaxed);
    }

    /// Everything buffered is with the kernel. True if somebody waits to buffer more.
    pub fn flushed(&self) -> bool {
        self.unflushed.store(0, Relaxed);
        self.gated.swap(false, Relaxed)
    }

    /// Whether bytes of an earlier answer are still on their way to the kernel.
    pub fn is_blocked(&self) -> bool {
        self.blocked.load(Relaxed)
    }

    pub fn set_blocked(&self, blocked: bool) {
        self.blocked.store(blocked, Relaxed);
    }

    /// The answer broke off where only a reset can tell it from a complete one.
    pub fn must_reset(&self) {
        self.reset.store(true, Relaxed);
    }

    pub fn is_reset(&self) -> bool {
        self.reset.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(phase: &Phase) -> Option<Waiting> {
        phase
            .due(&EdgeOptions::default())
            .map(|(waiting, _)| waiting)
    }

    #[test]
    fn a_connection_goes_round() {
        let phase = Phase::new();
        assert_eq!(waits(&phase), Some(Waiting::Request));
        phase.received(1);
        assert_eq!(waits(&phase), Some(Waiting::Head));
        phase.request_starts();
        phase.upload_starts();
        assert_eq!((waits(&phase), phase.answering()), (None, None));
        phase.received(10);
        phase.upload_ends();
        assert_eq!((waits(&phase), phase.answering()), (None, Some(1)));
        phase.answer_ends(true);
        assert_eq!(waits(&phase), Some(Waiting::Request));
        phase.received(1);
        assert_eq!(waits(&phase), Some(Waiting::Head));
        assert!(!phase.has_unread_body());
    }

    #[test]
    fn a_body_held_after_the_answer_is_no_idleness() {
        let phase = Phase::new();
        phase.received(1);
        phase.request_starts();
        phase.upload_starts();
        phase.answer_ends(true);
        assert_eq!(waits(&phase), None);
        phase.upload_ends();
        assert_eq!(waits(&phase), Some(Waiting::Request));
    }

    #[test]
    fn buffering_stops_until_flushed() {
        let phase = Phase::new();
        assert!(phase.may_buffer());
        phase.buffered(UNFLUSHED_MAX);
        assert!(!phase.may_buffer());
        assert!(phase.flushed());
        assert!(phase.may_buffer());
        assert!(!phase.flushed());
    }
}
