//! Modules that are odd to the byte, or whose calls and fuel end at corners.

use super::Ends::{Cut, Refused};
use super::{ANSWER, CPU, FINE, STACK, THREW, again, check, guest, once, wasi};
use postern_e2e::guests::{from_text, hello};

/// Appends a section to a module.
fn with_section(mut module: Vec<u8>, id: u8, content: &[u8]) -> Vec<u8> {
    module.push(id);
    leb(&mut module, content.len());
    module.extend_from_slice(content);
    module
}

fn leb(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn custom(name: &[u8], content: &[u8]) -> Vec<u8> {
    let mut section = Vec::new();
    leb(&mut section, name.len());
    section.extend_from_slice(name);
    section.extend_from_slice(content);
    section
}

fn replaced(module: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = module
        .windows(from.len())
        .position(|window| window == from)
        .expect("the module has it");
    let mut module = module.to_vec();
    module[at..at + to.len()].copy_from_slice(to);
    module
}

#[test]
fn crafted_modules_end_as_stated() {
    let plain = || guest("", ANSWER);
    let names = |count: usize| {
        let mut names = vec![1];
        let mut map = Vec::new();
        leb(&mut map, count);
        for index in 0..count {
            leb(&mut map, index);
            map.extend(b"\x01x");
        }
        leb(&mut names, map.len());
        names.extend(map);
        custom(b"name", &names)
    };
    let exports = |count: usize| -> String {
        (0..count)
            .map(|n| format!("(export \"e{n}\" (func $answer)) "))
            .collect()
    };
    let imports = |count: usize| -> String {
        "(import \"postern\" \"now\" (func (result i64))) ".repeat(count)
    };
    let imported = |count: usize| {
        from_text(&format!(
            "(module {} (memory (export \"memory\") 1) (func (export \"postern_abi_v1\")))",
            imports(count)
        ))
    };
    let deep = |depth: usize| format!("{} nop {}", "(block ".repeat(depth), ")".repeat(depth));
    let mut version = plain();
    version[4] = 2;
    let mut magic = plain();
    magic[0] = b'x';
    let mut twice = plain();
    twice.extend_from_slice(&plain());
    check(
        super::CRAFTED,
        1,
        vec![
            ("nothing", Vec::new(), Refused("")),
            ("a head alone", b"\0asm\x01\0\0\0".to_vec(), Refused("")),
            ("half a head", b"\0asm".to_vec(), Refused("")),
            ("another version of wasm", version, Refused("")),
            ("another magic", magic, Refused("")),
            ("a module behind a module", twice, Refused("")),
            (
                "a module in a custom section",
                with_section(plain(), 0, &custom(b"inner", &hello("inner"))),
                FINE,
            ),
            (
                "a snapshot that it brings along",
                with_section(plain(), 0, &custom(b"postern", &[0xff; 1000])),
                FINE,
            ),
            (
                "a custom section with a name that is not UTF-8",
                with_section(plain(), 0, &custom(b"\xff\xfe", b"")),
                Refused("UTF-8"),
            ),
            (
                "a custom section whose name is longer than it",
                with_section(plain(), 0, b"\x7fx"),
                Refused(""),
            ),
            (
                "names of functions that are none",
                with_section(plain(), 0, &names(100_000)),
                FINE,
            ),
            (
                "names that are cut off",
                with_section(plain(), 0, &custom(b"name", b"\x01\xff\xff\xff\xff\x0f")),
                FINE,
            ),
            (
                "a section that nobody knows",
                with_section(plain(), 77, b"x"),
                Refused(""),
            ),
            (
                "a section twice",
                with_section(plain(), 10, b"\0"),
                Refused(""),
            ),
            (
                "a section longer than the module",
                [plain(), vec![0, 0xff, 0xff, 0xff, 0xff, 0x0f]].concat(),
                Refused(""),
            ),
            (
                "a length of more bytes than a length has",
                [plain(), vec![0, 0x80, 0x80, 0x80, 0x80, 0x80, 0]].concat(),
                Refused(""),
            ),
            (
                "an export that is not UTF-8",
                replaced(&plain(), b"postern_event", b"postern_even\xff"),
                Refused("UTF-8"),
            ),
            (
                "an import that is not UTF-8",
                replaced(&plain(), b"op_cancel", b"op_cance\xff"),
                Refused("UTF-8"),
            ),
            (
                "an export twice",
                replaced(
                    &guest("(func (export \"postern_evenx\"))", ANSWER),
                    b"postern_evenx",
                    b"postern_event",
                ),
                Refused("duplicate export"),
            ),
            (
                "an ABI of tomorrow",
                replaced(&plain(), b"postern_abi_v1", b"postern_abi_v9"),
                Refused(""),
            ),
            (
                "two ABIs",
                guest("(func (export \"postern_abi_v9\"))", ANSWER),
                Cut(&[200]),
            ),
            (
                "a memory that is called otherwise",
                replaced(&plain(), b"memory", b"nemory"),
                Refused("memory"),
            ),
            (
                "an event of another type",
                from_text(
                    "(module (memory (export \"memory\") 1) (func (export \"postern_abi_v1\")) (func (export \"postern_window\") (param i32) (result i32) (i32.const 0)) (func (export \"postern_event\") (param i64)))",
                ),
                Refused(""),
            ),
            ("exports", guest(&exports(20_000), ANSWER), Refused("")),
            ("imports", imported(20_000), Refused("")),
            (
                "an import of another type",
                from_text(
                    "(module (import \"postern\" \"now\" (func (param i64 f64))) (memory (export \"memory\") 1) (func (export \"postern_abi_v1\")))",
                ),
                Refused(""),
            ),
            (
                "an export with a long name",
                guest(
                    &format!("(export \"{}\" (func $answer))", "x".repeat(200_000)),
                    ANSWER,
                ),
                Refused(""),
            ),
            (
                "blocks that are just too deep",
                guest(&format!("(func {})", deep(100_000)), ANSWER),
                Refused("nested"),
            ),
            (
                "a memory of 64 bits",
                from_text("(module (memory (export \"memory\") i64 1) (func (export \"_start\")))"),
                Refused(""),
            ),
            (
                "threads",
                from_text(
                    "(module (memory (export \"memory\") 1 2 shared) (func (export \"_start\")))",
                ),
                Refused(""),
            ),
        ],
    );
}

#[test]
fn stacks_and_ranges_end_as_stated() {
    check(
        super::RANGES,
        2,
        vec![
            (
                "recursion through a table",
                guest(
                    "(type $v (func)) (table $t funcref (elem $f)) (func $f (call_indirect $t (type $v) (i32.const 0)) (call_indirect $t (type $v) (i32.const 0)))",
                    "(call $f)",
                ),
                STACK,
            ),
            (
                "recursion of two",
                guest(
                    "(func $f (call $g) (call $g)) (func $g (call $f) (call $f))",
                    "(call $f)",
                ),
                STACK,
            ),
            (
                "recursion with many parameters",
                guest(
                    "(func $f (param i64 i64 i64 i64 i64 i64 i64 i64) (call $f (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1)) (call $answer (i32.const 1)))",
                    "(call $f (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1))",
                ),
                STACK,
            ),
            (
                "tail calls of two",
                guest(
                    "(func $f (return_call $g)) (func $g (return_call $f))",
                    "(call $f)",
                ),
                CPU,
            ),
            (
                "tail calls through a table",
                guest(
                    "(type $v (func)) (table $t funcref (elem $f)) (func $f (return_call_indirect $t (type $v) (i32.const 0)))",
                    "(call $f)",
                ),
                CPU,
            ),
            (
                "memory copied outside",
                once("(memory.copy (i32.const -1) (i32.const 0) (i32.const 2))"),
                THREW,
            ),
            (
                "memory copied from outside",
                once("(memory.copy (i32.const 0) (i32.const -1) (i32.const 2))"),
                THREW,
            ),
            (
                "nothing copied outside",
                once("(memory.copy (i32.const 262145) (i32.const 0) (i32.const 0))"),
                THREW,
            ),
            (
                "nothing copied at the end",
                once("(memory.copy (i32.const 262144) (i32.const 0) (i32.const 0))"),
                FINE,
            ),
            (
                "data beyond its segment",
                guest(
                    "(data $d \"abc\")",
                    "(memory.init $d (i32.const 0) (i32.const 2) (i32.const 2))",
                ),
                THREW,
            ),
            (
                "data that was dropped",
                guest(
                    "(data $d \"abc\")",
                    "(data.drop $d) (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1))",
                ),
                THREW,
            ),
            (
                "a table copied outside",
                guest(
                    "(table $t 4 funcref)",
                    "(table.copy $t $t (i32.const 0) (i32.const -1) (i32.const 4))",
                ),
                THREW,
            ),
            (
                "a table filled outside",
                guest(
                    "(table $t 4 funcref)",
                    "(table.fill $t (i32.const 3) (ref.null func) (i32.const -1))",
                ),
                THREW,
            ),
            (
                "a table filled again and again",
                guest(
                    "(table $t 60000 funcref)",
                    "(loop $l (table.fill $t (i32.const 0) (ref.null func) (i32.const 60000)) (br $l))",
                ),
                CPU,
            ),
            (
                "a program that recurses",
                wasi("(func $f (call $f) (call $f))", "(call $f)"),
                STACK,
            ),
            (
                "KV without end",
                again(
                    "(call $op_start (call $next) (i32.const 16) (i32.const 0) (i32.const 64)) (call $op_start (call $next) (i32.const 17) (i32.const 0) (i32.const 64)) (call $op_start (call $next) (i32.const 19) (i32.const 0) (i32.const 64))",
                ),
                Cut(&[500, 503]),
            ),
        ],
    );
}

/// Fuel at the borders of turns: what a turn leaves undone, the next may not have for nothing.
#[test]
fn fuel_ends_where_it_should() {
    let spin = |turns: &str| {
        format!(
            "(local $i i32) (loop $l (local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if $l (i32.lt_u (local.get $i) (i32.const {turns}))))"
        )
    };
    let window = |event: &str| {
        super::whole(
            "(memory (export \"memory\") 4)",
            "(global.set $n (i32.add (global.get $n) (i32.const 1))) (i32.const 65536)",
            "",
            event,
        )
    };
    check(
        super::TURNS,
        2,
        vec![
            (
                "a long turn that ends",
                guest("", &format!("{} {ANSWER}", spin("100000"))),
                FINE,
            ),
            (
                "a turn that is just too long",
                guest("", &format!("{} {ANSWER}", spin("-1"))),
                CPU,
            ),
            (
                "an answer, and then a spin",
                guest("", &format!("{ANSWER} (loop $l (br $l))")),
                Cut(&[200, 503]),
            ),
            (
                "an answer that is given by the last fuel, and a trap",
                guest("", &format!("{ANSWER} unreachable")),
                Cut(&[200, 500]),
            ),
            (
                "a timer that spins when it is due",
                guest(
                    "(data (i32.const 100000) \"\\00\")",
                    "(if (i32.eq (local.get $kind) (i32.const 1)) (then (call $op_start (i32.const 1) (i32.const 1) (i32.const 100000) (i32.const 1))) (else (loop $l (br $l))))",
                ),
                CPU,
            ),
            (
                "timers that are due at once, again and again",
                guest(
                    "(data (i32.const 100000) \"\\00\")",
                    "(call $op_start (call $next) (i32.const 1) (i32.const 100000) (i32.const 1))",
                ),
                Cut(&[500, 503, 504]),
            ),
            ("a window that counts", window(ANSWER), FINE),
            (
                "one instruction a block",
                guest(
                    "",
                    &format!(
                        "(loop $l {} (br $l))",
                        "(block (br_if 0 (i32.const 0)))".repeat(1000)
                    ),
                ),
                CPU,
            ),
            (
                "a table of branches that goes round",
                guest(
                    "",
                    "(loop $l (block $a (block $b (br_table $a $b $l (i32.const 2)))))",
                ),
                CPU,
            ),
            (
                "a loop in a condition",
                guest(
                    "",
                    "(loop $l (if (i32.const 1) (then (br $l)) (else (br $l))))",
                ),
                CPU,
            ),
        ],
    );
}
