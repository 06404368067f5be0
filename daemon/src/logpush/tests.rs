//! Jobs as a whole: what they send, what they keep, what they drop.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::engine::invocation::Ray;
use crate::engine::limits::Outcome;
use crate::observe::Observe;
use crate::store::StoreOptions;
use serde_json::{Value, json};
use smol::future::block_on;

/// A server: takes batches once it is let.
#[derive(Default)]
struct Server {
    taken: Mutex<Vec<Value>>,
    fails: AtomicBool,
    hangs: AtomicBool,
}

impl Send for Server {
    fn send(&self, to: &Destination, lines: Vec<u8>) -> Sending {
        assert_eq!(to.headers, [("X-Key".to_owned(), "a b".to_owned())]);
        if self.fails.load(Relaxed) {
            return Box::pin(async { Err("503".to_owned()) });
        }
        if self.hangs.load(Relaxed) {
            return Box::pin(std::future::pending());
        }
        let lines = String::from_utf8(lines).unwrap();
        let lines = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        self.taken.lock().extend(lines);
        Box::pin(async { Ok(()) })
    }
}

struct Bench {
    store: Store,
    observe: Observe,
    logpush: Logpush,
    server: Arc<Server>,
    executor: Arc<Executor<'static>>,
    _dir: tempfile::TempDir,
}

fn bench() -> Bench {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(StoreOptions::new(dir.path())).unwrap().store;
    let server = Arc::new(Server::default());
    let executor = Arc::new(Executor::new());
    let logpush = Logpush::open(store.clone(), server.clone(), executor.clone()).unwrap();
    let observe = Observe::default();
    observe.deliver_to(vec![Arc::new(logpush.clone())]);
    Bench {
        store,
        observe,
        logpush,
        server,
        executor,
        _dir: dir,
    }
}

fn wanted(change: JobChange) -> JobChange {
    JobChange {
        enabled: Some(true),
        destination_conf: Some("http://logs.example/in?header_X-Key=a%20b&tenant=1".to_owned()),
        ..change
    }
}

impl Bench {
    fn ends(&self, namespace: &str, script: &str, outcome: Outcome) {
        self.observe.invocation(&Finished {
            namespace,
            script,
            version: "v1",
            ray: Ray(1),
            origin: None,
            invoked: 0,
            outcome,
            started_ms: 5,
            fuel: 1,
            cpu_us: 1500,
            wall_us: 2500,
            queue_us: 0,
            start_us: 0,
            trigger: None,
            entrypoint: None,
            rpc_method: None,
            method: "GET",
            url: "http://a.example/",
            headers: None,
            status: Some(200),
            logs: &[],
            logs_dropped: 0,
            exception: None,
            labels: None,
            tail_depth: 0,
            listeners: &[],
            memory_bytes: 0,
            subrequests: 0,
            tenant: "t",
            refusal: None,
            stage: crate::engine::refusal::Stage::Response,
        });
    }

    /// Runs until the server has this many lines.
    fn sent(&self, count: usize) -> Vec<Value> {
        block_on(self.executor.run(async {
            while self.server.taken.lock().len() < count {
                smol::future::yield_now().await;
            }
        }));
        self.server.taken.lock().clone()
    }
}

#[test]
fn what_is_covered_and_let_through_is_sent() {
    let bench = bench();
    let filter = json!({"where": {"and": [
        {"key": "Outcome", "operator": "!in", "value": ["canceled"]},
        {"or": [{"key": "ScriptName", "operator": "startsWith", "value": "s"},
                {"key": "DispatchNamespace", "operator": "eq", "value": "whole"}]},
    ]}});
    let change = JobChange {
        filter: Some(filter.to_string()),
        fields: Some(vec![
            "ScriptName".to_owned(),
            "Outcome".to_owned(),
            "Event".to_owned(),
        ]),
        ..JobChange::default()
    };
    block_on(bench.logpush.create(wanted(change))).unwrap();
    bench.ends("n", "s1", Outcome::Ok);
    bench.logpush.cover("n", "s1", Some(Vec::new()));
    bench.logpush.cover(
        "(account)",
        "dispatcher",
        Some(vec!["dispatched".to_owned()]),
    );
    bench.logpush.cover_namespace("whole", true);
    bench.ends("n", "s1", Outcome::Exception);
    bench.ends("n", "s1", Outcome::Canceled);
    bench.ends("n", "s2", Outcome::Ok);
    bench.ends("dispatched", "s3", Outcome::Ok);
    bench.ends("dispatched", "other", Outcome::Ok);
    bench.ends("whole", "any", Outcome::Ok);
    assert!(bench.logpush.forget_namespace("whole"));
    bench.ends("whole", "any", Outcome::Ok);
    bench.logpush.cover("n", "s1", None);
    bench.logpush.cover("(account)", "dispatcher", None);
    bench.ends("dispatched", "s3", Outcome::Ok);
    bench.logpush.cover_namespace("whole", false);
    bench.ends("n", "s1", Outcome::Ok);
    bench.ends("whole", "any", Outcome::Ok);
    let sent = bench.sent(3);
    let names: Vec<&str> = sent
        .iter()
        .map(|it| it["ScriptName"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["s1", "s3", "any"]);
    assert_eq!(
        sent[0],
        json!({
            "ScriptName": "s1", "Outcome": "exception",
            "Event": {
                "RayID": "0000000000000001",
                "Request": {"URL": "http://a.example/", "Method": "GET"},
                "Response": {"Status": 200},
            },
        })
    );
}

#[test]
fn what_a_server_does_not_take_is_sent_again_after_a_restart_too() {
    let bench = bench();
    bench.server.fails.store(true, Relaxed);
    bench.logpush.cover("n", "s", Some(Vec::new()));
    let (job, _) = block_on(bench.logpush.create(wanted(JobChange::default()))).unwrap();
    bench.ends("n", "s", Outcome::Ok);
    block_on(bench.executor.run(async {
        while bench.logpush.job(job.id).unwrap().1.error.is_none() {
            smol::future::yield_now().await;
        }
    }));
    let (_, state) = bench.logpush.job(job.id).unwrap();
    assert!(state.waiting_bytes > 0 && state.last_complete_ms.is_none());
    // What waits in memory goes into the store when the daemon ends.
    bench.ends("n", "s", Outcome::Exception);
    block_on(bench.logpush.flush());
    drop(bench.logpush);
    let again = Arc::new(Server::default());
    let logpush =
        Logpush::open(bench.store.clone(), again.clone(), bench.executor.clone()).unwrap();
    assert_eq!(logpush.jobs()[0].0.destination_conf, job.destination_conf);
    block_on(bench.executor.run(async {
        while again.taken.lock().len() < 2 || logpush.jobs()[0].1.waiting_bytes > 0 {
            smol::future::yield_now().await;
        }
    }));
    assert!(logpush.jobs()[0].1.last_complete_ms.is_some());
}

#[test]
fn a_server_that_never_answers_leaves_no_lines_in_memory() {
    let bench = bench();
    bench.server.hangs.store(true, Relaxed);
    bench.logpush.cover("n", "s", Some(Vec::new()));
    let (job, _) = block_on(bench.logpush.create(wanted(JobChange::default()))).unwrap();
    let stored = || Spool::open(&bench.store, job.id).unwrap().bytes();
    let mut before = 0;
    for _ in 0..2 {
        bench.ends("n", "s", Outcome::Ok);
        block_on(bench.executor.run(async {
            while stored() <= before {
                smol::future::yield_now().await;
            }
        }));
        before = stored();
    }
    assert_eq!(bench.logpush.job(job.id).unwrap().1.waiting_bytes, before);
}

#[test]
fn what_has_no_room_is_dropped_oldest_first() {
    let bench = bench();
    let spool = Arc::new(Spool::open(&bench.store, 1).unwrap());
    let line = |at: usize| format!("{at:0>3}{}", "x".repeat(99_997));
    for at in 0..20 {
        spool.push(line(at));
    }
    // Half of them had no room in memory.
    assert_eq!(spool.dropped(), 10);
    block_on(spool.clone().flush());
    for at in 0..50 {
        spool.push(line(100 + at));
        block_on(spool.clone().flush());
    }
    assert!(spool.bytes() <= spool::SPOOL_MAX);
    let kept = spool::SPOOL_MAX / 100_001;
    assert_eq!(spool.dropped() as usize, 10 + 60 - kept);
    let (_, first) = block_on(spool.first()).unwrap();
    assert_eq!(first, format!("{}\n", line(150 - kept)).into_bytes());
    // The same after a restart.
    let again = Spool::open(&bench.store, 1).unwrap();
    assert_eq!(again.bytes(), spool.bytes());
    let mut batch = bench.store.records().batch();
    spool.clear(&mut batch).unwrap();
    batch.commit().unwrap();
    assert_eq!(Spool::open(&bench.store, 1).unwrap().bytes(), 0);
}

#[test]
fn jobs_have_bounds_and_say_what_is_wrong() {
    let bench = bench();
    let refused = |change: JobChange| {
        block_on(bench.logpush.create(change))
            .unwrap_err()
            .to_string()
    };
    let conf = |conf: &str| JobChange {
        destination_conf: Some(conf.to_owned()),
        ..JobChange::default()
    };
    for (wrong, expect) in [
        (JobChange::default(), "missing"),
        (conf("s3://bucket/path"), "http:// and https://"),
        (conf("http://"), "no URL"),
        (
            conf("http://user:secret@a.example/"),
            "header_Authorization",
        ),
        (conf("http://a.example/?header_Host=b"), "no header field"),
        (conf("http://a.example/?header_a%0Ab=c"), "no header field"),
        (
            conf("http://a.example/?header_a=b%0D%0Ac"),
            "no header field",
        ),
        (
            conf(&format!("http://a.example/{}", "x".repeat(5000))),
            "the limit is 4096",
        ),
    ] {
        let message = refused(wrong);
        assert!(message.contains(expect), "{message}");
    }
    let with = |dataset: &str, filter: &str, field: &str| JobChange {
        dataset: Some(dataset.to_owned()),
        filter: Some(filter.to_owned()),
        fields: Some(vec![field.to_owned()]),
        ..wanted(JobChange::default())
    };
    let dataset = "workers_trace_events";
    assert!(refused(with("http_requests", "", "Event")).contains("http_requests"));
    assert!(refused(with(dataset, "", "Ray")).contains("field 'Ray'"));
    assert!(refused(with(dataset, "{", "Event")).contains("filter"));
    for filter in [
        json!({"key": "ClientIP", "operator": "eq", "value": "x"}),
        json!({"key": "Outcome", "operator": "lt", "value": "x"}),
        json!({"key": "Outcome", "operator": "eq", "value": 1}),
        json!({"and": {}}),
        json!({"and": [{"or": [{"and": [{"or": [{"and": [{"or": []}]}]}]}]}]}),
    ] {
        let filter = json!({ "where": filter }).to_string();
        assert!(
            refused(with(dataset, &filter, "Event")).starts_with("filter: "),
            "{filter}"
        );
    }
    for _ in 0..JOBS_MAX {
        block_on(bench.logpush.create(with(dataset, "", "Event"))).unwrap();
    }
    assert!(refused(with(dataset, "", "Event")).contains("8 logpush jobs"));
    block_on(bench.logpush.delete(3)).unwrap();
    assert_eq!(
        block_on(bench.logpush.delete(3)),
        Err(JobError::NotFound(3))
    );
    let off = JobChange {
        enabled: Some(false),
        ..JobChange::default()
    };
    let (job, _) = block_on(bench.logpush.update(2, off)).unwrap();
    assert!(!job.enabled && job.destination.target == "/in?tenant=1");
}
