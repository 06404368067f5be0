//! Workers that ask: other servers, other Workers.

use postern_e2e::api::script;
use postern_e2e::{Daemon, Form, Setup};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

const MODULE: &str = "application/javascript+module";

#[track_caller]
fn push(daemon: &Daemon, name: &str, source: &str, bindings: Value) {
    let metadata = json!({
        "main_module": "index.js", "compatibility_date": "2026-01-01", "bindings": bindings,
    });
    let form =
        Form::new()
            .metadata(&metadata)
            .part("index.js", Some("index.js"), Some(MODULE), source);
    daemon.api().form("PUT", &script(name), form).ok();
}

fn daemon(allow_private: bool) -> Daemon {
    let tables = format!("[outbound]\nallow-private = {allow_private}\n");
    let daemon = Setup::new().tables(&tables).start();
    daemon.api().production();
    daemon
}

/// A server on loopback that says what it was asked, or what its path asks for.
fn origin() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || serve(stream));
        }
    });
    address
}

fn serve(stream: TcpStream) -> Option<()> {
    let mut write = stream.try_clone().ok()?;
    let mut read = BufReader::new(stream);
    loop {
        let mut line = String::new();
        read.read_line(&mut line).ok().filter(|len| *len > 0)?;
        let mut fields = Vec::new();
        loop {
            let mut field = String::new();
            read.read_line(&mut field).ok()?;
            if field.trim().is_empty() {
                break;
            }
            fields.push(field.trim().to_ascii_lowercase());
        }
        fields.sort();
        let length = fields
            .iter()
            .find_map(|it| it.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap_or(0))];
        read.read_exact(&mut body).ok()?;
        let path = line.split(' ').nth(1)?.to_owned();
        let answer = match path.as_str() {
            "/redirect" => "HTTP/1.1 302 Found\r\nlocation: /end?x\r\ncontent-length: 0\r\n\r\n".to_owned(),
            "/accented" => "HTTP/1.1 302 Found\r\nlocation: /caf\u{e9}?\u{e9}\r\ncontent-length: 0\r\n\r\n".to_owned(),
            "/away" => format!("HTTP/1.1 302 Found\r\nlocation: http://localhost:{}/end\r\ncontent-length: 0\r\n\r\n", write.local_addr().ok()?.port()),
            "/loop" => "HTTP/1.1 302 Found\r\nlocation: /loop\r\ncontent-length: 0\r\n\r\n".to_owned(),
            "/split" => "HTTP/1.1 200 OK\r\nx-a: 1\r\nset-cookie: a=1\r\nset-cookie: b=2\r\nconnection: x-hop\r\nx-hop: 1\r\ncontent-length: 0\r\n\r\n".to_owned(),
            "/large" => {
                let head = "HTTP/1.1 200 OK\r\ncontent-length: 3000000\r\n\r\n";
                format!("{head}{}", "x".repeat(3_000_000))
            }
            "/broken" => {
                write.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc").ok()?;
                return None;
            }
            _ => {
                let text = format!("{} {} {}", line.trim(), fields.join("; "), String::from_utf8_lossy(&body));
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}", text.len())
            }
        };
        write.write_all(answer.as_bytes()).ok()?;
    }
}

const ASKING: &str = "
    const say = (error) => `${error.constructor.name}: ${error.message}`;
    export default {
        async fetch(request, env) {
            const url = new URL(request.url);
            const [, kind, path] = url.pathname.split('/');
            const target = `http://${env.ORIGIN}/${path ?? ''}`;
            try {
                switch (kind) {
                    case 'get': return new Response(await (await fetch(target)).text());
                    case 'post': return new Response(await (await fetch(target, { method: 'POST', body: 'hello' })).text());
                    case 'pass': return fetch(target);
                    case 'names': {
                        const headers = { '': 'a', 'caf\u{e9}': 'b', 'x-c': 'c' };
                        return new Response(await (await fetch(target, { headers })).text(), { headers });
                    }
                    case 'key': return new Response(await (await fetch(target, { headers: { authorization: 'secret', 'x-a': '1' } })).text());
                    case 'size': return new Response(String((await (await fetch(target)).arrayBuffer()).byteLength));
                    case 'facts': {
                        const answer = await fetch(target);
                        return Response.json([answer.status, answer.url.replace(env.ORIGIN, 'O'), answer.redirected, [...answer.headers], await answer.text()]);
                    }
                    case 'many': {
                        let count = 0;
                        for (;; count++) await fetch(target).catch((error) => { throw new Error(count + ' ' + error.message); });
                    }
                }
            } catch (error) {
                return new Response(say(error));
            }
        },
    };
";

#[track_caller]
fn says(daemon: &Daemon, target: &str, expect: &str) {
    let text = daemon.get(target).expect(200).text().to_owned();
    assert!(text.starts_with(expect), "{target}: {text:.300}");
}

#[test]
fn a_worker_asks_another_server() {
    let daemon = daemon(true);
    let origin = origin();
    let bindings = json!([{"type": "plain_text", "name": "ORIGIN", "text": origin.to_string()}]);
    push(&daemon, "ask", ASKING, bindings);
    says(
        &daemon,
        "/ask/get/a?b",
        &format!("GET /a HTTP/1.1 cf-ew-via: 1; host: {origin} "),
    );
    says(
        &daemon,
        "/ask/post/a",
        &format!(
            "POST /a HTTP/1.1 cf-ew-via: 1; content-length: 5; content-type: text/plain;charset=utf-8; host: {origin} hello"
        ),
    );
    says(
        &daemon,
        "/ask/pass/a",
        &format!("GET /a HTTP/1.1 cf-ew-via: 1; host: {origin}"),
    );
    says(&daemon, "/ask/size/large", "3000000");
    assert_eq!(
        daemon.get("/ask/pass/large").expect(200).text().len(),
        3_000_000
    );
    says(
        &daemon,
        "/ask/facts/redirect",
        "[200,\"http://O/end?x\",true,",
    );
    says(
        &daemon,
        "/ask/facts/accented",
        "[200,\"http://O/caf%C3%A9?%C3%A9\",true,",
    );
    // Who asks is told to the server that was asked, and not to another that it names.
    let asked = |path: &str, host: &str, key: &str| {
        says(
            &daemon,
            &format!("/ask/key/{path}"),
            &format!("GET /end{key}cf-ew-via: 1; host: {host}; x-a: 1 "),
        );
    };
    let known = " HTTP/1.1 authorization: secret; ";
    asked("redirect", &origin.to_string(), &format!("?x{known}"));
    asked("end", &origin.to_string(), known);
    asked(
        "away",
        &format!("localhost:{}", origin.port()),
        " HTTP/1.1 ",
    );
    // What `Headers` takes and HTTP does not have is left out, here and there.
    let named = daemon.get("/ask/names/a").expect(200);
    assert_eq!(
        named.text(),
        format!("GET /a HTTP/1.1 cf-ew-via: 1; host: {origin}; x-c: c ")
    );
    assert_eq!(named.header("x-c"), Some("c"));
    says(
        &daemon,
        "/ask/get/loop",
        "TypeError: Too many redirects.http://",
    );
    says(
        &daemon,
        "/ask/facts/split",
        "[200,\"http://O/split\",false,[[\"content-length\",\"0\"],[\"set-cookie\",\"a=1\"],[\"set-cookie\",\"b=2\"],[\"x-a\",\"1\"]",
    );
    says(
        &daemon,
        "/ask/get/broken",
        "Error: Network connection lost.",
    );
    says(&daemon, "/ask/many/a", "Error: 50 Too many subrequests.");
}

#[test]
fn what_is_near_the_device_may_not_be_asked_unless_the_operator_says_so() {
    let daemon = daemon(false);
    let origin = origin();
    let bindings = json!([{"type": "plain_text", "name": "ORIGIN", "text": origin.to_string()}]);
    push(&daemon, "ask", ASKING, bindings);
    let refused = "Error: proxy request failed, cannot connect to the specified address";
    says(&daemon, "/ask/get/a", refused);
    for address in [
        "localhost:1",
        "[::1]:1",
        "0.0.0.0",
        "169.254.169.254",
        "10.0.0.1",
        "[::ffff:127.0.0.1]",
    ] {
        let bindings = json!([{"type": "plain_text", "name": "ORIGIN", "text": address}]);
        push(&daemon, "ask", ASKING, bindings);
        says(&daemon, "/ask/get/a", refused);
    }
}

const CALLER: &str = "
    export default {
        async fetch(request, env) {
            try {
                const { pathname } = new URL(request.url);
                if (pathname === '/self') return await env.SELF.fetch(request.url);
                if (pathname === '/none') return await env.NONE.fetch('http://x/');
                const answer = await env.OTHER.fetch('http://other.example' + pathname, { method: 'POST', body: 'hello' });
                return new Response(`${answer.status} ${answer.headers.get('x-other')} ${await answer.text()}`);
            } catch (error) {
                return new Response(`${error.constructor.name}: ${error.message}`);
            }
        },
    };
";

const CALLED: &str = "
    export default {
        async fetch(request) {
            if (request.url.endsWith('/throw')) throw new RangeError('boo');
            return new Response(`${request.method} ${request.url} ${await request.text()}`, { status: 201, headers: { 'x-other': '1' } });
        },
    };
";

#[test]
fn a_worker_calls_another() {
    let daemon = daemon(false);
    let service = |name: &str, service: &str| json!({"type": "service", "name": name, "service": service, "environment": "production"});
    let bindings = json!([
        service("OTHER", "other"),
        service("SELF", "caller"),
        service("NONE", "none")
    ]);
    for name in ["other", "none"] {
        push(&daemon, name, CALLED, json!([]));
    }
    push(&daemon, "caller", CALLER, bindings);
    // It is looked for when it is called, so it may go and come again.
    for name in ["other", "none"] {
        daemon.api().delete(&script(name)).ok();
    }
    says(&daemon, "/caller/a", "Error: Worker not found.");
    push(&daemon, "other", CALLED, json!([]));
    says(
        &daemon,
        "/caller/a",
        "201 1 POST http://other.example/a hello",
    );
    says(&daemon, "/caller/throw", "RangeError: boo");
    says(&daemon, "/caller/none", "Error: Worker not found.");
    says(
        &daemon,
        "/caller/self",
        "Error: Subrequest depth limit exceeded.",
    );
    let settings = daemon
        .api()
        .get(&format!("{}/bindings", script("caller")))
        .ok();
    assert_eq!(
        settings[0],
        json!({"name": "OTHER", "type": "service", "service": "other", "environment": "production"})
    );
}

#[test]
fn calls_are_counted_by_key() {
    let daemon = daemon(false);
    let source = "export default { async fetch(request, env) {
        const key = new URL(request.url).pathname;
        const told = [];
        for (let at = 0; at < 4; at++) told.push((await env.LIMIT.limit({ key })).success);
        return Response.json(told);
    } };";
    let limit = |namespace: &str| json!([{"type": "ratelimit", "name": "LIMIT", "namespace_id": namespace, "simple": {"limit": 3, "period": 60}}]);
    push(&daemon, "limited", source, limit("1"));
    // A window may end between two calls, but not between more than two.
    let counts = |name: &str, path: &str| {
        let told = daemon.get(&format!("/{name}/{path}")).expect(200).json();
        let told = told.as_array().cloned().unwrap_or_default();
        told.iter().filter(|one| **one == json!(true)).count()
    };
    assert!(counts("limited", "a") >= 3);
    assert!((0..3).any(|_| counts("limited", "a") == 0));
    assert!(counts("limited", "b") >= 3);
    push(&daemon, "other", source, limit("2"));
    assert!(counts("other", "a") >= 3);
}
