//! Who runs next: a slot a core, given for one slice at a time, to the tenant that has used least.
//!
//! # Implementation
//!
//! Start-time fair queueing (Goyal, Vin and Cheng, 1997) over fuel. A tenant has a clock that goes on
//! by the fuel that it uses, and whoever's clock is furthest behind gets the next free slot: many
//! short slices count as much as few long ones, and the number of a tenant's isolates does not
//! count. The clock of one that was away is brought up to [`BURST`] slices before that of who was
//! served last, for nobody saves up. A slot is paid for in advance, or a tenant would be given a
//! second one for nothing, and what was not used is given back with the slot. Within a tenant isolates
//! wait in order. While nobody waits, a slot costs two locks.

use parking_lot::Mutex;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// Slices that a tenant that was away has before those that were not.
const BURST: u64 = 2;

/// Accounts that are kept without a look at whether they still say something.
const ACCOUNTS_KEPT: usize = 256;

/// The slots. Cloning gives another handle to the same ones.
#[derive(Clone, Debug)]
pub struct Scheduler(Arc<Mutex<State>>);

/// Which tenant an isolate runs for.
pub type Tenant = u32;

#[derive(Debug)]
struct State {
    slots: usize,
    free: usize,
    /// Fuel that is paid for a slot.
    slice: u64,
    /// The clock of who was served last, and never less than before.
    now: u64,
    /// What any clock shows at most.
    latest: u64,
    /// Those of tenants that wait or run, or are ahead of the others.
    accounts: HashMap<Tenant, Account>,
    /// Where there are more accounts than this, those that say nothing are taken away.
    sweep_at: usize,
    /// The tenants that wait, by their clocks and then by who came first.
    turns: BTreeSet<(u64, u64, Tenant)>,
    /// Counts those that came to wait.
    arrivals: u64,
}

#[derive(Debug, Default)]
struct Account {
    clock: u64,
    waiting: VecDeque<Arc<Mutex<Seat>>>,
    arrival: u64,
    running: u32,
}

#[derive(Debug)]
enum Seat {
    Waiting(Option<Waker>),
    Granted,
    Gone,
}

/// The right to run one slice. Dropping it passes the slot on.
#[derive(Debug)]
pub struct Permit {
    scheduler: Scheduler,
    tenant: Tenant,
    /// Fuel, if that was told; else all that was paid for.
    used: Option<u64>,
}

impl Permit {
    /// Passes the slot on after so much fuel was used.
    pub fn end(mut self, used: u64) {
        self.used = Some(used);
    }
}

impl Scheduler {
    /// A scheduler that lets `slots` isolates run at the same time, for about `slice` fuel each.
    pub fn new(slots: usize, slice: u64) -> Self {
        let slots = slots.max(1);
        Self(Arc::new(Mutex::new(State {
            slots,
            free: slots,
            slice,
            now: 0,
            latest: 0,
            accounts: HashMap::new(),
            sweep_at: ACCOUNTS_KEPT,
            turns: BTreeSet::new(),
            arrivals: 0,
        })))
    }

    /// A slot, if one is free; then nobody waits for it.
    pub fn try_enter(&self, tenant: Tenant) -> Option<Permit> {
        self.0.lock().take(tenant).then(|| self.permit(tenant))
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
        let state = self.0.lock();
        state.accounts.values().map(|it| it.waiting.len()).sum()
    }

    fn permit(&self, tenant: Tenant) -> Permit {
        Permit {
            scheduler: self.clone(),
            tenant,
            used: None,
        }
    }
}

impl State {
    /// Changes the account of a tenant, which keeps its place among the turns.
    fn change<T>(&mut self, tenant: Tenant, change: impl FnOnce(&mut Account) -> T) -> T {
        let account = self.accounts.entry(tenant).or_default();
        if !account.waiting.is_empty() {
            let turn = (account.clock, account.arrival, tenant);
            self.turns.remove(&turn);
        }
        let changed = change(account);
        if !account.waiting.is_empty() {
            let turn = (account.clock, account.arrival, tenant);
            self.turns.insert(turn);
        }
        changed
    }

    /// The earliest that a clock may show of a tenant that runs or wants to.
    fn earliest(&self) -> u64 {
        self.now.saturating_sub(BURST * self.slice)
    }

    /// Gives a free slot to this tenant, if there is one.
    fn take(&mut self, tenant: Tenant) -> bool {
        if self.free == 0 {
            return false;
        }
        self.free -= 1;
        self.pay(tenant);
        true
    }

    fn pay(&mut self, tenant: Tenant) {
        let (slice, earliest) = (self.slice, self.earliest());
        let begun = self.change(tenant, |account| {
            let begun = account.clock.max(earliest);
            account.clock = begun + slice;
            account.running += 1;
            begun
        });
        self.now = self.now.max(begun);
    }

    fn wait(&mut self, tenant: Tenant, seat: Arc<Mutex<Seat>>) {
        let earliest = self.earliest();
        self.arrivals += 1;
        let arrival = self.arrivals;
        self.change(tenant, |account| {
            if account.waiting.is_empty() {
                account.clock = account.clock.max(earliest);
                account.arrival = arrival;
            }
            account.waiting.push_back(seat);
        });
    }

    /// Whose turn it is: takes out the first that waits of the tenant that has used least.
    fn next(&mut self) -> Option<(Tenant, Arc<Mutex<Seat>>)> {
        let tenant = self.turns.first()?.2;
        self.arrivals += 1;
        let arrival = self.arrivals;
        let seat = self.change(tenant, |account| {
            account.arrival = arrival;
            account.waiting.pop_front()
        });
        Some((tenant, seat?))
    }

    /// Takes a slot back, and gives it to whose turn it is; who is to be woken.
    fn give_back(&mut self, tenant: Tenant, used: Option<u64>) -> Option<Waker> {
        let slice = self.slice;
        let clock = self.change(tenant, |account| {
            account.clock = account.clock - slice + used.unwrap_or(slice);
            account.running -= 1;
            account.clock
        });
        self.latest = self.latest.max(clock);
        self.forget(tenant);
        while let Some((next, seat)) = self.next() {
            let mut seat = seat.lock();
            if let Seat::Waiting(waker) = std::mem::replace(&mut *seat, Seat::Gone) {
                *seat = Seat::Granted;
                self.pay(next);
                return waker;
            }
            self.forget(next);
        }
        self.free += 1;
        if self.free == self.slots {
            // Who wanted something has it: all begin anew.
            self.now = self.latest;
            self.accounts.clear();
        }
        None
    }

    /// Takes an account away that says nothing: a tenant without one stands no better.
    fn forget(&mut self, tenant: Tenant) {
        let now = self.now;
        if self.accounts.get(&tenant).is_some_and(|it| it.is_even(now)) {
            self.accounts.remove(&tenant);
        }
        if self.accounts.len() > self.sweep_at {
            self.accounts.retain(|_, account| !account.is_even(now));
            self.sweep_at = (self.accounts.len() * 2).max(ACCOUNTS_KEPT);
        }
    }
}

impl Account {
    fn is_even(&self, now: u64) -> bool {
        self.waiting.is_empty() && self.running == 0 && self.clock <= now
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let woken = self.scheduler.0.lock().give_back(self.tenant, self.used);
        if let Some(waker) = woken {
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
                    Poll::Ready(self.scheduler.permit(self.tenant))
                }
                Seat::Waiting(waker) => {
                    *waker = Some(cx.waker().clone());
                    Poll::Pending
                }
                Seat::Gone => Poll::Pending,
            };
        }
        let seat = {
            let mut state = self.scheduler.0.lock();
            if state.take(self.tenant) {
                return Poll::Ready(self.scheduler.permit(self.tenant));
            }
            let seat = Arc::new(Mutex::new(Seat::Waiting(Some(cx.waker().clone()))));
            state.wait(self.tenant, seat.clone());
            seat
        };
        self.seat = Some(seat);
        Poll::Pending
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
            // Nothing was used of it.
            self.scheduler.permit(self.tenant).end(0);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use futures_lite::future::{block_on, poll_once};
    use proptest::prelude::*;

    const SLICE: u64 = 1000;

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
        let scheduler = Scheduler::new(1, SLICE);
        let permit = scheduler.try_enter(1).unwrap();
        let mut greedy: Vec<_> = (0..3).map(|_| wait(&scheduler, 1)).collect();
        let mut modest = wait(&scheduler, 2);
        drop(permit);
        assert!(ready(&mut greedy[0]).is_none());
        let first = ready(&mut modest).expect("the other one has used nothing");
        drop(first);
        let second = ready(&mut greedy[0]).expect("in order");
        let mut modest = wait(&scheduler, 2);
        drop(second);
        assert!(ready(&mut greedy[1]).is_none());
        drop(ready(&mut modest).expect("before the greedy one's second"));
        drop(ready(&mut greedy[1]).unwrap());
        drop(ready(&mut greedy[2]).unwrap());
        assert_eq!(scheduler.waiting(), 0);
        assert!(scheduler.try_enter(3).is_some(), "every slot came back");
        assert!(scheduler.0.lock().turns.is_empty());
    }

    #[test]
    fn a_slot_granted_to_one_who_left_is_passed_on() {
        let scheduler = Scheduler::new(1, SLICE);
        let permit = scheduler.try_enter(1);
        let left = wait(&scheduler, 1);
        let gone = wait(&scheduler, 2);
        let mut stays = wait(&scheduler, 3);
        drop(gone);
        drop(permit);
        drop(left);
        assert!(ready(&mut stays).is_some());
    }

    #[test]
    fn a_slot_is_paid_for_before_it_is_used() {
        let scheduler = Scheduler::new(2, SLICE);
        let (one, other) = (scheduler.try_enter(1), scheduler.try_enter(2));
        let mut second = wait(&scheduler, 1);
        let mut third = wait(&scheduler, 3);
        drop(other);
        let served = ready(&mut third).expect("the first has one that is not used up yet");
        assert!(ready(&mut second).is_none());
        drop((one, served));
        assert!(ready(&mut second).is_some());
    }

    #[test]
    fn nobody_saves_up() {
        let scheduler = Scheduler::new(1, SLICE);
        for _ in 0..100 {
            drop(scheduler.try_enter(1));
        }
        let permit = scheduler.try_enter(1);
        let mut served = Vec::new();
        let mut waiting = [wait(&scheduler, 1), wait(&scheduler, 2)];
        drop(permit);
        for _ in 0..12 {
            let (tenant, permit) = waiting
                .iter_mut()
                .enumerate()
                .find_map(|(at, enter)| Some((at, ready(enter)?)))
                .unwrap();
            served.push(tenant + 1);
            waiting[tenant] = wait(&scheduler, tenant as u32 + 1);
            drop(permit);
        }
        let head = served.iter().take_while(|tenant| **tenant == 2).count();
        assert!((1..=BURST as usize + 2).contains(&head), "{served:?}");
        let late = served.iter().filter(|tenant| **tenant == 1).count();
        assert!(late >= 4, "{served:?}");
    }

    #[test]
    fn accounts_go_when_they_say_nothing() {
        let scheduler = Scheduler::new(1, SLICE);
        for tenant in 0..100_000 {
            scheduler
                .try_enter(tenant)
                .unwrap()
                .end(u64::from(tenant % 7));
        }
        assert!(scheduler.0.lock().accounts.is_empty());
        // The same beside one that is never at rest.
        let scheduler = Scheduler::new(2, SLICE);
        let mut busy = scheduler.try_enter(0).unwrap();
        for tenant in 1..100_000 {
            let fuel = u64::from(tenant % 7);
            scheduler.try_enter(tenant).unwrap().end(fuel);
            if tenant % 3 == 0 {
                drop(busy);
                busy = scheduler.try_enter(0).unwrap();
            }
        }
        assert!(scheduler.0.lock().accounts.len() <= 2 * ACCOUNTS_KEPT);
    }

    proptest! {
        #[test]
        fn who_always_waits_has_the_same_share(
            slots in 1usize..4,
            isolates in proptest::collection::vec(1usize..4, 2..6),
            costs in proptest::collection::vec(1u64..=SLICE, 50..400),
        ) {
            // With fewer isolates than slots a tenant cannot use its share.
            let isolates: Vec<usize> = isolates.iter().map(|it| it.max(&slots)).copied().collect();
            let scheduler = Scheduler::new(slots, SLICE);
            let mut used = vec![0u64; isolates.len()];
            // Each costs what it always does, or one cannot tell a tenant's from chance.
            let cost = |tenant: usize, turn: usize| costs[(turn * 31 + tenant * 7) % costs.len()];
            let mut seats: Vec<(usize, Pin<Box<Enter>>)> = Vec::new();
            let mut running = VecDeque::new();
            for slot in 0..slots {
                running.push_back((usize::MAX, scheduler.try_enter(1000 + slot as u32).unwrap()));
            }
            for (tenant, count) in isolates.iter().enumerate() {
                for _ in 0..*count {
                    seats.push((tenant, wait(&scheduler, tenant as u32)));
                }
            }
            for turn in 0..costs.len() {
                let (tenant, permit) = running.pop_front().unwrap();
                if tenant == usize::MAX {
                    drop(permit);
                } else {
                    let fuel = cost(tenant, turn);
                    used[tenant] += fuel;
                    seats.push((tenant, wait(&scheduler, tenant as u32)));
                    permit.end(fuel);
                }
                let at = seats.iter_mut().position(|(_, enter)| {
                    matches!(*enter.seat.as_ref().unwrap().lock(), Seat::Granted)
                });
                let (tenant, mut enter) = seats.remove(at.unwrap());
                running.push_back((tenant, ready(&mut enter).unwrap()));
            }
            let (least, most) = (used.iter().min().unwrap(), used.iter().max().unwrap());
            let apart = SLICE * (slots as u64 + 1);
            prop_assert!(most - least <= apart, "{used:?}");
        }
    }
}
