//! Floods of operations, lines and randomness.

use super::Ends::Answered;
use super::{CPU, FINE, THREW, again, check, guest, once};

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
        super::OPERATIONS,
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
