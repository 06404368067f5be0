//! Memory: what a Worker costs that has answered once and waits.

use super::report::{Figure, Row};
use super::{Bench, load};
use crate::{guests, machine, step};
use anyhow::Result;

const WORKERS: u64 = 100;

/// RSS idle with one Worker, and what each further one adds.
pub fn rows(bench: &Bench) -> Result<Vec<Row>> {
    let daemon = bench.daemon()?;
    let edge = daemon.edge();
    let push_and_ask = |name: &str| -> Result<()> {
        daemon.push(&guests::path("hello"), name, &[])?;
        load::touch(&edge, &format!("/{name}/"))
    };
    push_and_ask("first")?;
    let one = machine::rss_bytes(daemon.id())?;
    step::quiet(&format!("{WORKERS} more Workers"), || {
        (0..WORKERS).try_for_each(|index| push_and_ask(&format!("worker-{index}")))
    })?;
    let many = machine::rss_bytes(daemon.id())?;
    daemon.stop()?;
    Ok(vec![
        Row::new("RSS idle with one Worker", Figure::Bytes(one)).at_most(Figure::Bytes(8 << 20)),
        Row::new(
            "RSS a further warm Worker, the engine's part included",
            Figure::Bytes(many.saturating_sub(one) / WORKERS),
        ),
    ])
}
