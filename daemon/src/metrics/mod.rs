//! Figures as OpenMetrics text, which Prometheus reads: names, labels, and what they are of.
//!
//! Nothing is counted here. A [`Snapshot`] is taken of what others count anyway when somebody asks,
//! so requests pay nothing for it.

mod families;
#[cfg(any(test, feature = "otlp"))]
pub mod read;
mod series;
#[cfg(test)]
mod tests;

pub use families::{Snapshot, text};
pub use series::{Row, Series};

/// The media type of [`text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
