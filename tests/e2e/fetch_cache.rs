//! Subrequests that are answered by what is kept: `cf` and `cache` of fetch(), beside an origin
//! that counts what it is asked.

use postern_e2e::api::script;
use postern_e2e::{Daemon, Form, Setup, eventually};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const MODULE: &str = "application/javascript+module";

/// Sends what its query says, and tells what came.
const ASKING: &str = "
    export default {
        async fetch(request, env) {
            const ask = new URL(request.url).searchParams;
            try {
                const answer = await fetch(`http://${env.ORIGIN}${ask.get('path')}`, JSON.parse(ask.get('init')));
                const body = await answer.text();
                return Response.json({
                    kept: answer.headers.get('cf-cache-status'), status: answer.status, body,
                    headers: Object.fromEntries(answer.headers),
                });
            } catch (error) {
                return Response.json({ error: `${error.name}: ${error.message}` });
            }
        },
    };
";

/// A server whose answers have the fields that its query names and a body that counts.
struct Origin {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
}

impl Origin {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = asked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let counter = counter.clone();
                std::thread::spawn(move || serve(stream, &counter));
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn serve(stream: TcpStream, counter: &AtomicUsize) -> Option<()> {
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
        let count = counter.fetch_add(1, Ordering::SeqCst) + 1;
        let mut words = line.split(' ');
        let (method, target) = (words.next()?, words.next()?);
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let mut status = "200 OK".to_owned();
        let mut head = String::new();
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let value = value.replace('+', " ");
            match name {
                "status" => status = format!("{value} Said"),
                name => head += &format!("{name}: {value}\r\n"),
            }
        }
        let condition = fields
            .iter()
            .find_map(|it| it.strip_prefix("if-none-match: "));
        if condition.is_some_and(|etag| head.contains(&format!("etag: {etag}\r\n"))) {
            let answer = format!("HTTP/1.1 304 Not Modified\r\n{head}\r\n");
            write.write_all(answer.as_bytes()).ok()?;
            continue;
        }
        let body = format!("answer {count}");
        let len = body.len();
        let body = if method == "HEAD" { "" } else { &body };
        let answer = if head.contains("chunked") {
            format!("HTTP/1.1 {status}\r\n{head}\r\n{len:x}\r\n{body}\r\n0\r\n\r\n")
        } else {
            format!("HTTP/1.1 {status}\r\n{head}content-length: {len}\r\n\r\n{body}")
        };
        write.write_all(answer.as_bytes()).ok()?;
    }
}

struct Stage {
    daemon: Daemon,
    origin: Origin,
}

impl Stage {
    fn new() -> Self {
        let daemon = Setup::new()
            .tables("[outbound]\nallow-private = true\n")
            .start();
        daemon.api().production();
        let origin = Origin::start();
        let metadata = json!({
            "main_module": "index.js", "compatibility_date": "2026-01-01",
            "bindings": [{"type": "plain_text", "name": "ORIGIN", "text": origin.address.to_string()}],
        });
        for name in ["a", "b"] {
            let form = Form::new().metadata(&metadata).part(
                "index.js",
                Some("index.js"),
                Some(MODULE),
                ASKING,
            );
            daemon.api().form("PUT", &script(name), form).ok();
        }
        Self { daemon, origin }
    }

    fn ask(&self, worker: &str, path: &str, init: &Value) -> Value {
        let encoded = |text: &str| -> String {
            let bytes = text.bytes().map(|byte| format!("%{byte:02X}"));
            bytes.collect()
        };
        let target = format!(
            "/{worker}/?path={}&init={}",
            encoded(path),
            encoded(&init.to_string())
        );
        serde_json::from_str(self.daemon.get(&target).expect(200).text()).expect("JSON")
    }

    /// What `cf-cache-status` is of two that ask the same, and how often the origin was asked.
    #[track_caller]
    fn twice(&self, path: &str, init: Value, expect: [&str; 2], asked: usize) -> Value {
        let before = self.origin.asked();
        for kept in expect {
            let said = self.ask("a", path, &init);
            assert_eq!(said["kept"], kept, "{path} {init}: {said}");
        }
        assert_eq!(self.origin.asked() - before, asked, "{path} {init}");
        self.ask("a", path, &init)
    }
}

#[test]
fn an_answer_is_kept_for_as_long_as_is_asked() {
    let stage = Stage::new();
    let cf = |cf: Value| json!({ "cf": cf });
    let hit = ["MISS", "HIT"];
    let said = stage.twice(
        "/ttl?cache-control=no-store",
        cf(json!({"cacheTtl": 60})),
        hit,
        1,
    );
    assert_eq!(said["body"], "answer 1");
    assert_eq!(said["headers"]["content-length"], "8");
    assert!(said["headers"]["age"].is_string(), "{said}");
    stage.twice("/all", cf(json!({"cacheEverything": true})), hit, 1);
    stage.twice(
        "/chunks?transfer-encoding=chunked",
        cf(json!({"cacheTtl": 60})),
        hit,
        1,
    );
    stage.twice("/a.css?x=1", cf(json!({"cacheKey": "own"})), hit, 1);
    // Others with this key get the same.
    let other = stage.ask("a", "/other.css", &cf(json!({"cacheKey": "own"})));
    assert_eq!(other["kept"], "HIT");
    stage.twice(
        "/none?status=404",
        cf(json!({"cacheEverything": true, "cacheTtlByStatus": {"200-299": -1, "404": 60}})),
        hit,
        1,
    );
    // A cookie is not kept, and by itself forbids to keep the rest.
    let said = stage.twice("/ttl?set-cookie=a", cf(json!({"cacheTtl": 60})), hit, 1);
    assert_eq!(said["headers"]["set-cookie"], Value::Null);
    let bypass = ["BYPASS", "BYPASS"];
    stage.twice(
        "/all?set-cookie=a",
        cf(json!({"cacheEverything": true})),
        bypass,
        2,
    );
    stage.twice(
        "/all?cache-control=private",
        cf(json!({"cacheEverything": true})),
        bypass,
        2,
    );
    stage.twice("/all?vary=*", cf(json!({"cacheTtl": 60})), bypass, 2);
    stage.twice("/all?status=206", cf(json!({"cacheTtl": 60})), bypass, 2);
    stage.twice("/b", cf(json!({"cacheTtl": -1})), bypass, 2);
    stage.twice("/none", cf(json!({"cacheTtl": 0})), ["MISS", "MISS"], 2);
    // Answers to a client's credentials are for all only if they say so.
    let personal = json!({"cf": {"cacheTtl": 60}, "headers": {"authorization": "x"}});
    stage.twice("/own", personal.clone(), bypass, 2);
    stage.twice("/own?cache-control=public", personal, hit, 1);
    let dynamic = ["DYNAMIC", "DYNAMIC"];
    stage.twice(
        "/page",
        cf(json!({"cacheTtlByStatus": {"200": 60}})),
        dynamic,
        2,
    );
    stage.twice(
        "/post",
        json!({"method": "POST", "body": "x", "cf": {"cacheTtl": 60}}),
        dynamic,
        2,
    );
    // Without a word of it nothing is kept or told.
    let plain = stage.ask("a", "/ttl?cache-control=no-store", &json!({}));
    assert_eq!(
        (&plain["kept"], &plain["status"]),
        (&Value::Null, &json!(200))
    );
}

#[test]
fn what_is_kept_is_its_workers_alone() {
    let stage = Stage::new();
    let init = json!({"cf": {"cacheTtl": 60, "cacheKey": "shared"}});
    assert_eq!(stage.ask("a", "/x", &init)["kept"], "MISS");
    assert_eq!(stage.ask("a", "/x", &init)["body"], "answer 1");
    let other = stage.ask("b", "/x", &init);
    assert_eq!(
        (&other["kept"], &other["body"]),
        (&json!("MISS"), &json!("answer 2"))
    );
}

#[test]
fn parts_heads_and_variants_are_answered_from_what_is_kept() {
    let stage = Stage::new();
    let init = |method: &str, headers: Value| json!({"method": method, "headers": headers, "cf": {"cacheTtl": 60}});
    let get = |headers| stage.ask("a", "/x?etag=%221%22&vary=x-kind", &init("GET", headers));
    // What is asked in parts is not kept.
    assert_eq!(get(json!({}))["kept"], "MISS");
    let part = get(json!({"range": "bytes=0-2"}));
    assert_eq!(
        (&part["status"], &part["body"]),
        (&json!(206), &json!("ans"))
    );
    let head = stage.ask("a", "/x?etag=%221%22&vary=x-kind", &init("HEAD", json!({})));
    assert_eq!((&head["kept"], &head["body"]), (&json!("HIT"), &json!("")));
    assert_eq!(stage.origin.asked(), 1);
    assert_eq!(get(json!({"x-kind": "b"}))["kept"], "MISS");
    assert_eq!(get(json!({"x-kind": "b"}))["kept"], "HIT");
    assert_eq!(get(json!({}))["kept"], "MISS");
}

#[test]
fn modes_pass_by_what_is_kept_or_ask_whether_it_has_changed() {
    let stage = Stage::new();
    let path = "/x?etag=\"1\"";
    let init = |mode: Option<&str>| match mode {
        None => json!({"cf": {"cacheEverything": true}}),
        Some(mode) => json!({"cache": mode, "cf": {"cacheEverything": true}}),
    };
    assert_eq!(stage.ask("a", path, &init(None))["kept"], "MISS");
    let passed = stage.ask("a", path, &init(Some("no-store")));
    assert_eq!(
        (&passed["kept"], &passed["body"]),
        (&json!("BYPASS"), &json!("answer 2"))
    );
    let asked = stage.ask("a", path, &init(Some("no-cache")));
    assert_eq!(asked["kept"], "REVALIDATED", "{asked}");
    assert_eq!(
        (&asked["status"], &asked["body"]),
        (&json!(200), &json!("answer 1"))
    );
    assert_eq!(stage.origin.asked(), 3);
    // One without a validator is asked for anew, and kept.
    assert_eq!(stage.ask("a", "/y", &init(None))["body"], "answer 4");
    let anew = stage.ask("a", "/y", &init(Some("no-cache")));
    assert_eq!(
        (&anew["kept"], &anew["body"]),
        (&json!("EXPIRED"), &json!("answer 5"))
    );
    assert_eq!(stage.ask("a", "/y", &init(None))["body"], "answer 5");
    let both = stage.ask(
        "a",
        "/y",
        &json!({"cache": "no-store", "cf": {"cacheTtl": 5}}),
    );
    let text = "TypeError: CacheTtl: 5, is not compatible with cache: no-store header.";
    assert_eq!(both["error"], text);
}

#[test]
fn an_answer_expires() {
    let stage = Stage::new();
    let init = json!({"cf": {"cacheTtl": 1}});
    assert_eq!(stage.ask("a", "/x", &init)["kept"], "MISS");
    let last = eventually("an answer has expired", || {
        let said = stage.ask("a", "/x", &init);
        (said["kept"] == "EXPIRED").then_some(said)
    });
    assert_eq!(last["body"], "answer 2");
}
