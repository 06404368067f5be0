//! What the requests of one HTTP/2 connection have in common, and what a client may do with them.
//!
//! The library bounds what a client can have it keep; here is what a client may do over time:
//! frames that bring no request and no answer on, requests that are taken back, room for an answer that
//! is never made.

use super::coming::{Coming, throw_away};
use super::options::EdgeOptions;
use super::phase::Phase;
use async_executor::Executor;
use http_body::{Body as _, SizeHint};
use hyper::body::Incoming;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// Frames that may come before something comes on: a request, a part of its body, a part of an answer.
/// One more for each second since then.
pub const FRAMES_MAX: u32 = 1024;
/// Requests taken back beyond those that were answered, after which a connection ends.
pub const CANCELED_MAX: u32 = 100;
/// Bytes of a request's body that wait for its Worker.
pub const WINDOW: u32 = 64 * 1024 - 1;
/// Bytes of an answer that are handed out at once.
pub const PART_BYTES: usize = 16 * 1024;
/// Bytes of an answer that a client must make room for within the deadline for writing, as it must take
/// that many of a connection of its own.
const PROGRESS_BYTES: usize = 4 * 1024;
/// Nothing waits for the client.
const NEVER: u64 = u64::MAX;

/// The requests of one connection.
pub struct Streams {
    /// The connection, which is idle while there are none.
    connection: Arc<Phase>,
    /// What runs them.
    executor: Weak<Executor<'static>>,
    /// How long bodies are read that nobody wants.
    linger: Duration,
    /// Those of all connections.
    all: Arc<AtomicUsize>,
    requests: AtomicU32,
    /// Taken back beyond those that were answered.
    canceled: AtomicU32,
    frames: AtomicU32,
    /// When something came on last, in milliseconds from the connection's start.
    since_ms: AtomicU64,
    /// Parts of answers are on their way to the kernel.
    is_dirty: AtomicBool,
    /// Who waits until they are there; at most one of each request.
    waiting: Mutex<Vec<Waker>>,
}

/// One request of a connection that has several at a time. It is over when this is dropped.
pub struct Stream {
    of: Arc<Streams>,
    is_counted: bool,
    is_answered: AtomicBool,
    /// When the part was handed out that the client has not made room for yet, as above.
    handed_ms: AtomicU64,
    handed_bytes: AtomicUsize,
    /// Its body, if the answer's end waits for that.
    coming: OnceLock<Arc<Coming>>,
}

impl Streams {
    /// Those of a connection, which run on `executor`; `all` counts those of all.
    pub fn new(
        connection: Arc<Phase>,
        executor: &Arc<Executor<'static>>,
        options: &EdgeOptions,
        all: Arc<AtomicUsize>,
    ) -> Arc<Self> {
        Arc::new(Self {
            connection,
            executor: Arc::downgrade(executor),
            linger: Duration::from_millis(options.linger_ms.into()),
            all,
            requests: AtomicU32::new(0),
            canceled: AtomicU32::new(0),
            frames: AtomicU32::new(0),
            since_ms: AtomicU64::new(0),
            is_dirty: AtomicBool::new(false),
            waiting: Mutex::default(),
        })
    }

    /// A request begins. All connections together may have `max`; see [`Stream::has_place`].
    pub fn begin(self: &Arc<Self>, max: usize) -> Stream {
        self.requests.fetch_add(1, Relaxed);
        self.goes_on();
        self.connection.stream_starts();
        let free = |now: usize| (now < max).then_some(now + 1);
        let taken = self.all.fetch_update(Relaxed, Relaxed, free);
        Stream {
            of: self.clone(),
            is_counted: taken.is_ok(),
            is_answered: AtomicBool::new(false),
            handed_ms: AtomicU64::new(NEVER),
            handed_bytes: AtomicUsize::new(0),
            coming: OnceLock::new(),
        }
    }

    /// Requests that have begun.
    pub fn requests(&self) -> u32 {
        self.requests.load(Relaxed)
    }

    /// So many frames came. False if it is too much of them for what they bring.
    pub fn heard(&self, frames: u32) -> bool {
        let heard = self
            .frames
            .fetch_add(frames, Relaxed)
            .saturating_add(frames);
        // Another thread may have set it since.
        let since_ms = self.since_ms.load(Relaxed);
        let ms = self.connection.now_ms().saturating_sub(since_ms);
        let more = u32::try_from(ms / 1000).unwrap_or(u32::MAX);
        heard <= FRAMES_MAX.saturating_add(more)
    }

    /// Whether requests are taken back that are not meant.
    pub fn is_unruly(&self) -> bool {
        self.canceled.load(Relaxed) > CANCELED_MAX
    }

    fn goes_on(&self) {
        self.frames.store(0, Relaxed);
        self.since_ms.store(self.connection.now_ms(), Relaxed);
    }

    /// All that was handed out for which there was room is with the kernel.
    pub fn flushed(&self) {
        if self.is_dirty.swap(false, Relaxed) {
            let waiting = std::mem::take(&mut *self.waiting.lock());
            waiting.into_iter().for_each(Waker::wake);
        }
    }
}

impl Stream {
    /// Whether there is a place for it under the cap of all connections.
    pub fn has_place(&self) -> bool {
        self.is_counted
    }

    /// A body of this size comes.
    pub fn expects(&self, size: &SizeHint) {
        if self.coming.get().is_none()
            && let Some(coming) = Coming::of(size, WINDOW.into())
        {
            // There is one body of a request.
            let _ = self.coming.set(coming);
        }
    }

    /// A part of it came on.
    pub fn goes_on(&self) {
        self.of.goes_on();
        if let Some(coming) = self.coming.get() {
            coming.goes_on();
        }
    }

    /// It came to its end.
    pub fn came(&self) {
        if let Some(coming) = self.coming.get() {
            coming.ends();
        }
    }

    /// It goes on, and nobody reads it: it is thrown away for a while.
    pub fn leave(&self, body: Incoming) {
        let Some(executor) = self.of.executor.upgrade() else {
            return self.came();
        };
        self.expects(&body.size_hint());
        let coming = self.coming.get().cloned();
        executor
            .spawn(throw_away(body, coming, self.of.linger))
            .detach();
    }

    /// Ready when the answer may come to its end: nothing more of the body is waited for.
    pub fn poll_came(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.coming
            .get()
            .map_or(Poll::Ready(()), |coming| coming.poll(cx))
    }

    /// The answer's next part is asked for: there is room for what came before.
    pub fn asked(&self) {
        if self.handed_ms.swap(NEVER, Relaxed) != NEVER {
            self.of.goes_on();
        }
    }

    /// A part of the answer was handed out.
    pub fn buffered(&self, bytes: usize) {
        self.handed_bytes.store(bytes, Relaxed);
        self.handed_ms.store(self.of.connection.now_ms(), Relaxed);
        self.of.is_dirty.store(true, Relaxed);
    }

    /// The answer is handed out to its end.
    pub fn answered(&self) {
        self.is_answered.store(true, Relaxed);
    }

    /// Until when the client has to make room for a part that was handed out, if there is one, with so
    /// much time for each 4 KiB of it.
    pub fn due(&self, stall: Duration) -> Option<Instant> {
        let handed_ms = self.handed_ms.load(Relaxed);
        let parts = self
            .handed_bytes
            .load(Relaxed)
            .div_ceil(PROGRESS_BYTES)
            .max(1);
        let patience = stall.saturating_mul(u32::try_from(parts).unwrap_or(u32::MAX));
        (handed_ms != NEVER).then(|| self.of.connection.at(handed_ms) + patience)
    }

    /// Ready when what was handed out is with the kernel, as far as it goes.
    pub fn poll_flushed(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut waiting = self.of.waiting.lock();
        if !self.of.is_dirty.load(Relaxed) {
            return Poll::Ready(());
        }
        if !waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
            waiting.push(cx.waker().clone());
        }
        Poll::Pending
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if self.is_counted {
            self.of.all.fetch_sub(1, Relaxed);
        }
        let is_answered = self.is_answered.load(Relaxed);
        let count = |canceled: u32| match is_answered {
            true => Some(canceled.saturating_sub(1)),
            false => Some(canceled.saturating_add(1)),
        };
        // It never says no.
        let _ = self.of.canceled.fetch_update(Relaxed, Relaxed, count);
        self.of.connection.stream_ends();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn streams() -> (Arc<Phase>, Arc<Streams>) {
        of(&Arc::default())
    }

    fn of(all: &Arc<AtomicUsize>) -> (Arc<Phase>, Arc<Streams>) {
        let connection = Arc::new(Phase::new());
        let executor = Arc::new(Executor::new());
        let options = EdgeOptions::default();
        let streams = Streams::new(connection.clone(), &executor, &options, all.clone());
        (connection, streams)
    }

    #[test]
    fn a_connection_is_idle_without_requests() {
        let (connection, streams) = streams();
        let is_idle = || connection.due(&EdgeOptions::default()).is_some();
        assert!(is_idle());
        let (one, other) = (streams.begin(9), streams.begin(9));
        drop(one);
        assert!(!is_idle());
        drop(other);
        assert!(is_idle());
    }

    #[test]
    fn all_connections_share_a_cap() {
        let all = Arc::default();
        let (_, streams) = of(&all);
        let (_, others) = of(&all);
        let first = streams.begin(2);
        let second = others.begin(2);
        assert!(first.has_place() && second.has_place());
        assert!(!streams.begin(2).has_place());
        drop(first);
        assert!(streams.begin(2).has_place());
    }

    #[test]
    fn requests_that_are_taken_back_count_against_those_that_are_answered() {
        let (_, streams) = streams();
        for _ in 0..CANCELED_MAX {
            drop(streams.begin(9));
        }
        assert!(!streams.is_unruly());
        streams.begin(9).answered();
        drop(streams.begin(9));
        assert!(!streams.is_unruly());
        drop(streams.begin(9));
        assert!(streams.is_unruly());
    }

    #[test]
    fn frames_are_heard_as_long_as_something_comes_on() {
        let (_, streams) = streams();
        assert!(streams.heard(FRAMES_MAX));
        let stream = streams.begin(9);
        assert!(streams.heard(FRAMES_MAX));
        stream.buffered(1);
        stream.asked();
        assert!(streams.heard(FRAMES_MAX));
        stream.asked();
        assert!(!streams.heard(FRAMES_MAX));
    }

    #[test]
    fn a_part_of_an_answer_has_its_time() {
        let (_, streams) = streams();
        let stream = streams.begin(9);
        let stall = Duration::from_secs(1);
        assert_eq!(stream.due(stall), None);
        stream.buffered(PART_BYTES);
        let due = stream
            .due(stall)
            .map(|due| due > Instant::now() + 2 * stall);
        assert_eq!(due, Some(true));
        stream.asked();
        assert_eq!(stream.due(stall), None);
    }
}
