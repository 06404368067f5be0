//! What is counted of versions that run side by side, and when a deployment of two ends by
//! itself because the newer one does worse.
//!
//! # Implementation
//!
//! Whoever ran an invocation tells [`Watch`], which counts and now and then names the script to
//! [`Catalog::keep_guard`]. That compares and rolls back, as anybody would who deploys the older
//! version. Nothing is counted while no script has two versions.

use super::deployments::Deploy;
use super::name::Id;
use super::split::WHOLE;
use super::versions::Note;
use super::{Catalog, CatalogError, Deployed, Result, ScriptKey};
use crate::engine::Finished;
use crate::engine::limits::Outcome;
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use smol::channel::{Receiver, Sender};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed};

/// Requests of the newer version before anything is concluded, unless a guard says otherwise.
const REQUESTS_DEFAULT: u32 = 100;
/// Scripts that may wait to be looked at.
const NUDGES_MAX: usize = 256;
/// After so many requests more a guard looks again.
const LOOK_EVERY: u64 = 16;

/// When the newer of two versions is taken back. Each bound compares it with the older one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guard {
    /// Requests that each version compared must have had.
    pub requests: u32,
    /// By how many hundredths of a percent more requests may fail.
    pub error_rate: Option<u32>,
    /// How many hundredths of the older version's fuel the 99th percentile may have.
    pub fuel_p99: Option<u32>,
    /// How many hundredths of the older version's memory its isolates may have.
    pub memory: Option<u32>,
}

impl Guard {
    /// Reads the JSON object of a deployment.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(value: &Value) -> Result<Self> {
        let bad = |what: String| CatalogError::BadDeployment(format!("its guard {what}"));
        let object = value
            .as_object()
            .ok_or_else(|| bad("is no JSON object".to_owned()))?;
        const KEYS: [&str; 4] = ["requests", "error_rate", "fuel_p99", "memory"];
        if let Some(key) = object.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(bad(format!(
                "has \"{}\"; it may have {}",
                super::name::shown(key),
                KEYS.join(", ")
            )));
        }
        let number = |key: &str, min: f64, max: f64| match object.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_f64().filter(|it| (min..=max).contains(it)) {
                Some(number) => Ok(Some(number)),
                None => Err(bad(format!(
                    "\"{key}\" must be a number from {min} to {max}"
                ))),
            },
        };
        // Bounded above, and no negative numbers.
        let hundredths = |number: f64| (number * 100.0).round() as u32;
        let guard = Self {
            requests: number("requests", 1.0, 1e6)?.map_or(REQUESTS_DEFAULT, |it| it as u32),
            error_rate: number("error_rate", 0.0, 100.0)?.map(hundredths),
            fuel_p99: number("fuel_p99", 1.0, 1e4)?.map(hundredths),
            memory: number("memory", 1.0, 1e4)?.map(hundredths),
        };
        if guard
            .error_rate
            .or(guard.fuel_p99)
            .or(guard.memory)
            .is_none()
        {
            return Err(bad(
                "bounds nothing; give it error_rate (percentage points), fuel_p99 or memory \
                 (times the older version's)"
                    .to_owned(),
            ));
        }
        Ok(guard)
    }

    /// The JSON object again.
    pub fn shown(&self) -> Value {
        let part = |it: Option<u32>| it.map(|it| f64::from(it) / 100.0);
        json!({
            "requests": self.requests,
            "error_rate": part(self.error_rate),
            "fuel_p99": part(self.fuel_p99),
            "memory": part(self.memory),
        })
    }

    /// What the newer version does worse than it may.
    fn breach(&self, older: &Counted, newer: &Counted) -> Option<String> {
        let enough = |counted: &Counted| counted.requests >= u64::from(self.requests);
        if !enough(newer) {
            return None;
        }
        let share = |counted: &Counted| match counted.requests {
            0 => 0.0,
            requests => counted.errors as f64 * 100.0 / requests as f64,
        };
        if let Some(bound) = self.error_rate {
            let (was, is, bound) = (share(older), share(newer), f64::from(bound) / 100.0);
            if is > was + bound {
                return Some(format!(
                    "{is:.2} % of its requests failed, of the older version's {was:.2} %, the \
                     guard allows {bound} more"
                ));
            }
        }
        if !enough(older) {
            return None;
        }
        let compared = [
            ("p99 of fuel", self.fuel_p99, older.fuel_p99, newer.fuel_p99),
            ("bytes of memory", self.memory, older.memory, newer.memory),
        ];
        for (what, bound, was, is) in compared {
            let Some(bound) = bound.filter(|_| was > 0) else {
                continue;
            };
            let factor = f64::from(bound) / 100.0;
            if is as f64 > was as f64 * factor {
                return Some(format!(
                    "its {what} is {is}, the older version's {was}, the guard allows {factor} \
                     times as much"
                ));
            }
        }
        None
    }
}

/// Fuel is counted in buckets of which each is a quarter larger than the one before, nearly.
const BUCKETS: usize = 256;

/// What is counted of a version.
pub struct Figures {
    requests: AtomicU64,
    errors: AtomicU64,
    fuel: AtomicU64,
    buckets: [AtomicU32; BUCKETS],
    /// The most that an isolate had when somebody looked, in bytes.
    memory: AtomicU64,
}

/// Figures of one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Invocations.
    pub requests: u64,
    /// Those that failed, or were answered with a status of 500 or more.
    pub errors: u64,
    /// Fuel of all.
    pub fuel: u64,
    /// The fuel that 99 of 100 stayed below, to a quarter.
    pub fuel_p99: u64,
    /// Bytes of its largest isolate.
    pub memory: u64,
}

impl Default for Figures {
    fn default() -> Self {
        Self {
            requests: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            fuel: AtomicU64::new(0),
            buckets: [const { AtomicU32::new(0) }; BUCKETS],
            memory: AtomicU64::new(0),
        }
    }
}

/// The bucket of an amount: its highest bit, and the two below.
fn bucket(fuel: u64) -> usize {
    let fuel = fuel.max(4);
    let bit = 63 - fuel.leading_zeros() as usize;
    (bit - 2) * 4 + ((fuel >> (bit - 2)) & 3) as usize
}

/// The most that is in a bucket.
fn bucket_end(bucket: usize) -> u64 {
    let (bit, quarter) = (bucket / 4 + 2, bucket as u64 % 4);
    let below = (1u128 << bit) + (u128::from(quarter + 1) << (bit - 2));
    u64::try_from(below - 1).unwrap_or(u64::MAX)
}

impl Figures {
    /// Counts an invocation; how many there were with it, and whether it failed.
    fn add(&self, finished: &Finished<'_>) -> (u64, bool) {
        let failed = match finished.outcome {
            Outcome::Ok => finished.status.is_some_and(|status| status >= 500),
            // The client's doing, or the machine's.
            Outcome::Canceled | Outcome::ResponseStreamDisconnected | Outcome::LoadShed => false,
            _ => true,
        };
        if failed {
            self.errors.fetch_add(1, Relaxed);
        }
        self.fuel.fetch_add(finished.fuel, Relaxed);
        self.buckets[bucket(finished.fuel)].fetch_add(1, Relaxed);
        (self.requests.fetch_add(1, Relaxed) + 1, failed)
    }

    fn saw_memory(&self, bytes: u64) {
        self.memory.fetch_max(bytes, Relaxed);
    }

    /// As they are now.
    pub fn read(&self) -> Counted {
        let buckets: Vec<u64> = self
            .buckets
            .iter()
            .map(|bucket| bucket.load(Relaxed).into())
            .collect();
        let total: u64 = buckets.iter().sum();
        let mut below = 0;
        let p99 = buckets.iter().position(|count| {
            below += count;
            total > 0 && below * 100 >= total * 99
        });
        Counted {
            requests: self.requests.load(Relaxed),
            errors: self.errors.load(Relaxed),
            fuel: self.fuel.load(Relaxed),
            fuel_p99: p99.map_or(0, bucket_end),
            memory: self.memory.load(Relaxed),
        }
    }
}

impl Counted {
    /// As the API shows it.
    pub fn shown(&self) -> Value {
        json!({
            "requests": self.requests,
            "errors": self.errors,
            "fuel": self.fuel,
            "fuel_p99": self.fuel_p99,
            "memory_bytes": self.memory,
        })
    }
}

/// A version that shares a script's requests: its identifier, hundredths of a percent, and what
/// was counted.
pub type Shared = (Id, u16, Counted);

/// A version that is counted.
struct Watched {
    figures: Arc<Figures>,
    script: ScriptKey,
    /// From how many requests on somebody compares it.
    guarded: Option<u64>,
    nudged: Arc<AtomicBool>,
}

/// Who is told of invocations.
pub struct Watch {
    /// How many versions are counted, for whoever need not look further.
    count: AtomicUsize,
    /// By the version's identifier.
    versions: RwLock<HashMap<String, Watched>>,
    nudge: Sender<ScriptKey>,
    nudges: Receiver<ScriptKey>,
}

impl Default for Watch {
    fn default() -> Self {
        let (nudge, nudges) = smol::channel::bounded(NUDGES_MAX);
        Self {
            count: AtomicUsize::new(0),
            versions: RwLock::default(),
            nudge,
            nudges,
        }
    }
}

impl Watch {
    /// Counts an invocation, if its version is one of two. Quick.
    pub fn finished(&self, finished: &Finished<'_>) {
        if self.count.load(Relaxed) == 0 {
            return;
        }
        let versions = self.versions.read();
        let Some(watched) = versions.get(finished.version) else {
            return;
        };
        let (requests, failed) = watched.figures.add(finished);
        let Some(past) = watched.guarded.and_then(|from| requests.checked_sub(from)) else {
            return;
        };
        // Where too many wait, a later request says it again.
        if (failed || past.is_multiple_of(LOOK_EVERY))
            && !watched.nudged.swap(true, Relaxed)
            && self.nudge.try_send(watched.script.clone()).is_err()
        {
            watched.nudged.store(false, Relaxed);
        }
    }

    /// Counts these versions of a script from now on, and no others.
    pub(super) fn set<W>(&self, deployed: &Deployed<W>, namespace: Id, script: &str) {
        if self.count.load(Relaxed) == 0 && deployed.split.is_none() {
            return;
        }
        let mut versions = self.versions.write();
        let is_its =
            |watched: &Watched| watched.script.0 == namespace && watched.script.1 == script;
        versions.retain(|_, watched| !is_its(watched));
        if let Some(split) = &deployed.split {
            let guard = split.deployment.guard.as_ref();
            for part in split.parts() {
                let is_newer = part.deployed.version == split.newer.deployed.version;
                let watched = Watched {
                    figures: part.figures.clone(),
                    script: (namespace, script.to_owned()),
                    guarded: guard
                        .filter(|_| is_newer)
                        .map(|guard| u64::from(guard.requests)),
                    nudged: Arc::default(),
                };
                versions.insert(part.uuid.clone(), watched);
            }
        }
        self.count.store(versions.len(), Relaxed);
    }

    /// Counts no version of a script that is gone.
    pub(super) fn forget(&self, namespace: Id, script: &str) {
        let mut versions = self.versions.write();
        versions.retain(|_, it| it.script.0 != namespace || it.script.1 != script);
        self.count.store(versions.len(), Relaxed);
    }

    fn looked(&self, script: &ScriptKey) {
        for watched in self.versions.read().values() {
            if watched.script == *script {
                watched.nudged.store(false, Relaxed);
            }
        }
    }
}

impl<W: Send + Sync + 'static> Catalog<W> {
    /// Who is to be told of invocations.
    pub fn watch(&self) -> Arc<Watch> {
        self.watch.clone()
    }

    /// Every script that has two versions: namespace, script, and the versions.
    pub fn splits(&self) -> Vec<(String, String, Vec<Shared>)> {
        let mut splits = Vec::new();
        self.serving.each_value(|namespace, script, deployed| {
            if let Some(split) = &deployed.split {
                let parts = split.parts().map(|part| {
                    let counted = part.figures.read();
                    (part.deployed.version, part.share, counted)
                });
                splits.push((namespace.to_owned(), script.to_owned(), parts.to_vec()));
            }
        });
        splits.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
        splits
    }

    /// Takes newer versions back that break their guard. Runs beside everything else, for as
    /// long as the daemon.
    pub async fn keep_guard(&self) {
        while let Ok(key) = self.watch.nudges.recv().await {
            self.watch.looked(&key);
            if let Err(error) = self.look(&key).await {
                log::error!("{}: its guard cannot roll back: {error}", key.1);
            }
        }
    }

    /// Compares the versions of a script.
    pub(super) async fn look(&self, (namespace, script): &ScriptKey) -> Result<()> {
        let Ok(namespace) = self.namespace_by_id(*namespace, "") else {
            return Ok(());
        };
        let Some(deployed) = self.serving.get(&namespace.name, script) else {
            return Ok(());
        };
        let Some(split) = &deployed.split else {
            return Ok(());
        };
        for part in split.parts() {
            if let Some(worker) = &part.deployed.worker {
                part.figures.saw_memory(self.runtime.memory(worker));
            }
        }
        let guard = split.deployment.guard.as_ref();
        let (older, newer) = (&split.older, &split.newer);
        let breach =
            guard.and_then(|guard| guard.breach(&older.figures.read(), &newer.figures.read()));
        let Some(breach) = breach else {
            return Ok(());
        };
        log::warn!(
            "{}/{script}: version {} is rolled back to {}: {breach}",
            namespace.name,
            newer.uuid,
            older.uuid
        );
        let message = format!("version {} was rolled back: {breach}", newer.uuid);
        let deploy = Deploy {
            versions: vec![(older.uuid.clone(), WHOLE)],
            note: Note::new("guard", "", "guard"),
            annotations: BTreeMap::from([("workers/message".to_owned(), message)]),
            guard: None,
            instead_of: Some(split.deployment.id),
        };
        self.deploy(&namespace.name, script, deploy).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn guard(value: Value) -> Guard {
        Guard::parse(&value).unwrap()
    }

    fn counted(requests: u64, errors: u64, fuel_p99: u64, memory: u64) -> Counted {
        Counted {
            requests,
            errors,
            fuel: 0,
            fuel_p99,
            memory,
        }
    }

    #[test]
    fn guards_are_read_and_shown() {
        let all = json!({"requests": 50, "error_rate": 2.5, "fuel_p99": 1.5, "memory": 3.0});
        assert_eq!(guard(all.clone()).shown(), all);
        assert_eq!(guard(json!({"memory": 2})).requests, REQUESTS_DEFAULT);
        for bad in [
            json!([]),
            json!({}),
            json!({"requests": 5}),
            json!({"error_rate": -1}),
            json!({"error_rate": "2"}),
            json!({"fuel_p99": 0.5}),
            json!({"memory": 1e9}),
            json!({"requests": 0, "memory": 2}),
            json!({"memory": 2, "latency": 1}),
        ] {
            assert!(Guard::parse(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_bound_is_broken_by_what_is_worse_than_the_older_version() {
        let older = counted(1000, 10, 1000, 100);
        let check = |guard: &Guard, newer: Counted| guard.breach(&older, &newer).is_some();
        let errors = guard(json!({"requests": 100, "error_rate": 2}));
        assert!(!check(&errors, counted(99, 99, 0, 0)), "too few");
        assert!(!check(&errors, counted(100, 3, 9999, 9999)));
        assert!(check(&errors, counted(100, 4, 0, 0)));
        let fuel = guard(json!({"requests": 100, "fuel_p99": 1.5}));
        assert!(!check(&fuel, counted(100, 100, 1500, 0)));
        assert!(check(&fuel, counted(100, 0, 1501, 0)));
        let memory = guard(json!({"requests": 100, "memory": 2}));
        assert!(!check(&memory, counted(100, 0, 0, 200)));
        assert!(check(&memory, counted(100, 0, 0, 201)));
        let unknown = counted(10, 0, 1, 1);
        assert!(fuel.breach(&unknown, &counted(100, 0, 9999, 0)).is_none());
    }

    #[test]
    fn buckets_hold_what_is_at_most_a_quarter_more() {
        for fuel in [4, 5, 7, 8, 1000, 123_456, 1 << 40, u64::MAX] {
            let at = bucket(fuel);
            let end = bucket_end(at);
            assert!(
                at < BUCKETS && end >= fuel && end - fuel <= fuel / 4,
                "{fuel}: {end}"
            );
        }
        assert_eq!(bucket(0), bucket(4));
    }
}
