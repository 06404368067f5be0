//! The memory that all isolates share: who takes bytes asks here first.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number of bytes that may be in use at once. Cloning gives another handle to it.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Account>);

#[derive(Debug)]
struct Account {
    limit: u64,
    used: AtomicU64,
    /// What all of it is taken from as well.
    of: Option<Budget>,
}

impl Budget {
    /// A budget of `limit` bytes.
    pub fn new(limit: u64) -> Self {
        Self(Arc::new(Account {
            limit,
            used: AtomicU64::new(0),
            of: None,
        }))
    }

    /// A budget of `limit` bytes, which are taken from this one too.
    pub fn within(&self, limit: u64) -> Self {
        Self(Arc::new(Account {
            limit,
            used: AtomicU64::new(0),
            of: Some(self.clone()),
        }))
    }

    /// Whether it has less left than what it is part of.
    pub fn is_narrow(&self) -> bool {
        let left = |budget: &Self| budget.limit().saturating_sub(budget.used());
        self.0.of.as_ref().is_some_and(|of| left(self) < left(of))
    }

    /// Whether nobody but who asks has it.
    pub fn is_unused(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    /// Whether the two are one.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn grow(&self, bytes: u64) -> bool {
        let account = &self.0;
        let taken = account
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(bytes).filter(|sum| *sum <= account.limit)
            });
        if taken.is_err() {
            return false;
        }
        let fits = account.of.as_ref().is_none_or(|of| of.grow(bytes));
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

    /// Takes `bytes` if they are left.
    pub fn take(&self, bytes: u64) -> Option<Share> {
        let mut share = Share {
            budget: self.clone(),
            bytes: 0,
        };
        share.grow(bytes).then_some(share)
    }

    /// Bytes in use.
    pub fn used(&self) -> u64 {
        self.0.used.load(Ordering::Relaxed)
    }

    /// Bytes there are.
    pub fn limit(&self) -> u64 {
        self.0.limit
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
        let fits = self.budget.grow(bytes);
        if fits {
            self.bytes += bytes;
        }
        fits
    }

    /// An empty share of the same budget.
    pub fn sibling(&self) -> Option<Self> {
        self.budget.take(0)
    }

    /// Bytes of this share.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.shrink(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_left_is_not_given() {
        let budget = Budget::new(100);
        let mut first = budget.take(60).expect("there is room");
        assert!(budget.take(41).is_none());
        assert!(!first.grow(u64::MAX));
        assert!(first.grow(40));
        assert_eq!((first.bytes(), budget.used()), (100, 100));
        drop(first);
        assert_eq!((budget.used(), budget.limit()), (0, 100));
    }

    #[test]
    fn a_part_is_taken_from_the_whole() {
        let whole = Budget::new(100);
        let part = whole.within(60);
        let first = part.take(50).expect("there is room");
        assert!(part.take(11).is_none());
        assert!(part.is_narrow());
        assert_eq!((whole.used(), part.used()), (50, 50));
        let other = whole.take(45).expect("there is room");
        assert!(part.take(6).is_none());
        assert_eq!((whole.used(), part.used()), (95, 50));
        assert!(!part.is_narrow() && part.is(&part.clone()) && !part.is(&whole));
        drop((first, other));
        assert_eq!((whole.used(), part.used()), (0, 0));
    }
}
