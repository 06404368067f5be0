//! JavaScript made to break the engine, its prelude, or the host behind both.

use super::Ends::{self, Cut, Refused};
use super::{CPU, FINE, THREW, check_pushed};
use postern_e2e::Form;
use postern_e2e::api::script;
use serde_json::json;

const LIMITS: &str = "[limits]
cpu-ms = 200
startup-cpu-ms = 1000
memory-bytes = '16 MiB'
wall-ms = 5000
wait-until-ms = 500
response-body-bytes = '1 MiB'
log-bytes = '16 KiB'
";

/// Pushes each as a module and asks it.
fn check(times: usize, cases: Vec<(&str, String, Ends)>) {
    check_pushed(LIMITS, times, cases, |api, source, metadata| {
        let mut metadata = metadata.clone();
        metadata["main_module"] = json!("index.js");
        metadata["compatibility_date"] = json!("2026-01-01");
        let kind = Some("application/javascript+module");
        let form = Form::new().metadata(&metadata);
        let form = form.part("index.js", Some("index.js"), kind, &source);
        api.form("PUT", &script("bad"), form)
    });
}

/// A Worker that does this when it is asked, and answers `fine` if it can.
fn asked(body: &str) -> String {
    format!(
        "export default {{ async fetch(request, env, ctx) {{ {body}\n return new Response('fine'); }} }};"
    )
}

/// Answers `fine` if this throws, and else says that it did not.
fn throws(body: &str) -> String {
    asked(&format!(
        "let threw = false; try {{ {body} }} catch (error) {{ threw = true; }} if (!threw) return new Response('did not throw', {{ status: 418 }});"
    ))
}

/// Either limit may be met first.
const SPENT: Ends = Cut(&[500, 503]);

#[test]
fn hostile_scripts_that_take_too_much() {
    check(
        2,
        vec![
            (
                "a regular expression that backtracks",
                asked("/^(a+)+$/.test('a'.repeat(40) + 'b');"),
                CPU,
            ),
            (
                "a regular expression with references back",
                asked("/^(a*)*\\1c$/.test('a'.repeat(200));"),
                SPENT,
            ),
            (
                "a regular expression that is too deep",
                throws("new RegExp('('.repeat(100000) + ')'.repeat(100000));"),
                FINE,
            ),
            (
                "JSON in JSON",
                throws("JSON.parse('['.repeat(1000000));"),
                FINE,
            ),
            (
                "an object in an object, as JSON",
                throws("let o = {}; for (let i = 0; i < 100000; i++) o = { o }; JSON.stringify(o);"),
                SPENT,
            ),
            (
                "a string that doubles",
                asked("let s = 'x'; for (;;) s += s;"),
                SPENT,
            ),
            (
                "strings that are kept",
                asked("const all = []; for (let i = 0; ; i++) all.push('x'.repeat(100000) + i);"),
                CPU,
            ),
            (
                "typed arrays that are kept",
                asked("const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1));"),
                SPENT,
            ),
            (
                "a typed array that is too large",
                throws("new Float64Array(2 ** 40);"),
                FINE,
            ),
            (
                "recursion",
                throws("(function f() { f(); })();"),
                FINE,
            ),
            (
                "recursion through a proxy",
                throws("const p = new Proxy({}, { get(t, k, r) { return r[k]; } }); p.x;"),
                FINE,
            ),
            (
                "recursion through toString",
                throws("const o = { toString() { return `${o}`; } }; new Response(o);"),
                FINE,
            ),
            (
                "microtasks without end",
                asked("const again = () => Promise.resolve().then(again); again();"),
                CPU,
            ),
            (
                "microtasks that are kept",
                asked("const again = () => { queueMicrotask(again); queueMicrotask(again); }; again(); await new Promise(() => {});"),
                SPENT,
            ),
            (
                "timers without end",
                asked("for (;;) setTimeout(() => {}, 100000);"),
                SPENT,
            ),
            (
                "lines without end",
                asked("for (;;) console.log('x'.repeat(1000));"),
                CPU,
            ),
            (
                "an array with holes",
                asked("const a = []; a[4294967294] = 1; a.sort(); for (const x of a) x;"),
                SPENT,
            ),
            (
                "keys without end",
                asked("const o = {}; for (let i = 0; ; i++) o['k' + i] = i;"),
                SPENT,
            ),
            (
                "a sort that never agrees",
                asked("const a = Array.from({ length: 100000 }, (_, i) => i); for (;;) a.sort(() => Math.random() - 0.5);"),
                CPU,
            ),
            (
                "a bomb of compressed zeros",
                asked("const zeros = new Response(new Uint8Array(1 << 20)).body.pipeThrough(new CompressionStream('gzip')); const small = await new Response(zeros).arrayBuffer(); const all = []; for (;;) all.push(await new Response(new Response(small).body.pipeThrough(new DecompressionStream('gzip'))).arrayBuffer());"),
                SPENT,
            ),
            (
                "writes to KV without end",
                asked("for (let i = 0; ; i++) await env.KV.put('k' + i, 'x');"),
                Cut(&[200, 500, 503, 504]),
            ),
            (
                "writes to KV at once",
                asked("await Promise.all(Array.from({ length: 5000 }, (_, i) => env.KV.put('k' + i, 'x')));"),
                Cut(&[200, 500, 503, 504]),
            ),
            (
                "a spin where it is loaded",
                "for (;;) {} export default {};".to_owned(),
                Refused("CPU"),
            ),
            (
                "memory where it is loaded",
                "const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1)); export default {};".to_owned(),
                Refused("memory"),
            ),
            (
                "a source that is nested too deep",
                format!("export default {}1{};", "(".repeat(100_000), ")".repeat(100_000)),
                Refused(""),
            ),
        ],
    );
}

#[test]
fn hostile_scripts_that_meddle() {
    let names = "Object.defineProperty(Object.prototype, 'headers', { get() { throw new Error('polluted'); }, configurable: true });";
    check(
        2,
        vec![
            (
                "a getter that throws in a host call",
                throws("new Response('x', { get status() { throw new Error('no'); } });"),
                FINE,
            ),
            (
                "a getter that calls the host again",
                asked(
                    "const init = { get headers() { crypto.getRandomValues(new Uint8Array(10)); new Response('y', { headers: { a: 'b' } }); return { c: 'd' }; } }; const made = new Response('x', init); if (made.headers.get('c') !== 'd') return new Response('lost', { status: 418 });",
                ),
                FINE,
            ),
            (
                "a proxy for options",
                throws(
                    "await env.KV.put('k', 'v', new Proxy({}, { get() { throw new Error('no'); } }));",
                ),
                FINE,
            ),
            (
                "a proxy for a key",
                throws("await env.KV.get(new Proxy({}, { get() { throw new Error('no'); } }));"),
                FINE,
            ),
            (
                "a buffer that is detached in a host call",
                throws(
                    "const b = new Uint8Array(1000); const algorithm = { get name() { structuredClone(b.buffer, { transfer: [b.buffer] }); return 'AES-CBC'; }, iv: b }; const key = await crypto.subtle.generateKey({ name: 'AES-CBC', length: 128 }, true, ['encrypt']); await crypto.subtle.encrypt(algorithm, key, b);",
                ),
                FINE,
            ),
            (
                "randomness into a buffer that is gone",
                asked(
                    "const b = new Uint8Array(10); structuredClone(b.buffer, { transfer: [b.buffer] }); try { crypto.getRandomValues(b); } catch {} new TextDecoder().decode(b);",
                ),
                FINE,
            ),
            (
                "a prototype with a getter that throws",
                asked(names),
                Cut(&[200, 500]),
            ),
            (
                "a prototype with a setter for numbers",
                asked(
                    "Object.defineProperty(Array.prototype, '0', { set() { throw new Error('polluted'); }, get() { return 'polluted'; }, configurable: true }); await env.KV.get('x');",
                ),
                Cut(&[200, 500]),
            ),
            (
                "a `then` for everything",
                asked("Object.prototype.then = function (done) { done('stolen'); };"),
                Cut(&[200, 500, 504]),
            ),
            (
                "promises that are not its own",
                asked(
                    "Promise.prototype.then = function () { throw new Error('polluted'); }; await env.KV.get('x');",
                ),
                Cut(&[200, 500, 504]),
            ),
            (
                "builtins that are gone",
                asked(
                    "for (const name of Object.getOwnPropertyNames(globalThis)) { try { delete globalThis[name]; } catch {} }",
                ),
                Cut(&[200, 500]),
            ),
            (
                "functions that lie",
                asked(
                    "Array.prototype.push = Array.prototype.map = Map.prototype.get = Uint8Array.prototype.subarray = String.prototype.slice = () => { throw new Error('polluted'); };",
                ),
                Cut(&[200, 500]),
            ),
            (
                "a field with a line break",
                throws("new Response('x', { headers: { a: 'b\\r\\nset-cookie: c' } });"),
                FINE,
            ),
            (
                "fields without end",
                asked(
                    "const headers = new Headers(); for (let i = 0; i < 20000; i++) headers.append('x-' + i, 'y'); return new Response('x', { headers });",
                ),
                Cut(&[500, 503]),
            ),
            (
                "a field that is too large",
                asked("return new Response('x', { headers: { a: 'b'.repeat(1000000) } });"),
                THREW,
            ),
            (
                "a body without end",
                asked(
                    "return new Response(new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(65536)); } }));",
                ),
                Cut(&[200, 500, 503]),
            ),
            (
                "a body of texts",
                asked("return new Response(new ReadableStream({ pull(c) { c.enqueue('x'); } }));"),
                Cut(&[200, 500]),
            ),
            (
                "a body that throws",
                asked(
                    "return new Response(new ReadableStream({ pull() { throw new Error('no'); } }));",
                ),
                Cut(&[200, 500]),
            ),
            (
                "a stream that is fed by itself",
                asked(
                    "const { readable, writable } = new TransformStream(); readable.pipeTo(writable).catch(() => {});",
                ),
                FINE,
            ),
            (
                "a stream in two halves of which none is read",
                asked(
                    "const [a, b] = new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(65536)); } }).tee(); const reader = a.getReader(); for (;;) await reader.read();",
                ),
                SPENT,
            ),
            (
                "a body that is used twice",
                throws("const r = new Response('x'); await r.text(); await r.text();"),
                FINE,
            ),
            (
                "a cycle that is cloned",
                asked(
                    "const a = { n: new Map() }; a.a = a; a.n.set(a, a); const b = structuredClone(a); if (b.a !== b || b.n.get(b) !== b) return new Response('lost', { status: 418 });",
                ),
                FINE,
            ),
            (
                "a depth that is cloned",
                throws(
                    "let o = {}; for (let i = 0; i < 100000; i++) o = { o }; structuredClone(o);",
                ),
                SPENT,
            ),
            (
                "modules of WebAssembly in it",
                throws(
                    "const bytes = new Uint8Array(100000).fill(0x60); bytes.set([0, 97, 115, 109, 1, 0, 0, 0, 1, 255, 255, 255, 255, 15]); await WebAssembly.instantiate(bytes);",
                ),
                FINE,
            ),
            (
                "code from text",
                throws("new Function('return 1')(); "),
                FINE,
            ),
            (
                "an exception that is a proxy",
                asked(
                    "throw new Proxy({}, { get() { throw new Error('again'); }, getPrototypeOf() { throw new Error('again'); } });",
                ),
                THREW,
            ),
            (
                "an exception with a stack of its own",
                asked(
                    "const e = new Error('x'); Object.defineProperty(e, 'stack', { get() { for (;;); } }); throw e;",
                ),
                Cut(&[500, 503]),
            ),
            (
                "an answer that is a proxy",
                asked("return new Proxy(new Response('x'), {});"),
                Cut(&[200, 500]),
            ),
            (
                "an answer whose status is none",
                throws("new Response('x', { status: 2 ** 31 });"),
                FINE,
            ),
            (
                "a log line that throws",
                asked(
                    "console.log(new Proxy({}, { ownKeys() { throw new Error('no'); } }), { toJSON() { throw 1; } }, { [Symbol.toPrimitive]() { throw 1; } });",
                ),
                Cut(&[200, 500]),
            ),
            (
                "what waits for ever",
                asked(
                    "ctx.waitUntil(new Promise(() => {})); ctx.waitUntil(Promise.reject(new Error('no')));",
                ),
                FINE,
            ),
            (
                "an end in a finalizer",
                asked(
                    "const r = new FinalizationRegistry(() => { for (;;); }); for (let i = 0; i < 1000; i++) r.register({}, i);",
                ),
                Cut(&[200, 503]),
            ),
        ],
    );
}
