//! What tenants use, counted durably, and what they may use in a day and a month.
//!
//! Each tenant has one count a date of UTC, and one a month. `docs/limits.md` says what is exact when.
//!
//! # Implementation
//!
//! A count stands in three places. In memory, where it is made. In the [`journal`], written with each count,
//! which outlives the process. In the store's rows, written every [`SYNC_EVERY`] with the store's group
//! commit, which outlive a power cut. Rows have sums and not differences, so that writing one twice doubles
//! nothing; after a crash a count is the larger of row and slot.
//!
//! Where a tenant has quotas, nothing is counted beyond what was *reserved*: a row that is durable before the
//! count comes to it. What a power cut leaves unknown is at most that, and is charged to the quota.

pub mod calendar;
mod journal;
pub mod quota;
mod report;
mod sync;
mod tenant;
#[cfg(test)]
mod tests;

pub use report::{Filter, LINES_MAX, Line, csv};
pub use tenant::{Counted, Tenant};

use crate::store::{Clock, Store, StoreError, Table};
use calendar::Day;
use journal::Journal;
use parking_lot::Mutex;
use quota::Figures;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How often counts are made to outlive a power cut.
pub const SYNC_EVERY: Duration = Duration::from_secs(10);
/// Dates that are kept of a tenant.
pub const DAYS_KEPT: usize = 70;
/// Months that are kept of a tenant.
pub const MONTHS_KEPT: usize = 26;
/// Reservations of power cuts that are remembered of a tenant.
const CHARGES_MAX: usize = 32;

/// How usage is opened.
pub struct UsageOptions {
    /// The directory of the journal, made if it is not there.
    pub dir: PathBuf,
    /// What names this run of the machine; empty if nobody knows.
    pub boot: String,
    /// Seconds since 1970.
    pub clock: Clock,
}

impl UsageOptions {
    /// Below this directory, by the machine's own clock.
    pub fn new(dir: PathBuf) -> Self {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
        let seconds = || {
            let now = std::time::SystemTime::now();
            let since = now.duration_since(std::time::UNIX_EPOCH);
            since.map_or(0, |since| since.as_secs())
        };
        Self {
            dir,
            boot: boot.map_or_else(|_| String::new(), |id| id.trim().to_owned()),
            clock: Arc::new(seconds),
        }
    }
}

/// A tenant's name: its dispatch namespace, and what it is called there.
pub type TenantKey = Vec<u8>;

/// The counts of all tenants. Clones share them.
#[derive(Clone)]
pub struct Usage(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Clock,
    journal: Mutex<Option<Journal>>,
    tenants: Mutex<HashMap<TenantKey, Arc<Tenant>>>,
    /// Somebody is short of what is reserved.
    short: smol::channel::Sender<()>,
    shortages: smol::channel::Receiver<()>,
    /// Held while counts are written to the store.
    syncing: smol::lock::Mutex<()>,
}

/// Figures of a date or a month, in every format that there was.
#[derive(Serialize, Deserialize)]
enum StoredFigures {
    V1(Figures),
}

/// What is reserved for a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Reserved {
    /// Of which date.
    day: u32,
    /// Sums that the date's figures do not go beyond.
    most: Figures,
    /// The date after it and the same of that, shortly before it begins.
    ahead: Option<(u32, Figures)>,
    /// What power cuts left unknown: date and figures.
    charges: Vec<(u32, Figures)>,
}

/// The same, in every format that there was.
#[derive(Serialize, Deserialize)]
enum StoredReserved {
    V1(Reserved),
}

/// The key of a tenant.
pub fn tenant_key(namespace: [u8; 16], name: &str) -> TenantKey {
    let mut key = namespace.to_vec();
    key.extend_from_slice(name.as_bytes());
    key
}

/// The key of a tenant's row of a date or a month.
fn row_key(tenant: &[u8], number: u32) -> Vec<u8> {
    let mut key = tenant.to_vec();
    key.extend_from_slice(&number.to_be_bytes());
    key
}

/// Tenant and number of such a key.
fn parse_key(key: &[u8]) -> Option<(&[u8], u32)> {
    let (tenant, number) = key.split_last_chunk::<4>()?;
    Some((tenant, u32::from_be_bytes(*number)))
}

fn figures(
    store: &Store,
    table: Table,
    tenant: &[u8],
    number: u32,
) -> Result<Option<Figures>, StoreError> {
    let row = store.records().get(table, &row_key(tenant, number))?;
    Ok(row.map(|StoredFigures::V1(figures)| figures))
}

fn plus(a: Figures, b: Figures) -> Figures {
    std::array::from_fn(|at| a[at].saturating_add(b[at]))
}

fn minus(a: Figures, b: Figures) -> Figures {
    std::array::from_fn(|at| a[at].saturating_sub(b[at]))
}

impl Usage {
    /// Opens the counts: what another process left is taken over. Blocks.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub fn open(store: Store, options: UsageOptions) -> Result<Self, StoreError> {
        let (short, shortages) = smol::channel::bounded(1);
        let path = options.dir.join("journal");
        let made = std::fs::create_dir_all(&options.dir);
        let left = made.and_then(|()| Journal::read(&path, &options.boot));
        let left = left.unwrap_or_else(|error| {
            log::error!(
                "{}: {error}; counts since the store has them are lost",
                path.display()
            );
            journal::Left {
                slots: Vec::new(),
                same_boot: false,
            }
        });
        take_over(&store, left)?;
        let journal = Journal::begin(&path, &options.boot).map_err(|error| {
            log::error!(
                "{}: {error}; until a restart finds it writable, a crash of the daemon loses what was counted since the store has it",
                path.display()
            );
        });
        Ok(Self(Arc::new(Inner {
            store,
            clock: options.clock,
            journal: Mutex::new(journal.ok()),
            tenants: Mutex::default(),
            short,
            shortages,
            syncing: smol::lock::Mutex::new(()),
        })))
    }

    /// A tenant's count.
    pub fn tenant(&self, namespace: [u8; 16], name: &str) -> Arc<Tenant> {
        let key = tenant_key(namespace, name);
        let mut tenants = self.0.tenants.lock();
        let made = || Arc::new(Tenant::new(Arc::downgrade(&self.0), key.clone()));
        tenants.entry(key.clone()).or_insert_with(made).clone()
    }

    fn all(&self) -> Vec<Arc<Tenant>> {
        self.0.tenants.lock().values().cloned().collect()
    }
}

/// Puts what a process left in its journal into the store, and charges what a power cut may have taken.
fn take_over(store: &Store, left: journal::Left) -> Result<(), StoreError> {
    let mut days: BTreeMap<(TenantKey, u32), Figures> = BTreeMap::new();
    for slot in left.slots {
        let known = days.entry((slot.tenant, slot.day)).or_default();
        *known = std::array::from_fn(|at| known[at].max(slot.figures[at]));
    }
    let mut months: BTreeMap<(TenantKey, u32), Figures> = BTreeMap::new();
    let mut batch = store.records().batch();
    for ((tenant, day), counted) in &days {
        let row = figures(store, Table::UsageDays, tenant, *day)?.unwrap_or_default();
        let more = minus(*counted, row);
        if more == Figures::default() {
            continue;
        }
        let sum = StoredFigures::V1(plus(row, more));
        batch.put(Table::UsageDays, &row_key(tenant, *day), &sum)?;
        let month = Day(*day).month().0;
        let row = match months.get(&(tenant.clone(), month)) {
            Some(row) => *row,
            None => figures(store, Table::UsageMonths, tenant, month)?.unwrap_or_default(),
        };
        months.insert((tenant.clone(), month), plus(row, more));
    }
    for ((tenant, month), sum) in &months {
        let sum = StoredFigures::V1(*sum);
        batch.put(Table::UsageMonths, &row_key(tenant, *month), &sum)?;
    }
    let rows = store
        .records()
        .scan::<StoredReserved>(Table::UsageReserved, &[])?;
    for (tenant, StoredReserved::V1(mut row)) in rows {
        if !left.same_boot {
            for (day, most) in [(row.day, row.most)].into_iter().chain(row.ahead) {
                let counted = days.get(&(tenant.clone(), day)).copied();
                let counted = counted.unwrap_or_default();
                let stored = figures(store, Table::UsageDays, &tenant, day)?.unwrap_or_default();
                let counted = std::array::from_fn(|at| counted[at].max(stored[at]));
                let unknown = minus(most, counted);
                if unknown != Figures::default() {
                    row.charges.push((day, unknown));
                }
            }
            let over = row.charges.len().saturating_sub(CHARGES_MAX);
            row.charges.drain(..over);
        }
        (row.most, row.ahead) = (Figures::default(), None);
        if row.charges.is_empty() {
            batch.delete(Table::UsageReserved, &tenant)?;
        } else {
            batch.put(Table::UsageReserved, &tenant, &StoredReserved::V1(row))?;
        }
    }
    batch.commit()?;
    smol::block_on(store.durable())
}
