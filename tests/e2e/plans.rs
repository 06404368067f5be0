//! Limits that the operator states while Workers run, quotas, and what tenants are told to have used.

use postern_e2e::api::{ACCOUNT, script};
use postern_e2e::guests::hello;
use postern_e2e::{Connection, Daemon, Form, Request, Setup, guest};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU64, Ordering};

const LIMITS: &str = "postern/v1/limits";

fn start() -> Daemon {
    let daemon = Setup::new()
        .tables("[outbound]\nallow-private = true\n")
        .start();
    daemon.api().production();
    daemon
}

fn own(path: &str) -> String {
    format!("{ACCOUNT}/postern/v1/{path}")
}

/// What is told of a tenant's use, all dates together.
fn used(daemon: &Daemon, tenant: &str) -> Value {
    let path = own(&format!("usage?namespace=production&tenant={tenant}"));
    let lines = daemon.api().get(&path).ok();
    let sum = |key: &str| {
        let all = lines.as_array().unwrap().iter();
        all.map(|it| it[key].as_u64().unwrap()).sum::<u64>()
    };
    json!({
        "requests": sum("requests"),
        "fuel": sum("fuel"),
        "egress": sum("egress-bytes"),
        "storage": sum("storage-bytes"),
    })
}

#[test]
fn limits_change_live_and_no_request_is_dropped() {
    let daemon = start();
    daemon.api().push("probe", &guest("probe"), &json!({}));
    assert_eq!(daemon.get("/probe/big?bytes=5000").status, 200);
    let mut slow = daemon.connect();
    slow.write(b"GET /probe/timer?ms=700 HTTP/1.1\r\nhost: x\r\n\r\n")
        .unwrap();
    // It is under way, in the isolate of the one before.
    assert_eq!(daemon.get("/probe/status?code=200").status, 200);
    let set = ["response-body-bytes=1000", "wall-ms=100"];
    let set = [&["plans", "set", "small"][..], &set, &["--why", "a test"]].concat();
    daemon.cli(&set).expect(0);
    daemon
        .cli(&["limits", "set", "production", "--plan", "small"])
        .expect(0);
    let over = daemon.get("/probe/big?bytes=5000");
    assert_eq!(over.status, 500, "{}", over.text());
    assert!(over.text().contains("1000 bytes"), "{}", over.text());
    assert_eq!(daemon.get("/probe/timer?ms=5000").status, 504);
    // What began before ends as it began.
    assert_eq!(slow.read(false).unwrap().status, 200);
    daemon
        .cli(&["plans", "set", "small", "response-body-bytes=10000"])
        .expect(0);
    assert_eq!(daemon.get("/probe/big?bytes=5000").status, 200);

    let told = daemon.cli(&["limits", "explain", "production/probe"]);
    let told = told.expect(0);
    let line = told.text().lines().find(|it| it.starts_with("wall-ms"));
    let line: Vec<&str> = line.unwrap().split_whitespace().collect();
    assert_eq!(line[..5], ["wall-ms", "100", "ms", "plan", "small"]);
    let told = daemon.cli(&["--json", "limits", "explain", "production/probe"]);
    let told = told.expect(0).json();
    let wall = told["limits"].as_array().unwrap().iter();
    let wall = wall.clone().find(|it| it["limit"] == "wall-ms").unwrap();
    assert!(wall["last_hour"]["max"].as_u64().unwrap() >= 100, "{wall}");

    let refused = daemon.cli(&["plans", "delete", "small"]).expect(1);
    assert!(
        refused.stderr.contains("namespace production"),
        "{refused:?}"
    );
    let history = daemon.cli(&["limits", "history"]).expect(0);
    assert!(history.text().contains("a test"), "{history:?}");
    daemon.cli(&["limits", "undo"]).expect(0);
    assert_eq!(daemon.get("/probe/big?bytes=5000").status, 500);
    daemon.cli(&["limits", "unset", "production"]).expect(0);
    daemon.cli(&["plans", "delete", "small"]).expect(0);
    assert_eq!(daemon.get("/probe/big?bytes=5000").status, 200);
}

#[test]
fn what_is_stated_survives_a_restart() {
    let mut daemon = start();
    daemon
        .api()
        .push("probe", &guest("probe"), &json!({"tags": ["tenant:acme"]}));
    let tenant = ["limits", "set", "production/acme", "--tenant"];
    let set = [&tenant[..], &["response-body-bytes=1 KiB"]].concat();
    daemon.cli(&set).expect(0);
    daemon.kill9();
    daemon.start();
    assert_eq!(daemon.get("/probe/big?bytes=5000").status, 500);
    let second = [&tenant[..], &["cpu-ms=10", "--revision", "0"]].concat();
    let refused = daemon.cli(&second).expect(1);
    assert!(refused.stderr.contains("revision 1, not 0"), "{refused:?}");
    for bad in [
        "cpu-ms=0",
        "cpu-ms=-1",
        "cpu-ms=99999999999",
        "cpu-ms=x",
        "speed=1",
    ] {
        let refused = daemon.cli(&[&tenant[..], &[bad]].concat()).expect(1);
        assert!(!refused.stderr.is_empty());
    }
}

#[test]
fn a_quota_that_is_used_up_is_told_until_its_period_is_over() {
    let daemon = start();
    daemon
        .api()
        .push("hello", &hello("hi"), &json!({"tags": ["tenant:acme"]}));
    daemon.api().push("other", &hello("other"), &json!({}));
    let tenant = ["limits", "set", "production/acme", "--tenant"];
    daemon
        .cli(&[&tenant[..], &["requests-per-month=10"]].concat())
        .expect(0);
    for _ in 0..10 {
        assert_eq!(daemon.get("/hello/").expect(200).text(), "hi");
    }
    let refused = daemon.get("/hello/");
    assert_eq!(refused.status, 429, "{}", refused.text());
    let text = refused.text().to_owned();
    assert!(
        text.contains("requests-per-month is used up: 10 of 10"),
        "{text}"
    );
    let after: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=31 * 86_400).contains(&after), "{after}");
    daemon.get("/other/").expect(200);
    // Raised while it runs.
    daemon
        .cli(&[&tenant[..], &["requests-per-month=11"]].concat())
        .expect(0);
    daemon.get("/hello/").expect(200);
    assert_eq!(daemon.get("/hello/").status, 429);
    assert_eq!(used(&daemon, "acme")["requests"], 11);

    let text = daemon
        .cli(&["usage", "--period", "month", "--csv"])
        .expect(0);
    let mut lines = text.text().split("\r\n");
    assert_eq!(
        lines.next(),
        Some("period,namespace,tenant,requests,fuel,egress-bytes,storage-bytes")
    );
    let acme = lines.find(|line| line.contains(",production,acme,11,"));
    assert!(acme.is_some(), "{text:?}");
    let table = daemon.cli(&["usage", "--tenant", "acme"]).expect(0);
    assert!(table.text().contains("acme"), "{table:?}");
    let bad = daemon.api().get(&own("usage?period=year")).refused();
    assert_eq!(bad.0, 400);
}

#[test]
fn no_request_that_was_answered_is_lost_or_doubled_when_the_daemon_is_killed() {
    let mut daemon = start();
    daemon.api().push("hello", &hello("hi"), &json!({}));
    let (mut least, mut most) = (0, 0);
    for round in 1..=6_u64 {
        let (sent, answered) = (AtomicU64::new(0), AtomicU64::new(0));
        let edge = daemon.edge();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let Ok(mut connection) = Connection::open(edge) else {
                        return;
                    };
                    loop {
                        sent.fetch_add(1, Ordering::SeqCst);
                        match connection.send(&Request::get("/hello/")) {
                            Ok(response) if response.status == 200 => {
                                answered.fetch_add(1, Ordering::SeqCst);
                            }
                            _ => return,
                        }
                    }
                });
            }
            while answered.load(Ordering::SeqCst) < 300 * round {
                std::thread::yield_now();
            }
            // In some rounds the store has a part of it.
            if round % 2 == 0 {
                used(&daemon, "hello");
            }
            daemon.kill9();
        });
        least += answered.load(Ordering::SeqCst);
        most += sent.load(Ordering::SeqCst);
        daemon.start();
        let told = used(&daemon, "hello")["requests"].as_u64().unwrap();
        assert!(
            (least..=most).contains(&told),
            "round {round}: {told} were counted, {least} answered, {most} sent"
        );
        (least, most) = (told, told);
    }
    daemon.restart();
    let told = used(&daemon, "hello");
    assert_eq!(told["requests"].as_u64(), Some(least));
    assert!(told["fuel"].as_u64().unwrap() > 0);
}

/// A server that answers everything with so many bytes.
fn origin(bytes: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut asked = [0; 4096];
            if stream.read(&mut asked).is_ok() {
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-length: {bytes}\r\nconnection: close\r\n\r\n"
                );
                let _ = stream.write_all(head.as_bytes());
                let _ = stream.write_all(&vec![b'x'; bytes]);
            }
        }
    });
    address
}

#[test]
fn bytes_to_other_servers_and_kv_are_counted_and_limited() {
    let daemon = start();
    let (origin, kv) = (origin(50_000), daemon.api().kv_namespace("store"));
    let source = format!(
        "export default {{ async fetch(request, env) {{
          const path = new URL(request.url).pathname;
          try {{
            if (path.endsWith('/out')) return new Response((await (await fetch('http://{origin}/')).text()).length);
            if (path.endsWith('/put')) await env.KV.put('key', 'v'.repeat(20000));
            return new Response(((await env.KV.get('key')) ?? '').length);
          }} catch (error) {{ return new Response(error.message, {{status: 418}}); }}
        }} }};"
    );
    let metadata = json!({"main_module": "index.js", "compatibility_date": "2026-01-01",
        "bindings": [{"type": "kv_namespace", "name": "KV", "namespace_id": kv}]});
    let form = Form::new().metadata(&metadata).part(
        "index.js",
        Some("index.js"),
        Some("application/javascript+module"),
        source.as_str(),
    );
    daemon.api().form("PUT", &script("mover"), form).ok();
    assert_eq!(daemon.get("/mover/out").expect(200).text(), "50000");
    assert_eq!(daemon.get("/mover/put").expect(200).text(), "20000");
    let told = used(&daemon, "mover");
    let egress = told["egress"].as_u64().unwrap();
    assert!((50_050..52_000).contains(&egress), "{told}");
    assert_eq!(told["storage"], 20_003);

    let path = format!("{ACCOUNT}/{LIMITS}/namespaces/production/scripts/mover");
    let set = json!({"limits": {"egress-bytes": "10 KiB", "kv-bytes": 30_000}});
    daemon.api().json("PATCH", &path, &set).ok();
    let over = daemon.get("/mover/out").expect(418);
    assert!(
        over.text().contains("egress-bytes is 10240"),
        "{}",
        over.text()
    );
    // It writes as much as it may and then reads that.
    let over = daemon.get("/mover/put").expect(418);
    assert!(over.text().contains("kv-bytes is 30000"), "{}", over.text());
    assert_eq!(daemon.get("/mover/get").expect(200).text(), "20000");

    daemon.api().delete(&path).ok();
    let tenant = format!("{ACCOUNT}/{LIMITS}/namespaces/production/tenants/mover");
    let set = json!({"limits": {"egress-bytes-per-day": 90_000, "storage-bytes-per-day": 50_000}});
    daemon.api().json("PUT", &tenant, &set).ok();
    let over = daemon.get("/mover/out").expect(418);
    assert!(
        over.text().contains("egress-bytes-per-day is used up"),
        "{}",
        over.text()
    );
    let over = daemon.get("/mover/put").expect(418);
    assert!(
        over.text().contains("storage-bytes-per-day is used up"),
        "{}",
        over.text()
    );
    daemon.get("/mover/get").expect(200);
}
