//! A thousand user Workers in one namespace: how soon a daemon that has them answers, what it keeps,
//! and what the first request to one takes, beside workerd with as many.

use super::report::{Figure, Row};
use super::workerd::{Workerd, free_ports};
use super::{Bench, javascript, load, median};
use crate::daemon::Daemon;
use crate::machine::{self, Side};
use crate::{compare, step};
use anyhow::{Context, Result};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// User Workers.
const COUNT: usize = 1000;
/// Those that are asked for the first time, one after another.
const COLD: usize = 200;

/// Both, in turn.
pub fn rows(bench: &Bench) -> Result<Vec<Row>> {
    let daemon = bench.daemon()?;
    step::quiet("pushing user Workers", || {
        (0..COUNT).try_for_each(|number| {
            let file = javascript::write_worker("fleet", &source(number))?;
            let date = ["--compatibility-date", javascript::DATE];
            daemon.push(&file, &name(number), &date)
        })
    })?;
    daemon.stop()?;
    let mut starts = [Vec::new(), Vec::new()];
    let mut kept = [0, 0];
    let mut firsts = Vec::new();
    for round in 1..=bench.rounds {
        let what = format!("{COUNT} user Workers, round {round} of {}", bench.rounds);
        step::quiet(&what, || {
            let (daemon, time) = started(bench)?;
            starts[0].push(time.as_secs_f64() * 1e3);
            kept[0] = kept[0].max(machine::rss_bytes(daemon.id())?);
            for number in 1..=COLD {
                let start = Instant::now();
                load::touch(&daemon.edge(), &format!("/{}/", name(number)))?;
                firsts.push(start.elapsed().as_secs_f64() * 1e3);
            }
            daemon.stop()?;
            let (workerd, time) = beside()?;
            starts[1].push(time.as_secs_f64() * 1e3);
            kept[1] = kept[1].max(machine::rss_bytes(workerd.id())?);
            Ok(())
        })?;
    }
    firsts.sort_by(f64::total_cmp);
    let slow = firsts.get(firsts.len() * 99 / 100).copied();
    let [ours, theirs] = starts.map(median);
    let what = |rest: &str| format!("{COUNT} user Workers in JavaScript, {rest}");
    Ok(vec![
        Row::new(what("start to the first answer"), Figure::Ms(ours)).at_most(Figure::Ms(500.0)),
        Row::new("… beside workerd", Figure::Ms(ours))
            .against("workerd", Figure::Ms(theirs))
            .ratio_at_most(0.166),
        Row::new(what("RSS then"), Figure::Bytes(kept[0])).at_most(Figure::Bytes(48 << 20)),
        Row::new("… beside workerd", Figure::Bytes(kept[0]))
            .against("workerd", Figure::Bytes(kept[1]))
            .ratio_at_most(0.033),
        Row::new(
            what("first request to one, p50"),
            Figure::Ms(median(firsts.clone())),
        )
        .at_most(Figure::Ms(5.0)),
        Row::new(
            what("first request to one, p99"),
            Figure::Ms(slow.unwrap_or(f64::NAN)),
        ),
    ])
}

fn name(number: usize) -> String {
    format!("fleet-{number}")
}

fn source(number: usize) -> String {
    format!("export default {{ fetch() {{ return new Response(\"hello {number}\"); }} }};\n")
}

/// The daemon on the store that is there, and the time from its start to an answer.
fn started(bench: &Bench) -> Result<(Daemon, Duration)> {
    let start = Instant::now();
    let daemon = machine::bound(Side::Server, || {
        Daemon::start(&bench.binary, &Bench::store(), super::CONFIG)
    })?;
    load::touch(&daemon.edge(), &format!("/{}/", name(0)))?;
    Ok((daemon, start.elapsed()))
}

/// workerd with the same, and the same time.
fn beside() -> Result<(Workerd, Duration)> {
    let program = compare::program()?;
    let dir = javascript::folder("bench-fleet")?;
    let ports = free_ports(1)?;
    let mut services = String::new();
    for number in 0..COUNT {
        let file = format!("{}.js", name(number));
        std::fs::write(dir.join(&file), source(number)).context("cannot write a Worker")?;
        // Writing to a string cannot fail.
        let _ = writeln!(
            services,
            "(name = \"{}\", worker = (modules = [(name = \"worker.js\", esModule = embed \"{file}\")], \
             compatibilityDate = {:?})),",
            name(number),
            javascript::DATE
        );
    }
    let config = format!(
        "using Workerd = import \"/workerd/workerd.capnp\";\n\
         const config :Workerd.Config = (services = [\n{services}], sockets = [\n\
         (name = \"http\", address = \"127.0.0.1:{}\", http = (), service = \"{}\")]);\n",
        ports[0],
        name(0)
    );
    let start = Instant::now();
    let workerd = Workerd::start(&program, &dir, &config, &ports)?;
    Ok((workerd, start.elapsed()))
}
