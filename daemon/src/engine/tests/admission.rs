//! Who is let in: caps of a Worker and of its tenant, and the line before them.

use super::stage::*;
use super::*;
use crate::engine::caller::Chain;
use crate::engine::limits::ADMISSION;
use futures_lite::future::{poll_once, zip};

/// Answers after a while, so that somebody is inside.
const SLOW: &str = "T";

fn limited<T>(result: Result<T, Failure>) -> Option<(&'static str, u64, u64)> {
    match result {
        Err(Failure::Limited {
            limit, value, used, ..
        }) => Some((limit, value, used)),
        _ => None,
    }
}

fn one_at_a_time() -> Limits {
    Limits {
        concurrent_invocations: 1,
        queue_length: 1,
        queue_ms: 30_000,
        ..Limits::default()
    }
}

#[test]
fn who_finds_a_worker_full_waits_in_a_line_that_has_an_end() {
    let bench = bench();
    let worker = bench.worker(GUEST, one_at_a_time());
    let fetch = |path| worker.fetch(request(path));
    bench.block(async {
        let waiting = zip(fetch(SLOW), fetch("h"));
        let ((first, second), third) = zip(waiting, fetch("h")).await;
        assert_eq!(first.unwrap().status, 200);
        assert_eq!(second.unwrap().status, 200);
        assert_eq!(limited(third), Some(("queue-length", 1, 2)));
    });
    assert_eq!(*bench.records.1.lock(), ["queue-length"]);
    assert!(worker.is_idle());
}

#[test]
fn nobody_waits_longer_than_a_line_may_last() {
    let bench = bench();
    let limits = Limits {
        queue_ms: 0,
        ..one_at_a_time()
    };
    let worker = bench.worker(GUEST, limits);
    bench.block(async {
        let (first, second) = zip(worker.fetch(request(SLOW)), worker.fetch(request("h"))).await;
        assert_eq!(first.unwrap().status, 200);
        assert_eq!(limited(second), Some(("queue-ms", 0, 0)));
    });
    assert_eq!(bench.text(&worker, "h").unwrap(), "hello");
}

#[test]
fn who_gives_up_waiting_makes_room_in_the_line() {
    let bench = bench();
    let worker = bench.worker(GUEST, one_at_a_time());
    bench.block(async {
        let mut first = Box::pin(worker.fetch(request(SLOW)));
        assert!(poll_once(first.as_mut()).await.is_none());
        for _ in 0..10 {
            let mut second = Box::pin(worker.fetch(request("h")));
            assert!(poll_once(second.as_mut()).await.is_none());
        }
        assert_eq!(first.await.unwrap().status, 200);
    });
    assert!(bench.records.1.lock().is_empty());
    assert_eq!(bench.text(&worker, "h").unwrap(), "hello");
}

#[test]
fn the_workers_of_a_tenant_have_a_cap_together() {
    let bench = bench();
    let limits = Limits {
        tenant_concurrent_invocations: 1,
        queue_length: 0,
        ..Limits::default()
    };
    let workers = ["a", "b"].map(|script| bench.tenants("acme", script, GUEST, limits));
    let other = bench.named("c", GUEST, limits);
    let inside = |path| {
        let chain = Some(Chain::default().of(workers[0].party().tenant.id));
        Request {
            chain,
            ..request(path)
        }
    };
    bench.block(async {
        let same = zip(
            workers[0].fetch(request(SLOW)),
            workers[1].fetch(request("h")),
        );
        let others = zip(other.fetch(request("h")), workers[1].fetch(inside("h")));
        let ((first, second), (third, own)) = zip(same, others).await;
        assert_eq!(first.unwrap().status, 200);
        assert_eq!(
            limited(second),
            Some(("tenant-concurrent-invocations", 1, 2))
        );
        assert_eq!(third.unwrap().status, 200);
        assert_eq!(
            own.unwrap().status,
            200,
            "it is a part of one that was let in"
        );
    });
    assert_eq!(bench.text(&workers[1], "h").unwrap(), "hello");
}

#[test]
fn requests_in_a_second_are_those_of_all_versions() {
    let bench = bench();
    let limits = Limits {
        requests_per_second: 1,
        ..Limits::default()
    };
    let workers = [(); 2].map(|()| bench.worker(GUEST, limits));
    assert_eq!(bench.text(&workers[0], "h").unwrap(), "hello");
    let asked = bench.fetch(&workers[1], "h", RequestBody::Empty);
    assert_eq!(limited(asked), Some(("requests-per-second", 1, 2)));
    // Those of the same tenant are parts of requests that were counted.
    let own = Chain::default().of(workers[1].party().tenant.id);
    let other = Chain::default().of(usize::MAX);
    let from = |chain| {
        let chain = Some(chain);
        let request = Request {
            chain,
            ..request("h")
        };
        bench.block(workers[1].fetch(request))
    };
    assert_eq!(from(own).unwrap().status, 200);
    assert!(limited(from(other)).is_some());
    assert_eq!(*bench.records.1.lock(), ["requests-per-second"; 2]);
}

#[test]
fn the_scripts_of_a_tenant_have_a_rate_together() {
    let bench = bench();
    let limits = Limits {
        tenant_requests_per_second: 1,
        ..Limits::default()
    };
    let workers = ["a", "b"].map(|script| bench.tenants("acme", script, GUEST, limits));
    assert_eq!(bench.text(&workers[0], "h").unwrap(), "hello");
    let asked = bench.fetch(&workers[1], "h", RequestBody::Empty);
    assert_eq!(limited(asked), Some(("tenant-requests-per-second", 1, 2)));
    let other = bench.named("c", GUEST, limits);
    assert_eq!(bench.text(&other, "h").unwrap(), "hello");
}

#[test]
fn a_rate_of_nothing_lets_nobody_in_and_says_when_to_ask_again() {
    let bench = bench();
    let limits = Limits {
        requests_per_second: 0,
        ..Limits::default()
    };
    let worker = bench.worker(GUEST, limits);
    let failure = bench.text(&worker, "h").unwrap_err();
    let text = failure.to_string();
    assert!(
        text.starts_with(
            "Worker exceeded requests-per-second: the limit is 0, this would be 1; send"
        ),
        "{text}"
    );
    assert!(text.ends_with("try again in 60 s"), "{text}");
    // It is told, and as one that did not come in.
    let stages = bench
        .records
        .0
        .lock()
        .iter()
        .map(|it| it.stage)
        .collect::<Vec<_>>();
    assert_eq!(stages, [Stage::Admission]);
}

#[test]
fn every_limit_on_what_is_let_in_is_one() {
    let fields: Vec<&str> = (postern_board::limits::FIELDS.iter())
        .map(|field| field.key)
        .collect();
    assert!(ADMISSION.iter().all(|key| fields.contains(key)));
}
