//! `storage/kv/namespaces`: the KV namespaces themselves.

use super::call::Call;
use super::envelope::{Handled, ok};
use super::{Manage, paging};
use crate::catalog::record::KvNamespace;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Titled {
    title: String,
}

fn namespace_object(namespace: &KvNamespace) -> Value {
    json!({
        "id": namespace.id.hex(),
        "title": namespace.title,
        "supports_url_encoding": true,
    })
}

impl<W: Send + Sync + 'static> Manage<W> {
    pub(super) async fn list_kv_namespaces(&self, call: Call) -> Handled {
        let mut all = self.catalog.kv_namespaces()?;
        if call.query("order") == Some("title") {
            all.sort_by(|a, b| a.title.cmp(&b.title));
        }
        if call.query("direction") == Some("desc") {
            all.reverse();
        }
        paging::answer(&call, all, 20, |namespace| Ok(namespace_object(&namespace)))
    }

    pub(super) async fn create_kv_namespace(&self, call: Call) -> Handled {
        let Titled { title } = call.json().await?;
        let namespace = self.catalog.create_kv_namespace(&title).await?;
        ok(namespace_object(&namespace))
    }

    pub(super) async fn get_kv_namespace(&self, call: Call) -> Handled {
        let namespace = self.catalog.kv_namespace(call.param("id"))?;
        ok(namespace_object(&namespace))
    }

    pub(super) async fn rename_kv_namespace(&self, call: Call) -> Handled {
        let id = call.param("id").to_owned();
        let Titled { title } = call.json().await?;
        let namespace = self.catalog.rename_kv_namespace(&id, &title).await?;
        ok(namespace_object(&namespace))
    }

    pub(super) async fn delete_kv_namespace(&self, call: Call) -> Handled {
        self.catalog.delete_kv_namespace(call.param("id")).await?;
        ok(Value::Null)
    }
}
