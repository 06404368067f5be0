//! `…/settings` and `…/bindings`: what a script has beside its modules.

use super::Manage;
use super::call::Call;
use super::envelope::{Handled, Refusal, code, ok};
use crate::catalog::metadata::Metadata;
use crate::catalog::record::{Script, Settings};
use serde_json::{Map, Value, json};

/// What was said of observability, which is off without a word of it.
pub(super) fn observability(settings: &Settings) -> Value {
    let said = settings.observability.as_deref().unwrap_or("{}");
    let mut said: Map<String, Value> = serde_json::from_str(said).unwrap_or_default();
    said.entry("enabled").or_insert(json!(false));
    Value::Object(said)
}

fn settings_object(script: &Script, bindings: Vec<Value>, tail_consumers: &[Value]) -> Value {
    let settings = &script.settings;
    let mut limits = Map::new();
    if let Some(cpu_ms) = settings.limits.cpu_ms {
        limits.insert("cpu_ms".to_owned(), json!(cpu_ms));
    }
    if let Some(subrequests) = settings.limits.subrequests {
        limits.insert("subrequests".to_owned(), json!(subrequests));
    }
    let stored = |text: &Option<String>| -> Value {
        let text = text.as_deref().unwrap_or("{}");
        serde_json::from_str(text).unwrap_or_else(|_| json!({}))
    };
    json!({
        "bindings": bindings,
        "compatibility_date": settings.compatibility_date,
        "compatibility_flags": settings.compatibility_flags,
        "limits": limits,
        "logpush": settings.logpush,
        "observability": observability(settings),
        "placement": stored(&settings.placement),
        "annotations": stored(&settings.annotations),
        "tags": settings.tags,
        "tail_consumers": tail_consumers,
        "usage_model": "standard",
    })
}

impl<W: Send + Sync + 'static> Manage<W> {
    pub(super) async fn get_settings(&self, call: Call) -> Handled {
        let (namespace, script) = self
            .catalog
            .script(call.param("ns"), call.param("script"))?;
        let consumers = self.catalog.tail_consumers(&namespace, &script.name)?;
        ok(settings_object(
            &script,
            self.catalog.shown_bindings(&script.settings.bindings),
            &consumers,
        ))
    }

    pub(super) async fn get_bindings(&self, call: Call) -> Handled {
        let (_, script) = self
            .catalog
            .script(call.param("ns"), call.param("script"))?;
        ok(self
            .catalog
            .shown_bindings(&script.settings.bindings)
            .into())
    }

    pub(super) async fn patch_settings(&self, call: Call) -> Handled {
        let (namespace, script) = (call.param("ns").to_owned(), call.script());
        self.catalog.script(&namespace, &script)?;
        let note = self.note(&call, "settings");
        let upload = self.read_upload(call, "settings").await?;
        let value = upload.metadata.ok_or_else(|| {
            Refusal::bad(
                code::BODY,
                "the upload has no part 'settings'; send the settings as JSON in a part of that \
                 name",
            )
        })?;
        if !upload.modules.is_empty() {
            return Err(Refusal::bad(
                code::BODY,
                format!(
                    "the part '{}' is not part of settings; upload modules to the script itself",
                    crate::catalog::name::shown(&upload.modules[0].name)
                ),
            ));
        }
        let metadata = Metadata::parse(&value)?.supported()?;
        if let Some(consumers) = &metadata.tail_consumers {
            self.catalog.check_tail_consumers(&namespace, consumers)?;
        }
        let mut change = metadata.change;
        change.note = note;
        let changed = self
            .catalog
            .change_settings(&namespace, &script, change)
            .await?;
        if let Some(consumers) = &metadata.tail_consumers {
            self.catalog
                .set_tail_consumers(&namespace, &script, consumers)
                .await?;
        }
        let (namespace, _) = self.catalog.script(&namespace, &script)?;
        let consumers = self.catalog.tail_consumers(&namespace, &changed.name)?;
        ok(settings_object(
            &changed,
            self.catalog.shown_bindings(&changed.settings.bindings),
            &consumers,
        ))
    }
}
