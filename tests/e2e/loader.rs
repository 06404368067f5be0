//! Dynamic Workers (spec: SEMANTICS §34). What is told is what workerd told the same Worker, where it
//! is no limit of this device's.

use super::sockets;
use postern_e2e::api::script;
use postern_e2e::{Daemon, Form, Setup, eventually};
use serde_json::{Value, json};

/// A function `f` that gives 42.
const WASM: &[u8] = b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7f\x03\x02\x01\0\x07\x05\x01\x01f\0\0\x0a\x06\x01\x04\0\x41\x2a\x0b";
const MODULE: &str = "application/javascript+module";

/// Answers with the facts that the path names.
const LOADER: &str = r#"
import { WorkerEntrypoint } from "cloudflare:workers";
import module from "./m.wasm";
const told = (e) => `${e.name}: ${e.message}`;
const tried = async (f) => { try { return await f(); } catch (e) { return told(e); } };
const D = { compatibilityDate: "2026-01-01", mainModule: "a.js" };
const code = (source, more) => ({ ...D, modules: { "a.js": source }, ...more });
const ask = async (worker, url = "http://x/") => (await worker.getEntrypoint().fetch(url)).text();
const HELLO = `export default { fetch(r, env) { return new Response("hello " + r.url + JSON.stringify(env)); } }`;
export class Gate extends WorkerEntrypoint {
  fetch(request) { return new Response("gate " + request.url + JSON.stringify(this.ctx.props)); }
  hi(x) { return "hi " + x; }
  // Has what it is told kept for whoever asks; and has itself told again, without end if it could.
  async tail(events) {
    const { props } = this.ctx;
    for (const event of events) console.log("tail", props.p, JSON.stringify({ script: event.scriptName, dynamic: event.event?.request?.url, logs: event.logs.map((line) => line.message), outcome: event.outcome }));
    if (props.again) {
      const again = this.env.LOADER.load(code(HELLO, { tails: [this.ctx.exports.Gate({ props })] }));
      await again.getEntrypoint().fetch("http://again/");
    }
  }
}
const facts = {
  async shapes({ LOADER: L }) {
    const w = L.get("a", () => code(HELLO));
    return [String(L), L.constructor.name, Object.getOwnPropertyNames(Object.getPrototypeOf(L)).sort(), await tried(() => new L.constructor()),
      String(w), w instanceof Promise, String(w.getEntrypoint()), w.getEntrypoint().constructor.name];
  },
  async ids({ LOADER: L }) {
    let called = 0;
    const make = (source) => async () => (called++, code(source, { env: { A: 1, B: { c: [1, 2] } } }));
    const one = L.get("b", make(HELLO)), before = called;
    const first = await ask(one), again = await ask(L.get("b", make("nothing")));
    return [before, first, again, called, await ask(L.load(code(HELLO))), await ask(L.get(null, () => code(HELLO)))];
  },
  async refused({ LOADER: L }) {
    const get = (make, id = crypto.randomUUID()) => tried(() => ask(L.get(id, make)));
    return [
      await tried(() => L.get("x")),
      await get(() => { throw new RangeError("boo"); }),
      await get(() => 5),
      await get(() => ({})),
      await get(() => ({ mainModule: "a.js", modules: { "a.js": HELLO } })),
      await get(() => ({ ...D, modules: {} })),
      await get(() => ({ ...D, mainModule: "b.js", modules: { "a.js": HELLO } })),
      await get(() => code("throw new TypeError('start'); export default {}")),
      await get(() => code("export default {}")),
      await get(() => ({ ...code(HELLO), compatibilityDate: "nope" })),
      await get(() => ({ ...code(HELLO), compatibilityFlags: ["nope"] })),
      await get(() => ({ ...D, mainModule: "a.foo", modules: { "a.foo": HELLO } })),
      await get(() => ({ ...D, modules: { "a.js": {} } })),
      await get(() => ({ ...D, modules: { "a.js": { js: HELLO, text: "x" } } })),
      await get(() => ({ ...D, modules: { "a.js": { text: "x" } } })),
      await get(() => ({ ...D, modules: { "a.py": "x" } })),
      await get(() => code(HELLO, { globalOutbound: 5 })),
      await get(() => code(HELLO, { env: 5 })),
      (await get(() => code("export default {"))).match(/^[^\n]*\nUncaught SyntaxError/)[0],
    ];
  },
  async uncloned({ LOADER: L }) {
    const get = (env) => tried(() => ask(L.load(code(HELLO, { env }))));
    return (await Promise.all([get({ f: () => 1 }), get({ l: L }), get({ w: L.load(code(HELLO)).getEntrypoint() })])).map((it) => it.split(":")[0]);
  },
  async modules({ LOADER: L }) {
    const main = `import t from "./t.txt"; import d from "./d.bin"; import j from "./j.json"; import c from "./c.cjs";
      export default { async fetch() { return Response.json([t, d.byteLength, d.constructor.name, j, c, (await import("./t.txt")).default]); } }`;
    const modules = { "a.js": main, "t.txt": { text: "tt" }, "d.bin": { data: new Uint8Array([1, 2, 3]).buffer }, "j.json": { json: { a: 1 } }, "c.cjs": { cjs: "module.exports = 5;" } };
    return JSON.parse(await ask(L.load({ ...D, modules })));
  },
  async values({ LOADER: L }) {
    const source = `export default { fetch(r, env) { return Response.json([env.M.get("a"), env.D.getTime(), [...env.B], env.N === undefined, Object.keys(env)]); } }`;
    return JSON.parse(await ask(L.load(code(source, { env: { M: new Map([["a", 1]]), D: new Date(5), B: new Uint8Array([1, 2]), N: undefined } }))));
  },
  async network({ LOADER: L, UP, OUT }, ctx) {
    const source = `import { connect } from "cloudflare:sockets";
      const told = (e) => e.name + ": " + e.message;
      export default { async fetch(r, env) {
        const all = [];
        try { all.push(await (await fetch("http://" + env.UP + "/z")).text()); } catch (e) { all.push(told(e)); }
        try { const s = connect(env.UP); await s.opened; all.push("open"); } catch (e) { all.push(told(e)); }
        return Response.json(all);
      } }`;
    const get = async (more) => JSON.parse(await ask(L.load(code(source, { env: { UP }, ...more }))));
    return [await get({ globalOutbound: null }), await get({ globalOutbound: ctx.exports.Gate({ props: { p: 1 } }) }), await get({ globalOutbound: OUT }), (await get({}))[1]];
  },
  async services({ LOADER: L, OUT }, ctx) {
    const source = `export default { async fetch(r, env) { return Response.json([await (await env.S.fetch("http://q/")).text(), await env.G.hi(3), await (await env.G.fetch("http://w/")).text()]); } }`;
    return JSON.parse(await ask(L.load(code(source, { globalOutbound: null, env: { S: OUT, G: ctx.exports.Gate({ props: { p: 2 } }) } }))));
  },
  async nested({ LOADER: L, OUT }, ctx) {
    const source = `export default { async fetch(r, env) { const o = env.O; return Response.json([Object.keys(o), await o.list[0].hi(1), await (await o.list[1].fetch("http://q/")).text(), await (await o.deep.s.fetch("http://w/")).text(),
      o.list[0] === o.again, o.m.get("k") === o.again, String(o.again), o.again.constructor.name, await (await env.P.out.fetch("http://e/")).text()]); } }`;
    const g = ctx.exports.Gate({ props: { p: 1 } });
    const env = { O: { list: [g, ctx.exports.Gate({ props: { p: [2] } })], deep: { s: OUT }, again: g, m: new Map([["k", g]]) }, P: { out: OUT } };
    return JSON.parse(await ask(L.load(code(source, { globalOutbound: null, env }))));
  },
  async wasm({ LOADER: L }) {
    const bytes = new Uint8Array([0,97,115,109,1,0,0,0, 1,5,1,96,0,1,127, 3,2,1,0, 7,5,1,1,102,0,0, 10,6,1,4,0,65,42,11]);
    const source = `import m from "./m.wasm"; export default { async fetch(r, env) { return Response.json([String(m), new WebAssembly.Instance(m).exports.f()]); } }`;
    const get = (wasm) => tried(async () => JSON.parse(await ask(L.load({ ...D, modules: { "a.js": source, "m.wasm": { wasm } } }))));
    return [await get(bytes), await get(bytes.buffer), await get(module), await get({}), await tried(() => ask(L.load({ ...D, modules: { "a.js": HELLO, "m.bin": { data: "x" } } })))];
  },
  async tails({ LOADER: L }, ctx) {
    const g = ctx.exports.Gate({ props: { p: 7 } });
    const get = (tails) => tried(() => ask(L.load(code(HELLO, { tails }))));
    const source = `export default { fetch(r) { console.log("told", { a: 1 }); return new Response("x"); } }`;
    return [await ask(L.get("named", () => code(source, { tails: [g] }))), await get(5), await get(null), await get([5]), await get([]), await get([ctx.exports.Gate]), await get(Array(11).fill(g)), await get([L.load(code(HELLO)).getEntrypoint()])];
  },
  async endless({ LOADER: L }, ctx) {
    return [await ask(L.load(code(HELLO, { tails: [ctx.exports.Gate({ props: { p: 8, again: true } })] })))];
  },
  async entrypoints({ LOADER: L }) {
    const w = L.load(code(`import { WorkerEntrypoint } from "cloudflare:workers";
      export class E extends WorkerEntrypoint { fetch() { return new Response("E" + JSON.stringify(this.ctx.props)); } add(a, b) { return a + b; } fail() { throw new RangeError("no"); } }
      export default { async fetch(r, e, ctx) { return new Response("D" + JSON.stringify(ctx.props) + await ctx.exports.E.add(2, 3)); } };`));
    const say = async (...args) => (await w.getEntrypoint(...args).fetch("http://x/")).text();
    return [await say("E"), await say("E", { props: { a: 1 } }), await w.getEntrypoint("E").add(1, 2), await tried(() => w.getEntrypoint("E").fail()), await say(undefined, { props: { a: 1 } }), await say("default"), await say(null)];
  },
  async fails({ LOADER: L }) {
    return [await tried(() => ask(L.load(code(`export default { fetch() { throw new RangeError("in"); } }`)))),
      await tried(() => ask(L.load(code(`export default { fetch() { for (;;); } }`, { limits: { cpuMs: 5 } })))),
      await tried(() => ask(L.load(code(`export default { async fetch(r, env) { for (let n = 0; n < 9; n++) await env.S.fetch("http://x/"); } }`, { limits: { subRequests: 2 }, env: {} })))).then((it) => it.split(":")[0])];
  },
  async state({ LOADER: L }) {
    const w = L.get("state", () => code(`let n = 0; export default { fetch() { return new Response(String(++n)); } }`));
    return [await ask(w), await ask(w), await ask(L.get("state", () => code(HELLO)))];
  },
  async own({ LOADER: L }) {
    return [await ask(L.get("own", () => code(`export default { fetch: () => new Response("mine") }`)))];
  },
  // More than there may be: those that rest go, and are made anew.
  async many({ LOADER: L }) {
    const all = Array.from({ length: 6 }, (_, at) => L.get("many" + at, () => code(`export default { fetch: () => new Response("${at}") }`)));
    const said = [];
    for (const one of all) said.push(await ask(one));
    said.push(await ask(all[0]));
    return said;
  },
  // None of them rests.
  async busy({ LOADER: L }) {
    const source = `export default { fetch: () => new Response(new ReadableStream({ pull: () => scheduler.wait(20000) })) }`;
    const all = [];
    for (let at = 0; at < 4; at++) all.push(await L.load(code(source)).getEntrypoint().fetch("http://x/"));
    return [await tried(() => ask(L.load(code(HELLO))))];
  },
};
export default {
  async fetch(request, env, ctx) {
    const name = new URL(request.url).pathname.split("/").pop();
    return Response.json(await tried(() => facts[name](env, ctx)));
  },
};
"#;

#[track_caller]
fn push(daemon: &Daemon, name: &str, source: &str, bindings: Value) {
    let metadata = json!({
        "main_module": "index.js", "compatibility_date": "2026-01-01", "bindings": bindings,
    });
    let form = Form::new()
        .metadata(&metadata)
        .part("index.js", Some("index.js"), Some(MODULE), source)
        .part("m.wasm", Some("m.wasm"), Some("application/wasm"), WASM);
    daemon.api().form("PUT", &script(name), form).ok();
}

/// `more` is what `[loader]` says beside.
fn daemon(more: &str) -> Daemon {
    let tables = format!(
        "[outbound]\nallow-private = true\n[limits]\ncpu-ms = 500\n[loader]\nworkers = 4\n{more}"
    );
    let daemon = Setup::new().tables(&tables).start();
    daemon.api().production();
    let out = "export default { fetch: (request) => new Response('out ' + request.url) };";
    push(&daemon, "out", out, json!([]));
    let up = sockets::echo().to_string();
    for name in ["loader", "other"] {
        let bindings = json!([
            {"type": "worker_loader", "name": "LOADER"},
            {"type": "service", "name": "OUT", "service": "out"},
            {"type": "plain_text", "name": "UP", "text": up},
        ]);
        push(&daemon, name, LOADER, bindings);
    }
    daemon
}

#[track_caller]
fn says(daemon: &Daemon, fact: &str, expect: Value) {
    let answer = daemon.get(&format!("/loader/{fact}"));
    let text = answer.text().to_owned();
    let got: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
    assert_eq!(got, expect, "{fact}");
}

#[test]
fn workers_are_made_of_code() {
    let daemon = daemon("");
    let shapes = json!([
        "[object WorkerLoader]",
        "WorkerLoader",
        ["constructor", "get", "load"],
        "TypeError: Illegal constructor",
        "[object WorkerStub]",
        false,
        "[object Fetcher]",
        "Fetcher",
    ]);
    says(&daemon, "shapes", shapes);
    let hello = "hello http://x/{\"A\":1,\"B\":{\"c\":[1,2]}}";
    let bare = "hello http://x/{}";
    says(&daemon, "ids", json!([0, hello, hello, 1, bare, bare]));
    let expect = json!(["tt", 3, "ArrayBuffer", {"a": 1}, 5, "tt"]);
    says(&daemon, "modules", expect);
    let expect = json!([1, 5, [1, 2], true, ["B", "D", "M", "N"]]);
    says(&daemon, "values", expect);
    says(&daemon, "state", json!(["1", "2", "3"]));
    let entered = json!([
        "E{}",
        "E{\"a\":1}",
        3,
        "RangeError: no",
        "D{\"a\":1}5",
        "D{}5",
        "D{}5"
    ]);
    says(&daemon, "entrypoints", entered);
    let shown = daemon
        .api()
        .get(&format!("{}/bindings", script("loader")))
        .ok();
    assert!(shown.to_string().contains("worker_loader"), "{shown}");
}

#[test]
fn what_is_wrong_is_told() {
    let daemon = daemon("");
    let expect = json!([
        "TypeError: Failed to execute 'get' on 'WorkerLoader': parameter 2 is not of type 'function'.",
        "RangeError: boo",
        "TypeError: Callback returned incorrect type; expected 'Promise'",
        "TypeError: Incorrect type for the 'modules' field on 'WorkerCode': the provided value is not of type 'object'.",
        "Error: Invalid compatibility date: undefined",
        "TypeError: Dynamic Worker code must contain at least one module.",
        "Error: Failed to start Worker:\nUncaught Error: No such module: b.js",
        "Error: Failed to start Worker:\nUncaught TypeError: start\n  at a.js:1:7",
        "Error: Handler does not export a fetch() function.",
        "Error: Invalid compatibility date: nope",
        "Error: No such compatibility flag: nope",
        "TypeError: Module name must end with '.js' or '.py' (or the content must be an object indicating the type explicitly). Got: a.foo",
        "TypeError: Each module must contain exactly one of 'js', 'cjs', 'text', 'data', 'json', 'py', or 'wasm'. Module 'a.js' contained 0 properties.",
        "TypeError: Each module must contain exactly one of 'js', 'cjs', 'text', 'data', 'json', 'py', or 'wasm'. Module 'a.js' contained 2 properties.",
        "Error: Failed to start Worker:\nUncaught TypeError: Main module must be an ES module.",
        "Error: Python is not supported: module 'a.py' is written in it.",
        "TypeError: Incorrect type for the 'globalOutbound' field on 'WorkerCode': the provided value is not of type 'Fetcher'.",
        "TypeError: Incorrect type for the 'env' field on 'WorkerCode': the provided value is not of type 'Object'.",
        "Error: Failed to start Worker:\nUncaught SyntaxError",
    ]);
    says(&daemon, "refused", expect);
    let one = "DataCloneError";
    says(&daemon, "uncloned", json!([one, one, one]));
    let cpu = "Error: Worker exceeded CPU time limit. (CPU limit exceeded)";
    says(
        &daemon,
        "fails",
        json!(["RangeError: in", cpu, "TypeError"]),
    );
}

#[test]
fn the_network_is_what_the_loader_gives() {
    let daemon = daemon("");
    let closed = "Error: This worker is not permitted to access the internet via global functions like fetch(). It must use capabilities (such as bindings in 'env') to talk to the outside world.";
    let answer = daemon.get("/loader/network");
    let got: Value = serde_json::from_str(answer.text()).unwrap();
    assert_eq!(got[0], json!([closed, closed]));
    let gate = got[1][0].as_str().unwrap();
    assert!(
        gate.starts_with("gate http://127.0.0.1:") && gate.ends_with("/z{\"p\":1}"),
        "{gate}"
    );
    let out = got[2][0].as_str().unwrap();
    assert!(out.starts_with("out http://127.0.0.1:"), "{out}");
    for at in [1, 2] {
        let refused = got[at][1].as_str().unwrap();
        assert!(refused.contains("proxy request failed"), "{refused}");
    }
    assert_eq!(got[3], "open");
    let expect = json!(["out http://q/", "hi 3", "gate http://w/{\"p\":2}"]);
    says(&daemon, "services", expect);
}

#[test]
fn a_loader_has_so_many_and_no_more() {
    let daemon = daemon("");
    let said: Vec<String> = (0..6).chain([0]).map(|at| at.to_string()).collect();
    says(&daemon, "many", json!(said));
    let full = "Error: 4 dynamic Workers of this loader are running, the limit of `loader.workers`; let some end before loading more";
    says(&daemon, "busy", json!([full]));
}

#[test]
fn a_script_has_so_much_memory_for_them_and_no_more() {
    let daemon = daemon("memory-bytes = \"8 MiB\"\n");
    // Those that rest make room.
    let said: Vec<String> = (0..6).chain([0]).map(|at| at.to_string()).collect();
    says(&daemon, "many", json!(said));
    // Those that run do not, and the other loader has its own account.
    let answer = daemon.get("/loader/busy");
    let told = answer.text();
    assert!(
        told.contains(" of 8.0 MiB (loader, loader.memory-bytes)"),
        "{told}"
    );
    assert_eq!(daemon.get("/other/own").text(), "[\"mine\"]");
}

#[test]
fn ids_are_each_loaders_own() {
    let daemon = daemon("");
    assert_eq!(daemon.get("/loader/state").text(), "[\"1\",\"2\",\"3\"]");
    // Another Worker's of the same id is another, and so is that of another version.
    assert_eq!(daemon.get("/other/state").text(), "[\"1\",\"2\",\"3\"]");
    assert_eq!(daemon.get("/loader/state").text(), "[\"4\",\"5\",\"6\"]");
    let bindings = json!([{"type": "worker_loader", "name": "LOADER"}]);
    push(&daemon, "loader", LOADER, bindings);
    assert_eq!(daemon.get("/loader/state").text(), "[\"1\",\"2\",\"3\"]");
}

#[test]
fn services_are_given_inside_of_values() {
    let daemon = daemon("");
    let expect = json!([
        ["list", "deep", "again", "m"],
        "hi 1",
        "gate http://q/{\"p\":[2]}",
        "out http://w/",
        true,
        true,
        "[object Fetcher]",
        "Fetcher",
        "out http://e/",
    ]);
    says(&daemon, "nested", expect);
}

#[test]
fn webassembly_is_given_compiled_or_not() {
    let daemon = daemon("");
    let one = json!(["[object WebAssembly.Module]", 42]);
    let wrong = "TypeError: Incorrect type for the 'wasm' field on 'Module': the provided value is not of type 'Array or WasmModuleObject'.";
    let data = "TypeError: Incorrect type for the 'data' field on 'Module': the provided value is not of type 'Array'.";
    says(&daemon, "wasm", json!([one, one, one, wrong, data]));
}

/// What is found in the loader's log.
fn logged(daemon: &Daemon, query: &str) -> Vec<Value> {
    let api = daemon.api();
    let path = format!("{}/logs?follow=false&{query}", script("loader"));
    let answer = api.raw(&api.request("GET", &path)).unwrap().expect(200);
    let lines = answer.text().lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Log lines of the loader that its `tail` handler wrote, once there are as many.
fn tailed(daemon: &Daemon, count: usize) -> Vec<String> {
    eventually("what the handler was told", || {
        let told = logged(daemon, "").into_iter().flat_map(|record| {
            let logs = record["logs"].as_array().cloned().unwrap_or_default();
            logs.into_iter().map(|line| line["message"].to_string())
        });
        let told: Vec<String> = told.filter(|line| line.contains("tail")).collect();
        (told.len() >= count).then_some(told)
    })
}

#[test]
fn tails_are_told() {
    let daemon = daemon("");
    let array = "TypeError: Incorrect type for the 'tails' field on 'WorkerCode': the provided value is not of type 'Array'.";
    let element = "TypeError: Incorrect type for array element 0: the provided value is not of type 'Fetcher'.";
    let hello = "hello http://x/{}";
    let many = "Error: a dynamic Worker with 11 tails exceeds the limit of 10";
    let dynamic = "DataCloneError: Entrypoints to dynamically-loaded workers cannot be transferred to other Workers, because the system does not know how to reload this Worker from scratch. Instead, have the parent Worker expose an entrypoint which constructs the dynamic worker and forwards to it.";
    says(
        &daemon,
        "tails",
        json!(["x", array, array, element, hello, hello, many, dynamic]),
    );
    let told = tailed(&daemon, 1);
    let line = &told[0];
    assert!(line.contains("7"), "{line}");
    for part in ["\\\"script\\\":null", "http://x/", "told", "ok"] {
        assert!(line.contains(part), "{part}: {line}");
    }
    // The loader's log says which of its Workers it was.
    let found = logged(&daemon, "search=told");
    assert!(
        found.iter().any(|it| it["dynamicWorker"] == "named"),
        "{found:?}"
    );
}

#[test]
fn tails_of_tails_end() {
    let daemon = daemon("");
    says(&daemon, "endless", json!(["hello http://x/{}"]));
    // Three in a row, and the last one's is told nobody.
    assert_eq!(tailed(&daemon, 3).len(), 3);
    assert_eq!(daemon.get("/loader/state").text(), "[\"1\",\"2\",\"3\"]");
    assert_eq!(tailed(&daemon, 3).len(), 3);
}
