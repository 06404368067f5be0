//! `…/logs`: what a script logged, as lines of JSON, followed on request.
//!
//! The records come from elsewhere through [`LogSource`]; this file only frames them.

use super::Manage;
use super::call::Call;
use super::envelope::{Answer, Handled};
use bytes::Bytes;
use futures_lite::{Stream, StreamExt, stream};
use std::pin::Pin;

/// JSON objects over time, one each item.
pub type LogStream = Pin<Box<dyn Stream<Item = String> + Send>>;

/// Where records of invocations come from.
pub trait LogSource: Send + Sync {
    /// The records of a script that are still held, the oldest first; with `follow` also
    /// those to come, until the stream is dropped. Must bound what it holds for a slow
    /// reader.
    fn logs(&self, namespace: &str, script: &str, follow: bool) -> LogStream;
}

/// Holds no records.
pub struct NoLogs;

impl LogSource for NoLogs {
    fn logs(&self, _: &str, _: &str, _: bool) -> LogStream {
        Box::pin(stream::empty())
    }
}

impl<W: Send + Sync + 'static> Manage<W> {
    pub(super) async fn get_logs(&self, call: Call) -> Handled {
        let (namespace, script) = self
            .catalog
            .script(call.param("ns"), call.param("script"))?;
        let follow = matches!(call.query("follow"), Some("true" | "1" | ""));
        let lines = self
            .logs
            .logs(&namespace.name, &script.name, follow)
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
