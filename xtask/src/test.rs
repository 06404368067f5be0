//! `test`: every test there is, with what they need built first.

use crate::rust_std::{RustStd, setting};
use crate::setup::{self, Cross};
use crate::{guests, process, step, workspace};
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// The arguments of `test`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only the engine's determinism on other architectures.
    #[arg(long, conflicts_with = "no_cross")]
    cross: bool,

    /// Without other architectures.
    #[arg(long)]
    no_cross: bool,

    /// Only the crash test, with 1,000 kills instead of 50.
    #[arg(long, conflicts_with_all = ["cross", "no_cross"])]
    nightly: bool,

    /// Passed on to `cargo test --workspace`, such as a test's name.
    #[arg(last = true)]
    rest: Vec<OsString>,
}

/// Runs them. The workspace's own come last, so that their result is what one sees.
pub fn run(arguments: &Arguments) -> Result<()> {
    let start = Instant::now();
    if arguments.cross {
        cross(true)?;
    } else {
        guests::build()?;
        let daemon = daemon()?;
        // With a test's name given, only the workspace can be meant.
        if arguments.rest.is_empty() && !arguments.nightly {
            sdk()?;
            if !arguments.no_cross {
                cross(false)?;
            }
        }
        workspace_tests(arguments, &daemon)?;
    }
    println!("all tests passed in {} s", start.elapsed().as_secs());
    Ok(())
}

/// Builds the daemon as end-to-end tests run it; where it is.
pub fn daemon() -> Result<PathBuf> {
    step::loud_command(
        "the daemon, for tests",
        Command::new(workspace::cargo())
            .args(["build", "--package", "postern-daemon", "--bin", "postern"])
            .current_dir(workspace::root()),
    )?;
    Ok(workspace::target().join("debug/postern"))
}

fn workspace_tests(arguments: &Arguments, daemon: &Path) -> Result<()> {
    let mut command = Command::new(workspace::cargo());
    if arguments.nightly {
        command
            .args(["test", "--package", "postern-e2e", "--test", "e2e", "crash"])
            .env("POSTERN_CRASH_ROUNDS", "1000");
    } else {
        command.args(["test", "--workspace", "--no-fail-fast"]);
    }
    command
        .args(&arguments.rest)
        .env("POSTERN_BIN", daemon)
        .env("POSTERN_GUESTS", workspace::guests())
        .current_dir(workspace::root());
    step::loud_command("tests of the workspace", &mut command)
}

/// The guests' SDK is a workspace of its own, tested on this machine.
fn sdk() -> Result<()> {
    let manifest = workspace::root().join("guest-abi/rust/Cargo.toml");
    if !manifest.exists() {
        return Ok(());
    }
    step::loud_command(
        "tests of the guests' SDK",
        Command::new(workspace::cargo())
            .args([
                "test",
                "--package",
                "postern",
                "--package",
                "postern-macros",
            ])
            .arg("--manifest-path")
            .arg(&manifest)
            .arg("--target-dir")
            .arg(workspace::target().join("sdk"))
            .env("POSTERN_GUESTS", workspace::guests()),
    )
}

/// The same recorded invocations, on every architecture: fuel and output must be the same
/// bytes. `wanted` means that a machine that cannot do it fails.
fn cross(wanted: bool) -> Result<()> {
    let what = "determinism on aarch64 and armv7";
    if !workspace::root()
        .join("daemon/tests/determinism.rs")
        .exists()
    {
        if wanted {
            bail!("there is no daemon/tests/determinism.rs");
        }
        step::skip(what, "there is no daemon/tests/determinism.rs");
        return Ok(());
    }
    match setup::cross() {
        Ok(targets) => targets.iter().try_for_each(cross_one),
        Err(error) if wanted => Err(error),
        Err(error) => {
            step::skip(what, &format!("{error:#}"));
            Ok(())
        }
    }
}

fn cross_one(target: &Cross) -> Result<()> {
    let runner =
        process::find(target.runner).with_context(|| format!("{} has vanished", target.runner))?;
    let target_dir = match target.rust {
        RustStd::Toolchain => workspace::target().join("cross"),
        RustStd::Debian => workspace::cache().join("cross"),
    };
    let mut command = target.rust.cargo("test", target.triple);
    command
        .args([
            "--package",
            "postern-daemon",
            "--test",
            "determinism",
            "--target-dir",
        ])
        .arg(&target_dir)
        .env(setting(target.triple, "LINKER"), target.linker)
        .envs(target.c_compiler())
        .env(setting(target.triple, "RUNNER"), runner)
        .env(setting(target.triple, "RUSTFLAGS"), target.flags)
        .env("POSTERN_GUESTS", workspace::guests())
        .current_dir(workspace::root());
    step::loud_command(
        &format!("determinism on {} ({})", target.arch, target.triple),
        &mut command,
    )
}
