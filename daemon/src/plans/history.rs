//! What was changed: who, when, what and why.

use super::{Scope, Values};
use serde::{Deserialize, Serialize};

/// What can be changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// A plan.
    Plan(String),
    /// What is stated of a namespace, a tenant or a script.
    Override(Scope),
}

/// What a plan or an override states.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stated {
    /// The plan that holds there; never of a plan.
    pub plan: Option<String>,
    /// Limits and quotas.
    pub values: Values,
}

/// A change that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Changes are counted from 1.
    pub number: u64,
    /// Milliseconds since 1970.
    pub at_ms: i64,
    /// Who: a token's name.
    pub who: String,
    /// Why, in their own words.
    pub why: String,
    /// What was changed.
    pub target: Target,
    /// The same for people, as it was called then.
    pub named: String,
    /// What was stated before.
    pub before: Option<Stated>,
    /// What was stated then.
    pub after: Option<Stated>,
    /// The change that this one took back.
    pub undoes: Option<u64>,
}

/// An entry's row, in every format that there was.
#[derive(Serialize, Deserialize)]
pub(super) enum StoredEntry {
    V1(Entry),
}
