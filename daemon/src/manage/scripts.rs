//! `…/scripts`: pushing, reading, listing and deleting scripts of a dispatch namespace; pushing
//! and reading those that are in none.

use super::body::{ByteStream, file};
use super::call::Call;
use super::envelope::{Answer, Handled, Refusal, code, list, ok};
use super::upload::{self, Upload};
use super::{Manage, paging};
use crate::catalog::metadata::Metadata;
use crate::catalog::name::{ACCOUNT, Id, TagFilter, check_name, shown};
use crate::catalog::record::Script;
use crate::catalog::{AssetsChange, CatalogError, Change, Push, shown_time};
use bytes::Bytes;
use futures_lite::{StreamExt, stream};
use serde_json::{Value, json};

/// A script as the API shows it.
pub(super) fn script_object(namespace: &str, script: &Script) -> Value {
    let entrypoints = script.verdict.entrypoints.iter();
    let named_handlers: Vec<Value> = entrypoints
        .map(|(name, handlers)| json!({"name": name, "handlers": handlers}))
        .collect();
    json!({
        "id": script.name,
        "tag": script.tag.hex(),
        "etag": script.etag,
        "handlers": script.verdict.handlers,
        "named_handlers": named_handlers,
        "created_on": shown_time(script.created_ms),
        "modified_on": shown_time(script.modified_ms),
        "startup_time_ms": script.verdict.startup_time_ms,
        // wrangler puts a UUID's dashes in and calls it the version's id.
        "deployment_id": script.version_id.uuid_digits(),
        "version_id": script.version_id.uuid(),
        "number": script.version,
        "dispatch_namespace": (namespace != ACCOUNT).then_some(namespace),
        "main_module": script.main_module,
        "has_modules": script.verdict.has_modules,
        "has_assets": script.assets.is_some(),
        "tags": script.settings.tags,
        "compatibility_date": script.settings.compatibility_date,
        "compatibility_flags": script.settings.compatibility_flags,
        "logpush": script.settings.logpush,
        "usage_model": "standard",
        // With another word clients compare with what they believe was deployed otherwise.
        "last_deployed_from": "wrangler",
    })
}

impl<W: Send + Sync + 'static> Manage<W> {
    pub(super) async fn put_script(&self, call: Call) -> Handled {
        let (namespace, script) = (call.param("ns").to_owned(), call.script());
        // Before the body is read: a bad name makes it pointless.
        check_name("script", &script)?;
        self.catalog.namespace(&namespace)?;
        let note = self.note(&call, "upload");
        let upload = self.read_upload(call, "metadata").await?;
        let metadata = match &upload.metadata {
            Some(metadata) => Metadata::parse(metadata),
            None if upload.is_form => {
                return Err(Refusal::bad(
                    code::BODY,
                    "the upload has no part 'metadata'; send it as JSON, with main_module in it",
                ));
            }
            None => Ok(Metadata::default()),
        };
        let metadata = metadata?;
        let named = metadata
            .main_module
            .as_ref()
            .or(metadata.body_part.as_ref());
        let main = upload.main(named.map(String::as_str))?;
        let main = main.map(|main| main.name.clone());
        let metadata = metadata.supported()?;
        let (mut change, assets) = (metadata.change, metadata.assets);
        change.note = note;
        // New modules without any have none; without new modules they stay.
        let consumers = match metadata.tail_consumers {
            None if main.is_some() || assets.is_some() => Some(Vec::new()),
            consumers => consumers,
        };
        if let Some(consumers) = &consumers {
            self.catalog.check_tail_consumers(&namespace, consumers)?;
        }
        let pushed = match (main, &assets) {
            (Some(main_module), _) => {
                let push = Push {
                    modules: upload.everything(),
                    main_module,
                    change,
                    keep_settings: false,
                    assets: assets.unwrap_or_default(),
                };
                self.catalog.push(&namespace, &script, push).await?
            }
            // Without a module it is settings only, of a script that exists
            // (spec: SEMANTICS §37, 10).
            (None, None) if self.catalog.script(&namespace, &script).is_ok() => {
                self.catalog
                    .change_settings(&namespace, &script, change)
                    .await?
            }
            (None, Some(_)) => {
                let push = Push {
                    modules: Vec::new(),
                    main_module: String::new(),
                    change,
                    keep_settings: false,
                    assets: assets.unwrap_or_default(),
                };
                self.catalog.push(&namespace, &script, push).await?
            }
            (None, None) => {
                return Err(CatalogError::NoMainModule(format!(
                    "the upload brings no module and Worker '{script}' does not exist yet; name \
                     main_module in the metadata and add the module as a part"
                ))
                .into());
            }
        };
        if let Some(consumers) = consumers {
            let set = self
                .catalog
                .set_tail_consumers(&namespace, &script, &consumers);
            match set.await {
                // It was pushed, and deleted by somebody else since.
                Err(CatalogError::ScriptNotFound { .. }) => {}
                set => set?,
            }
        }
        ok(script_object(&namespace, &pushed))
    }

    pub(super) async fn put_content(&self, call: Call) -> Handled {
        let (namespace, script) = (call.param("ns").to_owned(), call.script());
        let (_, old) = self.catalog.script(&namespace, &script)?;
        let note = self.note(&call, "upload");
        // Instead of metadata that say it.
        let header = ["cf-worker-main-module-part", "cf-worker-body-part"]
            .into_iter()
            .find_map(|name| call.headers.get(name)?.to_str().ok())
            .map(str::to_owned);
        let upload = self.read_upload(call, "metadata").await?;
        let metadata = match &upload.metadata {
            Some(metadata) => Metadata::parse(metadata)?,
            None => Metadata::default(),
        };
        let named = metadata.main_module.or(metadata.body_part).or(header);
        let main = upload.main(named.as_deref())?.ok_or_else(|| {
            CatalogError::NoMainModule(format!(
                "the upload brings no module; send one to replace '{}'",
                old.main_module
            ))
        })?;
        let main_module = main.name.clone();
        let push = Push {
            modules: upload.everything(),
            main_module,
            change: Change {
                note,
                ..Change::default()
            },
            keep_settings: true,
            assets: AssetsChange::Keep,
        };
        let pushed = self.catalog.push(&namespace, &script, push).await?;
        ok(script_object(&namespace, &pushed))
    }

    pub(super) async fn read_upload(&self, call: Call, root: &str) -> Result<Upload, Refusal> {
        call.plain_coding()?;
        let _room = self.room().await;
        let content_type = call.content_type().map(str::to_owned);
        let limit = self.options.upload_bytes_max;
        upload::read(content_type.as_deref(), call.body, root, limit).await
    }

    pub(super) async fn get_script(&self, call: Call) -> Handled {
        let (namespace, script) = (call.param("ns"), call.param("script"));
        match self.catalog.script(namespace, script) {
            Ok((namespace, script)) => ok(json!({
                "created_on": shown_time(script.created_ms),
                "modified_on": shown_time(script.modified_ms),
                "dispatch_namespace": namespace.name,
                "script": script_object(&namespace.name, &script),
            })),
            // The first code is what lets wrangler go on and create the namespace.
            Err(error @ CatalogError::NamespaceNotFound(_)) => {
                let missing = Refusal::from(CatalogError::ScriptNotFound {
                    namespace: shown(namespace),
                    script: shown(script),
                });
                let mut refusal = Refusal::from(error);
                refusal.errors.splice(0..0, missing.errors);
                Err(refusal)
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn list_scripts(&self, call: Call) -> Handled {
        let filter = call.query("tags").and_then(TagFilter::parse);
        // Others do not exist for who is there for one tag.
        let filter = match call.caller.tag() {
            Some(tag) => Some(filter.unwrap_or_default().and(tag)),
            None => filter,
        };
        let namespace = call.param("ns");
        let mut scripts = self.catalog.scripts(namespace, filter.as_ref())?;
        if call.query("page").is_some() || call.query("per_page").is_some() {
            return paging::answer(&call, scripts, 100, |script| {
                Ok(script_object(namespace, &script))
            });
        }
        // A cursor is the last name of the page before.
        const LIMIT_MAX: u64 = 1000;
        let limit = call
            .number("limit")?
            .unwrap_or(LIMIT_MAX)
            .clamp(1, LIMIT_MAX);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let total = scripts.len();
        if let Some(cursor) = call.query("cursor").filter(|cursor| !cursor.is_empty()) {
            scripts.retain(|script| script.name.as_str() > cursor);
        }
        let more = scripts.len() > limit;
        scripts.truncate(limit);
        let cursor = scripts
            .last()
            .filter(|_| more)
            .map_or_else(String::new, |last| last.name.clone());
        let objects: Vec<Value> = scripts
            .iter()
            .map(|script| script_object(namespace, script))
            .collect();
        let mut info = paging::by_cursor(objects.len(), &cursor);
        info["total_count"] = json!(total);
        list(objects, info)
    }

    pub(super) async fn delete_script(&self, call: Call) -> Handled {
        self.catalog
            .delete_script(call.param("ns"), call.script())
            .await?;
        ok(Value::Null)
    }

    pub(super) async fn delete_scripts(&self, call: Call) -> Handled {
        let filter = call.query("tags").and_then(TagFilter::parse);
        let filter = filter.filter(TagFilter::wants).ok_or_else(|| {
            Refusal::bad(
                code::TAGS,
                "deleting scripts of a dispatch namespace needs ?tags= with at least one tag that \
                 they have, as ?tags=customer-123:yes",
            )
        })?;
        let filter = match call.caller.tag() {
            Some(tag) => filter.and(tag),
            None => filter,
        };
        let deleted = self
            .catalog
            .delete_scripts(call.param("ns"), &filter)
            .await?;
        ok(json!({"deleted": deleted}))
    }

    /// The modules as a form, the way they would be uploaded.
    pub(super) async fn get_content(&self, call: Call) -> Handled {
        let (_, script) = self
            .catalog
            .script(call.param("ns"), call.param("script"))?;
        let boundary = format!("postern-{}", Id::random());
        let mut form: ByteStream = Box::pin(stream::empty());
        let mut len = 0;
        for module in script.modules.iter().filter(|it| !it.is_source_map()) {
            let content_type = match module.content_type.as_str() {
                "" => "application/octet-stream",
                known => known,
            };
            let head = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; \
                 filename=\"{name}\"\r\nContent-Type: {content_type}\r\n\r\n",
                name = module.name,
            );
            len += head.len() as u64 + module.len + 2;
            let bytes = file(self.catalog.module(module)?, module.len);
            form = Box::pin(
                form.chain(text(head))
                    .chain(bytes)
                    .chain(text("\r\n".to_owned())),
            );
        }
        let end = format!("--{boundary}--\r\n");
        len += end.len() as u64;
        form = Box::pin(form.chain(text(end)));
        let content_type = format!("multipart/form-data; boundary={boundary}");
        let answer = Answer::stream(content_type, Some(len), form)
            .with("etag", format!("\"{}\"", script.etag));
        Ok(match script.main_module.is_ascii() {
            true => answer.with("cf-entrypoint", script.main_module),
            false => answer,
        })
    }
}

fn text(text: String) -> ByteStream {
    Box::pin(stream::once(Ok(Bytes::from(text))))
}
