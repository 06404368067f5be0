//! What delivery keeps in the store: release keys, what is installed, and what was pulled.

use super::Result;
use crate::bundle::KeyList;
use crate::catalog::name::{ACCOUNT, Id, hex, shown};
use crate::catalog::record::Script;
use crate::catalog::release::Write;
use crate::catalog::shown_time;
use crate::store::{Store, Table};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How Workers outside of dispatch namespaces are named where namespaces are; no namespace can be called so.
pub const NO_NAMESPACE: &str = "-";

/// A row, with the number of its format in front.
#[derive(Serialize, Deserialize)]
enum Format<T> {
    V1(T),
}

/// A bundle that is installed. Key: its namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installed {
    /// The dispatch namespace, or [`NO_NAMESPACE`].
    pub namespace: String,
    /// Its version.
    pub version: u64,
    /// SHA-256 of its manifest, which has the hashes of all its parts.
    pub hash: [u8; 32],
    /// The id of the key that signed it, if one had to.
    pub signed_by: Option<String>,
    /// How it came.
    pub way: String,
    /// When it was installed, in seconds since 1970.
    pub at: u64,
    /// What it brought.
    pub scripts: Vec<InstalledScript>,
}

/// A script that a bundle brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstalledScript {
    /// Its name.
    pub name: String,
    /// The version that it became.
    pub version: Id,
    /// SHA-256 of its modules.
    pub etag: String,
}

impl InstalledScript {
    pub(super) fn of(script: &Script) -> Self {
        Self {
            name: script.name.clone(),
            version: script.version_id,
            etag: script.etag.clone(),
        }
    }
}

/// What the catalog calls a namespace.
pub(super) fn in_catalog(name: &str) -> &str {
    match name {
        NO_NAMESPACE => ACCOUNT,
        name => name,
    }
}

/// A namespace of the catalog, as it is called here.
pub(super) fn of_catalog(name: &str) -> &str {
    match name {
        ACCOUNT => NO_NAMESPACE,
        name => name,
    }
}

/// A namespace, for people.
pub(super) fn shown_namespace(name: &str) -> String {
    match name {
        NO_NAMESPACE => "the Workers outside of dispatch namespaces".to_owned(),
        name => format!("dispatch namespace '{}'", shown(name)),
    }
}

impl Installed {
    /// Its namespace, for people.
    pub fn shown_namespace(&self) -> String {
        shown_namespace(&self.namespace)
    }

    /// The dispatch namespace, if it is in one.
    pub fn dispatch_namespace(&self) -> Option<&str> {
        Some(self.namespace.as_str()).filter(|name| *name != NO_NAMESPACE)
    }

    /// As JSON.
    pub fn shown(&self) -> Value {
        let scripts = self.scripts.iter();
        let scripts = scripts
            .map(|it| json!({"name": it.name, "version_id": it.version.uuid(), "etag": it.etag}));
        json!({
            "namespace": self.dispatch_namespace(),
            "version": self.version,
            "manifest_sha256": hex(&self.hash),
            "signed_by": self.signed_by,
            "way": self.way,
            "installed_on": shown_time(i64::try_from(self.at.saturating_mul(1000)).unwrap_or(i64::MAX)),
            "scripts": scripts.collect::<Value>(),
        })
    }
}

pub(super) fn one(store: &Store, namespace: &str) -> Result<Option<Installed>> {
    let row = store
        .records()
        .get::<Format<Installed>>(Table::Installed, namespace.as_bytes())?;
    Ok(row.map(|Format::V1(row)| row))
}

pub(super) fn installed(store: &Store) -> Result<Vec<Installed>> {
    let rows = store
        .records()
        .scan::<Format<Installed>>(Table::Installed, &[])?;
    Ok(rows.into_iter().map(|(_, Format::V1(row))| row).collect())
}

/// A bundle is installed, and these KV namespaces are those that bundles made there.
pub(super) fn put(row: Installed, made: Vec<Id>) -> Write {
    Box::new(move |batch| {
        let key = row.namespace.clone().into_bytes();
        batch.put(Table::BundledKv, &key, &Format::V1(made))?;
        batch
            .put(Table::Installed, &key, &Format::V1(row))
            .map(drop)
    })
}

/// The KV namespaces that bundles for a namespace made.
pub(super) fn made(store: &Store, namespace: &str) -> Result<Vec<Id>> {
    let row = store
        .records()
        .get::<Format<Vec<Id>>>(Table::BundledKv, namespace.as_bytes())?;
    Ok(row.map_or_else(Vec::new, |Format::V1(made)| made))
}

pub(super) fn keys(store: &Store) -> Result<Option<KeyList>> {
    let row = store
        .records()
        .get::<Format<KeyList>>(Table::ReleaseKeys, b"")?;
    Ok(row.map(|Format::V1(list)| list))
}

pub(super) async fn put_keys(store: &Store, list: &KeyList) -> Result<()> {
    put_one(store, Table::ReleaseKeys, Vec::new(), list.clone()).await
}

/// The ETag of what was last taken over from a URL.
pub(super) fn etag(store: &Store, url: &str) -> Result<Option<String>> {
    let row = store
        .records()
        .get::<Format<String>>(Table::Pulls, &url_key(url))?;
    Ok(row.map(|Format::V1(etag)| etag))
}

pub(super) async fn put_etag(store: &Store, url: &str, etag: String) -> Result<()> {
    put_one(store, Table::Pulls, url_key(url), etag).await
}

fn url_key(url: &str) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    Sha256::digest(url.as_bytes()).to_vec()
}

async fn put_one<T: Serialize + Send + 'static>(
    store: &Store,
    table: Table,
    key: Vec<u8>,
    row: T,
) -> Result<()> {
    let held = store.clone();
    postern_task::unblock(move || {
        let mut batch = held.records().batch();
        batch.put(table, &key, &Format::V1(row))?;
        batch.commit()
    })
    .await?;
    Ok(store.durable().await?)
}
