//! Tail Workers: who hears of whose invocations, and how they are told (spec: SEMANTICS §17).
//!
//! An invocation that is over becomes an item in a queue of each tail consumer of its script, and a
//! task has the consumer's `tail` handler called. What a dispatch Worker caused in other namespaces
//! is told together with it. This room knows no Workers: it calls [`Deliver`].
//!
//! Nothing here makes an invocation wait, and every queue has a bound; what does not fit is dropped
//! and counted. It is of the tenant that has the most there: one that floods loses its own.

mod families;
mod queue;
mod shares;
#[cfg(test)]
mod tests;

use crate::engine::Finished;
use crate::engine::invocation::Ray;
use crate::observe::{Record, Sink, Unredacted};
use async_executor::Executor;
use bytes::Bytes;
use families::{Families, Member};
use parking_lot::{Mutex, RwLock};
use postern_task::Begin;
use queue::{Queues, To};
use serde_json::Value;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// Tail Workers in a row: one that is told of invocations of another, and so on.
pub const DEPTH_MAX: u8 = 3;
/// Tail consumers of one script.
pub const CONSUMERS_MAX: usize = 10;
/// Bytes of a request's fields as they came, for `getUnredacted()`.
const UNREDACTED_MAX: usize = 32 * 1024;
/// How long a dispatch Worker's item waits for those of the Workers that it called, if they are not
/// over before it.
const FAMILY_WAIT: Duration = Duration::from_secs(2);

/// A Worker that is told: the identifier of its dispatch namespace, and its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Consumer {
    /// The namespace, which may be renamed.
    pub namespace: [u8; 16],
    /// The script.
    pub script: String,
}

/// What one call of a `tail` handler brings.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The items: a JSON array.
    pub items: Bytes,
    /// The scripts that they are of.
    pub scripts: Vec<String>,
    /// Tail Workers in a row, this one included.
    pub depth: u8,
}

/// A delivery on its way; an error says why it failed.
pub type Delivering = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// Has `tail` handlers called.
pub trait Deliver: Send + Sync {
    /// Ready when the handler and its `waitUntil` work are over.
    fn deliver(&self, consumer: &Consumer, batch: Batch) -> Delivering;
}

/// Figures since the daemon started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TailCounts {
    /// Calls of handlers that ended well.
    pub delivered: u64,
    /// Calls that failed.
    pub failed: u64,
    /// Items that had no room in a queue.
    pub dropped: u64,
}

/// An invocation, as it waits to be told.
#[derive(Clone, Debug)]
pub(crate) struct Traced {
    record: Arc<Record>,
    raw: Option<Arc<Unredacted>>,
}

impl Traced {
    fn bytes(&self) -> usize {
        self.record.bytes() + self.raw.as_ref().map_or(0, |raw| raw.bytes())
    }

    fn to_json(&self) -> Value {
        let mut item = self.record.to_tail_json();
        if let Some(raw) = &self.raw {
            item["raw"] = raw.to_json();
        }
        item
    }
}

/// The tail consumers of scripts, and what waits for them. Clones are the same.
#[derive(Clone)]
pub struct Tails(Arc<Inner>);

/// The tail consumers of a namespace's scripts.
type ByScript = HashMap<String, Arc<[Consumer]>>;

struct Inner {
    /// Namespace, then script: so that both can be asked for without building a key.
    consumers: RwLock<HashMap<String, ByScript>>,
    /// Scripts that have any, to be asked without the lock on every request's way.
    len: AtomicUsize,
    families: Mutex<Families>,
    queues: Queues,
    executor: Arc<Executor<'static>>,
}

impl Tails {
    /// Nobody is told of anything yet; deliveries run on `executor`.
    pub fn new(executor: Arc<Executor<'static>>) -> Self {
        Self(Arc::new(Inner {
            consumers: RwLock::default(),
            len: AtomicUsize::new(0),
            families: Mutex::default(),
            queues: Queues::new(executor.clone()),
            executor,
        }))
    }

    /// Who calls handlers. Once only; a second call changes nothing. Before it nothing is told.
    pub fn deliver_by(&self, deliver: Arc<dyn Deliver>) {
        self.0.queues.deliver_by(deliver);
    }

    /// Replaces the tail consumers of a script.
    pub fn set(&self, namespace: &str, script: &str, consumers: Vec<Consumer>) {
        let mut all = self.0.consumers.write();
        if consumers.is_empty() {
            if let Some(scripts) = all.get_mut(namespace) {
                scripts.remove(script);
                if scripts.is_empty() {
                    all.remove(namespace);
                }
            }
        } else {
            let scripts = all.entry(namespace.to_owned()).or_default();
            scripts.insert(script.to_owned(), consumers.into());
        }
        self.0
            .len
            .store(all.values().map(HashMap::len).sum(), Relaxed);
    }

    /// A namespace has another name.
    pub fn rename(&self, old: &str, new: &str) {
        let mut all = self.0.consumers.write();
        if let Some(scripts) = all.remove(old) {
            all.insert(new.to_owned(), scripts);
        }
    }

    /// What was told so far.
    pub fn counts(&self) -> TailCounts {
        self.0.queues.counts()
    }

    fn of(&self, namespace: &str, script: &str) -> Option<Arc<[Consumer]>> {
        self.0.consumers.read().get(namespace)?.get(script).cloned()
    }
}

impl Sink for Tails {
    fn wants(&self, finished: &Finished<'_>) -> bool {
        if finished.tail_depth >= DEPTH_MAX {
            return false;
        }
        if !finished.listeners.is_empty() {
            return true;
        }
        if self.0.len.load(Relaxed) == 0 {
            return false;
        }
        // What a Worker caused may be told together with that Worker, whose name is not known yet.
        if finished.origin.is_some() || self.of(finished.namespace, finished.script).is_some() {
            return true;
        }
        if finished.invoked > 0 {
            self.0.families.lock().forget(finished.ray);
        }
        false
    }

    fn take(&self, record: &Arc<Record>, finished: &Finished<'_>) {
        let traced = Traced {
            record: record.clone(),
            raw: Unredacted::of(finished, UNREDACTED_MAX).map(Arc::new),
        };
        let depth = finished.tail_depth + 1;
        for listener in finished.listeners {
            let to = To::Given(listener.clone());
            self.0.queues.push(&to, vec![traced.clone()], depth);
        }
        let consumers = self.of(finished.namespace, finished.script);
        let member = Member {
            traced: traced.clone(),
            namespace: finished.namespace.to_owned(),
        };
        let origin = finished.origin.filter(|origin| *origin != finished.ray);
        match (origin, consumers) {
            (Some(origin), consumers) => {
                if let Some(consumers) = consumers {
                    self.tell(&consumers, vec![traced], depth);
                }
                let told = self.0.families.lock().child(origin, member);
                self.tell_families(told);
            }
            (None, Some(consumers)) if finished.invoked == 0 => {
                self.tell(&consumers, vec![traced], depth);
            }
            (None, Some(consumers)) => {
                let mut families = self.0.families.lock();
                let invoked = finished.invoked as usize;
                let told = families.root(finished.ray, member, consumers, invoked, depth);
                let waits = families.has(finished.ray);
                drop(families);
                if waits {
                    self.tell_later(finished.ray);
                }
                self.tell_families(told);
            }
            (None, None) => {}
        }
    }
}

impl Tails {
    fn tell(&self, consumers: &[Consumer], items: Vec<Traced>, depth: u8) {
        for consumer in consumers {
            // A tail Worker is not told of itself.
            let is_own = |item: &Traced| item.record.script == consumer.script && depth > 1;
            if !items.iter().any(is_own) {
                let to = To::Deployed(consumer.clone());
                self.0.queues.push(&to, items.clone(), depth);
            }
        }
    }

    fn tell_families(&self, told: impl IntoIterator<Item = families::Complete>) {
        for complete in told {
            self.tell(&complete.consumers, complete.items, complete.depth);
        }
    }

    /// Tells of a family that is still not complete after a while as it is then.
    fn tell_later(&self, origin: Ray) {
        let tails = self.clone();
        let later = async move {
            async_io::Timer::after(FAMILY_WAIT).await;
            let complete = tails.0.families.lock().give_up(origin);
            tails.tell_families(complete);
        };
        self.0.executor.begin(later).detach();
    }
}
