//! Logpush: jobs that send what Workers leave to an HTTP server (spec: FEATURES F436).
//!
//! An invocation that a job wants becomes a line of JSON. Lines wait in memory for a moment, then as
//! a batch in the store, and go out one batch after the other; a server that does not take one gets it again,
//! later and later. What has no room is dropped, the oldest first, and counted. This room knows no
//! sockets: it calls [`Send`].

mod filter;
mod job;
mod line;
mod spool;
#[cfg(test)]
mod tests;

pub use filter::Filter;
pub use job::{Destination, FIELDS, Job, JobChange, JobError};

use crate::engine::Finished;
use crate::observe::{Record, Sink};
use crate::store::{Store, StoreError, Table};
use async_executor::Executor;
use event_listener::Event;
use futures_lite::FutureExt as _;
use job::StoredJob;
use parking_lot::{Mutex, RwLock};
use postern_task::Begin;
use spool::Spool;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Jobs at the same time.
pub const JOBS_MAX: usize = 8;
/// Bytes of a batch, nearly.
const BATCH_MAX: usize = 128 * 1024;
/// How long lines wait to become a batch.
const BATCH_EVERY: Duration = Duration::from_secs(2);
/// How long after the first failure a batch is sent again; twice as long after each further one.
const RETRY_FIRST: Duration = Duration::from_secs(1);
/// How long at most.
const RETRY_MAX: Duration = Duration::from_secs(300);

/// A batch on its way; an error says why it was not taken.
pub type Sending = Pin<Box<dyn Future<Output = Result<(), String>> + std::marker::Send>>;

/// Sends batches to servers.
pub trait Send: std::marker::Send + Sync {
    /// Sends lines of JSON; ready when the server has taken them.
    fn send(&self, to: &Destination, lines: Vec<u8>) -> Sending;
}

/// How a job fares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobState {
    /// When a batch was last taken: milliseconds since 1970.
    pub last_complete_ms: Option<u64>,
    /// When one was last not taken.
    pub last_error_ms: Option<u64>,
    /// Why.
    pub error: Option<String>,
    /// Lines that had no room.
    pub dropped: u64,
    /// Bytes that wait.
    pub waiting_bytes: usize,
}

/// All jobs. Clones are the same.
#[derive(Clone)]
pub struct Logpush(Arc<Inner>);

struct Inner {
    store: Store,
    send: Arc<dyn Send>,
    executor: Arc<Executor<'static>>,
    jobs: RwLock<BTreeMap<u64, Arc<Running>>>,
    /// Whether there is a job that runs, to be asked without the lock on every request's way.
    is_any: AtomicBool,
    covered: RwLock<Covered>,
    /// One change of jobs at a time.
    changing: smol::lock::Mutex<()>,
}

/// Whose invocations are pushed.
#[derive(Default)]
struct Covered {
    /// Namespace, then script.
    scripts: HashMap<String, HashMap<String, Vec<String>>>,
    /// Whole namespaces, by their own setting.
    namespaces: HashSet<String>,
    /// Whole namespaces, by how many scripts that are pushed dispatch to them.
    dispatched: HashMap<String, usize>,
}

impl Covered {
    fn has(&self, namespace: &str, script: &str) -> bool {
        let own = self.scripts.get(namespace);
        self.namespaces.contains(namespace)
            || own.is_some_and(|scripts| scripts.contains_key(script))
            || self.dispatched.contains_key(namespace)
    }

    fn remove(&mut self, namespace: &str, script: &str) {
        let Some(scripts) = self.scripts.get_mut(namespace) else {
            return;
        };
        let covers = scripts.remove(script).unwrap_or_default();
        if scripts.is_empty() {
            self.scripts.remove(namespace);
        }
        for namespace in covers {
            if let Some(count) = self.dispatched.get_mut(&namespace) {
                *count -= 1;
                if *count == 0 {
                    self.dispatched.remove(&namespace);
                }
            }
        }
    }
}

struct Running {
    job: Job,
    spool: Arc<Spool>,
    state: Arc<Mutex<JobState>>,
    /// Sends; dropping it ends that.
    _task: Option<smol::Task<()>>,
}

impl Logpush {
    /// Takes over the jobs and batches that the store holds; sending goes on on `executor`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn open(
        store: Store,
        send: Arc<dyn Send>,
        executor: Arc<Executor<'static>>,
    ) -> Result<Self, StoreError> {
        let stored: Vec<(_, StoredJob)> = store.records().scan(Table::LogpushJobs, &[])?;
        let logpush = Self(Arc::new(Inner {
            store,
            send,
            executor,
            jobs: RwLock::default(),
            is_any: AtomicBool::new(false),
            covered: RwLock::default(),
            changing: smol::lock::Mutex::new(()),
        }));
        for (_, StoredJob::V1(job)) in stored {
            let spool = Spool::open(&logpush.0.store, job.id)?;
            logpush.run(job, Arc::new(spool), Arc::default());
        }
        Ok(logpush)
    }

    /// A script is pushed, and with it these namespaces that it dispatches to; or it is not.
    pub fn cover(&self, namespace: &str, script: &str, covers: Option<Vec<String>>) {
        let mut covered = self.0.covered.write();
        covered.remove(namespace, script);
        if let Some(covers) = covers {
            for namespace in &covers {
                *covered.dispatched.entry(namespace.clone()).or_default() += 1;
            }
            let scripts = covered.scripts.entry(namespace.to_owned()).or_default();
            scripts.insert(script.to_owned(), covers);
        }
    }

    /// Whether all of a namespace is pushed by a setting of its own.
    pub fn cover_namespace(&self, namespace: &str, is_covered: bool) {
        let mut covered = self.0.covered.write();
        if is_covered {
            covered.namespaces.insert(namespace.to_owned());
        } else {
            covered.namespaces.remove(namespace);
        }
    }

    /// A namespace is gone, or has another name; what is told of that name is told anew.
    pub fn forget_namespace(&self, namespace: &str) -> bool {
        let mut covered = self.0.covered.write();
        let scripts = covered.scripts.get(namespace).into_iter().flatten();
        let scripts: Vec<String> = scripts.map(|(script, _)| script.clone()).collect();
        for script in scripts {
            covered.remove(namespace, &script);
        }
        covered.namespaces.remove(namespace)
    }

    /// All jobs by number, and how they fare.
    pub fn jobs(&self) -> Vec<(Job, JobState)> {
        let jobs = self.0.jobs.read();
        jobs.values().map(|running| running.shown()).collect()
    }

    /// One of them.
    pub fn job(&self, id: u64) -> Option<(Job, JobState)> {
        self.0.jobs.read().get(&id).map(|running| running.shown())
    }

    /// Makes a job; durable when this returns.
    ///
    /// # Errors
    /// What is wrong with it, or that there are too many.
    pub async fn create(&self, change: JobChange) -> Result<(Job, JobState), JobError> {
        let _alone = self.0.changing.lock().await;
        let last = {
            let jobs = self.0.jobs.read();
            if jobs.len() >= JOBS_MAX {
                return Err(JobError::TooMany(JOBS_MAX));
            }
            jobs.last_key_value().map_or(0, |(last, _)| *last)
        };
        // Numbers are not used again while batches of an older job may still lie there.
        let job = Job::new(last + 1, change)?;
        self.store_job(&job).await?;
        let spool = Spool::open(&self.0.store, job.id).map_err(JobError::store)?;
        let shown = (job.clone(), JobState::default());
        self.run(job, Arc::new(spool), Arc::default());
        Ok(shown)
    }

    /// Changes a job; durable when this returns.
    ///
    /// # Errors
    /// What is wrong with it, or that there is none of this number.
    pub async fn update(&self, id: u64, change: JobChange) -> Result<(Job, JobState), JobError> {
        let _alone = self.0.changing.lock().await;
        let running = self.0.jobs.read().get(&id).cloned();
        let running = running.ok_or(JobError::NotFound(id))?;
        let job = running.job.clone().changed(change)?;
        self.store_job(&job).await?;
        self.run(job, running.spool.clone(), running.state.clone());
        self.job(id).ok_or(JobError::NotFound(id))
    }

    /// Removes a job and what waits for it.
    ///
    /// # Errors
    /// That there is none of this number.
    pub async fn delete(&self, id: u64) -> Result<(), JobError> {
        let _alone = self.0.changing.lock().await;
        let running = self
            .0
            .jobs
            .write()
            .remove(&id)
            .ok_or(JobError::NotFound(id))?;
        self.count();
        let store = self.0.store.clone();
        let spool = running.spool.clone();
        drop(running);
        postern_task::unblock(move || {
            let mut batch = store.records().batch();
            batch.delete(Table::LogpushJobs, &id.to_be_bytes())?;
            spool.clear(&mut batch)?;
            batch.commit()
        })
        .await
        .map_err(JobError::store)?;
        self.0.store.durable().await.map_err(JobError::store)
    }

    async fn store_job(&self, job: &Job) -> Result<(), JobError> {
        let (store, stored) = (self.0.store.clone(), StoredJob::V1(job.clone()));
        let id = job.id;
        postern_task::unblock(move || {
            let mut batch = store.records().batch();
            batch.put(Table::LogpushJobs, &id.to_be_bytes(), &stored)?;
            batch.commit()
        })
        .await
        .map_err(JobError::store)?;
        self.0.store.durable().await.map_err(JobError::store)
    }

    fn count(&self) {
        let is_any = self.0.jobs.read().values().any(|it| it.job.enabled);
        self.0.is_any.store(is_any, Relaxed);
    }

    /// Has a job run as it is now.
    fn run(&self, job: Job, spool: Arc<Spool>, state: Arc<Mutex<JobState>>) {
        let task = job.enabled.then(|| {
            let courier = Courier {
                destination: job.destination.clone(),
                spool: spool.clone(),
                state: state.clone(),
                send: self.0.send.clone(),
            };
            self.0.executor.begin(courier.work())
        });
        let id = job.id;
        let running = Running {
            job,
            spool,
            state,
            _task: task,
        };
        let before = self.0.jobs.write().insert(id, Arc::new(running));
        drop(before);
        self.count();
    }

    /// Makes batches of the lines that wait in memory, so that they survive an end of the daemon.
    pub async fn flush(&self) {
        let jobs: Vec<_> = self.0.jobs.read().values().cloned().collect();
        for running in jobs {
            running.spool.clone().flush().await;
        }
    }
}

impl Running {
    fn shown(&self) -> (Job, JobState) {
        let state = JobState {
            dropped: self.spool.dropped(),
            waiting_bytes: self.spool.bytes(),
            ..self.state.lock().clone()
        };
        (self.job.clone(), state)
    }
}

impl Sink for Logpush {
    fn wants(&self, finished: &Finished<'_>) -> bool {
        self.0.is_any.load(Relaxed)
            && self
                .0
                .covered
                .read()
                .has(finished.namespace, finished.script)
    }

    fn take(&self, record: &Arc<Record>, _: &Finished<'_>) {
        for running in self.0.jobs.read().values() {
            let job = &running.job;
            if job.enabled && job.filter.lets_through(record) {
                running.spool.push(line::of(record, &job.fields));
            }
        }
    }
}

/// Who sends a job's batches.
struct Courier {
    destination: Destination,
    spool: Arc<Spool>,
    state: Arc<Mutex<JobState>>,
    send: Arc<dyn Send>,
}

impl Courier {
    /// Makes batches and sends them, for ever. A server that takes its time has no lines wait in memory.
    async fn work(self) {
        let (batches, woken) = (self.spool.clone(), Event::new());
        let batching = async {
            loop {
                async_io::Timer::after(BATCH_EVERY).await;
                batches.clone().flush().await;
                woken.notify(1);
            }
        };
        batching.or(self.deliver(&woken)).await;
    }

    /// Sends batches as they come, the oldest first.
    async fn deliver(&self, woken: &Event) {
        let mut retry = RETRY_FIRST;
        loop {
            let come = woken.listen();
            let Some((number, lines)) = self.spool.first().await else {
                come.await;
                continue;
            };
            match self.send.send(&self.destination, lines).await {
                Ok(()) => {
                    retry = RETRY_FIRST;
                    {
                        let mut state = self.state.lock();
                        state.last_complete_ms = Some(now_ms());
                        state.error = None;
                    }
                    self.spool.clone().done(number).await;
                }
                Err(reason) => {
                    log::warn!("a logpush job's server did not take a batch: {reason}");
                    {
                        let mut state = self.state.lock();
                        state.last_error_ms = Some(now_ms());
                        state.error = Some(reason);
                    }
                    async_io::Timer::after(retry).await;
                    retry = (retry * 2).min(RETRY_MAX);
                }
            }
        }
    }
}

/// Milliseconds since 1970; 0 on a board whose clock was never set.
fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        })
}
