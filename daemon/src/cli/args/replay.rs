//! `postern replay`.

use super::Remote;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `postern replay`.
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub struct Replay {
    /// What to do with the daemon's records.
    #[command(subcommand)]
    pub command: Option<Replays>,
    /// The record, as `postern replay get` wrote it. `./list` is a file, `list` is not.
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The module that the Worker was pushed as, for the names of its functions; of JavaScript they are known.
    #[arg(long, value_name = "FILE")]
    pub names: Option<PathBuf>,
    /// Do not tell where the fuel went.
    #[arg(long)]
    pub no_profile: bool,
}

/// `postern replay SUBCOMMAND`.
#[derive(Clone, Debug, Subcommand)]
pub enum Replays {
    /// List the records that the daemon keeps.
    List(Remote),
    /// Fetch a record with its code, and write it to stdout.
    Get {
        /// The invocation: the `cf-ray` of its response, or as `replay list` has it.
        ray: String,
        /// How.
        #[command(flatten)]
        remote: Remote,
    },
    /// Delete a record.
    Delete {
        /// The invocation.
        ray: String,
        /// How.
        #[command(flatten)]
        remote: Remote,
    },
}
