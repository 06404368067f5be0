//! Subscriptions to records as they come. A subscriber that does not keep up loses records and
//! is told how many; nobody waits for it.

use super::record::Record;
use crate::engine::Finished;
use crate::engine::limits::Outcome;
use parking_lot::RwLock;
use smol::channel::{Receiver, Sender, bounded};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// Records that may wait for one subscriber.
const QUEUE_MAX: usize = 256;

/// Which records a subscriber wants; what is not given does not matter.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of this namespace.
    pub namespace: Option<String>,
    /// Of this script.
    pub script: Option<String>,
    /// With one of these outcomes.
    pub outcomes: Vec<Outcome>,
    /// With one of these methods.
    pub methods: Vec<String>,
    /// With this text in a log line, an exception or the URL.
    pub query: Option<String>,
}

/// A subscription. Dropping it ends it.
pub struct Follow {
    records: Receiver<Arc<Record>>,
    state: Arc<State>,
    followers: Arc<RwLock<Vec<Follower>>>,
}

/// A record, and how many were lost before it since the last one.
#[derive(Clone, Debug)]
pub struct Followed {
    /// The record.
    pub record: Arc<Record>,
    /// How many came too fast.
    pub lost: u64,
}

/// Why one cannot follow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FollowError {
    /// Too many do already.
    #[error("{0} followers of logs already, which is the limit; end one of them")]
    TooMany(usize),
}

pub(super) struct Followers {
    followers: Arc<RwLock<Vec<Follower>>>,
    /// How many there are, to be asked without the lock on every request's way.
    len: Arc<AtomicUsize>,
    max: usize,
    bytes_max: usize,
}

struct Follower {
    filter: Filter,
    records: Sender<Arc<Record>>,
    state: Arc<State>,
}

struct State {
    queued_bytes: AtomicUsize,
    lost: AtomicU64,
    len: Arc<AtomicUsize>,
}

impl Filter {
    fn wants(&self, finished: &Finished<'_>) -> bool {
        let is = |wanted: &Option<String>, name| wanted.as_deref().is_none_or(|w| w == name);
        let methods = &self.methods;
        is(&self.namespace, finished.namespace)
            && is(&self.script, finished.script)
            && (self.outcomes.is_empty() || self.outcomes.contains(&finished.outcome))
            && (methods.is_empty() || methods.iter().any(|m| m == finished.method))
    }

    fn wants_record(&self, record: &Record) -> bool {
        let is = |wanted: &Option<String>, name| wanted.as_deref().is_none_or(|w| w == name);
        let methods = &self.methods;
        is(&self.namespace, &record.namespace)
            && is(&self.script, &record.script)
            && (self.outcomes.is_empty() || self.outcomes.contains(&record.outcome))
            && (methods.is_empty() || methods.contains(&record.method))
            && (self.query.as_deref()).is_none_or(|query| record.contains(query))
    }
}

impl Followers {
    pub fn new(max: usize, bytes_max: usize) -> Self {
        Self {
            followers: Arc::default(),
            len: Arc::default(),
            max,
            bytes_max,
        }
    }

    pub fn follow(&self, filter: Filter) -> Result<Follow, FollowError> {
        let mut followers = self.followers.write();
        if followers.len() >= self.max {
            return Err(FollowError::TooMany(self.max));
        }
        let (sender, records) = bounded(QUEUE_MAX);
        let state = Arc::new(State {
            queued_bytes: AtomicUsize::new(0),
            lost: AtomicU64::new(0),
            len: self.len.clone(),
        });
        followers.push(Follower {
            filter,
            records: sender,
            state: state.clone(),
        });
        self.len.store(followers.len(), Relaxed);
        Ok(Follow {
            records,
            state,
            followers: self.followers.clone(),
        })
    }

    /// Whether somebody may want it; a search for text is not tried yet.
    pub fn want(&self, finished: &Finished<'_>) -> bool {
        if self.len.load(Relaxed) == 0 {
            return false;
        }
        let followers = self.followers.read();
        followers.iter().any(|f| f.filter.wants(finished))
    }

    pub fn send(&self, record: &Arc<Record>) {
        for follower in self.followers.read().iter() {
            if follower.filter.wants_record(record) {
                follower.send(record, self.bytes_max);
            }
        }
    }
}

impl Follower {
    fn send(&self, record: &Arc<Record>, bytes_max: usize) {
        let queued = &self.state.queued_bytes;
        let bytes = record.bytes();
        let before = queued.fetch_add(bytes, Relaxed);
        // One record fits always, so that a large one is not lost to a small bound.
        let fits = before == 0 || before + bytes <= bytes_max;
        if !fits || self.records.try_send(record.clone()).is_err() {
            queued.fetch_sub(bytes, Relaxed);
            self.state.lost.fetch_add(1, Relaxed);
        }
    }
}

impl Follow {
    /// The next record, once there is one.
    pub async fn next(&mut self) -> Followed {
        match self.records.recv().await {
            Ok(record) => self.took(record),
            // The sender lives in the list that this subscription holds, until it is dropped.
            Err(_) => std::future::pending().await,
        }
    }

    /// The next record, if there is one.
    pub fn try_next(&mut self) -> Option<Followed> {
        let record = self.records.try_recv().ok()?;
        Some(self.took(record))
    }

    fn took(&self, record: Arc<Record>) -> Followed {
        self.state.queued_bytes.fetch_sub(record.bytes(), Relaxed);
        let lost = self.state.lost.swap(0, Relaxed);
        Followed { record, lost }
    }
}

impl Drop for Follow {
    fn drop(&mut self) {
        let mut followers = self.followers.write();
        followers.retain(|follower| !Arc::ptr_eq(&follower.state, &self.state));
        self.state.len.store(followers.len(), Relaxed);
    }
}
