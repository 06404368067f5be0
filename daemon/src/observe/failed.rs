//! What was refused or failed lately, by ray: which limit, its value, the use, and what helps.
//!
//! A bounded number of entries; one tenant has a quarter of them at most, and where there is no room
//! the oldest of whoever has the most goes. What clients were told by the edge and what the engine
//! knows of the same request are one entry.

use super::redact::redacted_url;
use crate::engine::Finished;
use crate::engine::invocation::Ray;
use crate::engine::limits::Outcome;
use crate::engine::refusal::{Refusal, Stage};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};

/// Bytes of a reason or a URL that are kept.
const TEXT_MAX: usize = 200;

/// A request that the edge answered itself, with what it knows of it.
#[derive(Clone, Debug)]
pub struct Unanswered<'a> {
    /// The request's name.
    pub ray: Ray,
    /// What it was answered with.
    pub status: u16,
    /// How far it came.
    pub stage: Stage,
    /// The limit that is why.
    pub refusal: Option<&'a Refusal>,
    /// What the client was told.
    pub reason: &'a str,
    /// Host and path, where they are known; the client's words.
    pub url: &'a str,
}

/// A request that was refused or failed, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Its name.
    pub ray: Ray,
    /// The request from outside that caused it, if a Worker sent it.
    pub origin: Option<Ray>,
    /// When: milliseconds since 1970.
    pub at_ms: u64,
    /// Namespace, script and version; `None` if no Worker had a part in it.
    pub worker: Option<[String; 3]>,
    /// How far it came.
    pub stage: Stage,
    /// How the invocation ended, if there was one.
    pub outcome: Option<Outcome>,
    /// What the client was answered, if the edge said it.
    pub status: Option<u16>,
    /// The limit that is why.
    pub refusal: Option<Refusal>,
    /// What was said, cut.
    pub reason: String,
    /// Where it went, redacted and cut.
    pub url: String,
    /// Fuel that it used.
    pub fuel: u64,
    /// Microseconds that it took.
    pub wall_us: u64,
    /// Whose room it takes.
    owner: u64,
}

impl Failed {
    /// As JSON, for the management API.
    pub fn to_json(&self) -> Value {
        let mut told = json!({
            "ray": self.ray.to_string(),
            "at_ms": self.at_ms,
            "stage": self.stage.as_str(),
            "reason": self.reason,
        });
        let mut set = |key: &str, value: Value| {
            if !value.is_null() {
                told[key] = value;
            }
        };
        set("origin", self.origin.map(|ray| ray.to_string()).into());
        if let Some([namespace, script, version]) = &self.worker {
            // Workers outside of dispatch namespaces are in one that has no name for others.
            if !namespace.starts_with('(') {
                set("namespace", namespace.as_str().into());
            }
            set("script", script.as_str().into());
            set("version", version.as_str().into());
            set("fuel", self.fuel.into());
            set("wall_ms", (self.wall_us as f64 / 1000.0).into());
        }
        set("outcome", self.outcome.map(Outcome::as_str).into());
        set("status", self.status.into());
        if !self.url.is_empty() {
            set("url", self.url.as_str().into());
        }
        if let Some(refusal) = &self.refusal {
            set("refusal", refusal_json(refusal));
        }
        told
    }
}

/// A refusal as tail events, logs and the management API tell it.
pub fn refusal_json(refusal: &Refusal) -> Value {
    let mut told = json!({
        "limit": refusal.limit,
        "value": refusal.value,
        "used": refusal.used,
        "remedy": refusal.remedy,
    });
    if let Some(seconds) = refusal.retry_after_s {
        told["retryAfter"] = seconds.into();
    }
    told
}

/// All entries, oldest first.
pub(super) struct Failures {
    max: usize,
    entries: VecDeque<Failed>,
    /// Entries by owner.
    owners: HashMap<u64, usize>,
    hasher: RandomState,
    /// Refusals since the start, by limit. The keys are this program's.
    limits: BTreeMap<&'static str, u64>,
}

/// Whose room requests take that reached no Worker.
const NOBODY: u64 = 0;

impl Failures {
    /// Room for `max` entries.
    pub fn new(max: usize) -> Self {
        Self {
            max,
            entries: VecDeque::new(),
            owners: HashMap::new(),
            hasher: RandomState::new(),
            limits: BTreeMap::new(),
        }
    }

    /// Takes what an invocation ended with, if it is to be explained.
    pub fn invocation(&mut self, finished: &Finished<'_>) {
        let owner = self.hasher.hash_one((finished.namespace, finished.script));
        let reason = finished.exception.map_or("", |thrown| &thrown.message);
        let entry = Failed {
            ray: finished.ray,
            origin: finished.origin.filter(|origin| *origin != finished.ray),
            at_ms: now_ms(),
            worker: Some([finished.namespace, finished.script, finished.version].map(cut)),
            stage: finished.stage,
            outcome: Some(finished.outcome),
            status: None,
            refusal: finished.refusal.cloned(),
            reason: cut(reason),
            url: cut(&redacted_url(finished.url)),
            fuel: finished.fuel,
            wall_us: finished.wall_us,
            // Nobody's number is taken by no one else.
            owner: owner | 1,
        };
        let known = self.take(finished.ray);
        let told = known.as_ref().and_then(|known| known.refusal.as_ref());
        if let Some(refusal) = finished.refusal
            && told.is_none_or(|told| told.limit != refusal.limit)
        {
            self.count(refusal.limit);
        }
        let status = known.and_then(|known| known.status);
        self.push(Failed { status, ..entry });
    }

    /// Takes what the edge answered itself.
    pub fn unanswered(&mut self, told: &Unanswered<'_>) {
        let known = self.entries.iter_mut().rev();
        if let Some(known) = known.into_iter().find(|known| known.ray == told.ray) {
            known.status = Some(told.status);
            if known.reason.is_empty() {
                known.reason = cut(told.reason);
            }
            if known.refusal.is_none()
                && let Some(refusal) = told.refusal
            {
                known.refusal = Some(refusal.clone());
                self.count(refusal.limit);
            }
            return;
        }
        if let Some(refusal) = told.refusal {
            self.count(refusal.limit);
        }
        self.push(Failed {
            ray: told.ray,
            origin: None,
            at_ms: now_ms(),
            worker: None,
            stage: told.stage,
            outcome: None,
            status: Some(told.status),
            refusal: told.refusal.cloned(),
            reason: cut(told.reason),
            url: cut(&redacted_url(told.url)),
            fuel: 0,
            wall_us: 0,
            owner: NOBODY,
        });
    }

    /// Entries of a request and of what it caused, oldest first.
    pub fn of(&self, ray: Ray) -> Vec<Failed> {
        let is_its = |entry: &&Failed| entry.ray == ray || entry.origin == Some(ray);
        self.entries.iter().filter(is_its).cloned().collect()
    }

    /// The newest entries, oldest first.
    pub fn newest(&self, count: usize) -> Vec<Failed> {
        let skip = self.entries.len().saturating_sub(count);
        self.entries.iter().skip(skip).cloned().collect()
    }

    /// Refusals since the start, by limit.
    pub fn limits(&self) -> Vec<(&'static str, u64)> {
        self.limits
            .iter()
            .map(|(key, count)| (*key, *count))
            .collect()
    }

    /// Forgets what a script that was deleted left.
    pub fn forget(&mut self, namespace: &str, script: &str) {
        let owner = self.hasher.hash_one((namespace, script)) | 1;
        self.entries.retain(|entry| entry.owner != owner);
        self.owners.remove(&owner);
    }

    fn count(&mut self, limit: &'static str) {
        *self.limits.entry(limit).or_default() += 1;
    }

    /// Takes out the entry of this name that the edge made, which the engine knows more of.
    fn take(&mut self, ray: Ray) -> Option<Failed> {
        let is_it = |entry: &Failed| entry.ray == ray && entry.owner == NOBODY;
        let at = self.entries.iter().rposition(is_it)?;
        self.remove(at)
    }

    fn push(&mut self, entry: Failed) {
        if self.max == 0 {
            return;
        }
        let own = self.owners.get(&entry.owner).copied().unwrap_or(0);
        let loser = if own >= (self.max / 4).max(1) {
            Some(entry.owner)
        } else if self.entries.len() >= self.max {
            let most = self.owners.iter().max_by_key(|(_, count)| **count);
            most.map(|(owner, _)| *owner)
        } else {
            None
        };
        let oldest = |loser| self.entries.iter().position(|it| it.owner == loser);
        if let Some(at) = loser.and_then(oldest) {
            self.remove(at);
        }
        *self.owners.entry(entry.owner).or_default() += 1;
        self.entries.push_back(entry);
    }

    fn remove(&mut self, at: usize) -> Option<Failed> {
        let entry = self.entries.remove(at)?;
        if let Some(count) = self.owners.get_mut(&entry.owner) {
            *count -= 1;
            if *count == 0 {
                self.owners.remove(&entry.owner);
            }
        }
        Some(entry)
    }
}

fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(TEXT_MAX)].to_owned()
}

fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::observe::tests::finished as of_script;

    fn refusal(limit: &'static str) -> Refusal {
        Refusal {
            limit,
            value: 8,
            used: 9,
            remedy: "wait",
            retry_after_s: Some(1),
            is_shared: false,
        }
    }

    fn by_edge<'a>(ray: u64, refusal: Option<&'a Refusal>) -> Unanswered<'a> {
        Unanswered {
            ray: Ray(ray),
            status: 503,
            stage: Stage::Run,
            refusal,
            reason: "told",
            url: "",
        }
    }

    fn by_engine<'a>(script: &'a str, ray: u64, refusal: Option<&'a Refusal>) -> Finished<'a> {
        Finished {
            ray: Ray(ray),
            outcome: Outcome::LoadShed,
            refusal,
            stage: Stage::Admission,
            ..of_script(script, &[])
        }
    }

    #[test]
    fn what_edge_and_engine_know_of_a_request_is_one_entry() {
        let busy = refusal("concurrent-invocations");
        let mut failures = Failures::new(8);
        // Either may be first.
        failures.invocation(&by_engine("s", 1, Some(&busy)));
        failures.unanswered(&by_edge(1, Some(&busy)));
        failures.unanswered(&by_edge(2, Some(&busy)));
        failures.invocation(&by_engine("s", 2, Some(&busy)));
        for ray in [1, 2] {
            let [entry] = &failures.of(Ray(ray))[..] else {
                panic!("{:?}", failures.of(Ray(ray)));
            };
            assert_eq!(entry.status, Some(503));
            assert_eq!(entry.stage, Stage::Admission);
            assert_eq!(entry.worker.as_ref().unwrap()[1], "s");
            let told = entry.to_json();
            assert_eq!(told["refusal"]["used"], 9);
            assert_eq!(told["refusal"]["retryAfter"], 1);
            assert_eq!(told["outcome"], "loadShed");
        }
        assert_eq!(failures.limits(), [("concurrent-invocations", 2)]);
        assert!(failures.of(Ray(3)).is_empty());
    }

    #[test]
    fn what_a_request_caused_is_found_by_its_name() {
        let mut failures = Failures::new(8);
        failures.invocation(&Finished {
            origin: Some(Ray(1)),
            ..by_engine("user", 2, None)
        });
        failures.invocation(&by_engine("dispatcher", 1, None));
        let rays: Vec<Ray> = failures.of(Ray(1)).iter().map(|it| it.ray).collect();
        assert_eq!(rays, [Ray(2), Ray(1)]);
    }

    #[test]
    fn who_floods_loses_what_is_its_own() {
        let mut failures = Failures::new(16);
        failures.invocation(&by_engine("calm", 1, None));
        for ray in 100..200 {
            failures.invocation(&by_engine("flood", ray, None));
            failures.unanswered(&by_edge(1000 + ray, None));
        }
        assert_eq!(failures.of(Ray(1)).len(), 1);
        assert_eq!(failures.entries.len(), 9);
        // Many together push out what there is most of, not who has one.
        let names: Vec<String> = (0..20).map(|at| format!("s{at}")).collect();
        for (at, name) in names.iter().enumerate() {
            failures.invocation(&by_engine(name, at as u64 + 10, None));
        }
        assert_eq!(failures.entries.len(), 16);
        assert_eq!(failures.owners.values().sum::<usize>(), 16);
        failures.forget("n", "flood");
        assert!(!failures.owners.is_empty());
        let is_flood = |it: &Failed| it.worker.as_ref().is_some_and(|it| it[1] == "flood");
        assert!(!failures.entries.iter().any(is_flood));
        let mut none = Failures::new(0);
        none.unanswered(&by_edge(1, None));
        assert!(none.newest(9).is_empty());
    }

    #[test]
    fn texts_of_others_are_cut_and_redacted() {
        let mut failures = Failures::new(4);
        let long = "\u{e4}".repeat(1000);
        failures.unanswered(&Unanswered {
            url: "a.example/0123456789abcdef0123456789abcdef",
            reason: &long,
            ..by_edge(1, None)
        });
        let entry = &failures.newest(1)[0];
        assert_eq!(entry.url, "a.example/REDACTED");
        assert_eq!(entry.reason.len(), TEXT_MAX);
    }
}
