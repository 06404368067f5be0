//! Input from people who mean no good, or know no better: each a clear refusal, nothing
//! stored, nothing leaked, the daemon unharmed.

use postern_e2e::api::{ACCOUNT, kv_value, script};
use postern_e2e::guests::hello;
use postern_e2e::{Connection, Daemon, Form, Reply, Request, eventually};
use serde_json::json;

/// Checks that the daemon serves and stores as before.
fn unharmed(daemon: &mut Daemon) {
    assert!(daemon.runs(), "{}", daemon.log());
    assert_eq!(daemon.get("/good/").expect(200).text(), "good");
    let scripts = format!("{ACCOUNT}/workers/dispatch/namespaces/production/scripts");
    let list = daemon.api().get(&scripts).ok();
    assert_eq!(
        list.as_array().unwrap().len(),
        1,
        "something was stored: {list}"
    );
    assert!(!daemon.log().contains("panicked"), "{}", daemon.log());
}

fn start() -> Daemon {
    let daemon = Daemon::plain();
    daemon.api().production();
    daemon.api().push("good", &hello("good"), &json!({}));
    daemon
}

/// A 4xx in the envelope with a reason.
#[track_caller]
fn refused(reply: &Reply, what: &str) -> String {
    assert_eq!(
        reply.envelope["success"], false,
        "{what} was taken: {}",
        reply.envelope
    );
    let (status, code, message) = reply.refused();
    assert!((400..500).contains(&status), "{what}: {status} {message}");
    assert!(code > 0 && !message.is_empty(), "{what}: {code} {message}");
    message
}

#[test]
fn malformed_forms() {
    let mut daemon = start();
    let api = daemon.api();
    let put = |kind: &str, body: &[u8]| {
        let request = api
            .request("PUT", &script("bad"))
            .header("content-type", kind)
            .body(body);
        api.send(&request)
    };
    let meta = json!({"main_module": "m.wasm"});
    let (kind, whole) = Form::new()
        .metadata(&meta)
        .wasm("m.wasm", &hello("x"))
        .finish();
    let (_, cut) = Form::new()
        .metadata(&meta)
        .wasm("m.wasm", &hello("x"))
        .unfinished();
    let (_, none) = Form::new().finish();
    let (_, no_module) = Form::new().metadata(&meta).finish();
    let (_, no_metadata) = Form::new().wasm("m.wasm", &hello("x")).finish();
    let (_, not_json) = Form::new()
        .part("metadata", None, None, "{")
        .wasm("m.wasm", &hello("x"))
        .finish();
    let (_, a_list) = Form::new()
        .part("metadata", None, None, "[]")
        .wasm("m.wasm", &hello("x"))
        .finish();
    let (_, other) = Form::new()
        .metadata(&json!({"main_module": "n.wasm"}))
        .wasm("m.wasm", &hello("x"))
        .finish();
    let (_, number) = Form::new()
        .metadata(&json!({"main_module": 7}))
        .wasm("m.wasm", &hello("x"))
        .finish();
    let cases: [(&str, &str, &[u8]); 13] = [
        ("nothing", &kind, b""),
        ("no boundary", "multipart/form-data", &whole),
        (
            "another boundary",
            "multipart/form-data; boundary=other",
            &whole,
        ),
        (
            "an endless boundary",
            &format!("multipart/form-data; boundary={}", "b".repeat(5000)),
            &whole,
        ),
        ("cut off", &kind, &cut),
        ("cut inside a part", &kind, &whole[..whole.len() / 2]),
        ("no parts", &kind, &none),
        ("no module", &kind, &no_module),
        ("no metadata", &kind, &no_metadata),
        ("metadata is no JSON", &kind, &not_json),
        ("metadata is a list", &kind, &a_list),
        ("main_module names nothing", &kind, &other),
        ("main_module is a number", &kind, &number),
    ];
    for (what, kind, body) in cases {
        refused(&put(kind, body), what);
    }
    for kind in [
        "text/html",
        "application/wasm",
        "",
        "multipart/form-data; boundary=\"\"",
        "\u{1}",
    ] {
        let request = api
            .request("PUT", &script("bad"))
            .header("content-type", kind)
            .body("<p>");
        let response = api.raw(&request).unwrap();
        assert!(
            (400..500).contains(&response.status),
            "{kind:?}: {response:?}"
        );
    }
    unharmed(&mut daemon);
}

#[test]
fn bad_bindings() {
    let mut daemon = start();
    let api = daemon.api();
    let kv = |id: &str| json!({"type": "kv_namespace", "name": "KV", "namespace_id": id});
    let many: Vec<_> = (0..1000)
        .map(|i| json!({"type": "plain_text", "name": format!("V{i}"), "text": ""}))
        .collect();
    for (what, bindings) in [
        (
            "no such namespace",
            json!([kv("00000000000000000000000000000000")]),
        ),
        ("no id", json!([kv("x")])),
        (
            "an unknown type",
            json!([{"type": "teleporter", "name": "T"}]),
        ),
        ("no type", json!([{"name": "T"}])),
        ("no name", json!([{"type": "plain_text", "text": "x"}])),
        (
            "an empty name",
            json!([{"type": "plain_text", "name": "", "text": "x"}]),
        ),
        (
            "no text",
            json!([{"type": "plain_text", "name": "T", "text": 1}]),
        ),
        (
            "twice",
            json!([{"type": "plain_text", "name": "T", "text": "x"}, {"type": "plain_text", "name": "T", "text": "y"}]),
        ),
        ("no list", json!({"A": 1})),
        ("too many", json!(many)),
        (
            "too large",
            json!([{"type": "plain_text", "name": "T", "text": "x".repeat(1 << 20)}]),
        ),
    ] {
        let reply = api.try_push("bad", &hello("x"), &json!({"bindings": bindings}));
        refused(&reply, what);
    }
    unharmed(&mut daemon);
}

#[test]
fn bad_names_and_settings() {
    let mut daemon = start();
    let api = daemon.api();
    for name in [
        "..",
        ".",
        "-x",
        "a%2Fb",
        "a%00b",
        "%F0%9F%9A%AA",
        "a%20b",
        &"x".repeat(300),
    ] {
        let reply = api.try_push(name, &hello("x"), &json!({}));
        refused(&reply, name);
    }
    for (what, metadata) in [
        (
            "nine tags",
            json!({"tags": ["1", "2", "3", "4", "5", "6", "7", "8", "9"]}),
        ),
        ("a comma in a tag", json!({"tags": ["a,b"]})),
        ("tags that are numbers", json!({"tags": [1]})),
        ("negative limits", json!({"limits": {"cpu_ms": -1}})),
        (
            "limits that are texts",
            json!({"limits": {"cpu_ms": "many"}}),
        ),
        ("a date that is none", json!({"compatibility_date": "soon"})),
        ("flags that are none", json!({"compatibility_flags": 7})),
    ] {
        refused(&api.try_push("bad", &hello("x"), &metadata), what);
    }
    let namespaces = format!("{ACCOUNT}/workers/dispatch/namespaces");
    for name in ["", "a/b", " ", &"x".repeat(300)] {
        refused(&api.json("POST", &namespaces, &json!({"name": name})), name);
    }
    refused(&api.json("POST", &namespaces, &json!({})), "no name");
    refused(&api.json("POST", &namespaces, &json!([])), "a list");
    unharmed(&mut daemon);
}

#[test]
fn bad_tokens() {
    let mut daemon = start();
    let api = daemon.api();
    let path = format!("{ACCOUNT}/workers/dispatch/namespaces");
    let long = "x".repeat(10_000);
    for token in [
        "",
        "x",
        "pst_",
        &long,
        &daemon.token()[1..],
        &format!("{}x", daemon.token()),
    ] {
        let reply = api.with_token(token).get(&path);
        assert_eq!(reply.refused().0, 401, "{token:?}");
    }
    for header in [
        format!("Basic {}", daemon.token()),
        daemon.token().to_owned(),
        "Bearer".to_owned(),
    ] {
        let request = Request::get(&path).header("authorization", &header);
        assert_eq!(api.send(&request).refused().0, 401, "{header}");
    }
    let reply = api.send(&Request::get(&path));
    assert_eq!(reply.refused().0, 401);
    // No token, no answer, whatever the path.
    for path in ["/", "/client/v4/nonsense", "/postern/v1/status"] {
        assert_eq!(api.raw(&Request::get(path)).unwrap().status, 401, "{path}");
    }
    let request = Request::new("PUT", &script("bad")).body(vec![0; 100_000]);
    if let Ok(response) = api.raw(&request) {
        assert_eq!(response.status, 401);
    }
    unharmed(&mut daemon);
}

#[test]
fn truncated_uploads() {
    let mut daemon = start();
    let api = daemon.api();
    let (kind, body) = Form::new()
        .metadata(&json!({"main_module": "m.wasm"}))
        .wasm("m.wasm", &hello(&"x".repeat(200_000)))
        .finish();
    let id = api.kv_namespace("uploads");
    let (form, value) = (script("bad"), kv_value(&id, "cut"));
    for (path, kind) in [(&form, kind.as_str()), (&value, "application/octet-stream")] {
        let whole = api
            .request("PUT", path)
            .header("content-type", kind)
            .body(body.clone());
        let bytes = whole.to_bytes("x");
        for end in [
            bytes.len() - body.len(),
            bytes.len() - 100_000,
            bytes.len() - 1,
        ] {
            let mut connection = api.connect().unwrap();
            connection.write(&bytes[..end]).unwrap();
            connection.finish_writing().unwrap();
            // It may answer 4xx or just close; it may not accept.
            let answer = connection.read_to_end().unwrap_or_default();
            let text = String::from_utf8_lossy(&answer);
            assert!(!text.starts_with("HTTP/1.1 2"), "{text}");
        }
    }
    assert_eq!(api.kv_get(&id, "cut"), None);
    unharmed(&mut daemon);
}

#[test]
fn absurd_heads() {
    let mut daemon = start();
    let manage = daemon.manage();
    let edge = daemon.edge();
    let many: String = (0..5000).map(|i| format!("h{i}: v\r\n")).collect();
    let long_url = format!(
        "GET /good/{} HTTP/1.1\r\nhost: x\r\n\r\n",
        "a".repeat(20_000)
    );
    let long_field = format!(
        "GET /good/ HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n",
        "a".repeat(200_000)
    );
    let many = format!("GET /good/ HTTP/1.1\r\nhost: x\r\n{many}\r\n");
    let heads: [&[u8]; 14] = [
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET /good/ HTTP/1.1\r\n\r\n",
        b"GET /good/ HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
        b"GET good HTTP/1.1\r\nhost: x\r\n\r\n",
        b"CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /good/ HTTP/9.9\r\nhost: x\r\n\r\n",
        b"GET /good/ HTTP/1.1\r\nhost: x y\r\n\r\n",
        b"GET /good/ HTTP/1.1\r\nhost: x\r\nbad name: v\r\n\r\n",
        b"POST /good/ HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST /good/ HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        long_url.as_bytes(),
        long_field.as_bytes(),
        many.as_bytes(),
    ];
    for to in [edge, manage] {
        for head in heads {
            let shown: String = String::from_utf8_lossy(head).chars().take(60).collect();
            let mut connection = Connection::open(to).unwrap();
            // It may answer before it has read everything.
            let _ = connection.write(head);
            let _ = connection.finish_writing();
            if let Ok((status, _)) = connection.read_head() {
                assert!((400..=505).contains(&status), "{to} {shown:?}: {status}");
                assert_ne!(status, 500, "{to} {shown:?}");
            }
        }
    }
    unharmed(&mut daemon);
}

#[test]
fn half_closed_connections_leave_nothing_behind() {
    let mut daemon = start();
    unharmed(&mut daemon);
    let before = daemon.open_files().unwrap();
    for to in [daemon.edge(), daemon.manage()] {
        for bytes in [
            &b""[..],
            b"GET /",
            b"POST /good/ HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nab",
        ] {
            for close in [false, true] {
                let mut connection = Connection::open(to).unwrap();
                connection.write(bytes).unwrap();
                if close {
                    connection.finish_writing().unwrap();
                    let _ = connection.read_to_end();
                }
            }
        }
    }
    eventually("their sockets are closed", || {
        let now = daemon.open_files().unwrap();
        (now <= before + 2).then_some(())
    });
    unharmed(&mut daemon);
}

#[test]
fn paths_and_methods_that_are_none() {
    let mut daemon = start();
    let api = daemon.api();
    for path in [
        "/client/v4/nonsense",
        "/client/v4/accounts",
        "/client/v4/accounts/edge/workers/dispatch/namespaces/none/scripts",
        "/client/v4/accounts/edge/workers/dispatch/namespaces/production/scripts/none",
        "/client/v4/accounts/edge/storage/kv/namespaces/none/keys",
        "/client/v4/accounts/edge/storage/kv/namespaces/%00/keys",
        "/client/v4/%2e%2e/%2e%2e/etc/passwd",
        "//client/v4",
    ] {
        let response = api.raw(&api.request("GET", path)).unwrap();
        if path != "/client/v4/accounts" {
            assert!(
                (400..500).contains(&response.status),
                "{path}: {response:?}"
            );
        }
        assert!(response.json()["success"].is_boolean(), "{path}");
    }
    for method in ["PATCH", "OPTIONS", "TRACE", "BREW"] {
        let path = format!("{ACCOUNT}/workers/dispatch/namespaces");
        let response = api.raw(&api.request(method, &path)).unwrap();
        assert!((400..=501).contains(&response.status), "{method}");
    }
    // Deleting a whole collection needs a filter.
    let scripts = format!("{ACCOUNT}/workers/dispatch/namespaces/production/scripts");
    refused(&api.delete(&scripts), "delete all");
    unharmed(&mut daemon);
}

#[test]
fn crafted_modules() {
    let mut daemon = start();
    let api = daemon.api();
    let nested = {
        // Blocks in blocks: parsers that recurse overflow on these.
        let depth = 200_000;
        let mut body = vec![0x00];
        body.extend(std::iter::repeat_n([0x02, 0x40], depth).flatten());
        body.extend(std::iter::repeat_n(0x0b, depth + 1));
        one_function(&body)
    };
    let table = postern_e2e::guests::from_text(
        r#"(module (memory (export "memory") 1) (table 4294967295 funcref) (func (export "postern_abi_v1")))"#,
    );
    let memory = postern_e2e::guests::from_text(
        r#"(module (memory (export "memory") 65536) (func (export "postern_abi_v1")))"#,
    );
    let mut huge_count = b"\0asm\x01\0\0\0\x01\x05".to_vec();
    huge_count.extend([0xff, 0xff, 0xff, 0xff, 0x0f]);
    for (what, module) in [
        ("nested blocks", nested),
        ("a huge table", table),
        ("a huge memory", memory),
        ("a huge count", huge_count),
        ("zeros", vec![0; 100_000]),
        ("a component", b"\0asm\x0d\0\x01\0".to_vec()),
    ] {
        refused(&api.try_push("bad", &module, &json!({})), what);
    }
    unharmed(&mut daemon);
}

/// A module of one function with this body, sections by hand.
fn one_function(body: &[u8]) -> Vec<u8> {
    fn leb(mut n: usize) -> Vec<u8> {
        let mut out = Vec::new();
        loop {
            let byte = u8::try_from(n & 0x7f).unwrap();
            n >>= 7;
            if n == 0 {
                out.push(byte);
                return out;
            }
            out.push(byte | 0x80);
        }
    }
    let code = [vec![1], leb(body.len()), body.to_vec()].concat();
    let mut module = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0".to_vec();
    module.push(10);
    module.extend(leb(code.len()));
    module.extend(code);
    module
}
