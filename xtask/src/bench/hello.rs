//! Hello through the whole daemon, against the least that serves a hello with the same parts.

use super::load::{Load, Outcome};
use super::report::{Figure, Row};
use super::{Bench, median};
use crate::machine::{self, Side};
use crate::process::{self, Server};
use crate::{guests, step};
use anyhow::{Context, Result};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

const CONNECTIONS: u32 = 32;
/// As many as the daemon has on the board `generic-x86-64`.
const THREADS: &str = "2";

/// Rates, latencies, memory.
pub fn rows(bench: &Bench) -> Result<Vec<Row>> {
    let daemon = bench.daemon()?;
    let unused = machine::rss_bytes(daemon.id())?;
    for name in ["hello", "hello-c"] {
        daemon.push(&guests::path(name), name, &[])?;
    }
    let edge = daemon.edge();
    let (bare, bare_url) = bare(bench)?;
    let loads = [
        ("bare hyper", bare.id(), bare_url.as_str(), "/"),
        ("hello in Rust", daemon.id(), edge.as_str(), "/hello/"),
        ("hello in C", daemon.id(), edge.as_str(), "/hello-c/"),
    ];
    let run = |index: usize, seconds: u64| -> Result<Outcome> {
        let (_, server, url, path) = loads[index];
        Load {
            server,
            url,
            request: ("GET", path),
            body: "",
            token: "",
            connections: CONNECTIONS,
            seconds,
        }
        .run()
    };
    for index in 0..loads.len() {
        run(index, 1)?;
    }
    // In turn, so that what else the machine does falls on all alike.
    let mut outcomes = vec![Vec::new(); loads.len()];
    for round in 1..=bench.rounds {
        for (index, (name, ..)) in loads.iter().enumerate() {
            let what = format!("{name}, round {round} of {}", bench.rounds);
            outcomes[index].push(step::quiet(&what, || run(index, bench.seconds))?);
        }
    }
    let of = |index: usize, field: fn(&Outcome) -> f64| {
        median(outcomes[index].iter().map(field).collect())
    };
    let rate = |index| Figure::PerCpuSecond(of(index, |outcome| outcome.per_cpu_second));
    let p50 = |index| Figure::Ms(of(index, |outcome| outcome.p50_ms));
    let p99 = |index| Figure::Ms(of(index, |outcome| outcome.p99_ms));
    let rss = outcomes[1..]
        .iter()
        .flatten()
        .map(|outcome| outcome.rss_bytes)
        .max()
        .unwrap_or(0);
    daemon.stop()?;
    Ok(vec![
        Row::new("hello in Rust, 32 connections", rate(1))
            .against("bare hyper", rate(0))
            .ratio_at_least(0.6),
        Row::new("hello in C, 32 connections", rate(2)).against("bare hyper", rate(0)),
        Row::new(
            "hello in Rust, 32 connections",
            Figure::PerSecond(of(1, |outcome| outcome.per_second)),
        )
        .against(
            "bare hyper",
            Figure::PerSecond(of(0, |outcome| outcome.per_second)),
        ),
        Row::new("hello in Rust, p50", p50(1)).against("bare hyper", p50(0)),
        Row::new("hello in Rust, p99", p99(1))
            .against("bare hyper", p99(0))
            .at_most(Figure::Ms(15.0)),
        Row::new("RSS straight after the start", Figure::Bytes(unused)),
        Row::new("RSS under load", Figure::Bytes(rss)).at_most(Figure::Bytes(24 << 20)),
    ])
}

/// Starts the bare server; it prints its address when it listens.
fn bare(bench: &Bench) -> Result<(Server, String)> {
    let mut command = Command::new(&bench.bare);
    command.arg(THREADS).stdout(Stdio::piped());
    let mut server = machine::bound(Side::Server, || Server::start(&mut command))?;
    let out = server.stdout().context("its output was asked for")?;
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line).with_context(|| {
        format!(
            "{} says nothing",
            process::shown(&Command::new(&bench.bare))
        )
    })?;
    Ok((server, format!("http://{}", line.trim())))
}
