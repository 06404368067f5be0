//! Programs for WASI preview 1, run once a request by the CGI convention.

use postern_e2e::guests::from_text;
use postern_e2e::{Daemon, Request, Setup, eventually, guest};
use serde_json::json;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

fn program(body: &str) -> Vec<u8> {
    from_text(&format!(
        r#"(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "Content-Type: text/plain\n\nhi")
  (func $print (param $fd i32) (param $ptr i32) (param $len i32)
    (i32.store (i32.const 0) (local.get $ptr))
    (i32.store (i32.const 4) (local.get $len))
    (drop (call $write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func (export "_start") {body}))"#
    ))
}

#[test]
fn a_program_sees_the_request_and_its_variables() {
    let daemon = Daemon::plain();
    daemon.api().production();
    let bindings = json!({"bindings": [
        {"type": "plain_text", "name": "GREETING", "text": "hi there"},
        {"type": "secret_text", "name": "KEY", "text": "s3cret"},
    ]});
    daemon.api().push("cgi", &guest("wasi-cgi"), &bindings);
    for round in ["first", "second"] {
        let request = Request::post("/cgi/a%20b/c?q=1&r", round).header("x-one", "1");
        let response = daemon.send(&request).expect(201);
        assert_eq!(response.header("content-type"), Some("text/plain"));
        let text = response.text();
        for line in [
            "REQUEST_METHOD=POST",
            "PATH_INFO=/a b/c",
            "QUERY_STRING=q=1&r",
            "HTTP_X_ONE=1",
            "GREETING=hi there",
            "KEY=s3cret",
            &format!("CONTENT_LENGTH={}", round.len()),
        ] {
            assert!(
                text.lines().any(|it| it == line),
                "{line} is not in\n{text}"
            );
        }
        // Each run begins anew, so the body is this request's alone.
        assert!(text.ends_with(&format!("\n\n{round}")), "{text}");
    }
}

#[test]
fn how_a_program_ends_decides_the_answer() {
    let daemon = Daemon::plain();
    let api = daemon.api();
    api.production();
    let head = "(call $print (i32.const 1) (i32.const 64) (i32.const 28))";
    for (name, body, status) in [
        ("returns", head.to_owned(), 200),
        ("exits-0", format!("{head} (call $exit (i32.const 0))"), 200),
        ("exits-3", format!("{head} (call $exit (i32.const 3))"), 500),
        ("silent", String::new(), 500),
        (
            "no-head",
            "(call $print (i32.const 1) (i32.const 90) (i32.const 2))".to_owned(),
            500,
        ),
        ("traps", format!("{head} (unreachable)"), 500),
        ("spins", "(loop $l (br $l))".to_owned(), 503),
    ] {
        api.push(name, &program(&body), &json!({}));
        let response = daemon.get(&format!("/{name}/")).expect(status);
        if status == 200 {
            assert_eq!(response.text(), "hi", "{name}");
        }
    }
    assert_eq!(daemon.get("/returns/").expect(200).text(), "hi");
}

#[test]
fn what_a_program_writes_to_its_standard_error_is_its_log() {
    let daemon = Daemon::plain();
    daemon.api().production();
    daemon.api().push("cgi", &guest("wasi-cgi"), &json!({}));
    daemon.get("/cgi/?exit=3").expect(500);
    let logs = daemon
        .cli(&["logs", "cgi", "--namespace", "production", "--count", "1"])
        .expect(0);
    let told = String::from_utf8_lossy(&logs.stdout);
    assert!(told.contains("leaving with status 3"), "{told}");
    assert!(told.contains("exit status 3"), "{told}");
}

#[test]
fn only_a_few_functions_exist() {
    let daemon = Daemon::plain();
    let api = daemon.api();
    api.production();
    let module = from_text(
        r#"(module (import "wasi_snapshot_preview1" "sock_teleport" (func))
             (memory (export "memory") 1) (func (export "_start")))"#,
    );
    let (status, code, message) = api.try_push("w", &module, &json!({})).refused();
    assert_eq!((status, code), (400, 10021));
    assert!(message.contains("sock_teleport"), "{message}");
}

/// A program's answer is there whole, and stays when its isolate is gone.
#[test]
fn answers_that_nobody_takes_have_their_share_of_the_memory() {
    const MIB: usize = 16;
    let daemon = Setup::new()
        .board("qemu-armv7")
        .tables("[limits]\ncpu-ms = 30000\n")
        .start();
    daemon.api().production();
    let rounds = (MIB << 20) / 60_000;
    let body = format!(
        "(local $left i32)
         (local.set $left (i32.const {rounds}))
         (call $print (i32.const 1) (i32.const 64) (i32.const 28))
         (loop $again
           (call $print (i32.const 1) (i32.const 1024) (i32.const 60000))
           (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))"
    );
    daemon.api().push("long", &program(&body), &json!({}));
    let ask = || {
        let mut client = TcpStream::connect(daemon.edge()).unwrap();
        client
            .write_all(b"GET /long/ HTTP/1.1\r\nhost: a.test\r\n\r\n")
            .unwrap();
        let mut status = [0; 12];
        client.read_exact(&mut status).unwrap();
        let is_refused = status.ends_with(b"503");
        (client, is_refused)
    };
    // Of 96 MiB that Workers have there are six answers at most, and what clients' sockets took is theirs still.
    let clients: Vec<_> = (0..8).map(|_| ask()).collect();
    assert!(clients.iter().any(|(_, is_refused)| *is_refused));
    assert!(clients.iter().any(|(_, is_refused)| !is_refused));
    drop(clients);
    eventually("there is room again", || {
        let (_, is_refused) = ask();
        (!is_refused).then_some(())
    });
}

/// Bytes that Workers and what is under way for them have of the memory.
fn granted(daemon: &Daemon) -> u64 {
    let ledger = daemon.api().get("/postern/v1/ledger").ok();
    let planes = ledger["device"]["parts"].as_array().unwrap();
    let workers = planes.iter().find(|it| it["name"] == "Workers").unwrap();
    workers["granted_bytes"].as_u64().unwrap()
}

/// A program is given a body whole, which is there before it is.
#[test]
fn bodies_that_do_not_end_have_their_share_of_the_memory() {
    let daemon = Daemon::plain();
    daemon.api().production();
    let body = "(call $print (i32.const 1) (i32.const 64) (i32.const 28))";
    daemon.api().push("reads", &program(body), &json!({}));
    let part = vec![b'x'; 8 << 20];
    let clients: Vec<_> = (0..3)
        .map(|_| {
            let mut client = TcpStream::connect(daemon.edge()).unwrap();
            let len = part.len() + 1;
            let head =
                format!("POST /reads/ HTTP/1.1\r\nhost: a.test\r\ncontent-length: {len}\r\n\r\n");
            client.write_all(head.as_bytes()).unwrap();
            client.write_all(&part).unwrap();
            client
        })
        .collect();
    eventually("they are counted", || {
        (granted(&daemon) >= 3 * part.len() as u64).then_some(())
    });
    drop(clients);
    eventually("they are not counted any more", || {
        (granted(&daemon) < part.len() as u64).then_some(())
    });
}
