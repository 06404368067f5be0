//! What programs that watch machines ask, at the root of the port: `/health`, `/ready`, `/metrics`.
//!
//! The first two need no token and cost next to nothing: nobody can make the daemon work by asking.

use super::Manage;
use super::envelope::{Answer, AnswerBody, Refusal, code};
use crate::metrics::CONTENT_TYPE;
use http::{HeaderMap, Method, StatusCode};
use subtle::ConstantTimeEq;

/// Seconds after which asking again makes sense.
const RETRY_AFTER_S: u32 = 1;

/// Where the answers come from.
pub trait Probes: Send + Sync {
    /// Whether requests should come here: start-up is over, the end has not begun, and the store
    /// takes writes. Must be cheap. An error says why not.
    fn ready(&self) -> Result<(), String>;

    /// Whether the end has begun: nothing is changed any more.
    fn is_stopping(&self) -> bool;

    /// Figures as OpenMetrics text.
    fn metrics(&self) -> String;

    /// What opens the figures and nothing else.
    fn metrics_key(&self) -> MetricsKey<'_>;
}

/// Who may have figures, beside those with a token of the port.
#[derive(Clone, Copy, Debug)]
pub enum MetricsKey<'a> {
    /// Whoever asks.
    Public,
    /// Who has this key.
    Key(&'a str),
    /// Nobody else.
    None,
}

impl<W: Send + Sync + 'static> Manage<W> {
    /// The answer to a probe, if it is one.
    pub(super) fn probed(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
    ) -> Option<Result<Answer, Refusal>> {
        let answer = match path {
            "/health" => |_: &Self, _: &dyn Probes, _: &HeaderMap| Ok(text(StatusCode::OK, "ok")),
            "/ready" => |_: &Self, probes: &dyn Probes, _: &HeaderMap| Ok(ready(probes)),
            "/metrics" => Self::metrics,
            _ => return None,
        };
        let probes = self.probes.get()?;
        if !matches!(*method, Method::GET | Method::HEAD) {
            let what = format!("Method {method} not available for that URI.");
            return Some(Err(Refusal {
                allow: Some("GET".to_owned()),
                ..Refusal::new(StatusCode::METHOD_NOT_ALLOWED, code::NO_METHOD, what)
            }));
        }
        Some(answer(self, &**probes, headers))
    }

    fn metrics(&self, probes: &dyn Probes, headers: &HeaderMap) -> Result<Answer, Refusal> {
        let may = match probes.metrics_key() {
            MetricsKey::Public => true,
            MetricsKey::Key(key) => {
                let presented = headers.get(http::header::AUTHORIZATION);
                let presented = presented.and_then(|it| it.to_str().ok()?.strip_prefix("Bearer "));
                presented.is_some_and(|it| it.trim().as_bytes().ct_eq(key.as_bytes()).into())
            }
            MetricsKey::None => false,
        };
        if !may {
            self.guard.admit(self.catalog.store(), headers, None)?;
        }
        Ok(Answer {
            content_type: CONTENT_TYPE.to_owned(),
            ..text(StatusCode::OK, probes.metrics())
        })
    }
}

fn ready(probes: &dyn Probes) -> Answer {
    match probes.ready() {
        Ok(()) => text(StatusCode::OK, "ready"),
        Err(why) => text(StatusCode::SERVICE_UNAVAILABLE, why)
            .with("retry-after", RETRY_AFTER_S.to_string()),
    }
}

fn text(status: StatusCode, text: impl Into<String>) -> Answer {
    let mut text = text.into();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Answer {
        status,
        content_type: "text/plain; charset=utf-8".to_owned(),
        headers: Vec::new(),
        body: AnswerBody::Whole(text.into()),
    }
}
