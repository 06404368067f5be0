//! Workers in JavaScript that go wrong: what the push is answered, what the client gets, what the log says.

use postern_e2e::api::script;
use postern_e2e::guests::hello;
use postern_e2e::{Connection, Daemon, Form, Request, Setup, eventually};
use serde_json::{Value, json};

const MODULE: &str = "application/javascript+module";
const LIMITS: &str = "[limits]
cpu-ms = 100
startup-cpu-ms = 500
memory-bytes = '16 MiB'
wall-ms = 2000
wait-until-ms = 500
response-body-bytes = '1 MiB'
";

fn start() -> Daemon {
    let daemon = Setup::new().tables(LIMITS).start();
    daemon.api().production();
    daemon.api().push("good", &hello("good"), &json!({}));
    daemon
}

fn form(source: &str) -> Form {
    let metadata = json!({"main_module": "index.js", "compatibility_date": "2026-01-01"});
    Form::new()
        .metadata(&metadata)
        .part("index.js", Some("index.js"), Some(MODULE), source)
}

/// What the log holds of a script, the newest last.
fn records(daemon: &Daemon, name: &str) -> Vec<Value> {
    let path = format!("{}/logs?follow=false", script(name));
    let api = daemon.api();
    let answer = api.raw(&api.request("GET", &path)).unwrap().expect(200);
    let lines = answer.text().lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn pushes_that_cannot_start() {
    let daemon = start();
    for (what, source, parts) in [
        (
            "nothing of a program",
            "export default {",
            &["SyntaxError", "index.js:1:"][..],
        ),
        (
            "a mistake on a line",
            "const a = 1;\n\nconst b = ;\nexport default {};",
            &["SyntaxError", "index.js:3:"],
        ),
        (
            "a word twice",
            "let a; let a; export default {};",
            &["SyntaxError"],
        ),
        ("no JavaScript", "<!doctype html><p>hello", &["SyntaxError"]),
        ("bytes", "\u{0}\u{1}\u{2}", &["SyntaxError"]),
        (
            "a package",
            "import { Hono } from 'hono'; export default {};",
            &["No such module \"hono\"", "index.js"],
        ),
        (
            "a file",
            "import './lib/x.js'; export default {};",
            &["No such module \"lib/x.js\"", "index.js"],
        ),
        (
            "one of Node without its flag",
            "import fs from 'node:fs'; export default {};",
            &["No such module \"node:fs\""],
        ),
        (
            "one of the platform",
            "import x from 'cloudflare:nothing'; export default {};",
            &["No such module \"cloudflare:nothing\""],
        ),
        (
            "a name that is not exported",
            "import { nothing } from 'cloudflare:workers'; export default {};",
            &["SyntaxError", "nothing"],
        ),
        (
            "an error",
            "throw new TypeError('at once');",
            &["Uncaught TypeError: at once", "index.js:1:"],
        ),
        (
            "an error of a class",
            "class Own extends Error {}; throw new Own('mine');",
            &["mine"],
        ),
        ("a text", "throw 'a text';", &["a text"]),
        ("nothing", "throw null;", &["null"]),
        (
            "what throws again",
            "throw { get message() { throw 1; }, toString() { throw 2; } };",
            &[],
        ),
        (
            "an error later",
            "await null;\nnull.x;\nexport default {};",
            &["TypeError", "index.js:2:"],
        ),
        (
            "a rejection",
            "await Promise.reject(new Error('no'));",
            &["no"],
        ),
        (
            "a promise for ever",
            "await new Promise(() => {}); export default {};",
            &["Top-level await in module is unsettled"],
        ),
        (
            "a request",
            "await fetch('http://x.example/'); export default {};",
            &["Disallowed operation called within global scope"],
        ),
        (
            "a timer",
            "setTimeout(() => {}, 1); export default {};",
            &["Disallowed operation called within global scope"],
        ),
        (
            "recursion",
            "(function f() { f(); })();",
            &["RangeError", "Maximum call stack size exceeded"],
        ),
        (
            "a loop",
            "for (;;);",
            &["Script startup exceeded CPU time limit"],
        ),
        (
            "a loop of promises",
            "for (;;) await null;",
            &["Script startup exceeded CPU time limit"],
        ),
        (
            "memory",
            "const all = []; for (;;) all.push(new Uint8Array(1e6).fill(1));",
            &["Script startup exceeded memory limit"],
        ),
        (
            "no handler",
            "export function f() {}",
            &["No event handlers were registered"],
        ),
        (
            "an empty default",
            "export default {};",
            &["No event handlers were registered"],
        ),
        (
            "an export that is no object",
            "export const a = 1;",
            &["Incorrect type for map entry 'a'"],
        ),
        (
            "a default that is no object",
            "export default 5;",
            &["Incorrect type for map entry 'default'"],
        ),
    ] {
        let reply = daemon.api().form("PUT", &script("bad"), form(source));
        let (status, code, message) = reply.refused();
        assert_eq!(status, 400, "{what}: {message}");
        assert!([10021, 10068].contains(&code), "{what}: {code} {message}");
        for part in parts {
            assert!(message.contains(part), "{what}: no {part:?} in {message}");
        }
        assert!(message.len() < 4000, "{what}: {} bytes", message.len());
        daemon.get("/bad/").expect(404);
    }
    assert_eq!(daemon.get("/good/").expect(200).text(), "good");
    assert!(!daemon.log().contains("panicked"), "{}", daemon.log());
}

const FAULTS: &str = "
    const kept = [];
    const faults = {
        well: () => new Response('well'),
        nothing() {},
        null: () => null,
        text: () => 'text',
        object: () => ({ status: 200 }),
        number: async () => 5,
        throws() { throw new TypeError('thrown'); },
        rejects: async () => { await null; throw new RangeError('later'); },
        string() { throw 'a text'; },
        undefined() { throw undefined; },
        odd() { throw { get name() { throw 1; }, toString() { throw 2; } }; },
        twice: async (request) => { await request.text(); return new Response(await request.text()); },
        response: async () => { const it = new Response('x'); await it.text(); return it; },
        recurse() { return faults.recurse() + 1; },
        spin() { for (;;); },
        promises: async () => { for (;;) await null; },
        hoard() { for (;;) kept.push(new Uint8Array(65536).fill(1)); },
        strings() { let s = 'xxxxxxxx'; for (;;) s += s; },
        hangs: () => new Promise(() => {}),
        waits: async () => { await scheduler.wait(60_000); return new Response('late'); },
        regex: () => new Response(String(/^(a+)+$/.test('a'.repeat(40) + '!'))),
        evals: () => new Response(String(eval('1'))),
        status: () => new Response('x', { status: 99 }),
        upgrade: () => new Response(null, { status: 101 }),
        error: () => Response.error(),
    };
    export default { fetch: (request) => faults[new URL(request.url).pathname.slice(1)](request) };
";

#[test]
fn handlers_that_go_wrong() {
    let daemon = start();
    daemon.api().form("PUT", &script("bad"), form(FAULTS)).ok();
    for (path, status, body, outcome, told) in [
        (
            "nothing",
            500,
            "error code: 1101",
            "exception",
            "Callback returned incorrect type; expected 'Promise'",
        ),
        (
            "null",
            500,
            "error code: 1101",
            "exception",
            "Callback returned incorrect type; expected 'Promise'",
        ),
        (
            "text",
            500,
            "error code: 1101",
            "exception",
            "Callback returned incorrect type; expected 'Promise'",
        ),
        (
            "object",
            500,
            "error code: 1101",
            "exception",
            "Callback returned incorrect type; expected 'Promise'",
        ),
        (
            "number",
            500,
            "error code: 1101",
            "exception",
            "Incorrect type for Promise",
        ),
        ("throws", 500, "error code: 1101", "exception", "thrown"),
        ("rejects", 500, "error code: 1101", "exception", "later"),
        ("string", 500, "error code: 1101", "exception", "a text"),
        (
            "undefined",
            500,
            "error code: 1101",
            "exception",
            "undefined",
        ),
        ("odd", 500, "error code: 1101", "exception", ""),
        (
            "twice",
            500,
            "error code: 1101",
            "exception",
            "Body has already been used",
        ),
        (
            "response",
            500,
            "error code: 1101",
            "exception",
            "Body has already been used",
        ),
        (
            "recurse",
            500,
            "error code: 1101",
            "exception",
            "Maximum call stack size exceeded",
        ),
        ("spin", 503, "error code: 1102", "exceededCpu", "CPU"),
        ("promises", 503, "error code: 1102", "exceededCpu", "CPU"),
        ("hoard", 503, "error code: 1102", "exceededMemory", "memory"),
        ("strings", 500, "error code: 1101", "exception", ""),
        (
            "hangs",
            500,
            "error code: 1101",
            "exception",
            "would never generate a response",
        ),
        ("waits", 504, "wall time", "exceededWallTime", "wall time"),
        ("regex", 503, "error code: 1102", "exceededCpu", "CPU"),
        (
            "evals",
            500,
            "error code: 1101",
            "exception",
            "Code generation from strings disallowed",
        ),
        ("status", 500, "error code: 1101", "exception", "status"),
        ("upgrade", 500, "error code: 1101", "exception", ""),
    ] {
        let before = records(&daemon, "bad").len();
        let answer = daemon.send(&Request::post(&format!("/bad/{path}"), "body"));
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        assert!(answer.text().contains(body), "{path}: {}", answer.text());
        assert!(
            !answer.text().contains("thrown"),
            "{path}: the client is told what is the tenant's"
        );
        let record = eventually("the invocation is recorded", || {
            records(&daemon, "bad").into_iter().nth(before)
        });
        assert_eq!(record["outcome"], outcome, "{path}: {record}");
        let exception = &record["exceptions"][0];
        let shown = format!(
            "{}: {}",
            exception["name"].as_str().unwrap_or(""),
            exception["message"].as_str().unwrap_or("")
        );
        assert!(shown.contains(told), "{path}: {shown}");
        assert_eq!(daemon.get("/good/").expect(200).text(), "good", "{path}");
        eventually("the Worker answers again", || {
            (daemon.get("/bad/well").status == 200).then_some(())
        });
    }
}

const STREAMS: &str = "
    const chunk = new Uint8Array(16384).fill(120);
    export default {
        async fetch(request, env, context) {
            const { pathname } = new URL(request.url);
            if (pathname === '/well') return new Response('well');
            if (pathname === '/endless') return new Response(new ReadableStream({ pull: (c) => c.enqueue(chunk) }));
            if (pathname === '/trickle') {
                let n = 0;
                return new Response(new ReadableStream({ async pull(c) { await scheduler.wait(5); c.enqueue(new TextEncoder().encode(`${n++}\\n`)); } }));
            }
            if (pathname === '/breaks') return new Response(new ReadableStream({ pull(c) { c.enqueue(chunk); c.error(new Error('broke')); } }));
            if (pathname === '/value') return new Response(new ReadableStream({ pull: (c) => c.enqueue('text') }));
            if (pathname === '/later') {
                context.waitUntil(scheduler.wait(50).then(() => console.log('done after all')));
                await scheduler.wait(100);
                return new Response('nobody waits for this');
            }
        },
    };
";

#[test]
fn streams_that_do_not_end() {
    let daemon = start();
    daemon.api().form("PUT", &script("bad"), form(STREAMS)).ok();
    for (path, told) in [
        ("endless", "response"),
        ("trickle", ""),
        ("breaks", "broke"),
        ("value", ""),
    ] {
        let before = records(&daemon, "bad").len();
        let mut connection = Connection::open(daemon.edge()).unwrap();
        let request = Request::get(&format!("/bad/{path}"));
        connection.write(&request.to_bytes("x")).unwrap();
        let (status, _) = connection.read_head().unwrap();
        // The head is on its way before the stream goes wrong, or it is not.
        assert!([200, 500].contains(&status), "{path}: {status}");
        // It ends, and not as if it were whole.
        let rest = connection.read_to_end().unwrap_or_default();
        assert!(
            status != 200 || !rest.ends_with(b"0\r\n\r\n"),
            "{path} ended well"
        );
        let record = eventually("the invocation is recorded", || {
            records(&daemon, "bad").into_iter().nth(before)
        });
        assert_ne!(record["outcome"], "ok", "{path}: {record}");
        assert!(
            record["exceptions"].to_string().contains(told),
            "{path}: {record}"
        );
        assert_eq!(daemon.get("/good/").expect(200).text(), "good", "{path}");
        eventually("the Worker answers again", || {
            (daemon.get("/bad/well").status == 200).then_some(())
        });
    }
}

#[test]
fn an_answer_to_a_client_that_left() {
    let daemon = start();
    daemon.api().form("PUT", &script("bad"), form(STREAMS)).ok();
    for path in ["later", "trickle"] {
        let before = records(&daemon, "bad").len();
        let mut connection = Connection::open(daemon.edge()).unwrap();
        connection
            .write(&Request::get(&format!("/bad/{path}")).to_bytes("x"))
            .unwrap();
        if path != "later" {
            connection.read_head().unwrap();
        }
        drop(connection);
        let record = eventually("the invocation is recorded", || {
            records(&daemon, "bad").into_iter().nth(before)
        });
        let outcome = record["outcome"].as_str().unwrap();
        let expected: &[&str] = match path {
            // Who says that nothing more will come may still listen, until something is sent.
            "later" => &["ok", "canceled"],
            _ => &["responseStreamDisconnected"],
        };
        assert!(expected.contains(&outcome), "{path}: {record}");
        // What the Worker waits for goes on.
        if path == "later" {
            assert!(
                record["logs"].to_string().contains("done after all"),
                "{record}"
            );
        }
        assert_eq!(daemon.get("/bad/well").expect(200).text(), "well");
    }
    assert!(!daemon.log().contains("panicked"), "{}", daemon.log());
}

/// Code as a bundler leaves it: one line, short names.
fn minified(bytes: usize) -> String {
    let mut source = String::from("var a=0;");
    let mut number = 0;
    while source.len() < bytes {
        source.push_str(&format!(
            "function f{number}(t,e){{return t?e[{number}]||\"{number:08}\"+t:f{number}(e,t)}}"
        ));
        number += 1;
    }
    source + "export default{fetch:()=>new Response(f7(1,[])+a)};"
}

#[test]
fn ten_megabytes_of_minified_code() {
    let daemon = start();
    let api = daemon.api();
    // What fits is served, if its own limits let it start.
    let reply = api.form("PUT", &script("large"), form(&minified(100_000)));
    reply.ok();
    assert_eq!(
        daemon.get("/large/").expect(200).text(),
        "00000007".to_owned() + "10"
    );
    // What does not is refused by the limit that it breaks, and the version before goes on.
    let reply = api.form("PUT", &script("large"), form(&minified(10_000_000)));
    let (status, code, message) = reply.refused();
    assert!((400..500).contains(&status), "{status} {message}");
    assert!(code > 0 && message.contains("limit"), "{code} {message}");
    assert_eq!(daemon.get("/large/").expect(200).text(), "0000000710");
    assert_eq!(daemon.get("/good/").expect(200).text(), "good");
}

/// What nests too deeply, in places that are written in C or Rust.
const DEEP: &str = "
    const nested = (make, count = 20000) => { let it = make(); while (count--) it = make(it); return it; };
    const cases = {
        parse: () => JSON.parse('['.repeat(100000) + ']'.repeat(100000)),
        revive: () => JSON.parse('['.repeat(100000) + ']'.repeat(100000), (_, value) => value),
        stringify: () => JSON.stringify(nested((it) => [it])),
        flat: () => nested((it) => [it]).flat(Infinity),
        text: () => String(nested((it) => [it])),
        clone: () => structuredClone(nested((it) => [it])),
        get: () => nested((it = {}) => new Proxy(it, {})).x,
        has: () => 'x' in nested((it = {}) => new Proxy(it, {})),
        define: () => Object.defineProperty(nested((it = {}) => new Proxy(it, {})), 'x', {}),
        prototype: () => Object.getPrototypeOf(nested((it = {}) => new Proxy(it, {}))),
        construct: () => new (nested((it = class {}) => new Proxy(it, {})))(),
        handler: () => nested((it = {}) => new Proxy({}, it)).x,
        iterate: () => nested((it = [1].values()) => it.map((one) => one)).next(),
        getter: () => { const it = { get x() { return it.x; } }; return it.x; },
        sort: () => { const sort = () => [2, 1].sort(sort); return sort(); },
    };
    export default {
        fetch(request) {
            const name = new URL(request.url).pathname.slice(1);
            try { return new Response(`${name} ${typeof cases[name]()}`); } catch (error) { return new Response(`${error}`); }
        },
    };
";

#[test]
fn what_nests_too_deeply_is_a_range_error() {
    let daemon = Setup::new()
        .tables("[limits]\ncpu-ms = 30000\nmemory-bytes = '64 MiB'\n")
        .start();
    daemon.api().production();
    daemon.api().form("PUT", &script("deep"), form(DEEP)).ok();
    for name in DEEP.lines().filter_map(|line| {
        let (name, rest) = line.trim().split_once(": ")?;
        rest.starts_with("() =>").then_some(name)
    }) {
        let answer = daemon.get(&format!("/deep/{name}")).expect(200);
        assert_eq!(
            answer.text(),
            "RangeError: Maximum call stack size exceeded",
            "{name}"
        );
    }
}
