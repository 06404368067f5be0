//! Every change by the management port: who asked for what, from where and when, as a chain of hashes.
//!
//! An entry is written before its change begins, and the store makes what was written first durable first: no
//! change that was acknowledged is without its entry, and a change without an entry is refused. What failed has a
//! second entry that says so. Each entry names the hash of the one before, so that one that is changed, missing,
//! inserted or moved shows. The oldest go; the hash of the last that went stays.

use super::envelope::Refusal;
use crate::catalog::name::{Id, hex};
use crate::catalog::shown_time;
use crate::store::{Store, StoreError, Table};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Entries that are kept.
pub const ENTRIES_MAX: u64 = 8192;
/// Bytes of what an entry says of a call; no more of it is told.
const CALL_MAX: usize = 512;
/// Entries that are told at a time.
pub const PAGE_MAX: usize = 1000;
/// The hash that the first of all entries follows.
const NOTHING: Hash = [0; 32];

type Hash = [u8; 32];

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place: one more than that of the one before.
    pub sequence: u64,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// The token that was used, if it was one.
    pub token: Option<Id>,
    /// The token's name.
    pub who: String,
    /// The address that the call came from.
    pub from: String,
    /// Method and path; what was sent is not told.
    pub call: String,
    /// With the outcome of an earlier entry's call: its place, and the status. Without, the call began.
    pub failed: Option<(u64, u16)>,
    /// The hash of the entry before.
    pub before: Hash,
}

/// What is wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// An entry's place is another than it should be.
    #[error(
        "entry {found} follows entry {before}: what was between is missing, or one was moved or inserted"
    )]
    Place {
        /// The one before it.
        before: u64,
        /// Its place.
        found: u64,
    },
    /// It does not follow the one before.
    #[error("entry {0} does not follow the one before it: one of them was changed")]
    Chain(u64),
    /// Its own hash is another.
    #[error("entry {0} has another hash than it says: it was changed")]
    Hash(u64),
    /// It cannot be read.
    #[error("line {0} is no entry of an audit log")]
    Line(usize),
}

impl Entry {
    /// The hash that the next one names: SHA-256 of the entry as the store has it.
    pub fn hash(&self) -> Hash {
        let bytes = postcard::to_allocvec(self).unwrap_or_default();
        Sha256::digest(bytes).into()
    }

    /// As JSON, for people and programs, with its hash.
    pub fn shown(&self) -> Value {
        json!({
            "sequence": self.sequence,
            "at": shown_time(self.at_ms),
            "at_ms": self.at_ms,
            "token_id": self.token.map(|id| id.hex()),
            "who": self.who,
            "from": self.from,
            "call": self.call,
            "failed": self.failed.map(|(of, status)| json!({"sequence": of, "status": status})),
            "before": hex(&self.before),
            "hash": hex(&self.hash()),
        })
    }

    /// Reads what [`Self::shown`] wrote: the entry, and the hash that it says to have.
    pub fn read(value: &Value) -> Option<(Self, Hash)> {
        let text = |key: &str| Some(value[key].as_str()?.to_owned());
        let token = match &value["token_id"] {
            Value::Null => None,
            id => Some(Id::parse(id.as_str()?)?),
        };
        let failed = match &value["failed"] {
            Value::Null => None,
            failed => Some((
                failed["sequence"].as_u64()?,
                u16::try_from(failed["status"].as_u64()?).ok()?,
            )),
        };
        let entry = Self {
            sequence: value["sequence"].as_u64()?,
            at_ms: value["at_ms"].as_i64()?,
            token,
            who: text("who")?,
            from: text("from")?,
            call: text("call")?,
            failed,
            before: unhex(value["before"].as_str()?)?,
        };
        Some((entry, unhex(value["hash"].as_str()?)?))
    }
}

fn unhex(text: &str) -> Option<Hash> {
    let pairs: Vec<u8> = (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect::<Option<_>>()?;
    pairs.try_into().ok()
}

/// Holds entries against each other, in order. How many there were, and the last one's hash.
pub fn verify(entries: impl IntoIterator<Item = Entry>) -> Result<(u64, Hash), Broken> {
    let mut count = 0;
    let mut last: Option<(u64, Hash)> = None;
    for entry in entries {
        if let Some((before, hash)) = last {
            if entry.sequence != before + 1 {
                return Err(Broken::Place {
                    before,
                    found: entry.sequence,
                });
            }
            if entry.before != hash {
                return Err(Broken::Chain(entry.sequence));
            }
        }
        count += 1;
        last = Some((entry.sequence, entry.hash()));
    }
    Ok((count, last.map_or(NOTHING, |(_, hash)| hash)))
}

/// The same of exported lines of JSON.
pub fn verify_lines(text: &str) -> Result<(u64, Hash), Broken> {
    let mut entries = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let value = serde_json::from_str(line).ok();
        let read = value.as_ref().and_then(Entry::read);
        let (entry, hash) = read.ok_or(Broken::Line(at + 1))?;
        // What is for people, as `at` is, is not in the hash, and a line could say something twice.
        if entry.hash() != hash || entry.shown().to_string() != line {
            return Err(Broken::Hash(entry.sequence));
        }
        entries.push(entry);
    }
    verify(entries)
}

/// What a new entry says.
#[derive(Clone, Debug)]
pub struct New {
    /// See [`Entry`].
    pub token: Option<Id>,
    /// See [`Entry`].
    pub who: String,
    /// See [`Entry`].
    pub from: String,
    /// See [`Entry`]; it is cut and made printable here.
    pub call: String,
    /// See [`Entry`].
    pub failed: Option<(u64, u16)>,
}

/// The log. Clones are the same one.
#[derive(Clone)]
pub struct Audit {
    store: Store,
    end: Arc<Mutex<Option<End>>>,
}

/// Where the chain begins and ends.
#[derive(Clone, Copy, Debug)]
struct End {
    first: u64,
    next: u64,
    hash: Hash,
}

impl Audit {
    /// The log in this store, which is read when something is first written to it.
    pub fn new(store: Store) -> Self {
        Self {
            store,
            end: Arc::default(),
        }
    }

    /// Writes an entry; its place. Whatever is made durable later, this is before it. Blocks.
    ///
    /// # Errors
    /// What the store says; then there is none.
    pub fn append(&self, new: New) -> Result<u64, StoreError> {
        let mut end = self.end.lock();
        let mut now = match *end {
            Some(end) => end,
            None => self.read_end()?,
        };
        let entry = Entry {
            sequence: now.next,
            at_ms: super::tokens::now_ms(),
            token: new.token,
            who: new.who,
            from: new.from,
            call: printable(&new.call),
            failed: new.failed,
            before: now.hash,
        };
        let records = self.store.records();
        let mut batch = records.batch();
        batch.put(Table::Audit, &entry.sequence.to_be_bytes(), &entry)?;
        if entry.sequence - now.first >= ENTRIES_MAX {
            let oldest = now.first.to_be_bytes();
            if let Some(oldest) = records.get::<Entry>(Table::Audit, &oldest)? {
                batch.put(Table::AuditAnchor, b"", &oldest.hash())?;
            }
            batch.delete(Table::Audit, &oldest)?;
            now.first += 1;
        }
        batch.commit()?;
        *end = Some(End {
            first: now.first,
            next: entry.sequence + 1,
            hash: entry.hash(),
        });
        Ok(entry.sequence)
    }

    fn read_end(&self) -> Result<End, StoreError> {
        let entries = self.entries()?;
        let anchor = self.anchor()?;
        Ok(match (entries.first(), entries.last()) {
            (Some(first), Some(last)) => End {
                first: first.sequence,
                next: last.sequence + 1,
                hash: last.hash(),
            },
            _ => End {
                first: 1,
                next: 1,
                hash: anchor,
            },
        })
    }

    fn anchor(&self) -> Result<Hash, StoreError> {
        let anchor = self.store.records().get(Table::AuditAnchor, b"")?;
        Ok(anchor.unwrap_or(NOTHING))
    }

    /// All entries, the oldest first. Blocks.
    ///
    /// # Errors
    /// What the store says.
    pub fn entries(&self) -> Result<Vec<Entry>, StoreError> {
        let rows = self.store.records().scan::<Entry>(Table::Audit, &[])?;
        Ok(rows.into_iter().map(|(_, entry)| entry).collect())
    }

    /// Entries behind a place, so many at most. Blocks.
    ///
    /// # Errors
    /// What the store says.
    pub fn after(&self, place: u64, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let entries = self.entries()?.into_iter();
        Ok(entries
            .filter(|entry| entry.sequence > place)
            .take(limit.min(PAGE_MAX))
            .collect())
    }

    /// Holds the whole chain against itself and against what the oldest entry must follow. Blocks.
    ///
    /// # Errors
    /// What the store says.
    pub fn verify(&self) -> Result<Result<(u64, Hash), Broken>, StoreError> {
        // What is written meanwhile waits.
        let _end = self.end.lock();
        let entries = self.entries()?;
        let anchor = self.anchor()?;
        Ok(match entries.first() {
            Some(first) if first.before != anchor => Err(Broken::Chain(first.sequence)),
            _ => verify(entries),
        })
    }
}

/// The same without characters that move a cursor, and cut.
fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len().min(CALL_MAX));
    for it in text.chars() {
        if shown.len() + it.len_utf8() > CALL_MAX {
            shown.push('…');
            break;
        }
        shown.push(if it.is_control() { '\u{fffd}' } else { it });
    }
    shown
}

impl<W: Send + Sync + 'static> super::Manage<W> {
    /// Writes that a call begins, or that it failed; its entry's place.
    pub(super) async fn audited(&self, new: New) -> Result<u64, Refusal> {
        let audit = self.audit.clone();
        Ok(postern_task::unblock(move || audit.append(new)).await?)
    }

    pub(super) async fn list_audit(&self, call: super::call::Call) -> super::envelope::Handled {
        let after = call.number("after")?.unwrap_or(0);
        let limit = call.number("limit")?.unwrap_or(PAGE_MAX as u64);
        let limit = usize::try_from(limit).unwrap_or(PAGE_MAX);
        let audit = self.audit.clone();
        let entries = postern_task::unblock(move || audit.after(after, limit)).await?;
        super::envelope::ok(entries.iter().map(Entry::shown).collect())
    }

    pub(super) async fn verify_audit(&self, _: super::call::Call) -> super::envelope::Handled {
        let audit = self.audit.clone();
        let told = postern_task::unblock(move || audit.verify()).await?;
        super::envelope::ok(match told {
            Ok((entries, head)) => {
                json!({"whole": true, "entries": entries, "head": hex(&head)})
            }
            Err(broken) => json!({"whole": false, "why": broken.to_string()}),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::catalog::testing::open_store;

    fn new(call: &str) -> New {
        New {
            token: Some(Id([7; 16])),
            who: "ci".to_owned(),
            from: "192.0.2.1".to_owned(),
            call: call.to_owned(),
            failed: None,
        }
    }

    fn chain(count: usize) -> Vec<Entry> {
        let dir = tempfile::tempdir().unwrap();
        let audit = Audit::new(open_store(dir.path()));
        for at in 0..count {
            audit.append(new(&format!("PUT /{at}"))).unwrap();
        }
        audit.entries().unwrap()
    }

    fn lines(entries: &[Entry]) -> String {
        entries
            .iter()
            .map(|entry| format!("{}\n", entry.shown()))
            .collect()
    }

    #[test]
    fn whatever_is_done_to_a_chain_shows() {
        let whole = chain(6);
        let (count, head) = verify(whole.clone()).unwrap();
        assert_eq!((count, head), (6, whole[5].hash()));
        assert_eq!(verify_lines(&lines(&whole)).unwrap(), (6, head));
        type Harm = fn(&mut Vec<Entry>);
        let harms: [(&str, Harm); 5] = [
            ("changed", |all| all[2].who = "somebody else".to_owned()),
            ("removed", |all| drop(all.remove(2))),
            ("moved", |all| all.swap(2, 3)),
            ("inserted", |all| all.insert(3, all[2].clone())),
            ("changed last but one", |all| all[4].at_ms += 1),
        ];
        for (what, harm) in harms {
            let mut harmed = whole.clone();
            harm(&mut harmed);
            assert!(verify(harmed.clone()).is_err(), "{what}");
            assert!(verify_lines(&lines(&harmed)).is_err(), "{what}");
        }
        // The last one's own hash is in what was exported.
        let text = lines(&whole).replace("PUT /5", "PUT /6");
        assert_eq!(verify_lines(&text), Err(Broken::Hash(6)));
        // And so is what is told to people beside what was hashed.
        let at = whole[0].shown()["at"].to_string();
        let text = lines(&whole).replacen(&at, "\"2020-01-01T00:00:00Z\"", 1);
        assert_eq!(verify_lines(&text), Err(Broken::Hash(1)));
        let text = lines(&whole).replacen('{', "{\"call\":\"GET /\",", 1);
        assert_eq!(verify_lines(&text), Err(Broken::Hash(1)));
        assert_eq!(verify_lines("{}\n"), Err(Broken::Line(1)));
    }

    #[test]
    fn it_goes_on_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let store = open_store(dir.path());
        Audit::new(store.clone()).append(new("PUT /a")).unwrap();
        let again = Audit::new(store);
        assert_eq!(again.append(new("PUT /b")).unwrap(), 2);
        assert_eq!(again.verify().unwrap().unwrap().0, 2);
    }

    #[test]
    fn the_oldest_go_and_what_is_left_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let store = open_store(dir.path());
        let audit = Audit::new(store.clone());
        for at in 0..ENTRIES_MAX + 20 {
            audit.append(new(&format!("PUT /{at}"))).unwrap();
        }
        let entries = audit.entries().unwrap();
        assert_eq!(entries.len() as u64, ENTRIES_MAX);
        assert_eq!(entries[0].call, "PUT /20");
        assert!(audit.verify().unwrap().is_ok());
        // What took the oldest away without leave shows too.
        let mut batch = store.records().batch();
        let key = entries[0].sequence.to_be_bytes();
        batch.delete(Table::Audit, &key).unwrap();
        batch.commit().unwrap();
        assert!(audit.verify().unwrap().is_err());
    }

    #[test]
    fn a_call_is_cut_and_has_no_control_characters() {
        let text = printable(&format!("PUT /\n\u{1b}[2J{}", "x".repeat(2000)));
        assert!(text.len() <= CALL_MAX + '…'.len_utf8());
        assert!(!text.contains(char::is_control), "{text:?}");
    }
}
