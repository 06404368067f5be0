//! The arguments of `postern explain`.

use super::Remote;
use clap::Args;

/// `postern explain`
#[derive(Debug, Args)]
pub struct Explain {
    /// The request's ray: the `cf-ray` of its answer. Without it the newest are listed.
    #[arg(value_name = "RAY_ID")]
    pub ray: Option<String>,
    /// How many are listed.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: u32,
    /// Whom to ask.
    #[command(flatten)]
    pub remote: Remote,
}
