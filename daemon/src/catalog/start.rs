//! From rows to running Workers when the daemon starts, and judging again after an upgrade.

use super::locks::ScriptLocks;
use super::name::Id;
use super::record::{Namespace, Script};
use super::references::References;
use super::rows::Rows;
use super::serving::Serving;
use super::vault::{self, Place, Vault};
use super::{Bounds, Catalog, CatalogError, Result, Runtime};
use crate::plans::Plans;
use crate::store::Store;
use parking_lot::{Mutex, RwLock};
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Blobs that no row names are removed at start when they are older than this. Nothing is
/// being pushed then, so the age only guards against clocks that jump.
const ORPHAN_AGE: Duration = Duration::from_secs(0);

impl<W: Send + Sync + 'static> Catalog<W> {
    /// Opens what the store holds: everything acknowledged is deployed again. Scripts that
    /// this build of the engine did not judge are left for [`Catalog::refresh`]. A script
    /// that cannot be started is reported in the log and does not keep others from running.
    /// `keyring` names the device key in the kernel's keyring, if it is there.
    pub fn open(
        store: Store,
        keyring: Option<&str>,
        runtime: Arc<dyn Runtime<W>>,
        bounds: Bounds,
    ) -> Result<Arc<Self>, CatalogError> {
        let vault = Vault::open(&store, keyring)?;
        let plans = Plans::open(store.clone())?;
        let catalog = Arc::new_cyclic(|this| Self {
            this: this.clone(),
            dynamics: Default::default(),
            sessions: Default::default(),
            limiter: Default::default(),
            references: References::new(store.clone()),
            store,
            runtime,
            bounds: RwLock::new(bounds),
            serving: Serving::new(),
            gate: Default::default(),
            previews: Default::default(),
            locks: ScriptLocks::default(),
            vault,
            plans,
            trials: Default::default(),
            watch: Arc::default(),
            structure: smol::lock::RwLock::new(()),
            pending: Mutex::new(BTreeSet::new()),
            deployed: OnceLock::new(),
            forgotten: OnceLock::new(),
            timetable: Default::default(),
        });
        // What rows of before lack, or have otherwise now.
        let mut newer = Rows::default();
        for namespace in catalog.all_namespaces()? {
            catalog.serving.call(namespace.id, &namespace.name);
            for mut script in catalog.scripts_of(namespace.id)? {
                if vault::is_plain(&script) {
                    let place = Place {
                        namespace: namespace.id,
                        script: &script.name,
                    };
                    script.settings = catalog.vault.seal(place, script.settings)?;
                    let key = Script::key(namespace.id, &script.name);
                    newer = newer.put(Script::TABLE, key, script.clone());
                }
                let versions = catalog.versions_of(namespace.id, &script.name)?;
                for version in &versions {
                    catalog.references.count(version.script.blobs());
                    catalog.adopt_stored(&version.script);
                }
                if !versions.iter().any(|it| it.id() == script.version_id) {
                    newer = catalog.keep_first(newer, namespace.id, &script);
                }
                catalog.references.count(script.blobs());
                catalog.adopt_stored(&script);
                catalog.schedule_stored(&namespace, &script);
                catalog.tail_stored(&namespace, &script)?;
                let beside = catalog.beside(namespace.id, &script)?;
                let mut both = [Some(&script), beside.as_ref().map(|it| &it.script)]
                    .into_iter()
                    .flatten();
                if both.all(|script| catalog.is_judged(script)) {
                    catalog.start_stored(&namespace, &script);
                } else {
                    catalog.pend(namespace.id, &script.name);
                }
            }
        }
        let mut batch = catalog.store.records().batch();
        newer.write(&mut batch)?;
        batch.commit()?;
        catalog.open_gate()?;
        let swept = catalog
            .store
            .blobs()
            .sweep(|blob| catalog.references.has(blob), ORPHAN_AGE)?;
        if swept > 0 {
            log::info!("removed {swept} blob(s) of pushes that were never acknowledged");
        }
        Ok(catalog)
    }

    fn start_stored(&self, namespace: &Namespace, script: &Script) {
        match self.start_rows(namespace, script) {
            Ok(deployed) => self.put_in(namespace, &script.name, deployed),
            Err(error) => {
                log::error!("{}/{} does not start: {error}", namespace.name, script.name);
                self.pend(namespace.id, &script.name);
            }
        }
    }

    fn pend(&self, namespace: Id, script: &str) {
        self.pending.lock().insert((namespace, script.to_owned()));
    }

    /// Judges again, one by one, what does not run yet. Returns how many Workers it brought
    /// up. To be run once after [`Catalog::open`], beside everything else.
    pub async fn refresh(&self) -> usize {
        let pending: Vec<_> = self.pending.lock().iter().cloned().collect();
        let mut started = 0;
        for (namespace, script) in pending {
            match self.judge_again(namespace, &script).await {
                Ok(true) => started += 1,
                Ok(false) => {}
                Err(error) => log::error!("{script} could not be judged again: {error}"),
            }
        }
        started
    }
}
