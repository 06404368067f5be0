//! `…/tags`: a script's labels.

use super::Manage;
use super::call::Call;
use super::envelope::{Handled, Refusal, code, ok};
use crate::catalog::Subject;
use crate::catalog::metadata::strings;
use serde_json::{Value, json};

impl<W: Send + Sync + 'static> Manage<W> {
    pub(super) async fn get_tags(&self, call: Call) -> Handled {
        let (_, script) = self
            .catalog
            .script(call.param("ns"), call.param("script"))?;
        ok(json!(script.settings.tags))
    }

    /// Replaces all: `["a"]` or `{"tags":["a"]}` (spec: SEMANTICS §37, 3).
    pub(super) async fn put_tags(&self, call: Call) -> Handled {
        let (namespace, script) = (call.param("ns").to_owned(), call.script());
        let body: Value = call.json().await?;
        let tags = match &body {
            Value::Object(object) => object.get("tags").and_then(strings),
            Value::Array(_) => strings(&body),
            _ => None,
        };
        let tags = tags.ok_or_else(|| {
            Refusal::bad(
                code::TAGS,
                "the body is neither an array of tags nor {\"tags\": […]}",
            )
        })?;
        self.change(&namespace, &script, |_| tags).await
    }

    pub(super) async fn put_tag(&self, call: Call) -> Handled {
        let tag = call.param("tag").to_owned();
        self.change(call.param("ns"), &call.script(), |mut tags| {
            tags.push(tag);
            tags
        })
        .await
    }

    pub(super) async fn delete_tag(&self, call: Call) -> Handled {
        let gone = call.param("tag").to_owned();
        self.change(call.param("ns"), &call.script(), |mut tags| {
            tags.retain(|tag| *tag != gone);
            tags
        })
        .await
    }

    async fn change(
        &self,
        namespace: &str,
        script: &Subject,
        change: impl FnOnce(Vec<String>) -> Vec<String> + Send,
    ) -> Handled {
        let tags = self.catalog.change_tags(namespace, script, change).await?;
        ok(json!(tags))
    }
}
