//! A new version of a script: judge, store durably, switch in.
//!
//! Nothing is stored before the judge agrees, nothing runs before it is stored, and a
//! failure at any step leaves the version before as it was.

use super::assets::AssetsChange;
use super::binding::{self, Bound, Keep, Target, Wanted};
use super::deployed::{Deployed, Neighbours};
use super::deployments::Next;
use super::judging::Named;
use super::name::{ACCOUNT_ID, Id, check_name, check_tags, hex, is_recorded, shown, tenant_of};
use super::plans::Standing;
use super::record::{CustomLimits, Module, Namespace, Script, ScriptAssets, Settings, Verdict};
use super::references::Held;
use super::rows::Rows;
use super::services::Coming;
use super::subject::Subject;
use super::vault::Place;
use super::versions::{self, Note, Version};
use super::{Catalog, CatalogError, Result, compatibility, flags, limits, source_maps};
use crate::assets::Assets;
use crate::bindings::Env;
use crate::cache::Owner;
use crate::engine::WorkerSpec;
use crate::engine::source_map::SourceMap;
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
    /// Who makes it.
    pub note: Note,
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
            // What is said of a version is not said of the next one.
            annotations: self.annotations,
        })
    }
}

/// New modules, and what is said beside them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// Which module starts; one of `modules`.
    pub main_module: String,
    /// The modules, at least the main one, and their source maps.
    pub modules: Vec<Source>,
    /// Everything else.
    pub change: Change,
    /// Whether what `change` leaves out stays as it was, as when only content is replaced.
    pub keep_settings: bool,
    /// The static assets.
    pub assets: AssetsChange,
}

/// A version that is judged and whose files are there, and that no row tells of yet.
pub(super) struct Made {
    named: Named,
    etag: String,
    main_module: String,
    modules: Vec<Module>,
    pub(super) verdict: Verdict,
    assets: Option<ScriptAssets>,
}

impl<W: Send + Sync + 'static> Catalog<W> {
    /// Deploys new modules, as a new script or a new version. When this returns, the version
    /// is durable and new requests go to it; requests in flight finish on the old one.
    pub async fn push(
        &self,
        namespace: &str,
        script: impl Into<Subject>,
        push: Push,
    ) -> Result<Script> {
        self.push_version(namespace, script.into(), push, true)
            .await
    }

    /// Makes a version, and deploys it or not.
    pub(super) async fn push_version(
        &self,
        namespace: &str,
        script: Subject,
        push: Push,
        deploys: bool,
    ) -> Result<Script> {
        let mut held = Vec::new();
        let pushed = self
            .push_holding(namespace, &script, push, deploys, &mut held)
            .await;
        Held::give_back(held).await;
        pushed
    }

    async fn push_holding(
        &self,
        namespace: &str,
        subject: &Subject,
        push: Push,
        deploys: bool,
        held: &mut Vec<Held>,
    ) -> Result<Script> {
        let script: &str = subject;
        check_name("script", script)?;
        let before = self.namespace(namespace)?;
        let _script = self.locks.lock(before.id, script).await;
        let (change, keep_settings) = (push.change.clone(), push.keep_settings);
        let note = change.note.clone();
        let made = self
            .make(&before, subject, push, deploys, Coming::default(), held)
            .await?;
        // The namespace may have another name by now, or be gone, or made anew.
        let _shared = self.structure.read().await;
        let namespace = self.namespace_by_id(before.id, namespace)?;
        let (before, settings) = self.prepare(
            &namespace,
            subject,
            change,
            keep_settings,
            Coming::default(),
        )?;
        let new = self.version_of(&namespace, script, made, (before.as_ref(), settings))?;
        if !deploys {
            if before.is_none() {
                // It was deleted meanwhile.
                return Err(self.no_script(&namespace, script));
            }
            return self.store_version(&namespace, new, note).await;
        }
        let next = Next::whole(new, note);
        let new = self.switch(&namespace, before, next).await?;
        // Under the script's lock, so that a deletion that follows finds it counted. When the
        // engine's upgrade has a module judged again, its tenant is not charged.
        self.runtime
            .deployed(&namespace.name, &new.name, new.verdict.startup_fuel);
        Ok(new)
    }

    /// Judges modules and stores their files, and no row. To be called with the script's lock held.
    /// `coming` is what comes to be with it.
    pub(super) async fn make(
        &self,
        namespace: &Namespace,
        subject: &Subject,
        push: Push,
        deploys: bool,
        coming: Coming<'_>,
        held: &mut Vec<Held>,
    ) -> Result<Made> {
        let script: &str = subject;
        let id = namespace.id;
        let Push {
            main_module,
            modules,
            change,
            keep_settings,
            assets,
        } = push;
        let (maps, modules) = source_maps::apart(modules);
        // What can be refused without judging is refused first: judging is dear.
        let (_, settings) = self.prepare(namespace, subject, change, keep_settings, coming)?;
        let place = Place {
            namespace: id,
            script,
        };
        for bound in &settings.bindings {
            if let Target::Part(_, part) = &bound.target
                && !modules.iter().any(|module| module.name == *part)
            {
                return Err(CatalogError::BindingTarget {
                    name: bound.name.clone(),
                    what: "part",
                    id: shown(part),
                });
            }
        }
        let named = Named::new();
        let verdict = if modules.is_empty() {
            Verdict::of_nothing()
        } else {
            self.judge(place, &main_module, &modules, &settings, &named, held)
                .await?
        };
        if !deploys && !verdict.has_modules && !modules.is_empty() {
            return Err(CatalogError::BadModule(
                "a version that is not deployed at once must be made of modules, and this script \
                 adds event listeners; export its handlers, or deploy it"
                    .to_owned(),
            ));
        }
        let old = self.newest(id, script)?.and_then(|newest| newest.assets);
        let assets = self
            .take_assets(id, script, old.as_ref(), &assets, held)
            .await?;
        if modules.is_empty() && assets.is_none() {
            return Err(CatalogError::NoMainModule(
                "the upload brings neither a module nor assets".to_owned(),
            ));
        }
        let etag = etag(&modules);
        let indexes = source_maps::indexes(maps, &modules).await;
        let mut stored = Vec::with_capacity(modules.len());
        for Source {
            name,
            content_type,
            bytes,
        } in modules.into_iter().chain(indexes)
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
        Ok(Made {
            named,
            etag,
            main_module,
            modules: stored,
            verdict,
            assets,
        })
    }

    /// The row of what was made, with these settings, in place of the one before.
    pub(super) fn version_of(
        &self,
        namespace: &Namespace,
        script: &str,
        made: Made,
        (before, settings): (Option<&Script>, Settings),
    ) -> Result<Script> {
        let place = Place {
            namespace: namespace.id,
            script,
        };
        let at_ms = made.named.at_ms;
        Ok(Script {
            name: script.to_owned(),
            tag: before.map_or_else(Id::random, |old| old.tag),
            created_ms: before.map_or(at_ms, |old| old.created_ms),
            modified_ms: at_ms,
            version: self.next_number(namespace.id, script)?,
            version_id: made.named.id,
            etag: made.etag,
            main_module: made.main_module,
            modules: made.modules,
            verdict: made.verdict,
            settings: self.vault.seal(place, settings)?,
            assets: made.assets,
            schedules: before.map_or_else(Vec::new, |old| old.schedules.clone()),
        })
    }

    /// The script as it is, and the settings that it would get. `coming` is what comes to be
    /// with it.
    pub(super) fn prepare(
        &self,
        namespace: &Namespace,
        subject: &Subject,
        mut change: Change,
        keep_settings: bool,
        coming: Coming<'_>,
    ) -> Result<(Option<Script>, Settings)> {
        let script: &str = subject;
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
        if let Some(before) = &before {
            subject.check(before)?;
        }
        change.tags = change.tags.or_else(|| subject.tags_kept(before.as_ref()));
        let place = Place {
            namespace: namespace.id,
            script,
        };
        let old = before.as_ref();
        let old = old.map(|script| self.vault.unseal(place, &script.settings));
        // Of the newest version, deployed or not: secrets may have been put into it.
        let newest = self.newest(namespace.id, script)?;
        let bindings = newest.map_or_else(Vec::new, |newest| {
            self.vault.unseal(place, &newest.settings).bindings
        });
        let base = old.filter(|_| keep_settings).unwrap_or_default();
        let mut settings = change.apply(base, &bindings)?;
        let tags = before.as_ref().map(|before| &*before.settings.tags);
        subject.check_tags(tags, &settings.tags)?;
        self.check_targets_but(&mut settings, coming)?;
        self.find_services(namespace, subject, &mut settings, (&bindings, coming))?;
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
    pub(super) fn check_targets(&self, settings: &mut Settings) -> Result<()> {
        self.check_targets_but(settings, Coming::default())
    }

    /// The same, where something is about to be there.
    fn check_targets_but(&self, settings: &mut Settings, coming: Coming<'_>) -> Result<()> {
        self.find_dispatched(settings)?;
        for bound in &settings.bindings {
            if let Target::Kv(id) = &bound.target
                && !coming.kv.contains(id)
                && self.kv_namespace(&id.hex()).is_err()
            {
                return Err(CatalogError::NoKvTarget(id.hex()));
            }
        }
        Ok(())
    }

    /// Stores a version that is not deployed.
    pub(super) async fn store_version(
        &self,
        namespace: &Namespace,
        new: Script,
        note: Note,
    ) -> Result<Script> {
        let rows = Rows::default();
        let deployed = self.deployed_ids(namespace.id, &new.name)?;
        let version = Version::of(&new, note);
        let (rows, unneeded) = self.keep_version(rows, namespace.id, version, &deployed)?;
        let held = new
            .blobs()
            .map(|blob| self.references.hold(*blob))
            .collect();
        self.commit(rows, held).await?;
        self.references.release(unneeded.iter()).await;
        Ok(new)
    }

    /// Starts one version; `beside` it runs another, whose assets are served too.
    pub(super) fn start(
        &self,
        namespace: &Namespace,
        script: &Script,
        beside: Option<&Script>,
    ) -> Result<Arc<Deployed<W>>> {
        let has_worker = !script.modules.is_empty();
        let other = beside.and_then(|beside| self.assets(beside));
        let assets = self.assets(script).map(|assets| {
            Arc::new(match other {
                Some(other) => assets.beside(Arc::new(other)),
                None => assets,
            })
        });
        let worker = if has_worker {
            Some(self.start_worker(namespace, script, assets.as_ref())?)
        } else {
            None
        };
        let both = [Some(script), beside].into_iter().flatten();
        let manifests = both.filter_map(|script| Some(script.assets.as_ref()?.manifest));
        Ok(Arc::new(Deployed {
            version: script.version_id,
            split: None,
            worker,
            _claim: assets
                .is_some()
                .then(|| self.references.claim(manifests.collect())),
            assets,
        }))
    }

    fn assets(&self, script: &Script) -> Option<Assets> {
        let has_worker = !script.modules.is_empty();
        let blobs = self.store.blobs();
        script.assets.as_ref().map(|assets| {
            let settings = &script.settings;
            let date = &settings.compatibility_date;
            let compatibility_flags = &settings.compatibility_flags;
            let navigates = "assets_navigation_prefers_asset_serving";
            Assets::new(
                blobs.clone(),
                assets.manifest,
                assets.config.clone(),
                has_worker,
                flags::enabled(date, compatibility_flags).contains(&navigates),
            )
        })
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
        let place = Place {
            namespace: namespace.id,
            script: &script.name,
        };
        let settings = self.vault.unsealed(place, &script.settings)?;
        let snapshot = script.verdict.snapshot.map(|blob| blobs.path(&blob));
        let (snapshot, in_memory) = match snapshot {
            Some(path) if script.verdict.env_read => {
                let (path, in_memory) = self.vault.snapshot(place, path)?;
                (Some(path), in_memory)
            }
            snapshot => (snapshot, None),
        };
        let mut env = Env::new(named.bindings(&settings, assets), self.store.clone())
            .with_limiter(self.limiter.clone())
            .with_trust(namespace.trusted_workers)
            .with_services(Arc::new(Neighbours {
                catalog: self.this.clone(),
                namespace: name.clone(),
                is_trusted: namespace.trusted_workers,
            }))
            .with_own(script.name.as_str().into());
        if let Some(outbound) = self.runtime.outbound() {
            env = env
                .with_outbound(outbound, &name, &script.name)
                .with_sockets(self.runtime.sockets());
        }
        if let Some(analytics) = self.runtime.analytics() {
            env = env.with_analytics(analytics, script.tag.0);
        }
        if let Some(loads) = self.loader(namespace, script, &named.id.uuid()) {
            env = env.with_loader(loads, self.runtime.dynamic_workers());
        }
        if let Some(cache) = self.runtime.cache() {
            let owner = cache_owner(namespace, script);
            env = env.with_cache(cache, owner, namespace.trusted_workers);
        }
        let standing = Standing::new(namespace.id, &script.name, &script.settings);
        let (limits, quotas) = self.effective(&standing);
        let maps = script.source_maps();
        let mut files: Vec<_> = script.verdict.files().copied().collect();
        files.extend(maps.clone().map(|map| map.blob));
        let spec = WorkerSpec {
            namespace: name,
            script: script.name.as_str().into(),
            version: named.id.uuid().into(),
            tenant: tenant_of(&script.name, &script.settings.tags).into(),
            kind: script.verdict.kind,
            image: script.verdict.image.map(|blob| blobs.path(&blob)),
            snapshot,
            pages: script.verdict.pages,
            handlers: script.verdict.handlers.clone(),
            maps: maps
                .map(|map| SourceMap {
                    module: map.name.clone(),
                    file: blobs.path(&map.blob),
                })
                .collect(),
            limits,
            env: Arc::new(self.references.lease(
                env,
                files,
                in_memory,
                versions::labels(&script.settings),
            )),
            is_trusted: namespace.trusted_workers,
            budget: None,
            is_recorded: is_recorded(&script.settings.tags),
            meter: self.meter(&standing, quotas),
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
