//! Dynamic Workers (spec: SEMANTICS §34). What is told is what workerd told the same Worker, where it
//! is no limit of this device's.

use super::sockets;
use postern_e2e::api::script;
use postern_e2e::{Daemon, Form, Setup};
use serde_json::{Value, json};

const MODULE: &str = "application/javascript+module";

/// Answers with the facts that the path names.
const LOADER: &str = r#"
import { WorkerEntrypoint } from "cloudflare:workers";
const told = (e) => `${e.name}: ${e.message}`;
const tried = async (f) => { try { return await f(); } catch (e) { return told(e); } };
const D = { compatibilityDate: "2026-01-01", mainModule: "a.js" };
const code = (source, more) => ({ ...D, modules: { "a.js": source }, ...more });
const ask = async (worker, url = "http://x/") => (await worker.getEntrypoint().fetch(url)).text();
const HELLO = `export default { fetch(r, env) { return new Response("hello " + r.url + JSON.stringify(env)); } }`;
export class Gate extends WorkerEntrypoint {
  fetch(request) { return new Response("gate " + request.url + JSON.stringify(this.ctx.props)); }
  hi(x) { return "hi " + x; }
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
    const source = `export default { async fetch() { await scheduler.wait(5000); return new Response("late"); } }`;
    const all = [];
    for (let at = 0; at < 4; at++) {
      const one = L.load(code(source));
      const asked = ask(one).catch(told);
      all.push(asked);
      await scheduler.wait(200);
    }
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
    let form =
        Form::new()
            .metadata(&metadata)
            .part("index.js", Some("index.js"), Some(MODULE), source);
    daemon.api().form("PUT", &script(name), form).ok();
}

fn daemon(more: &str) -> Daemon {
    let tables = format!(
        "[outbound]\nallow-private = true\n[loader]\nworkers = 4\n[limits]\ncpu-ms = 500\n{more}"
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
