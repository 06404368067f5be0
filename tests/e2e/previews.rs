//! Previews of versions of Workers outside of dispatch namespaces (spec: SEMANTICS §11).

use postern_e2e::api::{ACCOUNT, Api};
use postern_e2e::{Daemon, Form, Request, Setup};
use serde_json::{Value, json};

const MODULE: &str = "application/javascript+module";

fn at(rest: &str) -> String {
    format!("{ACCOUNT}/workers/scripts/hello{rest}")
}

/// A version that says `text` and its own secret.
fn form(text: &str, alias: Option<&str>) -> Form {
    let mut metadata = json!({
        "main_module": "w.js", "compatibility_date": "2026-01-01",
        "bindings": [
            {"type": "secret_text", "name": "SECRET", "text": format!("secret of {text}")},
            {"type": "version_metadata", "name": "VERSION"},
        ],
    });
    if let Some(alias) = alias {
        metadata["annotations"] = json!({"workers/alias": alias});
    }
    let source = format!(
        "export default {{ fetch: (request, env) => new Response(`{text} ${{env.SECRET}} ${{env.VERSION.id}}`) }};"
    );
    Form::new()
        .metadata(&metadata)
        .part("w.js", Some("w.js"), Some(MODULE), &source)
}

fn upload(api: &Api, text: &str, alias: Option<&str>) -> Value {
    api.form("POST", &at("/versions"), form(text, alias)).ok()
}

fn id(version: &Value) -> String {
    version["id"].as_str().unwrap().to_owned()
}

#[track_caller]
fn check(daemon: &Daemon, label: &str, expect: Option<(&str, &Value)>) {
    let host = format!("{label}-hello.workers.edge.test");
    let answer = daemon.send(&Request::get("/").header("host", &host));
    match expect {
        Some((text, version)) => {
            let expect = format!("{text} secret of {text} {}", id(version));
            assert_eq!((answer.status, answer.text()), (200, &*expect), "{label}");
        }
        None => assert_eq!(answer.status, 404, "{label}"),
    }
}

fn daemon(manage: &str) -> Daemon {
    Setup::new()
        .routing("zone = 'edge.test'\naccount-subdomain = 'workers'")
        .manage(manage)
        .start()
}

#[test]
fn every_version_has_one() {
    let mut daemon = daemon("");
    let api = daemon.api();
    api.form("PUT", &at(""), form("one", None)).ok();
    api.json("POST", &at("/subdomain"), &json!({"enabled": true}))
        .ok();
    let versions = api.get(&at("/versions")).ok();
    let one = versions["items"][0].clone();
    assert_eq!(one["metadata"]["has_preview"], true);
    let two = upload(&api, "two", Some("staging"));
    let three = upload(&api, "three", Some("staging"));
    let four = upload(&api, "four", None);
    assert_eq!(two["metadata"]["has_preview"], true);
    let all = |daemon: &Daemon| {
        check(daemon, &id(&one)[..8], Some(("one", &one)));
        check(daemon, &id(&two)[..8], Some(("two", &two)));
        check(daemon, &id(&three)[..8], Some(("three", &three)));
        check(daemon, &id(&four)[..8], Some(("four", &four)));
        check(daemon, "staging", Some(("three", &three)));
        for none in ["00000000", &id(&two)[..7], "other"] {
            check(daemon, none, None);
        }
    };
    all(&daemon);
    // What is deployed is another matter.
    let host = "hello.workers.edge.test";
    let answer = daemon.send(&Request::get("/").header("host", host));
    assert!(answer.text().starts_with("one "), "{}", answer.text());
    // Also when two are deployed, and after a restart.
    let both = json!({"strategy": "percentage", "versions": [
        {"version_id": one["id"], "percentage": 50}, {"version_id": four["id"], "percentage": 50},
    ]});
    api.json("POST", &at("/deployments"), &both).ok();
    all(&daemon);
    daemon.terminate();
    daemon.start();
    all(&daemon);
    let api = daemon.api();
    let object = api.get(&format!("{ACCOUNT}/workers/workers/hello")).ok();
    assert_eq!(
        object["subdomain"],
        json!({
            "enabled": true, "previews_enabled": true, "url": "https://hello.workers.edge.test",
            "preview_url_suffix": "-hello.workers.edge.test",
        })
    );
    let off = json!({"enabled": true, "previews_enabled": false});
    api.json("POST", &at("/subdomain"), &off).ok();
    check(&daemon, "staging", None);
    check(&daemon, &id(&one)[..8], None);
    // Without default hostnames there may be previews all the same.
    let previews = json!({"enabled": false, "previews_enabled": true});
    api.json("POST", &at("/subdomain"), &previews).ok();
    all(&daemon);
    api.delete(&at("")).ok();
    check(&daemon, "staging", None);
    check(&daemon, &id(&two)[..8], None);
}

#[test]
fn those_of_versions_that_go_are_gone() {
    let daemon = daemon("versions-kept = 2");
    let api = daemon.api();
    api.form("PUT", &at(""), form("one", None)).ok();
    api.json("POST", &at("/subdomain"), &json!({"enabled": true}))
        .ok();
    let two = upload(&api, "two", Some("old"));
    check(&daemon, "old", Some(("two", &two)));
    let three = upload(&api, "three", None);
    check(&daemon, "old", None);
    check(&daemon, &id(&two)[..8], None);
    check(&daemon, &id(&three)[..8], Some(("three", &three)));
}

#[test]
fn aliases_must_fit_hostnames() {
    let daemon = daemon("");
    let api = daemon.api();
    api.form("PUT", &at(""), form("one", None)).ok();
    for bad in ["Staging", "1st", "a.b", "a_b", "", &"a".repeat(58)] {
        let form = form("two", Some(bad));
        let (status, _, message) = api.form("POST", &at("/versions"), form).refused();
        assert_eq!(status, 400, "{bad}: {message}");
        assert!(message.contains("preview alias"), "{message}");
    }
    assert_eq!(
        api.get(&at("/versions")).ok()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn many_take_turns() {
    let daemon = daemon("versions-kept = 30");
    let api = daemon.api();
    api.form("PUT", &at(""), form("one", None)).ok();
    api.json("POST", &at("/subdomain"), &json!({"enabled": true}))
        .ok();
    let versions: Vec<(String, Value)> = (0..20)
        .map(|number| {
            let text = format!("v{number}");
            let version = upload(&api, &text, None);
            (text, version)
        })
        .collect();
    for _ in 0..2 {
        for (text, version) in &versions {
            check(&daemon, &id(version)[..8], Some((text, version)));
        }
    }
}
