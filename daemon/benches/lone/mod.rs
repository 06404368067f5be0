//! A Worker on an engine of its own, without a store and without sockets: what the benches and the
//! test of determinism run.
#![allow(dead_code)] // None of them needs all of it.

use async_executor::Executor;
use postern_abi::bundle::ModuleKind;
use postern_daemon::engine::invocation::{Ray, Request, RequestBody};
use postern_daemon::engine::limits::Limits;
use postern_daemon::engine::ops::Bindings;
use postern_daemon::engine::{
    Bundle, Engine, EngineOptions, Finished, GuestKind, Judged, Observer, Part, Pushed, Worker,
    WorkerSpec,
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
    limits: Limits,
    env: Arc<dyn Bindings>,
    dir: tempfile::TempDir,
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
        let wasm = wat::parse_str(wat).unwrap();
        Self::pushed(wasm.into(), options, limits, env, observer)
    }

    /// The same of a Worker in JavaScript, of one module.
    pub fn javascript(
        source: &'static str,
        options: EngineOptions,
        limits: Limits,
        env: Arc<dyn Bindings>,
        observer: Arc<dyn Observer>,
    ) -> Self {
        let bundle = Bundle {
            main: "worker.js".to_owned(),
            compatibility_date: "2026-01-01".to_owned(),
            modules: vec![Part {
                name: "worker.js".to_owned(),
                kind: ModuleKind::EsModule,
                bytes: bytes::Bytes::from_static(source.as_bytes()),
            }],
            ..Bundle::default()
        };
        Self::pushed(Pushed::Bundle(bundle), options, limits, env, observer)
    }

    fn pushed(
        pushed: Pushed,
        options: EngineOptions,
        limits: Limits,
        env: Arc<dyn Bindings>,
        observer: Arc<dyn Observer>,
    ) -> Self {
        let executor = Arc::new(Executor::new());
        let dir = tempfile::tempdir().unwrap();
        let options = EngineOptions {
            dir: Some(dir.path().join("engine")),
            ..options
        };
        let engine = Engine::new(options, executor.clone(), observer);
        let judged = smol::block_on(engine.judge("tenant", pushed, &limits)).unwrap();
        std::fs::write(
            dir.path().join("snapshot"),
            judged.snapshot.as_ref().unwrap(),
        )
        .unwrap();
        if let Some(image) = &judged.image {
            std::fs::write(dir.path().join("image"), image).unwrap();
        }
        let worker = worker(&engine, &judged, dir.path(), limits, env.clone());
        Self {
            engine,
            executor,
            worker,
            judged,
            limits,
            env,
            dir,
        }
    }

    /// Another Worker of the same files.
    pub fn again(&self) -> Arc<Worker> {
        worker(
            &self.engine,
            &self.judged,
            self.dir.path(),
            self.limits,
            self.env.clone(),
        )
    }

    /// A request with an empty body, answered with 200.
    pub fn fetch(&self, path: &str) {
        self.fetch_of(&self.worker, path);
    }

    /// The same of another Worker.
    pub fn fetch_of(&self, worker: &Arc<Worker>, path: &str) {
        let request = request(path, RequestBody::Empty);
        let reply = smol::block_on(self.executor.run(worker.fetch(request))).unwrap();
        assert_eq!(reply.status, 200);
    }
}

/// A request for `path`, which begins with the letter that tells the guest what to do.
pub fn request(path: &str, body: RequestBody) -> Request {
    Request {
        ray: Ray(1),
        chain: None,
        origin: None,
        terms: None,
        method: http::Method::GET,
        url: format!("http://t/{path}"),
        headers: http::HeaderMap::new(),
        body,
        upgrade: false,
        handler: None,
    }
}

fn worker(
    engine: &Engine,
    judged: &Judged,
    dir: &std::path::Path,
    limits: Limits,
    env: Arc<dyn Bindings>,
) -> Arc<Worker> {
    let image = (judged.kind != GuestKind::JavaScript).then(|| dir.join("image"));
    engine.worker(WorkerSpec {
        namespace: "n".into(),
        script: "s".into(),
        version: "v".into(),
        tenant: "s".into(),
        kind: judged.kind,
        image,
        snapshot: Some(dir.join("snapshot")),
        pages: judged.pages,
        handlers: judged.told.handlers.clone(),
        maps: Vec::new(),
        limits,
        is_trusted: false,
        budget: None,
        is_recorded: true,
        meter: None,
        env,
    })
}
