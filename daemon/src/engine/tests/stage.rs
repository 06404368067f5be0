//! What the engine's tests stand on: an engine, its records, Workers and requests.

use super::*;

/// What is remembered of an invocation.
#[derive(Clone)]
pub(super) struct Seen {
    pub(super) url: String,
    pub(super) status: u16,
    pub(super) outcome: Outcome,
    pub(super) fuel: u64,
    pub(super) logs: Vec<LogLine>,
    pub(super) logs_dropped: u32,
    pub(super) refusal: Option<Refusal>,
    pub(super) stage: Stage,
}

impl Seen {
    pub(super) fn told(&self) -> Vec<String> {
        self.logs.iter().map(|line| line.message.clone()).collect()
    }
}

/// Remembers every invocation.
#[derive(Default)]
pub(super) struct Records(
    pub(super) Mutex<Vec<Seen>>,
    /// The limits by which requests were not let in.
    pub(super) Mutex<Vec<&'static str>>,
);

impl Observer for Records {
    fn refused(&self, _: &str, _: &str, limit: &'static str) {
        self.1.lock().push(limit);
    }

    fn finished(&self, finished: &Finished<'_>) {
        self.0.lock().push(Seen {
            url: finished.url.to_owned(),
            status: finished.status.unwrap_or(0),
            outcome: finished.outcome,
            fuel: finished.fuel,
            logs: finished.logs.to_vec(),
            logs_dropped: finished.logs_dropped,
            refusal: finished.refusal.cloned(),
            stage: finished.stage,
        });
    }
}

/// Knows timers only: of so many milliseconds, and of 255 for ever.
pub(super) struct Timers;

impl Bindings for Timers {
    fn sync(&self, _: SyncOp, _: &[u8], _: &mut Vec<u8>) -> Result<(), OpFailure> {
        Ok(())
    }

    fn start(&self, _: OpKind, argument: &[u8], _: &Caller) -> Started {
        let ms = u64::from(argument.first().copied().unwrap_or(0));
        Started::Later(Box::pin(async move {
            if ms == 255 {
                std::future::pending::<()>().await;
            }
            async_io::Timer::after(Duration::from_millis(ms)).await;
            Ok(OpReply::default())
        }))
    }
}

pub(super) struct Bench {
    pub(super) engine: Engine,
    pub(super) executor: Arc<Executor<'static>>,
    pub(super) records: Arc<Records>,
    pub(super) dir: tempfile::TempDir,
}

impl Bench {
    pub(super) fn new(options: EngineOptions) -> Self {
        let executor = Arc::new(Executor::new());
        let records = Arc::new(Records::default());
        let engine = Engine::new(options, executor.clone(), records.clone());
        Self {
            engine,
            executor,
            records,
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub(super) fn worker(&self, wat: &str, limits: Limits) -> Arc<Worker> {
        self.named("s", wat, limits)
    }

    pub(super) fn named(&self, script: &str, wat: &str, limits: Limits) -> Arc<Worker> {
        let wasm = wat::parse_str(wat).unwrap();
        let judged = self
            .block(self.engine.judge("tenant", wasm.into(), &limits))
            .unwrap();
        self.deploy(script, &judged, limits)
    }

    pub(super) fn deploy(&self, script: &str, judged: &Judged, limits: Limits) -> Arc<Worker> {
        self.deploy_with(script, judged, limits, Arc::new(Timers))
    }

    pub(super) fn deploy_with(
        &self,
        script: &str,
        judged: &Judged,
        limits: Limits,
        env: Arc<dyn Bindings>,
    ) -> Arc<Worker> {
        self.deploy_as((script, script), judged, limits, env)
    }

    /// A Worker of this tenant's.
    pub(super) fn tenants(
        &self,
        tenant: &str,
        script: &str,
        wat: &str,
        limits: Limits,
    ) -> Arc<Worker> {
        let wasm = wat::parse_str(wat).unwrap();
        let judged = self
            .block(self.engine.judge("tenant", wasm.into(), &limits))
            .unwrap();
        self.deploy_as((tenant, script), &judged, limits, Arc::new(Timers))
    }

    fn deploy_as(
        &self,
        (tenant, script): (&str, &str),
        judged: &Judged,
        limits: Limits,
        env: Arc<dyn Bindings>,
    ) -> Arc<Worker> {
        let image = judged.image.as_ref().map(|bytes| {
            let path = self.dir.path().join("image");
            std::fs::write(&path, bytes).unwrap();
            path
        });
        let snapshot = judged.snapshot.as_ref().map(|bytes| {
            let path = self.dir.path().join("snapshot");
            std::fs::write(&path, bytes).unwrap();
            path
        });
        self.engine.worker(WorkerSpec {
            namespace: "n".into(),
            script: script.into(),
            version: "v".into(),
            tenant: tenant.into(),
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
            env,
        })
    }

    pub(super) fn block<T>(&self, future: impl Future<Output = T>) -> T {
        async_io::block_on(self.executor.run(future))
    }

    pub(super) fn fetch(
        &self,
        worker: &Arc<Worker>,
        path: &str,
        body: RequestBody,
    ) -> Result<Reply, Failure> {
        let request = request(path);
        self.block(worker.fetch(Request { body, ..request }))
    }

    pub(super) fn text(&self, worker: &Arc<Worker>, path: &str) -> Result<String, Failure> {
        let reply = self.fetch(worker, path, RequestBody::Empty)?;
        self.read(reply)
    }

    pub(super) fn read(&self, reply: Reply) -> Result<String, Failure> {
        let bytes = match reply.body {
            ReplyBody::Socket(_) => Vec::new(),
            ReplyBody::Whole(bytes) => bytes.to_vec(),
            ReplyBody::Stream(mut stream) => self.block(async {
                let mut all = Vec::new();
                while let Some(part) = stream.next().await {
                    all.extend_from_slice(&part?);
                }
                Ok::<_, Failure>(all)
            })?,
        };
        Ok(String::from_utf8(bytes).unwrap())
    }

    /// Waits for the record of an invocation.
    pub(super) async fn recorded(&self) {
        while self.records.0.lock().is_empty() {
            futures_lite::future::yield_now().await;
        }
    }

    /// Sends a request whose client leaves at once, and waits for its record.
    pub(super) async fn left_by(&self, worker: &Arc<Worker>, path: &str) {
        drop(futures_lite::future::poll_once(worker.fetch(request(path))).await);
        self.recorded().await;
    }

    pub(super) fn last(&self) -> Seen {
        self.records.0.lock().last().unwrap().clone()
    }
}

pub(super) fn bench() -> Bench {
    Bench::new(EngineOptions::default())
}

/// A request without a body for the guest's letter.
pub(super) fn request(path: &str) -> Request {
    Request {
        ray: Ray(1),
        chain: None,
        origin: None,
        terms: None,
        method: http::Method::GET,
        url: format!("http://t/{path}"),
        headers: http::HeaderMap::new(),
        body: RequestBody::Empty,
        upgrade: false,
        handler: None,
    }
}

pub(super) fn small() -> Limits {
    Limits {
        cpu_ms: 5,
        memory_bytes: 1 << 20,
        ..Limits::default()
    }
}
