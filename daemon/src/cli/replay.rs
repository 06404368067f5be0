//! `postern replay`: runs a record of an invocation again, and lists and fetches records.

use super::api::{Api, segment};
use super::args::{Replay, Replays};
use super::client::Call;
use super::error::CliError;
use super::output::{Output, member, printable, table};
use super::project::read;
use super::scripts::rows;
use crate::catalog::shown_time;
use crate::engine::replay::{Differing, Import, Played, Player, Record, Show, Spent, event_name};
use crate::engine::{Engine, EngineModule};
use http::Method;
use postern_abi::event::LogLevel;
use postern_abi::http::{Exception, RequestLine, ResponseHead};
use postern_abi::{EventKind, OpKind, SyncOp, rpc};
use serde_json::{Value, json};

/// Bytes of a record's file.
const FILE_MAX: u64 = 256 << 20;
/// Rows of a table of functions.
const ROWS: usize = 20;
/// Characters of an argument that are shown.
const SHOWN: usize = 200;

/// Runs `postern replay`.
pub fn run(args: &Replay, out: Output) -> Result<(), CliError> {
    if let Some(command) = &args.command {
        return smol::block_on(with_daemon(command, out));
    }
    let Some(file) = &args.file else {
        return Err(CliError::Usage(
            "say which record: postern replay FILE".to_owned(),
        ));
    };
    let bytes = read(file, FILE_MAX)?;
    let told = |error: crate::engine::replay::ReplayError| CliError::Replay(error.to_string());
    let record = Record::read(&bytes).map_err(told)?;
    drop(bytes);
    let mut shown = Vec::new();
    let player = Player::new(&record, None).map_err(told)?;
    let played = player.play(|it| shown.push(tell(&it))).map_err(told)?;
    let mut profiled = None;
    if !args.no_profile && !played.is_stopped {
        let names = match &args.names {
            Some(file) => read(file, FILE_MAX)?,
            // Whoever has another engine than the device has other names.
            None if record.head.kind == 1 => match EngineModule::default().whole() {
                Ok(module) => module.to_vec(),
                Err(_) => Vec::new(),
            },
            None => Vec::new(),
        };
        let player = Player::new(&record, Some(&names)).map_err(told)?;
        profiled = player.play(|_| {}).map_err(told)?.profiled;
    }
    let profiled = profiled.unwrap_or_default();
    let value = as_json(
        &record,
        &played,
        &shown,
        &profiled.functions,
        &profiled.scripts,
    );
    out.result(&value, || {
        let mut text = headline(&record);
        for (line, _) in &shown {
            text.push_str(line);
        }
        if !profiled.scripts.is_empty() {
            text.push_str(
                "\nFuel by function of JavaScript, with what it called that is not JavaScript:\n",
            );
            text.push_str(&spent(&profiled.scripts));
        }
        if !profiled.functions.is_empty() {
            text.push_str("\nFuel by function of the module:\n");
            text.push_str(&spent(&profiled.functions));
        }
        text.push('\n');
        text.push_str(&verdict(&record, &played));
        text
    })?;
    if played.is_same() {
        return Ok(());
    }
    let first = played.differing.first();
    let what = first.map_or_else(|| "it stopped".to_owned(), |it| printable(&differing(it)));
    Err(CliError::Replay(format!(
        "the run is not what was recorded: {what}"
    )))
}

async fn with_daemon(command: &Replays, out: Output) -> Result<(), CliError> {
    match command {
        Replays::List(remote) => {
            let api = Api::new(remote)?;
            let envelope = api.get("list records", api.own("replays")).await?;
            let result = envelope.result;
            let info = envelope.result_info.unwrap_or_default();
            let empty = match info.get("recording") {
                Some(Value::Bool(true)) => "no records yet\n",
                _ => {
                    "no records; nothing is recorded unless the configuration says so: [replay] record = \"failures\"\n"
                }
            };
            out.result(&result, || {
                let headings = [
                    "RAY",
                    "AT",
                    "NAMESPACE",
                    "SCRIPT",
                    "OUTCOME",
                    "FUEL",
                    "BYTES",
                ];
                rows(&result, empty, &headings, |it| {
                    [
                        "ray",
                        "at",
                        "namespace",
                        "script",
                        "outcome",
                        "fuel",
                        "bytes",
                    ]
                    .map(|key| member(it, key))
                    .to_vec()
                })
            })
        }
        Replays::Get { ray, remote } => {
            let api = Api::new(remote)?;
            let call = Call::new(Method::GET, path(&api, ray));
            let answer = api.raw(&format!("get record `{ray}`"), call).await?;
            out.bytes(&answer.whole().await?)
        }
        Replays::Delete { ray, remote } => {
            let api = Api::new(remote)?;
            let call = Call::new(Method::DELETE, path(&api, ray));
            let what = format!("delete record `{ray}`");
            api.call(&what, call).await?;
            out.result(&json!({"deleted": ray}), || {
                format!("deleted record {ray}\n")
            })
        }
    }
}

fn path(api: &Api, ray: &str) -> String {
    api.own(&format!("replays/{}", segment(ray)))
}

fn headline(record: &Record) -> String {
    let head = &record.head;
    let mut text = format!(
        "{}/{} {}\ninvocation {:016x}: {} after {} fuel, {}\nrecorded on {} by {}\n",
        head.namespace,
        head.script,
        head.version,
        head.ray,
        head.outcome,
        head.fuel,
        time(head.started_ms),
        head.architecture,
        head.build,
    );
    if !head.build.starts_with(Engine::BUILD) {
        text.push_str(&format!(
            "this program is {}: fuel may differ\n",
            Engine::BUILD
        ));
    }
    if head.redacted > 0 {
        text.push_str(&format!(
            "{} bytes of secrets were replaced by `x`: what looks at them goes another way\n",
            head.redacted
        ));
    }
    text.lines().map(|line| printable(line) + "\n").collect()
}

fn time(ms: u64) -> String {
    shown_time(i64::try_from(ms).unwrap_or(i64::MAX))
}

fn differing(it: &Differing) -> String {
    format!(
        "in turn {}, behind {} calls of it, recorded is {}, and now {}",
        it.turn, it.call, it.recorded, it.replayed
    )
}

fn verdict(record: &Record, played: &Played) -> String {
    let mut text = String::new();
    if played.is_same() {
        text.push_str(&format!(
            "The same: {} turns, {} calls of the host ({} compared to the byte), {} fuel.\n",
            played.turns, played.calls, played.compared, record.head.fuel,
        ));
    }
    for it in &played.differing {
        text.push_str(&format!("differs {}\n", printable(&differing(it))));
    }
    if played.is_cut {
        text.push_str("The record ends within the last turn: the host ended it there.\n");
    }
    text
}

fn spent(all: &[(String, Spent)]) -> String {
    let total: u64 = all.iter().map(|(_, spent)| spent.fuel).sum();
    let rows: Vec<Vec<String>> = all
        .iter()
        .filter(|(_, spent)| spent.fuel > 0)
        .take(ROWS)
        .map(|(name, spent)| {
            let share = spent.fuel as f64 * 100.0 / total.max(1) as f64;
            vec![
                spent.fuel.to_string(),
                format!("{share:.1} %"),
                spent.calls.to_string(),
                name.clone(),
            ]
        })
        .collect();
    table(&["FUEL", "SHARE", "CALLS", "FUNCTION"], &rows)
}

/// Bytes as people read them.
fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut shown: String = text.chars().take(SHOWN).collect();
    if text.chars().count() > SHOWN {
        shown.push('…');
    }
    printable(&shown)
}

/// A line for people, and the same for programs.
fn tell(show: &Show) -> (String, Value) {
    match show {
        Show::Began {
            request,
            ray,
            at_ms,
        } => (
            format!("\nrequest {request}, {ray:016x}, {}\n", time(*at_ms)),
            json!({"what": "request", "request": request, "ray": format!("{ray:016x}"), "at_ms": at_ms}),
        ),
        Show::Event {
            request,
            kind,
            id,
            payload,
            bytes,
        } => {
            let told = event(*kind, payload);
            let name = event_name(*kind);
            (
                format!("  {name} {id}: {bytes} bytes{told}\n"),
                json!({"what": "event", "request": request, "kind": name, "id": id, "bytes": bytes, "told": told.trim()}),
            )
        }
        Show::Call {
            request,
            import,
            arguments,
            given,
            value,
            fuel,
        } => {
            let told = call(*import, arguments, given, *value);
            (
                format!("    {told}\n"),
                json!({"what": import.name(), "request": request, "arguments": arguments, "told": told, "value": value, "fuel": fuel}),
            )
        }
        Show::Turn { request, fuel, how } => (
            format!("    … {fuel} fuel, {}\n", printable(how)),
            json!({"what": "turn", "request": request, "fuel": fuel, "how": how}),
        ),
        Show::Over {
            request,
            fuel,
            outcome,
            message,
        } => {
            let why = match message.as_str() {
                "" => String::new(),
                why => format!(": {}", text(why.as_bytes())),
            };
            (
                format!(
                    "  request {request} is over after {fuel} fuel: {}{why}\n",
                    printable(outcome)
                ),
                json!({"what": "over", "request": request, "fuel": fuel, "outcome": outcome, "message": message}),
            )
        }
    }
}

fn event(kind: u32, payload: &[u8]) -> String {
    let request = match EventKind::from_u32(kind) {
        Some(EventKind::Request | EventKind::Handle) => payload,
        Some(EventKind::Enter) => match postcard::take_from_bytes::<rpc::Entry<'_>>(payload) {
            Ok((_, rest)) => rest,
            Err(_) => return String::new(),
        },
        _ => return String::new(),
    };
    match postcard::take_from_bytes::<RequestLine<'_>>(request) {
        Ok((line, _)) => format!(
            ", {} {}",
            text(line.method.as_bytes()),
            text(line.url.as_bytes())
        ),
        Err(_) => String::new(),
    }
}

fn call(import: Import, arguments: &[u32], given: &[u8], value: Option<i64>) -> String {
    let argument = |at: usize| arguments.get(at).copied().unwrap_or(0);
    let gave = match value {
        Some(value) => format!(" -> {value}"),
        None => " -> ended".to_owned(),
    };
    let exception = || match postcard::from_bytes::<Exception<'_>>(given) {
        Ok(it) => format!(
            "{}: {}",
            text(it.name.as_bytes()),
            text(it.message.as_bytes())
        ),
        Err(_) => text(given),
    };
    match import {
        Import::Log => {
            let level = match argument(0) {
                level if level == postern_abi::event::LOG_VALUES => "values".to_owned(),
                level if level == postern_abi::event::LOG_METHOD => "method".to_owned(),
                level => format!("{:?}", LogLevel::from_u32(level)).to_lowercase(),
            };
            format!("console {level}: {}", text(given))
        }
        Import::OpStart => {
            let kind = OpKind::from_u32(argument(1)).map_or("?".to_owned(), |it| format!("{it:?}"));
            format!("op {} {kind}: {}", argument(0), text(given))
        }
        Import::OpSync => {
            let kind = SyncOp::from_u32(argument(0)).map_or("?".to_owned(), |it| format!("{it:?}"));
            format!("{kind}: {}{gave}", text(given))
        }
        Import::Respond => {
            let head = postcard::take_from_bytes::<ResponseHead<'_>>(given);
            match head {
                Ok((head, body)) => format!(
                    "respond {}, {} bytes: {}",
                    head.status,
                    argument(4),
                    text(body)
                ),
                Err(_) => format!("respond, {} bytes", argument(4)),
            }
        }
        Import::Fail => format!("fail: {}", exception()),
        Import::Done if argument(1) != 0 => format!("done: {}", exception()),
        Import::OpChunk | Import::BodyChunk => format!("{}: {}{gave}", import.name(), text(given)),
        _ => format!("{} {arguments:?}{gave}", import.name()),
    }
}

fn as_json(
    record: &Record,
    played: &Played,
    shown: &[(String, Value)],
    functions: &[(String, Spent)],
    scripts: &[(String, Spent)],
) -> Value {
    let head = &record.head;
    let spent = |all: &[(String, Spent)]| -> Vec<Value> {
        let all = all.iter();
        all.map(|(name, it)| json!({"name": name, "fuel": it.fuel, "calls": it.calls}))
            .collect()
    };
    let differing = played.differing.iter().map(|it| {
        json!({"turn": it.turn, "call": it.call, "recorded": it.recorded, "replayed": it.replayed})
    });
    json!({
        "same": played.is_same(),
        "ray": format!("{:016x}", head.ray),
        "namespace": head.namespace,
        "script": head.script,
        "version": head.version,
        "outcome": head.outcome,
        "fuel": head.fuel,
        "fuel_replayed": played.fuel.get(&head.request),
        "recorded_on": head.architecture,
        "build": head.build,
        "redacted_bytes": head.redacted,
        "turns": played.turns,
        "calls": played.calls,
        "compared": played.compared,
        "differing": differing.collect::<Vec<_>>(),
        "events": shown.iter().map(|(_, value)| value).collect::<Vec<_>>(),
        "functions": spent(functions),
        "scripts": spent(scripts),
    })
}
