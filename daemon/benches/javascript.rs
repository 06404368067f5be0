//! What Workers in JavaScript cost to begin and to serve: `cargo bench -p postern-daemon --bench javascript`.
#![allow(clippy::unwrap_used, missing_docs)]

mod lone;

use criterion::{Criterion, criterion_group, criterion_main};
use lone::{Lone, Nobody};
use postern_abi::{OpErrorCode, OpKind, SyncOp};
use postern_daemon::engine::EngineOptions;
use postern_daemon::engine::caller::Caller;
use postern_daemon::engine::limits::Limits;
use postern_daemon::engine::ops::{Bindings, OpFailure, OpReply, Started};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// An `env` with nothing in it.
struct Nothing;

impl Bindings for Nothing {
    fn sync(&self, op: SyncOp, _: &[u8], out: &mut Vec<u8>) -> Result<(), OpFailure> {
        match op {
            SyncOp::EnvNames => {
                out.push(0);
                Ok(())
            }
            _ => Err(OpFailure::new(OpErrorCode::UnknownBinding, "no such name")),
        }
    }

    fn start(&self, _: OpKind, _: &[u8], _: &Caller) -> Started {
        Started::Done(Ok(OpReply::default()))
    }
}

/// Instances that are kept for the next isolate, at most.
const LEFT_MAX: usize = 4;

const HELLO: &str = "export default { fetch() { return new Response('hello'); } };";

fn isolates(c: &mut Criterion) {
    let options = EngineOptions {
        budget: postern_daemon::ledger::Budget::new("Workers", 8 << 30),
        idle: Duration::from_secs(3600),
        ..EngineOptions::default()
    };
    let lone = Lone::javascript(
        HELLO,
        options,
        Limits::default(),
        Arc::new(Nothing),
        Arc::new(Nobody),
    );
    // The engine's code stays translated, as it does where any Worker in JavaScript is warm.
    lone.fetch("h");
    c.bench_function("JavaScript isolate start", |b| {
        b.iter_custom(|n| {
            let mut total = Duration::ZERO;
            for _ in 0..n {
                let worker = lone.again();
                let started = Instant::now();
                worker.warm_up().unwrap();
                total += started.elapsed();
                worker.retire();
            }
            total
        });
    });
    c.bench_function(
        "JavaScript isolate start, where none left its instance",
        |b| {
            b.iter_custom(|n| {
                let mut total = Duration::ZERO;
                for _ in 0..n {
                    let before: Vec<_> = (0..LEFT_MAX).map(|_| lone.again()).collect();
                    for worker in &before {
                        worker.warm_up().unwrap();
                    }
                    let worker = lone.again();
                    let started = Instant::now();
                    worker.warm_up().unwrap();
                    total += started.elapsed();
                    worker.retire();
                    before.iter().for_each(|worker| worker.retire());
                }
                total
            });
        },
    );
    c.bench_function("JavaScript isolate start and first request", |b| {
        b.iter_custom(|n| {
            let mut total = Duration::ZERO;
            for _ in 0..n {
                let worker = lone.again();
                let started = Instant::now();
                lone.fetch_of(&worker, "h");
                total += started.elapsed();
                worker.retire();
            }
            total
        });
    });
    c.bench_function("JavaScript hello, warm, through the engine alone", |b| {
        b.iter(|| lone.fetch("h"));
    });
}

criterion_group!(benches, isolates);
criterion_main!(benches);
