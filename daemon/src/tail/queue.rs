//! What waits for each tail consumer, and the tasks that have it told.

use super::shares::{Shares, Tenant};
use super::{Batch, Consumer, Deliver, TailCounts, Traced};
use crate::engine::finished::Listener;
use crate::engine::invocation::Trigger;
use async_executor::Executor;
use parking_lot::Mutex;
use postern_task::Begin;
use serde_json::Value;
use std::collections::{HashMap, VecDeque};
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

/// Calls that may wait for one consumer.
pub(super) const QUEUE_MAX: usize = 64;
/// Bytes that may wait for one consumer.
const QUEUE_BYTES_MAX: usize = 256 * 1024;
/// Bytes that may wait for all.
const TOTAL_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Calls of one consumer under way at the same time.
const IN_FLIGHT_MAX: usize = 4;

/// Whom a queue is for.
#[derive(Clone, Debug)]
pub(super) enum To {
    /// A Worker that is a script's tail consumer.
    Deployed(Consumer),
    /// What a loader has given its dynamic Workers. All of one loader wait in one queue, or it could
    /// have as many as it likes.
    Given(Arc<dyn Listener>),
}

impl To {
    /// What tells it from others.
    fn key(&self) -> Result<&Consumer, usize> {
        match self {
            Self::Deployed(consumer) => Ok(consumer),
            Self::Given(listener) => Err(listener.owner()),
        }
    }
}

impl PartialEq for To {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for To {}

impl Hash for To {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

/// All queues. Clones are the same.
#[derive(Clone)]
pub(super) struct Queues(Arc<Inner>);

struct Inner {
    queues: Mutex<State>,
    deliver: OnceLock<Arc<dyn Deliver>>,
    executor: Arc<Executor<'static>>,
    delivered: AtomicU64,
    failed: AtomicU64,
    dropped: AtomicU64,
}

#[derive(Default)]
struct State {
    by_consumer: HashMap<To, Queue>,
    bytes: usize,
    /// The same bytes by whose invocations they tell of.
    shares: Shares,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    bytes: usize,
    in_flight: usize,
}

struct Waiting {
    to: To,
    tenant: Tenant,
    items: Vec<Traced>,
    depth: u8,
    bytes: usize,
}

impl Queues {
    pub fn new(executor: Arc<Executor<'static>>) -> Self {
        Self(Arc::new(Inner {
            queues: Mutex::default(),
            deliver: OnceLock::new(),
            executor,
            delivered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
        }))
    }

    pub fn deliver_by(&self, deliver: Arc<dyn Deliver>) {
        let _ = self.0.deliver.set(deliver);
    }

    pub fn counts(&self) -> TailCounts {
        TailCounts {
            delivered: self.0.delivered.load(Relaxed),
            failed: self.0.failed.load(Relaxed),
            dropped: self.0.dropped.load(Relaxed),
        }
    }

    /// Has a consumer told, if there is room for it. Where there is none, what goes is of the tenant
    /// that has the most of it.
    pub fn push(&self, consumer: &To, items: Vec<Traced>, depth: u8) {
        let bytes = items.iter().map(Traced::bytes).sum();
        let waiting = Waiting {
            to: consumer.clone(),
            tenant: Tenant::of(&items),
            items,
            depth,
            bytes,
        };
        let mut state = self.0.queues.lock();
        let lost = state.make_room(&waiting);
        let fits = state.fits(&waiting);
        let count = lost.iter().map(|it| it.items.len()).sum::<usize>()
            + if fits { 0 } else { waiting.items.len() };
        self.0.dropped.fetch_add(count as u64, Relaxed);
        if !fits {
            drop(state);
            return;
        }
        let begins = state.insert(waiting);
        drop(state);
        if begins {
            let (queues, consumer) = (self.clone(), consumer.clone());
            self.0
                .executor
                .begin(async move { queues.work(&consumer).await })
                .detach();
        }
    }

    /// Has a consumer told of what waits, until nothing does.
    async fn work(&self, consumer: &To) {
        while let Some(waiting) = self.next(consumer) {
            let mut items: Vec<Value> = waiting.items.iter().map(Traced::to_json).collect();
            if let To::Given(_) = &waiting.to {
                // A dynamic Worker is no script; the handler's props say which it is.
                items
                    .iter_mut()
                    .for_each(|item| item["scriptName"] = Value::Null);
            }
            let names = waiting.items.iter();
            let batch = Batch {
                scripts: names.map(|it| it.record.script.clone()).collect(),
                items: Value::Array(items).to_string().into(),
                depth: waiting.depth,
            };
            let Waiting { to, items, .. } = waiting;
            drop(items);
            let delivered = match (&to, self.0.deliver.get()) {
                (To::Given(listener), _) => {
                    let trigger = Trigger::Tail {
                        items: batch.items,
                        scripts: batch.scripts,
                        depth: batch.depth,
                        entry: None,
                    };
                    listener.tell(trigger).await
                }
                (To::Deployed(consumer), Some(deliver)) => deliver.deliver(consumer, batch).await,
                (To::Deployed(_), None) => continue,
            };
            match delivered {
                Ok(()) => self.0.delivered.fetch_add(1, Relaxed),
                Err(reason) => {
                    log::debug!("tail Worker {to:?}: {reason}");
                    self.0.failed.fetch_add(1, Relaxed)
                }
            };
        }
    }

    fn next(&self, consumer: &To) -> Option<Waiting> {
        let mut state = self.0.queues.lock();
        let next = state.take(consumer, 0);
        if next.is_none()
            && let Some(queue) = state.by_consumer.get_mut(consumer)
        {
            queue.in_flight -= 1;
            if queue.in_flight == 0 {
                state.by_consumer.remove(consumer);
            }
        }
        next
    }
}

impl State {
    fn fits(&self, waiting: &Waiting) -> bool {
        let queue = self.by_consumer.get(&waiting.to);
        self.bytes + waiting.bytes <= TOTAL_BYTES_MAX && queue.is_none_or(|it| it.fits(waiting))
    }

    /// Takes out what tenants have of the room that need more of it than `waiting`'s.
    fn make_room(&mut self, waiting: &Waiting) -> Vec<Waiting> {
        let mut lost = Vec::new();
        while let Some(queue) = self.by_consumer.get(&waiting.to)
            && !queue.fits(waiting)
            && let Some(index) = queue.most_of_another(waiting)
        {
            lost.extend(self.take(&waiting.to, index));
        }
        while self.bytes + waiting.bytes > TOTAL_BYTES_MAX
            && let Some(most) = self.shares.more_than(&waiting.tenant, waiting.bytes)
            && let Some((consumer, index)) = self.newest_of(&most)
        {
            lost.extend(self.take(&consumer, index));
        }
        lost
    }

    fn newest_of(&self, tenant: &Tenant) -> Option<(To, usize)> {
        self.by_consumer.iter().find_map(|(consumer, queue)| {
            let index = queue.waiting.iter().rposition(|it| it.tenant == *tenant)?;
            Some((consumer.clone(), index))
        })
    }

    /// Whether a task is to begin with it.
    fn insert(&mut self, waiting: Waiting) -> bool {
        self.bytes += waiting.bytes;
        self.shares.add(&waiting.tenant, waiting.bytes);
        let queue = self.by_consumer.entry(waiting.to.clone()).or_default();
        queue.bytes += waiting.bytes;
        queue.waiting.push_back(waiting);
        let begins = queue.in_flight < IN_FLIGHT_MAX;
        queue.in_flight += usize::from(begins);
        begins
    }

    fn take(&mut self, consumer: &To, index: usize) -> Option<Waiting> {
        let queue = self.by_consumer.get_mut(consumer)?;
        let waiting = queue.waiting.remove(index)?;
        queue.bytes -= waiting.bytes;
        self.bytes -= waiting.bytes;
        self.shares.take(&waiting.tenant, waiting.bytes);
        Some(waiting)
    }
}

impl Queue {
    fn fits(&self, waiting: &Waiting) -> bool {
        // One call fits always, so that a large one is not lost to a small bound.
        self.waiting.len() < QUEUE_MAX
            && (self.bytes == 0 || self.bytes + waiting.bytes <= QUEUE_BYTES_MAX)
    }

    /// The newest call of the tenant that has the most here, if that is more than `waiting`'s has.
    fn most_of_another(&self, waiting: &Waiting) -> Option<usize> {
        let by_count = self.waiting.len() >= QUEUE_MAX;
        let amount = |bytes: usize| if by_count { 1 } else { bytes };
        let mut shares = Shares::default();
        for it in &self.waiting {
            shares.add(&it.tenant, amount(it.bytes));
        }
        let most = shares.more_than(&waiting.tenant, amount(waiting.bytes))?;
        self.waiting.iter().rposition(|it| it.tenant == most)
    }
}
