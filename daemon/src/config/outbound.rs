//! The section `[outbound]`: how tenants' requests leave the machine.

use super::amount::Amount;
use super::check::{DEADLINE_MS, count, number};
use super::document::Document;
use super::raw::{RawOutbound, Texts};
use super::{Outbound, OutboundTls, Root};
use crate::board::Board;
use std::path::Path;
use toml::Spanned;

/// Sources of roots for HTTPS.
const ROOTS_MAX: usize = 16;

pub(super) fn check(
    document: &mut Document<'_>,
    raw: RawOutbound,
    base: &Path,
    board: &Board,
) -> Outbound {
    let mut deadline = |key, raw: Option<Spanned<Amount>>, usual| {
        number(document, key, raw.as_ref(), usual, DEADLINE_MS)
    };
    let connect_deadline_ms = deadline(
        "outbound.connect-deadline-ms",
        raw.connect_deadline_ms,
        10_000,
    );
    let response_deadline_ms = deadline(
        "outbound.response-deadline-ms",
        raw.response_deadline_ms,
        100_000,
    );
    let body_deadline_ms = deadline("outbound.body-deadline-ms", raw.body_deadline_ms, 60_000);
    let connections = count(
        document,
        "outbound.connections",
        raw.connections.as_ref(),
        256,
        65_536,
    );
    // An eighth, but as many as one invocation may use, and never all.
    let all_but_one = connections.saturating_sub(1).max(1);
    let worker_connections = count(
        document,
        "outbound.worker-connections",
        raw.worker_connections.as_ref(),
        (connections / 8).max(6),
        all_but_one,
    );
    let tls_connections = count(
        document,
        "outbound.tls.connections",
        raw.tls.connections.as_ref(),
        128,
        board.budgets.connections,
    );
    let mut roots = vec![Root::System];
    if let Some(Texts(written)) = raw.tls.roots {
        if written.is_empty() || written.len() > ROOTS_MAX {
            document.problem(
                written.first().map(Spanned::span),
                format!(
                    "`outbound.tls.roots` has {} sources; 1 to {ROOTS_MAX} can be",
                    written.len()
                ),
                "write \"system\", \"built-in\" or files of PEM",
            );
        }
        roots = written
            .into_iter()
            .map(|root| match root.get_ref().as_str() {
                "system" => Root::System,
                "built-in" => Root::BuiltIn,
                path => Root::File(base.join(path)),
            })
            .collect();
    }
    Outbound {
        allow_private: raw.allow_private.unwrap_or(false),
        connections,
        worker_connections,
        tls: OutboundTls {
            roots,
            connections: tls_connections,
        },
        connect_deadline_ms,
        response_deadline_ms,
        body_deadline_ms,
    }
}
