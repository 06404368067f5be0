//! What a project says of being observed: data points, and who is told of its invocations.

use super::{ProjectError, Table};
use serde_json::{Value, json};

impl Table<'_> {
    /// `analytics_engine_datasets`, as bindings of the upload's metadata.
    pub(super) fn datasets(&self, warnings: &mut Vec<String>) -> Result<Vec<Value>, ProjectError> {
        const KEY: &str = "analytics_engine_datasets";
        let mut bindings = Vec::new();
        for (at, map) in self.tables(KEY)? {
            let inner = Table {
                path: self.path,
                at: &at,
                map,
            };
            inner.warn_unknown(warnings, &["binding", "dataset"]);
            let Some(binding) = inner.text("binding", map.get("binding"))? else {
                return Err(ProjectError::Missing {
                    path: self.path.to_owned(),
                    key: "analytics_engine_datasets.binding",
                    remedy: "name the binding".to_owned(),
                });
            };
            let dataset = inner.text("dataset", map.get("dataset"))?;
            let dataset = dataset.unwrap_or_else(|| binding.clone());
            bindings.push(json!({"type": "analytics_engine", "name": binding, "dataset": dataset}));
        }
        Ok(bindings)
    }

    /// `tail_consumers`, a list of tables or one, as it goes into the upload's metadata.
    pub(super) fn tail_consumers(
        &self,
        value: Option<&Value>,
    ) -> Result<Option<Value>, ProjectError> {
        match value {
            None => Ok(None),
            Some(Value::Array(items)) if items.iter().all(Value::is_object) => Ok(value.cloned()),
            Some(one @ Value::Object(_)) => Ok(Some(json!([one]))),
            Some(other) => {
                Err(self.kind("tail_consumers", other, "a list of tables with `service`"))
            }
        }
    }
}
