//! `postern health`: the verdict for whoever updates this machine.

use super::api::Api;
use super::args::Health;
use super::error::CliError;
use super::output::{Output, member, printable};
use super::serve::listening;
#[cfg(feature = "edge-tls")]
use crate::tls::{Dialer, Trust};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Between two questions.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs `postern health`.
pub async fn run(args: &Health, out: Output) -> Result<(), CliError> {
    let deadline = Instant::now() + Duration::from_secs(args.wait);
    loop {
        let told = ask(args).await;
        let late = Instant::now() >= deadline;
        match told {
            Ok(told) if told["well"] == true => {
                return out.result(&told, || shown(&told));
            }
            Ok(told) if late => {
                out.result(&told, || shown(&told))?;
                return Err(CliError::Unwell(printable(&member(&told, "why"))));
            }
            // A command line that is wrong stays so.
            Err(error) if late || error.exit_code() == 2 => {
                if out.json {
                    let why = error.to_string();
                    out.text(&format!(
                        "{:#}\n",
                        json!({"well": false, "why": why, "checks": []})
                    ))?;
                }
                return Err(error);
            }
            Ok(_) | Err(_) => {
                smol::Timer::after(PAUSE).await;
            }
        }
    }
}

async fn ask(args: &Health) -> Result<Value, CliError> {
    let api = if args.remote {
        Api::new(&args.port)?
    } else {
        let config = args.source.load()?;
        let (address, key) = listening::find(&config.data_dir).map_err(|error| {
            CliError::Unwell(format!(
                "no daemon runs on `{}`, or this user may not ask it: {error}",
                config.data_dir.display()
            ))
        })?;
        let timeout = Duration::from_secs(args.port.timeout);
        #[cfg(feature = "edge-tls")]
        if let Some(dialer) = local(&config.data_dir)? {
            let api = Api::with_key(&format!("https://{address}"), key, timeout)?.sealed(dialer);
            return Ok(api.get("health", api.health_path()).await?.result);
        }
        Api::with_key(&format!("http://{address}"), key, timeout)?
    };
    Ok(api.get("health", api.health_path()).await?.result)
}

/// How the daemon on a data directory is spoken to, if it speaks TLS: by what it has written itself.
#[cfg(feature = "edge-tls")]
fn local(data_dir: &std::path::Path) -> Result<Option<Dialer>, CliError> {
    let unwell = |error: &dyn std::fmt::Display| {
        CliError::Unwell(format!(
            "what its management port is known by cannot be read: {error}"
        ))
    };
    let found = listening::find_seal(data_dir).map_err(|error| unwell(&error))?;
    let dialer = found.map(|(known, own)| {
        let trust = Trust {
            anchors: Vec::new(),
            known: Some(known),
        };
        Dialer::new(trust, Some(&own))
    });
    dialer.transpose().map_err(|error| unwell(&error))
}

/// A line a check.
fn shown(told: &Value) -> String {
    let checks = told["checks"].as_array().map_or(&[][..], Vec::as_slice);
    let line = |check: &Value| {
        let name = printable(&member(check, "name"));
        match check["failure"].as_str() {
            None => format!("{name}: well, {} ms\n", check["ms"]),
            Some(failure) => format!("{name}: {}\n", printable(failure)),
        }
    };
    checks.iter().map(line).collect()
}
