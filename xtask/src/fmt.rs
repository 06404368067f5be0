//! `fmt`: rustfmt over every workspace of the checkout.

use crate::{step, workspace};
use anyhow::Result;
use std::path::PathBuf;
use std::process::Command;

/// The arguments of `fmt`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Changes nothing; fails where something would change.
    #[arg(long)]
    check: bool,
}

/// Formats, or checks the format.
pub fn run(arguments: &Arguments) -> Result<()> {
    for manifest in manifests() {
        let mut command = Command::new(workspace::cargo());
        command
            .args(["fmt", "--all", "--manifest-path"])
            .arg(&manifest);
        if arguments.check {
            command.arg("--check");
        }
        let what = format!("format of {}", workspace::shown(&manifest));
        step::loud_command(&what, &mut command)?;
    }
    Ok(())
}

/// The manifests of all workspaces: guests have their own, for their own target.
pub fn manifests() -> Vec<PathBuf> {
    [
        "Cargo.toml",
        "guest-abi/js/Cargo.toml",
        "guest-abi/rust/Cargo.toml",
        "tests/workers/Cargo.toml",
    ]
    .iter()
    .map(|manifest| workspace::root().join(manifest))
    .filter(|manifest| manifest.exists())
    .collect()
}
