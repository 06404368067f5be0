//! Limits that are tried, confirmed and taken back while Workers run, and the history of that.

use super::Manage;
use super::call::Call;
use super::envelope::{Handled, Refusal, code, ok};
use crate::catalog::plans::Holder;
use crate::catalog::shown_time;
use crate::catalog::trials::TrialError;
use crate::plans::{Author, Change, Edit, Entry, Stated};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::ops::RangeInclusive;
use std::time::Duration;

/// Seconds after which a trial may return.
const RETURN_AFTER_S: RangeInclusive<u64> = 5..=86_400;
/// Changes that are told without a number being asked for.
const HISTORY: usize = 50;

impl From<TrialError> for Refusal {
    fn from(error: TrialError) -> Self {
        let code = match error {
            TrialError::Catalog(error) => return error.into(),
            TrialError::UnderWay { .. } => code::TUNE_BUSY,
            TrialError::Over(_) | TrialError::None => code::TUNE,
        };
        Self::new(StatusCode::CONFLICT, code, error.to_string())
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Apply {
    limits: Map<String, Value>,
    plan: Option<String>,
    namespace: Option<String>,
    tenant: Option<String>,
    script: Option<String>,
    /// None: it stays without being confirmed.
    return_after_s: Option<Value>,
    #[serde(default)]
    why: String,
    revision: Option<u64>,
}

impl Apply {
    fn holder(&self) -> Result<Holder, Refusal> {
        let given = |text: &Option<String>| text.clone().filter(|it| !it.is_empty());
        let all = [&self.plan, &self.namespace, &self.tenant, &self.script];
        Ok(match all.map(given) {
            [Some(plan), None, None, None] => Holder::Plan(plan),
            [None, Some(namespace), None, None] => Holder::Namespace(namespace),
            [None, Some(namespace), Some(tenant), None] => Holder::Tenant(namespace, tenant),
            [None, Some(namespace), None, Some(script)] => Holder::Script(namespace, script),
            _ => {
                let what = "say whose limits: `plan`; or `namespace`, alone or with `tenant` or with `script`";
                return Err(Refusal::bad(code::TUNE, what));
            }
        })
    }

    fn return_after(&self) -> Result<Option<Duration>, Refusal> {
        let Some(given) = self.return_after_s.as_ref().filter(|it| !it.is_null()) else {
            return Ok(None);
        };
        match given.as_u64().filter(|it| RETURN_AFTER_S.contains(it)) {
            Some(seconds) => Ok(Some(Duration::from_secs(seconds))),
            None => {
                let given: String = given.to_string().chars().take(40).collect();
                let (least, most) = (RETURN_AFTER_S.start(), RETURN_AFTER_S.end());
                let what = format!(
                    "`return_after_s` is {given}; it must be {least} to {most}, or null to keep the limits without a confirmation"
                );
                Err(Refusal::bad(code::TUNE, what))
            }
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Confirm {
    #[serde(default)]
    trial: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Undo {
    #[serde(default)]
    change: Option<u64>,
    #[serde(default)]
    why: String,
}

impl<W: Send + Sync + 'static> Manage<W> {
    /// Has limits hold, and return unless they are confirmed.
    pub(super) async fn tune_apply(&self, call: Call) -> Handled {
        let who = call.caller.name();
        let apply: Apply = call.json().await?;
        let holder = apply.holder()?;
        if let Holder::Plan(name) = &holder {
            // A slip of the pen is no new plan.
            self.catalog.plans().plan(name)?;
        }
        let after = apply.return_after()?;
        let values = crate::plans::parse(&apply.limits, &self.catalog.ceilings())?;
        if values.is_empty() {
            return Err(crate::tune::what_if::ProposalError::Empty.into());
        }
        let change = Change {
            target: self.catalog.target(&holder)?,
            named: holder.shown(),
            edit: Edit::Merge { plan: None, values },
            expected: apply.revision,
        };
        let author = Author {
            who,
            why: apply.why,
        };
        let made = match after {
            Some(after) => {
                self.catalog
                    .try_limits(vec![change], &author, after)
                    .await?
            }
            None => self.catalog.keep_limits(vec![change], &author).await?,
        };
        let trial = made.last().map(|it| it.number).filter(|_| after.is_some());
        ok(json!({
            "changes": made.iter().map(shown).collect::<Vec<_>>(),
            "trial": trial,
            "return_after_s": after.filter(|_| trial.is_some()).map(|it| it.as_secs()),
        }))
    }

    /// Keeps what is on trial.
    pub(super) async fn tune_confirm(&self, call: Call) -> Handled {
        let confirm: Confirm = call.json().await?;
        let trial = self.catalog.confirm_trial(confirm.trial).await?;
        ok(json!({ "confirmed": trial.number }))
    }

    /// Takes a change back.
    pub(super) async fn tune_undo(&self, call: Call) -> Handled {
        let who = call.caller.name();
        let undo: Undo = call.json().await?;
        let author = Author { who, why: undo.why };
        let made = self.catalog.undo_or_return(undo.change, &author).await?;
        ok(json!({ "changes": made.iter().map(shown).collect::<Vec<_>>() }))
    }

    /// Who changed what, when and why, the last first; and what is on trial.
    pub(super) async fn tune_history(&self, call: Call) -> Handled {
        let count = call.number("count")?.unwrap_or(HISTORY as u64);
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let history = self.catalog.plans().history()?;
        let changes: Vec<Value> = history.iter().take(count).map(shown).collect();
        let trial = self
            .catalog
            .trial()
            .map(|it| json!({"number": it.number, "who": it.who, "left_s": it.left_s()}));
        ok(json!({ "changes": changes, "trial": trial }))
    }
}

/// A change, as the history tells it.
fn shown(entry: &Entry) -> Value {
    let stated = |it: &Option<Stated>| match it {
        None => Value::Null,
        Some(it) => json!({"plan": it.plan, "limits": it.values.to_json()}),
    };
    json!({
        "number": entry.number,
        "at": shown_time(entry.at_ms),
        "who": entry.who,
        "why": entry.why,
        "of": entry.named,
        "before": stated(&entry.before),
        "after": stated(&entry.after),
        "undoes": entry.undoes,
    })
}
