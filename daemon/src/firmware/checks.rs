//! Checks: what a system must show before it may stay.

use std::future::Future;
use std::pin::Pin;

/// How one check went.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: String,
    /// What was wrong; nothing if it is well.
    pub failure: Option<String>,
    /// Milliseconds that it took.
    pub ms: u64,
}

/// Who can tell whether this daemon does its work.
pub trait Checks: Send + Sync {
    /// Looks at everything once. Ends within a bound of its own.
    fn run(&self) -> Pin<Box<dyn Future<Output = Vec<Check>> + Send + '_>>;
}

/// What was wrong, if anything was. Nothing looked at is nothing known.
pub fn failure(checks: &[Check]) -> Option<String> {
    if checks.is_empty() {
        return Some("nothing was checked".to_owned());
    }
    let failed = checks.iter();
    let failed: Vec<String> = failed
        .filter_map(|check| Some(format!("{}: {}", check.name, check.failure.as_deref()?)))
        .collect();
    (!failed.is_empty()).then(|| failed.join("; "))
}
