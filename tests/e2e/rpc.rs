//! Workers that call each other: entrypoints, calls, stubs, and what hostile ones try with them.

use postern_e2e::api::{kv_value, script};
use postern_e2e::{Daemon, Form, Setup};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const MODULE: &str = "application/javascript+module";
/// How long is waited for what is sure to come.
const PATIENCE: Duration = Duration::from_secs(20);

#[track_caller]
fn push(daemon: &Daemon, name: &str, source: &str, bindings: Value) {
    let metadata = json!({
        "main_module": "index.js", "compatibility_date": "2026-01-21", "bindings": bindings,
    });
    let form =
        Form::new()
            .metadata(&metadata)
            .part("index.js", Some("index.js"), Some(MODULE), source);
    daemon.api().form("PUT", &script(name), form).ok();
}

fn service(name: &str, service: &str) -> Value {
    json!({"type": "service", "name": name, "service": service})
}

fn daemon(tables: &str) -> Daemon {
    let daemon = Setup::new().tables(tables).start();
    daemon.api().production();
    daemon
}

/// Pushes a Worker whose answer is what `facts` gives, as JSON.
#[track_caller]
fn caller(daemon: &Daemon, body: &str, bindings: Value) {
    let source = format!(
        "import {{ RpcTarget, RpcStub, WorkerEntrypoint }} from 'cloudflare:workers';
        const threw = async (promise) => {{
            try {{ return ['no', await promise]; }} catch (error) {{ return `${{error.name}}: ${{error.message}}`; }}
        }};
        export default {{
            async fetch(request, env, ctx) {{
                const {{ B }} = env;
                try {{ {body} }} catch (error) {{ return Response.json(error.stack); }}
            }},
        }};"
    );
    push(daemon, "caller", &source, bindings);
}

#[track_caller]
fn answer(daemon: &Daemon) -> Value {
    daemon.get("/caller/").expect(200).json()
}

const CALLEE: &str = "
    import { RpcTarget, WorkerEntrypoint } from 'cloudflare:workers';
    class Counter extends RpcTarget {
        #n = 0;
        get value() { return this.#n; }
        add(by) { return (this.#n += by); }
        other() { return new Counter(); }
    }
    export default class extends WorkerEntrypoint {
        add(a, b) { return a + b; }
        counter() { return new Counter(); }
        twice(f, x) { return f(x).then(f); }
        fail() { throw new RangeError('too far'); }
        never() { return new Promise(() => {}); }
        many(count) { return Array.from({ length: count }, (_, at) => () => at); }
        count(list) { return list.length; }
        last(list) { return list.at(-1)(); }
        bytes(count) { return new Uint8Array(count).fill(7); }
        sum(bytes) { return bytes.reduce((sum, byte) => sum + byte, 0); }
        async ping(f, depth) { return depth === 0 ? 0 : 1 + await f((g, d) => this.ping(g, d), depth - 1); }
        async endless(f) { for (;;) await f(); }
        async write(key, ms) { await scheduler.wait(ms); await this.env.KV.put(key, 'there'); }
        stream() { return new Response('x'.repeat(200000)).body; }
        where() { return this.ctx.props; }
    }
    export class Named extends WorkerEntrypoint {
        fetch(request) { return new Response(`${request.method} ${JSON.stringify(this.ctx.props)}`); }
        who() { return ['named', this.ctx.props]; }
    }
    export const plain = { hello(name) { return `hello ${name}`; } };
";

#[test]
fn named_entrypoints_have_their_props() {
    let daemon = daemon("");
    push(&daemon, "callee", CALLEE, json!([]));
    let named = json!({"type": "service", "name": "N", "service": "callee", "entrypoint": "Named", "props": {"tenant": [1]}});
    let plain = json!({"type": "service", "name": "P", "service": "callee", "entrypoint": "plain"});
    let none = json!({"type": "service", "name": "Z", "service": "callee", "entrypoint": "Nobody"});
    caller(
        &daemon,
        "return Response.json([
            await (await env.N.fetch('http://x/', { method: 'PUT', body: 'x' })).text(), await env.N.who(),
            await env.P.hello('you'), await B.where(), await threw(env.Z.who()), await threw(env.Z.fetch('http://x/')),
        ]);",
        json!([service("B", "callee"), named, plain, none]),
    );
    let missing = "TypeError: The Worker has no such entrypoint: Nobody";
    assert_eq!(
        answer(&daemon),
        json!([
            "PUT {\"tenant\":[1]}",
            ["named", {"tenant": [1]}],
            "hello you",
            {},
            missing,
            missing
        ])
    );
    let shown = daemon
        .api()
        .get(&format!("{}/bindings", script("caller")))
        .ok();
    assert_eq!(shown[1]["entrypoint"], "Named");
    assert_eq!(shown[1]["props"], json!({"tenant": [1]}));
}

#[test]
fn calls_callbacks_and_pipelines() {
    let daemon = daemon("[limits]\ncpu-ms = 1000\n");
    push(&daemon, "callee", CALLEE, json!([]));
    caller(
        &daemon,
        "const counter = await B.counter();
        await counter.add(3);
        const other = counter.dup();
        counter[Symbol.dispose]();
        counter[Symbol.dispose]();
        return Response.json([
            await B.add(1, 2), await B.twice((x) => x * 3, 2), await B.counter().other().add(5),
            await other.value, await threw(counter.add(1)), await threw(B.fail()), await threw(B.nothing()),
            (await new Response(await B.stream()).text()).length,
            await B.sum(new Uint8Array(100000).fill(1)),
        ]);",
        json!([service("B", "callee")]),
    );
    assert_eq!(
        answer(&daemon),
        json!([
            3,
            18,
            5,
            3,
            "Error: RPC stub used after being disposed.",
            "RangeError: too far",
            "TypeError: The RPC receiver does not implement the method \"nothing\".",
            200_000,
            100_000
        ])
    );
}

#[test]
fn the_worker_s_own_entrypoints_are_called_like_others() {
    let daemon = daemon("");
    let source = "
        import { WorkerEntrypoint } from 'cloudflare:workers';
        export class Own extends WorkerEntrypoint {
            props() { return this.ctx.props; }
            fetch(request) { return new Response(`own ${this.ctx.props.a}`); }
        }
        export default {
            async fetch(request, env, ctx) {
                const own = ctx.exports.Own({ props: { a: new Map([[1, 2n]]) } });
                const { a } = await own.props();
                return Response.json([String(a.get(1)), await (await own.fetch('http://x/')).text(), await ctx.exports.Own.props()]);
            },
        };";
    push(&daemon, "caller", source, json!([]));
    assert_eq!(answer(&daemon), json!(["2", "own [object Map]", {}]));
}

#[test]
fn props_hold_services() {
    let daemon = daemon("");
    push(&daemon, "callee", CALLEE, json!([]));
    let source = "
        import { RpcStub, RpcTarget, WorkerEntrypoint } from 'cloudflare:workers';
        const tried = async (attempt) => { try { return await attempt(); } catch (error) { return `${error.name}: ${error.message}`; } };
        class Target extends RpcTarget {}
        export class Tagged extends WorkerEntrypoint {
            who() { return ['tagged', this.ctx.props.tag]; }
            fetch() { return new Response(this.ctx.props.tag); }
        }
        export class Holder extends WorkerEntrypoint {
            async who() {
                const { props } = this.ctx;
                const { service = props.deep?.[0].get('it') } = props;
                return [service.constructor.name, await service.who(), await (await service.fetch('http://x/')).text()];
            }
            async fetch() { return Response.json(await this.who()); }
        }
        export default { async fetch(request, env, ctx) {
            const { Holder, Tagged } = ctx.exports;
            const holds = (service) => tried(() => Holder({ props: { service } }).who());
            const never = new ReadableStream({ type: 'bytes' });
            return Response.json([
                await holds(env.N), await holds(Tagged({ props: { tag: 'own' } })), await holds(Holder({ props: { service: env.N } })),
                await (await Holder({ props: { service: env.N } }).fetch('http://x/')).json(),
                await tried(() => Holder({ props: { deep: [new Map([['it', env.N]])] } }).who()),
                await holds(Tagged), await holds((n) => n), await holds(new Target()), await holds(new RpcStub(new Target())), await holds(never),
            ]);
        } };";
    let named = json!({"type": "service", "name": "N", "service": "callee", "entrypoint": "Named", "props": {"tenant": 1}});
    push(&daemon, "holder", source, json!([named]));
    let text = r#"GET {"tenant":1}"#;
    let who = json!(["Fetcher", ["named", {"tenant": 1}], text]);
    let held = serde_json::to_string(&who).unwrap();
    // As workerd tells it.
    let expect = json!([
        who,
        ["Fetcher", ["tagged", "own"], "own"],
        ["Fetcher", who, held],
        who,
        who,
        "DataCloneError: Could not serialize object of type \"LoopbackServiceStub\". This type does not support serialization.",
        "DataCloneError: (n) => n could not be cloned.",
        "DataCloneError: Remote RPC references can only be serialized for RPC.",
        "DataCloneError: RpcStub cannot be serialized in this context because it is not a persistent stub.",
        "DataCloneError: ReadableStream can only be serialized for RPC.",
    ]);
    assert_eq!(daemon.get("/holder/").expect(200).json(), expect);
}

#[test]
fn calls_that_nobody_waits_for_are_cancelled() {
    let daemon = daemon("");
    let kv = daemon.api().kv_namespace("calls");
    let binding = json!({"type": "kv_namespace", "name": "KV", "namespace_id": kv});
    push(&daemon, "callee", CALLEE, json!([binding]));
    caller(
        &daemon,
        "if (request.url.endsWith('/kept')) ctx.waitUntil(B.write('kept', 200)); else B.write('dropped', 20);
        return Response.json(1);",
        json!([service("B", "callee")]),
    );
    answer(&daemon);
    daemon.get("/caller/kept").expect(200);
    let api = daemon.api();
    let start = Instant::now();
    while api
        .raw(&api.request("GET", &kv_value(&kv, "kept")))
        .expect("an answer")
        .status
        != 200
    {
        assert!(start.elapsed() < PATIENCE, "waitUntil() did not wait");
    }
    let dropped = api.raw(&api.request("GET", &kv_value(&kv, "dropped")));
    assert_eq!(dropped.expect("an answer").status, 404);
}

#[test]
fn a_callee_that_never_answers_ends_with_its_caller() {
    let daemon = daemon("[limits]\nconcurrent-invocations = 8\n");
    push(&daemon, "callee", CALLEE, json!([]));
    caller(
        &daemon,
        "await Promise.race([B.never(), B.add(1, 1)]); B.endless(() => {}); return Response.json(await B.add(2, 2));",
        json!([service("B", "callee")]),
    );
    // Three invocations a request: those of earlier requests have to be over.
    for _ in 0..40 {
        assert_eq!(answer(&daemon), json!(4));
    }
}

#[test]
fn values_and_stubs_have_bounds() {
    let daemon = daemon("[limits]\nmemory-bytes = \"128 MiB\"\ncpu-ms = 30000\n");
    push(&daemon, "callee", CALLEE, json!([]));
    caller(
        &daemon,
        "const size = (text) => text.replace(/\\d{8}/, 'N');
        const stubs = (length) => Array.from({ length }, (_, at) => () => at);
        switch (new URL(request.url).pathname) {
            case '/bytes': return Response.json([
                size(await threw(B.sum(new Uint8Array(33 << 20)))), size(await threw(B.bytes(33 << 20))),
                (await B.bytes(20 << 20)).length,
            ]);
            case '/some': return Response.json([await B.count(stubs(2000)), await B.last(stubs(10))]);
            case '/sent': return Response.json(await threw(B.count(stubs(10000))));
            default: return Response.json([await threw(B.many(10000)), await B.add(1, 1)]);
        }",
        json!([service("B", "callee")]),
    );
    let large = "Error: Serialized RPC arguments or return values are limited to 32MiB, but the size of this value was: N bytes.";
    let many = "RangeError: A session of RPC may have 4096 stubs in each direction; dispose of some before sending more.";
    let asked = |path: &str| -> Value {
        let answer = daemon.get(&format!("/caller/{path}"));
        answer.expect(200).json()
    };
    assert_eq!(asked("bytes"), json!([large, large, 20 << 20]));
    assert_eq!(asked("some"), json!([2000, 9]));
    assert_eq!(asked("sent"), json!(many));
    assert_eq!(asked(""), json!([many, 2]));
}

#[test]
fn recursion_between_workers_ends() {
    let daemon = daemon("");
    let source = "
        import { WorkerEntrypoint } from 'cloudflare:workers';
        export default class extends WorkerEntrypoint {
            async fetch() {
                try { return Response.json(await this.deep(0)); } catch (error) { return Response.json(error.message); }
            }
            deep(at) { return this.env.OTHER.deep(at + 1); }
        }";
    // Each has to be there before the other is bound to it.
    push(&daemon, "one", source, json!([]));
    push(&daemon, "caller", source, json!([service("OTHER", "one")]));
    push(&daemon, "one", source, json!([service("OTHER", "caller")]));
    let told = answer(&daemon);
    let told = told.as_str().expect("a message");
    assert!(
        told.starts_with("Subrequest depth limit exceeded."),
        "{told}"
    );

    // Callbacks into each other go on until somebody's limit is reached.
    push(&daemon, "callee", CALLEE, json!([]));
    caller(
        &daemon,
        "const back = async (f, depth) => depth === 0 ? 0 : 1 + await f(back, depth - 1);
        const some = await B.ping(back, 40);
        if (new URL(request.url).pathname.endsWith('/deep')) await B.ping(back, 1e9);
        return Response.json(some);",
        json!([service("B", "callee")]),
    );
    assert_eq!(answer(&daemon), json!(40));
    assert!(daemon.get("/caller/deep").status >= 500);
    assert_eq!(answer(&daemon), json!(40));
}
