//! KV over the management port and the command line (spec: SEMANTICS §22).

use postern_e2e::api::{ACCOUNT, kv_value, script};
use postern_e2e::{Daemon, Form, Request, guest};
use serde_json::json;

fn now_s() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

#[test]
fn values_of_every_size_survive_a_restart() {
    let mut daemon = Daemon::plain();
    let id = daemon.api().kv_namespace("sizes");
    let value = |length: usize| -> Vec<u8> { (0..length).map(|i| (i % 251) as u8).collect() };
    let sizes = [0, 1, 1000, 32 << 10, (32 << 10) + 1, 1 << 20, 25 << 20];
    for size in sizes {
        daemon.api().kv_put(&id, &format!("k{size}"), &value(size));
    }
    for _ in 0..2 {
        for size in sizes {
            let got = daemon.api().kv_get(&id, &format!("k{size}"));
            assert!(got == Some(value(size)), "{size} bytes differ");
        }
        daemon.restart();
    }
}

#[test]
fn keys_of_every_shape() {
    let daemon = Daemon::plain();
    daemon
        .cli(&["kv", "namespace", "create", "shapes"])
        .expect(0);
    for key in ["a/b c", "ü%2F", "x?y#z", "..a", "a&b=c", "\"q\""] {
        daemon
            .cli(&["kv", "put", key, "value", "-n", "shapes"])
            .expect(0);
        let got = daemon.cli(&["kv", "get", key, "-n", "shapes"]).expect(0);
        assert_eq!(got.text(), "value", "{key}");
        daemon.cli(&["kv", "delete", key, "-n", "shapes"]).expect(0);
        daemon.cli(&["kv", "get", key, "-n", "shapes"]).expect(1);
    }
}

#[test]
fn limits_are_told_in_the_fields_words() {
    let daemon = Daemon::plain();
    let api = daemon.api();
    let id = api.kv_namespace("limits");
    let put = |key: &str, query: &str, body: &[u8]| {
        let path = format!("{}{query}", kv_value(&id, key));
        api.send(&api.request("PUT", &path).body(body))
    };
    let check = |reply: postern_e2e::Reply, part: &str| {
        let (status, _, message) = reply.refused();
        assert!((400..=414).contains(&status), "{status} {message}");
        assert!(message.contains(part), "{message} should contain {part}");
    };
    check(
        put("k", "?expiration_ttl=59", b""),
        "Invalid expiration_ttl of 59. Expiration TTL must be at least 60.",
    );
    check(
        put("k", &format!("?expiration={}", now_s() + 30), b""),
        "60",
    );
    check(
        put("k", &format!("?expiration={}", now_s()), b""),
        "greater than the current number of seconds since the UNIX epoch",
    );
    check(put(&"k".repeat(513), "", b""), "512");
    check(put(".", "", b""), "");
    let metadata = json!("x".repeat(1100)).to_string();
    let form = Form::new()
        .part("value", None, None, "v")
        .part("metadata", None, None, metadata);
    check(api.form("PUT", &kv_value(&id, "k"), form), "1024");
    assert_eq!(api.kv_get(&id, "k"), None);
    put(&"k".repeat(512), "", b"v").ok();
}

#[test]
fn values_over_the_limit_are_refused_and_leave_nothing() {
    let daemon = Daemon::plain();
    let api = daemon.api();
    let id = api.kv_namespace("large");
    let request = api
        .request("PUT", &kv_value(&id, "k"))
        .body(vec![7; (25 << 20) + 1]);
    // The port may answer and close before it was sent all of it.
    if let Ok(response) = api.raw(&request) {
        assert_eq!(response.status, 413, "{}", response.text());
    }
    assert_eq!(api.kv_get(&id, "k"), None);
}

#[test]
fn metadata_and_expiry_come_back() {
    let daemon = Daemon::plain();
    let api = daemon.api();
    let id = api.kv_namespace("metadata");
    let at = (now_s() + 3600).to_string();
    daemon
        .cli(&[
            "kv",
            "put",
            "k",
            "v",
            "-n",
            &id,
            "--expiration",
            &at,
            "--metadata",
            "{\"a\":1}",
        ])
        .expect(0);
    let keys = daemon
        .cli(&["--json", "kv", "list", "-n", "metadata"])
        .expect(0)
        .json();
    assert_eq!(keys[0]["name"], "k");
    assert_eq!(keys[0]["metadata"], json!({"a": 1}));
    assert_eq!(keys[0]["expiration"].to_string(), at);
    let path = format!("{ACCOUNT}/storage/kv/namespaces/{id}/metadata/k");
    assert_eq!(api.get(&path).ok(), json!({"a": 1}));
}

#[test]
fn lists_page_in_the_order_of_bytes() {
    let daemon = Daemon::plain();
    let api = daemon.api();
    let id = api.kv_namespace("lists");
    let items: Vec<_> = (0..1100)
        .map(|i| json!({"key": format!("p{i:04}"), "value": "v"}))
        .chain([json!({"key": "q", "value": "v"})])
        .collect();
    let path = format!("{ACCOUNT}/storage/kv/namespaces/{id}/bulk");
    api.json("PUT", &path, &json!(items)).ok();
    let all = daemon
        .cli(&["--json", "kv", "list", "-n", "lists", "--prefix", "p"])
        .expect(0)
        .json();
    let names: Vec<&str> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|k| k["name"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), 1100);
    assert!(names.is_sorted());
    let some = daemon
        .cli(&["kv", "list", "-n", "lists", "--limit", "3"])
        .expect(0);
    assert_eq!(some.text(), "p0000\np0001\np0002\n");
}

#[test]
fn stdin_files_and_bytes() {
    let daemon = Daemon::plain();
    daemon
        .cli(&["kv", "namespace", "create", "bytes"])
        .expect(0);
    let bytes: Vec<u8> = (0..=255).collect();
    daemon
        .cli_with(&["kv", "put", "stdin", "-n", "bytes"], &[], &bytes)
        .expect(0);
    std::fs::write(daemon.dir().join("file"), &bytes).unwrap();
    daemon
        .cli(&["kv", "put", "file", "-n", "bytes", "--path", "file"])
        .expect(0);
    for key in ["stdin", "file"] {
        assert_eq!(
            daemon
                .cli(&["kv", "get", key, "-n", "bytes"])
                .expect(0)
                .stdout,
            bytes
        );
        let json = daemon
            .cli(&["--json", "kv", "get", key, "-n", "bytes"])
            .expect(0)
            .json();
        assert_eq!(json["encoding"], "base64");
    }
}

#[test]
fn a_namespace_goes_with_everything_in_it() {
    let daemon = Daemon::plain();
    let api = daemon.api();
    let id = api.kv_namespace("gone");
    api.kv_put(&id, "k", b"v");
    daemon
        .cli(&["kv", "namespace", "delete", "-n", "gone"])
        .expect(0);
    assert_eq!(api.get(&kv_value(&id, "k")).refused().0, 404);
    let again = api.kv_namespace("gone");
    assert_eq!(api.kv_get(&again, "k"), None);
}

#[test]
fn a_worker_and_the_port_see_the_same() {
    let daemon = Daemon::plain();
    let api = daemon.api();
    api.production();
    let id = api.kv_namespace("shared");
    let binding = json!({"bindings": [{"type": "kv_namespace", "name": "KV", "namespace_id": id}]});
    api.push("probe", &guest("probe"), &binding);
    api.kv_put(&id, "k", b"from outside");
    assert_eq!(
        daemon.get("/probe/kv/get?key=k").expect(200).text(),
        "from outside"
    );
    let put = Request::post("/probe/kv/put?key=k", "from-inside");
    daemon.send(&put).expect(200);
    assert_eq!(api.kv_get(&id, "k").as_deref(), Some(&b"from-inside"[..]));
}

#[test]
fn calls_that_cannot_be_served_are_told_so_in_workerds_words() {
    // A call, and below it what workerd 2026-11-17 with miniflare's KV says.
    let lines: Vec<&str> = include_str!("kv_words/calls.txt").lines().collect();
    let calls: Vec<(&str, &str)> = lines.chunks(2).map(|it| (it[0], it[1].trim())).collect();
    let table: String = calls
        .iter()
        .map(|(call, _)| format!("(KV) => {call},\n"))
        .collect();
    let source = format!(
        "const CALLS = [{table}];\n{}",
        include_str!("kv_words/worker.js")
    );
    let daemon = Daemon::plain();
    let api = daemon.api();
    api.production();
    let id = api.kv_namespace("words");
    let metadata = json!({
        "main_module": "index.js",
        "compatibility_date": "2026-01-01",
        "bindings": [{"type": "kv_namespace", "name": "KV", "namespace_id": id}],
    });
    let form = Form::new().metadata(&metadata).part(
        "index.js",
        Some("index.js"),
        Some("application/javascript+module"),
        source,
    );
    api.form("PUT", &script("words"), form).ok();
    for (at, some) in calls.chunks(20).enumerate() {
        let said = daemon.get(&format!("/words/?from={}", at * 20)).expect(200);
        let said: Vec<String> = serde_json::from_value(said.json()).expect("texts");
        for ((call, expected), said) in some.iter().zip(&said) {
            assert_eq!(said, expected, "{call}");
        }
        assert_eq!(said.len(), some.len());
    }
}
