//! Tail Workers: what they are told, and that nobody waits for them.

use postern_e2e::api::{ACCOUNT, script};
use postern_e2e::socket::{Socket, closing, upgrade};
use postern_e2e::{Daemon, Form, Request, Setup, eventually};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;

const MODULE: &str = "application/javascript+module";

/// Pushes a Worker of one module.
#[track_caller]
fn push(daemon: &Daemon, name: &str, source: &str, mut metadata: Value) {
    metadata["main_module"] = json!("index.js");
    metadata["compatibility_date"] = json!("2026-01-01");
    let form =
        Form::new()
            .metadata(&metadata)
            .part("index.js", Some("index.js"), Some(MODULE), source);
    daemon.api().form("PUT", &script(name), form).ok();
}

/// Keeps what it is told, by the names of the scripts.
const TAIL: &str = "
    export default {
        async tail(events, env, ctx) {
            for (const item of events) {
                const request = item.event?.request;
                const told = {
                    n: events.length, item, classes: [item, item.event, item.logs[0], item.exceptions[0]].map((it) => it?.constructor.name),
                    raw: request?.getUnredacted(), consumed: item.event?.consumedEvents,
                };
                await env.KV.put(`${item.scriptName}${new URL(request.url).pathname.replaceAll('/', '-')}`, JSON.stringify(told));
            }
        },
        fetch: () => new Response('here'),
    };
";

const PRODUCER: &str = "
    export default {
        fetch(request, env, ctx) {
            if (request.url.endsWith('/throw')) throw new RangeError('too bad');
            if (request.url.endsWith('/uncaught')) {
                ctx.waitUntil(Promise.reject(new TypeError('for nobody')));
                Promise.reject(new Error('unheard of'));
                setTimeout(() => { throw new RangeError('in a timer'); });
                ctx.waitUntil(scheduler.wait(5));
            }
            console.log('hello', { a: [1, null] }, 5n, new Map());
            console.warn(new TypeError('an error'));
            return new Response('made', { status: 201 });
        },
        scheduled() {},
    };
";

fn told(daemon: &Daemon, kv: &str, key: &str) -> Value {
    let text = eventually("a tail Worker is told", || daemon.api().kv_get(kv, key));
    serde_json::from_slice(&text).expect("what a tail Worker kept is JSON")
}

#[test]
fn a_tail_worker_is_told_of_each_invocation() {
    let daemon = Daemon::plain();
    let api = daemon.api();
    api.production();
    let kv = api.kv_namespace("told");
    let bindings = json!([{"type": "kv_namespace", "name": "KV", "namespace_id": kv}]);
    let refused = api.form("PUT", &script("maker"), {
        let metadata =
            json!({"main_module": "index.js", "tail_consumers": [{"service": "watcher"}]});
        Form::new()
            .metadata(&metadata)
            .part("index.js", Some("index.js"), Some(MODULE), PRODUCER)
    });
    let (status, code, message) = refused.refused();
    assert_eq!((status, code), (400, 10021));
    assert!(message.contains("'watcher' does not exist"), "{message}");

    push(&daemon, "watcher", TAIL, json!({ "bindings": bindings }));
    push(
        &daemon,
        "maker",
        PRODUCER,
        json!({"tail_consumers": [{"service": "watcher"}]}),
    );
    let settings = api.get(&format!("{}/settings", script("maker"))).ok();
    assert_eq!(settings["tail_consumers"][0]["service"], "watcher");

    let request = Request::get("/maker/x?id=0123456789abcdef0123456789abcdef")
        .header("x-token", "hidden")
        .header("x-a", "1")
        .header("x-a", "2");
    assert_eq!(daemon.send(&request).status, 201);
    let it = told(&daemon, &kv, "maker-x");
    assert_eq!(it["n"], 1);
    assert_eq!(
        it["classes"],
        json!(["TraceItem", "FetchEventInfo", "TraceLog", null])
    );
    let item = &it["item"];
    assert_eq!(item["outcome"], "ok");
    assert_eq!(item["dispatchNamespace"], "production");
    assert_eq!(item["truncated"], false);
    assert!(item["scriptVersion"]["id"].is_string());
    assert!(item["eventTimestamp"].is_u64());
    assert_eq!(item["event"]["response"]["status"], 201);
    assert_eq!(item["event"]["request"]["method"], "GET");
    assert!(
        item["event"]["request"]["url"]
            .as_str()
            .unwrap_or("")
            .ends_with("?id=REDACTED")
    );
    assert_eq!(item["event"]["request"]["headers"]["x-token"], "REDACTED");
    assert_eq!(item["event"]["request"]["headers"]["x-a"], "1, 2");
    assert_eq!(it["raw"]["headers"]["x-token"], "hidden");
    assert!(it["raw"]["url"].as_str().unwrap_or("").ends_with("abcdef"));
    assert_eq!(item["logs"][0]["level"], "log");
    assert_eq!(
        item["logs"][0]["message"],
        json!(["hello", {"a": [1, null]}, "5", "[object Map]"])
    );
    assert_eq!(item["logs"][1]["message"], json!(["TypeError: an error"]));
    assert_eq!(item["logs"][1]["errorInfo"][0]["name"], "TypeError");

    assert_eq!(daemon.get("/maker/throw").status, 500);
    let it = told(&daemon, &kv, "maker-throw");
    assert_eq!(it["item"]["outcome"], "exception");
    assert_eq!(it["item"]["exceptions"][0]["name"], "RangeError");
    assert_eq!(it["item"]["exceptions"][0]["message"], "too bad");
    assert_eq!(it["item"]["logs"], json!([]));
    // Frames alone, as workerd tells them.
    let stack = it["item"]["exceptions"][0]["stack"].as_str().unwrap_or("");
    assert!(
        stack.starts_with("    at Object.fetch (index.js:"),
        "{stack}"
    );

    // What nobody caught is an exception, and no line of the log; a promise's is neither.
    assert_eq!(daemon.get("/maker/uncaught").status, 201);
    let it = told(&daemon, &kv, "maker-uncaught");
    let thrown = it["item"]["exceptions"].as_array().expect("a list").iter();
    let thrown: Vec<&Value> = thrown.map(|it| &it["message"]).collect();
    assert_eq!(thrown, ["for nobody", "in a timer"]);
    assert_eq!(it["item"]["logs"].as_array().map(Vec::len), Some(2));
    assert_eq!(it["item"]["outcome"], "ok");

    // Not told any more, and of a version without it neither.
    push(&daemon, "maker", PRODUCER, json!({}));
    assert_eq!(daemon.get("/maker/after").status, 201);
    let settings = api.get(&format!("{}/settings", script("maker"))).ok();
    assert_eq!(settings["tail_consumers"], json!([]));
    assert!(daemon.api().kv_get(&kv, "maker-after").is_none());
}

#[test]
fn tail_consumers_survive_a_restart_and_end_with_the_script() {
    let mut daemon = Daemon::plain();
    daemon.api().production();
    let kv = daemon.api().kv_namespace("told");
    let bindings = json!([{"type": "kv_namespace", "name": "KV", "namespace_id": kv}]);
    push(&daemon, "watcher", TAIL, json!({ "bindings": bindings }));
    push(
        &daemon,
        "maker",
        PRODUCER,
        json!({"tail_consumers": {"service": "watcher"}}),
    );
    daemon.kill9();
    daemon.start();
    assert_eq!(daemon.get("/maker/again").status, 201);
    told(&daemon, &kv, "maker-again");
    // A tail Worker that is gone is nobody's fault.
    daemon.api().delete(&script("watcher")).ok();
    assert_eq!(daemon.get("/maker/alone").status, 201);
}

/// Opens a live tail of a Worker; the identifier of its session, and the socket.
fn live(daemon: &Daemon, name: &str, filters: Value) -> (String, Socket) {
    let path = format!("{}/tails", script(name));
    let made = daemon
        .api()
        .json("POST", &path, &json!({ "filters": filters }))
        .ok();
    let url = made["url"].as_str().expect("a live tail has an address");
    let host = format!("ws://{}", daemon.manage());
    let target = url.strip_prefix(&host).expect("the address is this port");
    let socket = Socket::open(daemon.manage(), target).expect("a live tail is a WebSocket");
    // It is good once.
    let again = upgrade(Request::get(target)).send(daemon.manage());
    assert_eq!(again.expect("the port answers").status, 404);
    (made["id"].as_str().unwrap_or_default().to_owned(), socket)
}

#[test]
fn a_live_tail_shows_what_its_filters_let_through() {
    let daemon = Daemon::plain();
    let api = daemon.api();
    api.production();
    push(&daemon, "maker", PRODUCER, json!({}));
    let (id, mut all) = live(&daemon, "maker", json!([]));
    let filters = json!([
        {"outcome": ["exception"]}, {"method": ["GET"]}, {"sampling_rate": 1},
        {"header": {"key": "X-A", "query": "b"}}, {"client_ip": ["self"]}, {"query": "bad"},
    ]);
    let (_, mut some) = live(&daemon, "maker", filters);
    let (_, mut none) = live(&daemon, "maker", json!([{"sampling_rate": 0}]));
    let other = json!([{"scriptVersion": "11111111-2222-4333-8444-555555555555"}]);
    let (_, mut of_another) = live(&daemon, "maker", other);
    // As wrangler does: a first message without a mask, and pings.
    all.raw(b"\x81\x0f{\"debug\":false}").unwrap();
    all.send(0x89, b"wrangler tail ping").unwrap();
    assert_eq!(all.frame(), Some((0x8a, b"wrangler tail ping".to_vec())));

    let next = |socket: &mut Socket| -> Value {
        serde_json::from_str(&socket.text()).expect("a message is JSON")
    };
    assert_eq!(daemon.get("/maker/one").status, 201);
    let first = next(&mut all);
    assert_eq!(first["outcome"], "ok");
    assert_eq!(first["scriptName"], "maker");
    assert_eq!(first["event"]["request"]["method"], "GET");
    assert_eq!(first["event"]["response"]["status"], 201);
    assert_eq!(first["logs"][0]["message"][1], json!({"a": [1, null]}));
    assert_eq!(daemon.get("/maker/throw").status, 500);
    assert_eq!(next(&mut all)["outcome"], "exception");
    let request = Request::get("/maker/throw").header("x-a", "abc");
    assert_eq!(daemon.send(&request).status, 500);
    assert_eq!(next(&mut all)["exceptions"][0]["message"], "too bad");
    let only = next(&mut some);
    assert_eq!(only["event"]["request"]["headers"]["x-a"], "abc");

    let path = format!("{}/tails", script("maker"));
    assert_eq!(api.get(&path).ok().as_array().map(Vec::len), Some(4));
    api.delete(&format!("{path}/{id}")).ok();
    assert_eq!(all.frame().map(|(first, _)| first), Some(0x88));
    assert_eq!(api.delete(&format!("{path}/{id}")).refused().0, 404);
    none.send(0x88, &closing(1000, "")).unwrap();
    assert_eq!(none.frame(), Some((0x88, vec![3, 232])));
    of_another.send(0x88, &closing(1000, "")).unwrap();
    assert_eq!(of_another.frame(), Some((0x88, vec![3, 232])));
    // A session goes with its connection.
    eventually("sessions end", || {
        let left = daemon.api().get(&path).ok();
        (left.as_array().map(Vec::len) == Some(1)).then_some(())
    });
}

#[test]
fn a_live_tail_needs_its_token_and_a_script() {
    let daemon = Daemon::plain();
    daemon.api().production();
    let missing = format!("{}/tails", script("missing"));
    assert_eq!(
        daemon.api().json("POST", &missing, &json!({})).refused().0,
        404
    );
    for target in [
        "/postern/v1/tails/",
        "/postern/v1/tails/00/00",
        "/postern/v1/tails/x",
    ] {
        let refused = upgrade(Request::get(target)).send(daemon.manage());
        assert_eq!(refused.expect("the port answers").status, 404);
        let plain = Request::get(target).send(daemon.manage());
        assert_eq!(plain.expect("the port answers").status, 400);
    }
}

#[test]
fn the_real_wrangler_tails() {
    let daemon = Setup::new()
        .routing("zone = 'edge.test'\naccount-subdomain = 'workers'")
        .start();
    let api = daemon.api();
    let path = format!("{ACCOUNT}/workers/scripts/shown");
    let form = Form::new()
        .metadata(&json!({"main_module": "index.js", "compatibility_date": "2026-01-01"}))
        .part("index.js", Some("index.js"), Some(MODULE), PRODUCER);
    api.form("PUT", &path, form).ok();
    let enabled = json!({"enabled": true});
    api.json("POST", &format!("{path}/subdomain"), &enabled)
        .ok();
    let words = [
        "tail", "shown", "--format", "json", "--status", "ok", "--method", "GET",
    ];
    // It has a process of its own do the work, which must go too.
    let mut child = daemon
        .wrangler_command(daemon.dir(), &words)
        .process_group(0)
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    // It says nothing when it follows, so requests are made until it shows one.
    let event = std::thread::scope(|scope| {
        let shown = scope.spawn(move || {
            let mut text = String::new();
            while out.read_line(&mut text).unwrap_or(0) > 0 {
                let begin = text.find('{').unwrap_or(text.len());
                if let Ok(event) = serde_json::from_str::<Value>(&text[begin..]) {
                    return event;
                }
            }
            panic!("wrangler ended: {text}");
        });
        eventually("wrangler shows an event", || {
            let request = Request::get("/seen").header("host", "shown.workers.edge.test");
            assert_eq!(daemon.send(&request).status, 201);
            shown.is_finished().then_some(())
        });
        shown.join().unwrap()
    });
    kill_process_group(Pid::from_child(&child), Signal::KILL).unwrap();
    child.wait().unwrap();
    assert_eq!(event["scriptName"], "shown");
    assert_eq!(event["outcome"], "ok");
    assert!(event.get("dispatchNamespace").is_none());
    let url = event["event"]["request"]["url"].as_str().unwrap();
    assert!(url.ends_with("shown.workers.edge.test/seen"), "{url}");
    assert_eq!(event["logs"][0]["message"][0], "hello");
}
