//! Cron triggers of scripts: kept in their rows, and told to the timetable.

use super::record::{Namespace, Schedule, Script, now_ms};
use super::rows::Rows;
use super::subject::Subject;
use super::{Catalog, CatalogError, Result, ScriptKey, limits};
use crate::cron::{self, Ended, Expression, Fire, Timetable};
use crate::engine::invocation::{Ray, Trigger};
use std::sync::Arc;

impl<W: Send + Sync + 'static> Catalog<W> {
    /// When scripts are due, and the runs that were.
    pub fn timetable(&self) -> &Arc<Timetable<ScriptKey>> {
        &self.timetable
    }

    /// Replaces the cron triggers of a script. Its Worker goes on as it is.
    pub async fn set_schedules(
        &self,
        namespace: &str,
        script: impl Into<Subject>,
        crons: Vec<String>,
    ) -> Result<Script> {
        let expressions = expressions(&crons)?;
        let id = self.namespace(namespace)?.id;
        let subject = script.into();
        let _script = self.locks.lock(id, &subject).await;
        let _shared = self.structure.read().await;
        let (namespace, mut script) = self.script(namespace, &subject)?;
        subject.check(&script)?;
        script.schedules = schedules(&script, crons)?;
        let key = Script::key(namespace.id, &script.name);
        let rows = Rows::default().put(Script::TABLE, key, script.clone());
        self.commit(rows, Vec::new()).await?;
        let key = (namespace.id, script.name.clone());
        self.timetable.set(key, expressions, cron::now_ms());
        Ok(script)
    }

    /// Takes over what a stored script says when the daemon starts.
    pub(super) fn schedule_stored(&self, namespace: &Namespace, script: &Script) {
        let expressions = script.schedules.iter().filter_map(|schedule| {
            Expression::parse(&schedule.cron)
                .inspect_err(|error| {
                    log::error!("{}/{}: {error}", namespace.name, script.name);
                })
                .ok()
        });
        let expressions: Vec<_> = expressions.collect();
        if !expressions.is_empty() {
            let key = (namespace.id, script.name.clone());
            self.timetable.set(key, expressions, cron::now_ms());
        }
    }
}

/// Cron expressions, as they are parsed.
pub(super) fn expressions(crons: &[String]) -> Result<Vec<Expression>> {
    let count = crons.len();
    if count > limits::SCHEDULES_MAX {
        return Err(CatalogError::TooManySchedules { count });
    }
    if let Some((_, twice)) = crons
        .iter()
        .enumerate()
        .find(|(at, cron)| crons[..*at].contains(cron))
    {
        return Err(CatalogError::CronTwice(super::name::shown(twice)));
    }
    let parsed = crons.iter().map(|cron| Expression::parse(cron));
    Ok(parsed.collect::<Result<_, _>>()?)
}

/// Other cron triggers of a script; those that stay keep the time since when they are there.
pub(super) fn schedules(script: &Script, crons: Vec<String>) -> Result<Vec<Schedule>> {
    let handlers = &script.verdict.handlers;
    if !crons.is_empty() && !handlers.iter().any(|it| it == "scheduled") {
        return Err(CatalogError::NoScheduledHandler(script.name.clone()));
    }
    let now = now_ms();
    let created = |cron: &String| {
        let old = script.schedules.iter().find(|old| old.cron == *cron);
        old.map_or(now, |old| old.created_ms)
    };
    let schedules = crons.into_iter().map(|cron| Schedule {
        created_ms: created(&cron),
        modified_ms: now,
        cron,
    });
    Ok(schedules.collect())
}

impl<W: Send + Sync + 'static> Fire<ScriptKey> for Catalog<W> {
    async fn fire(&self, key: &ScriptKey, cron: &str, time_ms: u64) -> Result<(), Ended> {
        let (id, script) = key;
        let namespace = self.namespace_by_id(*id, "");
        let deployed = namespace
            .ok()
            .and_then(|namespace| self.deployed(&namespace.name, script));
        let Some(deployed) = deployed else {
            return Err(Ended {
                outcome: "scriptNotFound",
                error: "the Worker does not run".to_owned(),
            });
        };
        // Unique by chance: 64 random bits.
        let ray = Ray(getrandom::u64().unwrap_or_default());
        let trigger = Trigger::Scheduled {
            cron: cron.to_owned(),
            time_ms,
        };
        let ran = self.trigger(&deployed, ray, trigger).await;
        ran.map_err(|failure| Ended {
            outcome: failure.outcome().as_str(),
            error: failure.to_string(),
        })
    }
}
