//! An entry as it lies in its row.
//!
//! `flags u8` · `expiration u64`, if bit 0 · `metadata length u16, metadata`, if bit 1 ·
//! then the value's bytes, or if bit 2 `file id [16], length u64`. Little endian.

use crate::store::rows::Row;
use crate::store::values::FileId;
use bytes::Bytes;

const EXPIRES: u8 = 1;
const METADATA: u8 = 2;
const IN_FILE: u8 = 4;

/// Everything but the value's bytes.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::store) struct Head<'a> {
    pub expiration: Option<u64>,
    pub metadata: Option<&'a str>,
    pub place: Place,
}

/// Where the value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Place {
    /// The row from this offset on.
    Row {
        /// Where it begins in the row.
        start: usize,
        /// Its length in bytes.
        len: u64,
    },
    /// A file of its own.
    File {
        /// Which one.
        id: FileId,
        /// Its length in bytes.
        len: u64,
    },
}

impl Place {
    pub fn len(self) -> u64 {
        match self {
            Self::Row { len, .. } | Self::File { len, .. } => len,
        }
    }
}

impl Head<'_> {
    /// What an entry counts for in its namespace's quota.
    pub fn weight(&self, key: &str) -> u64 {
        (key.len() + self.metadata.map_or(0, str::len)) as u64 + self.place.len()
    }

    pub fn expired(&self, now: u64) -> bool {
        self.expiration.is_some_and(|at| at <= now)
    }
}

/// A row's bytes for a value that lives in the row or in a file.
pub(in crate::store) fn encode(
    expiration: Option<u64>,
    metadata: Option<&str>,
    value: Result<&[u8], (FileId, u64)>,
) -> Vec<u8> {
    let inline = value.unwrap_or_default();
    let mut row = Vec::with_capacity(1 + 8 + 2 + metadata.map_or(0, str::len) + 24 + inline.len());
    row.push(0);
    if let Some(at) = expiration {
        row[0] |= EXPIRES;
        row.extend_from_slice(&at.to_le_bytes());
    }
    if let Some(metadata) = metadata {
        row[0] |= METADATA;
        // At most 1,024 bytes, checked before anything is written.
        row.extend_from_slice(&(metadata.len() as u16).to_le_bytes());
        row.extend_from_slice(metadata.as_bytes());
    }
    match value {
        Ok(bytes) => row.extend_from_slice(bytes),
        Err((id, len)) => {
            row[0] |= IN_FILE;
            row.extend_from_slice(&id.0);
            row.extend_from_slice(&len.to_le_bytes());
        }
    }
    row
}

/// Reads a row. `None`: nothing that [`encode`] writes.
pub(in crate::store) fn decode(row: &[u8]) -> Option<Head<'_>> {
    let (&flags, mut rest) = row.split_first()?;
    if flags & !(EXPIRES | METADATA | IN_FILE) != 0 {
        return None;
    }
    let mut expiration = None;
    if flags & EXPIRES != 0 {
        let (at, behind) = rest.split_first_chunk::<8>()?;
        expiration = Some(u64::from_le_bytes(*at));
        rest = behind;
    }
    let mut metadata = None;
    if flags & METADATA != 0 {
        let (len, behind) = rest.split_first_chunk::<2>()?;
        let (text, behind) = behind.split_at_checked(usize::from(u16::from_le_bytes(*len)))?;
        metadata = Some(std::str::from_utf8(text).ok()?);
        rest = behind;
    }
    let place = if flags & IN_FILE != 0 {
        let (id, len) = rest.split_first_chunk::<16>()?;
        Place::File {
            id: FileId(*id),
            len: u64::from_le_bytes(len.try_into().ok()?),
        }
    } else {
        Place::Row {
            start: row.len() - rest.len(),
            len: rest.len() as u64,
        }
    };
    Some(Head {
        expiration,
        metadata,
        place,
    })
}

/// The value's bytes out of its row, shared with the cache.
pub(in crate::store) fn inline(row: Row, start: usize) -> Bytes {
    row.tail(start)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(
            expiration: Option<u64>,
            metadata in proptest::option::of("[ -~]{0,64}"),
            value: Vec<u8>,
            file in proptest::option::of((any::<[u8; 16]>(), any::<u64>())),
        ) {
            let given = match file {
                Some((id, len)) => Err((FileId(id), len)),
                None => Ok(&value[..]),
            };
            let row = encode(expiration, metadata.as_deref(), given);
            let head = decode(&row).unwrap();
            prop_assert_eq!(head.expiration, expiration);
            prop_assert_eq!(head.metadata, metadata.as_deref());
            match (head.place, given) {
                (Place::Row { start, len }, Ok(value)) => {
                    prop_assert_eq!(&row[start..], value);
                    prop_assert_eq!(len, value.len() as u64);
                }
                (Place::File { id, len }, Err(file)) => prop_assert_eq!((id, len), file),
                (place, _) => prop_assert!(false, "{place:?}"),
            }
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(row: Vec<u8>) {
            let _ = decode(&row);
        }
    }
}
