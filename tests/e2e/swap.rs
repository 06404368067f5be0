//! Pushing under load: no request fails, and a push that was answered is in force.

use postern_e2e::guests::hello;
use postern_e2e::{Daemon, Request};
use serde_json::json;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const PUSHES: usize = 200;
const CLIENTS: usize = 4;

#[test]
fn no_request_fails_while_versions_change() {
    let daemon = Daemon::plain();
    let api = daemon.api();
    api.production();
    api.push("w", &hello("0"), &json!({}));
    let stop = AtomicBool::new(false);
    let served = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(|| {
                    let mut connection = daemon.connect();
                    let request = Request::get("/w/");
                    while !stop.load(Ordering::Relaxed) {
                        let response = connection.send(&request).unwrap().expect(200);
                        let version: usize = response.text().parse().unwrap();
                        assert!(version <= PUSHES);
                        served.fetch_add(1, Ordering::Relaxed);
                        if response.header("connection") == Some("close") {
                            connection = daemon.connect();
                        }
                    }
                })
            })
            .collect();
        let pushes = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for version in 1..=PUSHES {
                api.push("w", &hello(&version.to_string()), &json!({}));
                let now = daemon.get("/w/").expect(200);
                assert_eq!(now.text(), version.to_string());
            }
        }));
        stop.store(true, Ordering::Relaxed);
        for client in clients {
            client.join().unwrap();
        }
        pushes.unwrap();
    });
    let served = served.load(Ordering::Relaxed);
    assert!(
        served > PUSHES,
        "only {served} requests beside {PUSHES} pushes"
    );
}

#[test]
fn pushes_to_one_script_at_the_same_time_come_one_after_the_other() {
    let daemon = Daemon::plain();
    let api = daemon.api();
    api.production();
    std::thread::scope(|scope| {
        for client in 0..4 {
            let api = api.clone();
            scope.spawn(move || {
                for round in 0..10 {
                    api.push("w", &hello(&format!("{client}-{round}")), &json!({}));
                }
            });
        }
    });
    let now = daemon.get("/w/").expect(200);
    assert!(now.text().ends_with("-9"), "{}", now.text());
}
