//! `postern usage`.

use super::Remote;
use clap::{Args, ValueEnum};

/// How long a period is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Period {
    /// Dates.
    Day,
    /// Months.
    Month,
}

/// `postern usage`.
#[derive(Clone, Debug, Args)]
pub struct Usage {
    /// By dates or by months, of UTC.
    #[arg(long, value_enum, default_value_t = Period::Day)]
    pub period: Period,
    /// Only from this date or month on: 2026-11-01, 2026-11.
    #[arg(long, value_name = "DATE")]
    pub since: Option<String>,
    /// Only up to this date or month.
    #[arg(long, value_name = "DATE")]
    pub until: Option<String>,
    /// Only of this dispatch namespace; '(account)' for the Workers outside of any.
    #[arg(long, value_name = "NAME")]
    pub namespace: Option<String>,
    /// Only of this tenant.
    #[arg(long, value_name = "NAME")]
    pub tenant: Option<String>,
    /// Write CSV.
    #[arg(long)]
    pub csv: bool,
    /// How.
    #[command(flatten)]
    pub remote: Remote,
}
