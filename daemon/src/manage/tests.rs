//! The API as its clients see it, without a socket: each call goes through the router.

#![allow(clippy::unwrap_used)]

use super::envelope::AnswerBody;
use super::*;
use crate::catalog::testing::{TestRuntime, TestWorker, WASM, open};
use bytes::Bytes;
use futures_lite::StreamExt;
use futures_lite::future::block_on;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

const P: &str = "/client/v4/accounts/edge/workers";
const NS: &str = "/client/v4/accounts/edge/workers/dispatch/namespaces";
const D: &str = "/client/v4/accounts/edge/workers/dispatch/namespaces/production/scripts/a";
const K: &str = "/client/v4/accounts/edge/storage/kv/namespaces";

pub(super) struct Desk {
    dir: tempfile::TempDir,
    runtime: Arc<TestRuntime>,
    pub(super) manage: Arc<Manage<TestWorker>>,
    pub(super) token: String,
}

/// An answer in full.
struct Got {
    status: u16,
    headers: Vec<(&'static str, String)>,
    content_type: String,
    body: Vec<u8>,
}

impl Got {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

fn echo_logs() -> Arc<dyn LogSource> {
    struct Echo;
    impl LogSource for Echo {
        fn logs(&self, namespace: &str, script: &str, follow: bool) -> LogStream {
            let line = json!({"script": format!("{namespace}/{script}"), "follow": follow});
            Box::pin(futures_lite::stream::iter([
                line.to_string(),
                "{}".to_owned(),
            ]))
        }
    }
    Arc::new(Echo)
}

impl Desk {
    /// With the namespace `production`.
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let runtime = TestRuntime::new("build-1");
        let catalog = open(dir.path(), &runtime);
        let (_, token) = block_on(tokens::create(catalog.store(), "test")).unwrap();
        block_on(catalog.create_namespace("production")).unwrap();
        let options = ManageOptions {
            upload_bytes_max: 1 << 20,
            ..ManageOptions::default()
        };
        let status = Arc::new(|| json!({"workers": 1}));
        Self {
            manage: Manage::new(catalog, options, echo_logs(), status),
            dir,
            runtime,
            token,
        }
    }

    fn send(&self, method: &str, path: &str, content_type: Option<&str>, body: &[u8]) -> Got {
        let mut request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.token));
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        self.raw(request.body(Payload::whole(body.to_vec())).unwrap())
    }

    fn raw(&self, request: http::Request<Payload>) -> Got {
        block_on(async {
            let answer = self.manage.handle(request).await;
            let body = match answer.body {
                AnswerBody::Whole(bytes) => bytes.to_vec(),
                AnswerBody::Stream { len, mut source } => {
                    let mut all = Vec::new();
                    while let Some(part) = source.next().await {
                        all.extend_from_slice(&part.unwrap());
                    }
                    assert!(len.is_none_or(|len| len == all.len() as u64));
                    all
                }
            };
            Got {
                status: answer.status.as_u16(),
                headers: answer.headers,
                content_type: answer.content_type,
                body,
            }
        })
    }

    /// A call with a JSON body: the status and the envelope, which is checked for shape.
    fn check(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let got = self.send(method, path, Some("text/plain"), body.as_bytes());
        let json = got.json();
        assert_eq!(json["success"], json!(got.status < 400), "{json}");
        assert!(json["errors"].is_array() && json["messages"].is_array());
        assert_eq!(
            json["errors"].as_array().unwrap().is_empty(),
            got.status < 400
        );
        (got.status, json)
    }

    /// The result of a call that succeeds.
    fn result(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, json) = self.check(method, path, body);
        assert_eq!(status, 200, "{method} {path}: {json}");
        json["result"].clone()
    }

    /// Status and first code of a call that is refused.
    fn refused(&self, method: &str, path: &str, body: Value) -> (u16, u64) {
        let (status, json) = self.check(method, path, body);
        (status, json["errors"][0]["code"].as_u64().unwrap_or(0))
    }

    fn form(&self, method: &str, path: &str, parts: &[Part]) -> (u16, Value) {
        let body = form(parts);
        let got = self.send(method, path, Some(FORM), &body);
        (got.status, got.json())
    }

    /// Pushes a wasm module with this metadata as wrangler and curl do.
    fn push(&self, script: &str, metadata: Value) -> (u16, Value) {
        let path = format!("{NS}/production/scripts/{script}");
        self.form("PUT", &path, &[meta(&metadata), wasm("main.wasm")])
    }

    fn pushed(&self, script: &str, metadata: Value) -> Value {
        let (status, json) = self.push(script, metadata);
        assert_eq!(status, 200, "{json}");
        json["result"].clone()
    }

    fn nothing_stored(&self) {
        let catalog = &self.manage.catalog;
        assert!(catalog.scripts("production", None).unwrap().is_empty());
        assert!(catalog.store().blobs().list().unwrap().is_empty());
        assert_eq!(catalog.counts(), (0, 0));
    }
}

const FORM: &str = "multipart/form-data; boundary=frontier";

#[derive(Clone, Debug)]
struct Part {
    name: String,
    file: Option<String>,
    kind: Option<&'static str>,
    body: Vec<u8>,
}

fn part(name: &str, body: impl Into<Vec<u8>>) -> Part {
    Part {
        name: name.to_owned(),
        file: None,
        kind: None,
        body: body.into(),
    }
}

impl Part {
    fn file(mut self, name: &str) -> Self {
        self.file = Some(name.to_owned());
        self
    }

    fn kind(mut self, kind: &'static str) -> Self {
        self.kind = Some(kind);
        self
    }
}

fn meta(metadata: &Value) -> Part {
    part("metadata", metadata.to_string())
}

fn wasm(name: &str) -> Part {
    part(name, WASM).file(name).kind("application/wasm")
}

fn form(parts: &[Part]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        let mut head = format!(
            "--frontier\r\nContent-Disposition: form-data; name=\"{}\"",
            part.name
        );
        if let Some(file) = &part.file {
            head.push_str(&format!("; filename=\"{file}\""));
        }
        if let Some(kind) = part.kind {
            head.push_str(&format!("\r\nContent-Type: {kind}"));
        }
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(b"\r\n\r\n");
        body.extend_from_slice(&part.body);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--frontier--\r\n");
    body
}

fn code(json: &Value) -> u64 {
    json["errors"][0]["code"].as_u64().unwrap()
}

fn message(json: &Value) -> &str {
    json["errors"][0]["message"].as_str().unwrap()
}

#[test]
fn without_a_good_token_there_is_only_401() {
    let desk = Desk::new();
    for path in ["/client/v4/user", "/nowhere", "/", "/postern/v1/status", D] {
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
        (
            "PUT",
            &format!("{P}/scripts/plain?excludeScript=true"),
            "--dispatch-namespace",
        ),
        (
            "POST",
            &format!("{D}/assets-upload-session"),
            "Static assets",
        ),
        (
            "POST",
            &format!("{P}/assets/upload?base64=true"),
            "Static assets",
        ),
        (
            "POST",
            &format!("{P}/scripts/plain/tails"),
            "dispatch namespace",
        ),
        ("GET", "/client/v4/zones?name=edge.test", "Zones"),
        ("POST", "/client/v4/graphql", "GraphQL"),
    ] {
        let (status, json) = desk.check(method, path, Value::Null);
        assert_eq!(status, 404, "{method} {path}");
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
        desk.refused("PUT", &format!("{P}/scripts/w/secrets"), json!({})),
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
    assert_eq!(script["deployment_id"].as_str().unwrap().len(), 32);
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

/// The same deployment in every dialect: what is stored must not differ.
fn dialects() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let metadata = json!({
        "main_module": "main.wasm",
        "bindings": [{"type": "plain_text", "name": "A", "text": "1"}],
        "tags": ["t", "u"],
        "limits": {"cpu_ms": 20},
    });
    let fields = || {
        vec![
            part("metadata[main_module]", "main.wasm"),
            part("metadata[bindings][][type]", "plain_text"),
            part("metadata[bindings][][name]", "A"),
            part("metadata[bindings][][text]", "1"),
            part("metadata[tags][]", "t"),
            part("metadata[tags][]", "u"),
            part("metadata[limits][cpu_ms]", "20"),
        ]
    };
    let with = |mut parts: Vec<Part>, part: Part| {
        parts.push(part);
        form(&parts)
    };
    let module = || part("main.wasm", WASM);
    let files = |name: &str| part(name, WASM).file("main.wasm");
    let json_meta = || meta(&metadata).kind("application/json");
    vec![
        (
            "wrangler",
            FORM,
            form(&[meta(&metadata), wasm("main.wasm")]),
        ),
        (
            "curl",
            FORM,
            form(&[
                json_meta(),
                module().file("local.wasm").kind("application/wasm"),
            ]),
        ),
        (
            "curl, untyped",
            FORM,
            form(&[json_meta(), module().kind("application/octet-stream")]),
        ),
        (
            "module first",
            FORM,
            form(&[wasm("main.wasm"), meta(&metadata)]),
        ),
        (
            "python",
            FORM,
            form(&[json_meta(), files("files").kind("application/wasm")]),
        ),
        (
            "python content",
            FORM,
            form(&[json_meta(), files("files[]").kind("application/wasm")]),
        ),
        (
            "typescript 6",
            FORM,
            form(&[
                json_meta().file("metadata"),
                files("files").kind("application/wasm"),
            ]),
        ),
        (
            "typescript 7",
            FORM,
            with(fields(), files("files[]").kind("application/wasm")),
        ),
        (
            "typescript 7, object",
            FORM,
            with(fields(), files("files[main.wasm]")),
        ),
        (
            "typescript 7, no boundary",
            "application/javascript",
            with(fields(), files("files[]")),
        ),
        (
            "quoted boundary",
            "Multipart/Form-Data; charset=x; boundary=\"frontier\"",
            form(&[meta(&metadata), wasm("main.wasm")]),
        ),
    ]
}

#[test]
fn every_dialect_says_the_same() {
    for (dialect, content_type, body) in dialects() {
        let desk = Desk::new();
        let got = desk.send("PUT", D, Some(content_type), &body);
        assert_eq!(got.status, 200, "{dialect}: {}", got.json());
        let (_, script) = desk.manage.catalog.script("production", "a").unwrap();
        assert_eq!(script.main_module, "main.wasm", "{dialect}");
        assert_eq!(script.settings.tags, ["t", "u"], "{dialect}");
        assert_eq!(script.settings.limits.cpu_ms, Some(20), "{dialect}");
        assert_eq!(
            script.settings.bindings[0].shown()["text"],
            "1",
            "{dialect}"
        );
        assert_eq!(script.modules[0].len, WASM.len() as u64, "{dialect}");
    }
}

#[test]
fn a_bare_wasm_body_is_a_worker() {
    let desk = Desk::new();
    for content_type in [
        Some("application/wasm"),
        Some("application/octet-stream"),
        None,
    ] {
        let got = desk.send("PUT", D, content_type, WASM);
        assert_eq!(got.status, 200, "{}", got.json());
    }
}

#[test]
fn a_file_name_without_its_folder_is_found() {
    let desk = Desk::new();
    let metadata = json!({"main_module": "./build/main.wasm"});
    let (status, json) = desk.form("PUT", D, &[meta(&metadata), wasm("main.wasm")]);
    assert_eq!(status, 200, "{json}");
    assert_eq!(json["result"]["main_module"], "main.wasm");
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
fn javascript_is_refused_by_name() {
    let desk = Desk::new();
    let module = "export default { fetch() {} }";
    let named = |name: &str| meta(&json!({"main_module": name}));
    for (content_type, body) in [
        (
            FORM,
            form(&[
                named("index.js"),
                part("index.js", module)
                    .file("index.js")
                    .kind("application/javascript+module"),
            ]),
        ),
        (
            FORM,
            form(&[
                named("index.js"),
                part("index.js", module),
                wasm("./add.wasm"),
            ]),
        ),
        (FORM, form(&[meta(&json!({})), part("worker.mjs", module)])),
        (
            FORM,
            form(&[
                meta(&json!({"body_part": "script"})),
                part("script", module).kind("application/javascript"),
            ]),
        ),
        // Even where other things would be refused as well.
        (
            FORM,
            form(&[
                meta(&json!({"main_module": "i.js", "assets": {"jwt": "x"}})),
                part("i.js", module),
            ]),
        ),
        ("application/javascript", module.as_bytes().to_vec()),
        ("application/javascript", b"--x; export default {}".to_vec()),
    ] {
        let got = desk.send("PUT", D, Some(content_type), &body);
        let json = got.json();
        assert_eq!((got.status, code(&json)), (400, 10021), "{json}");
        assert!(
            message(&json).contains("JavaScript Workers are not supported yet"),
            "{json}"
        );
    }
    desk.nothing_stored();
}

#[test]
fn bad_uploads_are_refused_and_leave_nothing() {
    let desk = Desk::new();
    let good = json!({"main_module": "main.wasm"});
    let whole = form(&[meta(&good), wasm("main.wasm")]);
    let cut = whole[..whole.len() - 8].to_vec();
    let mut cases: Vec<(&str, Option<&str>, Vec<u8>, u16, u64)> = vec![
        ("empty", Some(FORM), Vec::new(), 400, 10026),
        ("empty, untyped", None, Vec::new(), 400, 10026),
        (
            "no boundary",
            Some("multipart/form-data"),
            whole.clone(),
            400,
            10026,
        ),
        (
            "wrong boundary",
            Some("multipart/form-data; boundary=x"),
            whole.clone(),
            400,
            10026,
        ),
        ("no closing boundary", Some(FORM), cut, 400, 10026),
        ("not a form", Some(FORM), b"hello".to_vec(), 400, 10026),
        ("wrong type", Some("text/html"), b"<p>".to_vec(), 400, 10026),
        ("bad header", Some("\u{e9}"), b"x".to_vec(), 400, 10026),
        (
            "metadata not JSON",
            Some(FORM),
            form(&[part("metadata", "{"), wasm("main.wasm")]),
            400,
            10026,
        ),
        (
            "metadata an array",
            Some(FORM),
            form(&[part("metadata", "[]"), wasm("main.wasm")]),
            400,
            10021,
        ),
        (
            "metadata twice",
            Some(FORM),
            form(&[meta(&good), meta(&good), wasm("main.wasm")]),
            400,
            10026,
        ),
        (
            "metadata not UTF-8",
            Some(FORM),
            form(&[part("metadata", vec![0xff]), wasm("main.wasm")]),
            400,
            10026,
        ),
        (
            "metadata deep",
            Some(FORM),
            form(&[part("metadata", "[".repeat(100_000)), wasm("main.wasm")]),
            400,
            10026,
        ),
        (
            "both metadata",
            Some(FORM),
            form(&[
                meta(&good),
                part("metadata[tags][]", "x"),
                wasm("main.wasm"),
            ]),
            400,
            10026,
        ),
        (
            "brackets askew",
            Some(FORM),
            form(&[part("metadata[a", "x"), wasm("main.wasm")]),
            400,
            10026,
        ),
        (
            "no such module",
            Some(FORM),
            form(&[meta(&json!({"main_module": "x.wasm"})), wasm("main.wasm")]),
            400,
            10021,
        ),
        ("no module", Some(FORM), form(&[meta(&good)]), 400, 10021),
        (
            "module twice",
            Some(FORM),
            form(&[meta(&good), wasm("main.wasm"), wasm("main.wasm")]),
            400,
            10026,
        ),
        (
            "module too many",
            Some(FORM),
            form(&[meta(&good), wasm("main.wasm"), wasm("b.wasm")]),
            400,
            10021,
        ),
        (
            "no name",
            Some(FORM),
            form(&[meta(&good), wasm("")]),
            400,
            10026,
        ),
        (
            "lost contents",
            Some(FORM),
            form(&[
                meta(&good),
                part("files", r#"{"main.wasm":{}}"#).kind("application/json"),
            ]),
            400,
            10026,
        ),
        (
            "corrupt wasm",
            Some(FORM),
            form(&[
                meta(&good),
                part("main.wasm", "\0asn").kind("application/wasm"),
            ]),
            400,
            10021,
        ),
        (
            "corrupt raw wasm",
            Some("application/wasm"),
            b"MZ".to_vec(),
            400,
            10021,
        ),
        (
            "too large",
            Some("application/wasm"),
            vec![0; (1 << 20) + 1],
            413,
            10027,
        ),
        (
            "too large a form",
            Some(FORM),
            form(&[meta(&good), part("main.wasm", vec![0; 1 << 20])]),
            413,
            10027,
        ),
        (
            "too large metadata",
            Some(FORM),
            form(&[part("metadata", vec![b' '; 1 << 20])]),
            413,
            10027,
        ),
        (
            "many parts",
            Some(FORM),
            form(&vec![part("metadata[tags][]", "x"); 3000]),
            400,
            10026,
        ),
    ];
    for (name, metadata, code) in [
        (
            "unknown binding",
            json!({"bindings": [{"type": "magic", "name": "M"}]}),
            10021,
        ),
        (
            "binding not here",
            json!({"bindings": [{"type": "d1", "name": "DB", "id": "x"}]}),
            10021,
        ),
        (
            "unnamed binding",
            json!({"bindings": [{"type": "plain_text", "text": "x"}]}),
            10052,
        ),
        (
            "no such KV",
            json!({"bindings": [{"type": "kv_namespace", "name": "K", "namespace_id": "00"}]}),
            10056,
        ),
        (
            "no such KV either",
            json!({"bindings": [{"type": "kv_namespace", "name": "K", "namespace_id": "0".repeat(32)}]}),
            10056,
        ),
        (
            "large variable",
            json!({"bindings": [{"type": "plain_text", "name": "V", "text": "x".repeat(6000)}]}),
            10054,
        ),
        (
            "many bindings",
            json!({"bindings": (0..129).map(|n| json!({"type": "plain_text", "name": format!("V{n}"), "text": ""})).collect::<Vec<_>>()}),
            10055,
        ),
        (
            "many tags",
            json!({"tags": ["1", "2", "3", "4", "5", "6", "7", "8", "9"]}),
            100121,
        ),
        ("bad tag", json!({"tags": ["a,b"]}), 100121),
        ("bad limit", json!({"limits": {"cpu_ms": 0}}), 10021),
        ("assets", json!({"assets": {"jwt": "x"}}), 10021),
    ] {
        let mut metadata = metadata;
        metadata["main_module"] = json!("main.wasm");
        cases.push((
            name,
            Some(FORM),
            form(&[meta(&metadata), wasm("main.wasm")]),
            400,
            code,
        ));
    }
    for (name, content_type, body, status, expected) in cases {
        let got = desk.send("PUT", D, content_type, &body);
        let json = got.json();
        assert_eq!(
            (got.status, code(&json)),
            (status, expected),
            "{name}: {json}"
        );
        assert_eq!(json["success"], false);
        desk.nothing_stored();
    }
}

#[test]
fn bad_names_are_refused_before_the_body_is_read() {
    let desk = Desk::new();
    for name in [
        "a.b",
        "-a",
        "a%20b",
        "a%2Fb",
        "%2e%2e",
        "%00",
        &"x".repeat(64),
    ] {
        let path = format!("{NS}/production/scripts/{name}");
        let got = desk.send("PUT", &path, Some("application/wasm"), &vec![0; 2 << 20]);
        assert_eq!((got.status, code(&got.json())), (400, 10016), "{name}");
    }
    let got = desk.send("GET", &format!("{NS}/%ff/scripts/a"), None, b"");
    assert_eq!(got.status, 400);
    desk.nothing_stored();
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
    assert_eq!(after, json!([{"name": "T", "type": "secret_text"}]));
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
    assert_eq!(desk.result("GET", &path, Value::Null), after);
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
fn kv_namespaces_page_to_an_end() {
    let desk = Desk::new();
    for title in ["b", "a", "c"] {
        desk.result("POST", K, json!({"title": title}));
    }
    let titles = |query: &str| -> Vec<String> {
        let result = desk.result("GET", &format!("{K}?{query}"), Value::Null);
        let all = result.as_array().unwrap().iter();
        all.map(|one| one["title"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        titles("per_page=1000&order=title&direction=asc"),
        ["a", "b", "c"]
    );
    assert_eq!(titles("order=title&direction=desc&per_page=2"), ["c", "b"]);
    assert!(titles("per_page=1000&order=title&direction=asc&page=2").is_empty());
    assert!(titles("page=18446744073709551615").is_empty());
    assert_eq!(
        desk.refused("GET", &format!("{K}?page=x"), Value::Null).0,
        400
    );
    assert_eq!(desk.refused("POST", K, json!({"title": "a"})).0, 400);
    assert_eq!(desk.refused("POST", K, json!({"title": ""})).0, 400);
    let id = desk.result("POST", K, json!({"title": "d"}))["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("{K}/{id}");
    assert_eq!(
        desk.result("PUT", &path, json!({"title": "e"}))["title"],
        "e"
    );
    assert_eq!(desk.result("GET", &path, Value::Null)["title"], "e");
    desk.result("DELETE", &path, Value::Null);
    assert_eq!(desk.refused("GET", &path, Value::Null), (404, 10013));
    assert_eq!(
        desk.refused("GET", &format!("{K}/zz/keys"), Value::Null),
        (404, 10013)
    );
}

#[test]
fn values_go_in_raw_or_as_a_form() {
    let desk = Desk::new();
    let id = desk.result("POST", K, json!({"title": "t"}))["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let value = |key: &str| format!("{K}/{id}/values/{key}");
    let read = |key: &str| {
        let got = desk.send("GET", &value(key), None, b"");
        (got.status, got.body)
    };
    assert_eq!(read("x").0, 404);
    assert_eq!(desk.refused("GET", &value("x"), Value::Null), (404, 10009));
    for body in [&b""[..], b"plain", &[0xff, 0, 0xfe], &vec![7; 100_000]] {
        let got = desk.send("PUT", &value("x"), Some("text/plain"), body);
        assert_eq!(got.status, 200);
        assert_eq!(read("x"), (200, body.to_vec()));
    }
    // Encoded once, a slash either way.
    desk.send("PUT", &value("a%2Fb%20c%25"), None, b"1");
    assert_eq!(read("a/b%20c%25").1, b"1");
    desk.send("PUT", &value("d//e/"), None, b"2");
    assert_eq!(read("d%2F%2Fe%2F").1, b"2");
    let keys = desk.result("GET", &format!("{K}/{id}/keys?prefix=a%2F"), Value::Null);
    assert_eq!(keys, json!([{"name": "a/b c%"}]));

    for parts in [
        vec![part("value", "v"), part("metadata", r#"{"x":{"y":"1"}}"#)],
        vec![
            part("metadata", r#"{"x":{"y":"1"}}"#).kind("application/json"),
            part("value", "v").file("upload"),
        ],
        vec![part("metadata[x][y]", "1"), part("value", "v")],
    ] {
        let got = desk.send(
            "PUT",
            &value("m?expiration_ttl=60"),
            Some(FORM),
            &form(&parts),
        );
        assert_eq!(got.status, 200, "{}", got.json());
        assert_eq!(read("m").1, b"v");
        let metadata = desk.result("GET", &format!("{K}/{id}/metadata/m"), Value::Null);
        assert_eq!(metadata, json!({"x": {"y": "1"}}));
    }
    desk.send(
        "PUT",
        &value("m"),
        Some(FORM),
        &form(&[part("value", "w"), part("metadata", "")]),
    );
    assert_eq!(
        desk.result("GET", &format!("{K}/{id}/metadata/m"), Value::Null),
        Value::Null
    );

    for (path, content_type, body, status) in [
        (value("x?expiration_ttl=59"), None, b"v".to_vec(), 400),
        (value("x?expiration_ttl=soon"), None, b"v".to_vec(), 400),
        (value(&"k".repeat(513)), None, b"v".to_vec(), 414),
        (value("x"), Some(FORM), form(&[part("metadata", "{}")]), 400),
        (
            value("x"),
            Some(FORM),
            form(&[part("value", "1"), part("value", "2")]),
            400,
        ),
        (value("x"), Some(FORM), b"--frontier\r\n".to_vec(), 400),
        (value("x"), None, vec![0; 26_214_401], 413),
    ] {
        let got = desk.send("PUT", &path, content_type, &body);
        assert_eq!(got.status, status, "{path}: {}", got.json());
        assert_eq!(got.json()["success"], false);
    }
    assert_eq!(read("x").1.len(), 100_000, "refusals changed nothing");
    desk.result("DELETE", &value("x"), Value::Null);
    desk.result("DELETE", &value("x"), Value::Null);
    assert_eq!(read("x").0, 404);
}

#[test]
fn a_body_that_breaks_off_stores_nothing() {
    let desk = Desk::new();
    let id = desk.result("POST", K, json!({"title": "t"}))["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("{K}/{id}/values/x");
    for (uri, content_type) in [
        (path.as_str(), "text/plain"),
        (D, "application/wasm"),
        (D, FORM),
    ] {
        let parts = [
            Ok(Bytes::from_static(b"--frontier\r\n")),
            Err(std::io::ErrorKind::ConnectionReset.into()),
        ];
        let long = std::time::Duration::from_secs(1000);
        let body = Payload::new(
            Box::pin(futures_lite::stream::iter(parts)),
            None,
            long,
            long,
        );
        let request = http::Request::put(uri)
            .header("authorization", format!("Bearer {}", desk.token))
            .header("content-type", content_type);
        let got = desk.raw(request.body(body).unwrap());
        assert_eq!((got.status, code(&got.json())), (400, 10026));
    }
    assert_eq!(desk.refused("GET", &path, Value::Null), (404, 10009));
    desk.nothing_stored();
}

#[test]
fn keys_are_listed_to_the_end() {
    let desk = Desk::new();
    let id = desk.result("POST", K, json!({"title": "t"}))["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let pairs: Vec<Value> = (0..25)
        .map(|n| json!({"key": format!("k{n:02}"), "value": "v", "metadata": {"n": n}}))
        .collect();
    desk.result("PUT", &format!("{K}/{id}/bulk"), json!(pairs));
    let mut cursor = String::new();
    let mut seen = Vec::new();
    loop {
        let path = format!("{K}/{id}/keys?limit=10&prefix=k&cursor={cursor}");
        let (_, json) = desk.check("GET", &path, Value::Null);
        seen.extend(json["result"].as_array().unwrap().clone());
        assert_eq!(
            json["result_info"]["count"],
            json["result"].as_array().unwrap().len()
        );
        cursor = json["result_info"]["cursor"].as_str().unwrap().to_owned();
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!(seen.len(), 25);
    assert_eq!(seen[24], json!({"name": "k24", "metadata": {"n": 24}}));
    for query in ["limit=0", "limit=1001", "limit=x", "limit=99999999999"] {
        let path = format!("{K}/{id}/keys?{query}");
        assert_eq!(desk.refused("GET", &path, Value::Null).0, 400, "{query}");
    }
}

#[test]
fn bulk_calls_work_in_both_forms() {
    let desk = Desk::new();
    let id = desk.result("POST", K, json!({"title": "t"}))["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let bulk = |method: &str, end: &str, body: Value| {
        desk.check(method, &format!("{K}/{id}/bulk{end}"), body)
    };
    let (status, json) = bulk(
        "PUT",
        "",
        json!([
            {"key": "a", "value": "1", "metadata": {"m": 1}},
            {"key": "b", "value": "aGk=", "base64": true, "expiration_ttl": 3600},
            {"key": "c", "value": "{\"x\":2}", "base64": false, "metadata": null},
        ]),
    );
    assert_eq!(status, 200, "{json}");
    assert_eq!(json["result"]["successful_key_count"], 3);
    let (_, json) = bulk("POST", "/get", json!({"keys": ["a", "b", "none"]}));
    assert_eq!(
        json["result"],
        json!({"values": {"a": "1", "b": "hi", "none": null}})
    );
    let (_, json) = bulk("POST", "/get", json!({"keys": ["a"], "withMetadata": true}));
    assert_eq!(
        json["result"]["values"]["a"],
        json!({"value": "1", "metadata": {"m": 1}})
    );
    let (_, json) = bulk("POST", "/get", json!({"keys": ["c"], "type": "json"}));
    assert_eq!(json["result"]["values"]["c"], json!({"x": 2}));
    let (status, _) = bulk("POST", "/get", json!({"keys": ["b"], "type": "json"}));
    assert_eq!(status, 400);
    assert_eq!(bulk("DELETE", "", json!(["a"])).0, 200);
    assert_eq!(bulk("POST", "/delete", json!(["b", "none"])).0, 200);
    let keys = desk.result("GET", &format!("{K}/{id}/keys"), Value::Null);
    assert_eq!(keys, json!([{"name": "c"}]));
    for (method, end, body) in [
        ("PUT", "", json!({})),
        ("PUT", "", json!([{"key": "a"}])),
        (
            "PUT",
            "",
            json!([{"key": "a", "value": "%", "base64": true}]),
        ),
        (
            "PUT",
            "",
            json!([{"key": "ok", "value": "1"}, {"key": "x", "value": "1", "expiration_ttl": 5}]),
        ),
        ("POST", "/get", json!({"keys": vec!["k"; 101]})),
        ("POST", "/get", json!({"keys": [], "type": "stream"})),
        ("DELETE", "", json!([1])),
        ("DELETE", "", json!(vec!["k"; 10_001])),
    ] {
        let (status, json) = bulk(method, end, body);
        assert_eq!(status, 400, "{json}");
    }
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

/// Any metadata a client may send, in the part's form and in fields'.
fn any_metadata() -> impl Strategy<Value = (Value, Vec<Part>)> {
    let text = "[a-zA-Z0-9 _.:-]{0,12}";
    let bindings = prop::collection::btree_map("[A-Z]{1,4}", text, 0..4);
    let tags = prop::collection::btree_set("[a-z]{1,6}", 0..4);
    (
        bindings,
        tags,
        1..1000_u32,
        any::<bool>(),
        any::<[bool; 3]>(),
    )
        .prop_map(|(bindings, tags, cpu_ms, keep, order)| {
            let mut fields = vec![
                part("metadata[main_module]", "main.wasm"),
                part("metadata[limits][cpu_ms]", cpu_ms.to_string()),
                part("metadata[keep_bindings]", keep.to_string()),
            ];
            let mut list = Vec::new();
            for (name, text) in &bindings {
                list.push(json!({"type": "plain_text", "name": name, "text": text}));
                let mut keys = vec![("type", "plain_text"), ("name", name), ("text", text)];
                if order[0] {
                    keys.reverse();
                }
                if order[1] {
                    keys.swap(0, 1);
                }
                for (key, value) in keys {
                    fields.push(part(
                        &format!("metadata[bindings][][{key}]"),
                        value.as_bytes(),
                    ));
                }
            }
            fields.extend(
                tags.iter()
                    .map(|tag| part("metadata[tags][]", tag.as_bytes())),
            );
            if order[2] {
                fields.rotate_left(2);
            }
            let metadata = json!({
                "main_module": "main.wasm", "bindings": list, "tags": tags,
                "limits": {"cpu_ms": cpu_ms}, "keep_bindings": keep,
            });
            (metadata, fields)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn fields_and_part_mean_the_same((metadata, fields) in any_metadata(), split in 1..200_usize) {
        let read = |body: Vec<u8>| {
            let parts: Vec<_> = body.chunks(split).map(|part| Ok(Bytes::copy_from_slice(part))).collect();
            let long = std::time::Duration::from_secs(1000);
            let payload = Payload::new(Box::pin(futures_lite::stream::iter(parts)), None, long, long);
            block_on(upload::read(Some(FORM), payload, "metadata", 1 << 20)).unwrap()
        };
        let with = |mut parts: Vec<Part>| { parts.push(wasm("main.wasm")); form(&parts) };
        let one = read(with(vec![meta(&metadata)]));
        let other = read(with(fields));
        prop_assert_eq!(&one.modules, &other.modules);
        let parse = |upload: &upload::Upload| metadata::Metadata::parse(upload.metadata.as_ref().unwrap()).unwrap();
        let (one, mut other) = (parse(&one), parse(&other));
        // No fields, no array: the same to a new script.
        other.change.bindings.get_or_insert_default();
        other.change.tags.get_or_insert_default();
        prop_assert_eq!(one, other);
    }

    #[test]
    fn damaged_uploads_are_answered_and_never_half_stored(
        which in 0..11_usize, at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>(),
    ) {
        let desk = Desk::new();
        let (_, content_type, mut body) = dialects().swap_remove(which);
        let at = at.index(body.len());
        if cut { body.truncate(at) } else { body[at] = byte }
        let got = desk.send("PUT", D, Some(content_type), &body);
        prop_assert!(got.status < 500);
        prop_assert_eq!(got.json()["success"].clone(), json!(got.status == 200));
        if got.status != 200 {
            desk.nothing_stored();
        }
    }

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
