//! `[replay]`: which invocations are recorded, and what is kept of that.

use super::amount::Amount;
use super::check::{count, number};
use super::document::Document;
use crate::board::Board;
use serde::Serialize;
use toml::Spanned;

/// Names in `replay.off`.
const OFF_MAX: usize = 1024;

/// Records of invocations, to be run again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Replay {
    /// Which invocations.
    pub record: Recording,
    /// With `sampled`: one of so many that did not fail.
    pub sample: u32,
    /// Bytes that are written down of an isolate.
    pub isolate_bytes: u64,
    /// Bytes of all records and of the code that belongs to them.
    pub bytes: u64,
    /// Records that are kept.
    pub records: u32,
    /// Records that are written in a minute.
    pub per_minute: u32,
    /// Whether header fields and parts of URLs that look secret are replaced.
    pub redact: bool,
    /// Namespaces, and scripts as NAMESPACE/SCRIPT, that are never recorded.
    pub off: Vec<String>,
}

/// Which invocations are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recording {
    /// None.
    Off,
    /// Those that were cut or failed.
    Failures,
    /// These, and some of the others.
    Sampled,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawReplay {
    pub record: Option<Recording>,
    pub sample: Option<Spanned<Amount>>,
    pub isolate_bytes: Option<Spanned<Amount>>,
    pub bytes: Option<Spanned<Amount>>,
    pub records: Option<Spanned<Amount>>,
    pub per_minute: Option<Spanned<Amount>>,
    pub redact: Option<bool>,
    pub off: Option<Spanned<Vec<String>>>,
}

pub(super) fn check(document: &mut Document<'_>, raw: RawReplay, board: &Board) -> Replay {
    let off = raw.off.map(|off| {
        if off.get_ref().len() > OFF_MAX {
            document.problem(
                Some(off.span()),
                format!(
                    "replay.off has {} names, the limit is {OFF_MAX}",
                    off.get_ref().len()
                ),
                "name whole namespaces, or give scripts the tag replay:off",
            );
        }
        off.into_inner()
    });
    let whole = board.budgets.tenant_memory_bytes;
    let isolate = (16 << 10, (whole / 16).max(64 << 10));
    Replay {
        record: raw.record.unwrap_or(Recording::Off),
        sample: count(
            document,
            "replay.sample",
            raw.sample.as_ref(),
            1000,
            1_000_000,
        ),
        isolate_bytes: number(
            document,
            "replay.isolate-bytes",
            raw.isolate_bytes.as_ref(),
            (128_u64 << 10).min(isolate.1),
            isolate,
        ),
        bytes: number(
            document,
            "replay.bytes",
            raw.bytes.as_ref(),
            16 << 20,
            (1 << 20, 1 << 30),
        ),
        records: count(document, "replay.records", raw.records.as_ref(), 64, 4096),
        per_minute: count(
            document,
            "replay.per-minute",
            raw.per_minute.as_ref(),
            30,
            6000,
        ),
        redact: raw.redact.unwrap_or(true),
        off: off.unwrap_or_default(),
    }
}
