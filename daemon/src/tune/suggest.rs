//! Limits that what was seen suggests, each with its reason.

use super::measure::Measure;
use super::recorder::Used;
use super::what_if::{LIMITS, field};
use crate::board::limits::Limits;
use serde::Serialize;

/// Invocations without which nothing is suggested.
const REQUESTS_MIN: u64 = 100;
/// Hundredths by which a limit is above the greatest figure seen.
const HEADROOM: u64 = 150;
/// Where the greatest figure is more than so many times that of 99 in 100, it is an exception.
const EXCEPTION: u64 = 10;

/// A limit for a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    /// The dispatch namespace.
    pub namespace: String,
    /// The tenant.
    pub tenant: String,
    /// The limit.
    pub limit: &'static str,
    /// What it is now, where that is known.
    pub now: Option<u64>,
    /// What it could be; none where it should stay, or there is not enough to tell.
    pub suggested: Option<u64>,
    /// Why.
    pub reason: String,
}

/// What one tenant's figures of a day suggest, at so much fuel a millisecond. `now` are the limits
/// that hold for it, `ceilings` those of the machine.
pub fn suggest(
    used: &Used,
    now: Option<&Limits>,
    ceilings: &Limits,
    fuel_per_ms: u64,
) -> Vec<Suggestion> {
    let limits = LIMITS.iter();
    limits
        .filter_map(|(key, measure)| {
            let field = field(key)?;
            let spread = used.spreads[measure.index()];
            let unit = |value: u64| match measure {
                Measure::Fuel => value.div_ceil(fuel_per_ms.max(1)),
                Measure::Wall => value.div_ceil(1000),
                Measure::Memory | Measure::Subrequests => value,
            };
            let (p99, max) = (unit(spread.p99), unit(spread.max));
            let now = now.map(|limits| (field.get)(limits));
            let told = |suggested, reason| Suggestion {
                namespace: used.namespace.to_string(),
                tenant: used.tenant.to_string(),
                limit: key,
                now,
                suggested,
                reason,
            };
            if used.requests < REQUESTS_MIN {
                let reason = format!(
                    "{} requests in 24 h are too few to tell; {REQUESTS_MIN} are needed",
                    used.requests
                );
                return Some(told(None, reason));
            }
            let is_exception = max / EXCEPTION > p99.max(1);
            let basis = if is_exception { p99 * 3 } else { max };
            let wanted = basis.saturating_mul(HEADROOM).div_ceil(100);
            let rounded = round_up(wanted, *measure);
            let value = rounded.clamp(field.floor.max(least(*measure)), (field.get)(ceilings));
            let seen = format!(
                "of {} requests 99 in 100 used at most {}, the greatest {}",
                used.requests,
                field.show(p99),
                field.show(max)
            );
            if used.cut > 0 && now.is_some_and(|now| max.saturating_mul(100) >= now.saturating_mul(95)) {
                let reason = format!(
                    "{seen}, which is the limit in force: {} were cut, and what they need is not known; raise it and look again",
                    used.cut
                );
                let raised = now.map(|now| now.saturating_mul(2).min((field.get)(ceilings)));
                return Some(told(raised.filter(|it| Some(*it) != now), reason));
            }
            let mut why = match is_exception {
                true => format!("{seen}, an exception: three times that of 99 in 100, and half of that again"),
                false => format!("{seen}: half of that again"),
            };
            if value > rounded {
                why = format!("{why} would be {}, and the least that is suggested is {}", field.show(rounded), field.show(value));
            } else if value < rounded {
                why = format!("{why} would be {}, and the ceiling is {}", field.show(rounded), field.show(value));
            }
            Some(match now {
                Some(now) if now == value => told(None, format!("{seen}: the limit in force fits")),
                _ => told(Some(value), why),
            })
        })
        .collect()
}

/// The least that is worth suggesting: a machine is not always as fast as it was.
fn least(measure: Measure) -> u64 {
    match measure {
        Measure::Fuel => 5,
        Measure::Wall => 1000,
        Measure::Memory => 1 << 20,
        Measure::Subrequests => 1,
    }
}

/// A number that people write: two digits, or whole pages of wasm.
fn round_up(value: u64, measure: Measure) -> u64 {
    if measure == Measure::Memory {
        return value.next_multiple_of(64 << 10);
    }
    let mut unit = 1u64;
    while value / unit >= 100 {
        unit *= 10;
    }
    value.div_ceil(unit) * unit
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::limits::default_ceilings;
    use crate::tune::recorder::Spread;

    const RATE: u64 = 1000;

    fn used(requests: u64, p99_ms: u64, max_ms: u64, cut: u64) -> Used {
        let spread = |scale: u64| Spread {
            p50: scale,
            p95: scale,
            p99: p99_ms * scale,
            max: max_ms * scale,
        };
        Used {
            namespace: "n".into(),
            tenant: "t".into(),
            requests,
            cut,
            spreads: [spread(RATE), spread(100_000), spread(1000), spread(0)],
            exact: true,
        }
    }

    fn cpu(used: &Used, now: Option<u32>) -> (Option<u64>, String) {
        let now = now.map(|cpu_ms| Limits {
            cpu_ms,
            ..Limits::default()
        });
        let all = suggest(used, now.as_ref(), &default_ceilings(), RATE);
        assert_eq!(all.len(), LIMITS.len());
        (all[0].suggested, all[0].reason.clone())
    }

    #[test]
    fn limits_are_half_above_the_greatest_seen() {
        let (value, why) = cpu(&used(1000, 20, 30, 0), Some(500));
        assert_eq!(value, Some(45));
        assert!(
            why.contains("99 in 100 used at most 20 ms, the greatest 30 ms"),
            "{why}"
        );
        assert_eq!(cpu(&used(1000, 20, 30, 0), None).0, Some(45));
        // What is raised to the least, or cut at the ceiling, is told.
        let (value, why) = cpu(&used(1000, 1, 1, 0), Some(500));
        assert_eq!(value, Some(5));
        let told = "half of that again would be 2 ms, and the least that is suggested is 5 ms";
        assert!(why.ends_with(told), "{why}");
        let (value, why) = cpu(&used(1000, 29_000, 29_999, 0), None);
        assert_eq!(value, Some(30_000));
        let told = "half of that again would be 45000 ms, and the ceiling is 30000 ms";
        assert!(why.ends_with(told), "{why}");
        // Two digits.
        assert_eq!(cpu(&used(1000, 200, 301, 0), None).0, Some(460));
        let (value, why) = cpu(&used(1000, 20, 30, 0), Some(45));
        assert_eq!((value, why.contains("fits")), (None, true), "{why}");
    }

    #[test]
    fn an_exception_does_not_rule() {
        let (value, why) = cpu(&used(1000, 20, 900, 0), Some(2000));
        assert_eq!(value, Some(90));
        assert!(why.contains("exception"), "{why}");
    }

    #[test]
    fn too_few_say_nothing_and_what_was_cut_is_not_known() {
        let (value, why) = cpu(&used(99, 20, 30, 0), Some(50));
        assert_eq!(value, None);
        assert!(why.contains("99 requests in 24 h are too few"), "{why}");
        let (value, why) = cpu(&used(1000, 20, 50, 7), Some(50));
        assert_eq!(value, Some(100));
        assert!(why.contains("7 were cut"), "{why}");
        // Never above the ceiling.
        assert_eq!(cpu(&used(1000, 29_000, 29_999, 0), None).0, Some(30_000));
        assert_eq!(cpu(&used(1000, 30_000, 30_000, 3), Some(30_000)).0, None);
    }
}
