//! What the JavaScript engine answers on this machine, without a daemon: the example `answer` of
//! `guest-abi/js`.

use crate::{step, workspace};
use anyhow::{Context, Result, bail};
use postern_compare::{Answer, Case, Outcome};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A line of what it prints.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Refused {
        refused: String,
    },
    Answer {
        status: u16,
        headers: Vec<(String, String)>,
        body: String,
    },
}

/// Builds it and runs every case.
pub fn outcomes(cases: &[Case]) -> Result<Vec<Outcome>> {
    let program = build()?;
    cases
        .iter()
        .map(|case| outcome(&program, case).with_context(|| case.name.clone()))
        .collect()
}

fn build() -> Result<PathBuf> {
    let target = workspace::target().join("guest-native");
    step::loud_command(
        "the JavaScript engine, for this machine",
        Command::new(workspace::cargo())
            .args(["build", "--quiet", "--example", "answer", "--target-dir"])
            .arg(&target)
            .current_dir(workspace::root().join("guest-abi/js")),
    )?;
    Ok(target.join("debug/examples/answer"))
}

fn outcome(program: &Path, case: &Case) -> Result<Outcome> {
    let mut command = Command::new(program);
    command.arg(&case.path).arg(&case.date).arg(case.flags.join(","));
    for request in &case.requests {
        command.args([&request.method, &request.target, &request.body]);
    }
    let output = command
        .stdin(Stdio::null())
        .output()
        .context("cannot run the engine")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut answers = Vec::new();
    for (line, request) in text.lines().zip(&case.requests) {
        match serde_json::from_str(line).context("the engine printed no JSON")? {
            Line::Refused { refused } => return Ok(Outcome::Refused(refused)),
            Line::Answer {
                status,
                headers,
                body,
            } => {
                let fields = headers.iter().map(|(name, value)| (&**name, &**value));
                answers.push(Answer::new(request.shown(), status, fields, body.as_bytes()));
            }
        }
    }
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        let told = told.lines().last().unwrap_or_default();
        if answers.is_empty() {
            return Ok(Outcome::Refused(format!("{}: {told}", output.status)));
        }
        bail!("the engine ended with {}: {told}", output.status);
    }
    Ok(Outcome::Answers(answers))
}
