//! A new version of a script with the modules that it has: other settings, other secrets, or
//! another build of the engine.

use super::binding::{Bound, Target};
use super::judging::Named;
use super::name::{Id, shown};
use super::push::Change;
use super::record::{Script, Settings};
use super::references::Held;
use super::{Catalog, CatalogError, Result, limits};
use crate::store::BlobId;

impl<W: Send + Sync + 'static> Catalog<W> {
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
                        return Err(CatalogError::SecretNotFound(shown(&name)));
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
        let mut held = Vec::new();
        let altered = self
            .alter_holding(namespace, script, change, &mut held)
            .await;
        Held::give_back(held).await;
        altered
    }

    async fn alter_holding(
        &self,
        namespace: &str,
        script: &str,
        change: impl FnOnce(Settings) -> Result<Settings> + Send,
        held: &mut Vec<Held>,
    ) -> Result<Script> {
        let id = self.namespace(namespace)?.id;
        let _script = self.locks.lock(id, script).await;
        let (_, old) = self.script(namespace, script)?;
        let mut settings = change(old.settings.clone())?;
        let named = Named::new();
        let mut verdict = None;
        if self.must_judge(&old, &settings, &named) {
            let sources = self.sources(&old).await?;
            let main = &old.main_module;
            let judged = self.judge(main, &sources, &settings, &named, held);
            verdict = Some(judged.await?);
        }
        let _shared = self.structure.read().await;
        // It may be gone by now. Other settings it cannot have: its lock is ours.
        let namespace = self.namespace_by_id(id, namespace)?;
        let old = self.script_in(&namespace, script)?;
        self.check_targets(&mut settings)?;
        let is_judged = verdict.is_some();
        let new = Script {
            modified_ms: named.at_ms,
            version: old.version + 1,
            version_id: named.id,
            verdict: verdict.unwrap_or_else(|| old.verdict.clone()),
            settings,
            ..old.clone()
        };
        // What the judge made is held already.
        let shared: Vec<BlobId> = if is_judged {
            new.kept_blobs()
        } else {
            new.blobs().copied().collect()
        };
        self.references.count(shared.iter());
        let stored = self.switch(&namespace, Some(old), new, held).await;
        if stored.is_err() {
            self.references.release(shared.iter()).await;
        }
        stored
    }

    /// Judges a script's modules again for this build of the engine. `false` when the
    /// script is gone or was pushed anew meanwhile.
    pub(super) async fn judge_again(&self, namespace: Id, script: &str) -> Result<bool> {
        let mut held = Vec::new();
        let judged = self.judge_again_holding(namespace, script, &mut held).await;
        Held::give_back(held).await;
        judged
    }

    async fn judge_again_holding(
        &self,
        namespace: Id,
        script: &str,
        held: &mut Vec<Held>,
    ) -> Result<bool> {
        let key = (namespace, script.to_owned());
        let _script = self.locks.lock(namespace, script).await;
        let Some(old) = self.find_script(namespace, script)? else {
            self.pending.lock().remove(&key);
            return Ok(false);
        };
        if !self.pending.lock().contains(&key) {
            return Ok(false);
        }
        let sources = self.sources(&old).await?;
        let named = Named::of(&old);
        let verdict = self
            .judge(&old.main_module, &sources, &old.settings, &named, held)
            .await?;
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
        let modules: Vec<BlobId> = new.kept_blobs();
        self.references.count(modules.iter());
        let stored = self.switch(&namespace, Some(old), new, held).await;
        if stored.is_err() {
            self.references.release(modules.iter()).await;
        }
        stored.map(|_| true)
    }
}
