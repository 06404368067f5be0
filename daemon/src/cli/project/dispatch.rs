//! A project's `dispatch_namespaces`.

use super::{ProjectError, Table};
use serde_json::{Value, json};

impl Table<'_> {
    pub(super) fn dispatch_namespaces(
        &self,
        warnings: &mut Vec<String>,
    ) -> Result<Vec<Value>, ProjectError> {
        const KEY: &str = "dispatch_namespaces";
        let mut bindings = Vec::new();
        for (at, map) in self.tables(KEY)? {
            let inner = Table {
                path: self.path,
                at: &at,
                map,
            };
            inner.warn_unknown(warnings, &["binding", "namespace", "outbound", "remote"]);
            let binding = inner.text("binding", map.get("binding"))?;
            let namespace = inner.text("namespace", map.get("namespace"))?;
            let (Some(binding), Some(namespace)) = (binding, namespace) else {
                return Err(ProjectError::Missing {
                    path: self.path.to_owned(),
                    key: "dispatch_namespaces.binding and dispatch_namespaces.namespace",
                    remedy: "name the binding and the dispatch namespace that it stands for"
                        .to_owned(),
                });
            };
            let mut made =
                json!({"type": "dispatch_namespace", "name": binding, "namespace": namespace});
            if let Some(outbound) = map.get("outbound") {
                // Which forms there are is the daemon's to say.
                made["outbound"] = outbound.clone();
            }
            bindings.push(made);
        }
        Ok(bindings)
    }
}
