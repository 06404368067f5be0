//! `postern push` of a bundle or of a list of release keys: in parts, so that a link that breaks costs what
//! was on it and no more.

use super::api::{Api, segment};
use super::args::Push;
use super::client::Call;
use super::error::CliError;
use super::output::{Output, member, printable};
use super::progress::parts;
use crate::bundle::{KEYS_MAGIC, MAGIC};
use async_io::Timer;
use http::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// How often it is tried again without anything getting through.
const TRIES: u32 = 6;
/// The first wait; each further one is twice as long.
const WAIT: Duration = Duration::from_millis(500);

/// Whether a file begins like a bundle or a list of release keys.
pub fn is_bundle(path: &Path) -> bool {
    let mut magic = [0; 8];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    read.is_ok() && (magic == MAGIC || magic == KEYS_MAGIC)
}

/// Sends one and has it installed.
pub async fn run(args: &Push, out: Output) -> Result<(), CliError> {
    if args.name.is_some() || args.namespace.name().is_some() || !args.tag.is_empty() {
        return Err(CliError::Usage(
            "a bundle says itself what its Workers are called, where they go and what they have; leave --name, \
             --namespace and --tag out, or build it with them"
                .to_owned(),
        ));
    }
    let what = format!("push {}", args.path.display());
    let failed = |error| CliError::File {
        verb: "read",
        path: args.path.clone(),
        error,
    };
    let (sha256, bytes) = measured(&args.path).map_err(failed)?;
    if args.dry_run {
        let told =
            json!({"file": args.path.display().to_string(), "sha256": sha256, "bytes": bytes});
        return out.result(&told, || format!("{told:#}\n"));
    }
    let api = Api::new(&args.remote)?;
    let rollback = args.allow_rollback.map(|it| format!("allow_rollback={it}"));
    let rollback = rollback.unwrap_or_default();
    let upload = json!({"sha256": sha256, "bytes": bytes}).to_string();
    let target = api.own_path(&format!("bundles/uploads/{}", segment(&sha256)));
    let mut failures = 0;
    let mut sent = 0;
    loop {
        let begin = Call::new(Method::POST, api.own_path("bundles/uploads"));
        let begun = api
            .call(&what, begin.body("application/json", upload.clone()))
            .await;
        let part = match begun {
            Ok(begun) => {
                let received = begun.result["received"].as_u64().unwrap_or(0);
                if received >= bytes {
                    break;
                }
                if received > sent {
                    (sent, failures) = (received, 0);
                }
                let mut file = File::open(&args.path).map_err(failed)?;
                file.seek(SeekFrom::Start(received)).map_err(failed)?;
                let moved = Arc::new(AtomicU64::new(received));
                let call = Call::new(
                    Method::PUT,
                    format!("{target}?offset={received}&{rollback}"),
                )
                .header("content-type", "application/octet-stream");
                let source = parts(file, bytes, moved.clone(), out);
                api.send(&what, call, bytes - received, source, &moved)
                    .await
            }
            Err(error) => Err(error),
        };
        match part {
            Ok(_) => {}
            // The link is gone, or somebody's proxy is: what got through is there.
            Err(CliError::Client(error)) if failures < TRIES => {
                out.warn(&format!("{what}: {error}; trying again"));
                Timer::after(WAIT * (1 << failures)).await;
                failures += 1;
            }
            Err(error) => return Err(error),
        }
    }
    let install = Call::new(Method::POST, format!("{target}/install?{rollback}"));
    let told = api.call(&what, install).await?.result;
    out.result(&told, || shown(&told))
}

/// SHA-256 of a file, as hexadecimal digits, and its bytes.
fn measured(path: &Path) -> std::io::Result<(String, u64)> {
    let mut file = File::open(path)?;
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => {
                hash.update(&buffer[..read]);
                bytes += read as u64;
            }
        }
    }
    Ok((crate::catalog::name::hex(&hash.finalize()), bytes))
}

fn shown(told: &Value) -> String {
    let text = |value: &Value, key| printable(&member(value, key));
    let keys = &told["keys"];
    if !keys.is_null() {
        let count = keys["keys"].as_array().map_or(0, Vec::len);
        return format!(
            "list {} of release keys counts: {count} key(s)\n",
            keys["version"]
        );
    }
    let bundle = &told["bundle"];
    let place = match bundle["namespace"].as_str() {
        Some(name) => format!("dispatch namespace {}", printable(name)),
        None => "Workers outside of dispatch namespaces".to_owned(),
    };
    let again = match bundle["again"].as_bool() {
        Some(true) => ", as it was before",
        _ => "",
    };
    let mut lines = format!(
        "bundle version {} of {place} is installed{again}\n",
        bundle["version"]
    );
    for script in bundle["scripts"].as_array().into_iter().flatten() {
        let (name, version) = (text(script, "name"), text(script, "version_id"));
        lines.push_str(&format!("  {name}  version {version}\n"));
    }
    for name in bundle["left"].as_array().into_iter().flatten() {
        let name = printable(name.as_str().unwrap_or_default());
        lines.push_str(&format!(
            "  {name}  is not in it any more, was changed since it came, and stays\n"
        ));
    }
    lines
}
