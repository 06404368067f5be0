//! Tuning: what was used is shown, limits are tried and return, the machine is measured.

use postern_e2e::guests::{hello, spinning};
use postern_e2e::{Daemon, Request, Setup, eventually, guest};
use serde_json::{Value, json};

const TUNE: &str = "/postern/v1/tune";

fn start() -> Daemon {
    let daemon = Setup::new()
        .tables("[limits]\ncpu-ms = 20\n[ceilings]\ncpu-ms = 5000")
        .start();
    let api = daemon.api();
    api.production();
    api.push("good", &hello("good"), &json!({}));
    api.push("bad", &spinning(), &json!({}));
    daemon
}

fn usage(daemon: &Daemon, query: &str) -> Value {
    daemon.api().get(&format!("{TUNE}/usage{query}")).ok()
}

fn post(daemon: &Daemon, path: &str, body: &Value) -> postern_e2e::Reply {
    daemon.api().json("POST", &format!("{TUNE}/{path}"), body)
}

/// Whether the namespace's limit on requests' bodies is that of before.
fn takes_bodies(daemon: &Daemon) -> bool {
    let body = vec![b'x'; 100];
    match daemon.send(&Request::post("/good/", body)).status {
        200 => true,
        413 => false,
        other => panic!("{other}"),
    }
}

fn body_limit(bytes: u64, more: Value) -> Value {
    let mut body = json!({
        "limits": {"request-body-bytes": bytes}, "namespace": "production", "why": "a test", "return_after_s": 3600,
    });
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

#[test]
fn what_tenants_used_is_shown_and_survives_a_proper_end() {
    let mut daemon = start();
    for _ in 0..120 {
        daemon.get("/good/").expect(200);
    }
    daemon.get("/bad/").expect(503);
    let told = usage(&daemon, "?window=1h");
    let tenants = told["tenants"].as_array().unwrap();
    assert_eq!(tenants.len(), 2, "{told}");
    let (bad, good) = (&tenants[0], &tenants[1]);
    assert_eq!(
        (&good["requests"], &good["cut"], &good["exact"]),
        (&json!(120), &json!(0), &json!(true))
    );
    assert_eq!((&bad["requests"], &bad["cut"]), (&json!(1), &json!(1)));
    assert_eq!(bad["tenant"], "bad");
    // A limit of 20 ms was used up.
    assert!(bad["cpu_ms"]["max"].as_f64().unwrap() >= 20.0, "{bad}");
    assert!(
        good["memory_bytes"]["p50"].as_u64().unwrap() >= 128 << 10,
        "{good}"
    );
    let shown = daemon.cli(&["tune", "show", "--sort", "cpu"]).expect(0);
    let lines: Vec<&str> = shown.text().lines().collect();
    assert!(lines[1].starts_with("production/bad "), "{shown:?}");
    assert!(lines[2].starts_with("production/good  120 "), "{shown:?}");

    let ran = daemon.cli(&[
        "tune",
        "what-if",
        "memory-bytes=64KiB",
        "--namespace",
        "production",
        "--tenant",
        "good",
    ]);
    let ran = ran.expect(0);
    assert!(
        ran.text()
            .starts_with("1 of 1 tenants would have been cut, 120 of 120 requests"),
        "{ran:?}"
    );
    // Who is not there is named, and not told of as cut by nothing.
    for asked in [&["what-if", "cpu-ms=20"][..], &["suggest"], &["show"]] {
        for (whose, named) in [
            (&["--namespace", "prodution"][..], "prodution"),
            (&["--namespace", "production", "--tenant", "gold"], "gold"),
        ] {
            let args = [&["tune"][..], asked, whose].concat();
            let ran = daemon.cli(&args).expect(1);
            assert!(ran.stderr.contains(named), "{ran:?}");
        }
    }
    let told = post(&daemon, "what-if", &json!({"limits": {"cpu-ms": 5000}})).ok();
    assert_eq!(
        (
            &told["requests_cut"],
            &told["cut_already"],
            &told["requests"]
        ),
        (&json!(0), &json!(1), &json!(121))
    );
    let histogram = daemon
        .api()
        .get(&format!(
            "{TUNE}/histogram?namespace=production&tenant=good"
        ))
        .ok();
    let counted: u64 = histogram["fuel"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it[2].as_u64().unwrap())
        .sum();
    assert_eq!(counted, 120);
    let told = daemon.cli(&["tune", "suggest", "--json"]).expect(0).json();
    let suggestions = told["suggestions"].as_array().unwrap();
    let cpu = suggestions
        .iter()
        .find(|it| it["tenant"] == "good" && it["limit"] == "cpu-ms")
        .unwrap();
    assert_eq!(
        (&cpu["now"], &cpu["suggested"]),
        (&json!(20), &json!(5)),
        "{cpu}"
    );
    assert!(
        cpu["reason"]
            .as_str()
            .unwrap()
            .contains("of 120 requests 99 in 100"),
        "{cpu}"
    );

    let before = usage(&daemon, "");
    daemon.terminate();
    daemon.start();
    assert_eq!(usage(&daemon, "")["tenants"], before["tenants"]);
}

#[test]
fn limits_hold_at_once_and_return_unless_they_are_confirmed() {
    let daemon = start();
    assert!(takes_bodies(&daemon));
    let ran = daemon.cli(&[
        "tune",
        "apply",
        "request-body-bytes=10",
        "--namespace",
        "production",
        "--return-after",
        "5",
        "--why",
        "a test",
    ]);
    let ran = ran.expect(0);
    assert!(
        ran.text()
            .contains("holds again in 5 s unless you run `postern tune confirm 1`"),
        "{ran:?}"
    );
    assert!(!takes_bodies(&daemon), "without a restart");
    // No request is dropped meanwhile, and nobody has to do anything.
    eventually("the limits return", || {
        daemon.get("/good/").expect(200);
        takes_bodies(&daemon).then_some(())
    });
    let history = daemon.api().get(&format!("{TUNE}/history")).ok();
    let changes = history["changes"].as_array().unwrap();
    assert_eq!(
        (&changes[0]["who"], &changes[0]["undoes"]),
        (&json!("(return)"), &json!(1))
    );
    assert_eq!(
        (&changes[1]["who"], &changes[1]["why"]),
        (&json!("e2e"), &json!("a test"))
    );
    assert_eq!(
        changes[1]["after"]["limits"],
        json!({"request-body-bytes": 10})
    );
    eventually("nothing is on trial", || {
        let told = daemon.api().get(&format!("{TUNE}/history")).ok();
        told["trial"].is_null().then_some(())
    });
    // Confirmed: it stays, and is taken back by hand.
    daemon
        .cli(&[
            "tune",
            "apply",
            "request-body-bytes=10",
            "--namespace",
            "production",
        ])
        .expect(0);
    daemon.cli(&["tune", "confirm"]).expect(0);
    assert!(!takes_bodies(&daemon));
    let ran = daemon.cli(&["tune", "history"]).expect(0);
    assert!(
        ran.text().contains("request-body-bytes off -> 10"),
        "{ran:?}"
    );
    let ran = daemon.cli(&["tune", "undo", "--why", "enough"]).expect(0);
    assert!(
        ran.text().contains("request-body-bytes 10 -> off"),
        "{ran:?}"
    );
    assert!(takes_bodies(&daemon));
    daemon.cli(&["tune", "confirm"]).expect(1);
}

#[test]
fn a_link_that_is_cut_while_applying_is_no_trap() {
    let daemon = start();
    let body = body_limit(10, json!({"return_after_s": 5}));
    let request = daemon
        .api()
        .request("POST", &format!("{TUNE}/apply"))
        .header("content-type", "application/json")
        .body(body.to_string());
    let mut connection = daemon.api().connect().unwrap();
    connection.write(&request.to_bytes("localhost")).unwrap();
    eventually("the limits hold", || (!takes_bodies(&daemon)).then_some(()));
    // Nobody reads the answer.
    drop(connection);
    eventually("the limits return", || takes_bodies(&daemon).then_some(()));
}

#[test]
fn a_daemon_that_is_killed_or_stopped_between_apply_and_confirm_returns() {
    let mut daemon = start();
    post(&daemon, "apply", &body_limit(10, json!({}))).ok();
    assert!(!takes_bodies(&daemon));
    daemon.kill9();
    daemon.start();
    assert!(takes_bodies(&daemon), "the first request already");
    let told = post(&daemon, "confirm", &json!({}));
    assert_eq!(told.refused().0, 409);
    post(&daemon, "apply", &body_limit(10, json!({}))).ok();
    daemon.terminate();
    daemon.start();
    assert!(takes_bodies(&daemon));
    let history = daemon.api().get(&format!("{TUNE}/history")).ok();
    assert!(
        history["changes"][0]["why"]
            .as_str()
            .unwrap()
            .contains("restarted"),
        "{history}"
    );
    // What was confirmed does not return.
    post(&daemon, "apply", &body_limit(10, json!({}))).ok();
    post(&daemon, "confirm", &json!({})).ok();
    daemon.kill9();
    daemon.start();
    assert!(!takes_bodies(&daemon));
}

#[test]
fn two_operators_are_told_of_each_other() {
    let daemon = start();
    let applied = post(&daemon, "apply", &body_limit(10, json!({}))).ok();
    let number = applied["trial"].as_u64().unwrap();
    let (status, _, why) = post(&daemon, "apply", &body_limit(20, json!({}))).refused();
    assert_eq!(status, 409);
    assert!(why.contains("e2e has limits on trial"), "{why}");
    let (status, _, why) = post(&daemon, "confirm", &json!({"trial": number + 1})).refused();
    assert_eq!(status, 409, "{why}");
    post(&daemon, "confirm", &json!({"trial": number})).ok();
    // One who has seen an older revision.
    let stale = body_limit(20, json!({"revision": number - 1}));
    let (status, _, why) = post(&daemon, "apply", &stale).refused();
    assert_eq!(status, 412, "{why}");
    assert!(why.contains("was changed meanwhile"), "{why}");
    let fresh = body_limit(20, json!({"revision": number, "return_after_s": null}));
    let told = post(&daemon, "apply", &fresh).ok();
    assert_eq!(told["trial"], Value::Null);
    let (status, _, why) = post(&daemon, "undo", &json!({"change": number})).refused();
    assert_eq!(status, 409, "{why}");
    assert!(why.contains("came after it"), "{why}");
}

#[test]
fn limits_that_cannot_be_are_refused_with_the_reason() {
    let daemon = start();
    let check = |path: &str, body: Value, expect: &str| {
        let (status, _, why) = post(&daemon, path, &body).refused();
        assert_eq!(status, 400, "{body}: {why}");
        assert!(why.contains(expect), "{body}: {why}");
    };
    for (value, expect) in [
        (json!(0), "1 ms to 300000 ms"),
        (json!(-1), "-1"),
        (json!(-99999999999i64), "-99999999999"),
        (json!(u64::MAX), "18446744073709551615"),
        (json!(1e300), "whole number"),
        (json!(6000), "5000 ms"),
        (json!(1.5), "whole number"),
        (json!(true), ""),
        (json!([1]), ""),
        (json!("fast"), ""),
        (json!({}), ""),
    ] {
        let limits = json!({ "cpu-ms": value });
        check("what-if", json!({ "limits": limits }), expect);
        check(
            "apply",
            json!({"limits": limits, "namespace": "production", "return_after_s": 60}),
            expect,
        );
    }
    check(
        "what-if",
        json!({"limits": {"speed": 1}}),
        "there is no limit `speed`",
    );
    check("what-if", json!({"limits": {}}), "no limit is proposed");
    check(
        "what-if",
        json!({"limits": {"cpu-ms": 5}, "tenant": "good"}),
        "name that too",
    );
    check(
        "what-if",
        json!({"limits": {"call-depth": 100}}),
        "is not known",
    );
    check(
        "apply",
        json!({"limits": {"cpu-ms": 5}}),
        "say whose limits",
    );
    check(
        "apply",
        json!({"limits": {"cpu-ms": 5}, "namespace": "production", "plan": "x"}),
        "say whose limits",
    );
    check(
        "apply",
        json!({"limits": {}, "namespace": "production"}),
        "no limit is proposed",
    );
    for seconds in [
        json!(4),
        json!(-1),
        json!(86_401),
        json!(0),
        json!("x"),
        json!(1e300),
    ] {
        let body = body_limit(10, json!({ "return_after_s": seconds }));
        check("apply", body, "`return_after_s` is");
    }
    check("apply", json!({"limit": 1}), "the body is not the JSON");
    let check_found = |body: Value| {
        let (status, ..) = post(&daemon, "apply", &body).refused();
        assert_eq!(status, 404, "{body}");
    };
    check_found(json!({"limits": {"cpu-ms": 5}, "namespace": "nowhere"}));
    check_found(json!({"limits": {"cpu-ms": 5}, "plan": "none"}));
    for path in ["usage?window=2h", "histogram", "usage?tenant=x"] {
        assert_eq!(
            daemon.api().get(&format!("{TUNE}/{path}")).refused().0,
            400,
            "{path}"
        );
    }
    let nobody = format!("{TUNE}/histogram?namespace=n&tenant=t");
    assert_eq!(daemon.api().get(&nobody).refused().0, 404);
    // Nothing of all this was done.
    assert_eq!(
        daemon.api().get(&format!("{TUNE}/history")).ok()["changes"],
        json!([])
    );
    let without = daemon.api().with_token("nonsense");
    assert_eq!(without.get(TUNE).refused().0, 401);
    for line in [
        &["tune", "what-if", "cpu-ms"][..],
        &["tune", "what-if", "cpu-ms=1x"],
        &["tune", "apply", "cpu-ms=1"],
        &["tune", "--json"],
    ] {
        daemon.cli(line).expect(2);
    }
    let ran = daemon.cli(&["tune", "what-if", "cpu-ms=-5"]).expect(1);
    assert!(
        ran.stderr
            .contains("`cpu-ms` is -5; it must be a whole number from 1 ms"),
        "{ran:?}"
    );
    let ran = daemon
        .cli(&["tune", "apply", "cpu-ms=6000", "--namespace", "production"])
        .expect(1);
    assert!(ran.stderr.contains("5000 ms"), "{ran:?}");
}

#[test]
fn a_measurement_holds_from_the_next_request_on() {
    let mut daemon = start();
    let rate = |daemon: &Daemon| {
        daemon.api().get("/postern/v1/status").ok()["fuel_per_ms"]
            .as_u64()
            .unwrap()
    };
    let board = rate(&daemon);
    let shown = daemon.cli(&["calibrate", "--show"]).expect(0);
    assert!(
        shown
            .text()
            .starts_with("not measured; the board file says"),
        "{shown:?}"
    );
    let told = daemon.cli(&["calibrate", "--json"]).expect(0).json();
    let measured = told["fuel_per_ms"].as_u64().unwrap();
    assert_eq!(rate(&daemon), measured);
    assert_eq!(told["kernels"].as_array().unwrap().len(), 4);
    assert!(
        told["store"]["per_second"].as_f64().unwrap() > 0.0,
        "{told}"
    );
    assert!(told["memory_copy_mib_s"].as_f64().unwrap() > 0.0, "{told}");
    let far = (measured as f64 / board as f64 - 1.0).abs() > 0.2;
    assert_eq!(told["warning"].is_string(), far, "{told}");
    // The fuel that 20 ms are worth is that of the measurement.
    daemon.get("/bad/").expect(503);
    let told = usage(&daemon, "?namespace=production&tenant=bad");
    let fuel = told["tenants"][0]["fuel"]["max"].as_u64().unwrap();
    assert!(
        fuel.abs_diff(20 * measured) <= 20 * measured / 100,
        "{fuel} and {measured}"
    );
    daemon.terminate();
    daemon.start();
    assert_eq!(rate(&daemon), measured, "after a restart too");
    let ran = daemon.cli(&["calibrate", "--forget"]).expect(0);
    assert!(ran.text().contains("the board file's"), "{ran:?}");
    assert_eq!(rate(&daemon), board);
    // On the data directory itself, while nobody has it.
    daemon.cli(&["calibrate", "--data-dir", "data"]).expect(1);
    daemon.terminate();
    let told = daemon
        .cli(&["calibrate", "--data-dir", "data", "--json"])
        .expect(0)
        .json();
    daemon.start();
    assert_eq!(rate(&daemon), told["fuel_per_ms"].as_u64().unwrap());
}

#[test]
fn a_worker_is_measured_with_its_subrequests_and_memory() {
    let daemon = start();
    let api = daemon.api();
    api.push("probe", &guest("probe"), &json!({}));
    daemon.get("/probe/status?code=200").expect(200);
    let told = usage(&daemon, "?namespace=production&tenant=probe");
    let probe = &told["tenants"][0];
    assert_eq!(probe["subrequests"]["max"], 0);
    assert!(
        probe["memory_bytes"]["max"].as_u64().unwrap() >= 1 << 16,
        "{probe}"
    );
    assert!(probe["wall_us"]["max"].as_u64().unwrap() > 0, "{probe}");
}
