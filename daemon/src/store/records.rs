//! Records: small typed rows in tables, as postcard.
//!
//! A record's row is a zero byte and the record, or a one byte, a file id and a length where
//! the record is too large for a row.

use super::change::Change;
use super::commit;
use super::core::Core;
use super::error::StoreError;
use super::keys;
use super::kv::{KvError, NamespaceId, PreparedEntry};
use super::rows::Row;
use super::values::{FileId, INLINE_MAX};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// Bytes of one record as postcard.
pub const RECORD_MAX: usize = 8 << 20;
/// Bytes of a record's key within its table.
pub const RECORD_KEY_MAX: usize = 512;

/// What a record is about. Numbers are part of the format on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Table {
    /// Dispatch namespaces.
    Namespaces = 1,
    /// Scripts.
    Scripts = 2,
    /// KV namespaces: their names, not what is in them.
    KvNamespaces = 3,
    /// Tokens, as hashes.
    Tokens = 4,
    /// Settings.
    Settings = 5,
    /// Tags of scripts.
    Tags = 6,
    /// Versions of scripts.
    Versions = 7,
    /// Secrets.
    Secrets = 8,
    /// Deployments of scripts.
    Deployments = 48,
    /// Deployments of two versions, that run.
    Splits = 49,
    /// Routes of Workers outside of dispatch namespaces.
    Routes = 16,
    /// Their Custom Domains.
    Domains = 17,
    /// Whether they answer at their default addresses.
    Subdomains = 18,
    /// Tail consumers of scripts.
    TailConsumers = 32,
    /// Blocks of data points.
    AnalyticsBlocks = 33,
    /// Logpush jobs.
    LogpushJobs = 34,
    /// Batches that logpush jobs are to send.
    LogpushBatches = 35,
    /// What dispatch namespaces say about logs.
    NamespaceLogs = 36,
    /// How fast this machine was measured to be.
    Calibration = 96,
    /// What tenants' invocations used.
    TuneFigures = 97,
    /// Limits that are on trial.
    LimitTrials = 98,
    /// Plans: named sets of limits.
    Plans = 64,
    /// Limits of namespaces, tenants and scripts that the operator states.
    LimitOverrides = 65,
    /// Who changed limits, when and why.
    LimitHistory = 66,
    /// What tenants used, a row a date.
    UsageDays = 67,
    /// The same, a row a month.
    UsageMonths = 68,
    /// What tenants may use before more is set aside.
    UsageReserved = 69,
    /// Tokens with roles, as hashes.
    Grants = 100,
    /// When tokens were last used.
    TokenUses = 101,
    /// Changes by the management port.
    Audit = 102,
    /// What the oldest of them that is kept follows.
    AuditAnchor = 103,
    /// Tokens for scripts with one tag, as hashes.
    TaggedGrants = 112,
    /// That there is a token, or was.
    Claimed = 113,
    /// Whose signatures of bundles count.
    ReleaseKeys = 105,
    /// Bundles that are installed, by dispatch namespace.
    Installed = 106,
    /// What was last fetched from where bundles are pulled from.
    Pulls = 107,
    /// KV namespaces that bundles made, by dispatch namespace.
    BundledKv = 114,
}

impl Table {
    fn name(self) -> &'static str {
        match self {
            Self::Namespaces => "namespaces",
            Self::Scripts => "scripts",
            Self::KvNamespaces => "kv-namespaces",
            Self::Tokens => "tokens",
            Self::Settings => "settings",
            Self::Tags => "tags",
            Self::Versions => "versions",
            Self::Secrets => "secrets",
            Self::Deployments => "deployments",
            Self::Splits => "splits",
            Self::Routes => "routes",
            Self::Domains => "domains",
            Self::Subdomains => "subdomains",
            Self::TailConsumers => "tail-consumers",
            Self::AnalyticsBlocks => "analytics-blocks",
            Self::LogpushJobs => "logpush-jobs",
            Self::LogpushBatches => "logpush-batches",
            Self::NamespaceLogs => "namespace-logs",
            Self::Calibration => "calibration",
            Self::TuneFigures => "tune-figures",
            Self::LimitTrials => "limit-trials",
            Self::Plans => "plans",
            Self::LimitOverrides => "limit-overrides",
            Self::LimitHistory => "limit-history",
            Self::UsageDays => "usage-days",
            Self::UsageMonths => "usage-months",
            Self::UsageReserved => "usage-reserved",
            Self::Grants => "grants",
            Self::TokenUses => "token-uses",
            Self::Audit => "audit",
            Self::AuditAnchor => "audit-anchor",
            Self::TaggedGrants => "tagged-grants",
            Self::Claimed => "claimed",
            Self::ReleaseKeys => "release-keys",
            Self::Installed => "installed",
            Self::Pulls => "pulls",
            Self::BundledKv => "bundled-kv",
        }
    }
}

/// Where a record is.
pub(super) enum Place {
    Row,
    File(FileId, u64),
}

/// Reads a record's row; `None`: it cannot be one.
pub(super) fn place(row: &[u8]) -> Option<Place> {
    match row.split_first()? {
        (0, _) => Some(Place::Row),
        (1, rest) => {
            let (id, len) = rest.split_first_chunk::<16>()?;
            let len = u64::from_le_bytes(len.try_into().ok()?);
            Some(Place::File(FileId(*id), len))
        }
        _ => None,
    }
}

/// All records.
#[derive(Clone)]
pub struct Records {
    core: Arc<Core>,
}

impl Records {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// A record. A type that cannot be read back is an error, not an absent record.
    pub fn get<T: DeserializeOwned>(
        &self,
        table: Table,
        key: &[u8],
    ) -> Result<Option<T>, StoreError> {
        let row_key = keys::record(table as u8, key);
        // A large record's file may be replaced while it is being opened.
        for _ in 0..16 {
            let Some(row) = self.core.note(self.core.rows.get(&row_key))? else {
                return Ok(None);
            };
            if let Some(record) = self.read(table, row)? {
                return Ok(Some(record));
            }
        }
        self.core.note(Err(missing(table)))
    }

    /// The records whose keys begin with `prefix`, in the order of their keys.
    pub fn scan<T: DeserializeOwned>(
        &self,
        table: Table,
        prefix: &[u8],
    ) -> Result<Vec<(Vec<u8>, T)>, StoreError> {
        let mut records = Vec::new();
        let prefix = keys::record(table as u8, prefix);
        let scanned = self.core.rows.scan(&prefix, &prefix, |key, row| {
            let key = key[2..].to_vec();
            let record = match self.read(table, row)? {
                Some(record) => Some(record),
                // Replaced meanwhile, or removed.
                None => self.get(table, &key)?,
            };
            records.extend(record.map(|record| (key, record)));
            Ok(true)
        });
        self.core.note(scanned)?;
        Ok(records)
    }

    /// Calls this with each record whose key begins with `prefix`, in the order of their keys, until
    /// it says false. Holds one record at a time.
    pub fn visit<T: DeserializeOwned>(
        &self,
        table: Table,
        prefix: &[u8],
        mut call: impl FnMut(&[u8], T) -> bool,
    ) -> Result<(), StoreError> {
        let prefix = keys::record(table as u8, prefix);
        let scanned = self.core.rows.scan(&prefix, &prefix, |key, row| {
            let key = &key[2..];
            let record = match self.read(table, row)? {
                Some(record) => Some(record),
                // Replaced meanwhile, or removed.
                None => self.get(table, key)?,
            };
            Ok(record.is_none_or(|record| call(key, record)))
        });
        self.core.note(scanned)
    }

    /// `None`: the row's file is gone.
    fn read<T: DeserializeOwned>(&self, table: Table, row: Row) -> Result<Option<T>, StoreError> {
        let bytes = match place(&row) {
            Some(Place::Row) => row.tail(1),
            Some(Place::File(id, len)) => match self.core.values.open(id, len)? {
                Some(file) => super::kv::Value::Blob { len, file }.into_bytes()?,
                None => return Ok(None),
            },
            None => {
                return Err(StoreError::Damaged(format!(
                    "a record of table {} has an unknown form",
                    table.name()
                )));
            }
        };
        let failed = |reason: String| StoreError::Record {
            table: table.name(),
            action: "decoded",
            reason,
        };
        match postcard::take_from_bytes(&bytes) {
            Ok((record, [])) => Ok(Some(record)),
            Ok((_, rest)) => Err(failed(format!("{} bytes are left over", rest.len()))),
            Err(error) => Err(failed(error.to_string())),
        }
    }

    /// Begins a change of several records.
    pub fn batch(&self) -> RecordBatch<'_> {
        RecordBatch {
            records: self,
            writes: Vec::new(),
        }
    }
}

fn missing(table: Table) -> StoreError {
    StoreError::Damaged(format!(
        "the file of a large record of table {} is missing",
        table.name()
    ))
}

/// A change of several records. Dropping it changes nothing.
pub struct RecordBatch<'a> {
    records: &'a Records,
    writes: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl RecordBatch<'_> {
    /// Sets a record. The last change of a key wins.
    pub fn put<T: Serialize + ?Sized>(
        &mut self,
        table: Table,
        key: &[u8],
        record: &T,
    ) -> Result<&mut Self, StoreError> {
        let row_key = check_key(table, key)?;
        let row = postcard::to_extend(record, vec![0]).map_err(|error| StoreError::Record {
            table: table.name(),
            action: "encoded",
            reason: error.to_string(),
        })?;
        if row.len() > RECORD_MAX {
            return Err(StoreError::RecordTooLarge {
                len: row.len(),
                limit: RECORD_MAX,
            });
        }
        self.writes.push((row_key, Some(row)));
        Ok(self)
    }

    /// Removes a record; that it is not there is well.
    pub fn delete(&mut self, table: Table, key: &[u8]) -> Result<&mut Self, StoreError> {
        self.writes.push((check_key(table, key)?, None));
        Ok(self)
    }

    /// Does it, all at once. Readers see it when this returns; it is durable after
    /// [`Store::durable`](super::Store::durable). Blocks while a large record is written, or
    /// another commit is on its way to the disk.
    pub fn commit(self) -> Result<(), StoreError> {
        self.commit_with(Vec::new()).map_err(|error| match error {
            KvError::Store(error) => error,
            // Without entries nothing else is refused.
            other => StoreError::Broken(other.to_string()),
        })
    }

    /// The same together with values of KV, which are set in this order.
    ///
    /// # Errors
    /// Also when a KV namespace would be over its quota; then nothing is changed.
    pub fn commit_with(self, entries: Vec<(NamespaceId, PreparedEntry)>) -> Result<(), KvError> {
        let core = &self.records.core;
        let mut prepared = Vec::with_capacity(self.writes.len());
        let mut has_files = false;
        for (key, row) in self.writes {
            let file = match &row {
                Some(row) if row.len() > INLINE_MAX => Some(core.values.write(&row[1..])?),
                _ => None,
            };
            has_files |= file.is_some();
            prepared.push((key, row, file));
        }
        has_files |= entries.iter().any(|(_, entry)| entry.0.has_file());
        if has_files {
            core.values.sync_names()?;
        }
        let mut state = core.state();
        core.check(&state)?;
        let mut change = Change::new(&core.rows);
        for (key, row, file) in prepared {
            if let Some(before) = change.get(&key)?
                && let Some(Place::File(id, _)) = place(&before)
            {
                change.doom(id);
            }
            match (row, file) {
                (_, Some(file)) => {
                    let mut row = vec![1];
                    row.extend_from_slice(&file.id.0);
                    row.extend_from_slice(&file.len.to_le_bytes());
                    change.own(file, &key);
                    change.put(key, row);
                }
                (Some(row), None) => change.put(key, row),
                (None, None) => change.remove(key),
            }
        }
        for (namespace, entry) in entries {
            commit::stage_writes(core, &mut change, namespace, vec![entry.0])?;
        }
        Ok(core.apply(&mut state, change)?)
    }
}

fn check_key(table: Table, key: &[u8]) -> Result<Vec<u8>, StoreError> {
    if key.len() > RECORD_KEY_MAX {
        return Err(StoreError::KeyTooLong {
            len: key.len(),
            limit: RECORD_KEY_MAX,
        });
    }
    Ok(keys::record(table as u8, key))
}
