//! `workers/scripts`, `workers/services` and `workers/workers`: what is said only about Workers
//! outside of dispatch namespaces. Everything else about them is said by the same handlers as
//! about user Workers, which find [`ACCOUNT`] for the namespace.

use super::call::Call;
use super::envelope::{Handled, Refusal, code, list, ok};
use super::scripts::script_object;
use super::settings::observability;
use super::{Manage, paging};
use crate::catalog::entrances::{EntranceError, Reference};
use crate::catalog::metadata::Metadata;
use crate::catalog::name::{ACCOUNT, TagFilter, shown};
use crate::catalog::record::Script;
use crate::catalog::{CatalogError, shown_time};
use serde_json::{Value, json};

/// The one environment that a Worker has.
const ENVIRONMENT: &str = "production";

/// How `workers/services` says that there is no such Worker.
fn no_service() -> Refusal {
    Refusal::not_found(
        code::SERVICE_NOT_FOUND,
        "This service does not exist on your account.",
    )
}

fn environment(script: &Script) -> Value {
    json!({
        "environment": ENVIRONMENT,
        "created_on": shown_time(script.created_ms),
        "modified_on": shown_time(script.modified_ms),
        "script": script_object(ACCOUNT, script),
    })
}

fn labels(script: &Script) -> Value {
    let settings = &script.settings;
    json!({
        "logpush": settings.logpush,
        "observability": observability(settings),
        "tags": settings.tags,
        "tail_consumers": [],
    })
}

impl<W: Send + Sync + 'static> Manage<W> {
    fn plain(&self, call: &Call) -> Result<Script, CatalogError> {
        Ok(self.catalog.script(ACCOUNT, call.param("script"))?.1)
    }

    fn service(&self, call: &Call) -> Result<Script, Refusal> {
        match self.plain(call) {
            Err(CatalogError::ScriptNotFound { .. }) => Err(no_service()),
            other => Ok(other?),
        }
    }

    pub(super) async fn plain_scripts(&self, call: Call) -> Handled {
        let filter = call.query("tags").and_then(TagFilter::parse);
        let scripts = self.catalog.scripts(ACCOUNT, filter.as_ref())?;
        if call.query("page").is_some() || call.query("per_page").is_some() {
            return paging::answer(&call, scripts, 100, |script| {
                Ok(script_object(ACCOUNT, &script))
            });
        }
        let total = scripts.len();
        let shown = scripts.iter().map(|script| script_object(ACCOUNT, script));
        list(
            shown.collect(),
            json!({"count": total, "total_count": total}),
        )
    }

    pub(super) async fn search_scripts(&self, call: Call) -> Handled {
        let mut scripts = self.catalog.scripts(ACCOUNT, None)?;
        if let Some(name) = call.query("name") {
            scripts.retain(|script| script.name.contains(name));
        }
        if let Some(id) = call.query("id") {
            scripts.retain(|script| script.tag.hex() == id);
        }
        paging::answer(&call, scripts, 10, |script| {
            Ok(json!({
                "id": script.tag.hex(),
                "script_name": script.name,
                "script_tag": script.tag.hex(),
                "service_name": script.name,
                "environment_name": ENVIRONMENT,
                "environment_is_default": true,
                "created_on": shown_time(script.created_ms),
                "modified_on": shown_time(script.modified_ms),
            }))
        })
    }

    pub(super) async fn get_service(&self, call: Call) -> Handled {
        let script = self.service(&call)?;
        ok(json!({
            "id": script.name,
            "created_on": shown_time(script.created_ms),
            "modified_on": shown_time(script.modified_ms),
            "usage_model": "standard",
            "default_environment": environment(&script),
            "environments": [environment(&script)],
        }))
    }

    /// What wrangler asks for before it goes over what was deployed otherwise.
    pub(super) async fn get_service_environment(&self, call: Call) -> Handled {
        let script = self.service(&call)?;
        if call.param("environment") != ENVIRONMENT {
            return Err(no_service());
        }
        ok(environment(&script))
    }

    pub(super) async fn delete_service(&self, call: Call) -> Handled {
        self.service(&call)?;
        self.delete_plain(call).await
    }

    /// Deletes a Worker. Others that are bound to it keep it, unless `force` says otherwise.
    pub(super) async fn delete_plain(&self, call: Call) -> Handled {
        let script = self.plain(&call)?;
        let references = self.catalog.references_to(&script.name)?;
        if call.query("force") != Some("true") && !references.is_empty() {
            let names: Vec<_> = references.iter().map(|it| it.from.as_str()).collect();
            return Err(CatalogError::from(EntranceError::Referenced {
                script: script.name,
                by: shown(&names.join(", ")),
            })
            .into());
        }
        self.catalog.delete_script(ACCOUNT, &script.name).await?;
        ok(json!({"id": script.name}))
    }

    pub(super) async fn get_references(&self, call: Call) -> Handled {
        let script = self.plain(&call)?;
        let (mut incoming, mut outbounds) = (Vec::new(), Vec::new());
        for it in self.catalog.references_to(&script.name)? {
            let mut told =
                json!({"service": it.from, "environment": ENVIRONMENT, "name": it.binding});
            match it.outbound {
                None => incoming.push(told),
                Some(of) => {
                    let params = of.params.iter().map(|name| json!({"name": name}));
                    told["params"] = params.collect();
                    told["namespace"] = json!(of.namespace);
                    outbounds.push(told);
                }
            }
        }
        ok(json!({
            "services": {"incoming": incoming, "outgoing": []},
            "durable_objects": [],
            "dispatch_outbounds": outbounds,
        }))
    }

    /// There are none, which clients ask for before they delete.
    pub(super) async fn no_durable_objects(&self, call: Call) -> Handled {
        paging::answer(&call, Vec::<Value>::new(), 100, Ok)
    }

    pub(super) async fn get_script_settings(&self, call: Call) -> Handled {
        self.labelled(&self.plain(&call)?)
    }

    /// The settings of a script that are no part of a version.
    fn labelled(&self, script: &Script) -> Handled {
        let mut labels = labels(script);
        let (account, _) = self.catalog.script(ACCOUNT, &script.name)?;
        labels["tail_consumers"] = self.catalog.tail_consumers(&account, &script.name)?.into();
        ok(labels)
    }

    /// Settings that are no part of a version.
    pub(super) async fn patch_script_settings(&self, call: Call) -> Handled {
        let script = self.plain(&call)?.name;
        let mut value: Value = call.json().await?;
        let Some(fields) = value.as_object_mut() else {
            return Err(Refusal::bad(code::BODY, "the body is no JSON object"));
        };
        // Null leaves a field as it is. Everything but these belongs to a version.
        fields.retain(|name, value| {
            let known = ["logpush", "observability", "tags", "tail_consumers"];
            !value.is_null() && known.contains(&name.as_str())
        });
        let metadata = Metadata::parse(&value)?.supported()?;
        if let Some(consumers) = &metadata.tail_consumers {
            let set = self.catalog.set_tail_consumers(ACCOUNT, &script, consumers);
            set.await?;
        }
        let changed = self
            .catalog
            .change_labels(ACCOUNT, &script, metadata.change);
        let script = changed.await?;
        if let Some(logpush) = self.logpush.get() {
            let covers = self.catalog.pushes_logs(ACCOUNT, &script.name);
            logpush.cover(ACCOUNT, &script.name, covers);
        }
        self.labelled(&script)
    }

    pub(super) fn worker_object(&self, script: &Script) -> Result<Value, Refusal> {
        self.worker_among(script, &self.catalog.references()?)
    }

    fn worker_among(&self, script: &Script, references: &[Reference]) -> Result<Value, Refusal> {
        let subdomain = self.catalog.subdomain(&script.name)?;
        let mut object = labels(script);
        object["id"] = json!(script.tag.hex());
        object["name"] = json!(script.name);
        object["created_on"] = json!(shown_time(script.created_ms));
        object["updated_on"] = json!(shown_time(script.modified_ms));
        object["deployed_on"] = json!(shown_time(script.modified_ms));
        object["subdomain"] = json!({
            "enabled": subdomain.enabled,
            "previews_enabled": subdomain.previews_enabled,
        });
        if let Some(zone) = self.catalog.default_zone() {
            object["subdomain"]["url"] = json!(format!("https://{}.{zone}", script.name));
        }
        if let Some(suffix) = self.catalog.preview_suffix(&script.name) {
            object["subdomain"]["preview_url_suffix"] = json!(suffix);
        }
        let account = self.catalog.namespace(ACCOUNT)?;
        let consumers = self.catalog.tail_consumers(&account, &script.name)?;
        let consumers = consumers.iter().map(|it| json!({"name": it["service"]}));
        object["tail_consumers"] = consumers.collect();
        object["references"] = self.who_leads_to(script, references)?;
        Ok(object)
    }

    /// Custom Domains of a Worker and Workers that are bound to it.
    fn who_leads_to(&self, script: &Script, all: &[Reference]) -> Result<Value, Refusal> {
        let domains = self.catalog.domains()?.into_iter();
        let domains = domains.filter(|it| it.script == script.name);
        let domains = domains.map(|it| super::domains::domain_object(&it));
        let own = || all.iter().filter(|it| it.to == script.name);
        let workers = own().filter(|it| it.outbound.is_none());
        let workers = workers.map(|it| json!({"id": it.from_id.hex(), "name": it.from}));
        let mut workers: Vec<Value> = workers.collect();
        workers.dedup();
        let outbounds = own().filter_map(|it| {
            let namespace = self
                .catalog
                .namespace(&it.outbound.as_ref()?.namespace)
                .ok()?;
            Some(json!({
                "worker_id": it.from_id.hex(),
                "worker_name": it.from,
                "namespace_id": namespace.id.uuid(),
                "namespace_name": namespace.name,
            }))
        });
        let outbounds: Vec<Value> = outbounds.collect();
        Ok(json!({
            "dispatch_namespace_outbounds": outbounds,
            "domains": domains.collect::<Vec<_>>(),
            "durable_objects": [],
            "queues": [],
            "workers": workers,
        }))
    }

    pub(super) async fn list_workers(&self, call: Call) -> Handled {
        let scripts = self.catalog.scripts(ACCOUNT, None)?;
        let references = self.catalog.references()?;
        paging::answer(&call, scripts, 10, |script| {
            self.worker_among(&script, &references)
        })
    }

    pub(super) async fn get_worker(&self, call: Call) -> Handled {
        ok(self.worker_object(&self.plain(&call)?)?)
    }

    /// What is said at a path below a Worker where nothing is known: there may be no such Worker.
    pub(super) fn missing_below(&self, kind: &str, script: &str) -> Option<Refusal> {
        match self.catalog.script(ACCOUNT, script) {
            Ok(_) => None,
            Err(CatalogError::ScriptNotFound { .. }) if kind == "services" => Some(no_service()),
            Err(error) => Some(error.into()),
        }
    }
}
