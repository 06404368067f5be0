//! Every room's figures at one moment, for `/metrics`, and whether requests should come here.

use super::status::{Status, disk, rss_bytes};
use crate::analytics::Analytics;
use crate::cache::Cache;
use crate::config;
use crate::logpush::Logpush;
use crate::manage::{MetricsKey, Probes};
use crate::metrics::{self, Series, Snapshot};
use crate::outbound::Outbound;
use crate::store::Store;
use crate::tail::Tails;
use parking_lot::Mutex;
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

/// The key for `/metrics`, below the data directory.
const KEY: &str = "metrics.key";
/// Bytes of that file that are read.
const KEY_MAX: u64 = 256;
/// Bytes that a key has at least, or it is made anew.
const KEY_MIN: usize = 16;
/// Bytes that must be free where the data are for the store to take writes.
const FREE_MIN: u64 = 1 << 20;

/// What the daemon is doing with itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// It does not serve yet.
    Starting = 0,
    /// It serves.
    Serving = 1,
    /// It finishes what is in flight.
    Stopping = 2,
}

/// The rooms that have figures, and the daemon's phase.
pub struct Figures {
    status: Arc<Status>,
    store: Store,
    rooms: Told,
    series: Mutex<Series>,
    key: Option<String>,
    is_public: bool,
    started_s: f64,
    phase: AtomicU8,
    judging: AtomicU8,
    /// How many records exports lost, where there are exports.
    lost: OnceLock<Lost>,
}

type Lost = Box<dyn Fn() -> u64 + Send + Sync>;

/// The rooms beside those that the status has.
pub struct Told {
    /// Other servers.
    pub outbound: Outbound,
    /// Answers that are kept.
    pub cache: Cache,
    /// Tail Workers.
    pub tails: Tails,
    /// Jobs.
    pub logpush: Logpush,
    /// Data points.
    pub analytics: Analytics,
}

impl Figures {
    /// Of these rooms.
    pub fn new(config: &config::Metrics, status: Arc<Status>, store: Store, rooms: Told) -> Self {
        let key = match config.public {
            true => None,
            false => key(&status.data_dir),
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            status,
            store,
            rooms,
            series: Mutex::new(Series::new(config.workers as usize)),
            key,
            is_public: config.public,
            started_s: now.map_or(0.0, |since| since.as_secs_f64()),
            phase: AtomicU8::new(Phase::Starting as u8),
            judging: AtomicU8::new(1),
            lost: OnceLock::new(),
        }
    }

    /// The daemon goes on to this.
    pub fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    /// What another build of the engine had judged has been judged again.
    pub fn judged(&self) {
        self.judging.store(0, Ordering::Relaxed);
    }

    /// Has figures of exports, too. Once only; a second call changes nothing.
    #[cfg(feature = "otlp")]
    pub fn with_exports(&self, lost: impl Fn() -> u64 + Send + Sync + 'static) {
        let _ = self.lost.set(Box::new(lost));
    }

    fn is_in(&self, phase: Phase) -> bool {
        self.phase.load(Ordering::Relaxed) == phase as u8
    }

    fn snapshot(&self) -> Snapshot {
        let status = &self.status;
        let edge = status.edge.figures();
        let budget = status.engine.budget();
        let (running, pending) = status.catalog.counts();
        let (isolates, parked) = (status.engine.isolates(), status.engine.parked());
        let tails = self.rooms.tails.counts();
        let points = self.rooms.analytics.counts();
        let (cached, answers) = self.rooms.cache.size();
        let (connections, connections_max) = self.rooms.outbound.connections();
        let jobs = self.rooms.logpush.jobs();
        let lost = jobs.iter().map(|(_, state)| state.dropped).sum();
        let waiting = jobs.iter().map(|(_, state)| state.waiting_bytes as u64);
        let workers = self.series.lock().rows(status.observe.all_counts());
        Snapshot {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            board: status.board.clone(),
            started_s: self.started_s,
            process_cpu_s: cpu_seconds(),
            resident_bytes: rss_bytes(),
            open_files: open_files(),
            workers,
            deployed: [running as u64, pending as u64],
            refusals: status.observe.refusals(),
            isolates: [isolates.saturating_sub(parked) as u64, parked as u64],
            waiting: status.engine.waiting() as u64,
            memory: [budget.used(), budget.limit()],
            fuel_per_ms: status.engine.fuel_per_ms(),
            connections: edge.open as u64,
            sockets: edge.sockets as u64,
            accepted: [edge.accepted, edge.refused, edge.gave_way],
            answered: [edge.rejected, edge.failed],
            commits: self.store.commits(),
            is_writable: self.is_writable().is_ok(),
            disk: disk(&status.data_dir).unwrap_or_default(),
            outbound: [connections as u64, connections_max as u64],
            cache: [cached, answers as u64],
            log_bytes: status.observe.kept_bytes() as u64,
            tails: [tails.delivered, tails.failed, tails.dropped],
            logpush: [lost, waiting.sum()],
            points: [points.taken, points.dropped, points.bytes],
            schedules: status.catalog.timetable().overview().0 as u64,
            export_dropped: self.lost.get().map(|lost| lost()),
        }
    }

    fn is_writable(&self) -> Result<(), String> {
        self.store
            .takes_writes()
            .map_err(|error| error.to_string())?;
        match disk(&self.status.data_dir) {
            Some([_, free]) if free < FREE_MIN => Err(format!(
                "{free} bytes are free where the data are, and writing needs {FREE_MIN}; make room"
            )),
            _ => Ok(()),
        }
    }
}

impl Probes for Figures {
    fn ready(&self) -> Result<(), String> {
        if self.is_stopping() {
            return Err("stopping: requests in flight are being finished".to_owned());
        }
        if !self.is_in(Phase::Serving) {
            return Err("starting".to_owned());
        }
        if self.judging.load(Ordering::Relaxed) > 0 {
            return Err("starting: Workers are being judged again for this version".to_owned());
        }
        self.is_writable()
    }

    fn is_stopping(&self) -> bool {
        self.is_in(Phase::Stopping)
    }

    fn metrics(&self) -> String {
        metrics::text(self.snapshot())
    }

    fn metrics_key(&self) -> MetricsKey<'_> {
        match (&self.key, self.is_public) {
            (_, true) => MetricsKey::Public,
            (Some(key), false) => MetricsKey::Key(key),
            (None, false) => MetricsKey::None,
        }
    }
}

/// The key that opens `/metrics` alone: kept, so that who scrapes needs no other after a restart.
fn key(data_dir: &Path) -> Option<String> {
    let path = data_dir.join(KEY);
    let kept = || {
        let mut text = String::new();
        let file = std::fs::File::open(&path).ok()?;
        file.take(KEY_MAX).read_to_string(&mut text).ok()?;
        Some(text.trim().to_owned()).filter(|text| text.len() >= KEY_MIN)
    };
    if let Some(key) = kept() {
        return Some(key);
    }
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).ok()?;
    let key = crate::catalog::name::hex(&bytes);
    // One that is too short to be one.
    let _ = std::fs::remove_file(&path);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .and_then(|mut file| file.write_all(format!("{key}\n").as_bytes()));
    if let Err(error) = written {
        log::warn!(
            "cannot write `{}`: {error}; /metrics needs a token of the management port",
            path.display()
        );
        return None;
    }
    Some(key)
}

/// Seconds of CPU that this process has used.
fn cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Files that this process has open; 0 where the system does not tell.
fn open_files() -> u64 {
    // The one by which they are listed is among them.
    std::fs::read_dir("/proc/self/fd").map_or(0, |all| all.count().saturating_sub(1) as u64)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_key_stays_and_is_for_this_user_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(KEY);
        std::fs::write(&path, "short\n").unwrap();
        let first = key(dir.path()).unwrap();
        assert_eq!(first.len(), 64);
        assert_eq!(key(dir.path()).unwrap(), first);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(key(&dir.path().join("nowhere")), None);
    }
}
