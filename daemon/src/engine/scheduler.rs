//! Who runs next: a slot a core, given for one slice at a time, to the tenant that has used least for
//! its weight, and of it to the Worker that has.
//!
//! # Implementation
//!
//! Start-time fair queueing (Goyal, Vin and Cheng, 1997) over fuel, at two levels. A tenant has a clock
//! that goes on by the fuel that its Workers use, the slower the greater its weight, and whoever's clock
//! is furthest behind gets the next free slot: many short slices count as much as few long ones, and the
//! number of a tenant's Workers and isolates does not count. Within a tenant the same is done among its
//! Workers, all of one weight; within a Worker isolates wait in order. The clock of one that was away is
//! brought up to [`level::BURST`] slices before that of who was served last, for nobody saves up. A slot
//! is paid for in advance, or a tenant would be given a second one for nothing, and what was not used is
//! given back with the slot. Whose clock will say least when it has had what it is likely to use comes
//! first, so that who wants little need not wait for the starts of all who begin with it. What somebody
//! did not use of its share it has saved for a start of its own, which takes more than a slice, and for
//! nothing else.
//!
//! A slot that is free is nobody's until somebody runs: whose turn it is is called, and stays in line. Its
//! thread may have other things to do before, and whoever comes meanwhile and whose clock is further
//! behind takes the slot at once. Accounts have places in tables, so that while nobody waits a slot costs
//! two locks and looks nothing up.

mod level;
#[cfg(test)]
mod tests;

use level::{Account, BURST, Claim, Level};
use parking_lot::Mutex;
use slab::Slab;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// What a clock goes on by for a unit of fuel, at a weight of 1. A clock lasts for a year of tenants of
/// weight 1 alone, on four cores that never rest; after that it stands, and who came first is first.
const TICKS: u64 = 64;

/// Slices that the start of an isolate is expected to take at most, and that may be saved for one.
pub const START_MOST: u64 = 32;

/// The slots. Cloning gives another handle to the same ones.
#[derive(Clone, Debug)]
pub struct Scheduler(Arc<Mutex<State>>);

/// The account of a tenant, for as long as this is there or something of it runs.
#[derive(Debug)]
pub struct TenantPlace {
    scheduler: Scheduler,
    id: usize,
}

/// The account of a Worker of a tenant, for as long as this is there or something of it runs.
#[derive(Debug)]
pub struct Place {
    id: usize,
    tenant: Arc<TenantPlace>,
}

#[derive(Debug)]
struct State {
    free: usize,
    /// Fuel that is paid for a slot.
    slice: u64,
    top: Level,
    tenants: Slab<Tenant>,
    workers: Slab<Worker>,
    seats: Slab<Seat>,
    /// Counts those that came to wait.
    arrivals: u64,
    waiting: usize,
}

#[derive(Debug, Default)]
struct Tenant {
    account: Account,
    level: Level,
    workers: usize,
    is_gone: bool,
}

#[derive(Debug)]
struct Worker {
    account: Account,
    tenant: usize,
    /// Those of [`State::seats`] that are its.
    seats: VecDeque<usize>,
    is_gone: bool,
}

/// One that waits.
#[derive(Debug, Default)]
struct Seat {
    /// Woken when there is a slot for it; none in one that was called, or has not looked yet.
    waker: Option<Waker>,
    is_gone: bool,
}

/// The right to run one slice. Dropping it passes the slot on.
#[derive(Debug)]
pub struct Permit {
    scheduler: Scheduler,
    worker: usize,
    weight: u32,
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
        Self(Arc::new(Mutex::new(State {
            free: slots.max(1),
            slice,
            top: Level::default(),
            tenants: Slab::new(),
            workers: Slab::new(),
            seats: Slab::new(),
            arrivals: 0,
            waiting: 0,
        })))
    }

    /// Fuel that is paid for a slot.
    pub fn slice(&self) -> u64 {
        self.0.lock().slice
    }

    /// An account for a tenant.
    pub fn tenant(&self) -> TenantPlace {
        TenantPlace {
            scheduler: self.clone(),
            id: self.0.lock().tenants.insert(Tenant::default()),
        }
    }

    /// An account for a Worker of a tenant.
    pub fn worker(&self, tenant: &Arc<TenantPlace>) -> Place {
        let mut state = self.0.lock();
        state.tenants[tenant.id].workers += 1;
        Place {
            id: state.workers.insert(Worker {
                account: Account::default(),
                tenant: tenant.id,
                seats: VecDeque::new(),
                is_gone: false,
            }),
            tenant: tenant.clone(),
        }
    }

    /// A slot, if one is free and nobody waits for it whose turn comes before.
    ///
    /// `price` is the fuel that it is likely to use.
    pub fn try_enter(&self, place: &Place, weight: u32, price: u64) -> Option<Permit> {
        let taken = self.0.lock().take(place.id, weight, price);
        taken.then(|| self.permit(place.id, weight))
    }

    /// A slot, when it is this Worker's turn. It is in line from now on, whether it is polled or not.
    ///
    /// `price` is the fuel that it is likely to use.
    pub fn enter(&self, place: &Place, weight: u32, price: u64) -> Enter {
        let mut state = self.0.lock();
        let stand = match state.take(place.id, weight, price) {
            true => Stand::Served,
            false => Stand::Waits(state.wait(place.id, weight, price)),
        };
        drop(state);
        Enter {
            scheduler: self.clone(),
            worker: place.id,
            weight,
            stand,
        }
    }

    /// How many isolates wait for a slot.
    pub fn waiting(&self) -> usize {
        self.0.lock().waiting
    }

    fn permit(&self, worker: usize, weight: u32) -> Permit {
        Permit {
            scheduler: self.clone(),
            worker,
            weight,
            used: None,
        }
    }
}

/// What fuel is on the clock of a tenant of this weight.
fn ticks(fuel: u64, weight: u32) -> u64 {
    fuel.saturating_mul(TICKS)
        .div_ceil(u64::from(weight.max(1)))
}

impl State {
    /// A Worker and its tenant.
    fn both(&mut self, worker: usize) -> (&mut Level, &mut Tenant, &mut Worker) {
        let worker = &mut self.workers[worker];
        let tenant = &mut self.tenants[worker.tenant];
        (&mut self.top, tenant, worker)
    }

    /// Gives a free slot to this Worker, if there is one and it comes before those who wait.
    fn take(&mut self, id: usize, weight: u32, price: u64) -> bool {
        let claim = self.claim(price);
        let may = self.free > 0 && (self.waiting == 0 || self.is_first(id, weight, claim));
        if may {
            self.free -= 1;
            self.come(id, weight, claim);
            self.pay(id, weight);
        }
        may
    }

    /// On the clock of a Worker.
    fn claim(&self, price: u64) -> Claim {
        Claim {
            price,
            beyond: price.saturating_sub(self.slice),
            burst: self.slice.saturating_mul(BURST),
            saved_max: self.slice.saturating_mul(START_MOST),
        }
    }

    /// Whether one that comes now is before those who wait.
    fn is_first(&self, id: usize, weight: u32, claim: Claim) -> bool {
        let worker = &self.workers[id];
        let tenant = &self.tenants[worker.tenant];
        if self.top.first() != Some(worker.tenant) {
            let claim = claim.map(|fuel| ticks(fuel, weight));
            return self.top.is_first(&tenant.account, claim);
        }
        // Within a Worker they are in order.
        tenant.level.first() != Some(id) && tenant.level.is_first(&worker.account, claim)
    }

    fn come(&mut self, id: usize, weight: u32, claim: Claim) {
        let (top, tenant, worker) = self.both(id);
        top.come(&mut tenant.account, claim.map(|fuel| ticks(fuel, weight)));
        tenant.level.come(&mut worker.account, claim);
    }

    fn pay(&mut self, id: usize, weight: u32) {
        let slice = self.slice;
        let (top, tenant, worker) = self.both(id);
        let account = &mut tenant.account;
        top.begin(worker.tenant, account, ticks(slice, weight));
        tenant.level.begin(id, &mut worker.account, slice);
    }

    /// Puts one that waits into the line; its seat.
    fn wait(&mut self, id: usize, weight: u32, price: u64) -> usize {
        self.arrivals += 1;
        self.waiting += 1;
        let arrival = self.arrivals;
        self.come(id, weight, self.claim(price));
        let seat = self.seats.insert(Seat::default());
        let (top, tenant, worker) = self.both(id);
        let account = &mut tenant.account;
        top.wait(worker.tenant, account, arrival, ticks(price, weight));
        let level = &mut tenant.level;
        level.wait(id, &mut worker.account, arrival, price);
        worker.seats.push_back(seat);
        seat
    }

    /// Whose turn it is: the first that waits of the Worker that has used least of the tenant that has.
    fn next(&mut self) -> Option<(usize, usize)> {
        loop {
            let tenant = self.top.first()?;
            let id = self.tenants[tenant].level.first()?;
            let seat = *self.workers[id].seats.front()?;
            if !self.seats[seat].is_gone {
                return Some((id, seat));
            }
            self.leave_line(id);
            self.rest(id);
        }
    }

    /// The first that waits of a Worker waits no more.
    fn leave_line(&mut self, id: usize) {
        self.arrivals += 1;
        self.waiting -= 1;
        let arrival = self.arrivals;
        let (top, tenant, worker) = self.both(id);
        top.called(worker.tenant, &mut tenant.account, arrival);
        tenant.level.called(id, &mut worker.account, arrival);
        if let Some(seat) = worker.seats.pop_front() {
            self.seats.remove(seat);
        }
    }

    /// Calls whose turn it is, if there is a slot; who is to be woken.
    fn call(&mut self) -> Option<Waker> {
        if self.free == 0 {
            return None;
        }
        let (_, seat) = self.next()?;
        // One that was called before has none.
        self.seats[seat].waker.take()
    }

    /// Gives a slot to one that waits, if it is its turn and there is one; who is to be woken.
    fn serve(&mut self, seat: usize, weight: u32, waker: &Waker) -> (bool, Option<Waker>) {
        let next = (self.free > 0).then(|| self.next()).flatten();
        let served = next.filter(|next| next.1 == seat);
        match served {
            Some((id, _)) => {
                self.free -= 1;
                self.pay(id, weight);
                self.leave_line(id);
            }
            None => self.seats[seat].waker = Some(waker.clone()),
        }
        (served.is_some(), self.call())
    }

    /// Takes a slot back, and calls whose turn it is; who is to be woken.
    fn give_back(&mut self, id: usize, weight: u32, used: Option<u64>) -> Option<Waker> {
        let slice = self.slice;
        let used = used.unwrap_or(slice);
        let (top, tenant, worker) = self.both(id);
        let (paid, cost) = (ticks(slice, weight), ticks(used, weight));
        top.end(worker.tenant, &mut tenant.account, paid, cost);
        tenant.level.end(id, &mut worker.account, slice, used);
        self.free += 1;
        self.rest(id);
        self.call()
    }

    /// A Worker has run, or one that waited for it has left.
    fn rest(&mut self, id: usize) {
        let (top, tenant, worker) = self.both(id);
        tenant.level.rest();
        top.rest();
        if worker.is_gone && worker.account.is_at_rest() {
            self.remove(id);
        }
    }

    fn remove(&mut self, id: usize) {
        let worker = self.workers.remove(id);
        let tenant = &mut self.tenants[worker.tenant];
        tenant.workers -= 1;
        if tenant.is_gone && tenant.workers == 0 {
            self.tenants.remove(worker.tenant);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.tenant.scheduler.0.lock();
        let worker = &mut state.workers[self.id];
        worker.is_gone = true;
        if worker.account.is_at_rest() {
            state.remove(self.id);
        }
    }
}

impl Drop for TenantPlace {
    fn drop(&mut self) {
        let mut state = self.scheduler.0.lock();
        let tenant = &mut state.tenants[self.id];
        tenant.is_gone = true;
        if tenant.workers == 0 {
            state.tenants.remove(self.id);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.scheduler.0.lock();
        let woken = state.give_back(self.worker, self.weight, self.used);
        drop(state);
        if let Some(waker) = woken {
            waker.wake();
        }
    }
}

/// Waits for a slot. The account is there for as long as this is in line or has the slot.
#[derive(Debug)]
pub struct Enter {
    scheduler: Scheduler,
    worker: usize,
    weight: u32,
    stand: Stand,
}

#[derive(Debug)]
enum Stand {
    /// In this seat.
    Waits(usize),
    /// It has a slot.
    Served,
    /// That was told.
    Over,
}

impl Enter {
    fn permit(&self) -> Permit {
        self.scheduler.permit(self.worker, self.weight)
    }
}

impl Future for Enter {
    type Output = Permit;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Permit> {
        let is_served = match self.stand {
            Stand::Over => false,
            Stand::Served => true,
            Stand::Waits(seat) => {
                let mut state = self.scheduler.0.lock();
                let (is_served, woken) = state.serve(seat, self.weight, cx.waker());
                drop(state);
                if let Some(waker) = woken {
                    waker.wake();
                }
                is_served
            }
        };
        if !is_served {
            return Poll::Pending;
        }
        self.stand = Stand::Over;
        Poll::Ready(self.permit())
    }
}

impl Drop for Enter {
    fn drop(&mut self) {
        match self.stand {
            Stand::Over => {}
            // Nothing was used of it.
            Stand::Served => self.permit().end(0),
            Stand::Waits(seat) => {
                let mut state = self.scheduler.0.lock();
                state.seats[seat].is_gone = true;
                let woken = state.call();
                drop(state);
                if let Some(waker) = woken {
                    waker.wake();
                }
            }
        }
    }
}
