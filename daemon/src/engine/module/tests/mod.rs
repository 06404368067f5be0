//! Modules through the whole way: judged, rewritten, run.
#![allow(clippy::unwrap_used)]

mod count;
mod generate;
mod judging;
mod metering;
mod run;
mod segments;
mod snapshots;

/// Assembles text.
fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}
