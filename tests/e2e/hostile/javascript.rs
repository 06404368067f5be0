//! Workers in JavaScript made to break the engine or the host: each ends as told here.

use super::{RSS_MAX, isolates};
use postern_e2e::api::script;
use postern_e2e::{Form, Request, Setup, eventually};
use serde_json::json;

const LIMITS: &str = "[limits]
cpu-ms = 150
startup-cpu-ms = 300
memory-bytes = '16 MiB'
wall-ms = 3000
wait-until-ms = 500
response-body-bytes = '1 MiB'
log-bytes = '16 KiB'
";

/// What is in a Worker's `fetch`, the statuses that are as good, and what the answer has in it.
type Hostile = (&'static str, &'static str, &'static [u16], &'static str);

const CUT: &[u16] = &[500, 503];

const CASES: &[Hostile] = &[
    (
        "a regular expression that backtracks",
        "/^(a+)+$/.test('a'.repeat(40) + 'b');",
        CUT,
        "",
    ),
    (
        "one with back references",
        "/^(a*)*\\1*(a*)*b$/.test('a'.repeat(60));",
        CUT,
        "",
    ),
    (
        "one of deep groups",
        "new RegExp('('.repeat(50000) + ')'.repeat(50000));",
        CUT,
        "",
    ),
    (
        "one with a huge count",
        "try { new RegExp('(?:a{1000}){1000000}').test('a'); } catch {}",
        &[200, 500, 503],
        "",
    ),
    (
        "deep JSON",
        "JSON.parse('['.repeat(200000) + ']'.repeat(200000));",
        CUT,
        "",
    ),
    (
        "deep JSON to write",
        "let x = []; for (let i = 0; i < 200000; i++) x = [x]; JSON.stringify(x);",
        CUT,
        "",
    ),
    (
        "a toJSON that calls itself",
        "const x = { toJSON() { return JSON.stringify(x); } }; JSON.stringify(x);",
        CUT,
        "",
    ),
    (
        "a string that doubles",
        "let s = 'x'; for (;;) s += s;",
        CUT,
        "",
    ),
    (
        "strings that are kept",
        "const all = []; for (;;) all.push('x'.repeat(10000) + all.length);",
        CUT,
        "",
    ),
    ("padding of 2^30", "'x'.padEnd(2 ** 30, 'yz');", CUT, ""),
    (
        "an array of 2^32 - 1 to join",
        "new Array(2 ** 32 - 1).join('x');",
        CUT,
        "",
    ),
    (
        "a typed array of everything",
        "new Uint8Array(2 ** 31);",
        CUT,
        "",
    ),
    (
        "a proxy that throws where the answer is read",
        "return new Response('x', new Proxy({}, { get() { throw new Error('trap'); } }));",
        &[500],
        "1101",
    ),
    (
        "a getter that asks again",
        "const init = { get headers() { return new Response('x', init).headers; } }; return new Response('x', init);",
        CUT,
        "",
    ),
    (
        "a getter of KV's options that closes what it is for",
        "const stream = new ReadableStream({ start(c) { this.c = c; c.enqueue(new Uint8Array(10)); c.close(); } }); await env.KV.put('k', stream, { get metadata() { stream.getReader(); return {}; } });",
        &[200, 500],
        "",
    ),
    (
        "a buffer that is detached while it is taken",
        "const bytes = new Uint8Array(1000); await env.KV.put('k', bytes, { get expirationTtl() { structuredClone(bytes.buffer, { transfer: [bytes.buffer] }); return 60; } });",
        &[200, 500],
        "",
    ),
    (
        "a buffer that is detached behind an answer",
        "const bytes = new Uint8Array(1000); const answer = new Response(bytes); structuredClone(bytes.buffer, { transfer: [bytes.buffer] }); return answer;",
        &[200, 500],
        "",
    ),
    (
        "a buffer that is detached while it is hashed",
        "const bytes = new Uint8Array(100000); const hash = crypto.subtle.digest('SHA-256', bytes); structuredClone(bytes.buffer, { transfer: [bytes.buffer] }); await hash;",
        &[200],
        "end",
    ),
    (
        "a length that changes while randomness is asked for",
        "crypto.getRandomValues({ __proto__: Uint8Array.prototype, get length() { return 2 ** 31; } });",
        &[500],
        "1101",
    ),
    (
        "prototypes that are polluted",
        "Object.prototype.status = 999; Object.prototype.get = () => { throw new Error('trap'); }; Array.prototype[0] = 'x'; return new Response('polluted');",
        &[200, 500],
        "",
    ),
    (
        "built-ins that are replaced",
        "Promise.prototype.then = () => { throw new Error('then'); }; Array.prototype.push = Map.prototype.get = Map.prototype.set = String.prototype.split = JSON.stringify = () => { throw new Error('trap'); }; return new Response('replaced');",
        &[200, 500, 503],
        "",
    ),
    (
        "a thenable that never ends",
        "const x = { then(resolve) { resolve(x); } }; await x;",
        CUT,
        "",
    ),
    (
        "microtasks without end",
        "const f = () => Promise.resolve().then(f); await f();",
        CUT,
        "",
    ),
    (
        "queued microtasks without end",
        "const f = () => { queueMicrotask(f); queueMicrotask(f); }; f(); await new Promise(() => {});",
        CUT,
        "",
    ),
    (
        "timers without end",
        "const f = () => { setTimeout(f, 0); setTimeout(f, 0); }; f(); await new Promise(() => {});",
        CUT,
        "",
    ),
    (
        "a promise for ever",
        "await new Promise(() => {});",
        CUT,
        "",
    ),
    (
        "a header of 10 MB",
        "return new Response('x', { headers: { x: 'y'.repeat(10e6) } });",
        CUT,
        "",
    ),
    (
        "a hundred thousand headers",
        "const h = new Headers(); for (let i = 0; i < 1e5; i++) h.append('x' + i, 'y'); return new Response('x', { headers: h });",
        CUT,
        "",
    ),
    (
        "headers that split the answer",
        "return new Response('x', { headers: { x: 'a\\r\\nset-cookie: b=c' } });",
        &[500],
        "1101",
    ),
    (
        "a stream that enqueues itself",
        "return new Response(new ReadableStream({ pull(c) { for (;;) c.enqueue(new Uint8Array(1000)); } }));",
        &[200, 500, 503],
        "",
    ),
    (
        "a stream that tees without end",
        "let s = new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(10)); } }); for (;;) s = s.tee()[1];",
        CUT,
        "",
    ),
    (
        "a stream that is piped into itself",
        "const t = new TransformStream(); await t.readable.pipeTo(t.writable);",
        CUT,
        "",
    ),
    (
        "a chunk that is no bytes",
        "return new Response(new ReadableStream({ start(c) { c.enqueue({ length: 2 ** 31 }); c.close(); } }));",
        &[200, 500],
        "",
    ),
    (
        "a clone of a ring",
        "const x = {}; x.x = x; const y = structuredClone(x); return new Response(String(y.x === y));",
        &[200],
        "true",
    ),
    (
        "a clone of something deep",
        "let x = {}; for (let i = 0; i < 200000; i++) x = { x }; structuredClone(x);",
        CUT,
        "",
    ),
    (
        "a clone with a getter that grows it",
        "const x = []; Object.defineProperty(x, 0, { enumerable: true, get() { x.push([x]); return x.length; } }); structuredClone(x);",
        &[200, 500, 503],
        "",
    ),
    ("recursion", "const f = () => f() + f(); f();", CUT, ""),
    (
        "recursion that catches itself",
        "const f = () => { try { f(); } finally { f(); } }; f();",
        CUT,
        "",
    ),
    (
        "recursion by getters",
        "const x = { get x() { return this.x; } }; x.x;",
        CUT,
        "",
    ),
    (
        "recursion by sort",
        "const f = () => [2, 1].sort(f); f();",
        CUT,
        "",
    ),
    (
        "a generator that delegates to itself",
        "function* f() { yield* f(); } f().next();",
        CUT,
        "",
    ),
    ("bigints that grow", "let x = 3n; for (;;) x *= x;", CUT, ""),
    (
        "a sort that lies",
        "Array.from({ length: 100000 }, (_, i) => i).sort(() => Math.random() - 0.5);",
        &[200, 503],
        "",
    ),
    (
        "a map that is changed while it is walked",
        "const m = new Map([[0, 0]]); for (const [k] of m) { m.delete(k); m.set(k + 1, 0); }",
        CUT,
        "",
    ),
    (
        "lines without end",
        "for (;;) console.log('x'.repeat(1000));",
        CUT,
        "",
    ),
    (
        "a line of 100 MB",
        "console.log('x'.repeat(1e8));",
        &[200, 500, 503],
        "",
    ),
    (
        "a flood of KV",
        "for (;;) await env.KV.put('k' + Math.random(), 'v');",
        // By its CPU time; by its wall time where others want the disk.
        &[500, 503, 504],
        "",
    ),
    (
        "a flood of KV that is not waited for",
        "for (;;) env.KV.get('k');",
        CUT,
        "",
    ),
    (
        "fetches without end",
        "for (;;) fetch('http://127.0.0.1:1/').catch(() => {});",
        CUT,
        "",
    ),
    (
        "WebAssembly that is no module",
        "new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 255, 255, 255, 255, 15]));",
        &[500],
        "1101",
    ),
    (
        "a memory of WebAssembly of everything",
        "new WebAssembly.Memory({ initial: 65536 });",
        CUT,
        "",
    ),
    (
        "a table of WebAssembly of everything",
        "new WebAssembly.Table({ initial: 2 ** 32 - 1, element: 'anyfunc' });",
        CUT,
        "",
    ),
    (
        "eval",
        "return new Response(String(eval('1 + 1')));",
        &[500],
        "1101",
    ),
    (
        "a constructor of functions",
        "return new Response(String((() => {}).constructor('return this')()));",
        &[500],
        "1101",
    ),
];

#[test]
fn hostile_javascript() {
    let mut daemon = Setup::new().tables(LIMITS).start();
    let api = daemon.api();
    api.production();
    let id = api.kv_namespace("hostile");
    api.push_javascript(
        "good",
        "export default { fetch: (request) => new Response(JSON.stringify([request.method, [...'good'].map((c) => c)])) }",
    );
    let good = r#"["GET",["g","o","o","d"]]"#;
    assert_eq!(daemon.get("/good/").expect(200).text(), good);
    let (rss, calm) = (daemon.rss(), isolates(&api).0);
    let mut wrong = Vec::new();
    for (what, body, statuses, part) in CASES {
        let source = format!(
            "export default {{ async fetch(request, env) {{ {body}\nreturn new Response('end'); }} }}"
        );
        let metadata = json!({
            "main_module": "index.js", "compatibility_date": "2026-01-01",
            "bindings": [{"type": "kv_namespace", "name": "KV", "namespace_id": id}],
        });
        let kind = Some("application/javascript+module");
        let form = Form::new().metadata(&metadata);
        let form = form.part("index.js", Some("index.js"), kind, &source);
        api.form("PUT", &script("bad"), form).ok();
        for _ in 0..2 {
            // What breaks off within a body has no status left to tell.
            if let Ok(answer) = Request::get("/bad/").send(daemon.edge()) {
                let text = String::from_utf8_lossy(&answer.body);
                if !statuses.contains(&answer.status) || !text.contains(part) {
                    let text: String = text.chars().take(200).collect();
                    wrong.push(format!("{what}: {} {text}", answer.status));
                }
                assert_eq!(answer.header("set-cookie"), None, "{what}");
            } else if !statuses.contains(&200) {
                wrong.push(format!("{what}: no answer"));
            }
            assert!(daemon.runs(), "{what}: {}", daemon.log());
            assert_eq!(daemon.get("/good/").expect(200).text(), good, "{what}");
        }
        api.delete(&script("bad")).ok();
        eventually(&format!("what {what:?} took is given back"), || {
            (isolates(&api).0 <= calm).then_some(())
        });
        let grown = daemon.rss().saturating_sub(rss);
        assert!(grown < RSS_MAX, "{what}: {grown} bytes more are resident");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(!daemon.log().contains("panicked"), "{}", daemon.log());
    daemon.terminate();
}
