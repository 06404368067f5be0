//! `deny`: cargo-deny over the dependency tree, with the rules of `deny.toml`.

use crate::{process, step, workspace};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The version that is installed where none is there.
const VERSION: &str = "0.20.2";

/// The arguments of `deny`.
#[derive(clap::Args)]
pub struct Arguments {}

/// Checks licences, bans and sources; advisories where their database can be fetched.
pub fn run(_: &Arguments) -> Result<()> {
    let program = program()?;
    step::loud_command(
        "licences, bans, sources",
        Command::new(&program)
            .args([
                "--log-level",
                "error",
                "check",
                "--show-stats",
                "licenses",
                "bans",
                "sources",
            ])
            .current_dir(workspace::root()),
    )?;
    advisories(&program)
}

/// cargo-deny, installed into the cache if it is nowhere.
pub fn program() -> Result<PathBuf> {
    if let Some(path) = process::find("cargo-deny") {
        return Ok(path);
    }
    let tools = workspace::cache().join("tools");
    let path = tools.join("bin").join("cargo-deny");
    if path.exists() {
        return Ok(path);
    }
    workspace::create_dir(&tools)?;
    let scratch = workspace::target().join("cargo-deny");
    // It reads a few files: building it fast matters more than how fast it is.
    step::loud_command(
        "building cargo-deny, once (some minutes)",
        Command::new(workspace::cargo())
            .args([
                "install",
                "--locked",
                "cargo-deny",
                "--version",
                VERSION,
                "--root",
            ])
            .arg(&tools)
            .env("CARGO_TARGET_DIR", &scratch)
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            .env("CARGO_PROFILE_RELEASE_DEBUG", "0"),
    )?;
    // Several hundred megabytes that nobody needs again; that they may stay is no failure.
    let _ = std::fs::remove_dir_all(&scratch);
    Ok(path)
}

/// Fetches the database and checks against it. That it cannot be fetched is no failure of
/// this project: it is said, and the rest counts.
fn advisories(program: &PathBuf) -> Result<()> {
    let fetched = step::quiet("fetching the advisory database", || {
        Command::new(program)
            .args(["fetch", "db"])
            .current_dir(workspace::root())
            .stdin(Stdio::null())
            .output()
            .context("cannot run cargo-deny")
    })?;
    if !fetched.status.success() {
        let text = String::from_utf8_lossy(&fetched.stderr);
        let why = text
            .lines()
            .find(|line| line.starts_with("fatal:"))
            .unwrap_or("its host cannot be reached");
        step::skip("advisories", why);
        return Ok(());
    }
    let status = Command::new(program)
        .args([
            "--log-level",
            "error",
            "check",
            "--disable-fetch",
            "advisories",
        ])
        .current_dir(workspace::root())
        .stdin(Stdio::null())
        .status()
        .context("cannot run cargo-deny")?;
    if !status.success() {
        bail!("there are advisories against dependencies; see above");
    }
    Ok(())
}
