//! WebSockets between a raw client and Workers in JavaScript: messages, closes, hostile frames.

use postern_e2e::api::script;
use postern_e2e::socket::{Socket, closing, frame, head, upgrade};
use postern_e2e::{Daemon, Form, Request, Setup, eventually};
use rustix::process::Signal;
use serde_json::json;

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

/// Echoes; what it is told by a message or by the path it does instead. What it hears is kept and
/// told to who asks for `/heard`.
const WORKER: &str = "
    const heard = [];
    const hear = (...all) => heard.push(all.join(' '));
    export default {
        async fetch(request, env, ctx) {
            const { pathname } = new URL(request.url);
            if (pathname.endsWith('/heard')) {
                const all = heard.join('|');
                heard.length = 0;
                return new Response(all);
            }
            if (pathname.endsWith('/plain')) return new Response(request.headers.get('upgrade'));
            if (pathname.endsWith('/fails')) throw new Error('no');
            const [client, server] = Object.values(new WebSocketPair());
            const answer = new Response(null, { status: 101, webSocket: client, headers: { 'x-a': '1' } });
            if (pathname.endsWith('/late')) {
                ctx.waitUntil(scheduler.wait(50).then(() => listen(server)));
                return answer;
            }
            if (pathname.endsWith('/accepted')) client.accept();
            if (pathname.endsWith('/early')) {
                server.accept();
                server.send('one');
                server.send(new Uint8Array([2]));
                server.close(4000, 'done');
                return answer;
            }
            listen(server, pathname.endsWith('/half') ? { allowHalfOpen: true } : undefined);
            return answer;
        },
    };
    function listen(socket, options) {
        socket.binaryType = 'arraybuffer';
        socket.accept(options);
        socket.addEventListener('message', ({ data }) => {
            if (data === 'close') socket.close(4001, 'asked');
            else if (data === 'throw') throw new Error('boom');
            else if (data === 'loop') for (;;) {}
            else if (data === 'big') socket.send('x'.repeat(300000));
            else if (data === 'flood') { for (let at = 0; at < 200; at++) socket.send('x'.repeat(1000)); socket.send('end'); }
            else if (data === 'size') { socket.addEventListener('message', (e) => socket.send(`${e.data.length ?? e.data.byteLength}`), { once: true }); }
            else if (typeof data === 'string') socket.send(data);
            else socket.send(data);
        });
        socket.addEventListener('close', ({ code, reason, wasClean }) => {
            hear('close', code, reason, wasClean, socket.readyState);
            if (options) scheduler.wait(1).then(() => { socket.send('still'); socket.close(4002, 'half'); });
        });
        socket.addEventListener('error', ({ message }) => hear('error', message));
    }
";

fn push(daemon: &Daemon, name: &str, date: &str) {
    let metadata = json!({"main_module": "index.js", "compatibility_date": date});
    let form = Form::new().metadata(&metadata).part(
        "index.js",
        Some("index.js"),
        Some("application/javascript+module"),
        WORKER,
    );
    daemon.api().form("PUT", &script(name), form).ok();
}

/// A daemon with the Worker as `ws`, whose sockets answer closes, and as `old`, whose do not.
fn daemon() -> Daemon {
    // What one isolate heard no other tells.
    let daemon = Setup::new().tables("[limits]\nisolates = 1\n").start();
    daemon.api().production();
    push(&daemon, "ws", "2026-05-01");
    push(&daemon, "old", "2026-01-01");
    daemon
}

#[track_caller]
fn open(daemon: &Daemon, target: &str) -> Socket {
    Socket::open(daemon.edge(), target).unwrap()
}

/// What the Worker heard, when it has heard something.
#[track_caller]
fn heard(daemon: &Daemon, name: &str) -> String {
    eventually("the Worker hears", || {
        let said = daemon.get(&format!("/{name}/heard")).expect(200);
        Some(said.text().to_owned()).filter(|said| !said.is_empty())
    })
}

#[test]
fn messages_come_back() {
    let daemon = daemon();
    let mut socket = open(&daemon, "/ws/");
    socket.send(TEXT, "hé".as_bytes()).unwrap();
    assert_eq!(socket.text(), "hé");
    socket.send(TEXT, b"").unwrap();
    assert_eq!(socket.text(), "");
    for len in [0, 1, 125, 126, 65_535, 65_536, 200_000] {
        let bytes: Vec<u8> = (0..len).map(|at: u32| at as u8).collect();
        socket.send(BINARY, &bytes).unwrap();
        assert_eq!(socket.message(), Some((BINARY, bytes)), "{len}");
    }
    // Fragments, with a ping between, which is answered at once.
    socket
        .raw(
            &[
                frame(0x01, b"he"),
                frame(PING, b"p"),
                frame(0x00, b""),
                frame(0x80, b"llo"),
            ]
            .concat(),
        )
        .unwrap();
    assert_eq!(socket.frame(), Some((PONG, b"p".to_vec())));
    assert_eq!(socket.text(), "hello");
    socket.send(PONG, b"unasked").unwrap();
    socket.send(TEXT, b"big").unwrap();
    assert_eq!(socket.text().len(), 300_000);
    socket.send(TEXT, b"flood").unwrap();
    for _ in 0..200 {
        assert_eq!(socket.text().len(), 1000);
    }
    assert_eq!(socket.text(), "end");
    // A long message in crumbs is one message, for the price of one.
    socket.send(TEXT, b"size").unwrap();
    let crumbs: Vec<u8> = (0..50_000)
        .flat_map(|at| frame(u8::from(at == 0) * 2, b"ab"))
        .collect();
    socket.raw(&crumbs).unwrap();
    socket.send(0x80, b"").unwrap();
    assert_eq!(socket.message().map(|(_, echo)| echo.len()), Some(100_000));
    assert_eq!(socket.text(), "100000");
    let second = open(&daemon, "/ws/");
    drop(socket);
    assert_eq!(
        heard(&daemon, "ws"),
        "close 1006 WebSocket disconnected without sending Close frame. false 1"
    );
    drop(second);
}

#[test]
fn either_side_closes() {
    let daemon = daemon();
    for (name, state) in [("ws", 3), ("old", 2)] {
        let mut socket = open(&daemon, &format!("/{name}/"));
        socket.send(CLOSE, &closing(4000, "bye")).unwrap();
        if name == "ws" {
            assert_eq!(socket.frame(), Some((CLOSE, closing(4000, "bye"))));
            assert_eq!(socket.frame(), None);
        }
        let said = format!("close 4000 bye true {state}");
        assert_eq!(heard(&daemon, name), said);
    }
    let mut socket = open(&daemon, "/old/half");
    socket.send(CLOSE, b"").unwrap();
    assert_eq!(socket.text(), "still");
    assert_eq!(socket.frame(), Some((CLOSE, closing(4002, "half"))));
    assert_eq!(socket.frame(), None);
    assert_eq!(heard(&daemon, "old"), "close 1005  true 2");
    let mut socket = open(&daemon, "/ws/");
    socket.send(TEXT, b"close").unwrap();
    assert_eq!(socket.frame(), Some((CLOSE, closing(4001, "asked"))));
    socket.send(CLOSE, &closing(1000, "well")).unwrap();
    assert_eq!(socket.frame(), None);
    assert_eq!(heard(&daemon, "ws"), "close 1000 well true 3");
    // What was said before the answer, and a close.
    let mut socket = open(&daemon, "/ws/early");
    assert_eq!(socket.text(), "one");
    assert_eq!(socket.frame(), Some((BINARY, vec![2])));
    assert_eq!(socket.frame(), Some((CLOSE, closing(4000, "done"))));
    socket.send(CLOSE, &closing(4000, "done")).unwrap();
    assert_eq!(socket.frame(), None);
    // What comes before the Worker accepts waits.
    let mut socket = open(&daemon, "/ws/late");
    socket.send(TEXT, b"waits").unwrap();
    assert_eq!(socket.text(), "waits");
}

#[test]
fn a_worker_that_throws_ends_its_socket() {
    let daemon = daemon();
    let mut socket = open(&daemon, "/ws/");
    socket.send(TEXT, b"throw").unwrap();
    assert_eq!(socket.frame(), None);
    assert_eq!(heard(&daemon, "ws"), "error Uncaught Error: boom");
    // One that never ends is ended, and its socket with it.
    let mut socket = open(&daemon, "/ws/");
    socket.send(TEXT, b"loop").unwrap();
    assert_eq!(socket.frame(), None);
    let mut socket = open(&daemon, "/ws/");
    socket.send(TEXT, b"again").unwrap();
    assert_eq!(socket.text(), "again");
}

/// Sends bytes; the socket must be closed with this code, and the Worker told.
#[track_caller]
fn refused(daemon: &Daemon, bytes: &[u8], code: u16) {
    let mut socket = open(daemon, "/ws/");
    socket.raw(bytes).unwrap();
    let (first, payload) = socket.frame().expect("a close");
    assert_eq!((first, &payload[..2]), (CLOSE, &code.to_be_bytes()[..]));
    assert_eq!(socket.frame(), None);
    let said = heard(daemon, "ws");
    let told = format!(
        "error Uncaught Error: WebSocket protocol error; protocolError.statusCode = {code}; "
    );
    assert!(said.starts_with(&told), "{said}");
}

#[test]
fn hostile_frames_are_refused() {
    let daemon = daemon();
    let d = &daemon;
    let unmasked = [head(TEXT, 2, 0), b"hi".to_vec()].concat();
    refused(d, &unmasked, 1002);
    for reserved in [0x40, 0x20, 0x10] {
        refused(d, &frame(TEXT | reserved, b"hi"), 1002);
    }
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        refused(d, &frame(0x80 | opcode, b"hi"), 1002);
    }
    refused(d, &frame(0x80, b"continues nothing"), 1002);
    refused(
        d,
        &[frame(0x01, b"begins"), frame(TEXT, b"again")].concat(),
        1002,
    );
    refused(d, &frame(0x09, b"half a ping"), 1002);
    refused(d, &frame(PING, &[0; 126]), 1002);
    refused(d, &frame(CLOSE, b"x"), 1002);
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535] {
        refused(d, &frame(CLOSE, &closing(code, "")), 1002);
    }
    refused(d, &frame(CLOSE, &[3, 232, 0xff]), 1007);
    refused(d, &frame(TEXT, b"h\xff"), 1007);
    refused(d, &frame(TEXT, b"\xe2\x82"), 1007);
    refused(
        d,
        &[frame(0x01, b"\xe2\x82"), frame(0x80, b"x")].concat(),
        1007,
    );
    refused(d, &frame(TEXT, b"\xed\xa0\x80"), 1007);
    // Lengths that are not as short as they could be, or no lengths.
    refused(d, &[TEXT, 0xfe, 0, 5, 0, 0, 0, 0], 1002);
    refused(d, &[TEXT, 0xff, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0], 1002);
    refused(d, &head(BINARY, u64::MAX, 0x80), 1002);
    // Announced is enough.
    let huge = [head(BINARY, (32 << 20) + 1, 0x80), vec![0; 4]].concat();
    refused(d, &huge, 1009);
    let mut parts = frame(0x02, &[0; 1000]);
    parts.extend_from_slice(&head(0x00, 32 << 20, 0x80));
    parts.extend_from_slice(&[0; 4]);
    refused(d, &parts, 1009);
}

#[test]
fn broken_text_across_frames_is_whole() {
    let daemon = daemon();
    let mut socket = open(&daemon, "/ws/");
    let bytes = "a\u{20ac}\u{1f600}é".as_bytes();
    let mut frames = Vec::new();
    for (at, byte) in bytes.iter().enumerate() {
        let first = u8::from(at == 0) | if at + 1 == bytes.len() { 0x80 } else { 0 };
        frames.extend(frame(first, &[*byte]));
    }
    socket.raw(&frames).unwrap();
    assert_eq!(socket.text(), "a\u{20ac}\u{1f600}é");
}

#[test]
fn handshakes() {
    let daemon = daemon();
    let ask = |request: Request| daemon.send(&request);
    // A Worker that answers otherwise, and one that fails.
    let plain = ask(upgrade(Request::get("/ws/plain"))).expect(200);
    assert_eq!(plain.text(), "websocket");
    ask(upgrade(Request::get("/ws/fails"))).expect(500);
    ask(upgrade(Request::get("/ws/accepted"))).expect(500);
    // Without the header there is no socket.
    ask(Request::get("/ws/")).expect(500);
    // A POST is no handshake.
    ask(upgrade(Request::post("/ws/", ""))).expect(500);
    let bare = || {
        Request::get("/ws/")
            .header("upgrade", "WebSocket")
            .header("connection", "keep-alive, Upgrade")
    };
    let old = ask(bare().header("sec-websocket-version", "8")).expect(426);
    assert_eq!(old.header("sec-websocket-version"), Some("13"));
    ask(bare().header("sec-websocket-version", "13")).expect(400);
    ask(bare()
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "short"))
    .expect(400);
}

#[test]
fn the_daemon_says_good_bye() {
    let mut daemon = daemon();
    let mut socket = open(&daemon, "/ws/");
    socket.send(TEXT, b"hi").unwrap();
    assert_eq!(socket.text(), "hi");
    daemon.signal(Signal::TERM);
    let (first, payload) = socket.frame().unwrap();
    assert_eq!((first, &payload[..2]), (CLOSE, &1001u16.to_be_bytes()[..]));
    socket.send(CLOSE, &payload).unwrap();
    assert_eq!(socket.frame(), None);
    assert!(daemon.wait().success());
}

#[test]
fn a_new_version_leaves_open_sockets_alone() {
    let daemon = daemon();
    let mut socket = open(&daemon, "/ws/");
    push(&daemon, "ws", "2026-05-02");
    socket.send(TEXT, b"old").unwrap();
    assert_eq!(socket.text(), "old");
    let mut new = open(&daemon, "/ws/");
    new.send(TEXT, b"new").unwrap();
    assert_eq!(new.text(), "new");
}
