//! `logpush/jobs`: jobs that send what Workers leave to a server; and whether a dispatch namespace has
//! all of its Workers pushed.

use super::Manage;
use super::call::Call;
use super::envelope::{Handled, Refusal, code, ok};
use crate::catalog::metadata::{boolean, strings};
use crate::catalog::{LogSettings, shown_time};
use crate::logpush::{Destination, FIELDS, Job, JobChange, JobError, JobState, Logpush};
use serde_json::{Value, json};
use std::sync::Arc;

impl From<JobError> for Refusal {
    fn from(error: JobError) -> Self {
        let message = error.to_string();
        match error {
            JobError::NotFound(_) => Self::not_found(code::LOGPUSH_JOB, message),
            JobError::Store(_) => Self::internal(message),
            _ => Self::bad(code::LOGPUSH_JOB, message),
        }
    }
}

/// What a body says of a job.
fn change(body: &Value) -> Result<JobChange, Refusal> {
    let wrong = |what: &str| Refusal::bad(code::BODY, what.to_owned());
    let present = |key: &str| body.get(key).filter(|it| !it.is_null());
    let text = |key: &str| match present(key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        // Some write the filter as JSON instead of as text.
        Some(object @ Value::Object(_)) if key == "filter" => Ok(Some(object.to_string())),
        Some(_) => Err(wrong(&format!("\"{key}\" is not a string"))),
    };
    let enabled = match present("enabled") {
        None => None,
        Some(value) => {
            Some(boolean(value).ok_or_else(|| wrong("\"enabled\" is neither true nor false"))?)
        }
    };
    let options = present("output_options").and_then(|it| it.get("field_names"));
    let fields =
        match (options, text("logpull_options")?) {
            (Some(Value::Null), _) | (None, None) => None,
            (Some(names), _) => Some(strings(names).ok_or_else(|| {
                wrong("\"output_options.field_names\" is not an array of strings")
            })?),
            // The older way: `fields=Event,Outcome&timestamps=unix`.
            (None, Some(options)) => super::call::parse_query(&options)
                .into_iter()
                .find(|(key, _)| key == "fields")
                .map(|(_, names)| names.split(',').map(str::to_owned).collect()),
        };
    Ok(JobChange {
        name: text("name")?,
        dataset: text("dataset")?,
        enabled,
        destination_conf: text("destination_conf")?,
        filter: text("filter")?,
        fields,
    })
}

/// A job as the API shows it. What its server is told to know it by is shown as it was written: the
/// field does so too, and who may read it may change it.
fn shown((job, state): &(Job, JobState)) -> Value {
    let time = |ms: Option<u64>| ms.map(|ms| shown_time(i64::try_from(ms).unwrap_or(i64::MAX)));
    let fields: Vec<&str> = match job.fields.as_slice() {
        [] => FIELDS.to_vec(),
        fields => fields.iter().map(String::as_str).collect(),
    };
    json!({
        "id": job.id,
        "name": job.name,
        "dataset": "workers_trace_events",
        "enabled": job.enabled,
        "destination_conf": job.destination_conf,
        "filter": job.filter_text,
        "output_options": {"field_names": fields, "output_type": "ndjson", "timestamp_format": "unix"},
        "logpull_options": format!("fields={}", fields.join(",")),
        "frequency": "high",
        "kind": "",
        "last_complete": time(state.last_complete_ms),
        "last_error": time(state.last_error_ms),
        "error_message": state.error,
        "dropped": state.dropped,
        "waiting_bytes": state.waiting_bytes,
    })
}

fn number(call: &Call) -> Result<u64, Refusal> {
    let id = call.param("job");
    id.parse().map_err(|_| {
        Refusal::not_found(
            code::LOGPUSH_JOB,
            format!("there is no logpush job '{id:.64}'"),
        )
    })
}

impl<W: Send + Sync + 'static> Manage<W> {
    fn logpush(&self) -> Result<&Arc<Logpush>, Refusal> {
        self.logpush
            .get()
            .ok_or_else(|| Refusal::not_yet("Logpush"))
    }

    pub(super) async fn list_jobs(&self, _: Call) -> Handled {
        let jobs = self.logpush()?.jobs();
        ok(jobs.iter().map(shown).collect::<Vec<_>>().into())
    }

    pub(super) async fn create_job(&self, call: Call) -> Handled {
        let mut change = change(&call.json().await?)?;
        change.dataset.get_or_insert_with(|| "".to_owned());
        let job = self.logpush()?.create(change).await?;
        ok(shown(&job))
    }

    pub(super) async fn get_job(&self, call: Call) -> Handled {
        let id = number(&call)?;
        let job = self.logpush()?.job(id).ok_or(JobError::NotFound(id))?;
        ok(shown(&job))
    }

    pub(super) async fn update_job(&self, call: Call) -> Handled {
        let id = number(&call)?;
        let change = change(&call.json().await?)?;
        let job = self.logpush()?.update(id, change).await?;
        ok(shown(&job))
    }

    pub(super) async fn delete_job(&self, call: Call) -> Handled {
        let id = number(&call)?;
        self.logpush()?.delete(id).await?;
        ok(json!({ "id": id }))
    }

    /// What a job's lines can have in them, and what that is.
    pub(super) async fn job_fields(&self, _: Call) -> Handled {
        let kind = |name: &str| match name {
            "Event" | "ScriptVersion" => "object",
            "Exceptions" | "Logs" => "array; objects",
            "ScriptTags" => "array; strings",
            "EventTimestampMs" | "CPUTimeMs" | "WallTimeMs" => "int",
            _ => "string",
        };
        let fields = FIELDS
            .iter()
            .map(|name| ((*name).to_owned(), kind(name).into()));
        ok(Value::Object(fields.collect()))
    }

    /// Whether something could be sent to a destination, as far as it can be told without trying.
    pub(super) async fn validate_destination(&self, call: Call) -> Handled {
        let body: Value = call.json().await?;
        let conf = body
            .get("destination_conf")
            .and_then(Value::as_str)
            .unwrap_or_default();
        ok(match Destination::parse(conf) {
            Ok(_) => json!({"valid": true, "message": ""}),
            Err(error) => json!({"valid": false, "message": error.to_string()}),
        })
    }

    /// Whether a job sends to a destination.
    pub(super) async fn destination_exists(&self, call: Call) -> Handled {
        let body: Value = call.json().await?;
        let conf = body.get("destination_conf").and_then(Value::as_str);
        let jobs = self.logpush()?.jobs();
        let exists = jobs
            .iter()
            .any(|(job, _)| Some(&*job.destination_conf) == conf);
        ok(json!({"exists": exists}))
    }

    /// Whether a job could have these options, in the older way of saying them.
    pub(super) async fn validate_options(&self, call: Call) -> Handled {
        let fields = change(&call.json().await?)?.fields.unwrap_or_default();
        let unknown = fields.iter().find(|name| !FIELDS.contains(&&***name));
        ok(match unknown {
            None => json!({"valid": true, "message": ""}),
            Some(name) => {
                json!({"valid": false, "message": format!("there is no field '{name:.64}'")})
            }
        })
    }

    /// Servers are sent to because the operator says so: none has to prove whose it is by a file that is put there.
    pub(super) async fn own_destination(&self, call: Call) -> Handled {
        let body: Value = call.json().await?;
        let conf = body.get("destination_conf").and_then(Value::as_str);
        Destination::parse(conf.unwrap_or_default())?;
        ok(json!({"filename": "", "message": "", "valid": true}))
    }

    pub(super) async fn get_namespace_logs(&self, call: Call) -> Handled {
        let settings = self.catalog.log_settings(call.param("ns"))?;
        ok(self.shown_log_settings(&settings))
    }

    fn shown_log_settings(&self, settings: &LogSettings) -> Value {
        let job = settings.job.and_then(|id| self.logpush.get()?.job(id));
        let destination =
            job.map(|(job, _)| json!({"job_id": job.id, "destination": job.destination_conf}));
        json!({"enabled": settings.enabled, "logpush": destination})
    }

    /// `{"enabled": true, "logpush": {"destination": "https://…"}}`: all Workers of the namespace are
    /// pushed, and with a destination a job of its own sends them there.
    pub(super) async fn put_namespace_logs(&self, call: Call) -> Handled {
        let namespace = call.param("ns").to_owned();
        let before = self.catalog.log_settings(&namespace)?;
        let body: Value = call.json().await?;
        let enabled = body
            .get("enabled")
            .and_then(boolean)
            .unwrap_or(before.enabled);
        let destination = body.get("logpush").and_then(|it| it.get("destination"));
        let mut settings = LogSettings {
            enabled,
            job: before.job,
        };
        if let Some(destination) = destination.and_then(Value::as_str) {
            let filter = json!({"where": {"key": "DispatchNamespace", "operator": "eq", "value": namespace}});
            let change = JobChange {
                name: Some(format!("namespace-{namespace}")),
                enabled: Some(enabled),
                destination_conf: Some(destination.to_owned()),
                filter: Some(filter.to_string()),
                ..JobChange::default()
            };
            let logpush = self.logpush()?;
            let known = settings.job.filter(|id| logpush.job(*id).is_some());
            let (job, _) = match known {
                Some(id) => logpush.update(id, change).await?,
                None => logpush.create(change).await?,
            };
            settings.job = Some(job.id);
        }
        self.catalog
            .set_log_settings(&namespace, settings.clone())
            .await?;
        if let Some(logpush) = self.logpush.get() {
            logpush.cover_namespace(&namespace, settings.enabled);
        }
        ok(self.shown_log_settings(&settings))
    }
}
