//! Blocks of data points in the store, and which there are.
//!
//! A block's key is its dataset, a zero byte, its tenant and its number; numbers grow, so that
//! the oldest of all is the one with the least.

use super::{AnalyticsOptions, Point};
use crate::store::{RecordBatch, Store, StoreError, Table};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Points of one dataset and one tenant, oldest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Block(pub Vec<Point>);

/// A block's row, in every format that there was.
#[derive(Serialize, Deserialize)]
enum StoredBlock {
    V1(Block),
}

/// Which blocks there are.
#[derive(Clone, Default)]
pub(super) struct Index {
    /// By number, which is by age.
    blocks: BTreeMap<u64, Entry>,
    by_tenant: BTreeMap<[u8; 16], u64>,
    bytes: u64,
}

#[derive(Clone)]
struct Entry {
    dataset: String,
    tenant: [u8; 16],
    bytes: u64,
}

fn key(dataset: &str, tenant: [u8; 16], number: u64) -> Vec<u8> {
    let mut key = prefix(dataset);
    key.extend_from_slice(&tenant);
    key.extend_from_slice(&number.to_be_bytes());
    key
}

fn prefix(dataset: &str) -> Vec<u8> {
    let mut prefix = dataset.as_bytes().to_vec();
    prefix.push(0);
    prefix
}

fn parse_key(key: &[u8]) -> Option<(String, [u8; 16], u64)> {
    let (rest, number) = key.split_last_chunk::<8>()?;
    let (rest, tenant) = rest.split_last_chunk::<16>()?;
    let dataset = std::str::from_utf8(rest.strip_suffix(&[0])?).ok()?;
    Some((dataset.to_owned(), *tenant, u64::from_be_bytes(*number)))
}

impl Index {
    /// Of what the store holds.
    pub fn read(store: &Store) -> Result<Self, StoreError> {
        let mut index = Self::default();
        store.records().visit(
            Table::AnalyticsBlocks,
            &[],
            |block_key, stored: StoredBlock| {
                let StoredBlock::V1(block) = stored;
                if let Some((dataset, tenant, number)) = parse_key(block_key) {
                    index.insert(number, dataset, tenant, size(&block));
                }
                true
            },
        )?;
        Ok(index)
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub fn datasets(&self) -> Vec<String> {
        let names: BTreeSet<&String> = self.blocks.values().map(|it| &it.dataset).collect();
        names.into_iter().cloned().collect()
    }

    fn insert(&mut self, number: u64, dataset: String, tenant: [u8; 16], bytes: u64) {
        self.bytes += bytes;
        *self.by_tenant.entry(tenant).or_default() += bytes;
        let entry = Entry {
            dataset,
            tenant,
            bytes,
        };
        self.blocks.insert(number, entry);
    }

    pub fn add(
        &mut self,
        batch: &mut RecordBatch<'_>,
        dataset: &str,
        tenant: [u8; 16],
        block: &Block,
    ) -> Result<(), StoreError> {
        let number = self.blocks.last_key_value().map_or(0, |(last, _)| last + 1);
        let stored = StoredBlock::V1(block.clone());
        batch.put(
            Table::AnalyticsBlocks,
            &key(dataset, tenant, number),
            &stored,
        )?;
        self.insert(number, dataset.to_owned(), tenant, size(block));
        Ok(())
    }

    /// Removes the oldest blocks of tenants that have too many, and of all.
    pub fn shrink(
        &mut self,
        batch: &mut RecordBatch<'_>,
        options: AnalyticsOptions,
    ) -> Result<(), StoreError> {
        let greedy: Vec<[u8; 16]> = self
            .by_tenant
            .iter()
            .filter(|(_, bytes)| **bytes > options.tenant_bytes_max)
            .map(|(tenant, _)| *tenant)
            .collect();
        for tenant in greedy {
            let own = self.blocks.iter().filter(|(_, it)| it.tenant == tenant);
            let own: Vec<u64> = own.map(|(number, _)| *number).collect();
            for number in own {
                let has = self.by_tenant.get(&tenant).copied().unwrap_or_default();
                if has <= options.tenant_bytes_max {
                    break;
                }
                self.remove(batch, number)?;
            }
        }
        while self.bytes > options.bytes_max {
            let Some((oldest, _)) = self.blocks.first_key_value() else {
                break;
            };
            self.remove(batch, *oldest)?;
        }
        Ok(())
    }

    fn remove(&mut self, batch: &mut RecordBatch<'_>, number: u64) -> Result<(), StoreError> {
        let Some(entry) = self.blocks.remove(&number) else {
            return Ok(());
        };
        self.bytes -= entry.bytes;
        if let Some(bytes) = self.by_tenant.get_mut(&entry.tenant) {
            *bytes -= entry.bytes;
            if *bytes == 0 {
                self.by_tenant.remove(&entry.tenant);
            }
        }
        let key = key(&entry.dataset, entry.tenant, number);
        batch.delete(Table::AnalyticsBlocks, &key)?;
        Ok(())
    }
}

/// What a block counts for, its row and key included.
fn size(block: &Block) -> u64 {
    let points: u64 = block.0.iter().map(|point| point.bytes() as u64).sum();
    // What the index and the store need beside it.
    (128 + points).max(1024)
}

/// Calls this with each point of a dataset, tenant by tenant, until it says false.
pub(super) fn each(
    store: &Store,
    dataset: &str,
    mut call: impl FnMut(Point) -> bool,
) -> Result<(), StoreError> {
    store.records().visit(
        Table::AnalyticsBlocks,
        &prefix(dataset),
        |_, stored: StoredBlock| {
            let StoredBlock::V1(block) = stored;
            block.0.into_iter().all(&mut call)
        },
    )
}
