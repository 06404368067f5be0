//! Dispatch namespaces: list, create, get, rename, delete (spec: SEMANTICS §1).

use super::name::{ACCOUNT, Id, check_name};
use super::record::{Namespace, now_ms};
use super::rows::Rows;
use super::{Catalog, CatalogError, Result, limits};
use crate::store::Table;

impl<W: Send + Sync + 'static> Catalog<W> {
    /// All dispatch namespaces by name, each with the number of its scripts.
    pub fn namespaces(&self) -> Result<Vec<(Namespace, usize)>> {
        let mut namespaces = self.dispatch_namespaces()?;
        namespaces.sort_by(|a, b| a.name.cmp(&b.name));
        namespaces
            .into_iter()
            .map(|namespace| {
                let scripts = self.scripts_of(namespace.id)?.len();
                Ok((namespace, scripts))
            })
            .collect()
    }

    /// The dispatch namespace of this name, or [`ACCOUNT`].
    pub fn namespace(&self, name: &str) -> Result<Namespace> {
        match name {
            ACCOUNT => Ok(Namespace::account()),
            _ => self.dispatch_namespace(name),
        }
    }

    /// The dispatch namespace of this name, as those see it who may change it.
    fn dispatch_namespace(&self, name: &str) -> Result<Namespace> {
        self.dispatch_namespaces()?
            .into_iter()
            .find(|namespace| namespace.name == name)
            .ok_or_else(|| CatalogError::NamespaceNotFound(super::name::shown(name)))
    }

    /// Creates a dispatch namespace; durable when this returns.
    pub async fn create_namespace(&self, name: &str) -> Result<Namespace> {
        check_name("dispatch namespace", name)?;
        let _alone = self.structure.write().await;
        let namespaces = self.dispatch_namespaces()?;
        if namespaces.iter().any(|namespace| namespace.name == name) {
            return Err(CatalogError::NamespaceExists(name.to_owned()));
        }
        if namespaces.len() >= limits::NAMESPACES_MAX {
            return Err(CatalogError::TooMany {
                what: "dispatch namespaces",
                limit: limits::NAMESPACES_MAX,
            });
        }
        let now = now_ms();
        let namespace = Namespace {
            id: Id::random(),
            name: name.to_owned(),
            created_ms: now,
            modified_ms: now,
            trusted_workers: false,
        };
        self.store_namespace(&namespace).await?;
        self.serving.call(namespace.id, &namespace.name);
        Ok(namespace)
    }

    /// Gives a dispatch namespace another name, or marks its scripts as the operator's own.
    /// Its Workers are started anew, so that their logs carry the new name; requests in
    /// flight finish on the old ones.
    pub async fn update_namespace(
        &self,
        name: &str,
        new_name: Option<&str>,
        trusted_workers: Option<bool>,
    ) -> Result<(Namespace, usize)> {
        if let Some(new_name) = new_name {
            check_name("dispatch namespace", new_name)?;
        }
        let _alone = self.structure.write().await;
        let mut namespace = self.dispatch_namespace(name)?;
        if let Some(new_name) = new_name.filter(|new_name| *new_name != name) {
            if self.namespace(new_name).is_ok() {
                return Err(CatalogError::NamespaceExists(new_name.to_owned()));
            }
            namespace.name = new_name.to_owned();
        }
        namespace.trusted_workers = trusted_workers.unwrap_or(namespace.trusted_workers);
        namespace.modified_ms = now_ms();
        let scripts = self.scripts_of(namespace.id)?;
        if namespace.name == name {
            self.store_namespace(&namespace).await?;
            return Ok((namespace, scripts.len()));
        }
        let mut workers = Vec::with_capacity(scripts.len());
        for script in &scripts {
            if self.serving.get(name, &script.name).is_some() {
                let worker = self.start_rows(&namespace, script)?;
                workers.push((script.name.clone(), worker));
            }
        }
        self.store_namespace(&namespace).await?;
        if let Some(tails) = self.runtime.tails() {
            tails.rename(name, &namespace.name);
        }
        for worker in self
            .serving
            .rename(namespace.id, name, &namespace.name, workers)
        {
            self.retire(&worker);
        }
        // What others keep by name is told as if the one were gone and the other new.
        for script in &scripts {
            if let Some(expect) = self.deployed.get() {
                expect(&namespace.name, &script.name);
            }
        }
        Ok((namespace, scripts.len()))
    }

    /// Deletes an empty dispatch namespace.
    pub async fn delete_namespace(&self, name: &str) -> Result<()> {
        let _alone = self.structure.write().await;
        let namespace = self.dispatch_namespace(name)?;
        let scripts = self.scripts_of(namespace.id)?.len();
        if scripts > 0 {
            return Err(CatalogError::NamespaceNotEmpty {
                name: name.to_owned(),
                scripts,
            });
        }
        let id = namespace.id.0.to_vec();
        let rows = Rows::default()
            .delete(Namespace::TABLE, id.clone())
            .delete(Table::NamespaceLogs, id);
        self.commit(rows, Vec::new()).await?;
        self.plans.forget(namespace.id.0).await?;
        if let Some(usage) = self.runtime.usage() {
            usage.forget(namespace.id.0).await?;
        }
        self.serving.remove_namespace(namespace.id, name);
        Ok(())
    }

    async fn store_namespace(&self, namespace: &Namespace) -> Result<()> {
        let key = namespace.id.0.to_vec();
        let rows = Rows::default().put(Namespace::TABLE, key, namespace.clone());
        self.commit(rows, Vec::new()).await
    }
}
