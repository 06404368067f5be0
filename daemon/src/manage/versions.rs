//! `…/versions`: what was deployed once or is only there to be (spec: SEMANTICS §12). Scripts in
//! dispatch namespaces and outside of them have the same calls.

use super::call::Call;
use super::envelope::{Answer, Handled, Refusal, code, ok};
use super::{Manage, paging};
use crate::catalog::binding::Wanted;
use crate::catalog::entrances::VERSION_PREFIX;
use crate::catalog::metadata::Metadata;
use crate::catalog::name::{ACCOUNT, shown};
use crate::catalog::versions::{Note, Version};
use crate::catalog::{CatalogError, Push, Source, shown_time};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::USER_AGENT;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Modules of an upload in JSON.
const MODULES_MAX: usize = 256;

/// What is told of a version wherever it is shown.
fn item(version: &Version, has_preview: bool) -> Value {
    let made = shown_time(version.script.modified_ms);
    json!({
        "id": version.id().uuid(),
        "number": version.number(),
        "metadata": {
            "created_on": made,
            "modified_on": made,
            "source": version.note.source,
            "author_id": "",
            "author_email": version.note.author,
            "hasPreview": has_preview,
            "has_preview": has_preview,
        },
        "annotations": annotations(version.annotations(), &version.note),
    })
}

/// What was said of a version or a deployment, and what made it.
pub(super) fn annotations(mut said: BTreeMap<String, String>, note: &Note) -> Value {
    if !note.triggered_by.is_empty() {
        said.insert("workers/triggered_by".to_owned(), note.triggered_by.clone());
    }
    json!(said)
}

/// A version in full, with its bindings as they are to be shown.
fn version_object(version: &Version, bindings: Vec<Value>, has_preview: bool) -> Value {
    let script = &version.script;
    let entrypoints = script.verdict.entrypoints.iter();
    let named_handlers: Vec<Value> = entrypoints
        .map(|(name, handlers)| json!({"name": name, "handlers": handlers}))
        .collect();
    let mut limits = Map::new();
    if let Some(cpu_ms) = script.settings.limits.cpu_ms {
        limits.insert("cpu_ms".to_owned(), json!(cpu_ms));
    }
    if let Some(subrequests) = script.settings.limits.subrequests {
        limits.insert("subrequests".to_owned(), json!(subrequests));
    }
    let mut object = item(version, has_preview);
    object["resources"] = json!({
        "script": {
            "etag": script.etag,
            "handlers": script.verdict.handlers,
            "named_handlers": named_handlers,
            "last_deployed_from": version.note.source,
        },
        "script_runtime": {
            "compatibility_date": script.settings.compatibility_date,
            "compatibility_flags": script.settings.compatibility_flags,
            "usage_model": "standard",
            "limits": limits,
        },
        "bindings": bindings,
    });
    object["main_module"] = json!(script.main_module);
    object["has_assets"] = json!(script.assets.is_some());
    object["startup_time_ms"] = json!(script.verdict.startup_time_ms);
    object
}

#[derive(Deserialize)]
struct Module {
    name: String,
    #[serde(default)]
    content_type: String,
    content_base64: String,
}

/// The modules of an upload that is JSON alone.
fn modules(metadata: &Value) -> Result<Vec<Source>, Refusal> {
    let Some(modules) = metadata.get("modules") else {
        return Ok(Vec::new());
    };
    let modules = Vec::<Module>::deserialize(modules).map_err(|error| {
        Refusal::bad(
            code::BODY,
            format!(
                "\"modules\" is not an array of {{name, content_type, content_base64}}: {error}"
            ),
        )
    })?;
    if modules.len() > MODULES_MAX {
        return Err(Refusal::bad(
            code::BODY,
            format!(
                "the upload has {} modules, the limit is {MODULES_MAX}; bundle them",
                modules.len()
            ),
        ));
    }
    let decoded = modules.into_iter().map(|module| {
        let bytes = STANDARD.decode(&module.content_base64).map_err(|error| {
            Refusal::bad(
                code::BODY,
                format!(
                    "the content of module '{}' is not base64: {error}",
                    shown(&module.name)
                ),
            )
        })?;
        Ok(Source {
            name: module.name,
            content_type: module.content_type,
            bytes: bytes.into(),
        })
    });
    decoded.collect()
}

#[derive(Deserialize)]
struct Patch {
    #[serde(default)]
    env: BTreeMap<String, Value>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

impl<W: Send + Sync + 'static> Manage<W> {
    /// Who makes a version or a deployment with this call.
    pub(super) fn note(&self, call: &Call, triggered_by: &str) -> Note {
        let agent = call.headers.get(USER_AGENT).and_then(|it| it.to_str().ok());
        let source = agent
            .and_then(|agent| agent.split(['/', ' ']).next())
            .filter(|name| ["wrangler", "postern"].contains(name));
        Note::new(source.unwrap_or("api"), &call.caller.name(), triggered_by)
    }

    pub(super) async fn list_versions(&self, call: Call) -> Handled {
        let versions = self
            .catalog
            .versions(call.param("ns"), call.param("script"))?;
        let has_preview = self.has_previews(&call);
        let page = paging::answer(&call, versions, 100, |version| {
            let bindings = &version.script.settings.bindings;
            let shown = self.catalog.shown_bindings(bindings).into_iter();
            // Clients look for secrets; the values of all versions would be megabytes.
            let named = shown.map(|it| json!({"name": it["name"], "type": it["type"]}));
            Ok(version_object(&version, named.collect(), has_preview))
        })?;
        page.with_result(|items| json!({"items": items}))
    }

    /// Whether versions have hostnames of their own: those of user Workers have none.
    fn has_previews(&self, call: &Call) -> bool {
        call.param("ns") == ACCOUNT && self.catalog.default_zone().is_some()
    }

    fn version_object(&self, version: &Version, has_preview: bool) -> Value {
        let bindings = &version.script.settings.bindings;
        version_object(version, self.catalog.shown_bindings(bindings), has_preview)
    }

    /// The same list as newer clients have it, with all that is known of each.
    pub(super) async fn list_worker_versions(&self, call: Call) -> Handled {
        let versions = self
            .catalog
            .versions(call.param("ns"), call.param("script"))?;
        let has_preview = self.has_previews(&call);
        paging::answer(&call, versions, 100, |version| {
            let object = self.version_object(&version, has_preview);
            Ok(self.worker_version(&version, object))
        })
    }

    /// A version as newer clients have it: with its settings beside its number, and where it answers.
    fn worker_version(&self, version: &Version, mut object: Value) -> Value {
        let settings = &version.script.settings;
        let resources = object["resources"].clone();
        let id = version.id().uuid();
        let suffix = self.catalog.preview_suffix(&version.script.name);
        let url = suffix.map(|suffix| format!("https://{}{suffix}", &id[..VERSION_PREFIX]));
        object["urls"] = url.into_iter().collect();
        object["created_on"] = object["metadata"]["created_on"].clone();
        object["source"] = json!(version.note.source);
        object["author_email"] = json!(version.note.author);
        object["bindings"] = resources["bindings"].clone();
        object["limits"] = resources["script_runtime"]["limits"].clone();
        object["usage_model"] = json!("standard");
        object["compatibility_date"] = json!(settings.compatibility_date);
        object["compatibility_flags"] = json!(settings.compatibility_flags);
        object
    }

    pub(super) async fn get_worker_version(&self, call: Call) -> Handled {
        let version = self.catalog.version(
            call.param("ns"),
            call.param("script"),
            call.param("version"),
        )?;
        let object = self.version_object(&version, self.has_previews(&call));
        ok(self.worker_version(&version, object))
    }

    pub(super) async fn post_worker_version(&self, call: Call) -> Handled {
        let has_preview = self.has_previews(&call);
        let version = self.make_version(call).await?;
        let object = self.version_object(&version, has_preview);
        ok(self.worker_version(&version, object))
    }

    pub(super) async fn get_version(&self, call: Call) -> Handled {
        let version = self.catalog.version(
            call.param("ns"),
            call.param("script"),
            call.param("version"),
        )?;
        ok(self.version_object(&version, self.has_previews(&call)))
    }

    pub(super) async fn delete_version(&self, call: Call) -> Handled {
        let (namespace, script) = (call.param("ns"), call.param("script"));
        let version = call.param("version");
        self.catalog
            .delete_version(namespace, script, version)
            .await?;
        ok(Value::Null)
    }

    /// Makes a version that is not deployed, unless `?deploy=true`.
    pub(super) async fn post_version(&self, call: Call) -> Handled {
        let has_preview = self.has_previews(&call);
        let version = self.make_version(call).await?;
        ok(self.version_object(&version, has_preview))
    }

    async fn make_version(&self, call: Call) -> Result<Version, Refusal> {
        let (namespace, script) = (call.param("ns").to_owned(), call.script());
        let deploys = call.query("deploy") == Some("true");
        if !deploys {
            self.catalog.script(&namespace, &script)?;
        }
        let note = self.note(&call, "version_upload");
        let upload = self.read_upload(call, "metadata").await?;
        let value = upload.metadata.clone().unwrap_or_else(|| json!({}));
        let metadata = Metadata::parse(&value)?;
        let named = metadata
            .main_module
            .as_ref()
            .or(metadata.body_part.as_ref())
            .cloned();
        let mut upload = upload;
        if upload.modules.is_empty() {
            upload.modules = modules(&value)?;
        }
        let main = upload.main(named.as_deref())?;
        let main = main.map(|main| main.name.clone());
        let metadata = metadata.supported()?;
        // They are no part of a version: what is only uploaded leaves them as they are.
        let consumers = metadata.tail_consumers;
        if let Some(consumers) = &consumers {
            self.catalog.check_tail_consumers(&namespace, consumers)?;
        }
        let assets = metadata.assets.unwrap_or_default();
        if main.is_none() && assets == Default::default() {
            return Err(CatalogError::NoMainModule(
                "the upload brings no module; name main_module in the metadata and add the module \
                 as a part"
                    .to_owned(),
            )
            .into());
        }
        let mut change = metadata.change;
        change.note = note;
        let push = Push {
            main_module: main.unwrap_or_default(),
            modules: upload.everything(),
            change,
            keep_settings: false,
            assets,
        };
        if deploys {
            let pushed = self.catalog.push(&namespace, &script, push).await?;
            if let Some(consumers) = consumers {
                self.catalog
                    .set_tail_consumers(&namespace, &script, &consumers)
                    .await?;
            }
            let id = pushed.version_id.hex();
            Ok(self.catalog.version(&namespace, &script, &id)?)
        } else {
            let uploaded = self.catalog.upload_version(&namespace, &script, push);
            Ok(uploaded.await?)
        }
    }

    /// A merge patch of the newest version's bindings, which makes another version.
    pub(super) async fn patch_version(&self, call: Call) -> Handled {
        let (namespace, script) = (call.param("ns").to_owned(), call.script());
        let note = self.note(&call, "secret");
        let has_preview = self.has_previews(&call);
        let patch: Patch = call.json().await?;
        let mut env = Vec::with_capacity(patch.env.len());
        for (number, (name, value)) in (1..).zip(patch.env) {
            let wanted = match value {
                Value::Null => None,
                mut value => {
                    if let Some(object) = value.as_object_mut() {
                        object.insert("name".to_owned(), json!(name));
                    }
                    Some(Wanted::parse(number, &value)?)
                }
            };
            env.push((name, wanted));
        }
        let annotations = (!patch.annotations.is_empty()).then(|| json!(patch.annotations));
        let annotations = annotations.map(|said| said.to_string());
        let version = self
            .catalog
            .change_version(&namespace, &script, env, annotations, note)
            .await?;
        ok(self.version_object(&version, has_preview))
    }
}

impl Answer {
    /// With another result in the envelope.
    fn with_result(self, change: impl FnOnce(Value) -> Value) -> Handled {
        let super::envelope::AnswerBody::Whole(bytes) = &self.body else {
            return Ok(self);
        };
        let mut envelope: Value = serde_json::from_slice(bytes).map_err(Refusal::internal)?;
        envelope["result"] = change(envelope["result"].take());
        Ok(Self::json(self.status, &envelope))
    }
}
