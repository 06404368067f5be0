//! What the JavaScript engine answers on this machine, without a daemon: the example `answer` of
//! `guest-abi/js`.

use crate::{step, workspace};
use anyhow::{Context, Result, bail};
use postern_compare::{Answer, Case, Outcome};
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// How long one case may take.
const PATIENCE: Duration = Duration::from_secs(60);

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

/// What it prints, unless it takes too long.
fn output(mut command: Command) -> Result<Output> {
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot run the engine")?;
    let pid = Pid::from_child(&child);
    let (ended, waits) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if let Err(RecvTimeoutError::Timeout) = waits.recv_timeout(PATIENCE) {
                // It ends by itself in this very moment, or by this.
                let _ = kill_process(pid, Signal::KILL);
            }
        });
        let output = child.wait_with_output();
        drop(ended);
        output.context("cannot wait for the engine")
    })
}

fn outcome(program: &Path, case: &Case) -> Result<Outcome> {
    if !case.wasm.is_empty() {
        bail!("a Worker of several modules takes a daemon");
    }
    // Stacks say `worker.js` wherever the module lies.
    let folder = workspace::target().join("compare-cases");
    workspace::create_dir(&folder)?;
    let module = folder.join(format!("{}.js", case.name.replace('/', "-")));
    std::fs::write(&module, &case.source)
        .with_context(|| format!("cannot write {}", workspace::shown(&module)))?;
    let mut command = Command::new(program);
    command
        .arg(&module)
        .arg(&case.date)
        .arg(case.flags.join(","));
    for request in &case.requests {
        command.args([&request.method, &request.target, &request.body]);
    }
    let output = output(command)?;
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
                answers.push(Answer::new(
                    request.shown(),
                    status,
                    fields,
                    body.as_bytes(),
                ));
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
