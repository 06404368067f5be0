//! Starting, stopping, reloading: what an operator's init system sees.

use postern_e2e::guests::module;
use postern_e2e::{Daemon, Request, Setup, eventually};
use rustix::process::Signal;
use serde_json::json;
use std::net::TcpStream;

#[test]
fn both_signals_end_it_well() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut daemon = Setup::new().tokenless().start();
        TcpStream::connect(daemon.edge()).unwrap();
        daemon.signal(signal);
        assert!(daemon.wait().success(), "{signal:?}: {}", daemon.log());
        assert!(!daemon.data_dir().join("run/listening.json").exists());
    }
}

#[test]
fn an_idle_connection_does_not_delay_the_end() {
    let mut daemon = Setup::new().tokenless().start();
    let _idle = daemon.connect();
    daemon.terminate();
}

#[test]
fn a_request_in_flight_is_finished() {
    let mut daemon = Daemon::plain();
    daemon.api().production();
    daemon.api().push("slow", &waits_for_a_body(), &json!({}));
    let mut connection = daemon.connect();
    connection
        .write(
            b"POST /slow/ HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n",
        )
        .unwrap();
    // The Worker has asked for the body, so the request is in flight.
    assert_eq!(connection.read_head().unwrap().0, 100);
    daemon.signal(Signal::TERM);
    eventually("new connections are refused", || {
        Request::get("/slow/").send(daemon.edge()).err()
    });
    connection.write(b"ab").unwrap();
    assert_eq!(connection.read(false).unwrap().status, 204);
    assert!(daemon.wait().success());
}

/// A module that answers when its body is complete (event 3), so that the test decides when that is.
pub fn waits_for_a_body() -> Vec<u8> {
    // Status 204 without headers: a `ResponseHead` of three bytes.
    let event = "(if (i32.eq (local.get $kind) (i32.const 3))
        (then
          (call $respond (local.get $id) (i32.const 16) (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0))
          (call $done (local.get $id) (i32.const 0) (i32.const 0) (i32.const 0))))
      (if (i32.eq (local.get $kind) (i32.const 1))
        (then (call $pull (local.get $id) (i32.const 65536))))";
    body_reader(event)
}

/// A module that may ask for a body.
fn body_reader(event: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
  (import "postern" "respond" (func $respond (param i32 i32 i32 i32 i32 i32)))
  (import "postern" "done" (func $done (param i32 i32 i32 i32)))
  (import "postern" "body_pull" (func $pull (param i32 i32)))
  (memory (export "memory") 8)
  (data (i32.const 16) "\cc\01\00")
  (func (export "postern_abi_v1"))
  (func (export "postern_window") (param i32) (result i32) (i32.const 65536))
  (func (export "postern_event") (param $kind i32) (param $id i32) (param $len i32) (result i32)
    {event}
    (i32.const 0)))"#
    );
    postern_e2e::guests::from_text(&text)
}

#[test]
fn a_second_signal_does_not_wait() {
    let mut daemon = Daemon::plain();
    daemon.api().production();
    // It never answers and never ends, because it waits for a body that does not come.
    let event = "(if (i32.eq (local.get $kind) (i32.const 1))
        (then (call $pull (local.get $id) (i32.const 65536))))";
    daemon.api().push("never", &body_reader(event), &json!({}));
    let mut connection = daemon.connect();
    connection
        .write(b"POST /never/ HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n")
        .unwrap();
    assert_eq!(connection.read_head().unwrap().0, 100);
    daemon.signal(Signal::TERM);
    eventually("it begins to stop", || {
        Request::get("/never/").send(daemon.edge()).err()
    });
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.wait().code(), Some(1));
}

#[test]
fn what_was_acknowledged_is_there_after_a_restart() {
    let mut daemon = Daemon::plain();
    let api = daemon.api();
    api.production();
    api.push("a", &postern_e2e::guests::hello("kept"), &json!({}));
    let id = api.kv_namespace("kept");
    api.kv_put(&id, "k", b"v");
    for _ in 0..2 {
        daemon.restart();
        assert_eq!(daemon.get("/a/").expect(200).text(), "kept");
        assert_eq!(daemon.api().kv_get(&id, "k").as_deref(), Some(&b"v"[..]));
    }
}

#[test]
fn a_reload_changes_the_routes() {
    let mut daemon = Daemon::plain();
    let api = daemon.api();
    api.production();
    api.push("a", &module("(nop)", &[]), &json!({}));
    api.push("b", &postern_e2e::guests::hello("b"), &json!({}));
    let request = Request::get("/").header("host", "b.test");
    assert_eq!(daemon.send(&request).status, 400);
    daemon.reconfigure(
        Setup::new()
            .routing("modes = [\"hostname\", \"path\"]")
            .tables("[routing.hostnames]\n\"b.test\" = \"b\"\n"),
    );
    daemon.signal(Signal::HUP);
    eventually("the new route holds", || {
        let response = daemon.send(&request);
        (response.status == 200).then_some(response)
    });
    // A mistake leaves everything as it is.
    std::fs::write(daemon.dir().join("postern.toml"), "nonsense = 1\n").unwrap();
    daemon.signal(Signal::HUP);
    eventually("the mistake is told", || {
        daemon
            .log()
            .contains("unknown key `nonsense`")
            .then_some(())
    });
    daemon.send(&request).expect(200);
}

#[test]
fn two_daemons_on_one_directory() {
    let mut daemon = Daemon::plain();
    let second = daemon.cli(&["serve"]).expect(1);
    assert!(!second.stderr.is_empty());
    assert!(daemon.runs());
    daemon.api().production();
    daemon.terminate();
}

#[test]
fn a_taken_address_is_told() {
    let daemon = Setup::new().tokenless().start();
    let taken = daemon.edge().to_string();
    let other = daemon.dir().join("other");
    let ran = daemon.cli(&[
        "serve",
        "--data-dir",
        other.to_str().unwrap(),
        "--edge-listen",
        &taken,
    ]);
    let ran = ran.expect(1);
    assert!(ran.stderr.contains(&taken), "{}", ran.stderr);
    assert!(ran.stderr.contains("edge.listen"), "{}", ran.stderr);
}
