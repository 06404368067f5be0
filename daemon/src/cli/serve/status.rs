//! What `postern status` shows: the daemon at a glance.

use super::memory::{self, Memory};
use crate::board::Planes;
use crate::catalog::{Catalog, shown_time};
use crate::config::Routing;
use crate::edge::Edge;
use crate::engine::limits::ADMISSION;
use crate::engine::{Engine, GuestKind};
use crate::manage::StatusSource;
use crate::manage::claim::Claim;
use crate::observe::Observe;
use crate::tune::Tune;
use parking_lot::RwLock;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// Tells how something is.
pub type Shown = Box<dyn Fn() -> Value + Send + Sync>;

/// Where the figures come from.
pub struct Status {
    /// When the daemon started.
    pub started: Instant,
    /// The board's name.
    pub board: String,
    /// How its memory is divided.
    pub planes: Planes,
    /// What of it is counted as it is taken.
    pub memory: Memory,
    /// The engine.
    pub engine: Engine,
    /// Where its data are.
    pub data_dir: PathBuf,
    /// What is deployed.
    pub catalog: Arc<Catalog>,
    /// The data plane.
    pub edge: Arc<Edge<super::routes::Running>>,
    /// Logs and figures of Workers.
    pub observe: Observe,
    /// What their invocations used.
    pub tune: Tune,
    /// What had to be done to open the store.
    pub store_notes: Vec<String>,
    /// Where the data plane listens, first without TLS.
    pub listen: OnceLock<Vec<SocketAddr>>,
    /// Where it does with TLS.
    pub listen_tls: OnceLock<Vec<SocketAddr>>,
    /// What the management port's certificate is known by, if it has one.
    pub certificate: RwLock<Option<String>>,
    /// Whether the gateway is anybody's.
    pub claim: Arc<Claim>,
    /// How it stands with the edge's certificate, if one is issued to it.
    pub acme: RwLock<Option<Shown>>,
    /// How requests find their Workers.
    pub routing: RwLock<Routing>,
}

impl StatusSource for Status {
    fn ledger(&self) -> Value {
        memory::ledger(self)
    }

    fn status(&self) -> Value {
        let (running, pending) = self.catalog.counts();
        let edge = self.edge.figures();
        let budget = self.engine.budget();
        let (triggers, next_ms) = self.catalog.timetable().overview();
        let shown = |ms| shown_time(i64::try_from(ms).unwrap_or(i64::MAX));
        let mut requests = 0;
        let mut errors = 0;
        let mut fuel = 0u64;
        let mut startup_fuel = 0u64;
        let mut refused = [0; ADMISSION.len()];
        for (_, _, counts) in self.observe.all_counts() {
            requests += counts.requests;
            for (all, count) in refused.iter_mut().zip(counts.refused) {
                *all += count;
            }
            errors += counts.errors();
            fuel = fuel.saturating_add(counts.fuel);
            startup_fuel = startup_fuel.saturating_add(counts.startup_fuel);
        }
        let refused: serde_json::Map<String, Value> = (ADMISSION.iter().zip(refused))
            .map(|(limit, count)| ((*limit).to_owned(), count.into()))
            .collect();
        let splits = self.catalog.splits().into_iter();
        let splits: Vec<Value> = splits
            .map(|(namespace, script, versions)| {
                let versions = versions.into_iter().map(|(version, share, counted)| {
                    let mut shown = counted.shown();
                    shown["version_id"] = version.uuid().into();
                    shown["percentage"] = (f64::from(share) / 100.0).into();
                    shown
                });
                json!({"namespace": namespace, "script": script, "versions": versions.collect::<Vec<_>>()})
            })
            .collect();
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "engine": self.engine.build(GuestKind::JavaScript),
            "board": self.board,
            "confinement": confinement(),
            "uptime_s": self.started.elapsed().as_secs(),
            "rss_bytes": rss_bytes(),
            "workers": { "running": running, "pending": pending },
            "isolates": {
                "count": self.engine.isolates(),
                "parked": self.engine.parked(),
                "waiting": self.engine.waiting(),
                "memory_bytes": budget.used(),
                "memory_limit_bytes": budget.limit(),
            },
            "splits": splits,
            "requests": { "total": requests, "errors": errors, "refused": refused },
            "fuel": { "total": fuel, "startup": startup_fuel },
            "edge": {
                "listen": self.listen.get(),
                "listen_tls": self.listen_tls.get(),
                "connections": edge.open,
                "accepted": edge.accepted,
                "refused": edge.refused,
                "rejected": edge.rejected,
                "failed": edge.failed,
                "acme": self.acme.read().as_ref().map(|it| it()),
            },
            "manage": { "certificate": &*self.certificate.read(), "claim": self.claim.shown() },
            "routing": &*self.routing.read(),
            "logs": { "bytes": self.observe.kept_bytes() },
            "cron": { "triggers": triggers, "next": next_ms.map(shown) },
            "fuel_per_ms": self.engine.fuel_per_ms(),
            "store": { "notes": self.store_notes },
            "disk": disk(&self.data_dir).map(|[used, free]| json!({
                "used_bytes": used,
                "free_bytes": free,
            })),
        })
    }
}

/// What the process gave up, by name.
fn confinement() -> Value {
    let parts = crate::confine::held().iter();
    let told: serde_json::Map<String, Value> = parts
        .map(|part| {
            (
                part.name.to_owned(),
                json!({"holds": part.holds, "why": part.why}),
            )
        })
        .collect();
    match told.is_empty() {
        true => "off".into(),
        false => told.into(),
    }
}

/// The same figures for whoever else holds them.
pub struct Shared(pub Arc<Status>);

impl StatusSource for Shared {
    fn status(&self) -> Value {
        self.0.status()
    }

    fn ledger(&self) -> Value {
        self.0.ledger()
    }
}

/// The file system with the data: bytes in use, by whomever, and bytes that are free for this process.
pub(super) fn disk(data_dir: &Path) -> Option<[u64; 2]> {
    let it = rustix::fs::statvfs(data_dir).ok()?;
    Some([
        it.f_blocks
            .saturating_sub(it.f_bfree)
            .saturating_mul(it.f_frsize),
        it.f_bavail.saturating_mul(it.f_frsize),
    ])
}

/// Bytes of memory that this process has in RAM; 0 where the system does not tell.
pub(super) fn rss_bytes() -> u64 {
    std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|statm| statm.split(' ').nth(1)?.parse::<u64>().ok())
        .map_or(0, |pages| pages * rustix::param::page_size() as u64)
}
