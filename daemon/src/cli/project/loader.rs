//! A project's `worker_loaders`.

use super::{ProjectError, Table};
use serde_json::{Value, json};

impl Table<'_> {
    pub(super) fn worker_loaders(
        &self,
        warnings: &mut Vec<String>,
    ) -> Result<Vec<Value>, ProjectError> {
        const KEY: &str = "worker_loaders";
        let mut bindings = Vec::new();
        for (at, map) in self.tables(KEY)? {
            let inner = Table {
                path: self.path,
                at: &at,
                map,
            };
            inner.warn_unknown(warnings, &["binding"]);
            let Some(binding) = inner.text("binding", map.get("binding"))? else {
                return Err(ProjectError::Missing {
                    path: self.path.to_owned(),
                    key: "worker_loaders.binding",
                    remedy: "name the binding".to_owned(),
                });
            };
            bindings.push(json!({"type": "worker_loader", "name": binding}));
        }
        Ok(bindings)
    }
}
