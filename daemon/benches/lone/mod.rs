//! A Worker on an engine of its own, without a store and without sockets: what the benches and the
//! test of determinism run.
#![allow(dead_code)] // None of them needs all of it.

use async_executor::Executor;
use postern_daemon::engine::invocation::{Ray, Request, RequestBody};
use postern_daemon::engine::limits::Limits;
use postern_daemon::engine::ops::Bindings;
use postern_daemon::engine::{
    Engine, EngineOptions, Finished, Judged, Observer, Worker, WorkerSpec,
};
use std::sync::Arc;

/// Takes no notice of any invocation.
pub struct Nobody;

impl Observer for Nobody {
    fn finished(&self, _: &Finished<'_>) {}
}

/// The Worker and what it lives on.
pub struct Lone {
    /// Its engine.
    pub engine: Engine,
    /// What has to run while it serves.
    pub executor: Arc<Executor<'static>>,
    /// It.
    pub worker: Arc<Worker>,
    /// What the judge made of its module.
    pub judged: Judged,
    _dir: tempfile::TempDir,
}

impl Lone {
    /// Judges the module in `wat` and deploys it.
    pub fn new(
        wat: &str,
        options: EngineOptions,
        limits: Limits,
        env: Arc<dyn Bindings>,
        observer: Arc<dyn Observer>,
    ) -> Self {
        let executor = Arc::new(Executor::new());
        let engine = Engine::new(options, executor.clone(), observer);
        let wasm = wat::parse_str(wat).unwrap();
        let judged = smol::block_on(engine.judge(wasm.into(), &limits)).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let (image, snapshot) = (dir.path().join("image"), dir.path().join("snapshot"));
        std::fs::write(&image, judged.image.as_ref().unwrap()).unwrap();
        std::fs::write(&snapshot, judged.snapshot.as_ref().unwrap()).unwrap();
        let worker = engine.worker(WorkerSpec {
            namespace: "n".into(),
            script: "s".into(),
            version: "v".into(),
            kind: judged.kind,
            image: Some(image),
            snapshot: Some(snapshot),
            pages: judged.pages,
            handlers: judged.told.handlers.clone(),
            limits,
            env,
        });
        Self {
            engine,
            executor,
            worker,
            judged,
            _dir: dir,
        }
    }

    /// A request with an empty body, answered with 200.
    pub fn fetch(&self, path: &str) {
        let request = request(path, RequestBody::Empty);
        let reply = smol::block_on(self.executor.run(self.worker.fetch(request))).unwrap();
        assert_eq!(reply.status, 200);
    }
}

/// A request for `path`, which begins with the letter that tells the guest what to do.
pub fn request(path: &str, body: RequestBody) -> Request {
    Request {
        ray: Ray(1),
        chain: None,
        method: http::Method::GET,
        url: format!("http://t/{path}"),
        headers: http::HeaderMap::new(),
        body,
        upgrade: false,
    }
}
