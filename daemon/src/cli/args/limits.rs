//! `postern plans` and `postern limits`.

use super::Remote;
use super::key_value;
use clap::{Args, Subcommand};

/// How a change of limits is made, and why.
#[derive(Clone, Debug, Args)]
pub struct Changing {
    /// Why, for the history.
    #[arg(long, value_name = "TEXT")]
    pub why: Option<String>,
    /// The revision that you have seen: the change is refused if somebody was faster. 0: nothing is
    /// stated yet.
    #[arg(long, value_name = "NUMBER")]
    pub revision: Option<u64>,
    /// How.
    #[command(flatten)]
    pub remote: Remote,
}

/// `postern plans`.
#[derive(Clone, Debug, Subcommand)]
pub enum Plans {
    /// List plans.
    List(Remote),
    /// Show a plan, and who was given it.
    Show {
        /// Its name.
        name: String,
        /// How.
        #[command(flatten)]
        remote: Remote,
    },
    /// State limits and quotas of a plan, which is made if it is not there. Workers that run have them
    /// from their next invocation on.
    #[command(
        after_help = "Examples:\n  postern plans set free cpu-ms=50 memory-bytes=16MiB requests-per-day=10000\n  postern plans set free cpu-ms=   (states nothing of it any more)"
    )]
    Set {
        /// Its name.
        name: String,
        /// Limits and quotas; without a value, nothing is stated of it any more.
        #[arg(value_name = "LIMIT=VALUE", value_parser = key_value)]
        limits: Vec<(String, String)>,
        /// How.
        #[command(flatten)]
        changing: Changing,
    },
    /// Delete a plan that nobody has.
    Delete {
        /// Its name.
        name: String,
        /// How.
        #[command(flatten)]
        changing: Changing,
    },
}

/// LimitsOf limits.
#[derive(Clone, Debug, Args)]
pub struct LimitsOf {
    /// NAMESPACE/SCRIPT, or NAMESPACE alone; outside of dispatch namespaces a SCRIPT with --plain, or '(account)'
    /// for all that are there.
    #[arg(value_name = "NAMESPACE[/SCRIPT]")]
    pub of: String,
    /// The name behind the slash, or with --plain the name, is a tenant's.
    #[arg(long)]
    pub tenant: bool,
    /// It is a Worker, or with --tenant a tenant, outside of dispatch namespaces.
    #[arg(long)]
    pub plain: bool,
}

/// `postern limits`.
#[derive(Clone, Debug, Subcommand)]
pub enum Limits {
    /// Show for each limit of a Worker the value that holds, where it comes from, and what was used in
    /// the last hour.
    Explain {
        /// NAMESPACE/SCRIPT, or a SCRIPT outside of dispatch namespaces.
        #[arg(value_name = "[NAMESPACE/]SCRIPT")]
        of: String,
        /// How.
        #[command(flatten)]
        remote: Remote,
    },
    /// List what is stated of namespaces, tenants and scripts.
    List(Remote),
    /// List the limits and quotas that there are.
    Keys(Remote),
    /// State limits, quotas and the plan of a namespace, a tenant or a script. Workers that run have
    /// them from their next invocation on.
    #[command(
        after_help = "Examples:\n  postern limits set prod --plan free\n  postern limits set prod/acme --tenant requests-per-day=5000 --why 'trial'\n  postern limits set prod/hello cpu-ms=20\n  postern limits set hello --plain cpu-ms=20\n  postern limits set acme --plain --tenant requests-per-day=5000\n  postern limits set '(account)' --plan free"
    )]
    Set {
        /// LimitsOf.
        #[command(flatten)]
        whose: LimitsOf,
        /// Limits and quotas.
        #[arg(value_name = "LIMIT=VALUE", value_parser = key_value)]
        limits: Vec<(String, String)>,
        /// The plan.
        #[arg(long, value_name = "NAME")]
        plan: Option<String>,
        /// How.
        #[command(flatten)]
        changing: Changing,
    },
    /// State some limits no more, or without any nothing at all.
    Unset {
        /// LimitsOf.
        #[command(flatten)]
        whose: LimitsOf,
        /// Limits and quotas, and `plan`.
        #[arg(value_name = "LIMIT")]
        limits: Vec<String>,
        /// How.
        #[command(flatten)]
        changing: Changing,
    },
    /// List who changed limits, when, what and why, the last change first.
    History {
        /// At most so many.
        #[arg(long, default_value_t = 20, value_name = "COUNT")]
        limit: u64,
        /// How.
        #[command(flatten)]
        remote: Remote,
    },
    /// Take back a change, or the last one.
    Undo {
        /// The change's number, as `limits history` shows it.
        number: Option<u64>,
        /// Why, for the history.
        #[arg(long, value_name = "TEXT")]
        why: Option<String>,
        /// How.
        #[command(flatten)]
        remote: Remote,
    },
}
