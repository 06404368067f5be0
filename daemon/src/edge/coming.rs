//! A request's body that still comes when the answer to it is there, on a connection with several requests at
//! a time.
//!
//! There are clients that read nothing once they have their answer, not even that there is room for the
//! rest of their body, and so wait for ever (curl 7.88): the end of an answer waits until they have sent it.

use async_io::Timer;
use futures_lite::FutureExt;
use http_body::{Body as _, SizeHint};
use hyper::body::Incoming;
use parking_lot::Mutex;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// A body is waited for as long as some of it comes within this time.
const QUIET: Duration = Duration::from_secs(1);
/// Bytes of a body, as far as they are known, beyond which it is not waited for.
const AWAITED_MAX: u64 = 1 << 20;

/// What is known of it.
#[derive(Default)]
pub struct Coming {
    parts: AtomicU32,
    is_over: AtomicBool,
    waiting: Mutex<Waiting>,
}

/// Who waits for its end.
#[derive(Default)]
struct Waiting {
    waker: Option<Waker>,
    quiet: Option<Timer>,
    /// Parts that had come when the timer was set.
    parts: u32,
}

impl Coming {
    /// What to wait for of a body of this size, for whose first `window` bytes there is room from the start.
    pub fn of(size: &SizeHint, window: u64) -> Option<Arc<Self>> {
        let fits = size.upper().is_some_and(|most| most <= window);
        (!fits && size.lower() <= AWAITED_MAX).then(Arc::default)
    }

    /// A part came and made room for another.
    pub fn goes_on(&self) {
        self.parts.fetch_add(1, SeqCst);
    }

    /// It came to its end, or nothing more of it is wanted.
    pub fn ends(&self) {
        self.is_over.store(true, SeqCst);
        if let Some(waker) = self.waiting.lock().waker.take() {
            waker.wake();
        }
    }

    /// Ready when it need not be waited for any longer.
    pub fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut waiting = self.waiting.lock();
        if self.is_over.load(SeqCst) {
            return Poll::Ready(());
        }
        loop {
            let parts = self.parts.load(SeqCst);
            if waiting.parts != parts {
                waiting.parts = parts;
                waiting.quiet = None;
            }
            let quiet = waiting.quiet.get_or_insert_with(|| Timer::after(QUIET));
            if Pin::new(quiet).poll(cx).is_pending() {
                waiting.waker = Some(cx.waker().clone());
                return Poll::Pending;
            }
            if self.parts.load(SeqCst) == parts {
                return Poll::Ready(());
            }
        }
    }
}

/// Reads a body that nobody wants to its end, at most for `linger`: there are clients, too, that take a reset
/// for the end of the answer.
pub async fn throw_away(mut body: Incoming, coming: Option<Arc<Coming>>, linger: Duration) {
    let reading = poll_fn(|cx| {
        while let Poll::Ready(frame) = Pin::new(&mut body).poll_frame(cx) {
            if frame.is_none_or(|frame| frame.is_err()) {
                return Poll::Ready(());
            }
            if let Some(coming) = &coming {
                coming.goes_on();
            }
        }
        Poll::Pending
    });
    let patience = async {
        Timer::after(linger).await;
    };
    reading.or(patience).await;
    if let Some(coming) = &coming {
        coming.ends();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_lite::future::{block_on, poll_once};

    fn is_awaited(lower: u64, upper: Option<u64>) -> bool {
        let mut size = SizeHint::new();
        size.set_lower(lower);
        if let Some(upper) = upper {
            size.set_upper(upper);
        }
        Coming::of(&size, 1000).is_some()
    }

    #[test]
    fn what_fits_or_is_too_much_is_not_awaited() {
        assert!(!is_awaited(1000, Some(1000)));
        assert!(is_awaited(1001, Some(1001)));
        assert!(is_awaited(0, None));
        assert!(is_awaited(AWAITED_MAX, Some(AWAITED_MAX)));
        assert!(!is_awaited(AWAITED_MAX + 1, Some(AWAITED_MAX + 1)));
    }

    #[test]
    fn it_is_waited_for_until_its_end_or_until_nothing_comes() {
        let coming = Coming::default();
        let mut wait = std::pin::pin!(poll_fn(|cx| coming.poll(cx)));
        assert!(block_on(poll_once(wait.as_mut())).is_none());
        coming.ends();
        assert!(block_on(poll_once(wait)).is_some());
        // Nothing more is said of this one.
        let quiet = Coming::default();
        quiet.goes_on();
        block_on(poll_fn(|cx| quiet.poll(cx)));
        assert!(!quiet.is_over.load(SeqCst));
    }
}
