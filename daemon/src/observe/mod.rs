//! What happened: logs and figures of Workers, and the daemon's own log.
//!
//! Everything here is bounded: [`rings`] keep the newest logs of each script within a number
//! of entries, of bytes, and of bytes over all; a [`Follow`] that does not keep up loses
//! records and is told how many. Nothing here makes a request wait.

mod counts;
mod failed;
pub mod filter;
mod follow;
pub mod logger;
mod record;
mod redact;
mod rings;

pub use counts::{Counts, OUTCOMES};
pub use failed::{Failed, Unanswered, refusal_json};
pub use follow::{Filter, Follow, FollowError, Followed};
pub use record::{Record, Unredacted};
pub use redact::{REDACTED, is_secret_header, redacted_header, redacted_url, secrets_of_url};
pub use rings::ENTRIES_MAX;

use crate::engine::finished::Deployed;
use crate::engine::invocation::Ray;
use crate::engine::limits::Outcome;
use crate::engine::refusal::Stage;
use crate::engine::{Finished, Observer};
use counts::Counters;
use failed::Failures;
use follow::Followers;
use parking_lot::{Mutex, RwLock};
use rings::Rings;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// Bounds of what is kept.
#[derive(Clone, Debug)]
pub struct ObserveOptions {
    /// Bytes of records kept for one script; at most [`ENTRIES_MAX`] records.
    pub script_bytes_max: usize,
    /// Bytes of records kept for all scripts.
    pub total_bytes_max: usize,
    /// Scripts that are counted; further ones are counted together.
    pub scripts_max: usize,
    /// Subscriptions at the same time.
    pub followers_max: usize,
    /// Bytes of records that may wait for one subscriber; at most 256 records.
    pub follower_bytes_max: usize,
    /// Requests that were refused or failed and can be explained.
    pub failures_max: usize,
}

impl Default for ObserveOptions {
    fn default() -> Self {
        Self {
            script_bytes_max: 64 * 1024,
            total_bytes_max: 1024 * 1024,
            scripts_max: 16 * 1024,
            followers_max: 32,
            follower_bytes_max: 256 * 1024,
            failures_max: 256,
        }
    }
}

/// Where invocations are reported and read. Clones are the same one.
#[derive(Clone)]
pub struct Observe(Arc<Inner>);

struct Inner {
    options: ObserveOptions,
    counters: RwLock<CountersByName>,
    rings: Mutex<Rings>,
    failures: Mutex<Failures>,
    followers: Followers,
    sinks: OnceLock<Vec<Arc<dyn Sink>>>,
}

/// Who gets records as they come, as followers do, but decides for each.
pub trait Sink: Send + Sync {
    /// Whether it wants this one. Asked for every invocation: must not wait.
    fn wants(&self, finished: &Finished<'_>) -> bool;
    /// Takes one that it wanted. Must be quick.
    fn take(&self, record: &Arc<Record>, finished: &Finished<'_>);
}

#[derive(Default)]
struct CountersByName {
    /// Namespace, then script: so that both can be asked for without building a key.
    scripts: HashMap<String, HashMap<String, Arc<Counters>>>,
    len: usize,
    /// Those beyond the bound.
    others: Arc<Counters>,
}

impl Default for Observe {
    fn default() -> Self {
        Self::new(ObserveOptions::default())
    }
}

impl Observe {
    /// Nothing has happened yet.
    pub fn new(options: ObserveOptions) -> Self {
        Self(Arc::new(Inner {
            rings: Mutex::new(Rings::new(
                options.script_bytes_max,
                options.total_bytes_max,
            )),
            followers: Followers::new(options.followers_max, options.follower_bytes_max),
            counters: RwLock::default(),
            failures: Mutex::new(Failures::new(options.failures_max)),
            sinks: OnceLock::new(),
            options,
        }))
    }

    /// Reports an invocation that is over. Counted always; kept if there is something to tell,
    /// which is a log line, an exception, or an outcome other than `ok`; and passed on to
    /// whoever follows. An invocation with nothing to tell that nobody follows allocates
    /// nothing.
    pub fn invocation(&self, finished: &Finished<'_>) {
        // What was not let in is counted apart and has no record; it is told to who wants it now, and can be
        // explained.
        let is_in = finished.stage != Stage::Admission;
        if is_in {
            self.counters(finished.namespace, finished.script)
                .add(finished);
        }
        if finished.outcome != Outcome::Ok || finished.refusal.is_some() {
            self.0.failures.lock().invocation(finished);
            if let Some(refusal) = finished.refusal {
                let (namespace, script) = (finished.namespace, finished.script);
                let (ray, stage) = (finished.ray, finished.stage.as_str());
                log::debug!("ray {ray}: {namespace}/{script}: {stage}: {refusal}");
            }
        }
        let followed = self.0.followers.want(finished);
        let kept = is_in && record::has_something_to_tell(finished);
        let sinks = self.0.sinks.get().map_or(&[][..], Vec::as_slice);
        let mut wanting = sinks.iter().filter(|sink| sink.wants(finished)).peekable();
        if !followed && !kept && wanting.peek().is_none() {
            return;
        }
        let record = Arc::new(Record::new(finished, self.0.options.script_bytes_max));
        for sink in wanting {
            sink.take(&record, finished);
        }
        if followed {
            self.0.followers.send(&record);
        }
        if kept {
            self.0.rings.lock().push(record);
        }
    }

    /// Reports a version that was deployed: what that took is its script's.
    pub fn deployment(&self, deployed: &Deployed<'_>) {
        self.counters(deployed.namespace, deployed.script)
            .add_deployed(deployed);
    }

    /// Reports what the edge answered in the place of a Worker.
    pub fn unanswered(&self, told: &Unanswered<'_>) {
        if let Some(refusal) = told.refusal {
            log::debug!("ray {}: {}: {refusal}", told.ray, told.stage.as_str());
        }
        self.0.failures.lock().unanswered(told);
    }

    /// What was refused or failed of a request and of what it caused, oldest first; as far as it
    /// is still kept.
    pub fn explain(&self, ray: Ray) -> Vec<Failed> {
        self.0.failures.lock().of(ray)
    }

    /// The newest requests that were refused or failed, oldest first.
    pub fn failures(&self, count: usize) -> Vec<Failed> {
        self.0.failures.lock().newest(count)
    }

    /// Refusals since the start, by limit.
    pub fn refusals(&self) -> Vec<(&'static str, u64)> {
        self.0.failures.lock().limits()
    }

    /// Makes room for the figures of a script that is deployed, so that its first invocation
    /// allocates nothing that lasts.
    pub fn expect(&self, namespace: &str, script: &str) {
        self.counters(namespace, script);
    }

    /// The newest records of a script, oldest first.
    pub fn recent(&self, namespace: &str, script: &str) -> Vec<Arc<Record>> {
        self.0.rings.lock().recent(namespace, script)
    }

    /// The newest records of all scripts, oldest first.
    pub fn all_recent(&self) -> Vec<Arc<Record>> {
        self.0.rings.lock().all()
    }

    /// Bytes of all records kept.
    pub fn kept_bytes(&self) -> usize {
        self.0.rings.lock().bytes()
    }

    /// What comes from now on, as far as `filter` lets it through.
    pub fn follow(&self, filter: Filter) -> Result<Follow, FollowError> {
        self.0.followers.follow(filter)
    }

    /// Passes records on to these as well. Once only; a second call changes nothing.
    pub fn deliver_to(&self, sinks: Vec<Arc<dyn Sink>>) {
        let _ = self.0.sinks.set(sinks);
    }

    /// The figures of a script; none if it has neither run nor been pushed.
    pub fn counts(&self, namespace: &str, script: &str) -> Option<Counts> {
        let counters = self.0.counters.read();
        let script = counters.scripts.get(namespace)?.get(script)?;
        Some(script.read()).filter(Counts::are_any)
    }

    /// The figures of every script that has run or was pushed: namespace, script, figures. Those beyond
    /// `scripts_max` come together under empty names.
    pub fn all_counts(&self) -> Vec<(String, String, Counts)> {
        let counters = self.0.counters.read();
        let mut all = Vec::with_capacity(counters.len);
        for (namespace, scripts) in &counters.scripts {
            for (script, counts) in scripts {
                let counts = counts.read();
                if counts.are_any() {
                    all.push((namespace.clone(), script.clone(), counts));
                }
            }
        }
        let others = counters.others.read();
        if others != Counts::default() {
            all.push((String::new(), String::new(), others));
        }
        all.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
        all
    }

    /// Forgets a script that was deleted: its records and its figures.
    pub fn forget(&self, namespace: &str, script: &str) {
        self.0.rings.lock().forget(namespace, script);
        self.0.failures.lock().forget(namespace, script);
        let mut counters = self.0.counters.write();
        let Some(scripts) = counters.scripts.get_mut(namespace) else {
            return;
        };
        let gone = usize::from(scripts.remove(script).is_some());
        if scripts.is_empty() {
            counters.scripts.remove(namespace);
        }
        counters.len -= gone;
    }

    fn counters(&self, namespace: &str, script: &str) -> Arc<Counters> {
        let known = |counters: &CountersByName| {
            let scripts = counters.scripts.get(namespace)?;
            scripts.get(script).cloned()
        };
        if let Some(counters) = known(&self.0.counters.read()) {
            return counters;
        }
        let mut counters = self.0.counters.write();
        // Somebody else may have been here meanwhile.
        if let Some(counters) = known(&counters) {
            return counters;
        }
        if counters.len >= self.0.options.scripts_max {
            return counters.others.clone();
        }
        counters.len += 1;
        let scripts = counters.scripts.entry(namespace.to_owned()).or_default();
        scripts.entry(script.to_owned()).or_default().clone()
    }
}

#[cfg(test)]
pub(crate) mod tests;

impl Observer for Observe {
    fn finished(&self, finished: &Finished<'_>) {
        self.invocation(finished);
    }

    fn deployed(&self, deployed: &Deployed<'_>) {
        self.deployment(deployed);
    }

    fn refused(&self, namespace: &str, script: &str, limit: &'static str) {
        self.counters(namespace, script).add_refused(limit);
    }
}
