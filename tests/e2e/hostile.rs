//! Modules made to break the host: each ends as told here, and only itself.

use postern_e2e::api::{Api, script};
use postern_e2e::guests::{from_text, hello};
use postern_e2e::{Request, Setup, eventually};
use serde_json::json;

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

/// Pushes each module, requests it as often as `times` says, and looks after each at the
/// neighbour, the daemon's memory, and what is left of the module.
fn check(times: usize, cases: Vec<(&str, Vec<u8>, Ends)>) {
    let mut daemon = Setup::new().tables(LIMITS).start();
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
        let reply = api.try_push("bad", &module, &metadata);
        if let Refused(part) = ends {
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

#[test]
fn hostile_modules_are_refused() {
    let many = |what: &str, count: usize| what.repeat(count);
    let plain = |rest: &str| guest(rest, "");
    let nested = format!("(func {} {})", many("(block ", 5000), many(")", 5000));
    let locals = format!("(func (local {}))", many("i32 ", 5000));
    let table = format!(
        "(table 1 funcref) (func (param i32) (block {} (br_table {} (local.get 0))))",
        "",
        many("0 ", 20_000)
    );
    let params = format!("(func (param {}))", many("i64 ", 40));
    let results = format!("(func (result {}) unreachable)", many("i64 ", 40));
    let large = format!(
        "(func {})",
        many("(drop (i64.const 0x7fffffffffffffff))", 110_000)
    );
    let mut bomb = b"\0asm\x01\0\0\0\x01\x05\x01\x4e".to_vec();
    bomb.extend_from_slice(b"\xff\xff\xff\x7f");
    let mut sections = b"\0asm\x01\0\0\0".to_vec();
    sections.extend(b"\0\x02\x01x".repeat(1000));
    let mut cut = hello("x");
    cut.truncate(cut.len() / 2);
    let types = (0..5000).map(|n| {
        let bits = (0..13).map(|bit| if n >> bit & 1 == 0 { "i32 " } else { "i64 " });
        format!("(type (func (param {})))", bits.collect::<String>())
    });
    check(
        1,
        vec![
            ("a recursive group of types", bomb, Refused("recursive")),
            ("custom sections", sections, Refused("custom sections")),
            ("a module cut off", cut, Refused("not valid")),
            ("nesting", plain(&nested), Refused("nested too deep")),
            ("locals", plain(&locals), Refused("too many locals")),
            ("a large br_table", plain(&table), Refused("br_table")),
            ("parameters", plain(&params), Refused("too many parameters")),
            ("results", plain(&results), Refused("too many results")),
            (
                "one large function",
                plain(&large),
                Refused("bytes of code"),
            ),
            (
                "types",
                plain(&types.collect::<String>()),
                Refused("function types"),
            ),
            (
                "tiny functions",
                plain(&many("(func)", 9000)),
                Refused("on average"),
            ),
            (
                "functions",
                plain(&many("(func)", 11_000)),
                Refused("too many functions"),
            ),
            (
                "globals",
                plain(&many("(global i32 (i32.const 0))", 2000)),
                Refused("globals"),
            ),
            (
                "tables",
                plain(&many("(table 1 funcref)", 20)),
                Refused("too many tables"),
            ),
            (
                "a large table",
                plain("(table 4000000000 funcref)"),
                Refused("table elements"),
            ),
            (
                "many tables",
                plain(&many("(table 60000 funcref)", 8)),
                Refused("table elements"),
            ),
            (
                "data segments",
                plain(&many("(data \"x\")", 2000)),
                Refused("data segments"),
            ),
            (
                "element segments",
                plain(&many("(elem func)", 2000)),
                Refused("element segments"),
            ),
            (
                "a constant expression",
                plain(&format!(
                    "(global i32 {} (i32.const 0) {})",
                    many("(i32.add (i32.const 1) ", 50),
                    many(")", 50)
                )),
                Refused("constant expression"),
            ),
            (
                "a memory",
                whole("(memory (export \"memory\") 60000)", WINDOW, "", ""),
                Refused("memory"),
            ),
            ("a second memory", plain("(memory 1)"), Refused("memor")),
            (
                "data outside",
                plain("(data (i32.const 262143) \"xx\")"),
                Refused(""),
            ),
            (
                "elements outside",
                plain("(table 1 funcref) (elem (i32.const 1) $answer)"),
                Refused(""),
            ),
            (
                "a start that spins",
                plain("(func $s (loop $l (br $l))) (start $s)"),
                Refused("CPU"),
            ),
            (
                "a start that traps",
                plain("(func $s unreachable) (start $s)"),
                Refused("start-up"),
            ),
            (
                "a start that grows",
                plain(
                    "(func $s (loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable) (start $s)",
                ),
                Refused("memory"),
            ),
            (
                "a start that recurses",
                plain("(func $s (call $s)) (start $s)"),
                Refused("start-up"),
            ),
            (
                "a boot that fails",
                plain("(func (export \"postern_boot\") (result i32) (i32.const 7))"),
                Refused("returned 7"),
            ),
            (
                "a boot that operates",
                plain(
                    "(func (export \"postern_boot\") (result i32) (call $op_start (i32.const 1) (i32.const 1) (i32.const 32) (i32.const 3)) (i32.const 0))",
                ),
                Refused("operation"),
            ),
            (
                "a boot that points wildly",
                plain(
                    "(func (export \"postern_boot\") (result i32) (call $log (i32.const 1) (i32.const -1) (i32.const -1)) (i32.const 0))",
                ),
                Refused("outside"),
            ),
            (
                "a window that spins",
                whole(
                    "(memory (export \"memory\") 1)",
                    "(loop $l (br $l)) (i32.const 0)",
                    "",
                    "",
                ),
                Refused("start-up"),
            ),
            (
                "no window",
                whole("(memory (export \"memory\") 1)", "(i32.const 0)", "", ""),
                Refused("postern_window"),
            ),
            (
                "a reserved name",
                plain("(func (export \"__postern_start\"))"),
                Refused("reserved"),
            ),
            (
                "an unknown import",
                from_text(
                    "(module (import \"env\" \"system\" (func)) (memory (export \"memory\") 1) (func (export \"_start\")))",
                ),
                Refused("unknown import"),
            ),
            (
                "an imported global",
                from_text(
                    "(module (import \"env\" \"g\" (global i32)) (memory (export \"memory\") 1) (func (export \"_start\")))",
                ),
                Refused("unknown import"),
            ),
        ],
    );
}

#[test]
fn hostile_memories_tables_and_stacks() {
    let grow = |more: &str| guest("(table $t 1 funcref)", more);
    check(
        2,
        vec![
            (
                "memory grown and touched",
                guest(
                    "",
                    &format!(
                        "(local $p i32) (loop $l (local.set $p (memory.grow (i32.const 1))) (if (i32.eq (local.get $p) (i32.const -1)) (then unreachable)) (i32.store (i32.shl (local.get $p) (i32.const 16)) (i32.const 1)) (br $l)) {ANSWER}"
                    ),
                ),
                MEMORY,
            ),
            (
                "memory asked for without end",
                again("(drop (memory.grow (i32.const 65535)))"),
                CPU,
            ),
            (
                "a table grown without end",
                grow("(loop $l (drop (table.grow $t (ref.null func) (i32.const 1000))) (br $l))"),
                CPU,
            ),
            (
                "a table grown too far",
                grow(&format!(
                    "(drop (table.grow $t (ref.null func) (i32.const -2))) {ANSWER}"
                )),
                FINE,
            ),
            (
                "a table grown too far without end",
                grow("(loop $l (drop (table.grow $t (ref.null func) (i32.const -2))) (br $l))"),
                CPU,
            ),
            (
                "memory that stays as it is, without end",
                again("(drop (memory.grow (global.get $n)))"),
                CPU,
            ),
            (
                "memory filled again and again",
                again("(memory.fill (i32.const 65536) (i32.const 1) (i32.const 131072))"),
                CPU,
            ),
            (
                "memory copied again and again",
                again("(memory.copy (i32.const 65536) (i32.const 65537) (i32.const 131072))"),
                CPU,
            ),
            (
                "memory filled outside",
                once("(memory.fill (i32.const 65536) (i32.const 1) (i32.const -1))"),
                THREW,
            ),
            (
                "recursion",
                guest("(func $f (call $f) (call $f))", "(call $f)"),
                STACK,
            ),
            (
                "recursion with many locals",
                guest(
                    "(func $f (local i64 i64 i64 i64 i64 i64 i64 i64) (call $f) (call $f))",
                    "(call $f)",
                ),
                STACK,
            ),
            (
                "tail calls without end",
                guest("(func $f (return_call $f))", "(call $f)"),
                CPU,
            ),
            ("a spin", again(""), CPU),
            (
                "a spin in the neighbour's words",
                again("(drop (call $now))"),
                CPU,
            ),
            (
                "division by zero",
                once("(drop (i32.div_s (i32.const 1) (global.get $n)))"),
                THREW,
            ),
            (
                "a null call",
                guest(
                    "(table $t 4 funcref) (type $v (func))",
                    "(call_indirect $t (type $v) (i32.const 3))",
                ),
                THREW,
            ),
            (
                "a call of the wrong type",
                guest(
                    "(table $t funcref (elem $answer)) (type $v (func))",
                    "(call_indirect $t (type $v) (i32.const 0))",
                ),
                THREW,
            ),
            (
                "a load outside",
                once("(drop (i64.load offset=4294967295 (i32.const -1)))"),
                THREW,
            ),
            ("a status", guest("", "(return (i32.const 1))"), THREW),
            ("silence", guest("", ""), THREW),
            (
                "a boot that fails only later",
                guest(
                    "(func (export \"postern_boot\") (result i32) (table.set $t (i32.const 0) (ref.null func)) (i64.ne (call $now) (i64.const 0))) (table $t 1 funcref)",
                    ANSWER,
                ),
                Answered(503, "pauses"),
            ),
        ],
    );
}

#[test]
fn hostile_pointers() {
    let wild = [
        ("-1", "-1"),
        ("0", "-1"),
        ("-1", "0"),
        ("-1", "1"),
        ("262144", "1"),
        ("262143", "2"),
        ("262145", "0"),
    ];
    let calls = [
        "(call $op_start (i32.const 1) (i32.const 16) P)",
        "(call $op_start (i32.const 1) (i32.const 999) P)",
        "(call $op_chunk (i32.const 1) P (i32.const 1))",
        "(drop (call $op_sync (i32.const 1) P (i32.const 0) (i32.const 0)))",
        "(drop (call $op_sync (i32.const 2) (i32.const 0) (i32.const 0) P))",
        "(call $respond (local.get $id) P (i32.const 0) (i32.const 0) (i32.const 0))",
        "(call $respond (local.get $id) (i32.const 16) (i32.const 3) P (i32.const 0))",
        "(drop (call $body_chunk (local.get $id) P (i32.const 0)))",
        "(call $done (local.get $id) (i32.const 0) P)",
        "(call $log (i32.const 0) P)",
        "(call $random P)",
    ];
    let mut cases = Vec::new();
    for call in calls {
        for (at, len) in wild {
            // A result that has no room, or needs less than is named, is no violation.
            if call.contains("op_sync (i32.const 2)") && (at, len) != ("-1", "-1") {
                continue;
            }
            let call = call.replace('P', &format!("(i32.const {at}) (i32.const {len})"));
            cases.push((call.clone(), once(&call)));
        }
    }
    let cases = cases
        .iter()
        .map(|(call, module)| (call.as_str(), module.clone(), THREW));
    check(1, cases.collect());
}

#[test]
fn hostile_answers() {
    let fields = |count: usize, field: &str| {
        let mut head = String::from("\\c8\\01");
        let mut left = count;
        while left >= 128 {
            head.push_str(&format!("\\{:02x}", left & 127 | 128));
            left >>= 7;
        }
        head.push_str(&format!("\\{left:02x}"));
        head.push_str(&field.repeat(count));
        head
    };
    let respond = |head: &str| {
        let len = head.len() / 3;
        guest(
            &format!("(data (i32.const 100000) \"{head}\")"),
            &format!(
                "(call $respond (local.get $id) (i32.const 100000) (i32.const {len}) (i32.const 0) (i32.const 0) (i32.const 0)) (call $done (local.get $id) (i32.const 0) (i32.const 0) (i32.const 0))"
            ),
        )
    };
    let stream = "(call $respond (local.get $id) (i32.const 16) (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1))";
    let twice = "(call $respond (local.get $id) (i32.const 16) (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0))";
    check(
        2,
        vec![
            (
                "fields without names",
                respond(&fields(60_000, "\\00\\00")),
                THREW,
            ),
            (
                "more fields than a map has room for",
                respond(&fields(40_000, "\\01\\61\\00")),
                Cut(&[200, 500]),
            ),
            (
                "a field again and again",
                respond(&fields(20_000, "\\01\\61\\00")),
                Cut(&[200, 500]),
            ),
            (
                "a head that is too large",
                once(
                    "(call $respond (local.get $id) (i32.const 16) (i32.const 140000) (i32.const 0) (i32.const 0) (i32.const 0))",
                ),
                THREW,
            ),
            (
                "a head that claims too much",
                respond("\\c8\\01\\ff\\ff\\ff\\ff\\0f"),
                THREW,
            ),
            ("status 0", respond("\\00\\00"), THREW),
            ("status 101", respond("\\65\\00"), THREW),
            ("status 65535", respond("\\ff\\ff\\03\\00"), THREW),
            (
                "a field with a line break",
                respond("\\c8\\01\\01\\01\\61\\03\\61\\0a\\62"),
                THREW,
            ),
            (
                "a name with a blank",
                respond("\\c8\\01\\01\\01\\20\\01\\61"),
                THREW,
            ),
            (
                "a length that lies",
                respond(
                    "\\c8\\01\\01\\0e\\63\\6f\\6e\\74\\65\\6e\\74\\2d\\6c\\65\\6e\\67\\74\\68\\02\\39\\39",
                ),
                Cut(&[200, 500]),
            ),
            (
                "framing of its own",
                respond(
                    "\\c8\\01\\01\\11\\74\\72\\61\\6e\\73\\66\\65\\72\\2d\\65\\6e\\63\\6f\\64\\69\\6e\\67\\07\\63\\68\\75\\6e\\6b\\65\\64",
                ),
                FINE,
            ),
            (
                "two answers",
                once(&format!("{twice} {twice}")),
                Cut(&[200, 500]),
            ),
            (
                "two ends",
                once("(call $answer (local.get $id))"),
                Cut(&[200, 500]),
            ),
            (
                "an end without an answer",
                once("(call $done (local.get $id) (i32.const 0) (i32.const 0) (i32.const 0))"),
                THREW,
            ),
            (
                "an answer behind the end",
                once("(call $done (local.get $id) (i32.const 1) (i32.const 0) (i32.const 0))"),
                THREW,
            ),
            (
                "an exception that is none",
                once("(call $done (local.get $id) (i32.const 1) (i32.const 40) (i32.const 4))"),
                THREW,
            ),
            (
                "an exception of all memory",
                once("(call $done (local.get $id) (i32.const 1) (i32.const 0) (i32.const 262144))"),
                THREW,
            ),
            (
                "an answer to nobody",
                once(
                    "(call $respond (i32.const 77) (i32.const 16) (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0))",
                ),
                FINE,
            ),
            (
                "heads for nobody, without end",
                guest(
                    &format!(
                        "(data (i32.const 100000) \"{}\")",
                        fields(20_000, "\\01\\61\\00")
                    ),
                    "(loop $l (call $respond (i32.const 77) (i32.const 100000) (i32.const 60005) (i32.const 0) (i32.const 0) (i32.const 0)) (br $l))",
                ),
                CPU,
            ),
            (
                "exceptions for nobody, without end",
                again("(call $done (i32.const 77) (i32.const 1) (i32.const 0) (i32.const 262144))"),
                CPU,
            ),
            (
                "a body that is too large",
                guest(
                    "(func $f (drop (memory.grow (i32.const 20))))",
                    "(call $f) (call $respond (local.get $id) (i32.const 16) (i32.const 3) (i32.const 0) (i32.const 1310720) (i32.const 0))",
                ),
                Answered(500, "response body limit"),
            ),
            (
                "a body beyond its credit",
                guest(
                    "",
                    &format!(
                        "{stream} (loop $l (drop (call $body_chunk (local.get $id) (i32.const 0) (i32.const 65536) (i32.const 0))) (br $l))"
                    ),
                ),
                Cut(&[200, 500, 503]),
            ),
            (
                "a body byte by byte",
                guest(
                    "",
                    &format!(
                        "{stream} (loop $l (drop (call $body_chunk (local.get $id) (i32.const 0) (i32.const 1) (i32.const 0))) (br $l))"
                    ),
                ),
                Cut(&[200, 500, 503]),
            ),
            (
                "a body of nothing",
                guest(
                    "",
                    &format!(
                        "{stream} (loop $l (drop (call $body_chunk (local.get $id) (i32.const 0) (i32.const 0) (i32.const 0))) (br $l))"
                    ),
                ),
                Cut(&[200, 500, 503]),
            ),
            ("a body that stops", guest("", stream), Cut(&[200, 500])),
            (
                "a body of nobody",
                once(
                    "(drop (call $body_chunk (i32.const 77) (i32.const 0) (i32.const 9) (i32.const 1)))",
                ),
                FINE,
            ),
        ],
    );
}

#[test]
fn hostile_operations() {
    let timer = "(i32.const 1) (i32.const 32) (i32.const 3)";
    let unknown = "(i32.const 999) (i32.const 0) (i32.const 0)";
    let request = |body: &str| {
        guest(
            "",
            &format!("(if (i32.eq (local.get $kind) (i32.const 1)) (then {body}))"),
        )
    };
    let straight = |call: &str, count: usize| once(&call.repeat(count));
    check(
        2,
        vec![
            (
                "timers without end",
                again(&format!("(call $op_start (call $next) {timer})")),
                THREW,
            ),
            (
                "operations that nobody knows",
                again(&format!("(call $op_start (call $next) {unknown})")),
                THREW,
            ),
            (
                "fetches without end",
                again("(call $op_start (call $next) (i32.const 2) (i32.const 0) (i32.const 0))"),
                THREW,
            ),
            (
                "writes that cannot be decoded",
                again("(call $op_start (call $next) (i32.const 17) (i32.const 0) (i32.const 9))"),
                CPU,
            ),
            (
                "begun and cancelled without end",
                again(&format!(
                    "(call $op_start (i32.const 1) {unknown}) (call $op_cancel (i32.const 1))"
                )),
                CPU,
            ),
            (
                "timers begun and cancelled without end",
                again(&format!(
                    "(call $op_start (i32.const 1) {timer}) (call $op_cancel (i32.const 1))"
                )),
                CPU,
            ),
            (
                "cancellations",
                again("(call $op_cancel (call $next))"),
                CPU,
            ),
            (
                "a number that is taken",
                request(&format!(
                    "(call $op_start (i32.const 1) {timer}) (call $op_start (i32.const 1) {timer})"
                )),
                THREW,
            ),
            (
                "a number that is free again",
                request(&format!(
                    "(call $op_start (i32.const 1) {unknown}) (call $op_cancel (i32.const 1)) (call $op_start (i32.const 1) {timer})"
                )),
                Answered(504, "wall time"),
            ),
            (
                "an answer in the end of a timer that was cancelled",
                guest(
                    "",
                    &format!(
                        "(if (i32.eq (local.get $kind) (i32.const 1)) (then (call $op_start (i32.const -1) {timer}) (call $op_cancel (i32.const -1)) (call $answer (local.get $id))) (else unreachable))"
                    ),
                ),
                FINE,
            ),
            (
                "credit for nothing",
                once(
                    "(call $op_pull (i32.const 1) (i32.const -1)) (call $body_pull (local.get $id) (i32.const -1)) (call $body_pull (i32.const 77) (i32.const -1))",
                ),
                FINE,
            ),
            (
                "credit without end",
                again(
                    "(call $body_pull (local.get $id) (i32.const -1)) (call $op_pull (i32.const 1) (i32.const -1))",
                ),
                CPU,
            ),
            (
                "a part of nothing",
                once("(call $op_chunk (i32.const 1) (i32.const 0) (i32.const 9) (i32.const 1))"),
                FINE,
            ),
            (
                "lines without end",
                again("(call $log (i32.const 4) (i32.const 0) (i32.const 9))"),
                CPU,
            ),
            (
                "empty lines without end",
                again("(call $log (i32.const 4) (i32.const 0) (i32.const 0))"),
                CPU,
            ),
            (
                "lines that are not UTF-8",
                guest(
                    "",
                    "(memory.fill (i32.const 65536) (i32.const 255) (i32.const 65536)) (loop $l (call $log (i32.const -1) (i32.const 65536) (i32.const 65536)) (br $l))",
                ),
                CPU,
            ),
            (
                "randomness without end",
                again("(call $random (i32.const 65536) (i32.const 65536))"),
                CPU,
            ),
            (
                "more randomness than there is",
                once("(call $random (i32.const 65536) (i32.const 65537))"),
                THREW,
            ),
            (
                "randomness in a straight line",
                straight("(call $random (i32.const 65536) (i32.const 65536))", 20_000),
                CPU,
            ),
            (
                "environments without end",
                again(
                    "(drop (call $op_sync (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 65536) (i32.const 65536)))",
                ),
                CPU,
            ),
            (
                "questions that nobody knows",
                again(
                    "(drop (call $op_sync (call $next) (i32.const 0) (i32.const 65536) (i32.const 65536) (i32.const 65536)))",
                ),
                CPU,
            ),
        ],
    );
}

#[test]
fn hostile_windows() {
    let memory = "(memory (export \"memory\") 1)";
    let late = |window: &str| {
        // Judged with a good window, which is asked for 16 KiB; an event asks for less.
        whole(
            memory,
            &format!(
                "(if (i32.ge_u (local.get $min) (i32.const 16384)) (then (return (i32.const 0x4000)))) {window}"
            ),
            "",
            ANSWER,
        )
    };
    check(
        2,
        vec![
            ("at the end of memory", late("(i32.const 65535)"), THREW),
            ("behind the memory", late("(i32.const 65536)"), THREW),
            ("at the end of addresses", late("(i32.const -1)"), THREW),
            ("no more", late("(i32.const 0)"), THREW),
            ("a trap", late("unreachable"), THREW),
            ("a spin", late("(loop $l (br $l)) (i32.const 0)"), CPU),
            (
                "recursion",
                late("(i32.add (call $window (local.get $min)) (i32.const 1))"),
                STACK,
            ),
            ("over everything", late("(i32.const 1)"), Cut(&[200, 500])),
            (
                "which answers",
                late("(call $answer (i32.const 1)) (i32.const 0x4000)"),
                Cut(&[200, 500]),
            ),
            (
                "which ends the request",
                late(
                    "(call $done (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)) (i32.const 0x4000)",
                ),
                Cut(&[200, 500]),
            ),
            (
                "which operates",
                late(
                    "(call $op_start (call $next) (i32.const 1) (i32.const 32) (i32.const 3)) (i32.const 0x4000)",
                ),
                FINE,
            ),
            (
                "which grows memory",
                late("(drop (memory.grow (i32.const 1))) (i32.const 0x10000)"),
                FINE,
            ),
            (
                "which uses up memory",
                late(
                    "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (i32.const 0)",
                ),
                MEMORY,
            ),
        ],
    );
}

#[test]
fn hostile_programs() {
    check(
        2,
        vec![
            (
                "a start function that writes",
                wasi("(func $s (call $head)) (start $s)", ""),
                FINE,
            ),
            (
                "a start function that writes, with a table",
                wasi(
                    "(func $s (table.set (i32.const 0) (ref.null func)) (call $head)) (start $s)",
                    "",
                ),
                FINE,
            ),
            (
                "a start function that exits",
                wasi(
                    "(func $s (call $head) (call $proc_exit (i32.const 0))) (start $s)",
                    "unreachable",
                ),
                FINE,
            ),
            (
                "a start function that spins",
                wasi("(func $s (loop $l (br $l))) (start $s)", ""),
                CPU,
            ),
            ("silence", wasi("", ""), THREW),
            (
                "an exit",
                wasi("", "(call $head) (call $proc_exit (i32.const 3))"),
                THREW,
            ),
            (
                "exits without end",
                wasi("", "(loop $l (call $proc_exit (i32.const 0)) (br $l))"),
                THREW,
            ),
            ("a trap", wasi("", "(call $head) unreachable"), THREW),
            ("a spin", wasi("", "(loop $l (br $l))"), CPU),
            (
                "recursion",
                wasi("(func $f (call $f) (call $f))", "(call $f)"),
                STACK,
            ),
            (
                "output without end",
                wasi_again(
                    "(call $fd_write (i32.const 1) (i32.const 72) (i32.const 1) (i32.const 8))",
                ),
                Answered(500, "response body limit"),
            ),
            (
                "errors without end",
                wasi_again(
                    "(call $fd_write (i32.const 2) (i32.const 72) (i32.const 1) (i32.const 8))",
                ),
                CPU,
            ),
            (
                "output that is broken off, without end",
                wasi_again(
                    "(call $fd_write (i32.const 1) (i32.const 72) (i32.const 4) (i32.const 8))",
                ),
                CPU,
            ),
            (
                "empty output without end",
                wasi_again(
                    "(call $fd_write (i32.const 1) (i32.const 4096) (i32.const 1024) (i32.const 8))",
                ),
                CPU,
            ),
            (
                "empty input without end",
                wasi_again(
                    "(call $fd_read (i32.const 0) (i32.const 4096) (i32.const 1024) (i32.const 8))",
                ),
                CPU,
            ),
            (
                "ranges outside",
                wasi_once(
                    "(call $fd_write (i32.const 1) (i32.const -4) (i32.const 1024) (i32.const 8))",
                ),
                FINE,
            ),
            (
                "more ranges than allowed",
                wasi_once(
                    "(call $fd_write (i32.const 1) (i32.const 0) (i32.const -1) (i32.const 8))",
                ),
                FINE,
            ),
            (
                "a result outside",
                wasi_once(
                    "(call $fd_write (i32.const 1) (i32.const 64) (i32.const 1) (i32.const -1))",
                ),
                FINE,
            ),
            (
                "randomness without end",
                wasi_again("(call $random_get (i32.const 65536) (i32.const 65536))"),
                CPU,
            ),
            (
                "randomness outside",
                wasi_once("(call $random_get (i32.const -1) (i32.const 65536))"),
                FINE,
            ),
            (
                "waiting without end",
                wasi_again(
                    "(call $poll_oneoff (i32.const 4096) (i32.const 8192) (i32.const 64) (i32.const 8))",
                ),
                CPU,
            ),
            (
                "waiting outside",
                wasi_once(
                    "(call $poll_oneoff (i32.const -1) (i32.const -1) (i32.const 64) (i32.const -1))",
                ),
                FINE,
            ),
            (
                "waiting for itself",
                wasi_once(
                    "(call $poll_oneoff (i32.const 4096) (i32.const 4096) (i32.const 64) (i32.const 4096))",
                ),
                FINE,
            ),
            (
                "the environment over everything",
                wasi_again("(call $environ_get (i32.const 65536) (i32.const 65536))"),
                CPU,
            ),
            (
                "the environment outside",
                wasi_once("(call $environ_get (i32.const -1) (i32.const -1))"),
                FINE,
            ),
            (
                "sizes without end",
                wasi_again("(call $environ_sizes_get (i32.const 8) (i32.const 12))"),
                CPU,
            ),
            (
                "clocks that are none",
                wasi_once("(call $clock_time_get (i32.const -1) (i64.const -1) (i32.const -1))"),
                FINE,
            ),
            (
                "files",
                wasi_once(
                    "(call $path_open (i32.const 3) (i32.const -1) (i32.const -1) (i32.const -1) (i32.const -1) (i64.const -1) (i64.const -1) (i32.const -1) (i32.const -1))",
                ),
                FINE,
            ),
            (
                "output that is closed",
                wasi_once("(call $fd_close (i32.const 1))"),
                THREW,
            ),
        ],
    );
}
