//! `miri`: the sources' `unsafe` in an interpreter that sees undefined behaviour, as far as it can run them.
//!
//! What it cannot run: what maps files, forks, switches stacks or asks the kernel (`engine/mapping.rs`, `judges.rs`,
//! `rewriter/machine.rs`, `init`), the allocator, whose figures come from the C library (`engine/heap.rs`), and
//! `guest-abi/js`, which is C beside Rust and for wasm alone.

use crate::{process, step, workspace};
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

/// The toolchain that has it.
const TOOLCHAIN: &str = "+nightly";
/// Cases of a property: each takes seconds here.
const CASES: &str = "4";
/// Between two looks at a command.
const LOOK: Duration = Duration::from_millis(200);

/// The arguments of `miri`.
#[derive(clap::Args)]
pub struct Arguments {
    /// How long all of it may take. What is not reached is told, and is no failure.
    #[arg(long, value_name = "MINUTES", default_value_t = 20)]
    minutes: u64,
}

/// Something that it runs.
struct Part {
    what: &'static str,
    /// The folder of its workspace, from the root.
    folder: &'static str,
    arguments: &'static [&'static str],
}

/// What it runs: where `unsafe` is, and what reads what strangers wrote.
const PARTS: &[Part] = &[
    Part {
        what: "the ABI's forms, by postcard",
        folder: "",
        arguments: &["--package", "postern-abi", "--test", "forms"],
    },
    Part {
        what: "the board file's parser",
        folder: "",
        arguments: &["--package", "postern-board", "--lib", "amount::"],
    },
    Part {
        what: "the guests' SDK: unchecked text, numbers, connections",
        folder: "guest-abi/rust",
        arguments: &["--lib"],
    },
    Part {
        what: "the guests' SDK: its runtime and wakers",
        folder: "guest-abi/rust",
        arguments: &["--test", "interleavings"],
    },
];

/// Runs it over all parts; says why where it cannot be had.
pub fn run(arguments: &Arguments) -> Result<()> {
    if let Err(error) = obtain() {
        step::skip("Miri", &format!("{error:#}"));
        return Ok(());
    }
    let end = Instant::now() + Duration::from_secs(arguments.minutes.saturating_mul(60));
    for part in PARTS {
        if Instant::now() >= end {
            step::skip(part.what, "the time is up; give more --minutes");
            continue;
        }
        match within(end, &mut command(part))? {
            None => step::skip(part.what, "it took too long; give more --minutes"),
            Some(status) if status.success() => println!("Miri: {}: good", part.what),
            Some(status) => bail!("Miri finds something in {} ({status})", part.what),
        }
    }
    Ok(())
}

/// Makes sure that it is there; tells why it cannot be had.
pub fn obtain() -> Result<()> {
    if is_there() {
        return Ok(());
    }
    if process::find("rustup").is_none() {
        bail!("it comes with rustup, which is not here");
    }
    let profile = ["--profile", "minimal"];
    let commands: [&[&str]; 2] = [
        &["toolchain", "install", "nightly"],
        &[
            "component",
            "add",
            "--toolchain",
            "nightly",
            "miri",
            "rust-src",
        ],
    ];
    for (at, arguments) in commands.iter().enumerate() {
        let mut command = Command::new("rustup");
        command.args(*arguments);
        if at == 0 {
            command.args(profile);
        }
        step::quiet_command(&format!("rustup {}", arguments.join(" ")), &mut command)
            .context("rustup cannot have nightly with miri")?;
    }
    match is_there() {
        true => Ok(()),
        false => bail!("rustup says that it installed it, and it does not run"),
    }
}

fn is_there() -> bool {
    process::output(Command::new("cargo").args([TOOLCHAIN, "miri", "--version"])).is_some()
}

fn command(part: &Part) -> Command {
    let mut command = Command::new("cargo");
    command
        .args([TOOLCHAIN, "miri", "test"])
        .args(part.arguments)
        // Of this program's own toolchain.
        .env_remove("CARGO")
        .env_remove("RUSTC")
        .env_remove("RUSTUP_TOOLCHAIN")
        .env("CARGO_TARGET_DIR", workspace::target().join("miri"))
        // Tests read the clock and files of their own.
        .env("MIRIFLAGS", "-Zmiri-disable-isolation")
        .env("PROPTEST_CASES", CASES)
        .current_dir(workspace::root().join(part.folder));
    command
}

/// How a command ends; `None` if it did not in time, when it is ended.
fn within(end: Instant, command: &mut Command) -> Result<Option<ExitStatus>> {
    println!("{}", process::shown(command));
    let mut server = process::Server::start(command)?;
    while Instant::now() < end {
        if let Some(status) = server.ended()? {
            return Ok(Some(status));
        }
        std::thread::sleep(LOOK);
    }
    // The interpreter is a child of its own, in the same group.
    let group = i32::try_from(server.id()).ok().and_then(Pid::from_raw);
    kill_process_group(group.context("it has no group")?, Signal::TERM)?;
    server.wait(Duration::from_secs(10))?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn parts_are_where_they_are_said_to_be() {
        for part in PARTS {
            let manifest = workspace::root().join(part.folder).join("Cargo.toml");
            assert!(manifest.is_file(), "{}", part.what);
        }
        let slow = command(&PARTS[0]);
        assert!(slow.get_envs().any(|(name, _)| name == "PROPTEST_CASES"));
    }

    #[test]
    fn what_takes_too_long_is_ended() {
        let mut slow = Command::new("sleep");
        slow.arg("600");
        let end = Instant::now();
        assert_eq!(within(end, &mut slow).unwrap(), None);
        let mut quick = Command::new("true");
        let end = Instant::now() + Duration::from_secs(60);
        assert!(within(end, &mut quick).unwrap().unwrap().success());
    }
}
