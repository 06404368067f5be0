//! `[metrics]`: what `/metrics` on the management port tells, and whom.

use super::amount::Amount;
use super::check::number;
use super::document::Document;
use serde::Serialize;
use toml::Spanned;

/// Workers that can have labels of their own; each is some ten lines of what is scraped.
const WORKERS_MAX: u64 = 10_000;

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawMetrics {
    workers: Option<Spanned<Amount>>,
    public: Option<bool>,
}

/// Figures for Prometheus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Metrics {
    /// Workers with labels of their own; the others are counted together.
    pub workers: u32,
    /// Whether who scrapes needs no token.
    pub public: bool,
}

pub(super) fn check(document: &mut Document<'_>, raw: &RawMetrics) -> Metrics {
    let workers = number(
        document,
        "metrics.workers",
        raw.workers.as_ref(),
        100,
        (0, WORKERS_MAX),
    );
    Metrics {
        workers: u32::try_from(workers).unwrap_or(u32::MAX),
        public: raw.public.unwrap_or(false),
    }
}
