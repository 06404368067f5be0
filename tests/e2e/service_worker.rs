//! Workers in the older format: a script whose listeners answer, and whose bindings are globals.

use postern_e2e::api::script;
use postern_e2e::{Daemon, Form, Setup, eventually};
use serde_json::{Value, json};

const SCRIPT: &str = "application/javascript";
/// Exports `add`, of two numbers.
const ADD: &[u8] = b"\0asm\x01\0\0\0\x01\x07\x01\x60\x02\x7f\x7f\x01\x7f\x03\x02\x01\0\x07\x07\x01\x03add\0\0\x0a\x09\x01\x07\0\x20\0\x20\x01\x6a\x0b";

fn form(source: &str, bindings: &Value) -> Form {
    let metadata = json!({
        "body_part": "script", "compatibility_date": "2026-01-01", "bindings": bindings,
    });
    let bytes = [1_u8, 2, 255];
    Form::new()
        .metadata(&metadata)
        .part("script", Some("index.js"), Some(SCRIPT), source)
        .part("add.wasm", Some("add.wasm"), Some("application/wasm"), ADD)
        .part("text", Some("text"), Some("text/plain"), "a text")
        .part(
            "bytes",
            Some("bytes"),
            Some("application/octet-stream"),
            bytes,
        )
}

#[track_caller]
fn push(daemon: &Daemon, name: &str, source: &str, bindings: &Value) -> Value {
    let form = form(source, bindings);
    daemon.api().form("PUT", &script(name), form).ok()
}

#[track_caller]
fn says(daemon: &Daemon, target: &str, text: &str) {
    assert_eq!(daemon.get(target).expect(200).text(), text, "{target}");
}

const SOURCE: &str = "
    const atStart = typeof GREETING;
    addEventListener('fetch', (event) => event.respondWith(answer(event)));
    addEventListener('scheduled', (event) => event.waitUntil(KV.put('cron', event.cron)));
    async function answer(event) {
        const { pathname } = new URL(event.request.url);
        switch (pathname) {
            case '/': return new Response(`${GREETING} ${SECRET} ${OPTIONS.deep[1]} ${atStart} ${GREETING === globalThis.GREETING}`);
            case '/put':
                event.waitUntil(KV.put('key', await event.request.text()));
                return new Response('put');
            case '/get': return new Response(await KV.get('key') ?? 'none');
            case '/cron': return new Response(await KV.get('cron') ?? 'none');
            case '/pass': event.passThroughOnException(); throw new Error('passed');
            case '/throw': throw new Error('thrown');
            case '/parts': {
                const { exports } = await WebAssembly.instantiate(ADD);
                return Response.json([exports.add(2, 3), TEXT, [...new Uint8Array(BYTES)], ADD instanceof WebAssembly.Module]);
            }
            case '/others': {
                POINTS.writeDataPoint({ blobs: ['b'] });
                const answer = await (await BESIDE.fetch('http://x/')).text();
                return Response.json([answer, (await LIMIT.limit({ key: 'k' })).success, typeof VERSION.id, typeof SITE.fetch]);
            }
            case '/shadow': { const GREETING = 'own'; return new Response(GREETING); }
            case '/names': return Response.json(['GREETING', 'SECRET', 'OPTIONS', 'KV', 'env'].map((name) => name in globalThis));
        }
        return new Response('none', { status: 404 });
    }
";

#[test]
fn bindings_are_globals() {
    let daemon = Setup::new().edge("test-routes = true").start();
    let api = daemon.api();
    api.production();
    push(
        &daemon,
        "beside",
        "addEventListener('fetch', (event) => event.respondWith(new Response('beside')));",
        &json!([]),
    );
    let bindings = |greeting: &str| {
        json!([
            {"type": "plain_text", "name": "GREETING", "text": greeting},
            {"type": "secret_text", "name": "SECRET", "text": "s3cret"},
            {"type": "json", "name": "OPTIONS", "json": {"deep": [1, 2]}},
            {"type": "kv_namespace", "name": "KV", "namespace_id": api.kv_namespace(greeting)},
            {"type": "wasm_module", "name": "ADD", "part": "add.wasm"},
            {"type": "text_blob", "name": "TEXT", "part": "text"},
            {"type": "data_blob", "name": "BYTES", "part": "bytes"},
            {"type": "service", "name": "BESIDE", "service": "beside"},
            {"type": "ratelimit", "name": "LIMIT", "namespace_id": "7", "simple": {"limit": 9, "period": 60}},
            {"type": "version_metadata", "name": "VERSION"},
            {"type": "analytics_engine", "name": "POINTS", "dataset": "points"},
            {"type": "assets", "name": "SITE"},
        ])
    };
    let pushed = push(&daemon, "classic", SOURCE, &bindings("hello"));
    assert_eq!(pushed["handlers"], json!(["fetch", "scheduled"]));
    says(&daemon, "/classic/", "hello s3cret 2 string true");
    says(&daemon, "/classic/shadow", "own");
    says(&daemon, "/classic/names", "[true,true,true,true,false]");
    says(&daemon, "/classic/get", "none");
    let put = postern_e2e::Request::post("/classic/put", "kept");
    assert_eq!(daemon.send(&put).expect(200).text(), "put");
    eventually("what waitUntil() put", || {
        (daemon.get("/classic/get").text() == "kept").then_some(())
    });
    daemon
        .get("/classic/__scheduled?cron=1+2+3+4+5")
        .expect(200);
    says(&daemon, "/classic/cron", "1 2 3 4 5");
    says(&daemon, "/classic/parts", "[5,\"a text\",[1,2,255],true]");
    says(
        &daemon,
        "/classic/others",
        "[\"beside\",true,\"string\",\"function\"]",
    );
    daemon.get("/classic/throw").expect(500);
    // Whom an exception lets through goes to an origin, and none is configured.
    let passed = daemon.get("/classic/pass");
    assert!(passed.status >= 500, "{passed:?}");
    says(&daemon, "/classic/", "hello s3cret 2 string true");
    push(&daemon, "classic", SOURCE, &bindings("bye"));
    says(&daemon, "/classic/", "bye s3cret 2 string true");
}

#[test]
fn what_is_no_script_is_refused() {
    let daemon = Daemon::plain();
    daemon.api().production();
    for (source, told) in [
        ("let a = ;", "SyntaxError"),
        ("const a = 1; const a = 2;", "SyntaxError"),
        ("nowhere();", "nowhere is not defined"),
        ("1 + 1;", "No event handlers were registered"),
    ] {
        let reply = daemon
            .api()
            .form("PUT", &script("bad"), form(source, &json!([])));
        let (status, code, message) = reply.refused();
        assert_eq!(status, 400, "{source}: {message}");
        assert!([10021, 10068].contains(&code), "{source}: {code} {message}");
        assert!(message.contains(told), "{source}: {message}");
    }
}

#[test]
fn parts_of_modules_are_bindings_too() {
    let daemon = Daemon::plain();
    daemon.api().production();
    let source = "import { env as imported } from 'cloudflare:workers';
        export default { async fetch(request, { ADD, TEXT, BYTES }) {
            const { exports } = await WebAssembly.instantiate(ADD);
            return Response.json([exports.add(2, 3), TEXT, new Uint8Array(BYTES).length, imported.TEXT]);
        } };";
    let bindings = |part: &str| {
        json!([
            {"type": "wasm_module", "name": "ADD", "part": part},
            {"type": "text_blob", "name": "TEXT", "part": "text"},
            {"type": "data_blob", "name": "BYTES", "part": "text"},
        ])
    };
    let form = |part: &str| {
        let metadata = json!({
            "main_module": "index.js", "compatibility_date": "2026-01-01", "bindings": bindings(part),
        });
        Form::new()
            .metadata(&metadata)
            .part(
                "index.js",
                Some("index.js"),
                Some("application/javascript+module"),
                source,
            )
            .part("add.wasm", Some("add.wasm"), Some("application/wasm"), ADD)
            .part("text", Some("text"), Some("text/plain"), "a text")
    };
    let api = daemon.api();
    api.form("PUT", &script("parts"), form("add.wasm")).ok();
    says(&daemon, "/parts/", "[5,\"a text\",6,\"a text\"]");
    let shown = api.get(&format!("{}/bindings", script("parts"))).ok();
    assert_eq!(shown, bindings("add.wasm"));
    let reply = api.form("PUT", &script("parts"), form("gone.wasm"));
    let (status, _, message) = reply.refused();
    assert_eq!(status, 400);
    assert!(
        message.contains("'ADD' refers to part 'gone.wasm'"),
        "{message}"
    );
}
