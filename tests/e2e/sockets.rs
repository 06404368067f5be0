//! Workers that connect by TCP (spec: SEMANTICS §28). What they are told is what workerd told the
//! same Worker of the same servers.

use super::dispatch;
use postern_e2e::api::script;
use postern_e2e::{Daemon, Form, Request, Setup, eventually, guest};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const MODULE: &str = "application/javascript+module";

/// Connects as its path says to the server that is the address in the query, and tells what came of
/// it. What is neither in 300 ms is pending.
pub const ASKER: &str = r#"
import { connect } from "cloudflare:sockets";
const bytes = (text) => new TextEncoder().encode(text);
const told = (e) => `${e.name}: ${e.message}${e.retryable ? " retryable" : ""}`;
const later = (promise) => Promise.race([
  promise.then((v) => v ?? "undefined", told),
  scheduler.wait(300).then(() => "pending"),
]);
const all = async (reader) => {
  let got = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return got;
    got += new TextDecoder().decode(value);
  }
};
const does = {
  async echo(s) {
    const info = await s.opened;
    const w = s.writable.getWriter(), r = s.readable.getReader();
    await w.write(bytes("abc"));
    const { value } = await r.read();
    return [info, new TextDecoder().decode(value), value.constructor.name, await later(w.write("text")), new TextDecoder().decode((await r.read()).value),
      await later(w.write(5)), await later(w.write(new Uint16Array([0x4141]))), new TextDecoder().decode((await r.read()).value),
      await later(s.closed), await later(w.close()), await later(r.read()), await later(s.closed), await later(w.closed), await later(w.write(bytes("x"))), await later(s.close())];
  },
  async close(s) {
    const w = s.writable.getWriter(), r = s.readable.getReader(), read = later(r.read());
    await s.opened;
    w.write(bytes("abc"));
    return [await later(s.close()), await read, await later(r.closed), await later(w.closed), await later(s.closed), await later(w.write(bytes("x")))];
  },
  async early(s) {
    const closing = s.close();
    const read = s.readable.getReader().read(), write = s.writable.getWriter().write(bytes("x"));
    return [await later(closing), (await s.opened).remoteAddress !== undefined, await later(s.closed), await later(read), await later(write)];
  },
  async hello(s) {
    const r = s.readable.getReader();
    return [await later(all(r)), await later(s.closed), await later(s.writable.getWriter().write(bytes("x"))), await later(s.close())];
  },
  async reset(s) {
    const w = s.writable.getWriter(), r = s.readable.getReader();
    await w.write(bytes("abc"));
    return [await later(r.read()), await later(s.closed), await later(w.write(bytes("abc")))];
  },
  async refused(s) {
    return [await later(s.opened), await later(s.closed), await later(s.readable.getReader().read())];
  },
  async cancel(s) {
    await s.opened;
    s.readable.cancel("why");
    return [await later(s.closed), await later(s.writable.getWriter().write(bytes("x"))), await later(s.close())];
  },
  async abort(s) {
    await s.opened;
    return [await later(s.writable.abort(new Error("why"))), await later(s.closed)];
  },
  async byob(s) {
    const w = s.writable.getWriter(), r = s.readable.getReader({ mode: "byob" });
    await w.write(bytes("abcdef"));
    const { value, done } = await r.read(new Uint8Array(3));
    return [new TextDecoder().decode(value), done];
  },
  async body(s) {
    const w = s.writable.getWriter();
    await w.write(bytes("abcdef"));
    await w.close();
    return [await new Response(s.readable).text()];
  },
  // More than fits any buffer on the way, there and back.
  async much(s) {
    const w = s.writable.getWriter(), part = new Uint8Array(100_000).fill(7);
    const sent = (async () => {
      for (let at = 0; at < 50; at++) await w.write(part);
      await w.close();
    })();
    let sum = 0, size = 0;
    for await (const got of s.readable) {
      size += got.byteLength;
      if (got[0] !== 7 || got.at(-1) !== 7) throw new Error("wrong");
      if (size > 2_000_000 && sum === 0) sum = await scheduler.wait(50).then(() => 1);
    }
    await sent;
    return [size];
  },
  // Whoever does not read is not sent more than a few buffers.
  async unread(s) {
    await s.opened;
    await scheduler.wait(300);
    return ["unread"];
  },
  async stuck(s) {
    const w = s.writable.getWriter(), part = new Uint8Array(1_000_000);
    let count = 0;
    const writing = (async () => { for (; count < 100; count++) await w.write(part); })();
    const how = await later(writing);
    return [how, count < 90];
  },
  async six(_, at) {
    const sockets = Array.from({ length: 6 }, () => connect(at));
    await Promise.all(sockets.slice(0, 5).map((s) => s.opened));
    const seventh = await later(sockets[5].opened);
    await sockets[0].close();
    return [seventh, (await sockets[5].opened).remoteAddress === at];
  },
  async hold(s) {
    await s.opened;
    await scheduler.wait(100_000);
  },
  async tls(s) {
    return [await later(s.opened), await later(s.closed)];
  },
  async startTls(s) {
    await s.opened;
    const next = s.startTls();
    return [await later(s.closed).then((it) => it !== "pending"), await later(next.opened), await later(next.closed)];
  },
};
export default {
  async fetch(request) {
    const url = new URL(request.url);
    const how = url.pathname.split("/").pop();
    const at = url.searchParams.get("at");
    const options = JSON.parse(url.searchParams.get("options") ?? "{}");
    try {
      return Response.json(await does[how](connect(at, options), at));
    } catch (error) {
      return new Response(told(error), { status: 500 });
    }
  },
};
"#;

pub fn server(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = serve.clone();
            std::thread::spawn(move || serve(stream));
        }
    });
    address
}

pub fn echo() -> SocketAddr {
    server(|mut stream| {
        let mut buffer = vec![0; 65536];
        while let Ok(len @ 1..) = stream.read(&mut buffer) {
            if stream.write_all(&buffer[..len]).is_err() {
                return;
            }
        }
    })
}

/// Says hello, and that this is all.
fn hello() -> SocketAddr {
    server(|mut stream| {
        let _ = stream.write_all(b"hello");
        let _ = stream.shutdown(Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    })
}

/// Answers with a reset.
pub fn reset() -> SocketAddr {
    server(|mut stream| {
        let _ = stream.read_exact(&mut [0; 3]);
        let linger = rustix::net::sockopt::set_socket_linger;
        let _ = linger(&stream, Some(Duration::ZERO));
    })
}

fn daemon(tables: &str) -> Daemon {
    let tables = format!("[outbound]\nallow-private = true\n{tables}");
    let daemon = Setup::new().tables(&tables).start();
    daemon.api().production();
    push(&daemon, "asker", ASKER);
    daemon
}

#[track_caller]
fn push(daemon: &Daemon, name: &str, source: &str) {
    let metadata = json!({"main_module": "index.js", "compatibility_date": "2026-01-01"});
    let form =
        Form::new()
            .metadata(&metadata)
            .part("index.js", Some("index.js"), Some(MODULE), source);
    daemon.api().form("PUT", &script(name), form).ok();
}

#[track_caller]
fn says(daemon: &Daemon, how: &str, at: SocketAddr, options: Value, expect: Value) {
    let options: String = options
        .to_string()
        .bytes()
        .map(|byte| format!("%{byte:02x}"))
        .collect();
    let answer = daemon.get(&format!("/asker/{how}?at={at}&options={options}"));
    let text = answer.text().to_owned();
    let got: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
    assert_eq!(got, expect, "{how}");
}

fn are(open: &AtomicUsize, count: usize) -> Option<()> {
    (open.load(Ordering::SeqCst) == count).then_some(())
}

const REFUSED: &str = "Error: proxy request failed, cannot connect to the specified address";

#[test]
fn a_worker_connects_by_tcp() {
    let daemon = daemon("");
    let (echo, hello, reset) = (echo(), hello(), reset());
    let none = || json!({});
    let done = || json!({"done": true});
    let not_bytes = "TypeError: This TransformStream is being used as a byte stream, but received an object of non-ArrayBuffer/ArrayBufferView type on its writable side.";
    let ended = "TypeError: This WritableStream has been closed.";
    let closed = "TypeError: This socket has been closed.";
    let expect = json!([
        {"remoteAddress": echo.to_string()}, "abc", "Uint8Array", "undefined", "text", not_bytes, "undefined", "AA",
        "pending", "undefined", done(), "undefined", "undefined", ended, "undefined",
    ]);
    says(&daemon, "echo", echo, none(), expect);
    let expect = json!(["undefined", closed, "undefined", closed, "undefined", ended]);
    says(&daemon, "close", echo, none(), expect);
    let expect = json!([
        "undefined",
        true,
        "undefined",
        "TypeError: This ReadableStream belongs to an object that is closing.",
        "TypeError: This WritableStream belongs to an object that is closing.",
    ]);
    says(&daemon, "early", echo, none(), expect);
    let expect = json!(["hello", "undefined", ended, "undefined"]);
    says(&daemon, "hello", hello, none(), expect);
    let half = json!({"allowHalfOpen": true});
    let expect = json!(["hello", "pending", "undefined", "undefined"]);
    says(&daemon, "hello", hello, half, expect);
    let lost = "Error: Network connection lost. retryable";
    says(
        &daemon,
        "reset",
        reset,
        none(),
        json!([lost, "undefined", lost]),
    );
    let expect = json!(["pending", "undefined", "undefined"]);
    says(&daemon, "cancel", echo, none(), expect);
    let expect = json!(["undefined", "pending"]);
    says(&daemon, "abort", echo, none(), expect);
    says(&daemon, "byob", echo, none(), json!(["abc", false]));
    says(&daemon, "body", echo, none(), json!(["abcdef"]));
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = nobody.local_addr().unwrap();
    drop(nobody);
    let expect = json!([REFUSED, REFUSED, done()]);
    says(&daemon, "refused", at, none(), expect);
    let nobody = SocketAddr::from(([127, 0, 0, 1], 25));
    let mail = "Error: Connections to port 25 are prohibited";
    says(
        &daemon,
        "refused",
        nobody,
        none(),
        json!([mail, mail, done()]),
    );
}

#[test]
fn bytes_wait_on_both_ways() {
    let daemon = daemon("");
    says(&daemon, "much", echo(), json!({}), json!([5_000_000]));
    let sent = Arc::new(AtomicUsize::new(0));
    let count = sent.clone();
    let sends = server(move |mut stream| {
        let part = [0; 10_000];
        while stream.write_all(&part).is_ok() {
            count.fetch_add(part.len(), Ordering::Relaxed);
        }
    });
    says(&daemon, "unread", sends, json!({}), json!(["unread"]));
    // What the system's own buffers take, on both machines.
    assert!(sent.load(Ordering::Relaxed) < 16 << 20);
    // A peer that does not read is not written to for ever.
    let mute = server(|stream| {
        std::thread::park_timeout(Duration::from_secs(60));
        drop(stream);
    });
    says(&daemon, "stuck", mute, json!({}), json!(["pending", true]));
}

#[test]
fn connections_have_bounds_and_end_with_their_invocation() {
    let tables = "connections = 16\n";
    let daemon = daemon(tables);
    let open = Arc::new(AtomicUsize::new(0));
    let count = open.clone();
    let at = server(move |mut stream| {
        count.fetch_add(1, Ordering::SeqCst);
        let _ = stream.read_to_end(&mut Vec::new());
        count.fetch_sub(1, Ordering::SeqCst);
    });
    // Of 16 connections half may be of this kind, and one Worker may have an eighth.
    let busy = "Error: 2 connections to servers that are not HTTP any more are open, the limit; close some before opening more";
    let held: Vec<_> = (0..2)
        .map(|_| {
            let mut client = daemon.connect();
            let head = format!("GET /asker/hold?at={at} HTTP/1.1\r\nhost: localhost\r\n\r\n");
            client.write(head.as_bytes()).unwrap();
            client
        })
        .collect();
    eventually("both are open", || are(&open, 2));
    says(
        &daemon,
        "refused",
        at,
        json!({}),
        json!([busy, busy, {"done": true}]),
    );
    drop(held);
    // Who leaves takes its connections along.
    eventually("none is open", || are(&open, 0));
    says(&daemon, "cancel", at, json!({}), {
        json!(["pending", "undefined", "undefined"])
    });
    eventually("none is open", || are(&open, 0));
}

#[test]
fn an_invocation_has_six_connections() {
    let daemon = daemon("");
    says(&daemon, "six", echo(), json!({}), json!(["pending", true]));
}

#[test]
fn what_may_not_be_reached_is_not_connected_to() {
    let echo = echo();
    let closed = Setup::new().start();
    closed.api().production();
    push(&closed, "asker", ASKER);
    let why = format!("{REFUSED}: it is a loopback address");
    let expect = json!([why, why, {"done": true}]);
    says(&closed, "refused", echo, json!({}), expect);
    let ruled = daemon("[egress]\nallow = [\"127.0.0.1:443\"]\n");
    let why = format!(
        "{REFUSED}: this device's egress rules do not let this Worker reach 127.0.0.1 at port {}; its operator sets them ([egress])",
        echo.port()
    );
    let expect = json!([why, why, {"done": true}]);
    says(&ruled, "refused", echo, json!({}), expect);
}

#[test]
fn an_outbound_worker_takes_connect_away() {
    let daemon = dispatch::daemon("[outbound]\nallow-private = true\n");
    let outbound = "export default { fetch: () => new Response('outbound') };";
    dispatch::push(&daemon, dispatch::OPERATOR, "out", outbound, json!([]));
    let bindings = dispatch::dispatcher(json!({"worker": {"service": "out"}}));
    dispatch::push(
        &daemon,
        dispatch::OPERATOR,
        "d",
        dispatch::DISPATCH,
        bindings,
    );
    dispatch::push(&daemon, dispatch::PRODUCTION, "asker", ASKER, json!([]));
    let answer = daemon.get(&format!("/d/asker/refused?at={}", echo()));
    let text = answer.text();
    assert!(text.contains("outbound Worker"), "{text}");
    assert!(text.starts_with(&format!("[\"{REFUSED}: ")), "{text}");
}

#[test]
fn a_server_without_tls_is_not_taken_for_one() {
    let daemon = daemon("");
    let echo = echo();
    let answer = daemon.get(&format!(
        "/asker/tls?at={echo}&options=%7b%22secureTransport%22:%22on%22%7d"
    ));
    let text = answer.text().to_owned();
    assert!(text.contains("TLS connection to 127.0.0.1:"), "{text}");
    let answer = daemon.get(&format!(
        "/asker/startTls?at={echo}&options=%7b%22secureTransport%22:%22starttls%22%7d"
    ));
    let text = answer.text().to_owned();
    assert!(text.contains("TLS connection to 127.0.0.1:"), "{text}");
}

#[test]
fn a_worker_in_rust_connects_by_tcp() {
    let daemon = daemon("");
    daemon.api().push("tcp", &guest("tcp"), &json!({}));
    let say = |at: &str, body: &[u8]| daemon.send(&Request::post(&format!("/tcp/?at={at}"), body));
    let echo = echo().to_string();
    assert_eq!(say(&echo, b"hello").expect(200).body, b"hello");
    // More than fits any buffer on the way, there and back.
    let much = vec![7; 1 << 20];
    assert!(say(&echo, &much).expect(200).body == much);
    let said = say(&hello().to_string(), b"").expect(200);
    assert!(said.text().starts_with("hello"), "{}", said.text());
    let refused = say("127.0.0.1:1", b"x").expect(502);
    assert!(
        refused.text().contains("proxy request failed"),
        "{}",
        refused.text()
    );
    say("nowhere", b"").expect(400);
}
