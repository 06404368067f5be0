//! WASI programs.

use super::Ends::Answered;
use super::{CPU, FINE, STACK, THREW, check, wasi, wasi_again, wasi_once};

#[test]
fn hostile_programs() {
    check(
        super::PROGRAMS,
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
