//! What limits would have done: the recorded invocations of the last day against proposed ones.
//!
//! Exact for as far as the ring of invocations reaches back, with what [`super::seen`] says of
//! rounding; an hour behind that is counted from histograms, and then the answer is between two numbers.

use super::measure::Measure;
use super::recorder::{Recorder, Window};
use crate::board::limits::{FIELDS, Field, Limits};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// The limits that recorded figures say something about.
pub const LIMITS: [(&str, Measure); 4] = [
    ("cpu-ms", Measure::Fuel),
    ("memory-bytes", Measure::Memory),
    ("wall-ms", Measure::Wall),
    ("subrequests", Measure::Subrequests),
];

/// Why limits cannot be proposed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProposalError {
    /// Nothing was proposed.
    #[error("no limit is proposed; name one of {}", keys(FIELDS.iter().map(|it| it.key)))]
    Empty,
    /// There is no such limit.
    #[error("there is no limit `{key}`; there are {}", keys(FIELDS.iter().map(|it| it.key)))]
    Unknown {
        /// What was named.
        key: String,
    },
    /// Its value is no number that a limit can be.
    #[error("`{key}` is {value}; it must be a whole number from {} to {}", show(.key, *.floor), show(.key, *.roof))]
    NoNumber {
        /// The limit.
        key: &'static str,
        /// What was given.
        value: String,
        /// The least it may be.
        floor: u64,
        /// The most it may be.
        roof: u64,
    },
    /// It is more than this machine allows.
    #[error("`{key}` is {}; the ceiling of this machine is {}; lower it, or raise the ceiling in the configuration", show(.key, *.value), show(.key, *.ceiling))]
    AboveCeiling {
        /// The limit.
        key: &'static str,
        /// What was given.
        value: u64,
        /// The ceiling.
        ceiling: u64,
    },
    /// Nothing is recorded that would tell what it does.
    #[error("what `{key}` would have done is not known; recorded figures tell of {}", keys(LIMITS.iter().map(|it| it.0)))]
    NotRecorded {
        /// The limit.
        key: &'static str,
    },
}

fn keys<'a>(keys: impl Iterator<Item = &'a str>) -> String {
    keys.collect::<Vec<_>>().join(", ")
}

fn show(key: &str, value: u64) -> String {
    match field(key) {
        Some(field) => field.show(value),
        None => value.to_string(),
    }
}

/// The limit of this key; an underscore is as good as a hyphen.
pub fn field(key: &str) -> Option<&'static Field> {
    let key = key.replace('_', "-");
    FIELDS.iter().find(|field| field.key == key)
}

/// Limits that somebody would like to have, by key.
pub type Proposal = BTreeMap<&'static str, u64>;

/// Reads proposed limits: whole numbers within what the limit can be and what the machine allows.
///
/// # Errors
/// The first that is wrong.
pub fn proposal(
    given: &serde_json::Map<String, serde_json::Value>,
    ceilings: &Limits,
) -> Result<Proposal, ProposalError> {
    let mut proposal = Proposal::new();
    for (key, value) in given {
        let Some(field) = field(key) else {
            let key = shown(key);
            return Err(ProposalError::Unknown { key });
        };
        let fits = |value: &u64| (field.floor..=field.roof).contains(value);
        let Some(number) = value.as_u64().filter(fits) else {
            return Err(ProposalError::NoNumber {
                key: field.key,
                value: shown(&value.to_string()),
                floor: field.floor,
                roof: field.roof,
            });
        };
        let ceiling = (field.get)(ceilings);
        if number > ceiling {
            return Err(ProposalError::AboveCeiling {
                key: field.key,
                value: number,
                ceiling,
            });
        }
        proposal.insert(field.key, number);
    }
    if proposal.is_empty() {
        return Err(ProposalError::Empty);
    }
    Ok(proposal)
}

/// What a stranger wrote, short.
fn shown(text: &str) -> String {
    text.chars().take(64).collect()
}

/// Whose invocations are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Those of a dispatch namespace; of all if none is named.
    pub namespace: Option<String>,
    /// Those of one tenant of it.
    pub tenant: Option<String>,
}

impl Scope {
    /// Whether a tenant is meant. Those that are counted together are only where all are.
    pub fn covers(&self, namespace: &str, tenant: &str) -> bool {
        self.namespace.as_deref().is_none_or(|it| it == namespace)
            && self.tenant.as_deref().is_none_or(|it| it == tenant)
    }
}

/// What limits would have done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Effect {
    /// Tenants with invocations.
    pub tenants: usize,
    /// Those of them that would have been cut at least once, for certain.
    pub tenants_cut: usize,
    /// Those of them that may have been.
    pub tenants_cut_at_most: usize,
    /// Invocations.
    pub requests: u64,
    /// Those that would have been cut, for certain.
    pub requests_cut: u64,
    /// Those that may have been; the same number where all is exact.
    pub requests_cut_at_most: u64,
    /// Whether the two are the same because every invocation is known as it was.
    pub exact: bool,
    /// Invocations that the limits in force have cut already: what they would have used nobody knows.
    pub cut_already: u64,
    /// How many each limit alone would have cut, for certain.
    pub by_limit: BTreeMap<&'static str, u64>,
    /// The tenants that may have been cut, those with most first.
    pub by_tenant: Vec<TenantEffect>,
}

/// What limits would have done to a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TenantEffect {
    /// The dispatch namespace.
    pub namespace: String,
    /// The tenant.
    pub tenant: String,
    /// Its invocations.
    pub requests: u64,
    /// Those that would have been cut, for certain.
    pub cut: u64,
    /// Those that may have been.
    pub cut_at_most: u64,
}

/// Tenants that are told one by one.
const TENANTS_TOLD: usize = 50;

#[derive(Clone, Copy, Default)]
struct Count {
    requests: u64,
    cut: u64,
    at_most: u64,
}

impl Recorder {
    /// What these limits would have done over the last day, at so much fuel a millisecond.
    ///
    /// # Errors
    /// When nothing is recorded that would tell.
    pub fn what_if(
        &self,
        proposal: &Proposal,
        scope: &Scope,
        fuel_per_ms: u64,
    ) -> Result<Effect, ProposalError> {
        let mut bounds = Vec::with_capacity(proposal.len());
        for (key, value) in proposal {
            let known = LIMITS.iter().find(|(known, _)| known == key);
            let (_, measure) = known.ok_or(ProposalError::NotRecorded { key })?;
            let most = match measure {
                Measure::Fuel => value.saturating_mul(fuel_per_ms),
                Measure::Wall => value.saturating_mul(1000),
                Measure::Memory | Measure::Subrequests => *value,
            };
            bounds.push((*key, *measure, most));
        }
        let begin = self.begin(Window::Day);
        let hour = self.long.minutes;
        let mut effect = Effect {
            exact: self.ring.whole_since() <= begin,
            by_limit: bounds.iter().map(|(key, ..)| (*key, 0)).collect(),
            ..Effect::default()
        };
        // Where the ring does not reach back over all, it counts from a full hour on.
        let from = match effect.exact {
            true => begin,
            false => self.ring.whole_since().next_multiple_of(hour),
        };
        let mut counts: HashMap<u16, Count> = HashMap::new();
        let covered: Vec<bool> = (0..self.tenants.len())
            .map(|number| {
                let it = &self.tenants[number];
                scope.covers(&it.namespace, &it.name)
            })
            .collect();
        let is_covered = |number: u16| covered.get(usize::from(number)).copied().unwrap_or(false);
        for seen in self.ring.since(from).filter(|it| is_covered(it.tenant)) {
            let figures = seen.figures();
            let count = counts.entry(seen.tenant).or_default();
            count.requests += 1;
            effect.cut_already += u64::from(figures.cut);
            let mut cut = false;
            for (key, measure, most) in &bounds {
                if figures.values[measure.index()] > *most {
                    cut = true;
                    *effect.by_limit.entry(key).or_default() += 1;
                }
            }
            count.cut += u64::from(cut);
            count.at_most += u64::from(cut);
        }
        if !effect.exact {
            for (number, slot) in self.slots(Window::Day, from) {
                if !is_covered(number) {
                    continue;
                }
                let count = counts.entry(number).or_default();
                count.requests += slot.requests;
                effect.cut_already += slot.cut;
                let (mut least, mut most_together) = (0, 0u64);
                for (key, measure, most) in &bounds {
                    let (at_least, at_most) = slot.above(*measure, *most);
                    *effect.by_limit.entry(key).or_default() += at_least;
                    // One invocation may break several: at least the most of one, at most all.
                    least = at_least.max(least);
                    most_together += at_most;
                }
                count.cut += least;
                count.at_most += most_together.min(slot.requests);
            }
        }
        for (number, count) in counts {
            effect.tenants += 1;
            effect.requests += count.requests;
            effect.requests_cut += count.cut;
            effect.requests_cut_at_most += count.at_most;
            effect.tenants_cut += usize::from(count.cut > 0);
            effect.tenants_cut_at_most += usize::from(count.at_most > 0);
            if count.at_most > 0 {
                let (namespace, tenant) = self.named(number);
                effect.by_tenant.push(TenantEffect {
                    namespace: namespace.to_string(),
                    tenant: tenant.to_string(),
                    requests: count.requests,
                    cut: count.cut,
                    cut_at_most: count.at_most,
                });
            }
        }
        let order = |it: &TenantEffect| {
            (
                std::cmp::Reverse(it.cut_at_most),
                it.namespace.clone(),
                it.tenant.clone(),
            )
        };
        effect.by_tenant.sort_by_key(order);
        effect.by_tenant.truncate(TENANTS_TOLD);
        Ok(effect)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::tune::recorder::Capacity;
    use crate::tune::slot::Figures;
    use proptest::prelude::*;
    use serde_json::json;

    const RATE: u64 = 1000;

    fn cpu(ms: u64) -> Proposal {
        Proposal::from([("cpu-ms", ms)])
    }

    fn figures(fuel: u64, wall_us: u64) -> Figures {
        Figures {
            values: [fuel, 1 << 20, wall_us, 2],
            cut: fuel == 77_000,
        }
    }

    #[test]
    fn the_example_of_many_tenants() {
        let mut recorder = Recorder::new(Capacity::of(4 << 20));
        let start = recorder.now;
        let mut left = 80_344u32;
        for round in 0.. {
            for tenant in 0..41u32 {
                if left == 0 {
                    break;
                }
                left -= 1;
                // Three tenants have a few that are slow.
                let is_slow = tenant < 3 && round < 112 / 3 + u32::from(tenant == 0);
                let fuel = if is_slow { 60_000 } else { 5_000 };
                let minute = start + round * 1440 / 2000;
                recorder.record(minute, "n", &format!("t{tenant}"), &figures(fuel, 10));
            }
            if left == 0 {
                break;
            }
        }
        let told = recorder.what_if(&cpu(50), &Scope::default(), RATE).unwrap();
        assert_eq!(
            (
                told.tenants_cut,
                told.tenants,
                told.requests_cut,
                told.requests,
                told.exact
            ),
            (3, 41, 112, 80_344, true)
        );
        assert_eq!(told.requests_cut_at_most, 112);
        assert_eq!(told.by_tenant.len(), 3);
        let one = Scope {
            namespace: Some("n".into()),
            tenant: Some("t1".into()),
        };
        let told = recorder.what_if(&cpu(50), &one, RATE).unwrap();
        assert_eq!((told.tenants, told.requests_cut), (1, 37));
        let none = Scope {
            namespace: Some("m".into()),
            tenant: None,
        };
        assert_eq!(recorder.what_if(&cpu(50), &none, RATE).unwrap().requests, 0);
    }

    #[test]
    fn several_limits_cut_an_invocation_once() {
        let mut recorder = Recorder::new(Capacity::of(1 << 20));
        let start = recorder.now;
        for (fuel, wall) in [
            (10_000, 1_000),
            (60_000, 1_000),
            (60_000, 90_000),
            (10_000, 90_000),
            (77_000, 1),
        ] {
            recorder.record(start, "n", "a", &figures(fuel, wall));
        }
        let both = Proposal::from([("cpu-ms", 50), ("wall-ms", 50)]);
        let told = recorder.what_if(&both, &Scope::default(), RATE).unwrap();
        assert_eq!((told.requests_cut, told.cut_already), (4, 1));
        assert_eq!(
            told.by_limit,
            BTreeMap::from([("cpu-ms", 3), ("wall-ms", 2)])
        );
        // A limit that is reached exactly does not cut.
        let told = recorder.what_if(&cpu(60), &Scope::default(), RATE).unwrap();
        assert_eq!(told.requests_cut, 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn what_the_ring_has_lost_is_between_two_numbers(
            fuels in prop::collection::vec(1_000..200_000u64, 50..400), ms in 1..200u64
        ) {
            let capacity = Capacity { requests: 64, ..Capacity::of(1 << 20) };
            let mut recorder = Recorder::new(capacity);
            let start = recorder.now;
            for (at, fuel) in fuels.iter().enumerate() {
                recorder.record(start + at as u32 * 3, "n", "a", &figures(*fuel, 1));
            }
            let truth = fuels.iter().filter(|it| **it > ms * RATE).count() as u64;
            let told = recorder.what_if(&cpu(ms), &Scope::default(), RATE).unwrap();
            prop_assert_eq!(told.requests, fuels.len() as u64);
            prop_assert!(told.requests_cut <= truth && truth <= told.requests_cut_at_most, "{:?} {}", told, truth);
        }
    }

    #[test]
    fn what_no_limit_can_be_is_told() {
        let ceilings = crate::board::limits::default_ceilings();
        let check = |given: serde_json::Value, expect: &str| {
            let told = proposal(given.as_object().unwrap(), &ceilings)
                .unwrap_err()
                .to_string();
            assert!(told.contains(expect), "{told}");
        };
        check(json!({}), "no limit is proposed");
        check(
            json!({"speed": 1}),
            "there is no limit `speed`; there are cpu-ms",
        );
        check(
            json!({"cpu-ms": 0}),
            "`cpu-ms` is 0; it must be a whole number from 1 ms to 300000 ms",
        );
        check(json!({"cpu-ms": -5}), "`cpu-ms` is -5; it must");
        check(json!({"cpu-ms": 1.5}), "`cpu-ms` is 1.5; it must");
        check(json!({"cpu-ms": "x"}), "`cpu-ms` is \"x\"; it must");
        check(
            json!({"cpu-ms": u64::MAX}),
            "`cpu-ms` is 18446744073709551615; it must",
        );
        check(json!({"cpu-ms": 1e300}), "it must be a whole number");
        check(
            json!({"cpu_ms": 200_000}),
            "the ceiling of this machine is 30000 ms; lower it",
        );
        check(json!({"memory-bytes": 1}), "from 64 KiB to 4 GiB");
        let proposed = json!({"call-depth": 100});
        let proposed = proposal(proposed.as_object().unwrap(), &ceilings).unwrap();
        let recorder = Recorder::new(Capacity::of(1 << 20));
        let told = recorder
            .what_if(&proposed, &Scope::default(), RATE)
            .unwrap_err();
        assert!(
            told.to_string()
                .contains("what `call-depth` would have done is not known"),
            "{told}"
        );
    }
}
