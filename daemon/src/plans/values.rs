//! What a plan or an override states: values of some limits and quotas, by their keys.
//!
//! Rows have the keys in them, so that a limit more is no new format.

use super::key::Key;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Values by key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(String, u64)>", into = "Vec<(String, u64)>")]
pub struct Values(BTreeMap<&'static str, u64>);

impl From<Vec<(String, u64)>> for Values {
    /// What a later program stated and this one does not know is left out.
    fn from(stored: Vec<(String, u64)>) -> Self {
        let known = stored.into_iter();
        Self(
            known
                .filter_map(|(key, value)| Some((Key::find(&key).ok()?.name(), value)))
                .collect(),
        )
    }
}

impl From<Values> for Vec<(String, u64)> {
    fn from(values: Values) -> Self {
        let all = values.0.into_iter();
        all.map(|(key, value)| (key.to_owned(), value)).collect()
    }
}

impl Values {
    /// What is stated of a limit.
    pub fn get(&self, key: Key) -> Option<u64> {
        self.0.get(key.name()).copied()
    }

    /// States something, or nothing any more.
    pub fn set(&mut self, key: Key, value: Option<u64>) {
        match value {
            Some(value) => self.0.insert(key.name(), value),
            None => self.0.remove(key.name()),
        };
    }

    /// Whether nothing is stated.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As JSON.
    pub fn to_json(&self) -> Value {
        let all = self.0.iter();
        let all = all.map(|(key, value)| ((*key).to_owned(), Value::from(*value)));
        Value::Object(all.collect::<Map<_, _>>())
    }
}
