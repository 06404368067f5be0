//! Who runs next: a slot a core, given for one slice at a time, tenants in turn.
//!
//! A tenant that has been waiting longest for its turn gets the next free slot; within a
//! tenant, isolates wait in order. While nobody waits, a slot costs one lock.

use parking_lot::Mutex;
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// The slots. Cloning gives another handle to the same ones.
#[derive(Clone, Debug)]
pub struct Scheduler(Arc<Mutex<State>>);

/// Which tenant an isolate runs for.
pub type Tenant = u32;

#[derive(Debug)]
struct State {
    free: usize,
    /// Tenants with waiting isolates, in the order of their turns.
    turns: VecDeque<Tenant>,
    waiting: BTreeMap<Tenant, VecDeque<Arc<Mutex<Seat>>>>,
}

#[derive(Debug)]
enum Seat {
    Waiting(Option<Waker>),
    Granted,
    Gone,
}

/// The right to run one slice. Dropping it passes the slot on.
#[derive(Debug)]
pub struct Permit(Scheduler);

impl Scheduler {
    /// A scheduler that lets `slots` isolates run at the same time.
    pub fn new(slots: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            free: slots.max(1),
            turns: VecDeque::new(),
            waiting: BTreeMap::new(),
        })))
    }

    /// A slot, if one is free and nobody waits for it.
    pub fn try_enter(&self) -> Option<Permit> {
        let mut state = self.0.lock();
        if state.free == 0 {
            return None;
        }
        state.free -= 1;
        Some(Permit(self.clone()))
    }

    /// A slot, when it is this tenant's turn.
    pub fn enter(&self, tenant: Tenant) -> Enter {
        Enter {
            scheduler: self.clone(),
            tenant,
            seat: None,
        }
    }

    /// How many isolates wait for a slot.
    pub fn waiting(&self) -> usize {
        self.0.lock().waiting.values().map(VecDeque::len).sum()
    }
}

impl State {
    /// Takes out whose turn it is. Tenants with more waiting isolates go to the end.
    fn next(&mut self) -> Option<Arc<Mutex<Seat>>> {
        while let Some(tenant) = self.turns.pop_front() {
            let Some(seats) = self.waiting.get_mut(&tenant) else {
                continue;
            };
            let seat = seats.pop_front();
            if seats.is_empty() {
                self.waiting.remove(&tenant);
            } else {
                self.turns.push_back(tenant);
            }
            if seat.is_some() {
                return seat;
            }
        }
        None
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let waker = {
            let mut state = self.0.0.lock();
            loop {
                let Some(seat) = state.next() else {
                    state.free += 1;
                    break None;
                };
                let mut seat = seat.lock();
                match std::mem::replace(&mut *seat, Seat::Granted) {
                    Seat::Waiting(waker) => break waker,
                    Seat::Gone | Seat::Granted => *seat = Seat::Gone,
                }
            }
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Waits for a slot.
#[derive(Debug)]
pub struct Enter {
    scheduler: Scheduler,
    tenant: Tenant,
    seat: Option<Arc<Mutex<Seat>>>,
}

impl Future for Enter {
    type Output = Permit;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Permit> {
        if let Some(seat) = &self.seat {
            let mut state = seat.lock();
            return match &mut *state {
                Seat::Granted => {
                    *state = Seat::Gone;
                    drop(state);
                    self.seat = None;
                    Poll::Ready(Permit(self.scheduler.clone()))
                }
                Seat::Waiting(waker) => {
                    *waker = Some(cx.waker().clone());
                    Poll::Pending
                }
                Seat::Gone => Poll::Pending,
            };
        }
        let tenant = self.tenant;
        let seat = {
            let mut state = self.scheduler.0.lock();
            if state.free > 0 {
                state.free -= 1;
                None
            } else {
                let seat = Arc::new(Mutex::new(Seat::Waiting(Some(cx.waker().clone()))));
                let seats = state.waiting.entry(tenant).or_default();
                seats.push_back(seat.clone());
                if seats.len() == 1 {
                    state.turns.push_back(tenant);
                }
                Some(seat)
            }
        };
        match seat {
            None => Poll::Ready(Permit(self.scheduler.clone())),
            Some(seat) => {
                self.seat = Some(seat);
                Poll::Pending
            }
        }
    }
}

impl Drop for Enter {
    fn drop(&mut self) {
        let Some(seat) = self.seat.take() else { return };
        // Outside the lock of the seat: passing the slot on may look at other seats.
        let granted = matches!(
            std::mem::replace(&mut *seat.lock(), Seat::Gone),
            Seat::Granted
        );
        if granted {
            drop(Permit(self.scheduler.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_lite::future::{block_on, poll_once};

    fn wait(scheduler: &Scheduler, tenant: Tenant) -> Pin<Box<Enter>> {
        let mut enter = Box::pin(scheduler.enter(tenant));
        assert!(
            block_on(poll_once(enter.as_mut())).is_none(),
            "no slot is free"
        );
        enter
    }

    fn ready(enter: &mut Pin<Box<Enter>>) -> Option<Permit> {
        block_on(poll_once(enter.as_mut()))
    }

    #[test]
    fn tenants_take_turns_however_many_isolates_wait() {
        let scheduler = Scheduler::new(1);
        let mut permit = scheduler.try_enter();
        assert!(permit.is_some());
        let mut greedy: Vec<_> = (0..3).map(|_| wait(&scheduler, 1)).collect();
        let mut modest = wait(&scheduler, 2);
        permit = None;
        assert!(permit.is_none());
        let first = ready(&mut greedy[0]).expect("first come");
        assert!(ready(&mut modest).is_none());
        drop(first);
        let second = ready(&mut modest).expect("the other tenant, before the first one's second");
        assert!(ready(&mut greedy[1]).is_none());
        drop(second);
        assert!(ready(&mut greedy[1]).is_some());
        assert!(ready(&mut greedy[2]).is_some());
        assert_eq!(scheduler.waiting(), 0);
        assert!(scheduler.try_enter().is_some(), "every slot came back");
    }

    #[test]
    fn a_slot_granted_to_one_who_left_is_passed_on() {
        let scheduler = Scheduler::new(1);
        let permit = scheduler.try_enter();
        let left = wait(&scheduler, 1);
        let gone = wait(&scheduler, 2);
        let mut stays = wait(&scheduler, 3);
        drop(gone);
        drop(permit);
        drop(left);
        assert!(ready(&mut stays).is_some());
    }
}
