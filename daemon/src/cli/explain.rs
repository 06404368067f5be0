//! `postern explain`: why a request was refused or failed.

use super::api::{Api, segment};
use super::args::Explain;
use super::error::CliError;
use super::output::{Output, member, printable, table};
use serde_json::Value;
use std::fmt::Write as _;

/// Runs `postern explain`.
pub async fn run(args: &Explain, out: Output) -> Result<(), CliError> {
    let api = Api::new(&args.remote)?;
    let Some(ray) = &args.ray else {
        let path = format!("{}?limit={}", api.explain_path(), args.limit);
        let listed = api.get("failures", path).await?.result;
        return out.result(&listed, || listing(&listed));
    };
    let path = format!("{}/{}", api.explain_path(), segment(ray));
    let told = api.get("ray", path).await?.result;
    out.result(&told, || {
        let entries = told["entries"].as_array().map_or(&[][..], Vec::as_slice);
        entries.iter().map(entry).collect()
    })
}

/// Who an entry is of.
fn worker(entry: &Value) -> String {
    match (entry["namespace"].as_str(), entry["script"].as_str()) {
        (Some(namespace), Some(script)) => format!("{namespace}/{script}"),
        (None, Some(script)) => script.to_owned(),
        (_, None) => String::new(),
    }
}

fn listing(entries: &Value) -> String {
    let entries = entries.as_array().map_or(&[][..], Vec::as_slice);
    let row = |entry: &Value| {
        vec![
            member(entry, "ray"),
            member(entry, "at"),
            worker(entry),
            member(entry, "stage"),
            member(&entry["refusal"], "limit"),
            member(entry, "reason"),
        ]
    };
    let rows: Vec<Vec<String>> = entries.iter().map(row).collect();
    table(&["RAY", "AT", "WORKER", "STAGE", "LIMIT", "REASON"], &rows)
}

/// A paragraph an entry.
fn entry(entry: &Value) -> String {
    let mut text = String::new();
    let shown = |key: &str| printable(&member(entry, key));
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{name:<9} {value}");
        }
    };
    line("ray", shown("ray"));
    line("caused by", shown("origin"));
    line("at", shown("at"));
    line("worker", printable(&worker(entry)));
    line("url", shown("url"));
    line("stage", shown("stage"));
    line("outcome", shown("outcome"));
    line("status", shown("status"));
    line("reason", shown("reason"));
    let refusal = &entry["refusal"];
    if refusal.is_object() {
        let [limit, value, used, remedy] =
            ["limit", "value", "used", "remedy"].map(|key| printable(&member(refusal, key)));
        line("limit", format!("{limit} = {value}"));
        line("used", used);
        line("remedy", remedy);
        line("retry in", seconds(&refusal["retryAfter"]));
    }
    text.push('\n');
    text
}

fn seconds(value: &Value) -> String {
    value
        .as_u64()
        .map_or_else(String::new, |seconds| format!("{seconds} s"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_entry_is_readable_and_harmless() {
        let told = json!({
            "ray": "00000000000000ff", "at": "2026-11-21T03:35:12Z", "namespace": "n", "script": "s",
            "stage": "run", "outcome": "exceededCpu", "status": 503, "reason": "too much\u{1b}[2J",
            "refusal": {"limit": "cpu-ms", "value": 50, "used": 51, "remedy": "raise it", "retryAfter": 2},
        });
        assert_eq!(
            entry(&told),
            "ray       00000000000000ff\nat        2026-11-21T03:35:12Z\nworker    n/s\nstage     run\n\
             outcome   exceededCpu\nstatus    503\nreason    too much\\u{1b}[2J\nlimit     cpu-ms = 50\n\
             used      51\nremedy    raise it\nretry in  2 s\n\n"
        );
        let listed = listing(&json!([told]));
        assert!(
            listed.contains("cpu-ms") && !listed.contains('\u{1b}'),
            "{listed}"
        );
    }
}
