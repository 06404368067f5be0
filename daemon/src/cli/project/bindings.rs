//! What a project binds, as bindings of the upload's metadata, and who is told of its invocations. Whether names and
//! numbers make sense is the daemon's to say.

use super::{ProjectError, Table};
use serde_json::{Value, json};

const BINDING: &str = "name the binding";

impl Table<'_> {
    /// All bindings but those to KV, which stand for namespaces that the daemon is asked for, and to assets.
    pub(super) fn bindings(&self, warnings: &mut Vec<String>) -> Result<Vec<Value>, ProjectError> {
        let mut bindings = self.vars()?;
        for one in [
            Self::services,
            Self::dispatch_namespaces,
            Self::worker_loaders,
            Self::datasets,
            Self::ratelimits,
            Self::version_metadata,
        ] {
            bindings.extend(one(self, warnings)?);
        }
        Ok(bindings)
    }

    fn vars(&self) -> Result<Vec<Value>, ProjectError> {
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

    /// A binding of each table in the list under `key`.
    fn each(
        &self,
        key: &str,
        known: &[&str],
        warnings: &mut Vec<String>,
        binding: impl Fn(&Table<'_>) -> Result<Value, ProjectError>,
    ) -> Result<Vec<Value>, ProjectError> {
        let tables = self.tables(key, self.map.get(key), known, warnings)?;
        tables.iter().map(binding).collect()
    }

    fn services(&self, warnings: &mut Vec<String>) -> Result<Vec<Value>, ProjectError> {
        let known = ["binding", "service", "entrypoint", "environment", "props"];
        self.each("services", &known, warnings, |table| {
            let mut made = json!({
                "type": "service",
                "name": table.required("binding", BINDING)?,
                "service": table.required("service", "name the Worker that it stands for")?,
            });
            if let Some(entrypoint) = table.text("entrypoint", table.map.get("entrypoint"))? {
                made["entrypoint"] = json!(entrypoint);
            }
            if let Some(props) = table.map.get("props").filter(|props| !props.is_null()) {
                made["props"] = props.clone();
            }
            Ok(made)
        })
    }

    fn dispatch_namespaces(&self, warnings: &mut Vec<String>) -> Result<Vec<Value>, ProjectError> {
        let known = ["binding", "namespace", "outbound", "remote"];
        self.each("dispatch_namespaces", &known, warnings, |table| {
            let remedy = "name the dispatch namespace that it stands for";
            let mut made = json!({
                "type": "dispatch_namespace",
                "name": table.required("binding", BINDING)?,
                "namespace": table.required("namespace", remedy)?,
            });
            if let Some(outbound) = table.map.get("outbound") {
                // Which forms there are is the daemon's to say.
                made["outbound"] = outbound.clone();
            }
            Ok(made)
        })
    }

    fn worker_loaders(&self, warnings: &mut Vec<String>) -> Result<Vec<Value>, ProjectError> {
        self.each("worker_loaders", &["binding"], warnings, |table| {
            Ok(json!({"type": "worker_loader", "name": table.required("binding", BINDING)?}))
        })
    }

    fn datasets(&self, warnings: &mut Vec<String>) -> Result<Vec<Value>, ProjectError> {
        let known = ["binding", "dataset"];
        self.each("analytics_engine_datasets", &known, warnings, |table| {
            let name = table.required("binding", BINDING)?;
            let dataset = table.text("dataset", table.map.get("dataset"))?;
            let dataset = dataset.unwrap_or_else(|| name.clone());
            Ok(json!({"type": "analytics_engine", "name": name, "dataset": dataset}))
        })
    }

    fn ratelimits(&self, warnings: &mut Vec<String>) -> Result<Vec<Value>, ProjectError> {
        let known = ["name", "namespace_id", "simple"];
        self.each("ratelimits", &known, warnings, |table| {
            Ok(json!({
                "type": "ratelimit",
                "name": table.required("name", BINDING)?,
                "namespace_id": table.text("namespace_id", table.map.get("namespace_id"))?,
                "simple": table.map.get("simple"),
            }))
        })
    }

    /// `version_metadata`, a table that names the binding.
    fn version_metadata(&self, warnings: &mut Vec<String>) -> Result<Vec<Value>, ProjectError> {
        const KEY: &str = "version_metadata";
        let expected = "a table with `binding`";
        let table = self.table(KEY, self.map.get(KEY), expected, &["binding"], warnings)?;
        let made = |table: Table<'_>| {
            let name = table.required("binding", BINDING)?;
            Ok(json!({"type": "version_metadata", "name": name}))
        };
        table.into_iter().map(made).collect()
    }

    /// `kv_namespaces`: a binding's name, and its namespace's id or title.
    pub(super) fn kv(
        &self,
        warnings: &mut Vec<String>,
    ) -> Result<Vec<(String, String)>, ProjectError> {
        const KEY: &str = "kv_namespaces";
        let known = ["binding", "id", "title", "preview_id", "remote"];
        let tables = self.tables(KEY, self.map.get(KEY), &known, warnings)?;
        let binding = |table: &Table<'_>| {
            let name = table.required("binding", BINDING)?;
            // By its title, too, which the field's files do not have.
            let namespace = match (table.map.get("id"), table.map.get("title")) {
                (None, title @ Some(_)) => table.text("title", title)?,
                _ => None,
            };
            let remedy = "set it to the namespace's id or title";
            let namespace = namespace.map_or_else(|| table.required("id", remedy), Ok)?;
            Ok((name, namespace))
        };
        tables.iter().map(binding).collect()
    }
}

/// `tail_consumers`, a list of tables or one, as it goes into the upload's metadata.
pub(super) fn tail_consumers(
    table: &Table<'_>,
    value: Option<&Value>,
) -> Result<Option<Value>, ProjectError> {
    match value {
        None => Ok(None),
        Some(Value::Array(items)) if items.iter().all(Value::is_object) => Ok(value.cloned()),
        Some(one @ Value::Object(_)) => Ok(Some(json!([one]))),
        Some(other) => Err(table.kind("tail_consumers", other, "a list of tables with `service`")),
    }
}
