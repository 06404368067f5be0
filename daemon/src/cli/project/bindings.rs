//! `vars`, `services` and `kv_namespaces`: what a project binds.

use super::{ProjectError, Table};
use serde_json::{Value, json};

/// What a table's keys are called in messages, and the table.
type Placed<'a> = (String, &'a serde_json::Map<String, Value>);

impl Table<'_> {
    /// The tables of a list, each with what its keys are called in messages.
    pub(super) fn tables<'a>(&'a self, key: &'static str) -> Result<Vec<Placed<'a>>, ProjectError> {
        let items = match self.map.get(key) {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(other) => return Err(self.kind(key, other, "a list of tables")),
        };
        let table = |(index, item): (usize, &'a Value)| match item {
            Value::Object(map) => Ok((format!("{}{key}[{index}].", self.at), map)),
            item => Err(self.kind(&format!("{key}[{index}]"), item, "a table")),
        };
        items.iter().enumerate().map(table).collect()
    }

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
        let mut bindings = Vec::new();
        for (at, map) in self.tables(KEY)? {
            let inner = Table {
                path: self.path,
                at: &at,
                map,
            };
            inner.warn_unknown(
                warnings,
                &["binding", "service", "entrypoint", "environment", "props"],
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
            if let Some(props) = map.get("props").filter(|props| !props.is_null()) {
                made["props"] = props.clone();
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
        let mut bindings = Vec::new();
        for (at, map) in self.tables(KEY)? {
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
