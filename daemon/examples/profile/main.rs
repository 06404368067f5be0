//! Where a Worker's fuel and time go: `profile ENGINE WORKER REQUESTS` for one in JavaScript,
//! `profile WORKER REQUESTS` for a module, for `cargo xtask bench --profile`.
//!
//! The engine's module, or the Worker's own, runs alone, with each of its functions in a wrapper that tells when it begins
//! and ends. Fuel is exact. Time is what is left when what the telling takes is taken off, which
//! is known from a run without wrappers.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod guest;
mod inside;

use guest::{Guest, Spent};
use postern_daemon::engine::module::{ModuleLimits, init_module, inspect};
use postern_daemon::engine::replay::wrapping;

/// Rows of a table.
const ROWS: usize = 40;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let (engine, worker, requests) = match &arguments[..] {
        [_, engine, worker, requests] => (engine, Some(worker), requests),
        [_, module, requests] => (module, None, requests),
        _ => panic!("profile ENGINE WORKER REQUESTS, or profile WORKER REQUESTS"),
    };
    let engine = std::fs::read(engine).expect("a module");
    let worker = worker.map(|file| std::fs::read(file).expect("the Worker"));
    let worker = worker.as_deref();
    let requests: u32 = requests.parse().expect("a number of requests");
    let limits = ModuleLimits {
        module_bytes: 64 << 20,
        ..ModuleLimits::with_memory_bytes(u64::from(u32::MAX) + 1)
    };
    let inspected = inspect(&engine, &limits).expect("a guest of ABI version 1");
    let metered = init_module(&engine, &inspected).expect("it was inspected");

    let mut plain = Guest::load(&metered, worker, Vec::new());
    plain.serve(requests / 10 + 10);
    let before = plain.fuel();
    let alone_ns = least_ns(5, requests, || plain.serve(requests));
    let fuel = (plain.fuel() - before) / (5 * u64::from(requests));

    let wrapped = wrapping::wrap(&engine, &metered).expect("a module that was metered");
    let mut guest = Guest::load(&wrapped.module, worker, wrapped.costs);
    let loading = guest.take_ledger();
    guest.serve(requests / 10 + 10);
    guest.take_ledger();
    let told_ns = least_ns(1, requests, || guest.serve(requests));
    let ledger = guest.take_ledger();

    let readings: u64 = ledger.functions.iter().map(|it| it.readings).sum();
    let each_ns = (told_ns - alone_ns).max(0.0) * f64::from(requests) / readings.max(1) as f64;
    let named = |functions: Vec<Spent>| wrapped.names.iter().cloned().zip(functions).collect();
    if worker.is_some() {
        println!("## What loading takes, by function of the engine's module\n");
        table(named(loading.functions), 1, each_ns);
        println!("\n## What loading takes, by function of JavaScript\n");
        table(loading.scripts.into_iter().collect(), 1, each_ns);
        println!();
    }
    println!("## By function of the module\n");
    table(named(ledger.functions), requests, each_ns);
    if worker.is_some() {
        println!("\n## By function of JavaScript, with what is not JavaScript in it\n");
        table(ledger.scripts.into_iter().collect(), requests, each_ns);
    }

    let inside_ns = inside::least_ns(&engine, worker, requests);
    println!("\nguest_ns={alone_ns:.0} engine_ns={inside_ns:.0} fuel={fuel}");
}

/// Nanoseconds of this thread's CPU for one request: the least of several runs.
pub fn least_ns(runs: u32, requests: u32, mut run: impl FnMut()) -> f64 {
    (0..runs)
        .map(|_| {
            let before = cpu_ns();
            run();
            (cpu_ns() - before) / f64::from(requests)
        })
        .fold(f64::INFINITY, f64::min)
}

fn cpu_ns() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells it");
    let ns = text.split(' ').next().and_then(|ns| ns.parse().ok());
    ns.expect("nanoseconds on a processor")
}

fn table(mut rows: Vec<(String, Spent)>, requests: u32, each_ns: f64) {
    rows.sort_by_key(|(_, spent)| std::cmp::Reverse(spent.fuel));
    let total: u64 = rows.iter().map(|(_, spent)| spent.fuel).sum();
    println!("| fuel | share | µs | calls | function |");
    println!("| ---: | ---: | ---: | ---: | --- |");
    for (name, spent) in rows.into_iter().take(ROWS) {
        if spent.fuel == 0 {
            break;
        }
        let requests = f64::from(requests);
        let time_ns = spent.time.as_nanos() as f64 - each_ns * spent.readings as f64;
        println!(
            "| {:.0} | {:.1} % | {:.2} | {:.1} | `{name}` |",
            spent.fuel as f64 / requests,
            spent.fuel as f64 * 100.0 / total as f64,
            time_ns.max(0.0) / requests / 1e3,
            spent.calls as f64 / requests,
        );
    }
}
