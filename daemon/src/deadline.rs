//! Deadlines: one list of all of them, and one timer of the reactor's for the nearest.
//!
//! A timer of its own for each request that waits would wake the reactor's thread each time. Most
//! deadlines are far away and never come, so here the thread is woken only by one that is nearer
//! than all others.

use async_io::Timer;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

static ALARM: LazyLock<Arc<Alarm>> = LazyLock::new(|| {
    Arc::new(Alarm(Mutex::new(List {
        waiting: BTreeMap::new(),
        next: 0,
        timer: Timer::never(),
        armed: None,
    })))
});

/// When, and a number that no other has.
type Key = (Instant, u64);

/// Rings when the nearest deadline has come. It is the waker of its own timer.
struct Alarm(Mutex<List>);

struct List {
    waiting: BTreeMap<Key, Waker>,
    next: u64,
    timer: Timer,
    /// When the timer goes off; it may be earlier than all that wait, never later.
    armed: Option<Instant>,
}

impl Alarm {
    /// Sets the timer where it would go off too late; whether the time has come already.
    fn arm(self: &Arc<Self>, list: &mut List) -> bool {
        let Some((&(first, _), _)) = list.waiting.first_key_value() else {
            return false;
        };
        if list.armed.is_some_and(|at| at <= first) {
            return false;
        }
        list.armed = Some(first);
        list.timer.set_at(first);
        let waker = Waker::from(self.clone());
        let mut cx = Context::from_waker(&waker);
        Future::poll(Pin::new(&mut list.timer), &mut cx).is_ready()
    }

    /// Wakes whose time has come.
    fn ring(self: &Arc<Self>) {
        let mut due = Vec::new();
        {
            let mut list = self.0.lock();
            loop {
                list.armed = None;
                let now = Instant::now();
                while let Some(first) = list.waiting.first_entry()
                    && first.key().0 <= now
                {
                    due.push(first.remove());
                }
                if !self.arm(&mut list) {
                    break;
                }
            }
        }
        // Without the lock: who is woken may let go of deadlines.
        for waker in due {
            waker.wake();
        }
    }

    /// Puts one on the list.
    fn insert(self: &Arc<Self>, at: Instant, waker: Waker) -> Key {
        let (key, come) = {
            let mut list = self.0.lock();
            let key = (at, list.next);
            list.next += 1;
            list.waiting.insert(key, waker);
            (key, self.arm(&mut list))
        };
        if come {
            self.ring();
        }
        key
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.ring();
    }
}

/// A future that is ready when its time has come, and stays so. To make one costs nothing until it
/// is waited for.
#[derive(Debug)]
pub struct Deadline {
    at: Instant,
    /// Where it is on the list, once it was waited for.
    key: Option<Key>,
    come: bool,
}

impl Deadline {
    /// One at this moment.
    pub fn at(at: Instant) -> Self {
        Self {
            at,
            key: None,
            come: false,
        }
    }

    /// One after this time.
    pub fn after(time: Duration) -> Self {
        // Farther than a year is as good as never, and cannot overflow.
        Self::at(Instant::now() + time.min(Duration::from_hours(24 * 365)))
    }
}

impl Future for Deadline {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.come {
            return Poll::Ready(());
        }
        let Some(key) = self.key else {
            if Instant::now() >= self.at {
                self.come = true;
                return Poll::Ready(());
            }
            self.key = Some(ALARM.insert(self.at, cx.waker().clone()));
            return Poll::Pending;
        };
        let old = {
            let mut list = ALARM.0.lock();
            match list.waiting.get_mut(&key) {
                Some(waker) if waker.will_wake(cx.waker()) => return Poll::Pending,
                Some(waker) => Some(std::mem::replace(waker, cx.waker().clone())),
                None => None,
            }
        };
        // Without the lock: with an old waker may go a task, and its deadlines.
        if old.is_some() {
            return Poll::Pending;
        }
        self.key = None;
        self.come = true;
        Poll::Ready(())
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            // As above: the lock is gone before the waker is.
            let waker = ALARM.0.lock().waiting.remove(&key);
            drop(waker);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smol::future::{FutureExt, block_on};
    use std::sync::atomic::{AtomicUsize, Ordering};

    const LONG: Duration = Duration::from_hours(1);

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_past_one_is_ready_at_once_and_stays_ready() {
        let mut past = Deadline::at(Instant::now());
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..2 {
            assert!(Pin::new(&mut past).poll(&mut cx).is_ready());
        }
    }

    #[test]
    fn a_nearer_one_comes_before_one_that_waits_longer() {
        let mut far = Deadline::after(LONG);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut far).poll(&mut cx).is_pending());
        let near = async {
            Deadline::after(Duration::from_millis(1)).await;
            "near"
        };
        let far = async {
            far.await;
            "far"
        };
        assert_eq!(block_on(far.or(near)), "near");
    }

    #[test]
    fn all_that_are_due_are_woken_each_by_its_last_waker() {
        let mut cx = Context::from_waker(Waker::noop());
        let at = Instant::now() + Duration::from_millis(2);
        let mut many: Vec<Deadline> = (0..50).map(|_| Deadline::at(at)).collect();
        for it in &mut many {
            let _ = Pin::new(it).poll(&mut cx);
        }
        // Each is polled again, by another task.
        block_on(async {
            for it in &mut many {
                it.await;
            }
        });
        assert!(many.iter().all(|it| it.come));
    }

    #[test]
    fn what_is_let_go_of_leaves_the_list_and_wakes_nobody() {
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let mut cx = Context::from_waker(&waker);
        let mut gone = Deadline::after(Duration::from_millis(1));
        let _ = Pin::new(&mut gone).poll(&mut cx);
        let key = gone.key;
        drop(gone);
        block_on(Deadline::after(Duration::from_millis(3)));
        if let Some(key) = key {
            assert!(!ALARM.0.lock().waiting.contains_key(&key));
        }
        drop(waker);
        assert_eq!(Arc::strong_count(&count), 1, "its waker is still kept");
    }
}
