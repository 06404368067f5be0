//! Versions and deployments as clients ask for them.

use super::*;

const V: &str =
    "/client/v4/accounts/edge/workers/dispatch/namespaces/production/scripts/a/versions";
const DEPLOYMENTS: &str =
    "/client/v4/accounts/edge/workers/dispatch/namespaces/production/scripts/a/deployments";

/// With a version of `a` that is deployed.
fn desk() -> Desk {
    let desk = Desk::keeping(10);
    desk.pushed("a", json!({"main_module": "main.wasm"}));
    desk
}

fn upload(desk: &Desk, metadata: Value) -> (u16, Value) {
    let path = format!("{V}?bindings_inherit=strict");
    desk.form("POST", &path, &[meta(&metadata), wasm("main.wasm")])
}

fn uploaded(desk: &Desk, metadata: Value) -> Value {
    let (status, json) = upload(desk, metadata);
    assert_eq!(status, 200, "{json}");
    json["result"].clone()
}

fn shares(versions: &[(&Value, f64)]) -> Value {
    let versions: Vec<Value> = versions
        .iter()
        .map(|(version, percentage)| json!({"version_id": version["id"], "percentage": percentage}))
        .collect();
    json!({"strategy": "percentage", "versions": versions})
}

#[test]
fn a_version_has_what_clients_need() {
    let desk = desk();
    let metadata = json!({
        "main_module": "main.wasm",
        "bindings": [{"type": "secret_text", "name": "S", "text": "hidden"}, {"type": "version_metadata", "name": "V"}],
        "compatibility_date": "2026-01-01",
        "annotations": {"workers/tag": "v2", "workers/message": "second"},
    });
    let version = uploaded(&desk, metadata);
    assert_eq!(version["number"], 2);
    assert_eq!(version["id"].as_str().unwrap().len(), 36);
    assert_eq!(version["metadata"]["source"], "api");
    assert_eq!(version["metadata"]["author_email"], "test");
    assert_eq!(version["annotations"]["workers/tag"], "v2");
    assert_eq!(
        version["annotations"]["workers/triggered_by"],
        "version_upload"
    );
    let resources = &version["resources"];
    assert_eq!(resources["script"]["etag"].as_str().unwrap().len(), 64);
    assert_eq!(resources["script"]["handlers"], json!(["fetch"]));
    assert_eq!(
        resources["script_runtime"]["compatibility_date"],
        "2026-01-01"
    );
    assert_eq!(
        resources["bindings"][0],
        json!({"type": "secret_text", "name": "S"})
    );
    assert_eq!(version["startup_time_ms"], 3);

    let path = format!("{V}/{}", version["id"].as_str().unwrap());
    assert_eq!(desk.result("GET", &path, Value::Null), version);
    let latest = desk.result("GET", &format!("{V}/latest"), Value::Null);
    assert_eq!(latest, version);
    let missing = format!("{V}/00000000-0000-4000-8000-000000000000");
    assert_eq!(desk.refused("GET", &missing, Value::Null), (404, 10222));
}

#[test]
fn pages_of_versions_end() {
    let desk = desk();
    for _ in 0..3 {
        uploaded(&desk, json!({"main_module": "main.wasm"}));
    }
    let numbers = |query: &str| {
        let listed = desk.result("GET", &format!("{V}{query}"), Value::Null);
        let items = listed["items"].as_array().unwrap().clone();
        items
            .iter()
            .map(|it| it["number"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(numbers("?deployable=true"), [4, 3, 2, 1]);
    assert_eq!(numbers("?per_page=3"), [4, 3, 2]);
    assert_eq!(numbers("?per_page=3&page=2"), [1]);
    assert!(numbers("?per_page=3&page=3").is_empty());
    assert!(numbers("?page=2").is_empty());
    let missing = V.replace("/a/", "/b/");
    assert_eq!(desk.refused("GET", &missing, Value::Null), (404, 10092));
    let (status, json) = desk.form("POST", &missing, &[meta(&json!({})), wasm("m.wasm")]);
    assert_eq!((status, code(&json)), (404, 10092));
}

#[test]
fn deployments_are_made_listed_and_rolled_back() {
    let desk = desk();
    let first = desk.result("GET", &format!("{V}/latest"), Value::Null);
    let second = uploaded(&desk, json!({"main_module": "main.wasm"}));
    let mut body = shares(&[(&second, 12.5), (&first, 87.5)]);
    body["annotations"] = json!({"workers/message": "carefully"});
    body["guard"] = json!({"error_rate": 1.5, "fuel_p99": 2});
    body["code_update_strategy"] = json!({"mode": "deferred", "max_delay": 300});
    let made = desk.result("POST", DEPLOYMENTS, body);
    assert_eq!(made["strategy"], "percentage");
    assert_eq!(
        made["versions"][0],
        json!({"version_id": first["id"], "percentage": 87.5})
    );
    assert_eq!(made["annotations"]["workers/message"], "carefully");
    assert_eq!(made["guard"]["error_rate"], 1.5);
    let listed = desk.result("GET", DEPLOYMENTS, Value::Null);
    let all = listed["deployments"].as_array().unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(all[0]["id"], made["id"]);
    assert_eq!(all[0]["versions"][1]["figures"]["requests"], 0);
    assert_eq!(all[1]["annotations"]["workers/triggered_by"], "upload");
    let path = format!("{DEPLOYMENTS}/{}", made["id"].as_str().unwrap());
    assert_eq!(desk.result("GET", &path, Value::Null), made);
    assert_eq!(desk.refused("DELETE", &path, Value::Null), (400, 10223));

    let back = desk.result("POST", DEPLOYMENTS, shares(&[(&first, 100.0)]));
    assert_eq!(back["annotations"]["workers/triggered_by"], "rollback");
    desk.result("DELETE", &path, Value::Null);
    assert_eq!(desk.refused("GET", &path, Value::Null), (404, 10223));
    let got = desk.result("GET", D, Value::Null);
    assert_eq!(got["script"]["version_id"], first["id"]);
}

#[test]
fn deployments_that_cannot_be_are_refused() {
    let desk = desk();
    let first = desk.result("GET", &format!("{V}/latest"), Value::Null);
    let second = uploaded(&desk, json!({"main_module": "main.wasm"}));
    let both = |a: f64, b: f64| shares(&[(&first, a), (&second, b)]);
    let with = |key: &str, value: Value| {
        let mut body = both(50.0, 50.0);
        body[key] = value;
        body
    };
    for body in [
        shares(&[]),
        both(50.0, 49.0),
        both(-1.0, 101.0),
        both(33.333, 66.667),
        both(1e300, 0.0),
        shares(&[(&first, 50.0), (&first, 50.0)]),
        with("strategy", json!("random")),
        with("guard", json!({})),
        with("guard", json!(5)),
        {
            let mut body = shares(&[(&second, 100.0)]);
            body["guard"] = json!({"error_rate": 1});
            body
        },
    ] {
        assert_eq!(
            desk.refused("POST", DEPLOYMENTS, body.clone()),
            (400, 10223),
            "{body}"
        );
    }
    for body in [
        json!({}),
        json!([]),
        json!({"versions": [{"version_id": 1, "percentage": 100}]}),
        with("annotations", json!({"workers/message": "x".repeat(2000)})),
        with("annotations", json!([1])),
    ] {
        assert_eq!(
            desk.refused("POST", DEPLOYMENTS, body.clone()),
            (400, 10026),
            "{body}"
        );
    }
    let unknown = json!({"versions": [{"version_id": "x", "percentage": 100}]});
    assert_eq!(desk.refused("POST", DEPLOYMENTS, unknown), (404, 10222));
    let listed = desk.result("GET", DEPLOYMENTS, Value::Null);
    assert_eq!(listed["deployments"].as_array().unwrap().len(), 1);
}

#[test]
fn secrets_of_versions_are_put_and_removed() {
    let desk = desk();
    let latest = format!("{V}/latest");
    let patch = json!({
        "env": {"FOO": {"type": "secret_text", "text": "x"}, "BAR": {"type": "plain_text", "text": "y"}},
        "annotations": {"workers/message": "with FOO"},
    });
    let second = desk.result("PATCH", &latest, patch);
    assert_eq!(second["number"], 2);
    assert_eq!(second["annotations"]["workers/message"], "with FOO");
    let names = |version: &Value| {
        let bindings = version["resources"]["bindings"].as_array().unwrap().clone();
        bindings
            .iter()
            .map(|it| it["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&second), ["BAR", "FOO"]);
    assert!(
        desk.result("GET", &format!("{D}/secrets"), Value::Null)
            .as_array()
            .unwrap()
            .is_empty()
    );
    let put = json!({"name": "BAZ", "text": "z", "type": "secret_text"});
    let path = format!("{D}/secrets");
    assert_eq!(desk.refused("PUT", &path, put.clone()), (400, 10215));
    let third = desk.result("PATCH", &latest, json!({"env": {"BAR": null}}));
    assert_eq!(names(&third), ["FOO"]);
    desk.result("POST", DEPLOYMENTS, shares(&[(&third, 100.0)]));
    desk.result("PUT", &path, put);
    let fourth = desk.result("GET", &latest, Value::Null);
    assert_eq!(names(&fourth), ["FOO", "BAZ"]);
    let listed = desk.result("GET", DEPLOYMENTS, Value::Null);
    assert_eq!(
        listed["deployments"][0]["versions"][0]["version_id"],
        fourth["id"]
    );
    assert_eq!(
        listed["deployments"][0]["annotations"]["workers/triggered_by"],
        "secret"
    );
}

#[test]
fn modules_may_come_as_base64_and_be_deployed_at_once() {
    use base64::Engine as _;
    let desk = desk();
    let content = base64::engine::general_purpose::STANDARD.encode(WASM);
    let body = |content: &str| {
        json!({
            "main_module": "main.wasm",
            "compatibility_date": "2026-01-01",
            "bindings": [{"type": "plain_text", "name": "A", "text": "1"}],
            "modules": [{"name": "main.wasm", "content_type": "application/wasm", "content_base64": content}],
        })
        .to_string()
    };
    let send =
        |path: &str, body: &str| desk.send("POST", path, Some("application/json"), body.as_bytes());
    let got = send(V, &body(&content));
    assert_eq!(got.status, 200, "{}", got.json());
    assert_eq!(got.json()["result"]["number"], 2);
    let got = send(&format!("{V}?deploy=true"), &body(&content));
    assert_eq!(got.status, 200, "{}", got.json());
    let deployed = desk.result("GET", D, Value::Null);
    assert_eq!(deployed["script"]["version_id"], got.json()["result"]["id"]);
    for bad in [
        body("!"),
        json!({"main_module": "m", "modules": 5}).to_string(),
        "{}".to_owned(),
    ] {
        let got = send(V, &bad);
        assert_eq!(got.status, 400, "{}", got.json());
    }
}
