//! One invocation as it is reported, kept, and shown.

use super::failed::refusal_json;
use super::redact::{redacted_header, redacted_url};
use crate::engine::finished::Labels;
use crate::engine::invocation::{Ray, Trigger};
use crate::engine::limits::Outcome;
use crate::engine::refusal::{Refusal, Stage};
use crate::engine::{Finished, LogLine, Thrown};
use bytes::Bytes;
use postern_abi::event::LogLevel;
use serde_json::{Map, Value, json};

/// An invocation as it is kept: URL and header fields are redacted already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The dispatch namespace.
    pub namespace: String,
    /// The script.
    pub script: String,
    /// The script's version.
    pub version: String,
    /// What was said of the version.
    pub labels: Option<Labels>,
    /// The invocation's name.
    pub ray: Ray,
    /// How it ended.
    pub outcome: Outcome,
    /// When it began: milliseconds since 1970.
    pub started_ms: u64,
    /// Fuel it used.
    pub fuel: u64,
    /// Microseconds of CPU it used.
    pub cpu_us: u64,
    /// Microseconds it took.
    pub wall_us: u64,
    /// What began it, if it was not a request.
    pub trigger: Option<Trigger>,
    /// The entrypoint that another Worker entered, if not the default one.
    pub entrypoint: Option<String>,
    /// The method that a session of RPC was begun for; empty if that is not known.
    pub rpc_method: Option<String>,
    /// The request's method; empty if it was not a request.
    pub method: String,
    /// The request's URL, redacted.
    pub url: String,
    /// The request's header fields, redacted; names in lower case, repeated ones joined.
    pub headers: Vec<(String, String)>,
    /// The answer's status.
    pub status: Option<u16>,
    /// What it logged.
    pub logs: Vec<LogLine>,
    /// Log lines that are missing.
    pub logs_dropped: u32,
    /// What it threw.
    pub exception: Option<Thrown>,
    /// The limit that ended it, or that refused it something.
    pub refusal: Option<Refusal>,
    /// How far it came.
    pub stage: Stage,
    bytes: usize,
}

/// What a log line or a field costs beside its text.
const OVERHEAD: usize = 64;

/// Whether an invocation is kept even if nobody follows.
pub(super) fn has_something_to_tell(finished: &Finished<'_>) -> bool {
    !finished.logs.is_empty()
        || finished.logs_dropped > 0
        || finished.exception.is_some()
        || finished.refusal.is_some()
        || finished.outcome != Outcome::Ok
}

impl Record {
    /// A copy of `finished`, redacted, and cut so that it has at most `bytes_max` bytes as far
    /// as logs, fields and exceptions can be left out.
    pub(super) fn new(finished: &Finished<'_>, bytes_max: usize) -> Self {
        let url = redacted_url(finished.url).into_owned();
        let labels = finished.labels.map_or(0, |it| {
            it.tag.len() + it.message.len() + it.dynamic.as_ref().map_or(0, String::len)
        });
        let entered = [finished.entrypoint, finished.rpc_method];
        let names = finished.namespace.len()
            + finished.script.len()
            + finished.version.len()
            + labels
            + entered.iter().flatten().map(|it| it.len()).sum::<usize>();
        let mut budget = Budget {
            left: bytes_max,
            spent: 0,
        };
        let trigger = match finished.trigger {
            Some(Trigger::Scheduled { cron, .. }) => cron.len(),
            Some(Trigger::Tail { scripts, .. }) => {
                scripts.iter().map(|it| OVERHEAD + it.len()).sum()
            }
            None => 0,
        };
        budget.take(size_of::<Self>() + names + trigger + finished.method.len() + url.len());
        // The exception is worth the most, then logs, then header fields.
        let exception = finished
            .exception
            .filter(|thrown| {
                budget.take(thrown.name.len() + thrown.message.len() + thrown.stack.len())
            })
            .cloned();
        let logs: Vec<LogLine> = finished
            .logs
            .iter()
            .take_while(|line| {
                let values = line.values.as_ref().map_or(0, String::len);
                budget.take(OVERHEAD + line.message.len() + values)
            })
            .cloned()
            .collect();
        let headers = finished
            .headers
            .map(|headers| shown_headers(headers, &mut budget))
            .unwrap_or_default();
        let missing = (finished.logs.len() - logs.len()) as u32;
        Self {
            namespace: finished.namespace.to_owned(),
            script: finished.script.to_owned(),
            version: finished.version.to_owned(),
            labels: finished.labels.cloned(),
            ray: finished.ray,
            outcome: finished.outcome,
            started_ms: finished.started_ms,
            fuel: finished.fuel,
            cpu_us: finished.cpu_us,
            wall_us: finished.wall_us,
            trigger: finished.trigger.map(kept),
            entrypoint: finished.entrypoint.map(str::to_owned),
            rpc_method: finished.rpc_method.map(str::to_owned),
            method: finished.method.to_owned(),
            url,
            headers,
            status: finished.status,
            logs,
            logs_dropped: finished.logs_dropped.saturating_add(missing),
            exception,
            refusal: finished.refusal.cloned(),
            stage: finished.stage,
            bytes: budget.spent,
        }
    }

    /// Bytes that it occupies, nearly.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// As a tail event (spec: SEMANTICS §17), with a few fields of its own.
    pub fn to_json(&self) -> Value {
        let is_event = |line: &&LogLine| line.level == LogLevel::Channel;
        let lines = self.logs.iter().filter(|line| !is_event(line));
        let logs: Vec<Value> = lines.map(log_json).collect();
        let published = self.logs.iter().filter(is_event);
        let published: Vec<Value> = published.map(published_json).collect();
        let exceptions: Vec<Value> = self.exception.iter().map(exception_json).collect();
        let event = match (&self.trigger, self.method.as_str()) {
            (Some(Trigger::Scheduled { cron, time_ms }), _) => {
                json!({ "cron": cron, "scheduledTime": time_ms })
            }
            (Some(Trigger::Tail { scripts, .. }), _) => {
                let consumed = scripts.iter().map(|it| json!({ "scriptName": it }));
                json!({ "consumedEvents": consumed.collect::<Vec<_>>() })
            }
            (None, _) if self.rpc_method.is_some() => json!({ "rpcMethod": self.rpc_method }),
            (None, "") => Value::Null,
            (None, _) => self.event_json(),
        };
        let mut told = json!({
            "scriptName": self.script,
            "scriptVersion": self.version_json(),
            "ray": self.ray.to_string(),
            "outcome": self.outcome,
            "eventTimestamp": self.started_ms,
            "cpuTime": self.cpu_us as f64 / 1000.0,
            "wallTime": self.wall_us as f64 / 1000.0,
            "fuel": self.fuel,
            "event": event,
            "logs": logs,
            "logsDropped": self.logs_dropped,
            "truncated": self.logs_dropped > 0,
            "exceptions": exceptions,
            "diagnosticsChannelEvents": published,
            "executionModel": "stateless",
        });
        if let Some(entrypoint) = &self.entrypoint {
            told["entrypoint"] = entrypoint.as_str().into();
        }
        if let Some(name) = self.labels.as_ref().and_then(|it| it.dynamic.as_ref()) {
            told["dynamicWorker"] = name.as_str().into();
        }
        if let Some(refusal) = &self.refusal {
            told["refusal"] = refusal_json(refusal);
            told["refusal"]["stage"] = self.stage.as_str().into();
        }
        // Workers outside of dispatch namespaces are in one that has no name for others.
        if !self.namespace.starts_with('(') {
            told["dispatchNamespace"] = self.namespace.as_str().into();
        }
        told
    }

    /// As a Tail Worker is told of it: what nobody caught is no line of the log, and an exception
    /// if it was thrown rather than a promise's; stacks are frames alone.
    pub fn to_tail_json(&self) -> Value {
        let mut told = self.to_json();
        let lines = self.logs.iter();
        let lines = lines.filter(|it| it.level != LogLevel::Channel && uncaught(it).is_none());
        told["logs"] = lines.map(log_json).collect();
        let thrown = self.logs.iter().filter_map(uncaught).flatten();
        let thrown = thrown.chain(self.exception.iter().map(exception_json));
        let thrown = thrown.map(|mut thrown| {
            match frames(&thrown) {
                Some(frames) => thrown["stack"] = frames.into(),
                None => {
                    thrown.as_object_mut().and_then(|it| it.remove("stack"));
                }
            }
            thrown
        });
        told["exceptions"] = thrown.collect();
        told
    }

    fn version_json(&self) -> Value {
        let mut version = json!({ "id": self.version });
        if let Some(labels) = &self.labels {
            for (key, label) in [("tag", &labels.tag), ("message", &labels.message)] {
                if !label.is_empty() {
                    version[key] = label.as_str().into();
                }
            }
        }
        version
    }

    fn event_json(&self) -> Value {
        let headers: Map<String, Value> = self
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().into()))
            .collect();
        let mut event = json!({
            "request": {
                "url": self.url,
                "method": self.method,
                "headers": headers,
                "cf": {},
            },
        });
        if let Some(status) = self.status {
            event["response"] = json!({ "status": status });
        }
        event
    }

    /// Whether a text is in a log line, an exception or the URL.
    pub fn contains(&self, needle: &str) -> bool {
        let thrown = self
            .exception
            .iter()
            .flat_map(|thrown| [&thrown.name, &thrown.message]);
        let mut texts = self
            .logs
            .iter()
            .map(|line| &line.message)
            .chain(thrown)
            .chain([&self.url]);
        texts.any(|text| text.contains(needle))
    }
}

struct Budget {
    left: usize,
    spent: usize,
}

impl Budget {
    /// Spends `bytes`, if they are there.
    fn take(&mut self, bytes: usize) -> bool {
        let Some(left) = self.left.checked_sub(bytes) else {
            return false;
        };
        self.left = left;
        self.spent += bytes;
        true
    }
}

fn shown_headers(headers: &http::HeaderMap, budget: &mut Budget) -> Vec<(String, String)> {
    let mut shown = Vec::new();
    for name in headers.keys() {
        let values = headers.get_all(name).iter();
        let texts: Vec<_> = values
            .map(|value| redacted_header(name.as_str(), value.as_bytes()))
            .collect();
        let text = texts.join(", ");
        if !budget.take(OVERHEAD + name.as_str().len() + text.len()) {
            break;
        }
        shown.push((name.as_str().to_owned(), text));
    }
    shown
}

/// What began an invocation, without what it brought.
fn kept(trigger: &Trigger) -> Trigger {
    match trigger {
        Trigger::Tail { scripts, depth, .. } => Trigger::Tail {
            items: Bytes::new(),
            scripts: scripts.clone(),
            depth: *depth,
            entry: None,
        },
        other => other.clone(),
    }
}

/// What nobody caught, if a line is about that: an exception, or none for a promise's.
fn uncaught(line: &LogLine) -> Option<Option<Value>> {
    let values = line.values.as_deref()?;
    if !values.starts_with("{\"uncaught\":") {
        return None;
    }
    let Ok(Value::Object(mut values)) = serde_json::from_str(values) else {
        return None;
    };
    let mut thrown = values.remove("uncaught")?;
    if !thrown.is_object() {
        return Some(None);
    }
    thrown["timestamp"] = line.at_ms.into();
    Some(Some(thrown))
}

/// An exception's stack without the line that tells the exception itself, as workerd tells it: a
/// line that tells another one stays.
fn frames(thrown: &Value) -> Option<String> {
    let field = |name: &str| thrown[name].as_str().unwrap_or_default();
    let stack = field("stack");
    let rest = match stack.strip_prefix(field("name")) {
        Some(rest) => {
            let rest = rest.strip_prefix(": ").unwrap_or(rest);
            rest.strip_prefix(field("message")).unwrap_or(rest)
        }
        None => stack,
    };
    let rest = rest.strip_prefix('\n').unwrap_or(rest);
    (!rest.is_empty()).then(|| rest.to_owned())
}

/// What was published to a diagnostics channel.
fn published_json(line: &LogLine) -> Value {
    let values = line.values.as_deref();
    let message = values.and_then(|values| serde_json::from_str::<Value>(values).ok());
    let message = match message {
        Some(Value::Array(mut values)) if values.len() == 1 => values.remove(0),
        _ => Value::Null,
    };
    json!({ "timestamp": line.at_ms, "channel": line.message, "message": message })
}

fn log_json(line: &LogLine) -> Value {
    let values = line.values.as_deref();
    let mut values: Value = values
        .and_then(|values| serde_json::from_str(values).ok())
        .unwrap_or_default();
    let mut told = json!({
        "level": line.level.name(),
        "timestamp": line.at_ms,
    });
    let message = match &mut values {
        Value::Object(values) => {
            if let Some(errors @ Value::Array(_)) = values.get_mut("errorInfo") {
                told["errorInfo"] = errors.take();
            }
            values.get_mut("message").map(Value::take)
        }
        values => Some(values.take()),
    };
    // The Worker wrote it, so it is what it should be or the text is told instead.
    told["message"] = match message {
        Some(message @ Value::Array(_)) => message,
        _ => json!([line.message]),
    };
    told
}

/// What of a request is redacted in a [`Record`], as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unredacted {
    /// The URL.
    pub url: String,
    /// The header fields; names in lower case, repeated ones joined.
    pub headers: Vec<(String, String)>,
}

impl Unredacted {
    /// Of a request, as long as it is not larger than `bytes_max`.
    pub fn of(finished: &Finished<'_>, bytes_max: usize) -> Option<Self> {
        let headers = finished.headers?;
        let mut left = bytes_max.checked_sub(finished.url.len())?;
        let mut shown = Vec::with_capacity(headers.keys_len());
        for name in headers.keys() {
            let values = headers.get_all(name).iter();
            let texts: Vec<_> = values
                .map(|value| String::from_utf8_lossy(value.as_bytes()))
                .collect();
            let text = texts.join(", ");
            left = left.checked_sub(OVERHEAD + name.as_str().len() + text.len())?;
            shown.push((name.as_str().to_owned(), text));
        }
        Some(Self {
            url: finished.url.to_owned(),
            headers: shown,
        })
    }

    /// Bytes that it occupies, nearly.
    pub fn bytes(&self) -> usize {
        let fields = self.headers.iter();
        self.url.len()
            + fields
                .map(|(name, value)| OVERHEAD + name.len() + value.len())
                .sum::<usize>()
    }

    /// As the members of a tail event's request.
    pub fn to_json(&self) -> Value {
        let headers: Map<String, Value> = self
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().into()))
            .collect();
        json!({ "url": self.url, "headers": headers })
    }
}

fn exception_json(thrown: &Thrown) -> Value {
    let mut json = json!({
        "name": thrown.name,
        "message": thrown.message,
        "timestamp": thrown.at_ms,
    });
    if !thrown.stack.is_empty() {
        json["stack"] = thrown.stack.as_str().into();
    }
    json
}
