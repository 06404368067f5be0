//! KV namespaces: list, create, get, rename, delete. Their keys and values are the store's.

use super::binding::Target;
use super::name::{Id, shown};
use super::record::{KvNamespace, now_ms};
use super::rows::Rows;
use super::{Catalog, CatalogError, Result, limits};
use crate::store::NamespaceId;

impl<W: Send + Sync + 'static> Catalog<W> {
    /// All KV namespaces, by identifier.
    pub fn kv_namespaces(&self) -> Result<Vec<KvNamespace>> {
        self.rows(KvNamespace::TABLE, &[])
    }

    /// The KV namespace of this identifier, 32 hexadecimal digits.
    pub fn kv_namespace(&self, id: &str) -> Result<KvNamespace> {
        let found = match Id::parse(id) {
            Some(id) => self.row(KvNamespace::TABLE, &id.0)?,
            None => None,
        };
        found.ok_or_else(|| CatalogError::KvNamespaceNotFound(shown(id)))
    }

    /// Creates a KV namespace; durable when this returns.
    pub async fn create_kv_namespace(&self, title: &str) -> Result<KvNamespace> {
        check_title(title)?;
        let _alone = self.structure.write().await;
        let all = self.kv_namespaces()?;
        if all.len() >= limits::KV_NAMESPACES_MAX {
            return Err(CatalogError::TooMany {
                what: "KV namespaces",
                limit: limits::KV_NAMESPACES_MAX,
            });
        }
        check_free(&all, title)?;
        let namespace = KvNamespace {
            id: Id::random(),
            title: title.to_owned(),
            created_ms: now_ms(),
        };
        self.store_kv_namespace(&namespace).await?;
        Ok(namespace)
    }

    /// Gives a KV namespace another title.
    pub async fn rename_kv_namespace(&self, id: &str, title: &str) -> Result<KvNamespace> {
        check_title(title)?;
        let _alone = self.structure.write().await;
        let mut namespace = self.kv_namespace(id)?;
        if namespace.title != title {
            check_free(&self.kv_namespaces()?, title)?;
            namespace.title = title.to_owned();
            self.store_kv_namespace(&namespace).await?;
        }
        Ok(namespace)
    }

    /// Deletes a KV namespace that no script is bound to, and everything in it. The values
    /// go first: a power cut between leaves an empty namespace, not values without one.
    pub async fn delete_kv_namespace(&self, id: &str) -> Result<()> {
        let _alone = self.structure.write().await;
        let doomed = self.kv_namespace(id)?;
        for namespace in self.all_namespaces()? {
            for script in self.scripts_of(namespace.id)? {
                let beside = self.beside(namespace.id, &script)?;
                let beside = beside.iter().flat_map(|it| &it.script.settings.bindings);
                let mut bindings = script.settings.bindings.iter().chain(beside);
                if bindings.any(|bound| bound.target == Target::Kv(doomed.id)) {
                    return Err(CatalogError::KvNamespaceBound {
                        id: doomed.id.hex(),
                        namespace: namespace.name,
                        script: script.name,
                    });
                }
            }
        }
        self.store
            .kv()
            .drop_namespace(NamespaceId(doomed.id.0))
            .await?;
        let rows = Rows::default().delete(KvNamespace::TABLE, doomed.id.0.to_vec());
        self.commit(rows, Vec::new()).await
    }

    async fn store_kv_namespace(&self, namespace: &KvNamespace) -> Result<()> {
        let key = namespace.id.0.to_vec();
        let rows = Rows::default().put(KvNamespace::TABLE, key, namespace.clone());
        self.commit(rows, Vec::new()).await
    }
}

pub(super) fn check_title(title: &str) -> Result<()> {
    let reason = if title.is_empty() {
        "it is empty"
    } else if title.len() > limits::KV_TITLE_MAX {
        "it is too long"
    } else if title.chars().any(char::is_control) {
        "it contains control characters"
    } else {
        return Ok(());
    };
    Err(CatalogError::BadKvTitle(reason))
}

fn check_free(all: &[KvNamespace], title: &str) -> Result<()> {
    if all.iter().any(|namespace| namespace.title == title) {
        return Err(CatalogError::KvTitleExists(shown(title)));
    }
    Ok(())
}
