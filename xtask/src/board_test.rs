//! Tests for a board: the daemon's own, built for its processor and run under qemu.

use crate::cross::Cross;
use crate::rust_std::{RustStd, setting};
use crate::{boards, step, workspace};
use anyhow::{Result, bail};
use postern_board::{Architecture, Board, Dispatch};
use std::ffi::OsString;
use std::process::Command;

/// Whose tests are run unless some are named: modules of the daemon.
const MODULES: [&str; 2] = ["engine::", "store::"];

/// The boards on which recorded invocations must have the same fuel and output as here.
const DETERMINISM: [&str; 2] = ["qemu-arm64", "qemu-armv7"];

/// Names of the tests in `daemon/tests/determinism.rs`, for a filter is for all that are run.
const RECORDED: [&str; 2] = ["fuel_and_output_are", "slices_change_nothing"];

/// Tests, by their file of `engine`, of what the kernel tells of a process's pages: qemu-user hands its own table through, in which
/// the program's addresses are others.
const NOT_EMULATED: [(&str, &str); 5] = [
    ("mapping", "what_was_touched_is_told"),
    ("mapping", "what_was_written_is_never_let_go"),
    (
        "tests/parked",
        "a_parked_isolate_goes_on_as_if_nothing_had_been",
    ),
    (
        "tests/parked",
        "what_is_in_the_middle_of_something_does_not_park",
    ),
    (
        "tests/parked",
        "who_takes_the_instance_of_a_parked_one_learns_nothing",
    ),
];

/// Bytes of a test's thread: half of what the daemon's threads have (`THREAD_STACK` of `cli/serve`).
const STACK: u32 = 1 << 20;

/// The tests of a board, with all kinds of dispatch that are in question there. `rest` names other
/// tests of the daemon than the usual ones.
pub fn run(board: &str, rest: &[OsString]) -> Result<()> {
    let board = boards::load(board)?;
    for dispatch in dispatches(&board) {
        let mut daemon = command(&board, dispatch)?;
        daemon.args(["--package", "postern-daemon", "--lib"]);
        if rest.is_empty() {
            daemon.args(["--test", "determinism", "--"]);
            daemon.args(MODULES).args(RECORDED);
            if !board.architecture.is_here() {
                for (_, name) in NOT_EMULATED {
                    daemon.args(["--skip", name]);
                }
            }
        } else {
            daemon.arg("--").args(rest);
        }
        step::loud_command(&what("tests", &board, dispatch), &mut daemon)?;
    }
    Ok(())
}

/// The same recorded invocations, on every architecture: fuel and output must be the same
/// bytes. `wanted` means that a machine that cannot do it fails.
pub fn determinism(wanted: bool) -> Result<()> {
    for name in DETERMINISM {
        let board = boards::load(name)?;
        let mut command = match command(&board, board.wasmi_dispatch) {
            Ok(command) => command,
            Err(error) if wanted => return Err(error),
            Err(error) => {
                step::skip(&format!("determinism on {name}"), &format!("{error:#}"));
                continue;
            }
        };
        command.args(["--package", "postern-daemon", "--test", "determinism"]);
        step::loud_command(
            &what("determinism", &board, board.wasmi_dispatch),
            &mut command,
        )?;
    }
    Ok(())
}

fn what(tests: &str, board: &Board, dispatch: Dispatch) -> String {
    format!("{tests} for {} ({dispatch:?} dispatch)", board.name)
}

/// Tail calls are in doubt where registers are few.
fn dispatches(board: &Board) -> Vec<Dispatch> {
    match board.architecture {
        Architecture::Arm => vec![Dispatch::Portable, Dispatch::Tail],
        _ => vec![board.wasmi_dispatch],
    }
}

/// A `cargo test` for the board.
fn command(board: &Board, dispatch: Dispatch) -> Result<Command> {
    let cross = Cross::obtain(&board.target)?;
    // A standard library that is built here is worth keeping when the checkout goes.
    let target = match cross.rust {
        RustStd::Toolchain => workspace::target().join("cross"),
        RustStd::Debian => workspace::cache().join("cross"),
    };
    if !workspace::guests().join("hello.wasm").exists() {
        bail!(
            "there are no guests in {}; build them: cargo xtask guests",
            workspace::shown(&workspace::guests())
        );
    }
    let mut command = cross.cargo("test", &boards::flags(board));
    command
        .args(["--no-default-features", "--features"])
        .arg(boards::features(board, dispatch)?)
        .arg("--target-dir")
        .arg(target)
        .env("POSTERN_GUESTS", workspace::guests());
    if let Some(runner) = cross.runner()? {
        // Not in the environment, where the compiler would take it for itself.
        let runner = format!("{} -E RUST_MIN_STACK={STACK}", runner.display());
        command.env(setting(&cross.triple, "RUNNER"), runner);
    }
    Ok(command)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn tests_that_are_named_exist() {
        // A filter that meets no test passes.
        let file = workspace::root().join("daemon/tests/determinism.rs");
        let text = std::fs::read_to_string(file).unwrap();
        for name in RECORDED {
            assert!(text.contains(&format!("fn {name}")), "{name}");
        }
        for (file, name) in NOT_EMULATED {
            let file = workspace::root().join(format!("daemon/src/engine/{file}.rs"));
            let text = std::fs::read_to_string(file).unwrap();
            assert!(text.contains(&format!("fn {name}")), "{name}");
        }
        for module in MODULES {
            let folder = workspace::root().join("daemon/src");
            assert!(folder.join(module.trim_end_matches(':')).is_dir());
        }
    }

    #[test]
    fn both_kinds_of_dispatch_are_tried_where_registers_are_few() {
        let of = |name| dispatches(&boards::load(name).unwrap());
        assert_eq!(of("lichee-pi-zero"), [Dispatch::Portable, Dispatch::Tail]);
        assert_eq!(of("qemu-arm64"), [Dispatch::Tail]);
    }
}
