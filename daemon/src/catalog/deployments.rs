//! Deployments: which versions of a script run, one or two with their shares, and what ran
//! before (spec: SEMANTICS §12).
//!
//! A deployment is a row of its own. The script's row is the newest version that is deployed, so
//! whoever knows nothing of versions finds what runs; where a second one runs beside it, a row of
//! the table of splits says so. All of them change in one commit.

use super::guard::{Counted, Guard};
use super::judging::Named;
use super::name::{Id, shown};
use super::record::{Namespace, Script, Settings, Verdict, now_ms};
use super::references::Held;
use super::rows::{First, Row, Rows};
use super::split::{Part, WHOLE};
use super::subject::Subject;
use super::vault::Place;
use super::versions::{Note, Version, key, means, prefix};
use super::{Catalog, CatalogError, Deployed, Result};
use crate::store::{BlobId, Table};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Deployments of a script that are remembered (spec: SEMANTICS §12).
pub const DEPLOYMENTS_MAX: usize = 100;

/// Which versions run from a moment on. Key: [`key`], which ends with a count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// Names it.
    pub id: Id,
    /// Milliseconds since 1970.
    pub created_ms: i64,
    /// Who made it.
    pub note: Note,
    /// What was said when it was made.
    pub annotations: BTreeMap<String, String>,
    /// One or two, the newest version last.
    pub versions: Vec<Share>,
    /// When it ends by itself.
    pub guard: Option<Guard>,
}

/// A version and its share of a script's requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Which version.
    pub version: Id,
    /// Hundredths of a percent.
    pub share: u16,
}

impl Row for Deployment {
    type Stored = First<Self>;
}

impl From<First<Deployment>> for Deployment {
    fn from(First::V1(row): First<Self>) -> Self {
        row
    }
}

impl Deployment {
    pub(super) const TABLE: Table = Table::Deployments;
    /// Where the deployment of a script is that has two versions. Key: that of the script.
    pub(super) const SPLITS: Table = Table::Splits;

    /// Of one version.
    pub(super) fn of(version: &Version) -> Self {
        Self {
            id: Id::random(),
            created_ms: version.script.modified_ms,
            note: version.note.clone(),
            annotations: version.annotations(),
            versions: vec![Share {
                version: version.id(),
                share: WHOLE,
            }],
            guard: None,
        }
    }

    fn ids(&self) -> Vec<Id> {
        self.versions.iter().map(|share| share.version).collect()
    }
}

/// What is to run.
#[derive(Clone, Debug, Default)]
pub struct Deploy {
    /// One or two versions, as clients name them, with hundredths of a percent.
    pub versions: Vec<(String, u16)>,
    /// Who wants it.
    pub note: Note,
    /// What they say.
    pub annotations: BTreeMap<String, String>,
    /// When it ends by itself.
    pub guard: Option<Guard>,
    /// Only if this deployment still runs.
    pub instead_of: Option<Id>,
}

/// A change of what runs, ready to be stored and switched in.
pub(super) struct Next {
    /// The script's row.
    pub(super) script: Script,
    /// The version that runs beside it.
    pub(super) beside: Option<Script>,
    /// A version that is new.
    pub(super) version: Option<Version>,
    /// Versions that were judged again: as they were, and as they are.
    pub(super) rejudged: Vec<(Version, Version)>,
    /// What is written into the history; `None` where the same deployment goes on.
    pub(super) deployment: Option<Deployment>,
    /// What runs is started anew even if it is the same.
    pub(super) restart: bool,
}

/// What is started, to be stored and switched in.
pub(super) struct Ready<W> {
    pub(super) script: Script,
    pub(super) deployed: Arc<Deployed<W>>,
    /// Blobs that the rows need.
    pub(super) counted: Vec<BlobId>,
    /// Blobs that the rows of before needed.
    pub(super) unneeded: Vec<BlobId>,
}

impl Next {
    /// A new version, that gets all requests.
    pub(super) fn whole(script: Script, note: Note) -> Self {
        let version = Version::of(&script, note);
        Self {
            deployment: Some(Deployment::of(&version)),
            version: Some(version),
            script,
            beside: None,
            rejudged: Vec::new(),
            restart: false,
        }
    }
}

impl<W: Send + Sync + 'static> Catalog<W> {
    /// The deployments of a script, the newest first, which is the one that runs.
    pub fn deployments(&self, namespace: &str, script: &str) -> Result<Vec<Deployment>> {
        let (namespace, script) = self.script(namespace, script)?;
        let mut all: Vec<Deployment> =
            self.rows(Deployment::TABLE, &prefix(namespace.id, &script.name))?;
        all.reverse();
        Ok(all)
    }

    /// The deployment with this identifier.
    pub fn deployment(&self, namespace: &str, script: &str, id: &str) -> Result<Deployment> {
        self.deployments(namespace, script)?
            .into_iter()
            .find(|deployment| means(id, deployment.id))
            .ok_or_else(|| CatalogError::DeploymentNotFound(shown(id)))
    }

    /// Forgets a deployment that is over.
    pub async fn delete_deployment(
        &self,
        namespace: &str,
        script: impl Into<Subject>,
        id: &str,
    ) -> Result<()> {
        let subject = script.into();
        let owner = self.namespace(namespace)?.id;
        let _script = self.locks.lock(owner, &subject).await;
        let _shared = self.structure.read().await;
        let (namespace, script) = self.script(namespace, &subject)?;
        subject.check(&script)?;
        let rows = self.deployment_rows(namespace.id, &script.name)?;
        let at = rows.iter().position(|(_, row)| means(id, row.id));
        let at = at.ok_or_else(|| CatalogError::DeploymentNotFound(shown(id)))?;
        if at + 1 == rows.len() {
            return Err(CatalogError::BadDeployment(
                "the deployment that runs cannot be deleted; deploy another version first"
                    .to_owned(),
            ));
        }
        let rows = Rows::default().delete(Deployment::TABLE, rows[at].0.clone());
        self.commit(rows, Vec::new()).await
    }

    /// Requests and what became of them for each version of this deployment, if it runs and has
    /// two: since it began, or the daemon started.
    pub fn figures(&self, namespace: &str, script: &str, of: &Deployment) -> Vec<(Id, Counted)> {
        let deployed = self.serving.get(namespace, script);
        let split = deployed.as_ref().and_then(|it| it.split.as_ref());
        let split = split.filter(|split| split.deployment.id == of.id);
        split.map_or_else(Vec::new, |split| {
            let part = |part: &Part<W>| (part.deployed.version, part.figures.read());
            split.parts().map(part).to_vec()
        })
    }

    /// Has one or two versions run. When this returns, that is durable and new requests go to
    /// them. A version that was deployed once is as good as a new one: that is a roll-back.
    pub async fn deploy(
        &self,
        namespace: &str,
        script: impl Into<Subject>,
        deploy: Deploy,
    ) -> Result<Deployment> {
        let subject = script.into();
        let mut held = Vec::new();
        let deployed = self
            .deploy_holding(namespace, &subject, deploy, &mut held)
            .await;
        Held::give_back(held).await;
        deployed
    }

    async fn deploy_holding(
        &self,
        namespace: &str,
        subject: &Subject,
        deploy: Deploy,
        held: &mut Vec<Held>,
    ) -> Result<Deployment> {
        let script: &str = subject;
        let id = self.namespace(namespace)?.id;
        let _script = self.locks.lock(id, script).await;
        let (_, current) = self.script(namespace, script)?;
        subject.check(&current)?;
        let mut chosen = self.choose(id, &current.name, &deploy)?;
        let place = Place {
            namespace: id,
            script,
        };
        let mut rejudged = Vec::new();
        for (version, _) in &mut chosen {
            self.check_targets(&mut version.script.settings.clone())?;
            if let Some(verdict) = self.judged_anew(place, &version.script, held).await? {
                let before = version.clone();
                version.script.verdict = verdict;
                rejudged.push((before, version.clone()));
            }
        }
        let _shared = self.structure.read().await;
        let namespace = self.namespace_by_id(id, namespace)?;
        let current = self.script_in(&namespace, script)?;
        let last = self.deployment_rows(id, script)?.pop().map(|(_, row)| row);
        if let Some(expected) = deploy.instead_of
            && last.is_none_or(|last| last.id != expected)
        {
            return Err(CatalogError::BadDeployment(
                "another deployment was made meanwhile".to_owned(),
            ));
        }
        for (version, _) in &chosen {
            self.check_targets(&mut version.script.settings.clone())?;
        }
        let shares = chosen.iter().map(|(version, share)| Share {
            version: version.id(),
            share: *share,
        });
        let deployment = Deployment {
            id: Id::random(),
            created_ms: now_ms(),
            note: deploy.note,
            annotations: deploy.annotations,
            versions: shares.collect(),
            guard: deploy.guard.filter(|_| chosen.len() > 1),
        };
        let mut chosen = chosen.into_iter().rev().map(|(version, _)| version.script);
        let newest = chosen.next().expect("one or two were chosen");
        // Labels are the script's, whatever version runs.
        let labels = current.settings.clone();
        let new = Script {
            tag: current.tag,
            created_ms: current.created_ms,
            schedules: current.schedules.clone(),
            settings: Settings {
                tags: labels.tags,
                logpush: labels.logpush,
                observability: labels.observability,
                ..newest.settings.clone()
            },
            ..newest
        };
        let next = Next {
            script: new,
            beside: chosen.next(),
            version: None,
            rejudged,
            deployment: Some(deployment.clone()),
            restart: false,
        };
        self.switch(&namespace, Some(current), next).await?;
        Ok(deployment)
    }

    /// The versions that are meant, by their numbers.
    fn choose(&self, namespace: Id, script: &str, deploy: &Deploy) -> Result<Vec<(Version, u16)>> {
        let bad = |what: String| Err(CatalogError::BadDeployment(what));
        let count = deploy.versions.len();
        if !(1..=2).contains(&count) {
            return bad(format!(
                "a deployment has one or two versions, this one has {count}"
            ));
        }
        let sum: u32 = deploy.versions.iter().map(|(_, it)| u32::from(*it)).sum();
        if sum != u32::from(WHOLE) {
            return bad(format!(
                "the percentages of its versions must add up to 100, these make {}",
                f64::from(sum) / 100.0
            ));
        }
        let kept = self.versions_of(namespace, script)?;
        let mut chosen = Vec::with_capacity(count);
        for (id, share) in &deploy.versions {
            let found = kept.iter().find(|version| means(id, version.id()));
            let found = found.ok_or_else(|| CatalogError::VersionNotFound {
                script: shown(script),
                version: shown(id),
            })?;
            chosen.push((found.clone(), *share));
        }
        chosen.sort_by_key(|(version, _)| version.number());
        if count == 2 && chosen[0].0.id() == chosen[1].0.id() {
            return bad("it names one version twice; give it 100 percent".to_owned());
        }
        Ok(chosen)
    }

    /// What this build of the engine makes of a version that another one judged.
    pub(super) async fn judged_anew(
        &self,
        place: Place<'_>,
        script: &Script,
        held: &mut Vec<Held>,
    ) -> Result<Option<Verdict>> {
        let build = &script.verdict.build;
        if script.modules.is_empty() || *build == self.runtime.build(script.verdict.kind) {
            return Ok(None);
        }
        let sources = self.sources(script).await?;
        let settings = self.vault.unsealed(place, &script.settings)?;
        let (main, named) = (&script.main_module, Named::of(script));
        let judged = self.judge(place, main, &sources, &settings, &named, held);
        Ok(Some(judged.await?))
    }

    /// The version that runs beside a script's row.
    pub(super) fn beside(&self, namespace: Id, script: &Script) -> Result<Option<Version>> {
        let at = Script::key(namespace, &script.name);
        let Some(split) = self.row::<Deployment>(Deployment::SPLITS, &at)? else {
            return Ok(None);
        };
        let other = split.ids().into_iter().find(|id| *id != script.version_id);
        let versions = self.versions_of(namespace, &script.name)?;
        Ok(versions
            .into_iter()
            .find(|version| Some(version.id()) == other))
    }

    pub(super) fn split_of(&self, namespace: Id, script: &str) -> Result<Option<Deployment>> {
        self.row(Deployment::SPLITS, &Script::key(namespace, script))
    }

    /// The rows of a script's deployments, the oldest first.
    fn deployment_rows(&self, namespace: Id, script: &str) -> Result<Vec<(Vec<u8>, Deployment)>> {
        let prefix = prefix(namespace, script);
        let rows: Vec<(_, First<Deployment>)> =
            self.store.records().scan(Deployment::TABLE, &prefix)?;
        Ok(rows
            .into_iter()
            .map(|(key, row)| (key, row.into()))
            .collect())
    }

    /// Writes a deployment into the history, of which the oldest go.
    fn keep_deployment(
        &self,
        mut rows: Rows,
        namespace: Id,
        script: &str,
        deployment: &Deployment,
    ) -> Result<Rows> {
        let old = self.deployment_rows(namespace, script)?;
        let over = (old.len() + 1).saturating_sub(DEPLOYMENTS_MAX);
        for (key, _) in &old[..over] {
            rows = rows.delete(Deployment::TABLE, key.clone());
        }
        let last = old.last().and_then(|(key, _)| key.last_chunk::<8>());
        let number = last.map_or(0, |last| u64::from_be_bytes(*last)) + 1;
        let at = key(namespace, script, number);
        rows = rows.put(Deployment::TABLE, at, deployment.clone());
        let at = Script::key(namespace, script);
        Ok(match deployment.versions.len() {
            2 => rows.put(Deployment::SPLITS, at, deployment.clone()),
            _ => rows.delete(Deployment::SPLITS, at),
        })
    }

    /// The first version and deployment of a script from before there were rows of them.
    pub(super) fn keep_first(&self, rows: Rows, namespace: Id, script: &Script) -> Rows {
        let version = Version::of(script, Note::new("api", "", "upload"));
        let deployment = Deployment::of(&version);
        self.references.count(script.blobs());
        let at = |number| key(namespace, &script.name, number);
        rows.put(Deployment::TABLE, at(1), deployment).put(
            Version::TABLE,
            at(script.version),
            version,
        )
    }

    /// Removes what there is of a script's versions and deployments. Returns blobs that they
    /// needed.
    pub(super) fn delete_versions(
        &self,
        mut rows: Rows,
        namespace: Id,
        script: &str,
    ) -> Result<(Rows, Vec<BlobId>)> {
        let mut blobs = Vec::new();
        for version in self.versions_of(namespace, script)? {
            blobs.extend(version.script.blobs().copied());
            rows = rows.delete(Version::TABLE, key(namespace, script, version.number()));
        }
        for (key, _) in self.deployment_rows(namespace, script)? {
            rows = rows.delete(Deployment::TABLE, key);
        }
        let at = Script::key(namespace, script);
        Ok((rows.delete(Deployment::SPLITS, at), blobs))
    }

    /// Starts what is to run, stores the rows durably, and switches. Starting comes before
    /// storing, so that a version that cannot start is never the stored one. Blobs that nobody
    /// needs go last: until the new rows are durable, a power cut brings the old ones back.
    pub(super) async fn switch(
        &self,
        namespace: &Namespace,
        before: Option<Script>,
        next: Next,
    ) -> Result<Script> {
        let (rows, ready) = self.ready(namespace, before, next, Rows::default())?;
        let counted = ready.counted.iter();
        let held = counted.map(|blob| self.references.hold(*blob)).collect();
        self.commit(rows, held).await?;
        self.reserve().await;
        self.put_in(namespace, &ready.script.name, ready.deployed.clone());
        self.arrived(namespace, &ready.script);
        self.references.release(ready.unneeded.iter()).await;
        Ok(ready.script)
    }

    /// A script was switched in.
    pub(super) fn arrived(&self, namespace: &Namespace, script: &Script) {
        self.pending
            .lock()
            .remove(&(namespace.id, script.name.clone()));
        if let Some(expect) = self.deployed.get() {
            expect(&namespace.name, &script.name);
        }
    }

    /// Starts what is to run, and adds what is to be stored to `rows`.
    pub(super) fn ready(
        &self,
        namespace: &Namespace,
        before: Option<Script>,
        next: Next,
        rows: Rows,
    ) -> Result<(Rows, Ready<W>)> {
        let Next {
            script: new,
            beside,
            version,
            rejudged,
            deployment,
            restart,
        } = next;
        let running = self.serving.get(&namespace.name, &new.name);
        let split = match &deployment {
            Some(deployment) => (deployment.versions.len() == 2).then(|| deployment.clone()),
            None => self.split_of(namespace.id, &new.name)?,
        };
        let other = beside.as_ref().zip(split);
        let reused = running.as_ref().filter(|_| !restart);
        let deployed = self.assemble(namespace, &new, other, reused)?;

        let at = Script::key(namespace.id, &new.name);
        let mut rows = rows.put(Script::TABLE, at, new.clone());
        let mut counted: Vec<BlobId> = new.blobs().copied().collect();
        let mut unneeded: Vec<BlobId> = before.iter().flat_map(Script::blobs).copied().collect();
        for (before, now) in rejudged {
            counted.extend(now.script.blobs().copied());
            unneeded.extend(before.script.blobs().copied());
            let at = key(namespace.id, &new.name, now.number());
            rows = rows.put(Version::TABLE, at, now);
        }
        if let Some(version) = version {
            counted.extend(version.script.blobs().copied());
            let needed = deployment.as_ref().map_or_else(Vec::new, Deployment::ids);
            let (more, gone) = self.keep_version(rows, namespace.id, version, &needed)?;
            rows = more;
            unneeded.extend(gone);
        }
        if let Some(deployment) = &deployment {
            rows = self.keep_deployment(rows, namespace.id, &new.name, deployment)?;
        }
        let ready = Ready {
            script: new,
            deployed,
            counted,
            unneeded,
        };
        Ok((rows, ready))
    }

    /// Has requests go to these versions from now on.
    pub(super) fn put_in(&self, namespace: &Namespace, script: &str, deployed: Arc<Deployed<W>>) {
        self.watch.set(&deployed, namespace.id, script);
        let old = self.serving.put(&namespace.name, script, deployed.clone());
        if let Some(old) = old {
            self.retire_but(&old, Some(&deployed));
        }
    }
}
