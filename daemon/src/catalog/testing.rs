//! A runtime for tests: judges by the first bytes, and its Workers are their specifications.

#![allow(clippy::unwrap_used)]

use super::{Bounds, Catalog, Fetching, Judgement, Runtime, Triggering};
use crate::engine::invocation::{Entry, Ray, Reply, ReplyBody, Request, Trigger};
use crate::engine::limits::{Failure, Limits};
use crate::engine::meter::Meter;
use crate::engine::{Bundle, GuestKind, Judged, Pushed, Told, WorkerSpec};
use crate::store::{Store, StoreError, StoreOptions};
use bytes::Bytes;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A module that the test runtime accepts.
pub(crate) const WASM: &[u8] = b"\0asm\x01\0\0\0";

/// A Worker that only remembers what it was made from.
pub(crate) struct TestWorker {
    pub(crate) spec: WorkerSpec,
    pub(crate) retired: AtomicBool,
    /// Those in force.
    pub(crate) limits: Mutex<Limits>,
    /// Who counts.
    pub(crate) meter: Mutex<Option<Arc<dyn Meter>>>,
}

/// Accepts what begins like wasm.
pub(crate) struct TestRuntime {
    pub(crate) build: String,
    pub(crate) judged: AtomicUsize,
    pub(crate) refuse_start: AtomicBool,
    /// While this is held, judging waits.
    pub(crate) gate: Arc<smol::lock::Mutex<()>>,
    pub(crate) order: Mutex<Vec<Bytes>>,
    /// Scripts that were deployed, and their fuel.
    pub(crate) deployed: Mutex<Vec<(String, u64)>>,
}

impl TestRuntime {
    pub(crate) fn new(build: &str) -> Arc<Self> {
        Arc::new(Self {
            build: build.to_owned(),
            judged: AtomicUsize::new(0),
            refuse_start: AtomicBool::new(false),
            gate: Arc::default(),
            order: Mutex::default(),
            deployed: Mutex::default(),
        })
    }
}

impl Runtime<TestWorker> for TestRuntime {
    fn build(&self, kind: GuestKind) -> String {
        format!("{} {kind:?}", self.build)
    }

    fn judge(&self, _tenant: String, pushed: Pushed, _limits: Limits) -> Judgement<'_> {
        Box::pin(async move {
            let _gate = self.gate.lock().await;
            self.judged.fetch_add(1, Ordering::SeqCst);
            let source = match pushed {
                Pushed::Module(source) => source,
                Pushed::Bundle(bundle) => return evaluated(&bundle),
            };
            if !source.starts_with(WASM) {
                return Err("the module is not WebAssembly: magic number missing".to_owned());
            }
            self.order.lock().push(source.clone());
            let mut image = source.to_vec();
            image.extend_from_slice(self.build.as_bytes());
            Ok(Judged {
                image: Some(image),
                snapshot: Some(b"snapshot".to_vec()),
                told: Told {
                    handlers: vec!["fetch".to_owned()],
                    ..Told::default()
                },
                startup_fuel: 7,
                startup_time_ms: 3,
                ..Judged::empty(GuestKind::AbiV1)
            })
        })
    }

    fn start(&self, spec: WorkerSpec) -> Result<Arc<TestWorker>, String> {
        if self.refuse_start.load(Ordering::SeqCst) {
            return Err("refused by the test".to_owned());
        }
        assert!(
            spec.image.as_ref().is_none_or(|path| path.exists()),
            "started before its image was stored"
        );
        assert!(
            spec.snapshot.as_ref().is_some_and(|path| path.exists()),
            "started before its snapshot"
        );
        Ok(Arc::new(TestWorker {
            limits: Mutex::new(spec.limits),
            meter: Mutex::new(spec.meter.clone()),
            spec,
            retired: AtomicBool::new(false),
        }))
    }

    fn fetch(&self, worker: Arc<TestWorker>, request: Request) -> Fetching {
        Box::pin(async move {
            Ok(Reply {
                status: http::StatusCode::OK,
                reason: None,
                headers: http::HeaderMap::new(),
                body: ReplyBody::Whole(
                    match request.url.ends_with("/version") {
                        true => format!("{} {}", worker.spec.script, worker.spec.version),
                        false => format!("{} {}", worker.spec.script, request.url),
                    }
                    .into(),
                ),
            })
        })
    }

    fn enter(&self, worker: Arc<TestWorker>, _entry: Entry, request: Request) -> Fetching {
        self.fetch(worker, request)
    }

    fn trigger(&self, worker: Arc<TestWorker>, _ray: Ray, trigger: Trigger) -> Triggering {
        Box::pin(async move {
            let handler = trigger.handler();
            match worker.spec.handlers.iter().any(|it| it == handler) {
                true => Ok(()),
                false => Err(Failure::Internal(format!("no {handler}"))),
            }
        })
    }

    fn retire(&self, worker: &TestWorker) {
        assert!(
            !worker.retired.swap(true, Ordering::SeqCst),
            "retired twice"
        );
    }

    fn set_limits(&self, worker: &TestWorker, limits: Limits, meter: Option<Arc<dyn Meter>>) {
        *worker.limits.lock() = limits;
        *worker.meter.lock() = meter;
    }

    fn deployed(&self, namespace: &str, script: &str, startup_fuel: u64) {
        let name = format!("{namespace}/{script}");
        self.deployed.lock().push((name, startup_fuel));
    }
}

/// "Evaluates" JavaScript: what its main module says is there is there. The snapshot is all that
/// it depends on.
fn evaluated(bundle: &Bundle) -> Result<Judged, String> {
    let main = bundle.modules.iter().find(|it| it.name == bundle.main);
    let source = String::from_utf8_lossy(&main.unwrap().bytes).into_owned();
    if source.contains("throw") {
        return Err("Uncaught Error: thrown".to_owned());
    }
    let names = ["fetch", "scheduled", "queue"];
    let handlers = names.into_iter().filter(|name| source.contains(name));
    Ok(Judged {
        snapshot: Some(format!("{bundle:?}").into_bytes()),
        pages: 1,
        told: Told {
            handlers: handlers.map(str::to_owned).collect(),
            env_read: source.contains("env"),
            ..Told::default()
        },
        startup_time_ms: 3,
        ..Judged::empty(GuestKind::JavaScript)
    })
}

/// Waits for what happens in the background.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut reached: impl FnMut() -> bool) {
    let started = Instant::now();
    while !reached() {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "not yet: {what}"
        );
        std::thread::yield_now();
    }
}

/// A store in this folder.
pub(crate) fn open_store(dir: &std::path::Path) -> Store {
    let mut opened = None;
    // What the last one did in the background holds it open a moment longer.
    wait_until("the store is free", || {
        match Store::open(StoreOptions::new(dir)) {
            Ok(store) => opened = Some(store),
            Err(StoreError::InUse { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        opened.is_some()
    });
    opened.unwrap().store
}

/// A catalog on a store in this folder, which keeps no version but those that run.
pub(crate) fn open(dir: &std::path::Path, runtime: &Arc<TestRuntime>) -> Arc<Catalog<TestWorker>> {
    open_keeping(dir, runtime, 1)
}

/// The same, which keeps so many.
pub(crate) fn open_keeping(
    dir: &std::path::Path,
    runtime: &Arc<TestRuntime>,
    versions_kept: u32,
) -> Arc<Catalog<TestWorker>> {
    let runtime: Arc<dyn Runtime<TestWorker>> = Arc::clone(runtime) as _;
    let bounds = Bounds {
        versions_kept,
        ..Bounds::default()
    };
    Catalog::open(open_store(dir), None, runtime, bounds).unwrap()
}
