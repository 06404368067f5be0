//! Rows of the store as the catalog reads and writes them.
//!
//! Each row begins with the number of its format, so that a later format can be read beside
//! this one.

use super::record::{KvNamespace, Namespace};
use super::references::Held;
use super::{Catalog, CatalogError, Result};
use crate::store::kv::PreparedEntry;
use crate::store::{KvError, NamespaceId, RecordBatch, StoreError, Table};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What is kept in rows.
pub(super) trait Row: Sized {
    /// The row with the number of its format in front: an enum, a variant a format.
    type Stored: Serialize + DeserializeOwned + From<Self> + Into<Self> + Send + 'static;
}

/// The formats of a row that has had one.
#[derive(Serialize, Deserialize)]
pub(super) enum First<T> {
    V1(T),
}

impl<T> From<T> for First<T> {
    fn from(row: T) -> Self {
        Self::V1(row)
    }
}

impl From<First<Namespace>> for Namespace {
    fn from(First::V1(row): First<Self>) -> Self {
        row
    }
}

impl From<First<KvNamespace>> for KvNamespace {
    fn from(First::V1(row): First<Self>) -> Self {
        row
    }
}

/// What one commit changes.
#[derive(Default)]
pub(super) struct Rows {
    writes: Vec<Write>,
}

/// A change of rows.
pub type Write = Box<dyn FnOnce(&mut RecordBatch<'_>) -> Result<(), StoreError> + Send>;

impl Rows {
    /// Sets a row.
    pub(super) fn put<T: Row>(mut self, table: Table, key: Vec<u8>, row: T) -> Self {
        let row = T::Stored::from(row);
        self.writes.push(Box::new(move |batch| {
            batch.put(table, &key, &row).map(|_| ())
        }));
        self
    }

    /// Does what somebody else says.
    pub(super) fn with(mut self, write: Write) -> Self {
        self.writes.push(write);
        self
    }

    /// Removes a row.
    pub(super) fn delete(mut self, table: Table, key: Vec<u8>) -> Self {
        self.writes
            .push(Box::new(move |batch| batch.delete(table, &key).map(|_| ())));
        self
    }
}

impl Rows {
    /// Puts it all into a batch.
    pub(super) fn write(self, batch: &mut RecordBatch<'_>) -> Result<(), StoreError> {
        self.writes.into_iter().try_for_each(|write| write(batch))
    }
}

impl<W: Send + Sync + 'static> Catalog<W> {
    pub(super) fn row<T: Row>(&self, table: Table, key: &[u8]) -> Result<Option<T>> {
        let row: Option<T::Stored> = self.store.records().get(table, key)?;
        Ok(row.map(Into::into))
    }

    pub(super) fn rows<T: Row>(&self, table: Table, prefix: &[u8]) -> Result<Vec<T>> {
        let rows: Vec<(_, T::Stored)> = self.store.records().scan(table, prefix)?;
        Ok(rows.into_iter().map(|(_, row)| row.into()).collect())
    }

    /// Changes rows, all or none, and returns when that is durable. `held` belongs to the
    /// rows from the moment they exist, whether or not anybody still waits here, and also where it cannot be made
    /// durable: the rows may be there at the next start, and need what they name.
    pub(super) async fn commit(&self, rows: Rows, held: Vec<Held>) -> Result<()> {
        self.commit_with(rows, Vec::new(), held).await
    }

    /// The same with values of KV.
    pub(super) async fn commit_with(
        &self,
        rows: Rows,
        entries: Vec<(NamespaceId, PreparedEntry)>,
        held: Vec<Held>,
    ) -> Result<()> {
        let store = self.store.clone();
        postern_task::unblock(move || {
            let mut batch = store.records().batch();
            rows.write(&mut batch)?;
            batch.commit_with(entries)?;
            held.into_iter().for_each(Held::keep);
            Ok::<_, KvError>(())
        })
        .await
        .map_err(|error| match error {
            KvError::Store(error) => CatalogError::Store(error),
            other => CatalogError::Kv(other),
        })?;
        // Whatever the durability: blobs that nobody needs any more go next, and a power cut must not bring
        // rows back that name them.
        self.store.synced().await?;
        Ok(())
    }
}
