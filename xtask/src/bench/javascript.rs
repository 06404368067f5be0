//! JavaScript beside workerd: the same Workers in both, in turn in one run.
//!
//! workerd's KV namespace is a Worker in the same process that answers its binding's requests from
//! memory (`javascript/namespace.js`); Postern's is its store.

use super::load::{self, Load, Outcome};
use super::report::{Figure, Row};
use super::workerd::{Workerd, free_ports};
use super::{Bench, median};
use crate::daemon::Daemon;
use crate::machine;
use crate::{compare, step, workspace};
use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::time::Instant;

const CONNECTIONS: u32 = 32;
/// The compatibility date of all of them.
pub const DATE: &str = "2026-01-01";

/// A Worker that both run.
struct Case {
    name: &'static str,
    what: &'static str,
    source: &'static str,
    /// workerd's CPU, times this, is what a request may take.
    goal: f64,
}

/// What is profiled where nothing else is named.
pub const HELLO: &str = include_str!("javascript/hello.js");

const CASES: &[Case] = &[
    Case {
        name: "hello",
        what: "hello in JavaScript",
        source: HELLO,
        goal: 2.2,
    },
    Case {
        name: "echo",
        what: "a request's headers as JSON",
        source: include_str!("javascript/echo.js"),
        goal: 3.5,
    },
    Case {
        name: "kv",
        what: "a get of KV in JavaScript",
        source: include_str!("javascript/kv.js"),
        goal: 2.2,
    },
];

/// What a client says of itself.
pub const FIELDS: &[(&str, &str)] = &[
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0)"),
    ("accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
    ("accept-language", "en-US,en;q=0.5"),
    ("accept-encoding", "gzip, deflate, br"),
    ("cookie", "session=0123456789abcdef; theme=dark"),
    ("cache-control", "no-cache"),
];

/// One thing that `javascript/parts.js` does again and again.
struct Part {
    name: &'static str,
    what: &'static str,
    /// How often in a request.
    times: u32,
    /// Nanoseconds that it may take.
    goal_ns: Option<f64>,
}

const PARTS: &[Part] = &[
    Part {
        name: "url",
        what: "`new URL`",
        times: 1000,
        goal_ns: Some(25_000.0),
    },
    Part {
        name: "headers",
        what: "`new Headers` of 20 fields",
        times: 1000,
        goal_ns: Some(60_000.0),
    },
    Part {
        name: "entries",
        what: "`new Headers` of 20 fields, and all of its entries",
        times: 500,
        goal_ns: None,
    },
    Part {
        name: "json",
        what: "JSON of 10 kB, parsed and written",
        times: 20,
        goal_ns: None,
    },
];
/// SHA-256 of 1 MiB, times what the library takes that the daemon has it from.
const DIGEST_GOAL: f64 = 1.3;
/// Digests in a request.
const DIGESTS: u32 = 50;
/// CPU of a measurement of a part, at least; ticks are ten milliseconds.
const PART_CPU_S: f64 = 0.4;

/// Both, with all cases.
pub fn rows(bench: &Bench) -> Result<Vec<Row>> {
    let program = compare::program()?;
    let daemon = bench.daemon()?;
    let mut workers: Vec<(&str, &str)> = Vec::new();
    workers.extend(CASES.iter().map(|case| (case.name, case.source)));
    workers.push(("parts", include_str!("javascript/parts.js")));
    prepare(&daemon, &workers)?;
    let workerd = start_workerd(&program)?;
    let mut rows = Vec::new();
    for (at, case) in CASES.iter().enumerate() {
        rows.extend(case_rows(bench, case, &daemon, &workerd, at)?);
    }
    rows.extend(part_rows(&daemon)?);
    daemon.stop()?;
    Ok(rows)
}

fn case_rows(
    bench: &Bench,
    case: &Case,
    daemon: &Daemon,
    workerd: &Workerd,
    at: usize,
) -> Result<Vec<Row>> {
    let edge = daemon.edge();
    let path = format!("/{}/", case.name);
    let sides = [
        ("Postern", daemon.id(), edge.as_str(), path.as_str()),
        ("workerd", workerd.id(), workerd.urls[at].as_str(), "/"),
    ];
    let run = |side: usize, seconds: u64| -> Result<Outcome> {
        let (_, server, url, path) = sides[side];
        Load {
            server,
            url,
            request: ("GET", path),
            body: "",
            token: "",
            connections: CONNECTIONS,
            seconds,
        }
        .run_with(FIELDS)
    };
    let mut outcomes = [Vec::new(), Vec::new()];
    for side in 0..sides.len() {
        run(side, 1)?;
    }
    // In turn, so that what else the machine does falls on both alike.
    for round in 1..=bench.rounds {
        for (side, (name, ..)) in sides.iter().enumerate() {
            let what = format!("{}, {name}, round {round} of {}", case.what, bench.rounds);
            outcomes[side].push(step::quiet(&what, || run(side, bench.seconds))?);
        }
    }
    let of = |side: usize, field: fn(&Outcome) -> f64| {
        median(outcomes[side].iter().map(field).collect())
    };
    let cpu = |side| Figure::Ns(1e9 / of(side, |outcome| outcome.per_cpu_second));
    let p50 = |side| Figure::Ms(of(side, |outcome| outcome.p50_ms));
    let p99 = |side| Figure::Ms(of(side, |outcome| outcome.p99_ms));
    let rss = |side: usize| {
        let most = outcomes[side].iter().map(|outcome| outcome.rss_bytes).max();
        Figure::Bytes(most.unwrap_or(0))
    };
    let row = |what: &str, figure: &dyn Fn(usize) -> Figure| {
        Row::new(format!("{}, {what}", case.what), figure(0)).against("workerd", figure(1))
    };
    Ok(vec![
        row("CPU a request", &cpu).ratio_at_most(case.goal),
        row("p50", &p50),
        row("p99", &p99).ratio_at_most(1.0),
        row("RSS under load", &rss).ratio_at_most(0.1),
    ])
}

/// What parts take, without what a loop takes.
fn part_rows(daemon: &Daemon) -> Result<Vec<Row>> {
    let nothing_ns = part_ns(daemon, "nothing", 20_000)?;
    let mut rows = Vec::new();
    for part in PARTS {
        let ns = part_ns(daemon, part.name, part.times)? - nothing_ns;
        let mut row = Row::new(part.what, Figure::Ns(ns));
        if let Some(goal_ns) = part.goal_ns {
            row = row.at_most(Figure::Ns(goal_ns));
        }
        rows.push(row);
    }
    let digest = Figure::Ns(part_ns(daemon, "digest", DIGESTS)?);
    rows.push(
        Row::new("SHA-256 of 1 MiB", digest)
            .against("the library alone", Figure::Ns(native_digest_ns()))
            .ratio_at_most(DIGEST_GOAL),
    );
    Ok(rows)
}

/// Nanoseconds of the daemon's CPU for one of `times` in a request.
fn part_ns(daemon: &Daemon, name: &str, times: u32) -> Result<f64> {
    let path = format!("/parts/?what={name}&times={times}");
    step::quiet(&format!("{name} in JavaScript"), || {
        load::touch(&daemon.edge(), &path)?;
        let before = machine::cpu_s(daemon.id())?;
        let mut done = 0.0;
        loop {
            load::touch(&daemon.edge(), &path)?;
            done += f64::from(times);
            let cpu_s = machine::cpu_s(daemon.id())? - before;
            if cpu_s >= PART_CPU_S {
                return Ok(cpu_s * 1e9 / done);
            }
        }
    })
}

/// The least of several, as nothing is measured beside it.
fn native_digest_ns() -> f64 {
    let bytes = vec![7u8; 1 << 20];
    (0..100)
        .map(|_| {
            let start = Instant::now();
            std::hint::black_box(Sha256::digest(std::hint::black_box(&bytes)));
            start.elapsed().as_nanos() as f64
        })
        .fold(f64::INFINITY, f64::min)
}

/// Pushes Workers, each with a namespace `KV` that has the key `key`.
pub fn prepare(daemon: &Daemon, workers: &[(&str, &str)]) -> Result<()> {
    let written = workers
        .iter()
        .map(|(name, source)| Ok((*name, write_worker(name, source)?)));
    let written = written.collect::<Result<Vec<_>>>()?;
    let files: Vec<_> = written
        .iter()
        .map(|(name, file)| (*name, &**file))
        .collect();
    prepare_files(daemon, &files)
}

/// The same, of files.
pub fn prepare_files(daemon: &Daemon, workers: &[(&str, &Path)]) -> Result<()> {
    daemon.kv_namespace("bench")?;
    let put = ["kv", "put", "key", "the value", "-n", "bench"];
    daemon.call(&put)?;
    for (name, file) in workers {
        let kv = ["--kv", "KV=bench", "--compatibility-date", DATE];
        daemon.push(file, name, &[&kv[..], &["--cpu-ms", "30000"]].concat())?;
    }
    Ok(())
}

/// A file with a Worker.
pub fn write_worker(name: &str, source: &str) -> Result<PathBuf> {
    let file = folder(&format!("bench-workers/{name}"))?.join("worker.js");
    std::fs::write(&file, source)
        .with_context(|| format!("cannot write {}", workspace::shown(&file)))?;
    Ok(file)
}

/// A folder for what is measured.
pub fn folder(name: &str) -> Result<PathBuf> {
    let folder = workspace::target().join(name);
    workspace::create_dir(&folder)?;
    Ok(folder)
}

/// workerd with every case on a port of its own.
fn start_workerd(program: &Path) -> Result<Workerd> {
    let dir = folder("bench-workerd")?;
    let ports = free_ports(CASES.len())?;
    for case in CASES {
        std::fs::write(dir.join(format!("{}.js", case.name)), case.source)?;
    }
    let namespace = include_str!("javascript/namespace.js");
    std::fs::write(dir.join("namespace.js"), namespace)?;
    Workerd::start(program, &dir, &config(&ports), &ports)
}

fn config(ports: &[u16]) -> String {
    let worker = |name: &str, bindings: &str| {
        format!(
            "(name = {name:?}, worker = (modules = [(name = \"worker.js\", esModule = embed \"{name}.js\")], \
             compatibilityDate = {DATE:?}, bindings = [{bindings}])),\n"
        )
    };
    let mut services = worker("namespace", "");
    let mut sockets = String::new();
    for (case, port) in CASES.iter().zip(ports) {
        let kv = "(name = \"KV\", kvNamespace = \"namespace\")";
        services.push_str(&worker(case.name, kv));
        sockets.push_str(&format!(
            "(name = {0:?}, address = \"127.0.0.1:{port}\", http = (), service = {0:?}),\n",
            case.name
        ));
    }
    format!(
        "using Workerd = import \"/workerd/workerd.capnp\";\n\
         const config :Workerd.Config = (services = [\n{services}], sockets = [\n{sockets}]);\n"
    )
}
