//! Paths by which a client has a `scheduled`, `email` or `queue` handler called, for trying it out:
//! off unless the operator wants them (spec: SEMANTICS §18, §36).

use super::worker::Serve;
use crate::engine::invocation::{Ray, Reply, ReplyBody, Trigger};
use crate::engine::limits::Outcome;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, StatusCode};
use percent_encoding::percent_decode_str;
use std::time::{SystemTime, UNIX_EPOCH};

/// A request that calls no `fetch` handler.
#[derive(Debug, PartialEq, Eq)]
pub struct TestRoute {
    cron: String,
    time_ms: u64,
    answers: Answers,
}

/// The two paths answer differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answers {
    /// With the outcome in a word.
    Outcome,
    /// With the outcome and more, as JSON.
    Json,
    /// With a sentence.
    Sentence,
}

/// The handler that a POST to a path, as the Worker would see it, asks; it answers by itself.
pub fn handler(path: &str) -> Option<&'static str> {
    match path {
        "/cdn-cgi/handler/email" => Some("email"),
        "/cdn-cgi/handler/queue" => Some("queue"),
        _ => None,
    }
}

/// A time below this is in seconds: as milliseconds it would be in 1973.
const SECONDS_BELOW: u64 = 100_000_000_000;

impl TestRoute {
    /// What a path, as the Worker would see it, and a query ask for.
    pub fn find(path: &str, query: Option<&str>) -> Option<Self> {
        let sentence = match path {
            "/cdn-cgi/handler/scheduled" => false,
            "/__scheduled" => true,
            _ => return None,
        };
        let query = query.unwrap_or_default();
        let time = parameter(query, "time").and_then(|time| time.trim().parse::<u64>().ok());
        let answers = match parameter(query, "format").as_deref() {
            _ if sentence => Answers::Sentence,
            Some("json") => Answers::Json,
            _ => Answers::Outcome,
        };
        Some(Self {
            cron: parameter(query, "cron").unwrap_or_default(),
            time_ms: match time {
                Some(s) if s < SECONDS_BELOW => s * 1000,
                Some(ms) => ms,
                None => now_ms(),
            },
            answers,
        })
    }

    /// Has the handler called and tells how it went.
    pub async fn run(self, worker: &impl Serve, ray: Ray) -> Reply {
        let Self {
            cron,
            time_ms,
            answers,
        } = self;
        let ended = worker.trigger(ray, Trigger::Scheduled { cron, time_ms });
        let (outcome, failure) = match ended.await {
            Ok(()) => (Outcome::Ok, None),
            Err(failure) => (failure.outcome(), Some(failure)),
        };
        let status = match failure {
            None => StatusCode::OK,
            Some(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let outcome = outcome.as_str();
        let (kind, text) = match (answers, failure) {
            (Answers::Outcome, _) => ("text/plain", outcome.to_owned()),
            (Answers::Json, _) => (
                "application/json",
                format!("{{\"outcome\":\"{outcome}\",\"noRetry\":false}}"),
            ),
            (Answers::Sentence, None) => {
                let text = "Ran scheduled event".to_owned();
                ("text/plain;charset=UTF-8", text)
            }
            // Whoever may use these paths may know what was thrown.
            (Answers::Sentence, Some(failure)) => ("text/plain;charset=UTF-8", failure.to_string()),
        };
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        Reply {
            status,
            reason: None,
            headers,
            body: ReplyBody::Whole(text.into()),
        }
    }
}

/// The first value of a name in a query; `+` is a space there.
fn parameter(query: &str, name: &str) -> Option<String> {
    let pairs = query.split('&');
    let value = pairs
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == name)?
        .1;
    let spaced = value.replace('+', " ");
    Some(percent_decode_str(&spaced).decode_utf8_lossy().into_owned())
}

fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(path: &str, query: &str, cron: &str, time_ms: u64, answers: Answers) {
        let expected = TestRoute {
            cron: cron.to_owned(),
            time_ms,
            answers,
        };
        assert_eq!(TestRoute::find(path, Some(query)), Some(expected));
    }

    #[test]
    fn paths_and_queries() {
        let path = "/cdn-cgi/handler/scheduled";
        let query = "cron=*/5+*+*+*+*&time=1745856238";
        check(
            path,
            query,
            "*/5 * * * *",
            1_745_856_238_000,
            Answers::Outcome,
        );
        let query = "time=1745856238123&cron=0%200%20L%20*%20*&format=json";
        check(path, query, "0 0 L * *", 1_745_856_238_123, Answers::Json);
        check("/__scheduled", "time=1", "", 1000, Answers::Sentence);
        let now = TestRoute::find("/__scheduled", None).unwrap();
        assert!(now.time_ms > SECONDS_BELOW);
        for path in ["/", "/cdn-cgi/handler/scheduled/", "/__scheduled/x"] {
            assert_eq!(TestRoute::find(path, None), None);
        }
    }
}
