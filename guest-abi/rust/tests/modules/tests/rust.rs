//! The Rust Workers.
#![allow(clippy::unwrap_used)]

use postern_module_tests::{Isolate, guest};

#[test]
fn hello_answers() {
    let mut isolate = Isolate::new(&guest("hello"));
    for _ in 0..3 {
        let before = isolate.fuel();
        let answer = isolate.fetch("GET", "/", b"").unwrap();
        println!("fuel {}", isolate.fuel() - before);
        assert_eq!(answer.status, Some(200));
        assert_eq!(answer.text(), "Hello, World!\n");
        assert_eq!(
            answer.header("content-type"),
            Some("text/plain;charset=UTF-8")
        );
        assert!(answer.complete);
        assert_eq!(answer.done, Some(Ok(())));
    }
}

#[test]
fn hello_is_small() {
    let module = guest("hello");
    assert!(module.len() < 64 * 1024, "{} bytes", module.len());
    let isolate = Isolate::new(&module);
    println!(
        "{} bytes, {} of memory",
        module.len(),
        isolate.memory_bytes()
    );
    assert!(isolate.memory_bytes() <= 3 * 65536);
}

#[test]
fn the_counter_counts() {
    let mut isolate = Isolate::new(&guest("kv-counter"));
    isolate.bind("COUNTS", &postern_abi::op::EnvValue::Kv);
    for visits in 1..=3 {
        let before = isolate.fuel();
        let answer = isolate.fetch("GET", "/a?b", b"").unwrap();
        println!("fuel {}", isolate.fuel() - before);
        assert_eq!(answer.text(), format!("/a was visited {visits} times\n"));
        assert_eq!(answer.done, Some(Ok(())));
    }
    assert_eq!(
        isolate.fetch("GET", "/c", b"").unwrap().text(),
        "/c was visited 1 times\n"
    );
}

#[test]
fn a_request_is_passed_on_as_it_came() {
    let mut isolate = Isolate::new(&guest("dispatcher"));
    let dispatch = postern_abi::op::EnvValue::Other("dispatch_namespace");
    isolate.bind("DISPATCHER", &dispatch);
    for _ in 0..3 {
        let before = isolate.fuel();
        let answer = isolate.fetch("GET", "/a/b?cpu_ms=7", b"").unwrap();
        println!("fuel {}", isolate.fuel() - before);
        assert_eq!((answer.status, answer.text()), (Some(203), "answered"));
        assert_eq!(answer.header("x-answered"), Some("yes"));
        assert_eq!(answer.done, Some(Ok(())));
        let asked = isolate.host().fetched.pop().unwrap();
        assert_eq!(asked.method, "GET");
        assert_eq!(asked.url, "http://worker.test/a/b?cpu_ms=7");
        assert_eq!(
            asked.headers,
            [
                ("host".to_owned(), b"worker.test".to_vec()),
                ("x-test".to_owned(), b"1".to_vec())
            ]
        );
        assert!(
            asked.target.contains("script: \"a\", cpu_ms: Some(7)"),
            "{}",
            asked.target
        );
    }
}

#[test]
fn a_missing_binding_is_an_exception_that_names_it() {
    let mut isolate = Isolate::new(&guest("kv-counter"));
    let answer = isolate.fetch("GET", "/", b"").unwrap();
    assert_eq!(answer.status, None);
    let (name, message) = answer.done.unwrap().unwrap_err();
    assert_eq!(name, "Error");
    assert!(message.contains("\"COUNTS\""), "{message}");
}
