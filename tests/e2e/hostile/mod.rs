//! Modules made to break the host: each ends as told here, and only itself.

mod answers;
mod crafted;
mod javascript;
mod malformed;
mod memory;
mod operations;
mod pointers;
mod programs;
mod refused;
mod scripts;
mod stacks;
mod windows;

use postern_e2e::api::{Api, Reply, script};
use postern_e2e::guests::{from_text, hello};
use postern_e2e::{Request, Setup, eventually};
use serde_json::{Value, json};

const LIMITS: &str = "[limits]
cpu-ms = 20
startup-cpu-ms = 200
memory-bytes = '4 MiB'
wall-ms = 5000
wait-until-ms = 1000
response-body-bytes = '1 MiB'
log-bytes = '16 KiB'
";

/// How a module ends.
enum Ends {
    /// The push is refused with a message that has this in it.
    Refused(&'static str),
    /// A request is answered with this status and a text that has this in it.
    Answered(u16, &'static str),
    /// Either is as good.
    Cut(&'static [u16]),
}
use Ends::{Answered, Cut, Refused};

const THREW: Ends = Answered(500, "1101");
const CPU: Ends = Answered(503, "CPU time limit");
const MEMORY: Ends = Answered(503, "memory limit");
const STACK: Ends = Answered(503, "call stack limit");
const FINE: Ends = Answered(200, "");

/// What the daemon may take beyond what it took before, whatever is done to it.
const RSS_MAX: u64 = 96 << 20;

// How many modules each test has, by which they can be counted in all.
const ANSWERS: usize = 27;
const CRAFTED: usize = 30;
const RANGES: usize = 16;
const TURNS: usize = 10;
const MALFORMED: usize = 42;
const MEMORIES: usize = 21;
const OPERATIONS: usize = 21;
const POINTERS: usize = 71;
const PROGRAMS: usize = 29;
const REFUSED: usize = 35;
const CALLS: usize = 26;
const BORDERS: usize = 36;
const WINDOWS: usize = 13;

/// Pushes each module, requests it as often as `times` says, and looks after each at the
/// neighbour, the daemon's memory, and what is left of the module. There are `count` of them.
#[track_caller]
fn check(count: usize, times: usize, cases: Vec<(&str, Vec<u8>, Ends)>) {
    assert_eq!(cases.len(), count, "modules of this test");
    check_pushed(LIMITS, times, cases, |api, module, metadata| {
        api.try_push("bad", &module, metadata)
    });
}

/// The same of whatever `push` makes a Worker of, under these limits.
fn check_pushed<T>(
    limits: &str,
    times: usize,
    cases: Vec<(&str, T, Ends)>,
    push: impl Fn(&Api, T, &Value) -> Reply,
) {
    let mut daemon = Setup::new().tables(limits).start();
    let api = daemon.api();
    api.production();
    let id = api.kv_namespace("hostile");
    let metadata = json!({"bindings": [
        {"type": "kv_namespace", "name": "KV", "namespace_id": id},
        {"type": "plain_text", "name": "TEXT", "text": "x".repeat(4000)},
    ]});
    api.push("good", &hello("good"), &json!({}));
    daemon.get("/good/").expect(200);
    let (rss, calm) = (daemon.rss(), isolates(&api));
    for (what, module, ends) in cases {
        let reply = push(&api, module, &metadata);
        if let Refused(part) = ends {
            assert_eq!(reply.envelope["success"], false, "{what} was taken");
            let (status, _, message) = reply.refused();
            assert!((400..500).contains(&status), "{what}: {status} {message}");
            assert!(message.contains(part), "{what}: {message}");
        } else {
            assert_eq!(
                reply.envelope["success"], true,
                "{what}: {}",
                reply.envelope
            );
            for _ in 0..times {
                let target = Request::get("/bad/");
                match (target.send(daemon.edge()), &ends) {
                    (Ok(response), Answered(status, part)) => {
                        let text = String::from_utf8_lossy(&response.body);
                        assert_eq!(response.status, *status, "{what}: {text}");
                        assert!(text.contains(part), "{what}: {text}");
                    }
                    (Ok(response), Cut(statuses)) => {
                        assert!(statuses.contains(&response.status), "{what}: {response:?}");
                    }
                    (Err(_), Cut(_)) => {}
                    (Ok(_), Refused(_)) => unreachable!("it was pushed"),
                    (Err(error), _) => panic!("{what}: {error}\n{}", daemon.log()),
                }
                assert_eq!(daemon.get("/good/").expect(200).text(), "good", "{what}");
            }
            api.delete(&script("bad")).ok();
        }
        assert!(daemon.runs(), "{what}: {}", daemon.log());
        eventually(&format!("what {what:?} took is given back"), || {
            (isolates(&api) <= calm).then_some(())
        });
        let grown = daemon.rss().saturating_sub(rss);
        assert!(grown < RSS_MAX, "{what}: {grown} bytes more are resident");
    }
    assert!(!daemon.log().contains("panicked"), "{}", daemon.log());
    daemon.terminate();
}

/// What SPECIFICATION.md says of their number; each test holds itself to its own.
#[test]
fn there_are_over_three_hundred_modules() {
    let all = [
        ANSWERS, CRAFTED, RANGES, TURNS, MALFORMED, MEMORIES, OPERATIONS, POINTERS, PROGRAMS,
        REFUSED, CALLS, BORDERS, WINDOWS,
    ];
    let count: usize = all.iter().sum();
    assert!(count > 300, "{count}");
}

/// Isolates there are and bytes they take.
fn isolates(api: &Api) -> (u64, u64) {
    let status = api.get("/postern/v1/status").ok();
    let number = |key: &str| status["isolates"][key].as_u64().unwrap();
    (number("count"), number("memory_bytes"))
}

/// A guest for the ABI. At 16 is the head of an empty answer, at 32 the argument of a timer
/// of 100 s, at 40 a text that is not UTF-8; from 64 KiB the window.
fn guest(rest: &str, event: &str) -> Vec<u8> {
    whole("(memory (export \"memory\") 4)", WINDOW, rest, event)
}

const WINDOW: &str = "(i32.const 65536)";

fn whole(memory: &str, window: &str, rest: &str, event: &str) -> Vec<u8> {
    from_text(&format!(
        r#"(module
  (import "postern" "op_start" (func $op_start (param i32 i32 i32 i32)))
  (import "postern" "op_cancel" (func $op_cancel (param i32)))
  (import "postern" "op_pull" (func $op_pull (param i32 i32)))
  (import "postern" "op_chunk" (func $op_chunk (param i32 i32 i32 i32)))
  (import "postern" "op_sync" (func $op_sync (param i32 i32 i32 i32 i32) (result i32)))
  (import "postern" "respond" (func $respond (param i32 i32 i32 i32 i32 i32)))
  (import "postern" "body_chunk" (func $body_chunk (param i32 i32 i32 i32) (result i32)))
  (import "postern" "body_pull" (func $body_pull (param i32 i32)))
  (import "postern" "done" (func $done (param i32 i32 i32 i32)))
  (import "postern" "log" (func $log (param i32 i32 i32)))
  (import "postern" "now" (func $now (result i64)))
  (import "postern" "random" (func $random (param i32 i32)))
  {memory}
  (global $n (mut i32) (i32.const 0))
  (data (i32.const 16) "\c8\01\00")
  (data (i32.const 32) "\a0\8d\06")
  (data (i32.const 40) "\ff\fe\ff\fe")
  (func (export "postern_abi_v1"))
  (func $window (export "postern_window") (param $min i32) (result i32) {window})
  (func $answer (param $id i32)
    (call $respond (local.get $id) (i32.const 16) (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0))
    (call $done (local.get $id) (i32.const 0) (i32.const 0) (i32.const 0)))
  (func $next (result i32)
    (global.set $n (i32.add (global.get $n) (i32.const 1)))
    (global.get $n))
  {rest}
  (func (export "postern_event") (param $kind i32) (param $id i32) (param $len i32) (result i32)
    {event}
    (i32.const 0)))"#
    ))
}

/// A guest whose every request does this again and again.
fn again(body: &str) -> Vec<u8> {
    guest("", &format!("(loop $again {body} (br $again))"))
}

/// A guest whose every request does this and answers.
fn once(body: &str) -> Vec<u8> {
    guest("", &format!("{body} {ANSWER}"))
}

const ANSWER: &str =
    "(if (i32.eq (local.get $kind) (i32.const 1)) (then (call $answer (local.get $id))))";

/// A WASI program with this body and whatever else.
fn wasi(rest: &str, start: &str) -> Vec<u8> {
    from_text(&format!(
        r#"(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 4)
  (data (i32.const 16) "Status: 200\n\n")
  ;; Ranges: the head above; then one of 64 KiB, again and again; then one that is outside.
  (data (i32.const 64) "\10\00\00\00\0d\00\00\00")
  (data (i32.const 72) "\00\00\01\00\00\00\01\00\00\00\01\00\00\00\01\00\00\00\01\00\00\00\01\00\ff\ff\ff\ff\ff\00\00\00")
  (table 4 funcref)
  (func $head (drop (call $fd_write (i32.const 1) (i32.const 64) (i32.const 1) (i32.const 8))))
  {rest}
  (func (export "_start") {start}))"#
    ))
}

fn wasi_again(body: &str) -> Vec<u8> {
    wasi("", &format!("(loop $again (drop {body}) (br $again))"))
}

fn wasi_once(body: &str) -> Vec<u8> {
    wasi("", &format!("(drop {body}) (call $head)"))
}
