//! Filters: conditions on events' fields, alone or in groups.

use super::event::Event;
use super::refused;
use crate::manage::envelope::Refusal;
use serde::Deserialize;
use serde_json::Value;

/// Conditions of one query.
const CONDITIONS_MAX: usize = 100;
/// Groups within groups.
const DEPTH_MAX: usize = 8;

/// What must hold for an event.
#[derive(Debug)]
pub enum Condition {
    /// All of these.
    All(Vec<Condition>),
    /// At least one of these.
    Any(Vec<Condition>),
    /// Something of a field.
    Field(Field),
}

/// Something of a field.
#[derive(Debug)]
pub struct Field {
    key: String,
    operation: Operation,
    value: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Includes,
    NotIncludes,
    StartsWith,
    EndsWith,
    Exists,
    IsNull,
    In,
    NotIn,
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Operation {
    fn parse(name: &str) -> Result<Self, Refusal> {
        Ok(match name.to_ascii_lowercase().as_str() {
            "includes" => Self::Includes,
            "not_includes" | "does_not_include" => Self::NotIncludes,
            "starts_with" => Self::StartsWith,
            "ends_with" => Self::EndsWith,
            "exists" => Self::Exists,
            "is_null" | "does_not_exist" => Self::IsNull,
            "in" => Self::In,
            "not_in" => Self::NotIn,
            "eq" | "=" => Self::Equal,
            "neq" | "!=" => Self::NotEqual,
            "gt" | ">" => Self::Greater,
            "gte" | ">=" => Self::GreaterOrEqual,
            "lt" | "<" => Self::Less,
            "lte" | "<=" => Self::LessOrEqual,
            "regex" | "match_regex" => return Err(no_regex()),
            _ => {
                return Err(refused(format!(
                    "a filter's operation '{name:.40}' is none; use eq, neq, gt, gte, lt, lte, includes, not_includes, starts_with, ends_with, exists, is_null, in or not_in"
                )));
            }
        })
    }
}

fn no_regex() -> Refusal {
    refused(
        "regular expressions are not supported in telemetry queries by this version of Postern; use includes, starts_with or ends_with",
    )
}

impl Condition {
    /// Reads a list of filters and groups.
    ///
    /// # Errors
    /// When one is wrong, or they are too many.
    pub fn all(filters: &[Value], combination: &str) -> Result<Self, Refusal> {
        let mut left = CONDITIONS_MAX;
        Self::group(filters, combination, 0, &mut left)
    }

    fn group(
        filters: &[Value],
        combination: &str,
        depth: usize,
        left: &mut usize,
    ) -> Result<Self, Refusal> {
        if depth > DEPTH_MAX {
            return Err(refused(format!(
                "filters are in more than {DEPTH_MAX} groups, one in the other; join some"
            )));
        }
        let is_any = match combination.to_ascii_lowercase().as_str() {
            "and" => false,
            "or" => true,
            _ => {
                return Err(refused(format!(
                    "filterCombination '{combination:.40}' is neither \"and\" nor \"or\""
                )));
            }
        };
        let mut all = Vec::with_capacity(filters.len().min(CONDITIONS_MAX));
        for filter in filters {
            *left = left.checked_sub(1).ok_or_else(|| {
                refused(format!(
                    "the query has more than {CONDITIONS_MAX} filters; leave some out"
                ))
            })?;
            let text = |name: &str| filter.get(name).and_then(Value::as_str);
            if text("kind") == Some("group") || filter.get("filters").is_some() {
                let inner = filter.get("filters").and_then(Value::as_array);
                let inner = inner.map_or(&[][..], Vec::as_slice);
                let combination = text("filterCombination").unwrap_or("and");
                all.push(Self::group(inner, combination, depth + 1, left)?);
                continue;
            }
            let (Some(key), Some(operation)) = (text("key"), text("operation")) else {
                return Err(refused(
                    "a filter is no {\"key\", \"operation\", \"type\", \"value\"} and no group",
                ));
            };
            let operation = Operation::parse(operation)?;
            let value = typed(filter.get("value"), text("type"));
            let needs_value = !matches!(operation, Operation::Exists | Operation::IsNull);
            if needs_value && value.is_null() {
                return Err(refused(format!("the filter on '{key:.100}' has no value")));
            }
            all.push(Self::Field(Field {
                key: key.to_owned(),
                operation,
                value,
            }));
        }
        Ok(if is_any && !all.is_empty() {
            Self::Any(all)
        } else {
            Self::All(all)
        })
    }

    /// Whether it holds.
    pub fn holds(&self, event: &Event) -> bool {
        match self {
            Self::All(all) => all.iter().all(|it| it.holds(event)),
            Self::Any(any) => any.iter().any(|it| it.holds(event)),
            Self::Field(field) => field.holds(event.field(&field.key)),
        }
    }
}

/// Values may come as texts whatever they are.
fn typed(value: Option<&Value>, kind: Option<&str>) -> Value {
    let value = value.cloned().unwrap_or_default();
    match (kind, &value) {
        (Some("number"), Value::String(text)) => text
            .parse::<f64>()
            .map_or_else(|_| value.clone(), Value::from),
        (Some("boolean"), Value::String(text)) => match text.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => value,
        },
        _ => value,
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one == other,
        _ => text(one) == text(other),
    }
}

impl Field {
    fn holds(&self, found: Option<&Value>) -> bool {
        use Operation as O;
        let found = found.filter(|it| !it.is_null());
        let Some(found) = found else {
            return matches!(
                self.operation,
                O::IsNull | O::NotEqual | O::NotIn | O::NotIncludes
            );
        };
        let among = || {
            let list = text(&self.value);
            let mut list = list.split(',');
            list.any(|one| {
                same(
                    found,
                    &typed(Some(&one.trim().into()), super::event::kind(found)),
                )
            })
        };
        let order = || match (found.as_f64(), self.value.as_f64()) {
            (Some(found), Some(value)) => found.partial_cmp(&value),
            _ => Some(text(found).cmp(&text(&self.value))),
        };
        match self.operation {
            O::Exists => true,
            O::IsNull => false,
            O::Includes => text(found).contains(&text(&self.value)),
            O::NotIncludes => !text(found).contains(&text(&self.value)),
            O::StartsWith => text(found).starts_with(&text(&self.value)),
            O::EndsWith => text(found).ends_with(&text(&self.value)),
            O::In => among(),
            O::NotIn => !among(),
            O::Equal => same(found, &self.value),
            O::NotEqual => !same(found, &self.value),
            O::Greater => order().is_some_and(|it| it.is_gt()),
            O::GreaterOrEqual => order().is_some_and(|it| it.is_ge()),
            O::Less => order().is_some_and(|it| it.is_lt()),
            O::LessOrEqual => order().is_some_and(|it| it.is_le()),
        }
    }
}

/// A text that is looked for everywhere.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Needle {
    value: Value,
    #[serde(default)]
    is_regex: bool,
    #[serde(default)]
    match_case: bool,
}

impl Needle {
    /// Refuses what cannot be looked for.
    ///
    /// # Errors
    /// When it is a regular expression.
    pub fn checked(self) -> Result<Self, Refusal> {
        if self.is_regex {
            return Err(no_regex());
        }
        Ok(self)
    }

    /// Whether a text has it.
    pub fn is_in(&self, hay: &str) -> bool {
        let value = text(&self.value);
        if self.match_case {
            return hay.contains(&value);
        }
        hay.to_lowercase().contains(&value.to_lowercase())
    }
}
