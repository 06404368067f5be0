//! Memory: what a Worker costs that has answered once and waits, warm or evicted.

use super::report::{Figure, Row};
use super::{Bench, load};
use crate::daemon::Daemon;
use crate::{guests, machine, step};
use anyhow::{Context, Result, bail};
use std::time::{Duration, Instant};

/// Workers beside the first, when all are to stay warm.
const WARM: u64 = 100;
/// Workers beside the first, when all are evicted.
const EVICTED: u64 = 999;
/// Isolates stay for as long as the default is, which is longer than what is measured takes; the
/// daemon gives freed memory back every ten seconds then.
const WARM_REST: Duration = Duration::from_secs(12);
/// Isolates go after a second, and the daemon looks for such four times a second.
pub const EVICTING: &str = "\n[engine]\nisolate-idle-ms = 1000\n";
/// For what is freed by the last evictions to be given back.
const EVICTED_REST: Duration = Duration::from_secs(2);
/// How long evictions may take.
const EVICTION_PATIENCE: Duration = Duration::from_secs(60);

/// RSS idle without and with one Worker, and what each further one adds: warm, and evicted.
pub fn rows(bench: &Bench) -> Result<Vec<Row>> {
    let daemon = bench.daemon()?;
    rest(WARM_REST);
    let none = machine::rss_bytes(daemon.id())?;
    push_and_ask(&daemon, 1)?;
    rest(WARM_REST);
    let one = machine::rss_bytes(daemon.id())?;
    push_and_ask(&daemon, WARM)?;
    rest(WARM_REST);
    let warm = machine::rss_bytes(daemon.id())?;
    daemon.stop()?;
    let mut rows = vec![
        Row::new("RSS idle without a Worker", Figure::Bytes(none)).at_most(Figure::Bytes(8 << 20)),
        Row::new("RSS idle with one Worker", Figure::Bytes(one)).at_most(Figure::Bytes(8 << 20)),
        Row::new(
            "RSS a further warm Worker, the engine's part included",
            Figure::Bytes(warm.saturating_sub(one) / WARM),
        ),
    ];
    rows.extend(evicted(bench)?);
    Ok(rows)
}

/// All figures are of a time when no isolate is left, so what the first eviction made the
/// process keep is in no difference.
fn evicted(bench: &Bench) -> Result<Vec<Row>> {
    let daemon = bench.daemon_with(EVICTING)?;
    push_and_ask(&daemon, 1)?;
    await_evictions(&daemon)?;
    let one = machine::rss_bytes(daemon.id())?;
    push_and_ask(&daemon, EVICTED)?;
    await_evictions(&daemon)?;
    let all = machine::rss_bytes(daemon.id())?;
    daemon.stop()?;
    let slope = all.saturating_sub(one) / EVICTED;
    Ok(vec![
        Row::new("RSS of an evicted Worker", Figure::Bytes(slope)).at_most(Figure::Bytes(4 << 10)),
        Row::new(
            "RSS idle with 1,000 Workers, all evicted",
            Figure::Bytes(all),
        )
        .at_most(Figure::Bytes(48 << 20)),
    ])
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

/// Lets the daemon come to rest.
fn rest(time: Duration) {
    std::thread::sleep(time);
}

/// Waits until no isolate is left.
pub fn await_evictions(daemon: &Daemon) -> Result<()> {
    step::quiet("isolates rest until they go", || {
        let start = Instant::now();
        loop {
            let count = isolates(daemon)?;
            if count == 0 {
                rest(EVICTED_REST);
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

/// Isolates that there are.
pub fn isolates(daemon: &Daemon) -> Result<u64> {
    let status = daemon.call(&["status"])?;
    status
        .pointer("/isolates/count")
        .and_then(serde_json::Value::as_u64)
        .with_context(|| format!("the status tells no count of isolates: {status}"))
}
