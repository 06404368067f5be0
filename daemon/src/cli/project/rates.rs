//! A project's `ratelimits` and `version_metadata`.

use super::{ProjectError, Table};
use serde_json::{Value, json};

impl Table<'_> {
    /// `ratelimits`, as bindings of the upload's metadata. Their numbers are checked where they arrive.
    pub(super) fn ratelimits(
        &self,
        warnings: &mut Vec<String>,
    ) -> Result<Vec<Value>, ProjectError> {
        const KEY: &str = "ratelimits";
        let mut bindings = Vec::new();
        for (at, map) in self.tables(KEY)? {
            let inner = Table {
                path: self.path,
                at: &at,
                map,
            };
            inner.warn_unknown(warnings, &["name", "namespace_id", "simple"]);
            let Some(name) = inner.text("name", map.get("name"))? else {
                return Err(ProjectError::Missing {
                    path: self.path.to_owned(),
                    key: "ratelimits.name",
                    remedy: "name the binding".to_owned(),
                });
            };
            let namespace = inner.text("namespace_id", map.get("namespace_id"))?;
            bindings.push(json!({
                "type": "ratelimit",
                "name": name,
                "namespace_id": namespace,
                "simple": map.get("simple"),
            }));
        }
        Ok(bindings)
    }

    /// `version_metadata`, a table that names the binding.
    pub(super) fn version_metadata(
        &self,
        warnings: &mut Vec<String>,
    ) -> Result<Option<Value>, ProjectError> {
        const KEY: &str = "version_metadata";
        let map = match self.map.get(KEY) {
            None => return Ok(None),
            Some(Value::Object(map)) => map,
            Some(other) => return Err(self.kind(KEY, other, "a table with `binding`")),
        };
        let at = format!("{}{KEY}.", self.at);
        let inner = Table {
            path: self.path,
            at: &at,
            map,
        };
        inner.warn_unknown(warnings, &["binding"]);
        let Some(name) = inner.text("binding", map.get("binding"))? else {
            return Err(ProjectError::Missing {
                path: self.path.to_owned(),
                key: "version_metadata.binding",
                remedy: "name the binding".to_owned(),
            });
        };
        Ok(Some(json!({"type": "version_metadata", "name": name})))
    }
}
