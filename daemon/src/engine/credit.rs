//! How many bytes a receiver is ready to take, so that nothing queues without a bound.

use parking_lot::Mutex;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};

/// Bytes that may be on their way at once, however many the receiver says it is ready for: they
/// wait in the host's memory.
const ON_THE_WAY_MAX: u64 = 256 * 1024;

/// Credit in bytes from one receiver to one sender. Cloning gives another handle to it.
#[derive(Clone, Debug, Default)]
pub struct Credit(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    bytes: u64,
    /// Bytes that were sent and have not arrived.
    on_the_way: u64,
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

    /// Tells the sender that `bytes` have arrived.
    pub fn arrived(&self, bytes: u64) {
        let waker = {
            let mut state = self.0.lock();
            state.on_the_way = state.on_the_way.saturating_sub(bytes);
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Gives back what was taken and not sent.
    pub fn spare(&self, bytes: u64) {
        let mut state = self.0.lock();
        state.on_the_way = state.on_the_way.saturating_sub(bytes);
        state.bytes = state.bytes.saturating_add(bytes);
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

    /// Waits until something may be sent, and takes at most `max` bytes of it, which count as
    /// on their way. `None` when nobody receives any more.
    pub async fn take(&self, max: u64) -> Option<u64> {
        poll_fn(|cx| {
            let mut state = self.0.lock();
            if state.closed {
                return Poll::Ready(None);
            }
            let taken = (ON_THE_WAY_MAX.saturating_sub(state.on_the_way))
                .min(state.bytes)
                .min(max);
            if taken == 0 {
                state.waker = Some(cx.waker().clone());
                return Poll::Pending;
            }
            state.bytes -= taken;
            state.on_the_way += taken;
            Poll::Ready(Some(taken))
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_lite::future::{block_on, poll_once};

    fn take(credit: &Credit, max: u64) -> Option<Option<u64>> {
        block_on(poll_once(credit.take(max)))
    }

    #[test]
    fn no_more_is_on_the_way_than_may_wait() {
        let credit = Credit::default();
        assert_eq!(take(&credit, 10), None);
        credit.give(u64::MAX);
        assert_eq!(
            take(&credit, ON_THE_WAY_MAX - 1),
            Some(Some(ON_THE_WAY_MAX - 1))
        );
        assert_eq!(take(&credit, 10), Some(Some(1)));
        assert_eq!(take(&credit, 10), None);
        credit.arrived(4);
        credit.spare(3);
        assert_eq!(take(&credit, 10), Some(Some(7)));
        credit.close();
        assert_eq!(take(&credit, 10), Some(None));
    }
}
