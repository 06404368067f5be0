//! Every family there is: its name, its help, its labels, and where in a snapshot its figures are.
//!
//! `docs/observability.md` lists them; a test holds the two against each other.

use super::series::Row;
use crate::observe::OUTCOMES;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, EncodeMetric as _,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use std::fmt;

/// What is known at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// The daemon's version.
    pub version: String,
    /// The board.
    pub board: String,
    /// When the daemon started: seconds since 1970.
    pub started_s: f64,
    /// Seconds of CPU that the process has used.
    pub process_cpu_s: f64,
    /// Bytes that it has in RAM.
    pub resident_bytes: u64,
    /// Files that it has open.
    pub open_files: u64,
    /// Figures of Workers.
    pub workers: Vec<Row>,
    /// Workers that run, and those that do not yet.
    pub deployed: [u64; 2],
    /// Refusals by limit.
    pub refusals: Vec<(&'static str, u64)>,
    /// Isolates with an instance, and those that have parked.
    pub isolates: [u64; 2],
    /// Isolates that wait for their turn.
    pub waiting: u64,
    /// Bytes of tenants' memory in use, and how many there may be.
    pub memory: [u64; 2],
    /// Fuel that is taken for a millisecond.
    pub fuel_per_ms: u64,
    /// Connections that are open.
    pub connections: u64,
    /// WebSockets that are open.
    pub sockets: u64,
    /// Connections that were accepted, those of them that were refused, and those that gave way to others.
    pub accepted: [u64; 3],
    /// Answers of the edge's own, below 500 and from 500 on.
    pub answered: [u64; 2],
    /// Commits of the store.
    pub commits: u64,
    /// Whether the store takes writes.
    pub is_writable: bool,
    /// Bytes in use and free where the data are.
    pub disk: [u64; 2],
    /// Connections to other servers that are in use, and how many there may be.
    pub outbound: [u64; 2],
    /// Bytes and answers in the cache.
    pub cache: [u64; 2],
    /// Bytes of records that are kept.
    pub log_bytes: u64,
    /// Calls of Tail Workers: delivered, failed, and invocations that had no room.
    pub tails: [u64; 3],
    /// Lines for Logpush that had no room, and bytes that wait.
    pub logpush: [u64; 2],
    /// Data points taken and dropped, and bytes of them.
    pub points: [u64; 3],
    /// Cron triggers.
    pub schedules: u64,
    /// Records that exporters could not send, or `None` where nothing is exported.
    pub export_dropped: Option<u64>,
}

/// As OpenMetrics text.
pub fn text(snapshot: Snapshot) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Taken(snapshot)));
    let mut text = String::with_capacity(16 << 10);
    // Writing to a string does not fail.
    let _ = encode(&mut text, &registry);
    text
}

#[derive(Debug)]
struct Taken(Snapshot);

type Labels<'a, const N: usize> = [(&'static str, &'a str); N];

/// Writes families one after the other.
struct Families<'a>(DescriptorEncoder<'a>);

impl Families<'_> {
    fn counter<V: EncodeCounterValue>(&mut self, name: &str, help: &str, value: V) -> fmt::Result {
        self.counters(name, help, [([], value)])
    }

    fn gauge<V: EncodeGaugeValue>(&mut self, name: &str, help: &str, value: V) -> fmt::Result {
        self.gauges(name, help, [([], value)])
    }

    fn counters<'l, const N: usize, V: EncodeCounterValue>(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = (Labels<'l, N>, V)>,
    ) -> fmt::Result {
        let kind = MetricType::Counter;
        let mut family = self.0.encode_descriptor(name, help, None, kind)?;
        for (labels, value) in values {
            ConstCounter::new(value).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn gauges<'l, const N: usize, V: EncodeGaugeValue>(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = (Labels<'l, N>, V)>,
    ) -> fmt::Result {
        let kind = MetricType::Gauge;
        let mut family = self.0.encode_descriptor(name, help, None, kind)?;
        for (labels, value) in values {
            ConstGauge::new(value).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

impl Collector for Taken {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut out = Families(encoder);
        let it = &self.0;
        process(&mut out, it)?;
        workers(&mut out, it)?;
        engine(&mut out, it)?;
        edge(&mut out, it)?;
        store(&mut out, it)?;
        told(&mut out, it)
    }
}

/// The process, by the names that all exporters have.
fn process(out: &mut Families<'_>, it: &Snapshot) -> fmt::Result {
    out.gauges(
        "postern_build_info",
        "1; the labels say what runs.",
        [(
            [("version", it.version.as_str()), ("board", &it.board)],
            1u64,
        )],
    )?;
    out.counter(
        "process_cpu_seconds",
        "CPU time of the process, in seconds.",
        it.process_cpu_s,
    )?;
    out.gauge(
        "process_resident_memory_bytes",
        "Memory of the process in RAM.",
        it.resident_bytes,
    )?;
    out.gauge("process_open_fds", "Files that are open.", it.open_files)?;
    out.gauge(
        "process_start_time_seconds",
        "When the daemon started, in seconds since 1970.",
        it.started_s,
    )
}

fn workers(out: &mut Families<'_>, it: &Snapshot) -> fmt::Result {
    let rows = &it.workers;
    fn labels(row: &Row) -> Labels<'_, 2> {
        [("namespace", &row.namespace), ("script", &row.script)]
    }
    let outcomes = rows.iter().flat_map(|row| {
        OUTCOMES.into_iter().filter_map(|outcome| {
            let [namespace, script] = labels(row);
            let count = row.counts.of(outcome);
            let labels = [namespace, script, ("outcome", outcome.as_str())];
            (count > 0).then_some((labels, count))
        })
    });
    out.counters(
        "postern_worker_invocations",
        "Invocations of Workers that are over, by how they ended.",
        outcomes,
    )?;
    let fuel = rows.iter().map(|row| (labels(row), row.counts.fuel));
    out.counters(
        "postern_worker_fuel",
        "Fuel that Workers used, that of deploying them included.",
        fuel,
    )?;
    let startup = rows
        .iter()
        .map(|row| (labels(row), row.counts.startup_fuel));
    out.counters(
        "postern_worker_startup_fuel",
        "Fuel that deploying Workers took.",
        startup,
    )?;
    let cpu = rows
        .iter()
        .map(|row| (labels(row), seconds(row.counts.cpu_us)));
    out.counters(
        "postern_worker_cpu_seconds",
        "The same fuel as CPU time, by the board's rate.",
        cpu,
    )?;
    let wall = rows
        .iter()
        .map(|row| (labels(row), seconds(row.counts.wall_us)));
    out.counters(
        "postern_worker_wall_seconds",
        "Time that invocations took, from their arrival to the end of their work.",
        wall,
    )?;
    let lines = rows.iter().map(|row| (labels(row), row.counts.log_lines));
    out.counters(
        "postern_worker_log_lines",
        "Lines that Workers logged, those dropped included.",
        lines,
    )?;
    let [running, pending] = it.deployed;
    out.gauges(
        "postern_workers",
        "Workers that are deployed.",
        [
            ([("state", "running")], running),
            ([("state", "pending")], pending),
        ],
    )?;
    let refusals = it.refusals.iter();
    out.counters(
        "postern_refusals",
        "Requests and operations that a limit refused or cut, by limit.",
        refusals.map(|(limit, count)| ([("limit", *limit)], *count)),
    )
}

fn engine(out: &mut Families<'_>, it: &Snapshot) -> fmt::Result {
    let [active, parked] = it.isolates;
    out.gauges(
        "postern_isolates",
        "Isolates there are.",
        [
            ([("state", "active")], active),
            ([("state", "parked")], parked),
        ],
    )?;
    out.gauge(
        "postern_isolates_waiting",
        "Isolates that wait for their turn.",
        it.waiting,
    )?;
    let [used, limit] = it.memory;
    out.gauge(
        "postern_tenant_memory_bytes",
        "Memory of isolates and of what they answered.",
        used,
    )?;
    out.gauge(
        "postern_tenant_memory_limit_bytes",
        "How much of that there may be.",
        limit,
    )?;
    out.gauge(
        "postern_fuel_per_millisecond",
        "Fuel that is taken for a millisecond of CPU.",
        it.fuel_per_ms,
    )
}

fn edge(out: &mut Families<'_>, it: &Snapshot) -> fmt::Result {
    out.gauge(
        "postern_edge_connections",
        "Connections of clients that are open.",
        it.connections,
    )?;
    out.gauge(
        "postern_edge_websockets",
        "WebSockets of clients that are open.",
        it.sockets,
    )?;
    let [accepted, refused, gave_way] = it.accepted;
    out.counter(
        "postern_edge_accepted_connections",
        "Connections that were accepted, those refused included.",
        accepted,
    )?;
    out.counter(
        "postern_edge_refused_connections",
        "Connections that were refused because too many were open.",
        refused,
    )?;
    out.counter(
        "postern_edge_yielded_connections",
        "Connections that waited for their clients and gave way to new ones because too many were open.",
        gave_way,
    )?;
    let [rejected, failed] = it.answered;
    out.counters(
        "postern_edge_answers",
        "Answers that the edge gave in the place of a Worker.",
        [([("class", "4xx")], rejected), ([("class", "5xx")], failed)],
    )?;
    let [used, limit] = it.outbound;
    out.gauge(
        "postern_outbound_connections",
        "Connections to other servers that are in use or rest.",
        used,
    )?;
    out.gauge(
        "postern_outbound_connections_limit",
        "How many of them there may be.",
        limit,
    )
}

fn store(out: &mut Families<'_>, it: &Snapshot) -> fmt::Result {
    out.counter(
        "postern_store_commits",
        "How often something was made durable.",
        it.commits,
    )?;
    out.gauge(
        "postern_store_writable",
        "1 if the store takes writes.",
        u64::from(it.is_writable),
    )?;
    let [used, free] = it.disk;
    out.gauge(
        "postern_disk_used_bytes",
        "What is used of the file system with the data, by whomever.",
        used,
    )?;
    out.gauge(
        "postern_disk_free_bytes",
        "What is free of it for the daemon.",
        free,
    )?;
    let [bytes, entries] = it.cache;
    out.gauge("postern_cache_bytes", "Answers in the cache.", bytes)?;
    out.gauge("postern_cache_entries", "How many there are.", entries)?;
    out.gauge(
        "postern_cron_triggers",
        "Cron triggers that are set.",
        it.schedules,
    )
}

/// What others are told of Workers.
fn told(out: &mut Families<'_>, it: &Snapshot) -> fmt::Result {
    out.gauge(
        "postern_log_bytes",
        "Records of invocations that are kept.",
        it.log_bytes,
    )?;
    let [delivered, failed, dropped] = it.tails;
    let results = [("delivered", delivered), ("failed", failed)];
    out.counters(
        "postern_tail_calls",
        "Calls of Tail Workers.",
        results.map(|(result, count)| ([("result", result)], count)),
    )?;
    out.counter(
        "postern_tail_dropped_invocations",
        "Invocations that had no room on their way to Tail Workers.",
        dropped,
    )?;
    let [dropped, waiting] = it.logpush;
    out.counter(
        "postern_logpush_dropped_lines",
        "Lines for Logpush that had no room.",
        dropped,
    )?;
    out.gauge(
        "postern_logpush_waiting_bytes",
        "Lines for Logpush that wait.",
        waiting,
    )?;
    let [taken, dropped, bytes] = it.points;
    let results = [("taken", taken), ("dropped", dropped)];
    out.counters(
        "postern_data_points",
        "Data points that Workers wrote.",
        results.map(|(result, count)| ([("result", result)], count)),
    )?;
    out.gauge(
        "postern_data_points_bytes",
        "Data points that are kept.",
        bytes,
    )?;
    if let Some(dropped) = it.export_dropped {
        out.counter(
            "postern_otlp_dropped_records",
            "Records that could not be exported by OTLP.",
            dropped,
        )?;
    }
    Ok(())
}

fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}
