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
}

impl Budget {
    /// A budget of `limit` bytes.
    pub fn new(limit: u64) -> Self {
        Self(Arc::new(Account {
            limit,
            used: AtomicU64::new(0),
        }))
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
        let account = &self.budget.0;
        let taken = account
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(bytes).filter(|sum| *sum <= account.limit)
            });
        if taken.is_ok() {
            self.bytes += bytes;
        }
        taken.is_ok()
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
        self.budget.0.used.fetch_sub(self.bytes, Ordering::Relaxed);
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
}
