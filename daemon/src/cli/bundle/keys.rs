//! `postern bundle keys`: lists of release keys.

use super::shown::time;
use super::{KEY_MAX, public_key, write};
use crate::bundle::{KeyList, ReleaseKey, SecretKey};
use crate::cli::error::CliError;
use crate::cli::output::{Output, printable};
use crate::cli::project;
use crate::firmware::minisign::PublicKey;
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::Path;

/// Bytes of a list.
const LIST_MAX: u64 = 256 * 1024;

/// A list as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    version: u64,
    #[serde(default)]
    keys: Vec<Listed>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    key: String,
    until: Option<String>,
    #[serde(default)]
    namespaces: Vec<String>,
}

/// Signs a list with a root key.
pub(super) fn run(list: &Path, key: &Path, output: &Path, out: Output) -> Result<(), CliError> {
    let text = project::read(list, LIST_MAX)?;
    let wrong =
        |what: &dyn std::fmt::Display| CliError::Usage(format!("{}: {what}", list.display()));
    let read: List = toml::from_str(&String::from_utf8_lossy(&text)).map_err(|it| wrong(&it))?;
    let folder = list.parent().unwrap_or(Path::new(""));
    let mut keys = Vec::with_capacity(read.keys.len());
    for listed in read.keys {
        let until = listed.until.map(|text| text.parse::<jiff::Timestamp>());
        let until = until.transpose().map_err(|error| {
            wrong(&format!(
                "`until` is no time: {error}; write it as 2027-01-31T00:00:00Z"
            ))
        })?;
        keys.push(ReleaseKey {
            key: line(folder, &listed.key)?,
            until: until.map(|time| u64::try_from(time.as_second()).unwrap_or_default()),
            namespaces: listed.namespaces,
        });
    }
    let made = KeyList {
        version: read.version,
        keys,
    };
    let root = SecretKey::parse(&project::read(key, KEY_MAX)?)?;
    let comment = format!("postern release keys version {}", made.version);
    let mut failed = None;
    let file = made.file(|signed| match root.sign(signed, &comment) {
        Ok(signature) => signature.into_bytes(),
        Err(error) => {
            failed = Some(error);
            Vec::new()
        }
    })?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    write(output, &file)?;
    let told = json!({"file": output.display().to_string(), "version": made.version, "keys": made.keys.len()});
    out.result(&told, || {
        format!(
            "wrote {}: list {} of release keys, {} key(s)\n",
            output.display(),
            made.version,
            made.keys.len()
        )
    })
}

/// The line of a public key that counts: what was given, or of the file that was named.
fn line(folder: &Path, given: &str) -> Result<String, CliError> {
    if PublicKey::parse(given).is_ok() {
        return Ok(given.to_owned());
    }
    let path = folder.join(given);
    let text = project::read(&path, KEY_MAX)?;
    let text = String::from_utf8_lossy(&text).into_owned();
    let line = text
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with("RW"));
    let line = line.unwrap_or_default();
    public_key(line).map(|_| line.to_owned()).map_err(|_| {
        CliError::Usage(format!(
            "{} is no public key of minisign; name a `.pub` file, or write its second line",
            path.display()
        ))
    })
}

/// Whether a root key signed a list.
pub(super) fn verify(bytes: &[u8], roots: &[PublicKey], out: Output) -> Result<(), CliError> {
    let (list, signature) = KeyList::read(bytes, roots)?;
    let told =
        json!({"key": signature.key(), "comment": signature.comment, "version": list.version});
    out.result(&told, || {
        format!(
            "good: signed by {}, {}\n",
            signature.key(),
            printable(&signature.comment)
        )
    })
}

/// Shows a list.
pub(super) fn shown(list: &KeyList, out: Output) -> Result<(), CliError> {
    let keys = list.keys.iter().map(
        |key| json!({"key": key.key, "until": key.until.map(time), "namespaces": key.namespaces}),
    );
    let told = json!({"version": list.version, "keys": keys.collect::<Value>()});
    out.result(&told, || {
        let mut lines = format!("list {} of release keys\n", list.version);
        for key in &list.keys {
            let until = key
                .until
                .map_or("always".to_owned(), |it| format!("until {}", time(it)));
            let of = match key.namespaces.is_empty() {
                true => "all".to_owned(),
                false => printable(&key.namespaces.join(", ")),
            };
            lines.push_str(&format!("  {}  {until}, for {of}\n", printable(&key.key)));
        }
        lines
    })
}
