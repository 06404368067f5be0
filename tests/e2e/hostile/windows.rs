//! Windows for payloads where there is no room, or worse.

use super::Ends::Cut;
use super::{ANSWER, CPU, FINE, MEMORY, STACK, THREW, check, whole};

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
        super::WINDOWS,
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
