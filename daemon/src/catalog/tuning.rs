//! Limits as tuning asks for them.

use super::Catalog;
use crate::engine::limits::Limits;

impl<W: Send + Sync + 'static> Catalog<W> {
    /// What a script has that asks for nothing, and what none may go beyond.
    pub fn limits_in_force(&self) -> (Limits, Limits) {
        let bounds = self.bounds.read();
        (bounds.default, bounds.ceiling)
    }

    /// The limits of a tenant: those of its script. None where there is no such script.
    pub fn limits_of(&self, namespace: &str, tenant: &str) -> Option<Limits> {
        let (_, script) = self.script(namespace, tenant).ok()?;
        Some(self.effective(script.settings.limits))
    }
}
