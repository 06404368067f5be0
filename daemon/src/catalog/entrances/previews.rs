//! Previews: a version of a Worker outside of dispatch namespaces, deployed or not, at a hostname of
//! its own or at that of its alias (spec: SEMANTICS §11).
//!
//! What is deployed is there already. Another version is started when somebody first looks at it, and
//! the one that nobody has looked at for the longest goes when there are too many.

use super::EntranceError;
use crate::catalog::name::{ACCOUNT, Id, shown};
use crate::catalog::record::{Namespace, Script};
use crate::catalog::versions::Version;
use crate::catalog::{Catalog, Deployed, Result};
use parking_lot::Mutex;
use std::sync::Arc;

/// Digits of a version's id in the hostname of its preview.
pub const VERSION_PREFIX: usize = 8;
/// Versions that run for their previews alone.
const RUNNING_MAX: usize = 16;
/// Characters of a label of a hostname.
const LABEL_MAX: usize = 63;
/// The annotation that gives a version an alias.
const ALIAS: &str = "workers/alias";

/// A version that runs for its preview alone.
struct Preview<W> {
    script: String,
    deployed: Arc<Deployed<W>>,
}

/// What runs for previews alone, the one that was looked at last being the last.
pub struct Previews<W>(Mutex<Vec<Preview<W>>>);

impl<W> Default for Previews<W> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// Whether a version can be looked at by this first part of a hostname's label.
fn selects(selector: &str, version: &Version) -> bool {
    let by_id = selector.len() == VERSION_PREFIX && version.id().uuid().starts_with(selector);
    by_id
        || version
            .annotations()
            .get(ALIAS)
            .is_some_and(|alias| alias == selector)
}

/// Checks the alias that an upload's annotations give.
///
/// # Errors
/// When it cannot be a part of the hostname.
pub fn check_alias(script: &str, annotations: Option<&str>) -> Result<(), EntranceError> {
    let annotations: serde_json::Value =
        serde_json::from_str(annotations.unwrap_or("{}")).unwrap_or_default();
    let Some(alias) = annotations.get(ALIAS) else {
        return Ok(());
    };
    let alias = alias.as_str().unwrap_or_default();
    let is_one = alias.starts_with(|c: char| c.is_ascii_lowercase())
        && alias
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !is_one || alias.len() + 1 + script.len() > LABEL_MAX {
        return Err(EntranceError::BadAlias {
            alias: shown(alias),
            limit: LABEL_MAX.saturating_sub(1 + script.len()),
        });
    }
    Ok(())
}

impl<W: Send + Sync + 'static> Catalog<W> {
    /// The version of a script that the first part of a preview's hostname selects: by the first
    /// eight digits of its id, or by its alias. Of versions with one alias it is the newest.
    pub(super) fn preview(&self, script: &str, selector: &str) -> Option<Arc<Deployed<W>>> {
        let (namespace, row) = self.script(ACCOUNT, script).ok()?;
        let versions = self.versions_of(namespace.id, &row.name).ok()?;
        let version = versions.iter().rev().find(|it| selects(selector, it))?;
        let deployed = self.deployed(ACCOUNT, script)?;
        if let Some(part) = Deployed::part_for(&deployed, version.id()) {
            return Some(part);
        }
        self.started_preview(&namespace, &version.script, &versions)
    }

    fn started_preview(
        &self,
        namespace: &Namespace,
        version: &Script,
        kept: &[Version],
    ) -> Option<Arc<Deployed<W>>> {
        let name = version.name.as_str();
        let is_kept = |id: Id| kept.iter().any(|version| version.id() == id);
        let mut running = self.previews.0.lock();
        let (stay, go): (Vec<_>, Vec<_>) = std::mem::take(&mut *running)
            .into_iter()
            .partition(|it| it.script != name || is_kept(it.deployed.version));
        *running = stay;
        self.retire_previews(go);
        let at = running
            .iter()
            .position(|it| it.deployed.version == version.version_id);
        if let Some(at) = at {
            let found = running.remove(at);
            let deployed = found.deployed.clone();
            running.push(found);
            return Some(deployed);
        }
        // Another build of the engine judged it, and nobody has deployed it since.
        if !self.is_judged(version) {
            return None;
        }
        let deployed = self.start(namespace, version, None).map_err(|error| {
            log::warn!("the preview of a version of {name} does not start: {error}");
        });
        let deployed = deployed.ok()?;
        let over = (running.len() + 1).saturating_sub(RUNNING_MAX);
        self.retire_previews(running.drain(..over));
        running.push(Preview {
            script: name.to_owned(),
            deployed: deployed.clone(),
        });
        Some(deployed)
    }

    fn retire_previews(&self, over: impl IntoIterator<Item = Preview<W>>) {
        for preview in over {
            self.retire(&preview.deployed);
        }
    }

    /// Ends what runs for previews of scripts that are deleted.
    pub(super) fn close_previews(&self, doomed: &[Script]) {
        let mut running = self.previews.0.lock();
        let (go, stay): (Vec<_>, Vec<_>) = std::mem::take(&mut *running)
            .into_iter()
            .partition(|it| doomed.iter().any(|script| script.name == it.script));
        *running = stay;
        self.retire_previews(go);
    }

    /// What hostnames of a script's previews have behind the version, if it may have any.
    pub fn preview_suffix(&self, script: &str) -> Option<String> {
        Some(format!("-{script}.{}", self.default_zone()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_are_parts_of_labels() {
        let check = |script: &str, alias: &str| {
            let said = serde_json::json!({ ALIAS: alias }).to_string();
            check_alias(script, Some(&said)).is_ok()
        };
        assert!(check("w", "staging"));
        assert!(check("w", "a1-b"));
        assert!(check("w", &"a".repeat(61)));
        assert!(!check("w", &"a".repeat(62)));
        for bad in ["", "1a", "-a", "A", "a_b", "a.b", "ä"] {
            assert!(!check("w", bad), "{bad}");
        }
        assert!(check_alias("w", None).is_ok());
        assert!(check_alias("w", Some("{\"workers/alias\":1}")).is_err());
    }
}
