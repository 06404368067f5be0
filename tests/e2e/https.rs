//! Workers that ask by HTTPS: nginx in front of this daemon's own edge, and rules of where they
//! may go.

use postern_e2e::api::script;
use postern_e2e::tls::Certificates;
use postern_e2e::{Daemon, Form, Setup, eventually};
use rustix::process::Signal;
use serde_json::{Value, json};

/// What is asked: an echo, events, a WebSocket.
const SERVER: &str = "
    export default {
        async fetch(request) {
            const { pathname } = new URL(request.url);
            if (request.headers.get('upgrade') === 'websocket') {
                const [client, server] = Object.values(new WebSocketPair());
                server.binaryType = 'arraybuffer';
                server.accept();
                server.addEventListener('message', ({ data }) => data === 'bye' ? server.close(4001) : server.send('echo ' + (data.length ?? data.byteLength)));
                return new Response(null, { status: 101, webSocket: client });
            }
            if (pathname.endsWith('/events')) return new Response('event: end\\ndata: heard\\n\\n', { headers: { 'content-type': 'text/event-stream' } });
            if (pathname.endsWith('/away')) return Response.redirect('https://other.invalid/', 302);
            if (pathname.endsWith('/home')) return new Response(null, { status: 302, headers: { location: '/text' } });
            if (pathname.endsWith('/inside')) return new Response(null, { status: 302, headers: { location: 'http://10.0.0.1:1/' } });
            if (pathname.endsWith('/large')) {
                const part = new Uint8Array(100_000);
                let left = 20;
                return new Response(new ReadableStream({ pull(to) { if (left-- > 0) to.enqueue(part); else to.close(); } }));
            }
            if (pathname.endsWith('/gzip')) return new Response('packed '.repeat(1000), { headers: { 'content-encoding': 'gzip' } });
            const body = await request.arrayBuffer();
            return new Response(`${request.method} ${body.byteLength} ${request.headers.get('host').split(':')[0]}`);
        },
    };
";

const ASKER: &str = "
    const say = (error) => `${error.constructor.name}: ${error.message}`;
    export default {
        async fetch(request, env) {
            const [, how, ...rest] = new URL(request.url).pathname.split('/');
            const url = env.UP + '/' + rest.join('/');
            try {
                switch (how) {
                    case 'get': return new Response(await (await fetch(url)).text());
                    case 'size': return new Response(String((await (await fetch(url)).arrayBuffer()).byteLength));
                    case 'post': {
                        const parts = new ReadableStream({
                            start(to) {
                                for (let at = 0; at < 50; at++) to.enqueue(new Uint8Array(10_000));
                                to.close();
                            },
                        });
                        return new Response(await (await fetch(url, { method: 'POST', body: parts })).text());
                    }
                    case 'many': {
                        const all = await Promise.all(Array.from({ length: 20 }, () => fetch(url).then((it) => it.text())));
                        return new Response([...new Set(all)].join('|'));
                    }
                    case 'socket': {
                        const socket = new WebSocket(url.replace('https:', 'wss:'));
                        const heard = [];
                        const { promise, resolve } = Promise.withResolvers();
                        socket.onopen = () => { socket.send('hello'); socket.send(new Uint8Array(100_000)); };
                        socket.onmessage = ({ data }) => { heard.push(data); if (heard.length === 2) socket.send('bye'); };
                        socket.onclose = ({ code }) => resolve(code);
                        socket.onerror = ({ message, error }) => resolve(message ?? error?.message);
                        heard.push(await promise);
                        return new Response(heard.join('|'));
                    }
                    case 'events': {
                        const source = new EventSource(url);
                        const { promise, resolve } = Promise.withResolvers();
                        source.addEventListener('end', ({ data }) => resolve(data));
                        source.onerror = ({ error }) => resolve(say(error));
                        const heard = await promise;
                        source.close();
                        return new Response(heard);
                    }
                }
            } catch (error) {
                return new Response(say(error));
            }
        },
    };
";

#[track_caller]
fn push(daemon: &Daemon, name: &str, source: &str, up: &str) {
    let bindings = json!([{"type": "plain_text", "name": "UP", "text": up}]);
    let metadata: Value = json!({
        "main_module": "index.js", "compatibility_date": "2026-01-01", "bindings": bindings,
    });
    let form = Form::new().metadata(&metadata).part(
        "index.js",
        Some("index.js"),
        Some("application/javascript+module"),
        source,
    );
    daemon.api().form("PUT", &script(name), form).ok();
}

#[track_caller]
fn says(daemon: &Daemon, target: &str, expect: &str) {
    let text = daemon.get(target).text().to_owned();
    assert!(text.contains(expect), "{target}: {text:.500}");
}

fn setup(certificates: &Certificates, more: &str) -> Setup {
    let roots = certificates.path("root.pem");
    let tables = format!(
        "[outbound]\nallow-private = true\n[outbound.tls]\nroots = \"{}\"\n{more}",
        roots.display()
    );
    Setup::new().tables(&tables)
}

fn daemon(certificates: &Certificates, more: &str) -> Daemon {
    let daemon = setup(certificates, more).start();
    daemon.api().production();
    push(&daemon, "server", SERVER, "");
    daemon
}

#[test]
fn a_worker_asks_by_https() {
    let certificates = Certificates::new();
    certificates.server("here", "IP:127.0.0.1,DNS:localhost");
    let daemon = daemon(&certificates, "");
    for (protocols, name) in [("TLSv1.2", "old"), ("TLSv1.3", "new")] {
        let more = format!("ssl_protocols {protocols};");
        let nginx = certificates.nginx("here", daemon.edge(), &more);
        let up = format!("https://127.0.0.1:{}/server", nginx.port);
        push(&daemon, name, ASKER, &up);
        let check = |path: &str, expect: &str| says(&daemon, &format!("/{name}{path}"), expect);
        check("/get/text", "GET 0 127.0.0.1");
        check("/get/home", "GET 0 127.0.0.1");
        check("/get/away", "Error: DNS lookup failed.");
        check("/size/large", "2000000");
        check("/size/gzip", "7000");
        check("/post/text", "POST 500000 127.0.0.1");
        check("/many/text", "GET 0 127.0.0.1");
        check("/socket/echo", "echo 5|echo 100000|4001");
        check("/events/events", "heard");
        let named = format!("{name}-named");
        let up = format!("https://localhost:{}/server", nginx.port);
        push(&daemon, &named, ASKER, &up);
        says(&daemon, &format!("/{named}/get/text"), "GET 0 localhost");
    }
}

/// Connects by node:tls and asks in HTTP/1.0; the path says how. What workerd told of the same
/// servers is what is expected.
const SEALED: &str = r#"
    import net from 'node:net';
    import tls from 'node:tls';
    const told = (e) => e instanceof Error ? `${e.code}: ${e.message}` : e instanceof Uint8Array ? new TextDecoder().decode(e).split(/\r?\n/)[0] : e ?? null;
    const ways = {
        plain: (at, back) => tls.connect(at, back),
        named: (at, back) => tls.connect({ ...at, host: '127.0.0.1', servername: 'localhost' }, back),
        over: (at, back) => tls.connect({ socket: net.connect(at), servername: 'localhost' }, back),
        context: (at, back) => tls.connect({ ...at, ca: 'x', secureContext: tls.createSecureContext(), rejectUnauthorized: true }, back),
        anybody: (at, back) => tls.connect({ ...at, rejectUnauthorized: false }, back),
        protocols: (at, back) => tls.connect({ ...at, ALPNProtocols: ['http/1.1'] }, back),
    };
    const state = (s) => {
        let peer;
        try { peer = s.getPeerCertificate(); } catch (error) { peer = error.message; }
        return [s.encrypted, s.authorized, s.authorizationError ?? null, s.getProtocol(), s.getCipher(), peer];
    };
    export default { async fetch(request) {
        const { pathname, searchParams } = new URL(request.url);
        const at = { host: 'localhost', port: Number(searchParams.get('port')) };
        const { promise, resolve } = Promise.withResolvers();
        const events = [];
        try {
            const socket = ways[pathname.split('/').pop()](at, () => events.push('called'));
            events.push(state(socket));
            for (const name of ['secureConnect', 'secure', 'connect', 'ready', 'data', 'error', 'close']) socket.on(name, (...args) => {
                if (name === 'data' && events.at(-1)?.[0] === 'data') return;
                events.push([name, ...args.map(told)]);
                if (name === 'secureConnect') { events.push(state(socket)); socket.write('GET /server/text HTTP/1.0\r\nhost: localhost\r\n\r\n'); }
                if (name === 'close') resolve();
            });
            await promise;
        } catch (error) { events.push(told(error)); }
        return Response.json(events);
    } };
"#;

#[test]
fn a_worker_connects_by_node_tls() {
    let certificates = Certificates::new();
    certificates.server("here", "IP:127.0.0.1,DNS:localhost");
    certificates.server("other", "DNS:other.test");
    let daemon = daemon(&certificates, "");
    let metadata = json!({
        "main_module": "index.js", "compatibility_date": "2026-01-01", "compatibility_flags": ["nodejs_compat"],
    });
    let module = Some("application/javascript+module");
    let form = Form::new()
        .metadata(&metadata)
        .part("index.js", Some("index.js"), module, SEALED);
    daemon.api().form("PUT", &script("sealed"), form).ok();
    let state = |authorized: bool| {
        json!([
            true,
            authorized,
            null,
            null,
            null,
            "getPeerCertificate is not implemented"
        ])
    };
    let here = certificates.nginx("here", daemon.edge(), "");
    let ask = |way: &str, port: u16| -> Value {
        let target = format!("/sealed/{way}?port={port}");
        daemon.get(&target).expect(200).json()
    };
    for way in ["plain", "named", "over", "context"] {
        let expect = json!([
            state(false),
            "called",
            ["secureConnect"],
            state(true),
            ["secure"],
            ["connect"],
            ["ready"],
            ["data", "HTTP/1.1 200 OK"],
            ["close", false],
        ]);
        assert_eq!(ask(way, here.port), expect, "{way}");
    }
    for (way, option) in [
        ("anybody", "rejectUnauthorized"),
        ("protocols", "ALPNProtocols"),
    ] {
        let expect =
            format!("ERR_OPTION_NOT_IMPLEMENTED: The options.{option} option is not implemented");
        assert_eq!(ask(way, here.port), json!([expect]), "{way}");
    }
    let other = certificates.nginx("other", daemon.edge(), "");
    for way in ["plain", "over"] {
        let told = ask(way, other.port);
        assert_eq!(
            (&told[0], &told[2]),
            (&state(false), &json!(["close", true])),
            "{told}"
        );
        let why = told[1][1].as_str().unwrap();
        assert!(
            why.contains("its certificate is for another host"),
            "{told}"
        );
    }
}

#[test]
fn a_worker_is_told_whom_it_may_not_believe() {
    let certificates = Certificates::new();
    certificates.server("other", "DNS:other.test");
    certificates.issue(
        "own",
        None,
        "basicConstraints=CA:FALSE\nsubjectAltName=IP:127.0.0.1\n",
    );
    let daemon = daemon(&certificates, "");
    for (name, expect) in [
        (
            "other",
            "its certificate is for another host (DnsName(\"other.test\"))",
        ),
        (
            "own",
            "its certificate is self-signed; if that is meant to be so, add it to outbound.tls.roots",
        ),
    ] {
        let nginx = certificates.nginx(name, daemon.edge(), "");
        let up = format!("https://127.0.0.1:{}/server", nginx.port);
        push(&daemon, name, ASKER, &up);
        let expect = format!(
            "TLS connection to 127.0.0.1:{} failed: {expect}",
            nginx.port
        );
        says(
            &daemon,
            &format!("/{name}/get/text"),
            &format!("Error: {expect}"),
        );
        says(&daemon, &format!("/{name}/socket/text"), "");
        says(&daemon, &format!("/{name}/events/text"), &expect);
        assert!(daemon.log().contains(&expect), "{}", daemon.log());
    }
}

#[test]
fn rules_of_egress_hold_and_change_while_it_runs() {
    let certificates = Certificates::new();
    certificates.server("here", "IP:127.0.0.1,DNS:localhost");
    let mut daemon = daemon(&certificates, "");
    let nginx = certificates.nginx("here", daemon.edge(), "");
    let port = nginx.port;
    let up = format!("https://localhost:{port}/server");
    for name in ["one", "two"] {
        push(&daemon, name, ASKER, &up);
        says(&daemon, &format!("/{name}/get/text"), "GET 0 localhost");
    }
    let no =
        "proxy request failed, cannot connect to the specified address: this device's egress rules";
    let mut check = |tables: &str, one: &str, two: &str| {
        daemon.reconfigure(setup(&certificates, tables));
        daemon.signal(Signal::HUP);
        for (name, expect) in [("one", one), ("two", two)] {
            eventually("the rules to hold", || {
                let answer = daemon.get(&format!("/{name}/get/text")).expect(200);
                answer.text().contains(expect).then_some(())
            });
        }
        for (name, expect) in [("one", one), ("two", two)] {
            if expect == no {
                says(&daemon, &format!("/{name}/socket/text"), "");
                says(&daemon, &format!("/{name}/events/events"), no);
            }
        }
    };
    let yes = "GET 0 localhost";
    check("[egress]\ndeny = [\"localhost\"]\n", no, no);
    check("[egress]\ndeny = [\"10.0.0.0/8\"]\n", yes, yes);
    check("[egress]\ndeny = [\"127.0.0.0/8\", \"::1\"]\n", no, no);
    check(
        &format!("[egress]\nallow = [\"localhost:{port}\"]\n"),
        yes,
        yes,
    );
    check("[egress]\nallow = [\"*:443\"]\n", no, no);
    check("[egress.namespaces.production]\nallow = []\n", no, no);
    check("[egress.namespaces.other]\nallow = []\n", yes, yes);
    check(
        "[egress.scripts.\"production/two\"]\ndeny = [\"*\"]\n",
        yes,
        no,
    );
}
