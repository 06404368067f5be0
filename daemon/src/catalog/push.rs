//! A new version of a script: judge, store durably, switch in.
//!
//! Nothing is stored before the judge agrees, nothing runs before it is stored, and a
//! failure at any step leaves the version before as it was.

use super::assets::AssetsChange;
use super::binding::{self, Bound, Keep, Target, Wanted};
use super::deployed::{Deployed, Neighbours};
use super::judging::Named;
use super::name::{ACCOUNT_ID, Id, check_name, check_tags, hex};
use super::record::{CustomLimits, Module, Namespace, Script, Settings, Verdict};
use super::references::Held;
use super::rows::Rows;
use super::{Bounds, Catalog, CatalogError, Result, compatibility, flags, limits};
use crate::assets::Assets;
use crate::bindings::Env;
use crate::cache::Owner;
use crate::engine::WorkerSpec;
use crate::engine::limits::Limits;
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
    pub(super) fn apply(self, base: Settings, before: &[Bound]) -> Result<Settings> {
        if let Some(date) = &self.compatibility_date {
            compatibility::check_date(date)?;
        }
        compatibility::check_flags(self.compatibility_flags.as_deref().unwrap_or_default())?;
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
    /// The static assets.
    pub assets: AssetsChange,
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
            assets,
        } = push;
        let _script = self.locks.lock(id, script).await;
        // What can be refused without judging is refused first: judging is dear.
        let (_, settings) = self.prepare(namespace, script, change.clone(), keep_settings)?;
        let named = Named::new();
        let verdict = if modules.is_empty() {
            Verdict::of_nothing()
        } else {
            self.judge(&main_module, &modules, &settings, &named, held)
                .await?
        };
        let old = self.find_script(id, script)?;
        let old = old.and_then(|old| old.assets);
        let assets = self
            .take_assets(id, script, old.as_ref(), &assets, held)
            .await?;
        if modules.is_empty() && assets.is_none() {
            return Err(CatalogError::NoMainModule(
                "the upload brings neither a module nor assets".to_owned(),
            ));
        }
        let etag = etag(&modules);
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
        let new = Script {
            name: script.to_owned(),
            tag: before.as_ref().map_or_else(Id::random, |old| old.tag),
            created_ms: before.as_ref().map_or(named.at_ms, |old| old.created_ms),
            modified_ms: named.at_ms,
            version: before.as_ref().map_or(0, |old| old.version) + 1,
            version_id: named.id,
            etag,
            main_module,
            modules: stored,
            verdict,
            settings,
            assets,
            schedules: before
                .as_ref()
                .map_or_else(Vec::new, |old| old.schedules.clone()),
        };
        let new = self.switch(&namespace, before, new, held).await?;
        // Under the script's lock, so that a deletion that follows finds it counted. When the
        // engine's upgrade has a module judged again, its tenant is not charged.
        self.runtime
            .deployed(&namespace.name, &new.name, new.verdict.startup_fuel);
        Ok(new)
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

    pub(super) fn namespace_by_id(&self, id: Id, name: &str) -> Result<Namespace> {
        if id == ACCOUNT_ID {
            return Ok(Namespace::account());
        }
        let found = self.row(Namespace::TABLE, &id.0)?;
        found.ok_or_else(|| CatalogError::NamespaceNotFound(name.to_owned()))
    }

    /// Whether what bindings refer to exists.
    pub(super) fn check_targets(&self, settings: &Settings) -> Result<()> {
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

    /// Starts the new version's Worker, stores the row durably, and switches. Starting comes
    /// before storing, so that a version that cannot start is never the stored one. The old
    /// version's blobs go last: until the new row is durable, a power cut brings it back.
    pub(super) async fn switch(
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
            self.retire(&old);
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
    pub(super) fn effective(&self, custom: CustomLimits) -> Limits {
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
                            self.retire(&old);
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

    pub(super) fn start(&self, namespace: &Namespace, script: &Script) -> Result<Arc<Deployed<W>>> {
        let blobs = self.store.blobs();
        let has_worker = !script.modules.is_empty();
        let assets = script.assets.as_ref().map(|assets| {
            let settings = &script.settings;
            let date = &settings.compatibility_date;
            let compatibility_flags = &settings.compatibility_flags;
            let navigates = "assets_navigation_prefers_asset_serving";
            Arc::new(Assets::new(
                blobs.clone(),
                assets.manifest,
                assets.config.clone(),
                has_worker,
                flags::enabled(date, compatibility_flags).contains(&navigates),
            ))
        });
        let worker = if has_worker {
            Some(self.start_worker(namespace, script, assets.as_ref())?)
        } else {
            None
        };
        let manifest = script.assets.iter().map(|assets| assets.manifest).collect();
        Ok(Arc::new(Deployed {
            worker,
            _claim: assets.is_some().then(|| self.references.claim(manifest)),
            assets,
        }))
    }

    fn start_worker(
        &self,
        namespace: &Namespace,
        script: &Script,
        assets: Option<&Arc<Assets>>,
    ) -> Result<Arc<W>> {
        let blobs = self.store.blobs();
        let named = Named::of(script);
        let name: Arc<str> = namespace.name.as_str().into();
        let mut env = Env::new(named.bindings(&script.settings, assets), self.store.clone())
            .with_limiter(self.limiter.clone())
            .with_services(Arc::new(Neighbours {
                catalog: self.this.clone(),
                namespace: name.clone(),
            }));
        if let Some(outbound) = self.runtime.outbound() {
            env = env
                .with_outbound(outbound)
                .with_sockets(self.runtime.sockets());
        }
        if let Some(analytics) = self.runtime.analytics() {
            env = env.with_analytics(analytics, script.tag.0);
        }
        if let Some(cache) = self.runtime.cache() {
            let owner = cache_owner(namespace, script);
            env = env.with_cache(cache, owner, namespace.trusted_workers);
        }
        let files = script.verdict.files().copied().collect();
        let spec = WorkerSpec {
            namespace: name,
            script: script.name.as_str().into(),
            version: named.id.uuid().into(),
            kind: script.verdict.kind,
            image: script.verdict.image.map(|blob| blobs.path(&blob)),
            snapshot: script.verdict.snapshot.map(|blob| blobs.path(&blob)),
            pages: script.verdict.pages,
            handlers: script.verdict.handlers.clone(),
            limits: self.effective(script.settings.limits),
            env: Arc::new(self.references.lease(env, files)),
        };
        self.runtime.start(spec).map_err(CatalogError::Start)
    }
}

/// Whose a script's cached answers are: its own, as long as it exists, or in a namespace of the
/// operator's own Workers all of theirs (spec: SEMANTICS §1, §21).
pub(super) fn cache_owner(namespace: &Namespace, script: &Script) -> Owner {
    let id = hex(&namespace.id.0);
    if namespace.trusted_workers {
        return Owner::new(&id);
    }
    Owner::new(&format!("{id}/{}/{}", script.created_ms, script.name))
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
