//! What can be done with a script once it is pushed.

use super::*;

#[test]
fn wranglers_deploy_goes_through() {
    let desk = Desk::new();
    assert_eq!(desk.refused("GET", D, Value::Null), (404, 10092));
    assert_eq!(
        desk.refused("GET", &format!("{P}/scripts/a/secrets"), Value::Null),
        (404, 10007)
    );
    let kv = desk.result("POST", K, json!({"title": "cache"}));
    let metadata = json!({
        "main_module": "main.wasm",
        "bindings": [
            {"name": "GREETING", "type": "plain_text", "text": "hello"},
            {"name": "OBJ", "type": "json", "json": {"a": 1}},
            {"name": "CACHE", "type": "kv_namespace", "namespace_id": kv["id"]},
        ],
        "compatibility_date": "2026-01-01",
        "compatibility_flags": [],
        "code_update_strategy": {"mode": "deferred", "max_delay": 300},
        "keep_bindings": ["secret_text", "secret_key"],
        "limits": {"cpu_ms": 50, "subrequests": 10},
        "tags": ["customer-123"],
    });
    let path = format!("{D}?excludeScript=true&bindings_inherit=strict");
    let map = part("main.wasm.map", "{}")
        .file("main.wasm.map")
        .kind("application/source-map");
    let (status, json) = desk.form("PUT", &path, &[meta(&metadata), wasm("main.wasm"), map]);
    assert_eq!(status, 200, "{json}");
    let script = &json["result"];
    assert_eq!(script["id"], "a");
    let digits = script["version_id"].as_str().unwrap().replace('-', "");
    assert_eq!(script["deployment_id"], digits);
    assert_eq!(script["tag"].as_str().unwrap().len(), 32);
    assert_eq!(script["startup_time_ms"], 3);

    let got = desk.result("GET", D, Value::Null);
    assert_eq!(got["dispatch_namespace"], "production");
    assert_eq!(got["script"]["etag"], script["etag"]);
    let settings = desk.result("GET", &format!("{D}/settings"), Value::Null);
    assert_eq!(settings["bindings"].as_array().unwrap().len(), 3);
    assert_eq!(settings["bindings"][1]["json"], json!({"a": 1}));
    assert_eq!(settings["limits"], json!({"cpu_ms": 50, "subrequests": 10}));
    assert_eq!(settings["compatibility_date"], "2026-01-01");
    let bindings = desk.result("GET", &format!("{D}/bindings"), Value::Null);
    assert_eq!(bindings, settings["bindings"]);
    let worker = desk.manage.catalog.worker("production", "a").unwrap();
    assert_eq!(worker.spec.limits.cpu_ms, 50);
    // Its files stay as long as it does.
    drop(worker);

    desk.result("DELETE", &format!("{D}?force=true"), Value::Null);
    assert_eq!(desk.refused("DELETE", D, Value::Null), (404, 10092));
    desk.nothing_stored();
}

#[test]
fn a_worker_in_a_missing_namespace_reads_as_a_missing_worker() {
    let desk = Desk::new();
    let path = format!("{NS}/nowhere/scripts/a");
    let (status, json) = desk.check("GET", &path, Value::Null);
    assert_eq!(status, 404);
    assert_eq!(json["errors"][0]["code"], 10092);
    assert_eq!(json["errors"][1]["code"], 100119);
    let (status, json) = desk.form("PUT", &path, &[meta(&json!({})), wasm("m.wasm")]);
    assert_eq!((status, code(&json)), (404, 100119));
}

#[test]
fn content_comes_back_as_it_went_in_and_is_replaced_alone() {
    let desk = Desk::new();
    let first = desk.pushed(
        "a",
        json!({
            "main_module": "main.wasm",
            "tags": ["t"],
            "bindings": [{"type": "secret_text", "name": "S", "text": "s"}],
        }),
    );
    let got = desk.send("GET", &format!("{D}/content"), None, b"");
    assert_eq!(got.status, 200);
    assert!(
        got.headers
            .contains(&("cf-entrypoint", "main.wasm".to_owned()))
    );
    let again = desk.send(
        "PUT",
        &format!("{D}/content"),
        Some(&got.content_type),
        &got.body,
    );
    assert_eq!(again.status, 200, "{}", again.json());
    let second = &again.json()["result"];
    assert_eq!(second["etag"], first["etag"]);
    assert_eq!(second["number"], 2);
    let settings = desk.result("GET", &format!("{D}/settings"), Value::Null);
    assert_eq!(settings["tags"], json!(["t"]));
    assert_eq!(settings["bindings"][0]["name"], "S");
    let got = desk.send(
        "PUT",
        &format!("{NS}/production/scripts/b/content"),
        Some(FORM),
        b"",
    );
    assert_eq!(got.status, 404);
}

#[test]
fn settings_change_without_modules() {
    let desk = Desk::new();
    let path = format!("{D}/settings");
    let patch = |parts: &[Part]| desk.form("PATCH", &path, parts);
    assert_eq!(patch(&[part("settings", "{}")]).0, 404);
    desk.pushed("a", json!({"main_module": "main.wasm", "tags": ["t"]}));
    let (status, json) = patch(&[part("settings", r#"{"logpush": true}"#)]);
    assert_eq!(status, 200, "{json}");
    assert_eq!(json["result"]["logpush"], true);
    assert_eq!(json["result"]["tags"], json!(["t"]));
    let (status, json) = patch(&[
        part("settings[tags][]", "u"),
        part("settings[limits][cpu_ms]", "7"),
    ]);
    assert_eq!(status, 200, "{json}");
    assert_eq!(json["result"]["tags"], json!(["u"]));
    assert_eq!(json["result"]["limits"], json!({"cpu_ms": 7}));
    // As JSON, with and without the wrapper.
    for body in [json!({"settings": {"tags": []}}), json!({"tags": []})] {
        assert_eq!(desk.result("PATCH", &path, body)["tags"], json!([]));
    }
    assert_eq!(patch(&[part("other", "{}")]).0, 400);
    assert_eq!(patch(&[part("settings", "{}"), wasm("m.wasm")]).0, 400);

    // A PUT without a module does the same (spec: SEMANTICS §37, 10).
    let metadata = json!({"bindings": [{"type": "plain_text", "name": "A", "text": "1"}], "keep_bindings": ["kv_namespace"]});
    for (content_type, body) in [
        (FORM, form(&[meta(&metadata)])),
        (
            "application/json",
            json!({"metadata": metadata}).to_string().into_bytes(),
        ),
        (
            "application/javascript",
            json!({"metadata": metadata}).to_string().into_bytes(),
        ),
    ] {
        let got = desk.send("PUT", D, Some(content_type), &body);
        assert_eq!(got.status, 200, "{}", got.json());
    }
    assert_eq!(
        desk.result("GET", &path, Value::Null)["bindings"][0]["name"],
        "A"
    );
    let (status, json) = desk.form(
        "PUT",
        &format!("{NS}/production/scripts/new"),
        &[meta(&metadata)],
    );
    assert_eq!((status, code(&json)), (400, 10021));
    assert_eq!(desk.runtime.judged.load(Ordering::SeqCst), 1);
}

#[test]
fn scripts_are_listed_by_page_cursor_and_tag() {
    let desk = Desk::new();
    for (script, tags) in [
        ("a", json!(["free"])),
        ("b", json!(["free", "eu"])),
        ("c", json!([])),
    ] {
        desk.pushed(script, json!({"main_module": "main.wasm", "tags": tags}));
    }
    let path = format!("{NS}/production/scripts");
    let names = |query: &str| -> Vec<String> {
        let result = desk.result("GET", &format!("{path}?{query}"), Value::Null);
        let scripts = result.as_array().unwrap().iter();
        scripts
            .map(|script| script["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names(""), ["a", "b", "c"]);
    assert_eq!(names("tags=free%3Ayes"), ["a", "b"]);
    assert_eq!(names("tags=free:yes,eu:no"), ["a"]);
    assert_eq!(names("tags=free,eu"), ["b"]);
    assert_eq!(names("limit=2"), ["a", "b"]);
    assert_eq!(names("limit=2&cursor=b"), ["c"]);
    assert_eq!(names("page=2&per_page=2"), ["c"]);
    assert!(names("page=3&per_page=2").is_empty());
    let (_, json) = desk.check("GET", &format!("{path}?limit=2"), Value::Null);
    assert_eq!(json["result_info"]["cursor"], "b");

    for query in ["", "tags=", "tags=,", "tags=eu:no"] {
        assert_eq!(
            desk.refused("DELETE", &format!("{path}?{query}"), Value::Null)
                .0,
            400
        );
    }
    let deleted = desk.result("DELETE", &format!("{path}?tags=free%3Ayes"), Value::Null);
    assert_eq!(deleted["deleted"], json!(["a", "b"]));
    assert_eq!(names(""), ["c"]);
}

#[test]
fn tags_are_replaced_added_and_removed() {
    let desk = Desk::new();
    desk.pushed("a", json!({"main_module": "main.wasm"}));
    let path = format!("{D}/tags");
    let put = |body| desk.result("PUT", &path, body);
    assert_eq!(put(json!(["a", "b"])), json!(["a", "b"]));
    assert_eq!(put(json!({"tags": ["c"]})), json!(["c"]));
    desk.result("PUT", &format!("{path}/d%20e"), Value::Null);
    assert_eq!(desk.result("GET", &path, Value::Null), json!(["c", "d e"]));
    desk.result("DELETE", &format!("{path}/c"), Value::Null);
    assert_eq!(desk.result("GET", &path, Value::Null), json!(["d e"]));
    for bad in [json!("x"), json!([1]), json!({}), json!({"tags": "\u{0}"})] {
        assert_eq!(desk.refused("PUT", &path, bad).0, 400);
    }
    let got = desk.send("PUT", &path, Some("application/javascript"), b"['a','b']");
    assert_eq!(got.status, 400);
    assert_eq!(
        desk.refused("PUT", &format!("{path}/a%2Cb"), Value::Null),
        (400, 100121)
    );
}

#[test]
fn secrets_go_in_and_never_come_out() {
    let desk = Desk::new();
    assert_eq!(
        desk.refused(
            "PUT",
            &format!("{D}/secrets"),
            json!({"name": "S", "text": "v"})
        ),
        (404, 10092)
    );
    desk.pushed("a", json!({"main_module": "main.wasm"}));
    let path = format!("{D}/secrets");
    let secret = json!({"name": "S", "text": "hidden-1", "type": "secret_text"});
    let shown = json!({"name": "S", "type": "secret_text"});
    assert_eq!(desk.result("PUT", &path, secret), shown);
    assert_eq!(desk.result("GET", &path, Value::Null), json!([shown]));
    assert_eq!(
        desk.result("GET", &format!("{path}/S?url_encoded=true"), Value::Null),
        shown
    );
    assert_eq!(
        desk.refused("GET", &format!("{path}/T"), Value::Null).0,
        404
    );
    let bulk = json!({"secrets": {
        "S": null,
        "GONE": null,
        "T": {"name": "T", "text": "hidden-2", "type": "secret_text"},
    }});
    let after = desk.result("PATCH", &format!("{D}/secrets-bulk"), bulk);
    assert_eq!(after, json!({"T": {"name": "T", "type": "secret_text"}}));
    for bad in [
        json!({"text": "v"}),
        json!({"name": "S"}),
        json!({"name": "S", "text": "v", "type": "secret_key"}),
        json!({"name": "S", "text": "x".repeat(6000)}),
        json!([]),
    ] {
        assert_eq!(desk.refused("PUT", &path, bad).0, 400);
    }
    for path in ["", "/settings", "/bindings", "/secrets"] {
        let (_, json) = desk.check("GET", &format!("{D}{path}"), Value::Null);
        assert!(!json.to_string().contains("hidden"), "{path}");
    }
    // A later upload keeps it when asked to, as wrangler does.
    desk.pushed(
        "a",
        json!({"main_module": "main.wasm", "keep_bindings": ["secret_text"]}),
    );
    let kept = desk.result("GET", &path, Value::Null);
    assert_eq!(kept, json!([after["T"]]));
    desk.result("DELETE", &format!("{path}/T"), Value::Null);
    assert_eq!(
        desk.refused("DELETE", &format!("{path}/T"), Value::Null),
        (404, 10056)
    );
}

#[test]
fn logs_are_lines_of_json() {
    let desk = Desk::new();
    assert_eq!(
        desk.refused("GET", &format!("{D}/logs"), Value::Null),
        (404, 10092)
    );
    desk.pushed("a", json!({"main_module": "main.wasm"}));
    let got = desk.send("GET", &format!("{D}/logs?follow=true"), None, b"");
    assert_eq!(got.content_type, "application/x-ndjson");
    assert_eq!(
        String::from_utf8(got.body).unwrap(),
        "{\"follow\":true,\"script\":\"production/a\"}\n{}\n"
    );
}

#[test]
fn bindings_that_are_sent_back_as_they_are_shown_stay() {
    let desk = Desk::new();
    desk.pushed("other", json!({"main_module": "main.wasm"}));
    let bindings = json!([
        {"type": "plain_text", "name": "V", "text": "1"},
        {"type": "json", "name": "J", "json": {"a": 1}},
        {"type": "secret_text", "name": "S", "text": "hidden"},
        {"type": "service", "name": "W", "service": "other", "props": {"a": 1}},
        {"type": "ratelimit", "name": "R", "namespace_id": "1", "simple": {"limit": 1, "period": 60}},
        {"type": "dispatch_namespace", "name": "D", "namespace": "production",
            "outbound": {"worker": {"service": "other"}, "params": [{"name": "p"}]}},
        {"type": "analytics_engine", "name": "A", "dataset": "A"},
        {"type": "version_metadata", "name": "M"},
    ]);
    let metadata = json!({"main_module": "main.wasm", "bindings": bindings});
    let (status, told) = desk.form("PUT", D, &[meta(&metadata), wasm("main.wasm")]);
    assert_eq!(status, 200, "{told}");
    let path = format!("{D}/settings");
    let shown = desk.result("GET", &path, Value::Null);
    // As older clients add secrets: with all that there is, secrets without their texts.
    let mut more = shown["bindings"].as_array().unwrap().clone();
    more.push(json!({"type": "secret_text", "name": "MORE", "text": "too"}));
    let changed = desk.result("PATCH", &path, json!({ "bindings": more }));
    let named = json!({"type": "secret_text", "name": "MORE"});
    let mut expected = shown["bindings"].as_array().unwrap().clone();
    expected.push(named);
    assert_eq!(changed["bindings"], json!(expected));
    // As still older ones do, by name and type alone.
    let bare = changed["bindings"].as_array().unwrap().iter();
    let bare = bare.map(|it| json!({"name": it["name"], "type": it["type"]}));
    let bare = json!({"bindings": bare.collect::<Vec<_>>()});
    let kept = desk.result("PATCH", &path, bare);
    assert_eq!(kept["bindings"], changed["bindings"]);
    let unknown = json!({"bindings": [{"type": "secret_text", "name": "NONE"}]});
    assert_eq!(desk.refused("PATCH", &path, unknown), (400, 10056));
}

#[test]
fn bodies_that_are_packed_are_refused_by_name() {
    let desk = Desk::new();
    let send = |coding: &str| {
        let request = http::Request::builder()
            .method("POST")
            .uri(format!("{P}/dispatch/namespaces"))
            .header("authorization", format!("Bearer {}", desk.token))
            .header("content-encoding", coding);
        let body = Payload::whole(br#"{"name": "another"}"#.to_vec());
        desk.raw(request.body(body).unwrap())
    };
    assert_eq!(send("gzip").status, 415);
    assert_eq!(send("br").status, 415);
    assert_eq!(send("identity").status, 200);
}
