//! `test`: every test there is, with what they need built first.

use crate::{
    board_test, build, compare, guests, javascript, package, setup, step, tls, types, workspace,
};
use anyhow::Result;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// Modules of `tests/e2e` that try what tenants' code can do to the engine. wasmi's dispatch keeps
/// off the native stack only where its steps compile to tail calls, which is up to the
/// optimiser: what holds in a build for tests must be seen to hold in the one that is shipped.
const ENGINE_FACING: [&str; 5] = ["instructions", "hostile", "limits", "swap", "wasi"];

/// The arguments of `test`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only the engine's determinism on other architectures.
    #[arg(long, conflicts_with_all = ["no_cross", "no_release", "release"])]
    cross: bool,

    /// Only the daemon's tests for this board, a file in `boards/` without `.toml`, under qemu: the
    /// engine's, the ABI's and the store's, and the engine's determinism. On armv7 once for each kind
    /// of wasmi's dispatch. `-- NAME` runs those of the daemon's tests with this name instead.
    #[arg(long, value_name = "BOARD", conflicts_with_all = ["cross", "no_cross", "no_release", "release", "nightly"])]
    board: Option<String>,

    /// Without other architectures.
    #[arg(long)]
    no_cross: bool,

    /// Only the end-to-end tests that also run on the release binary, on that.
    #[arg(long, conflicts_with_all = ["no_cross", "no_release"])]
    release: bool,

    /// Without the release binary, whose build takes minutes.
    #[arg(long)]
    no_release: bool,

    /// Only the crash test, with 1,000 kills instead of 50.
    #[arg(long, conflicts_with_all = ["cross", "no_cross", "release", "no_release"])]
    nightly: bool,

    /// Only the Debian package: made, installed in a system in a folder, run under its unit's sandbox, upgraded,
    /// removed. Takes root and, beside the build, two minutes; three more the first time.
    #[arg(long, conflicts_with_all = ["cross", "no_cross", "release", "no_release", "nightly", "board"])]
    package: bool,

    /// Passed on to `cargo test`, such as a test's name.
    #[arg(last = true)]
    rest: Vec<OsString>,
}

/// Runs them. The workspace's own come last, so that their result is what one sees.
pub fn run(arguments: &Arguments) -> Result<()> {
    let start = Instant::now();
    if arguments.package {
        // Another binary, to look for a mistake without building the one that is shipped.
        let other = std::env::var_os("POSTERN_BIN").map(PathBuf::from);
        package::test(other.as_deref())?;
    } else if let Some(board) = &arguments.board {
        guests::build()?;
        board_test::run(board, &arguments.rest)?;
    } else if arguments.cross {
        board_test::determinism(true)?;
    } else if arguments.release {
        guests::build()?;
        release(&arguments.rest)?;
    } else {
        guests::build()?;
        setup::https()?;
        let daemon = daemon()?;
        // With a test's name given, only the workspace can be meant.
        if arguments.rest.is_empty() && !arguments.nightly {
            sdk()?;
            javascript::check()?;
            javascript::test()?;
            compare::replay()?;
            compare::replay_services()?;
            compare::replay_apps()?;
            types::check()?;
            exports()?;
            tls::check(Some(&daemon))?;
            if !arguments.no_cross {
                board_test::determinism(false)?;
            }
            if !arguments.no_release {
                release(&[])?;
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

/// What only builds with the feature `otlp` have.
fn exports() -> Result<()> {
    step::loud_command(
        "tests of exports by OTLP",
        Command::new(workspace::cargo())
            .args(["test", "--package", "postern-daemon", "--features", "otlp"])
            .args(["--lib", "--", "otlp::", "serve::exporter::", "config::"])
            .current_dir(workspace::root()),
    )
}

fn workspace_tests(arguments: &Arguments, daemon: &Path) -> Result<()> {
    let clients = setup::clients()?;
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
        .env("POSTERN_CLIENTS", clients.node)
        .env("POSTERN_PYTHON", clients.python)
        .env("POSTERN_CHROMIUM", setup::browser()?)
        // Kept, for people to look at.
        .env("POSTERN_SHOTS", workspace::cache().join("shots"))
        .current_dir(workspace::root());
    step::loud_command("tests of the workspace", &mut command)
}

/// What faces the engine, or what `rest` says instead, on the binary as it is shipped.
fn release(rest: &[OsString]) -> Result<()> {
    let daemon = build::release()?;
    let mut command = Command::new(workspace::cargo());
    // Of the whole workspace, so that its tests need no second build of what they share.
    command.args(["test", "--workspace", "--test", "e2e", "--no-fail-fast"]);
    if rest.is_empty() {
        command
            .arg("--")
            .args(ENGINE_FACING.map(|module| format!("{module}::")));
    }
    command
        .args(rest)
        .env("POSTERN_BIN", daemon)
        .env("POSTERN_GUESTS", workspace::guests())
        .current_dir(workspace::root());
    step::loud_command("end-to-end tests on the release binary", &mut command)
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn modules_that_face_the_engine_exist() {
        // A filter that meets no test passes.
        let main = workspace::root().join("tests/e2e/main.rs");
        let text = std::fs::read_to_string(main).unwrap();
        for module in ENGINE_FACING {
            let line = format!("mod {module};");
            assert!(text.lines().any(|it| it == line), "no module {module}");
        }
    }
}
