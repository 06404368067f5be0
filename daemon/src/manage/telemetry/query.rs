//! What a query asks for, and its answer.

use super::calculate::{Calculation, GroupBy, Having, OrderBy, calculations};
use super::event::{Event, kind};
use super::filter::{Condition, Needle};
use super::{Wanted, refused};
use crate::catalog::shown_time;
use crate::manage::envelope::Refusal;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Events or groups unless the query says, and at most.
const LIMIT: (usize, usize) = (50, 2000);

/// From when to when, in milliseconds since 1970.
#[derive(Clone, Debug, Deserialize)]
pub struct Timeframe {
    /// The first.
    pub from: f64,
    /// The last.
    pub to: f64,
}

impl Timeframe {
    /// # Errors
    /// When it ends before it begins.
    pub fn checked(self) -> Result<Self, Refusal> {
        if self.from <= self.to {
            return Ok(self);
        }
        Err(refused(
            "the timeframe ends before it begins; give \"from\" and \"to\" in milliseconds since 1970",
        ))
    }

    /// Whether a moment is in it.
    pub fn has(&self, at_ms: u64) -> bool {
        (self.from..=self.to).contains(&(at_ms as f64))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum View {
    Events,
    Calculations,
    Invocations,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Parameters {
    calculations: Vec<Calculation>,
    datasets: Vec<String>,
    filter_combination: Option<String>,
    filters: Vec<Value>,
    group_bys: Vec<GroupBy>,
    havings: Vec<Having>,
    limit: Option<usize>,
    needle: Option<Needle>,
    order_by: Option<OrderBy>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    #[serde(default)]
    query_id: String,
    timeframe: Timeframe,
    view: Option<String>,
    chart_type: Option<String>,
    #[serde(default)]
    compare: bool,
    #[serde(default)]
    dry: bool,
    granularity: Option<usize>,
    #[serde(default)]
    ignore_series: bool,
    limit: Option<usize>,
    offset: Option<String>,
    #[serde(default)]
    offset_by: usize,
    offset_direction: Option<String>,
    parameters: Option<Parameters>,
}

/// A query that can be answered.
pub struct Query {
    sent: Sent,
    parameters: Parameters,
    /// The parameters as they came.
    shown: Value,
    view: View,
    /// Whether nothing is looked at.
    pub dry: bool,
}

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    /// When it is wrong, or asks for what the log ring cannot tell.
    pub fn parse(value: &Value) -> Result<Self, Refusal> {
        let mut sent = Sent::deserialize(value)
            .map_err(|error| refused(format!("the query is wrong: {error}")))?;
        sent.timeframe = sent.timeframe.checked()?;
        let not = |what: &str, instead: &str| {
            Err(refused(format!(
                "{what} are not supported by this version of Postern; {instead}"
            )))
        };
        let view = match sent.view.as_deref() {
            None | Some("events") => View::Events,
            Some("calculations") => View::Calculations,
            Some("invocations" | "requests") => View::Invocations,
            Some("traces" | "agents") => {
                return not(
                    "traces",
                    "use the view \"events\", \"invocations\" or \"calculations\"",
                );
            }
            Some(other) => {
                return Err(refused(format!(
                    "there is no view '{other:.40}'; use \"events\", \"invocations\" or \"calculations\""
                )));
            }
        };
        if sent.compare {
            return not("comparisons", "ask for the other timeframe by itself");
        }
        if sent.chart_type.as_deref() == Some("distribution") {
            return not("distributions", "calculate percentiles");
        }
        if sent.offset_direction.as_deref() == Some("prev") {
            return not("pages backwards", "leave \"offsetDirection\" out");
        }
        let Some(parameters) = sent.parameters.take() else {
            return not("saved queries", "give \"parameters\"");
        };
        if let Some(needle) = parameters.needle.clone() {
            needle.checked()?;
        }
        Ok(Self {
            dry: sent.dry,
            shown: value["parameters"].clone(),
            sent,
            parameters,
            view,
        })
    }

    /// What is looked for.
    ///
    /// # Errors
    /// When a filter is wrong.
    pub fn wanted(&self) -> Result<Wanted, Refusal> {
        let parameters = &self.parameters;
        let combination = parameters.filter_combination.as_deref().unwrap_or("and");
        Ok(Wanted {
            datasets: parameters.datasets.clone(),
            timeframe: self.sent.timeframe.clone(),
            condition: Condition::all(&parameters.filters, combination)?,
            needle: parameters.needle.clone(),
        })
    }

    fn limit(&self) -> usize {
        let asked = self.sent.limit.or(self.parameters.limit);
        asked.unwrap_or(LIMIT.0).min(LIMIT.1)
    }

    /// The answer without what is told of the run.
    ///
    /// # Errors
    /// When a calculation is wrong.
    pub fn answer(&self, events: &[Event]) -> Result<Value, Refusal> {
        Ok(match self.view {
            View::Events => json!({"events": self.events(events)}),
            View::Invocations => json!({"invocations": self.invocations(events)}),
            View::Calculations => {
                let granularity = match self.sent.chart_type.as_deref() {
                    Some("aggregate") => None,
                    _ if self.sent.ignore_series => None,
                    _ => Some(self.sent.granularity.unwrap_or(30)),
                };
                let parameters = &self.parameters;
                let all = calculations(
                    events,
                    &parameters.calculations,
                    &parameters.group_bys,
                    &parameters.havings,
                    parameters.order_by.as_ref(),
                    (self.sent.offset_by, self.limit()),
                    (&self.sent.timeframe, granularity),
                )?;
                json!({"calculations": all})
            }
        })
    }

    /// Those behind the one that the client has seen last.
    fn after<'a>(&self, events: &'a [Event]) -> &'a [Event] {
        let Some(offset) = &self.sent.offset else {
            return events;
        };
        let at = events.iter().position(|event| event.id() == offset);
        at.map_or(&[], |at| &events[at + 1..])
    }

    fn events(&self, events: &[Event]) -> Value {
        let mut fields = BTreeMap::new();
        let page = self.after(events).iter().take(self.limit());
        let page: Vec<&Value> = page
            .inspect(|event| {
                event.each_field(&mut |key, value| {
                    if let Some(kind) = kind(value) {
                        fields.insert(key.to_owned(), kind);
                    }
                });
            })
            .map(|event| &event.shown)
            .collect();
        let fields = fields
            .into_iter()
            .map(|(key, kind)| json!({"key": key, "type": kind}));
        json!({
            "count": events.len(),
            "events": page,
            "fields": fields.collect::<Vec<_>>(),
            "series": [],
        })
    }

    fn invocations(&self, events: &[Event]) -> Value {
        let mut found: Map<String, Value> = Map::new();
        let limit = self.limit();
        for event in self.after(events) {
            if found.len() == limit && !found.contains_key(&event.request) {
                break;
            }
            let list = found
                .entry(event.request.clone())
                .or_insert_with(|| json!([]));
            if let Some(list) = list.as_array_mut() {
                list.push(event.shown.clone());
            }
        }
        Value::Object(found)
    }

    /// What is told of the run.
    pub fn run(&self, account: &str, statistics: &Value) -> Value {
        let now = shown_time(crate::manage::logs::now_ms().cast_signed());
        json!({
            "id": self.sent.query_id,
            "accountId": account,
            "userId": "",
            "workspaceId": "",
            "environmentId": "",
            "dry": self.dry,
            "granularity": self.sent.granularity.unwrap_or(30),
            "status": "COMPLETED",
            "timeframe": {"from": self.sent.timeframe.from, "to": self.sent.timeframe.to},
            "created": now,
            "updated": now,
            "statistics": statistics,
            "query": {
                "id": self.sent.query_id, "name": "", "description": null, "adhoc": true,
                "created": now, "createdBy": "", "updated": now, "updatedBy": "",
                "userId": "", "workspaceId": "", "environmentId": "",
                "parameters": self.shown,
            },
        })
    }
}
