//! What is sent, what waits, and what is lost.
#![allow(clippy::unwrap_used)]

use super::schema::check;
use super::*;
use crate::engine::LogLine;
use crate::engine::finished::Thrown;
use crate::metrics::{Snapshot, text};
use crate::observe::Observe;
use crate::observe::logger::Tap as _;
use crate::observe::tests::finished;
use futures_lite::future::{self, block_on};
use postern_abi::event::LogLevel;

/// A server that answers so, and keeps what it was sent.
struct Server {
    answer: Mutex<Result<u16, String>>,
    sent: Mutex<Vec<(Signal, Value)>>,
}

impl Server {
    fn new(answer: Result<u16, String>) -> Self {
        Self {
            answer: Mutex::new(answer),
            sent: Mutex::default(),
        }
    }

    fn logs(&self) -> Vec<Value> {
        let sent = self.sent.lock();
        let bodies = sent.iter().filter(|(signal, _)| *signal == Signal::Logs);
        bodies
            .flat_map(|(_, body)| {
                check(body, "ExportLogsServiceRequest").unwrap();
                let records = &body["resourceLogs"][0]["scopeLogs"][0]["logRecords"];
                records.as_array().unwrap().clone()
            })
            .collect()
    }
}

impl Post for Server {
    fn post(&self, signal: Signal, body: Vec<u8>) -> Posting {
        let body = serde_json::from_slice(&body).unwrap();
        self.sent.lock().push((signal, body));
        let answer = self.answer.lock().clone();
        Box::pin(async move { answer })
    }
}

fn otlp(buffer_bytes: usize) -> Otlp {
    Otlp::new(OtlpOptions {
        interval: Duration::from_secs(60),
        buffer_bytes,
        workers: true,
        board: "b".to_owned(),
    })
}

#[test]
fn figures_are_metrics() {
    let (server, otlp) = (Server::new(Ok(200)), otlp(1 << 20));
    let snapshot = Snapshot {
        process_cpu_s: 1.5,
        refusals: vec![("cpu-ms", u64::MAX)],
        ..Snapshot::default()
    };
    block_on(otlp.send_figures(&server, &text(snapshot)));
    let sent = server.sent.lock();
    let (signal, body) = &sent[0];
    assert_eq!(*signal, Signal::Metrics);
    check(body, "ExportMetricsServiceRequest").unwrap();
    let metrics = &body["resourceMetrics"][0]["scopeMetrics"][0]["metrics"];
    let find = |name: &str| {
        let metrics = metrics.as_array().unwrap().iter();
        metrics.clone().find(|it| it["name"] == name).unwrap()
    };
    let cpu = find("process_cpu_seconds");
    assert_eq!(cpu["sum"]["dataPoints"][0]["asDouble"], 1.5);
    assert_eq!(
        (&cpu["unit"], &cpu["sum"]["isMonotonic"]),
        (&"s".into(), &true.into())
    );
    // Exact, however large.
    let refused = &find("postern_refusals")["sum"]["dataPoints"][0];
    assert_eq!(refused["asInt"], u64::MAX.to_string());
    assert_eq!(refused["attributes"][0]["value"]["stringValue"], "cpu-ms");
    assert!(find("postern_workers")["gauge"].is_object());
    assert_eq!(otlp.dropped(), 0);
}

#[test]
fn logs_of_workers_and_of_the_daemon_are_log_records() {
    let (server, otlp) = (Server::new(Ok(202)), otlp(1 << 20));
    let observe = Observe::default();
    observe.deliver_to(vec![Arc::new(otlp.clone())]);
    let logs = [LogLine {
        level: LogLevel::Warn,
        message: "careful".to_owned(),
        values: None,
        at_ms: 7,
    }];
    let thrown = Thrown {
        name: "TypeError".to_owned(),
        message: "no".to_owned(),
        stack: "at x".to_owned(),
        at_ms: 8,
    };
    observe.invocation(&finished("quiet", &[]));
    observe.invocation(&Finished {
        exception: Some(&thrown),
        ..finished("loud", &logs)
    });
    otlp.line(log::Level::Error, "store", "disk");
    // Its own troubles are not its business.
    otlp.line(log::Level::Warn, "otlp", "logs were not exported");
    block_on(otlp.send_logs(&server));
    let records = server.logs();
    let told: Vec<(&str, &str)> = records
        .iter()
        .map(|it| {
            let body = it["body"]["stringValue"].as_str().unwrap();
            (it["severityText"].as_str().unwrap(), body)
        })
        .collect();
    assert_eq!(
        told,
        [("WARN", "careful"), ("ERROR", "no"), ("ERROR", "disk")]
    );
    assert_eq!(records[0]["timeUnixNano"], "7000000");
    let attributes = records[1]["attributes"].to_string();
    for part in ["exception.stacktrace", "postern.ray", "loud"] {
        assert!(attributes.contains(part), "{attributes}");
    }
    block_on(otlp.send_logs(&server));
    assert_eq!(server.sent.lock().len(), 1);
}

#[test]
fn what_is_not_taken_waits_and_what_has_no_room_is_counted() {
    let (server, otlp) = (Server::new(Err("nobody there".to_owned())), otlp(1000));
    for number in 0..100 {
        otlp.line(log::Level::Info, "edge", &format!("line {number}"));
    }
    let dropped = otlp.dropped();
    assert!((80..100).contains(&dropped), "{dropped}");
    block_on(otlp.send_logs(&server));
    assert_eq!(otlp.dropped(), dropped);
    *server.answer.lock() = Ok(503);
    block_on(otlp.send_logs(&server));
    server.sent.lock().clear();
    *server.answer.lock() = Ok(200);
    block_on(otlp.send_logs(&server));
    let kept = server.logs();
    assert_eq!(kept.len() as u64, 100 - dropped);
    assert_eq!(kept[0]["body"]["stringValue"], "line 0");
    // What a server will not have is not sent twice.
    otlp.line(log::Level::Info, "edge", "wrong");
    *server.answer.lock() = Ok(400);
    block_on(otlp.send_logs(&server));
    assert_eq!(otlp.dropped(), dropped + 1);
    assert!(otlp.0.queue.lock().take(1).is_empty());
    block_on(otlp.send_figures(&server, &text(Snapshot::default())));
    assert_eq!(otlp.dropped(), dropped + 2);
}

#[test]
fn a_server_that_fails_is_not_asked_for_each_line() {
    let server = Arc::new(Server::new(Ok(503)));
    let otlp = otlp(1000);
    let fill = || (0..20).for_each(|_| otlp.line(log::Level::Info, "edge", "line"));
    let mut running = std::pin::pin!(otlp.clone().run(server.clone(), String::new));
    for _ in 0..5 {
        assert!(block_on(future::poll_once(&mut running)).is_none());
        fill();
    }
    assert_eq!(server.sent.lock().len(), 1);
}

#[test]
fn figures_go_out_however_much_is_logged() {
    let server = Arc::new(Server::new(Ok(200)));
    let otlp = Otlp::new(OtlpOptions {
        interval: Duration::from_millis(20),
        ..otlp(1000).0.options.clone()
    });
    let fill = || (0..20).for_each(|_| otlp.line(log::Level::Info, "edge", "line"));
    let figures = || text(Snapshot::default());
    let mut running = std::pin::pin!(otlp.clone().run(server.clone(), figures));
    let is_there = |it: &Signal| server.sent.lock().iter().any(|(signal, _)| signal == it);
    while !is_there(&Signal::Metrics) {
        assert!(block_on(future::poll_once(&mut running)).is_none());
        fill();
    }
    assert!(is_there(&Signal::Logs));
}

#[test]
fn what_waits_again_is_bounded_still() {
    let otlp = otlp(400);
    let line = || {
        Entry::Line(Line {
            level: log::Level::Info,
            at_ns: 0,
            module: "m".to_owned(),
            message: "x".repeat(35),
        })
    };
    let mut queue = otlp.0.queue.lock();
    assert_eq!((0..9).filter(|_| queue.push(line())).count(), 4);
    let taken = queue.take(9);
    assert!(queue.push(line()) && queue.push(line()));
    // The newest of those that were taken have room.
    assert_eq!(queue.put_back(taken), 2);
    assert_eq!(queue.take(9).len(), 4);
}
