//! User Workers whose methods a dispatch Worker calls (spec: SEMANTICS §1 to §3, §25).

use crate::dispatch::{OPERATOR, PRODUCTION, daemon, dispatcher, path, push, push_with};
use postern_e2e::{Daemon, Form, guest};
use serde_json::{Value, json};

const TENANT: &str = "
    import { RpcTarget, WorkerEntrypoint } from 'cloudflare:workers';
    class Counter extends RpcTarget {
        #n = 0;
        add(by) { return (this.#n += by); }
    }
    export default class extends WorkerEntrypoint {
        add(a, b) { return a + b; }
        counter() { return new Counter(); }
        twice(f, x) { return f(x).then(f); }
        fail() { throw new RangeError('too far'); }
        spin() { for (;;) {} }
        async ask(url) { return (await fetch(url)).text(); }
        async asks(count) { for (let at = 0; at < count; at++) await fetch('http://any.example/'); return count; }
        props() { return this.ctx.props; }
        cf(request) { return [request.url, request.method]; }
        fetch(request) { return new Response(`fetched ${request.url}`); }
    }
    export class Named extends WorkerEntrypoint { who() { return 'named'; } }
";

/// Pushes a dispatch Worker whose answer is what `body` gives, as JSON, and asks it.
#[track_caller]
fn ask(daemon: &Daemon, body: &str, outbound: Value) -> Value {
    let source = format!(
        "const threw = async (promise) => {{
            try {{ return ['no', await promise]; }} catch (error) {{ return `${{error.name}}: ${{error.message}}`; }}
        }};
        export default {{
            async fetch(request, {{ DISPATCHER }}) {{
                const get = (name, limits, outbound) => DISPATCHER.get(name, {{}}, {{ limits, outbound }});
                try {{ return Response.json(await (async () => {{ {body} }})()); }} catch (error) {{ return Response.json(error.stack); }}
            }},
        }};"
    );
    push(daemon, OPERATOR, "d", &source, dispatcher(outbound));
    daemon.get("/d/").expect(200).json()
}

#[test]
fn methods_of_user_workers_are_called() {
    let daemon = daemon("[limits]\ncpu-ms = 1000\n");
    push(&daemon, PRODUCTION, "one", TENANT, json!([]));
    let old = "export default { fetch() {}, plain(x) { return x; } };";
    push_with(
        &daemon,
        PRODUCTION,
        "object",
        old,
        json!({"compatibility_date": "2023-01-01"}),
    );
    let facts = ask(
        &daemon,
        "const one = get('one');
        const counter = await one.counter();
        return [
            await one.add(1, 2), await one.twice((x) => x * 3, 2), await one.counter().add(5),
            await counter.add(1), await counter.add(1), await threw(one.fail()), await threw(one.nothing()),
            await threw(get('none').add(1, 2)), await threw(get('x'.repeat(9000)).add(1)), await one.props(),
            await (await one.fetch('http://x/')).text(), await threw(one.who()),
            await one.cf(new Request('http://y/', { method: 'PUT' })), await get('object').plain('an object'),
            await threw((async () => one.twice(one, 1))()),
        ];",
        json!(null),
    );
    assert_eq!(
        facts,
        json!([
            3,
            18,
            5,
            1,
            2,
            "RangeError: too far",
            "TypeError: The RPC receiver does not implement the method \"nothing\".",
            "Error: Worker not found.",
            "Error: Worker not found.",
            {},
            "fetched http://x/",
            "TypeError: The RPC receiver does not implement the method \"who\".",
            ["http://y/", "PUT"],
            "an object",
            "DataCloneError: Could not serialize object of type \"Fetcher\". This type does not support serialization."
        ])
    );
}

#[test]
fn limits_hold_for_methods_too() {
    let daemon = daemon("");
    push(&daemon, PRODUCTION, "one", TENANT, json!([]));
    push(
        &daemon,
        OPERATOR,
        "egress",
        "export default { fetch: () => new Response('x') };",
        json!([]),
    );
    let facts = ask(
        &daemon,
        "return [
            await threw(get('one', { cpuMs: 5 }).spin()), await get('one', { subRequests: 2 }).asks(2),
            await threw(get('one', { subRequests: 2 }).asks(3)), await get('one').add(1, 1),
        ];",
        json!({"worker": {"service": "egress"}}),
    );
    assert_eq!(
        facts[0],
        "Error: Worker exceeded CPU time limit. (CPU limit exceeded)"
    );
    assert_eq!(facts[1], 2);
    let text = facts[2].as_str().unwrap();
    assert!(text.contains("(Subrequest limit exceeded)"), "{text}");
    assert_eq!(facts[3], 2);
}

#[test]
fn an_outbound_worker_stands_behind_methods_too() {
    let daemon = daemon("");
    push(&daemon, PRODUCTION, "one", TENANT, json!([]));
    let egress = "export default { async fetch(request, env, ctx) {
        return new Response(`${request.url} ${env.who} ${JSON.stringify(ctx.dispatchContext)}`);
    } };";
    push(&daemon, OPERATOR, "egress", egress, json!([]));
    let outbound = json!({"worker": {"service": "egress"}, "params": [{"name": "who"}]});
    let facts = ask(
        &daemon,
        "const told = { who: 'a' };
        const one = get('one', undefined, told);
        told.who = 'changed';
        return [await one.ask('http://any.example/'), await get('one', undefined, { who: 'b' }).ask('http://any.example/')];",
        outbound,
    );
    let told =
        |who: &str| format!("http://any.example/ {who} {{\"outbound\":{{\"who\":\"{who}\"}}}}");
    assert_eq!(facts, json!([told("a"), told("b")]));
}

#[test]
fn workers_without_methods_say_so() {
    let daemon = daemon("");
    let metadata = json!({"main_module": "main.wasm"});
    let form = Form::new()
        .metadata(&metadata)
        .wasm("main.wasm", &guest("hello"));
    daemon
        .api()
        .form("PUT", &path(PRODUCTION, "rust"), form)
        .ok();
    let facts = ask(
        &daemon,
        "return [await threw(get('rust').add(1, 2)), (await get('rust').fetch('http://x/')).status];",
        json!(null),
    );
    let text = "TypeError: The Worker is not written in JavaScript, and so does not support RPC.";
    assert_eq!(facts, json!([text, 200]));
}
