//! Export by OTLP over HTTP, encoded as JSON: figures as metrics; what Workers and the daemon logged as logs.
//!
//! Nothing waits for it. What is to be sent waits in a queue that is bounded in bytes; what has no room,
//! or what a server will not have, is dropped and counted. How it is sent others know.

mod json;
mod queue;
#[cfg(test)]
pub(crate) mod schema;
#[cfg(test)]
mod tests;

use crate::engine::Finished;
use crate::observe::{Record, Sink, logger};
use event_listener::Event;
use futures_lite::FutureExt as _;
use parking_lot::Mutex;
use queue::{Entry, Line, Queue};
use serde_json::Value;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Records of one request.
const BATCH_MAX: usize = 512;
/// Requests in a row before others have their turn.
const BATCHES_MAX: usize = 16;
/// For what is left when the daemon stops.
const FLUSH: Duration = Duration::from_secs(2);

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Figures.
    Metrics,
    /// Log records.
    Logs,
}

/// A request on its way: its answer's status, or why there is none.
pub type Posting = Pin<Box<dyn Future<Output = Result<u16, String>> + Send>>;

/// Sends requests.
pub trait Post: Send + Sync {
    /// Sends a body of JSON to where this signal goes.
    fn post(&self, signal: Signal, body: Vec<u8>) -> Posting;
}

/// What is exported, and how often.
#[derive(Clone, Debug)]
pub struct OtlpOptions {
    /// Between two exports.
    pub interval: Duration,
    /// Bytes of log records that may wait.
    pub buffer_bytes: usize,
    /// Whether what Workers logged is sent.
    pub workers: bool,
    /// The board's name.
    pub board: String,
}

/// Exports. Clones are the same one.
#[derive(Clone)]
pub struct Otlp(Arc<Inner>);

struct Inner {
    options: OtlpOptions,
    queue: Mutex<Queue>,
    /// There is enough for a request.
    plenty: Event,
    dropped: AtomicU64,
    /// When the daemon started: nanoseconds since 1970, for sums.
    started_ns: u64,
}

impl Otlp {
    /// Nothing waits yet.
    pub fn new(options: OtlpOptions) -> Self {
        Self(Arc::new(Inner {
            queue: Mutex::new(Queue::new(options.buffer_bytes)),
            plenty: Event::new(),
            dropped: AtomicU64::new(0),
            started_ns: json::now_ns(),
            options,
        }))
    }

    /// Records and exports of figures that were lost.
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Relaxed)
    }

    /// Exports for ever. `figures` gives OpenMetrics text.
    pub async fn run(self, post: Arc<dyn Post>, figures: impl Fn() -> String + Send) {
        let mut next = Instant::now() + self.0.options.interval;
        let mut goes = true;
        loop {
            let due = async {
                async_io::Timer::at(next).await;
                true
            };
            let plenty = self.0.plenty.listen();
            let early = async {
                // A server that failed is asked again when it is due, however much waits for it.
                if !goes {
                    std::future::pending::<()>().await;
                }
                plenty.await;
                false
            };
            if due.or(early).await {
                next = Instant::now() + self.0.options.interval;
                self.send_figures(&*post, &figures()).await;
            }
            goes = self.send_logs(&*post).await;
        }
    }

    /// Sends what is left, but not for long.
    pub async fn flush(&self, post: &dyn Post) {
        let late = async {
            async_io::Timer::after(FLUSH).await;
            false
        };
        self.send_logs(post).or(late).await;
    }

    /// Sends figures. Those that do not arrive are not sent again: newer ones will be.
    pub(crate) async fn send_figures(&self, post: &dyn Post, text: &str) {
        let inner = &self.0;
        let body = match json::metrics(text, inner.started_ns, &inner.options.board) {
            Ok(body) => body,
            Err(error) => return log::error!("figures cannot be exported: {error}"),
        };
        if let Err(error) = sent(post, Signal::Metrics, &body).await {
            self.lost(1);
            log::warn!("figures were not exported: {}", error.why);
        }
    }

    /// Sends what waits, a request after the other, until nothing does or a server fails; false if one did.
    pub(crate) async fn send_logs(&self, post: &dyn Post) -> bool {
        for _ in 0..BATCHES_MAX {
            let batch = self.0.queue.lock().take(BATCH_MAX);
            if batch.is_empty() {
                break;
            }
            let body = json::logs(&batch, &self.0.options.board);
            if let Err(error) = sent(post, Signal::Logs, &body).await {
                log::warn!("logs were not exported: {}", error.why);
                let lost = match error.may_come_again {
                    true => self.0.queue.lock().put_back(batch),
                    false => batch.len(),
                };
                self.lost(lost as u64);
                return false;
            }
        }
        true
    }

    fn lost(&self, count: u64) {
        self.0.dropped.fetch_add(count, Relaxed);
    }

    fn push(&self, entry: Entry) {
        let mut queue = self.0.queue.lock();
        let lost = usize::from(!queue.push(entry));
        let has_plenty = queue.is_half_full();
        drop(queue);
        self.lost(lost as u64);
        if has_plenty {
            self.0.plenty.notify(1);
        }
    }
}

/// Why something was not taken.
struct Refused {
    why: String,
    may_come_again: bool,
}

async fn sent(post: &dyn Post, signal: Signal, body: &Value) -> Result<(), Refused> {
    let status = post.post(signal, body.to_string().into_bytes()).await;
    let (why, may_come_again) = match status {
        Ok(200..=299) => return Ok(()),
        // What OTLP has clients try again after.
        Ok(status @ (429 | 502 | 503 | 504)) => (format!("the server answered {status}"), true),
        Ok(status) => (format!("the server answered {status}"), false),
        Err(error) => (error, true),
    };
    Err(Refused {
        why,
        may_come_again,
    })
}

impl Sink for Otlp {
    fn wants(&self, finished: &Finished<'_>) -> bool {
        self.0.options.workers && (!finished.logs.is_empty() || finished.exception.is_some())
    }

    fn take(&self, record: &Arc<Record>, _: &Finished<'_>) {
        self.push(Entry::Invocation(record.clone()));
    }
}

impl logger::Tap for Otlp {
    fn line(&self, level: log::Level, module: &str, message: &str) {
        // What it says of itself would never end.
        if module == "otlp" || module.starts_with("otlp::") {
            return;
        }
        self.push(Entry::Line(Line {
            level,
            at_ns: json::now_ns(),
            module: module.to_owned(),
            message: message.to_owned(),
        }));
    }
}
