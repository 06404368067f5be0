//! `postern audit`: what was changed by the management port, by whom, and whether that is all.

use super::api::Api;
use super::args::{Audit, Whose};
use super::error::CliError;
use super::output::{Output, member};
use super::scripts::rows;
use super::serve::offline;
use crate::catalog::name::hex;
use crate::manage::audit::{PAGE_MAX, verify_lines};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;

/// Bytes of a file that is verified.
const FILE_MAX: u64 = 64 << 20;

/// Runs `postern audit`.
pub async fn run(args: &Audit, out: Output) -> Result<(), CliError> {
    match args {
        Audit::Show { last, whose } => {
            let mut entries = entries(whose).await?;
            entries.drain(..entries.len().saturating_sub(*last));
            let shown = Value::Array(entries);
            out.result(&shown, || {
                let heads = ["PLACE", "AT", "WHO", "FROM", "CALL"];
                rows(&shown, "nothing was changed yet\n", &heads, |entry| {
                    let call = match entry["failed"].as_object() {
                        Some(failed) => {
                            format!(
                                "{} of {} failed: {}",
                                member(entry, "call"),
                                failed["sequence"],
                                failed["status"]
                            )
                        }
                        None => member(entry, "call"),
                    };
                    let mut row = ["sequence", "at", "who", "from"]
                        .map(|key| member(entry, key))
                        .to_vec();
                    row.push(call);
                    row
                })
            })
        }
        Audit::Export { file, whose } => {
            let entries = entries(whose).await?;
            let text: String = entries.iter().map(|entry| format!("{entry}\n")).collect();
            if file == Path::new("-") {
                return std::io::stdout()
                    .write_all(text.as_bytes())
                    .map_err(CliError::Stdout);
            }
            std::fs::write(file, text).map_err(|error| {
                CliError::Usage(format!("cannot write `{}`: {error}", file.display()))
            })?;
            let shown = json!({"file": file, "entries": entries.len()});
            out.result(&shown, || {
                format!("{} entries: {}\n", entries.len(), file.display())
            })
        }
        Audit::Verify { file, whose } => {
            let told = match file {
                Some(file) => verdict(&read(file)?),
                None if whose.remote => {
                    let api = Api::new(&whose.port)?;
                    api.get("verify the audit log", api.audit_verdict_path())
                        .await?
                        .result
                }
                None => verdict(&lines(&entries(whose).await?)),
            };
            if told["whole"] != true {
                return Err(CliError::Audit(member(&told, "why")));
            }
            out.result(&told, || {
                format!(
                    "whole: {} entries, the last one's hash is {}\n",
                    told["entries"],
                    member(&told, "head")
                )
            })
        }
    }
}

fn lines(entries: &[Value]) -> String {
    entries.iter().map(|entry| format!("{entry}\n")).collect()
}

fn verdict(text: &str) -> Value {
    match verify_lines(text) {
        Ok((entries, head)) => json!({"whole": true, "entries": entries, "head": hex(&head)}),
        Err(broken) => json!({"whole": false, "why": broken.to_string()}),
    }
}

fn read(file: &Path) -> Result<String, CliError> {
    let failed =
        |error: String| CliError::Usage(format!("cannot read `{}`: {error}", file.display()));
    let len = std::fs::metadata(file)
        .map_err(|error| failed(error.to_string()))?
        .len();
    if len > FILE_MAX {
        return Err(failed(format!(
            "it has {len} bytes, the limit is {FILE_MAX}"
        )));
    }
    std::fs::read_to_string(file).map_err(|error| failed(error.to_string()))
}

/// All entries, the oldest first.
async fn entries(whose: &Whose) -> Result<Vec<Value>, CliError> {
    if !whose.remote {
        return Ok(offline::audit(&whose.source.load()?)?);
    }
    let api = Api::new(&whose.port)?;
    let mut all: Vec<Value> = Vec::new();
    loop {
        let after = all
            .last()
            .map_or(0, |last| last["sequence"].as_u64().unwrap_or(0));
        let page = api
            .get("read the audit log", api.audit_path(after))
            .await?
            .result;
        let page = page.as_array().cloned().unwrap_or_default();
        let is_last = page.len() < PAGE_MAX;
        all.extend(page);
        if is_last {
            return Ok(all);
        }
    }
}
