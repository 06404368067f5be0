//! `ci`: what CI does, on this machine.

use crate::{process, workspace};
use anyhow::{Context, Result, bail};
use std::process::Command;

/// The arguments of `ci`.
#[derive(clap::Args)]
pub struct Arguments {}

/// Runs `.ci/run`, the one list of steps.
pub fn run(_: &Arguments) -> Result<()> {
    let mut command = Command::new(workspace::root().join(".ci/run"));
    let status = command
        .status()
        .with_context(|| format!("cannot run {}", process::shown(&command)))?;
    if !status.success() {
        bail!("CI would fail ({status})");
    }
    Ok(())
}
