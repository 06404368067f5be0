//! Limits that an operator states while the daemon runs: plans, and overrides of namespaces,
//! tenants and scripts; who changed them when, and how that is undone.
//!
//! This room keeps what is stated and says what follows from it ([`resolve`]). Whom it concerns,
//! and how it reaches running Workers, the catalog knows.

mod error;
mod history;
pub mod key;
pub mod resolve;
#[cfg(test)]
mod tests;
mod values;

pub use error::PlansError;
pub use history::{Entry, Stated, Target};
pub use values::Values;

use crate::store::{Store, StoreError, Table};
use history::StoredEntry;
use key::{Ceilings, Key};
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::time::{SystemTime, UNIX_EPOCH};

/// Plans on one device.
pub const PLANS_MAX: usize = 64;
/// Overrides on one device, of namespaces, tenants and scripts together.
pub const OVERRIDES_MAX: usize = 20_000;
/// Changes that are remembered.
pub const HISTORY_MAX: u64 = 256;
/// Bytes of the reason that is given for a change.
pub const REASON_MAX: usize = 500;
/// Bytes of a plan's name.
const PLAN_NAME_MAX: usize = 63;

/// A dispatch namespace's identifier.
pub type NamespaceKey = [u8; 16];

/// What an override is of.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Scope {
    /// All Workers of a dispatch namespace.
    Namespace(NamespaceKey),
    /// All Workers of a tenant in it.
    Tenant(NamespaceKey, String),
    /// One script in it.
    Script(NamespaceKey, String),
}

impl Scope {
    /// The namespace that it lies in.
    pub fn namespace(&self) -> NamespaceKey {
        match self {
            Self::Namespace(id) | Self::Tenant(id, _) | Self::Script(id, _) => *id,
        }
    }

    fn key(&self) -> Vec<u8> {
        let (kind, name) = match self {
            Self::Namespace(_) => (0, ""),
            Self::Tenant(_, name) => (1, name.as_str()),
            Self::Script(_, name) => (2, name.as_str()),
        };
        let mut key = self.namespace().to_vec();
        key.push(kind);
        key.extend_from_slice(name.as_bytes());
        key
    }
}

/// What is stated, and which change stated it last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revised {
    /// The number of the change that made it what it is; 0 where nothing is stated.
    pub revision: u64,
    /// What is stated.
    pub stated: Stated,
}

/// A row of a plan or an override, in every format that there was.
#[derive(Serialize, Deserialize)]
enum StoredRow<T> {
    V1(T, Revised),
}

/// How something is to change.
#[derive(Clone, Debug)]
pub enum Edit {
    /// These are stated anew; `None` states nothing any more.
    Merge {
        /// The plan; only of an override.
        plan: Option<Option<String>>,
        /// Limits and quotas.
        values: Vec<(Key, Option<u64>)>,
    },
    /// This is stated and nothing else.
    Replace(Stated),
    /// Nothing is stated any more.
    Remove,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A change that is asked for.
#[derive(Clone, Debug)]
pub struct Change {
    /// Of what.
    pub target: Target,
    /// What that is called, for people: `tenant prod/acme`.
    pub named: String,
    /// How.
    pub edit: Edit,
    /// The revision that whoever asks has seen, if that is to be checked.
    pub expected: Option<u64>,
}

/// Who changes something, and why.
#[derive(Clone, Debug, Default)]
pub struct Author {
    /// Who: a token's name.
    pub who: String,
    /// Why, in their own words.
    pub why: String,
}

#[derive(Default)]
struct State {
    plans: BTreeMap<String, Revised>,
    overrides: HashMap<Scope, Revised>,
    /// The number of the last change.
    last: u64,
}

impl State {
    fn get(&self, target: &Target) -> Option<&Revised> {
        match target {
            Target::Plan(name) => self.plans.get(name),
            Target::Override(scope) => self.overrides.get(scope),
        }
    }
}

/// What is stated on this device.
pub struct Plans {
    store: Store,
    state: RwLock<State>,
    /// Held by whoever changes something, until that is durable.
    changing: smol::lock::Mutex<()>,
}

impl Plans {
    /// Reads what the store has.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn open(store: Store) -> Result<Self, StoreError> {
        let mut state = State::default();
        let records = store.records();
        for (_, StoredRow::V1(name, row)) in records.scan::<StoredRow<String>>(Table::Plans, &[])? {
            state.plans.insert(name, row);
        }
        let overrides = records.scan::<StoredRow<Scope>>(Table::LimitOverrides, &[])?;
        for (_, StoredRow::V1(scope, row)) in overrides {
            state.overrides.insert(scope, row);
        }
        let mut last = 0;
        records.visit(Table::LimitHistory, &[], |_, StoredEntry::V1(entry)| {
            last = entry.number;
            true
        })?;
        state.last = last;
        Ok(Self {
            store,
            state: RwLock::new(state),
            changing: smol::lock::Mutex::new(()),
        })
    }

    /// All plans by name.
    pub fn plans(&self) -> Vec<(String, Revised)> {
        let state = self.state.read();
        let all = state.plans.iter();
        all.map(|(name, row)| (name.clone(), row.clone())).collect()
    }

    /// A plan.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn plan(&self, name: &str) -> Result<Revised, PlansError> {
        let found = self.state.read().plans.get(name).cloned();
        found.ok_or_else(|| PlansError::PlanNotFound(shown(name)))
    }

    /// What is stated of a scope; where that is nothing, its revision is 0.
    pub fn of(&self, scope: &Scope) -> Revised {
        let state = self.state.read();
        state.overrides.get(scope).cloned().unwrap_or_default()
    }

    /// The scopes that were given a plan.
    pub fn users(&self, plan: &str) -> Vec<Scope> {
        let state = self.state.read();
        let all = state.overrides.iter();
        let mut users: Vec<Scope> = all
            .filter(|(_, row)| row.stated.plan.as_deref() == Some(plan))
            .map(|(scope, _)| scope.clone())
            .collect();
        users.sort();
        users
    }

    /// Every override.
    pub fn overrides(&self) -> Vec<(Scope, Revised)> {
        let state = self.state.read();
        let all = state.overrides.iter();
        let mut all: Vec<_> = all.map(|(s, row)| (s.clone(), row.clone())).collect();
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        all
    }

    /// Makes changes, all or none, and notes them; durable when this returns. `undoes` is the change
    /// that they take back.
    ///
    /// # Errors
    /// What is wrong with one of them, or that somebody else was first.
    pub async fn change(
        &self,
        changes: Vec<Change>,
        author: &Author,
        undoes: Option<u64>,
    ) -> Result<Vec<Entry>, PlansError> {
        if author.why.len() > REASON_MAX {
            return Err(PlansError::LongReason(author.why.len()));
        }
        let _alone = self.changing.lock().await;
        let (entries, first) = self.prepare(changes, author, undoes)?;
        let (store, rows) = (self.store.clone(), entries.clone());
        postern_task::unblock(move || write(&store, &rows, first)).await?;
        self.store.durable().await?;
        let mut state = self.state.write();
        for entry in &entries {
            let row = entry.after.clone().map(|stated| Revised {
                revision: entry.number,
                stated,
            });
            match (&entry.target, row) {
                (Target::Plan(name), Some(row)) => {
                    state.plans.insert(name.clone(), row);
                }
                (Target::Plan(name), None) => {
                    state.plans.remove(name);
                }
                (Target::Override(scope), Some(row)) => {
                    state.overrides.insert(scope.clone(), row);
                }
                (Target::Override(scope), None) => {
                    state.overrides.remove(scope);
                }
            }
            state.last = entry.number;
        }
        Ok(entries)
    }

    /// Checks changes, and says what they come to and which entry was the last before them.
    fn prepare(
        &self,
        changes: Vec<Change>,
        author: &Author,
        undoes: Option<u64>,
    ) -> Result<(Vec<Entry>, u64), PlansError> {
        let state = self.state.read();
        let mut entries: Vec<Entry> = Vec::with_capacity(changes.len());
        for change in changes {
            let earlier = entries.iter().rev().find(|it| it.target == change.target);
            let now = match earlier {
                Some(entry) => entry.after.clone().map(|stated| Revised {
                    revision: entry.number,
                    stated,
                }),
                None => state.get(&change.target).cloned(),
            };
            let revision = now.as_ref().map_or(0, |row| row.revision);
            if let Some(expected) = change.expected.filter(|it| *it != revision) {
                return Err(PlansError::Conflict {
                    what: change.named,
                    is: revision,
                    expected,
                });
            }
            let before = now.map(|row| row.stated);
            let after = edited(before.clone(), change.edit);
            let after = match &change.target {
                Target::Plan(name) => {
                    check_plan_name(name)?;
                    if after.is_none() && before.is_none() {
                        return Err(PlansError::PlanNotFound(shown(name)));
                    }
                    after
                }
                // One that states nothing is none.
                Target::Override(_) => after.filter(|it| *it != Stated::default()),
            };
            if let (Target::Override(_), Some(plan)) = (
                &change.target,
                after.as_ref().and_then(|it| it.plan.as_ref()),
            ) && !state.plans.contains_key(plan)
            {
                return Err(PlansError::PlanNotFound(shown(plan)));
            }
            if let (Target::Override(Scope::Script(..)), Some(after)) = (&change.target, &after)
                && let Some(quota) = Key::all()
                    .filter(|key| matches!(key, Key::Quota(..)))
                    .find(|key| after.values.get(*key).is_some())
            {
                return Err(PlansError::QuotaOfScript(quota.name()));
            }
            if before == after {
                continue;
            }
            entries.push(Entry {
                number: state.last + 1 + entries.len() as u64,
                at_ms: now_ms(),
                who: author.who.clone(),
                why: author.why.clone(),
                target: change.target,
                named: change.named,
                before,
                after,
                undoes,
            });
        }
        let more = |is: fn(&Target) -> bool| {
            let new = entries.iter().filter(|it| is(&it.target));
            new.filter(|it| it.before.is_none() && it.after.is_some())
                .count()
        };
        if state.plans.len() + more(|it| matches!(it, Target::Plan(_))) > PLANS_MAX {
            return Err(PlansError::TooManyPlans);
        }
        if state.overrides.len() + more(|it| matches!(it, Target::Override(_))) > OVERRIDES_MAX {
            return Err(PlansError::TooManyOverrides);
        }
        Ok((entries, state.last))
    }

    /// The changes that are remembered, the last first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn history(&self) -> Result<Vec<Entry>, StoreError> {
        let rows = self.store.records().scan(Table::LimitHistory, &[])?;
        let entries = rows.into_iter().rev();
        Ok(entries.map(|(_, StoredEntry::V1(entry))| entry).collect())
    }

    /// The change that takes back one of these, which is the last one if none is named.
    ///
    /// # Errors
    /// When there is none, or something was changed since.
    pub fn undoing(&self, number: Option<u64>) -> Result<(u64, Change), PlansError> {
        let number = match number {
            Some(number) => number,
            None => self.state.read().last,
        };
        if number == 0 {
            return Err(PlansError::NothingToUndo);
        }
        let found: Option<StoredEntry> = self
            .store
            .records()
            .get(Table::LimitHistory, &number.to_be_bytes())?;
        let Some(StoredEntry::V1(entry)) = found else {
            return Err(PlansError::NoChange(number));
        };
        let revision = {
            let state = self.state.read();
            state.get(&entry.target).map_or(0, |row| row.revision)
        };
        let expected = if entry.after.is_some() { number } else { 0 };
        if revision != expected {
            return Err(PlansError::ChangedSince {
                number,
                what: entry.named,
                since: revision,
            });
        }
        let change = Change {
            target: entry.target,
            named: entry.named,
            edit: entry.before.map_or(Edit::Remove, Edit::Replace),
            expected: Some(expected),
        };
        Ok((number, change))
    }

    /// Forgets what was stated of a dispatch namespace that is gone.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn forget(&self, namespace: NamespaceKey) -> Result<(), StoreError> {
        let _alone = self.changing.lock().await;
        let gone: Vec<Scope> = {
            let state = self.state.read();
            let all = state.overrides.keys();
            all.filter(|it| it.namespace() == namespace)
                .cloned()
                .collect()
        };
        if gone.is_empty() {
            return Ok(());
        }
        let (store, scopes) = (self.store.clone(), gone.clone());
        postern_task::unblock(move || {
            let mut batch = store.records().batch();
            for scope in &scopes {
                batch.delete(Table::LimitOverrides, &scope.key())?;
            }
            batch.commit()
        })
        .await?;
        self.store.durable().await?;
        let mut state = self.state.write();
        for scope in gone {
            state.overrides.remove(&scope);
        }
        Ok(())
    }
}

/// Puts changes into the store in one piece; `last` was the last one before them.
fn write(store: &Store, entries: &[Entry], last: u64) -> Result<(), StoreError> {
    let mut batch = store.records().batch();
    for (at, entry) in (last + 1..).zip(entries) {
        let row = entry.after.clone().map(|stated| Revised {
            revision: entry.number,
            stated,
        });
        match (&entry.target, row) {
            (Target::Plan(name), Some(row)) => {
                let row = StoredRow::V1(name.clone(), row);
                batch.put(Table::Plans, name.as_bytes(), &row)?;
            }
            (Target::Plan(name), None) => {
                batch.delete(Table::Plans, name.as_bytes())?;
            }
            (Target::Override(scope), Some(row)) => {
                let row = StoredRow::V1(scope.clone(), row);
                batch.put(Table::LimitOverrides, &scope.key(), &row)?;
            }
            (Target::Override(scope), None) => {
                batch.delete(Table::LimitOverrides, &scope.key())?;
            }
        }
        let number = entry.number.to_be_bytes();
        batch.put(
            Table::LimitHistory,
            &number,
            &StoredEntry::V1(entry.clone()),
        )?;
        if let Some(old) = at.checked_sub(HISTORY_MAX) {
            batch.delete(Table::LimitHistory, &old.to_be_bytes())?;
        }
    }
    batch.commit()
}

fn edited(before: Option<Stated>, edit: Edit) -> Option<Stated> {
    match edit {
        Edit::Remove => None,
        Edit::Replace(stated) => Some(stated),
        Edit::Merge { plan, values } => {
            let mut stated = before.unwrap_or_default();
            if let Some(plan) = plan {
                stated.plan = plan;
            }
            for (key, value) in values {
                stated.values.set(key, value);
            }
            Some(stated)
        }
    }
}

/// Reads `{"cpu-ms": 50, "memory-bytes": "16 MiB", "subrequests": null}`.
///
/// # Errors
/// What is wrong with one of them.
pub fn parse(
    values: &serde_json::Map<String, Value>,
    ceilings: &Ceilings,
) -> Result<Vec<(Key, Option<u64>)>, PlansError> {
    let all = values.iter();
    all.map(|(name, value)| {
        let key = Key::find(name)?;
        Ok(match value {
            Value::Null => (key, None),
            value => (key, Some(key.parse(value, ceilings)?)),
        })
    })
    .collect()
}

fn check_plan_name(name: &str) -> Result<(), PlansError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    match name {
        "" => Err(PlansError::BadPlanName(String::new())),
        name if name.len() > PLAN_NAME_MAX
            || name.starts_with('-')
            || !name.bytes().all(is_plain) =>
        {
            Err(PlansError::BadPlanName(shown(name)))
        }
        _ => Ok(()),
    }
}

/// A caller's text in a message: short and printable.
fn shown(text: &str) -> String {
    let short = text.chars().take(80);
    short
        .map(|char| if char.is_control() { '\u{fffd}' } else { char })
        .collect()
}

fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        })
}
