//! What the catalog needs of the engine: a judgement of a module, and a running Worker.
//!
//! A trait, so that the catalog and the management port are tested without running guests.

use crate::engine::limits::Limits;
use crate::engine::{Engine, GuestKind, Judged, Pushed, Worker, WorkerSpec};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// What was pushed was judged, or refused with a message for its author.
pub type Judgement<'a> = Pin<Box<dyn Future<Output = Result<Judged, String>> + Send + 'a>>;

/// Runs what the catalog deploys.
pub trait Runtime<W>: Send + Sync {
    /// Names the engine's build for a kind of guest; images and snapshots of another are not used.
    fn build(&self, kind: GuestKind) -> String;
    /// Validates, rewrites and initialises what was pushed, where it can harm nobody.
    fn judge(&self, pushed: Pushed, limits: Limits) -> Judgement<'_>;
    /// Makes a Worker ready for requests, from files that exist. Must be quick: it is called
    /// for every script at start.
    fn start(&self, spec: WorkerSpec) -> Result<Arc<W>, String>;
    /// Tells a Worker that no new request comes; those in flight go on.
    fn retire(&self, worker: &W);
    /// A pushed version of this script runs, and translating and starting it took this fuel.
    fn deployed(&self, namespace: &str, script: &str, startup_fuel: u64);
}

impl Runtime<Worker> for Engine {
    fn build(&self, kind: GuestKind) -> String {
        Engine::build(self, kind)
    }

    fn judge(&self, pushed: Pushed, limits: Limits) -> Judgement<'_> {
        Box::pin(async move {
            Engine::judge(self, pushed, &limits)
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

    fn deployed(&self, namespace: &str, script: &str, startup_fuel: u64) {
        Engine::deployed(self, namespace, script, startup_fuel);
    }
}
