//! What the host holds of a guest's is bounded: arguments of operations, and their last parts.

use super::*;
use crate::engine::pipe::pipe;

/// Starts operations with arguments of a megabyte until one is refused, and then answers; or, at
/// `/p`, sends the last part of an argument at once; at `/w`, answers with a megabyte, and at `/f`
/// begins an answer with two.
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
            (if (i32.eq (i32.load8_u (i32.const 1038)) (i32.const 119)) (then
                (call $respond (local.get $id) (i32.const 256) (i32.const 3) (i32.const 0) (i32.const 1000000) (i32.const 0))
                (call $done (local.get $id) (i32.const 0) (i32.const 0) (i32.const 0))
                (return (i32.const 0))))
            (if (i32.eq (i32.load8_u (i32.const 1038)) (i32.const 102)) (then
                (call $respond (local.get $id) (i32.const 256) (i32.const 3) (i32.const 0) (i32.const 2000000) (i32.const 1))
                (return (i32.const 0))))
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

/// Operations that never end.
#[derive(Clone, Copy)]
enum Endless {
    Plain,
    /// Their argument is streamed, which nobody reads.
    Piped,
    /// Their result is a megabyte.
    Sized,
}

impl Bindings for Endless {
    fn sync(&self, _: SyncOp, _: &[u8], _: &mut Vec<u8>) -> Result<(), OpFailure> {
        Ok(())
    }

    fn start(&self, _: OpKind, _: &[u8], _: &Caller) -> Started {
        match self {
            Self::Plain => Started::Later(Box::pin(std::future::pending())),
            Self::Sized => Started::Sized(1 << 20, Box::pin(std::future::pending())),
            Self::Piped => {
                let (pipe, reader) = pipe();
                let going = async move {
                    let _unread = reader;
                    std::future::pending().await
                };
                Started::Piped(pipe, Box::pin(going))
            }
        }
    }
}

fn worker(bench: &Bench, env: Endless) -> Arc<Worker> {
    let limits = Limits {
        memory_bytes: 4 << 20,
        ..Limits::default()
    };
    let wasm = wat::parse_str(GUEST).unwrap();
    let judged = bench
        .block(bench.engine.judge("tenant", wasm.into(), &limits))
        .unwrap();
    bench.deploy_with("s", &judged, limits, Arc::new(env))
}

fn answer(env: Endless, path: &str) -> Result<String, Failure> {
    let bench = bench();
    bench.text(&worker(&bench, env), path)
}

#[test]
fn arguments_and_results_count_together() {
    // Four megabytes are allowed, so the fifth is refused first, and of both the third.
    assert_eq!(answer(Endless::Plain, "a").unwrap(), "5");
    assert_eq!(answer(Endless::Sized, "a").unwrap(), "3");
}

#[test]
fn the_last_part_of_an_argument_is_bounded_too() {
    let failure = answer(Endless::Piped, "p").unwrap_err().to_string();
    assert!(failure.contains("beyond the credit"), "{failure}");
}

#[test]
fn the_first_part_of_an_answer_is_bounded_too() {
    let failure = answer(Endless::Plain, "f").unwrap_err().to_string();
    assert!(failure.contains("beyond the credit"), "{failure}");
}

#[test]
fn answers_that_nobody_takes_are_bounded() {
    let bench = Bench::new(EngineOptions {
        budget: Budget::new("Workers", 20 << 20),
        ..EngineOptions::default()
    });
    let worker = worker(&bench, Endless::Plain);
    let fetch = || bench.fetch(&worker, "w", RequestBody::Empty);
    // Twice the Worker's memory.
    let replies: Vec<_> = (0..8).map(|_| fetch().unwrap()).collect();
    let failure = fetch().unwrap_err();
    assert_eq!(failure.outcome(), Outcome::LoadShed);
    assert!(failure.to_string().contains("on their way"), "{failure}");
    let used = bench.engine.budget().used();
    drop(replies);
    assert_eq!(bench.engine.budget().used(), used - 8_000_000);
    fetch().unwrap();
    // Nor may all Workers together have more than the machine.
    let other = Bench::new(EngineOptions {
        budget: Budget::new("Workers", 5 << 20),
        ..EngineOptions::default()
    });
    let worker = self::worker(&other, Endless::Plain);
    let fetch = || other.fetch(&worker, "w", RequestBody::Empty);
    let replies: Vec<_> = (0..2).map(|_| fetch().unwrap()).collect();
    let failure = fetch().unwrap_err();
    assert!(
        failure.to_string().contains("no memory for an answer"),
        "{failure}"
    );
    drop(replies);
    fetch().unwrap();
}
