//! Limits as tuning asks for them.

use super::plans::Standing;
use super::{Catalog, Result};
use crate::board::limits::FIELDS;
use crate::engine::limits::Limits;
use std::collections::HashMap;

impl<W: Send + Sync + 'static> Catalog<W> {
    /// What a script has that asks for nothing, and what none may go beyond.
    pub fn limits_in_force(&self) -> (Limits, Limits) {
        let ceilings = self.ceilings();
        let (mut ceiling, board) = (ceilings.configured, ceilings.board);
        for field in &FIELDS {
            let lower = (field.get)(&ceiling).min((field.get)(&board));
            (field.set)(&mut ceiling, lower);
        }
        (self.bounds.read().default, ceiling)
    }

    /// The limits of every tenant, by namespace and name: of several scripts the highest of each, so
    /// that what is below it would cut one that is not cut now.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn limits_of_tenants(&self) -> Result<HashMap<(String, String), Limits>> {
        let mut all: HashMap<(String, String), Limits> = HashMap::new();
        for namespace in self.all_namespaces()? {
            for script in self.scripts_of(namespace.id)? {
                let standing = Standing::new(namespace.id, &script.name, &script.settings);
                let limits = self.effective(&standing).0;
                let key = (namespace.name.clone(), standing.tenant().to_owned());
                let known = all.entry(key).or_insert(limits);
                for field in &FIELDS {
                    let higher = (field.get)(known).max((field.get)(&limits));
                    (field.set)(known, higher);
                }
            }
        }
        Ok(all)
    }
}
