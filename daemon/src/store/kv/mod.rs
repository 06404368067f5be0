//! KV namespaces: what the field's KV does, on rows and files (spec: SEMANTICS §22).
//!
//! Keys are listed in the order of their bytes. An expired entry is never returned; it is
//! removed in the background, in the order of expiry, and counts towards the quota until then.

pub(super) mod entry;
mod error;
mod upload;
pub(super) mod write;

pub use error::KvError;
pub use upload::KvUpload;

use super::commit::{Committer, Work};
use super::core::Core;
use super::error::StoreError;
use super::keys;
use super::layout::{hex, unhex};
use super::values::INLINE_MAX;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use entry::Place;
use postern_abi::limits::{
    KV_KEY_MAX, KV_LIST_MAX, KV_METADATA_MAX, KV_MULTI_MAX, KV_TTL_MIN, KV_VALUE_MAX,
};
use std::fs::File;
use std::sync::Arc;
use write::{NewValue, Write};

/// Pairs in one bulk write (spec: SEMANTICS §22).
pub const BULK_MAX: usize = 10_000;
/// Bytes of keys and values in one bulk write.
pub const BULK_BYTES_MAX: u64 = 100 * 1000 * 1000;

/// How often a read looks again when the value changed under it.
const RACES_MAX: usize = 16;
/// Entries removed in one commit when a namespace is dropped.
const CLEAR_STEP: usize = 512;

/// The name of a KV namespace: 32 hexadecimal digits when shown.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub struct NamespaceId(pub [u8; 16]);

impl NamespaceId {
    /// A new one.
    pub fn random() -> Result<Self, StoreError> {
        super::layout::random_id().map(Self)
    }
}

impl std::fmt::Display for NamespaceId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl std::str::FromStr for NamespaceId {
    type Err = BadNamespaceId;

    fn from_str(text: &str) -> Result<Self, BadNamespaceId> {
        unhex(&text.to_ascii_lowercase())
            .map(Self)
            .ok_or_else(|| BadNamespaceId(text.chars().take(40).collect()))
    }
}

/// A text that names no KV namespace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a KV namespace id, which has 32 hexadecimal digits")]
pub struct BadNamespaceId(String);

/// A value.
#[derive(Debug)]
pub enum Value {
    /// A small one, shared with the store's cache.
    Inline(Bytes),
    /// A large one. The file stays readable when the entry is overwritten meanwhile.
    Blob {
        /// Its length in bytes.
        len: u64,
        /// Its bytes.
        file: File,
    },
}

impl Value {
    /// Its length in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Inline(bytes) => bytes.len() as u64,
            Self::Blob { len, .. } => *len,
        }
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of it in memory; at most 25 MiB. Blocks on large ones.
    pub fn into_bytes(self) -> Result<Bytes, StoreError> {
        use std::io::Read;
        match self {
            Self::Inline(bytes) => Ok(bytes),
            Self::Blob { len, file } => {
                let mut bytes = Vec::new();
                let read = file
                    .take(len.min(KV_VALUE_MAX as u64))
                    .read_to_end(&mut bytes);
                read.map_err(StoreError::io("read", std::path::Path::new("a KV value")))?;
                if bytes.len() as u64 != len {
                    return Err(StoreError::Damaged(format!(
                        "a KV value of {len} bytes ended after {}",
                        bytes.len()
                    )));
                }
                Ok(bytes.into())
            }
        }
    }
}

/// What a key holds.
#[derive(Debug)]
pub struct Entry {
    /// The value.
    pub value: Value,
    /// JSON.
    pub metadata: Option<String>,
    /// When it expires, in seconds since 1970.
    pub expiration: Option<u64>,
}

/// What goes with a value that is put.
#[derive(Clone, Debug, Default)]
pub struct PutOptions {
    /// JSON, at most [`KV_METADATA_MAX`] bytes.
    pub metadata: Option<String>,
    /// When it expires, in seconds since 1970.
    pub expiration: Option<u64>,
    /// In how many seconds it expires. Wins over `expiration`.
    pub expiration_ttl: Option<u64>,
}

/// One pair of a bulk write.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The key.
    pub key: String,
    /// The value.
    pub value: Bytes,
    /// What goes with it.
    pub options: PutOptions,
}

/// A value that is checked, and written where it is large; see
/// [`RecordBatch::commit_with`](super::RecordBatch::commit_with). Dropping it leaves nothing.
pub struct PreparedEntry(pub(super) Write);

/// One key of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    /// The key.
    pub name: String,
    /// When it expires, in seconds since 1970.
    pub expiration: Option<u64>,
    /// JSON.
    pub metadata: Option<String>,
}

/// One page of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Keys in the order of their bytes.
    pub keys: Vec<KeyInfo>,
    /// Where the next page begins; `None`: this is the last.
    pub cursor: Option<String>,
}

/// What a namespace holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Bytes of keys, values and metadata.
    pub bytes: u64,
    /// How many entries.
    pub keys: u64,
}

impl Usage {
    pub(super) fn encode(self) -> Vec<u8> {
        [self.bytes.to_le_bytes(), self.keys.to_le_bytes()].concat()
    }

    pub(super) fn decode(row: &[u8]) -> Option<Self> {
        let (bytes, keys) = row.split_first_chunk::<8>()?;
        Some(Self {
            bytes: u64::from_le_bytes(*bytes),
            keys: u64::from_le_bytes(keys.try_into().ok()?),
        })
    }
}

/// All KV namespaces. One exists as soon as something is in it.
#[derive(Clone)]
pub struct Kv {
    core: Arc<Core>,
    committer: Committer,
}

impl Kv {
    pub(super) fn new(core: Arc<Core>, committer: Committer) -> Self {
        Self { core, committer }
    }

    /// What a key holds; `None` when there is nothing or it expired.
    pub fn get(&self, namespace: NamespaceId, key: &str) -> Result<Option<Entry>, KvError> {
        check_key(key)?;
        Ok(self.core.note(self.read(namespace, key))?)
    }

    fn read(&self, namespace: NamespaceId, key: &str) -> Result<Option<Entry>, StoreError> {
        let row_key = keys::entry(namespace, key.as_bytes());
        for _ in 0..RACES_MAX {
            let Some(row) = self.core.rows.get(&row_key)? else {
                return Ok(None);
            };
            let head = write::decode(&row)?;
            if head.expired(self.core.now()) {
                return Ok(None);
            }
            let expiration = head.expiration;
            let metadata = head.metadata.map(str::to_owned);
            let value = match head.place {
                Place::Row { start, .. } => Value::Inline(entry::inline(row, start)),
                Place::File { id, len } => match self.core.values.open(id, len)? {
                    Some(file) => Value::Blob { len, file },
                    None => continue,
                },
            };
            return Ok(Some(Entry {
                value,
                metadata,
                expiration,
            }));
        }
        Err(StoreError::Damaged(format!(
            "the value of KV key {key:?} in {namespace} is missing"
        )))
    }

    /// Several keys at once, at most [`KV_MULTI_MAX`], in the order asked for.
    pub fn get_many(
        &self,
        namespace: NamespaceId,
        keys: &[&str],
    ) -> Result<Vec<Option<Entry>>, KvError> {
        if keys.len() > KV_MULTI_MAX {
            return Err(KvError::ManyKeys(keys.len()));
        }
        keys.iter().map(|key| self.get(namespace, key)).collect()
    }

    /// Writes a value. Returns when it is durable.
    pub async fn put(
        &self,
        namespace: NamespaceId,
        key: &str,
        value: impl Into<Bytes>,
        options: PutOptions,
    ) -> Result<(), KvError> {
        let pair = Pair {
            key: key.to_owned(),
            value: value.into(),
            options,
        };
        self.put_many(namespace, vec![pair]).await
    }

    /// Writes several values, all of them or none. Returns when they are durable.
    pub async fn put_many(&self, namespace: NamespaceId, pairs: Vec<Pair>) -> Result<(), KvError> {
        check_count(pairs.len())?;
        let now = self.core.now();
        let mut bytes = 0;
        let mut large = 0;
        for pair in &pairs {
            check_key(&pair.key)?;
            check_value(pair.value.len() as u64)?;
            pair.options.check(now)?;
            bytes += (pair.key.len() + pair.value.len()) as u64;
            if pair.value.len() > INLINE_MAX {
                large += pair.value.len() as u64;
            }
        }
        if bytes > BULK_BYTES_MAX {
            return Err(KvError::LargeBulk {
                bytes,
                limit: BULK_BYTES_MAX,
            });
        }
        let writes = if large > 0 {
            self.check_room(namespace, large)?;
            let core = self.core.clone();
            postern_task::unblock(move || prepare_all(&core, pairs, now)).await?
        } else {
            prepare_all(&self.core, pairs, now)?
        };
        self.committer.run(Work::Kv { namespace, writes }).await
    }

    /// Checks a value, and writes it to a file of its own where it is large, so that it can become
    /// an entry together with records. Blocks.
    pub fn prepare(&self, key: String, value: Bytes) -> Result<PreparedEntry, KvError> {
        check_key(&key)?;
        check_value(value.len() as u64)?;
        let options = PutOptions::default();
        let pair = Pair {
            key,
            value,
            options,
        };
        Ok(PreparedEntry(prepare(&self.core, pair, self.core.now())?))
    }

    /// Refuses a large value before it is written, where it could not fit whatever it
    /// replaces. The exact check comes with the write.
    fn check_room(&self, namespace: NamespaceId, bytes: u64) -> Result<(), KvError> {
        let limit = self.core.kv_quota_bytes;
        if bytes > limit {
            return Err(KvError::Quota {
                wanted: self.usage(namespace)?.bytes.saturating_add(bytes),
                limit,
            });
        }
        Ok(())
    }

    /// Begins a write whose value comes in parts.
    pub fn upload(
        &self,
        namespace: NamespaceId,
        key: &str,
        options: PutOptions,
    ) -> Result<KvUpload, KvError> {
        check_key(key)?;
        let expiration = options.check(self.core.now())?;
        Ok(KvUpload::new(
            self.core.clone(),
            self.committer.clone(),
            namespace,
            key.to_owned(),
            options.metadata,
            expiration,
        ))
    }

    /// Removes a key, if it is there. Returns when that is durable.
    pub async fn delete(&self, namespace: NamespaceId, key: &str) -> Result<(), KvError> {
        self.delete_many(namespace, &[key]).await
    }

    /// Removes several keys in one commit.
    pub async fn delete_many(
        &self,
        namespace: NamespaceId,
        keys: &[impl AsRef<str> + Sync],
    ) -> Result<(), KvError> {
        check_count(keys.len())?;
        let mut writes = Vec::with_capacity(keys.len());
        for key in keys {
            check_key(key.as_ref())?;
            writes.push(Write::Delete {
                key: key.as_ref().to_owned(),
            });
        }
        self.committer.run(Work::Kv { namespace, writes }).await
    }

    /// Keys that begin with `prefix`, in the order of their bytes, from where the page that
    /// gave `cursor` ended. `limit` is 1 to [`KV_LIST_MAX`].
    pub fn list(
        &self,
        namespace: NamespaceId,
        prefix: &str,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page, KvError> {
        if !(1..=KV_LIST_MAX).contains(&limit) {
            return Err(KvError::BadLimit(limit.into()));
        }
        if prefix.len() > KV_KEY_MAX {
            return Err(KvError::LongPrefix(prefix.len()));
        }
        let begin = keys::entry(namespace, prefix.as_bytes());
        let start = match cursor {
            Some(cursor) if !cursor.is_empty() => {
                let mut last = decode_cursor(cursor)?;
                // The first key behind it.
                last.push(0);
                begin.clone().max(keys::entry(namespace, &last))
            }
            _ => begin.clone(),
        };
        if !start.starts_with(&begin) {
            return Err(KvError::BadCursor);
        }
        let now = self.core.now();
        let mut page = Page::default();
        let scanned = self.core.rows.scan(&begin, &start, |row_key, row| {
            let head = write::decode(&row)?;
            if head.expired(now) {
                return Ok(true);
            }
            if page.keys.len() == limit as usize {
                page.cursor = page.keys.last().map(|last| encode_cursor(&last.name));
                return Ok(false);
            }
            let name = keys::parse_entry(row_key)
                .and_then(|(_, key)| std::str::from_utf8(key).ok())
                .ok_or_else(|| StoreError::Damaged("a KV key is not UTF-8".to_owned()))?;
            page.keys.push(KeyInfo {
                name: name.to_owned(),
                expiration: head.expiration,
                metadata: head.metadata.map(str::to_owned),
            });
            Ok(true)
        });
        self.core.note(scanned)?;
        Ok(page)
    }

    /// What a namespace holds, expired entries that are not swept yet included.
    pub fn usage(&self, namespace: NamespaceId) -> Result<Usage, StoreError> {
        let row = self
            .core
            .note(self.core.rows.get(&keys::usage(namespace)))?;
        match row {
            Some(row) => Usage::decode(&row).ok_or_else(|| {
                StoreError::Damaged(format!("the usage of KV namespace {namespace}"))
            }),
            None => Ok(Usage::default()),
        }
    }

    /// Removes all entries of a namespace. In steps: after a power cut in between some may
    /// be there still, so remember that it is to go until this returns.
    pub async fn drop_namespace(&self, namespace: NamespaceId) -> Result<(), KvError> {
        loop {
            let work = Work::Clear {
                namespace,
                max: CLEAR_STEP,
            };
            self.committer.run(work).await?;
            let mut left = false;
            let prefix = keys::entry(namespace, b"");
            self.core.rows.scan(&prefix, &prefix, |_, _| {
                left = true;
                Ok(false)
            })?;
            if !left {
                return Ok(());
            }
        }
    }
}

impl PutOptions {
    /// Checks them; when the value expires.
    fn check(&self, now: u64) -> Result<Option<u64>, KvError> {
        let expires = match (self.expiration_ttl, self.expiration) {
            (Some(ttl), _) if ttl < KV_TTL_MIN => return Err(KvError::ShortTtl(ttl)),
            (Some(ttl), _) => Some(now.saturating_add(ttl)),
            (None, Some(at)) if at <= now => return Err(KvError::PastExpiration(at)),
            (None, Some(at)) if at < now.saturating_add(KV_TTL_MIN) => {
                return Err(KvError::SoonExpiration(at));
            }
            (None, at) => at,
        };
        if let Some(metadata) = &self.metadata {
            if metadata.len() > KV_METADATA_MAX {
                return Err(KvError::LongMetadata(metadata.len()));
            }
            serde_json::from_str::<serde::de::IgnoredAny>(metadata)
                .map_err(|error| KvError::BadMetadata(error.to_string()))?;
        }
        Ok(expires)
    }
}

/// Turns checked pairs into writes.
fn prepare_all(core: &Core, pairs: Vec<Pair>, now: u64) -> Result<Vec<Write>, KvError> {
    pairs
        .into_iter()
        .map(|pair| prepare(core, pair, now))
        .collect()
}

/// Turns a checked pair into a write; writes the file of a large value.
fn prepare(core: &Core, pair: Pair, now: u64) -> Result<Write, KvError> {
    let expiration = pair.options.check(now)?;
    let value = if pair.value.len() > INLINE_MAX {
        NewValue::File(core.values.write(&pair.value)?)
    } else {
        NewValue::Inline(pair.value)
    };
    Ok(Write::Put {
        key: pair.key,
        value,
        metadata: pair.options.metadata,
        expiration,
    })
}

fn check_count(count: usize) -> Result<(), KvError> {
    if count > BULK_MAX {
        return Err(KvError::ManyPairs {
            count,
            limit: BULK_MAX,
        });
    }
    Ok(())
}

fn check_value(len: u64) -> Result<(), KvError> {
    if len > KV_VALUE_MAX as u64 {
        return Err(KvError::LongValue(len));
    }
    Ok(())
}

/// Whether a key follows the rules (spec: SEMANTICS §22).
pub fn check_key(key: &str) -> Result<(), KvError> {
    match key {
        "" => Err(KvError::EmptyKey),
        "." | ".." => Err(KvError::DotKey(key.to_owned())),
        _ if key.len() > KV_KEY_MAX => Err(KvError::LongKey(key.len())),
        _ => Ok(()),
    }
}

fn encode_cursor(last: &str) -> String {
    URL_SAFE_NO_PAD.encode(last)
}

fn decode_cursor(cursor: &str) -> Result<Vec<u8>, KvError> {
    // The longest that can have been given out.
    if cursor.len() > KV_KEY_MAX * 4 / 3 + 2 {
        return Err(KvError::BadCursor);
    }
    URL_SAFE_NO_PAD
        .decode(cursor)
        .ok()
        .filter(|last| std::str::from_utf8(last).is_ok_and(|last| check_key(last).is_ok()))
        .ok_or(KvError::BadCursor)
}
