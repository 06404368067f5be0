//! Requests of OTLP as JSON: 64-bit numbers as text, names in lower camel case, as the protocol has it.

use super::queue::{Entry, Line};
use crate::engine::LogLine;
use crate::metrics::read::{Family, read};
use crate::observe::Record;
use log::Level;
use postern_abi::event::LogLevel;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// `AGGREGATION_TEMPORALITY_CUMULATIVE`
const CUMULATIVE: u32 = 2;
const MS: u64 = 1_000_000;

/// Now, in nanoseconds since 1970.
pub fn now_ns() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
        })
}

/// An `ExportMetricsServiceRequest` of OpenMetrics text.
///
/// # Errors
/// What the text has that cannot be read.
pub fn metrics(text: &str, started_ns: u64, board: &str) -> Result<Value, String> {
    let (started, now) = (started_ns.to_string(), now_ns().to_string());
    let families = read(text)?;
    let metrics: Vec<Value> = families
        .iter()
        .filter(|(_, family)| !family.samples.is_empty())
        .map(|(name, family)| metric(name, family, &started, &now))
        .collect();
    Ok(json!({"resourceMetrics": [{
        "resource": resource(board),
        "scopeMetrics": [{"scope": scope(), "metrics": metrics}],
    }]}))
}

fn metric(name: &str, family: &Family, started: &str, now: &str) -> Value {
    let points: Vec<Value> = family
        .samples
        .iter()
        .map(|(labels, value)| {
            let attributes = labels.iter().map(|(key, value)| attribute(key, value));
            let attributes: Vec<Value> = attributes.collect();
            let mut point = json!({"attributes": attributes, "timeUnixNano": now});
            if family.kind == "counter" {
                point["startTimeUnixNano"] = started.into();
            }
            // Whole numbers are written without a point, which doubles always have.
            match value.parse::<u64>() {
                Ok(number) => point["asInt"] = number.to_string().into(),
                Err(_) => point["asDouble"] = value.parse::<f64>().unwrap_or_default().into(),
            }
            point
        })
        .collect();
    let unit = match name {
        _ if name.ends_with("_seconds") => "s",
        _ if name.ends_with("_bytes") => "By",
        _ => "1",
    };
    let mut metric = json!({"name": name, "description": family.help, "unit": unit});
    if family.kind == "counter" {
        metric["sum"] = json!({
            "dataPoints": points,
            "aggregationTemporality": CUMULATIVE,
            "isMonotonic": true,
        });
    } else {
        metric["gauge"] = json!({"dataPoints": points});
    }
    metric
}

/// An `ExportLogsServiceRequest`.
pub fn logs(entries: &[Entry], board: &str) -> Value {
    let now = now_ns().to_string();
    let mut records = Vec::new();
    for entry in entries {
        match entry {
            Entry::Line(line) => records.push(of_daemon(line, &now)),
            Entry::Invocation(record) => of_invocation(record, &now, &mut records),
        }
    }
    json!({"resourceLogs": [{
        "resource": resource(board),
        "scopeLogs": [{"scope": scope(), "logRecords": records}],
    }]})
}

fn of_daemon(line: &Line, now: &str) -> Value {
    let (number, text) = match line.level {
        Level::Error => (17, "ERROR"),
        Level::Warn => (13, "WARN"),
        Level::Info => (9, "INFO"),
        Level::Debug => (5, "DEBUG"),
        Level::Trace => (1, "TRACE"),
    };
    log_record(
        (line.at_ns, now),
        (number, text),
        &line.message,
        vec![attribute("code.namespace", &line.module)],
    )
}

fn of_invocation(record: &Record, now: &str, records: &mut Vec<Value>) {
    let ray = record.ray.to_string();
    let mut whose = vec![
        attribute("postern.script", &record.script),
        attribute("postern.version", &record.version),
        attribute("postern.ray", &ray),
        attribute("postern.outcome", record.outcome.as_str()),
    ];
    // Workers outside of dispatch namespaces are in one that has no name for others.
    if !record.namespace.starts_with('(') {
        whose.push(attribute("postern.namespace", &record.namespace));
    }
    for line in &record.logs {
        records.push(of_line(line, now, &whose));
    }
    if let Some(thrown) = &record.exception {
        let mut attributes = whose.clone();
        attributes.push(attribute("exception.type", &thrown.name));
        attributes.push(attribute("exception.message", &thrown.message));
        if !thrown.stack.is_empty() {
            attributes.push(attribute("exception.stacktrace", &thrown.stack));
        }
        if let Some(refusal) = &record.refusal {
            attributes.push(attribute("postern.limit", refusal.limit));
        }
        let at_ns = thrown.at_ms.saturating_mul(MS);
        let severity = (17, "ERROR");
        records.push(log_record(
            (at_ns, now),
            severity,
            &thrown.message,
            attributes,
        ));
    }
}

fn of_line(line: &LogLine, now: &str, whose: &[Value]) -> Value {
    let severity = match line.level {
        LogLevel::Debug => (5, "DEBUG"),
        LogLevel::Info | LogLevel::Log | LogLevel::Channel => (9, "INFO"),
        LogLevel::Warn => (13, "WARN"),
        LogLevel::Error => (17, "ERROR"),
    };
    let at_ns = line.at_ms.saturating_mul(MS);
    log_record((at_ns, now), severity, &line.message, whose.to_vec())
}

fn log_record(
    (at_ns, now): (u64, &str),
    (number, text): (u32, &str),
    body: &str,
    attributes: Vec<Value>,
) -> Value {
    json!({
        "timeUnixNano": at_ns.to_string(),
        "observedTimeUnixNano": now,
        "severityNumber": number,
        "severityText": text,
        "body": {"stringValue": body},
        "attributes": attributes,
    })
}

fn resource(board: &str) -> Value {
    json!({"attributes": [
        attribute("service.name", "postern"),
        attribute("service.version", env!("CARGO_PKG_VERSION")),
        attribute("postern.board", board),
    ]})
}

fn scope() -> Value {
    json!({"name": "postern", "version": env!("CARGO_PKG_VERSION")})
}

fn attribute(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}
