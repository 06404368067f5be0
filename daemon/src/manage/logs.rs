//! What a script logged, as lines of JSON: `…/scripts/{script}/logs?follow=true`, and
//! `/postern/v1/logs/{namespace}/{script}`, which follows unless told not to.
//!
//! The records come from elsewhere through [`LogSource`]; this file only frames them.

use super::Manage;
use super::call::Call;
use super::envelope::{Answer, Handled, Refusal, code};
use crate::observe::{Counts, Filter, Follow, Observe};
use bytes::Bytes;
use futures_lite::{Stream, StreamExt, stream};
use http::StatusCode;
use std::pin::Pin;

/// JSON objects over time, one each item.
pub type LogStream = Pin<Box<dyn Stream<Item = String> + Send>>;

/// Where records of invocations come from.
pub trait LogSource: Send + Sync {
    /// The records of a script that are still held, the oldest first; with `follow` those to
    /// come instead, until the stream is dropped. Must bound what it holds for a slow
    /// reader.
    /// An error says that nobody else can follow now.
    fn logs(&self, namespace: &str, script: &str, follow: bool) -> Result<LogStream, String>;

    /// Figures of scripts since the daemon started: namespace, script, figures.
    fn counts(&self) -> Vec<(String, String, Counts)> {
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
        let lines = self
            .logs
            .logs(&namespace.name, &script.name, follow)
            .map_err(|reason| Refusal::new(StatusCode::TOO_MANY_REQUESTS, code::BODY, reason))?
            .map(|mut line| {
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
