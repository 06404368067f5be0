//! A streamed argument on its way from a guest to whoever takes it, no faster than it is taken.
//!
//! The guest counts its credit down as it sends and waits at nothing; so the pipe counts along,
//! and says when the guest is to hear of more.

use bytes::Bytes;
use futures_lite::Stream;
use parking_lot::Mutex;
use postern_abi::limits::BODY_CREDIT;
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// The host's end.
pub struct Pipe(Arc<Mutex<State>>);

/// The end that the bytes come out of. They end with an error if the guest gave up.
pub struct PipeReader(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    parts: VecDeque<Bytes>,
    queued: u64,
    /// The credit that the guest believes to have.
    told: i64,
    end: Option<bool>,
    reader_gone: bool,
    waker: Option<Waker>,
    /// Called when the guest waits for credit and there is some.
    refill: Option<Box<dyn Fn() + Send>>,
}

impl State {
    fn credit(&self) -> i64 {
        i64::from(BODY_CREDIT) - i64::try_from(self.queued).unwrap_or(i64::MAX)
    }

    fn wants_refill(&self) -> bool {
        self.end.is_none() && self.told <= 0 && self.credit() >= i64::from(BODY_CREDIT) / 2
    }
}

/// What became of a part.
#[derive(Debug, PartialEq, Eq)]
pub struct Taken {
    /// The guest is to hear of more credit now.
    pub refill: bool,
    /// Bytes that wait.
    pub queued: u64,
}

/// Makes both ends.
pub fn pipe() -> (Pipe, PipeReader) {
    let state = Arc::new(Mutex::new(State {
        told: i64::from(BODY_CREDIT),
        ..State::default()
    }));
    (Pipe(state.clone()), PipeReader(state))
}

impl Pipe {
    /// Has this called when the guest may send more after it had to wait. The pipe is held
    /// meanwhile, so it must not come back to it.
    pub fn on_refill(&self, refill: impl Fn() + Send + 'static) {
        self.0.lock().refill = Some(Box::new(refill));
    }

    /// Takes the next part. What comes when nobody reads any more is dropped.
    pub fn chunk(&self, bytes: &[u8]) -> Taken {
        let (taken, waker) = {
            let mut state = self.0.lock();
            state.told -= bytes.len() as i64;
            if !state.reader_gone && !bytes.is_empty() {
                state.queued += bytes.len() as u64;
                state.parts.push_back(Bytes::copy_from_slice(bytes));
            }
            let taken = Taken {
                refill: state.wants_refill(),
                queued: state.queued,
            };
            (taken, state.waker.take())
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        taken
    }

    /// The argument is complete. Dropping the pipe instead breaks it off.
    pub fn end(&self) {
        self.close(true);
    }

    fn close(&self, well: bool) {
        let waker = {
            let mut state = self.0.lock();
            state.end.get_or_insert(well);
            state.refill = None;
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The credit there is, which the guest is told of.
    pub fn credit(&self) -> u32 {
        let mut state = self.0.lock();
        let credit = state.credit().max(0);
        state.told = credit;
        u32::try_from(credit).unwrap_or(u32::MAX)
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.close(false);
    }
}

impl Stream for PipeReader {
    type Item = io::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut state = self.0.lock();
        if let Some(bytes) = state.parts.pop_front() {
            state.queued -= bytes.len() as u64;
            if state.wants_refill()
                && let Some(refill) = &state.refill
            {
                refill();
            }
            return Poll::Ready(Some(Ok(bytes)));
        }
        match state.end {
            Some(true) => Poll::Ready(None),
            Some(false) => Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into()))),
            None => {
                state.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for PipeReader {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.reader_gone = true;
        state.parts.clear();
        state.queued = 0;
        if state.wants_refill()
            && let Some(refill) = &state.refill
        {
            refill();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use futures_lite::StreamExt;
    use futures_lite::future::block_on;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn credit_follows_the_reader() {
        let (pipe, mut reader) = pipe();
        let told = Arc::new(AtomicU32::new(0));
        let count = told.clone();
        pipe.on_refill(move || {
            count.fetch_add(1, Ordering::Relaxed);
        });
        let half = BODY_CREDIT as usize / 2;
        assert!(!pipe.chunk(&vec![1; half]).refill);
        let taken = pipe.chunk(&vec![2; half]);
        assert_eq!((taken.refill, taken.queued), (false, BODY_CREDIT.into()));
        assert_eq!(pipe.credit(), 0);
        block_on(reader.next()).unwrap().unwrap();
        assert_eq!(told.load(Ordering::Relaxed), 1);
        assert_eq!(pipe.credit(), BODY_CREDIT / 2);
        // What was read before the guest ran out is told at once.
        block_on(reader.next()).unwrap().unwrap();
        assert!(pipe.chunk(&vec![3; half]).refill);
    }

    #[test]
    fn an_end_is_an_end_and_a_drop_is_an_error() {
        let (pipe_, reader) = pipe();
        pipe_.chunk(b"ab");
        pipe_.end();
        drop(pipe_);
        let parts: Vec<_> = block_on(reader.map(|part| part.unwrap()).collect());
        assert_eq!(parts, ["ab"]);
        let (pipe_, mut reader) = pipe();
        drop(pipe_);
        assert!(block_on(reader.next()).unwrap().is_err());
    }

    #[test]
    fn what_nobody_reads_is_not_kept() {
        let (pipe, reader) = pipe();
        drop(reader);
        let taken = pipe.chunk(&vec![0; 2 * BODY_CREDIT as usize]);
        assert_eq!((taken.refill, taken.queued), (true, 0));
    }
}
