//! `…/workers/observability/telemetry`: the log ring as the field's clients ask for it, by filters, in a
//! timeframe, as events, invocations or calculations. What is not in the ring any more cannot be found.

mod calculate;
mod event;
mod filter;
mod query;

#[cfg(test)]
mod tests;

use super::Manage;
use super::call::Call;
use super::envelope::{Handled, Refusal, code, ok};
use event::Event;
use filter::{Condition, Needle};
use query::{Query, Timeframe};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// What all events are said to be of.
const DATASET: &str = "cloudflare-workers";
/// Keys or values that are listed unless the call says, and at most.
const LISTED: (usize, usize) = (100, 1000);

fn refused(message: impl Into<String>) -> Refusal {
    Refusal::bad(code::BODY, message.into())
}

/// `keys` and `values`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listing {
    #[serde(default)]
    datasets: Vec<String>,
    #[serde(default)]
    filters: Vec<Value>,
    from: Option<f64>,
    to: Option<f64>,
    timeframe: Option<Timeframe>,
    needle: Option<Needle>,
    key_needle: Option<Needle>,
    limit: Option<usize>,
    /// Of `values`.
    key: Option<String>,
    r#type: Option<String>,
}

impl Listing {
    fn timeframe(&self) -> Timeframe {
        self.timeframe.clone().unwrap_or(Timeframe {
            from: self.from.unwrap_or(0.0),
            to: self.to.unwrap_or(f64::MAX),
        })
    }

    fn limit(&self) -> usize {
        self.limit.unwrap_or(LISTED.0).min(LISTED.1)
    }
}

/// What is looked among.
struct Wanted {
    datasets: Vec<String>,
    timeframe: Timeframe,
    condition: Condition,
    needle: Option<Needle>,
}

impl Wanted {
    fn has(&self, event: &Event) -> bool {
        self.timeframe.has(event.at_ms)
            && self.condition.holds(event)
            && self
                .needle
                .as_ref()
                .is_none_or(|it| it.is_in(&event.text()))
    }

    fn is_of_datasets(&self) -> bool {
        self.datasets.is_empty() || self.datasets.iter().any(|it| it == DATASET)
    }
}

impl<W: Send + Sync + 'static> Manage<W> {
    /// The events that are wanted, the newest first, and how many there were.
    async fn events(&self, account: &str, wanted: Wanted) -> (Vec<Event>, usize) {
        let records = self.logs.all();
        let account: Arc<str> = account.into();
        // Looking through all of them takes a while.
        postern_task::unblock(move || {
            if !wanted.is_of_datasets() {
                return (Vec::new(), 0);
            }
            let mut seen = 0;
            let mut found = Vec::new();
            for record in records.iter().rev() {
                // The invocation ends after its lines.
                for event in Event::all(record, &account).into_iter().rev() {
                    seen += 1;
                    if wanted.has(&event) {
                        found.push(event);
                    }
                }
            }
            (found, seen)
        })
        .await
    }

    pub(super) async fn telemetry_query(&self, call: Call) -> Handled {
        let began = Instant::now();
        let account = call.param("account").to_owned();
        let sent: Value = call.json().await?;
        let query = Query::parse(&sent)?;
        let (events, seen) = if query.dry {
            (Vec::new(), 0)
        } else {
            self.events(&account, query.wanted()?).await
        };
        let mut result = query.answer(&events)?;
        let statistics = json!({
            "elapsed": began.elapsed().as_secs_f64(),
            "rows_read": seen,
            "bytes_read": self.logs.kept_bytes(),
        });
        result["run"] = query.run(&account, &statistics);
        result["statistics"] = statistics;
        ok(result)
    }

    pub(super) async fn telemetry_keys(&self, call: Call) -> Handled {
        let account = call.param("account").to_owned();
        let listing: Listing = call.json().await?;
        let (events, _) = self.listed(&account, &listing).await?;
        let mut keys: BTreeMap<String, (u64, &'static str)> = BTreeMap::new();
        for event in &events {
            event.each_field(&mut |key, value| {
                if let Some(kind) = event::kind(value) {
                    keys.entry(key.to_owned()).or_insert((event.at_ms, kind));
                }
            });
        }
        let needle = &listing.key_needle;
        let wanted = |key: &String| needle.as_ref().is_none_or(|it| it.is_in(key));
        let keys = keys.into_iter().filter(|(key, _)| wanted(key));
        let shown = keys
            .take(listing.limit())
            .map(|(key, (seen, kind))| json!({"key": key, "lastSeenAt": seen, "type": kind}));
        ok(Value::Array(shown.collect()))
    }

    pub(super) async fn telemetry_values(&self, call: Call) -> Handled {
        let account = call.param("account").to_owned();
        let listing: Listing = call.json().await?;
        let (Some(key), Some(kind)) = (&listing.key, &listing.r#type) else {
            return Err(refused(
                "name the \"key\" whose values are wanted, and their \"type\": string, number or boolean",
            ));
        };
        let (events, _) = self.listed(&account, &listing).await?;
        let mut values: Vec<&Value> = Vec::new();
        for event in &events {
            let Some(value) = event.field(key) else {
                continue;
            };
            if event::kind(value) == Some(kind) && !values.contains(&value) {
                values.push(value);
                if values.len() == listing.limit() {
                    break;
                }
            }
        }
        let shown = values
            .into_iter()
            .map(|value| json!({"dataset": DATASET, "key": key, "type": kind, "value": value}));
        ok(Value::Array(shown.collect()))
    }

    async fn listed(
        &self,
        account: &str,
        listing: &Listing,
    ) -> Result<(Vec<Event>, usize), Refusal> {
        let wanted = Wanted {
            datasets: listing.datasets.clone(),
            timeframe: listing.timeframe().checked()?,
            condition: Condition::all(&listing.filters, "and")?,
            needle: listing.needle.clone().map(Needle::checked).transpose()?,
        };
        if let Some(needle) = listing.key_needle.clone() {
            needle.checked()?;
        }
        Ok(self.events(account, wanted).await)
    }
}
