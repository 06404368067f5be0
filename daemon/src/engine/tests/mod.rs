//! The engine alone: a guest in text, no store, no sockets.
#![allow(clippy::unwrap_used)]

use super::caller::Caller;
use super::invocation::{Ray, Reply, ReplyBody, Request, RequestBody};
use super::limits::{Failure, Limits, Outcome};
use super::ops::{Bindings, OpFailure, OpReply, Started};
use super::refusal::{Refusal, Stage};
use super::*;
use bytes::Bytes;
use futures_lite::StreamExt;
use postern_abi::{OpKind, SyncOp};
use stage::*;

mod admission;
mod crypto;
mod held;
#[cfg(feature = "javascript")]
mod inner;
#[cfg(feature = "javascript")]
mod javascript;
#[cfg(feature = "javascript")]
mod memory;
mod metered;
mod own;
#[cfg(feature = "javascript")]
mod parked;
mod replay;
mod sharing;
mod stage;

const GUEST: &str = include_str!("guest.wat");

#[test]
fn a_request_is_answered_and_recorded() {
    let bench = bench();
    let worker = bench.worker(GUEST, Limits::default());
    assert_eq!(bench.text(&worker, "h").unwrap(), "hello");
    let record = bench.last();
    assert_eq!(
        (record.status, record.outcome, record.url.as_str()),
        (200, Outcome::Ok, "http://t/h")
    );
    let first = record.fuel;
    assert_eq!(bench.text(&worker, "h").unwrap(), "hello");
    // The first one asked for a window; from then on the same input costs the same.
    let second = bench.last().fuel;
    assert!(second <= first);
    assert_eq!(bench.text(&worker, "h").unwrap(), "hello");
    assert_eq!(bench.last().fuel, second);
}

#[test]
fn what_boot_did_is_in_every_isolate() {
    let bench = bench();
    let worker = bench.worker(GUEST, Limits::default());
    assert_eq!(bench.text(&worker, "b").unwrap(), "B");
    assert_eq!(bench.text(&worker, "k").unwrap(), "1");
    assert_eq!(
        bench.text(&worker, "k").unwrap(),
        "2",
        "requests share the isolate"
    );
    assert!(bench.text(&worker, "t").is_err());
    assert_eq!(
        bench.text(&worker, "k").unwrap(),
        "1",
        "a new isolate begins with the snapshot"
    );
    assert_eq!(bench.text(&worker, "b").unwrap(), "B");
}

#[test]
fn a_module_without_a_whole_snapshot_boots_in_each_isolate() {
    let bench = bench();
    let wat = GUEST.replace(
        "(global $request",
        "(table 1 funcref) (func (table.set (i32.const 0) (ref.null func))) (global $request",
    );
    let worker = bench.worker(&wat, Limits::default());
    assert_eq!(bench.text(&worker, "b").unwrap(), "B");
    assert!(bench.text(&worker, "t").is_err());
    assert_eq!(bench.text(&worker, "b").unwrap(), "B");
}

#[test]
fn each_limit_ends_the_isolate_with_its_own_failure() {
    let check = |path: &str, expected: Outcome, text: &str| {
        let bench = bench();
        let worker = bench.worker(GUEST, small());
        let failure = bench.text(&worker, path).unwrap_err();
        assert_eq!(failure.outcome(), expected, "{path}: {failure}");
        assert!(failure.to_string().contains(text), "{path}: {failure}");
        assert_eq!(bench.last().outcome, expected, "{path}");
        assert_eq!(bench.text(&worker, "h").unwrap(), "hello", "after {path}");
        assert_eq!(bench.engine.isolates(), 1, "after {path}");
    };
    check("s", Outcome::ExceededCpu, "CPU time limit");
    check("s", Outcome::ExceededCpu, "CPU limit exceeded");
    check("a", Outcome::ExceededMemory, "1048576 bytes");
    check("r", Outcome::Exception, "call stack limit");
    check("t", Outcome::Exception, "unreachable");
    check("m", Outcome::Exception, "outside the memory");
    check("f", Outcome::Exception, "beyond the credit");
    check("o", Outcome::ExceededCpu, "CPU");
}

#[test]
fn who_never_answers_is_told_so() {
    let bench = bench();
    let worker = bench.worker(GUEST, Limits::default());
    let failure = bench.text(&worker, "n").unwrap_err();
    assert!(
        failure
            .to_string()
            .contains("will never generate a response"),
        "{failure}"
    );
    assert_eq!(bench.text(&worker, "h").unwrap(), "hello");
}

#[test]
fn who_never_answers_is_told_so_while_others_wait() {
    let bench = bench();
    let worker = bench.worker(
        GUEST,
        Limits {
            isolates: 1,
            ..Limits::default()
        },
    );
    bench.block(async {
        let waits = worker.fetch(request("T"));
        let never = worker.fetch(request("n"));
        let (waited, never) = futures_lite::future::zip(waits, never).await;
        assert_eq!(waited.unwrap().status, 200);
        assert!(never.unwrap_err().to_string().contains("never generate"));
    });
}

#[test]
fn the_log_is_cut_at_its_limit() {
    let bench = bench();
    let limits = Limits {
        log_bytes: 1000,
        cpu_ms: 1000,
        ..Limits::default()
    };
    let worker = bench.worker(GUEST, limits);
    assert_eq!(bench.text(&worker, "l").unwrap(), "hello");
    let record = bench.last();
    assert!(record.logs.iter().all(|line| line.message == "hello"));
    assert!(
        (20..=28).contains(&record.logs.len()),
        "{}",
        record.logs.len()
    );
    assert_eq!(record.logs_dropped as usize, 9000 - record.logs.len());
}

#[test]
fn bodies_stream_both_ways() {
    let bench = bench();
    let worker = bench.worker(GUEST, Limits::default());
    assert_eq!(bench.text(&worker, "d").unwrap(), "hellohe");
    let parts = (0..10).map(|_| Ok(Bytes::from(vec![1; 10_000])));
    let source = Box::pin(futures_lite::stream::iter(parts.collect::<Vec<_>>()));
    let reply = bench
        .fetch(&worker, "p", RequestBody::Stream { len: None, source })
        .unwrap();
    assert_eq!(bench.read(reply).unwrap(), "=");
    let reply = bench
        .fetch(
            &worker,
            "p",
            RequestBody::Whole(Bytes::from(vec![0; 100_000])),
        )
        .unwrap();
    assert_eq!(bench.read(reply).unwrap(), "=");
}

#[test]
fn a_request_body_beyond_its_limit_is_refused() {
    let bench = bench();
    let worker = bench.worker(
        GUEST,
        Limits {
            request_body_bytes: 5000,
            ..Limits::default()
        },
    );
    let body = |len| RequestBody::Stream {
        len,
        source: Box::pin(futures_lite::stream::iter(
            (0..10).map(|_| Ok(Bytes::from(vec![1; 1000]))),
        )),
    };
    for len in [Some(10_000), None] {
        let failure = bench.fetch(&worker, "p", body(len)).unwrap_err();
        let used = len.unwrap_or(6000);
        assert_eq!(failure, Failure::RequestBody { limit: 5000, used });
    }
}

#[test]
fn an_operation_completes_later_and_others_run_meanwhile() {
    let bench = bench();
    let worker = bench.worker(GUEST, Limits::default());
    assert_eq!(bench.text(&worker, "T").unwrap(), "hello");
}

#[test]
fn a_spinning_tenant_does_not_stop_its_neighbour() {
    let bench = Bench::new(EngineOptions {
        threads: 1,
        ..EngineOptions::default()
    });
    let spinner = bench.worker(
        GUEST,
        Limits {
            cpu_ms: 200,
            ..Limits::default()
        },
    );
    let neighbour = bench.named("other", GUEST, Limits::default());
    let order = bench.block(async {
        let order = Mutex::new(Vec::new());
        let spin = async {
            let failure = spinner.fetch(request("s")).await.unwrap_err();
            order.lock().push(failure.outcome());
        };
        let hello = async {
            assert_eq!(neighbour.fetch(request("h")).await.unwrap().status, 200);
            order.lock().push(Outcome::Ok);
        };
        futures_lite::future::zip(spin, hello).await;
        order.into_inner()
    });
    assert_eq!(order, [Outcome::Ok, Outcome::ExceededCpu]);
}

#[test]
fn a_slow_answer_is_cut_and_wait_until_has_its_own_time() {
    let bench = bench();
    let limits = Limits {
        wall_ms: 20,
        wait_until_ms: 10,
        ..Limits::default()
    };
    let worker = bench.worker(
        &GUEST.replace(
            r#"(data (i32.const 288) "\02")"#,
            r#"(data (i32.const 288) "\f0")"#,
        ),
        limits,
    );
    assert_eq!(
        bench.text(&worker, "T").unwrap_err(),
        Failure::WallTime { limit_ms: 20 }
    );
    bench.block(bench.recorded());
    assert_eq!(bench.last().outcome, Outcome::ExceededWallTime);
    assert_eq!(bench.last().told(), ["over"]);
    assert_eq!(bench.text(&worker, "h").unwrap(), "hello");
}

#[test]
fn a_client_that_leaves_takes_its_request_along() {
    let bench = bench();
    let worker = bench.worker(
        GUEST,
        Limits {
            wait_until_ms: 1,
            ..Limits::default()
        },
    );
    bench.block(async {
        // One leaves before the answer, one with the answer in hand.
        assert!(
            futures_lite::future::poll_once(worker.fetch(request("T")))
                .await
                .is_none()
        );
        drop(worker.fetch(request("d")).await.unwrap());
        while bench.records.0.lock().len() < 2 {
            futures_lite::future::yield_now().await;
        }
    });
    let mut outcomes: Vec<_> = bench
        .records
        .0
        .lock()
        .iter()
        .map(|it| format!("{:?}", it.outcome))
        .collect();
    outcomes.sort();
    assert_eq!(outcomes, ["Canceled", "Ok"]);
    assert_eq!(bench.text(&worker, "h").unwrap(), "hello");
}

/// What a Worker whose client leaves at once is told, and how that is recorded.
fn left(path: &str, limits: Limits) -> Seen {
    let bench = bench();
    let worker = bench.worker(GUEST, limits);
    bench.block(bench.left_by(&worker, path));
    assert_eq!(bench.text(&worker, "h").unwrap(), "hello", "after {path}");
    bench.records.0.lock()[0].clone()
}

#[test]
fn work_goes_on_when_the_client_has_left() {
    // It ends by itself, and what it answers then is for nobody.
    let record = left("T", Limits::default());
    assert_eq!(record.told(), ["left", "hello"]);
    assert_eq!((record.status, record.outcome), (0, Outcome::Canceled));
    // It comes to wait for nothing.
    let record = left("q", Limits::default());
    assert_eq!(record.told(), ["left", "over"]);
    assert_eq!((record.status, record.outcome), (0, Outcome::Canceled));
    let record = left("D", Limits::default());
    assert_eq!(record.told(), ["left", "over"]);
    assert_eq!(
        (record.status, record.outcome),
        (200, Outcome::ResponseStreamDisconnected)
    );
}

#[test]
fn work_has_an_end_when_the_client_has_left() {
    let bench = bench();
    let worker = bench.worker(
        &GUEST.replace(
            r#"(data (i32.const 288) "\02")"#,
            // Never.
            r#"(data (i32.const 288) "\ff")"#,
        ),
        Limits {
            wait_until_ms: 1,
            ..Limits::default()
        },
    );
    bench.block(bench.left_by(&worker, "T"));
    let told = bench.last().told();
    assert_eq!((told.len(), &*told[0], &*told[2]), (3, "left", "over"));
    assert!(told[1].starts_with("waitUntil() tasks did not complete"));
    assert_eq!(bench.last().outcome, Outcome::Canceled);
    let refusal = bench.last().refusal.unwrap();
    assert_eq!((refusal.limit, refusal.value), ("wait-until-ms", 1));
    // It is told, and the answer is what it was.
    bench.records.0.lock().clear();
    assert_eq!(bench.text(&worker, "W").unwrap(), "hello");
    bench.block(bench.recorded());
    assert_eq!(bench.last().outcome, Outcome::Ok);
    let refusal = bench.last().refusal.unwrap();
    assert_eq!(refusal.limit, "wait-until-ms");
}

#[test]
fn a_turn_that_goes_on_is_told_as_its_client_was() {
    let bench = bench();
    let limits = Limits {
        wall_ms: 1,
        ..Limits::default()
    };
    let worker = bench.worker(GUEST, limits);
    let failure = bench.text(&worker, "s").unwrap_err();
    assert_eq!(failure, Failure::WallTime { limit_ms: 1 });
    // The CPU limit ends it later.
    bench.block(bench.recorded());
    assert_eq!(bench.last().outcome, Outcome::ExceededWallTime);
    assert_eq!(bench.last().refusal.unwrap().limit, "wall-ms");
}

#[test]
fn an_exception_comes_with_the_limit_that_refused_something() {
    let bench = bench();
    let timer = "(call $op_start (i32.const 9) (i32.const 1) (i32.const 288) (i32.const 1))\n        (call $fail";
    let read = "(call $op_start (i32.const 9) (i32.const 2) (i32.const 288) (i32.const 1))\n        (call $fail";
    assert!(GUEST.contains(timer));
    let worker = bench.worker(
        &GUEST.replace(timer, read),
        Limits {
            pending_operations: 0,
            ..Limits::default()
        },
    );
    let failure = bench.text(&worker, "e").unwrap_err();
    assert_eq!(failure.to_string(), "Error: told");
    let refusal = failure.refusal().unwrap();
    assert_eq!(
        (refusal.limit, refusal.value, refusal.used),
        ("pending-operations", 0, 1)
    );
    // Where none did, none is named.
    let worker = bench.worker(GUEST, Limits::default());
    let failure = bench.text(&worker, "e").unwrap_err();
    assert_eq!(failure.refusal(), None);
}

#[test]
fn a_failure_is_told_before_the_work_is_done() {
    for path in ["e", "E"] {
        let bench = bench();
        let worker = bench.worker(GUEST, Limits::default());
        let failure = bench.text(&worker, path).unwrap_err();
        assert_eq!(failure.to_string(), "Error: told");
        assert!(bench.records.0.lock().is_empty(), "{path} is not done");
        bench.block(bench.recorded());
        assert_eq!(bench.last().told(), ["hello"]);
        assert_eq!(bench.last().outcome, Outcome::Exception);
        assert_eq!(bench.text(&worker, "h").unwrap(), "hello");
    }
}

#[test]
fn too_many_at_once_are_turned_away() {
    let bench = bench();
    let worker = bench.worker(
        GUEST,
        Limits {
            concurrent_invocations: 1,
            queue_length: 0,
            ..Limits::default()
        },
    );
    bench.block(async {
        let (first, second) =
            futures_lite::future::zip(worker.fetch(request("T")), worker.fetch(request("h"))).await;
        assert_eq!(first.unwrap().status, 200);
        let limit = "concurrent-invocations";
        assert!(matches!(second, Err(Failure::Limited { limit: it, value: 1, .. }) if it == limit));
    });
    // That is told as of others that failed.
    let (refusal, stage) = {
        let records = bench.records.0.lock();
        let refused = records.iter().find(|it| it.outcome == Outcome::LoadShed);
        let refused = refused.unwrap();
        (refused.refusal.clone().unwrap(), refused.stage)
    };
    assert_eq!(
        (refusal.limit, refusal.value, refusal.used, stage),
        ("concurrent-invocations", 1, 2, Stage::Admission)
    );
    assert_eq!(bench.text(&worker, "h").unwrap(), "hello");
}

#[test]
fn memory_that_all_share_is_lent_to_who_needs_it() {
    let bench = Bench::new(EngineOptions {
        budget: Budget::new("Workers", 500 << 10),
        ..EngineOptions::default()
    });
    let workers: Vec<_> = (0..4).map(|_| bench.worker(GUEST, small())).collect();
    for round in 0..3 {
        for worker in &workers {
            assert_eq!(bench.text(worker, "h").unwrap(), "hello", "round {round}");
            assert!(bench.engine.budget().used() <= 500 << 10);
        }
    }
    assert_eq!(bench.engine.isolates(), 2, "as many as fit");
    for worker in &workers {
        worker.retire();
    }
    assert_eq!(
        (bench.engine.isolates(), bench.engine.budget().used()),
        (0, 0)
    );
}

/// Whoever has an answer may ask another Worker before the isolate that gave it has come to rest.
#[test]
fn who_has_just_answered_makes_room() {
    let bench = Bench::new(EngineOptions {
        budget: Budget::new("Workers", 300 << 10),
        // All but the first are run by the other threads.
        slice_fuel: 200,
        ..EngineOptions::default()
    });
    let workers: Vec<_> = (0..2).map(|_| bench.worker(GUEST, small())).collect();
    let (stop, stopped) = smol::channel::bounded::<()>(1);
    let runs = || bench.block(stopped.recv()).unwrap_err();
    std::thread::scope(|scope| {
        let threads = [scope.spawn(runs), scope.spawn(runs)];
        for turn in 0..500 {
            let reply = smol::block_on(workers[turn % 2].fetch(request("h")));
            assert_eq!(bench.read(reply.unwrap()).unwrap(), "hello", "{turn}");
            assert_eq!(bench.engine.isolates(), 1);
        }
        drop(stop);
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn isolates_go_at_any_moment_and_no_request_notices() {
    let bench = Bench::new(EngineOptions {
        idle: Duration::ZERO,
        ..EngineOptions::default()
    });
    let workers: Vec<_> = (0..3)
        .map(|n| bench.named(&n.to_string(), GUEST, Limits::default()))
        .collect();
    let (bench, workers) = (&bench, &workers);
    std::thread::scope(|scope| {
        let serving: Vec<_> = (0..3)
            .map(|thread| {
                scope.spawn(move || {
                    for n in 0..300 {
                        let (path, answer) = if n % 7 == thread {
                            ("d", "hellohe")
                        } else {
                            ("h", "hello")
                        };
                        let worker = &workers[(n + thread) % workers.len()];
                        assert_eq!(bench.text(worker, path).unwrap(), answer);
                    }
                })
            })
            .collect();
        while serving.iter().any(|thread| !thread.is_finished()) {
            bench.engine.sweep();
        }
    });
    bench.engine.sweep();
    // What was given back is there again when it is needed.
    smol::block_on(bench.engine.give_back());
    assert_eq!(bench.text(&workers[0], "h").unwrap(), "hello");
    bench.engine.sweep();
    assert_eq!(
        (bench.engine.isolates(), bench.engine.budget().used()),
        (0, 0)
    );
}

/// However many threads begin at once, there are no more isolates than there may be.
#[test]
fn isolates_that_begin_at_once_are_counted() {
    let bench = bench();
    let limits = Limits {
        isolates: 1,
        ..small()
    };
    for _ in 0..50 {
        let worker = bench.worker(GUEST, limits);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| assert_eq!(bench.text(&worker, "h").unwrap(), "hello"));
            }
        });
        assert_eq!(worker.warm().0, 1);
    }
}

#[test]
fn an_isolate_that_has_ended_makes_no_room() {
    let bench = bench();
    let worker = bench.worker(GUEST, small());
    worker.warm_up().unwrap();
    // Somebody else may have found it too, and still hold it.
    let held = bench.engine.resting();
    assert!(bench.engine.evict_one(bench.engine.budget()));
    assert_eq!((held.len(), bench.engine.resting().len()), (1, 1));
    assert!(!held[0].evict());
    assert!(!bench.engine.evict_one(bench.engine.budget()));
    assert_eq!(bench.engine.budget().used(), 0);
    assert_eq!(bench.text(&worker, "h").unwrap(), "hello");
}

#[test]
fn nobody_goes_who_runs_often_and_has_less_than_who_wants_room() {
    let bench = bench();
    let worker = |tenant, name| bench.tenants(tenant, name, GUEST, small());
    let (greedy, modest) = (worker("greedy", "a"), worker("modest", "b"));
    let held = bench.engine.hold(&greedy.budget(), 8 << 20).unwrap();
    assert_eq!(bench.text(&modest, "h").unwrap(), "hello");
    assert!(!bench.engine.evict_one(held.budget()));
    assert_eq!(modest.warm().0, 1);
    assert!(bench.engine.evict_one(bench.engine.budget()), "for others");
    assert_eq!(modest.warm().0, 0);
}

/// A Worker that reads its code puts itself on the list while it holds its own lock. Where the
/// order of the two is the other one too, this never ends.
#[test]
fn a_sweep_that_waits_for_a_worker_does_not_hold_the_list() {
    let bench = bench();
    let worker = bench.worker(GUEST, small());
    bench.engine.keep_an_eye_on(&worker);
    let engine = bench.engine.clone();
    let sweeper = worker.locked(|| {
        let sweeper = std::thread::spawn(move || engine.sweep());
        while !bench.engine.0.wasi.lock().is_empty() {
            std::thread::yield_now();
        }
        bench.engine.keep_an_eye_on(&worker);
        sweeper
    });
    sweeper.join().unwrap();
    assert_eq!(bench.engine.0.wasi.lock().len(), 1);
}

#[test]
fn a_worker_whose_isolates_keep_ending_pauses() {
    let bench = bench();
    let worker = bench.worker(GUEST, Limits::default());
    let paused = (0..40)
        .map(|_| bench.text(&worker, "t").unwrap_err())
        .any(|failure| matches!(failure, Failure::Overloaded { .. }));
    assert!(paused);
}

#[test]
fn start_up_has_a_limit_and_no_input() {
    let check = |boot: &str, expected: &str| {
        let wat = GUEST.replace("(global.set $booted (i32.const 7))", boot);
        let limits = Limits {
            startup_cpu_ms: 2,
            memory_bytes: 1 << 20,
            ..Limits::default()
        };
        let bench = bench();
        let refused = bench
            .block(
                bench
                    .engine
                    .judge("tenant", wat::parse_str(&wat).unwrap().into(), &limits),
            )
            .unwrap_err();
        assert!(refused.to_string().contains(expected), "{refused}");
    };
    check("(loop $l (br $l))", "more than 2 ms of CPU");
    check("(unreachable)", "unreachable");
    check("(return (i32.const 3))", "returned 3");
    check(
        "(call $op_start (i32.const 1) (i32.const 1) (i32.const 288) (i32.const 1))",
        "started an operation",
    );
    check(
        "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (unreachable)",
        "1048576 bytes of memory",
    );
}

#[test]
fn limits_change_while_a_worker_runs() {
    let bench = bench();
    let limits = Limits {
        isolates: 1,
        ..Limits::default()
    };
    let worker = bench.worker(GUEST, limits);
    bench.block(async {
        let waits = worker.fetch(request("T"));
        let (waited, ()) = futures_lite::future::zip(waits, async {
            // It is under way, and what it began with stays.
            futures_lite::future::yield_now().await;
            worker.set_limits(
                Limits {
                    wall_ms: 10,
                    log_bytes: 1000,
                    ..limits
                },
                None,
            );
        })
        .await;
        assert_eq!(waited.unwrap().status, 200);
    });
    assert_eq!(bench.engine.isolates(), 1, "it goes on");
    assert_eq!(worker.limits().wall_ms, 10);
    // The next invocation has the new ones, in the isolate that there was.
    worker.set_limits(
        Limits {
            log_bytes: 1000,
            cpu_ms: 1000,
            ..limits
        },
        None,
    );
    assert_eq!(bench.text(&worker, "l").unwrap(), "hello");
    assert!(bench.last().logs.len() <= 28);
    assert_eq!(bench.engine.isolates(), 1);
    // Memory is an isolate's: one that rests makes way for one that has it.
    worker.set_limits(small(), None);
    assert_eq!(bench.engine.isolates(), 0);
    let failure = bench.text(&worker, "a").unwrap_err();
    assert!(failure.to_string().contains("1048576 bytes"), "{failure}");
    worker.set_limits(
        Limits {
            call_depth: 30,
            ..limits
        },
        None,
    );
    let failure = bench.text(&worker, "r").unwrap_err();
    assert!(failure.to_string().contains("30 nested calls"), "{failure}");
}
