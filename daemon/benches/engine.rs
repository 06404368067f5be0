//! What the engine's parts cost: `cargo bench -p postern-daemon --bench engine`.
#![allow(clippy::unwrap_used, missing_docs)]

mod lone;

use criterion::{Criterion, criterion_group, criterion_main};
use lone::{Lone, Nobody};
use postern_abi::{OpKind, SyncOp};
use postern_daemon::engine::EngineOptions;
use postern_daemon::engine::caller::Caller;
use postern_daemon::engine::limits::Limits;
use postern_daemon::engine::ops::{Bindings, OpFailure, OpReply, Started};
use postern_daemon::engine::replay::{Recorded, Recorder};
use std::sync::Arc;
use std::time::{Duration, Instant};

struct Nothing;

impl Bindings for Nothing {
    fn sync(&self, _: SyncOp, _: &[u8], _: &mut Vec<u8>) -> Result<(), OpFailure> {
        Ok(())
    }

    fn start(&self, _: OpKind, _: &[u8], _: &Caller) -> Started {
        Started::Done(Ok(OpReply::default()))
    }
}

fn worker(wat: &str) -> Lone {
    let options = EngineOptions {
        budget: postern_daemon::ledger::Budget::new("Workers", 8 << 30),
        idle: Duration::ZERO,
        ..EngineOptions::default()
    };
    let limits = Limits {
        cpu_ms: 10_000,
        ..Limits::default()
    };
    Lone::new(wat, options, limits, Arc::new(Nothing), Arc::new(Nobody))
}

const GUEST: &str = include_str!("../src/engine/tests/guest.wat");

fn isolates(c: &mut Criterion) {
    // 1 MiB of memory, all of it written during boot: the snapshot has every page.
    let full = GUEST.replace("(memory (export \"memory\") 2)", "(memory (export \"memory\") 16)").replace(
        "(global.set $booted (i32.const 7))",
        "(global.set $booted (i32.const 7)) (memory.fill (i32.const 4096) (i32.const 1) (i32.const 1044480))",
    );
    let lone = worker(&full);
    c.bench_function("isolate start, 1 MiB snapshot", |b| {
        b.iter_custom(|n| {
            let mut total = Duration::ZERO;
            for _ in 0..n {
                let started = Instant::now();
                lone.worker.warm_up().unwrap();
                total += started.elapsed();
                if lone.worker.warm().0 > 100 {
                    lone.engine.sweep();
                    lone.worker.warm_up().unwrap();
                }
            }
            total
        });
    });
    lone.engine.sweep();
    c.bench_function("evict, load code, start, first request", |b| {
        b.iter(|| {
            lone.engine.sweep();
            lone.fetch("h");
        });
    });
}

fn turns(c: &mut Criterion) {
    let lone = worker(GUEST);
    lone.fetch("h");
    c.bench_function("hello, warm, through the engine alone", |b| {
        b.iter(|| lone.fetch("h"))
    });
    lone.engine.record_to(Arc::new(Tapes));
    // Its isolates begin anew, on a tape.
    lone.engine.sweep();
    lone.fetch("h");
    c.bench_function("the same, written down", |b| b.iter(|| lone.fetch("h")));
}

/// Has everything written down, and wants none of it.
struct Tapes;

impl Recorder for Tapes {
    fn tape_bytes(&self, _: &str, _: &str) -> u64 {
        128 << 10
    }

    fn wants(&self, _: bool) -> bool {
        false
    }

    fn keep(&self, _: Recorded) {}
}

criterion_group!(benches, isolates, turns);
criterion_main!(benches);
