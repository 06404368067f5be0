//! `vars`, `services` and `kv_namespaces`: what a project binds.

use super::{ProjectError, Table};
use serde_json::{Value, json};

impl Table<'_> {
    pub(super) fn vars(&self) -> Result<Vec<Value>, ProjectError> {
        let vars = match self.map.get("vars") {
            None => return Ok(Vec::new()),
            Some(Value::Object(vars)) => vars,
            Some(other) => return Err(self.kind("vars", other, "a table")),
        };
        Ok(vars
            .iter()
            .map(|(name, value)| match value {
                Value::String(text) => json!({"type": "plain_text", "name": name, "text": text}),
                other => json!({"type": "json", "name": name, "json": other}),
            })
            .collect())
    }

    pub(super) fn services(&self, warnings: &mut Vec<String>) -> Result<Vec<Value>, ProjectError> {
        const KEY: &str = "services";
        let items = match self.map.get(KEY) {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(other) => return Err(self.kind(KEY, other, "a list of tables")),
        };
        let mut bindings = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let at = format!("{}{KEY}[{index}].", self.at);
            let Value::Object(map) = item else {
                return Err(self.kind(&format!("{KEY}[{index}]"), item, "a table"));
            };
            let inner = Table {
                path: self.path,
                at: &at,
                map,
            };
            inner.warn_unknown(
                warnings,
                &["binding", "service", "entrypoint", "environment"],
            );
            let binding = inner.text("binding", map.get("binding"))?;
            let service = inner.text("service", map.get("service"))?;
            let (Some(binding), Some(service)) = (binding, service) else {
                return Err(ProjectError::Missing {
                    path: self.path.to_owned(),
                    key: "services.binding and services.service",
                    remedy: "name the binding and the Worker that it stands for".to_owned(),
                });
            };
            let mut made = json!({"type": "service", "name": binding, "service": service});
            if let Some(entrypoint) = inner.text("entrypoint", map.get("entrypoint"))? {
                made["entrypoint"] = json!(entrypoint);
            }
            bindings.push(made);
        }
        Ok(bindings)
    }

    pub(super) fn kv(
        &self,
        warnings: &mut Vec<String>,
    ) -> Result<Vec<(String, String)>, ProjectError> {
        const KEY: &str = "kv_namespaces";
        let items = match self.map.get(KEY) {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(other) => return Err(self.kind(KEY, other, "a list of tables")),
        };
        let mut bindings = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let at = format!("{}{KEY}[{index}].", self.at);
            let Value::Object(map) = item else {
                return Err(self.kind(&format!("{KEY}[{index}]"), item, "a table"));
            };
            let inner = Table {
                path: self.path,
                at: &at,
                map,
            };
            inner.warn_unknown(
                warnings,
                &["binding", "id", "title", "preview_id", "remote"],
            );
            let binding = inner.text("binding", map.get("binding"))?;
            let id = match map.get("id") {
                Some(id) => inner.text("id", Some(id))?,
                None => inner.text("title", map.get("title"))?,
            };
            let missing = |key| {
                ProjectError::Missing {
                path: self.path.to_owned(),
                key,
                remedy: "write kv_namespaces entries with `binding` and `id`, the namespace's id or title".to_owned(),
            }
            };
            bindings.push((
                binding.ok_or_else(|| missing("kv_namespaces.binding"))?,
                id.ok_or_else(|| missing("kv_namespaces.id"))?,
            ));
        }
        Ok(bindings)
    }
}
