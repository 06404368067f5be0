//! Rows of the store as the catalog reads and writes them.
//!
//! Each row begins with the number of its format, so that a later format can be read beside
//! this one.

use super::references::Held;
use super::{Catalog, Result};
use crate::store::{RecordBatch, StoreError, Table};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A row, by format.
#[derive(Serialize, Deserialize)]
enum Format<T> {
    /// The first one.
    V1(T),
}

/// What one commit changes.
#[derive(Default)]
pub(super) struct Rows {
    writes: Vec<Write>,
}

type Write = Box<dyn FnOnce(&mut RecordBatch<'_>) -> Result<(), StoreError> + Send>;

impl Rows {
    /// Sets a row.
    pub(super) fn put<T: Serialize + Send + 'static>(
        mut self,
        table: Table,
        key: Vec<u8>,
        row: T,
    ) -> Self {
        self.writes.push(Box::new(move |batch| {
            batch.put(table, &key, &Format::V1(row)).map(|_| ())
        }));
        self
    }

    /// Removes a row.
    pub(super) fn delete(mut self, table: Table, key: Vec<u8>) -> Self {
        self.writes
            .push(Box::new(move |batch| batch.delete(table, &key).map(|_| ())));
        self
    }
}

impl<W: Send + Sync + 'static> Catalog<W> {
    pub(super) fn row<T: DeserializeOwned>(&self, table: Table, key: &[u8]) -> Result<Option<T>> {
        let row = self.store.records().get(table, key)?;
        Ok(row.map(|Format::V1(row)| row))
    }

    pub(super) fn rows<T: DeserializeOwned>(&self, table: Table, prefix: &[u8]) -> Result<Vec<T>> {
        let rows = self.store.records().scan(table, prefix)?;
        Ok(rows.into_iter().map(|(_, Format::V1(row))| row).collect())
    }

    /// Changes rows, all or none, and returns when that is durable. `held` belongs to the
    /// rows from the moment they exist, whether or not anybody still waits here.
    pub(super) async fn commit(&self, rows: Rows, held: Vec<Held>) -> Result<()> {
        let store = self.store.clone();
        smol::unblock(move || {
            let mut batch = store.records().batch();
            for write in rows.writes {
                write(&mut batch)?;
            }
            batch.commit()?;
            held.into_iter().for_each(Held::keep);
            Ok::<_, StoreError>(())
        })
        .await?;
        self.store.durable().await?;
        Ok(())
    }
}
