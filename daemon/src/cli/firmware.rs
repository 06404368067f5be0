//! `postern firmware`: an image on its way to a machine, and what the machine says of its own.

use super::api::Api;
use super::args::{Firmware, FirmwarePush};
use super::client::Call;
use super::error::CliError;
use super::output::{Output, member, printable};
use super::progress::parts;
use crate::firmware::minisign;
use crate::manage::firmware::SIGNATURE;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::Value;
use std::fmt::Write as _;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// Events that are shown.
const EVENTS_SHOWN: usize = 5;

/// Runs `postern firmware`.
pub async fn run(args: &Firmware, out: Output) -> Result<(), CliError> {
    match args {
        Firmware::Push(args) => push(args, out).await,
        Firmware::Status(remote) => {
            let api = Api::new(remote)?;
            let told = api.get("firmware", api.firmware_path()).await?.result;
            out.result(&told, || shown(&told))
        }
        Firmware::Confirm(remote) => {
            let api = Api::new(remote)?;
            let target = format!("{}/confirm", api.firmware_path());
            let call = Call::new(Method::POST, target);
            let told = api.call("confirm the firmware", call).await?.result;
            out.result(&told, || {
                format!("slot {} is permanent\n", printable(&member(&told, "slot")))
            })
        }
        Firmware::Rollback { reboot, remote } => {
            let api = Api::new(remote)?;
            let target = format!("{}/rollback?reboot={reboot}", api.firmware_path());
            let call = Call::new(Method::POST, target);
            let told = api.call("roll the firmware back", call).await?.result;
            out.result(&told, || {
                let next = printable(&member(&told, "next"));
                format!("the next start takes slot {next}; {}\n", restart(*reboot))
            })
        }
    }
}

fn restart(reboot: bool) -> &'static str {
    match reboot {
        true => "the machine is restarting",
        false => "restart the machine for that",
    }
}

async fn push(args: &FirmwarePush, out: Output) -> Result<(), CliError> {
    let api = Api::new(&args.remote)?;
    let path = args.signature.clone().unwrap_or_else(|| {
        let mut path = args.image.clone().into_os_string();
        path.push(".minisig");
        PathBuf::from(path)
    });
    let signature = super::project::read(&path, minisign::FILE_MAX as u64)?;
    let signature = STANDARD.encode(signature);
    let failed = |error| CliError::File {
        verb: "read",
        path: args.image.clone(),
        error,
    };
    let image = File::open(&args.image).map_err(failed)?;
    let bytes = image.metadata().map_err(failed)?.len();
    // Asked first, so that what is refused is not sent.
    let base = api.firmware_path();
    let query = format!("allow_downgrade={}", args.allow_downgrade);
    let call = Call::new(Method::POST, format!("{base}/check?bytes={bytes}&{query}"));
    let what = format!("push {}", args.image.display());
    api.call(&what, call.header(SIGNATURE, &*signature)).await?;

    let moved = Arc::new(AtomicU64::new(0));
    let source = parts(image, bytes, moved.clone(), out);
    let target = format!("{base}?{query}&reboot={}", args.reboot);
    let call = Call::new(Method::PUT, target)
        .header(SIGNATURE, signature)
        .header("content-type", "application/octet-stream");
    let told = api.send(&what, call, bytes, source, &moved).await?.result;
    out.result(&told, || {
        format!(
            "postern {} is in slot {} and checked; it is tried at the next start: {}\n",
            printable(&member(&told, "version")),
            printable(&member(&told, "slot")),
            restart(args.reboot)
        )
    })
}

/// What a machine says of its firmware, for people.
fn shown(told: &Value) -> String {
    let text = |value: &Value, key| printable(&member(value, key));
    let mut lines = String::new();
    let version = text(told, "version");
    // Writing to a String cannot fail.
    let _ = writeln!(lines, "postern {version} on {}", text(told, "board"));
    if told["slot"].is_null() {
        let _ = writeln!(lines, "no slots: {}", text(told, "why"));
        return lines;
    }
    let slot = text(told, "slot");
    let state = match (
        told["permanent"].as_bool(),
        told["trial"]["running"].as_bool(),
    ) {
        (Some(true), _) => "permanent",
        (Some(false), Some(true)) => "on trial",
        (Some(false), _) => "not permanent",
        (None, _) => "in an unknown state",
    };
    let _ = writeln!(lines, "slot {slot} runs, {state}");
    if told["trial"]["running"] == false {
        let trial = &told["trial"];
        let _ = writeln!(
            lines,
            "slot {} is tried at the next start, {} attempts left",
            text(trial, "slot"),
            text(trial, "tries_left")
        );
    }
    let why = text(told, "why");
    if !why.is_empty() {
        let _ = writeln!(lines, "why: {why}");
    }
    for slot in ["a", "b"] {
        let held = &told["slots"][slot];
        let shown = match held["version"].as_str() {
            Some(version) => format!("postern {}", printable(version)),
            None => "unknown".to_owned(),
        };
        let worked = match held["worked"].as_bool() {
            Some(true) => ", was permanent",
            _ => "",
        };
        let _ = writeln!(lines, "slot {slot} holds: {shown}{worked}");
    }
    let events = told["events"].as_array().map_or(&[][..], Vec::as_slice);
    for event in events.iter().take(EVENTS_SHOWN) {
        let _ = writeln!(
            lines,
            "{}  {:<11} {}",
            text(event, "at"),
            text(event, "what"),
            text(event, "text")
        );
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_status_is_readable_and_harmless() {
        let told = json!({
            "version": "1.0.0", "board": "x", "slot": "a", "permanent": true,
            "trial": {"slot": "b", "running": false, "tries_left": 3},
            "why": "because\u{1b}[2J",
            "slots": {"a": {"version": "1.0.0", "worked": true}, "b": null},
            "events": [{"at": "2026-11-26T12:00:00Z", "what": "pushed", "text": "t"}],
        });
        assert_eq!(
            shown(&told),
            "postern 1.0.0 on x\nslot a runs, permanent\nslot b is tried at the next start, 3 attempts left\n\
             why: because\\u{1b}[2J\nslot a holds: postern 1.0.0, was permanent\nslot b holds: unknown\n\
             2026-11-26T12:00:00Z  pushed      t\n"
        );
        let told = json!({"version": "1.0.0", "board": "x", "slot": null, "why": "none"});
        assert_eq!(shown(&told), "postern 1.0.0 on x\nno slots: none\n");
    }
}
