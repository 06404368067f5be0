//! KV through a Worker against the store alone: `cargo bench -p postern-daemon --bench kv`.
#![allow(clippy::unwrap_used, missing_docs)]

use async_executor::Executor;
use criterion::{Criterion, criterion_group, criterion_main};
use postern_daemon::bindings::{Binding, Env};
use postern_daemon::engine::invocation::{Ray, Request, RequestBody};
use postern_daemon::engine::limits::Limits;
use postern_daemon::engine::{
    Engine, EngineOptions, Finished, Observer, Worker, WorkerSpec, judge_here,
};
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

struct Nobody;

impl Observer for Nobody {
    fn finished(&self, _: &Finished<'_>) {}
}

struct Setup {
    executor: Arc<Executor<'static>>,
    worker: Arc<Worker>,
    store: Store,
    namespace: NamespaceId,
    _dir: tempfile::TempDir,
}

impl Setup {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(StoreOptions::new(dir.path().join("store")))
            .unwrap()
            .store;
        let executor = Arc::new(Executor::new());
        let options = EngineOptions::default();
        let limits = Limits::default();
        let order = postern_daemon::engine::Order {
            limits,
            fuel_per_ms: options.fuel_per_ms,
            module_bytes: options.module_bytes,
            work: postern_daemon::engine::Work::Module,
        };
        let judged = judge_here(&wat::parse_str(GUEST).unwrap(), &order).unwrap();
        let (image, snapshot) = (dir.path().join("image"), dir.path().join("snapshot"));
        std::fs::write(&image, judged.image.as_ref().unwrap()).unwrap();
        std::fs::write(&snapshot, judged.snapshot.unwrap()).unwrap();
        let namespace = NamespaceId([7; 16]);
        let bindings = vec![Binding::Kv {
            name: "K".into(),
            namespace,
        }];
        let engine = Engine::new(options, executor.clone(), Arc::new(Nobody));
        let worker = engine.worker(WorkerSpec {
            namespace: "n".into(),
            script: "s".into(),
            version: "v".into(),
            kind: judged.kind,
            image: Some(image),
            snapshot: Some(snapshot),
            pages: judged.pages,
            limits,
            env: Arc::new(Env::new(bindings, store.clone())),
        });
        let setup = Self {
            executor,
            worker,
            store,
            namespace,
            _dir: dir,
        };
        setup.fetch("p");
        setup
    }

    fn fetch(&self, path: &str) {
        let request = Request {
            ray: Ray(1),
            chain: None,
            method: http::Method::GET,
            url: format!("http://t/{path}"),
            headers: http::HeaderMap::new(),
            body: RequestBody::Empty,
        };
        let reply = smol::block_on(self.executor.run(self.worker.fetch(request))).unwrap();
        assert_eq!(reply.status, 200);
    }
}

fn kv(c: &mut Criterion) {
    let setup = Setup::new();
    let value = vec![b'x'; 100];
    let mut get = c.benchmark_group("kv_get");
    get.bench_function("worker", |b| b.iter(|| setup.fetch("g")));
    get.bench_function("store", |b| {
        b.iter(|| {
            assert!(
                setup
                    .store
                    .kv()
                    .get(setup.namespace, "k")
                    .unwrap()
                    .is_some()
            )
        });
    });
    get.finish();
    let mut put = c.benchmark_group("kv_put");
    put.sample_size(20);
    put.bench_function("worker", |b| b.iter(|| setup.fetch("p")));
    put.bench_function("store", |b| {
        b.iter(|| {
            let put =
                setup
                    .store
                    .kv()
                    .put(setup.namespace, "k", value.clone(), PutOptions::default());
            smol::block_on(put).unwrap();
        });
    });
    put.finish();
}

criterion_group!(benches, kv);
criterion_main!(benches);
