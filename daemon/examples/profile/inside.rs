//! The same Worker through the daemon's engine, without a store and without sockets.

use super::guest::{ENV, FIELDS, answer, env_value};
use async_executor::Executor;
use bytes::Bytes;
use postern_abi::bundle::ModuleKind;
use postern_abi::{OpErrorCode, OpKind, SyncOp};
use postern_daemon::engine::caller::Caller;
use postern_daemon::engine::invocation::{Ray, Request, RequestBody};
use postern_daemon::engine::limits::Limits;
use postern_daemon::engine::ops::{Bindings, OpFailure, OpReply, Started};
use postern_daemon::engine::{
    Bundle, Engine, EngineBytes, EngineModule, EngineOptions, Finished, Observer, Part, Pushed,
    WorkerSpec, env_of,
};
use std::sync::Arc;

struct Nobody;

impl Observer for Nobody {
    fn finished(&self, _: &Finished<'_>) {}
}

/// An `env` in which every key has the same value, and everybody answers the same.
struct Env;

impl Bindings for Env {
    fn sync(&self, op: SyncOp, argument: &[u8], out: &mut Vec<u8>) -> Result<(), OpFailure> {
        let told = match op {
            SyncOp::EnvNames => postcard::to_allocvec(&ENV.map(|(name, _)| name).as_slice()),
            SyncOp::EnvGet => postcard::to_allocvec(&env_value(argument)),
            _ => return Err(OpFailure::new(OpErrorCode::Unsupported, "not here")),
        };
        out.extend_from_slice(&told.expect("memory"));
        Ok(())
    }

    fn start(&self, op: OpKind, _: &[u8], _: &Caller) -> Started {
        let Some((head, body)) = answer(op as u32) else {
            return Started::Done(Err(OpFailure::new(OpErrorCode::Unsupported, "not here")));
        };
        Started::Done(Ok(OpReply {
            head,
            body: body.into(),
            ..OpReply::default()
        }))
    }
}

/// Nanoseconds of CPU for one request, of a Worker in JavaScript that the engine's module runs or of
/// one that is the module.
pub fn least_ns(module: &[u8], worker: Option<&[u8]>, requests: u32) -> f64 {
    let dir = tempfile::tempdir().expect("a folder for what passes");
    let options = EngineOptions {
        javascript: EngineModule {
            bytes: EngineBytes::Whole(Bytes::copy_from_slice(module)),
            id: "profile",
        },
        module_bytes: 64 << 20,
        dir: Some(dir.path().to_owned()),
        ..EngineOptions::default()
    };
    let executor = Arc::new(Executor::new());
    let engine = Engine::new(options, executor.clone(), Arc::new(Nobody));
    let pushed = match worker {
        None => Pushed::Module(Bytes::copy_from_slice(module)),
        Some(worker) => Pushed::Bundle(Bundle {
            main: "worker.js".to_owned(),
            compatibility_date: "2026-01-01".to_owned(),
            flags: Vec::new(),
            modules: vec![Part {
                name: "worker.js".to_owned(),
                kind: ModuleKind::EsModule,
                bytes: Bytes::copy_from_slice(worker),
            }],
            env: env_of(&Env),
        }),
    };
    let limits = Limits {
        cpu_ms: 30_000,
        ..Limits::default()
    };
    let judging = engine.judge("tenant", pushed, &limits);
    let judged = smol::block_on(executor.run(judging)).expect("the Worker loads");
    let put = |name: &str, bytes: &Vec<u8>| {
        let file = dir.path().join(name);
        std::fs::write(&file, bytes).expect("room for it");
        file
    };
    let image = judged.image.as_ref().map(|bytes| put("image", bytes));
    let snapshot = judged.snapshot.as_ref().map(|bytes| put("snapshot", bytes));
    let worker = engine.worker(WorkerSpec {
        namespace: "n".into(),
        script: "s".into(),
        version: "v".into(),
        tenant: "s".into(),
        kind: judged.kind,
        image,
        snapshot,
        pages: judged.pages,
        handlers: judged.told.handlers.clone(),
        maps: Vec::new(),
        limits,
        is_trusted: false,
        budget: None,
        is_recorded: true,
        meter: None,
        env: Arc::new(Env),
    });
    let mut headers = http::HeaderMap::new();
    for (name, value) in FIELDS {
        headers.insert(*name, http::HeaderValue::from_static(value));
    }
    let serve = || {
        for _ in 0..requests {
            let request = Request {
                ray: Ray(1),
                chain: None,
                origin: None,
                terms: None,
                method: http::Method::GET,
                url: "http://example.com/worker/".to_owned(),
                headers: headers.clone(),
                body: RequestBody::Empty,
                upgrade: false,
                handler: None,
            };
            let reply = smol::block_on(executor.run(worker.fetch(request))).expect("an answer");
            assert_eq!(reply.status, 200);
        }
    };
    serve();
    super::least_ns(5, requests, serve)
}
