//! `postern firmware` and `postern health`.

use super::{Remote, Source};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `postern firmware`.
#[derive(Clone, Debug, Subcommand)]
pub enum Firmware {
    /// Send a signed image to the slot that does not run, to be tried at the next start.
    ///
    /// The image is checked on the machine before its boot loader is told of it. What it then runs is
    /// kept when it works, and else the machine goes back by itself (docs/updates.md).
    #[command(
        after_help = "Examples:\n  postern firmware push target/boards/raspberry-pi-4/slot.img --reboot\n  postern firmware push slot.img --signature slot.img.minisig --allow-downgrade"
    )]
    Push(Box<FirmwarePush>),
    /// Show which slot runs, why, and what happened last.
    Status(Remote),
    /// Keep what runs, without waiting for the end of its trial.
    Confirm(Remote),
    /// Take a trial back; without one, go back to the system that ran before.
    Rollback {
        /// Restart the machine now.
        #[arg(long)]
        reboot: bool,
        /// How.
        #[command(flatten)]
        remote: Remote,
    },
}

/// `postern firmware push`.
#[derive(Clone, Debug, Args)]
pub struct FirmwarePush {
    /// The image of a slot, `slot.img`.
    #[arg(value_name = "FILE")]
    pub image: PathBuf,
    /// Its signature by minisign. Without it: FILE.minisig.
    #[arg(long, value_name = "FILE")]
    pub signature: Option<PathBuf>,
    /// Restart the machine when the image is there, so that it is tried now.
    #[arg(long)]
    pub reboot: bool,
    /// Take an image that is older than what runs.
    #[arg(long)]
    pub allow_downgrade: bool,
    /// How.
    #[command(flatten)]
    pub remote: Remote,
}

/// `postern health`.
#[derive(Clone, Debug, Args)]
pub struct Health {
    /// Ask until all is well, for so many seconds at most.
    #[arg(
        long,
        default_value_t = 0,
        value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(..=86_400)
    )]
    pub wait: u64,
    /// Ask the daemon behind --url.
    #[arg(long)]
    pub remote: bool,
    /// The data directory's configuration.
    #[command(flatten)]
    pub source: Source,
    /// How the daemon is reached.
    #[command(flatten)]
    pub port: Remote,
}
