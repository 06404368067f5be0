//! Which invocations a job wants: `{"where": {"and": [{"key", "operator", "value"}]}}`, as the field
//! writes it.

use super::job::JobError;
use super::line::event_type;
use crate::observe::Record;
use serde_json::Value;

/// Conditions within conditions.
const DEPTH_MAX: usize = 4;
/// Conditions of a filter.
const CONDITIONS_MAX: usize = 64;

/// A filter; one of nothing lets everything through.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter(Option<Condition>);

#[derive(Clone, Debug, PartialEq)]
enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    One {
        key: Key,
        operator: Operator,
        values: Vec<String>,
        negated: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Outcome,
    ScriptName,
    DispatchNamespace,
    EventType,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    /// One of them.
    Equal,
    Contains,
    StartsWith,
    EndsWith,
}

impl Filter {
    /// Reads a filter; an empty text is none.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, JobError> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let value: Value =
            serde_json::from_str(text).map_err(|error| JobError::Filter(error.to_string()))?;
        let mut count = 0;
        match value.get("where") {
            None => Ok(Self::default()),
            Some(Value::Object(object)) if object.is_empty() => Ok(Self::default()),
            Some(condition) => Ok(Self(Some(Condition::parse(condition, 0, &mut count)?))),
        }
    }

    pub(super) fn lets_through(&self, record: &Record) -> bool {
        self.0
            .as_ref()
            .is_none_or(|condition| condition.holds(record))
    }
}

impl Condition {
    fn parse(value: &Value, depth: usize, count: &mut usize) -> Result<Self, JobError> {
        let wrong = |what: &str| JobError::Filter(what.to_owned());
        *count += 1;
        if depth > DEPTH_MAX || *count > CONDITIONS_MAX {
            return Err(JobError::Filter(format!(
                "more than {CONDITIONS_MAX} conditions, or more than {DEPTH_MAX} within each other"
            )));
        }
        for (name, make) in [
            ("and", Self::All as fn(Vec<Self>) -> Self),
            ("or", Self::Any),
        ] {
            if let Some(list) = value.get(name) {
                let list = list
                    .as_array()
                    .ok_or_else(|| wrong("\"and\" and \"or\" have arrays"))?;
                let parts = list.iter().map(|it| Self::parse(it, depth + 1, count));
                return Ok(make(parts.collect::<Result<_, _>>()?));
            }
        }
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let key = match text("key").unwrap_or_default() {
            "Outcome" => Key::Outcome,
            "ScriptName" => Key::ScriptName,
            "DispatchNamespace" => Key::DispatchNamespace,
            "EventType" => Key::EventType,
            _ => {
                return Err(wrong(
                    "\"key\" is one of Outcome, ScriptName, DispatchNamespace, EventType",
                ));
            }
        };
        let written = text("operator").unwrap_or("eq");
        let (plain, negated) = match written.strip_prefix('!') {
            Some(plain) => (plain, true),
            None => (written, false),
        };
        let operator = match plain {
            "eq" | "in" => Operator::Equal,
            "contains" => Operator::Contains,
            "startsWith" => Operator::StartsWith,
            "endsWith" => Operator::EndsWith,
            _ => {
                return Err(wrong(
                    "\"operator\" is one of eq, in, contains, startsWith, endsWith, or one of these behind a !",
                ));
            }
        };
        let values = match value.get("value") {
            Some(Value::String(one)) => vec![one.clone()],
            Some(Value::Array(list)) if list.len() <= CONDITIONS_MAX => list
                .iter()
                .map(|it| it.as_str().map(str::to_owned))
                .collect::<Option<Vec<_>>>()
                .ok_or_else(|| wrong("\"value\" is a text or an array of texts"))?,
            _ => return Err(wrong("\"value\" is a text or an array of texts")),
        };
        Ok(Self::One {
            key,
            operator,
            values,
            negated,
        })
    }

    fn holds(&self, record: &Record) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|it| it.holds(record)),
            Self::Any(parts) => parts.iter().any(|it| it.holds(record)),
            Self::One {
                key,
                operator,
                values,
                negated,
            } => {
                let is = match key {
                    Key::Outcome => record.outcome.as_str(),
                    Key::ScriptName => &record.script,
                    Key::DispatchNamespace => &record.namespace,
                    Key::EventType => event_type(record),
                };
                let fits = |value: &String| match operator {
                    Operator::Equal => is == value,
                    Operator::Contains => is.contains(value.as_str()),
                    Operator::StartsWith => is.starts_with(value.as_str()),
                    Operator::EndsWith => is.ends_with(value.as_str()),
                };
                values.iter().any(fits) != *negated
            }
        }
    }
}
