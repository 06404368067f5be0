//! `postern tune` and `postern calibrate`.

use super::Remote;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// `postern calibrate`.
#[derive(Clone, Debug, Args)]
pub struct Calibrate {
    /// Show the last measurement, and measure nothing.
    #[arg(long, conflicts_with = "forget")]
    pub show: bool,
    /// Forget the last measurement: the board file holds again.
    #[arg(long)]
    pub forget: bool,
    /// Work on this data directory, which no running daemon may hold, in place of asking one.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// With --data-dir: the configuration file.
    #[arg(long, value_name = "FILE", requires = "data_dir")]
    pub config: Option<PathBuf>,
    /// With --data-dir: a board's name or the path of a board file.
    #[arg(long, value_name = "NAME|FILE", requires = "data_dir")]
    pub board: Option<String>,
    /// How.
    #[command(flatten)]
    pub remote: Remote,
}

/// `postern tune`.
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Tune {
    /// What to do; without it, a screen on the terminal.
    #[command(subcommand)]
    pub command: Option<TuneCommand>,
    /// How.
    #[command(flatten)]
    pub remote: Remote,
}

/// What `postern tune` does.
#[derive(Clone, Debug, Subcommand)]
pub enum TuneCommand {
    /// Show what tenants used: p50, p95, p99 and maximum of CPU, memory, wall time and subrequests.
    Show(TuneShow),
    /// Suggest limits from what was seen over 24 h, with the reason for each.
    Suggest {
        /// Whose.
        #[command(flatten)]
        whose: TuneWhose,
        /// How.
        #[command(flatten)]
        remote: Remote,
    },
    /// Tell what limits would have done to the requests of the last 24 h. Changes nothing.
    #[command(
        after_help = "Examples:\n  postern tune what-if cpu-ms=20\n  postern tune what-if cpu-ms=20 memory-bytes=8MiB --namespace production --tenant acme"
    )]
    WhatIf {
        /// A limit's key as in `[limits]`, and a whole number; bytes may have KiB, MiB or GiB behind them.
        #[arg(required = true, value_name = "LIMIT=VALUE")]
        limits: Vec<String>,
        /// Whose.
        #[command(flatten)]
        whose: TuneWhose,
        /// How.
        #[command(flatten)]
        remote: Remote,
    },
    /// Have limits hold from the next request on, and return to what was unless it is confirmed.
    ///
    /// No Worker is started anew, and no request is dropped. Without `postern tune confirm` in time
    /// what was before holds again, for those who tune over a link that the limits might cut; so it does
    /// when the daemon is restarted in between.
    #[command(
        after_help = "Examples:\n  postern tune apply cpu-ms=20 --namespace production --tenant acme --why 'spins'\n  postern tune apply cpu-ms=100 --plan pro --return-after 300\n  postern tune apply cpu-ms=off --namespace production --keep"
    )]
    Apply(TuneApply),
    /// Keep what was applied.
    Confirm {
        /// The number that `tune apply` told; without it, whatever waits.
        trial: Option<u64>,
        /// How.
        #[command(flatten)]
        remote: Remote,
    },
    /// Take back a change: the last one, or that of a number in `tune history`.
    Undo {
        /// The change.
        change: Option<u64>,
        /// Why, for the history.
        #[arg(long, default_value = "", value_name = "TEXT")]
        why: String,
        /// How.
        #[command(flatten)]
        remote: Remote,
    },
    /// List changes of limits: who, when, what and why.
    History {
        /// So many at most.
        #[arg(long, default_value_t = 20, value_name = "COUNT")]
        count: usize,
        /// How.
        #[command(flatten)]
        remote: Remote,
    },
}

/// `postern tune show`.
#[derive(Clone, Debug, Args)]
pub struct TuneShow {
    /// How far back.
    #[arg(long, value_enum, default_value_t = TuneWindow::Day)]
    pub window: TuneWindow,
    /// What the tenants are sorted by, the greatest maximum first.
    #[arg(long, value_enum, default_value_t = TuneSort::Requests)]
    pub sort: TuneSort,
    /// Whose.
    #[command(flatten)]
    pub whose: TuneWhose,
    /// How.
    #[command(flatten)]
    pub remote: Remote,
}

/// How far back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TuneWindow {
    /// The last hour.
    #[value(name = "1h")]
    Hour,
    /// The last day.
    #[value(name = "24h")]
    Day,
}

impl TuneWindow {
    /// As the management port has it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::Day => "24h",
        }
    }
}

/// What tenants are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TuneSort {
    /// Requests.
    Requests,
    /// CPU time.
    Cpu,
    /// Memory.
    Memory,
    /// Wall time.
    Wall,
    /// Subrequests.
    Subrequests,
    /// Requests that a limit cut.
    Cut,
    /// Names.
    Name,
}

/// Whose figures.
#[derive(Clone, Debug, Default, Args)]
pub struct TuneWhose {
    /// Those of a dispatch namespace. Without it, of all.
    #[arg(long, value_name = "NAME")]
    pub namespace: Option<String>,
    /// Those of a tenant in it.
    #[arg(long, value_name = "NAME", requires = "namespace")]
    pub tenant: Option<String>,
}

/// `postern tune apply`.
#[derive(Clone, Debug, Args)]
pub struct TuneApply {
    /// A limit's key as in `[limits]`, and a whole number, or `off` for none at this level.
    #[arg(required = true, value_name = "LIMIT=VALUE")]
    pub limits: Vec<String>,
    /// Of all who have this plan.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["namespace", "tenant", "script"])]
    pub plan: Option<String>,
    /// Of a dispatch namespace.
    #[arg(long, value_name = "NAME", required_unless_present = "plan")]
    pub namespace: Option<String>,
    /// Of a tenant in it.
    #[arg(
        long,
        value_name = "NAME",
        requires = "namespace",
        conflicts_with = "script"
    )]
    pub tenant: Option<String>,
    /// Of a script in it.
    #[arg(long, value_name = "NAME", requires = "namespace")]
    pub script: Option<String>,
    /// Seconds after which what was before holds again, unless it is confirmed.
    #[arg(
        long,
        default_value_t = 60,
        value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(5..=86_400),
        conflicts_with = "keep"
    )]
    pub return_after: u64,
    /// Keep it without `tune confirm`.
    #[arg(long)]
    pub keep: bool,
    /// Why, for the history.
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub why: String,
    /// The revision that `tune history` showed: refuse if somebody else was there since.
    #[arg(long, value_name = "NUMBER")]
    pub revision: Option<u64>,
    /// How.
    #[command(flatten)]
    pub remote: Remote,
}
