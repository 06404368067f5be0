//! A gateway that has no credential, and who claims it.

use super::*;
use crate::manage::claim::{Claim, ClaimOptions};
use crate::manage::server::Peer;
use std::time::Duration;

const CLAIM: &str = "/postern/v1/claim";

/// A desk whose store has no token, and the code that it can be claimed by.
fn unclaimed() -> (Desk, String) {
    let dir = tempfile::tempdir().unwrap();
    let runtime = TestRuntime::new("build-1");
    let catalog = open(dir.path(), &runtime);
    let options = ClaimOptions {
        code: None,
        window: Duration::from_secs(600),
    };
    let (claim, code) = Claim::open(catalog.store(), &options).unwrap();
    let status = Arc::new(|| json!({"workers": 1}));
    let manage = Manage::new(catalog, ManageOptions::default(), echo_logs(), status);
    manage.with_claim(Arc::new(claim));
    let desk = Desk {
        dir,
        runtime,
        manage,
        token: "pst_none".to_owned(),
    };
    (desk, code.unwrap())
}

fn ask(desk: &Desk, from: &str, code: &str) -> (u16, Value) {
    let body = json!({"code": code, "name": "mine"}).to_string();
    let request = http::Request::builder()
        .method("POST")
        .uri(CLAIM)
        .extension(Peer(from.parse().unwrap()));
    let got = desk.raw(request.body(Payload::whole(body.into_bytes())).unwrap());
    (got.status, got.json())
}

fn message(envelope: &Value) -> &str {
    envelope["errors"][0]["message"].as_str().unwrap()
}

#[test]
fn a_code_gives_one_administrators_token() {
    let (mut desk, code) = unclaimed();
    let (status, told) = ask(&desk, "192.0.2.1", "0000-0000-0000");
    assert_eq!(status, 401);
    assert!(message(&told).contains("not the claim code"), "{told}");
    let (status, told) = ask(&desk, "192.0.2.1", &code.to_lowercase());
    assert_eq!(status, 200, "{told}");
    assert_eq!(told["result"]["name"], "mine");
    desk.token = told["result"]["value"].as_str().unwrap().to_owned();
    assert_eq!(desk.check("GET", "/postern/v1/status", json!(null)).0, 200);
    let (status, told) = ask(&desk, "192.0.2.1", &code);
    assert_eq!(status, 409);
    assert!(message(&told).contains("claimed already"), "{told}");
    // The audit log has who came in, and nothing of the code.
    let (_, log) = desk.check("GET", "/postern/v1/audit", json!(null));
    assert_eq!(log["result"].as_array().unwrap().len(), 1);
    let entry = &log["result"][0];
    assert_eq!(
        (entry["who"].as_str(), entry["from"].as_str()),
        (Some("the claim code"), Some("192.0.2.1"))
    );
    assert_eq!(entry["call"], "POST /postern/v1/claim");
    // Another start changes nothing.
    let options = ClaimOptions {
        code: None,
        window: Duration::from_secs(600),
    };
    let (claim, made) = Claim::open(desk.manage.catalog.store(), &options).unwrap();
    assert!(made.is_none() && claim.unclaimed().is_none());
}

#[test]
fn until_then_every_call_is_told_what_to_do() {
    let (desk, code) = unclaimed();
    for (method, path) in [
        ("GET", "/client/v4/user"),
        ("PUT", D),
        ("GET", "/postern/v1/status"),
        ("GET", "/nonsense"),
    ] {
        // However often it is asked: no token could be good, so nobody is locked out.
        for _ in 0..30 {
            let request = http::Request::builder()
                .method(method)
                .uri(path)
                .header("authorization", "Bearer pst_guess")
                .extension(Peer("192.0.2.1".parse().unwrap()));
            let got = desk.raw(request.body(Payload::whole(Vec::new())).unwrap());
            assert_eq!(got.status, 401, "{path}");
            let told = message(&got.json()).to_owned();
            assert!(told.contains("postern claim CODE"), "{path}: {told}");
            assert!(!told.contains(&code), "{told}");
        }
    }
    let (status, told) = desk.check("GET", "/client/v4/user/tokens/verify", json!(null));
    assert_eq!((status, message(&told)), (401, "Authentication error"));
    assert_eq!(ask(&desk, "192.0.2.1", &code).0, 200);
}

#[test]
fn a_source_that_guesses_is_locked_out() {
    let (desk, code) = unclaimed();
    for _ in 0..10 {
        assert_eq!(ask(&desk, "192.0.2.1", "0000-0000-0000").0, 401);
    }
    assert_eq!(ask(&desk, "192.0.2.1", &code).0, 429);
    assert_eq!(ask(&desk, "192.0.2.2", &code).0, 200);
}

#[test]
fn of_many_who_come_at_once_one_has_it() {
    let (desk, code) = unclaimed();
    let won: Vec<u16> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| ask(&desk, "192.0.2.1", &code).0))
            .collect();
        asking.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert_eq!(won.iter().filter(|it| **it == 200).count(), 1, "{won:?}");
    assert!(won.iter().all(|it| [200, 409].contains(it)), "{won:?}");
    let tokens = tokens::list(desk.manage.catalog.store()).unwrap();
    assert_eq!(tokens.len(), 1);
}

#[test]
fn what_is_no_claim_spends_nothing() {
    let (desk, code) = unclaimed();
    for body in [
        "",
        "{\"code\": 1}",
        "{\"codes\": \"x\"}",
        &format!("{{\"code\": \"{}\"}}", "x".repeat(5000)),
        &json!({"code": code, "name": "a\nb"}).to_string(),
    ] {
        let got = desk.send("POST", CLAIM, None, body.as_bytes());
        assert!([400, 413].contains(&got.status), "{body}: {}", got.status);
    }
    assert_eq!(desk.send("GET", CLAIM, None, b"").status, 405);
    assert_eq!(ask(&desk, "192.0.2.1", &code).0, 200);
}
