//! A limit that had its say: which one, its value, what was used, and what helps.
//!
//! Limits of Workers go by their keys in `[limits]`, those of the machine and of the edge by their keys in the
//! configuration. Where it is shown others know.

use super::limits::{Failure, remedy};
use std::fmt;

/// Why something was refused or cut short, as far as a limit is why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The limit's key, as `cpu-ms` or `edge.url-bytes`.
    pub limit: &'static str,
    /// Its value, in the unit that the key ends with.
    pub value: u64,
    /// What was used, or would have been, in the same unit.
    pub used: u64,
    /// What helps.
    pub remedy: &'static str,
    /// Seconds after which trying again makes sense, where waiting helps.
    pub retry_after_s: Option<u32>,
    /// Whether all tenants share it: its figures are the operator's business alone.
    pub is_shared: bool,
}

/// A bound that a refusal was for, where the failure has no variant of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// As [`Refusal::limit`].
    pub limit: &'static str,
    /// As [`Refusal::value`].
    pub value: u64,
    /// As [`Refusal::used`].
    pub used: u64,
    /// As [`Refusal::remedy`].
    pub remedy: &'static str,
    /// As [`Refusal::is_shared`].
    pub is_shared: bool,
}

/// How far on its way a request was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Its connection was made.
    Connection,
    /// Its head was read.
    Head,
    /// Its Worker was looked for.
    Routing,
    /// Its body came.
    Body,
    /// It asked to become a WebSocket.
    Upgrade,
    /// Its Worker was asked whether it may come in.
    Admission,
    /// An isolate was looked for, or started.
    Start,
    /// Its Worker ran.
    Run,
    /// The answer was on its way.
    Response,
}

impl Stage {
    /// Its name for people and programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Head => "head",
            Self::Routing => "routing",
            Self::Body => "body",
            Self::Upgrade => "upgrade",
            Self::Admission => "admission",
            Self::Start => "start",
            Self::Run => "run",
            Self::Response => "response",
        }
    }
}

impl Refusal {
    /// As the header field `postern-limit` says it: `cpu-ms; value=50; used=51; retry-after=1`.
    pub fn field(&self) -> Field<'_> {
        Field(self)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            limit,
            value,
            used,
            remedy,
            ..
        } = self;
        write!(f, "{limit}: {used} of {value}; {remedy}")
    }
}

/// A refusal as a header field's value, which clients see: without the figures of what tenants share.
#[derive(Debug)]
pub struct Field<'a>(&'a Refusal);

impl fmt::Display for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let refusal = self.0;
        f.write_str(refusal.limit)?;
        if !refusal.is_shared {
            write!(f, "; value={}; used={}", refusal.value, refusal.used)?;
        }
        match refusal.retry_after_s {
            Some(seconds) => write!(f, "; retry-after={seconds}"),
            None => Ok(()),
        }
    }
}

impl From<Bound> for Refusal {
    fn from(bound: Bound) -> Self {
        Self {
            limit: bound.limit,
            value: bound.value,
            used: bound.used,
            remedy: bound.remedy,
            retry_after_s: None,
            is_shared: bound.is_shared,
        }
    }
}

impl Failure {
    /// The limit that caused it, if one did.
    pub fn refusal(&self) -> Option<Refusal> {
        let own = |limit, value, used, remedy| {
            Some(Refusal {
                limit,
                value,
                used,
                remedy,
                retry_after_s: None,
                is_shared: false,
            })
        };
        match *self {
            Self::Cpu {
                key,
                limit_ms,
                used_ms,
                ..
            } => own(
                key,
                limit_ms.into(),
                used_ms.into(),
                "raise it, or do less per request",
            ),
            Self::Memory { limit, used } => {
                own("memory-bytes", limit, used, "raise it, or use less")
            }
            Self::Stack { depth, .. } => own(
                "call-depth",
                depth.into(),
                depth.into(),
                "raise it or stack-bytes, or nest fewer calls",
            ),
            Self::WallTime { limit_ms } => own(
                "wall-ms",
                limit_ms.into(),
                limit_ms.into(),
                "raise it, or answer sooner",
            ),
            Self::ResponseBody { limit, used } => own(
                "response-body-bytes",
                limit,
                used,
                "raise it, or answer with less",
            ),
            Self::RequestBody { limit, used } => {
                own("request-body-bytes", limit, used, "raise it, or send less")
            }
            Self::Overloaded {
                bound: Some(bound),
                retry_after_s,
                ..
            } => Some(Refusal {
                retry_after_s: Some(retry_after_s),
                ..bound.into()
            }),
            Self::Limited {
                limit,
                value,
                used,
                retry_after_s,
            } => Some(Refusal {
                limit,
                value,
                used,
                remedy: remedy(limit),
                retry_after_s: Some(retry_after_s),
                // A tenant's own, however many Workers it has.
                is_shared: false,
            }),
            Self::Quota {
                quota,
                value,
                used,
                retry_after_s,
            } => Some(Refusal {
                limit: quota,
                value,
                used,
                remedy: "raise it, or wait until its period is over",
                retry_after_s: Some(retry_after_s),
                is_shared: false,
            }),
            Self::Exception { ref refusal, .. } => refusal.as_deref().cloned(),
            Self::Overloaded { bound: None, .. }
            | Self::Condemned { .. }
            | Self::Canceled
            | Self::Internal(_) => None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn overloaded(is_shared: bool) -> Failure {
        Failure::Overloaded {
            reason: "busy".into(),
            retry_after_s: 1,
            bound: Some(Bound {
                limit: "concurrent-invocations",
                value: 8,
                used: 9,
                remedy: "raise it, or wait",
                is_shared,
            }),
        }
    }

    #[test]
    fn a_field_has_the_figures_that_are_the_workers_own() {
        let check = |failure: &Failure, expect: &str| {
            let refusal = failure.refusal().unwrap();
            assert_eq!(refusal.field().to_string(), expect);
            let value = http::HeaderValue::from_str(expect);
            assert!(value.is_ok(), "{expect}");
        };
        let cpu = Failure::Cpu {
            key: "cpu-ms",
            limit_ms: 50,
            used_ms: 51,
            fuel: 1,
        };
        check(&cpu, "cpu-ms; value=50; used=51");
        check(
            &overloaded(false),
            "concurrent-invocations; value=8; used=9; retry-after=1",
        );
        check(&overloaded(true), "concurrent-invocations; retry-after=1");
        let shown = cpu.refusal().unwrap().to_string();
        assert_eq!(shown, "cpu-ms: 51 of 50; raise it, or do less per request");
    }

    #[test]
    fn limits_of_workers_go_by_their_keys() {
        let known: Vec<&str> = postern_board::limits::FIELDS.map(|it| it.key).to_vec();
        for failure in [
            Failure::Memory { limit: 1, used: 1 },
            Failure::Stack { depth: 1, bytes: 1 },
            Failure::WallTime { limit_ms: 1 },
            Failure::ResponseBody { limit: 1, used: 2 },
            Failure::RequestBody { limit: 1, used: 2 },
            overloaded(false),
        ] {
            let refusal = failure.refusal().unwrap();
            assert!(known.contains(&refusal.limit), "{refusal}");
        }
        let starting = Failure::Overloaded {
            reason: "being started".into(),
            retry_after_s: 1,
            bound: None,
        };
        for failure in [starting, Failure::Canceled, Failure::Internal("x".into())] {
            assert_eq!(failure.refusal(), None);
        }
    }
}
