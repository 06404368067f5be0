//! Events: each line that an invocation logged, each exception, and the invocation itself.

use super::DATASET;
use crate::engine::invocation::Trigger;
use crate::observe::Record;
use serde_json::{Map, Value, json};

/// An event, as clients see it.
#[derive(Clone, Debug)]
pub struct Event {
    /// When: milliseconds since 1970.
    pub at_ms: u64,
    /// The invocation.
    pub request: String,
    /// The object that is shown.
    pub shown: Value,
}

/// The name of a plain value's type.
pub fn kind(value: &Value) -> Option<&'static str> {
    match value {
        Value::String(_) => Some("string"),
        Value::Number(_) => Some("number"),
        Value::Bool(_) => Some("boolean"),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

impl Event {
    /// The events of an invocation, in their order.
    pub fn all(record: &Record, account: &str) -> Vec<Self> {
        let told = record.to_json();
        let request = record.ray.to_string();
        let kind = match &record.trigger {
            Some(Trigger::Scheduled { .. }) => "cron",
            Some(Trigger::Tail { .. }) => "tail",
            None if record.rpc_method.is_some() => "jsrpc",
            None if record.method.is_empty() => "unknown",
            None => "fetch",
        };
        let trigger = match &record.trigger {
            Some(Trigger::Scheduled { cron, .. }) => cron.clone(),
            Some(Trigger::Tail { .. }) => "tail".to_owned(),
            None => match &record.rpc_method {
                Some(method) => method.clone(),
                None => format!("{} {}", record.method, path(&record.url)),
            },
        };
        let mut workers = json!({
            "eventType": kind,
            "scriptName": record.script,
            "outcome": told["outcome"],
            "requestId": request,
            "scriptVersion": told["scriptVersion"],
            "executionModel": "stateless",
            "truncated": told["truncated"],
            "event": told["event"],
        });
        if !told["dispatchNamespace"].is_null() {
            workers["dispatchNamespace"] = told["dispatchNamespace"].clone();
        }
        let metadata = |number: usize, level: &str, message: &str| {
            json!({
                "id": format!("{request}{number:08x}"),
                "requestId": request,
                "account": account,
                "service": record.script,
                "origin": kind,
                "trigger": trigger,
                "level": level,
                "message": message,
            })
        };
        let event = |at_ms: u64, metadata: Value, workers: Value, source: Value| Self {
            at_ms,
            request: request.clone(),
            shown: json!({
                "$metadata": metadata,
                "$workers": workers,
                "dataset": DATASET,
                "source": source,
                "timestamp": at_ms,
            }),
        };
        let mut all = Vec::new();
        for line in told["logs"].as_array().into_iter().flatten() {
            let level = line["level"].as_str().unwrap_or("log");
            let values = line["message"].as_array().map_or(&[][..], Vec::as_slice);
            let (message, source) = said(values, level);
            let mut metadata = metadata(all.len(), level, &message);
            metadata["type"] = json!("cf-worker");
            let at_ms = line["timestamp"].as_u64().unwrap_or(record.started_ms);
            all.push(event(at_ms, metadata, workers.clone(), source));
        }
        for thrown in told["exceptions"].as_array().into_iter().flatten() {
            let text = |name: &str| thrown[name].as_str().unwrap_or_default();
            let message = format!("{}: {}", text("name"), text("message"));
            let mut metadata = metadata(all.len(), "error", &message);
            metadata["type"] = json!("cf-worker");
            metadata["error"] = json!(message);
            let at_ms = thrown["timestamp"].as_u64().unwrap_or(record.started_ms);
            let source = json!({
                "level": "error", "message": message,
                "exception": {"name": thrown["name"], "message": thrown["message"], "stack": thrown["stack"], "timestamp": at_ms},
            });
            all.push(event(at_ms, metadata, workers.clone(), source));
        }
        let level = if told["outcome"] == "ok" {
            "info"
        } else {
            "error"
        };
        let mut metadata = metadata(all.len(), level, &trigger);
        let wall_ms = told["wallTime"].as_f64().unwrap_or_default();
        let end_ms = record.started_ms.saturating_add(wall_ms as u64);
        metadata["type"] = json!("cf-worker-event");
        metadata["startTime"] = json!(record.started_ms);
        metadata["endTime"] = json!(end_ms);
        metadata["duration"] = json!(wall_ms);
        if kind == "fetch" {
            metadata["url"] = json!(record.url);
        }
        if let Some(status) = record.status {
            metadata["statusCode"] = json!(status);
        }
        workers["cpuTimeMs"] = told["cpuTime"].clone();
        workers["wallTimeMs"] = told["wallTime"].clone();
        workers["diagnosticsChannelEvents"] = told["diagnosticsChannelEvents"].clone();
        let source = json!({"level": level, "message": trigger});
        all.push(event(end_ms, metadata, workers, source));
        all
    }

    /// What names it.
    pub fn id(&self) -> &str {
        self.shown["$metadata"]["id"].as_str().unwrap_or_default()
    }

    /// All of it as a text, to look for a needle in.
    pub fn text(&self) -> String {
        let (source, metadata) = (&self.shown["source"], &self.shown["$metadata"]);
        format!("{source}{metadata}{}", self.shown["$workers"])
    }

    /// The value of a key: a path with dots, from the event or from what was logged.
    pub fn field(&self, key: &str) -> Option<&Value> {
        within(&self.shown, key).or_else(|| within(&self.shown["source"], key))
    }

    /// Calls `each` with all plain values and their keys.
    pub fn each_field(&self, each: &mut dyn FnMut(&str, &Value)) {
        for part in ["$metadata", "$workers"] {
            walk(&self.shown[part], part.to_owned(), each);
        }
        for (key, value) in self.shown["source"].as_object().into_iter().flatten() {
            walk(value, key.clone(), each);
        }
        for key in ["dataset", "timestamp"] {
            each(key, &self.shown[key]);
        }
    }
}

/// Levels of objects within each other that have keys.
const DEPTH_MAX: usize = 8;

fn walk(value: &Value, key: String, each: &mut dyn FnMut(&str, &Value)) {
    match value {
        Value::Object(fields) if key.matches('.').count() < DEPTH_MAX => {
            for (name, value) in fields {
                walk(value, format!("{key}.{name}"), each);
            }
        }
        _ => each(&key, value),
    }
}

/// A name may have dots itself, so the longest one counts.
fn within<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    let fields = value.as_object()?;
    if let Some(value) = fields.get(key) {
        return Some(value);
    }
    let dots = key.match_indices('.').take(DEPTH_MAX);
    dots.filter_map(|(at, _)| within(fields.get(&key[..at])?, &key[at + 1..]))
        .next()
}

/// The line and the fields of what was logged: those of an object alone are the event's own.
fn said(values: &[Value], level: &str) -> (String, Value) {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let all: Vec<String> = values.iter().map(text).collect();
    let message = all.join(" ");
    let fields = match values {
        [Value::Object(fields)] => fields.clone(),
        [Value::String(text)] if text.starts_with('{') => {
            serde_json::from_str::<Map<String, Value>>(text).unwrap_or_default()
        }
        _ => Map::new(),
    };
    let mut source = Value::Object(fields);
    if source.get("message").is_none() {
        source["message"] = json!(message);
    }
    if source.get("level").is_none() {
        source["level"] = json!(level);
    }
    let shown = source["message"].as_str().map_or(message, str::to_owned);
    (shown, source)
}

fn path(url: &str) -> &str {
    let behind = url.split_once("://").map_or(url, |it| it.1);
    let at = behind.find('/').unwrap_or(behind.len());
    let path = &behind[at..];
    path.split('?').next().unwrap_or(path)
}
