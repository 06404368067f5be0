//! `workers/dispatch/namespaces`: the dispatch namespaces.

use super::call::Call;
use super::envelope::{Handled, ok};
use super::{Manage, paging};
use crate::catalog::record::Namespace;
use crate::catalog::shown_time;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct NewNamespace {
    #[serde(alias = "namespace_name")]
    name: String,
}

#[derive(Deserialize)]
struct NamespaceUpdate {
    #[serde(alias = "namespace_name")]
    name: Option<String>,
    trusted_workers: Option<bool>,
}

impl<W: Send + Sync + 'static> Manage<W> {
    fn namespace_object(&self, namespace: &Namespace, scripts: usize) -> Value {
        json!({
            "namespace_id": namespace.id.uuid(),
            "namespace_name": namespace.name,
            "created_on": shown_time(namespace.created_ms),
            "created_by": self.options.account_id,
            "modified_on": shown_time(namespace.modified_ms),
            "modified_by": self.options.account_id,
            "script_count": scripts,
            "trusted_workers": namespace.trusted_workers,
        })
    }

    pub(super) async fn list_namespaces(&self, call: Call) -> Handled {
        let all = self.catalog.namespaces()?;
        paging::answer(&call, all, 1000, |(namespace, scripts)| {
            Ok(self.namespace_object(&namespace, scripts))
        })
    }

    pub(super) async fn create_namespace(&self, call: Call) -> Handled {
        let NewNamespace { name } = call.json().await?;
        let namespace = self.catalog.create_namespace(&name).await?;
        ok(self.namespace_object(&namespace, 0))
    }

    pub(super) async fn get_namespace(&self, call: Call) -> Handled {
        let namespace = self.catalog.namespace(call.param("ns"))?;
        let scripts = self.catalog.scripts(&namespace.name, None)?.len();
        ok(self.namespace_object(&namespace, scripts))
    }

    pub(super) async fn update_namespace(&self, call: Call) -> Handled {
        let name = call.param("ns").to_owned();
        let update: NamespaceUpdate = call.json().await?;
        let (namespace, scripts) = self
            .catalog
            .update_namespace(&name, update.name.as_deref(), update.trusted_workers)
            .await?;
        if let Some(logpush) = self.logpush.get().filter(|_| namespace.name != name) {
            let was_covered = logpush.forget_namespace(&name);
            logpush.cover_namespace(&namespace.name, was_covered);
        }
        ok(self.namespace_object(&namespace, scripts))
    }

    pub(super) async fn delete_namespace(&self, call: Call) -> Handled {
        self.catalog.delete_namespace(call.param("ns")).await?;
        if let Some(logpush) = self.logpush.get() {
            logpush.forget_namespace(call.param("ns"));
        }
        ok(Value::Null)
    }
}
