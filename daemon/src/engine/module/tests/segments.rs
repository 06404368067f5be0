//! Data in more segments than the interpreter takes.

use super::super::{Capped, ModuleLimits, Refusal, init_module, inspect, metered_part};
use super::run::Running;
use super::wat;
use std::fmt::Write;

const FUEL: u64 = 1_000_000;

/// A module with these segments, some of `filler` of a byte each from 8,192 on, 8 bytes apart, and
/// a start function that makes nothing of it.
fn module(filler: u32, segments: &str) -> String {
    let mut text =
        format!("(module (memory (export \"memory\") 4) (func (export \"_start\")) {segments}");
    for n in 0..filler {
        write!(text, "(data (i32.const {}) \"\\01\")", 8192 + 8 * n).unwrap();
    }
    text.push(')');
    text
}

/// Holds what is in memory at first against what the specification says.
fn check(text: &str, places: &[(usize, &[u8])], filler: u32) {
    let source = wat(text);
    let inspected = inspect(&source, &ModuleLimits::default()).unwrap();
    let mut expected = vec![0; 4 * 65_536];
    for (at, bytes) in places {
        expected[*at..at + bytes.len()].copy_from_slice(bytes);
    }
    for n in 0..filler as usize {
        expected[8192 + 8 * n] = 1;
    }
    for module in [init_module(&source, &inspected), metered_part(&source)] {
        let (memory, _) = Running::new(&module.unwrap(), FUEL).unwrap().state();
        assert!(memory == expected, "{}", &text[..200]);
    }
}

#[test]
fn many_segments_are_joined() {
    check(&module(5000, ""), &[], 5000);
    let apart = r#"(data (i32.const 0) "ab") (data (i32.const 2) "c") (data (i32.const 67) "d") (data (i32.const 4000) "e")"#;
    let places: &[(usize, &[u8])] = &[(0, b"abc"), (67, b"d"), (4000, b"e")];
    check(&module(5000, apart), places, 5000);
}

#[test]
fn the_order_of_segments_is_kept() {
    let crossing = r#"(data (i32.const 20) "xyz") (data (i32.const 0) "ab") (data (i32.const 40) "c") (data (i32.const 41) "")
        (data (i32.const 39) "pq") (data (i32.const 22) "-") (data (i32.const 23) "!")"#;
    let places: &[(usize, &[u8])] = &[(0, b"ab"), (20, b"xy-!"), (39, b"pq")];
    check(&module(2000, crossing), places, 2000);
}

#[test]
fn segments_that_cannot_be_joined_are_counted() {
    let limits = ModuleLimits::default();
    let far: String = (0..1001)
        .map(|n| format!("(data (i32.const {}) \"a\")", n * 66))
        .collect();
    let texts = [
        format!("(module (memory 4) (func (export \"_start\")) {far})"),
        // Of somebody else's memory nobody knows that it is all zeros.
        format!(
            "(module (import \"env\" \"memory\" (memory 4)) (func (export \"_start\")) {})",
            "(data (i32.const 0) \"a\")".repeat(1001)
        ),
        module(100_001, ""),
    ];
    for text in texts {
        let refusal = inspect(&wat(&text), &limits).unwrap_err();
        let is_it = matches!(
            refusal,
            Refusal::Limit {
                what: Capped::DataSegments,
                ..
            }
        );
        assert!(is_it, "{refusal}");
    }
}
