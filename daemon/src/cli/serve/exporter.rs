//! Exports by OTLP in a running daemon: where they go, and the way there.

use super::courier::Courier;
use super::figures::Figures;
use crate::config;
use crate::logpush::{Destination, JobError};
use crate::manage::Probes;
use crate::observe::{Sink, logger};
use crate::otlp::{Otlp, OtlpOptions, Post, Posting, Signal};
use std::sync::Arc;
use std::time::Duration;

/// What is exported, and the way there.
pub struct Exporter {
    otlp: Otlp,
    way: Arc<Way>,
}

/// The way to the server.
struct Way {
    courier: Arc<Courier>,
    metrics: Destination,
    logs: Destination,
}

impl Exporter {
    /// Exports as the configuration says, by this courier.
    ///
    /// # Errors
    /// What is wrong with the server's address.
    pub fn new(
        config: &config::Otlp,
        board: String,
        courier: Arc<Courier>,
    ) -> Result<Self, JobError> {
        let to = |path: &str| {
            let mut to = Destination::parse(&format!("{}{path}", config.endpoint))?;
            to.headers.extend(config.headers.iter().cloned());
            Ok(to)
        };
        let way = Way {
            metrics: to("/v1/metrics")?,
            logs: to("/v1/logs")?,
            courier,
        };
        let otlp = Otlp::new(OtlpOptions {
            interval: Duration::from_secs(config.interval_s),
            buffer_bytes: usize::try_from(config.buffer_bytes).unwrap_or(usize::MAX),
            workers: config.workers,
            board,
        });
        logger::tap(Arc::new(otlp.clone()));
        Ok(Self {
            otlp,
            way: Arc::new(way),
        })
    }

    /// Who takes what Workers log.
    pub fn sink(&self) -> Arc<dyn Sink> {
        Arc::new(self.otlp.clone())
    }

    /// Exports for ever.
    pub fn run(&self, figures: &Arc<Figures>) -> impl Future<Output = ()> + Send + use<> {
        let counted = self.otlp.clone();
        figures.with_exports(move || counted.dropped());
        // The figures do not keep what keeps them.
        let figures = Arc::downgrade(figures);
        let text = move || {
            figures
                .upgrade()
                .map_or_else(String::new, |it| it.metrics())
        };
        self.otlp.clone().run(self.way.clone(), text)
    }

    /// Sends what is left, but not for long.
    pub async fn flush(&self) {
        self.otlp.flush(&*self.way).await;
    }
}

impl Post for Way {
    fn post(&self, signal: Signal, body: Vec<u8>) -> Posting {
        let to = match signal {
            Signal::Metrics => &self.metrics,
            Signal::Logs => &self.logs,
        };
        let posted = self.courier.post(to, body, "application/json");
        Box::pin(async move { Ok(posted.await?.as_u16()) })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::metrics::{Snapshot, text};
    use crate::observe::logger::Tap as _;
    use crate::otlp::schema::check;
    use crate::outbound::OutboundOptions;
    use async_executor::Executor;
    use futures_lite::future;
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpListener;

    /// Answers requests, and gives the path, a header field and the body of each.
    fn server(listener: TcpListener, requests: usize) -> Vec<(String, String, Vec<u8>)> {
        let mut got = Vec::new();
        while got.len() < requests {
            let (stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream);
            let mut line = String::new();
            while reader.read_line(&mut line).unwrap() > 0 && !line.ends_with("\r\n\r\n") {}
            let head = line.to_ascii_lowercase();
            let field = |name: &str| {
                let rest = head
                    .split(&format!("\r\n{name}: "))
                    .nth(1)
                    .unwrap_or_default();
                rest.split("\r\n").next().unwrap_or_default().to_owned()
            };
            assert_eq!(field("content-type"), "application/json");
            let mut body = vec![0; field("content-length").parse().unwrap()];
            reader.read_exact(&mut body).unwrap();
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
            reader.get_mut().write_all(answer).unwrap();
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            got.push((path, field("x-key"), body));
        }
        got
    }

    #[test]
    fn a_server_gets_what_the_protocol_says() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}/in", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || server(listener, 2));
        let executor = Arc::new(Executor::new());
        let courier = Courier::new(OutboundOptions::default(), &executor);
        let config = config::Otlp {
            endpoint,
            interval_s: 60,
            buffer_bytes: 1 << 20,
            workers: true,
            headers: vec![("x-key".to_owned(), "k".to_owned())],
        };
        let exporter = Exporter::new(&config, "b".to_owned(), Arc::new(courier)).unwrap();
        exporter.otlp.line(log::Level::Info, "edge", "hello");
        future::block_on(executor.run(async {
            let figures = text(Snapshot::default());
            exporter.otlp.send_figures(&*exporter.way, &figures).await;
            exporter.flush().await;
        }));
        assert_eq!(exporter.otlp.dropped(), 0);
        let got = server.join().unwrap();
        for ((path, key, body), (expected, message)) in got.iter().zip([
            ("/in/v1/metrics", "ExportMetricsServiceRequest"),
            ("/in/v1/logs", "ExportLogsServiceRequest"),
        ]) {
            assert_eq!((path.as_str(), key.as_str()), (expected, "k"));
            check(&serde_json::from_slice(body).unwrap(), message).unwrap();
        }
    }
}
