//! One level of sharing: those who share, each with a clock that goes on by what it used.

use std::collections::BTreeSet;

/// Slices that one who was away has before those that were not.
pub(super) const BURST: u64 = 2;

/// What somebody comes with who wants a slot, as clocks go on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    /// What it is likely to use.
    pub price: u64,
    /// How much of that is more than a slice, as a start is.
    pub beyond: u64,
    /// What it may be behind the others.
    pub burst: u64,
    /// What it may have saved for what is more than a slice.
    pub saved_max: u64,
}

impl Claim {
    /// The same, as another clock goes on.
    pub fn map(self, on: impl Fn(u64) -> u64) -> Self {
        Self {
            price: on(self.price),
            beyond: on(self.beyond),
            burst: on(self.burst),
            saved_max: on(self.saved_max),
        }
    }
}

/// What all of them share.
#[derive(Debug, Default)]
pub(super) struct Level {
    /// The clock of who was served last, and never less than before.
    now: u64,
    /// Counts how often nobody wanted anything. A clock of before says nothing.
    epoch: u64,
    /// Those that wait or run, each as often as it does.
    busy: usize,
    /// Those that wait, by what their clocks will say, and then by who came first.
    turns: BTreeSet<Turn>,
}

/// One that waits: what its clock will say, when it came, and which it is.
type Turn = (u64, u64, usize);

/// One of those who share.
#[derive(Debug, Default)]
pub(super) struct Account {
    clock: u64,
    epoch: u64,
    /// What it has not used of its share, of late.
    saved: u64,
    /// What the first of it that waits is likely to use.
    price: u64,
    arrival: u64,
    waiting: usize,
    running: usize,
}

impl Account {
    /// Whether nothing of it waits or runs.
    pub fn is_at_rest(&self) -> bool {
        self.waiting == 0 && self.running == 0
    }

    fn turn(&self, id: usize) -> Turn {
        (self.clock.saturating_add(self.price), self.arrival, id)
    }
}

impl Level {
    /// Whose turn it is.
    pub fn first(&self) -> Option<usize> {
        self.turns.first().map(|turn| turn.2)
    }

    /// Whether something of `account` that comes now is before all who wait.
    pub fn is_first(&self, account: &Account, claim: Claim) -> bool {
        let (clock, _) = self.comes(account, claim);
        let first = self.turns.first();
        first.is_none_or(|first| clock.saturating_add(claim.price) < first.0)
    }

    /// Something of `account` comes, to wait or to run.
    pub fn come(&self, account: &mut Account, claim: Claim) {
        if account.waiting == 0 {
            (account.clock, account.saved) = self.comes(account, claim);
            account.epoch = self.epoch;
        }
    }

    /// Something of it that has come waits.
    pub fn wait(&mut self, id: usize, account: &mut Account, arrival: u64, price: u64) {
        self.busy += 1;
        if account.waiting == 0 {
            (account.price, account.arrival) = (price, arrival);
            self.turns.insert(account.turn(id));
        }
        account.waiting += 1;
    }

    /// Something of it waits no more, and what waits still is behind those that wait.
    pub fn called(&mut self, id: usize, account: &mut Account, arrival: u64) {
        self.turns.remove(&account.turn(id));
        self.busy -= 1;
        account.waiting -= 1;
        account.arrival = arrival;
        if account.waiting > 0 {
            self.turns.insert(account.turn(id));
        }
    }

    /// Something of it that has come begins to run, and pays for it.
    pub fn begin(&mut self, id: usize, account: &mut Account, price: u64) {
        let begun = account.clock;
        self.set(id, account, begun.saturating_add(price));
        self.busy += 1;
        account.running += 1;
        self.now = self.now.max(begun);
    }

    /// Something of it has run, and cost `cost` instead of what was paid.
    pub fn end(&mut self, id: usize, account: &mut Account, paid: u64, cost: u64) {
        let clock = account.clock.saturating_sub(paid).saturating_add(cost);
        self.set(id, account, clock);
        self.busy -= 1;
        account.running -= 1;
    }

    /// Who wanted something has it, if that is so: all begin anew.
    pub fn rest(&mut self) {
        if self.busy == 0 {
            self.now = 0;
            self.epoch += 1;
        }
    }

    /// The clock by which one who comes now waits or runs, and what it has saved then. Nobody saves up, but
    /// for what is more than a slice: who uses little need not wait for all others to use as much first.
    fn comes(&self, account: &Account, claim: Claim) -> (u64, u64) {
        let is_of_now = account.epoch == self.epoch;
        let (clock, saved) = match is_of_now {
            true => (account.clock, account.saved),
            false => (0, claim.saved_max),
        };
        let least = self.now.saturating_sub(claim.burst);
        let saved = saved.saturating_add(least.saturating_sub(clock));
        let saved = saved.min(claim.saved_max);
        let used = saved.min(claim.beyond);
        (clock.max(least).saturating_sub(used), saved - used)
    }

    fn set(&mut self, id: usize, account: &mut Account, clock: u64) {
        if account.waiting > 0 {
            self.turns.remove(&account.turn(id));
        }
        account.clock = clock;
        if account.waiting > 0 {
            self.turns.insert(account.turn(id));
        }
    }

    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.turns.is_empty() && self.busy == 0
    }
}
