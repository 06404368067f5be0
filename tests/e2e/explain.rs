//! Refusals name their limit: in the answer, in records, and when asked for later by ray.

use postern_e2e::guests::{hello, spinning};
use postern_e2e::{Daemon, Request, Setup, eventually};
use serde_json::{Value, json};

fn start() -> Daemon {
    let tables = "[limits]\ncpu-ms = 20\n[ceilings]\nrequest-body-bytes = '64 KiB'\n";
    let daemon = Setup::new()
        .tables(tables)
        .edge("url-bytes = '1 KiB'\nheader-bytes = '8 KiB'")
        .start();
    let api = daemon.api();
    api.production();
    api.push("good", &hello("good"), &json!({}));
    api.push("spins", &spinning(), &json!({}));
    daemon
}

/// What `postern explain` tells of the request that was answered so.
#[track_caller]
fn explained(daemon: &Daemon, ray: &str) -> Value {
    let told = daemon.cli(&["--json", "explain", ray]).expect(0).json();
    assert_eq!(told["ray"], ray, "{told}");
    let [entry] = &told["entries"].as_array().unwrap()[..] else {
        panic!("{told}");
    };
    entry.clone()
}

#[test]
fn a_limit_is_told_in_the_answer_and_later() {
    let daemon = start();
    let response = daemon.get("/spins/").expect(503);
    assert_eq!(
        response.header("postern-limit"),
        Some("cpu-ms; value=20; used=20")
    );
    let ray = response.header("cf-ray").unwrap();
    let entry = explained(&daemon, ray);
    let expected = json!({"limit": "cpu-ms", "value": 20, "used": 20, "remedy": "raise it, or do less per request"});
    assert_eq!(entry["refusal"], expected, "{entry}");
    for (key, expected) in [
        ("namespace", json!("production")),
        ("script", json!("spins")),
        ("stage", json!("run")),
        ("outcome", json!("exceededCpu")),
        ("status", json!(503)),
    ] {
        assert_eq!(entry[key], expected, "{entry}");
    }
    // People read the same, and records have it.
    let text = daemon.cli(&["explain", ray]).expect(0);
    assert!(text.text().contains("limit     cpu-ms = 20\n"), "{text:?}");
    let listed = daemon.cli(&["explain"]).expect(0);
    assert!(listed.text().contains(ray), "{listed:?}");
    let api = daemon.api();
    let path = "/postern/v1/logs/production/spins?follow=false";
    let logs = api.raw(&api.request("GET", path)).unwrap();
    let line = logs.text().lines().next().unwrap().to_owned();
    let record: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(record["refusal"]["limit"], "cpu-ms", "{record}");
    // What was answered needs no explanation.
    let response = daemon.get("/good/").expect(200);
    assert_eq!(response.header("postern-limit"), None);
    let ray = response.header("cf-ray").unwrap();
    let ran = daemon.cli(&["--json", "explain", ray]).expect(1);
    assert_eq!(ran.error()["success"], false);
    daemon.cli(&["explain", "no ray"]).expect(1);
}

#[test]
fn what_no_worker_saw_is_told_too() {
    let daemon = start();
    let check = |request: &Request, status: u16, stage: &str, limit: &str| {
        let response = daemon.send(request).expect(status);
        let told = response.header("postern-limit").unwrap_or_default();
        assert!(told.starts_with(limit), "{told}");
        let entry = explained(&daemon, response.header("cf-ray").unwrap());
        assert_eq!(entry["stage"], stage, "{entry}");
        assert_eq!(entry["status"], status, "{entry}");
        let expected = if limit.is_empty() {
            Value::Null
        } else {
            json!(limit)
        };
        assert_eq!(entry["refusal"]["limit"], expected, "{entry}");
    };
    check(&Request::get("/nobody/"), 404, "routing", "");
    let long = format!("/good/{}", "x".repeat(2000));
    check(&Request::get(&long), 414, "head", "edge.url-bytes");
    let large = Request::post("/good/", vec![b'x'; 70_000]);
    check(&large, 413, "body", "request-body-bytes");
    let many = Request::get("/good/").header("x-many", &"y".repeat(9000));
    check(&many, 431, "head", "edge.header-bytes");
    // The account's path leads there as well.
    let response = daemon.get("/nobody/").expect(404);
    let ray = response.header("cf-ray").unwrap();
    let api = daemon.api();
    eventually("it is told below the account", || {
        let path = format!("/client/v4/accounts/a/postern/v1/explain/{ray}");
        (api.get(&path).status == 200).then_some(())
    });
}
