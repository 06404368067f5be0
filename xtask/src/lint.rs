//! `lint`: clippy over every workspace, warnings denied.

use crate::rust_std::RustStd;
use crate::{setup, step, workspace};
use anyhow::Result;
use std::process::Command;

/// The arguments of `lint`.
#[derive(clap::Args)]
pub struct Arguments {}

/// Runs clippy.
pub fn run(_: &Arguments) -> Result<()> {
    step::loud_command(
        "clippy",
        Command::new(workspace::cargo())
            .args([
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ])
            .current_dir(workspace::root()),
    )?;
    step::loud_command(
        "clippy for exports by OTLP",
        Command::new(workspace::cargo())
            .args(["clippy", "--package", "postern-daemon", "--all-targets"])
            .args(["--features", "otlp", "--", "-D", "warnings"])
            .current_dir(workspace::root()),
    )?;
    sdk()?;
    javascript()?;
    guests()?;
    crate::unsafe_code::run(&crate::unsafe_code::Arguments { count: true })
}

/// The SDK is tested on this machine, so it is linted for this machine.
fn sdk() -> Result<()> {
    let manifest = workspace::root().join("guest-abi/rust/Cargo.toml");
    if !manifest.exists() {
        return Ok(());
    }
    step::loud_command(
        "clippy for the guests' SDK",
        Command::new(workspace::cargo())
            .args(["clippy", "--workspace", "--all-targets", "--manifest-path"])
            .arg(&manifest)
            .arg("--target-dir")
            .arg(workspace::target().join("sdk"))
            .args(["--", "-D", "warnings"]),
    )
}

/// So is the JavaScript engine.
fn javascript() -> Result<()> {
    crate::javascript::quickjs()?;
    step::loud_command(
        "clippy for the JavaScript engine",
        Command::new(workspace::cargo())
            .args(["clippy", "--all-targets", "--manifest-path"])
            .arg(workspace::root().join("guest-abi/js/Cargo.toml"))
            .arg("--target-dir")
            .arg(workspace::target().join("javascript"))
            .args(["--", "-D", "warnings"]),
    )
}

/// Guests compile for wasm alone, and clippy belongs to one compiler.
fn guests() -> Result<()> {
    let workers = workspace::root().join("tests/workers");
    if !workers.join("Cargo.toml").exists() {
        return Ok(());
    }
    let rust = RustStd::obtain(setup::WASM)?;
    if rust != RustStd::Toolchain {
        step::skip(
            "clippy for the sample tenants",
            "this toolchain has no standard library for wasm32-unknown-unknown",
        );
        return Ok(());
    }
    step::loud_command(
        "clippy for the sample tenants",
        rust.cargo("clippy", setup::WASM)
            .current_dir(&workers)
            .args(["--workspace", "--target-dir"])
            .arg(workspace::target().join("guest-build"))
            .args(["--", "-D", "warnings"]),
    )
}
