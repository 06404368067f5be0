//! Raw requests and what a client would see.
#![allow(clippy::unwrap_used)]

use super::*;

/// Sends `raw`, closes the sending side, and expects answers with these statuses, and these
/// pieces of text (with `!` in front: their absence).
#[track_caller]
pub fn check(server: &Server, raw: &str, statuses: &[u16], pieces: &[&str]) {
    let got = server.exchange(raw.as_bytes(), true);
    let seen: Vec<u16> = got
        .match_indices("HTTP/1.")
        .filter_map(|(at, _)| got[at + 9..].get(..3)?.parse().ok())
        .collect();
    let shown: String = raw.chars().take(300).collect();
    assert_eq!(seen, statuses, "{shown:?} gave {got:?}");
    for piece in pieces {
        match piece.strip_prefix('!') {
            Some(absent) => assert!(!got.contains(absent), "{absent:?} in {got:?} for {shown:?}"),
            None => assert!(got.contains(piece), "no {piece:?} in {got:?} for {shown:?}"),
        }
    }
}

/// A request to a behaviour, with more header lines and a body.
pub fn request(line: &str, script: &str, lines: &[&str], body: &str) -> String {
    let mut raw = format!("{line}\r\nHost: {script}.w.example\r\n");
    for line in lines {
        raw.push_str(line);
        raw.push_str("\r\n");
    }
    raw + "\r\n" + body
}

#[test]
fn ordinary_requests() {
    let s = &Server::start(EdgeOptions::default());
    let hello = get("hello", "/");
    check(
        s,
        &hello,
        &[200],
        &[
            "content-length: 5\r\n",
            "\r\n\r\nhello",
            "cf-ray: ",
            "date: ",
        ],
    );
    check(s, &hello.repeat(3), &[200, 200, 200], &[]);
    check(s, &format!("\r\n\r\n{hello}"), &[200], &[]);
    check(s, &hello.replace("\r\n", "\n"), &[200], &[]);
    check(s, &get("empty", "/"), &[200], &["content-length: 0\r\n"]);
    let stream = get("stream", "/");
    check(
        s,
        &stream,
        &[200],
        &[
            "transfer-encoding: chunked\r\n",
            "4\r\none \r\n",
            "5\r\nthree\r\n0\r\n\r\n",
        ],
    );
    check(s, &stream.repeat(2), &[200, 200], &[]);
    let old = request("GET / HTTP/1.0", "hello", &[], "");
    check(s, &old.repeat(2), &[200], &["HTTP/1.0 200 OK", "hello"]);
    let old = request("GET / HTTP/1.0", "hello", &["Connection: keep-alive"], "");
    check(s, &old.repeat(2), &[200, 200], &["connection: keep-alive"]);
    let close = request("GET / HTTP/1.1", "hello", &["Connection: close"], "");
    check(s, &close.repeat(2), &[200], &["connection: close"]);
    check(
        s,
        &get("echo", "/a%2Fb//c?d=e&f"),
        &[200],
        &["GET http://echo.w.example/a%2Fb//c?d=e&f\n"],
    );
    check(
        s,
        &get("echo", "/a?b#c"),
        &[200],
        &["GET http://echo.w.example/a?b\n"],
    );
    check(
        s,
        &request("PATCH /x HTTP/1.1", "echo", &[], ""),
        &[200],
        &["PATCH http", "len=none"],
    );
    check(
        s,
        &request("PURGE /x HTTP/1.1", "echo", &[], ""),
        &[200],
        &["PURGE http"],
    );
    check(
        s,
        &request("OPTIONS /x HTTP/1.1", "echo", &[], ""),
        &[200],
        &["OPTIONS http"],
    );
    let hop = request(
        "GET / HTTP/1.1",
        "echo",
        &["Upgrade: h2c", "Connection: upgrade"],
        "",
    );
    check(s, &hop, &[200], &["!upgrade=", "!connection="]);
    // A Worker decides on a WebSocket, so it sees that one is asked for.
    let socket = hop.replace("h2c", "WebSocket");
    check(
        s,
        &socket,
        &[200],
        &["upgrade=websocket\n", "connection=Upgrade\n"],
    );
}

#[test]
fn answers_to_head_have_no_body() {
    let s = &Server::start(EdgeOptions::default());
    let head = |script| request("HEAD / HTTP/1.1", script, &[], "");
    check(
        s,
        &head("hello"),
        &[200],
        &["content-length: 5\r\n", "!hello"],
    );
    check(s, &(head("hello") + &get("empty", "/")), &[200, 200], &[]);
    check(s, &head("stream"), &[200], &["!one"]);
    check(
        s,
        &request("HEAD /5 HTTP/1.1", "claims", &[], ""),
        &[200],
        &["content-length: 5\r\n", "!xyz"],
    );
    // What the Worker says goes before what it gives all the same.
    check(
        s,
        &request("HEAD / HTTP/1.1", "claims-whole", &[], ""),
        &[200],
        &["content-length: 7\r\n"],
    );
    check(
        s,
        &request("HEAD /exception HTTP/1.1", "fail", &[], ""),
        &[500],
        &["!1101"],
    );
    check(
        s,
        &request("HEAD / HTTP/1.1", "no-one", &[], ""),
        &[404],
        &["!Worker not"],
    );
}

#[test]
fn request_bodies() {
    let s = &Server::start(EdgeOptions::default());
    let post = |lines: &[&str], body: &str| request("POST / HTTP/1.1", "echo", lines, body);
    check(
        s,
        &post(&["Content-Length: 5"], "12345"),
        &[200],
        &["len=Some(5)\nbody=12345", "content-length=5"],
    );
    check(
        s,
        &post(&["Content-Length: 0"], ""),
        &[200],
        &["len=none\nbody="],
    );
    check(s, &post(&[], ""), &[200], &["len=none"]);
    let chunked = &["Transfer-Encoding: chunked"];
    check(
        s,
        &post(chunked, "2\r\nab\r\n3;x=y\r\ncde\r\n0\r\n\r\n"),
        &[200],
        &["len=None\nbody=abcde", "!transfer-encoding="],
    );
    check(
        s,
        &post(chunked, "2\r\nab\r\n0\r\nX-Trailer: evil\r\n\r\n"),
        &[200],
        &["body=ab", "!evil"],
    );
    check(s, &post(chunked, "0\r\n\r\n"), &[200], &["len=None\nbody="]);
    check(
        s,
        &post(&["Transfer-Encoding: Chunked"], "1\r\na\r\n0\r\n\r\n"),
        &[200],
        &["body=a"],
    );
    let both = post(chunked, "1\r\na\r\n0\r\n\r\n").repeat(2);
    check(s, &both, &[200, 200], &[]);
    let expect = &["Content-Length: 2", "Expect: 100-continue"];
    check(
        s,
        &post(expect, "ab"),
        &[100, 200],
        &["HTTP/1.1 100 Continue\r\n\r\n", "body=ab", "!expect="],
    );
    // Nobody asked for the body, so nobody asked to go on either.
    check(
        s,
        &request("POST / HTTP/1.1", "hello", expect, ""),
        &[200],
        &["!100 Continue"],
    );
    check(
        s,
        &post(&["Content-Length: 5"], "12"),
        &[400],
        &["the request body broke off"],
    );
    check(
        s,
        &post(chunked, "5\r\nab"),
        &[400],
        &["the request body broke off"],
    );
    check(
        s,
        &post(chunked, "zz\r\nab\r\n0\r\n\r\n"),
        &[400],
        &["the request body broke off"],
    );
    check(
        s,
        &post(chunked, "2\r\nabX\r\n0\r\n\r\n"),
        &[400],
        &["the request body broke off"],
    );
    check(
        s,
        &post(chunked, "fffffffffffffffff\r\nab"),
        &[400],
        &["broke off"],
    );
    let lenient = request("POST / HTTP/1.1", "lenient", &["Content-Length: 5"], "12");
    check(s, &lenient, &[200], &["no matter"]);
    let unread = request("POST / HTTP/1.1", "hello", &["Content-Length: 5"], "12345");
    check(s, &(unread + &get("hello", "/")), &[200, 200], &[]);
}

#[test]
fn nobody_smuggles() {
    let s = &Server::start(EdgeOptions::default());
    let inner = get("hello", "/smuggled");
    let post = |lines: &[&str], body: &str| request("POST / HTTP/1.1", "echo", lines, body);
    // The chunks count, and the connection ends: what follows is not a request.
    for lines in [
        ["Content-Length: 4", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 4"],
    ] {
        let raw = post(&lines, &format!("0\r\n\r\n{inner}"));
        check(s, &raw, &[200], &["body=", "!hello", "!content-length=4"]);
    }
    for (lines, status) in [
        (&["Content-Length: 5", "Content-Length: 6"][..], 400),
        (&["Content-Length: 5, 5"], 400),
        (&["Content-Length: 5, 6"], 400),
        (&["Content-Length: +5"], 400),
        (&["Content-Length: -1"], 400),
        (&["Content-Length: 0x5"], 400),
        (&["Content-Length: 5 5"], 400),
        (&["Content-Length:"], 400),
        (&["Content-Length: 99999999999999999999"], 400),
        (&["Content-Length : 5"], 400),
        (&["Transfer-Encoding: gzip"], 400),
        (&["Transfer-Encoding: chunked, gzip"], 400),
        (&["Transfer-Encoding: xchunked"], 400),
        (&["Transfer-Encoding: gzip, chunked"], 501),
        (
            &["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
            501,
        ),
        (&["Transfer-Encoding : chunked"], 400),
        (&["Transfer-Encoding:\u{b}chunked"], 400),
        (&[" Transfer-Encoding: chunked"], 400),
        (&["X: y\r\n z"], 400),
        (&["X: a\0b"], 400),
        (&["X y: a"], 400),
        (&[": a"], 400),
        (&["no colon"], 400),
    ] {
        check(
            s,
            &post(lines, &format!("12345{inner}")),
            &[status],
            &["!hello"],
        );
    }
    let old = request(
        "POST / HTTP/1.0",
        "echo",
        &["Transfer-Encoding: chunked"],
        "0\r\n\r\n",
    );
    check(s, &(old + &inner), &[400], &["!hello"]);
    // The same length twice is one length.
    check(
        s,
        &post(&["Content-Length: 2", "Content-Length: 2"], "ab"),
        &[200],
        &["body=ab"],
    );
}

#[test]
fn request_lines_and_hosts() {
    let s = &Server::start(EdgeOptions::default());
    let line = |line: &str| request(line, "echo", &[], "");
    let bad_target = &["the request target is neither"];
    check(s, &line("GET nowhere HTTP/1.1"), &[400], bad_target);
    check(s, &line("GET ?x HTTP/1.1"), &[400], &[]);
    check(s, &line("GET * HTTP/1.1"), &[400], bad_target);
    check(
        s,
        &line("OPTIONS * HTTP/1.1"),
        &[204],
        &["allow: GET", "!content-length"],
    );
    check(
        s,
        &line("CONNECT echo.w.example:80 HTTP/1.1"),
        &[405],
        &["allow: GET"],
    );
    check(s, &line("TRACE / HTTP/1.1"), &[405], &["connection: close"]);
    check(s, &line("GET / HTTP/1.2"), &[400], &[]);
    check(s, &line("GET / HTTP/2.0"), &[400], &[]);
    check(s, &line("GET /"), &[400], &[]);
    check(s, &line("GET"), &[400], &[]);
    check(s, &line("G@T / HTTP/1.1"), &[400], &[]);
    check(s, &line("GET /\u{1}x HTTP/1.1"), &[400], &[]);
    check(
        s,
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\u{3}",
        &[400],
        &[],
    );
    check(s, "GET / HT", &[400], &["the request head broke off"]);
    check(
        s,
        "GET / HTTP/1.1\r\nHost: echo",
        &[400],
        &["the request head broke off"],
    );
    check(s, "", &[], &[]);
    check(s, "\r\n", &[], &[]);

    let absolute = line("GET http://hello.w.example/x HTTP/1.1");
    check(s, &absolute, &[200], &["\r\n\r\nhello"]);
    let absolute = request("GET http://echo.w.example:81?x HTTP/1.1", "hello", &[], "");
    check(
        s,
        &absolute,
        &[200],
        &[
            "GET http://echo.w.example:81/?x\n",
            "host=echo.w.example:81\n",
            "!host=hello",
        ],
    );
    check(
        s,
        &line("GET https://echo.w.example/x HTTP/1.1"),
        &[200],
        &["GET http://echo.w.example/x\n"],
    );
    check(
        s,
        &line("GET ftp://echo.w.example/ HTTP/1.1"),
        &[400],
        bad_target,
    );
    check(
        s,
        &line("GET http://u:p@echo.w.example/ HTTP/1.1"),
        &[400],
        &["bad Host"],
    );

    let host = |host: &str| format!("GET / HTTP/1.1\r\n{host}\r\n\r\n");
    check(s, &host("X: y"), &[400], &["no Host header"]);
    check(
        s,
        &host("X: y").replace("1.1", "1.0"),
        &[400],
        &["no Host header"],
    );
    check(
        s,
        &host("Host: hello.w.example\r\nHost: hello.w.example"),
        &[400],
        &["more than one Host"],
    );
    check(s, &host("Host:"), &[400], &["bad Host"]);
    check(
        s,
        &host("Host: hello.w.example, other"),
        &[400],
        &["bad Host"],
    );
    check(s, &host("Host: hello w.example"), &[400], &["bad Host"]);
    check(s, &host("Host: hello.w.example:x"), &[400], &["bad Host"]);
    check(s, &host("Host: hello.w.example/../"), &[400], &["bad Host"]);
    check(s, &host("Host: HELLO.W.Example.:8080"), &[200], &["hello"]);
    check(
        s,
        &host("Host: [::1]:8080"),
        &[404],
        &["Hostname not configured"],
    );
    check(
        s,
        &host("Host: nobody.example"),
        &[404],
        &["Hostname not configured", "text/plain"],
    );
    check(
        s,
        &host("Host: no-one.w.example"),
        &[404],
        &["Worker not found", "cf-ray: "],
    );
    check(
        s,
        &host("Host: no-one.w.example").repeat(2),
        &[404, 404],
        &[],
    );
}

#[test]
fn header_fields_for_workers() {
    let s = &Server::start(EdgeOptions::default());
    let lines = [
        "CF-Connecting-IP: 6.6.6.6",
        "CF-Ray: forged",
        "cf-access-jwt: forged",
        "X-Forwarded-For: 6.6.6.6",
        "X-Forwarded-Proto: https",
        "X-Real-IP: 6.6.6.6",
        "True-Client-IP: 6.6.6.6",
        "Connection: x-hop",
        "X-Hop: dropped",
        "Keep-Alive: 5",
        "Proxy-Authorization: dropped",
        "TE: trailers",
        "Accept: */*",
        "Cookie: a=1",
        "X-Twice: 1",
        "X-Twice: 2",
        "X-Latin: \u{e4}",
    ];
    let raw = request("GET / HTTP/1.1", "echo", &lines, "");
    let pieces = [
        "cf-connecting-ip=127.0.0.1\n",
        "x-real-ip=127.0.0.1\n",
        "x-forwarded-for=127.0.0.1\n",
        "x-forwarded-proto=http\n",
        "accept=*/*\n",
        "cookie=a=1\n",
        "x-twice=1\n",
        "x-twice=2\n",
        "x-latin=\u{e4}\n",
        "!6.6.6.6",
        "!forged",
        "!dropped",
        "!keep-alive=",
        "!te=trailers",
    ];
    check(s, &raw, &[200], &pieces);
    let answer = s.exchange(get("echo", "/").as_bytes(), true);
    let ray = |prefix: &str| {
        let at = answer.find(prefix).unwrap() + prefix.len();
        answer[at..at + 16].to_owned()
    };
    assert_eq!(ray("cf-ray: "), ray("cf-ray="), "{answer}");
}

#[test]
fn sizes_are_bounded() {
    let s = &Server::start(EdgeOptions {
        request_body_bytes_max: 10,
        ..EdgeOptions::default()
    });
    let url_max = s.edge.options.url_bytes_max;
    let header_max = s.edge.options.header_bytes_max;
    let path = |len: usize| format!("/{}", "x".repeat(len));
    // The limit is for the whole URL: http://hello.w.example is 22 bytes.
    check(s, &get("hello", &path(url_max - 23)), &[200], &[]);
    check(
        s,
        &get("hello", &path(url_max - 22)),
        &[414],
        &["the limit is 16384"],
    );
    check(s, &get("hello", &path(4 * url_max)), &[414], &[]);
    let header = |len: usize| {
        let line = format!("X: {}", "y".repeat(len));
        request("GET / HTTP/1.1", "hello", &[&line], "")
    };
    let used = "host".len() + "hello.w.example".len() + "x".len();
    check(s, &header(header_max - used), &[200], &[]);
    check(
        s,
        &header(header_max - used + 1),
        &[431],
        &["the limit is 131072"],
    );
    check(s, &header(2 * header_max), &[431], &[]);
    let many = |count: usize| {
        let lines: Vec<String> = (0..count).map(|i| format!("X-{i}: y")).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        request("GET / HTTP/1.1", "hello", &lines, "")
    };
    check(s, &many(99), &[200], &[]);
    check(s, &many(100), &[431], &[]);

    let post = |lines: &[&str], body: &str| request("POST / HTTP/1.1", "length", lines, body);
    check(
        s,
        &post(&["Content-Length: 10"], "1234567890"),
        &[200],
        &["\r\n\r\n10"],
    );
    check(
        s,
        &post(&["Content-Length: 11"], "12345678901"),
        &[413],
        &["limit of 10 bytes", "connection: close"],
    );
    check(
        s,
        &post(&["Content-Length: 11", "Expect: 100-continue"], ""),
        &[413],
        &["!100 Continue"],
    );
    let chunked = &["Transfer-Encoding: chunked"];
    check(
        s,
        &post(chunked, "a\r\n1234567890\r\n0\r\n\r\n"),
        &[200],
        &["\r\n\r\n10"],
    );
    check(
        s,
        &post(chunked, "a\r\n1234567890\r\n1\r\nx\r\n0\r\n\r\n"),
        &[413],
        &["limit of 10 bytes"],
    );
    check(
        s,
        &request("POST / HTTP/1.1", "hello", &["Expect: cake"], ""),
        &[417],
        &[],
    );
}

#[test]
fn a_path_can_name_the_worker() {
    for keep in [false, true] {
        let mut router = zone_router();
        router.push_path("n", keep).unwrap();
        let s = &Server::with_router(EdgeOptions::default(), router);
        let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: any.example\r\n\r\n");
        let url = if keep { "/echo/a?b" } else { "/a?b" };
        check(
            s,
            &get("/echo/a?b"),
            &[200],
            &[&format!("GET http://any.example{url}\n")],
        );
        let url = if keep { "/echo?b" } else { "/?b" };
        check(
            s,
            &get("/echo?b"),
            &[200],
            &[&format!("GET http://any.example{url}\n")],
        );
        let location = "location: /redirect/a/\r\n";
        check(s, &get("/redirect/a/"), &[302], &[location]);
        check(s, &get("/"), &[400], &["Invalid path"]);
        check(s, &get("//echo"), &[400], &["Invalid path"]);
        check(s, &get("/no-one/"), &[404], &["Worker not found"]);
    }
}

/// A `postern-limit` on whatever a Worker answers is not its own.
#[test]
fn limits_are_told_by_the_edge_alone() {
    let s = &Server::start(EdgeOptions {
        url_bytes_max: 100,
        ..EdgeOptions::default()
    });
    let told = |kind: &str, status, limit| {
        let raw = get("fail", &format!("/{kind}"));
        check(s, &raw, &[status], &[limit, "cf-ray: "]);
    };
    let cpu = "postern-limit: cpu-ms; value=50; used=51\r\n";
    told("cpu", 503, cpu);
    let wall = "postern-limit: wall-ms; value=30; used=30\r\n";
    told("wall", 504, wall);
    told("exception", 500, "!postern-limit");
    check(s, &get("forges", "/"), &[200], &["!postern-limit"]);
    let long = format!("/{}", "x".repeat(100));
    let limit = "postern-limit: edge.url-bytes; value=100; used=";
    check(s, &get("hello", &long), &[414], &[limit, "cf-ray: "]);
    // What was refused has been noted, by the names that clients were told.
    let got = s.exchange(get("no-such", "/").as_bytes(), true);
    let ray = got.split("cf-ray: ").nth(1).unwrap();
    let noted = s.seen.noted.lock();
    let texts: Vec<&str> = noted.iter().map(|it| it.1.as_str()).collect();
    assert_eq!(
        texts,
        [
            "503 run cpu-ms ",
            "504 run wall-ms ",
            "500 run  ",
            &format!("414 head edge.url-bytes hello.w.example{long}"),
            "404 routing  no-such.w.example/",
        ]
    );
    assert_eq!(noted[4].0.to_string(), ray[..16]);
}
