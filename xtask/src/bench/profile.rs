//! `bench --profile`: where the fuel and the time of a Worker's request go.
//!
//! `daemon/examples/profile` runs the engine's module, or the Worker's own, alone, with counters around each of its functions,
//! and the same Worker inside the daemon's engine; here the whole daemon serves it. What one
//! takes more than another is what lies between them.

use super::Bench;
use super::javascript;
use super::load::Load;
use crate::{process, step, workspace};
use anyhow::{Context, Result};
use std::path::Path;
use std::process::Command;

/// Requests of a run.
const REQUESTS: u32 = 2000;
const CONNECTIONS: u32 = 32;

/// Prints tables of functions, and the shares of a request's time.
pub fn run(bench: &Bench, worker: Option<&Path>) -> Result<()> {
    let profiler = workspace::target().join("release/examples/profile");
    let mut command = Command::new(profiler);
    let file = match worker {
        Some(file) if file.extension().is_some_and(|it| it == "wasm") => file.to_owned(),
        _ => {
            command.arg(crate::javascript::build_profiled()?);
            let source = match worker {
                Some(file) => std::fs::read_to_string(file)
                    .with_context(|| format!("cannot read {}", workspace::shown(file)))?,
                None => javascript::HELLO.to_owned(),
            };
            javascript::write_worker("profiled", &source)?
        }
    };
    command.arg(&file).arg(REQUESTS.to_string());
    let text = process::output(&mut command).with_context(|| {
        format!(
            "the Worker cannot be profiled; this says why: {}",
            process::shown(&command)
        )
    })?;
    let number = |name: &str| -> Result<f64> {
        text.split_ascii_whitespace()
            .find_map(|field| field.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
            .with_context(|| format!("the profiler tells no {name}:\n{text}"))
    };
    let (guest_us, engine_us) = (number("guest_ns")? / 1e3, number("engine_ns")? / 1e3);
    let whole_us = whole_us(bench, &file)?;
    let tables = text
        .rsplit_once("\nguest_ns")
        .map_or("", |(tables, _)| tables);
    println!("{tables}\n## Where a request's time goes\n");
    println!("| part | µs | share |\n| --- | ---: | ---: |");
    for (part, us) in [
        ("the guest", guest_us),
        (
            "the boundary and the engine around it",
            engine_us - guest_us,
        ),
        (
            "the edge, HTTP, the kernel, and bindings",
            whole_us - engine_us,
        ),
        ("all of it", whole_us),
    ] {
        println!("| {part} | {us:.1} | {:.0} % |", us * 100.0 / whole_us);
    }
    println!("\nThe guest uses {:.0} fuel a request.", number("fuel")?);
    Ok(())
}

/// Microseconds of the whole daemon's CPU for a request. It runs the engine that is kept in the
/// repository.
fn whole_us(bench: &Bench, file: &Path) -> Result<f64> {
    let daemon = bench.daemon()?;
    javascript::prepare_files(&daemon, &[("profiled", file)])?;
    let edge = daemon.edge();
    let load = |seconds| Load {
        server: daemon.id(),
        url: &edge,
        request: ("GET", "/profiled/"),
        body: "",
        token: "",
        connections: CONNECTIONS,
        seconds,
    };
    load(1).run_with(javascript::FIELDS)?;
    let outcome = step::quiet("the whole daemon", || {
        load(bench.seconds).run_with(javascript::FIELDS)
    })?;
    daemon.stop()?;
    Ok(1e6 / outcome.per_cpu_second)
}
