//! How many may be inside at the same time, and who waits in line until somebody leaves.
//!
//! # Implementation
//!
//! While nobody waits, to come and to go is one atomic operation each. Who waits is let in by who leaves,
//! in order, and whoever comes meanwhile goes behind them. One who gives up leaves the line at once, so
//! the line is never longer than its bound.

use parking_lot::Mutex;
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

/// The gate.
#[derive(Debug, Default)]
pub struct Gate {
    inside: AtomicU32,
    /// How long the line is.
    waiting: AtomicUsize,
    line: Mutex<VecDeque<Arc<Seat>>>,
}

#[derive(Debug)]
struct Seat {
    /// How many may be inside with this one.
    most: u32,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Waiting(Option<Waker>),
    In,
}

impl Gate {
    /// Goes in, if fewer than `most` are inside and nobody waits.
    pub fn enter(&self, most: u32) -> bool {
        self.waiting.load(Ordering::SeqCst) == 0 && self.take(most)
    }

    fn take(&self, most: u32) -> bool {
        let more = |inside: u32| (inside < most).then(|| inside + 1);
        let taken = self
            .inside
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, more);
        taken.is_ok()
    }

    /// Somebody who was inside is so no more.
    pub fn leave(&self) {
        self.inside.fetch_sub(1, Ordering::SeqCst);
        // One who has come into line before this line is seen; one who comes later sees the place.
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.call();
        }
    }

    /// How many are inside.
    pub fn inside(&self) -> u32 {
        self.inside.load(Ordering::Relaxed)
    }

    /// A place in line, unless there are so many that wait.
    pub fn wait(&self, most: u32, line_max: u32) -> Option<Wait<'_>> {
        let seat = Arc::new(Seat {
            most,
            state: Mutex::new(State::Waiting(None)),
        });
        {
            let mut line = self.line.lock();
            if line.len() >= line_max as usize {
                return None;
            }
            line.push_back(seat.clone());
            self.waiting.store(line.len(), Ordering::SeqCst);
        }
        self.call();
        Some(Wait {
            gate: self,
            seat,
            is_in: false,
        })
    }

    /// Lets those in for whom there is room.
    fn call(&self) {
        let mut woken = Vec::new();
        {
            let mut line = self.line.lock();
            while let Some(first) = line.front() {
                if !self.take(first.most) {
                    break;
                }
                let state = std::mem::replace(&mut *first.state.lock(), State::In);
                if let State::Waiting(Some(waker)) = state {
                    woken.push(waker);
                }
                line.pop_front();
            }
            self.waiting.store(line.len(), Ordering::SeqCst);
        }
        for waker in woken {
            waker.wake();
        }
    }
}

/// Waits in line; ready when it is inside, which whoever waited then is. To drop it is to give up.
#[derive(Debug)]
pub struct Wait<'a> {
    gate: &'a Gate,
    seat: Arc<Seat>,
    /// Whoever waited knows.
    is_in: bool,
}

impl Future for Wait<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let is_in = match &mut *self.seat.state.lock() {
            State::In => true,
            State::Waiting(waker) => {
                *waker = Some(cx.waker().clone());
                false
            }
        };
        self.is_in |= is_in;
        if is_in {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if self.is_in {
            return;
        }
        let mut line = self.gate.line.lock();
        if matches!(*self.seat.state.lock(), State::In) {
            drop(line);
            self.gate.leave();
            return;
        }
        line.retain(|seat| !Arc::ptr_eq(seat, &self.seat));
        self.gate.waiting.store(line.len(), Ordering::SeqCst);
        drop(line);
        // The next may want less room than this one did.
        self.gate.call();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use futures_lite::future::{block_on, poll_once};
    use proptest::prelude::*;

    fn is_in(wait: &mut Wait<'_>) -> bool {
        block_on(poll_once(wait)).is_some()
    }

    #[test]
    fn who_waits_is_let_in_in_order_and_before_who_comes() {
        let gate = Gate::default();
        assert!(gate.enter(1));
        assert!(!gate.enter(1));
        let (mut one, mut two) = (gate.wait(1, 2).unwrap(), gate.wait(1, 2).unwrap());
        assert!(gate.wait(1, 2).is_none(), "the line is full");
        assert!(!is_in(&mut one) && !is_in(&mut two));
        gate.leave();
        assert!(!gate.enter(1), "somebody waits");
        assert!(is_in(&mut one) && !is_in(&mut two));
        drop((two, one));
        assert_eq!(gate.inside(), 1, "who waited and was let in must leave");
        let unaware = gate.wait(1, 2).unwrap();
        gate.leave();
        assert_eq!(gate.inside(), 1);
        drop(unaware);
        assert_eq!(gate.inside(), 0, "nobody knew");
        assert!(gate.enter(1));
    }

    #[test]
    fn who_comes_into_line_when_there_is_room_is_inside() {
        let gate = Gate::default();
        let mut wait = gate.wait(1, 1).unwrap();
        assert!(is_in(&mut wait));
        assert!(gate.wait(0, 0).is_none());
    }

    #[test]
    fn threads_that_come_and_go_are_never_too_many_and_all_get_in() {
        let gate = Gate::default();
        let most = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..2000 {
                        if !gate.enter(2) {
                            block_on(gate.wait(2, 4).unwrap());
                        }
                        most.fetch_max(gate.inside(), Ordering::Relaxed);
                        gate.leave();
                    }
                });
            }
        });
        assert_eq!(gate.inside(), 0);
        assert!(most.into_inner() <= 2);
    }

    proptest! {
        /// The model is a number of those inside and a list of those that wait.
        #[test]
        fn it_is_a_number_and_a_list(most in 1u32..4, steps in proptest::collection::vec(0u8..4, 1..200)) {
            let gate = Gate::default();
            let (mut inside, mut line) = (0, VecDeque::new());
            for step in steps {
                match step {
                    0 => {
                        let may = line.is_empty() && inside < most;
                        inside += u32::from(may);
                        prop_assert_eq!(gate.enter(most), may);
                    }
                    1 => {
                        let wait = gate.wait(most, 3);
                        prop_assert_eq!(wait.is_some(), line.len() < 3);
                        line.extend(wait);
                    }
                    2 if inside > 0 => {
                        inside -= 1;
                        gate.leave();
                    }
                    _ => drop(line.pop_back()),
                }
                while inside < most && !line.is_empty() {
                    inside += 1;
                    let mut first = line.pop_front().unwrap();
                    prop_assert!(is_in(&mut first));
                }
                prop_assert!(line.iter_mut().all(|wait| !is_in(wait)));
                prop_assert_eq!(gate.inside(), inside);
            }
        }
    }
}
