//! The probe: the SDK as compiled, route by route.
#![allow(clippy::unwrap_used)]

use postern_abi::event::EventKind;
use postern_abi::op::EnvValue;
use postern_module_tests::{Answer, Isolate, guest};

fn probe() -> Isolate {
    let mut isolate = Isolate::new(&guest("probe"));
    isolate.bind("KV", &EnvValue::Kv);
    isolate.bind("GREETING", &EnvValue::Text("hello"));
    isolate.bind("SETTINGS", &EnvValue::Json("{\"depth\":3}"));
    isolate.bind("TOKEN", &EnvValue::Secret("s3cret"));
    isolate
}

/// A request that ends well.
fn fetch(isolate: &mut Isolate, method: &str, path: &str, body: &[u8]) -> Answer {
    let answer = isolate.fetch(method, path, body).unwrap();
    assert_eq!(
        answer.done,
        Some(Ok(())),
        "{path}: {:?}",
        isolate.host().log
    );
    assert!(answer.complete, "{path}");
    answer
}

#[track_caller]
fn check(isolate: &mut Isolate, path: &str, status: u16, body: &str) {
    let answer = fetch(isolate, "GET", path, b"");
    assert_eq!(
        (answer.status, answer.text()),
        (Some(status), body),
        "{path}"
    );
}

#[test]
fn bodies_go_in_and_out() {
    let mut isolate = probe();
    for len in [0, 1, 65_536, 65_537, 700_001] {
        let body: Vec<u8> = (0..len).map(|i| (i * 31 % 251) as u8).collect();
        for path in ["/echo", "/echo-buffered"] {
            let answer = fetch(&mut isolate, "POST", path, &body);
            assert!(answer.body == body, "{path} with {len} bytes");
        }
        let answer = fetch(&mut isolate, "POST", "/length", &body);
        assert_eq!(answer.text(), len.to_string());
    }
    let answer = fetch(&mut isolate, "GET", "/stream?chunks=3&size=70000&ms=1", b"");
    assert_eq!(answer.body.len(), 210_000);
    assert_eq!(answer.body.last(), Some(&b'c'));
    assert_eq!(
        fetch(&mut isolate, "GET", "/big?bytes=300000", b"")
            .body
            .len(),
        300_000
    );
}

#[test]
fn a_stream_that_fails_breaks_the_answer_off() {
    let mut isolate = probe();
    let answer = isolate
        .fetch("GET", "/stream?chunks=3&size=5&fail=1", b"")
        .unwrap();
    assert_eq!(
        (answer.status, answer.text(), answer.complete),
        (Some(200), "aaaaa", false)
    );
    assert_eq!(
        answer.done,
        Some(Err(("Error".into(), "broke off as asked".into())))
    );
}

#[test]
fn heads_are_what_the_worker_said() {
    let mut isolate = probe();
    let answer = fetch(&mut isolate, "PURGE", "/headers?a=b", b"");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(
        answer.text(),
        r#"{"headers":[["host","worker.test"],["x-test","1"]],"method":"PURGE","url":"http://worker.test/headers?a=b"}"#
    );
    assert_eq!(
        fetch(&mut isolate, "GET", "/status?code=418", b"").status,
        Some(418)
    );
    let answer = fetch(&mut isolate, "GET", "/cookies", b"");
    assert_eq!(
        answer
            .headers
            .iter()
            .filter(|(name, _)| name == "set-cookie")
            .count(),
        2
    );
    let answer = fetch(&mut isolate, "GET", "/redirect", b"");
    assert_eq!(
        (answer.status, answer.header("location")),
        (Some(302), Some("https://example.com/"))
    );
    check(&mut isolate, "/no", 404, "the probe has no /no\n");
    let answer = isolate.fetch("GET", "/status?code=600", b"").unwrap();
    let (name, message) = answer.done.unwrap().unwrap_err();
    assert_eq!(name, "RangeError");
    assert!(message.contains("600"), "{message}");
}

#[test]
fn kv_keeps_what_is_put() {
    let mut isolate = probe();
    let path = "/kv/put?key=a&metadata=%7B%22m%22:1%7D";
    assert_eq!(fetch(&mut isolate, "PUT", path, b"value").text(), "written");
    let large = vec![b'v'; 300_000];
    fetch(&mut isolate, "PUT", "/kv/put?key=large&form=stream", &large);
    fetch(&mut isolate, "PUT", "/kv/put?key=empty", b"");
    check(&mut isolate, "/kv/get?key=a&form=text", 200, "value");
    for form in ["", "text", "stream"] {
        let path = format!("/kv/get?key=large&form={form}");
        assert!(
            fetch(&mut isolate, "GET", &path, b"").body == large,
            "{form}"
        );
        check(
            &mut isolate,
            &format!("/kv/get?key=empty&form={form}"),
            200,
            "",
        );
        check(
            &mut isolate,
            &format!("/kv/get?key=no&form={form}"),
            404,
            "no such key\n",
        );
    }
    check(
        &mut isolate,
        "/kv/get?key=a&form=metadata",
        200,
        r#"{"expiration":null,"metadata":"{\"m\":1}","value":"value"}"#,
    );
    let page = fetch(&mut isolate, "GET", "/kv/list?limit=2", b"");
    assert!(
        page.text().contains(r#""cursor":"large""#),
        "{}",
        page.text()
    );
    let page = fetch(&mut isolate, "GET", "/kv/list?limit=2&cursor=large", b"");
    assert!(
        page.text().contains(r#""list_complete":true"#),
        "{}",
        page.text()
    );
    let many = fetch(&mut isolate, "GET", "/kv/many?keys=a,no,empty", b"");
    assert!(many.text().contains(r#"},null,{"#), "{}", many.text());
    check(&mut isolate, "/kv-loop?n=50&key=a", 200, "50");
    check(&mut isolate, "/kv-increment?key=n", 200, "1");
    check(&mut isolate, "/kv-increment?key=n", 200, "2");
    check(&mut isolate, "/kv/delete?key=a", 200, "deleted");
    check(&mut isolate, "/kv/get?key=a", 404, "no such key\n");
}

#[test]
fn env_tells_kinds_apart() {
    let mut isolate = probe();
    check(
        &mut isolate,
        "/env",
        200,
        r#"{"names":["GREETING","KV","SETTINGS","TOKEN"]}"#,
    );
    check(&mut isolate, "/env?name=GREETING", 200, "hello");
    check(&mut isolate, "/env?name=SETTINGS", 200, r#"{"depth":3}"#);
    check(&mut isolate, "/env?name=TOKEN&kind=secret", 200, "s3cret");
    check(&mut isolate, "/env?name=KV&kind=kv", 200, "a KV namespace");
    let long = "x".repeat(5000);
    isolate.bind("LONG", &EnvValue::Text(&long));
    check(&mut isolate, "/env?name=LONG", 200, &long);
    for (path, is) in [
        ("/env?name=TOKEN", "a secret"),
        ("/env?name=NO", "nothing"),
        ("/env?name=GREETING&kind=secret", "a text variable"),
    ] {
        let answer = isolate.fetch("GET", path, b"").unwrap();
        let (_, message) = answer.done.unwrap().unwrap_err();
        assert!(message.contains(is), "{path}: {message}");
    }
}

#[test]
fn work_goes_on_after_the_answer() {
    let mut isolate = probe();
    let id = isolate.begin("GET", "/wait-until?key=later", b"").unwrap();
    let answer = isolate.host().answers[&id].clone();
    assert_eq!((answer.text(), &answer.done), ("answered", &None));
    isolate.run().unwrap();
    assert_eq!(isolate.host().answers[&id].done, Some(Ok(())));
    check(
        &mut isolate,
        "/kv/get?key=later&form=text",
        200,
        "written after the answer",
    );
}

#[test]
fn logs_time_and_randomness_are_the_hosts() {
    let mut isolate = probe();
    check(&mut isolate, "/log?bytes=5", 200, "logged");
    let expect = [
        (0, "debug"),
        (1, "info"),
        (3, "warn"),
        (4, "error 1"),
        (2, "xxxxx"),
    ];
    let expect = expect.map(|(level, line)| (level, line.to_string()));
    assert_eq!(isolate.host().log, expect);
    check(&mut isolate, "/now", 200, "1700000000000");
    check(&mut isolate, "/timer?ms=5", 200, "0");
    check(
        &mut isolate,
        "/random",
        200,
        "01080f161d242b323940474e555c636a",
    );
}

#[test]
fn an_error_is_an_exception_and_the_isolate_lives_on() {
    let mut isolate = probe();
    let answer = isolate.fetch("GET", "/throw", b"").unwrap();
    assert_eq!(answer.status, None);
    assert_eq!(
        answer.done,
        Some(Err(("TypeError".into(), "thrown as asked".into())))
    );
    check(&mut isolate, "/after-error", 200, "1");
    check(&mut isolate, "/state", 200, "3");
}

#[test]
fn a_panic_tells_its_message_before_it_traps() {
    let mut isolate = probe();
    let error = isolate.fetch("GET", "/panic", b"").unwrap_err();
    assert!(error.contains("unreachable"), "{error}");
    let answer = &isolate.host().answers[&1];
    assert_eq!(
        answer.done,
        Some(Err(("panic".into(), "panicked as asked".into())))
    );
}

#[test]
fn what_traps_traps() {
    for (path, expect) in [("/trap", "unreachable"), ("/recurse", "stack")] {
        let mut isolate = probe();
        let error = isolate.fetch("GET", path, b"").unwrap_err();
        assert!(error.contains(expect), "{path}: {error}");
        assert_eq!(isolate.host().answers[&1].done, None, "{path}");
    }
}

#[test]
fn a_request_that_waits_for_nothing_can_be_aborted() {
    let mut isolate = probe();
    let never = isolate.begin("GET", "/never", b"").unwrap();
    isolate.run().unwrap();
    assert_eq!(isolate.host().answers[&never], Answer::default());
    isolate.event(EventKind::Abort, never, &[1]).unwrap();
    assert_eq!(isolate.host().answers[&never].done, Some(Ok(())));
    check(&mut isolate, "/state", 200, "2");
}

#[test]
fn work_outlives_the_client_and_not_the_request() {
    let mut isolate = probe();
    let path = "/wait-until?then=stream&key=left";
    let left = isolate.begin("GET", path, b"").unwrap();
    isolate.event(EventKind::Abort, left, &[0]).unwrap();
    assert_eq!(isolate.host().answers[&left].done, None);
    isolate.run().unwrap();
    assert_eq!(isolate.host().answers[&left].done, Some(Ok(())));
    assert!(isolate.host().kv.contains_key("left"));

    let over = isolate.begin("GET", path, b"").unwrap();
    isolate.event(EventKind::Abort, over, &[0]).unwrap();
    isolate.event(EventKind::Abort, over, &[1]).unwrap();
    assert_eq!(isolate.host().answers[&over].done, Some(Ok(())));
    assert_eq!(isolate.host().offences, Vec::<String>::new());
}

#[test]
fn work_goes_on_after_an_error() {
    let mut isolate = probe();
    let id = isolate
        .begin("GET", "/wait-until?then=throw&key=failed", b"")
        .unwrap();
    let answer = &isolate.host().answers[&id];
    let told = ("TypeError".into(), "thrown as asked".into());
    assert_eq!((&answer.failed, &answer.done), (&Some(told), &None));
    isolate.run().unwrap();
    assert_eq!(isolate.host().answers[&id].done, Some(Ok(())));
    assert!(isolate.host().kv.contains_key("failed"));
    assert_eq!(isolate.host().offences, Vec::<String>::new());
}

#[test]
fn memory_does_not_grow_with_requests() {
    let mut isolate = probe();
    let round = |isolate: &mut Isolate| {
        for path in [
            "/echo",
            "/length",
            "/echo-buffered",
            "/kv/put?form=stream",
            "/kv/put",
        ] {
            fetch(isolate, "POST", path, &[7; 100_000]);
        }
        for path in [
            "/",
            "/kv/get?form=stream",
            "/wait-until",
            "/headers",
            "/kv/list",
        ] {
            fetch(isolate, "GET", path, b"");
        }
        isolate.fetch("GET", "/throw", b"").unwrap();
        isolate.host().answers.clear();
    };
    for _ in 0..5 {
        round(&mut isolate);
    }
    let before = isolate.memory_bytes();
    for _ in 0..100 {
        round(&mut isolate);
    }
    assert_eq!(isolate.memory_bytes(), before);
}
