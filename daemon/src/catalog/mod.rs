//! What is deployed: dispatch namespaces, their scripts and the KV namespaces.
//!
//! Desired state is rows and blobs in the store; running Workers are the engine's. This room
//! keeps the two alike: a change is judged, stored durably, then switched in, and after a
//! restart everything that was acknowledged runs again. It knows no HTTP.
//!
//! # Implementation
//!
//! Two kinds of locks order changes. A script's own lock is held through a whole change of
//! that script, so that two pushes of one script come one after the other while pushes of
//! different scripts overlap, judging included. The `structure` lock is shared by those
//! changes for as long as they read rows and write them, and held alone by what changes many
//! rows or what others refer to: creating, renaming and deleting namespaces, and deleting by
//! tag. A script's lock is always taken first.
//!
//! A change that is dropped midway, before it returns, harms nothing, but it may be stored
//! and not run until the next start: callers let changes run to their end even if nobody
//! waits for the answer any more.
//!
//! Nothing is kept twice: apart from the table of running Workers and the counts of blobs,
//! every answer comes from the store's rows.

mod assets;
pub mod binding;
pub mod compatibility;
mod deployed;
pub mod deployments;
mod dispatch;
mod dynamics;
pub mod entrances;
mod error;
mod flags;
pub mod guard;
mod judging;
mod kv_namespaces;
pub mod limits;
mod loader;
mod locks;
mod log_settings;
pub mod metadata;
mod modules;
pub mod name;
mod namespaces;
mod overrides;
pub mod plans;
mod push;
pub mod record;
mod references;
pub mod release;
mod revise;
mod rows;
mod runtime;
mod schedules;
mod scripts;
mod services;
mod serving;
mod source_maps;
mod split;
mod start;
mod subject;
pub mod syntax;
mod tails;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
pub mod trials;
mod tuning;
mod vault;
pub mod versions;

pub use assets::{Announced, AssetsChange, Begun, FILE_MAX as ASSET_MAX, FILES_MAX};
pub use deployed::{Deployed, starting};
pub use error::CatalogError;
pub use log_settings::LogSettings;
pub use modules::{bare_script, check_name as check_module_name};
pub use push::{Change, Push, Source, shown_time};
pub use runtime::{Fetching, Judgement, Machine, Runtime, Triggering};
pub use source_maps::{SOURCE_MAP, named as source_map_of};
pub use subject::Subject;
pub use tails::WantedConsumer;
pub use vault::{VaultError, forget as forget_secrets};

use crate::bindings::Limiter;
use crate::cron::Timetable;
use crate::engine::Worker;
use crate::engine::limits::Limits;
use crate::plans::Plans;
use crate::store::Store;
use assets::Sessions;
use dynamics::Accounts;
use entrances::{Gate, Previews};
use guard::Watch;
use locks::ScriptLocks;
use name::Id;
use parking_lot::{Mutex, RwLock};
use record::Namespace;
use references::References;
use serving::Serving;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock, Weak};
use vault::Vault;

/// A result of the catalog.
pub type Result<T, E = CatalogError> = std::result::Result<T, E>;

/// What is deployed, and what runs. `W` is the engine's Worker except in tests.
pub struct Catalog<W = Worker> {
    store: Store,
    runtime: Arc<dyn Runtime<W>>,
    bounds: RwLock<Bounds>,
    serving: Serving<Deployed<W>>,
    /// How requests come to Workers outside of dispatch namespaces.
    gate: Gate,
    /// What runs for previews alone.
    previews: Previews<W>,
    /// What Workers' calls are counted in.
    limiter: Limiter,
    /// What dynamic Workers have of the memory.
    dynamics: Accounts,
    /// Uploads of assets under way.
    sessions: Sessions,
    /// This catalog, for Workers that call others.
    this: Weak<Self>,
    references: Arc<References>,
    locks: ScriptLocks,
    structure: smol::lock::RwLock<()>,
    /// What encrypts secrets.
    vault: Vault,
    /// What the operator states of limits.
    plans: Plans,
    /// Limits that return unless they are confirmed.
    trials: trials::Trials,
    /// What counts versions that run side by side.
    watch: Arc<Watch>,
    /// Scripts that do not run, because another build judged them or they failed to start.
    pending: Mutex<BTreeSet<(Id, String)>>,
    /// Told of scripts that are deployed.
    deployed: OnceLock<Named>,
    /// Told of scripts that are deleted.
    forgotten: OnceLock<Named>,
    /// When scripts are due.
    timetable: Arc<Timetable<ScriptKey>>,
}

/// Which script: its dispatch namespace, which may be renamed, and its name.
pub type ScriptKey = (Id, String);

type Named = Box<dyn Fn(&str, &str) + Send + Sync>;

/// The limits of scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// What a script gets that asks for nothing.
    pub default: Limits,
    /// What a script may ask for.
    pub ceiling: Limits,
    /// What the board file allows that to be.
    pub board: Limits,
    /// Versions that are kept of a script, deployed ones included; at most
    /// [`VERSIONS_MAX`](versions::VERSIONS_MAX).
    pub versions_kept: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            default: Limits::default(),
            ceiling: Limits::default(),
            board: Limits::default(),
            versions_kept: versions::VERSIONS_DEFAULT,
        }
    }
}

impl<W: Send + Sync + 'static> Catalog<W> {
    /// What answers for a script now. This is the data plane's way in: it allocates nothing and
    /// waits for nothing.
    pub fn deployed(&self, namespace: &str, script: &str) -> Option<Arc<Deployed<W>>> {
        self.serving.get(namespace, script)
    }

    /// The Worker that answers for a script now, if it has one.
    pub fn worker(&self, namespace: &str, script: &str) -> Option<Arc<W>> {
        self.serving.get(namespace, script)?.worker.clone()
    }

    /// How many Workers run, and how many scripts wait to be judged again.
    pub fn counts(&self) -> (usize, usize) {
        (self.serving.count(), self.pending.lock().len())
    }

    /// Whether a script is deployed but does not run yet, so that a request for it should
    /// be told to come again rather than that there is no such Worker.
    pub fn is_pending(&self, namespace: &str, script: &str) -> bool {
        if self.pending.lock().is_empty() {
            return false;
        }
        let Ok(namespace) = self.namespace(namespace) else {
            return false;
        };
        self.is_pending_in(namespace.id, script)
    }

    fn is_pending_in(&self, namespace: Id, script: &str) -> bool {
        let pending = self.pending.lock();
        !pending.is_empty() && pending.contains(&(namespace, script.to_owned()))
    }

    /// Has this called with namespace and name of each script that runs, now and whenever one is
    /// deployed, so that what others keep by name is there before its first request. Once only;
    /// a second call changes nothing.
    pub fn on_deploy(&self, expect: impl Fn(&str, &str) + Send + Sync + 'static) {
        self.serving.each(&expect);
        let _ = self.deployed.set(Box::new(expect));
    }

    /// Has this called with namespace and name of each script that is deleted, so that what
    /// others keep by name goes with it. Once only; a second call changes nothing.
    pub fn on_delete(&self, forget: impl Fn(&str, &str) + Send + Sync + 'static) {
        let _ = self.forgotten.set(Box::new(forget));
    }

    /// Where data points go, if anywhere.
    pub fn analytics(&self) -> Option<crate::analytics::Analytics> {
        self.runtime.analytics()
    }

    /// What counts tenants' use, if anything.
    pub fn usage(&self) -> Option<crate::usage::Usage> {
        self.runtime.usage()
    }

    /// The store below, for what is not the catalog's: KV values and tokens.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Whether a change of this script is under way.
    #[cfg(test)]
    pub(crate) fn is_locked(&self, namespace: &str, script: &str) -> bool {
        self.namespace(namespace)
            .is_ok_and(|namespace| self.locks.has(namespace.id, script))
    }

    /// Every dispatch namespace, and the one of Workers that are in none.
    fn all_namespaces(&self) -> Result<Vec<Namespace>> {
        let mut all = self.dispatch_namespaces()?;
        all.push(Namespace::account());
        Ok(all)
    }

    fn dispatch_namespaces(&self) -> Result<Vec<Namespace>> {
        self.rows(Namespace::TABLE, &[])
    }
}
