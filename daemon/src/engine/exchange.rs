//! Where a request's task and the isolate that serves it meet: the answer's way out.
//!
//! One allocation a request. The isolate puts the head and parts of the body in; the task
//! that holds the connection takes them out, and what it has taken becomes credit.

use super::invocation::Reply;
use super::isolate::Isolate;
use super::limits::Failure;
use crate::deadline::Deadline;
use bytes::Bytes;
use futures_lite::Stream;
use parking_lot::Mutex;
use postern_abi::limits::BODY_CREDIT;
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

/// Bytes up to which parts of a body are put together while they wait.
const PART_MIN: usize = 4096;

/// The meeting point of one request.
#[derive(Debug, Default)]
pub struct Exchange(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    head: Option<Result<Reply, Failure>>,
    answered: bool,
    body: VecDeque<Bytes>,
    /// Bytes sent by the guest and not yet taken.
    queued: u64,
    end: Option<Result<(), Failure>>,
    /// The guest ran out of credit and has not been told of more.
    starved: bool,
    /// There is more, and the event that tells it is on its way.
    refilled: bool,
    gone: bool,
    /// That the time was up, which whoever waited was told in the isolate's place.
    late: Option<Failure>,
    /// Where the request is; it moves when its isolate ends before it has begun.
    place: Option<(Weak<Isolate>, u32)>,
    waker: Option<Waker>,
}

impl State {
    fn wake(&mut self) -> Option<Waker> {
        self.waker.take()
    }

    /// Small parts that wait become one: each of its own would take more room than its bytes.
    fn put(&mut self, bytes: &[u8]) {
        let small = |last: &Bytes| last.len() + bytes.len() <= PART_MIN;
        let last = self.body.pop_back_if(|last| small(last));
        self.body.push_back(match last.map(Bytes::try_into_mut) {
            Some(Ok(mut last)) => {
                last.extend_from_slice(bytes);
                last.freeze()
            }
            Some(Err(last)) => [&last, bytes].concat().into(),
            None => Bytes::copy_from_slice(bytes),
        });
    }

    fn note_late(&mut self, why: &Failure) {
        if matches!(why, Failure::WallTime { .. }) {
            self.late.get_or_insert_with(|| why.clone());
        }
    }

    fn credit(&self) -> i64 {
        i64::from(BODY_CREDIT) - i64::try_from(self.queued).unwrap_or(i64::MAX)
    }
}

impl Exchange {
    /// Puts the answer's head, or why there is none. Only the first counts.
    pub fn answer(&self, head: Result<Reply, Failure>) {
        let waker = {
            let mut state = self.0.lock();
            if state.answered {
                return;
            }
            state.answered = true;
            if state.gone {
                // Dropped outside of the lock: a body's stream looks in here when it goes.
                drop(state);
                return drop(head);
            }
            state.head = Some(head);
            state.wake()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Tells where the request is; false if nobody waits for it any more.
    pub fn placed(&self, isolate: Weak<Isolate>, request: u32) -> bool {
        let mut state = self.0.lock();
        state.place = Some((isolate, request));
        !state.gone
    }

    /// Nobody will take the head any more, and `why`. An answer with a body holds on to this exchange, so
    /// one that is never taken would keep both for ever. Gives where the request is, if there
    /// was no answer.
    pub fn leave(&self, why: &Failure) -> Option<(Weak<Isolate>, u32)> {
        let (head, place) = {
            let mut state = self.0.lock();
            state.gone = true;
            if !state.answered {
                state.note_late(why);
            }
            let place = state.place.take();
            (state.head.take(), place.filter(|_| !state.answered))
        };
        drop(head);
        place
    }

    /// That the time was up, if whoever waited was told so: a turn that computes goes on meanwhile, and what ends
    /// it later is not what the client knows.
    pub fn late(&self) -> Option<Failure> {
        self.0.lock().late.clone()
    }

    /// Whether a head was put.
    pub fn answered(&self) -> bool {
        self.0.lock().answered
    }

    /// Puts a part of the body; gives the credit that is left.
    pub fn chunk(&self, bytes: &[u8]) -> i64 {
        let (waker, credit) = {
            let mut state = self.0.lock();
            if !state.gone && state.end.is_none() && !bytes.is_empty() {
                state.queued += bytes.len() as u64;
                state.put(bytes);
            }
            let credit = state.credit();
            state.starved = credit <= 0;
            (state.wake(), credit)
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        credit
    }

    /// Ends the body, well or badly. Only the first counts.
    pub fn end(&self, result: Result<(), Failure>) {
        let waker = {
            let mut state = self.0.lock();
            if state.end.is_none() {
                state.end = Some(result);
            }
            state.wake()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Whether the guest waits for credit that only the client can give.
    pub fn waits_for_client(&self) -> bool {
        let state = self.0.lock();
        state.starved && !state.gone && state.end.is_none()
    }

    /// The credit there is now, which the guest is told.
    pub fn credit(&self) -> i64 {
        let mut state = self.0.lock();
        let credit = state.credit();
        state.starved = credit <= 0;
        state.refilled = false;
        credit
    }

    /// Takes the head when it is there.
    pub fn poll_head(&self, cx: &mut Context<'_>) -> Poll<Result<Reply, Failure>> {
        let mut state = self.0.lock();
        match state.head.take() {
            Some(head) => Poll::Ready(head),
            None => {
                state.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// The rest of an answer's body, for the task that holds the connection.
pub struct BodyStream {
    exchange: Arc<Exchange>,
    isolate: Weak<Isolate>,
    request: u32,
    deadline: Deadline,
    limit_ms: u32,
    finished: bool,
}

impl BodyStream {
    /// The body of `request`, which must be complete at `deadline`.
    pub fn new(
        exchange: Arc<Exchange>,
        isolate: Weak<Isolate>,
        request: u32,
        deadline: Instant,
        limit_ms: u32,
    ) -> Self {
        Self {
            exchange,
            isolate,
            request,
            deadline: Deadline::at(deadline),
            limit_ms,
            finished: false,
        }
    }
}

impl Stream for BodyStream {
    type Item = Result<Bytes, Failure>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.finished {
            return Poll::Ready(None);
        }
        let (item, refill) = {
            let mut state = self.exchange.0.lock();
            match state.body.pop_front() {
                Some(bytes) => {
                    state.queued -= bytes.len() as u64;
                    // Told once, when half of the window is free, and not for every chunk. The guest
                    // waits until it has heard of it, not until it is said.
                    let is_due = state.starved && !state.refilled;
                    let refill = is_due && state.credit() >= i64::from(BODY_CREDIT) / 2;
                    state.refilled |= refill;
                    (Some(Ok(bytes)), refill)
                }
                None => match state.end.clone() {
                    Some(Ok(())) => (None, false),
                    Some(Err(failure)) => (Some(Err(failure)), false),
                    None => {
                        state.waker = Some(cx.waker().clone());
                        drop(state);
                        if Pin::new(&mut self.deadline).poll(cx).is_pending() {
                            return Poll::Pending;
                        }
                        let why = Failure::WallTime {
                            limit_ms: self.limit_ms,
                        };
                        self.exchange.0.lock().note_late(&why);
                        (Some(Err(why)), false)
                    }
                },
            }
        };
        if refill && let Some(isolate) = self.isolate.upgrade() {
            isolate.body_credit(self.request);
        }
        if !matches!(item, Some(Ok(_))) {
            self.finished = true;
            if let Some(Err(Failure::WallTime { .. })) = &item
                && let Some(isolate) = self.isolate.upgrade()
            {
                isolate.abandon(
                    self.request,
                    Failure::WallTime {
                        limit_ms: self.limit_ms,
                    },
                );
            }
        }
        Poll::Ready(item)
    }
}

impl Drop for BodyStream {
    fn drop(&mut self) {
        let unfinished = {
            let mut state = self.exchange.0.lock();
            state.gone = true;
            state.body.clear();
            state.queued = 0;
            state.end.is_none()
        };
        if unfinished
            && !self.finished
            && let Some(isolate) = self.isolate.upgrade()
        {
            isolate.abandon(self.request, Failure::Canceled);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use futures_lite::StreamExt;
    use futures_lite::future::block_on;
    use std::time::Duration;

    #[test]
    fn a_guest_waits_for_the_client_until_it_has_heard_of_credit() {
        let exchange = Arc::new(Exchange::default());
        let half = vec![0; BODY_CREDIT as usize / 2];
        assert!(exchange.chunk(&half) > 0);
        assert!(!exchange.waits_for_client());
        assert_eq!(exchange.chunk(&half), 0);
        assert!(exchange.waits_for_client());
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut stream = BodyStream::new(exchange.clone(), Weak::new(), 1, deadline, 60_000);
        for _ in 0..2 {
            block_on(stream.next()).unwrap().unwrap();
            // What tells the guest of it is on its way: nothing may be taken for over meanwhile.
            assert!(exchange.waits_for_client());
        }
        assert_eq!(exchange.credit(), i64::from(BODY_CREDIT));
        assert!(!exchange.waits_for_client());
        // And again.
        exchange.chunk(&half);
        exchange.chunk(&half);
        assert!(exchange.waits_for_client());
        assert_eq!(exchange.credit(), 0);
        block_on(stream.next()).unwrap().unwrap();
        assert!(exchange.waits_for_client());
        assert!(exchange.credit() > 0);
        assert!(!exchange.waits_for_client());
    }
}
