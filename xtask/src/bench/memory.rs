//! Memory: what a Worker costs that has answered once and waits, warm or evicted.

use super::report::{Figure, Row};
use super::{Bench, load};
use crate::daemon::Daemon;
use crate::{guests, machine, step};
use anyhow::{Context, Result, bail};
use std::time::{Duration, Instant};

/// Workers beside the first, when all are to stay warm.
const WARM: u64 = 100;
/// Workers beside the first, when all are evicted. More, since each is little.
const EVICTED: u64 = 200;
/// How long evictions may take: isolates rest for a minute before they go, which no setting
/// shortens, and the daemon looks for such now and then.
const EVICTION_PATIENCE: Duration = Duration::from_secs(180);

/// RSS idle with one Worker, and what each further one adds: warm, and evicted.
pub fn rows(bench: &Bench) -> Result<Vec<Row>> {
    let daemon = bench.daemon()?;
    push_and_ask(&daemon, 1)?;
    let one = machine::rss_bytes(daemon.id())?;
    push_and_ask(&daemon, WARM)?;
    let warm = machine::rss_bytes(daemon.id())?;
    daemon.stop()?;
    Ok(vec![
        Row::new("RSS idle with one Worker", Figure::Bytes(one)).at_most(Figure::Bytes(8 << 20)),
        Row::new(
            "RSS a further warm Worker, the engine's part included",
            Figure::Bytes(warm.saturating_sub(one) / WARM),
        ),
        Row::new("RSS of an evicted Worker", Figure::Bytes(evicted(bench)?)),
    ])
}

/// Both figures are of a time when no isolate is left, so what the first eviction made the
/// process keep is in neither's difference.
fn evicted(bench: &Bench) -> Result<u64> {
    let daemon = bench.daemon()?;
    push_and_ask(&daemon, 1)?;
    await_evictions(&daemon)?;
    let one = machine::rss_bytes(daemon.id())?;
    push_and_ask(&daemon, EVICTED)?;
    await_evictions(&daemon)?;
    let all = machine::rss_bytes(daemon.id())?;
    daemon.stop()?;
    Ok(all.saturating_sub(one) / EVICTED)
}

/// Deploys so many Workers and has each serve one request.
fn push_and_ask(daemon: &Daemon, count: u64) -> Result<()> {
    let edge = daemon.edge();
    step::quiet(&format!("{count} Workers that answer once"), || {
        (0..count).try_for_each(|index| {
            let name = format!("worker-{count}-{index}");
            daemon.push(&guests::path("hello"), &name, &[])?;
            load::touch(&edge, &format!("/{name}/"))
        })
    })
}

/// Waits until no isolate is left.
fn await_evictions(daemon: &Daemon) -> Result<()> {
    step::quiet("isolates rest until they go", || {
        let start = Instant::now();
        loop {
            let status = daemon.call(&["status"])?;
            let count = status
                .pointer("/isolates/count")
                .and_then(serde_json::Value::as_u64)
                .with_context(|| format!("the status tells no count of isolates: {status}"))?;
            if count == 0 {
                return Ok(());
            }
            if start.elapsed() > EVICTION_PATIENCE {
                bail!(
                    "{count} isolates are left after {} s",
                    EVICTION_PATIENCE.as_secs()
                );
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    })
}
