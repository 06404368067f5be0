//! A table of a project's file: its keys, and what is said of them when they are wrong.

use super::ProjectError;
use crate::config::document::suggest;
use serde_json::{Map, Value};
use std::path::Path;

/// One table of the file, which knows its place.
pub(super) struct Table<'a> {
    pub(super) path: &'a Path,
    /// Its keys' parents, with a dot at the end.
    pub(super) at: String,
    pub(super) map: &'a Map<String, Value>,
}

impl<'a> Table<'a> {
    /// What is in the table under `key`, of whose keys `known` mean something.
    pub(super) fn inner<'b>(
        &self,
        key: &str,
        map: &'b Map<String, Value>,
        known: &[&str],
        warnings: &mut Vec<String>,
    ) -> Table<'b>
    where
        'a: 'b,
    {
        let inner = Table {
            path: self.path,
            at: format!("{}{key}.", self.at),
            map,
        };
        inner.warn_unknown(warnings, known);
        inner
    }

    /// The same of a value that must be a table if it is there.
    pub(super) fn table<'b>(
        &self,
        key: &str,
        value: Option<&'b Value>,
        expected: &'static str,
        known: &[&str],
        warnings: &mut Vec<String>,
    ) -> Result<Option<Table<'b>>, ProjectError>
    where
        'a: 'b,
    {
        match value {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(self.inner(key, map, known, warnings))),
            Some(other) => Err(self.kind(key, other, expected)),
        }
    }

    /// The same of a value that must be a list of tables if it is there.
    pub(super) fn tables<'b>(
        &self,
        key: &str,
        value: Option<&'b Value>,
        known: &[&str],
        warnings: &mut Vec<String>,
    ) -> Result<Vec<Table<'b>>, ProjectError>
    where
        'a: 'b,
    {
        let items = match value {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(other) => return Err(self.kind(key, other, "a list of tables")),
        };
        let table = |(index, item): (usize, &'b Value)| {
            let key = format!("{key}[{index}]");
            match item {
                Value::Object(map) => Ok(self.inner(&key, map, known, warnings)),
                item => Err(self.kind(&key, item, "a table")),
            }
        };
        items.iter().enumerate().map(table).collect()
    }

    pub(super) fn kind(&self, key: &str, value: &Value, expected: &'static str) -> ProjectError {
        ProjectError::Kind {
            path: self.path.to_owned(),
            key: format!("{}{key}", self.at),
            found: describe(value),
            expected,
        }
    }

    pub(super) fn warn_unknown(&self, warnings: &mut Vec<String>, known: &[&str]) {
        for key in self.map.keys().filter(|key| !known.contains(&key.as_str())) {
            let near = suggest(key, known);
            let hint = if near.starts_with("did you mean") {
                format!("; {near}")
            } else {
                String::new()
            };
            warnings.push(format!(
                "{}: `{}{key}` means nothing here and was left out{hint}",
                self.path.display(),
                self.at
            ));
        }
    }

    pub(super) fn environment(&self, name: &str) -> Result<&Map<String, Value>, ProjectError> {
        let all = match self.map.get("env") {
            None => None,
            Some(Value::Object(all)) => Some(all),
            Some(other) => return Err(self.kind("env", other, "a table of environments")),
        };
        match all.and_then(|all| all.get(name)) {
            Some(Value::Object(map)) => Ok(map),
            Some(other) => Err(self.kind(&format!("env.{name}"), other, "a table")),
            None => {
                let names: Vec<&str> = all
                    .map(|all| all.keys().map(String::as_str).collect())
                    .unwrap_or_default();
                Err(ProjectError::Environment {
                    path: self.path.to_owned(),
                    name: name.to_owned(),
                    remedy: if names.is_empty() {
                        "the file has none; leave --env out".to_owned()
                    } else {
                        format!("the file has {}", names.join(", "))
                    },
                })
            }
        }
    }

    pub(super) fn text(
        &self,
        key: &str,
        value: Option<&Value>,
    ) -> Result<Option<String>, ProjectError> {
        match value {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
            Some(other) => Err(self.kind(key, other, "a text that is not empty")),
        }
    }

    pub(super) fn texts(
        &self,
        key: &str,
        value: Option<&Value>,
    ) -> Result<Vec<String>, ProjectError> {
        let wrong = |value| self.kind(key, value, "a list of texts");
        match value {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned).ok_or_else(|| wrong(item)))
                .collect(),
            Some(other) => Err(wrong(other)),
        }
    }

    /// A key that must be there.
    pub(super) fn required(&self, key: &str, remedy: &str) -> Result<String, ProjectError> {
        let text = self.text(key, self.map.get(key))?;
        text.ok_or_else(|| ProjectError::Missing {
            path: self.path.to_owned(),
            key: format!("{}{key}", self.at),
            remedy: remedy.to_owned(),
        })
    }
}

/// A value in a few words.
pub(super) fn describe(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a table".to_owned(),
        other => {
            let text: String = other.to_string().chars().take(40).collect();
            format!("`{text}`")
        }
    }
}
