//! What waits for each tail consumer, and the tasks that have it told.

use super::{Batch, Consumer, Deliver, TailCounts, Traced};
use async_executor::Executor;
use parking_lot::Mutex;
use serde_json::Value;
use std::collections::{HashMap, VecDeque};
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
    by_consumer: HashMap<Consumer, Queue>,
    bytes: usize,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    bytes: usize,
    in_flight: usize,
}

struct Waiting {
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

    /// Has a consumer told, if there is room for it.
    pub fn push(&self, consumer: &Consumer, items: Vec<Traced>, depth: u8) {
        let bytes = items.iter().map(Traced::bytes).sum();
        let mut state = self.0.queues.lock();
        let full = state.bytes + bytes > TOTAL_BYTES_MAX;
        let queue = state.by_consumer.entry(consumer.clone()).or_default();
        let full = full
            || queue.waiting.len() >= QUEUE_MAX
            // One call fits always, so that a large one is not lost to a small bound.
            || (queue.bytes > 0 && queue.bytes + bytes > QUEUE_BYTES_MAX);
        if full {
            if queue.in_flight == 0 && queue.waiting.is_empty() {
                state.by_consumer.remove(consumer);
            }
            self.0.dropped.fetch_add(items.len() as u64, Relaxed);
            return;
        }
        queue.bytes += bytes;
        queue.waiting.push_back(Waiting {
            items,
            depth,
            bytes,
        });
        let begins = queue.in_flight < IN_FLIGHT_MAX;
        queue.in_flight += usize::from(begins);
        state.bytes += bytes;
        drop(state);
        if begins {
            let (queues, consumer) = (self.clone(), consumer.clone());
            self.0
                .executor
                .spawn(async move { queues.work(&consumer).await })
                .detach();
        }
    }

    /// Has a consumer told of what waits, until nothing does.
    async fn work(&self, consumer: &Consumer) {
        while let Some(waiting) = self.next(consumer) {
            let Some(deliver) = self.0.deliver.get() else {
                continue;
            };
            let items: Vec<Value> = waiting.items.iter().map(Traced::to_json).collect();
            let names = waiting.items.iter();
            let batch = Batch {
                scripts: names.map(|it| it.record.script.clone()).collect(),
                items: Value::Array(items).to_string().into(),
                depth: waiting.depth,
            };
            drop(waiting);
            match deliver.deliver(consumer, batch).await {
                Ok(()) => self.0.delivered.fetch_add(1, Relaxed),
                Err(reason) => {
                    log::debug!("tail Worker {}: {reason}", consumer.script);
                    self.0.failed.fetch_add(1, Relaxed)
                }
            };
        }
    }

    fn next(&self, consumer: &Consumer) -> Option<Waiting> {
        let mut state = self.0.queues.lock();
        let queue = state.by_consumer.get_mut(consumer)?;
        let next = queue.waiting.pop_front();
        match &next {
            Some(waiting) => {
                queue.bytes -= waiting.bytes;
                state.bytes -= waiting.bytes;
            }
            None => {
                queue.in_flight -= 1;
                if queue.in_flight == 0 {
                    state.by_consumer.remove(consumer);
                }
            }
        }
        next
    }
}
