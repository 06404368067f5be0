//! Tokens for one tag: what they reach, and everything that they might try to reach more.

use super::*;
use crate::manage::guard::Caller;
use crate::manage::roles::Role;
use crate::manage::tokens::{Grant, authenticate, create};
use http::{HeaderMap, Method};

const SCRIPTS: &str = "accounts/{account}/workers/dispatch/namespaces/{ns}/scripts/{script}";

/// A desk with a script of each of two customers, and a token for those of the first.
fn two() -> (Desk, String) {
    let desk = Desk::keeping(5);
    desk.pushed(
        "mine",
        json!({"main_module": "main.wasm", "tags": ["customer-1", "plan:small"]}),
    );
    desk.pushed(
        "theirs",
        json!({"main_module": "main.wasm", "tags": ["customer-2"]}),
    );
    let grant = Grant {
        role: Role::Deploy,
        tag: Some("customer-1".to_owned()),
        ..Grant::default()
    };
    let (_, token) = block_on(create(desk.manage.catalog.store(), "one", grant)).unwrap();
    (desk, token)
}

impl Desk {
    /// The same with another token.
    fn as_one(&mut self, token: &str) -> String {
        std::mem::replace(&mut self.token, token.to_owned())
    }

    fn tags(&self, script: &str) -> Vec<String> {
        let found = self.manage.catalog.script("production", script);
        found.unwrap().1.settings.tags
    }

    fn put(&self, script: &str, tags: Value) -> (u16, Value) {
        let mut metadata = json!({"main_module": "main.wasm"});
        if !tags.is_null() {
            metadata["tags"] = tags;
        }
        self.push(script, metadata)
    }
}

#[test]
fn a_token_for_a_tag_has_the_scripts_that_carry_it() {
    let (mut desk, token) = two();
    let admin = desk.as_one(&token);
    let script = |name: &str| format!("{NS}/production/scripts/{name}");
    // Its own, and those of others by no path.
    assert_eq!(desk.check("GET", &script("mine"), json!(null)).0, 200);
    assert_eq!(desk.put("mine", json!(null)).0, 200);
    assert_eq!(desk.tags("mine"), ["customer-1", "plan:small"]);
    let (status, told) = desk.check("GET", &script("theirs"), json!(null));
    assert_eq!(status, 403, "{told}");
    assert_eq!(desk.put("theirs", json!(["customer-1"])).0, 403);
    assert_eq!(desk.put("theirs", json!(null)).0, 403);
    assert_eq!(desk.tags("theirs"), ["customer-2"]);
    // A new one must carry the tag, and no other.
    for tags in [
        json!(null),
        json!([]),
        json!(["customer-2"]),
        json!(["customer-1", "plan:large"]),
        json!(["customer-1", "tenant:theirs"]),
    ] {
        let (status, told) = desk.put("new", tags.clone());
        assert_eq!(status, 403, "{tags}: {told}");
    }
    assert!(desk.manage.catalog.script("production", "new").is_err());
    assert_eq!(desk.put("new", json!(["customer-1"])).0, 200);
    // It may look whether a name is free, as clients do before they deploy.
    assert_eq!(desk.check("GET", &script("free"), json!(null)).0, 404);
    // Lists have its own alone, however they are asked for.
    let list = format!("{NS}/production/scripts");
    for query in ["", "?tags=customer-2:no", "?per_page=50", "?limit=1000"] {
        let listed = desk.result("GET", &format!("{list}{query}"), json!(null));
        let names = |listed: &Value| -> Vec<String> {
            let all = listed.as_array().unwrap().iter();
            all.map(|it| it["id"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(names(&listed), ["mine", "new"], "{query}");
    }
    let other = desk.result("GET", &format!("{list}?tags=customer-2:yes"), json!(null));
    assert_eq!(other, json!([]));
    // So have deletions by tags.
    for (query, gone) in [
        ("?tags=customer-2:yes", json!([])),
        ("?tags=plan:small:yes", json!(["mine"])),
    ] {
        let told = desk.result("DELETE", &format!("{list}{query}"), json!(null));
        assert_eq!(told["deleted"], gone, "{query}");
    }
    for query in ["", "?tags=customer-1:no", "?tags=,"] {
        let (status, _) = desk.refused("DELETE", &format!("{list}{query}"), json!(null));
        assert_eq!(status, 400, "{query}");
    }
    assert_eq!(desk.check("DELETE", &script("new"), json!(null)).0, 200);
    assert_eq!(desk.check("DELETE", &script("theirs"), json!(null)).0, 403);
    desk.as_one(&admin);
    let left = desk.result("GET", &list, json!(null));
    assert_eq!(left.as_array().unwrap().len(), 1);
}

#[test]
fn a_token_for_a_tag_changes_no_tags() {
    let (mut desk, token) = two();
    desk.as_one(&token);
    let tags = format!("{NS}/production/scripts/mine/tags");
    let before = desk.tags("mine");
    for (method, path, body) in [
        ("PUT", tags.clone(), json!([])),
        ("PUT", tags.clone(), json!(["customer-2"])),
        ("PUT", tags.clone(), json!(["customer-1", "plan:large"])),
        ("PUT", format!("{tags}/customer-2"), json!(null)),
        ("PUT", format!("{tags}/tenant:theirs"), json!(null)),
        ("DELETE", format!("{tags}/customer-1"), json!(null)),
        ("DELETE", format!("{tags}/plan:small"), json!(null)),
    ] {
        let (status, code) = desk.refused(method, &path, body.clone());
        assert_eq!((status, code), (403, 10000), "{method} {path} {body}");
    }
    let settings = format!("{NS}/production/scripts/mine/settings");
    for tags in [json!([]), json!(["customer-1"]), json!(["customer-2"])] {
        let parts = [part("settings", json!({"tags": tags}).to_string())];
        assert_eq!(desk.form("PATCH", &settings, &parts).0, 403, "{tags}");
    }
    let versions = format!("{NS}/production/scripts/mine/versions");
    for tags in [json!(["customer-1"]), json!(["plan:small"])] {
        let metadata = json!({"main_module": "main.wasm", "tags": tags});
        for query in ["", "?deploy=true"] {
            let parts = [meta(&metadata), wasm("main.wasm")];
            let (status, told) = desk.form("POST", &format!("{versions}{query}"), &parts);
            assert_eq!(status, 403, "{tags} {query} {told}");
        }
    }
    // What says the same, or nothing, is no change of tags.
    let same = json!(["plan:small", "customer-1"]);
    assert_eq!(desk.check("PUT", &tags, same.clone()).0, 200);
    assert_eq!(
        desk.check("PUT", &format!("{tags}/customer-1"), json!(null))
            .0,
        200
    );
    let parts = [part(
        "settings",
        json!({"logpush": true, "tags": same}).to_string(),
    )];
    assert_eq!(desk.form("PATCH", &settings, &parts).0, 200);
    let parts = [part("settings", json!({"logpush": false}).to_string())];
    assert_eq!(desk.form("PATCH", &settings, &parts).0, 200);
    let metadata = json!({"main_module": "main.wasm"});
    let parts = [meta(&metadata), wasm("main.wasm")];
    let (status, told) = desk.form("POST", &versions, &parts);
    assert_eq!(status, 200, "{told}");
    // Without metadata that say otherwise all stays.
    let content = format!("{NS}/production/scripts/mine/content");
    let parts = [meta(&metadata), wasm("main.wasm")];
    assert_eq!(desk.form("PUT", &content, &parts).0, 200);
    let mut after = desk.tags("mine");
    after.sort();
    assert_eq!(after, before);
}

#[test]
fn no_route_reaches_the_scripts_of_others() {
    let (mut desk, token) = two();
    desk.as_one(&token);
    let before = desk.manage.catalog.script("production", "theirs").unwrap();
    let mut asked = 0;
    for (base, method, pattern) in Manage::<TestWorker>::all_routes_there_are() {
        if !pattern.contains("{script}") {
            continue;
        }
        let path = pattern
            .replace("{ns}", "production")
            .replace("{script}", "theirs")
            .replace(['{', '}', '*'], "");
        let got = desk.send(method.as_str(), &format!("{base}{path}"), None, b"{}");
        assert_eq!(got.status, 403, "{method} {path}");
        asked += 1;
    }
    assert!(asked > 70, "{asked}");
    let after = desk.manage.catalog.script("production", "theirs").unwrap();
    assert_eq!(before.1, after.1);
}

#[test]
fn a_tag_that_goes_meanwhile_is_missed_under_the_scripts_lock() {
    let (desk, token) = two();
    let bearer = http::HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
    let headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, bearer)]);
    let token = authenticate(desk.manage.catalog.store(), &headers).unwrap();
    let upload = |extra: Value| {
        let mut metadata = json!({"main_module": "main.wasm"});
        for (name, value) in extra.as_object().into_iter().flatten() {
            metadata[name] = value.clone();
        }
        (Some(FORM), form(&[meta(&metadata), wasm("main.wasm")]))
    };
    let settings = || {
        let part = part("settings", json!({"logpush": true}).to_string());
        (Some(FORM), form(&[part]))
    };
    let text = |body: Value| (None, body.to_string().into_bytes());
    let catalog = &desk.manage.catalog;
    let version = catalog.script("production", "theirs").unwrap().1.version_id;
    let deploy = json!({"strategy": "percentage", "versions": [{"version_id": version.uuid(), "percentage": 100}]});
    let secret = json!({"name": "s", "text": "t", "type": "secret_text"});
    type Body = (Option<&'static str>, Vec<u8>);
    let changes: [(&str, &str, Body); 18] = [
        ("PUT", "", upload(json!({}))),
        ("PUT", "", upload(json!({"tags": ["customer-1"]}))),
        ("DELETE", "", text(json!(null))),
        ("PUT", "/content", upload(json!({}))),
        ("PATCH", "/settings", settings()),
        ("PUT", "/secrets", text(secret.clone())),
        ("DELETE", "/secrets/{secret}", text(json!(null))),
        (
            "PATCH",
            "/secrets-bulk",
            text(json!({"secrets": {"s": secret}})),
        ),
        ("PUT", "/tags", text(json!(["customer-2"]))),
        ("PUT", "/tags/{tag}", text(json!(null))),
        ("DELETE", "/tags/{tag}", text(json!(null))),
        ("PUT", "/schedules", text(json!([]))),
        (
            "POST",
            "/assets-upload-session",
            text(json!({"manifest": {}})),
        ),
        ("POST", "/versions", upload(json!({}))),
        ("PATCH", "/versions/latest", text(json!({"env": {}}))),
        ("POST", "/deployments", text(deploy)),
        ("DELETE", "/deployments/{deployment}", text(json!(null))),
        ("PATCH", "/settings", {
            let part = part("settings", json!({"tail_consumers": []}).to_string());
            (Some(FORM), form(&[part]))
        }),
    ];
    let before = catalog.script("production", "theirs").unwrap().1;
    for (method, below, (content_type, body)) in changes {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut headers = headers.clone();
        if let Some(kind) = content_type {
            headers.insert("content-type", kind.parse().unwrap());
        }
        // As if it had had the tag when the route was asked for.
        let call = Call {
            params: vec![
                ("ns", "production".to_owned()),
                ("script", "theirs".to_owned()),
                ("secret", "s".to_owned()),
                ("tag", "customer-1".to_owned()),
                ("deployment", version.uuid()),
            ],
            query: Vec::new(),
            headers,
            body: Payload::whole(body),
            caller: Caller::Token(Box::new(token.clone())),
            peer: None,
        };
        let pattern = format!("{SCRIPTS}{below}");
        let handled = block_on(desk.manage.unasked(&method, &pattern, call));
        let refusal = match handled {
            Err(refusal) => refusal,
            Ok(answer) => panic!("{method} {below}: {}", answer.status),
        };
        assert_eq!(refusal.status, 403, "{method} {below}: {refusal:?}");
        let after = catalog.script("production", "theirs").unwrap().1;
        assert_eq!(before, after, "{method} {below}");
    }
    // The list is whole: there is no other change of a script of a dispatch namespace.
    let named = Manage::<TestWorker>::all_routes_there_are()
        .filter(|(_, method, pattern)| {
            pattern.starts_with(SCRIPTS)
                && !matches!(**method, Method::GET)
                && !pattern.contains("/tails")
        })
        .count();
    assert_eq!(named, 16);
}

#[test]
fn what_follows_logs_ends_with_the_tag() {
    let (mut desk, token) = two();
    let admin = desk.as_one(&token);
    let logs = format!("{NS}/production/scripts/mine/logs?follow=true");
    let request = http::Request::builder()
        .method("GET")
        .uri(&logs)
        .header("authorization", format!("Bearer {token}"))
        .body(Payload::whole(Vec::new()))
        .unwrap();
    let answer = block_on(desk.manage.handle(request));
    let AnswerBody::Stream { mut source, .. } = answer.body else {
        panic!("logs are a stream");
    };
    assert!(block_on(source.next()).is_some());
    desk.as_one(&admin);
    let tags = format!("{NS}/production/scripts/mine/tags");
    desk.result("PUT", &tags, json!(["customer-2"]));
    assert!(block_on(source.next()).is_none());
}
