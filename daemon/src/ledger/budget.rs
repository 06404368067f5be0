//! Bytes that may be in use at once: who takes some asks here first.
//!
//! Budgets are a tree. What is taken of a part is taken of all that it is part of, and is given back
//! to all of them. Nothing here locks while bytes are taken; the parts' names are looked up under a
//! lock when one begins.

use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

/// Bytes that a part may have and still take of what is kept for such parts: a first isolate, and some more.
pub const MODEST: u64 = 8 << 20;

/// A number of bytes that may be in use at once. Cloning gives another handle to it.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Account>);

#[derive(Debug)]
struct Account {
    name: Box<str>,
    limit: u64,
    used: AtomicU64,
    /// What all of it is taken from as well.
    of: Option<Budget>,
    parts: Mutex<BTreeMap<Box<str>, Weak<Account>>>,
    /// As many as these.
    count: AtomicUsize,
    /// What only parts get that have no more than [`MODEST`].
    kept: u64,
}

impl Account {
    fn new(name: &str, limit: u64, of: Option<Budget>) -> Self {
        Self {
            name: name.into(),
            limit,
            count: AtomicUsize::new(0),
            kept: 0,
            used: AtomicU64::new(0),
            of,
            parts: Mutex::default(),
        }
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        if let Some(of) = &self.of {
            let mut parts = of.0.parts.lock();
            // Another may have begun under the same name since nobody had this one.
            if parts
                .get(&self.name)
                .is_some_and(|it| it.strong_count() == 0)
            {
                parts.remove(&self.name);
                of.0.count.store(parts.len(), Ordering::Relaxed);
            }
        }
    }
}

impl Budget {
    /// A budget of `limit` bytes that is part of nothing.
    pub fn new(name: &str, limit: u64) -> Self {
        Self(Arc::new(Account::new(name, limit, None)))
    }

    /// The part of this name, which may have `limit` bytes of this one if it is not there yet. It is
    /// there for as long as somebody has it or something of it.
    pub fn part(&self, name: &str, limit: u64) -> Self {
        let mut parts = self.0.parts.lock();
        if let Some(part) = parts.get(name).and_then(Weak::upgrade) {
            return Self(part);
        }
        let part = Arc::new(Account::new(name, limit, Some(self.clone())));
        parts.insert(name.into(), Arc::downgrade(&part));
        self.0.count.store(parts.len(), Ordering::Relaxed);
        Self(part)
    }

    /// The same of which a quarter is kept, as long as it has several parts, for those that have no more than
    /// [`MODEST`]: however much others take, nobody is without a little.
    pub fn part_of_many(&self, name: &str, limit: u64) -> Self {
        let mut parts = self.0.parts.lock();
        let mut part = Account::new(name, limit, Some(self.clone()));
        part.kept = limit / 4;
        let part = Arc::new(part);
        parts.insert(name.into(), Arc::downgrade(&part));
        self.0.count.store(parts.len(), Ordering::Relaxed);
        Self(part)
    }

    /// The parts there are, by name.
    pub fn parts(&self) -> Vec<Self> {
        let parts = self.0.parts.lock();
        parts
            .values()
            .filter_map(|part| part.upgrade().map(Self))
            .collect()
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// What it is part of.
    pub fn of(&self) -> Option<&Self> {
        self.0.of.as_ref()
    }

    /// This one or that which it is part of, whichever has least left; the larger where they have the
    /// same.
    pub fn narrowest(&self) -> &Self {
        let (mut narrowest, mut least) = (self, self.free());
        let mut at = self;
        while let Some(of) = at.of() {
            let free = of.free().saturating_sub(of.kept_from(at, 0));
            if free <= least {
                (narrowest, least) = (of, free);
            }
            at = of;
        }
        narrowest
    }

    /// Bytes of this one that are kept from a part that takes so many more.
    fn kept_from(&self, part: &Self, more: u64) -> u64 {
        let is_alone = self.0.count.load(Ordering::Relaxed) <= 1;
        match is_alone || part.used().saturating_add(more) <= MODEST {
            true => 0,
            false => self.0.kept,
        }
    }

    /// Bytes of `whole` that are kept from this one, which is part of it, when it takes so many more.
    pub fn withheld(&self, whole: &Self, more: u64) -> u64 {
        match self.of() {
            Some(of) if of.is(whole) => of.kept_from(self, more),
            Some(of) => of.withheld(whole, more),
            None => 0,
        }
    }

    /// Whether it is that one or part of it.
    pub fn is_in(&self, whole: &Self) -> bool {
        self.is(whole) || self.of().is_some_and(|of| of.is_in(whole))
    }

    /// Whether nobody but who asks has it.
    pub fn is_unused(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    /// Whether the two are one.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Takes `bytes`, of which `kept` more must be left.
    fn grow(&self, bytes: u64, kept: u64) -> bool {
        let account = &self.0;
        let limit = account.limit.saturating_sub(kept);
        let taken = account
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(bytes).filter(|sum| *sum <= limit)
            });
        if taken.is_err() {
            return false;
        }
        let fits = account
            .of
            .as_ref()
            .is_none_or(|of| of.grow(bytes, of.kept_from(self, 0)));
        if !fits {
            account.used.fetch_sub(bytes, Ordering::Relaxed);
        }
        fits
    }

    fn shrink(&self, bytes: u64) {
        self.0.used.fetch_sub(bytes, Ordering::Relaxed);
        if let Some(of) = &self.0.of {
            of.shrink(bytes);
        }
    }

    fn overdraw(&self, bytes: u64) {
        self.0.used.fetch_add(bytes, Ordering::Relaxed);
        if let Some(of) = &self.0.of {
            of.overdraw(bytes);
        }
    }

    /// Takes `bytes` if they are left.
    pub fn take(&self, bytes: u64) -> Option<Share> {
        let mut share = self.nothing();
        share.grow(bytes).then_some(share)
    }

    /// Takes `bytes`, left or not: of what is there already and cannot be refused any more.
    pub fn take_anyway(&self, bytes: u64) -> Share {
        self.overdraw(bytes);
        Share {
            budget: self.clone(),
            bytes,
        }
    }

    /// A share of no bytes.
    pub fn nothing(&self) -> Share {
        Share {
            budget: self.clone(),
            bytes: 0,
        }
    }

    /// Bytes in use.
    pub fn used(&self) -> u64 {
        self.0.used.load(Ordering::Relaxed)
    }

    /// Bytes there are.
    pub fn limit(&self) -> u64 {
        self.0.limit
    }

    /// Bytes that are left of this one alone.
    pub fn free(&self) -> u64 {
        self.limit().saturating_sub(self.used())
    }
}

/// A part of a budget. Dropping it gives it back.
#[derive(Debug)]
pub struct Share {
    budget: Budget,
    bytes: u64,
}

impl Share {
    /// Takes `bytes` more; false, and nothing taken, if they are not left.
    pub fn grow(&mut self, bytes: u64) -> bool {
        #[cfg(debug_assertions)]
        if bytes > 0 && super::refusing::is_refused(&self.budget, bytes) {
            return false;
        }
        let fits = bytes == 0 || self.budget.grow(bytes, 0);
        if fits {
            self.bytes += bytes;
        }
        fits
    }

    /// Gives back what is more than `bytes`.
    pub fn shrink_to(&mut self, bytes: u64) {
        let more = self.bytes.saturating_sub(bytes);
        if more > 0 {
            self.budget.shrink(more);
            self.bytes -= more;
        }
    }

    /// An empty share of the same budget.
    pub fn sibling(&self) -> Self {
        self.budget.nothing()
    }

    /// What it is a share of.
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Bytes of this share.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_not_left_is_not_given() {
        let budget = Budget::new("b", 100);
        let mut first = budget.take(60).unwrap();
        assert!(budget.take(41).is_none());
        assert!(!first.grow(u64::MAX));
        assert!(first.grow(40));
        assert_eq!((first.bytes(), budget.used()), (100, 100));
        first.shrink_to(30);
        first.shrink_to(50);
        assert_eq!((first.bytes(), budget.free()), (30, 70));
        drop(first);
        assert_eq!((budget.used(), budget.limit()), (0, 100));
    }

    #[test]
    fn a_part_is_taken_from_the_whole() {
        let whole = Budget::new("whole", 100);
        let part = whole.part("part", 60);
        let first = part.take(50).unwrap();
        assert!(part.take(11).is_none());
        assert!(part.narrowest().is(&part));
        assert_eq!((whole.used(), part.used()), (50, 50));
        let other = whole.take(45).unwrap();
        assert!(part.take(6).is_none());
        assert_eq!((whole.used(), part.used()), (95, 50));
        assert!(part.narrowest().is(&whole) && part.is(&part.clone()) && !part.is(&whole));
        assert!(part.is_in(&whole) && part.is_in(&part) && !whole.is_in(&part));
        drop((first, other));
        assert_eq!((whole.used(), part.used()), (0, 0));
    }

    #[test]
    fn a_quarter_is_kept_for_those_who_have_little() {
        let device = Budget::new("device", u64::MAX);
        let all = device.part_of_many("all", 100 * MODEST);
        let much = all.part("much", u64::MAX);
        // One alone may have all of it.
        assert!(much.take(100 * MODEST).is_some());
        let little = all.part("little", u64::MAX);
        assert!(much.take(75 * MODEST + 1).is_none());
        // By way of a part of its own, too.
        let part = much.part("part", u64::MAX);
        let most = part.take(75 * MODEST).unwrap();
        assert!(part.take(1).is_none());
        assert!(part.narrowest().is(&all));
        assert_eq!(
            (part.withheld(&all, 1), all.free()),
            (25 * MODEST, 25 * MODEST)
        );
        let first = little.take(MODEST).unwrap();
        assert!(little.take(1).is_none());
        assert_eq!(
            (first.bytes(), little.withheld(&all, 1)),
            (MODEST, 25 * MODEST)
        );
        let others: Vec<Share> = (0..24)
            .map(|at| all.part(&at.to_string(), u64::MAX).take(MODEST).unwrap())
            .collect();
        assert_eq!((others.len(), all.free()), (24, 0));
        drop((most, others));
        assert!(little.take(MODEST).is_some());
    }

    #[test]
    fn parts_are_found_by_name_and_go_when_nobody_has_them() {
        let whole = Budget::new("whole", 100);
        let (one, two) = (whole.part("one", 10), whole.part("two", 20));
        assert!(one.is(&whole.part("one", 99)));
        assert_eq!(one.limit(), 10);
        let names = |budget: &Budget| -> Vec<String> {
            let parts = budget.parts();
            parts.iter().map(|it| it.name().to_owned()).collect()
        };
        assert_eq!(names(&whole), ["one", "two"]);
        // What is held of it keeps it.
        let share = two.take(1).unwrap();
        drop((one, two));
        assert_eq!(names(&whole), ["two"]);
        drop(share);
        assert!(names(&whole).is_empty() && whole.0.parts.lock().is_empty());
    }

    #[test]
    fn what_is_there_already_is_counted_beyond_the_limit() {
        let whole = Budget::new("whole", 100);
        let share = whole.part("part", 10).take_anyway(150);
        assert_eq!((whole.used(), whole.free()), (150, 0));
        assert!(whole.take(1).is_none());
        drop(share);
        assert_eq!(whole.used(), 0);
    }

    proptest! {
        /// Whatever is taken and given back in whatever order, each budget has in use what its shares
        /// and its parts' shares are, and no more than its limit.
        #[test]
        fn sums_hold(steps in proptest::collection::vec((0usize..6, 0u64..60, any::<bool>()), 1..60)) {
            let whole = Budget::new("whole", 200);
            let tenants = [whole.part("a", 120), whole.part("b", 150)];
            let leaves: Vec<Budget> = (0..6).map(|at| tenants[at % 2].part(&at.to_string(), 80)).collect();
            let mut shares: Vec<Share> = leaves.iter().map(Budget::nothing).collect();
            for (at, bytes, grows) in steps {
                let before = shares[at].bytes();
                if grows {
                    let fits = [&leaves[at], &tenants[at % 2], &whole].iter().all(|it| it.free() >= bytes);
                    prop_assert_eq!(shares[at].grow(bytes), fits);
                } else {
                    shares[at].shrink_to(bytes);
                    prop_assert_eq!(shares[at].bytes(), before.min(bytes));
                }
                let sum = |of: usize| shares.iter().enumerate().filter(|(at, _)| at % 2 == of).map(|(_, it)| it.bytes()).sum::<u64>();
                prop_assert_eq!(tenants[0].used(), sum(0));
                prop_assert_eq!(tenants[1].used(), sum(1));
                prop_assert_eq!(whole.used(), sum(0) + sum(1));
                prop_assert!(whole.used() <= 200);
            }
            shares.clear();
            prop_assert_eq!(whole.used(), 0);
        }
    }
}
