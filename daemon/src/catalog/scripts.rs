//! Reading, deleting and tagging scripts. What changes their code or env is in `push`.

use super::name::{ACCOUNT_ID, Id, TagFilter, check_tags, is_recorded, shown, tenant_of};
use super::push::Change;
use super::record::{Module, Namespace, Script, now_ms};
use super::rows::Rows;
use super::subject::Subject;
use super::{Catalog, CatalogError, Result};
use crate::store::{BlobId, Table};
use std::fs::File;

impl<W: Send + Sync + 'static> Catalog<W> {
    /// A script and the dispatch namespace that it is in.
    pub fn script(&self, namespace: &str, script: &str) -> Result<(Namespace, Script)> {
        let namespace = self.namespace(namespace)?;
        let found = self.script_in(&namespace, script)?;
        Ok((namespace, found))
    }

    pub(super) fn script_in(&self, namespace: &Namespace, script: &str) -> Result<Script> {
        self.find_script(namespace.id, script)?
            .ok_or_else(|| self.no_script(namespace, script))
    }

    pub(super) fn no_script(&self, namespace: &Namespace, script: &str) -> CatalogError {
        CatalogError::ScriptNotFound {
            namespace: namespace.name.clone(),
            script: shown(script),
        }
    }

    pub(super) fn find_script(&self, namespace: Id, script: &str) -> Result<Option<Script>> {
        if script.len() > super::limits::NAME_MAX {
            return Ok(None);
        }
        let key = Script::key(namespace, script);
        self.row(Script::TABLE, &key)
    }

    pub(super) fn scripts_of(&self, namespace: Id) -> Result<Vec<Script>> {
        self.rows(Script::TABLE, &namespace.0)
    }

    /// The scripts of a dispatch namespace by name, all or those that a filter means.
    pub fn scripts(&self, namespace: &str, filter: Option<&TagFilter>) -> Result<Vec<Script>> {
        let namespace = self.namespace(namespace)?;
        let mut scripts = self.scripts_of(namespace.id)?;
        if let Some(filter) = filter {
            scripts.retain(|script| filter.matches(&script.settings.tags));
        }
        Ok(scripts)
    }

    /// A module's bytes, open for reading.
    pub fn module(&self, module: &Module) -> Result<File> {
        Ok(self.store.blobs().open(&module.blob)?)
    }

    /// Deletes a script. Requests in flight finish; new ones find nothing.
    pub async fn delete_script(&self, namespace: &str, script: impl Into<Subject>) -> Result<()> {
        let script = script.into();
        let id = self.namespace(namespace)?.id;
        let _script = self.locks.lock(id, &script).await;
        let _shared = self.structure.read().await;
        let (namespace, doomed) = self.script(namespace, &script)?;
        script.check(&doomed)?;
        self.delete_rows(&namespace, &[doomed]).await
    }

    /// Deletes all scripts that a filter means, in one step; returns their names.
    pub async fn delete_scripts(&self, namespace: &str, filter: &TagFilter) -> Result<Vec<String>> {
        let _alone = self.structure.write().await;
        let doomed = self.scripts(namespace, Some(filter))?;
        let namespace = self.namespace(namespace)?;
        if !doomed.is_empty() {
            self.delete_rows(&namespace, &doomed).await?;
        }
        Ok(doomed.into_iter().map(|script| script.name).collect())
    }

    async fn delete_rows(&self, namespace: &Namespace, doomed: &[Script]) -> Result<()> {
        let (rows, blobs) = self.without(Rows::default(), namespace, doomed)?;
        self.commit(rows, Vec::new()).await?;
        if namespace.id == ACCOUNT_ID {
            self.open_gate()?;
        }
        for script in doomed {
            if let Some(worker) = self.serving.remove(&namespace.name, &script.name) {
                self.retire(&worker);
            }
            self.left(namespace, script);
        }
        self.references.release(blobs.iter()).await;
        Ok(())
    }

    /// Adds to `rows` that scripts go, with the blobs that they needed.
    pub(super) fn without(
        &self,
        mut rows: Rows,
        namespace: &Namespace,
        doomed: &[Script],
    ) -> Result<(Rows, Vec<BlobId>)> {
        let mut blobs = Vec::new();
        for script in doomed {
            let key = Script::key(namespace.id, &script.name);
            rows = rows
                .delete(Script::TABLE, key.clone())
                .delete(Table::TailConsumers, key);
            let (more, gone) = self.delete_versions(rows, namespace.id, &script.name)?;
            rows = more;
            blobs.extend(script.blobs().copied());
            blobs.extend(gone);
        }
        let rows = match namespace.id == ACCOUNT_ID {
            true => self.close_entrances(rows, doomed)?,
            false => rows,
        };
        Ok((rows, blobs))
    }

    /// A script was deleted and runs no more: what others keep of it goes.
    pub(super) fn left(&self, namespace: &Namespace, script: &Script) {
        self.pending
            .lock()
            .remove(&(namespace.id, script.name.clone()));
        if let Some(cache) = self.runtime.cache().filter(|_| !namespace.trusted_workers) {
            cache.forget(&super::push::cache_owner(namespace, script));
        }
        self.watch.forget(namespace.id, &script.name);
        self.timetable.forget((namespace.id, script.name.clone()));
        if let Some(tails) = self.runtime.tails() {
            tails.set(&namespace.name, &script.name, Vec::new());
        }
        if let Some(forget) = self.forgotten.get() {
            forget(&namespace.name, &script.name);
        }
    }

    /// Changes what can be said of a script without a new version: its tags, and what is kept
    /// and shown of logging. Its Worker goes on as it is, unless the tags make it another tenant's.
    pub async fn change_labels(
        &self,
        namespace: &str,
        script: &str,
        change: Change,
    ) -> Result<Script> {
        let id = self.namespace(namespace)?.id;
        let _script = self.locks.lock(id, script).await;
        let _shared = self.structure.read().await;
        let (namespace, mut script) = self.script(namespace, script)?;
        let settings = &mut script.settings;
        let before = settings.tags.clone();
        if let Some(tags) = change.tags {
            settings.tags = check_tags(tags)?;
        }
        settings.logpush = change.logpush.unwrap_or(settings.logpush);
        settings.observability = change.observability.or(settings.observability.take());
        script.modified_ms = now_ms();
        let key = Script::key(namespace.id, &script.name);
        let rows = Rows::default().put(Script::TABLE, key, script.clone());
        self.commit(rows, Vec::new()).await?;
        // A tag may name its plan or its tenant.
        self.apply_to(&namespace, &script)?;
        self.rejoin(&namespace, &script, &before);
        Ok(script)
    }

    /// Changes a script's tags: they are labels, so its Worker goes on as it is, unless they make it
    /// another tenant's.
    pub async fn change_tags(
        &self,
        namespace: &str,
        script: impl Into<Subject>,
        change: impl FnOnce(Vec<String>) -> Vec<String> + Send,
    ) -> Result<Vec<String>> {
        let subject = script.into();
        let id = self.namespace(namespace)?.id;
        let _script = self.locks.lock(id, &subject).await;
        let _shared = self.structure.read().await;
        let (namespace, mut script) = self.script(namespace, &subject)?;
        subject.check(&script)?;
        let before = script.settings.tags.clone();
        let tags = check_tags(change(before.clone()))?;
        subject.check_tags(Some(&before), &tags)?;
        script.settings.tags = tags.clone();
        script.modified_ms = now_ms();
        let key = Script::key(namespace.id, &script.name);
        let rows = Rows::default().put(Script::TABLE, key, script.clone());
        self.commit(rows, Vec::new()).await?;
        // A tag may name its plan or its tenant.
        self.apply_to(&namespace, &script)?;
        self.rejoin(&namespace, &script, &before);
        Ok(tags)
    }

    /// Starts a script's Worker anew if its tags make it another tenant's than those of before, or say
    /// otherwise whether it may be recorded.
    /// Requests in flight end as the old one's. One that does not start stays that.
    fn rejoin(&self, namespace: &Namespace, script: &Script, before: &[String]) {
        let tenant = |tags| tenant_of(&script.name, tags);
        let is_same = |of: fn(&[String]) -> bool| of(before) == of(&script.settings.tags);
        if (tenant(before) == tenant(&script.settings.tags) && is_same(is_recorded))
            || self.serving.get(&namespace.name, &script.name).is_none()
        {
            return;
        }
        match self.start_rows(namespace, script) {
            Ok(deployed) => self.put_in(namespace, &script.name, deployed),
            Err(error) => log::error!(
                "{}/{} stays with its old tenant: {error}",
                namespace.name,
                script.name
            ),
        }
    }
}
