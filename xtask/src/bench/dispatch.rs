//! Dispatch: a user Worker behind a dispatch Worker against one that is asked directly, and what a
//! request takes that waits behind a dispatch Worker.

use super::load::{self, Load, Outcome};
use super::report::{Figure, Row};
use super::{Bench, javascript, median};
use crate::daemon::Daemon;
use crate::{guests, machine, step, workspace};
use anyhow::{Context, Result};
use std::io::Write;
use std::net::TcpStream;
use std::path::{Path, PathBuf};

const CONNECTIONS: u32 = 32;
/// Requests that wait at the same time.
const PARKED: u64 = 900;
/// Passes on what comes.
const DISPATCHER: &str = "export default { fetch(request, env) {
    return env.DISPATCHER.get(new URL(request.url).pathname.split('/')[1]).fetch(request);
} };
";
/// Never answers.
const SLOW: &str = "export default { fetch() { return new Promise((resolve) => setTimeout(resolve, 25000)).then(() => new Response()); } };
";

/// Rates of both, in turn, and memory.
pub fn rows(bench: &Bench) -> Result<Vec<Row>> {
    let daemon = bench.daemon_of(&config())?;
    push_all(&daemon)?;
    let edge = daemon.edge();
    let loads = [
        ("hello in Rust", "/hello-rust/"),
        (
            "hello in Rust behind a dispatch Worker in Rust",
            "/d-rust/hello-rust/",
        ),
        ("hello in JavaScript", "/hello-js/"),
        (
            "hello in JavaScript behind a dispatch Worker in JavaScript",
            "/d-js/hello-js/",
        ),
    ];
    let run = |index: usize, seconds: u64| -> Result<Outcome> {
        Load {
            server: daemon.id(),
            url: &edge,
            request: ("GET", loads[index].1),
            body: "",
            token: "",
            connections: CONNECTIONS,
            seconds,
        }
        .run()
    };
    for (index, (_, path)) in loads.iter().enumerate() {
        load::touch(&edge, path)?;
        run(index, 1)?;
    }
    let mut outcomes = vec![Vec::new(); loads.len()];
    for round in 1..=bench.rounds {
        for (index, (name, _)) in loads.iter().enumerate() {
            let what = format!("{name}, round {round} of {}", bench.rounds);
            outcomes[index].push(step::quiet(&what, || run(index, bench.seconds))?);
        }
    }
    let us = |index: usize| {
        let rate = outcomes[index]
            .iter()
            .map(|outcome: &Outcome| outcome.per_cpu_second);
        Figure::Ns(1e9 / median(rate.collect()))
    };
    let mut rows = vec![
        Row::new(format!("CPU a request, {}", loads[1].0), us(1))
            .against(loads[0].0, us(0))
            .ratio_at_most(1.6),
        Row::new(format!("CPU a request, {}", loads[3].0), us(3))
            .against(loads[2].0, us(2))
            .ratio_at_most(2.5),
    ];
    daemon.stop()?;
    let direct = parked(bench, "/slow/")?;
    let behind = parked(bench, "/d-js/slow/")?;
    rows.push(
        Row::new(
            "memory a request that waits behind a dispatch Worker",
            Figure::Bytes(behind),
        )
        .against("one that waits in a Worker", Figure::Bytes(direct)),
    );
    rows.push(
        Row::new(
            "… what the dispatch Worker adds",
            Figure::Bytes(behind.saturating_sub(direct)),
        )
        .at_most(Figure::Bytes(8 << 10)),
    );
    Ok(rows)
}

/// The benchmarks' configuration, with room for all that wait.
fn config() -> String {
    super::CONFIG.replace(
        "concurrent-invocations = 256",
        "concurrent-invocations = 1024",
    )
}

/// The dispatch Workers and the user Workers in one namespace, so that both can be asked directly.
fn push_all(daemon: &Daemon) -> Result<()> {
    let hello = guests::path("hello");
    daemon.push(&hello, "hello-rust", &[])?;
    let dir = workspace::target().join("bench-dispatch");
    project(
        daemon,
        &dir,
        "hello-js",
        "index.js",
        javascript::HELLO.as_bytes(),
    )?;
    project(daemon, &dir, "slow", "index.js", SLOW.as_bytes())?;
    project(daemon, &dir, "d-js", "index.js", DISPATCHER.as_bytes())?;
    let wasm = guests::path("dispatcher");
    let wasm = std::fs::read(&wasm).with_context(|| workspace::shown(&wasm).to_string())?;
    project(daemon, &dir, "d-rust", "main.wasm", &wasm)
}

fn project(daemon: &Daemon, dir: &Path, name: &str, file: &str, main: &[u8]) -> Result<()> {
    let dir: PathBuf = dir.join(name);
    workspace::create_dir(&dir)?;
    let config = serde_json::json!({
        "name": name, "main": file, "compatibility_date": "2026-01-01",
        "dispatch_namespaces": [{"binding": "DISPATCHER", "namespace": "production"}],
    });
    std::fs::write(dir.join("wrangler.json"), config.to_string())?;
    std::fs::write(dir.join(file), main)?;
    let dir = dir.to_string_lossy();
    let arguments = ["push", &*dir, "--namespace", "production"];
    daemon.call(&arguments).map(drop)
}

/// Bytes that each of many waiting requests takes, connections included.
fn parked(bench: &Bench, path: &str) -> Result<u64> {
    let daemon = bench.daemon_of(&config())?;
    push_all(&daemon)?;
    let edge = daemon.edge();
    let address = edge.trim_start_matches("http://").to_owned();
    let ask = || -> Result<TcpStream> {
        let mut stream = TcpStream::connect(&address)?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n")?;
        Ok(stream)
    };
    // What the first ones have made is not theirs alone.
    let first: Vec<_> = (0..50).map(|_| ask()).collect::<Result<_>>()?;
    std::thread::sleep(std::time::Duration::from_secs(1));
    let before = machine::rss_bytes(daemon.id())?;
    let parked: Vec<_> = (0..PARKED).map(|_| ask()).collect::<Result<_>>()?;
    std::thread::sleep(std::time::Duration::from_secs(3));
    let after = machine::rss_bytes(daemon.id())?;
    drop((first, parked));
    daemon.stop()?;
    Ok(after.saturating_sub(before) / PARKED)
}
