//! Progress: every long step says that it began, that it goes on, and how long it took.

use crate::process;
use anyhow::{Context, Result, bail};
use std::io::{IsTerminal, Write};
use std::process::Command;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How often a step that prints nothing itself says that it goes on, where no terminal shows a
/// running clock.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// Runs `work` and shows that it goes on until it returns. `work` prints nothing.
pub fn quiet<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let (done, ended) = mpsc::channel::<()>();
    let result = std::thread::scope(|scope| {
        scope.spawn(move || tick(what, start, &ended));
        let result = work();
        drop(done);
        result
    });
    close(what, start, result.is_ok());
    result
}

/// Runs a command whose output nobody needs unless it fails.
pub fn quiet_command(what: &str, command: &mut Command) -> Result<()> {
    quiet(what, || {
        let output = command
            .stdin(std::process::Stdio::null())
            .output()
            .with_context(|| format!("cannot run {}", process::shown(command)))?;
        if output.status.success() {
            return Ok(());
        }
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines[lines.len().saturating_sub(20)..].join("\n");
        bail!(
            "{} failed ({}):\n{tail}",
            process::shown(command),
            output.status
        )
    })
}

/// Runs a command that shows its own progress, such as cargo.
pub fn loud_command(what: &str, command: &mut Command) -> Result<()> {
    let start = Instant::now();
    eprintln!("==> {what}");
    let status = command
        .status()
        .with_context(|| format!("cannot run {}", process::shown(command)))?;
    close(what, start, status.success());
    if !status.success() {
        bail!("{} failed ({status})", process::shown(command));
    }
    Ok(())
}

/// Says that something is not done, and why.
pub fn skip(what: &str, why: &str) {
    eprintln!("==> skipped: {what}: {why}");
}

fn tick(what: &str, start: Instant, ended: &mpsc::Receiver<()>) {
    let terminal = std::io::stderr().is_terminal();
    let every = if terminal {
        Duration::from_secs(1)
    } else {
        eprintln!("==> {what} …");
        HEARTBEAT
    };
    loop {
        if terminal {
            eprint!("\r==> {what} … {} s", start.elapsed().as_secs());
            // A lost progress line is no reason to stop.
            let _ = std::io::stderr().flush();
        }
        match ended.recv_timeout(every) {
            Err(RecvTimeoutError::Timeout) if !terminal => {
                eprintln!("==> {what} … {} s", start.elapsed().as_secs());
            }
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    if terminal {
        eprint!("\r\x1b[K");
    }
}

fn close(what: &str, start: Instant, well: bool) {
    let took = start.elapsed().as_secs_f32();
    let how = if well { "done" } else { "FAILED" };
    eprintln!("==> {what}: {how}, {took:.1} s");
}
