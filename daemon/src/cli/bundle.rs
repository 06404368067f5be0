//! `postern bundle`: bundles and lists of release keys are made, signed and looked into, without a daemon; and what is
//! installed on one.

mod build;
mod keys;
mod shown;

use super::api::Api;
use super::args::{Bundle, BundleSign, Remote};
use super::error::CliError;
use super::output::{Output, printable};
use super::project;
use crate::bundle::{self, BundleError, KeyList, SecretKey};
use crate::firmware::minisign::{self, PublicKey, hex};
use serde_json::json;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Bytes of a bundle: what the reader takes by default, its head, manifest and signature.
const FILE_MAX: u64 = 65 << 20;
/// Bytes of a file with a key.
const KEY_MAX: u64 = 4096;

/// Runs `postern bundle`.
pub fn run(args: &Bundle, out: Output) -> Result<(), CliError> {
    match args {
        Bundle::Keygen { file } => keygen(file, out),
        Bundle::Build(args) => build::run(args, out),
        Bundle::Keys { list, key, output } => keys::run(list, key, output, out),
        Bundle::Installed(remote) => smol::block_on(installed(remote, out)),
        Bundle::Sign(args) => sign(args, out),
        Bundle::Verify { file, key } => verify(file, key, out),
        Bundle::Inspect { file } => {
            let bytes = project::read(file, FILE_MAX)?;
            if KeyList::is(&bytes) {
                return keys::shown(&KeyList::inspect(&bytes)?, out);
            }
            let bundle = bundle::read(&bytes)?;
            let hash = hash(bundle::signed(&bytes)?);
            let told = shown::told(&bundle, &hash);
            out.result(&told, || shown::text(&bundle, &hash))
        }
        Bundle::Diff { old, new } => {
            let read = |path: &Path| -> Result<_, CliError> {
                Ok(bundle::read(&project::read(path, FILE_MAX)?)?)
            };
            let changes = shown::changes(&read(old)?.manifest, &read(new)?.manifest);
            out.result(&json!(changes), || shown::changes_text(&changes))
        }
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut path = path.to_owned().into_os_string();
    path.push(ending);
    PathBuf::from(path)
}

fn keygen(file: &Path, out: Output) -> Result<(), CliError> {
    let key = SecretKey::random()?;
    let public = key.public();
    let written = |path: &Path, mode, text: String| {
        let mut options = OpenOptions::new();
        let made = options.write(true).create_new(true).mode(mode).open(path);
        made.and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|error| CliError::File {
                verb: "create",
                path: path.to_owned(),
                error,
            })
    };
    written(file, 0o600, key.file())?;
    let beside = beside(file, ".pub");
    let text = format!("untrusted comment: minisign public key\n{public}\n");
    written(&beside, 0o644, text)?;
    out.result(&json!({"public_key": public}), || format!("{public}\n"))
}

/// Writes a file as a whole: who looks meanwhile sees the one before.
fn write(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let new = beside(path, ".new");
    let failed = |error| CliError::File {
        verb: "write",
        path: path.to_owned(),
        error,
    };
    fs::write(&new, bytes).map_err(failed)?;
    fs::rename(&new, path).map_err(failed)
}

/// A bundle with the signature of a key.
fn signed_with(path: &Path, bytes: &[u8]) -> Result<Vec<u8>, CliError> {
    let key = SecretKey::parse(&project::read(path, KEY_MAX)?)?;
    let manifest = bundle::read(bytes)?.manifest;
    let whose = manifest.namespace.unwrap_or_else(|| "-".to_owned());
    let comment = format!(
        "postern bundle {} version {}",
        whose.escape_default(),
        manifest.version
    );
    let signature = key.sign(bundle::signed(bytes)?, &comment)?;
    Ok(bundle::with_signature(bytes, signature.as_bytes())?)
}

fn sign(args: &BundleSign, out: Output) -> Result<(), CliError> {
    let bytes = project::read(&args.file, FILE_MAX)?;
    let done = match (&args.key, &args.signature, &args.extract) {
        (Some(key), ..) => {
            write(&args.file, &signed_with(key, &bytes)?)?;
            "signed"
        }
        (None, Some(path), _) => {
            let signature = project::read(path, bundle::SIGNATURE_MAX as u64)?;
            minisign::check_form(&signature).map_err(BundleError::SignatureForm)?;
            write(&args.file, &bundle::with_signature(&bytes, &signature)?)?;
            "signed"
        }
        (None, None, Some(path)) => {
            write(path, bundle::signed(&bytes)?)?;
            "extracted"
        }
        (None, None, None) => {
            return Err(CliError::Usage(
                "give --key FILE, or --extract FILE and then --signature FILE with what another program signed"
                    .into(),
            ));
        }
    };
    let file = args.file.display().to_string();
    out.result(&json!({"file": file, "done": done}), || {
        format!("{done} {file}\n")
    })
}

/// What is installed on a gateway.
async fn installed(remote: &Remote, out: Output) -> Result<(), CliError> {
    let api = Api::new(remote)?;
    let told = api.get("bundles", api.own_path("bundles")).await?.result;
    out.result(&told, || shown::installed(&told))
}

/// What receipts call a bundle's manifest: `manifest_sha256`.
fn hash(signed: &[u8]) -> String {
    hex(&bundle::hash_of_signed(signed))
}

/// A key as it was given: itself, or its file.
pub(super) fn public_key(text: &str) -> Result<PublicKey, CliError> {
    if let Ok(key) = PublicKey::parse(text) {
        return Ok(key);
    }
    let file = project::read(Path::new(text), KEY_MAX)?;
    let file = String::from_utf8_lossy(&file).into_owned();
    let line = file.lines().find(|line| line.trim().starts_with("RW"));
    PublicKey::parse(line.unwrap_or_default())
        .map_err(|error| CliError::Usage(format!("--key {text}: {error}")))
}

fn verify(file: &Path, keys: &[String], out: Output) -> Result<(), CliError> {
    let keys: Result<Vec<_>, _> = keys.iter().map(|key| public_key(key)).collect();
    let bytes = project::read(file, FILE_MAX)?;
    if KeyList::is(&bytes) {
        return keys::verify(&bytes, &keys?, out);
    }
    let bundle = bundle::read(&bytes)?;
    let signed = bundle::signed(&bytes)?;
    let what = bundle::Signed::Bundle;
    let signature = bundle::verified(what, signed, &bundle.signature, &keys?)?;
    let hash = hash(signed);
    let manifest = &bundle.manifest;
    let now = jiff::Timestamp::now().as_second();
    if let Some(expires) = manifest.expires
        && i64::try_from(expires).is_ok_and(|expires| expires <= now)
    {
        return Err(CliError::NotFound(format!(
            "the bundle expired at {}; build it again with a later --expires",
            shown::time(expires)
        )));
    }
    let told = json!({
        "key": signature.key(), "comment": signature.comment, "version": manifest.version, "manifest_sha256": hash,
    });
    out.result(&told, || {
        format!(
            "good: signed by {}, {}\nmanifest {hash}\n",
            signature.key(),
            printable(&signature.comment)
        )
    })
}
