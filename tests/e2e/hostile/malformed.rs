//! Bytes that are no module, or one that no compiler makes.

use super::Ends::Refused;
use super::{THREW, check, guest};
use postern_e2e::guests::{from_text, hello};

/// A section by hand.
fn section(id: u8, content: &[u8]) -> Vec<u8> {
    let len = u8::try_from(content.len()).unwrap();
    assert!(len < 0x80, "one byte tells the length");
    [&[id, len], content].concat()
}

fn module(sections: &[Vec<u8>]) -> Vec<u8> {
    [b"\0asm\x01\0\0\0".to_vec(), sections.concat()].concat()
}

/// A whole guest with more sections behind it.
fn behind(bytes: &[u8]) -> Vec<u8> {
    [guest("", ""), bytes.to_vec()].concat()
}

/// A whole guest, changed at the first place where these bytes are.
fn changed(module: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = module
        .windows(from.len())
        .position(|it| it == from)
        .unwrap();
    [&module[..at], to, &module[at + from.len()..]].concat()
}

#[test]
fn malformed_modules_are_refused() {
    let types = section(1, b"\x01\x60\0\0");
    let functions = section(3, b"\x01\0");
    let code = section(10, b"\x01\x02\0\x0b");
    let with_code = |body: &[u8]| {
        let body = [&[u8::try_from(body.len()).unwrap()], body].concat();
        let code = section(10, &[&[1], body.as_slice()].concat());
        module(&[types.clone(), functions.clone(), code])
    };
    let exports = (0..20_000).map(|n| format!("(func (export \"e{n}\"))"));
    let imports = (0..2_000).map(|_| "(import \"postern\" \"now\" (func (result i64)))");
    let long = "n".repeat(200_000);
    check(
        super::MALFORMED,
        1,
        vec![
            ("nothing", Vec::new(), Refused("")),
            ("a magic number alone", b"\0asm".to_vec(), Refused("")),
            ("a header alone", module(&[]), Refused("")),
            ("version 0", b"\0asm\0\0\0\0".to_vec(), Refused("")),
            ("version 2", b"\0asm\x02\0\0\0".to_vec(), Refused("")),
            ("text", b"(module (func))".to_vec(), Refused("")),
            (
                "a section that nobody knows",
                module(&[section(99, b"x")]),
                Refused(""),
            ),
            (
                "a section longer than the file",
                b"\0asm\x01\0\0\0\x01\x7f\x01".to_vec(),
                Refused(""),
            ),
            (
                "a length that does not end",
                b"\0asm\x01\0\0\0\x01\xff\xff\xff\xff\xff\xff\xff".to_vec(),
                Refused(""),
            ),
            (
                "a length of 2^32 - 1",
                b"\0asm\x01\0\0\0\x01\xff\xff\xff\xff\x0f".to_vec(),
                Refused(""),
            ),
            (
                "sections in the wrong order",
                module(&[functions.clone(), types.clone(), code.clone()]),
                Refused(""),
            ),
            (
                "types twice",
                module(&[types.clone(), types.clone()]),
                Refused(""),
            ),
            (
                "functions without code",
                module(&[types.clone(), functions.clone()]),
                Refused(""),
            ),
            (
                "code without functions",
                module(&[types.clone(), code]),
                Refused(""),
            ),
            (
                "a function of no type",
                module(&[section(3, b"\x01\x05")]),
                Refused(""),
            ),
            ("a body without an end", with_code(b"\0\x01"), Refused("")),
            (
                "ends without a beginning",
                with_code(b"\0\x0b\x0b\x0b"),
                Refused(""),
            ),
            (
                "an instruction that is none",
                with_code(b"\0\xff\x0b"),
                Refused(""),
            ),
            (
                "a branch to nowhere",
                with_code(b"\0\x0c\x7f\x0b"),
                Refused(""),
            ),
            (
                "a local that is none",
                with_code(b"\0\x20\x05\x1a\x0b"),
                Refused(""),
            ),
            (
                "2^32 - 1 locals in five bytes",
                with_code(b"\x01\xff\xff\xff\xff\x0f\x7f\x0b"),
                Refused(""),
            ),
            (
                "locals that overflow when added",
                with_code(b"\x02\xff\xff\xff\xff\x0f\x7f\xff\xff\xff\xff\x0f\x7f\x0b"),
                Refused(""),
            ),
            (
                "a br_table of 2^32 - 1 in six bytes",
                with_code(b"\0\x41\0\x0e\xff\xff\xff\xff\x0f\0\x0b"),
                Refused(""),
            ),
            (
                "a vector instruction",
                with_code(b"\0\xfd\x0c\x0b"),
                Refused(""),
            ),
            (
                "an atomic instruction",
                with_code(b"\0\xfe\x03\0\x0b"),
                Refused(""),
            ),
            (
                "an export of no function",
                module(&[section(7, b"\x01\x01a\0\x05")]),
                Refused(""),
            ),
            (
                "two exports of one name",
                changed(
                    guest("(func (export \"postern_abi_w1\"))", ""),
                    b"postern_abi_w1",
                    b"postern_abi_v1",
                ),
                Refused("duplicate export"),
            ),
            (
                "a name that is not UTF-8",
                changed(
                    guest("(func (export \"xxxx\"))", ""),
                    b"xxxx",
                    b"\xff\xfe\xc0\x80",
                ),
                Refused("UTF-8"),
            ),
            (
                "a surrogate in a name",
                changed(
                    guest("(func (export \"xxx\"))", ""),
                    b"xxx",
                    b"\xed\xa0\x80",
                ),
                Refused("UTF-8"),
            ),
            (
                "a custom section with a broken name",
                behind(b"\0\x03\x02\xff\xff"),
                Refused(""),
            ),
            (
                "a custom section whose name is longer than itself",
                behind(b"\0\x02\x7fa"),
                Refused(""),
            ),
            ("bytes behind the end", behind(b"\x0b"), Refused("")),
            (
                "a name of 200 KB",
                guest(&format!("(func (export \"{long}\"))"), ""),
                Refused(""),
            ),
            (
                "exports",
                guest(&exports.collect::<String>(), ""),
                Refused(""),
            ),
            (
                "imports",
                from_text(&format!(
                    "(module {} (memory (export \"memory\") 1) (func (export \"postern_abi_v1\")))",
                    imports.collect::<String>()
                )),
                Refused(""),
            ),
            (
                "an ABI of later days",
                changed(hello("x"), b"postern_abi_v1", b"postern_abi_v9"),
                Refused(""),
            ),
            (
                "an ABI of a version that is no number",
                changed(hello("x"), b"postern_abi_v1", b"postern_abi_vx"),
                Refused(""),
            ),
            (
                "two versions of the ABI",
                guest("(func (export \"postern_abi_v2\"))", ""),
                // It is for both, and has to answer as one of the first.
                THREW,
            ),
            (
                "an event of another type",
                from_text(
                    "(module (memory (export \"memory\") 4) (func (export \"postern_abi_v1\"))
                     (func (export \"postern_window\") (param i32) (result i32) (i32.const 0))
                     (func (export \"postern_event\") (param i64) (result i32) (i32.const 0)))",
                ),
                Refused("postern_event"),
            ),
            (
                "a memory that is a function",
                from_text("(module (func (export \"memory\")) (func (export \"postern_abi_v1\")))"),
                Refused("memory"),
            ),
            (
                "a shared memory",
                from_text(
                    "(module (memory (export \"memory\") 1 1 shared) (func (export \"postern_abi_v1\")))",
                ),
                Refused(""),
            ),
            (
                "a 64-bit memory",
                from_text(
                    "(module (memory (export \"memory\") i64 1) (func (export \"postern_abi_v1\")))",
                ),
                Refused(""),
            ),
        ],
    );
}
