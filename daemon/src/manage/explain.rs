//! Why a request was refused or failed: `…/explain/RAY`, and the newest of them.

use super::Manage;
use super::call::Call;
use super::envelope::{Handled, Refusal, code, ok};
use crate::catalog::shown_time;
use crate::engine::invocation::Ray;
use crate::observe::Failed;
use serde_json::{Value, json};

/// Entries of a list, unless the call says how many.
const LISTED: u64 = 20;

impl<W: Send + Sync + 'static> Manage<W> {
    pub(super) async fn explain_ray(&self, call: Call) -> Handled {
        let text = call.param("ray");
        let ray = Ray::parse(text).ok_or_else(|| {
            Refusal::bad(
                code::BODY,
                format!(
                    "`{}` is no ray: they are the 16 hexadecimal digits in an answer's `cf-ray`",
                    crate::catalog::name::shown(text)
                ),
            )
        })?;
        let found = self.logs.explain(ray);
        if found.is_empty() {
            return Err(Refusal::not_found(
                code::NO_ROUTE,
                format!(
                    "nothing is known of ray {ray}: it was answered by its Worker, or is older than what is kept"
                ),
            ));
        }
        let entries: Vec<Value> = found.iter().map(entry_json).collect();
        ok(json!({"ray": ray.to_string(), "entries": entries}))
    }

    pub(super) async fn list_failures(&self, call: Call) -> Handled {
        let count = call.number("limit")?.unwrap_or(LISTED);
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let found = self.logs.failures(count);
        ok(found.iter().map(entry_json).collect())
    }
}

fn entry_json(failed: &Failed) -> Value {
    let mut told = failed.to_json();
    told["at"] = shown_time(i64::try_from(failed.at_ms).unwrap_or(i64::MAX)).into();
    told
}
