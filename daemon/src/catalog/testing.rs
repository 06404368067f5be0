//! A runtime for tests: judges by the first bytes, and its Workers are their specifications.

#![allow(clippy::unwrap_used)]

use super::{Bounds, Catalog, Judgement, Runtime};
use crate::engine::limits::Limits;
use crate::engine::{GuestKind, Judged, WorkerSpec};
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
    fn build(&self) -> String {
        self.build.clone()
    }

    fn judge(&self, source: Bytes, _limits: Limits) -> Judgement<'_> {
        Box::pin(async move {
            let _gate = self.gate.lock().await;
            self.judged.fetch_add(1, Ordering::SeqCst);
            if !source.starts_with(WASM) {
                return Err("the module is not WebAssembly: magic number missing".to_owned());
            }
            self.order.lock().push(source.clone());
            let mut image = source.to_vec();
            image.extend_from_slice(self.build.as_bytes());
            Ok(Judged {
                kind: GuestKind::AbiV1,
                image,
                snapshot: Some(b"snapshot".to_vec()),
                startup_fuel: 7,
                startup_time_ms: 3,
            })
        })
    }

    fn start(&self, spec: WorkerSpec) -> Result<Arc<TestWorker>, String> {
        if self.refuse_start.load(Ordering::SeqCst) {
            return Err("refused by the test".to_owned());
        }
        assert!(spec.image.exists(), "started before its image was stored");
        assert!(
            spec.snapshot.as_ref().is_some_and(|path| path.exists()),
            "started before its snapshot"
        );
        Ok(Arc::new(TestWorker {
            spec,
            retired: AtomicBool::new(false),
        }))
    }

    fn retire(&self, worker: &TestWorker) {
        assert!(
            !worker.retired.swap(true, Ordering::SeqCst),
            "retired twice"
        );
    }

    fn deployed(&self, namespace: &str, script: &str, startup_fuel: u64) {
        let name = format!("{namespace}/{script}");
        self.deployed.lock().push((name, startup_fuel));
    }
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

/// A catalog on a store in this folder.
pub(crate) fn open(dir: &std::path::Path, runtime: &Arc<TestRuntime>) -> Arc<Catalog<TestWorker>> {
    let runtime: Arc<dyn Runtime<TestWorker>> = Arc::clone(runtime) as _;
    Catalog::open(open_store(dir), runtime, Bounds::default()).unwrap()
}
