//! `postern versions` and `postern deployments`.

use super::{InNamespace, Remote};
use clap::{Args, Subcommand};

/// A Worker, and how it is reached.
#[derive(Clone, Debug, Args)]
pub struct OfWorker {
    /// The Worker's name.
    pub name: String,
    /// Where.
    #[command(flatten)]
    pub namespace: InNamespace,
    /// How.
    #[command(flatten)]
    pub remote: Remote,
}

/// `postern versions`.
#[derive(Clone, Debug, Subcommand)]
pub enum Versions {
    /// List the versions of a Worker that are kept, the newest first.
    List(OfWorker),
    /// Show one version: its bindings, limits and what was said of it.
    View {
        /// Which Worker.
        #[command(flatten)]
        worker: OfWorker,
        /// The version's id, or `latest`.
        id: String,
    },
    /// Have one version run, or two that share the requests.
    #[command(
        after_help = "Examples:\n  postern versions deploy hello 0b9a…\n  postern versions deploy hello 0b9a…@90 77c1…@10 --guard-error-rate 2"
    )]
    Deploy(Box<VersionsDeploy>),
    /// Have a version run that ran before.
    Rollback {
        /// Which Worker.
        #[command(flatten)]
        worker: OfWorker,
        /// The version's id. Without it: the one that ran alone before what runs now.
        id: Option<String>,
        /// A message to keep with the deployment.
        #[arg(long)]
        message: Option<String>,
    },
}

/// `postern versions deploy`.
#[derive(Clone, Debug, Args)]
pub struct VersionsDeploy {
    /// Which Worker.
    #[command(flatten)]
    pub worker: OfWorker,
    /// One version's id, or two with their percentages, which add up to 100.
    #[arg(required = true, num_args = 1..=2, value_name = "ID[@PERCENTAGE]", value_parser = share)]
    pub versions: Vec<(String, f64)>,
    /// A message to keep with the deployment.
    #[arg(long)]
    pub message: Option<String>,
    /// Requests that the newer version must have had before a guard takes it back.
    #[arg(long, value_name = "COUNT", help_heading = "Guard")]
    pub guard_requests: Option<u32>,
    /// Take the newer version back when more of its requests fail, by so many percentage points.
    #[arg(long, value_name = "POINTS", help_heading = "Guard")]
    pub guard_error_rate: Option<f64>,
    /// Take it back when the 99th percentile of its fuel is more than so many times the older one's.
    #[arg(long, value_name = "FACTOR", help_heading = "Guard")]
    pub guard_fuel_p99: Option<f64>,
    /// Take it back when an isolate has more than so many times the older one's memory.
    #[arg(long, value_name = "FACTOR", help_heading = "Guard")]
    pub guard_memory: Option<f64>,
}

/// `postern deployments`.
#[derive(Clone, Debug, Subcommand)]
pub enum Deployments {
    /// List the deployments of a Worker, the one that runs first.
    List(OfWorker),
}

/// Reads `ID` or `ID@PERCENTAGE`.
fn share(text: &str) -> Result<(String, f64), String> {
    let (id, percentage) = match text.split_once('@') {
        None => (text, 100.0),
        Some((id, percentage)) => {
            let number = percentage.trim_end_matches('%').parse::<f64>();
            let number = number.ok().filter(|number| (0.0..=100.0).contains(number));
            let number = number.ok_or_else(|| {
                format!("`{percentage}` is no percentage; write ID@PERCENTAGE with 0 to 100")
            })?;
            (id, number)
        }
    };
    match id.is_empty() {
        true => Err("the version has no id; `postern versions list` shows them".to_owned()),
        false => Ok((id.to_owned(), percentage)),
    }
}
