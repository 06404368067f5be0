//! Versions and scripts come and go, and isolates are evicted; what they took goes with them.

use postern_e2e::api::{Api, script};
use postern_e2e::guests::hello;
use postern_e2e::{Daemon, Setup, eventually};
use serde_json::json;

/// Workers that are deployed and retired; the variable may lower it.
fn workers() -> usize {
    std::env::var("POSTERN_RETIRE_WORKERS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1000)
}

/// Bytes that a retired Worker may cost on average: what allocators waste, and no more.
const SLOPE_MAX: u64 = 8 * 1024;

fn start() -> Daemon {
    let daemon = Setup::new()
        .tables("[store]\ndurability = { interval-ms = 500 }")
        .start();
    daemon.api().production();
    daemon
}

fn isolates(api: &Api) -> (u64, u64) {
    let status = api.get("/postern/v1/status").ok();
    let number = |key: &str| status["isolates"][key].as_u64().unwrap();
    (number("count"), number("memory_bytes"))
}

#[test]
fn a_thousand_workers_leave_nothing() {
    let daemon = start();
    let api = daemon.api();
    let (all, warm) = (workers(), workers() / 5);
    let mut before = 0;
    for n in 0..all {
        if n == warm {
            before = daemon.rss();
        }
        // Half of them take the place of another version, half are deleted.
        let name = format!("w{}", n % 10);
        api.push(&name, &hello(&n.to_string()), &json!({}));
        assert_eq!(
            daemon.get(&format!("/{name}/")).expect(200).text(),
            n.to_string()
        );
        if n % 2 == 1 {
            api.delete(&script(&name)).ok();
        }
    }
    let after = daemon.rss();
    let slope = after.saturating_sub(before) / (all - warm).max(1) as u64;
    eprintln!("resident after {warm}: {before}, after {all}: {after}, {slope} bytes a Worker");
    assert!(slope < SLOPE_MAX, "{before} bytes grew to {after}");
    for n in 0..10 {
        api.delete(&script(&format!("w{n}")));
    }
    eventually("no isolate is left", || {
        (isolates(&api) == (0, 0)).then_some(())
    });
    let blobs = std::fs::read_dir(daemon.data_dir().join("blobs")).map_or(0, Iterator::count);
    assert!(blobs < all, "{blobs} files are left");
}

#[test]
fn three_hundred_scripts_at_once() {
    let daemon = start();
    let api = daemon.api();
    let count = workers().min(300);
    for n in 0..count {
        api.push(&format!("w{n}"), &hello(&n.to_string()), &json!({}));
    }
    for n in 0..count {
        assert_eq!(
            daemon.get(&format!("/w{n}/")).expect(200).text(),
            n.to_string()
        );
    }
    let status = api.get("/postern/v1/status").ok();
    assert_eq!(status["workers"]["running"], count, "{status}");
    let served = daemon.rss();
    // Once more, in the other order: what was taken away comes back.
    for n in (0..count).rev() {
        daemon.get(&format!("/w{n}/")).expect(200);
    }
    let again = daemon.rss();
    let (isolates, bytes) = isolates(&api);
    let limit = status["isolates"]["memory_limit_bytes"].as_u64().unwrap();
    eprintln!(
        "{count} scripts: resident {served}, then {again}; {isolates} isolates, {bytes} bytes"
    );
    assert!(isolates <= count as u64 && bytes <= limit);
    assert!(again < served + (32 << 20), "{served} grew to {again}");
}

/// Bytes that a Worker may keep that is deployed, has served and is evicted: its row, its name, its
/// figures, and pages of which these are a part.
const EVICTED_MAX: u64 = 16 * 1024;
/// Bytes that heaps may keep of what was given back, however many Workers there were, and what pushes leave in the
/// store's cache, which has its bound: their rows, and their entries in the audit log.
const KEPT_MAX: u64 = 4 << 20;

#[test]
fn an_evicted_worker_keeps_little() {
    let daemon = Setup::new()
        .tables("[engine]\nisolate-idle-ms = 500\n[store]\ndurability = { interval-ms = 500 }")
        .start();
    let api = daemon.api();
    api.production();
    let count = workers() / 2;
    let deploy = |range: std::ops::Range<usize>| {
        for n in range {
            api.push(&format!("w{n}"), &hello(&n.to_string()), &json!({}));
            assert_eq!(
                daemon.get(&format!("/w{n}/")).expect(200).text(),
                n.to_string()
            );
        }
        eventually("no isolate is left", || {
            (isolates(&api) == (0, 0)).then_some(())
        });
    };
    // What the first evictions make the process keep, it keeps once.
    deploy(0..count / 5);
    let before = daemon.private();
    deploy(count / 5..count);
    let more = (count - count / 5) as u64;
    // What was freed goes back some time after the last eviction. The program's own code, which
    // other processes may have too, is not counted: what of it is resident is the system's to say.
    let grown = eventually("the memory goes back", || {
        let grown = daemon.private().saturating_sub(before);
        (grown < more * EVICTED_MAX + KEPT_MAX).then_some(grown)
    });
    eprintln!(
        "{before} bytes after {}, {grown} more for {more}",
        count / 5
    );
}
