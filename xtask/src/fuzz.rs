//! `fuzz`: random modules and random requests against a daemon, for as long as one likes.

use crate::{step, test, workspace};
use anyhow::Result;
use std::process::Command;

/// The arguments of `fuzz`.
#[derive(clap::Args)]
pub struct Arguments {
    /// How long it goes on.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    seconds: u64,

    /// The first round's seed, or with `--once` the only one's. By the clock if there is none.
    #[arg(long)]
    seed: Option<u64>,

    /// One round alone, to see a failure again.
    #[arg(long, requires = "seed")]
    once: bool,
}

/// Runs the end-to-end test `fuzz` with these settings.
pub fn run(arguments: &Arguments) -> Result<()> {
    let clock = || {
        let since = std::time::UNIX_EPOCH.elapsed();
        since.map_or(1, |since| since.as_secs())
    };
    let seed = arguments.seed.unwrap_or_else(clock);
    let daemon = test::daemon()?;
    let mut command = Command::new(workspace::cargo());
    command
        .args(["test", "--package", "postern-e2e", "--test", "e2e"])
        .args(["fuzz::", "--", "--nocapture"])
        .env("POSTERN_BIN", daemon)
        .env("POSTERN_FUZZ_SEED", seed.to_string())
        .current_dir(workspace::root());
    if !arguments.once {
        command.env("POSTERN_FUZZ_SECONDS", arguments.seconds.to_string());
    }
    step::loud_command(&format!("random modules from seed {seed}"), &mut command)
}
