//! `build`: the daemon as it is shipped.

use crate::{step, workspace};
use anyhow::Result;
use std::path::PathBuf;
use std::process::Command;

/// The arguments of `build`.
#[derive(clap::Args)]
pub struct Arguments {}

/// Builds it and says where it is.
pub fn run(_: &Arguments) -> Result<()> {
    println!("{}", workspace::shown(&release()?));
    Ok(())
}

/// Builds the release binary, stripped; where it is.
pub fn release() -> Result<PathBuf> {
    step::loud_command(
        "the release binary",
        Command::new(workspace::cargo())
            .args([
                "build",
                "--release",
                "--package",
                "postern-daemon",
                "--bin",
                "postern",
            ])
            .current_dir(workspace::root()),
    )?;
    Ok(workspace::target().join("release/postern"))
}
