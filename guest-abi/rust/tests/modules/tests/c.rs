//! The Workers in C.
#![allow(clippy::unwrap_used)]

use postern_abi::event::EventKind;
use postern_module_tests::{Isolate, guest};

#[test]
fn hello_answers() {
    let module = guest("hello-c");
    assert!(module.len() < 8 * 1024, "{} bytes", module.len());
    let mut isolate = Isolate::new(&module);
    for _ in 0..3 {
        let answer = isolate.fetch("GET", "/", b"").unwrap();
        assert_eq!(answer.status, Some(200));
        assert_eq!(answer.text(), "Hello from C!\n");
        assert_eq!(
            answer.header("content-type"),
            Some("text/plain;charset=UTF-8")
        );
        assert_eq!(answer.done, Some(Ok(())));
    }
}

#[test]
fn echo_sends_bodies_of_all_sizes_back_in_bounded_memory() {
    let mut isolate = Isolate::new(&guest("echo-c"));
    for len in [0, 1, 1000, 65_536, 65_537, 1_000_000] {
        let body: Vec<u8> = (0..len).map(|i| (i * 31 % 251) as u8).collect();
        let answer = isolate.fetch("POST", "/", &body).unwrap();
        assert!(answer.body == body, "{len} bytes");
        assert!(answer.complete);
        assert_eq!(answer.done, Some(Ok(())));
    }
    assert!(
        isolate.memory_bytes() <= 6 * 65_536,
        "{}",
        isolate.memory_bytes()
    );
}

#[test]
fn an_abort_ends_a_request_and_no_other() {
    let mut isolate = Isolate::new(&guest("echo-c"));
    let first = isolate.begin("POST", "/", b"first").unwrap();
    let second = isolate.begin("POST", "/", b"second").unwrap();
    isolate.event(EventKind::Abort, first, &[0]).unwrap();
    isolate.run().unwrap();
    let host = isolate.host();
    assert_eq!(host.answers[&first].done, Some(Ok(())));
    assert_eq!(host.answers[&first].body, b"");
    assert_eq!(host.answers[&second].body, b"second");
    assert_eq!(host.answers[&second].done, Some(Ok(())));
}

#[test]
fn a_payload_that_is_no_request_ends_the_isolate_cleanly() {
    for payload in [&[0xff; 5][..], &[200, 1, 2], &[]] {
        let mut isolate = Isolate::new(&guest("hello-c"));
        let error = isolate.event(EventKind::Request, 1, payload).unwrap_err();
        assert_eq!(error, "the guest returned 1", "{payload:?}");
    }
}
