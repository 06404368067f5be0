//! What a script logged, as lines of JSON: `…/scripts/{script}/logs?follow=true`, and
//! `/postern/v1/logs/{namespace}/{script}`, which follows unless told not to.
//!
//! The records come from elsewhere through [`LogSource`]; this file only frames them.

use super::Manage;
use super::call::Call;
use super::envelope::{Answer, AnswerBody, Handled, Refusal, code};
use crate::engine::invocation::Ray;
use crate::observe::{Counts, Failed, Filter, Follow, Observe, Record};
use bytes::Bytes;
use futures_lite::{Stream, StreamExt, stream};
use http::StatusCode;
use std::pin::Pin;
use std::sync::Arc;

/// JSON objects over time, one each item.
pub type LogStream = Pin<Box<dyn Stream<Item = String> + Send>>;

/// Where records of invocations come from.
pub trait LogSource: Send + Sync {
    /// The records of a script that are still held, the oldest first; with `follow` those to
    /// come instead, until the stream is dropped. Must bound what it holds for a slow
    /// reader.
    /// An error says that nobody else can follow now.
    fn logs(&self, namespace: &str, script: &str, follow: bool) -> Result<LogStream, String>;

    /// The newest records of a script, oldest first, as they are.
    fn recent(&self, _namespace: &str, _script: &str) -> Vec<Arc<Record>> {
        Vec::new()
    }

    /// The newest records of all scripts, oldest first.
    fn all(&self) -> Vec<Arc<Record>> {
        Vec::new()
    }

    /// Bytes of all of them.
    fn kept_bytes(&self) -> usize {
        0
    }

    /// Figures of scripts since the daemon started: namespace, script, figures.
    fn counts(&self) -> Vec<(String, String, Counts)> {
        Vec::new()
    }

    /// What was refused or failed of a request and of what it caused, oldest first.
    fn explain(&self, _ray: Ray) -> Vec<Failed> {
        Vec::new()
    }

    /// The newest requests that were refused or failed, oldest first.
    fn failures(&self, _count: usize) -> Vec<Failed> {
        Vec::new()
    }

    /// Records to come, as they are. An error says that nobody else can follow now.
    fn follow(&self, _filter: Filter) -> Result<Follow, String> {
        Err("there are no records to follow".to_owned())
    }
}

/// Holds no records.
pub struct NoLogs;

impl LogSource for NoLogs {
    fn logs(&self, _: &str, _: &str, _: bool) -> Result<LogStream, String> {
        Ok(Box::pin(stream::empty()))
    }
}

impl LogSource for Observe {
    fn all(&self) -> Vec<Arc<Record>> {
        self.all_recent()
    }

    fn kept_bytes(&self) -> usize {
        self.kept_bytes()
    }

    fn logs(&self, namespace: &str, script: &str, follow: bool) -> Result<LogStream, String> {
        if !follow {
            let records = self.recent(namespace, script);
            let lines = records
                .into_iter()
                .map(|record| record.to_json().to_string());
            return Ok(Box::pin(stream::iter(lines)));
        }
        let filter = Filter {
            namespace: Some(namespace.to_owned()),
            script: Some(script.to_owned()),
            ..Filter::default()
        };
        let follow = self.follow(filter).map_err(|error| error.to_string())?;
        Ok(Box::pin(stream::unfold(follow, |mut follow| async move {
            let next = follow.next().await;
            let mut line = next.record.to_json();
            if next.lost > 0 {
                line["lost"] = next.lost.into();
            }
            Some((line.to_string(), follow))
        })))
    }
}

/// What is looked for among the records that are kept: all that is said must hold.
#[derive(Debug, Default, PartialEq, Eq)]
struct Search {
    /// In a log line, an exception or the URL.
    text: Option<String>,
    outcomes: Vec<String>,
    /// Milliseconds since 1970.
    since_ms: Option<u64>,
    /// The newest so many.
    limit: Option<usize>,
}

impl Search {
    /// What a call looks for; none if it says nothing of the kind.
    fn of(call: &Call) -> Result<Option<Self>, Refusal> {
        let text = |name: &str| call.query(name).filter(|it| !it.is_empty());
        let since_ms = match text("since") {
            None => None,
            Some(since) => Some(parse_since(since).ok_or_else(|| {
                Refusal::bad(
                    code::BODY,
                    "since is neither milliseconds since 1970, nor a time as 2026-01-31T12:00:00Z, nor one back \
                     from now as 90s, 15m, 2h or 1d",
                )
            })?),
        };
        let limit = call
            .number("limit")?
            .map(|it| usize::try_from(it).unwrap_or(usize::MAX));
        let search = Self {
            text: text("search").map(str::to_owned),
            outcomes: text("outcome")
                .map(|it| it.split(',').map(str::to_owned).collect())
                .unwrap_or_default(),
            since_ms,
            limit,
        };
        Ok(Some(search).filter(|it| *it != Self::default()))
    }

    fn found<'a>(&self, records: &'a [Arc<Record>]) -> Vec<&'a Record> {
        let is_wanted = |record: &&Record| {
            self.text
                .as_deref()
                .is_none_or(|text| record.contains(text))
                && (self.outcomes.is_empty()
                    || self.outcomes.iter().any(|it| it == record.outcome.as_str()))
                && self.since_ms.is_none_or(|since| record.started_ms >= since)
        };
        let found: Vec<&Record> = records.iter().map(|it| &**it).filter(is_wanted).collect();
        let skip = found.len().saturating_sub(self.limit.unwrap_or(usize::MAX));
        found[skip..].to_vec()
    }
}

/// Now, in milliseconds since 1970.
pub(super) fn now_ms() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| {
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        })
}

/// A moment, in milliseconds since 1970.
fn parse_since(text: &str) -> Option<u64> {
    if let Ok(ms) = text.parse() {
        return Some(ms);
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return u64::try_from(time.as_millisecond()).ok();
    }
    let unit = text.chars().last()?;
    let count: u64 = text[..text.len() - unit.len_utf8()].parse().ok()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    let back = count.checked_mul(seconds)?.checked_mul(1000)?;
    Some(now_ms().saturating_sub(back))
}

impl<W: Send + Sync + 'static> Manage<W> {
    pub(super) async fn get_logs(&self, call: Call) -> Handled {
        let (namespace, script) = self
            .catalog
            .script(call.param("ns"), call.param("script"))?;
        let follow = match call.query("follow") {
            Some("true" | "1" | "") => true,
            Some(_) => false,
            // Which of the two paths it came by.
            None => call.param("account").is_empty(),
        };
        if let Some(search) = Search::of(&call)? {
            let records = self.logs.recent(&namespace.name, &script.name);
            let found = search.found(&records);
            let mut lines = found.iter().map(|it| it.to_json().to_string() + "\n");
            let text: String = lines.by_ref().collect();
            return Ok(Answer {
                status: StatusCode::OK,
                content_type: "application/x-ndjson".to_owned(),
                headers: Vec::new(),
                body: AnswerBody::Whole(text.into()),
            });
        }
        let lines = self
            .logs
            .logs(&namespace.name, &script.name, follow)
            .map_err(|reason| Refusal::new(StatusCode::TOO_MANY_REQUESTS, code::BODY, reason))?;
        // It ends when its tag does.
        let (of, tag) = (
            (namespace.name, script.name),
            call.caller.tag().map(str::to_owned),
        );
        let manage = self.this.clone();
        let is_own = move |_: &String| {
            tag.as_deref().is_none_or(|tag| {
                let manage = manage.upgrade();
                manage.is_some_and(|manage| manage.carries(&of.0, &of.1, tag))
            })
        };
        let lines = lines.take_while(is_own).map(|mut line| {
            line.push('\n');
            Ok(Bytes::from(line))
        });
        Ok(Answer::stream(
            "application/x-ndjson",
            None,
            Box::pin(lines),
        ))
    }
}
