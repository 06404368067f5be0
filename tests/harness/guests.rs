//! Modules to push: those built from `tests/workers`, and small ones written here as text.

use std::path::PathBuf;

/// The built guest of this name: `cargo xtask guests` puts it into `target/guests`, or the
/// variable `POSTERN_GUESTS` names another folder.
#[track_caller]
pub fn guest(name: &str) -> Vec<u8> {
    let path = guest_path(name);
    std::fs::read(&path).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; build it with `cargo xtask guests`",
            path.display()
        )
    })
}

/// Where the built guest of this name is.
pub fn guest_path(name: &str) -> PathBuf {
    let folder = std::env::var_os("POSTERN_GUESTS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/guests")),
        PathBuf::from,
    );
    folder.join(format!("{name}.wasm"))
}

/// A Worker for the ABI that answers every request with this text.
pub fn hello(text: &str) -> Vec<u8> {
    answering(200, text)
}

/// A Worker that answers every request with this status and text.
pub fn answering(status: u16, text: &str) -> Vec<u8> {
    let head = head(status, &[("content-type", "text/plain")]);
    let (head_at, body_at) = (16, 16 + head.len());
    let event = format!(
        "(if (i32.eq (local.get $kind) (i32.const 1))
           (then
             (call $respond (local.get $id) (i32.const {head_at}) (i32.const {head_len})
               (i32.const {body_at}) (i32.const {body_len}) (i32.const 0))
             (call $done (local.get $id) (i32.const 0) (i32.const 0) (i32.const 0))))",
        head_len = head.len(),
        body_len = text.len(),
    );
    let data = [head.as_slice(), text.as_bytes()].concat();
    module(&event, &data)
}

/// A Worker that never ends its turn.
pub fn spinning() -> Vec<u8> {
    module("(loop $again (br $again))", &[])
}

/// A Worker that traps on every request.
pub fn trapping() -> Vec<u8> {
    module("(unreachable)", &[])
}

/// A module for the ABI whose `postern_event` has this body, with `data` at address 16 and
/// a window behind it.
pub fn module(event: &str, data: &[u8]) -> Vec<u8> {
    let window = (16 + data.len()).next_multiple_of(65_536);
    let pages = window / 65_536 + 4;
    let text = format!(
        r#"(module
  (import "postern" "respond" (func $respond (param i32 i32 i32 i32 i32 i32)))
  (import "postern" "done" (func $done (param i32 i32 i32 i32)))
  (memory (export "memory") {pages})
  (data (i32.const 16) "{data}")
  (func (export "postern_abi_v{version}"))
  (func (export "postern_window") (param $min i32) (result i32)
    (if (result i32) (i32.gt_u (local.get $min) (i32.const 262144))
      (then (i32.const 0))
      (else (i32.const {window}))))
  (func (export "postern_event") (param $kind i32) (param $id i32) (param $len i32) (result i32)
    {event}
    (i32.const 0)))"#,
        data = escape(data),
        version = postern_abi::VERSION,
    );
    wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// A module from any text.
#[track_caller]
pub fn from_text(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

/// Bytes inside quotes of the text format.
fn escape(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
}

/// A `ResponseHead` in postcard, by hand, so that a mistake in the shared types shows.
fn head(status: u16, fields: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    varint(&mut out, usize::from(status));
    varint(&mut out, fields.len());
    for (name, value) in fields {
        for text in [name, value] {
            varint(&mut out, text.len());
            out.extend_from_slice(text.as_bytes());
        }
    }
    out
}

fn varint(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_small_modules_are_wasm() {
        for module in [
            hello("hi"),
            hello(&"x".repeat(100_000)),
            spinning(),
            trapping(),
        ] {
            assert!(module.starts_with(b"\0asm"));
        }
        assert_eq!(head(200, &[("a", "b")]), [0xc8, 1, 1, 1, b'a', 1, b'b']);
    }
}
