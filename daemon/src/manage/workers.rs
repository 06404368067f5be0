//! `workers/workers`: Workers outside of dispatch namespaces as newer clients have them, made
//! before they have any code; and `workers/account-settings`.

use super::Manage;
use super::call::Call;
use super::envelope::{Handled, Refusal, code, ok};
use crate::catalog::metadata::Metadata;
use crate::catalog::name::{ACCOUNT, check_name, shown};
use crate::catalog::{Change, Push, Source};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Where paths begin whose Workers may be named by their id.
pub(super) const BY_ID: &str = "accounts/{account}/workers/workers/{script}";
/// What is said of a Worker and is no part of a version.
const LABELS: [&str; 4] = ["logpush", "observability", "tags", "tail_consumers"];
/// What a Worker without code is until a version of it is deployed.
const MAIN: &str = "worker.js";
const EMPTY: &str = "export default { fetch: () => new Response('No version of this Worker is deployed.', { status: 404 }) };\n";

/// A Worker as it is sent. Other fields are not understood, and stay unheard as everywhere.
#[derive(Deserialize)]
struct Sent {
    name: Option<String>,
    subdomain: Option<Subdomain>,
    #[serde(flatten)]
    more: Map<String, Value>,
}

#[derive(Deserialize)]
struct Subdomain {
    enabled: Option<bool>,
    previews_enabled: Option<bool>,
}

impl Sent {
    /// Without a word of it a Worker has no default hostname.
    fn without_subdomain(&mut self) {
        self.subdomain.get_or_insert(Subdomain {
            enabled: Some(false),
            previews_enabled: Some(false),
        });
    }

    /// The labels in it; with `all`, those that it leaves out are empty.
    fn labels(&mut self, all: bool) -> Value {
        let mut labels = std::mem::take(&mut self.more);
        labels.retain(|name, value| !value.is_null() && LABELS.contains(&name.as_str()));
        if all {
            for (name, none) in [
                ("logpush", json!(false)),
                ("observability", json!({})),
                ("tags", json!([])),
                ("tail_consumers", json!([])),
            ] {
                labels.entry(name).or_insert(none);
            }
        }
        Value::Object(labels)
    }
}

#[derive(Deserialize)]
struct AccountSettings {
    default_usage_model: Option<String>,
    green_compute: Option<bool>,
}

/// What the account has for all Workers: nothing of it can be otherwise.
fn account_settings() -> Handled {
    ok(json!({"default_usage_model": "standard", "green_compute": false}))
}

impl<W: Send + Sync + 'static> Manage<W> {
    /// The name of the Worker that has this id, if none has it for its name.
    pub(super) fn named(&self, worker: &str) -> Option<String> {
        if self.catalog.script(ACCOUNT, worker).is_ok() {
            return None;
        }
        let all = self.catalog.scripts(ACCOUNT, None).ok()?;
        let found = all.into_iter().find(|it| it.tag.hex() == worker);
        found.map(|script| script.name)
    }

    pub(super) async fn create_worker(&self, call: Call) -> Handled {
        let note = self.note(&call, "create_worker");
        let mut sent: Sent = call.json().await?;
        let Some(name) = sent.name.take() else {
            return Err(Refusal::bad(code::BODY, "the Worker has no \"name\""));
        };
        check_name("script", &name)?;
        if self.catalog.script(ACCOUNT, &name).is_ok() {
            return Err(Refusal::bad(
                code::BAD_NAME,
                format!("A Worker named '{name}' already exists; choose another name"),
            ));
        }
        sent.without_subdomain();
        let labels = sent.labels(true);
        let metadata = Metadata::parse(&labels)?.supported()?;
        let consumers = metadata.tail_consumers.unwrap_or_default();
        self.catalog.check_tail_consumers(ACCOUNT, &consumers)?;
        let push = Push {
            modules: vec![Source {
                name: MAIN.to_owned(),
                content_type: "application/javascript+module".to_owned(),
                bytes: EMPTY.into(),
            }],
            main_module: MAIN.to_owned(),
            change: Change {
                note,
                ..metadata.change
            },
            keep_settings: false,
            assets: Default::default(),
        };
        self.catalog.push(ACCOUNT, &name, push).await?;
        self.set_worker(&name, sent, labels).await
    }

    /// Replaces what is said of a Worker, or with PATCH a part of it.
    pub(super) async fn replace_worker(&self, call: Call) -> Handled {
        self.change_worker(call, true).await
    }

    pub(super) async fn edit_worker(&self, call: Call) -> Handled {
        self.change_worker(call, false).await
    }

    async fn change_worker(&self, call: Call, all: bool) -> Handled {
        let (_, script) = self.catalog.script(ACCOUNT, call.param("script"))?;
        let mut sent: Sent = call.json().await?;
        if let Some(name) = sent.name.take().filter(|name| *name != script.name) {
            return Err(Refusal::bad(
                code::BAD_NAME,
                format!(
                    "Worker '{}' cannot be renamed to '{}'; deploy it by that name",
                    script.name,
                    shown(&name)
                ),
            ));
        }
        if all {
            sent.without_subdomain();
        }
        let labels = sent.labels(all);
        self.set_worker(&script.name, sent, labels).await
    }

    async fn set_worker(&self, name: &str, sent: Sent, labels: Value) -> Handled {
        let metadata = Metadata::parse(&labels)?.supported()?;
        if let Some(consumers) = &metadata.tail_consumers {
            let set = self.catalog.set_tail_consumers(ACCOUNT, name, consumers);
            set.await?;
        }
        let change = metadata.change;
        let script = self.catalog.change_labels(ACCOUNT, name, change).await?;
        if let Some(logpush) = self.logpush.get() {
            let covers = self.catalog.pushes_logs(ACCOUNT, name);
            logpush.cover(ACCOUNT, name, covers);
        }
        if let Some(subdomain) = sent.subdomain {
            let now = self.catalog.subdomain(name)?;
            let enabled = subdomain.enabled.unwrap_or(now.enabled);
            let set = self
                .catalog
                .set_subdomain(name, enabled, subdomain.previews_enabled);
            set.await?;
        }
        ok(self.worker_object(&script)?)
    }

    pub(super) async fn get_account_settings(&self, _: Call) -> Handled {
        account_settings()
    }

    pub(super) async fn put_account_settings(&self, call: Call) -> Handled {
        let sent: AccountSettings = call.json().await?;
        let model = sent.default_usage_model.as_deref();
        if model.is_some_and(|it| it != "standard") || sent.green_compute == Some(true) {
            return Err(Refusal::bad(
                code::BODY,
                "the usage model is \"standard\" here, and there is no other machine to compute on",
            ));
        }
        account_settings()
    }
}
