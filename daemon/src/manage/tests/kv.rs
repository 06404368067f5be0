//! KV namespaces, keys, values and bulk calls.

use super::*;

#[test]
fn kv_namespaces_page_to_an_end() {
    let desk = Desk::new();
    for title in ["b", "a", "c"] {
        desk.result("POST", K, json!({"title": title}));
    }
    let titles = |query: &str| -> Vec<String> {
        let result = desk.result("GET", &format!("{K}?{query}"), Value::Null);
        let all = result.as_array().unwrap().iter();
        all.map(|one| one["title"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        titles("per_page=1000&order=title&direction=asc"),
        ["a", "b", "c"]
    );
    assert_eq!(titles("order=title&direction=desc&per_page=2"), ["c", "b"]);
    assert!(titles("per_page=1000&order=title&direction=asc&page=2").is_empty());
    assert!(titles("page=18446744073709551615").is_empty());
    assert_eq!(
        desk.refused("GET", &format!("{K}?page=x"), Value::Null).0,
        400
    );
    assert_eq!(desk.refused("POST", K, json!({"title": "a"})).0, 400);
    assert_eq!(desk.refused("POST", K, json!({"title": ""})).0, 400);
    let id = desk.result("POST", K, json!({"title": "d"}))["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("{K}/{id}");
    assert_eq!(
        desk.result("PUT", &path, json!({"title": "e"}))["title"],
        "e"
    );
    assert_eq!(desk.result("GET", &path, Value::Null)["title"], "e");
    desk.result("DELETE", &path, Value::Null);
    assert_eq!(desk.refused("GET", &path, Value::Null), (404, 10013));
    assert_eq!(
        desk.refused("GET", &format!("{K}/zz/keys"), Value::Null),
        (404, 10013)
    );
}

#[test]
fn values_go_in_raw_or_as_a_form() {
    let desk = Desk::new();
    let id = desk.result("POST", K, json!({"title": "t"}))["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let value = |key: &str| format!("{K}/{id}/values/{key}");
    let read = |key: &str| {
        let got = desk.send("GET", &value(key), None, b"");
        (got.status, got.body)
    };
    assert_eq!(read("x").0, 404);
    assert_eq!(desk.refused("GET", &value("x"), Value::Null), (404, 10009));
    for body in [&b""[..], b"plain", &[0xff, 0, 0xfe], &vec![7; 100_000]] {
        let got = desk.send("PUT", &value("x"), Some("text/plain"), body);
        assert_eq!(got.status, 200);
        assert_eq!(read("x"), (200, body.to_vec()));
    }
    // Encoded once, a slash either way.
    desk.send("PUT", &value("a%2Fb%20c%25"), None, b"1");
    assert_eq!(read("a/b%20c%25").1, b"1");
    desk.send("PUT", &value("d//e/"), None, b"2");
    assert_eq!(read("d%2F%2Fe%2F").1, b"2");
    let keys = desk.result("GET", &format!("{K}/{id}/keys?prefix=a%2F"), Value::Null);
    assert_eq!(keys, json!([{"name": "a/b c%"}]));

    for parts in [
        vec![part("value", "v"), part("metadata", r#"{"x":{"y":"1"}}"#)],
        vec![
            part("metadata", r#"{"x":{"y":"1"}}"#).kind("application/json"),
            part("value", "v").file("upload"),
        ],
        vec![part("metadata[x][y]", "1"), part("value", "v")],
        vec![part("metadata.x.y", "1"), part("value", "v")],
    ] {
        let got = desk.send(
            "PUT",
            &value("m?expiration_ttl=60"),
            Some(FORM),
            &form(&parts),
        );
        assert_eq!(got.status, 200, "{}", got.json());
        assert_eq!(read("m").1, b"v");
        let metadata = desk.result("GET", &format!("{K}/{id}/metadata/m"), Value::Null);
        assert_eq!(metadata, json!({"x": {"y": "1"}}));
    }
    desk.send(
        "PUT",
        &value("m"),
        Some(FORM),
        &form(&[part("value", "w"), part("metadata", "")]),
    );
    assert_eq!(
        desk.result("GET", &format!("{K}/{id}/metadata/m"), Value::Null),
        Value::Null
    );

    for (path, content_type, body, status) in [
        (value("x?expiration_ttl=59"), None, b"v".to_vec(), 400),
        (value("x?expiration_ttl=soon"), None, b"v".to_vec(), 400),
        (value(&"k".repeat(513)), None, b"v".to_vec(), 414),
        (value("x"), Some(FORM), form(&[part("metadata", "{}")]), 400),
        (
            value("x"),
            Some(FORM),
            form(&[part("value", "1"), part("value", "2")]),
            400,
        ),
        (value("x"), Some(FORM), b"--frontier\r\n".to_vec(), 400),
        (value("x"), None, vec![0; 26_214_401], 413),
    ] {
        let got = desk.send("PUT", &path, content_type, &body);
        assert_eq!(got.status, status, "{path}: {}", got.json());
        assert_eq!(got.json()["success"], false);
    }
    assert_eq!(read("x").1.len(), 100_000, "refusals changed nothing");
    desk.result("DELETE", &value("x"), Value::Null);
    desk.result("DELETE", &value("x"), Value::Null);
    assert_eq!(read("x").0, 404);
}

#[test]
fn a_body_that_breaks_off_stores_nothing() {
    let desk = Desk::new();
    let id = desk.result("POST", K, json!({"title": "t"}))["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("{K}/{id}/values/x");
    for (uri, content_type) in [
        (path.as_str(), "text/plain"),
        (D, "application/wasm"),
        (D, FORM),
    ] {
        let parts = [
            Ok(Bytes::from_static(b"--frontier\r\n")),
            Err(std::io::ErrorKind::ConnectionReset.into()),
        ];
        let long = std::time::Duration::from_secs(1000);
        let body = Payload::new(
            Box::pin(futures_lite::stream::iter(parts)),
            None,
            long,
            long,
        );
        let request = http::Request::put(uri)
            .header("authorization", format!("Bearer {}", desk.token))
            .header("content-type", content_type);
        let got = desk.raw(request.body(body).unwrap());
        assert_eq!((got.status, code(&got.json())), (400, 10026));
    }
    assert_eq!(desk.refused("GET", &path, Value::Null), (404, 10009));
    desk.nothing_stored();
}

#[test]
fn keys_are_listed_to_the_end() {
    let desk = Desk::new();
    let id = desk.result("POST", K, json!({"title": "t"}))["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let pairs: Vec<Value> = (0..25)
        .map(|n| json!({"key": format!("k{n:02}"), "value": "v", "metadata": {"n": n}}))
        .collect();
    desk.result("PUT", &format!("{K}/{id}/bulk"), json!(pairs));
    let mut cursor = String::new();
    let mut seen = Vec::new();
    loop {
        let path = format!("{K}/{id}/keys?limit=10&prefix=k&cursor={cursor}");
        let (_, json) = desk.check("GET", &path, Value::Null);
        seen.extend(json["result"].as_array().unwrap().clone());
        assert_eq!(
            json["result_info"]["count"],
            json["result"].as_array().unwrap().len()
        );
        cursor = json["result_info"]["cursor"].as_str().unwrap().to_owned();
        // Where some clients look for it.
        assert_eq!(json["result_info"]["cursors"]["after"], *cursor);
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!(seen.len(), 25);
    assert_eq!(seen[24], json!({"name": "k24", "metadata": {"n": 24}}));
    for query in ["limit=0", "limit=1001", "limit=x", "limit=99999999999"] {
        let path = format!("{K}/{id}/keys?{query}");
        assert_eq!(desk.refused("GET", &path, Value::Null).0, 400, "{query}");
    }
}

#[test]
fn bulk_calls_work_in_both_forms() {
    let desk = Desk::new();
    let id = desk.result("POST", K, json!({"title": "t"}))["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let bulk = |method: &str, end: &str, body: Value| {
        desk.check(method, &format!("{K}/{id}/bulk{end}"), body)
    };
    let (status, json) = bulk(
        "PUT",
        "",
        json!([
            {"key": "a", "value": "1", "metadata": {"m": 1}},
            {"key": "b", "value": "aGk=", "base64": true, "expiration_ttl": 3600},
            {"key": "c", "value": "{\"x\":2}", "base64": false, "metadata": null},
        ]),
    );
    assert_eq!(status, 200, "{json}");
    assert_eq!(json["result"]["successful_key_count"], 3);
    let (_, json) = bulk("POST", "/get", json!({"keys": ["a", "b", "none"]}));
    assert_eq!(
        json["result"],
        json!({"values": {"a": "1", "b": "hi", "none": null}})
    );
    let (_, json) = bulk("POST", "/get", json!({"keys": ["a"], "withMetadata": true}));
    assert_eq!(
        json["result"]["values"]["a"],
        json!({"value": "1", "metadata": {"m": 1}})
    );
    let (_, json) = bulk("POST", "/get", json!({"keys": ["c"], "type": "json"}));
    assert_eq!(json["result"]["values"]["c"], json!({"x": 2}));
    let (status, _) = bulk("POST", "/get", json!({"keys": ["b"], "type": "json"}));
    assert_eq!(status, 400);
    assert_eq!(bulk("DELETE", "", json!(["a"])).0, 200);
    assert_eq!(bulk("POST", "/delete", json!(["b", "none"])).0, 200);
    let keys = desk.result("GET", &format!("{K}/{id}/keys"), Value::Null);
    assert_eq!(keys, json!([{"name": "c"}]));
    for (method, end, body) in [
        ("PUT", "", json!({})),
        ("PUT", "", json!([{"key": "a"}])),
        (
            "PUT",
            "",
            json!([{"key": "a", "value": "%", "base64": true}]),
        ),
        (
            "PUT",
            "",
            json!([{"key": "ok", "value": "1"}, {"key": "x", "value": "1", "expiration_ttl": 5}]),
        ),
        ("POST", "/get", json!({"keys": vec!["k"; 101]})),
        ("POST", "/get", json!({"keys": [], "type": "stream"})),
        ("DELETE", "", json!([1])),
        ("DELETE", "", json!(vec!["k"; 10_001])),
    ] {
        let (status, json) = bulk(method, end, body);
        assert_eq!(status, 400, "{json}");
    }
}
