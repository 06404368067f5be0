//! Stacks by every kind of call, bulk instructions with wild ranges, and fuel that ends at a border.

use super::{ANSWER, CPU, Cut, FINE, STACK, THREW, check, guest};

/// What a guest whose fuel ends somewhere may be answered with.
const EITHER: super::Ends = Cut(&[200, 503]);

#[test]
fn hostile_calls_and_ranges() {
    let table = "(table $t 4 4 funcref) (type $v (func))";
    let indirect = format!(
        "{table} (elem (i32.const 0) $f) (func $f (call_indirect $t (type $v) (i32.const 0)) (call_indirect $t (type $v) (i32.const 0)))"
    );
    let indirect_tail = format!(
        "{table} (elem (i32.const 0) $f) (func $f (return_call_indirect $t (type $v) (i32.const 0)))"
    );
    let mutual =
        "(func $f (call $g) (call $g)) (func $g (call $h) (call $h)) (func $h (call $f) (call $f))";
    let mutual_tail = "(func $f (return_call $g)) (func $g (return_call $f))";
    let wide = format!(
        "(func $f (param {0}) (result i64) (local.get 0) (call $f {1}) (i64.add))",
        "i64 ".repeat(20),
        "(local.get 0) ".repeat(20)
    );
    let wide_start = format!("(drop (call $f {}))", "(i64.const 1) ".repeat(20));
    let deep = format!(
        "(func $f (param i32) (result i32) {} (i32.const 1) {})",
        "(i32.add (call $f (local.get 0)) ".repeat(100),
        ")".repeat(100)
    );
    let data = "(data $d \"abcd\")";
    let elements = format!("{table} (elem $e func $answer)");
    let bulk = |what: &str| guest(data, &format!("{what} {ANSWER}"));
    let of_table = |what: &str| guest(&elements, &format!("{what} {ANSWER}"));
    check(
        super::CALLS,
        1,
        vec![
            ("recursion by a table", guest(&indirect, "(call $f)"), STACK),
            (
                "tail calls by a table",
                guest(&indirect_tail, "(call $f)"),
                CPU,
            ),
            ("recursion of three", guest(mutual, "(call $f)"), STACK),
            ("tail calls of two", guest(mutual_tail, "(call $f)"), CPU),
            (
                "recursion with many parameters",
                guest(&wide, &wide_start),
                STACK,
            ),
            (
                "recursion below many operands",
                guest(&deep, "(drop (call $f (i32.const 0)))"),
                STACK,
            ),
            (
                "recursion by the window",
                guest(
                    "(func $f (drop (call $window (i32.const 0))) (call $f) (call $f))",
                    "(call $f)",
                ),
                STACK,
            ),
            (
                "memory.copy from outside",
                bulk("(memory.copy (i32.const 0) (i32.const -1) (i32.const 2))"),
                THREW,
            ),
            (
                "memory.copy to outside",
                bulk("(memory.copy (i32.const -1) (i32.const 0) (i32.const 2))"),
                THREW,
            ),
            (
                "memory.copy of everything and more",
                bulk("(memory.copy (i32.const 1) (i32.const 0) (i32.const -1))"),
                THREW,
            ),
            (
                "memory.copy of nothing at the end",
                bulk("(memory.copy (i32.const 262144) (i32.const 262144) (i32.const 0))"),
                FINE,
            ),
            (
                "memory.copy of nothing behind the end",
                bulk("(memory.copy (i32.const 262145) (i32.const 0) (i32.const 0))"),
                THREW,
            ),
            (
                "memory.fill that wraps",
                bulk("(memory.fill (i32.const -16) (i32.const 0) (i32.const 32))"),
                THREW,
            ),
            (
                "memory.init beyond the segment",
                bulk("(memory.init $d (i32.const 0) (i32.const 2) (i32.const 3))"),
                THREW,
            ),
            (
                "memory.init that wraps",
                bulk("(memory.init $d (i32.const 0) (i32.const -1) (i32.const 2))"),
                THREW,
            ),
            (
                "memory.init of a dropped segment",
                bulk("(data.drop $d) (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1))"),
                THREW,
            ),
            (
                "a segment dropped again and again",
                guest(data, "(loop $l (data.drop $d) (br $l))"),
                CPU,
            ),
            (
                "table.init beyond the segment",
                of_table("(table.init $t $e (i32.const 0) (i32.const 0) (i32.const 2))"),
                THREW,
            ),
            (
                "table.init that wraps",
                of_table("(table.init $t $e (i32.const -1) (i32.const 0) (i32.const 1))"),
                THREW,
            ),
            (
                "table.copy outside",
                of_table("(table.copy $t $t (i32.const 3) (i32.const 0) (i32.const 2))"),
                THREW,
            ),
            (
                "table.fill outside",
                of_table("(table.fill $t (i32.const 0) (ref.null func) (i32.const -1))"),
                THREW,
            ),
            (
                "table.get outside",
                of_table("(drop (table.get $t (i32.const -1)))"),
                THREW,
            ),
            (
                "table.set outside",
                of_table("(table.set $t (i32.const 4) (ref.null func))"),
                THREW,
            ),
            (
                "a call outside the table",
                of_table("(call_indirect $t (type $v) (i32.const -1))"),
                THREW,
            ),
            (
                "a number that no integer holds",
                bulk("(drop (i32.trunc_f64_u (f64.const nan)))"),
                THREW,
            ),
            (
                "a division that overflows",
                bulk(
                    "(drop (i64.div_s (i64.const -9223372036854775808) (i64.sub (i64.const 0) (i64.const 1))))",
                ),
                THREW,
            ),
        ],
    );
}

/// Loops that end near where the CPU time of a turn, or of all turns, does: whether they get
/// their answer or not, the books and the neighbour are right.
#[test]
fn fuel_ends_at_borders() {
    let spin = |rounds: u32, then: &str| {
        guest(
            "",
            &format!(
                "(local $i i32) (local.set $i (i32.const {rounds}))
                 (loop $l (local.set $i (i32.sub (local.get $i) (i32.const 1))) (br_if $l (local.get $i)))
                 {then} {ANSWER}"
            ),
        )
    };
    let fill = "(memory.fill (i32.const 65536) (i32.const 7) (i32.const 196608))";
    let grow = "(drop (memory.grow (i32.const 1)))";
    let log = "(call $log (i32.const 1) (i32.const 0) (i32.const 4096))";
    let mut cases = Vec::new();
    for (what, then) in [
        ("", ""),
        (" before a fill", fill),
        (" before a growth", grow),
        (" before a line", log),
    ] {
        for rounds in [
            1,
            1_000,
            50_000,
            99_999,
            100_000,
            100_001,
            1_000_000,
            10_000_000,
            4_000_000_000,
        ] {
            cases.push((format!("{rounds} rounds{what}"), spin(rounds, then)));
        }
    }
    let cases = cases
        .iter()
        .map(|(what, module)| (what.as_str(), module.clone(), EITHER));
    check(super::BORDERS, 2, cases.collect());
}
