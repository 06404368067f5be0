//! Memories, tables, stacks, and turns without an end.

use super::Ends::Answered;
use super::{ANSWER, CPU, FINE, MEMORY, STACK, THREW, again, check, guest, once};

#[test]
fn hostile_memories_tables_and_stacks() {
    let grow = |more: &str| guest("(table $t 1 funcref)", more);
    check(
        super::MEMORIES,
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
