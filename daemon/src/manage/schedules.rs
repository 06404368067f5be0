//! `…/schedules`: a script's cron triggers, and their latest runs.

use super::Manage;
use super::call::Call;
use super::envelope::{Handled, Refusal, code, ok};
use crate::catalog::record::{Namespace, Script};
use crate::catalog::shown_time;
use crate::cron::Run;
use serde_json::{Value, json};

impl<W: Send + Sync + 'static> Manage<W> {
    pub(super) async fn get_schedules(&self, call: Call) -> Handled {
        let (Namespace { id, .. }, script) = self
            .catalog
            .script(call.param("ns"), call.param("script"))?;
        let mut shown = schedules(&script);
        let runs = self.catalog.timetable().runs(&(id, script.name));
        shown["runs"] = runs.iter().map(run).collect();
        ok(shown)
    }

    /// Replaces all: `[{"cron":"*/5 * * * *"}]`, or the same as it is answered, under `schedules`.
    pub(super) async fn put_schedules(&self, call: Call) -> Handled {
        let (namespace, script) = (call.param("ns").to_owned(), call.script());
        let body: Value = call.json().await?;
        let crons = body.get("schedules").unwrap_or(&body);
        let crons = crons.as_array().and_then(|all| {
            let cron = |it: &Value| it["cron"].as_str().map(str::to_owned);
            all.iter().map(cron).collect::<Option<Vec<_>>>()
        });
        let crons = crons.ok_or_else(|| {
            Refusal::bad(
                code::BODY,
                "the body is no array of cron triggers, as [{\"cron\": \"*/30 * * * *\"}]",
            )
        })?;
        let script = self
            .catalog
            .set_schedules(&namespace, &script, crons)
            .await?;
        ok(schedules(&script))
    }
}

fn schedules(script: &Script) -> Value {
    let all = script.schedules.iter().map(|schedule| {
        json!({
            "cron": schedule.cron,
            "created_on": shown_time(schedule.created_ms),
            "modified_on": shown_time(schedule.modified_ms),
        })
    });
    json!({"schedules": all.collect::<Vec<_>>()})
}

fn run(run: &Run) -> Value {
    let time = |ms| shown_time(i64::try_from(ms).unwrap_or(i64::MAX));
    let mut shown = json!({
        "cron": run.cron,
        "scheduled_on": time(run.time_ms),
        "started_on": time(run.started_ms),
        "wall_ms": run.wall_ms,
        "outcome": run.outcome,
    });
    if let Some(error) = &run.error {
        shown["error"] = json!(error);
    }
    shown
}
