//! Runs tenants' code: wasmi, modules, isolates, snapshots, fuel, the scheduler.
//!
//! Only this room names wasmi. It knows bindings through [`ops::Bindings`] alone, and HTTP
//! only as the types of [`invocation`].

mod accounts;
pub mod bucket;
pub mod calibrate;
pub mod caller;
mod code;
mod compression;
mod core;
pub mod cost;
mod credit;
mod crypto;
mod delivery;
mod docket;
mod exchange;
pub mod finished;
mod gate;
pub mod heap;
mod held;
mod host;
mod imports;
mod inner;
mod instance;
pub mod invocation;
mod isolate;
mod javascript;
mod judge;
mod judges;
pub mod limits;
pub mod mapped;
mod mapping;
mod memory_use;
pub mod meter;
pub mod module;
pub mod ops;
mod own;
mod pace;
pub mod pagemap;
mod parked;
pub mod pipe;
pub mod precedence;
mod program;
pub mod refusal;
pub mod replay;
mod rewriter;
mod scheduler;
pub mod settling;
mod snapshot;
pub mod socket;
pub mod source_map;
mod tenants;
pub mod terms;
#[cfg(test)]
mod tests;
pub mod timing;
mod turn;
mod underway;
mod upload;
mod verdict;
mod wasi;
mod wasi_run;
mod wire;
mod worker;

pub use accounts::{Accounts, Resident};
pub use finished::{Deployed, Finished, LogLine, Observer, Thrown};
pub use javascript::{Bundle, EngineBytes, EngineModule, Part, Told, env_of, shaped};
pub use judge::{Judged, Order, Pushed, Refused, Work, judge_here};
pub use judges::keep as keep_judging;
pub use module::GuestKind;
pub use own::OwnWorker;
pub use worker::{Worker, WorkerSpec};

use crate::ledger;
use crate::ledger::{Budget, Share};
use async_executor::Executor;
use bytes::Bytes;
use code::{BuildError, Code};
use docket::Docket;
use event_listener::Event;
use isolate::Isolate;
use javascript::{Base, JavaScript};
use judges::Judges;
use limits::Limits;
use parking_lot::Mutex;
use scheduler::Scheduler;
use std::cmp::Reverse;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};
use tenants::Tenants;

/// How the engine is set up; all of it comes from the board and the configuration.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Fuel that this board burns in a millisecond, as calibrated.
    pub fuel_per_ms: u64,
    /// Fuel that an isolate runs before another tenant gets its turn.
    pub slice_fuel: u64,
    /// Threads that run the executor; as many isolates run at the same time.
    pub threads: usize,
    /// What everything is taken from that Workers have in memory.
    pub budget: Budget,
    /// An isolate that rests for so long goes.
    pub idle: Duration,
    /// Bytes that a module may have.
    pub module_bytes: u64,
    /// Modules judged at the same time; each may need as much memory as an isolate.
    pub judges: usize,
    /// The program whose `judge` subcommand judges; `None` judges in this process, for tests.
    pub judge: Option<PathBuf>,
    /// The engine of JavaScript.
    pub javascript: EngineModule,
    /// Where its base is kept; `None` refuses JavaScript.
    pub dir: Option<PathBuf>,
    /// WebSockets that an isolate may have open.
    pub sockets_max: u32,
    /// WebSockets of a Worker that was retired are closed after so long.
    pub socket_retire: Duration,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            fuel_per_ms: 1_500_000,
            slice_fuel: 200_000,
            threads: 2,
            budget: Budget::new("Workers", 64 << 20),
            idle: Duration::from_secs(60),
            module_bytes: 10 << 20,
            judges: 2,
            judge: None,
            javascript: EngineModule::default(),
            dir: None,
            sockets_max: 128,
            socket_retire: Duration::from_secs(30),
        }
    }
}

/// The engine. Cloning gives another handle to the same one.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    options: EngineOptions,
    /// Fuel a millisecond, as it holds for what begins now.
    fuel_per_ms: AtomicU64,
    executor: Arc<Executor<'static>>,
    guests: Arc<Executor<'static>>,
    observer: Arc<dyn Observer>,
    recorder: OnceLock<Arc<dyn replay::Recorder>>,
    scheduler: Scheduler,
    /// What the last isolate's start took, as fuel.
    start_price: AtomicU64,
    tenants: Tenants,
    budget: Budget,
    isolates: Mutex<Vec<Weak<Isolate>>>,
    /// An isolate has nothing left to do.
    rested: Event,
    /// WASI Workers with code, which outlives their isolates.
    wasi: Mutex<Vec<Weak<Worker>>>,
    docket: Arc<Docket>,
    judges: Judges,
    lanes: crypto::Lanes,
    javascript: JavaScript,
    /// Memory was freed that the allocator may have kept.
    freed: AtomicBool,
    in_use: heap::Peak,
}

impl Engine {
    /// What images and snapshots depend on, whatever the guest, and fuel.
    pub const BUILD: &str = concat!(env!("CARGO_PKG_VERSION"), " wasmi 2.0 image 5");

    /// An engine that runs on `executor` and tells `observer` of every invocation.
    pub fn new(
        options: EngineOptions,
        executor: Arc<Executor<'static>>,
        observer: Arc<dyn Observer>,
    ) -> Self {
        Self::of(options, executor.clone(), executor, observer)
    }

    /// The same, with an executor of its own for the slices that guests run, beside everything else.
    pub fn of(
        options: EngineOptions,
        executor: Arc<Executor<'static>>,
        guests: Arc<Executor<'static>>,
        observer: Arc<dyn Observer>,
    ) -> Self {
        Self(Arc::new(Inner {
            executor,
            guests,
            observer,
            recorder: OnceLock::new(),
            scheduler: Scheduler::new(options.threads, options.slice_fuel),
            // Nobody knows yet.
            start_price: AtomicU64::new(u64::MAX),
            tenants: Tenants::default(),
            budget: options.budget.clone(),
            isolates: Mutex::default(),
            rested: Event::new(),
            wasi: Mutex::default(),
            docket: Docket::new(options.judges),
            judges: Judges::default(),
            lanes: crypto::Lanes::new(options.threads),
            javascript: JavaScript::new(options.javascript.clone(), options.dir.clone()),
            // What a start needed.
            freed: AtomicBool::new(true),
            in_use: heap::Peak::default(),
            fuel_per_ms: AtomicU64::new(options.fuel_per_ms),
            options,
        }))
    }

    /// Validates and rewrites a module, boots it once and takes its snapshot; or evaluates a
    /// bundle and takes that snapshot. Of those that `tenant` pushes one may be judged while others wait.
    ///
    /// # Errors
    /// Why the push is refused; nothing was stored.
    pub async fn judge(
        &self,
        tenant: &str,
        pushed: Pushed,
        limits: &Limits,
    ) -> Result<Judged, Refused> {
        let sitting = self.0.docket.wait(tenant).await;
        let (engine, limits) = (self.clone(), *limits);
        postern_task::unblock(move || {
            // For as long as it is judged, also where nobody waits for it any more.
            let _sitting = sitting;
            let judged = engine.judge_now(pushed, limits)?;
            engine.could_hold(&judged)?;
            Ok(judged)
        })
        .await
    }

    /// Refuses what could run on this machine only if nothing else did, and not even then.
    fn could_hold(&self, judged: &Judged) -> Result<(), Refused> {
        let code = judged.image.as_ref();
        let code = code.map_or(0, |image| code::translated_bytes(image.len() as u64));
        let memory = u64::from(judged.pages) * mapping::WASM_PAGE as u64;
        let budget = self.budget();
        if code.saturating_add(memory) <= budget.limit() {
            return Ok(());
        }
        let needs = [("code", code), ("memory", memory)];
        let what = "the Worker does not fit this machine";
        Err(Refused::Module(self.shortage(budget, what, &needs)))
    }

    fn judge_now(&self, pushed: Pushed, limits: Limits) -> Result<Judged, Refused> {
        let (mut limits, rate) = (limits, self.fuel_per_ms());
        let (work, sources) = match pushed {
            Pushed::Module(source) => (Work::Module, vec![source]),
            Pushed::Bundle(_) if !self.0.javascript.is_there() => {
                return Err(Refused::Module(javascript::MISSING.into()));
            }
            Pushed::Bundle(bundle) => {
                let max = self.0.options.module_bytes;
                if bundle.bytes() > max {
                    return Err(Refused::Module(format!(
                        "the modules have {} bytes, the limit is {max}; push less",
                        bundle.bytes()
                    )));
                }
                limits = limits.with_modules(bundle.compiled_bytes(), rate);
                let base = self.javascript_base();
                let base = base.map_err(|error| Refused::Crashed(error.what))?;
                let (order, sources) = bundle.into_order(base);
                (Work::Bundle(order), sources)
            }
        };
        let order = Order {
            limits,
            fuel_per_ms: rate,
            module_bytes: self.0.options.module_bytes,
            work,
        };
        self.ask(&sources, &order)
    }

    fn ask(&self, sources: &[Bytes], order: &Order) -> Result<Judged, Refused> {
        match (&self.0.options.judge, sources) {
            (Some(program), sources) => {
                let folder = self.0.options.dir.as_deref();
                self.0.judges.ask((program, folder), sources, order)
            }
            (None, [source]) => judge_here(source, order),
            (None, sources) => judge_here(&sources.concat(), order),
        }
    }

    /// Tells the observer what deploying a version of this script took, which is its tenant's to
    /// bear ([`Judged::startup_fuel`]).
    pub fn deployed(&self, namespace: &str, script: &str, fuel: u64) {
        self.observer().deployed(&Deployed {
            namespace,
            script,
            fuel,
            cpu_us: self.cpu_us(fuel),
        });
    }

    /// The base of Workers in JavaScript, made if this device has none yet.
    fn javascript_base(&self) -> Result<Base, BuildError> {
        let build = self.build(GuestKind::AbiV1);
        self.0.javascript.base(&build, |module, keep| {
            let shipped = module.shipped();
            let (source, length) = shipped.map_err(|error| Refused::Module(error.what))?;
            let order = Order {
                limits: javascript::base_limits(),
                fuel_per_ms: self.fuel_per_ms(),
                module_bytes: length.unwrap_or(source.len()) as u64,
                work: Work::Base(length),
            };
            match &self.0.options.judge {
                Some(program) => {
                    let folder = self.0.options.dir.as_deref();
                    let sources = std::slice::from_ref(&source);
                    let judges = &self.0.judges;
                    judges.ask_base((program, folder), sources, &order, keep)
                }
                None => {
                    let judged = judge_here(&source, &order)?;
                    let (memory, image) = (judged.snapshot, judged.image);
                    let bytes = [&memory, &image].map(|it| it.as_ref().map(|it| it.len() as u64));
                    let files = [memory, image].map(Option::unwrap_or_default);
                    keep(bytes, &mut files.concat().as_slice())
                        .map_err(|error| Refused::Crashed(error.to_string()))
                }
            }
        })
    }

    /// The code of a Worker in JavaScript with this snapshot.
    fn javascript(&self, snapshot: &Path, pages: u32, limits: &Limits) -> Result<Code, BuildError> {
        let base = self.javascript_base()?;
        let budget = self.budget();
        self.0
            .javascript
            .code(budget, &base, snapshot, pages, limits)
    }

    /// Names what images and snapshots of a kind of guest depend on; those of another build are
    /// made anew. Of JavaScript that is the engine, and the base on this device, if there is one.
    pub fn build(&self, kind: GuestKind) -> String {
        let build = Self::BUILD;
        match kind {
            GuestKind::AbiV1 | GuestKind::Wasi => build.to_owned(),
            GuestKind::JavaScript => {
                let javascript = &self.0.javascript;
                let base = javascript.base_id(build).unwrap_or_default();
                format!("{build} javascript {} {base}", javascript.id())
            }
        }
    }

    /// A Worker of this spec. Nothing is read or started before its first request.
    pub fn worker(&self, mut spec: WorkerSpec) -> Arc<Worker> {
        spec.limits = javascript::shaped(spec.kind, spec.limits);
        // An upload, or the rows of a start, have been taken apart for it.
        self.has_freed();
        Arc::new(Worker::new(self.clone(), spec))
    }

    /// Has invocations recorded by `recorder`, in isolates that begin from now on. Once only; a second call
    /// changes nothing.
    pub fn record_to(&self, recorder: Arc<dyn replay::Recorder>) {
        let _ = self.0.recorder.set(recorder);
    }

    fn recorder(&self) -> Option<&Arc<dyn replay::Recorder>> {
        self.0.recorder.get()
    }

    fn sockets_max(&self) -> u32 {
        self.0.options.sockets_max
    }

    fn socket_retire(&self) -> Duration {
        self.0.options.socket_retire
    }

    /// Where long arithmetic is done.
    fn lanes(&self) -> &crypto::Lanes {
        &self.0.lanes
    }

    /// What everything is taken from that Workers have in memory.
    pub fn budget(&self) -> &Budget {
        &self.0.budget
    }

    /// Takes bytes of a budget, from isolates that rest if need be.
    fn room(&self, budget: &Budget, bytes: u64) -> Option<Share> {
        loop {
            if let Some(share) = budget.take(bytes) {
                return Some(share);
            }
            if !self.evict_one(budget) {
                return None;
            }
        }
    }

    /// Takes bytes of a budget for what is in memory beside isolates, as long as the share is
    /// there.
    pub fn hold(&self, budget: &Budget, bytes: u64) -> Option<Share> {
        self.room(budget, bytes)
    }

    /// Whether an isolate with so much memory could be there if all others were gone; if not, the arithmetic.
    ///
    /// # Errors
    /// Says what it needs and what there is.
    pub fn check_room(&self, bytes: u64) -> Result<(), String> {
        let budget = self.budget();
        match bytes <= budget.limit() {
            true => Ok(()),
            false => Err(self.shortage(budget, "no isolate has room here", &[("memory", bytes)])),
        }
    }

    /// Isolates there are.
    pub fn isolates(&self) -> usize {
        self.0
            .isolates
            .lock()
            .iter()
            .filter(|isolate| isolate.strong_count() > 0)
            .count()
    }

    /// How many of them rest without an instance.
    pub fn parked(&self) -> usize {
        let resting = self.resting();
        resting.iter().filter(|isolate| isolate.is_parked()).count()
    }

    /// How many isolates wait for their turn.
    pub fn waiting(&self) -> usize {
        self.0.scheduler.waiting()
    }

    /// Takes away isolates that have rested for long. To be called now and then.
    pub fn sweep(&self) -> usize {
        let idle = self.idle();
        self.rest_wasi();
        let now = Instant::now();
        let swept = self
            .resting()
            .into_iter()
            .filter(|isolate| now.saturating_duration_since(isolate.last_used()) >= idle)
            .filter(|isolate| isolate.evict())
            .count();
        self.0.judges.sweep(now);
        if self.0.javascript.rest(now) {
            self.0.freed.store(true, Ordering::Relaxed);
        }
        // A weak reference keeps the memory of what it refers to.
        let mut isolates = self.0.isolates.lock();
        isolates.retain(|isolate| isolate.strong_count() > 0);
        if isolates.capacity() / 4 > isolates.len() {
            isolates.shrink_to_fit();
        }
        swept
    }

    /// Gives what a start, deployments and evicted isolates left back to the system, if there
    /// was any since the last call, or if much else was freed (the store writes down late what was
    /// put into it), and what resting isolates only share. To be called after [`Engine::sweep`].
    pub async fn give_back(&self) {
        let (now, rest) = (Instant::now(), self.sweep_interval());
        let mut resting = self.resting();
        resting.retain(|isolate| {
            !isolate.is_lean() && now.saturating_duration_since(isolate.last_used()) >= rest
        });
        let has_fallen = self.0.in_use.has_fallen(heap::live());
        let has_freed = self.0.freed.swap(false, Ordering::Relaxed) || has_fallen;
        if has_freed || !resting.is_empty() {
            let trims = postern_task::unblock(move || {
                let parked = resting.iter().filter(|isolate| isolate.let_go()).count();
                let trims = has_freed || parked > 0;
                if trims {
                    heap::trim();
                    program::let_go();
                }
                trims
            })
            .await;
            if trims {
                self.0.in_use.begin_anew(heap::live());
            }
        }
    }

    /// How often [`Engine::sweep`] has something to do.
    pub fn sweep_interval(&self) -> Duration {
        (self.0.options.idle / 4).clamp(Duration::from_millis(100), Duration::from_secs(10))
    }

    /// Fuel that this machine burns in a millisecond.
    pub fn fuel_per_ms(&self) -> u64 {
        self.0.fuel_per_ms.load(Ordering::Relaxed)
    }

    /// Fuel that the board file, or the configuration, says it burns.
    pub fn configured_fuel_per_ms(&self) -> u64 {
        self.0.options.fuel_per_ms
    }

    /// It burns this much, as was measured: `cpuMs` of what begins from now on is worth that.
    /// What runs keeps the fuel that it began with.
    pub fn set_fuel_per_ms(&self, fuel: u64) {
        self.0.fuel_per_ms.store(fuel.max(1), Ordering::Relaxed);
    }

    /// Microseconds of CPU that this fuel is worth.
    fn cpu_us(&self, fuel: u64) -> u64 {
        fuel.saturating_mul(1000) / self.fuel_per_ms().max(1)
    }

    fn idle(&self) -> Duration {
        self.0.options.idle
    }

    /// Lets WASI Workers go of code that they have not used for long. The list is taken out
    /// first: a Worker that reads its code puts itself on it while it holds the lock that
    /// [`Worker::rest`] asks for, and the last handle to a Worker may be the one here.
    fn rest_wasi(&self) {
        let mut listed = std::mem::take(&mut *self.0.wasi.lock());
        listed.retain(|worker| worker.upgrade().is_some_and(|worker| worker.rest()));
        self.0.wasi.lock().append(&mut listed);
    }

    fn has_freed(&self) {
        self.0.freed.store(true, Ordering::Relaxed);
    }

    fn keep_an_eye_on(&self, worker: &Arc<Worker>) {
        self.0.wasi.lock().push(Arc::downgrade(worker));
    }

    fn executor(&self) -> &Arc<Executor<'static>> {
        &self.0.executor
    }

    /// Where slices of guests are run.
    fn guests(&self) -> &Arc<Executor<'static>> {
        &self.0.guests
    }

    fn observer(&self) -> &Arc<dyn Observer> {
        &self.0.observer
    }

    fn scheduler(&self) -> &Scheduler {
        &self.0.scheduler
    }

    fn tenants(&self) -> &Tenants {
        &self.0.tenants
    }

    fn slice_fuel(&self) -> u64 {
        self.0.options.slice_fuel
    }

    fn rate(&self) -> pace::Rate {
        pace::Rate {
            slice: self.slice_fuel(),
            per_ms: self.fuel_per_ms(),
        }
    }

    /// What the start of an isolate is likely to take, as fuel: more than a slice, and not so much that who has
    /// to start one waits for long because another start took long.
    fn start_price(&self) -> u64 {
        let price = self.0.start_price.load(Ordering::Relaxed);
        price.min(self.slice_fuel().saturating_mul(scheduler::START_MOST))
    }

    fn started_for(&self, fuel: u64) {
        self.0.start_price.store(fuel, Ordering::Relaxed);
    }

    fn threads(&self) -> usize {
        self.0.options.threads
    }

    /// An isolate came to rest.
    fn has_rested(&self) {
        self.0.rested.notify(usize::MAX);
    }

    fn registered(&self, isolate: &Arc<Isolate>) {
        let mut isolates = self.0.isolates.lock();
        if isolates.len() == isolates.capacity() {
            isolates.retain(|isolate| isolate.strong_count() > 0);
        }
        isolates.push(Arc::downgrade(isolate));
    }

    fn resting(&self) -> Vec<Arc<Isolate>> {
        let mut isolates: Vec<_> = {
            let isolates = self.0.isolates.lock();
            isolates.iter().filter_map(Weak::upgrade).collect()
        };
        // Outside of the lock: a handle that goes may be the last one.
        isolates.retain(|isolate| isolate.in_flight() == 0);
        isolates
    }

    /// Takes away an isolate that rests, of the tenant who has most, and of these the one that has
    /// rested longest; false when there is none. Of a tenant who has less than the one whose budget that
    /// is, only what has rested for a while goes: who uses little and often would pay for who uses much.
    /// Where a part of the budget is what is short, nobody else's goes.
    fn evict_one(&self, budget: &Budget) -> bool {
        const A_WHILE: Duration = Duration::from_secs(1);
        let short = budget.narrowest();
        let has = |isolate: &Isolate| isolate.budget().of().map_or(0, Budget::used);
        let (least, now) = (budget.of().map_or(0, Budget::used), Instant::now());
        let has_rested =
            |isolate: &Isolate| now.saturating_duration_since(isolate.last_used()) >= A_WHILE;
        let mut resting = self.resting();
        resting.retain(|isolate| {
            isolate.budget().is_in(short) && (has(isolate) >= least || has_rested(isolate))
        });
        resting.sort_by_cached_key(|isolate| (Reverse(has(isolate)), isolate.last_used()));
        resting.iter().any(|isolate| isolate.evict())
    }

    /// What of a budget is short for something that needs so many bytes, for programs.
    fn short_of(&self, budget: &Budget, bytes: u64) -> refusal::Bound {
        let short = budget.narrowest();
        let is_machines = short.is(self.budget()) || !short.is_in(self.budget());
        refusal::Bound {
            limit: match is_machines {
                true => "budgets.tenant-memory",
                false => "loader.memory-bytes",
            },
            value: short.limit(),
            used: short.used().saturating_add(bytes),
            remedy: "try again later, or let fewer or smaller Workers run",
            is_shared: true,
        }
    }

    /// Says what of a budget is short for something that needs `needs`, with the figures: what is free
    /// of how much, and who has most.
    fn shortage(&self, budget: &Budget, what: &str, needs: &[(&str, u64)]) -> String {
        let short = budget.narrowest();
        let all = needs.iter().map(|(_, bytes)| bytes).sum();
        let resting = self.resting();
        let resting = resting
            .iter()
            .filter(|isolate| isolate.budget().is_in(short));
        ledger::shortage(
            what,
            needs,
            (short, budget.withheld(short, all)),
            resting.map(|isolate| isolate.bytes()).max(),
        )
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("options", &self.0.options)
            .finish_non_exhaustive()
    }
}
