//! What the catalog needs of the engine: a judgement of a module, and a running Worker.
//!
//! A trait, so that the catalog and the management port are tested without running guests.

use crate::analytics::Analytics;
use crate::cache::Cache;
use crate::engine::invocation::{Entry, Ray, Reply, Request, Trigger};
use crate::engine::limits::{Failure, Limits};
use crate::engine::meter::Meter;
use crate::engine::settling::Settling;
use crate::engine::{Engine, GuestKind, Judged, Pushed, Worker, WorkerSpec};
use crate::ledger::Budget;
use crate::outbound::Outbound;
use crate::tail::Tails;
use crate::usage::Usage;
use crate::websocket::SocketOptions;
use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// What was pushed was judged, or refused with a message for its author.
pub type Judgement<'a> = Pin<Box<dyn Future<Output = Result<Judged, String>> + Send + 'a>>;

/// An answer of a Worker, on its way.
pub type Fetching = Pin<Box<dyn Future<Output = Result<Reply, Failure>> + Send>>;

/// A run without an answer, on its way.
pub type Triggering = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

/// Runs what the catalog deploys.
pub trait Runtime<W>: Send + Sync {
    /// Names the engine's build for a kind of guest; images and snapshots of another are not used.
    fn build(&self, kind: GuestKind) -> String;
    /// Validates, rewrites and initialises what was pushed, where it can harm nobody. Tenants have judges in turn.
    fn judge(&self, tenant: String, pushed: Pushed, limits: Limits) -> Judgement<'_>;
    /// Makes a Worker ready for requests, from files that exist. Must be quick: it is called
    /// for every script at start.
    fn start(&self, spec: WorkerSpec) -> Result<Arc<W>, String>;
    /// Tells a Worker that no new request comes; those in flight go on.
    fn retire(&self, worker: &W);
    /// Gives a Worker other limits, and another who counts, from its next invocation on.
    fn set_limits(&self, worker: &W, limits: Limits, meter: Option<Arc<dyn Meter>>);
    /// A pushed version of this script runs, and translating and starting it took this fuel.
    fn deployed(&self, namespace: &str, script: &str, startup_fuel: u64);
    /// Runs a request.
    fn fetch(&self, worker: Arc<W>, request: Request) -> Fetching;
    /// Has an entrypoint entered by another Worker.
    fn enter(&self, worker: Arc<W>, entry: Entry, request: Request) -> Fetching;
    /// Has a handler called that answers nothing.
    fn trigger(&self, worker: Arc<W>, ray: Ray, trigger: Trigger) -> Triggering;
    /// Bytes of a Worker's largest isolate.
    fn memory(&self, _worker: &W) -> u64 {
        0
    }
    /// Whether nothing runs in a Worker.
    fn is_idle(&self, _worker: &W) -> bool {
        true
    }
    /// Whether an isolate with so much memory can be there at all; if not, what it needs and what there is.
    fn check_room(&self, _bytes: u64) -> Result<(), String> {
        Ok(())
    }
    /// What the dynamic Workers of one script may have of the memory, as a part of what its tenant has: of
    /// this namespace and name.
    fn dynamic_budget(&self, _tenant: (&str, &str), _script: &str) -> Budget {
        Budget::new("dynamic Workers", u64::MAX)
    }
    /// Takes memory that is given back when the result is dropped.
    fn hold(&self, _budget: &Budget, _bytes: u64) -> Option<Box<dyn Any + Send + Sync>> {
        Some(Box::new(()))
    }
    /// For somebody who is going to look for memory, and may look again when somebody came to rest.
    fn settling(&self, _budget: &Budget) -> Settling {
        Settling::never()
    }
    /// Dynamic Workers that one Worker may have at the same time.
    fn dynamic_workers(&self) -> usize {
        32
    }
    /// The way to other servers, if Workers have one.
    fn outbound(&self) -> Option<Outbound> {
        None
    }
    /// Where Workers keep answers, if anywhere.
    fn cache(&self) -> Option<Cache> {
        None
    }
    /// Where data points go, if anywhere.
    fn analytics(&self) -> Option<Analytics> {
        None
    }
    /// Who is told of invocations that are over, if anybody.
    fn tails(&self) -> Option<Tails> {
        None
    }
    /// Who counts what tenants use, if anybody.
    fn usage(&self) -> Option<Usage> {
        None
    }
    /// What holds for WebSockets to other servers.
    fn sockets(&self) -> SocketOptions {
        SocketOptions::default()
    }
}

/// The engine, and the way out of the machine.
pub struct Machine {
    /// Runs Workers.
    pub engine: Engine,
    /// What their subrequests go through.
    pub outbound: Outbound,
    /// Where they keep answers.
    pub cache: Cache,
    /// Where their data points go.
    pub analytics: Analytics,
    /// Who is told of their invocations.
    pub tails: Tails,
    /// What holds for their WebSockets to other servers.
    pub sockets: SocketOptions,
    /// Who counts what tenants use.
    pub usage: Usage,
    /// Dynamic Workers that one may have at the same time.
    pub dynamic_workers: usize,
    /// Bytes that these may have, with their isolates.
    pub dynamic_memory: u64,
}

impl Runtime<Worker> for Machine {
    fn build(&self, kind: GuestKind) -> String {
        self.engine.build(kind)
    }

    fn judge(&self, tenant: String, pushed: Pushed, limits: Limits) -> Judgement<'_> {
        Runtime::judge(&self.engine, tenant, pushed, limits)
    }

    fn start(&self, spec: WorkerSpec) -> Result<Arc<Worker>, String> {
        Runtime::start(&self.engine, spec)
    }

    fn retire(&self, worker: &Worker) {
        worker.retire();
    }

    fn set_limits(&self, worker: &Worker, limits: Limits, meter: Option<Arc<dyn Meter>>) {
        worker.set_limits(limits, meter);
    }

    fn fetch(&self, worker: Arc<Worker>, request: Request) -> Fetching {
        Runtime::fetch(&self.engine, worker, request)
    }

    fn enter(&self, worker: Arc<Worker>, entry: Entry, request: Request) -> Fetching {
        Runtime::enter(&self.engine, worker, entry, request)
    }

    fn trigger(&self, worker: Arc<Worker>, ray: Ray, trigger: Trigger) -> Triggering {
        Runtime::trigger(&self.engine, worker, ray, trigger)
    }

    fn memory(&self, worker: &Worker) -> u64 {
        worker.memory()
    }

    fn is_idle(&self, worker: &Worker) -> bool {
        worker.is_idle()
    }

    fn dynamic_budget(&self, (namespace, tenant): (&str, &str), script: &str) -> Budget {
        let tenant = format!("{namespace}/{tenant}");
        let tenant = self.engine.budget().part(&tenant, u64::MAX);
        tenant.part(
            &format!("{script}, loader.memory-bytes"),
            self.dynamic_memory,
        )
    }

    fn hold(&self, budget: &Budget, bytes: u64) -> Option<Box<dyn Any + Send + Sync>> {
        Some(Box::new(self.engine.hold(budget, bytes)?))
    }

    fn settling(&self, budget: &Budget) -> Settling {
        self.engine.settling(budget)
    }

    fn check_room(&self, bytes: u64) -> Result<(), String> {
        self.engine.check_room(bytes)
    }

    fn dynamic_workers(&self) -> usize {
        self.dynamic_workers
    }

    fn deployed(&self, namespace: &str, script: &str, startup_fuel: u64) {
        Runtime::deployed(&self.engine, namespace, script, startup_fuel);
    }

    fn outbound(&self) -> Option<Outbound> {
        Some(self.outbound.clone())
    }

    fn cache(&self) -> Option<Cache> {
        Some(self.cache.clone())
    }

    fn analytics(&self) -> Option<Analytics> {
        Some(self.analytics.clone())
    }

    fn tails(&self) -> Option<Tails> {
        Some(self.tails.clone())
    }

    fn usage(&self) -> Option<Usage> {
        Some(self.usage.clone())
    }

    fn sockets(&self) -> SocketOptions {
        self.sockets.clone()
    }
}

impl Runtime<Worker> for Engine {
    fn fetch(&self, worker: Arc<Worker>, request: Request) -> Fetching {
        Box::pin(worker.fetch(request))
    }

    fn enter(&self, worker: Arc<Worker>, entry: Entry, request: Request) -> Fetching {
        Box::pin(worker.call(entry, request))
    }

    fn trigger(&self, worker: Arc<Worker>, ray: Ray, trigger: Trigger) -> Triggering {
        Box::pin(async move { worker.trigger(ray, trigger).await })
    }

    fn build(&self, kind: GuestKind) -> String {
        Engine::build(self, kind)
    }

    fn judge(&self, tenant: String, pushed: Pushed, limits: Limits) -> Judgement<'_> {
        Box::pin(async move {
            Engine::judge(self, &tenant, pushed, &limits)
                .await
                .map_err(|refusal| refusal.to_string())
        })
    }

    fn start(&self, spec: WorkerSpec) -> Result<Arc<Worker>, String> {
        Ok(self.worker(spec))
    }

    fn retire(&self, worker: &Worker) {
        worker.retire();
    }

    fn set_limits(&self, worker: &Worker, limits: Limits, meter: Option<Arc<dyn Meter>>) {
        worker.set_limits(limits, meter);
    }

    fn deployed(&self, namespace: &str, script: &str, startup_fuel: u64) {
        Engine::deployed(self, namespace, script, startup_fuel);
    }
}
