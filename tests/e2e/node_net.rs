//! `node:net` and `node:tls` over TCP. The events are those that workerd told the same Worker of the
//! same servers.

use super::sockets::{echo, server};
use postern_e2e::api::script;
use postern_e2e::{Daemon, Form, Setup};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;

const MODULE: &str = "application/javascript+module";

/// Connects as its path says to the server that is the address in the query, and answers with the
/// events of the socket.
const WORKER: &str = r#"
import net from "node:net";
import tls from "node:tls";
const told = (e) => e instanceof Error ? `${e.code}: ${e.message}` : e instanceof Uint8Array ? `${e.constructor.name} ${e}` : e ?? null;
const EVENTS = ["connectionAttempt", "connectionAttemptFailed", "lookup", "connect", "ready", "secureConnect", "data", "timeout", "error", "end", "finish", "close"];
const state = (s) => [s.connecting, s.pending, s.readyState, s.bytesRead, s.bytesWritten, s.destroyed].join(" ");
const run = (s, steps = {}) => new Promise((resolve) => {
  const events = [];
  for (const name of EVENTS) s.on(name, (...args) => {
    if (name.startsWith("connectionAttempt")) args = args.slice(-1);
    events.push([name, ...args.map(told)]);
    steps[name]?.(s, events, ...args);
    if (name === "close") setTimeout(() => resolve(events), 1);
  });
  steps.start?.(s, events);
});
const does = {
  basic: (at) => run(net.connect(at), {
    start: (s, ev) => ev.push(state(s)),
    connect: (s, ev) => { ev.push(state(s)); s.write("hi", () => ev.push("written")); },
    data: (s) => s.end(),
    close: (s, ev) => ev.push(state(s)),
  }),
  early: (at) => run(net.connect(at), { start: (s, ev) => { ev.push(s.write("abc"), state(s)); }, data: (s) => s.end() }),
  bye: (at) => run(net.connect(at), {}),
  halfopen: (at) => run(net.connect({ ...at, allowHalfOpen: true }), { end: (s, ev) => { ev.push(state(s)); s.end(); } }),
  reset: (at) => run(net.connect(at), { connect: (s) => s.write("abc") }),
  refused: (at) => run(net.connect(at)),
  noname: (at) => run(net.connect({ ...at, host: "nope.invalid" })),
  destroy: (at) => run(net.connect(at), { connect: (s) => s.destroy(new RangeError("mine")) }),
  timeout: (at) => run(net.connect(at), { connect: (s) => s.setTimeout(20), timeout: (s) => { s.setTimeout(0); s.end(); } }),
  signal: (at) => { const c = new AbortController(); return run(net.connect({ ...at, signal: c.signal }), { connect: () => c.abort() }); },
  lookup: (at) => run(net.connect({ ...at, host: "some.name", lookup: (host, options, back) => back(null, at.host, 4) }), { connect: (s) => s.end() }),
  async again(at) {
    const s = new net.Socket();
    const first = await run(s.connect(at), { connect: () => s.end() });
    s.removeAllListeners("connect");
    return [first.at(-1), await new Promise((resolve) => s.connect(at).once("data", (data) => resolve(String(data))).once("connect", () => s.write("again")))];
  },
  async twice(at) {
    const s = net.connect(at);
    try { s.connect(at); } catch (e) { s.destroy(); return [told(e)]; }
  },
  // More than fits any buffer on the way, there and back.
  async much(at) {
    const s = net.connect(at);
    let size = 0;
    s.on("data", (data) => { size += data.length; if (size === 2_000_000) s.end(); });
    for (let n = 0; n < 20; n++) if (!s.write(Buffer.alloc(100_000, n))) await new Promise((r) => s.once("drain", r));
    await new Promise((r) => s.once("close", r));
    return [size, s.bytesRead, s.bytesWritten];
  },
  async onread(at) {
    const got = [];
    const onread = { buffer: new Uint8Array(4), callback: (size, bytes) => { got.push(String.fromCharCode(...bytes.subarray(0, size))); if (got.length === 3) s.end(); return true; } };
    const s = net.connect({ ...at, onread }, () => s.write("abcdefghij"));
    await new Promise((r) => s.once("close", r));
    return got;
  },
  plain: (at) => run(tls.connect(at)),
};
export default { async fetch(request) {
  const { pathname, searchParams } = new URL(request.url);
  const [host, port] = searchParams.get("at").split(":");
  return Response.json(await does[pathname.split("/").pop()]({ host, port: Number(port) }));
} };
"#;

#[track_caller]
fn push(daemon: &Daemon, name: &str, source: &str) {
    let metadata = json!({
        "main_module": "index.js", "compatibility_date": "2026-01-01", "compatibility_flags": ["nodejs_compat", "enable_nodejs_tty_module"],
    });
    let form =
        Form::new()
            .metadata(&metadata)
            .part("index.js", Some("index.js"), Some(MODULE), source);
    daemon.api().form("PUT", &script(name), form).ok();
}

fn daemon(tables: &str) -> Daemon {
    let daemon = Setup::new().tables(tables).start();
    daemon.api().production();
    push(&daemon, "net", WORKER);
    daemon
}

#[track_caller]
fn says(daemon: &Daemon, how: &str, at: SocketAddr, expect: Value) {
    let answer = daemon.get(&format!("/net/{how}?at={at}"));
    let text = answer.text().to_owned();
    let got: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
    assert_eq!(got, expect, "{how}");
}

/// Says this, and ends; what comes is read to its end.
fn bye() -> SocketAddr {
    server(|mut stream: TcpStream| {
        let _ = stream.write_all(b"bye");
        let _ = stream.shutdown(Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    })
}

/// A port that nobody listens at.
fn nobody() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 1))
}

#[test]
fn sockets_of_node_connect() {
    let daemon = daemon("[outbound]\nallow-private = true\n");
    let at = echo();
    let hi = "Buffer hi";
    let basic = json!([
        "true true opening 0 0 false",
        ["connect"],
        "false false open 0 0 false",
        ["ready"],
        "written",
        ["data", hi],
        ["finish"],
        ["end"],
        ["close", false],
        "false false closed 2 2 true",
    ]);
    says(&daemon, "basic", at, basic);
    let early = json!([
        true,
        "true true opening 0 3 false",
        ["connect"],
        ["ready"],
        ["data", "Buffer abc"],
        ["finish"],
        ["end"],
        ["close", false],
    ]);
    says(&daemon, "early", at, early);
    let bytes = ["data", "Buffer bye"];
    let ended = json!([
        ["connect"],
        ["ready"],
        bytes,
        ["end"],
        ["finish"],
        ["close", false]
    ]);
    says(&daemon, "bye", bye(), ended);
    let half = json!([
        ["connect"],
        ["ready"],
        bytes,
        ["end"],
        "false false writeOnly 3 0 false",
        ["finish"],
        ["close", false],
    ]);
    says(&daemon, "halfopen", bye(), half);
    says(
        &daemon,
        "much",
        at,
        json!([2_000_000, 2_000_000, 2_000_000]),
    );
    says(&daemon, "onread", at, json!(["abcd", "efgh", "ij"]));
    says(&daemon, "again", at, json!([["close", false], "again"]));
    let twice = "ERR_SOCKET_CONNECTING: Socket is already connecting";
    says(&daemon, "twice", at, json!([twice]));
}

#[test]
fn sockets_of_node_fail_as_the_systems_do() {
    let daemon = daemon("[outbound]\nallow-private = true\n");
    let at = echo();
    let refused = "ECONNREFUSED: connect ECONNREFUSED 127.0.0.1:1";
    let expect = json!([
        ["connectionAttemptFailed", refused],
        ["error", refused],
        ["close", true]
    ]);
    says(&daemon, "refused", nobody(), expect);
    let expect = json!([
        ["connect"],
        ["ready"],
        ["error", "undefined: mine"],
        ["close", true]
    ]);
    says(&daemon, "destroy", at, expect);
    let aborted = "ABORT_ERR: The operation was aborted";
    let expect = json!([["connect"], ["ready"], ["error", aborted], ["close", true]]);
    says(&daemon, "signal", at, expect);
    let expect = json!([
        ["connect"],
        ["ready"],
        ["timeout"],
        ["finish"],
        ["end"],
        ["close", false],
    ]);
    says(&daemon, "timeout", at, expect);
    let reset = "ECONNRESET: read ECONNRESET";
    let expect = json!([["connect"], ["ready"], ["error", reset], ["close", true]]);
    says(&daemon, "reset", super::sockets::reset(), expect);
}

#[test]
fn sockets_of_node_go_where_the_policy_lets_them() {
    let daemon = daemon("");
    let answer = daemon.get(&format!("/net/refused?at={}", echo()));
    let text = answer.text();
    assert!(
        !text.contains("ready") && text.contains("loopback") && text.contains("[\"close\",true]"),
        "{text}"
    );
}

/// A server that speaks as much of Redis as its client asks for at first.
fn redis() -> SocketAddr {
    server(|stream: TcpStream| {
        let mut out = stream.try_clone().unwrap();
        let mut input = BufReader::new(stream);
        let mut kept: HashMap<Vec<u8>, Vec<u8>> = HashMap::new();
        while let Some(words) = command(&mut input) {
            let answer = match (words[0].to_ascii_uppercase().as_slice(), &words[1..]) {
                (b"SET", [key, value, ..]) => {
                    kept.insert(key.clone(), value.clone());
                    b"+OK\r\n".to_vec()
                }
                (b"GET", [key]) => bulk(kept.get(key).map(Vec::as_slice)),
                (b"INFO", _) => bulk(Some(b"redis_version:7.0.0\r\nloading:0\r\n")),
                (b"QUIT", _) => {
                    let _ = out.write_all(b"+OK\r\n");
                    return;
                }
                _ => b"+OK\r\n".to_vec(),
            };
            if out.write_all(&answer).is_err() {
                return;
            }
        }
    })
}

fn bulk(value: Option<&[u8]>) -> Vec<u8> {
    match value {
        Some(value) => [format!("${}\r\n", value.len()).as_bytes(), value, b"\r\n"].concat(),
        None => b"$-1\r\n".to_vec(),
    }
}

/// An array of strings.
fn command(input: &mut BufReader<TcpStream>) -> Option<Vec<Vec<u8>>> {
    let number = |input: &mut BufReader<TcpStream>| {
        let mut line = String::new();
        input.read_line(&mut line).ok()?;
        line.trim().get(1..)?.parse::<usize>().ok()
    };
    let count = number(input)?;
    let words = (0..count).map(|_| {
        let mut word = vec![0; number(input)? + 2];
        input.read_exact(&mut word).ok()?;
        word.truncate(word.len() - 2);
        Some(word)
    });
    words.collect()
}

/// `ioredis` as npm has it, bundled as the apps of `tests/apps` are, whose packages
/// `cargo xtask compare --apps` installs.
#[test]
fn a_client_of_npm_connects() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let modules = root.join("target/npm/apps/node_modules");
    if !modules.join("ioredis").exists() {
        eprintln!("skipped: the packages of tests/apps are not installed");
        return;
    }
    let made = tempfile::tempdir().unwrap();
    let (from, to) = (made.path().join("redis.js"), made.path().join("out.js"));
    let source = r#"
        import Redis from "ioredis";
        export default { async fetch(request) {
          const [host, port] = new URL(request.url).searchParams.get("at").split(":");
          const redis = new Redis({ host, port: Number(port), maxRetriesPerRequest: 0, retryStrategy: () => null });
          const said = [await redis.set("a", "1"), await redis.get("a"), await redis.get("none")];
          said.push(await redis.pipeline().set("b", "é".repeat(5)).get("b").exec(), (await redis.getBuffer("b")).length, await redis.quit());
          return Response.json(said);
        } };"#;
    std::fs::write(&from, source).unwrap();
    let bundled = Command::new(modules.join(".bin/esbuild"))
        .arg(&from)
        .arg(format!("--outfile={}", to.display()))
        .args(["--bundle", "--format=esm", "--platform=node"])
        .args(["--external:node:*", "--log-level=error"])
        .arg("--banner:js=import { createRequire } from \"node:module\"; const require = createRequire(\"/\");")
        .env("NODE_PATH", &modules)
        .status()
        .unwrap();
    assert!(bundled.success());
    let daemon = daemon("[outbound]\nallow-private = true\n[limits]\ncpu-ms = 2000\n");
    push(&daemon, "redis", &std::fs::read_to_string(&to).unwrap());
    let answer = daemon.get(&format!("/redis/?at={}", redis()));
    let expect = r#"["OK","1",null,[[null,"OK"],[null,"ééééé"]],10,"OK"]"#;
    assert_eq!(answer.text(), expect);
}
