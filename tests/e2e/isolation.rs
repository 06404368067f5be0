//! Two hostile tenants and a victim, behind a dispatch Worker: what one is given, knows or guesses
//! gets nothing of another's (spec: SEMANTICS §1, §21, §22).

use crate::dispatch::{
    DISPATCH, OPERATOR, PRODUCTION, daemon, dispatcher, path, push, push_with, says,
};
use postern_e2e::api::{ACCOUNT, kv_value};
use postern_e2e::{Connection, Daemon, Form, Request, Response, guests};
use serde_json::{Value, json};

/// What a tenant may find out by trying, as JSON; the path says what is tried.
const HOSTILE: &str = "
    import { env as imported } from 'cloudflare:workers';
    const tried = async (attempt) => { try { return await attempt(); } catch (error) { return `${error.name}: ${error.message}`; } };
    export default {
        async fetch(request, env, ctx) {
            const { pathname, searchParams } = new URL(request.url);
            const secret = searchParams.get('id');
            switch (pathname) {
                case '/env': return Response.json([Object.keys(env), Object.keys(imported), env.SECRET ?? null, process.env.SECRET ?? null, env[secret] ?? null]);
                case '/kv': return Response.json(await Promise.all([
                    tried(() => env.KV.get('key')),
                    tried(() => new env.KV.constructor(secret).get('key')),
                    tried(() => env.KV.get.call(Object.create(env.KV), 'key')),
                    tried(() => { const forged = Object.assign(Object.create(Object.getPrototypeOf(env.KV)), { name: secret }); return forged.get('key'); }),
                ]));
                case '/reach': return Response.json(await Promise.all([
                    tried(() => new env.SELF.constructor('victim').fetch('http://x/')),
                    tried(() => fetch('http://victim/')),
                    tried(() => fetch('http://victim.production/')),
                    tried(() => env.SELF.fetch('http://victim/same').then((it) => it.text())),
                ]));
                case '/cache': {
                    const cache = await caches.open('shared');
                    const found = await cache.match('http://cache.example/a');
                    if (searchParams.has('put')) await cache.put('http://cache.example/a', new Response(searchParams.get('put'), { headers: { 'cache-control': 'max-age=60' } }));
                    return Response.json([found ? await found.text() : null, await tried(() => caches.default.match('http://cache.example/a').then(() => 'default'))]);
                }
                case '/forge': {
                    const headers = { 'cf-connecting-ip': '6.6.6.6', 'cf-worker': 'x', 'x-forwarded-for': '6.6.6.6', 'true-client-ip': '6.6.6.6', 'cf-anything': '1', 'x-kept': '1' };
                    return env.SELF.fetch('http://x/headers', { headers });
                }
                case '/headers': return Response.json([...request.headers]);
                case '/cf': return Response.json([request.cf === undefined, new Request(request).cf === undefined, request.clone().cf === undefined]);
                case '/log': console.log(`mine ${secret}`); return new Response('logged');
                case '/same': return new Response('own');
            }
            return new Response('?');
        },
    };
";

/// A victim with everything worth having.
fn victim(daemon: &Daemon) -> (String, String) {
    let kv = |title: &str| {
        let made = format!("{ACCOUNT}/storage/kv/namespaces");
        let made = daemon.api().json("POST", &made, &json!({"title": title}));
        made.ok()["id"].as_str().unwrap().to_owned()
    };
    let (own, others) = (kv("victim"), kv("mallory"));
    let put = daemon
        .api()
        .request("PUT", &kv_value(&own, "key"))
        .body("precious");
    assert_eq!(daemon.api().raw(&put).unwrap().status, 200);
    (own, others)
}

fn tenants() -> (Daemon, String) {
    let daemon =
        daemon("[outbound]\nallow-private = true\n[limits]\nresponse-body-bytes = \"1 MiB\"\n");
    push(&daemon, OPERATOR, "d", DISPATCH, dispatcher(json!(null)));
    let (own, others) = victim(&daemon);
    let bindings = |kv: &str, own: &str| {
        json!([
            {"type": "kv_namespace", "name": "KV", "namespace_id": kv},
            {"type": "service", "name": "SELF", "service": own},
        ])
    };
    for name in ["mallory", "eve"] {
        let more =
            json!({"bindings": bindings(&others, name), "compatibility_flags": ["nodejs_compat"]});
        push_with(&daemon, PRODUCTION, name, HOSTILE, more);
    }
    let mut all = bindings(&own, "victim");
    let secret = json!({"type": "secret_text", "name": "SECRET", "text": "precious"});
    all.as_array_mut().unwrap().push(secret);
    let more = json!({"bindings": all, "compatibility_flags": ["nodejs_compat"]});
    push_with(&daemon, PRODUCTION, "victim", HOSTILE, more);
    (daemon, own)
}

#[track_caller]
fn told(daemon: &Daemon, path: &str) -> Value {
    daemon.get(path).expect(200).json()
}

#[test]
fn guesses_lead_nowhere() {
    let (daemon, kv) = tenants();
    let own = told(&daemon, "/d/victim/env");
    assert_eq!(own[2], "precious");
    assert_eq!(told(&daemon, "/d/victim/kv")[0], "precious");
    for name in ["mallory", "eve"] {
        let env = told(&daemon, &format!("/d/{name}/env?id={kv}"));
        let bound = json!(["KV", "SELF"]);
        assert_eq!(env, json!([bound, bound, null, null, null]));
        for id in [kv.as_str(), "victim", "KV", "SECRET"] {
            let text = told(&daemon, &format!("/d/{name}/kv?id={id}")).to_string();
            assert!(!text.contains("precious"), "{text}");
        }
        let reached = told(&daemon, &format!("/d/{name}/reach"));
        assert_eq!(reached[3], "own");
        for attempt in reached.as_array().unwrap()[..3].iter() {
            let text = attempt.as_str().unwrap_or_default();
            assert!(text.contains("Error"), "{reached}");
        }
    }
}

#[test]
fn guests_of_the_boundary_cannot_name_what_they_have_not() {
    let (daemon, kv) = tenants();
    // KvGet of a binding by the id of the victim's namespace: it fails, and the guest tells how.
    let mut argument = vec![u8::try_from(kv.len()).unwrap()];
    argument.extend_from_slice(kv.as_bytes());
    argument.extend_from_slice(b"\x03key\x00");
    let text = format!(
        r#"(module
          (import "postern" "op_start" (func $op_start (param i32 i32 i32 i32)))
          (import "postern" "respond" (func $respond (param i32 i32 i32 i32 i32 i32)))
          (import "postern" "done" (func $done (param i32 i32 i32 i32)))
          (memory (export "memory") 8)
          (global $request (mut i32) (i32.const 0))
          (data (i32.const 16) "{argument}")
          (data (i32.const 8) "\c8\01\00")
          (func (export "postern_abi_v1"))
          (func (export "postern_window") (param i32) (result i32) (i32.const 65536))
          (func (export "postern_event") (param $kind i32) (param $id i32) (param $len i32) (result i32)
            (if (i32.eq (local.get $kind) (i32.const 1)) (then
              (global.set $request (local.get $id))
              (call $op_start (i32.const 1) (i32.const 16) (i32.const 16) (i32.const {len}))))
            (if (i32.or (i32.eq (local.get $kind) (i32.const 6)) (i32.eq (local.get $kind) (i32.const 7))) (then
              (call $respond (global.get $request) (i32.const 8) (i32.const 3) (i32.const 65536) (local.get $len) (i32.const 0))
              (call $done (global.get $request) (i32.const 0) (i32.const 0) (i32.const 0))))
            (i32.const 0)))"#,
        argument = argument
            .iter()
            .map(|byte| format!("\\{byte:02x}"))
            .collect::<String>(),
        len = argument.len(),
    );
    let metadata = json!({"main_module": "main.wasm"});
    let form = Form::new()
        .metadata(&metadata)
        .wasm("main.wasm", &guests::from_text(&text));
    let put = path(PRODUCTION, "raw");
    daemon.api().form("PUT", &put, form).ok();
    let answer = daemon.get("/d/raw/").expect(200);
    let said = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(said.contains("env has no binding named"), "{said}");
    assert!(!said.contains("precious"), "{said}");
}

#[test]
fn caches_and_logs_are_each_tenants_own() {
    let (daemon, _) = tenants();
    assert_eq!(
        told(&daemon, "/d/victim/cache?put=precious")[0],
        json!(null)
    );
    assert_eq!(told(&daemon, "/d/victim/cache")[0], "precious");
    for name in ["mallory", "eve"] {
        let found = told(&daemon, &format!("/d/{name}/cache"));
        assert_eq!(found[0], json!(null));
        assert_ne!(found[1], "default");
    }
    says(&daemon, "/d/victim/log?id=precious", 200, "logged");
    says(&daemon, "/d/mallory/log?id=cheap", 200, "logged");
    let logs = |name: &str| {
        let get = format!("{}/logs", path(PRODUCTION, name));
        let answer = daemon.api().raw(&daemon.api().request("GET", &get));
        answer.unwrap().text().to_owned()
    };
    assert!(logs("victim").contains("mine precious"));
    assert!(logs("mallory").contains("mine cheap"));
    assert!(!logs("mallory").contains("precious"));
}

#[test]
fn nobody_speaks_for_the_edge() {
    let (daemon, _) = tenants();
    let forged = |path: &str| {
        Request::get(path)
            .header("cf-connecting-ip", "6.6.6.6")
            .header("cf-worker", "forged.example")
            .header("cf-ray", "forged")
            .header("x-forwarded-for", "6.6.6.6")
            .header("x-forwarded-host", "forged.example")
            .header("true-client-ip", "6.6.6.6")
            .header("x-kept", "1")
    };
    // From a client, through the dispatch Worker; and from a tenant to another Worker.
    for path in ["/d/victim/headers", "/d/mallory/forge"] {
        let answer = daemon.send(&forged(path)).expect(200);
        let text = answer.text();
        assert!(!text.contains("6.6.6.6"), "{path}: {text}");
        assert!(!text.contains("forged"), "{path}: {text}");
        assert!(!text.contains("cf-worker"), "{path}: {text}");
        assert!(
            text.contains(r#"["cf-connecting-ip","127.0.0.1"]"#),
            "{path}: {text}"
        );
        assert!(
            text.contains(r#"["x-forwarded-for","127.0.0.1"]"#),
            "{path}: {text}"
        );
        assert!(text.contains(r#"["x-kept","1"]"#), "{path}: {text}");
        // What one request caused has one name.
        let ray = answer.header("cf-ray").unwrap();
        assert!(
            text.contains(&format!(r#"["cf-ray","{ray}"]"#)),
            "{path}: {text}"
        );
    }
    // Where they run for is not told to them.
    assert_eq!(told(&daemon, "/d/victim/cf"), json!([true, true, true]));
}

#[test]
fn the_operators_workers_know_the_place() {
    let daemon = daemon("[place]\nname = \"GW1\"\ncountry = \"DE\"\nlatitude = \"52.5\"\n");
    let source = "export default { fetch(request) {
        return Response.json([request.cf, new Request(request).cf.colo, request.clone().cf.colo, new Request(request, { cf: { own: 1 } }).cf]);
    } };";
    push(&daemon, OPERATOR, "cf", source, json!([]));
    let answer = daemon.send(&Request::get("/cf/").header("accept-encoding", "gzip, br"));
    let cf = json!({
        "colo": "GW1", "country": "DE", "isEUCountry": "1", "latitude": "52.5",
        "httpProtocol": "HTTP/1.1", "clientAcceptEncoding": "gzip, br", "clientIp": "127.0.0.1",
    });
    assert_eq!(
        answer.expect(200).json(),
        json!([cf, "GW1", "GW1", {"own": 1}])
    );
    // Through dispatch too, where the namespace may know.
    let again =
        json!([{"type": "dispatch_namespace", "name": "DISPATCHER", "namespace": OPERATOR}]);
    push(&daemon, OPERATOR, "d", DISPATCH, again);
    assert_eq!(told(&daemon, "/d/cf/")[0]["colo"], "GW1");
}

#[test]
fn loops_end() {
    let (daemon, _) = tenants();
    // A Worker that dispatches to itself.
    let again = json!([
        {"type": "dispatch_namespace", "name": "DISPATCHER", "namespace": OPERATOR},
        {"type": "plain_text", "name": "EDGE", "text": format!("http://{}/around/", daemon.edge())},
    ]);
    let source = "export default { async fetch(request, env) {
        try { return await env.DISPATCHER.get('loop').fetch(request); } catch (error) { return new Response(error.message); }
    } };";
    push(&daemon, OPERATOR, "loop", source, again.clone());
    let text = daemon.get("/loop/").expect(200).text().to_owned();
    assert!(
        text.starts_with("Subrequest depth limit exceeded."),
        "{text}"
    );
    // One that asks the machine from outside.
    let source = "export default { async fetch(request, env) {
        const answer = await fetch(env.EDGE, { headers: { 'cf-ew-via': '0' } });
        return new Response(answer.body, { status: answer.status });
    } };";
    push(&daemon, OPERATOR, "around", source, again);
    says(&daemon, "/around/", 508, "error code: 1019");
    says(&daemon, "/d/victim/same", 200, "own");
}

#[test]
fn a_binding_is_not_handed_on() {
    let (daemon, _) = tenants();
    let outbound = json!({"service": "egress", "parameters": ["gift"]});
    let source = "export default { async fetch(request, env) {
        const tried = (attempt) => { try { return String(attempt()); } catch (error) { return error.name; } };
        const cloned = tried(() => structuredClone(env.DISPATCHER));
        const outbound = { gift: { binding: env.DISPATCHER, call: () => 1, worker: env.DISPATCHER.get('victim') } };
        const answer = await env.DISPATCHER.get('asks', {}, { outbound }).fetch(request);
        return Response.json([cloned, await answer.json()]);
    } };";
    push(&daemon, OPERATOR, "giver", source, dispatcher(outbound));
    let egress = "export default { fetch(request, env, ctx) { return Response.json([env.gift, typeof env.binding?.get, ctx.dispatchContext]); } };";
    push(&daemon, OPERATOR, "egress", egress, json!([]));
    let asks = "export default { fetch() { return fetch('http://any.example/'); } };";
    push(&daemon, PRODUCTION, "asks", asks, json!([]));
    // The Worker is a stub, which can be called: what is told as JSON has none.
    let gift = json!({"binding": {}});
    assert_eq!(
        told(&daemon, "/giver/"),
        json!(["DataCloneError", [gift, "undefined", {"outbound": {"gift": gift}}]])
    );
}

#[test]
fn answers_are_taken_apart_before_they_go_on() {
    let (daemon, _) = tenants();
    let source = "export default { async fetch(request) {
        const { pathname } = new URL(request.url);
        const headers = { 'connection': 'x-evil, close', 'keep-alive': 'timeout=1', 'transfer-encoding': 'chunked', 'upgrade': 'h2c', 'proxy-authenticate': 'x', 'trailer': 'x', 'cf-ray': 'forged', 'x-kept': '1' };
        if (pathname === '/hops') return new Response('abc', { headers });
        if (pathname === '/long') return new Response('abc', { headers: { 'content-length': '99' } });
        if (pathname === '/short') return new Response(new Blob(['abcdef']).stream(), { headers: { 'content-length': '2' } });
        if (pathname === '/odd') return new Response('abc', { headers: { 'content-length': '1, 2' } });
        if (pathname === '/endless') return new Response(new ReadableStream({ pull(controller) { controller.enqueue(new Uint8Array(10000)); } }));
        return new Response('HTTP/1.1 200 OK\\r\\n\\r\\nsmuggled');
    } };";
    push(&daemon, PRODUCTION, "crooked", source, json!([]));
    // All of it over one connection: whatever the tenant says, the next answer is the next answer.
    let mut client = Connection::open(daemon.edge()).unwrap();
    let mut ask = |path: &str| -> Response {
        client
            .send(&Request::get(&format!("/d/crooked{path}")))
            .unwrap()
    };
    let answer = ask("/hops");
    assert_eq!(answer.text(), "abc");
    for name in [
        "keep-alive",
        "upgrade",
        "proxy-authenticate",
        "trailer",
        "transfer-encoding",
    ] {
        assert_eq!(answer.header(name), None, "{name}");
    }
    assert_eq!(answer.header("x-kept"), Some("1"));
    assert_ne!(answer.header("cf-ray"), Some("forged"));
    assert_eq!(ask("/long").text(), "abc");
    assert_eq!(ask("/short").text(), "abcdef");
    assert_eq!(ask("/odd").text(), "abc");
    assert_eq!(ask("/text").text(), "HTTP/1.1 200 OK\r\n\r\nsmuggled");
    // An endless body ends where the limit is, cut short and not complete.
    let mut client = Connection::open(daemon.edge()).unwrap();
    client
        .write(&Request::get("/d/crooked/endless").to_bytes("localhost"))
        .unwrap();
    let all = client.read_to_end().unwrap_or_default();
    assert!(all.len() < 2 << 20, "{} bytes", all.len());
    assert!(!all.ends_with(b"0\r\n\r\n"), "the body was given an end");
    says(&daemon, "/d/victim/same", 200, "own");
}
