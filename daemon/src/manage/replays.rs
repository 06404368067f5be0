//! `…/postern/v1/replays`: records of invocations, and the files that run them again.

use super::Manage;
use super::call::Call;
use super::envelope::{Answer, AnswerBody, Handled, Refusal, code, list, ok};
use crate::catalog::name::shown;
use crate::catalog::shown_time;
use crate::replay::{Kept, ReplayError, Replays};
use http::StatusCode;
use serde_json::{Value, json};

impl<W: Send + Sync + 'static> Manage<W> {
    fn replays(&self) -> Result<&Replays, Refusal> {
        self.replays
            .get()
            .ok_or_else(|| Refusal::not_yet("Records of invocations"))
    }

    pub(super) async fn list_replays(&self, _: Call) -> Handled {
        let replays = self.replays()?;
        let counts = replays.counts();
        let all = replays.list().iter().map(told).collect();
        let info = json!({
            "recording": replays.is_on(),
            "written": counts.written,
            "dropped": counts.dropped,
        });
        list(all, info)
    }

    pub(super) async fn get_replay(&self, call: Call) -> Handled {
        let replays = self.replays()?.clone();
        let ray = ray(&call)?;
        // It is put together in memory, with the code.
        let _room = self.room().await;
        let file = postern_task::unblock(move || replays.get(ray)).await;
        let file = file.map_err(|error| refusal(&error))?;
        Ok(Answer {
            status: StatusCode::OK,
            content_type: "application/octet-stream".to_owned(),
            headers: Vec::new(),
            body: AnswerBody::Whole(file.into()),
        })
    }

    pub(super) async fn delete_replay(&self, call: Call) -> Handled {
        let replays = self.replays()?.clone();
        let ray = ray(&call)?;
        match postern_task::unblock(move || replays.remove(ray)).await {
            true => ok(json!({"ray": format!("{ray:016x}")})),
            false => Err(refusal(&ReplayError::Unknown(format!("{ray:016x}")))),
        }
    }
}

fn ray(call: &Call) -> Result<u64, Refusal> {
    let text = call.param("ray");
    // What a response's `cf-ray` says has a place behind the number.
    let number = text.split_once('-').map_or(text, |(number, _)| number);
    let is_ray = number.len() == 16 && number.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = is_ray
        .then(|| u64::from_str_radix(number, 16).ok())
        .flatten();
    number.ok_or_else(|| {
        Refusal::bad(
            code::REPLAY,
            format!(
                "'{}' names no invocation; a ray id has 16 hexadecimal digits",
                shown(text)
            ),
        )
    })
}

fn refusal(error: &ReplayError) -> Refusal {
    match error {
        ReplayError::Unknown(_) => {
            Refusal::new(StatusCode::NOT_FOUND, code::REPLAY, error.to_string())
        }
        ReplayError::Io(_) => Refusal::internal(error),
    }
}

fn told(kept: &Kept) -> Value {
    let head = &kept.head;
    json!({
        "ray": format!("{:016x}", head.ray),
        "namespace": head.namespace,
        "script": head.script,
        "version": head.version,
        "outcome": head.outcome,
        "fuel": head.fuel,
        "at": shown_time(i64::try_from(head.started_ms).unwrap_or(i64::MAX)),
        "bytes": kept.bytes,
        "redacted_bytes": head.redacted,
    })
}
