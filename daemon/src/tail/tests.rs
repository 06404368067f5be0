//! Whom invocations are told to, and what is dropped.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::engine::finished::{Listener, LogLine, Telling};
use crate::engine::invocation::Trigger;
use crate::engine::limits::Outcome;
use crate::observe::Observe;
use parking_lot::Mutex;

/// Takes what is told; answers once it is let.
#[derive(Default)]
struct Told {
    batches: Mutex<Vec<(String, Vec<String>, Value)>>,
    gate: Mutex<Option<smol::channel::Receiver<()>>>,
}

impl Deliver for Told {
    fn deliver(&self, consumer: &Consumer, batch: Batch) -> Delivering {
        let items = serde_json::from_slice(&batch.items).unwrap();
        let told = (consumer.script.clone(), batch.scripts, items);
        self.batches.lock().push(told);
        let gate = self.gate.lock().clone();
        Box::pin(async move {
            if let Some(gate) = gate {
                let _closed = gate.recv().await;
            }
            Ok(())
        })
    }
}

struct Bench {
    executor: Arc<Executor<'static>>,
    tails: Tails,
    observe: Observe,
    told: Arc<Told>,
    gate: Option<smol::channel::Sender<()>>,
}

impl Bench {
    fn new(holds: bool) -> Self {
        let executor = Arc::new(Executor::new());
        let told = Arc::new(Told::default());
        let (gate, waits) = smol::channel::bounded(1);
        *told.gate.lock() = holds.then_some(waits);
        let tails = Tails::new(executor.clone());
        tails.deliver_by(told.clone());
        let observe = Observe::default();
        observe.deliver_to(vec![Arc::new(tails.clone())]);
        Self {
            executor,
            tails,
            observe,
            told,
            gate: holds.then_some(gate),
        }
    }

    /// Lets go of all calls that it holds.
    fn release(&mut self) {
        *self.told.gate.lock() = None;
        self.gate = None;
        while self.executor.try_tick() {}
    }

    /// `consumer` of the namespace 1 is told of a script.
    fn set(&self, namespace: &str, script: &str, consumer: &str) {
        let consumer = Consumer {
            namespace: [1; 16],
            script: consumer.to_owned(),
        };
        self.tails.set(namespace, script, vec![consumer]);
    }

    fn ends(&self, finished: &Finished<'_>) {
        self.observe.invocation(finished);
        while self.executor.try_tick() {}
    }

    /// Consumer and scripts of each call.
    fn calls(&self) -> Vec<String> {
        let batches = self.told.batches.lock();
        let calls = batches.iter();
        calls
            .map(|(consumer, scripts, _)| format!("{consumer}: {}", scripts.join(" ")))
            .collect()
    }
}

fn finished<'a>(namespace: &'a str, script: &'a str, ray: u64) -> Finished<'a> {
    Finished {
        namespace,
        script,
        version: "v",
        ray: Ray(ray),
        origin: None,
        invoked: 0,
        outcome: Outcome::Ok,
        started_ms: 1,
        fuel: 1,
        cpu_us: 1,
        wall_us: 1,
        queue_us: 0,
        start_us: 0,
        trigger: None,
        entrypoint: None,
        rpc_method: None,
        method: "GET",
        url: "http://a.example/0123456789abcdef0123456789abcdef",
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
    }
}

#[test]
fn a_consumer_is_told_what_others_may_not_see() {
    let bench = Bench::new(false);
    bench.ends(&finished("n", "s", 1));
    assert!(bench.calls().is_empty());
    bench.set("n", "s", "t");
    let mut headers = http::HeaderMap::new();
    headers.append("x-key", "secret".parse().unwrap());
    headers.append("x-a", "1".parse().unwrap());
    headers.append("x-a", "2".parse().unwrap());
    bench.ends(&Finished {
        headers: Some(&headers),
        ..finished("n", "s", 2)
    });
    bench.ends(&finished("n", "other", 3));
    assert_eq!(bench.calls(), ["t: s"]);
    let items = bench.told.batches.lock()[0].2.clone();
    let request = &items[0]["event"]["request"];
    assert_eq!(request["url"], "http://a.example/REDACTED");
    assert_eq!(request["headers"]["x-key"], "REDACTED");
    assert_eq!(request["headers"]["x-a"], "1, 2");
    let raw = &items[0]["raw"];
    assert!(raw["url"].as_str().unwrap().ends_with("abcdef"));
    assert_eq!(raw["headers"]["x-key"], "secret");
    bench.tails.rename("n", "m");
    bench.ends(&finished("n", "s", 4));
    bench.ends(&finished("m", "s", 5));
    assert_eq!(bench.calls(), ["t: s", "t: s"]);
    bench.tails.set("m", "s", Vec::new());
    bench.ends(&finished("m", "s", 6));
    assert_eq!(bench.calls().len(), 2);
    assert_eq!(bench.tails.counts().delivered, 2);
}

/// An invocation that this began.
fn began<'a>(script: &'a str, trigger: &'a Trigger) -> Finished<'a> {
    Finished {
        tail_depth: trigger.depth(),
        trigger: Some(trigger),
        ..finished("n", script, 1)
    }
}

#[test]
fn tail_workers_in_a_row_end() {
    let bench = Bench::new(false);
    bench.set("n", "s", "t");
    bench.set("n", "t", "t");
    bench.set("n", "u", "v");
    let tail = |depth| Trigger::Tail {
        items: Bytes::new(),
        scripts: vec!["s".to_owned()],
        depth,
        entry: None,
    };
    let (first, last) = (tail(1), tail(DEPTH_MAX));
    // Not told of itself, though of its requests.
    bench.ends(&began("t", &first));
    assert!(bench.calls().is_empty());
    bench.ends(&finished("n", "t", 2));
    assert_eq!(bench.calls(), ["t: t"]);
    bench.ends(&began("u", &first));
    assert_eq!(bench.calls(), ["t: t", "v: u"]);
    assert_eq!(
        bench.told.batches.lock()[1].2[0]["event"],
        serde_json::json!({"consumedEvents": [{"scriptName": "s"}]})
    );
    bench.ends(&began("u", &last));
    assert_eq!(bench.calls().len(), 2);
}

#[test]
fn a_dispatcher_is_told_with_the_workers_that_it_called() {
    let bench = Bench::new(false);
    bench.set("(account)", "dispatcher", "t");
    let child = |namespace, script, ray| Finished {
        origin: Some(Ray(1)),
        ..finished(namespace, script, ray)
    };
    let root = Finished {
        invoked: 2,
        ..finished("(account)", "dispatcher", 1)
    };
    // In any order; a Worker of its own namespace is told by its own consumers alone.
    bench.ends(&child("n", "user", 2));
    bench.ends(&root);
    assert!(bench.calls().is_empty());
    bench.ends(&child("(account)", "service", 3));
    assert_eq!(bench.calls(), ["t: dispatcher user"]);
    // A script with a consumer of its own is told there as well.
    bench.set("n", "user", "own");
    bench.ends(&child("n", "user", 2));
    assert_eq!(bench.calls()[1], "own: user");
    bench.ends(&child("n", "user", 3));
    bench.ends(&root);
    assert_eq!(bench.calls()[3], "t: dispatcher user user");
}

#[test]
fn a_consumer_that_does_not_keep_up_loses_items() {
    let bench = Bench::new(true);
    bench.set("n", "s", "t");
    for ray in 0..2 * queue::QUEUE_MAX as u64 {
        bench.ends(&finished("n", "s", ray));
    }
    // Four are under way, and as many wait as may.
    assert_eq!(bench.calls().len(), 4);
    let dropped = bench.tails.counts().dropped;
    assert_eq!(dropped as usize, queue::QUEUE_MAX - 4);
}

#[test]
fn who_floods_loses_what_is_its_own() {
    // Of one consumer.
    let mut bench = Bench::new(true);
    for script in ["flood", "calm"] {
        bench.set("n", script, "t");
    }
    for ray in 0..200 {
        bench.ends(&finished("n", "flood", ray));
    }
    for ray in 0..10 {
        bench.ends(&finished("n", "calm", ray));
    }
    for ray in 0..200 {
        bench.ends(&finished("n", "flood", ray));
    }
    bench.release();
    let told = |bench: &Bench, of: &str| bench.calls().iter().filter(|it| **it == of).count();
    assert_eq!(told(&bench, "t: calm"), 10);
    assert_eq!(told(&bench, "t: flood"), 4 + queue::QUEUE_MAX - 10);
    assert_eq!(bench.tails.counts().dropped, 410 - 68);

    // Of the room of all: many consumers of one tenant, each with less than a queue's bound.
    let mut bench = Bench::new(true);
    let names: Vec<String> = (0..200).map(|at| format!("t{at}")).collect();
    let lines = [LogLine {
        level: postern_abi::event::LogLevel::Log,
        message: "x".repeat(7000),
        values: None,
        at_ms: 1,
    }];
    bench.set("n", "calm", "own");
    for round in 0..6 {
        for name in &names {
            bench.set("n", "flood", name);
            bench.ends(&Finished {
                logs: &lines,
                ..finished("n", "flood", round)
            });
        }
    }
    assert!(bench.tails.counts().dropped > 0);
    for ray in 0..10 {
        bench.ends(&Finished {
            logs: &lines,
            ..finished("n", "calm", ray)
        });
    }
    bench.release();
    assert_eq!(told(&bench, "own: calm"), 10);
}

#[test]
fn families_that_flood_leave_others_alone() {
    let bench = Bench::new(false);
    bench.set("(account)", "dispatcher", "t");
    let child = |script, ray| Finished {
        origin: Some(Ray(ray)),
        ..finished("n", script, 100_000 + ray)
    };
    bench.ends(&child("calm", 1));
    for ray in 2..2000 {
        bench.ends(&child("flood", ray));
    }
    let root = |ray, invoked| Finished {
        invoked,
        ..finished("(account)", "dispatcher", ray)
    };
    bench.ends(&root(1, 1));
    assert_eq!(bench.calls(), ["t: dispatcher calm"]);
    // What must go is told as far as it is known.
    bench.ends(&root(5000, 1));
    for ray in 10_000..12_000 {
        bench.ends(&child("flood", ray));
    }
    bench.ends(&root(20_000, 2));
    for ray in 30_000..32_000 {
        bench.ends(&root(ray, 2));
    }
    assert!(bench.calls().contains(&"t: dispatcher".to_owned()));
    assert!(bench.tails.0.families.lock().len() <= 256);
}

#[test]
fn what_nobody_is_told_of_is_not_kept() {
    let bench = Bench::new(false);
    bench.set("(account)", "other", "t");
    bench.ends(&Finished {
        origin: Some(Ray(1)),
        ..finished("n", "user", 2)
    });
    assert_eq!(bench.tails.0.families.lock().len(), 1);
    bench.ends(&Finished {
        invoked: 1,
        ..finished("(account)", "dispatcher", 1)
    });
    assert_eq!(bench.tails.0.families.lock().len(), 0);
}

#[test]
fn families_without_end_are_forgotten() {
    let bench = Bench::new(false);
    bench.set("(account)", "dispatcher", "t");
    for ray in 0..2000 {
        bench.ends(&Finished {
            origin: Some(Ray(10_000 + ray)),
            ..finished("n", "user", ray)
        });
    }
    assert!(bench.tails.0.families.lock().len() <= 256);
}

/// One of a loader's, which holds whatever it is told.
#[derive(Debug)]
struct Given(usize);

impl Listener for Given {
    fn tell(&self, _: Trigger) -> Telling {
        Box::pin(std::future::pending())
    }
    fn owner(&self) -> usize {
        self.0
    }
}

#[test]
fn what_a_loader_has_told_waits_in_one_queue() {
    let bench = Bench::new(false);
    let ends = |owner| {
        let listeners: Vec<Arc<dyn Listener>> = vec![Arc::new(Given(owner))];
        bench.ends(&Finished {
            listeners: &listeners,
            ..finished("n", "s", 1)
        });
    };
    for _ in 0..2 * queue::QUEUE_MAX {
        ends(1);
    }
    let dropped = bench.tails.counts().dropped;
    assert_eq!(dropped as usize, queue::QUEUE_MAX - 4);
    // Another's has its own.
    ends(2);
    assert_eq!(bench.tails.counts().dropped, dropped);
    // Three in a row, and no more.
    let listeners: Vec<Arc<dyn Listener>> = vec![Arc::new(Given(3))];
    let last = Finished {
        listeners: &listeners,
        tail_depth: DEPTH_MAX,
        ..finished("n", "s", 1)
    };
    assert!(!bench.tails.wants(&last));
}
