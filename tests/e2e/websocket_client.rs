//! WebSockets that Workers ask for: of servers, of other Workers, and for their clients.

use postern_e2e::api::script;
use postern_e2e::socket::{Socket, closing, frame, upgrade};
use postern_e2e::{Daemon, Form, Request, Setup};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;

/// Echoes, and tells how it was closed at `/closed`.
const ECHO: &str = "
    let closed = 'no';
    export default {
        fetch(request) {
            if (request.url.endsWith('/closed')) return new Response(closed);
            if (request.headers.get('upgrade') !== 'websocket') return new Response('plain', { status: 426 });
            const [client, server] = Object.values(new WebSocketPair());
            server.binaryType = 'arraybuffer';
            server.accept();
            server.addEventListener('message', ({ data }) => data === 'bye' ? server.close(4001, 'asked') : server.send(data));
            server.addEventListener('close', ({ code, reason }) => { closed = `${code} ${reason}`; });
            const offered = request.headers.get('sec-websocket-protocol');
            const headers = offered === null ? {} : { 'sec-websocket-protocol': offered.split(', ').pop() };
            return new Response(null, { status: 101, webSocket: client, headers });
        },
    };
";

/// Does what its path says with the server `UP`.
const ASKER: &str = "
    const heard = async (socket, until) => {
        const all = [];
        socket.binaryType = 'arraybuffer';
        const { promise, resolve } = Promise.withResolvers();
        const hear = (...what) => { all.push(what.join(' ')); if (all.length >= until) resolve(); };
        socket.addEventListener('open', () => hear('open', socket.readyState, socket.protocol));
        socket.addEventListener('message', ({ data }) => hear('message', typeof data === 'string' ? data.length > 20 ? data.length : data : data.byteLength));
        socket.addEventListener('close', ({ code, reason, wasClean }) => { hear('close', code, reason, wasClean, socket.readyState); resolve(); });
        socket.addEventListener('error', ({ message }) => hear('error', message));
        await promise;
        return new Response(all.join('|'));
    };
    export default {
        async fetch(request, env) {
            const path = new URL(request.url).pathname.split('/').pop();
            const up = (more = '') => env.UP + more;
            switch (path) {
                case 'proxy': return fetch(up(), request);
                case 'tunnel': {
                    const { webSocket } = await fetch(up(), { headers: { upgrade: 'websocket' } });
                    return new Response(null, { status: 101, webSocket });
                }
                case 'service': return env.ECHO.fetch(request);
                case 'talk': {
                    const socket = new WebSocket(up().replace('http', 'ws'), ['a', 'b']);
                    socket.addEventListener('open', () => {
                        for (const data of ['hi', new Uint8Array(70000), 'x'.repeat(200000), 'bye']) socket.send(data);
                    });
                    return heard(socket, 5);
                }
                case 'accept': {
                    const response = await fetch(up(), { headers: { Upgrade: 'WebSocket' } });
                    const socket = response.webSocket;
                    socket.accept();
                    socket.send('hi');
                    socket.send('bye');
                    return heard(socket, 2);
                }
                case 'close': {
                    const socket = new WebSocket(up().replace('http', 'ws'));
                    socket.addEventListener('open', () => socket.close(4002, 'mine'));
                    return heard(socket, 2);
                }
                case 'refused': return heard(new WebSocket(up('closed').replace('http', 'ws')), 2);
                case 'secure': return heard(new WebSocket('wss://127.0.0.1/'), 2);
                case 'status': {
                    const response = await fetch(up(), { headers: { upgrade: 'websocket' } });
                    return new Response([response.status, response.webSocket, await response.text()].join('|'));
                }
                case 'many': {
                    const all = await Promise.allSettled(Array.from({ length: 4 }, () => fetch(up(), { headers: { upgrade: 'websocket' } })));
                    return new Response(all.map(({ value, reason }) => value?.status ?? reason.message).join('|'));
                }
            }
        },
    };
";

#[track_caller]
fn push(daemon: &Daemon, name: &str, source: &str, bindings: Value) {
    let metadata = json!({
        "main_module": "index.js", "compatibility_date": "2026-05-01", "bindings": bindings,
    });
    let form = Form::new().metadata(&metadata).part(
        "index.js",
        Some("index.js"),
        Some("application/javascript+module"),
        source,
    );
    daemon.api().form("PUT", &script(name), form).ok();
}

fn ask(daemon: &Daemon, name: &str, to: SocketAddr, path: &str) {
    let bindings = json!([
        {"type": "plain_text", "name": "UP", "text": format!("http://{to}{path}")},
        {"type": "service", "name": "ECHO", "service": "echo"},
    ]);
    push(daemon, name, ASKER, bindings);
}

/// A daemon with the Workers `echo` and `asker`, which asks it.
fn daemon(tables: &str) -> Daemon {
    let tables = format!("[outbound]\nallow-private = true\n{tables}");
    let daemon = Setup::new().tables(&tables).start();
    daemon.api().production();
    push(&daemon, "echo", ECHO, json!([]));
    ask(&daemon, "asker", daemon.edge(), "/echo/");
    daemon
}

#[track_caller]
fn says(daemon: &Daemon, target: &str, text: &str) {
    assert_eq!(daemon.get(target).expect(200).text(), text, "{target}");
}

/// A server that reads one request and answers it with these bytes.
fn server(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
                head.push(byte[0]);
            }
            // The Worker may be gone already.
            let _ = stream.write_all(answer);
        }
    });
    address
}

#[test]
fn a_worker_talks_to_a_server() {
    let daemon = daemon("");
    says(
        &daemon,
        "/asker/talk",
        "open 1 b|message hi|message 70000|message 200000|close 4001 asked true 3",
    );
    says(
        &daemon,
        "/asker/accept",
        "message hi|close 4001 asked true 3",
    );
    // The close is answered for the server, which hears of it on its own time, and may have another
    // isolate by then.
    postern_e2e::eventually("the server hears of the close", || {
        says(&daemon, "/asker/close", "open 2 |close 4002 mine true 3");
        (daemon.get("/echo/closed").expect(200).text() == "4002 mine").then_some(())
    });
}

#[test]
fn a_clients_socket_goes_through_a_worker() {
    let daemon = daemon("");
    for path in ["/asker/proxy", "/asker/tunnel", "/asker/service"] {
        let mut socket = Socket::open(daemon.edge(), path).unwrap();
        socket.send(TEXT, b"hello").unwrap();
        assert_eq!(socket.text(), "hello", "{path}");
        for len in [0, 126, 65_536, 1_000_000] {
            let bytes = vec![7; len];
            socket.send(BINARY, &bytes).unwrap();
            assert_eq!(socket.message(), Some((BINARY, bytes)), "{path} {len}");
        }
        socket
            .raw(&frame(CLOSE, &closing(4003, "through")))
            .unwrap();
        assert_eq!(
            socket.frame(),
            Some((CLOSE, closing(4003, "through"))),
            "{path}"
        );
        assert_eq!(socket.frame(), None);
        postern_e2e::eventually("the server hears of the close", || {
            let heard = daemon.get("/echo/closed").expect(200);
            (heard.text() == "4003 through").then_some(())
        });
    }
    // Who asks for none gets the server's answer.
    assert_eq!(daemon.get("/asker/proxy").expect(426).text(), "plain");
}

#[test]
fn a_server_that_does_not_agree_is_told_of() {
    let daemon = daemon("");
    let failed = |why: &str| {
        format!("error Uncaught {why}|close 1006 Failed to establish websocket connection false 3")
    };
    let but = |status: u16| {
        failed(&format!(
            "TypeError: Failed to establish the WebSocket connection: expected server to reply with HTTP status code 101 (switching protocols), but received {status} instead."
        ))
    };
    says(&daemon, "/asker/refused", &but(200));
    let wrong = server(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n",
    );
    ask(&daemon, "wrong", wrong, "/");
    says(&daemon, "/wrong/refused", &but(502));
    says(
        &daemon,
        "/wrong/status",
        "502||the server's Sec-WebSocket-Accept does not fit the key",
    );
    let plain = server(b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone");
    ask(&daemon, "plain", plain, "/");
    says(&daemon, "/plain/status", "404||none");
    ask(&daemon, "silent", server(b""), "/");
    says(
        &daemon,
        "/silent/refused",
        &failed("Error: Network connection lost."),
    );
    // Nobody listens there.
    says(
        &daemon,
        "/asker/secure",
        &failed("Error: Network connection lost."),
    );
}

#[test]
fn a_server_that_breaks_the_protocol_ends_it() {
    let daemon = daemon("");
    // The key is not known here, so the frames come from a Worker's client: an unknown opcode.
    let mut socket = Socket::open(daemon.edge(), "/asker/proxy").unwrap();
    socket.raw(&[0x83, 0x80, 0, 0, 0, 0]).unwrap();
    let (first, payload) = socket.frame().unwrap();
    assert_eq!((first, &payload[..2]), (CLOSE, &1002u16.to_be_bytes()[..]));
}

#[test]
fn what_may_not_be_reached_is_not() {
    let daemon = Setup::new().start();
    daemon.api().production();
    push(&daemon, "echo", ECHO, json!([]));
    ask(&daemon, "asker", daemon.edge(), "/echo/");
    let answer = daemon.get("/asker/refused").expect(200);
    assert!(
        answer.text().starts_with("error Uncaught Error: "),
        "{}",
        answer.text()
    );
    assert_eq!(daemon.get("/echo/closed").expect(200).text(), "no");
}

#[test]
fn an_isolates_sockets_have_a_bound() {
    let daemon = daemon("[websocket]\nisolate-connections = 2\n");
    let answer = daemon.get("/asker/many").expect(200);
    let opened: Vec<&str> = answer.text().split('|').collect();
    assert_eq!(
        opened.iter().filter(|it| **it == "101").count(),
        2,
        "{opened:?}"
    );
    assert!(
        opened
            .iter()
            .any(|it| it.contains("websocket.isolate-connections"))
    );
}

#[test]
fn sockets_of_a_replaced_version_are_closed() {
    let daemon = daemon("[websocket]\nretire-ms = 50\n");
    let mut replaced = Socket::open(daemon.edge(), "/echo/").unwrap();
    replaced.send(TEXT, b"here").unwrap();
    assert_eq!(replaced.text(), "here");
    push(&daemon, "echo", ECHO, json!([]));
    let (first, payload) = replaced.frame().unwrap();
    assert_eq!((first, &payload[..2]), (CLOSE, &1012u16.to_be_bytes()[..]));
    let mut deleted = Socket::open(daemon.edge(), "/echo/").unwrap();
    deleted.send(TEXT, b"here").unwrap();
    assert_eq!(deleted.text(), "here");
    daemon.api().delete(&script("echo")).ok();
    let (first, payload) = deleted.frame().unwrap();
    assert_eq!((first, &payload[..2]), (CLOSE, &1012u16.to_be_bytes()[..]));
}

#[test]
fn a_message_has_the_size_that_is_set() {
    let daemon = daemon("[websocket]\nmessage-bytes = \"1 KiB\"\n");
    let mut socket = Socket::open(daemon.edge(), "/echo/").unwrap();
    socket.send(BINARY, &[0; 1024]).unwrap();
    assert_eq!(socket.message(), Some((BINARY, vec![0; 1024])));
    socket.send(BINARY, &[0; 1025]).unwrap();
    let (first, payload) = socket.frame().unwrap();
    assert_eq!((first, &payload[..2]), (CLOSE, &1009u16.to_be_bytes()[..]));
    assert_eq!(
        daemon.send(&upgrade(Request::post("/echo/", "x"))).status,
        426
    );
}
