//! HTTP/2 at the edge, as curl sees it, and as it looks frame by frame.

use postern_e2e::api::script;
use postern_e2e::http2::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, Frame, HEADERS, Http2, RST_STREAM, asks, block,
    frame,
};
use postern_e2e::tls::Certificates;
use postern_e2e::{Daemon, Form, Setup, eventually};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::process::{Command, Output};

const WORKER: &str = "
    const parts = (into) => { const writer = into.getWriter(); writer.write(Uint8Array.from([110, 111, 116, 32]));
        writer.write(Uint8Array.from([114, 101, 97, 100])); writer.close(); };
    export default { async fetch(request, env, ctx) {
        const { pathname, searchParams } = new URL(request.url);
        if (pathname === '/told') return Response.json({ url: request.url, method: request.method,
            protocol: request.cf?.httpProtocol, headers: Object.fromEntries(request.headers),
            body: await request.text() });
        if (pathname === '/echo') return new Response(request.body);
        if (pathname === '/long') return new Response('x'.repeat(Number(searchParams.get('bytes'))));
        if (pathname === '/ignores') return new Response('not read');
        if (pathname === '/keeps') { ctx.waitUntil(scheduler.wait(300)); return new Response('not read'); }
        if (pathname === '/streams') { const { readable, writable } = new IdentityTransformStream();
            ctx.waitUntil(scheduler.wait(300)); parts(writable); return new Response(readable); }
        if (pathname === '/measures') { const { readable, writable } = new FixedLengthStream(8);
            ctx.waitUntil(scheduler.wait(300)); parts(writable); return new Response(readable); }
        if (pathname === '/hops') return new Response('hops', { headers: { connection: 'x-named', 'x-named': '1',
            'keep-alive': 'timeout=5', 'proxy-connection': 'close', upgrade: 'h2c', 'x-kept': '1' } });
        if (pathname === '/status') return new Response(null, { status: Number(searchParams.get('is')) });
        if (pathname === '/throws') throw new Error('a secret');
        if (pathname === '/cut') {
            let turn = 0;
            return new Response(new ReadableStream({ pull(controller) {
                if (turn++ === 0) controller.enqueue(new TextEncoder().encode('part'));
                else controller.error(new Error('no more'));
            } }));
        }
        if (pathname === '/waits') { await scheduler.wait(60000); return new Response('late'); }
        return new Response('hello');
    } };";

/// A daemon that speaks HTTPS as `one.test` and `127.0.0.1`.
pub fn setup(certificates: &Certificates, edge: &str, tls: &str) -> Setup {
    certificates.server("one", "DNS:one.test,IP:127.0.0.1");
    Setup::new()
        .edge(edge)
        .routing("modes = [\"hostname\"]\n[routing.hostnames]\n\"one.test\" = \"w\"\n")
        .tables(&format!(
            "[edge.tls]\nlisten = \"127.0.0.1:0\"\n{tls}\n[[edge.tls.certificates]]\nchain = {:?}\nkey = {:?}\n",
            certificates.path("one.pem"),
            certificates.path("one.key")
        ))
}

/// The same with a Worker.
pub fn daemon(certificates: &Certificates, edge: &str, tls: &str) -> Daemon {
    let daemon = setup(certificates, edge, tls).start();
    push(&daemon);
    daemon
}

fn push(daemon: &Daemon) {
    daemon.api().production();
    let metadata = json!({"main_module": "index.js", "compatibility_date": "2026-01-01"});
    let trusted = json!({"trusted_workers": true});
    let path = "/client/v4/accounts/x/workers/dispatch/namespaces/production";
    daemon.api().json("PUT", path, &trusted).ok();
    let form = Form::new().metadata(&metadata).part(
        "index.js",
        Some("index.js"),
        Some("application/javascript+module"),
        WORKER,
    );
    daemon.api().form("PUT", &script("w"), form).ok();
}

/// The port of HTTPS.
pub fn port(daemon: &Daemon) -> u16 {
    let text = std::fs::read(daemon.data_dir().join("run/listening.json")).unwrap();
    let told: Value = serde_json::from_slice(&text).unwrap();
    let address = told["edges_tls"][0].as_str().unwrap();
    address.rsplit(':').next().unwrap().parse().unwrap()
}

/// What curl gets for a path, which believes the root and asks for HTTP/2.
pub fn curl(daemon: &Daemon, certificates: &Certificates, path: &str, more: &[&str]) -> Output {
    let port = port(daemon);
    Command::new("curl")
        .args([
            "--silent",
            "--show-error",
            "--max-time",
            "60",
            "--http2",
            "--cacert",
        ])
        .arg(certificates.path("root.pem"))
        .args(["--resolve", &format!("one.test:{port}:127.0.0.1")])
        .args(more)
        .arg(format!("https://one.test:{port}{path}"))
        .output()
        .unwrap()
}

#[track_caller]
pub fn text(output: &Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn clients_choose_and_workers_see_the_same_request() {
    let certificates = Certificates::new();
    let daemon = daemon(&certificates, "", "");
    let told = |version: &str| -> Value {
        let fields = [
            "-H",
            "Cookie: a=1",
            "-H",
            "X-Own: 1",
            "--data",
            "body",
            version,
        ];
        let mut told: Value =
            serde_json::from_str(&text(&curl(&daemon, &certificates, "/told", &fields))).unwrap();
        // A name of each request's own.
        assert!(told["headers"]["cf-ray"].take().is_string());
        told
    };
    let (mut two, mut one) = (told("--http2"), told("--http1.1"));
    assert_eq!(two["protocol"].take(), "HTTP/2", "{two}");
    assert_eq!(one["protocol"].take(), "HTTP/1.1", "{one}");
    assert_eq!(two, one);
    assert_eq!(
        two["headers"]["host"],
        format!("one.test:{}", port(&daemon))
    );
    assert_eq!(two["headers"]["x-forwarded-proto"], "https");
    for (version, number) in [("--http2", "2"), ("--http1.1", "1.1")] {
        let write = [
            version,
            "--write-out",
            "%{http_version}",
            "--output",
            "/dev/null",
        ];
        assert_eq!(text(&curl(&daemon, &certificates, "/", &write)), number);
    }
}

#[test]
fn answers_are_the_same_but_for_the_connections_fields() {
    let certificates = Certificates::new();
    let daemon = daemon(&certificates, "", "");
    let head = |path: &str, more: &[&str]| -> Vec<String> {
        let arguments = [&["--dump-header", "-", "--output", "/dev/null"], more].concat();
        let head = text(&curl(&daemon, &certificates, path, &arguments));
        let lines = head.lines().map(|line| line.trim().to_ascii_lowercase());
        let own = |line: &String| {
            let names = ["date:", "cf-ray:", "connection:", "transfer-encoding:"];
            !line.is_empty() && !names.iter().any(|name| line.starts_with(name))
        };
        let mut lines: Vec<String> = lines.filter(own).collect();
        let status = lines[0].split(' ').nth(1).unwrap().to_owned();
        lines[0] = status;
        lines.sort();
        lines
    };
    let query = format!("/?{}", "q".repeat(20_000));
    for (path, more, status) in [
        ("/", &[][..], "200"),
        ("/", &["--head"], "200"),
        ("/long?bytes=100000", &["--head"], "200"),
        ("/long?bytes=100000", &[], "200"),
        ("/hops", &[], "200"),
        ("/status?is=204", &[], "204"),
        ("/status?is=205", &[], "205"),
        ("/status?is=304", &[], "304"),
        ("/throws", &[], "500"),
        ("/a/%2e%2e/told", &["--path-as-is"], "200"),
        ("/", &["--request", "TRACE"], "405"),
        ("/", &["-H", "expect: what"], "417"),
        ("/", &["-H", "host: elsewhere.test"], "404"),
        (&query, &[], "414"),
    ] {
        let with = |version| head(path, &[more, &[version]].concat());
        let (two, one) = (with("--http2"), with("--http1.1"));
        assert!(two.contains(&status.to_owned()), "{path}: {two:?}");
        // What a Worker tells of a body's length may be left to the frames.
        let same = |lines: &[String]| -> Vec<String> {
            let lines = lines
                .iter()
                .filter(|line| !line.starts_with("content-length"));
            lines.cloned().collect()
        };
        assert_eq!(same(&two), same(&one), "{path} {more:?}");
    }
}

#[test]
fn bodies_of_any_size_come_whole_both_ways() {
    let certificates = Certificates::new();
    let daemon = daemon(&certificates, "", "");
    for size in [0, 1, 16_384, 16_385, 65_535, 65_536, 3_000_000] {
        let body: Vec<u8> = (0..size)
            .map(|at: usize| (at * 7 + at / 251) as u8)
            .collect();
        let file = daemon.dir().join("body");
        std::fs::write(&file, &body).unwrap();
        let data = format!("@{}", file.display());
        let more = ["--data-binary", &data, "--header", "expect:"];
        let output = curl(&daemon, &certificates, "/echo", &more);
        text(&output);
        assert!(output.stdout == body, "{size}: {}", output.stdout.len());
    }
    let output = curl(&daemon, &certificates, "/long?bytes=1000000", &[]);
    assert_eq!(text(&output).len(), 1_000_000);
    // Slowly, with a window that fills.
    let slow = curl(
        &daemon,
        &certificates,
        "/long?bytes=600000",
        &["--limit-rate", "1M"],
    );
    assert_eq!(text(&slow).len(), 600_000);
    // A body that nobody reads is no obstacle to the answer, whoever still holds it.
    let file = daemon.dir().join("body");
    for size in [30_000, 300_000] {
        std::fs::write(&file, vec![b'x'; size]).unwrap();
        let file = format!("@{}", file.display());
        let told = ["--data-binary", &file, "--header", "expect:"];
        let untold = [&told[..], &["--header", "content-length:"]].concat();
        for more in [&told[..], &untold] {
            for path in ["/ignores", "/keeps", "/streams", "/measures"] {
                let unread = curl(&daemon, &certificates, path, more);
                assert_eq!(text(&unread), "not read", "{path} {size}");
            }
        }
    }
}

#[test]
fn a_body_beyond_the_limit_is_refused() {
    let certificates = Certificates::new();
    let bytes = "request-body-bytes = 1000\n";
    let tables = format!("[limits]\n{bytes}[ceilings]\n{bytes}");
    let daemon = setup(&certificates, "", "").tables(&tables).start();
    push(&daemon);
    let file = daemon.dir().join("body");
    std::fs::write(&file, vec![b'x'; 300_000]).unwrap();
    let data = format!("@{}", file.display());
    // Its length is told, and it is not.
    for more in [&[][..], &["--header", "content-length:"]] {
        let arguments = ["--data-binary", &data, "--write-out", " %{http_code}"];
        let arguments = [&arguments, more].concat();
        let answer = text(&curl(&daemon, &certificates, "/told", &arguments));
        assert!(answer.ends_with(" 413"), "{answer}");
    }
}

#[test]
fn one_connection_carries_several_requests_at_a_time() {
    let certificates = Certificates::new();
    let daemon = daemon(&certificates, "", "");
    let mut client = Http2::open(port(&daemon), &[]);
    // The first is answered last.
    client.ask(1, &asks("GET", "one.test", "/waits")).unwrap();
    for stream in [3, 5, 7] {
        client.ask(stream, &asks("GET", "one.test", "/")).unwrap();
    }
    for stream in [3, 5, 7] {
        assert_eq!(client.answer(stream), (200, b"hello".to_vec()));
    }
    // Taken back, and the connection goes on.
    client
        .write(&frame(RST_STREAM, 0, 1, &8_u32.to_be_bytes()))
        .unwrap();
    client.ask(9, &asks("GET", "one.test", "/")).unwrap();
    assert_eq!(client.answer(9).0, 200);
}

#[test]
fn hosts_and_targets_are_read_as_with_http_1() {
    let certificates = Certificates::new();
    let daemon = daemon(&certificates, "", "");
    let mut client = Http2::open(port(&daemon), &[]);
    let scheme = (":scheme", "https");
    let path = (":path", "/");
    let get = (":method", "GET");
    let cases: &[(&[(&str, &str)], u16)] = &[
        (&[get, scheme, (":authority", "ONE.test"), path], 200),
        (&[get, scheme, path, ("host", "one.test")], 200),
        (
            &[
                get,
                scheme,
                (":authority", "one.test"),
                path,
                ("host", "one.test"),
            ],
            200,
        ),
        (
            &[
                get,
                scheme,
                (":authority", "one.test"),
                path,
                ("host", "two.test"),
            ],
            400,
        ),
        (
            &[
                get,
                scheme,
                path,
                ("host", "one.test"),
                ("host", "one.test"),
            ],
            400,
        ),
        (&[get, scheme, path], 400),
        (&[get, scheme, (":authority", "u@one.test"), path], 400),
        (
            &[get, (":scheme", "ftp"), (":authority", "one.test"), path],
            400,
        ),
        (&[get, scheme, (":authority", "two.test"), path], 404),
        (
            &[
                (":method", "OPTIONS"),
                scheme,
                (":authority", "one.test"),
                (":path", "*"),
            ],
            204,
        ),
        (
            &[(":method", "CONNECT"), (":authority", "one.test:443")],
            405,
        ),
    ];
    for (at, (fields, status)) in cases.iter().enumerate() {
        let stream = 1 + 2 * u32::try_from(at).unwrap();
        client.ask(stream, fields).unwrap();
        assert_eq!(client.answer(stream).0, *status, "{fields:?}");
    }
    // What has no place in a request is reset, and the connection goes on.
    let wrong: &[&[(&str, &str)]] = &[
        &[("connection", "close")],
        &[("transfer-encoding", "chunked")],
        &[("upgrade", "websocket")],
        &[("te", "gzip")],
        &[(":status", "200")],
        &[(":protocol", "websocket")],
    ];
    for (at, fields) in wrong.iter().enumerate() {
        let stream = 101 + 2 * u32::try_from(at).unwrap();
        let fields = [&asks("GET", "one.test", "/")[..], fields].concat();
        client.ask(stream, &fields).unwrap();
        let came = client.until(|it| it.stream == stream);
        let error = came.last().unwrap().error();
        assert_eq!(error, Some(1), "{fields:?}: {came:?}");
    }
    client.ask(201, &asks("GET", "one.test", "/")).unwrap();
    assert_eq!(client.answer(201).0, 200);
}

#[test]
fn heads_beyond_the_limits_are_refused() {
    let certificates = Certificates::new();
    let daemon = daemon(&certificates, "", "");
    let names: Vec<String> = (0..120).map(|at| format!("x-{at}")).collect();
    let mut many = asks("GET", "one.test", "/");
    many.extend(names.iter().map(|name| (name.as_str(), "1")));
    let mut client = Http2::open(port(&daemon), &[]);
    client.ask(1, &many).unwrap();
    let (status, body) = client.answer(1);
    let told = "the request has 121 header fields, the limit is 100";
    assert_eq!((status, body), (431, told.into()));
    // A head of several frames, each as large as may be.
    let long = "y".repeat(140_000);
    let mut fields = asks("GET", "one.test", "/");
    fields.push(("x-long", &long));
    let head = block(&fields);
    let mut parts = head.chunks(16_384).peekable();
    let mut kind = HEADERS;
    while let Some(part) = parts.next() {
        let end = if parts.peek().is_none() {
            END_HEADERS
        } else {
            0
        };
        let first = if kind == HEADERS { END_STREAM } else { 0 };
        client.write(&frame(kind, end | first, 3, part)).unwrap();
        kind = CONTINUATION;
    }
    client.until(|it| {
        it.stream == 3 && it.kind == DATA && it.payload.starts_with(b"request headers have")
    });
    client.ask(5, &asks("GET", "one.test", "/")).unwrap();
    assert_eq!(client.answer(5).0, 200);
}

#[test]
fn cookies_in_crumbs_are_one_field() {
    let certificates = Certificates::new();
    let daemon = daemon(&certificates, "", "");
    let mut client = Http2::open(port(&daemon), &[]);
    let mut fields = asks("GET", "one.test", "/told");
    fields.extend([("cookie", "a=1"), ("cookie", "b=2"), ("te", "trailers")]);
    client.ask(1, &fields).unwrap();
    let (status, body) = client.answer(1);
    let told: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        (status, &told["headers"]["cookie"]),
        (200, &json!("a=1; b=2"))
    );
    assert_eq!(told["headers"]["te"], Value::Null);
}

#[test]
fn values_are_the_same_as_with_http_1() {
    let certificates = Certificates::new();
    let daemon = daemon(&certificates, "", "");
    let mut client = Http2::open(port(&daemon), &[]);
    let mut fields = asks("GET", "one.test", "/told");
    fields.extend([("x-blanks", " \ta b\t "), ("x-none", "  ")]);
    client.ask(1, &fields).unwrap();
    let (status, body) = client.answer(1);
    let told: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        (
            status,
            &told["headers"]["x-blanks"],
            &told["headers"]["x-none"]
        ),
        (200, &json!("a b"), &json!(""))
    );
    let mut fields = asks("GET", "one.test", "/told");
    fields.push(("content-length", ""));
    client.ask(3, &fields).unwrap();
    let (status, body) = client.answer(3);
    let told = "the content-length is empty; give a number of bytes, or leave it out";
    assert_eq!((status, body), (400, told.into()));
}

#[test]
fn a_head_in_parts_a_body_in_parts_and_trailers_are_understood() {
    let certificates = Certificates::new();
    let daemon = daemon(&certificates, "", "");
    let mut client = Http2::open(port(&daemon), &[]);
    let head = block(&asks("POST", "one.test", "/told"));
    let (first, second) = head.split_at(7);
    client.write(&frame(HEADERS, 0, 1, first)).unwrap();
    client
        .write(&frame(CONTINUATION, END_HEADERS, 1, second))
        .unwrap();
    for part in [&b"one "[..], b"", b"two"] {
        client.write(&frame(DATA, 0, 1, part)).unwrap();
    }
    let trailers = block(&[("x-late", "1")]);
    client
        .write(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &trailers))
        .unwrap();
    let (status, body) = client.answer(1);
    let told: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((status, &told["body"]), (200, &json!("one two")));
    assert_eq!(told["headers"]["x-late"], Value::Null);
}

#[test]
fn an_answer_that_breaks_off_is_reset_and_its_beginning_comes() {
    let certificates = Certificates::new();
    let daemon = daemon(&certificates, "", "");
    let mut client = Http2::open(port(&daemon), &[]);
    client.ask(1, &asks("GET", "one.test", "/cut")).unwrap();
    let came = client.until(|it| it.kind == RST_STREAM);
    let body: Vec<&Frame> = came.iter().filter(|it| it.kind == DATA).collect();
    assert_eq!(body.len(), 1, "{came:?}");
    assert_eq!((&body[0].payload[..], body[0].flags), (&b"part"[..], 0));
    client.ask(3, &asks("GET", "one.test", "/")).unwrap();
    assert_eq!(client.answer(3).0, 200);
}

#[test]
fn an_answer_may_come_before_the_body_ends() {
    let certificates = Certificates::new();
    let daemon = daemon(&certificates, "", "");
    let mut client = Http2::open(port(&daemon), &[]);
    let head = block(&asks("POST", "one.test", "/ignores"));
    client
        .write(&frame(HEADERS, END_HEADERS, 1, &head))
        .unwrap();
    client.write(&frame(DATA, 0, 1, b"before")).unwrap();
    assert_eq!(client.answer(1), (200, b"not read".to_vec()));
    // What follows is read and thrown away for a while, and then there is an end to it (RFC 9113 §8.1).
    client.write(&frame(DATA, 0, 1, b"after")).unwrap();
    let came = client.until(|it| it.kind == RST_STREAM);
    assert_eq!(came.last().unwrap().error(), Some(0), "{came:?}");
    client.ask(3, &asks("GET", "one.test", "/")).unwrap();
    assert_eq!(client.answer(3).0, 200);
}

#[test]
fn it_can_be_turned_off_and_on_again() {
    let certificates = Certificates::new();
    let mut daemon = daemon(&certificates, "", "http2 = false");
    let version = |daemon: &Daemon| {
        let write = ["--write-out", "%{http_version}", "--output", "/dev/null"];
        text(&curl(daemon, &certificates, "/", &write))
    };
    assert_eq!(version(&daemon), "1.1");
    daemon.reconfigure(setup(&certificates, "", "http2 = true"));
    daemon.signal(Signal::HUP);
    eventually("HTTP/2", || (version(&daemon) == "2").then_some(()));
    daemon.reconfigure(setup(&certificates, "", "http2-streams = 0"));
    let output = daemon.command().args(["config", "check"]).output().unwrap();
    let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(told.contains("`edge.tls.http2-streams` is 0"), "{told}");
}

#[test]
fn a_daemon_that_stops_says_so_and_answers_what_was_asked() {
    let certificates = Certificates::new();
    let mut daemon = daemon(&certificates, "", "");
    let mut client = Http2::open(port(&daemon), &[]);
    let head = block(&asks("POST", "one.test", "/echo"));
    client
        .write(&frame(HEADERS, END_HEADERS, 1, &head))
        .unwrap();
    client.write(&frame(DATA, 0, 1, b"before ")).unwrap();
    client.until(|it| it.kind == DATA);
    daemon.signal(Signal::TERM);
    client.until(|it| it.kind == postern_e2e::http2::GOAWAY);
    client.write(&frame(DATA, END_STREAM, 1, b"after")).unwrap();
    let rest = client.rest();
    let after = rest.iter().filter(|it| it.kind == DATA);
    let after: Vec<u8> = after.flat_map(|it| it.payload.clone()).collect();
    assert_eq!(after, b"after");
    drop(client);
    assert!(daemon.wait().success());
}
