//! `postern secrets`: what is left to do without the device key.

use super::args::Source;
use super::error::CliError;
use super::output::Output;
use super::serve::offline;
use serde_json::{Value, json};

/// Runs `postern secrets forget`.
pub fn forget(source: &Source, out: Output) -> Result<(), CliError> {
    let forgotten = offline::forget_secrets(&source.load()?)?;
    let shown: Vec<Value> = forgotten
        .iter()
        .map(|(script, name)| json!({"script": script, "name": name}))
        .collect();
    out.result(&json!({"forgotten": shown}), || {
        if forgotten.is_empty() {
            return "no secrets are stored\n".to_owned();
        }
        let line = |(script, name): &(String, String)| format!("forgot {name} of {script}\n");
        forgotten.iter().map(line).collect()
    })
}
