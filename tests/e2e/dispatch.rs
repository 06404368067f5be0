//! Dispatch Workers in front of user Workers, outbound Workers behind them (spec: SEMANTICS §1 to §3).

use postern_e2e::api::ACCOUNT;
use postern_e2e::socket::Socket;
use postern_e2e::{Connection, Daemon, Form, Request, Response, Setup, eventually, guest};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;

const MODULE: &str = "application/javascript+module";
pub const OPERATOR: &str = "operator";
pub const PRODUCTION: &str = "production";

/// Clients reach the namespace `operator` alone, whose Workers are the operator's own.
pub fn daemon(tables: &str) -> Daemon {
    let daemon = Setup::new()
        .routing("namespace = \"operator\"")
        .tables(tables)
        .start();
    daemon.api().production();
    let namespaces = format!("{ACCOUNT}/workers/dispatch/namespaces");
    let named = json!({"name": OPERATOR});
    daemon.api().json("POST", &namespaces, &named).ok();
    let trusted = json!({"trusted_workers": true});
    let path = format!("{namespaces}/{OPERATOR}");
    daemon.api().json("PUT", &path, &trusted).ok();
    daemon
}

pub fn path(namespace: &str, name: &str) -> String {
    format!("{ACCOUNT}/workers/dispatch/namespaces/{namespace}/scripts/{name}")
}

#[track_caller]
pub fn push_with(daemon: &Daemon, namespace: &str, name: &str, source: &str, more: Value) {
    let mut metadata = json!({"main_module": "index.js", "compatibility_date": "2026-01-01"});
    for (key, value) in more.as_object().unwrap() {
        metadata[key] = value.clone();
    }
    let form =
        Form::new()
            .metadata(&metadata)
            .part("index.js", Some("index.js"), Some(MODULE), source);
    daemon.api().form("PUT", &path(namespace, name), form).ok();
}

#[track_caller]
pub fn push(daemon: &Daemon, namespace: &str, name: &str, source: &str, bindings: Value) {
    let more = json!({"bindings": bindings});
    push_with(daemon, namespace, name, source, more);
}

pub fn dispatcher(outbound: Value) -> Value {
    json!([{
        "type": "dispatch_namespace", "name": "DISPATCHER", "namespace": PRODUCTION,
        "outbound": outbound,
    }])
}

/// Asks the user Worker that the path names; the query says with what.
pub const DISPATCH: &str = "
    export default {
        async fetch(request, env) {
            const url = new URL(request.url);
            const [, name, ...rest] = url.pathname.split('/');
            const options = JSON.parse(request.headers.get('x-options') ?? 'null') ?? undefined;
            try {
                const worker = env.DISPATCHER.get(name, {}, options);
                if (worker instanceof Promise) throw new Error('get() is not synchronous');
                return await worker.fetch(new Request(`http://tenant.example/${rest.join('/')}${url.search}`, request));
            } catch (error) {
                const status = error.message.startsWith('Worker not found') ? 404
                    : error.message.includes('CPU limit exceeded') || error.message.includes('Subrequest limit exceeded') ? 429 : 500;
                return new Response(`${error.constructor.name}: ${error.message}`, { status });
            }
        },
    };
";

#[track_caller]
pub fn says(daemon: &Daemon, path: &str, status: u16, text: &str) {
    let answer = daemon.get(path);
    assert_eq!((answer.status, answer.text()), (status, text), "{path}");
}

/// Asks with options for `get()`.
#[track_caller]
fn with(daemon: &Daemon, path: &str, options: Value) -> Response {
    daemon.send(&Request::get(path).header("x-options", &options.to_string()))
}

#[test]
fn a_user_worker_is_asked_by_name() {
    let daemon = daemon("");
    push(&daemon, OPERATOR, "d", DISPATCH, dispatcher(json!(null)));
    says(&daemon, "/d/one/", 404, "Error: Worker not found.");
    says(&daemon, "/d/", 404, "Error: Worker not found.");
    let source = "export default { async fetch(request, env, ctx) {
        const { pathname } = new URL(request.url);
        if (pathname === '/throw') throw new RangeError('boo');
        if (pathname === '/spin') for (;;) {}
        if (pathname === '/hoard') { const all = []; for (;;) all.push(new Uint8Array(1 << 20)); }
        if (pathname === '/gzip') return new Response('packed', { headers: { 'content-encoding': 'gzip' } });
        return new Response(`${request.method} ${request.url} ${request.headers.get('x-a')} ${typeof ctx.dispatchContext} ${Object.keys(env)} ${await request.text()}`, { status: 201, headers: { 'x-b': '2' } });
    } };";
    push(&daemon, PRODUCTION, "one", source, json!([]));
    let asked = Request::post("/d/one/a?x=1", "body").header("x-a", "1");
    let answer = daemon.send(&asked);
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("x-b"), Some("2"));
    assert_eq!(
        answer.text(),
        "POST http://tenant.example/a?x=1 1 undefined  body"
    );
    says(&daemon, "/d/one/throw", 500, "RangeError: boo");
    let cpu = "Error: Worker exceeded CPU time limit. (CPU limit exceeded)";
    says(&daemon, "/d/one/spin", 429, cpu);
    says(
        &daemon,
        "/d/one/hoard",
        500,
        "Error: Worker exceeded memory limit.",
    );
    assert_eq!(
        daemon
            .get("/d/one/gzip")
            .expect(200)
            .header("content-encoding"),
        Some("gzip")
    );
    // A rename leaves the binding as it is, and the binding shows the new name.
    let renamed = json!({"name": "renamed"});
    let namespaces = format!("{ACCOUNT}/workers/dispatch/namespaces");
    let put = format!("{namespaces}/{PRODUCTION}");
    daemon.api().json("PUT", &put, &renamed).ok();
    says(&daemon, "/d/one/throw", 500, "RangeError: boo");
    let shown = daemon
        .api()
        .get(&format!("{}/bindings", path(OPERATOR, "d")))
        .ok();
    assert_eq!(
        shown,
        json!([{"name": "DISPATCHER", "type": "dispatch_namespace", "namespace": "renamed"}])
    );
    // Deleted and made anew it is another namespace.
    daemon.api().delete(&path("renamed", "one")).ok();
    says(&daemon, "/d/one/throw", 404, "Error: Worker not found.");
    daemon.api().delete(&format!("{namespaces}/renamed")).ok();
    let again = json!({"name": "renamed"});
    daemon.api().json("POST", &namespaces, &again).ok();
    push(&daemon, "renamed", "one", source, json!([]));
    says(&daemon, "/d/one/throw", 404, "Error: Worker not found.");
}

#[test]
fn what_a_binding_names_must_be_there() {
    let daemon = daemon("");
    let try_push = |bindings: Value| {
        let metadata = json!({"main_module": "index.js", "bindings": bindings});
        let form = Form::new().metadata(&metadata).part(
            "index.js",
            Some("index.js"),
            Some(MODULE),
            DISPATCH,
        );
        let put = path(OPERATOR, "d");
        daemon.api().form("PUT", &put, form).refused()
    };
    let bound = |namespace: Value| json!([{"type": "dispatch_namespace", "name": "D", "namespace": namespace}]);
    let (status, _, message) = try_push(bound(json!("nowhere")));
    assert_eq!(status, 400, "{message}");
    assert!(
        message.contains("dispatch namespace 'nowhere'"),
        "{message}"
    );
    let (_, _, message) = try_push(bound(json!(1)));
    assert!(message.contains("'D'"), "{message}");
}

#[test]
fn the_lowest_limit_counts() {
    let daemon = daemon("[outbound]\nallow-private = true\n");
    push(&daemon, OPERATOR, "d", DISPATCH, dispatcher(json!(null)));
    let source = "export default { async fetch(request) {
        const work = Number(new URL(request.url).pathname.split('/')[1]);
        for (let at = 0; at < work; at++) await fetch('http://127.0.0.1:9/').catch((error) => {
            if (error.message.includes('Too many')) throw error;
        });
        let sum = 0;
        for (let at = 0; at < 20000; at++) sum += at;
        return new Response('done');
    } };";
    push(&daemon, PRODUCTION, "free", source, json!([]));
    let more = json!({"limits": {"cpu_ms": 1, "subrequests": 2}});
    push_with(&daemon, PRODUCTION, "tight", source, more);
    let limited = |path: &str, limits: Value| with(&daemon, path, json!({"limits": limits}));
    let cpu = "Error: Worker exceeded CPU time limit. (CPU limit exceeded)";
    says(&daemon, "/d/free/3", 200, "done");
    let answer = limited("/d/free/0", json!({"cpuMs": 1}));
    assert_eq!((answer.status, answer.text()), (429, cpu));
    // A dispatch Worker cannot give more than there is.
    let answer = limited("/d/tight/0", json!({"cpuMs": 1000, "subRequests": 1000}));
    assert_eq!((answer.status, answer.text()), (429, cpu));
    for (worker, count, limits, status) in [
        ("free", 3, json!({"subRequests": 3}), 200),
        ("free", 4, json!({"subRequests": 3}), 429),
        ("free", 1, json!({"subRequests": 0}), 429),
        ("tight", 3, json!({"subRequests": 1000}), 429),
    ] {
        let target = format!("/d/{worker}/{count}");
        let answer = limited(&target, limits);
        assert_eq!(answer.status, status, "{target}: {}", answer.text());
        assert_eq!(
            status == 429,
            answer
                .text()
                .contains("Too many subrequests. (Subrequest limit exceeded)"),
            "{target}: {}",
            answer.text()
        );
    }
    // What is no limit is told at once.
    for options in [
        json!({"limits": {"cpuMs": -1}}),
        json!({"limits": 1}),
        json!({"outbound": 1}),
    ] {
        let answer = with(&daemon, "/d/free/0", options);
        assert!(answer.text().starts_with("TypeError"), "{}", answer.text());
    }
}

#[test]
fn limits_hold_for_what_a_worker_makes_of_itself() {
    let daemon = daemon("[outbound]\nallow-private = true\n");
    push(&daemon, OPERATOR, "d", DISPATCH, dispatcher(json!(null)));
    let source = r#"
        import { WorkerEntrypoint } from 'cloudflare:workers';
        const WORK = `
            import { WorkerEntrypoint } from 'cloudflare:workers';
            export class Work extends WorkerEntrypoint {
                async work(kind) {
                    if (kind === 'ask') {
                        for (let at = 0; at < 4; at++) await fetch('http://127.0.0.1:9/').catch((error) => {
                            if (error.message.includes('Too many')) throw error;
                        });
                    } else {
                        let sum = 0;
                        for (let at = 0; at < 20_000; at++) sum += at;
                    }
                    return 'done';
                }
                again(kind) { return this.env.UP.work(kind); }
                async fetch(request) { return new Response(await this.work(new URL(request.url).pathname.slice(1))); }
            }
            export default Work;`;
        MODULE
        export default { async fetch(request, env, ctx) {
            const [, how, kind] = new URL(request.url).pathname.split('/');
            const { Work } = ctx.exports;
            const code = () => ({ compatibilityDate: '2026-01-01', mainModule: 'm.js', modules: { 'm.js': WORK }, env: { UP: Work({ props: {} }) } });
            const loaded = () => env.LOADER.get('a', code).getEntrypoint();
            switch (how) {
                case 'own': return new Response(await Work.work(kind));
                case 'fetch': return Work.fetch(`http://x/${kind}`);
                case 'bound': return new Response(await env.SELF.work(kind));
                case 'loaded': return new Response(await loaded().work(kind));
                case 'asked': return loaded().fetch(`http://x/${kind}`);
                case 'back': return new Response(await loaded().again(kind));
            }
        } };"#;
    let module = source.split('`').nth(1).unwrap();
    let module = module
        .replace("import { WorkerEntrypoint } from 'cloudflare:workers';", "")
        .replace("export default Work;", "");
    let source = source.replace("MODULE", &module);
    // It must be there before it is bound to.
    push(&daemon, PRODUCTION, "evader", &source, json!([]));
    let bindings = json!([
        {"type": "worker_loader", "name": "LOADER"},
        {"type": "service", "name": "SELF", "service": "evader", "entrypoint": "Work"},
    ]);
    push(&daemon, PRODUCTION, "evader", &source, bindings);
    for how in ["own", "fetch", "bound", "loaded", "asked", "back"] {
        for (kind, limits, told) in [
            ("ask", json!({"subRequests": 3}), "Subrequest limit"),
            ("spin", json!({"cpuMs": 5}), "CPU time limit"),
        ] {
            let target = format!("/d/evader/{how}/{kind}");
            let free = daemon.get(&target);
            assert_eq!((free.status, free.text()), (200, "done"), "{target}");
            let answer = with(&daemon, &target, json!({"limits": limits}));
            let text = answer.text();
            // Who runs in the same isolate hears that it has ended.
            let ended = kind == "spin" && text.contains("ended by another request");
            let is_told = text.contains(told) || ended;
            assert!(is_told, "{target}: {} {text}", answer.status);
        }
    }
}

#[test]
fn exceptions_may_be_hidden() {
    let daemon = daemon("");
    let thrower = "export default { fetch() { throw new Error('secret'); } };";
    push(&daemon, PRODUCTION, "one", thrower, json!([]));
    for (more, status, text) in [
        (json!({"compatibility_date": "2023-02-28"}), 500, ""),
        (
            json!({"compatibility_date": "2023-03-01"}),
            500,
            "Error: secret",
        ),
        (
            json!({"compatibility_flags": ["dynamic_dispatch_treat_exceptions_as_500"]}),
            500,
            "",
        ),
    ] {
        let mut more = more;
        more["bindings"] = dispatcher(json!(null));
        push_with(&daemon, OPERATOR, "d", DISPATCH, more.clone());
        says(&daemon, "/d/one/", status, text);
        says(&daemon, "/d/none/", 404, "Error: Worker not found.");
    }
}

/// Answers in the place of every server.
const OUTBOUND: &str = "
    import { env as imported } from 'cloudflare:workers';
    let seen = 0;
    export default {
        async fetch(request, env, ctx) {
            const url = new URL(request.url);
            if (url.hostname === 'blocked.example') return new Response('blocked', { status: 403 });
            if (url.hostname === 'redirect.example') return Response.redirect('http://blocked.example/');
            if (url.hostname === 'real.example') return fetch(env.REAL);
            if (url.hostname === 'socket.example') {
                const [client, server] = Object.values(new WebSocketPair());
                server.accept();
                server.addEventListener('message', ({ data }) => server.send(`outbound ${data}`));
                return new Response(null, { status: 101, webSocket: client });
            }
            if (url.hostname === 'events.example') return new Response('data: hello\\n\\n', { headers: { 'content-type': 'text/event-stream' } });
            if (url.hostname === 'slow.example') await scheduler.wait(20);
            return Response.json({
                url: request.url, method: request.method, header: request.headers.get('x-a'), body: await request.text(),
                named: env.customer_context, name: env.customer_name, kept: env.KEPT, all: Object.keys(env).sort(),
                context: ctx.dispatchContext, imported: Object.keys(imported).sort(), isolate: ++seen > 0,
            });
        },
    };
";

const ASKING: &str = "export default { async fetch(request) {
    const url = new URL(request.url).pathname.slice(1);
    if (url === 'socket') {
        const { webSocket, status } = await fetch('http://socket.example/', { headers: { upgrade: 'websocket' } });
        webSocket.accept();
        const said = new Promise((resolve) => webSocket.addEventListener('message', ({ data }) => resolve(data)));
        webSocket.send('hi');
        return new Response(`${status} ${await said}`);
    }
    if (url === 'client') {
        const socket = new WebSocket('ws://socket.example/');
        const said = new Promise((resolve) => socket.addEventListener('message', ({ data }) => resolve(data)));
        await new Promise((resolve) => socket.addEventListener('open', resolve));
        socket.send('client');
        return new Response(await said);
    }
    if (url === 'events') {
        const source = new EventSource('http://events.example/');
        const said = await new Promise((resolve) => source.addEventListener('message', ({ data }) => resolve(data)));
        source.close();
        return new Response(said);
    }
    const answer = await fetch(`http://${url}/p?q`, { method: 'POST', body: 'sent', headers: { 'x-a': '1' } });
    return new Response(answer.body, answer);
} };";

#[test]
fn an_outbound_worker_answers_for_the_world() {
    let daemon = daemon("[outbound]\nallow-private = true\n");
    let outbound = json!({"worker": {"service": "egress"}, "params": [{"name": "customer_context"}, {"name": "unused"}]});
    push(&daemon, OPERATOR, "d", DISPATCH, dispatcher(outbound));
    push(&daemon, PRODUCTION, "one", ASKING, json!([]));
    // Without one nothing gets out.
    says(
        &daemon,
        "/d/one/any.example",
        500,
        "Error: The outbound Worker is not found.",
    );
    let real = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = real.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in real.incoming().flatten() {
            let mut bytes = [0; 4096];
            let _ = stream.read(&mut bytes);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nreal");
        }
    });
    let bindings = json!([
        {"type": "plain_text", "name": "KEPT", "text": "own"},
        {"type": "plain_text", "name": "REAL", "text": format!("http://{address}/")},
    ]);
    push(&daemon, OPERATOR, "egress", OUTBOUND, bindings);
    says(&daemon, "/d/one/blocked.example", 403, "blocked");
    says(&daemon, "/d/one/redirect.example", 403, "blocked");
    says(&daemon, "/d/one/real.example", 200, "real");
    says(&daemon, "/d/one/socket", 200, "101 outbound hi");
    says(&daemon, "/d/one/client", 200, "outbound client");
    says(&daemon, "/d/one/events", 200, "hello");
    let told = |outbound: &Value| {
        let options = json!({"outbound": outbound});
        with(&daemon, "/d/one/slow.example", options)
            .expect(200)
            .json()
    };
    let given = json!({"customer_context": {"customer_name": "a", "KEPT": "forged"}, "flat": 1});
    let seen = told(&given);
    assert_eq!(
        seen,
        json!({
            "url": "http://slow.example/p?q", "method": "POST", "header": "1", "body": "sent",
            "named": {"customer_name": "a", "KEPT": "forged"}, "name": "a", "kept": "own",
            "all": ["KEPT", "REAL", "customer_context", "customer_name"],
            "context": {"outbound": given}, "imported": ["KEPT", "REAL"], "isolate": true,
        })
    );
    let seen = told(&json!({}));
    assert_eq!(seen["all"], json!(["KEPT", "REAL"]));
    assert_eq!(seen["context"], json!({"outbound": {}}));
    // Two tenants at once in the one isolate of the outbound Worker.
    std::thread::scope(|scope| {
        for tenant in 0..4 {
            let told = &told;
            scope.spawn(move || {
                for _ in 0..10 {
                    let name = format!("t{tenant}");
                    let seen = told(&json!({"customer_context": {"customer_name": name}}));
                    assert_eq!(seen["name"], json!(name));
                    assert_eq!(
                        seen["context"]["outbound"]["customer_context"]["customer_name"],
                        json!(name)
                    );
                }
            });
        }
    });
}

#[test]
fn bodies_and_sockets_pass_through() {
    let daemon = daemon("");
    push(&daemon, OPERATOR, "d", DISPATCH, dispatcher(json!(null)));
    let source = "let aborted = 0;
    export default { async fetch(request) {
        const { pathname } = new URL(request.url);
        if (pathname === '/echo') return new Response(request.body);
        if (pathname === '/aborted') return new Response(`${aborted}`);
        if (pathname === '/endless') {
            const stream = new ReadableStream({
                async pull(controller) { await scheduler.wait(1); controller.enqueue(new Uint8Array(1000)); },
                cancel() { aborted++; },
            });
            return new Response(stream);
        }
        const [client, server] = Object.values(new WebSocketPair());
        server.accept();
        server.addEventListener('message', ({ data }) => server.send(`tenant ${data}`));
        return new Response(null, { status: 101, webSocket: client });
    } };";
    push(&daemon, PRODUCTION, "one", source, json!([]));
    let large: Vec<u8> = (0..3_000_000u32).map(|at| (at % 251) as u8).collect();
    let answer = daemon.send(&Request::post("/d/one/echo", large.clone()));
    assert_eq!(answer.status, 200);
    assert!(answer.body == large, "{} bytes", answer.body.len());
    let mut socket = Socket::open(daemon.edge(), "/d/one/socket").unwrap();
    socket.send(0x81, b"hello").unwrap();
    assert_eq!(socket.text(), "tenant hello");
    // The client goes away; the tenant hears of it.
    let mut client = Connection::open(daemon.edge()).unwrap();
    let request = Request::get("/d/one/endless").to_bytes("localhost");
    client.write(&request).unwrap();
    client.read_head().unwrap();
    drop(client);
    eventually("the tenant hears that the client left", || {
        (daemon.get("/d/one/aborted").text() == "1").then_some(())
    });
}

#[test]
fn a_dispatch_worker_in_rust() {
    let daemon = daemon("");
    let metadata = json!({
        "main_module": "main.wasm", "compatibility_date": "2026-01-01",
        "bindings": dispatcher(json!(null)),
    });
    let form = Form::new()
        .metadata(&metadata)
        .wasm("main.wasm", &guest("dispatcher"));
    daemon.api().form("PUT", &path(OPERATOR, "d"), form).ok();
    says(&daemon, "/d/one/x", 404, "no such Worker\n");
    let source = "export default { async fetch(request) {
        if (request.url.endsWith('/throw')) throw new RangeError('boo');
        if (request.url.includes('/spin')) for (;;) {}
        if (request.method === 'POST') return new Response(request.body, { headers: { 'x-b': '2' } });
        return new Response(`${request.method} ${request.url} ${request.headers.get('x-a')}`);
    } };";
    push(&daemon, PRODUCTION, "one", source, json!([]));
    let answer = daemon.send(&Request::get("/d/one/x").header("x-a", "1"));
    let text = answer.text().to_owned();
    assert!(text.starts_with("GET http://"), "{text}");
    assert!(text.ends_with("/one/x 1"), "{text}");
    says(&daemon, "/d/one/throw", 500, "RangeError: boo\n");
    let cpu = "Error: Worker exceeded CPU time limit. (CPU limit exceeded)\n";
    says(&daemon, "/d/one/spin?cpu_ms=1", 500, cpu);
    let large = vec![7; 1_000_000];
    let answer = daemon.send(&Request::post("/d/one/echo", large.clone()));
    assert_eq!(answer.header("x-b"), Some("2"));
    assert!(answer.body == large, "{} bytes", answer.body.len());
}

#[test]
fn requests_that_wait_hold_no_thread() {
    const WAITING: usize = 500;
    // All of them may wait for their turn as long as a machine that does other things takes; whoever has them
    // go on pays for what they do then.
    let bound = format!(
        "concurrent-invocations = {}\nqueue-ms = 30000\nwall-ms = 300000\ncpu-ms = 5000\n",
        2 * WAITING
    );
    let daemon = daemon(&format!(
        "[limits]\nisolates = 1\n{bound}[ceilings]\n{bound}"
    ));
    push(&daemon, OPERATOR, "d", DISPATCH, dispatcher(json!(null)));
    let source = "const waiting = [];
    export default { async fetch(request) {
        const { pathname } = new URL(request.url);
        if (pathname === '/count') return new Response(`${waiting.length}`);
        if (pathname === '/go') { for (const resolve of waiting) resolve(); return new Response('gone'); }
        const timer = setInterval(() => {}, 1000);
        await new Promise((resolve) => waiting.push(resolve));
        clearInterval(timer);
        return new Response('answered');
    } };";
    push(&daemon, PRODUCTION, "slow", source, json!([]));
    let quick = "export default { fetch() { return new Response('quick'); } };";
    push(&daemon, PRODUCTION, "quick", quick, json!([]));
    says(&daemon, "/d/quick/", 200, "quick");
    let threads = || {
        let tasks = format!("/proc/{}/task", daemon.pid());
        std::fs::read_dir(tasks).unwrap().count()
    };
    let before = threads();
    let mut clients: Vec<Connection> = (0..WAITING)
        .map(|_| {
            let mut client = daemon.connect();
            let request = Request::get("/d/slow/wait").to_bytes("localhost");
            client.write(&request).unwrap();
            client
        })
        .collect();
    eventually("all wait", || {
        let count: usize = daemon.get("/d/slow/count").text().parse().ok()?;
        (count == WAITING).then_some(())
    });
    says(&daemon, "/d/quick/", 200, "quick");
    let now = threads();
    assert!(now <= before + 2, "{now} threads, {before} before");
    says(&daemon, "/d/slow/go", 200, "gone");
    for client in &mut clients {
        assert_eq!(client.read(false).unwrap().text(), "answered");
    }
}
