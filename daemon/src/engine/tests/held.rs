//! What the host holds of a guest's is bounded: arguments of operations, and their last parts.

use super::*;
use crate::engine::pipe::pipe;

/// Starts operations with arguments of a megabyte until one is refused, and then answers; or, at
/// `/p`, sends the last part of an argument at once.
const GUEST: &str = r#"(module
    (import "postern" "respond" (func $respond (param i32 i32 i32 i32 i32 i32)))
    (import "postern" "done" (func $done (param i32 i32 i32 i32)))
    (import "postern" "op_start" (func $op_start (param i32 i32 i32 i32)))
    (import "postern" "op_chunk" (func $op_chunk (param i32 i32 i32 i32)))
    (memory (export "memory") 40)
    (global $request (mut i32) (i32.const 0))
    (global $started (mut i32) (i32.const 0))
    (data (i32.const 256) "\c8\01\00")
    (func (export "postern_abi_v1"))
    (func (export "postern_window") (param i32) (result i32) (i32.const 1024))
    (func (export "postern_event") (param $kind i32) (param $id i32) (param $len i32) (result i32)
        (if (i32.eq (local.get $kind) (i32.const 1)) (then
            (global.set $request (local.get $id))
            (if (i32.eq (i32.load8_u (i32.const 1038)) (i32.const 112)) (then
                (call $op_start (i32.const 1) (i32.const 2) (i32.const 0) (i32.const 0))
                (call $op_chunk (i32.const 1) (i32.const 0) (i32.const 2000000) (i32.const 1))
                (return (i32.const 0))))
            (loop $l
                (global.set $started (i32.add (global.get $started) (i32.const 1)))
                (call $op_start (global.get $started) (i32.const 2) (i32.const 65536) (i32.const 1048576))
                (br_if $l (i32.lt_u (global.get $started) (i32.const 30))))))
        (if (i32.eq (local.get $kind) (i32.const 7)) (then
            (i32.store8 (i32.const 300) (i32.add (i32.const 48) (local.get $id)))
            (call $respond (global.get $request) (i32.const 256) (i32.const 3) (i32.const 300) (i32.const 1) (i32.const 0))
            (call $done (global.get $request) (i32.const 0) (i32.const 0) (i32.const 0))))
        (i32.const 0))
)"#;

/// Operations that never end; at most their argument is streamed, which nobody reads.
struct Endless {
    is_piped: bool,
}

impl Bindings for Endless {
    fn sync(&self, _: SyncOp, _: &[u8], _: &mut Vec<u8>) -> Result<(), OpFailure> {
        Ok(())
    }

    fn start(&self, _: OpKind, _: &[u8], _: &Caller) -> Started {
        if !self.is_piped {
            return Started::Later(Box::pin(std::future::pending()));
        }
        let (pipe, reader) = pipe();
        Started::Piped(
            pipe,
            Box::pin(async move {
                let _unread = reader;
                std::future::pending().await
            }),
        )
    }
}

fn answer(is_piped: bool, path: &str) -> Result<String, Failure> {
    let bench = bench();
    let limits = Limits {
        memory_bytes: 4 << 20,
        ..Limits::default()
    };
    let wasm = wat::parse_str(GUEST).unwrap();
    let judged = bench
        .block(bench.engine.judge(wasm.into(), &limits))
        .unwrap();
    let worker = bench.deploy_with("s", &judged, limits, Arc::new(Endless { is_piped }));
    bench.text(&worker, path)
}

#[test]
fn arguments_that_are_being_worked_on_count_together() {
    // Four megabytes are allowed, so the fifth is refused first.
    assert_eq!(answer(false, "a").unwrap(), "5");
}

#[test]
fn the_last_part_of_an_argument_is_bounded_too() {
    let failure = answer(true, "p").unwrap_err().to_string();
    assert!(failure.contains("beyond the credit"), "{failure}");
}
