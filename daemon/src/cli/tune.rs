//! `postern tune`: what tenants used, what other limits would do, and changing them.

mod screen;
mod terminal;
mod view;

use super::api::{Api, segment};
use super::args::{Tune, TuneApply, TuneCommand, TuneShow, TuneSort, TuneWhose};
use super::client::Call;
use super::error::CliError;
use super::output::{Output, member, printable, table};
use crate::board::amount::Amount;
use crate::board::limits::FIELDS;
use http::Method;
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// Runs `postern tune`.
pub async fn run(args: &Tune, out: Output) -> Result<(), CliError> {
    match &args.command {
        None if out.json => Err(CliError::Usage(
            "the screen is no JSON; name a command: `postern tune show --json`".into(),
        )),
        None => screen::run(Api::new(&args.remote)?).await,
        Some(TuneCommand::Show(args)) => show(args, out).await,
        Some(TuneCommand::Suggest { whose, remote }) => {
            let told = Calls::new(Api::new(remote)?).suggest(whose).await?;
            out.result(&told, || suggestions(&told))
        }
        Some(TuneCommand::WhatIf {
            limits,
            whose,
            remote,
        }) => {
            let limits = read_limits(limits, false)?;
            let told = Calls::new(Api::new(remote)?)
                .what_if(&limits, whose)
                .await?;
            out.result(&told, || effect(&told))
        }
        Some(TuneCommand::Apply(args)) => apply(args, out).await,
        Some(TuneCommand::Confirm { trial, remote }) => {
            let calls = Calls::new(Api::new(remote)?);
            let told = calls.confirm(*trial).await?;
            out.result(&told, || "kept\n".to_owned())
        }
        Some(TuneCommand::Undo {
            change,
            why,
            remote,
        }) => {
            let told = Calls::new(Api::new(remote)?).undo(*change, why).await?;
            out.result(&told, || changes(&told["changes"]))
        }
        Some(TuneCommand::History { count, remote }) => {
            let told = Calls::new(Api::new(remote)?).history(*count).await?;
            out.result(&told, || changes(&told["changes"]))
        }
    }
}

/// The calls that the commands and the screen make.
struct Calls {
    api: Api,
}

impl Calls {
    fn new(api: Api) -> Self {
        Self { api }
    }

    async fn get(&self, what: &str, rest: &str) -> Result<Value, CliError> {
        Ok(self.api.get(what, self.api.own_path(rest)).await?.result)
    }

    async fn post(&self, what: &str, rest: &str, body: &Value) -> Result<Value, CliError> {
        let call = Call::new(Method::POST, self.api.own_path(rest));
        let call = call.body("application/json", body.to_string());
        Ok(self.api.call(what, call).await?.result)
    }

    async fn usage(&self, window: &str, whose: &TuneWhose) -> Result<Value, CliError> {
        let query = query(whose);
        let rest = format!("tune/usage?window={window}{query}");
        self.get("what tenants used", &rest).await
    }

    async fn suggest(&self, whose: &TuneWhose) -> Result<Value, CliError> {
        let rest = format!("tune/suggest?{}", query(whose));
        self.get("suggest limits", &rest).await
    }

    async fn what_if(
        &self,
        limits: &Map<String, Value>,
        whose: &TuneWhose,
    ) -> Result<Value, CliError> {
        let body = json!({"limits": limits, "namespace": whose.namespace, "tenant": whose.tenant});
        self.post("what if", "tune/what-if", &body).await
    }

    async fn confirm(&self, trial: Option<u64>) -> Result<Value, CliError> {
        let body = json!({ "trial": trial });
        self.post("confirm", "tune/confirm", &body).await
    }

    async fn undo(&self, change: Option<u64>, why: &str) -> Result<Value, CliError> {
        let body = json!({"change": change, "why": why});
        self.post("undo", "tune/undo", &body).await
    }

    async fn history(&self, count: usize) -> Result<Value, CliError> {
        let rest = format!("tune/history?count={count}");
        self.get("the history", &rest).await
    }
}

fn query(whose: &TuneWhose) -> String {
    let mut query = String::new();
    for (name, value) in [("namespace", &whose.namespace), ("tenant", &whose.tenant)] {
        if let Some(value) = value {
            // Writing to a String cannot fail.
            let _ = write!(query, "&{name}={}", segment(value));
        }
    }
    query
}

/// Reads `LIMIT=VALUE`s; `off` is null, where it means something.
fn read_limits(given: &[String], may_be_off: bool) -> Result<Map<String, Value>, CliError> {
    let mut limits = Map::new();
    for text in given {
        let Some((key, value)) = text.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            return Err(CliError::Usage(format!(
                "`{text}` is no LIMIT=VALUE, as `cpu-ms=20` is; whose limits are meant is told by --namespace and --tenant"
            )));
        };
        let value = match value {
            "off" if may_be_off => Value::Null,
            // What is negative the management port refuses with the bounds of the limit.
            value if value.starts_with('-') => value
                .parse::<i64>()
                .map(Value::from)
                .map_err(|_| CliError::Usage(format!("`{text}`: no whole number")))?,
            value => Amount::parse(value)
                .map(|amount| Value::from(amount.value))
                .map_err(|error| {
                    let key = key.replace('_', "-");
                    let mut fields = FIELDS.iter().filter(|it| !it.is_bytes());
                    let field = fields.find(|it| it.key == key);
                    CliError::Usage(match field {
                        Some(field) => format!(
                            "`{text}`: not a whole number from {} to {}",
                            field.show(field.floor),
                            field.show(field.roof)
                        ),
                        None => format!("`{text}`: {error}"),
                    })
                })?,
        };
        if limits.insert(key.replace('_', "-"), value).is_some() {
            return Err(CliError::Usage(format!("`{key}` is there twice")));
        }
    }
    Ok(limits)
}

async fn show(args: &TuneShow, out: Output) -> Result<(), CliError> {
    let calls = Calls::new(Api::new(&args.remote)?);
    let mut told = calls.usage(args.window.key(), &args.whose).await?;
    sort(&mut told["tenants"], args.sort);
    out.result(&told, || used(&told))
}

/// Sorts tenants, the greatest first; names in their own order.
fn sort(tenants: &mut Value, by: TuneSort) {
    let Some(tenants) = tenants.as_array_mut() else {
        return;
    };
    let name = |it: &Value| (member(it, "namespace"), member(it, "tenant"));
    let number = |it: &Value| match by {
        TuneSort::Requests => it["requests"].as_u64(),
        TuneSort::Cut => it["cut"].as_u64(),
        TuneSort::Cpu => it["fuel"]["max"].as_u64(),
        TuneSort::Memory => it["memory_bytes"]["max"].as_u64(),
        TuneSort::Wall => it["wall_us"]["max"].as_u64(),
        TuneSort::Subrequests => it["subrequests"]["max"].as_u64(),
        TuneSort::Name => None,
    };
    tenants.sort_by_key(|it| (std::cmp::Reverse(number(it)), name(it)));
}

/// What tenants used, for people.
fn used(told: &Value) -> String {
    let tenants = told["tenants"].as_array().map_or(&[][..], Vec::as_slice);
    if tenants.is_empty() {
        return "nothing was recorded\n".to_owned();
    }
    let rows: Vec<Vec<String>> = tenants
        .iter()
        .map(|it| {
            let mut row = vec![named(it), member(it, "requests"), member(it, "cut")];
            for (key, show) in SHOWN {
                let spread = &it[*key];
                let four = ["p50", "p95", "p99", "max"].map(|at| show(&spread[at]));
                row.push(four.join(" "));
            }
            row.push(if it["exact"] == true { "" } else { "~" }.to_owned());
            row
        })
        .collect();
    let headings = [
        "TENANT",
        "REQUESTS",
        "CUT",
        "CPU MS: P50 P95 P99 MAX",
        "MEMORY",
        "WALL",
        "SUBREQUESTS",
        "",
    ];
    let mut text = table(&headings, &rows);
    let minutes = told["minutes"].as_u64().unwrap_or(0);
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{} min are known{}",
        minutes,
        match rows.iter().any(|row| row[7] == "~") {
            true => "; ~: from histograms, at most a quarter high",
            false => "",
        }
    );
    text
}

type Show = fn(&Value) -> String;

/// How each measure is shown.
const SHOWN: &[(&str, Show)] = &[
    ("cpu_ms", |it| short(it.as_f64().unwrap_or(0.0))),
    ("memory_bytes", bytes),
    ("wall_us", |it| millis(it.as_u64().unwrap_or(0))),
    ("subrequests", Value::to_string),
];

/// A number with as many digits as it takes.
fn short(number: f64) -> String {
    match number {
        it if it >= 100.0 || it == 0.0 => format!("{it:.0}"),
        it if it >= 10.0 => format!("{it:.1}"),
        it => format!("{it:.2}"),
    }
}

fn bytes(value: &Value) -> String {
    let bytes = value.as_u64().unwrap_or(0);
    match bytes {
        0..1024 => format!("{bytes}"),
        1024..1_048_576 => format!("{}K", bytes.div_ceil(1024)),
        _ => format!("{}M", short(bytes as f64 / 1_048_576.0)),
    }
}

fn millis(us: u64) -> String {
    match us {
        0..10_000_000 => format!("{}ms", short(us as f64 / 1000.0)),
        _ => format!("{}s", short(us as f64 / 1_000_000.0)),
    }
}

/// A tenant with its namespace; those that are counted together have no name.
fn named(it: &Value) -> String {
    match (member(it, "namespace"), member(it, "tenant")) {
        (_, tenant) if tenant.is_empty() => "(all others)".to_owned(),
        (namespace, tenant) => format!("{namespace}/{tenant}"),
    }
}

fn suggestions(told: &Value) -> String {
    let all = told["suggestions"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    if all.is_empty() {
        return "nothing was recorded\n".to_owned();
    }
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|it| {
            let or = |key, other: &str| match &it[key] {
                Value::Null => other.to_owned(),
                value => value.to_string(),
            };
            let columns = [
                named(it),
                member(it, "limit"),
                or("now", "?"),
                or("suggested", "-"),
            ];
            columns.into_iter().chain([member(it, "reason")]).collect()
        })
        .collect();
    table(&["TENANT", "LIMIT", "NOW", "SUGGESTED", "WHY"], &rows)
}

/// What limits would have done, in one sentence and a table.
fn effect(told: &Value) -> String {
    let mut text = sentence(told);
    text.push('\n');
    let tenants = told["by_tenant"].as_array().map_or(&[][..], Vec::as_slice);
    let rows: Vec<Vec<String>> = tenants
        .iter()
        .map(|it| {
            let (least, most) = (member(it, "cut"), member(it, "cut_at_most"));
            let cut = match least == most {
                true => least,
                false => format!("{least} to {most}"),
            };
            vec![named(it), member(it, "requests"), cut]
        })
        .collect();
    if !rows.is_empty() {
        text.push_str(&table(&["TENANT", "REQUESTS", "CUT"], &rows));
    }
    text
}

/// `3 of 41 tenants would have been cut, 112 of 80,344 requests`.
fn sentence(told: &Value) -> String {
    let number = |key: &str| told[key].as_u64().unwrap_or(0);
    let between = |least: u64, most: u64| match least == most {
        true => grouped(least),
        false => format!("{} to {}", grouped(least), grouped(most)),
    };
    let mut text = format!(
        "{} of {} tenants would have been cut, {} of {} requests",
        between(number("tenants_cut"), number("tenants_cut_at_most")),
        grouped(number("tenants")),
        between(number("requests_cut"), number("requests_cut_at_most")),
        grouped(number("requests")),
    );
    // Writing to a String cannot fail.
    let minutes = number("minutes");
    if minutes < 24 * 60 {
        let _ = write!(text, " ({minutes} min are known)");
    }
    if number("cut_already") > 0 {
        let _ = write!(
            text,
            "; {} were cut by the limits in force, and what they need is not known",
            grouped(number("cut_already"))
        );
    }
    text
}

/// A number with commas between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

async fn apply(args: &TuneApply, out: Output) -> Result<(), CliError> {
    let limits = read_limits(&args.limits, true)?;
    let calls = Calls::new(Api::new(&args.remote)?);
    let body = json!({
        "limits": limits,
        "plan": args.plan,
        "namespace": args.namespace,
        "tenant": args.tenant,
        "script": args.script,
        "return_after_s": if args.keep { None } else { Some(args.return_after) },
        "why": args.why,
        "revision": args.revision,
    });
    let told = calls.post("apply", "tune/apply", &body).await?;
    out.result(&told, || applied(&told))
}

/// What was applied, and how it stays.
fn applied(told: &Value) -> String {
    let mut text = changes(&told["changes"]);
    // Writing to a String cannot fail.
    let _ = match told["trial"].as_u64() {
        Some(trial) => writeln!(
            text,
            "in force; what was before holds again in {} s unless you run `postern tune confirm {trial}`",
            told["return_after_s"]
        ),
        None if told["changes"].as_array().is_some_and(Vec::is_empty) => {
            writeln!(text, "it is so already")
        }
        None => writeln!(text, "in force"),
    };
    text
}

/// Changes of limits, for people.
fn changes(told: &Value) -> String {
    let all = told.as_array().map_or(&[][..], Vec::as_slice);
    if all.is_empty() {
        return "no changes\n".to_owned();
    }
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|it| {
            let mut why = member(it, "why");
            if let Some(undone) = it["undoes"].as_u64() {
                why = format!("takes back {undone}. {why}");
            }
            let what = describe(&it["before"], &it["after"]);
            let columns = ["number", "at", "who", "of"].map(|key| member(it, key));
            columns.into_iter().chain([what, why]).collect()
        })
        .collect();
    table(&["CHANGE", "WHEN", "WHO", "OF", "WHAT", "WHY"], &rows)
}

/// What changed: `cpu-ms 50 -> 20`.
fn describe(before: &Value, after: &Value) -> String {
    let of = |value: &Value| -> Map<String, Value> {
        let mut all = value["limits"].as_object().cloned().unwrap_or_default();
        if let Some(plan) = value["plan"].as_str() {
            all.insert("plan".into(), plan.into());
        }
        all
    };
    let (before, after) = (of(before), of(after));
    let mut keys: Vec<&String> = before.keys().chain(after.keys()).collect();
    keys.sort();
    keys.dedup();
    let shown = |value: Option<&Value>| match value {
        None => "off".to_owned(),
        Some(Value::String(text)) => printable(text),
        Some(value) => value.to_string(),
    };
    let differs = keys
        .into_iter()
        .filter(|key| before.get(*key) != after.get(*key));
    let parts: Vec<String> = differs
        .map(|key| {
            let (from, to) = (shown(before.get(key)), shown(after.get(key)));
            format!("{} {from} -> {to}", printable(key))
        })
        .collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_sentence_is_that_of_the_example() {
        let mut told = json!({
            "tenants": 41, "tenants_cut": 3, "tenants_cut_at_most": 3,
            "requests": 80344, "requests_cut": 112, "requests_cut_at_most": 112,
            "cut_already": 0, "minutes": 1440, "by_tenant": [],
        });
        assert_eq!(
            effect(&told),
            "3 of 41 tenants would have been cut, 112 of 80,344 requests\n"
        );
        told["requests_cut_at_most"] = 1200.into();
        told["minutes"] = 7.into();
        told["cut_already"] = 5.into();
        assert_eq!(
            sentence(&told),
            "3 of 41 tenants would have been cut, 112 to 1,200 of 80,344 requests (7 min are known); 5 were cut by the limits in force, and what they need is not known"
        );
    }

    #[test]
    fn limits_are_read() {
        let read = |given: &[&str], off| {
            let given: Vec<String> = given.iter().map(|it| (*it).to_owned()).collect();
            read_limits(&given, off).map(Value::from)
        };
        let told = read(&["cpu_ms=20", "memory-bytes=8 MiB", "wall-ms=-5"], false).unwrap();
        assert_eq!(
            told,
            json!({"cpu-ms": 20, "memory-bytes": 8 << 20, "wall-ms": -5})
        );
        assert_eq!(
            read(&["cpu-ms=off"], true).unwrap(),
            json!({"cpu-ms": null})
        );
        // In the words of the limit, which counts no bytes.
        let told = read(&["cpu_ms=1.5"], false).unwrap_err().to_string();
        let words = "`cpu_ms=1.5`: not a whole number from 1 ms to 300000 ms";
        assert!(told.contains(words), "{told}");
        for wrong in [
            &["cpu-ms"][..],
            &["=5"],
            &["cpu-ms=off"],
            &["cpu-ms=x"],
            &["cpu-ms=-x"],
            &["cpu-ms=1.5"],
            &["a=1", "a=2"],
            &["a=99999999999999999999"],
        ] {
            let error = read(wrong, false).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{wrong:?}");
        }
    }

    #[test]
    fn tenants_are_sorted_and_shown() {
        let spread = |max: u64| json!({"p50": 1, "p95": 2, "p99": 3, "max": max});
        let tenant = |name: &str, requests: u64, max: u64| {
            json!({
                "namespace": "n", "tenant": name, "requests": requests, "cut": 0, "exact": max < 50,
                "cpu_ms": spread(max), "fuel": spread(max), "memory_bytes": spread(max << 20),
                "wall_us": spread(max * 1000), "subrequests": spread(max),
            })
        };
        let mut told = json!({"minutes": 60, "tenants": [tenant("a", 1, 9), tenant("b\u{1b}", 5, 2), tenant("", 2, 100)]});
        let names = |told: &Value| {
            let all = told["tenants"].as_array().unwrap().iter();
            all.map(|it| member(it, "tenant")).collect::<Vec<_>>()
        };
        sort(&mut told["tenants"], TuneSort::Requests);
        assert_eq!(names(&told), ["b\u{1b}", "", "a"]);
        sort(&mut told["tenants"], TuneSort::Name);
        assert_eq!(names(&told), ["", "a", "b\u{1b}"]);
        sort(&mut told["tenants"], TuneSort::Cpu);
        assert_eq!(names(&told), ["", "a", "b\u{1b}"]);
        let text = used(&told);
        assert!(text.contains("(all others)  2"), "{text}");
        assert!(text.contains("1.00 2.00 3.00 9.00"), "{text}");
        assert!(text.contains("n/b\\u{1b}"), "{text}");
        assert!(
            text.ends_with("60 min are known; ~: from histograms, at most a quarter high\n"),
            "{text}"
        );
    }

    #[test]
    fn changes_say_what_became_of_what() {
        let told = json!([{
            "number": 3, "at": "t", "who": "ops", "of": "namespace n", "why": "slow", "undoes": 2,
            "before": {"plan": "free", "limits": {"cpu-ms": 50, "wall-ms": 5}},
            "after": {"limits": {"cpu-ms": 20, "wall-ms": 5}},
        }]);
        let text = changes(&told);
        assert!(text.contains("cpu-ms 50 -> 20, plan free -> off"), "{text}");
        assert!(text.contains("takes back 2. slow"), "{text}");
        assert_eq!(changes(&json!([])), "no changes\n");
    }
}
