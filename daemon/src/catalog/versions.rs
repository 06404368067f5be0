//! Versions of scripts: what was once deployed or is only there to be, kept as rows of their own
//! (spec: SEMANTICS §12). Which of them run is said in `deployments`.
//!
//! A version is never changed, but that another build of the engine judges it again. Its row
//! needs its blobs as a script's row does, so that they are there when it is deployed once more.

use super::entrances::check_alias;
use super::name::{Id, shown};
use super::record::{Script, Settings, StoredScript};
use super::rows::{Row, Rows};
use super::subject::Subject;
use super::{Catalog, CatalogError, Push, Result};
use crate::engine::finished::Labels;
use crate::store::{BlobId, Table};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Versions that can be kept of a script, deployed ones included (spec: SEMANTICS §12).
pub const VERSIONS_MAX: u32 = 100;
/// Versions that are kept of a script unless the configuration says otherwise.
pub const VERSIONS_DEFAULT: u32 = 10;
/// Bytes of what is noted about a version or a deployment, a field.
const NOTE_MAX: usize = 256;
/// Characters of a tag or a message in records of invocations.
const LABEL_MAX: usize = 100;

/// Who made a version or a deployment, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// With which client: `wrangler`, `api`, or `guard` for a roll-back of this daemon's own.
    pub source: String,
    /// The name of the token that was used.
    pub author: String,
    /// What made it: `upload`, `secret`, `rollback` and the like.
    pub triggered_by: String,
}

impl Note {
    /// What a client says, cut to what is kept.
    pub fn new(source: &str, author: &str, triggered_by: &str) -> Self {
        let cut = |text: &str| text.chars().take(NOTE_MAX / 4).collect();
        Self {
            source: cut(source),
            author: cut(author),
            triggered_by: cut(triggered_by),
        }
    }
}

/// A version of a script. Key: [`key`], which ends with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The script as it is when this version runs. Its schedules are none: they are no part of
    /// a version. It was modified when the version came to be.
    pub script: Script,
    /// Who made it.
    pub note: Note,
}

/// A version's row, in every format that there was.
#[derive(Serialize, Deserialize)]
pub(super) enum StoredVersion {
    V1(StoredScript, Note),
}

impl Row for Version {
    type Stored = StoredVersion;
}

impl From<Version> for StoredVersion {
    fn from(version: Version) -> Self {
        Self::V1(version.script.into(), version.note)
    }
}

impl From<StoredVersion> for Version {
    fn from(StoredVersion::V1(script, note): StoredVersion) -> Self {
        Self {
            script: script.into(),
            note,
        }
    }
}

/// What all rows about a script's versions and deployments begin with. A zero ends the name, so
/// that `a` is not the beginning of `ab`.
pub(super) fn prefix(namespace: Id, script: &str) -> Vec<u8> {
    let mut key = Script::key(namespace, script);
    key.push(0);
    key
}

/// The key of the row with this number.
pub(super) fn key(namespace: Id, script: &str, number: u64) -> Vec<u8> {
    let mut key = prefix(namespace, script);
    key.extend_from_slice(&number.to_be_bytes());
    key
}

impl Version {
    pub(super) const TABLE: Table = Table::Versions;

    /// The version that a script has.
    pub(super) fn of(script: &Script, note: Note) -> Self {
        Self {
            script: Script {
                schedules: Vec::new(),
                ..script.clone()
            },
            note,
        }
    }

    /// Names it.
    pub fn id(&self) -> Id {
        self.script.version_id
    }

    /// Its place among the script's versions, from 1.
    pub fn number(&self) -> u64 {
        self.script.version
    }

    /// What was said when it was made: `workers/message`, `workers/tag` and others.
    pub fn annotations(&self) -> BTreeMap<String, String> {
        annotations(&self.script.settings)
    }
}

/// The annotations of settings that are texts.
pub(super) fn annotations(settings: &Settings) -> BTreeMap<String, String> {
    let text = settings.annotations.as_deref().unwrap_or("{}");
    serde_json::from_str(text).unwrap_or_default()
}

/// What is told of a version in logs: its tag and its message, cut to what records may hold.
pub(super) fn labels(settings: &Settings) -> Option<Labels> {
    let mut said = annotations(settings);
    let mut text = |key: &str| -> String {
        let text = said.remove(key).unwrap_or_default();
        text.chars().take(LABEL_MAX).collect()
    };
    let labels = Labels {
        tag: text("workers/tag"),
        message: text("workers/message"),
        dynamic: None,
    };
    (labels != Labels::default()).then_some(labels)
}

/// Whether a client means this identifier, which it has seen as a UUID, or as its digits, in which
/// it may have put dashes itself.
pub(super) fn means(text: &str, id: Id) -> bool {
    Id::parse(text).is_some_and(|meant| meant.uuid() == id.uuid())
}

impl<W: Send + Sync + 'static> Catalog<W> {
    /// The versions of a script that are kept, the newest first.
    pub fn versions(&self, namespace: &str, script: &str) -> Result<Vec<Version>> {
        let (namespace, script) = self.script(namespace, script)?;
        let mut versions = self.versions_of(namespace.id, &script.name)?;
        versions.reverse();
        Ok(versions)
    }

    /// The version with this identifier: a UUID, its digits, or `latest`.
    pub fn version(&self, namespace: &str, script: &str, id: &str) -> Result<Version> {
        let mut versions = self.versions(namespace, script)?.into_iter();
        let found = match id {
            "latest" => versions.next(),
            id => versions.find(|version| means(id, version.id())),
        };
        found.ok_or_else(|| CatalogError::VersionNotFound {
            script: shown(script),
            version: shown(id),
        })
    }

    /// The versions of a script that are kept, the oldest first.
    pub(super) fn versions_of(&self, namespace: Id, script: &str) -> Result<Vec<Version>> {
        self.rows(Version::TABLE, &prefix(namespace, script))
    }

    /// Makes a version without deploying it. The script must exist: the first upload of one is
    /// deployed (spec: SEMANTICS §12).
    pub async fn upload_version(
        &self,
        namespace: &str,
        script: impl Into<Subject>,
        push: Push,
    ) -> Result<Version> {
        let script = script.into();
        self.script(namespace, &script)?;
        check_alias(&script, push.change.annotations.as_deref())?;
        let uploaded = self
            .push_version(namespace, script.clone(), push, false)
            .await?;
        self.version(namespace, &script, &uploaded.version_id.hex())
    }

    /// Changes rows so that a script gets a version, and one that is kept no longer goes: the
    /// oldest of those that no deployment in `deployed` needs. Returns the blobs of those.
    pub(super) fn keep_version(
        &self,
        mut rows: Rows,
        namespace: Id,
        version: Version,
        deployed: &[Id],
    ) -> Result<(Rows, Vec<BlobId>)> {
        let name = version.script.name.clone();
        let kept = self.bounds.read().versions_kept.clamp(1, VERSIONS_MAX) as usize;
        let versions = self.versions_of(namespace, &name)?;
        let mut over = (versions.len() + 1).saturating_sub(kept);
        let mut unneeded = Vec::new();
        for old in versions {
            if over == 0 {
                break;
            }
            if deployed.contains(&old.id()) || old.id() == version.id() {
                continue;
            }
            over -= 1;
            unneeded.extend(old.script.blobs().copied());
            rows = rows.delete(Version::TABLE, key(namespace, &name, old.number()));
        }
        let at = key(namespace, &name, version.number());
        Ok((rows.put(Version::TABLE, at, version), unneeded))
    }

    /// Removes a version that does not run. Deployments of before that had it stay as they are
    /// remembered; going back to one of them is refused, as where a version made room for newer ones.
    pub async fn delete_version(&self, namespace: &str, script: &str, id: &str) -> Result<()> {
        let owner = self.namespace(namespace)?.id;
        let _script = self.locks.lock(owner, script).await;
        let version = self.version(namespace, script, id)?;
        if self.deployed_ids(owner, script)?.contains(&version.id()) {
            return Err(CatalogError::BadDeployment(format!(
                "version {} of Worker '{}' is deployed; deploy another one at 100 % before it is deleted",
                version.id().uuid(),
                shown(script)
            )));
        }
        let rows = Rows::default();
        let rows = rows.delete(Version::TABLE, key(owner, script, version.number()));
        self.commit(rows, Vec::new()).await?;
        self.references.release(version.script.blobs()).await;
        Ok(())
    }

    /// The newest version of a script, deployed or not.
    pub(super) fn newest(&self, namespace: Id, script: &str) -> Result<Option<Script>> {
        let newest = self.versions_of(namespace, script)?.pop();
        Ok(newest.map(|newest| newest.script))
    }

    /// The versions of a script that run.
    pub(super) fn deployed_ids(&self, namespace: Id, script: &str) -> Result<Vec<Id>> {
        Ok(match self.split_of(namespace, script)? {
            Some(split) => split.versions.iter().map(|share| share.version).collect(),
            None => self
                .find_script(namespace, script)?
                .map_or_else(Vec::new, |script| vec![script.version_id]),
        })
    }

    /// The number of a script's next version.
    pub(super) fn next_number(&self, namespace: Id, script: &str) -> Result<u64> {
        let newest = self.versions_of(namespace, script)?.pop();
        Ok(newest.map_or(0, |newest| newest.number()) + 1)
    }
}
