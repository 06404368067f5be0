//! How rows are named. The first byte says what a row is, so that one ordered map holds all.
//!
//! | key | value |
//! | --- | --- |
//! | `m` name | facts about the store, by name |
//! | `r` table, key | a record |
//! | `k` namespace, key | a KV entry |
//! | `x` expiration (big endian), namespace, key | nothing: the order in which entries expire |
//! | `u` namespace | the bytes and the number of a KV namespace's entries |
//! | `f` file id | the key of the row that owns the file |

use super::kv::NamespaceId;
use super::values::FileId;

/// Format of rows and files; grows when an older program could not read them.
pub(super) const FORMAT: u32 = 1;
/// Where [`FORMAT`] is written, as a `u32`, little endian.
pub(super) const FORMAT_KEY: &[u8] = b"mformat";

/// The number of the last batch, as a `u64`, little endian. Every batch writes it.
pub(super) const SEQUENCE_KEY: &[u8] = b"msequence";

pub(super) const RECORD: u8 = b'r';
pub(super) const ENTRY: u8 = b'k';
pub(super) const EXPIRY: u8 = b'x';
pub(super) const USAGE: u8 = b'u';
pub(super) const FILE: u8 = b'f';
pub(super) const META: u8 = b'm';

fn join(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + parts.iter().map(|part| part.len()).sum::<usize>());
    key.push(kind);
    for part in parts {
        key.extend_from_slice(part);
    }
    key
}

pub(super) fn record(table: u8, key: &[u8]) -> Vec<u8> {
    join(RECORD, &[&[table], key])
}

pub(super) fn entry(namespace: NamespaceId, key: &[u8]) -> Vec<u8> {
    join(ENTRY, &[&namespace.0, key])
}

pub(super) fn usage(namespace: NamespaceId) -> Vec<u8> {
    join(USAGE, &[&namespace.0])
}

pub(super) fn file(id: FileId) -> Vec<u8> {
    join(FILE, &[&id.0])
}

/// The expiry row of an entry, given the entry's row key.
pub(super) fn expiry(expiration: u64, entry_key: &[u8]) -> Vec<u8> {
    join(
        EXPIRY,
        &[
            &expiration.to_be_bytes(),
            entry_key.get(1..).unwrap_or_default(),
        ],
    )
}

/// When, and the entry's row key, of an expiry row.
pub(super) fn parse_expiry(key: &[u8]) -> Option<(u64, Vec<u8>)> {
    let (time, rest) = key.strip_prefix(&[EXPIRY])?.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*time), join(ENTRY, &[rest])))
}

/// The namespace and the key of an entry's row.
pub(super) fn parse_entry(key: &[u8]) -> Option<(NamespaceId, &[u8])> {
    let (namespace, rest) = key.strip_prefix(&[ENTRY])?.split_first_chunk::<16>()?;
    Some((NamespaceId(*namespace), rest))
}

/// The file of a file row.
pub(super) fn parse_file(key: &[u8]) -> Option<FileId> {
    Some(FileId(key.strip_prefix(&[FILE])?.try_into().ok()?))
}
