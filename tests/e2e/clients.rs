//! What the field's clients send, request for request, as it was recorded from wrangler 4.86 and the npm package
//! `cloudflare` 7; and the SDK itself.

use postern_e2e::api::{ACCOUNT, Api, script};
use postern_e2e::http::Request;
use postern_e2e::wrangler;
use postern_e2e::{Daemon, Form};
use serde_json::{Value, json};
use std::process::Command;

const MODULE: &str = "application/javascript+module";
const WORKER: &str = "import text from './text.txt';
    export default {
        async fetch(request, env) {
            const { pathname } = new URL(request.url);
            if (pathname === '/kv') return new Response(await env.KV.get('from-client'));
            return Response.json([text, env.GREETING, env.DEEP, env.SECRET ?? null, env.VERSION.id.length,
                typeof env.LIMIT.limit, typeof env.ASSETS.fetch]);
        },
        scheduled() {},
    };";

fn daemon() -> Daemon {
    let daemon = Daemon::plain();
    daemon.api().production();
    daemon
}

fn path(end: &str) -> String {
    format!("{ACCOUNT}/{end}")
}

/// Sends a form of files as base64 with the token of its session; gives the token that it ends with.
fn upload(api: &Api, session: &str, form: Form) -> String {
    let (kind, body) = form.finish();
    let request = Request::post(&path("workers/assets/upload?base64=true"), body)
        .header("authorization", &format!("Bearer {session}"))
        .header("content-type", &kind);
    let answer = api.raw(&request).expect("an answer");
    assert_eq!(answer.status, 201);
    jwt(&answer.json()["result"])
}

fn jwt(answer: &Value) -> String {
    answer["jwt"].as_str().unwrap().to_owned()
}

#[test]
fn wrangler_deploys_a_worker_with_assets_and_values() {
    let daemon = daemon();
    let api = daemon.api();
    let kv = path("storage/kv/namespaces");
    let id = api.json("POST", &kv, &json!({"title": "things"})).ok();
    let id = id["id"].as_str().unwrap();
    // `wrangler kv key put`
    let value = format!("{kv}/{id}/values/from-client");
    let put = api.request("PUT", &value).body("a value");
    api.send(&put.header("content-type", "text/plain;charset=UTF-8"))
        .ok();

    // `wrangler deploy --dispatch-namespace production`
    let (status, code, _) = api.get(&script("shop")).refused();
    assert_eq!((status, code), (404, 10092));
    for plain in ["secrets", "settings"] {
        let (status, code, _) = api
            .get(&path(&format!("workers/scripts/shop/{plain}")))
            .refused();
        assert_eq!((status, code), (404, 10007), "{plain}");
    }
    let manifest = json!({"manifest": {
        "/index.html": {"hash": "5e00bb4a7eb947a3efc377215c580b10", "size": 12},
        "/style.css": {"hash": "aa42bba514e8ddfea838ec1a715ca332", "size": 7},
    }});
    let session = format!("{}/assets-upload-session", script("shop"));
    let begun = api.json("POST", &session, &manifest).ok();
    let hashes = [
        "5e00bb4a7eb947a3efc377215c580b10",
        "aa42bba514e8ddfea838ec1a715ca332",
    ];
    assert_eq!(begun["buckets"], json!([hashes]));
    let files = Form::new()
        .part(
            hashes[0],
            Some(hashes[0]),
            Some("text/html; charset=utf-8"),
            "PGgxPjQwPC9oMT4K",
        )
        .part(
            hashes[1],
            Some(hashes[1]),
            Some("text/css; charset=utf-8"),
            "Ym9keXt9Cg==",
        );
    let completion = upload(&api, &jwt(&begun), files);
    let metadata = |assets: &str| {
        json!({
            "main_module": "index.js",
            "bindings": [
                {"name": "GREETING", "type": "plain_text", "text": "Hello"},
                {"name": "DEEP", "type": "json", "json": {"a": 1}},
                {"name": "KV", "type": "kv_namespace", "namespace_id": id},
                {"name": "LIMIT", "type": "ratelimit", "namespace_id": "1001", "simple": {"limit": 2, "period": 60}},
                {"name": "VERSION", "type": "version_metadata"},
                {"name": "ASSETS", "type": "assets"},
            ],
            "compatibility_date": "2026-01-01",
            "compatibility_flags": ["nodejs_compat"],
            "placement": {"mode": "smart"},
            "limits": {"cpu_ms": 40},
            "assets": {"jwt": assets, "config": {
                "not_found_handling": "404-page",
                "_redirects": "/old /about/ 301\n",
                "_headers": "/*\n  X-From: headers\n",
            }},
            "observability": {"enabled": true},
        })
    };
    let deploy = format!(
        "{}?excludeScript=true&bindings_inherit=strict",
        script("shop")
    );
    let form = |assets: &str| {
        Form::new()
            .part("metadata", None, None, metadata(assets).to_string())
            .part("index.js", Some("index.js"), Some(MODULE), WORKER)
            .part(
                "./text.txt",
                Some("./text.txt"),
                Some("text/plain"),
                "a text",
            )
    };
    let deployed = api.form("PUT", &deploy, form(&completion)).ok();
    assert_eq!(deployed["deployment_id"].as_str().map(str::len), Some(32));
    assert!(deployed["startup_time_ms"].is_u64());

    let home = daemon.get("/shop/").expect(200);
    assert_eq!(
        (home.text(), home.header("x-from")),
        ("<h1>40</h1>\n", Some("headers"))
    );
    // Where an asset sends its client is below the Worker's own path.
    let old = daemon.get("/shop/old").expect(301);
    assert_eq!(old.header("location"), Some("/shop/about/"));
    let index = daemon.get("/shop/index.html").expect(307);
    assert_eq!(index.header("location"), Some("/shop/"));
    assert_eq!(daemon.get("/shop/kv").expect(200).text(), "a value");
    let told = daemon.get("/shop/api").expect(200).json();
    let expected = json!(["a text", "Hello", {"a": 1}, null, 36, "function", "function"]);
    assert_eq!(told, expected);

    // Again, with nothing new among the assets: the session's token is the completion.
    let begun = api.json("POST", &session, &manifest).ok();
    assert_eq!(begun["buckets"], json!([]));
    api.form("PUT", &deploy, form(&jwt(&begun))).ok();
    assert_eq!(daemon.get("/shop/style.css").expect(200).text(), "body{}\n");
}

#[test]
fn the_sdk_deploys_settles_and_deletes() {
    let daemon = daemon();
    let api = daemon.api();
    let source = |word: &str| {
        format!(
            "export default {{ fetch: (request, env) => new Response(`{word} ${{env.SECRET}} ${{env.V}}`), scheduled() {{}} }}"
        )
    };
    let field = |form: Form, name: &str, value: &str| form.part(name, None, None, value);
    let first = [
        ("metadata[main_module]", "w.mjs"),
        ("metadata[compatibility_date]", "2026-01-01"),
        ("metadata[bindings][][type]", "plain_text"),
        ("metadata[bindings][][name]", "V"),
        ("metadata[bindings][][text]", "1"),
        ("metadata[tags][]", "a"),
        ("metadata[tags][]", "b"),
    ];
    let form = |fields: &[(&str, &str)], word: &str| {
        let form = fields
            .iter()
            .fold(Form::new(), |form, (name, value)| field(form, name, value));
        form.part("files[]", Some("w.mjs"), Some(MODULE), source(word))
    };
    let at = |end: &str| format!("{}{end}", script("sdk"));
    api.form("PUT", &at(""), form(&first, "one")).ok();
    let secret = json!({"name": "SECRET", "text": "hush", "type": "secret_text"});
    api.json("PUT", &at("/secrets"), &secret).ok();
    assert_eq!(daemon.get("/sdk/").expect(200).text(), "one hush 1");
    let named = json!({"name": "SECRET", "type": "secret_text"});
    assert_eq!(api.get(&at("/secrets/SECRET")).ok(), named);
    // Older clients send back all bindings as they are shown, and a new one: a secret without its text stays.
    let mut shown = api.get(&at("/settings")).ok()["bindings"].clone();
    let more = json!({"name": "MORE", "type": "secret_text", "text": "1"});
    shown.as_array_mut().unwrap().push(more);
    let back = json!({ "bindings": shown }).to_string();
    api.form(
        "PATCH",
        &at("/settings"),
        field(Form::new(), "settings", &back),
    )
    .ok();
    assert_eq!(daemon.get("/sdk/").expect(200).text(), "one hush 1");
    let bulk =
        json!({"secrets": {"A": {"name": "A", "text": "1", "type": "secret_text"}, "B": null}});
    // Null removes, and what is not there is removed already.
    api.json("PATCH", &at("/secrets-bulk"), &bulk).ok();
    let settings = field(Form::new(), "settings[tags][]", "c");
    let settings = field(settings, "settings[logpush]", "true");
    let settings = api.form("PATCH", &at("/settings"), settings).ok();
    assert_eq!(
        (&settings["tags"], &settings["logpush"]),
        (&json!(["c"]), &json!(true))
    );
    assert_eq!(
        api.json("PUT", &at("/tags"), &json!(["x", "y"])).ok(),
        json!(["x", "y"])
    );
    api.delete(&at("/tags/y")).ok();
    assert_eq!(api.get(&at("/tags")).ok(), json!(["x"]));
    // New content leaves everything else as it is.
    let content = [("metadata[main_module]", "w.mjs")];
    api.form("PUT", &at("/content"), form(&content, "two")).ok();
    assert_eq!(daemon.get("/sdk/").expect(200).text(), "two hush 1");

    let hash = "0123456789abcdef0123456789abcdef";
    let manifest = json!({"manifest": {"/a.html": {"hash": hash, "size": 17}}});
    let begun = api
        .json("POST", &at("/assets-upload-session"), &manifest)
        .ok();
    let file = field(Form::new(), hash, "PHA+c2RrIGFzc2V0czwvcD4=");
    let completion = upload(&api, &jwt(&begun), file);
    let second = [
        ("metadata[main_module]", "w.mjs"),
        ("metadata[compatibility_date]", "2026-01-01"),
        ("metadata[keep_bindings][]", "secret_text"),
        ("metadata[keep_bindings][]", "plain_text"),
        ("metadata[assets][jwt]", completion.as_str()),
        ("metadata[assets][config][html_handling]", "none"),
        ("metadata[bindings][][type]", "assets"),
        ("metadata[bindings][][name]", "ASSETS"),
    ];
    api.form("PUT", &at(""), form(&second, "three")).ok();
    assert_eq!(
        daemon.get("/sdk/a.html").expect(200).text(),
        "<p>sdk assets</p>"
    );
    assert_eq!(daemon.get("/sdk/").expect(200).text(), "three hush 1");

    let crons = json!([{"cron": "*/5 * * * *"}]);
    let told = api.json("PUT", &at("/schedules"), &crons).ok();
    assert_eq!(told["schedules"][0]["cron"], "*/5 * * * *");
    api.delete(&at("?force=true")).ok();
    assert_eq!(api.get(&at("")).refused().1, 10092);
    daemon.get("/sdk/").expect(404);
}

/// Runs all calls of a script of `tests/clients`.
#[track_caller]
fn sdk(daemon: &Daemon, command: &mut Command) {
    let output = command
        .env("API", format!("http://{}/client/v4", daemon.manage()))
        .env("API_TOKEN", daemon.token())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{}", daemon.log());
    assert_eq!(daemon.get("/user/").expect(200).text(), "two hush");
    assert_eq!(daemon.get("/plain/").expect(200).text(), "plain hush");
    let request = Request::get("/").header("host", "app.edge.test");
    assert_eq!(daemon.send(&request).text(), "plain hush");
}

fn typescript(package: &str, major: &str) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/clients/sdk.mjs");
    sdk(
        &Daemon::plain(),
        Command::new(wrangler::node())
            .args([script, package, major])
            .env("CLIENTS", wrangler::clients()),
    );
}

#[test]
fn the_typescript_sdk_of_version_7() {
    typescript("cloudflare", "7");
}

#[test]
fn the_typescript_sdk_of_version_6() {
    typescript("cloudflare-6", "6");
}

#[test]
fn the_python_sdk() {
    // Where `cargo xtask setup --for clients` puts it.
    let packages = std::env::var("POSTERN_PYTHON").unwrap_or_else(|_| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/../target/pip/clients").to_owned()
    });
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/clients/sdk.py");
    sdk(
        &Daemon::plain(),
        Command::new("python3")
            .arg(script)
            .env("PYTHONPATH", packages),
    );
}
