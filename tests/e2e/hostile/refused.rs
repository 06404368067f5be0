//! Modules that are refused where they are pushed.

use super::Ends::Refused;
use super::{WINDOW, check, guest, whole};
use postern_e2e::guests::{from_text, hello};

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
        super::REFUSED,
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
