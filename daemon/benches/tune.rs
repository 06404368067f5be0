//! What recording an invocation costs: `cargo bench -p postern-daemon --bench tune`.
#![allow(clippy::unwrap_used, missing_docs)]

use criterion::{Criterion, criterion_group, criterion_main};
use postern_daemon::engine::Finished;
use postern_daemon::engine::invocation::Ray;
use postern_daemon::engine::limits::Outcome;
use postern_daemon::store::{Store, StoreOptions};
use postern_daemon::tune::Tune;
use std::sync::atomic::{AtomicU64, Ordering};

fn finished(script: &str, number: u64) -> Finished<'_> {
    Finished {
        namespace: "production",
        script,
        version: "v1",
        ray: Ray(number),
        origin: None,
        invoked: 0,
        outcome: Outcome::Ok,
        started_ms: 5,
        fuel: 30_000 + number % 5000,
        cpu_us: 20,
        wall_us: 100 + number % 300,
        queue_us: 0,
        start_us: 0,
        trigger: None,
        entrypoint: None,
        rpc_method: None,
        method: "GET",
        url: "http://a.example/",
        headers: None,
        status: Some(200),
        logs: &[],
        logs_dropped: 0,
        exception: None,
        labels: None,
        tail_depth: 0,
        listeners: &[],
        memory_bytes: 2 << 20,
        subrequests: 1,
        tenant: script,
        refusal: None,
        stage: postern_daemon::engine::refusal::Stage::Response,
    }
}

fn record(c: &mut Criterion) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(StoreOptions::new(dir.path())).unwrap().store;
    let tune = Tune::open(store, 4 << 20);
    let names: Vec<String> = (0..50).map(|it| format!("tenant-{it}")).collect();
    let mut group = c.benchmark_group("tune");
    let mut number = 0;
    group.bench_function("record", |b| {
        b.iter(|| {
            number += 1;
            let name = &names[(number * 7 % 50) as usize];
            tune.finished(&finished(name, number));
        });
    });
    // Another thread records all the time.
    let (stop, others) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while stop.load(Ordering::Relaxed) == 0 {
                let number = others.fetch_add(1, Ordering::Relaxed);
                tune.finished(&finished(&names[(number % 50) as usize], number));
            }
        });
        group.bench_function("record beside another thread", |b| {
            b.iter(|| {
                number += 1;
                tune.finished(&finished(&names[(number * 7 % 50) as usize], number));
            });
        });
        stop.store(1, Ordering::Relaxed);
    });
    group.finish();
}

criterion_group!(benches, record);
criterion_main!(benches);
