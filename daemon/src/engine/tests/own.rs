//! The daemon's own Worker: who it answers for, and when it does not.
#![allow(clippy::unwrap_used)]

use super::{Bench, Budget, EngineOptions, bench, request};
use futures_lite::future;

#[test]
fn it_answers_and_nobody_is_told() {
    let bench = bench();
    let own = bench.engine.own_worker().unwrap();
    for _ in 0..2 {
        let reply = bench.block(own.worker().fetch(request("own"))).unwrap();
        assert_eq!(reply.status, 204);
    }
    // What is recorded is recorded before the answer's executor is left.
    assert!(bench.records.0.lock().is_empty());
}

#[test]
fn it_answers_however_much_memory_tenants_use() {
    let bench = Bench::new(EngineOptions {
        budget: Budget::new("Workers", 0),
        ..EngineOptions::default()
    });
    let own = bench.engine.own_worker().unwrap();
    let reply = bench.block(own.worker().fetch(request("own"))).unwrap();
    assert_eq!(reply.status, 204);
    assert_eq!(bench.engine.budget().used(), 0);
}

#[test]
fn it_does_not_answer_while_the_engine_runs_nobody() {
    let bench = bench();
    let own = bench.engine.own_worker().unwrap();
    // A slot that is never given back is a turn that never ends.
    let mut slots = Vec::new();
    let scheduler = bench.engine.scheduler();
    let other = scheduler.worker(&std::sync::Arc::new(scheduler.tenant()));
    while let Some(slot) = scheduler.try_enter(&other, 100, 0) {
        slots.push(slot);
    }
    let worker = own.worker().clone();
    let asking = bench
        .executor
        .spawn(async move { worker.fetch(request("own")).await });
    // Everything that can run has run when there is nothing left to try.
    while bench.executor.try_tick() {}
    assert!(!asking.is_finished());
    drop(slots);
    let reply = bench.block(asking).unwrap();
    assert_eq!(reply.status, 204);
    bench.block(future::yield_now());
}
