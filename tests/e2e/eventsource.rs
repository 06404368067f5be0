//! EventSource in Workers: events of a server and of another Worker, and connecting anew.

use postern_e2e::api::script;
use postern_e2e::{Daemon, Form, Setup};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};

/// Says what it hears of `UP`, or of the Worker `EVENTS`, until an event is of the type that ends it.
const LISTENER: &str = "
    export default {
        async fetch(request, env) {
            const { pathname } = new URL(request.url);
            const [, how, ...rest] = pathname.split('/');
            const url = (how === 'server' ? env.UP : 'http://events') + '/' + rest.join('/');
            const source = new EventSource(url, how === 'server' ? undefined : { fetcher: env.EVENTS });
            const heard = [];
            const { promise, resolve } = Promise.withResolvers();
            source.onopen = () => heard.push('open ' + source.readyState);
            source.onmessage = ({ data, lastEventId }) => heard.push(`message ${data} ${lastEventId}`);
            source.addEventListener('end', ({ data }) => { heard.push('end ' + data); resolve(); });
            source.onerror = ({ error }) => {
                heard.push(`error ${error.name}: ${error.message} ${source.readyState}`);
                if (source.readyState === EventSource.CLOSED) resolve();
            };
            await promise;
            source.close();
            return new Response(heard.join('|'));
        },
    };
";

/// A Worker whose answers are events.
const EVENTS: &str = "
    export default {
        fetch(request) {
            const last = request.headers.get('last-event-id');
            const body = last === null ? 'retry: 1000\\nid: 1\\ndata: one\\n\\n' : `event: end\\ndata: after ${last}\\n\\n`;
            return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
        },
    };
";

fn push(daemon: &Daemon, name: &str, source: &str, bindings: Value) {
    let metadata = json!({
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

/// A server that answers as the path says.
fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let head: Vec<String> = lines
                .by_ref()
                .map_while(Result::ok)
                .take_while(|line| !line.is_empty())
                .collect();
            let path = head.first().and_then(|line| line.split(' ').nth(1));
            let field = |name: &str| {
                let found = head.iter().find_map(|line| line.strip_prefix(name));
                found.map(str::to_owned)
            };
            let events = "Content-Type: text/event-stream\r\n";
            let (status, fields, body) = match (path.unwrap_or_default(), field("last-event-id: "))
            {
                ("/again", None) => (
                    "200 OK",
                    events,
                    "retry: 1000\nid: 7\ndata: first\ndata: line\n\n".to_owned(),
                ),
                ("/again", Some(last)) => {
                    let accept = field("accept: ").unwrap_or_default();
                    (
                        "200 OK",
                        events,
                        format!("event: end\ndata: {last} {accept}\n\n"),
                    )
                }
                ("/none", _) => ("204 No Content", "", String::new()),
                ("/type", _) => (
                    "200 OK",
                    "Content-Type: text/plain\r\n",
                    "data: x\n\n".to_owned(),
                ),
                _ => ("500 No", events, String::new()),
            };
            let answer = format!("HTTP/1.1 {status}\r\n{fields}Connection: close\r\n\r\n{body}");
            // The Worker may be gone already.
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

#[test]
fn a_worker_hears_events_and_connects_anew() {
    let daemon = Setup::new()
        .tables("[outbound]\nallow-private = true\n")
        .start();
    daemon.api().production();
    push(&daemon, "events", EVENTS, json!([]));
    let bindings = json!([
        {"type": "plain_text", "name": "UP", "text": format!("http://{}", server())},
        {"type": "service", "name": "EVENTS", "service": "events"},
    ]);
    push(&daemon, "listener", LISTENER, bindings);
    let check = |target: &str, heard: &str| {
        let answer = daemon.get(&format!("/listener{target}")).expect(200);
        assert_eq!(answer.text(), heard, "{target}");
    };
    let again = "error Error: The server disconnected. 0";
    check(
        "/server/again",
        &format!("open 1|message first\nline 7|{again}|open 1|end 7 text/event-stream"),
    );
    check(
        "/worker/x",
        &format!("open 1|message one 1|{again}|open 1|end after 1"),
    );
    check(
        "/server/none",
        "error AbortError: No content type header was present in the response. 2",
    );
    check(
        "/server/type",
        "error AbortError: The content type 'text/plain' is invalid. 2",
    );
    check(
        "/server/other",
        "error AbortError: The response status code was 500. 2",
    );
}
