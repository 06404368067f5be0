//! How much of a bounded room each tenant has, so that who floods it pushes out what is its own.

use super::Traced;
use std::collections::HashMap;
use std::sync::Arc;

/// A script, whose invocations take room.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Tenant(Arc<str>);

impl Tenant {
    /// Whose room an item takes: that of the Worker which was called, not of the one that
    /// dispatches to all.
    pub fn of(items: &[Traced]) -> Self {
        let item = items.get(1).or(items.first());
        let name = item.map(|it| format!("{}/{}", it.record.namespace, it.record.script));
        Self(name.unwrap_or_default().into())
    }
}

/// What tenants have.
#[derive(Debug, Default)]
pub(super) struct Shares(HashMap<Tenant, usize>);

impl Shares {
    pub fn add(&mut self, tenant: &Tenant, amount: usize) {
        match self.0.get_mut(tenant) {
            Some(share) => *share += amount,
            None => drop(self.0.insert(tenant.clone(), amount)),
        }
    }

    pub fn take(&mut self, tenant: &Tenant, amount: usize) {
        if let Some(share) = self.0.get_mut(tenant) {
            *share = share.saturating_sub(amount);
            if *share == 0 {
                self.0.remove(tenant);
            }
        }
    }

    /// Who has more than `tenant` would have with so much more, and the most of all: what that one
    /// has must go first. `None` if `tenant` itself is who has too much.
    pub fn more_than(&self, tenant: &Tenant, amount: usize) -> Option<Tenant> {
        let own = self.0.get(tenant).copied().unwrap_or(0) + amount;
        let (most, share) = self.0.iter().max_by_key(|(_, share)| **share)?;
        (*share > own && most != tenant).then(|| most.clone())
    }
}
