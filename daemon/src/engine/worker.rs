//! One deployed version of a script: its isolates, and who may enter.
//!
//! Isolates are made when requests need them, shared by requests, and taken away when they
//! rest for long or when others need the memory. A Worker without isolates keeps no code.

mod admission;
mod begun;
mod placing;
mod recording;
mod reporting;

use admission::Comer;
pub(super) use admission::Entered;
use begun::Begun;
pub use begun::Serving;
use placing::Unplaced;
use postern_task::Begin;

use super::Engine;
use super::caller::Chain;
use super::code::Code;
use super::exchange::Exchange;
use super::gate::Gate;
use super::host::now_ms;
use super::invocation::{Entry, Ray, Reply, Request, RequestBody, Trigger};
use super::isolate::Isolate;
use super::javascript;
use super::limits::{Failure, Limits};
use super::meter::Meter;
use super::module::GuestKind;
use super::ops::Bindings;
use super::refusal::Stage;
use super::socket::Sockets;
use super::source_map::SourceMap;
use super::tenants::Party;
use super::underway::Invocation;
use crate::deadline::Deadline;
use crate::ledger::{Budget, Share};
use parking_lot::{Condvar, Mutex, RwLock};
use std::future::poll_fn;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

/// What a Worker is made of.
pub struct WorkerSpec {
    /// The dispatch namespace.
    pub namespace: Arc<str>,
    /// The script.
    pub script: Arc<str>,
    /// Its version.
    pub version: Arc<str>,
    /// Whose it is, among the tenants of its namespace.
    pub tenant: Arc<str>,
    /// How it is called.
    pub kind: GuestKind,
    /// The file that [`Judged::image`](super::Judged) was stored in; `None` for JavaScript, of
    /// which the engine has the one image that there is.
    pub image: Option<PathBuf>,
    /// The file that its snapshot was stored in.
    pub snapshot: Option<PathBuf>,
    /// [`Judged::pages`](super::Judged)
    pub pages: u32,
    /// What it can be called for: `fetch`, `scheduled` and so on.
    pub handlers: Vec<String>,
    /// Maps of its modules, by which what is told of its exceptions names its sources.
    pub maps: Vec<SourceMap>,
    /// Its limits as it starts, within the board's; see [`Worker::set_limits`].
    pub limits: Limits,
    /// Its `env`.
    pub env: Arc<dyn Bindings>,
    /// Whether it is the operator's own, and may know where requests come from.
    pub is_trusted: bool,
    /// What its isolates take memory from, if that is a part of the machine's.
    pub budget: Option<Budget>,
    /// Whether its invocations may be recorded, to be run again.
    pub is_recorded: bool,
    /// Who counts what its tenant uses, as it starts; see [`Worker::set_limits`].
    pub meter: Option<Arc<dyn Meter>>,
}

/// What holds for invocations that begin.
struct InForce {
    limits: Arc<Limits>,
    meter: Option<Arc<dyn Meter>>,
}

/// A deployed Worker.
pub struct Worker {
    engine: Engine,
    spec: WorkerSpec,
    /// Whose turn it is when it runs, whatever its version.
    party: Arc<Party>,
    /// What the next invocation gets.
    in_force: RwLock<InForce>,
    /// Counts changes of what isolates are made with and keep.
    shape: AtomicU32,
    state: Mutex<State>,
    /// An isolate was started, or was not.
    started: Condvar,
    /// Invocations from their arrival to the end of their `waitUntil` work.
    gate: Gate,
    /// Bytes of answers that their clients have not taken yet.
    answers: Arc<AtomicU64>,
    retired: AtomicBool,
    sockets: Sockets,
    /// Whether it is the daemon's own, of whose invocations nobody is told.
    is_own: bool,
}

struct State {
    loaded: Option<Loaded>,
    last_request: Instant,
    isolates: Vec<Arc<Isolate>>,
    /// How many more are being started.
    starting: usize,
    crashes: u32,
    closed_until: Option<Instant>,
}

/// What a Worker has in memory that is awake.
struct Loaded {
    code: Arc<Code>,
    budget: Budget,
    _share: Share,
}

/// Isolates that end in a row, without one good answer between, before a Worker has to pause.
const CRASHES: u32 = 16;
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(10);

impl Worker {
    pub(super) fn new(engine: Engine, spec: WorkerSpec) -> Self {
        Self {
            party: engine.tenants().party(
                engine.scheduler(),
                (&spec.namespace, &spec.tenant, &spec.script),
            ),
            in_force: RwLock::new(InForce {
                limits: Arc::new(spec.limits),
                meter: spec.meter.clone(),
            }),
            shape: AtomicU32::new(0),
            engine,
            spec,
            state: Mutex::new(State {
                loaded: None,
                last_request: Instant::now(),
                isolates: Vec::new(),
                starting: 0,
                crashes: 0,
                closed_until: None,
            }),
            started: Condvar::new(),
            gate: Gate::default(),
            answers: Arc::default(),
            retired: AtomicBool::new(false),
            sockets: Sockets::default(),
            is_own: false,
        }
    }

    /// One that is the daemon's own: nobody is told of its invocations.
    pub(super) fn own(engine: Engine, spec: WorkerSpec) -> Self {
        Self {
            is_own: true,
            ..Self::new(engine, spec)
        }
    }

    /// Handles one request.
    ///
    /// Dropping the future, or the answer's body, tells the Worker that the client is gone.
    ///
    /// # Errors
    /// Every way in which there is no answer; see [`Failure`].
    pub fn fetch(self: &Arc<Self>, request: Request) -> impl Serving {
        let begun = match self.has(request.handler.unwrap_or("fetch")) {
            Ok(()) => self.begin(None, request),
            Err(failure) => Err(self.turned_away(failure, &request)),
        };
        async { begun?.run().await }
    }

    /// Handles what another Worker asks of an entrypoint: a request as [`Worker::fetch`] does, or
    /// a session of RPC, whose answer is a socket.
    ///
    /// # Errors
    /// As [`Worker::fetch`], and when the Worker is of a kind that has no entrypoints.
    pub fn call(self: &Arc<Self>, entry: Entry, request: Request) -> impl Serving {
        let begun = self.begin_call(entry, request);
        async { begun?.run().await }
    }

    fn begin_call(self: &Arc<Self>, entry: Entry, request: Request) -> Result<Begun, Failure> {
        if self.spec.kind == GuestKind::JavaScript {
            return self.begin(Some(Box::new(entry)), request);
        }
        if !entry.rpc && entry.entrypoint.is_none() {
            return match self.has(request.handler.unwrap_or("fetch")) {
                Ok(()) => self.begin(None, request),
                Err(failure) => Err(self.turned_away(failure, &request)),
            };
        }
        Err(Failure::Exception {
            name: "TypeError".into(),
            message: match entry.entrypoint {
                Some(name) => format!("The Worker has no such entrypoint: {name:.100}"),
                None => {
                    "The Worker is not written in JavaScript, and so does not support RPC.".into()
                }
            },
            stack: String::new(),
            refusal: None,
        })
    }

    /// Makes the invocation of a request, if that is let in or may wait for it. Who waits for it holds
    /// that alone, and not the request beside it.
    fn begin(
        self: &Arc<Self>,
        entry: Option<Box<Entry>>,
        request: Request,
    ) -> Result<Begun, Failure> {
        let blank = self.invocation(request.ray);
        let limits = &blank.limits;
        if let RequestBody::Stream { len: Some(len), .. } = request.body
            && len > limits.request_body_bytes
        {
            let failure = Failure::RequestBody {
                limit: limits.request_body_bytes,
                used: len,
            };
            return Err(self.turned_away(failure, &request));
        }
        let from = request.chain.as_ref().and_then(Chain::tenant);
        let comer = Comer::between(from, self.party.tenant.id);
        let entered = match Entered::begin(self, comer) {
            Ok(entered) => entered,
            Err(failure) => return Err(self.turned_away(failure, &request)),
        };
        let cpu_ms = request.terms.as_ref().and_then(|terms| terms.cpu_ms);
        let cpu_ms = cpu_ms.map_or(limits.cpu_ms, |ms| ms.min(limits.cpu_ms));
        let invocation = Box::new(Invocation {
            method: request.method,
            url: request.url,
            headers: request.headers,
            body: request.body,
            begun_by: request.chain.as_ref().and_then(|chain| chain.begun_by()),
            tail_depth: request.chain.as_ref().map_or(0, Chain::tail_depth),
            chain: request.chain.map(|chain| chain.of(self.party.tenant.id)),
            origin: request.origin,
            terms: request.terms,
            entry,
            upgrade: request.upgrade,
            handler: request.handler,
            fuel_limit: Limits { cpu_ms, ..**limits }.fuel(self.engine.fuel_per_ms()),
            ..blank
        });
        Ok(Begun {
            entered,
            invocation,
        })
    }

    /// Has a handler called that answers nothing; ready when it and its `waitUntil` work are
    /// over, or when it has failed.
    ///
    /// # Errors
    /// Every way in which it fails; see [`Failure`].
    pub async fn trigger(self: &Arc<Self>, ray: Ray, trigger: Trigger) -> Result<(), Failure> {
        let admitted = match &trigger {
            // Whether it has the handler is seen when it is entered.
            Trigger::Tail { entry: Some(_), .. } if self.spec.kind == GuestKind::JavaScript => {
                Ok(())
            }
            _ => self.has(trigger.handler()),
        };
        let entered = match admitted.and_then(|()| Entered::begin(self, Comer::Event)) {
            Ok(entered) => entered,
            Err(failure) => {
                let mut invocation = self.invocation(ray);
                invocation.tail_depth = trigger.depth();
                invocation.trigger = Some(trigger);
                invocation.failure = Some(failure.clone());
                self.report(&invocation, Stage::Admission);
                return Err(failure);
            }
        };
        let invocation = Box::new(Invocation {
            tail_depth: trigger.depth(),
            trigger: Some(trigger),
            ..self.invocation(ray)
        });
        let begun = Begun {
            entered,
            invocation,
        };
        begun.run().await.map(drop)
    }

    /// An invocation with nothing in it, which begins now.
    fn invocation(&self, ray: Ray) -> Invocation {
        let (limits, meter) = {
            let in_force = self.in_force.read();
            (in_force.limits.clone(), in_force.meter.clone())
        };
        let started = Instant::now();
        Invocation {
            id: 0,
            entered: None,
            tenant: self.party.tenant.id,
            ray,
            trigger: None,
            exchange: Arc::new(Exchange::default()),
            method: http::Method::GET,
            url: String::new(),
            headers: http::HeaderMap::new(),
            body: RequestBody::Empty,
            body_credit: super::credit::Credit::default(),
            body_task: None,
            body_wanted: 0,
            started,
            start_us: 0,
            begun: None,
            deadline: started + Duration::from_millis(u64::from(limits.wall_ms)),
            started_ms: now_ms(),
            fuel: 0,
            fuel_limit: limits.fuel(self.engine.fuel_per_ms()),
            chain: None,
            origin: None,
            terms: None,
            begun_by: None,
            tail_depth: 0,
            caller: None,
            entry: None,
            upgrade: false,
            handler: None,
            sockets: 0,
            kv_operations: 0,
            pending: 0,
            timers: 0,
            pending_refused: 0,
            status: 0,
            streaming: false,
            response_bytes: 0,
            logs: Vec::new(),
            log_bytes: 0,
            log_values: None,
            rpc_method: None,
            points: 0,
            logs_dropped: 0,
            done: false,
            failure: None,
            expired: false,
            expiry: None,
            memory_bytes: 0,
            limits,
            meter,
            metered: None,
        }
    }

    /// Runs an invocation that was admitted, until it is answered or over.
    async fn run(self: &Arc<Self>, invocation: Box<Invocation>) -> Result<Reply, Failure> {
        let (exchange, deadline) = (invocation.exchange.clone(), invocation.deadline);
        let limit_ms = invocation.limits.wall_ms;
        let mut waiting = Waiting {
            taken: false,
            why: Failure::Canceled,
            exchange: &exchange,
        };
        let picked = if self.is_cold() {
            let mut unplaced = Unplaced(self, Some(invocation));
            let (picked, start_us) = self.pick_in_turn().await;
            unplaced.1.take().map(|mut invocation| {
                invocation.start_us += start_us;
                (invocation, Some(picked))
            })
        } else {
            Some((invocation, None))
        };
        if let Some((invocation, picked)) = picked {
            self.enter(invocation, picked);
        }
        let mut late: Option<Deadline> = None;
        poll_fn(|cx| {
            if let Poll::Ready(head) = exchange.poll_head(cx) {
                waiting.taken = true;
                return Poll::Ready(head);
            }
            // Most requests are answered before this line, and need none.
            let late = late.get_or_insert_with(|| Deadline::at(deadline));
            if Pin::new(late).poll(cx).is_pending() {
                return Poll::Pending;
            }
            let failure = Failure::WallTime { limit_ms };
            waiting.why = failure.clone();
            Poll::Ready(Err(failure))
        })
        .await
    }

    /// Whether the Worker has such a handler.
    fn has(&self, handler: &str) -> Result<(), Failure> {
        if self.spec.handlers.iter().any(|it| it == handler) {
            return Ok(());
        }
        Err(Failure::Exception {
            name: "Error".into(),
            message: format!("Handler does not export a {handler}() function."),
            stack: String::new(),
            refusal: None,
        })
    }

    /// What its isolates take memory from: its part of its tenant's.
    pub(super) fn budget(&self) -> Budget {
        let loaded = self
            .state
            .lock()
            .loaded
            .as_ref()
            .map(|it| it.budget.clone());
        loaded.unwrap_or_else(|| self.open_budget())
    }

    fn open_budget(&self) -> Budget {
        let spec = &self.spec;
        let of = match &spec.budget {
            Some(budget) => budget.clone(),
            None => {
                let tenant = format!("{}/{}", spec.namespace, spec.tenant);
                self.engine.budget().part(&tenant, u64::MAX)
            }
        };
        of.part(&spec.script, u64::MAX)
    }

    /// Whether nothing runs in it.
    pub fn is_idle(&self) -> bool {
        self.gate.inside() == 0
    }

    /// Starts an isolate ahead of the request that will need it.
    ///
    /// # Errors
    /// As [`Worker::fetch`] when there is no room or the code cannot be read.
    pub fn warm_up(self: &Arc<Self>) -> Result<(), Failure> {
        let code = loop {
            let mut state = self.state.lock();
            if state.isolates.len() + state.starting >= self.isolates_max() {
                return Ok(());
            }
            if let Some(code) = self.code(&mut state)? {
                state.starting += 1;
                break code;
            }
            drop(state);
            self.make_room_for_code()?;
        };
        let _starting = placing::Starting(self);
        self.start(&code).map(drop)
    }

    fn start(self: &Arc<Self>, code: &Arc<Code>) -> Result<Arc<Isolate>, Failure> {
        let isolate = Isolate::start(self, code)?;
        // In this order: who evicts what is registered must find it in the list, or a dead
        // isolate would stay there and be picked for ever.
        self.state.lock().isolates.push(isolate.clone());
        self.engine.registered(&isolate);
        Ok(isolate)
    }

    /// An isolate of this Worker is gone. With the last one goes the code, except where every
    /// request has an isolate of its own.
    pub(super) fn forget(&self, isolate: &Arc<Isolate>) {
        let mut state = self.state.lock();
        state.isolates.retain(|other| !Arc::ptr_eq(other, isolate));
        if state.isolates.is_empty() {
            state.isolates = Vec::new();
            if self.spec.kind != GuestKind::Wasi {
                state.loaded = None;
            }
        }
        self.engine.has_freed();
    }

    /// Lets go of code that no isolate uses, which a WASI Worker keeps between requests; whether
    /// there was any to keep an eye on still.
    pub(super) fn rest(&self) -> bool {
        let mut state = self.state.lock();
        if state.isolates.is_empty() && state.last_request.elapsed() >= self.engine.idle() {
            state.loaded = None;
            self.engine.has_freed();
        }
        state.loaded.is_some()
    }

    /// Whether an isolate that rests has no future.
    pub(super) fn spent(&self, isolate: &Isolate) -> bool {
        let has_no_use = self.is_retired()
            || self.spec.kind == GuestKind::Wasi
            || isolate.shape() != self.shape();
        has_no_use && isolate.in_flight() == 0
    }

    pub(super) fn crashed(&self, failure: &Failure) {
        log::debug!(
            "{}/{}: an isolate ended: {failure}",
            self.spec.namespace,
            self.spec.script
        );
        let mut state = self.state.lock();
        state.crashes = state.crashes.saturating_add(1);
        if let Some(over) = state.crashes.checked_sub(CRASHES) {
            let pause = Duration::from_millis(50 << over.min(10)).min(PAUSE_MAX);
            state.closed_until = Some(Instant::now() + pause);
        }
    }

    /// Another version takes over: isolates go as soon as they rest. Requests that have found
    /// this version already are still served; its files must stay for as long as it lives. Its
    /// WebSockets are closed after a while.
    pub fn retire(&self) {
        // Ordered against `Isolate::slice`, which looks at it after it has come to rest: one of
        // the two sees the other.
        self.retired.store(true, Ordering::SeqCst);
        let isolates = self.state.lock().isolates.clone();
        if !isolates.is_empty() {
            let (sockets, after) = (self.sockets.clone(), self.engine.socket_retire());
            let later = async move {
                async_io::Timer::after(after).await;
                sockets.retire();
            };
            self.engine.executor().begin(later).detach();
        }
        for isolate in isolates {
            isolate.evict();
        }
    }

    /// Bytes of its largest isolate; 0 when it has none.
    pub fn memory(&self) -> u64 {
        let state = self.state.lock();
        let bytes = state.isolates.iter().map(|isolate| isolate.bytes());
        bytes.max().unwrap_or(0)
    }

    pub(super) fn sockets(&self) -> &Sockets {
        &self.sockets
    }

    fn is_retired(&self) -> bool {
        self.retired.load(Ordering::SeqCst)
    }

    /// Counts bytes of answers that their clients have not taken yet.
    pub(super) fn answers(&self) -> &Arc<AtomicU64> {
        &self.answers
    }

    /// How many of them there may be; one answer always.
    pub(super) fn answers_max(&self) -> u64 {
        self.in_force.read().limits.memory_bytes.saturating_mul(2)
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(super) fn bindings(&self) -> &Arc<dyn Bindings> {
        &self.spec.env
    }

    pub(super) fn is_javascript(&self) -> bool {
        self.spec.kind == GuestKind::JavaScript
    }

    pub(super) fn is_trusted(&self) -> bool {
        self.spec.is_trusted
    }

    pub(super) fn party(&self) -> &Party {
        &self.party
    }

    /// Its tenant's share of the machine, beside those of others.
    pub(super) fn weight(&self) -> u32 {
        self.in_force.read().limits.weight
    }

    /// Does something while this Worker's own lock is held, as when it reads its code.
    #[cfg(test)]
    pub(super) fn locked<T>(&self, meanwhile: impl FnOnce() -> T) -> T {
        let _state = self.state.lock();
        meanwhile()
    }

    /// The limits in force, which an invocation keeps that begins now.
    pub fn limits(&self) -> Arc<Limits> {
        self.in_force.read().limits.clone()
    }

    /// Has other limits, and another who counts, from the next invocation on. What is under way keeps those that it began
    /// with, and isolates that exist the memory and the stack that they were made with: one that
    /// has others ends as soon as it rests.
    pub fn set_limits(&self, limits: Limits, meter: Option<Arc<dyn Meter>>) {
        let limits = javascript::shaped(self.spec.kind, limits);
        let new = InForce {
            limits: Arc::new(limits),
            meter,
        };
        let old = std::mem::replace(&mut *self.in_force.write(), new).limits;
        let nests = |it: &Limits| (it.stack_bytes, it.call_depth);
        let is_deeper = nests(&old) != nests(&limits);
        if old.memory_bytes == limits.memory_bytes && !is_deeper {
            return;
        }
        // After the limits: an isolate that has the new ones may pass for one that has not, which
        // costs a start, and not the other way round. Ordered against `Isolate::slice` as `retire` is.
        self.shape.fetch_add(1, Ordering::SeqCst);
        let isolates = {
            let mut state = self.state.lock();
            if is_deeper {
                state.loaded = None;
            }
            state.isolates.clone()
        };
        for isolate in isolates {
            isolate.evict();
        }
    }

    /// Which of the shapes that it has given isolates is the last.
    pub(super) fn shape(&self) -> u32 {
        self.shape.load(Ordering::SeqCst)
    }

    /// The version that this is.
    pub fn version(&self) -> &Arc<str> {
        &self.spec.version
    }

    /// Isolates there are, and bytes of their memories.
    pub fn warm(&self) -> (usize, u64) {
        let state = self.state.lock();
        (
            state.isolates.len(),
            state.isolates.iter().map(|isolate| isolate.bytes()).sum(),
        )
    }
}

/// Tells the isolate when the client leaves before there is an answer.
struct Waiting<'a> {
    taken: bool,
    /// What the isolate is told.
    why: Failure,
    exchange: &'a Exchange,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.taken {
            return;
        }
        if let Some((isolate, id)) = self.exchange.leave(&self.why)
            && let Some(isolate) = isolate.upgrade()
        {
            isolate.abandon(id, self.why.clone());
        }
    }
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Worker({}/{} {})",
            self.spec.namespace, self.spec.script, self.spec.version
        )
    }
}
