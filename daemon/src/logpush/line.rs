//! One invocation as a line of the dataset `workers_trace_events`.

use super::job::FIELDS;
use crate::engine::invocation::Trigger;
use crate::observe::Record;
use serde_json::{Map, Value, json};

/// What began an invocation, in one word.
pub(super) fn event_type(record: &Record) -> &'static str {
    match &record.trigger {
        None => "fetch",
        Some(Trigger::Scheduled { .. }) => "scheduled",
        Some(trigger) => trigger.handler(),
    }
}

/// The line, with these fields; all if there are none.
pub(super) fn of(record: &Record, fields: &[String]) -> String {
    let told = record.to_json();
    let list = |name: &str| told[name].as_array().cloned().unwrap_or_default();
    let names = fields.iter().map(String::as_str);
    let names: Vec<&str> = if fields.is_empty() {
        FIELDS.to_vec()
    } else {
        names.collect()
    };
    let mut line = Map::new();
    for name in names {
        let value = match name {
            "Event" => event(record),
            "EventTimestampMs" => json!(record.started_ms),
            "EventType" => json!(event_type(record)),
            "Exceptions" => {
                let thrown = list("exceptions").into_iter().map(|it| {
                    json!({
                        "Name": it["name"], "Message": it["message"],
                        "Stack": it["stack"], "TimestampMs": it["timestamp"],
                    })
                });
                Value::Array(thrown.collect())
            }
            "Logs" => {
                let lines = list("logs").into_iter().map(|it| {
                    json!({"Level": it["level"], "Message": it["message"], "TimestampMs": it["timestamp"]})
                });
                Value::Array(lines.collect())
            }
            "Outcome" => json!(record.outcome),
            "ScriptName" => json!(record.script),
            "ScriptVersion" => json!({"ID": record.version}),
            "ScriptTags" => json!([]),
            "DispatchNamespace" => told["dispatchNamespace"].clone(),
            "CPUTimeMs" => json!(record.cpu_us / 1000),
            "WallTimeMs" => json!(record.wall_us / 1000),
            _ => continue,
        };
        line.insert(name.to_owned(), value);
    }
    Value::Object(line).to_string()
}

fn event(record: &Record) -> Value {
    let ray = record.ray.to_string();
    match &record.trigger {
        None => json!({
            "RayID": ray,
            "Request": {"URL": record.url, "Method": record.method},
            "Response": {"Status": record.status},
        }),
        Some(Trigger::Scheduled { cron, time_ms }) => {
            json!({"RayID": ray, "Cron": cron, "ScheduledTimeMs": time_ms})
        }
        Some(_) => json!({ "RayID": ray }),
    }
}
