//! What tail Workers are told of dispatch Workers and of diagnostics channels, and what servers are told
//! of Workers (spec: SEMANTICS §17, §20).

use crate::dispatch::{OPERATOR, PRODUCTION, daemon, dispatcher, push_with};
use postern_e2e::api::ACCOUNT;
use postern_e2e::{Daemon, Form, Request, Setup, eventually};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;

const MODULE: &str = "application/javascript+module";

/// Keeps what it is told by the path that the first event was asked for.
const TAIL: &str = "
    export default {
        async tail(events, env) {
            const { pathname } = new URL(events[0].event.request.url);
            await env.KV.put(pathname, JSON.stringify(events));
        },
    };
";

fn told(daemon: &Daemon, kv: &str, key: &str) -> Value {
    let text = eventually("a tail Worker is told", || daemon.api().kv_get(kv, key));
    serde_json::from_slice(&text).unwrap()
}

fn tail_kv(daemon: &Daemon) -> (String, Value) {
    let kv = daemon.api().kv_namespace("told");
    let bindings = json!([{"type": "kv_namespace", "name": "KV", "namespace_id": kv}]);
    (kv, json!({ "bindings": bindings }))
}

#[test]
fn a_tail_of_a_dispatch_worker_is_told_of_the_user_worker_too() {
    let daemon = daemon("");
    let (kv, bindings) = tail_kv(&daemon);
    push_with(&daemon, OPERATOR, "watcher", TAIL, bindings);
    let source = "export default { async fetch(request, env) {
        console.log('dispatching');
        const worker = env.DISPATCHER.get('one');
        try {
            if (request.url.endsWith('/rpc')) return new Response(await worker.hello());
            return await worker.fetch(`http://tenant.example${new URL(request.url).pathname}`);
        } catch (error) { return new Response(error.message, { status: 500 }); }
    } };";
    let metadata =
        json!({"bindings": dispatcher(json!(null)), "tail_consumers": [{"service": "watcher"}]});
    push_with(&daemon, OPERATOR, "d", source, metadata);
    let source = "import { WorkerEntrypoint } from 'cloudflare:workers';
        export default class extends WorkerEntrypoint {
            fetch(request) {
                if (request.url.endsWith('/throw')) throw new RangeError('too bad');
                console.log('dispatched');
                return new Response('hello');
            }
            hello() { console.log('called'); return 'hello'; }
        }";
    push_with(&daemon, PRODUCTION, "one", source, json!({}));
    for (target, status, outcome, logged) in [
        ("/d/x", 200, "ok", Some("dispatched")),
        ("/d/throw", 500, "exception", None),
        ("/d/rpc", 200, "ok", Some("called")),
    ] {
        assert_eq!(daemon.get(target).status, status, "{target}");
        let events = told(&daemon, &kv, &target[2..]);
        assert_eq!(events.as_array().unwrap().len(), 2, "{events}");
        let [first, second] = [&events[0], &events[1]];
        assert_eq!(first["scriptName"], "d");
        assert_eq!(first["outcome"], "ok");
        assert_eq!(first["logs"][0]["message"], json!(["dispatching"]));
        assert_eq!(second["scriptName"], "one");
        assert_eq!(second["dispatchNamespace"], PRODUCTION);
        assert_eq!(second["outcome"], outcome, "{target}");
        assert_eq!(
            second["logs"][0]["message"][0].as_str(),
            logged,
            "{target}: {second}"
        );
    }
}

#[test]
fn what_was_entered_is_told() {
    let daemon = daemon("");
    let (kv, bindings) = tail_kv(&daemon);
    let tail = "export default { async tail(events, env) {
        for (const { scriptName, entrypoint, event, logs } of events) {
            if (scriptName !== 'callee') continue;
            const at = event.rpcMethod ?? new URL(event.request.url).pathname.slice(1);
            await env.KV.put(at, JSON.stringify([entrypoint ?? null, event.constructor.name, event.request?.method ?? null, logs.length]));
        }
    } };";
    push_with(&daemon, OPERATOR, "watcher", tail, bindings);
    let callee = "import { WorkerEntrypoint } from 'cloudflare:workers';
        export class Named extends WorkerEntrypoint {
            add(a, b) { console.log('adding'); return a + b; }
            get deep() { return { er: () => 5 }; }
            fails() { throw new RangeError('no'); }
            fetch() { return new Response('named'); }
        }
        export default class extends WorkerEntrypoint {
            plain() { return 1; }
            fetch() { return new Response('default'); }
        }";
    let metadata = json!({"tail_consumers": [{"service": "watcher"}]});
    push_with(&daemon, OPERATOR, "callee", callee, metadata);
    let caller = "export default { async fetch(request, env) {
        const { NAMED, PLAIN } = env;
        const all = [NAMED.add(1, 2), NAMED.deep.er(), NAMED.fails(), NAMED.none(), PLAIN.plain()];
        for (const [binding, path] of [[NAMED, 'named'], [PLAIN, 'default']]) {
            all.push(binding.fetch(`http://x/${path}`).then((it) => it.text()));
        }
        const settled = await Promise.allSettled(all);
        return Response.json(settled.map(({ value, reason }) => value ?? reason.name));
    } };";
    let bindings = json!({"bindings": [
        {"type": "service", "name": "NAMED", "service": "callee", "entrypoint": "Named"},
        {"type": "service", "name": "PLAIN", "service": "callee"},
    ]});
    push_with(&daemon, OPERATOR, "caller", caller, bindings);
    let answer = daemon.get("/caller/").expect(200).json();
    let expect = json!([3, 5, "RangeError", "TypeError", 1, "named", "default"]);
    assert_eq!(answer, expect);
    // As workerd has it: one event a call, and the whole path to what is called.
    for (at, entrypoint, class, method, logs) in [
        ("add", Some("Named"), "JsRpcEventInfo", None, 1),
        ("deep.er", Some("Named"), "JsRpcEventInfo", None, 0),
        ("fails", Some("Named"), "JsRpcEventInfo", None, 0),
        ("none", Some("Named"), "JsRpcEventInfo", None, 0),
        ("plain", None, "JsRpcEventInfo", None, 0),
        ("named", Some("Named"), "FetchEventInfo", Some("GET"), 0),
        ("default", None, "FetchEventInfo", Some("GET"), 0),
    ] {
        let expect = json!([entrypoint, class, method, logs]);
        assert_eq!(told(&daemon, &kv, at), expect, "{at}");
    }
}

#[test]
fn what_is_published_to_diagnostics_channels_is_told() {
    let daemon = daemon("");
    let (kv, bindings) = tail_kv(&daemon);
    push_with(&daemon, OPERATOR, "watcher", TAIL, bindings);
    let source = "import { channel, tracingChannel } from 'node:diagnostics_channel';
        export default { fetch() {
            channel('plain').publish({ a: [1, 'two'] });
            channel('plain').publish('text');
            channel('odd').publish(1n);
            const cycle = {}; cycle.cycle = cycle;
            channel('cycle').publish(cycle);
            tracingChannel('traced').traceSync(() => 5, { b: 1 });
            console.log('a line');
            return new Response('published');
        } };";
    let metadata = json!({"compatibility_flags": ["nodejs_compat"], "tail_consumers": [{"service": "watcher"}]});
    push_with(&daemon, OPERATOR, "w", source, metadata);
    assert_eq!(daemon.get("/w/x").expect(200).text(), "published");
    let events = told(&daemon, &kv, "/x");
    let item = &events[0];
    let published: Vec<Value> = item["diagnosticsChannelEvents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| {
            assert!(event["timestamp"].is_u64(), "{event}");
            json!([event["channel"], event["message"]])
        })
        .collect();
    assert_eq!(
        published,
        [
            json!(["plain", {"a": [1, "two"]}]),
            json!(["plain", "text"]),
            json!(["odd", "1"]),
            json!(["cycle", {}]),
            json!(["tracing:traced:start", {"b": 1}]),
            json!(["tracing:traced:end", {"b": 1, "result": 5}]),
        ]
    );
    assert_eq!(item["logs"].as_array().unwrap().len(), 1);
    assert_eq!(item["logs"][0]["message"], json!(["a line"]));
}

#[test]
fn tail_consumers_are_no_part_of_a_version() {
    let daemon = Setup::new().routing("zone = 'edge.test'").start();
    let api = daemon.api();
    let at = |rest: &str| format!("{ACCOUNT}/workers/scripts/{rest}");
    let form = |source: &str, consumers: Value| {
        let metadata = json!({"main_module": "index.js", "tail_consumers": consumers});
        Form::new()
            .metadata(&metadata)
            .part("index.js", Some("index.js"), Some(MODULE), source)
    };
    let plain = "export default { fetch: () => new Response('x') };";
    api.form("PUT", &at("watcher"), form(TAIL, json!(null)))
        .ok();
    api.form("PUT", &at("w"), form(plain, json!(null))).ok();
    let watcher = json!([{"service": "watcher"}]);
    let consumers = || {
        let settings = api.get(&at("w/script-settings")).ok();
        settings["tail_consumers"].as_array().unwrap().len()
    };
    let nobody = json!([{"service": "nobody"}]);
    let refused = api.form("POST", &at("w/versions"), form(plain, nobody));
    assert_eq!(refused.refused().0, 400);
    api.form("POST", &at("w/versions"), form(plain, watcher.clone()))
        .ok();
    assert_eq!(consumers(), 0);
    api.form(
        "POST",
        &at("w/versions?deploy=true"),
        form(plain, watcher.clone()),
    )
    .ok();
    assert_eq!(consumers(), 1);
    api.form(
        "POST",
        &at("w/versions?deploy=true"),
        form(plain, json!(null)),
    )
    .ok();
    assert_eq!(consumers(), 1);
    let none = json!({"tail_consumers": []});
    api.json("PATCH", &at("w/script-settings"), &none).ok();
    assert_eq!(consumers(), 0);
    let some = json!({"tail_consumers": watcher});
    api.json("PATCH", &at("w/script-settings"), &some).ok();
    assert_eq!(consumers(), 1);
}

#[test]
fn servers_are_told_whose_workers_ask() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // Answers with the head of what it is asked.
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = Vec::new();
            let mut bytes = [0; 4096];
            while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                match stream.read(&mut bytes) {
                    Ok(0) | Err(_) => break,
                    Ok(count) => head.extend_from_slice(&bytes[..count]),
                }
            }
            let answer = format!(
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                head.len()
            );
            let _ = stream.write_all(answer.as_bytes());
            let _ = stream.write_all(&head);
        }
    });
    let source = format!(
        "export default {{ fetch: () => fetch('http://{address}/', {{ headers: {{ 'cf-worker': 'forged.test' }} }}) }};"
    );
    for (zone, expect) in [("zone = 'edge.test'", Some("edge.test")), ("", None)] {
        let daemon = Setup::new()
            .routing(zone)
            .tables("[outbound]\nallow-private = true\n")
            .start();
        daemon.api().production();
        push_with(&daemon, PRODUCTION, "w", &source, json!({}));
        let answer = daemon.send(&Request::get("/w/"));
        let text = answer.expect(200).text().to_ascii_lowercase();
        let said = text
            .lines()
            .find_map(|line| line.strip_prefix("cf-worker: "));
        assert_eq!(said, expect, "{text}");
    }
}
