//! KV through a Worker against the store alone: `cargo bench -p postern-daemon --bench kv`.
#![allow(clippy::unwrap_used, missing_docs)]

mod lone;

use criterion::{Criterion, criterion_group, criterion_main};
use lone::{Lone, Nobody};
use postern_daemon::bindings::{Binding, Env};
use postern_daemon::engine::EngineOptions;
use postern_daemon::engine::limits::Limits;
use postern_daemon::store::kv::PutOptions;
use postern_daemon::store::{NamespaceId, Store, StoreOptions};
use std::sync::Arc;

/// Starts one operation a request and answers when it is done: a get, or a put for `p`.
const GUEST: &str = r#"(module
  (import "postern" "respond" (func $respond (param i32 i32 i32 i32 i32 i32)))
  (import "postern" "done" (func $done (param i32 i32 i32 i32)))
  (import "postern" "op_start" (func $op_start (param i32 i32 i32 i32)))
  (memory (export "memory") 2)
  (global $request (mut i32) (i32.const 0))
  (data (i32.const 256) "\c8\01\00")
  (data (i32.const 272) "\01K\01k\00")
  (data (i32.const 288) "\01K\01k\00\00\00\00a hundred bytes or so are what a counter, a session or a flag of a tenant takes up in KV, as a rule...")
  (func (export "postern_abi_v1"))
  (func (export "postern_window") (param i32) (result i32) (i32.const 1024))
  (func (export "postern_event") (param $kind i32) (param $id i32) (param $len i32) (result i32)
    (if (i32.eq (local.get $kind) (i32.const 1)) (then
      (global.set $request (local.get $id))
      (if (i32.eq (i32.load8_u (i32.const 1038)) (i32.const 112))
        (then (call $op_start (i32.const 1) (i32.const 17) (i32.const 288) (i32.const 108)))
        (else (call $op_start (i32.const 1) (i32.const 16) (i32.const 272) (i32.const 5))))))
    (if (i32.eq (local.get $kind) (i32.const 6)) (then
      (call $respond (global.get $request) (i32.const 256) (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0))
      (call $done (global.get $request) (i32.const 0) (i32.const 0) (i32.const 0))))
    (i32.const 0)))"#;

const NAMESPACE: NamespaceId = NamespaceId([7; 16]);

/// A Worker whose `K` is the namespace in the store.
fn worker(store: &Store) -> Lone {
    let bindings = vec![Binding::Kv {
        name: "K".into(),
        namespace: NAMESPACE,
    }];
    Lone::new(
        GUEST,
        EngineOptions::default(),
        Limits::default(),
        Arc::new(Env::new(bindings, store.clone())),
        Arc::new(Nobody),
    )
}

fn kv(c: &mut Criterion) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(StoreOptions::new(dir.path())).unwrap().store;
    let lone = worker(&store);
    lone.fetch("p");
    let value = vec![b'x'; 100];
    let mut get = c.benchmark_group("kv_get");
    get.bench_function("worker", |b| b.iter(|| lone.fetch("g")));
    get.bench_function("store", |b| {
        b.iter(|| assert!(store.kv().get(NAMESPACE, "k").unwrap().is_some()));
    });
    get.finish();
    let mut put = c.benchmark_group("kv_put");
    put.sample_size(20);
    put.bench_function("worker", |b| b.iter(|| lone.fetch("p")));
    put.bench_function("store", |b| {
        b.iter(|| {
            let put = store
                .kv()
                .put(NAMESPACE, "k", value.clone(), PutOptions::default());
            smol::block_on(put).unwrap();
        });
    });
    put.finish();
}

criterion_group!(benches, kv);
criterion_main!(benches);
