//! Calculations over events: counts, sums, percentiles, by groups and over time.

use super::event::Event;
use super::query::Timeframe;
use super::refused;
use crate::manage::envelope::Refusal;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Calculations of one query.
const CALCULATIONS_MAX: usize = 20;
/// Keys that events are grouped by.
const GROUPS_BY_MAX: usize = 5;
/// Steps of a series.
const STEPS_MAX: usize = 200;

/// One calculation.
#[derive(Clone, Debug, Deserialize)]
pub struct Calculation {
    operator: String,
    alias: Option<String>,
    key: Option<String>,
}

/// What events are grouped by.
#[derive(Clone, Debug, Deserialize)]
pub struct GroupBy {
    value: String,
}

/// What must hold for a group.
#[derive(Clone, Debug, Deserialize)]
pub struct Having {
    key: String,
    operation: String,
    value: f64,
}

/// How groups are sorted.
#[derive(Clone, Debug, Deserialize)]
pub struct OrderBy {
    value: String,
    order: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Operator {
    Count,
    Unique,
    Max,
    Min,
    Sum,
    Average,
    /// From 0 to 1.
    Percentile(f64),
    Deviation,
    Variance,
}

impl Operator {
    fn parse(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "count" => Self::Count,
            "uniq" | "count_distinct" => Self::Unique,
            "max" => Self::Max,
            "min" => Self::Min,
            "sum" => Self::Sum,
            "avg" => Self::Average,
            "median" => Self::Percentile(0.5),
            "p001" => Self::Percentile(0.001),
            "p01" => Self::Percentile(0.01),
            "p05" => Self::Percentile(0.05),
            "p10" => Self::Percentile(0.1),
            "p25" => Self::Percentile(0.25),
            "p75" => Self::Percentile(0.75),
            "p90" => Self::Percentile(0.9),
            "p95" => Self::Percentile(0.95),
            "p99" => Self::Percentile(0.99),
            "p999" => Self::Percentile(0.999),
            "stddev" => Self::Deviation,
            "variance" => Self::Variance,
            _ => return None,
        })
    }

    /// What it makes of events.
    fn of(self, events: &[&Event], key: Option<&str>) -> f64 {
        let found = || {
            let field = move |event: &&'_ Event| key.and_then(|key| event.field(key)).cloned();
            events.iter().filter_map(field).filter(|it| !it.is_null())
        };
        if self == Self::Count {
            return match key {
                None => events.len() as f64,
                Some(_) => found().count() as f64,
            };
        }
        if self == Self::Unique {
            let texts: BTreeSet<String> = found().map(|value| value.to_string()).collect();
            return texts.len() as f64;
        }
        let mut numbers: Vec<f64> = found().filter_map(|value| value.as_f64()).collect();
        if numbers.is_empty() {
            return 0.0;
        }
        numbers.sort_by(f64::total_cmp);
        let count = numbers.len() as f64;
        let sum: f64 = numbers.iter().sum();
        let variance = || {
            let mean = sum / count;
            numbers.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / count
        };
        match self {
            Self::Count | Self::Unique | Self::Sum => sum,
            Self::Max => numbers[numbers.len() - 1],
            Self::Min => numbers[0],
            Self::Average => sum / count,
            Self::Percentile(part) => numbers[(part * (count - 1.0)).round() as usize],
            Self::Variance => variance(),
            Self::Deviation => variance().sqrt(),
        }
    }
}

/// A group of events, by the values of its keys.
struct Group<'a> {
    values: Vec<Value>,
    events: Vec<&'a Event>,
}

fn grouped<'a>(events: impl Iterator<Item = &'a Event>, by: &[GroupBy]) -> Vec<Group<'a>> {
    let mut groups: BTreeMap<String, Group<'a>> = BTreeMap::new();
    for event in events {
        let values = by
            .iter()
            .map(|by| event.field(&by.value).cloned().unwrap_or_default());
        let values: Vec<Value> = values.collect();
        let group = groups
            .entry(json!(values).to_string())
            .or_insert_with(|| Group {
                values,
                events: Vec::new(),
            });
        group.events.push(event);
    }
    groups.into_values().collect()
}

impl Calculation {
    fn is_meant(&self, name: &str) -> bool {
        self.alias.as_deref() == Some(name) || self.operator.eq_ignore_ascii_case(name)
    }
}

impl Having {
    fn holds(&self, value: f64) -> Result<bool, Refusal> {
        Ok(match self.operation.as_str() {
            "eq" => value == self.value,
            "neq" => value != self.value,
            "gt" => value > self.value,
            "gte" => value >= self.value,
            "lt" => value < self.value,
            "lte" => value <= self.value,
            other => {
                return Err(refused(format!(
                    "a having's operation '{other:.40}' is none; use eq, neq, gt, gte, lt or lte"
                )));
            }
        })
    }
}

fn shown(group: &Group<'_>, by: &[GroupBy], value: f64, interval: f64) -> Value {
    let mut aggregate = json!({
        "value": value, "count": group.events.len(), "interval": interval, "sampleInterval": 1,
    });
    if !by.is_empty() {
        let keys = by.iter().zip(&group.values);
        let groups = keys.map(|(by, value)| json!({"key": by.value, "value": value}));
        aggregate["groups"] = groups.collect();
    }
    aggregate
}

/// All calculations of a query, as clients see them.
///
/// # Errors
/// When one is wrong, or there are too many.
pub fn calculations(
    events: &[Event],
    asked: &[Calculation],
    by: &[GroupBy],
    havings: &[Having],
    order: Option<&OrderBy>,
    (skip, limit): (usize, usize),
    (timeframe, steps): (&Timeframe, Option<usize>),
) -> Result<Vec<Value>, Refusal> {
    if asked.is_empty() || asked.len() > CALCULATIONS_MAX || by.len() > GROUPS_BY_MAX {
        return Err(refused(format!(
            "the view \"calculations\" takes 1 to {CALCULATIONS_MAX} calculations, by at most {GROUPS_BY_MAX} keys"
        )));
    }
    let mut operators = Vec::with_capacity(asked.len());
    for one in asked {
        let name = &one.operator;
        let operator = Operator::parse(name)
            .ok_or_else(|| refused(format!("there is no calculation '{name:.40}'")))?;
        if operator != Operator::Count && one.key.is_none() {
            return Err(refused(format!("the calculation '{name:.40}' has no key")));
        }
        operators.push(operator);
    }
    let of = |at: usize, events: &[&Event]| operators[at].of(events, asked[at].key.as_deref());
    let meant = |name: &str| asked.iter().position(|one| one.is_meant(name));
    let mut groups = grouped(events.iter(), by);
    if groups.is_empty() && by.is_empty() {
        groups.push(Group {
            values: Vec::new(),
            events: Vec::new(),
        });
    }
    for having in havings {
        let Some(at) = meant(&having.key) else {
            return Err(refused(format!(
                "a having names '{:.40}', which is no calculation of this query",
                having.key
            )));
        };
        let mut kept = Vec::with_capacity(groups.len());
        for group in groups {
            if having.holds(of(at, &group.events))? {
                kept.push(group);
            }
        }
        groups = kept;
    }
    let at = order.and_then(|order| meant(&order.value)).unwrap_or(0);
    let rises = order.is_some_and(|order| order.order.as_deref() == Some("asc"));
    let key = |group: &Group<'_>| of(at, &group.events);
    let mut sorted: Vec<(f64, Group<'_>)> = groups.into_iter().map(|it| (key(&it), it)).collect();
    sorted.sort_by(|(one, _), (other, _)| match rises {
        true => one.total_cmp(other),
        false => other.total_cmp(one),
    });
    let groups: Vec<Group<'_>> = sorted
        .into_iter()
        .map(|(_, group)| group)
        .skip(skip)
        .take(limit)
        .collect();
    // Without an end, time ends with what there is.
    let newest = events.iter().map(|event| event.at_ms).max().unwrap_or(0);
    let oldest = events.iter().map(|event| event.at_ms).min().unwrap_or(0);
    let from = timeframe.from.max(oldest as f64);
    let to = timeframe.to.min(newest as f64).max(from);
    let steps = steps.map(|it| it.clamp(1, STEPS_MAX));
    let interval = (to - from) / 1000.0;
    let mut all = Vec::with_capacity(asked.len());
    for (number, one) in asked.iter().enumerate() {
        let aggregates = groups
            .iter()
            .map(|group| shown(group, by, of(number, &group.events), interval));
        let mut told = json!({
            "calculation": one.operator,
            "aggregates": aggregates.collect::<Vec<_>>(),
            "series": series(&groups, by, (from, to), steps, &|events| of(number, events)),
        });
        if let Some(alias) = &one.alias {
            told["alias"] = json!(alias);
        }
        all.push(told);
    }
    Ok(all)
}

fn series(
    groups: &[Group<'_>],
    by: &[GroupBy],
    (from, to): (f64, f64),
    steps: Option<usize>,
    of: &dyn Fn(&[&Event]) -> f64,
) -> Vec<Value> {
    let Some(steps) = steps else {
        return Vec::new();
    };
    let width = ((to - from) / steps as f64).max(1.0);
    let step = |event: &Event| (((event.at_ms as f64 - from) / width) as usize).min(steps - 1);
    let mut series: BTreeMap<usize, Vec<Value>> = BTreeMap::new();
    for group in groups {
        let mut parts: BTreeMap<usize, Vec<&Event>> = BTreeMap::new();
        for event in &group.events {
            parts.entry(step(event)).or_default().push(event);
        }
        for (at, events) in parts {
            let part = Group {
                values: group.values.clone(),
                events,
            };
            let value = of(&part.events);
            let told = shown(&part, by, value, width / 1000.0);
            series.entry(at).or_default().push(told);
        }
    }
    let told = series.into_iter().map(|(at, data)| {
        let time = (from + at as f64 * width).max(0.0) as i64;
        json!({"time": crate::catalog::shown_time(time), "data": data})
    });
    told.collect()
}
