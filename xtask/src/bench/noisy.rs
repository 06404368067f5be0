//! Noisy neighbours: how late the answers of a well-behaved tenant are beside tenants that use all
//! they can, and the same beside each other in workerd.

use super::Bench;
use super::javascript::{DATE, HELLO, folder, write_worker};
use super::report::{Figure, Row};
use super::workerd::{Workerd, free_ports};
use crate::daemon::Daemon;
use crate::machine::{self, Side};
use crate::{compare, step};
use anyhow::{Context, Result, bail};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const NOISY: &str = include_str!("javascript/noisy.js");

/// What a tenant does.
struct Kind {
    what: &'static str,
    name: &'static str,
    /// How often in a request: by Postern, which cuts what never ends, and by workerd, which does not.
    times: [u32; 2],
}

const KINDS: &[Kind] = &[
    Kind {
        what: "that spin",
        name: "spin",
        // About 50 ms of a processor for both: Postern's limit ends it.
        times: [1_000_000_000, 30_000_000],
    },
    Kind {
        what: "that allocate",
        name: "allocate",
        times: [32, 32],
    },
    Kind {
        what: "that flood their logs",
        name: "log",
        times: [2000, 2000],
    },
    Kind {
        what: "that flood KV",
        name: "kv",
        times: [100, 100],
    },
    Kind {
        what: "that open connections",
        name: CONNECTIONS,
        times: [32, 32],
    },
];
const CONNECTIONS: &str = "connections";

/// Tenants beside the one, and what its p99 may be of what it is alone.
const COUNTS: [(usize, Option<f64>); 3] = [(1, None), (8, Some(3.0)), (64, Some(5.0))];
const MOST: usize = 64;

/// Requests a second of the well-behaved tenant, and its connections.
pub(super) const RATE: u32 = 200;
const CLIENTS: u32 = 4;
/// How long a request may take that counts as answered.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where the Workers are reached.
pub(super) struct Place {
    /// Host and port, and path.
    quiet: (String, String),
    noisy: Vec<(String, String)>,
    /// Which of a kind's `times` counts.
    side: usize,
}

impl Place {
    /// Of one that has nobody beside it.
    pub(super) fn of(quiet: (String, String)) -> Self {
        Self {
            quiet,
            noisy: Vec::new(),
            side: 0,
        }
    }
}

/// Its p99 alone, and beside 1, 8 and 64 of each kind, in both.
pub fn rows(bench: &Bench) -> Result<Vec<Row>> {
    let daemon = bench.daemon()?;
    let names: Vec<String> = (0..MOST).map(|at| format!("noisy-{at}")).collect();
    let mut workers = vec![("quiet", HELLO)];
    workers.extend(names.iter().map(|name| (name.as_str(), NOISY)));
    push(&daemon, &workers)?;
    let host = daemon.edge().trim_start_matches("http://").to_owned();
    let at = |name: &str| (host.clone(), format!("/{name}/"));
    let ours = Place {
        quiet: at("quiet"),
        noisy: names.iter().map(|name| at(name)).collect(),
        side: 0,
    };
    let mut rows = of(bench, "", &ours)?;
    rows.extend(managed(&daemon, &ours)?);
    daemon.stop()?;

    if !bench.has_workerd {
        return Ok(rows);
    }
    let workerd = start_workerd(&compare::program()?)?;
    let mut places = workerd.urls.iter().map(|url| {
        let host = url.trim_start_matches("http://").to_owned();
        (host, "/".to_owned())
    });
    let theirs = Place {
        quiet: places.next().context("workerd has a port for each")?,
        noisy: places.collect(),
        side: 1,
    };
    rows.extend(of(bench, "workerd: ", &theirs)?);
    Ok(rows)
}

/// Requests to the management port.
const MANAGED: usize = 200;

/// The slowest answer of the management port while all tenants spin.
fn managed(daemon: &Daemon, place: &Place) -> Result<Vec<Row>> {
    let spin = &KINDS[0];
    let what = format!(
        "the management port's slowest of {MANAGED} answers beside {MOST} {}",
        spin.what
    );
    let token = std::fs::read_to_string(daemon.token_file()).context("the daemon's token")?;
    let manage = daemon.manage();
    let host = manage.trim_start_matches("http://").split('/').next();
    let status = (
        host.context("it has an address")?.to_owned(),
        "/postern/v1/status".to_owned(),
    );
    let fields = format!("Authorization: Bearer {}\r\n", token.trim());
    let slowest = step::quiet(&what, || {
        beside(spin, &place.noisy, place.side, |begin| {
            begin();
            let mut slowest = 0.0_f64;
            let mut connection = None;
            for _ in 0..MANAGED {
                let asked = Instant::now();
                match ask(&mut connection, &status, "", &fields)? {
                    200 => {}
                    other => bail!("the management port answers {other}"),
                }
                slowest = slowest.max(asked.elapsed().as_secs_f64() * 1e3);
                std::thread::sleep(Duration::from_millis(5));
            }
            Ok(slowest)
        })
    })?;
    Ok(vec![
        Row::new(what, Figure::Ms(slowest)).at_most(Figure::Ms(50.0)),
    ])
}

fn of(bench: &Bench, whose: &str, place: &Place) -> Result<Vec<Row>> {
    let is_ours = place.side == 0;
    let alone = step::quiet(&format!("{whose}alone"), || measure(bench, place, || {}))?;
    let mut rows = vec![Row::new(
        format!("{whose}p99 of {RATE} requests a second, alone"),
        alone.p99(),
    )];
    for kind in KINDS {
        for (count, bound) in COUNTS {
            let what = format!("{whose}p99 beside {count} {}", kind.what);
            let measured = step::quiet(&what, || {
                beside(kind, &place.noisy[..count], place.side, |begin| {
                    measure(bench, place, begin)
                })
            })?;
            if is_ours && measured.failed > 0 {
                bail!("{what}: {} of its requests failed", measured.failed);
            }
            let what = match measured.failed {
                0 => what,
                failed => format!("{what} ({failed} failed)"),
            };
            let row = Row::new(what, measured.p99()).against("alone", alone.p99());
            rows.push(match bound.filter(|_| is_ours) {
                Some(bound) => row.ratio_at_most(bound),
                None => row,
            });
        }
    }
    Ok(rows)
}

/// What the well-behaved tenant saw.
#[derive(Default)]
pub(super) struct Measured {
    ms: Vec<f64>,
    pub(super) failed: usize,
}

impl Measured {
    fn p99(&self) -> Figure {
        Figure::Ms(self.p99_ms())
    }

    /// Milliseconds in which 99 of 100 were answered.
    pub(super) fn p99_ms(&self) -> f64 {
        let mut ms = self.ms.clone();
        ms.sort_by(f64::total_cmp);
        let at = (ms.len() * 99 / 100).min(ms.len().saturating_sub(1));
        ms.get(at).copied().unwrap_or(f64::NAN)
    }
}

/// Asks at a fixed rate, each client on a connection that has had an answer before `begin` is called, and on a thread that comes
/// first where the system lets it. A request's time counts from when it was due, or who is slow would be asked
/// less. What is not asked in twice the time counts as failed, and as late as it is by then.
pub(super) fn measure(bench: &Bench, place: &Place, begin: impl FnOnce()) -> Result<Measured> {
    let period = Duration::from_secs(1) * CLIENTS / RATE;
    let requests = bench.seconds * u64::from(RATE / CLIENTS);
    let patience = Duration::from_secs(2 * bench.seconds);
    machine::bound(Side::Load, || {
        let ready = Barrier::new(CLIENTS as usize + 1);
        let begun = Barrier::new(CLIENTS as usize + 1);
        std::thread::scope(|scope| {
            let (ready, begun) = (&ready, &begun);
            let clients: Vec<_> = (0..CLIENTS)
                .map(|client| {
                    scope.spawn(move || {
                        // Or what it waits for is its own core, which those that make noise want too.
                        machine::come_first();
                        let mut measured = Measured::default();
                        let mut connection = None;
                        // One that fails will do so again.
                        let _ = ask(&mut connection, &place.quiet, "", "");
                        ready.wait();
                        begun.wait();
                        let first = Instant::now() + period * client / CLIENTS;
                        for turn in 0..requests {
                            let due = first + period * u32::try_from(turn).unwrap_or(u32::MAX);
                            std::thread::sleep(due.saturating_duration_since(Instant::now()));
                            let is_over = first.elapsed() > patience;
                            let answered = !is_over
                                && matches!(ask(&mut connection, &place.quiet, "", ""), Ok(200));
                            measured.failed += usize::from(!answered);
                            measured.ms.push(due.elapsed().as_secs_f64() * 1e3);
                        }
                        measured
                    })
                })
                .collect();
            ready.wait();
            begin();
            begun.wait();
            let mut all = Measured::default();
            for client in clients {
                let Ok(measured) = client.join() else {
                    bail!("a client panicked");
                };
                all.ms.extend(measured.ms);
                all.failed += measured.failed;
            }
            Ok(all)
        })
    })
}

/// Does `work` while each of `tenants` makes noise from when it begins, one request after the other.
fn beside<T>(
    kind: &Kind,
    tenants: &[(String, String)],
    side: usize,
    work: impl FnOnce(&dyn Fn()) -> Result<T>,
) -> Result<T> {
    let over = AtomicBool::new(false);
    let begun = AtomicBool::new(false);
    let ready = Barrier::new(tenants.len() + 1);
    let query = format!("?what={}&times={}", kind.name, kind.times[side]);
    machine::bound(Side::Load, || {
        std::thread::scope(|scope| {
            for tenant in tenants {
                let (over, begun, ready, query) = (&over, &begun, &ready, &query);
                scope.spawn(move || {
                    // Who measures is not to wait for a core because of those that make noise: beside a
                    // higher `nice` it would, for as long as a slice.
                    machine::rest_when_others_work();
                    ready.wait();
                    let mut connection = None;
                    while !begun.load(Ordering::Relaxed) && !over.load(Ordering::Relaxed) {
                        std::thread::yield_now();
                    }
                    while !over.load(Ordering::Relaxed) {
                        // Whatever it answers: it may well be refused.
                        let _ = match kind.name {
                            CONNECTIONS => open(&tenant.0, kind.times[side]),
                            _ => ask(&mut connection, tenant, query, "").map(drop),
                        };
                    }
                });
            }
            ready.wait();
            let done = work(&|| begun.store(true, Ordering::Relaxed));
            over.store(true, Ordering::Relaxed);
            done
        })
    })
}

/// Opens connections, and closes them before their requests are whole.
fn open(host: &str, count: u32) -> Result<()> {
    let mut open = Vec::new();
    for _ in 0..count {
        let mut stream = TcpStream::connect(host)?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: ")?;
        open.push(stream);
    }
    Ok(())
}

/// The status of a GET, on a connection that is kept.
/// `fields` are header fields, each with its line's end.
fn ask(
    kept: &mut Option<TcpStream>,
    (host, path): &(String, String),
    query: &str,
    fields: &str,
) -> Result<u16> {
    let mut stream = match kept.take() {
        Some(stream) => stream,
        None => {
            let stream = TcpStream::connect(host)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream
        }
    };
    write!(
        stream,
        "GET {path}{query} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n"
    )?;
    let mut came = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            bail!("{host} closed the connection");
        }
        came.extend_from_slice(&buffer[..count]);
        if let Some(status) = whole(&came) {
            *kept = Some(stream);
            return Ok(status);
        }
    }
}

/// The status of an answer, once all of it has come.
fn whole(came: &[u8]) -> Option<u16> {
    let end = came.windows(4).position(|it| it == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&came[..end]).ok()?.to_ascii_lowercase();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let field = |name: &str| {
        head.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .map(str::trim)
    };
    let is_whole = match field("content-length").and_then(|it| it.parse::<usize>().ok()) {
        Some(length) => came.len() >= end + length,
        None if field("transfer-encoding").is_some() => came.ends_with(b"0\r\n\r\n"),
        None => true,
    };
    is_whole.then_some(status)
}

pub(super) fn push(daemon: &Daemon, workers: &[(&str, &str)]) -> Result<()> {
    daemon.kv_namespace("bench")?;
    step::quiet("pushing the tenants", || {
        for (name, source) in workers {
            let settings = ["--kv", "KV=bench", "--compatibility-date", DATE];
            daemon.push(&write_worker(name, source)?, name, &settings)?;
        }
        Ok(())
    })
}

/// workerd with the same, each on a port of its own.
fn start_workerd(program: &Path) -> Result<Workerd> {
    let dir = folder("bench-noisy")?;
    let ports = free_ports(MOST + 1)?;
    for (name, source) in [
        ("quiet", HELLO),
        ("noisy", NOISY),
        ("namespace", include_str!("javascript/namespace.js")),
    ] {
        std::fs::write(dir.join(format!("{name}.js")), source)?;
    }
    let worker = |name: &str, file: &str, bindings: &str| {
        format!(
            "(name = {name:?}, worker = (modules = [(name = \"worker.js\", esModule = embed \"{file}.js\")], \
             compatibilityDate = {DATE:?}, bindings = [{bindings}])),\n"
        )
    };
    let mut services = worker("namespace", "namespace", "");
    let mut sockets = String::new();
    for (at, port) in ports.iter().enumerate() {
        let name = format!("tenant-{at}");
        let file = if at == 0 { "quiet" } else { "noisy" };
        services.push_str(&worker(
            &name,
            file,
            "(name = \"KV\", kvNamespace = \"namespace\")",
        ));
        sockets.push_str(&format!(
            "(name = {name:?}, address = \"127.0.0.1:{port}\", http = (), service = {name:?}),\n"
        ));
    }
    let config = format!(
        "using Workerd = import \"/workerd/workerd.capnp\";\n\
         const config :Workerd.Config = (services = [\n{services}], sockets = [\n{sockets}]);\n"
    );
    Workerd::start(program, &dir, &config, &ports)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_body_is() {
        let check = |came: &str, status| assert_eq!(whole(came.as_bytes()), status, "{came}");
        check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", None);
        check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", Some(200));
        check("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r", None);
        check("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n", Some(503));
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n";
        check(chunked, None);
        check(&format!("{chunked}0\r\n\r\n"), Some(200));
    }

    #[test]
    fn the_p99_is_that_of_all_requests() {
        let ms = (1..=1000).map(f64::from).rev().collect();
        let measured = Measured { ms, failed: 0 };
        assert_eq!(measured.p99(), Figure::Ms(991.0));
    }
}
