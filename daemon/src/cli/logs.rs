//! `postern logs` and `postern status`: what happens, and how things are.

use super::api::Api;
use super::args::{Logs, Status};
use super::client::Call;
use super::error::CliError;
use super::output::{Output, member, printable};
use crate::ledger::{Entry, shown};
use http::Method;
use serde_json::Value;
use std::fmt::Write;

/// Bytes of one event; a longer line is not from a Postern.
const LINE_MAX: usize = 4 << 20;

/// The levels, the least first.
const LEVELS: [&str; 5] = ["debug", "info", "log", "warn", "error"];

/// Follows a Worker's invocations.
pub async fn follow(args: &Logs, out: Output) -> Result<(), CliError> {
    let api = Api::new(&args.remote)?;
    let what = format!("logs of {}", args.namespace.named(&args.name));
    let target = api.logs_path(args.namespace.name(), &args.name, &args.searched());
    let mut answer = api.raw(&what, Call::new(Method::GET, target)).await?;
    let least = LEVELS.iter().position(|l| *l == args.level).unwrap_or(0);
    let mut lines = Lines::default();
    let mut left = args.count.unwrap_or(u64::MAX);
    while left > 0 {
        let Some(part) = answer.chunk(true).await? else {
            break;
        };
        lines.push(&part);
        while let Some(line) = lines.next() {
            // Blank lines keep the connection alive.
            let text = String::from_utf8_lossy(&line);
            if left == 0 || text.trim().is_empty() {
                continue;
            }
            left -= 1;
            if out.json {
                out.text(&format!("{}\n", text.trim()))?;
            } else {
                match serde_json::from_str::<Value>(&text) {
                    Ok(event) => out.text(&pretty(&event, least))?,
                    Err(_) => out.text(&format!("{}\n", printable(text.trim())))?,
                }
            }
        }
        if lines.too_long() {
            return Err(CliError::TooLarge {
                what: "a log event".to_owned(),
                limit: LINE_MAX as u64,
            });
        }
    }
    Ok(())
}

impl Logs {
    /// What is looked for among what is kept, as a query; empty where logs are followed.
    fn searched(&self) -> Vec<(&'static str, &str)> {
        let given = [
            ("search", &self.search),
            ("outcome", &self.outcome),
            ("since", &self.since),
        ];
        let given = given.into_iter();
        given
            .filter_map(|(name, value)| Some((name, value.as_deref()?)))
            .collect()
    }
}

/// Bytes on their way to becoming lines.
#[derive(Default)]
struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    fn push(&mut self, part: &[u8]) {
        self.rest.extend_from_slice(part);
    }

    fn next(&mut self) -> Option<Vec<u8>> {
        let end = self.rest.iter().position(|b| *b == b'\n')?;
        let tail = self.rest.split_off(end + 1);
        Some(std::mem::replace(&mut self.rest, tail))
    }

    fn too_long(&self) -> bool {
        self.rest.len() > LINE_MAX
    }
}

/// A tail event (spec: SEMANTICS §17) for people.
fn pretty(event: &Value, least: usize) -> String {
    let mut text = String::new();
    let what = &event["event"];
    let outcome = member(event, "outcome");
    let what = match ["request", "rpcMethod", "cron"]
        .iter()
        .find(|it| !what[*it].is_null())
    {
        Some(&"request") | None => {
            let request = &what["request"];
            format!("{} {}", member(request, "method"), member(request, "url"))
        }
        Some(kind) => format!("{kind} {}", member(what, kind)),
    };
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "{}  {}  {}",
        time(event["eventTimestamp"].as_i64()),
        printable(&what),
        printable(&outcome),
    );
    if let Some(status) = event["event"]["response"]["status"].as_u64() {
        let _ = write!(text, " {status}");
    }
    for (key, unit) in [("cpuTime", "ms CPU"), ("wallTime", "ms"), ("fuel", "fuel")] {
        if let Some(number) = event.get(key).filter(|value| value.is_number()) {
            let _ = write!(text, "  {number} {unit}");
        }
    }
    text.push('\n');
    for line in event["logs"].as_array().into_iter().flatten() {
        let level = line["level"].as_str().unwrap_or("log");
        if LEVELS.iter().position(|l| *l == level).unwrap_or(2) < least {
            continue;
        }
        let message = match &line["message"] {
            Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(" "),
            other => plain(other),
        };
        for (index, part) in message.lines().enumerate() {
            let mark = if index == 0 { level } else { "" };
            let _ = writeln!(text, "    {mark:<5} {}", printable(part));
        }
    }
    if let Some(dropped) = event["logsDropped"].as_u64().filter(|it| *it > 0) {
        let _ = writeln!(
            text,
            "    (lines of log that were dropped or cut, being beyond log-bytes: {dropped})"
        );
    }
    for exception in event["exceptions"].as_array().into_iter().flatten() {
        let name = printable(&member(exception, "name"));
        let _ = writeln!(
            text,
            "    {name}: {}",
            printable(&member(exception, "message"))
        );
    }
    text
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// A time in milliseconds since 1970, as UTC.
fn time(ms: Option<i64>) -> String {
    match ms.map(jiff::Timestamp::from_millisecond) {
        Some(Ok(time)) => time.strftime("%Y-%m-%d %H:%M:%S%.3fZ").to_string(),
        _ => "-".to_owned(),
    }
}

/// Shows what the daemon is doing.
pub async fn status(args: &Status, out: Output) -> Result<(), CliError> {
    let api = Api::new(&args.remote)?;
    if args.ledger {
        return ledger(&api, out).await;
    }
    let result = api.get("status", api.status_path()).await?.result;
    out.result(&result, || {
        let mut text = String::new();
        outline(&result, 0, &mut text);
        text
    })
}

/// Tells who has how much of the memory.
async fn ledger(api: &Api, out: Output) -> Result<(), CliError> {
    let result = api.get("ledger", api.ledger_path()).await?.result;
    out.result(&result, || {
        let tree = serde_json::from_value::<Entry>(result["device"].clone());
        let mut text = String::new();
        for line in tree.unwrap_or_default().lines() {
            let _ = writeln!(text, "{}", printable(&line));
        }
        let bytes = |key: &str| shown(result[key].as_u64().unwrap_or(0));
        let _ = writeln!(
            text,
            "in RAM: {}, of which the tree tells {}",
            bytes("rss_bytes"),
            bytes("told_bytes")
        );
        text
    })
}

/// A JSON value as indented `key: value` lines.
fn outline(value: &Value, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                let key = printable(key);
                if inner.is_object() || inner.is_array() {
                    let _ = writeln!(text, "{indent}{key}:");
                    outline(inner, depth + 1, text);
                } else {
                    let _ = writeln!(text, "{indent}{key}: {}", printable(&plain(inner)));
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                if item.is_object() || item.is_array() {
                    let _ = writeln!(text, "{indent}-");
                    outline(item, depth + 1, text);
                } else {
                    let _ = writeln!(text, "{indent}- {}", printable(&plain(item)));
                }
            }
        }
        other => {
            let _ = writeln!(text, "{indent}{}", printable(&plain(other)));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_is_readable_and_harmless() {
        let event = json!({
            "outcome": "exception", "scriptName": "a", "eventTimestamp": 1_795_232_112_428_i64,
            "event": {"request": {"url": "http://x/\u{1b}[2J", "method": "GET"}, "response": {"status": 500}},
            "logs": [
                {"level": "debug", "message": ["hidden"], "timestamp": 1},
                {"level": "warn", "message": ["two\nlines", {"a": 1}], "timestamp": 1},
            ],
            "exceptions": [{"name": "TypeError", "message": "no", "timestamp": 1}],
            "cpuTime": 3, "logsDropped": 0, "truncated": false,
        });
        assert_eq!(
            pretty(&event, 1),
            "2026-11-21 03:35:12.428Z  GET http://x/\\u{1b}[2J  exception 500  3 ms CPU\n    warn  two\n          lines {\"a\":1}\n    TypeError: no\n"
        );
        assert_eq!(pretty(&json!({}), 0), "-     \n");
        let cut = json!({"logsDropped": 4, "truncated": true, "logs": [{"level": "log", "message": ["kept"]}]});
        assert_eq!(
            pretty(&cut, 0),
            "-     \n    log   kept\n    (lines of log that were dropped or cut, being beyond log-bytes: 4)\n"
        );
    }

    #[test]
    fn lines_come_in_any_parts() {
        let mut lines = Lines::default();
        let mut got = Vec::new();
        for part in [&b"a"[..], b"b\nc\n", b"", b"d", b"\n\n"] {
            lines.push(part);
            while let Some(line) = lines.next() {
                got.push(String::from_utf8(line).unwrap());
            }
        }
        assert_eq!(got, ["ab\n", "c\n", "d\n", "\n"]);
    }

    #[test]
    fn a_status_is_an_outline() {
        let mut text = String::new();
        outline(
            &json!({"a": 1, "b": {"c": ["x", {"d": true}]}}),
            0,
            &mut text,
        );
        assert_eq!(text, "a: 1\nb:\n  c:\n    - x\n    -\n      d: true\n");
    }
}
