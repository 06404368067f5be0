//! `postern receipt`: what a gateway says runs of a bundle, verified.

use super::api::{Api, segment};
use super::args::Receipt;
use super::bundle::public_key;
use super::error::CliError;
use super::output::{Output, member, printable};
use super::project;
use crate::bundle::SIGNATURE_MAX;
use crate::delivery::verify_receipt;
use crate::firmware::minisign::PublicKey;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Bytes of a receipt that was kept.
const RECEIPT_MAX: u64 = 8 << 20;

/// Runs `postern receipt`.
pub async fn run(args: &Receipt, out: Output) -> Result<(), CliError> {
    let known = args.key.as_deref().map(public_key).transpose()?;
    let (text, signature, key) = match (&args.file, &known) {
        (Some(file), Some(key)) => (
            project::read(file, RECEIPT_MAX)?,
            project::read(&beside(file), SIGNATURE_MAX as u64)?,
            key.clone(),
        ),
        _ => {
            let api = Api::new(&args.remote)?;
            let namespace = args.namespace.as_deref().unwrap_or_default();
            let target = format!("bundles/receipt?namespace={}", segment(namespace));
            let told = api.get("receipt", api.own_path(&target)).await?.result;
            let said = PublicKey::parse(&member(&told, "public_key"));
            let said = said.map_err(|error| CliError::Usage(error.to_string()))?;
            if known.is_none() {
                out.warn(&format!(
                    "the gateway says that its key is {}; give --key to hold receipts against one that you know",
                    printable(&member(&told, "public_key"))
                ));
            }
            (
                member(&told, "receipt").into_bytes(),
                member(&told, "signature").into_bytes(),
                known.unwrap_or(said),
            )
        }
    };
    let receipt = verify_receipt(&text, &signature, &key)?;
    if let Some(output) = &args.output {
        for (path, bytes) in [(output.clone(), &text), (beside(output), &signature)] {
            std::fs::write(&path, bytes).map_err(|error| CliError::File {
                verb: "write",
                path,
                error,
            })?;
        }
    }
    let told = json!({"receipt": receipt, "verified": true, "pinned": args.key.is_some()});
    out.result(&told, || shown(&receipt, args.key.is_some()))
}

fn beside(path: &Path) -> PathBuf {
    let mut path = path.to_owned().into_os_string();
    path.push(".minisig");
    PathBuf::from(path)
}

fn shown(receipt: &Value, is_pinned: bool) -> String {
    let text = |value: &Value, key| printable(&member(value, key));
    let bundle = &receipt["bundle"];
    let place = match bundle["namespace"].as_str() {
        Some(name) => format!("dispatch namespace {}", printable(name)),
        None => "Workers outside of dispatch namespaces".to_owned(),
    };
    let mut lines = format!(
        "{} at {}: bundle version {} of {place}\n  manifest {}\n  installed {} by {}",
        text(receipt, "device"),
        text(receipt, "made_on"),
        bundle["version"],
        text(bundle, "manifest_sha256"),
        text(bundle, "installed_on"),
        text(bundle, "way"),
    );
    if let Some(key) = bundle["signed_by"].as_str() {
        lines.push_str(&format!(", signed by {}", printable(key)));
    }
    lines.push('\n');
    for script in receipt["scripts"].as_array().into_iter().flatten() {
        let (name, state) = (text(script, "name"), text(script, "state"));
        let version = script["version_id"]
            .as_str()
            .map_or(String::new(), |version| {
                format!("  version {}", printable(version))
            });
        lines.push_str(&format!("  {name}{version}  {state}\n"));
    }
    lines.push_str(match is_pinned {
        true => "good: signed by the key that was given\n",
        false => "good: signed by the key that the gateway says is its own\n",
    });
    lines
}
