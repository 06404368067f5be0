//! From memory to the store: counts every now and then, reservations when they are short.

use super::quota::Figures;
use super::{
    CHARGES_MAX, DAYS_KEPT, Inner, MONTHS_KEPT, Reserved, SYNC_EVERY, StoredFigures,
    StoredReserved, Tenant, TenantKey, Usage, parse_key, row_key,
};
use crate::store::{RecordBatch, Store, StoreError, Table};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// How long who is short of a reservation is let gather others.
const GATHER: Duration = Duration::from_millis(1);

/// A row to be written.
struct Row {
    table: Table,
    tenant: TenantKey,
    number: u32,
    figures: Figures,
    /// The store has none of it yet, so that an old one may have to go.
    is_new: bool,
}

impl Usage {
    /// Has the store hold all that was counted, durably. What is told of usage after that, no crash
    /// takes back.
    ///
    /// # Errors
    /// When the store takes no writes. The counts stay in memory and in the journal.
    pub async fn sync(&self) -> Result<(), StoreError> {
        let _one = self.0.syncing.lock().await;
        let tenants = self.all();
        let mut rows = Vec::new();
        for tenant in &tenants {
            let mut state = tenant.state.lock();
            let mut months: Vec<(u32, bool)> = Vec::new();
            for day in state.days.iter_mut().filter(|it| it.is_dirty) {
                rows.push(Row {
                    table: Table::UsageDays,
                    tenant: tenant.key.clone(),
                    number: day.day.0,
                    figures: day.figures,
                    is_new: day.is_new,
                });
                months.push((day.day.month().0, day.is_new));
                day.is_dirty = false;
                day.is_writing = true;
            }
            months.sort_unstable();
            months.dedup_by_key(|(month, _)| *month);
            for (month, is_new) in months {
                let mut all = state.months.iter();
                if let Some((_, sum)) = all.find(|(it, _)| *it == month) {
                    rows.push(Row {
                        table: Table::UsageMonths,
                        tenant: tenant.key.clone(),
                        number: month,
                        figures: *sum,
                        is_new,
                    });
                }
            }
        }
        let mut dirty: HashMap<TenantKey, Vec<u32>> = HashMap::new();
        for row in rows.iter().filter(|row| row.table == Table::UsageDays) {
            dirty
                .entry(row.tenant.clone())
                .or_default()
                .push(row.number);
        }
        let written = match rows.is_empty() {
            true => Ok(()),
            false => self.write(rows).await,
        };
        for tenant in &tenants {
            let mine = dirty.get(&tenant.key).map_or(&[][..], Vec::as_slice);
            settle(&self.0, tenant, mine, written.is_ok());
        }
        drop(tenants);
        if written.is_ok() {
            self.0.tenants.lock().retain(|_, tenant| {
                let mut state = tenant.state.lock();
                let is_used = Arc::strong_count(tenant) > 1;
                let stays = is_used || state.days.iter().any(|it| it.is_dirty);
                if !stays {
                    give_back(&self.0, state.days.drain(..).filter_map(|it| it.slot));
                }
                stays
            });
        }
        written
    }

    async fn write(&self, rows: Vec<Row>) -> Result<(), StoreError> {
        let store = self.0.store.clone();
        postern_task::unblock(move || {
            let mut batch = store.records().batch();
            for row in &rows {
                let key = row_key(&row.tenant, row.number);
                batch.put(row.table, &key, &StoredFigures::V1(row.figures))?;
                if row.is_new {
                    prune(&store, &mut batch, row)?;
                }
            }
            batch.commit()
        })
        .await?;
        self.0.store.durable().await
    }

    /// Sets aside more for those who are short of it, durably.
    ///
    /// # Errors
    /// When the store takes no writes; those who are short stay so.
    pub async fn reserve(&self) -> Result<(), StoreError> {
        let _one = self.0.syncing.lock().await;
        let mut wanted: Vec<(Arc<Tenant>, Reserved)> = Vec::new();
        for tenant in self.all() {
            let more = tenant.state.lock().wanted(&self.0, &tenant.key)?;
            wanted.extend(more.map(|more| (tenant.clone(), more)));
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let rows: Vec<(TenantKey, Reserved)> = wanted
            .iter()
            .map(|(tenant, more)| (tenant.key.clone(), more.clone()))
            .collect();
        let store = self.0.store.clone();
        postern_task::unblock(move || {
            let mut batch = store.records().batch();
            for (tenant, more) in rows {
                batch.put(Table::UsageReserved, &tenant, &StoredReserved::V1(more))?;
            }
            batch.commit()
        })
        .await?;
        self.0.store.durable().await?;
        for (tenant, more) in wanted {
            tenant.state.lock().set_reserved(more);
        }
        Ok(())
    }

    /// What has to be done all the time. Run it beside everything else; it does not end.
    pub async fn upkeep(self) {
        let mut told = false;
        loop {
            let late = async {
                async_io::Timer::after(SYNC_EVERY).await;
                true
            };
            let short = async {
                match self.0.shortages.recv().await {
                    Ok(()) => async_io::Timer::after(GATHER).await,
                    Err(_) => std::future::pending().await,
                };
                false
            };
            let is_late = futures_lite::future::or(short, late).await;
            let mut done = self.reserve().await;
            if is_late && done.is_ok() {
                done = self.sync().await;
            }
            match done {
                Ok(()) => told = false,
                Err(StoreError::Closed) => return,
                // Once: it may be so for long, and comes back here with each request.
                Err(error) if !told => {
                    told = true;
                    log::error!(
                        "usage cannot be made durable: {error}; tenants with quotas are refused when what is set aside is used up, the others are counted in memory and in the journal"
                    );
                }
                Err(_) => {}
            }
        }
    }

    /// Has the store hold everything, so that the next start knows all of it.
    ///
    /// # Errors
    /// When the store takes no writes.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.sync().await?;
        let _one = self.0.syncing.lock().await;
        let store = self.0.store.clone();
        postern_task::unblock(move || {
            let rows = store
                .records()
                .scan::<StoredReserved>(Table::UsageReserved, &[])?;
            let mut batch = store.records().batch();
            for (tenant, StoredReserved::V1(mut row)) in rows {
                (row.most, row.ahead) = (Figures::default(), None);
                row.charges.truncate(CHARGES_MAX);
                if row.charges.is_empty() {
                    batch.delete(Table::UsageReserved, &tenant)?;
                } else {
                    batch.put(Table::UsageReserved, &tenant, &StoredReserved::V1(row))?;
                }
            }
            batch.commit()
        })
        .await?;
        self.0.store.durable().await
    }

    /// Forgets the counts of a dispatch namespace that is gone.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn forget(&self, namespace: [u8; 16]) -> Result<(), StoreError> {
        let _one = self.0.syncing.lock().await;
        let gone: Vec<Arc<Tenant>> = {
            let mut tenants = self.0.tenants.lock();
            let (gone, stay) = std::mem::take(&mut *tenants)
                .into_iter()
                .partition(|(key, _)| key.starts_with(&namespace));
            *tenants = stay;
            let gone: HashMap<TenantKey, Arc<Tenant>> = gone;
            gone.into_values().collect()
        };
        for tenant in gone {
            let mut state = tenant.state.lock();
            give_back(&self.0, state.days.drain(..).filter_map(|it| it.slot));
        }
        let store = self.0.store.clone();
        postern_task::unblock(move || {
            let mut batch = store.records().batch();
            for table in [Table::UsageDays, Table::UsageMonths] {
                for key in keys::<StoredFigures>(&store, table, &namespace)? {
                    batch.delete(table, &key)?;
                }
            }
            for key in keys::<StoredReserved>(&store, Table::UsageReserved, &namespace)? {
                batch.delete(Table::UsageReserved, &key)?;
            }
            batch.commit()
        })
        .await?;
        self.0.store.durable().await
    }
}

fn keys<T: serde::de::DeserializeOwned>(
    store: &Store,
    table: Table,
    prefix: &[u8],
) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut keys = Vec::new();
    store.records().visit(table, prefix, |key, _: T| {
        keys.push(key.to_vec());
        true
    })?;
    Ok(keys)
}

/// Takes note of what became of rows that were written.
fn settle(inner: &Inner, tenant: &Tenant, written: &[u32], well: bool) {
    let mut state = tenant.state.lock();
    for day in &mut state.days {
        day.is_writing = false;
        if written.contains(&day.day.0) {
            match well {
                true => day.is_new = false,
                false => day.is_dirty = true,
            }
        }
    }
    if !well {
        return;
    }
    // What is over and stored needs no place any more.
    let Some(today) = state.days.pop() else {
        return;
    };
    let (stay, over): (Vec<_>, Vec<_>) = std::mem::take(&mut state.days)
        .into_iter()
        .partition(|it| it.is_dirty);
    give_back(inner, over.into_iter().filter_map(|it| it.slot));
    state.days = stay;
    state.days.push(today);
    let needed: Vec<u32> = state.days.iter().map(|it| it.day.month().0).collect();
    state.months.retain(|(month, _)| needed.contains(month));
}

fn give_back(inner: &Inner, slots: impl Iterator<Item = u32>) {
    let mut journal = inner.journal.lock();
    if let Some(journal) = journal.as_mut() {
        slots.for_each(|slot| journal.give_back(slot));
    }
}

/// Removes the oldest rows of a tenant beyond those that are kept.
fn prune(store: &Store, batch: &mut RecordBatch<'_>, row: &Row) -> Result<(), StoreError> {
    let kept = match row.table {
        Table::UsageDays => DAYS_KEPT,
        _ => MONTHS_KEPT,
    };
    let mut numbers = Vec::new();
    let prefix = &row.tenant;
    store
        .records()
        .visit(row.table, prefix, |key, _: StoredFigures| {
            // A longer name begins like this one.
            let mine = parse_key(key).filter(|(tenant, _)| tenant == prefix);
            numbers.extend(mine.map(|(_, number)| number));
            true
        })?;
    numbers.retain(|number| *number != row.number);
    numbers.sort_unstable();
    let over = (numbers.len() + 1).saturating_sub(kept);
    for number in &numbers[..over.min(numbers.len())] {
        batch.delete(row.table, &row_key(prefix, *number))?;
    }
    Ok(())
}
