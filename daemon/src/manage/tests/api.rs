//! Tokens, the account, routes that are not there, dispatch namespaces.

use super::*;

#[test]
fn without_a_good_token_there_is_only_401() {
    let desk = Desk::new();
    for path in ["/client/v4/x", "/nowhere", "/", "/postern/v1/status", D] {
        for token in [None, Some("Bearer nonsense"), Some("Bearer "), Some("x")] {
            let mut request = http::Request::builder().method("PUT").uri(path);
            if let Some(token) = token {
                request = request.header("authorization", token);
            }
            let got = desk.raw(request.body(Payload::whole("{}")).unwrap());
            assert_eq!(got.status, 401);
            assert_eq!(
                got.json(),
                json!({
                    "success": false,
                    "errors": [{"code": 10000, "message": "Authentication error"}],
                    "messages": [],
                    "result": null,
                })
            );
            assert!(got.headers.contains(&("connection", "close".to_owned())));
        }
    }
}

#[test]
fn the_account_is_whatever_the_caller_says() {
    let desk = Desk::new();
    assert_eq!(
        desk.result("GET", "/client/v4/user/tokens/verify", Value::Null)["status"],
        "active"
    );
    assert!(desk.result("GET", "/client/v4/user", Value::Null)["email"].is_string());
    let accounts = desk.result("GET", "/client/v4/accounts?page=1", Value::Null);
    assert_eq!(accounts[0]["name"], "Postern");
    assert_eq!(
        desk.result("GET", "/client/v4/accounts?page=2", Value::Null),
        json!([])
    );
    let memberships = desk.result("GET", "/client/v4/memberships?page=1", Value::Null);
    assert_eq!(memberships[0]["account"]["id"], accounts[0]["id"]);
    let subdomain = desk.result(
        "GET",
        "/client/v4/accounts/other/workers/subdomain",
        Value::Null,
    );
    assert_eq!(subdomain["subdomain"], "postern");
    assert_eq!(
        desk.result("GET", "/postern/v1/status", Value::Null),
        json!({"workers": 1})
    );
}

#[test]
fn tokens_are_made_listed_and_revoked() {
    let desk = Desk::new();
    let made = desk.result("POST", "/postern/v1/tokens", json!({"name": "ci"}));
    assert!(made["value"].as_str().unwrap().starts_with("pst_"));
    let all = desk.result("GET", "/postern/v1/tokens", Value::Null);
    assert_eq!(all.as_array().unwrap().len(), 2);
    assert!(!all.to_string().contains(made["value"].as_str().unwrap()));
    let path = format!("/postern/v1/tokens/{}", made["id"].as_str().unwrap());
    desk.result("DELETE", &path, Value::Null);
    assert_eq!(desk.refused("DELETE", &path, Value::Null).0, 404);
}

#[test]
fn unknown_paths_methods_and_features_are_told_apart() {
    let desk = Desk::new();
    let (status, json) = desk.check("GET", "/client/v4/accounts/x/nothing", Value::Null);
    assert_eq!((status, code(&json)), (404, 7003));
    assert_eq!(
        message(&json),
        "Could not route to /client/v4/accounts/x/nothing, perhaps your object identifier is invalid?"
    );
    assert_eq!(desk.refused("GET", "/", Value::Null), (404, 7003));
    let got = desk.send("POST", &format!("{NS}/production"), None, b"");
    assert_eq!(got.status, 405);
    assert!(
        got.headers
            .contains(&("allow", "GET, PUT, PATCH, DELETE".to_owned()))
    );
    for (method, path, feature) in [
        ("GET", "/client/v4/accounts/x/d1/database", "D1"),
        ("POST", "/client/v4/accounts/x/r2/buckets", "R2"),
        ("GET", "/client/v4/accounts/x/queues", "Queues"),
        ("GET", "/client/v4/zones/x/dns_records", "Zones"),
    ] {
        let (status, json) = desk.check(method, path, Value::Null);
        assert_eq!(status, 400, "{method} {path}");
        assert!(message(&json).contains(feature), "{json}");
    }
}

#[test]
fn plain_workers_are_not_there_in_the_fields_words() {
    let desk = Desk::new();
    assert_eq!(
        desk.result("GET", &format!("{P}/scripts"), Value::Null),
        json!([])
    );
    for (path, code) in [
        ("scripts/w/secrets", 10007),
        ("scripts/w/settings", 10007),
        ("scripts/w/deployments", 10007),
        ("scripts/w", 10007),
        ("services/w", 10090),
    ] {
        let refused = desk.refused("GET", &format!("{P}/{path}"), Value::Null);
        assert_eq!(refused, (404, code), "{path}");
    }
    assert_eq!(
        desk.refused(
            "PUT",
            &format!("{P}/scripts/w/secrets"),
            json!({"name": "S", "text": "v", "type": "secret_text"}),
        ),
        (404, 10007)
    );
}

#[test]
fn namespaces_live_and_die() {
    let desk = Desk::new();
    let made = desk.result("POST", NS, json!({"name": "staging"}));
    assert_eq!(made["namespace_name"], "staging");
    assert_eq!(made["namespace_id"].as_str().unwrap().len(), 36);
    assert_eq!(desk.refused("POST", NS, json!({"name": "staging"})).0, 400);
    assert_eq!(
        desk.refused("POST", NS, json!({"name": "a.b"})),
        (400, 10016)
    );
    assert_eq!(desk.refused("POST", NS, json!({"nom": "x"})).0, 400);
    assert_eq!(desk.refused("POST", NS, json!("x")).0, 400);
    let all = desk.result("GET", NS, Value::Null);
    assert_eq!(all.as_array().unwrap().len(), 2);
    assert_eq!(
        desk.result("GET", &format!("{NS}?page=2"), Value::Null),
        json!([])
    );
    let renamed = desk.result("PUT", &format!("{NS}/staging"), json!({"name": "beta"}));
    assert_eq!(renamed["namespace_id"], made["namespace_id"]);
    assert_eq!(
        desk.refused("GET", &format!("{NS}/staging"), Value::Null),
        (404, 100119)
    );
    desk.pushed("a", json!({"main_module": "main.wasm"}));
    let production = desk.result("GET", &format!("{NS}/production"), Value::Null);
    assert_eq!(production["script_count"], 1);
    assert_eq!(
        desk.refused("DELETE", &format!("{NS}/production"), Value::Null)
            .0,
        400
    );
    desk.result("DELETE", &format!("{NS}/beta"), Value::Null);
    assert_eq!(
        desk.refused("DELETE", &format!("{NS}/beta"), Value::Null),
        (404, 100119)
    );
}

#[test]
fn absurd_heads_are_refused() {
    let desk = Desk::new();
    let long = format!("{D}?x={}", "y".repeat(17 * 1024));
    assert_eq!(desk.send("GET", &long, None, b"").status, 414);
    let mut request = http::Request::builder()
        .uri(D)
        .header("authorization", format!("Bearer {}", desk.token));
    for _ in 0..101 {
        request = request.header("x", "y");
    }
    assert_eq!(
        desk.raw(request.body(Payload::whole("")).unwrap()).status,
        431
    );
    let request = http::Request::builder()
        .uri(D)
        .header("x", "y".repeat(33 * 1024));
    assert_eq!(
        desk.raw(request.body(Payload::whole("")).unwrap()).status,
        431
    );
}

#[test]
fn everything_is_back_after_a_restart() {
    let desk = Desk::new();
    desk.pushed("a", json!({"main_module": "main.wasm", "tags": ["t"]}));
    let before = desk.result("GET", D, Value::Null);
    let Desk {
        dir, manage, token, ..
    } = desk;
    drop(manage);
    let runtime = TestRuntime::new("build-1");
    let catalog = open(dir.path(), &runtime);
    let manage = Manage::new(
        catalog,
        ManageOptions::default(),
        Arc::new(NoLogs),
        Arc::new(|| json!({})),
    );
    let desk = Desk {
        dir,
        runtime,
        manage,
        token,
    };
    assert_eq!(desk.result("GET", D, Value::Null), before);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_request_line_panics(method in "(GET|PUT|POST|DELETE|PATCH|HEAD|TRACE)", path in "/[ -~&&[^#<>\"{}|\\\\^`\\[\\] ]]{0,60}") {
        let desk = Desk::new();
        for path in [path.clone(), format!("{NS}{path}"), format!("{K}{path}")] {
            if path.parse::<http::Uri>().is_ok() {
                let got = desk.send(&method, &path, None, b"{}");
                prop_assert!(got.status < 500, "{} {}", method, path);
            }
        }
    }
}
