//! Changes of entries: how one is worked into a [`Change`] together with the rows that go
//! with it (expiry, usage, file).

use super::entry::{self, Head, Place};
use super::{KvError, NamespaceId, Usage};
use crate::store::change::Change;
use crate::store::error::StoreError;
use crate::store::keys;
use crate::store::values::NewFile;
use bytes::Bytes;

/// A change of one entry, checked and with its large value written already.
pub(in crate::store) enum Write {
    Put {
        key: String,
        value: NewValue,
        metadata: Option<String>,
        expiration: Option<u64>,
    },
    Delete {
        key: String,
    },
}

/// A value on its way in.
pub(in crate::store) enum NewValue {
    Inline(Bytes),
    File(NewFile),
}

impl Write {
    /// What it adds to a batch, about.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Put {
                key,
                value,
                metadata,
                ..
            } => {
                key.len()
                    + metadata.as_ref().map_or(0, String::len)
                    + match value {
                        NewValue::Inline(bytes) => bytes.len(),
                        NewValue::File(_) => 24,
                    }
            }
            Self::Delete { key } => key.len(),
        }
    }

    pub fn has_file(&self) -> bool {
        matches!(
            self,
            Self::Put {
                value: NewValue::File(_),
                ..
            }
        )
    }

    /// Whether it could go over the quota, not counting what it replaces.
    pub fn may_exceed(
        &self,
        change: &Change<'_>,
        namespace: NamespaceId,
        quota: u64,
    ) -> Result<bool, StoreError> {
        let len = match self {
            Self::Delete { .. } => return Ok(false),
            Self::Put {
                value: NewValue::File(file),
                ..
            } => file.len,
            Self::Put { .. } => 0,
        };
        let used = usage(change, namespace)?.bytes;
        Ok(used + self.bytes() as u64 + len > quota)
    }

    /// Works it into a change.
    pub fn stage(
        self,
        change: &mut Change<'_>,
        namespace: NamespaceId,
        quota: u64,
    ) -> Result<(), KvError> {
        match self {
            Self::Delete { key } => {
                let row_key = keys::entry(namespace, key.as_bytes());
                let mut usage = usage(change, namespace)?;
                if clear(change, &row_key, &key, &mut usage)? {
                    change.remove(row_key);
                    put_usage(change, namespace, usage);
                }
                Ok(())
            }
            Self::Put {
                key,
                value,
                metadata,
                expiration,
            } => {
                let row_key = keys::entry(namespace, key.as_bytes());
                let mut usage = usage(change, namespace)?;
                let before = usage.bytes;
                clear(change, &row_key, &key, &mut usage)?;
                let row = match value {
                    NewValue::Inline(bytes) => {
                        entry::encode(expiration, metadata.as_deref(), Ok(&bytes))
                    }
                    NewValue::File(file) => {
                        let place = (file.id, file.len);
                        change.own(file, &row_key);
                        entry::encode(expiration, metadata.as_deref(), Err(place))
                    }
                };
                usage.bytes += decode(&row)?.weight(&key);
                usage.keys += 1;
                // A namespace over a quota that was lowered may still shrink.
                if usage.bytes > quota && usage.bytes > before {
                    return Err(KvError::Quota {
                        wanted: usage.bytes,
                        limit: quota,
                    });
                }
                if let Some(at) = expiration {
                    change.put(keys::expiry(at, &row_key), Bytes::new());
                }
                change.put(row_key, row);
                put_usage(change, namespace, usage);
                Ok(())
            }
        }
    }
}

/// Removes what goes with an entry's row, but not the row itself. Whether there was one.
fn clear(
    change: &mut Change<'_>,
    row_key: &[u8],
    key: &str,
    usage: &mut Usage,
) -> Result<bool, StoreError> {
    let Some(row) = change.get(row_key)? else {
        return Ok(false);
    };
    let head = decode(&row)?;
    if let Some(at) = head.expiration {
        change.remove(keys::expiry(at, row_key));
    }
    if let Place::File { id, .. } = head.place {
        change.doom(id);
    }
    usage.bytes = usage.bytes.saturating_sub(head.weight(key));
    usage.keys = usage.keys.saturating_sub(1);
    Ok(true)
}

/// Removes up to `max` entries that have expired. How many index rows were used up.
pub(in crate::store) fn stage_expired(
    change: &mut Change<'_>,
    now: u64,
    max: usize,
) -> Result<usize, StoreError> {
    let mut due = Vec::new();
    if max > 0 {
        change
            .rows()
            .scan(&[keys::EXPIRY], &[keys::EXPIRY], |key, _| {
                let Some((at, row_key)) = keys::parse_expiry(key) else {
                    return Err(damaged("expiry"));
                };
                if at > now {
                    return Ok(false);
                }
                due.push((key.to_vec(), at, row_key));
                Ok(due.len() < max)
            })?;
    }
    for (index_key, at, row_key) in &due {
        change.remove(index_key.clone());
        let Some(row) = change.get(row_key)? else {
            continue;
        };
        if decode(&row)?.expiration == Some(*at) {
            stage_removal(change, row_key)?;
        }
    }
    Ok(due.len())
}

/// Removes up to `max` entries of a namespace, and what is kept about it with the last.
/// Whether that was the last.
pub(in crate::store) fn stage_clear(
    change: &mut Change<'_>,
    namespace: NamespaceId,
    max: usize,
) -> Result<bool, StoreError> {
    let prefix = keys::entry(namespace, b"");
    let mut found = Vec::new();
    change.rows().scan(&prefix, &prefix, |key, _| {
        found.push(key.to_vec());
        Ok(found.len() < max)
    })?;
    for row_key in &found {
        stage_removal(change, row_key)?;
    }
    let last = found.len() < max;
    if last {
        change.remove(keys::usage(namespace));
    }
    Ok(last)
}

fn stage_removal(change: &mut Change<'_>, row_key: &[u8]) -> Result<(), StoreError> {
    let (namespace, key) = keys::parse_entry(row_key)
        .and_then(|(namespace, key)| Some((namespace, std::str::from_utf8(key).ok()?)))
        .ok_or_else(|| damaged("entry key"))?;
    let mut usage = usage(change, namespace)?;
    if clear(change, row_key, key, &mut usage)? {
        change.remove(row_key.to_vec());
        put_usage(change, namespace, usage);
    }
    Ok(())
}

/// What a namespace holds, as this change leaves it.
pub(in crate::store) fn usage(
    change: &Change<'_>,
    namespace: NamespaceId,
) -> Result<Usage, StoreError> {
    match change.get(&keys::usage(namespace))? {
        Some(row) => Usage::decode(&row).ok_or_else(|| damaged("usage")),
        None => Ok(Usage::default()),
    }
}

fn put_usage(change: &mut Change<'_>, namespace: NamespaceId, usage: Usage) {
    let key = keys::usage(namespace);
    if usage == Usage::default() {
        change.remove(key);
    } else {
        change.put(key, usage.encode());
    }
}

/// An entry's row, which must be one.
pub(in crate::store) fn decode(row: &[u8]) -> Result<Head<'_>, StoreError> {
    entry::decode(row).ok_or_else(|| damaged("entry"))
}

fn damaged(what: &str) -> StoreError {
    StoreError::Damaged(format!("a row of kind {what} cannot be read"))
}
