//! A new version of a script with the modules that it has: other settings, other secrets, or
//! another build of the engine.

use super::binding::{Bound, Wanted};
use super::deployments::Next;
use super::judging::Named;
use super::name::{Id, shown};
use super::push::Change;
use super::record::{Script, Settings};
use super::references::Held;
use super::services::Coming;
use super::subject::Subject;
use super::vault::Place;
use super::versions::{Note, Version};
use super::{Catalog, CatalogError, Result, limits};

/// Secrets to set, and, where there is no text, to remove.
pub type Secrets = Vec<(String, Option<String>)>;

/// What a new version begins with, and whether it runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Base {
    /// What is deployed; the new version is deployed too.
    Deployed,
    /// The same, which must be the newest version and the only one that runs.
    DeployedNewest,
    /// The newest version; the new one is not deployed.
    Newest,
}

impl<W: Send + Sync + 'static> Catalog<W> {
    /// Changes everything but the modules of a script that exists.
    pub async fn change_settings(
        &self,
        namespace: &str,
        script: impl Into<Subject>,
        change: Change,
    ) -> Result<Script> {
        let note = change.note.clone();
        self.alter(namespace, script.into(), Base::Deployed, note, |old| {
            let before = old.bindings.clone();
            change.apply(old, &before)
        })
        .await
    }

    /// Sets and removes secrets of a script that exists.
    pub async fn change_secrets(
        &self,
        namespace: &str,
        script: &str,
        secrets: Secrets,
    ) -> Result<Script> {
        self.change_secrets_by(namespace, script, secrets, Note::new("api", "", "secret"))
            .await
    }

    /// The same, by somebody. It makes a version and deploys it, so it is refused where the
    /// newest version is not what runs: that would be deployed with it, or be left behind.
    pub async fn change_secrets_by(
        &self,
        namespace: &str,
        script: impl Into<Subject>,
        secrets: Secrets,
        note: Note,
    ) -> Result<Script> {
        let change = |settings| with_secrets(settings, secrets);
        self.alter(namespace, script.into(), Base::DeployedNewest, note, change)
            .await
    }

    /// Makes a version of the newest one with other bindings, and does not deploy it: each name
    /// gets what is wanted, or nothing any more.
    pub async fn change_version(
        &self,
        namespace: &str,
        script: impl Into<Subject>,
        env: Vec<(String, Option<Wanted>)>,
        annotations: Option<String>,
        note: Note,
    ) -> Result<Version> {
        let script = script.into();
        let change = |mut settings: Settings| {
            for (name, wanted) in env {
                let at = settings.bindings.iter().position(|it| it.name == name);
                match (wanted, at) {
                    (Some(Wanted::New(bound)), Some(at)) => settings.bindings[at] = bound,
                    (Some(Wanted::New(bound)), None) => settings.bindings.push(bound),
                    // It stays as it is.
                    (Some(Wanted::Inherited { .. }), _) | (None, None) => {}
                    (None, Some(at)) => {
                        settings.bindings.remove(at);
                    }
                }
            }
            settings.annotations = annotations;
            check_count(&settings)?;
            Ok(settings)
        };
        let new = self
            .alter(namespace, script.clone(), Base::Newest, note, change)
            .await?;
        self.version(namespace, &script, &new.version_id.hex())
    }

    /// A new version with the same modules and other settings.
    async fn alter(
        &self,
        namespace: &str,
        script: Subject,
        base: Base,
        note: Note,
        change: impl FnOnce(Settings) -> Result<Settings> + Send,
    ) -> Result<Script> {
        let mut held = Vec::new();
        let altered = self
            .alter_holding(namespace, &script, base, note, change, &mut held)
            .await;
        Held::give_back(held).await;
        altered
    }

    async fn alter_holding(
        &self,
        namespace: &str,
        subject: &Subject,
        base: Base,
        note: Note,
        change: impl FnOnce(Settings) -> Result<Settings> + Send,
        held: &mut Vec<Held>,
    ) -> Result<Script> {
        let script: &str = subject;
        let id = self.namespace(namespace)?.id;
        let _script = self.locks.lock(id, script).await;
        let (_, current) = self.script(namespace, script)?;
        subject.check(&current)?;
        let tags = current.settings.tags.clone();
        let newest = self.newest(id, script)?;
        let newest = newest.unwrap_or_else(|| current.clone());
        if base == Base::DeployedNewest
            && (newest.version_id != current.version_id || self.split_of(id, script)?.is_some())
        {
            return Err(CatalogError::NotDeployed(shown(script)));
        }
        let old = match base {
            Base::Newest => newest,
            Base::Deployed | Base::DeployedNewest => current,
        };
        let place = Place {
            namespace: id,
            script,
        };
        let before = self.vault.unseal(place, &old.settings);
        let bindings = before.bindings.clone();
        let mut settings = change(Settings {
            annotations: None,
            ..before
        })?;
        let coming = Coming::default();
        self.find_services(
            &self.namespace(namespace)?,
            subject,
            &mut settings,
            (&bindings, coming),
        )?;
        if base != Base::Newest {
            subject.check_tags(Some(&tags), &settings.tags)?;
        }
        let named = Named::new();
        let mut verdict = None;
        if self.must_judge(place, &old, &settings, &named) {
            let sources = self.sources(&old).await?;
            let main = &old.main_module;
            let judged = self.judge(place, main, &sources, &settings, &named, held);
            verdict = Some(judged.await?);
        }
        let mut settings = self.vault.seal(place, settings)?;
        let _shared = self.structure.read().await;
        // It may be gone by now. Other settings it cannot have: its lock is ours.
        let namespace = self.namespace_by_id(id, namespace)?;
        let current = self.script_in(&namespace, script)?;
        self.check_targets(&mut settings)?;
        let new = Script {
            tag: current.tag,
            created_ms: current.created_ms,
            schedules: current.schedules.clone(),
            modified_ms: named.at_ms,
            version: self.next_number(id, script)?,
            version_id: named.id,
            verdict: verdict.unwrap_or_else(|| old.verdict.clone()),
            settings,
            ..old
        };
        if base == Base::Newest {
            return self.store_version(&namespace, new, note).await;
        }
        let next = Next::whole(new, note);
        self.switch(&namespace, Some(current), next).await
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
        let place = Place { namespace, script };
        let verdict = self.judged_anew(place, &old, held).await?;
        let mut rejudged = Vec::new();
        let mut beside = self.beside(namespace, &old)?;
        if let Some(other) = &mut beside
            && let Some(verdict) = self.judged_anew(place, &other.script, held).await?
        {
            let before = other.clone();
            other.script.verdict = verdict;
            rejudged.push((before, other.clone()));
        }
        let _shared = self.structure.read().await;
        let namespace = self.namespace_by_id(namespace, "")?;
        let Some(old) = self.find_script(namespace.id, script)? else {
            self.pending.lock().remove(&key);
            return Ok(false);
        };
        let new = Script {
            verdict: verdict.unwrap_or_else(|| old.verdict.clone()),
            ..old.clone()
        };
        // The same version lies in a row of its own.
        let versions = self.versions_of(namespace.id, script)?;
        let same = versions.into_iter().find(|it| it.id() == new.version_id);
        if let Some(before) = same {
            let mut now = before.clone();
            now.script.verdict = new.verdict.clone();
            rejudged.push((before, now));
        }
        let next = Next {
            script: new,
            beside: beside.map(|version| version.script),
            version: None,
            rejudged,
            deployment: None,
            restart: true,
        };
        self.switch(&namespace, Some(old), next).await?;
        Ok(true)
    }
}

/// Settings with these secrets.
fn with_secrets(mut settings: Settings, secrets: Secrets) -> Result<Settings> {
    for (name, text) in secrets {
        let at = settings
            .bindings
            .iter()
            .position(|bound| bound.name == name);
        let is_secret = at.is_some_and(|at| settings.bindings[at].target.is_secret());
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
    check_count(&settings)?;
    Ok(settings)
}

fn check_count(settings: &Settings) -> Result<()> {
    match settings.bindings.len() {
        count if count > limits::BINDINGS_MAX => Err(CatalogError::TooManyBindings { count }),
        _ => Ok(()),
    }
}
