//! A new version of a script: judge, store durably, switch in.
//!
//! Nothing is stored before the judge agrees, nothing runs before it is stored, and a
//! failure at any step leaves the version before as it was.

use super::binding::{self, Bound, Keep, Target, Version, Wanted};
use super::name::{Id, check_name, check_tags, hex};
use super::record::{CustomLimits, Module, Namespace, Script, Settings, Verdict, now_ms};
use super::references::Held;
use super::rows::Rows;
use super::{Bounds, Catalog, CatalogError, Result, limits};
use crate::bindings::Env;
use crate::engine::limits::Limits;
use crate::engine::{GuestKind, Judged, WorkerSpec};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// A module as it was uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub content_type: String,
    /// Its bytes.
    pub bytes: Bytes,
}

/// What an upload says about everything but the modules. A field that is absent resets to
/// the default with new modules, and stays as it is without.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The bindings asked for.
    pub bindings: Option<Vec<Wanted>>,
    /// Which bindings of the version before stay.
    pub keep_bindings: Keep,
    /// The tags.
    pub tags: Option<Vec<String>>,
    /// The script's own limits.
    pub limits: Option<CustomLimits>,
    /// A date as `2026-01-31`.
    pub compatibility_date: Option<String>,
    /// Flags by name.
    pub compatibility_flags: Option<Vec<String>>,
    /// Kept and shown.
    pub logpush: Option<bool>,
    /// A JSON object, kept and shown.
    pub observability: Option<String>,
    /// A JSON object, kept and shown.
    pub placement: Option<String>,
    /// A JSON object of strings, kept and shown.
    pub annotations: Option<String>,
}

impl Change {
    /// The settings after this change.
    fn apply(self, base: Settings, before: &[Bound]) -> Result<Settings> {
        let bindings = match self.bindings {
            Some(wanted) => binding::merge(before, wanted, &self.keep_bindings)?,
            None => {
                let kept = base.bindings.into_iter().map(Wanted::New).collect();
                binding::merge(before, kept, &self.keep_bindings)?
            }
        };
        let tags = match self.tags {
            Some(tags) => check_tags(tags)?,
            None => base.tags,
        };
        Ok(Settings {
            bindings,
            tags,
            limits: self.limits.unwrap_or(base.limits),
            compatibility_date: self.compatibility_date.unwrap_or(base.compatibility_date),
            compatibility_flags: self.compatibility_flags.unwrap_or(base.compatibility_flags),
            logpush: self.logpush.unwrap_or(base.logpush),
            observability: self.observability.or(base.observability),
            placement: self.placement.or(base.placement),
            annotations: self.annotations.or(base.annotations),
        })
    }
}

/// New modules, and what is said beside them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// Which module starts; one of `modules`.
    pub main_module: String,
    /// The modules; at least the main one.
    pub modules: Vec<Source>,
    /// Everything else.
    pub change: Change,
    /// Whether what `change` leaves out stays as it was, as when only content is replaced.
    pub keep_settings: bool,
}

impl<W: Send + Sync + 'static> Catalog<W> {
    /// Deploys new modules, as a new script or a new version. When this returns, the version
    /// is durable and new requests go to it; requests in flight finish on the old one.
    pub async fn push(&self, namespace: &str, script: &str, push: Push) -> Result<Script> {
        let mut held = Vec::new();
        let pushed = self.push_holding(namespace, script, push, &mut held).await;
        Held::give_back(held).await;
        pushed
    }

    async fn push_holding(
        &self,
        namespace: &str,
        script: &str,
        push: Push,
        held: &mut Vec<Held>,
    ) -> Result<Script> {
        check_name("script", script)?;
        let id = self.namespace(namespace)?.id;
        let Push {
            main_module,
            modules,
            change,
            keep_settings,
        } = push;
        let main = modules
            .iter()
            .find(|module| module.name == main_module)
            .ok_or_else(|| {
                CatalogError::NoMainModule(format!("no module is named '{main_module}'"))
            })?
            .bytes
            .clone();

        let _script = self.locks.lock(id, script).await;
        // What can be refused without judging is refused first: judging is dear.
        let (_, settings) = self.prepare(namespace, script, change.clone(), keep_settings)?;
        let limits = self.effective(settings.limits);
        let judged = self
            .runtime
            .judge(main, limits)
            .await
            .map_err(CatalogError::Invalid)?;
        let etag = etag(&modules);
        let verdict = self.keep_verdict(judged, held).await?;
        let mut stored = Vec::with_capacity(modules.len());
        for Source {
            name,
            content_type,
            bytes,
        } in modules
        {
            let len = bytes.len() as u64;
            let blob = self.references.put(bytes).await?;
            stored.push(Module {
                name,
                content_type,
                blob: blob.blob(),
                len,
            });
            held.push(blob);
        }

        // The namespace may have another name by now, or be gone, or made anew.
        let _shared = self.structure.read().await;
        let namespace = self.namespace_by_id(id, namespace)?;
        let (before, settings) = self.prepare(&namespace.name, script, change, keep_settings)?;
        let now = now_ms();
        let new = Script {
            name: script.to_owned(),
            tag: before.as_ref().map_or_else(Id::random, |old| old.tag),
            created_ms: before.as_ref().map_or(now, |old| old.created_ms),
            modified_ms: now,
            version: before.as_ref().map_or(0, |old| old.version) + 1,
            version_id: Id::random(),
            etag,
            main_module,
            modules: stored,
            verdict,
            settings,
        };
        let new = self.switch(&namespace, before, new, held).await?;
        // Under the script's lock, so that a deletion that follows finds it counted. When the
        // engine's upgrade has a module judged again, its tenant is not charged.
        self.runtime
            .deployed(&namespace.name, &new.name, new.verdict.startup_fuel);
        Ok(new)
    }

    /// Changes everything but the modules of a script that exists.
    pub async fn change_settings(
        &self,
        namespace: &str,
        script: &str,
        change: Change,
    ) -> Result<Script> {
        self.alter(namespace, script, |old| {
            let before = old.bindings.clone();
            change.apply(old, &before)
        })
        .await
    }

    /// Sets and removes secrets of a script that exists: `None` removes.
    pub async fn change_secrets(
        &self,
        namespace: &str,
        script: &str,
        secrets: Vec<(String, Option<String>)>,
    ) -> Result<Script> {
        self.alter(namespace, script, |mut settings| {
            for (name, text) in secrets {
                let at = settings
                    .bindings
                    .iter()
                    .position(|bound| bound.name == name);
                let is_secret =
                    at.is_some_and(|at| matches!(settings.bindings[at].target, Target::Secret(_)));
                match (text, at) {
                    (None, Some(at)) if is_secret => {
                        settings.bindings.remove(at);
                    }
                    (None, _) => {
                        return Err(CatalogError::SecretNotFound(super::name::shown(&name)));
                    }
                    (Some(text), Some(at)) => {
                        settings.bindings[at] = Bound::secret(&name, &text)?;
                    }
                    (Some(text), None) => settings.bindings.push(Bound::secret(&name, &text)?),
                }
            }
            let count = settings.bindings.len();
            if count > limits::BINDINGS_MAX {
                return Err(CatalogError::TooManyBindings { count });
            }
            Ok(settings)
        })
        .await
    }

    /// A new version with the same modules and other settings.
    async fn alter(
        &self,
        namespace: &str,
        script: &str,
        change: impl FnOnce(Settings) -> Result<Settings> + Send,
    ) -> Result<Script> {
        let id = self.namespace(namespace)?.id;
        let _script = self.locks.lock(id, script).await;
        let _shared = self.structure.read().await;
        let (namespace, old) = self.script(namespace, script)?;
        let settings = change(old.settings.clone())?;
        self.check_targets(&settings)?;
        let new = Script {
            modified_ms: now_ms(),
            version: old.version + 1,
            version_id: Id::random(),
            settings,
            ..old.clone()
        };
        self.references.count(new.blobs());
        let stored = self
            .switch(&namespace, Some(old), new.clone(), &mut Vec::new())
            .await;
        if stored.is_err() {
            self.references.release(new.blobs()).await;
        }
        stored
    }

    /// Judges a script's main module again for this build of the engine. `false` when the
    /// script is gone or was pushed anew meanwhile.
    pub(super) async fn judge_again(&self, namespace: Id, script: &str) -> Result<bool> {
        let key = (namespace, script.to_owned());
        let _script = self.locks.lock(namespace, script).await;
        let Some(old) = self.find_script(namespace, script)? else {
            self.pending.lock().remove(&key);
            return Ok(false);
        };
        if !self.pending.lock().contains(&key) {
            return Ok(false);
        }
        let main = old
            .modules
            .iter()
            .find(|module| module.name == old.main_module);
        let blob = main.map(|module| module.blob).ok_or_else(|| {
            CatalogError::NoMainModule(format!("no module is named '{}'", old.main_module))
        })?;
        let store = self.store.clone();
        let source = smol::unblock(move || store.blobs().read(&blob)).await?;
        let limits = self.effective(old.settings.limits);
        let judged = self
            .runtime
            .judge(Bytes::from(source), limits)
            .await
            .map_err(CatalogError::Invalid)?;
        let mut held = Vec::new();
        let verdict = self.keep_verdict(judged, &mut held).await?;
        let _shared = self.structure.read().await;
        let namespace = self.namespace_by_id(namespace, "")?;
        let Some(old) = self.find_script(namespace.id, script)? else {
            self.pending.lock().remove(&key);
            return Ok(false);
        };
        let new = Script {
            verdict,
            ..old.clone()
        };
        // The modules are named by the new row as they were by the old.
        let modules: Vec<_> = new.modules.iter().map(|module| &module.blob).collect();
        self.references.count(modules.iter().copied());
        let stored = self
            .switch(&namespace, Some(old), new.clone(), &mut held)
            .await;
        Held::give_back(held).await;
        if stored.is_err() {
            self.references.release(modules.into_iter()).await;
        }
        stored.map(|_| true)
    }

    /// The script as it is, and the settings that it would get.
    fn prepare(
        &self,
        namespace: &str,
        script: &str,
        change: Change,
        keep_settings: bool,
    ) -> Result<(Option<Script>, Settings)> {
        let namespace = self.namespace(namespace)?;
        let before = self.find_script(namespace.id, script)?;
        if before.is_none() {
            let count = self.scripts_of(namespace.id)?.len();
            if count >= limits::SCRIPTS_MAX {
                return Err(CatalogError::TooMany {
                    what: "scripts in this dispatch namespace",
                    limit: limits::SCRIPTS_MAX,
                });
            }
        }
        let old = before.as_ref().map(|script| script.settings.clone());
        let bindings = old
            .as_ref()
            .map_or_else(Vec::new, |settings| settings.bindings.clone());
        let base = old.filter(|_| keep_settings).unwrap_or_default();
        let settings = change.apply(base, &bindings)?;
        self.check_targets(&settings)?;
        Ok((before, settings))
    }

    fn namespace_by_id(&self, id: Id, name: &str) -> Result<Namespace> {
        let found = self.row(Namespace::TABLE, &id.0)?;
        found.ok_or_else(|| CatalogError::NamespaceNotFound(name.to_owned()))
    }

    /// Whether what bindings refer to exists.
    fn check_targets(&self, settings: &Settings) -> Result<()> {
        for bound in &settings.bindings {
            if let Target::Kv(id) = &bound.target
                && self.kv_namespace(&id.hex()).is_err()
            {
                return Err(CatalogError::BindingTarget {
                    name: bound.name.clone(),
                    what: "KV namespace",
                    id: id.hex(),
                });
            }
        }
        Ok(())
    }

    async fn keep_verdict(&self, judged: Judged, held: &mut Vec<Held>) -> Result<Verdict> {
        let image = self.references.put(Bytes::from(judged.image)).await?;
        let image_blob = image.blob();
        held.push(image);
        let mut snapshot_blob = None;
        if let Some(snapshot) = judged.snapshot {
            let snapshot = self.references.put(Bytes::from(snapshot)).await?;
            snapshot_blob = Some(snapshot.blob());
            held.push(snapshot);
        }
        Ok(Verdict {
            build: self.runtime.build(),
            wasi: judged.kind == GuestKind::Wasi,
            image: image_blob,
            snapshot: snapshot_blob,
            startup_fuel: judged.startup_fuel,
            startup_time_ms: judged.startup_time_ms,
        })
    }

    /// Starts the new version's Worker, stores the row durably, and switches. Starting comes
    /// before storing, so that a version that cannot start is never the stored one. The old
    /// version's blobs go last: until the new row is durable, a power cut brings it back.
    async fn switch(
        &self,
        namespace: &Namespace,
        before: Option<Script>,
        new: Script,
        held: &mut Vec<Held>,
    ) -> Result<Script> {
        let worker = self.start(namespace, &new)?;
        let key = Script::key(namespace.id, &new.name);
        let rows = Rows::default().put(Script::TABLE, key, new.clone());
        self.commit(rows, std::mem::take(held)).await?;
        self.pending
            .lock()
            .remove(&(namespace.id, new.name.clone()));
        if let Some(old) = self.serving.put(&namespace.name, &new.name, worker) {
            self.runtime.retire(&old);
        }
        if let Some(expect) = self.deployed.get() {
            expect(&namespace.name, &new.name);
        }
        if let Some(before) = before {
            self.references.release(before.blobs()).await;
        }
        Ok(new)
    }

    /// What a script gets: what it asks for up to the ceiling, else the default
    /// (spec: SEMANTICS §3).
    fn effective(&self, custom: CustomLimits) -> Limits {
        let Bounds { default, ceiling } = *self.bounds.read();
        Limits {
            cpu_ms: custom
                .cpu_ms
                .map_or(default.cpu_ms, |ms| ms.min(ceiling.cpu_ms)),
            subrequests: custom
                .subrequests
                .map_or(default.subrequests, |count| count.min(ceiling.subrequests)),
            ..default
        }
    }

    /// Takes other limits over: Workers are started anew with them, requests in flight
    /// finish under the old ones. A Worker that does not start stays as it was.
    pub async fn change_bounds(&self, bounds: Bounds) -> Result<()> {
        let _alone = self.structure.write().await;
        *self.bounds.write() = bounds;
        for namespace in self.all_namespaces()? {
            for script in self.scripts_of(namespace.id)? {
                if self.serving.get(&namespace.name, &script.name).is_none() {
                    continue;
                }
                match self.start(&namespace, &script) {
                    Ok(worker) => {
                        if let Some(old) = self.serving.put(&namespace.name, &script.name, worker) {
                            self.runtime.retire(&old);
                        }
                    }
                    Err(error) => log::error!(
                        "{}/{} keeps its old limits: {error}",
                        namespace.name,
                        script.name
                    ),
                }
            }
        }
        Ok(())
    }

    pub(super) fn start(&self, namespace: &Namespace, script: &Script) -> Result<Arc<W>> {
        let blobs = self.store.blobs();
        let version = Version {
            id: script.version_id.uuid(),
            tag: String::new(),
            timestamp: shown_time(script.modified_ms),
        };
        let bindings = script
            .settings
            .bindings
            .iter()
            .map(|bound| bound.engaged(&version))
            .collect();
        let env = Env::new(bindings, self.store.clone());
        let files = script.verdict.files().copied().collect();
        let spec = WorkerSpec {
            namespace: namespace.name.as_str().into(),
            script: script.name.as_str().into(),
            version: version.id.into(),
            kind: if script.verdict.wasi {
                GuestKind::Wasi
            } else {
                GuestKind::AbiV1
            },
            image: blobs.path(&script.verdict.image),
            snapshot: script.verdict.snapshot.map(|blob| blobs.path(&blob)),
            limits: self.effective(script.settings.limits),
            env: Arc::new(self.references.lease(env, files)),
        };
        self.runtime.start(spec).map_err(CatalogError::Start)
    }
}

/// A time as RFC 3339, in UTC.
pub fn shown_time(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .to_string()
}

fn etag(modules: &[Source]) -> String {
    let mut hash = Sha256::new();
    for module in modules {
        for part in [module.name.as_bytes(), &module.bytes] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    hex(&hash.finalize())
}
