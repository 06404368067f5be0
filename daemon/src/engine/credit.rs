//! How many bytes a receiver is ready to take, so that nothing queues without a bound.

use parking_lot::Mutex;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};

/// Credit in bytes from one receiver to one sender. Cloning gives another handle to it.
#[derive(Clone, Debug, Default)]
pub struct Credit(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    bytes: u64,
    closed: bool,
    waker: Option<Waker>,
}

impl Credit {
    /// Lets the sender send `bytes` more.
    pub fn give(&self, bytes: u64) {
        let waker = {
            let mut state = self.0.lock();
            state.bytes = state.bytes.saturating_add(bytes);
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Tells the sender that nobody receives any more.
    pub fn close(&self) {
        let waker = {
            let mut state = self.0.lock();
            state.closed = true;
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Waits until something may be sent, and takes at most `max` bytes of it. `None` when
    /// nobody receives any more.
    pub async fn take(&self, max: u64) -> Option<u64> {
        poll_fn(|cx| {
            let mut state = self.0.lock();
            if state.closed {
                return Poll::Ready(None);
            }
            if state.bytes == 0 {
                state.waker = Some(cx.waker().clone());
                return Poll::Pending;
            }
            let taken = state.bytes.min(max);
            state.bytes -= taken;
            Poll::Ready(Some(taken))
        })
        .await
    }
}
