//! What the engine's parts cost: `cargo bench -p postern-daemon --bench engine`.
#![allow(clippy::unwrap_used, missing_docs)]

use async_executor::Executor;
use criterion::{Criterion, criterion_group, criterion_main};
use postern_abi::{OpKind, SyncOp};
use postern_daemon::engine::caller::Caller;
use postern_daemon::engine::invocation::{Ray, Request, RequestBody};
use postern_daemon::engine::limits::Limits;
use postern_daemon::engine::ops::{Bindings, OpFailure, OpReply, Started};
use postern_daemon::engine::{Engine, EngineOptions, Finished, Observer, Worker, WorkerSpec};
use std::sync::Arc;
use std::time::{Duration, Instant};

struct Nobody;

impl Observer for Nobody {
    fn finished(&self, _: &Finished<'_>) {}
}

struct Nothing;

impl Bindings for Nothing {
    fn sync(&self, _: SyncOp, _: &[u8], _: &mut Vec<u8>) -> Result<(), OpFailure> {
        Ok(())
    }

    fn start(&self, _: OpKind, _: &[u8], _: &Caller) -> Started {
        Started::Done(Ok(OpReply::default()))
    }
}

struct Setup {
    engine: Engine,
    executor: Arc<Executor<'static>>,
    worker: Arc<Worker>,
    _dir: tempfile::TempDir,
}

impl Setup {
    fn new(wat: &str) -> Self {
        let executor = Arc::new(Executor::new());
        let options = EngineOptions {
            memory_bytes: 8 << 30,
            idle: Duration::ZERO,
            ..EngineOptions::default()
        };
        let engine = Engine::new(options, executor.clone(), Arc::new(Nobody));
        let dir = tempfile::tempdir().unwrap();
        let limits = Limits {
            cpu_ms: 10_000,
            ..Limits::default()
        };
        let judged =
            smol::block_on(engine.judge(wat::parse_str(wat).unwrap().into(), &limits)).unwrap();
        let (image, snapshot) = (dir.path().join("image"), dir.path().join("snapshot"));
        std::fs::write(&image, judged.image.as_ref().unwrap()).unwrap();
        std::fs::write(&snapshot, judged.snapshot.unwrap()).unwrap();
        let worker = engine.worker(WorkerSpec {
            namespace: "n".into(),
            script: "s".into(),
            version: "v".into(),
            kind: judged.kind,
            image: Some(image),
            snapshot: Some(snapshot),
            pages: judged.pages,
            limits,
            env: Arc::new(Nothing),
        });
        Self {
            engine,
            executor,
            worker,
            _dir: dir,
        }
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

const GUEST: &str = include_str!("../src/engine/tests/guest.wat");

fn isolates(c: &mut Criterion) {
    // 1 MiB of memory, all of it written during boot: the snapshot has every page.
    let full = GUEST.replace("(memory (export \"memory\") 2)", "(memory (export \"memory\") 16)").replace(
        "(global.set $booted (i32.const 7))",
        "(global.set $booted (i32.const 7)) (memory.fill (i32.const 4096) (i32.const 1) (i32.const 1044480))",
    );
    let setup = Setup::new(&full);
    c.bench_function("isolate start, 1 MiB snapshot", |b| {
        b.iter_custom(|n| {
            let mut total = Duration::ZERO;
            for _ in 0..n {
                let started = Instant::now();
                setup.worker.warm_up().unwrap();
                total += started.elapsed();
                if setup.worker.warm().0 > 100 {
                    setup.engine.sweep();
                    setup.worker.warm_up().unwrap();
                }
            }
            total
        });
    });
    setup.engine.sweep();
    c.bench_function("evict, load code, start, first request", |b| {
        b.iter(|| {
            setup.engine.sweep();
            setup.fetch("h");
        });
    });
}

fn turns(c: &mut Criterion) {
    let setup = Setup::new(GUEST);
    setup.fetch("h");
    c.bench_function("hello, warm, through the engine alone", |b| {
        b.iter(|| setup.fetch("h"))
    });
}

criterion_group!(benches, isolates, turns);
criterion_main!(benches);
