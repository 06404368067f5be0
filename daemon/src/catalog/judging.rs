//! From modules and settings to a verdict that is stored: who is asked, and what of the answer
//! is kept.

use super::binding::Version;
use super::flags;
use super::modules::{self, Surroundings};
use super::name::Id;
use super::plans::Standing;
use super::push::{Source, shown_time};
use super::record::{Script, Settings, Verdict, now_ms};
use super::references::Held;
use super::vault::Place;
use super::versions;
use super::{Catalog, CatalogError, Result};
use crate::assets::Assets;
use crate::bindings::{Binding, Env};
use crate::engine::{GuestKind, Judged, env_of};
use bytes::Bytes;
use std::sync::Arc;

/// Which version it is, and since when: its bindings may tell it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named {
    pub(super) id: Id,
    pub(super) at_ms: i64,
}

impl Named {
    /// A version that comes to be now.
    pub(super) fn new() -> Self {
        Self {
            id: Id::random(),
            at_ms: now_ms(),
        }
    }

    /// The version that a script has.
    pub(super) fn of(script: &Script) -> Self {
        Self {
            id: script.version_id,
            at_ms: script.modified_ms,
        }
    }

    /// The bindings of this version.
    pub(super) fn bindings(
        &self,
        settings: &Settings,
        assets: Option<&Arc<Assets>>,
    ) -> Vec<Binding> {
        let version = Version {
            id: self.id.uuid(),
            tag: versions::annotations(settings)
                .remove("workers/tag")
                .unwrap_or_default(),
            timestamp: shown_time(self.at_ms),
        };
        let bindings = settings.bindings.iter();
        bindings
            .map(|bound| bound.engaged(&version, settings, assets))
            .collect()
    }
}

impl<W: Send + Sync + 'static> Catalog<W> {
    /// Judges modules under these settings, and stores what came of it.
    pub(super) async fn judge(
        &self,
        place: Place<'_>,
        main_module: &str,
        modules: &[Source],
        settings: &Settings,
        named: &Named,
        held: &mut Vec<Held>,
    ) -> Result<Verdict> {
        let pushed = modules::pushed(main_module, modules, || {
            let (date, flags) = (&settings.compatibility_date, &settings.compatibility_flags);
            let flags = flags::enabled(date, flags);
            Surroundings {
                compatibility_date: date.clone(),
                flags: flags.into_iter().map(str::to_owned).collect(),
                env: self.env(settings, named),
            }
        })?;
        let has_modules = modules::has_modules(&pushed);
        let standing = Standing::new(place.namespace, place.script, settings);
        let (limits, _) = self.effective(&standing);
        let judged = self
            .runtime
            .judge(standing.judged_as(), pushed, limits)
            .await
            .map_err(CatalogError::Invalid)?;
        if judged.told.handlers.is_empty() && judged.told.entrypoints.is_empty() {
            return Err(CatalogError::NoHandlers);
        }
        // What it evaluated may have kept a secret.
        let may_tell = judged.told.env_read
            && settings
                .bindings
                .iter()
                .any(|bound| bound.target.is_secret());
        let verdict = self
            .keep_verdict(judged, may_tell.then_some(place), held)
            .await?;
        Ok(Verdict {
            has_modules,
            ..verdict
        })
    }

    /// What a Worker with these settings finds in `env`, names and encoded values.
    fn env(&self, settings: &Settings, named: &Named) -> Vec<(String, Vec<u8>)> {
        env_of(&Env::new(
            named.bindings(settings, None),
            self.store.clone(),
        ))
    }

    /// Whether other settings mean that a script's modules have to be evaluated again.
    pub(super) fn must_judge(
        &self,
        place: Place<'_>,
        old: &Script,
        settings: &Settings,
        named: &Named,
    ) -> bool {
        if old.verdict.kind != GuestKind::JavaScript {
            return false;
        }
        let enabled = |settings: &Settings| {
            flags::enabled(&settings.compatibility_date, &settings.compatibility_flags)
        };
        old.settings.compatibility_date != settings.compatibility_date
            || enabled(&old.settings) != enabled(settings)
            || old.verdict.env_read
                && self.env(&self.vault.unseal(place, &old.settings), &Named::of(old))
                    != self.env(settings, named)
    }

    /// A script's modules, read from the store.
    pub(super) async fn sources(&self, script: &Script) -> Result<Vec<Source>> {
        let (store, modules) = (self.store.clone(), script.modules.clone());
        postern_task::unblock(move || {
            let modules = modules.into_iter().filter(|it| !it.is_source_map());
            let read = modules.map(|module| {
                Ok(Source {
                    bytes: Bytes::from(store.blobs().read(&module.blob)?),
                    name: module.name,
                    content_type: module.content_type,
                })
            });
            read.collect()
        })
        .await
    }

    /// Stores what came of judging; `secret_of`: whose secrets the snapshot may hold.
    async fn keep_verdict(
        &self,
        judged: Judged,
        secret_of: Option<Place<'_>>,
        held: &mut Vec<Held>,
    ) -> Result<Verdict> {
        let snapshot = match (judged.snapshot, secret_of) {
            (Some(snapshot), Some(place)) => Some(self.vault.seal_snapshot(place, &snapshot)?),
            (snapshot, _) => snapshot,
        };
        let mut stored = [None, None];
        for (blob, bytes) in stored.iter_mut().zip([judged.image, snapshot]) {
            if let Some(bytes) = bytes {
                let put = self.references.put(Bytes::from(bytes)).await?;
                *blob = Some(put.blob());
                held.push(put);
            }
        }
        let [image, snapshot] = stored;
        Ok(Verdict {
            build: self.runtime.build(judged.kind),
            kind: judged.kind,
            image,
            snapshot,
            pages: judged.pages,
            startup_fuel: judged.startup_fuel,
            startup_time_ms: judged.startup_time_ms,
            has_modules: true,
            handlers: judged.told.handlers,
            entrypoints: judged.told.entrypoints,
            env_read: judged.told.env_read,
        })
    }
}
