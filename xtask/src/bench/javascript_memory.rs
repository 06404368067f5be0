//! Workers in JavaScript: what one keeps that is warm, evicted or on the disk, and how long it takes
//! from a push to the first answer.

use super::report::{Figure, Row};
use super::{Bench, load, median, memory};
use crate::compare::apps;
use crate::daemon::Daemon;
use crate::{machine, step};
use anyhow::{Context, Result, bail};
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// Workers beside the first ones, of which the private memory of one is known.
const WARM: u64 = 20;
/// Workers that the process has had before it is measured.
const FIRST: u64 = 4;
/// Requests that each of them answers.
const REQUESTS: u64 = 20;
/// Tenants, all evicted.
const TENANTS: u64 = 1000;
/// How long it may take until isolates that rest leave their instances to others.
const PARKING_PATIENCE: Duration = Duration::from_secs(40);
/// The application that is kept warm.
const HONO: &str = "hono";
/// Bytes of a Worker whose push is timed.
const LARGE: usize = 100_000;

/// Private memory of warm Workers, RSS and disk of many that rest, and how long a push takes.
pub fn rows(bench: &Bench) -> Result<Vec<Row>> {
    let mut rows = Vec::from(warm(bench, "hello", &hello(0), 256 << 10)?);
    let apps = step::quiet("bundling the hono app", || apps::build(&[HONO.to_owned()]));
    let app = apps.map(|apps| apps.into_iter().find(|app| app.name == HONO));
    match app {
        Ok(Some(app)) => rows.extend(warm(bench, HONO, &app.source, 512 << 10)?),
        Ok(None) => bail!("there is no app {HONO}"),
        Err(error) => step::skip("the hono app", &format!("{error:#}")),
    }
    rows.push(pushes(bench)?);
    rows.extend(tenants(bench)?);
    Ok(rows)
}

fn hello(number: u64) -> String {
    format!("export default {{ fetch() {{ return new Response('hello {number}'); }} }};")
}

/// Bytes that belong to nobody but the process, an isolate of Workers of this source: right after
/// requests, and idle, when it has left its instance to others.
fn warm(bench: &Bench, name: &str, source: &str, most: u64) -> Result<[Row; 2]> {
    let daemon = bench.daemon()?;
    let ask = |range: std::ops::Range<u64>| {
        for number in range {
            for _ in 0..REQUESTS {
                load::touch(&daemon.edge(), &format!("/warm-{number}/"))?;
            }
        }
        Ok(())
    };
    let serve = |range: std::ops::Range<u64>| {
        step::quiet("Workers that stay warm", || {
            range.clone().try_for_each(|number| {
                push(&daemon, &format!("warm-{number}"), source)?;
                ask(number..number + 1)
            })
        })
    };
    let measured =
        || -> Result<(u64, u64)> { Ok((private_bytes(daemon.id())?, memory::isolates(&daemon)?)) };
    let slope = |(before, few): (u64, u64), (after, many): (u64, u64)| {
        // A request that comes before the one before is quite over has its Worker begin another.
        Figure::Bytes(after.saturating_sub(before) / many.saturating_sub(few).max(1))
    };
    serve(0..FIRST)?;
    let warm = measured()?;
    await_parked(&daemon)?;
    let idle = measured()?;
    ask(0..FIRST)?;
    serve(FIRST..FIRST + WARM)?;
    let all_warm = measured()?;
    await_parked(&daemon)?;
    let all_idle = measured()?;
    daemon.stop()?;
    let what = format!("private memory of a warm isolate in JavaScript, {name}");
    Ok([
        Row::new(format!("{what}, after a request"), slope(warm, all_warm)),
        Row::new(format!("{what}, idle"), slope(idle, all_idle)).at_most(Figure::Bytes(most)),
    ])
}

/// Waits until all isolates rest without an instance.
fn await_parked(daemon: &Daemon) -> Result<()> {
    step::quiet("isolates rest until they park", || {
        let start = Instant::now();
        loop {
            let status = daemon.call(&["status"])?;
            let number = |key: &str| status.pointer(key).and_then(serde_json::Value::as_u64);
            let (count, parked) = (number("/isolates/count"), number("/isolates/parked"));
            let parked = parked.context("the status tells no number of parked isolates")?;
            if count == Some(parked) {
                return Ok(());
            }
            if start.elapsed() > PARKING_PATIENCE {
                bail!(
                    "{parked} isolates are parked after {} s, of {count:?}",
                    PARKING_PATIENCE.as_secs()
                );
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    })
}

/// From the beginning of a push to the end of the first answer.
fn pushes(bench: &Bench) -> Result<Row> {
    let daemon = bench.daemon()?;
    let mut times = Vec::new();
    for round in 0..=10 * bench.rounds {
        let name = format!("large-{round}");
        let source = large(round);
        let start = Instant::now();
        push(&daemon, &name, &source)?;
        load::touch(&daemon.edge(), &format!("/{name}/"))?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    daemon.stop()?;
    // The first one makes the engine's base.
    times.remove(0);
    Ok(Row::new(
        "push of a Worker in JavaScript of 100 kB to its first answer",
        Figure::Ms(median(times)),
    )
    .at_most(Figure::Ms(60.0)))
}

/// A Worker of many functions, as bundles have them.
fn large(seed: u64) -> String {
    let mut source = hello(seed);
    let mut number = 0;
    while source.len() < LARGE {
        number += 1;
        // Writing to a string cannot fail.
        let _ = write!(
            source,
            "\nexport class Part{number} {{ constructor(a, b) {{ this.a = a; this.b = b; }}\n  \
             sum(list) {{ let sum = {number}; for (const item of list) {{ sum += item.value ?? this.a; }} \
             return sum; }}\n  text() {{ return `${{this.a}} of part {number}, ${{this.b}}`; }} }}\n"
        );
    }
    source
}

/// What many tenants leave that have served once and rest.
fn tenants(bench: &Bench) -> Result<Vec<Row>> {
    let daemon = bench.daemon_with(memory::EVICTING)?;
    let serve = |range: std::ops::Range<u64>| {
        step::quiet("Workers that answer once", || {
            range.clone().try_for_each(|number| {
                let name = format!("tenant-{number}");
                push(&daemon, &name, &hello(number))?;
                load::touch(&daemon.edge(), &format!("/{name}/"))
            })
        })
    };
    serve(0..1)?;
    memory::await_evictions(&daemon)?;
    let (one, disk) = (machine::rss_bytes(daemon.id())?, blobs()?);
    let start = Instant::now();
    serve(1..TENANTS)?;
    let time = start.elapsed() / (TENANTS - 1) as u32;
    memory::await_evictions(&daemon)?;
    let (all, full) = (machine::rss_bytes(daemon.id())?, blobs()?);
    daemon.stop()?;
    Ok(vec![
        Row::new(
            "push of a hello in JavaScript and its first answer, 1,000 in turn",
            Figure::Ms(time.as_secs_f64() * 1e3),
        ),
        Row::new(
            "disk of a Worker in JavaScript, hello",
            Figure::Bytes(full.saturating_sub(disk) / (TENANTS - 1)),
        ),
        Row::new(
            "RSS of an evicted Worker in JavaScript",
            Figure::Bytes(all.saturating_sub(one) / (TENANTS - 1)),
        )
        .at_most(Figure::Bytes(4 << 10)),
        Row::new(
            "RSS idle with 1,000 Workers in JavaScript, all evicted",
            Figure::Bytes(all),
        )
        .at_most(Figure::Bytes(48 << 20)),
    ])
}

/// Pushes a module as a body.
fn push(daemon: &Daemon, name: &str, source: &str) -> Result<()> {
    let token = std::fs::read_to_string(daemon.token_file()).context("the daemon's token")?;
    let url = daemon.manage();
    let url = url.trim_start_matches("http://");
    let (address, base) = url.split_once('/').context("the management port's URL")?;
    let mut stream =
        TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    stream.set_nodelay(true)?;
    let head = format!(
        "PUT /{base}/accounts/edge/workers/dispatch/namespaces/production/scripts/{name} HTTP/1.1\r\n\
         Host: {address}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\
         Content-Type: application/javascript+module\r\nContent-Length: {}\r\n\r\n",
        token.trim(),
        source.len()
    );
    stream.write_all(&[head.as_bytes(), source.as_bytes()].concat())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    if !answer.starts_with("HTTP/1.1 200 ") {
        bail!("the push of {name} answered: {answer}");
    }
    Ok(())
}

/// Bytes in memory that are the process's alone and no file's.
fn private_bytes(pid: u32) -> Result<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))
        .with_context(|| format!("process {pid} is gone"))?;
    machine::status_kib(&text, "Private_Dirty:")
        .map(|kib| kib * 1024)
        .with_context(|| format!("process {pid} has no Private_Dirty"))
}

/// Bytes on the disk of all blobs of the store that is measured.
fn blobs() -> Result<u64> {
    fn size(path: &Path) -> Result<u64> {
        if !path.is_dir() {
            return Ok(path.metadata()?.blocks() * 512);
        }
        let entries = std::fs::read_dir(path)?;
        entries
            .map(|entry| size(&entry?.path()))
            .sum::<Result<u64>>()
    }
    size(&Bench::store().join("blobs")).context("the store's blobs")
}
