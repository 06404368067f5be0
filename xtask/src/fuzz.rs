//! `fuzz`: random input, for as long as one likes: modules and requests against a daemon, or mutations of a kept
//! corpus for one of the daemon's parsers.

use crate::{step, test, workspace};
use anyhow::{Result, bail};
use std::process::Command;

/// The target that takes a daemon; it is `tests/e2e/fuzz`.
const MODULES: &str = "modules";

/// The others: tests of the daemon named `fuzz_TARGET`, with their corpora in `tests/fuzz`.
const TARGETS: &[&str] = &[
    "abi",
    "board",
    "bundle",
    "certificates",
    "config",
    "cron",
    "headers",
    "http",
    "kv",
    "meter",
    "multipart",
    "redirects",
    "routing",
];

/// The arguments of `fuzz`.
#[derive(clap::Args)]
pub struct Arguments {
    /// What is tried: `modules` (random modules and requests against a daemon), or `abi`, `board`, `bundle`,
    /// `certificates`, `config`, `cron`, `headers`, `http`, `kv`, `meter`, `multipart`, `redirects`, `routing`.
    #[arg(default_value = MODULES)]
    target: String,

    /// How long it goes on.
    #[arg(long, value_name = "MINUTES", conflicts_with = "seconds")]
    minutes: Option<u64>,

    /// The same in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    seconds: u64,

    /// The first round's seed, or with `--once` the only one's. By the clock if there is none.
    #[arg(long)]
    seed: Option<u64>,

    /// One round alone, to see a failure again; without a daemon, as many as `cargo test` does.
    #[arg(long, requires = "seed")]
    once: bool,
}

/// Runs the target with these settings.
pub fn run(arguments: &Arguments) -> Result<()> {
    let target = arguments.target.as_str();
    if target != MODULES && !TARGETS.contains(&target) {
        bail!(
            "there is no target {target}; there are {MODULES}, {}",
            TARGETS.join(", ")
        );
    }
    let clock = || {
        let since = std::time::UNIX_EPOCH.elapsed();
        since.map_or(1, |since| since.as_secs())
    };
    let seed = arguments.seed.unwrap_or_else(clock);
    let mut command = Command::new(workspace::cargo());
    if target == MODULES {
        command
            .args([
                "test",
                "--package",
                "postern-e2e",
                "--test",
                "e2e",
                "fuzz::",
            ])
            .env("POSTERN_BIN", test::daemon()?);
    } else {
        let filter = format!("fuzz_{target}");
        command.args(["test", "--package", "postern-daemon", "--lib", &filter]);
    }
    command
        .args(["--", "--nocapture"])
        .env("POSTERN_FUZZ_SEED", seed.to_string())
        .current_dir(workspace::root());
    if !arguments.once {
        let seconds = arguments
            .minutes
            .map_or(arguments.seconds, |it| it.saturating_mul(60));
        command.env("POSTERN_FUZZ_SECONDS", seconds.to_string());
    }
    step::loud_command(&format!("{target} from seed {seed}"), &mut command)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_corpus_has_a_target_and_every_target_a_corpus() {
        let folder = workspace::root().join("tests/fuzz");
        let mut found: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        found.sort();
        assert_eq!(found, TARGETS);
    }
}
