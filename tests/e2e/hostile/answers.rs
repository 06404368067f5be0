//! Answers that are none, or too many, or too much.

use super::Ends::{Answered, Cut};
use super::{CPU, FINE, THREW, again, check, guest, once};

#[test]
fn hostile_answers() {
    let fields = |count: usize, field: &str| {
        let mut head = String::from("\\c8\\01");
        let mut left = count;
        while left >= 128 {
            head.push_str(&format!("\\{:02x}", left & 127 | 128));
            left >>= 7;
        }
        head.push_str(&format!("\\{left:02x}"));
        head.push_str(&field.repeat(count));
        head
    };
    let respond = |head: &str| {
        let len = head.len() / 3;
        guest(
            &format!("(data (i32.const 100000) \"{head}\")"),
            &format!(
                "(call $respond (local.get $id) (i32.const 100000) (i32.const {len}) (i32.const 0) (i32.const 0) (i32.const 0)) (call $done (local.get $id) (i32.const 0) (i32.const 0) (i32.const 0))"
            ),
        )
    };
    let stream = "(call $respond (local.get $id) (i32.const 16) (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1))";
    let twice = "(call $respond (local.get $id) (i32.const 16) (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0))";
    check(
        super::ANSWERS,
        2,
        vec![
            (
                "fields without names",
                respond(&fields(60_000, "\\00\\00")),
                // What has no name is left out.
                Cut(&[200]),
            ),
            (
                "more fields than a map has room for",
                respond(&fields(40_000, "\\01\\61\\00")),
                Cut(&[200, 500]),
            ),
            (
                "a field again and again",
                respond(&fields(20_000, "\\01\\61\\00")),
                Cut(&[200, 500]),
            ),
            (
                "a head that is too large",
                once(
                    "(call $respond (local.get $id) (i32.const 16) (i32.const 140000) (i32.const 0) (i32.const 0) (i32.const 0))",
                ),
                THREW,
            ),
            (
                "a head that claims too much",
                respond("\\c8\\01\\ff\\ff\\ff\\ff\\0f"),
                THREW,
            ),
            ("status 0", respond("\\00\\00"), THREW),
            ("status 101", respond("\\65\\00"), THREW),
            ("status 65535", respond("\\ff\\ff\\03\\00"), THREW),
            (
                "a field with a line break",
                respond("\\c8\\01\\01\\01\\61\\03\\61\\0a\\62"),
                THREW,
            ),
            (
                "a name with a blank",
                respond("\\c8\\01\\01\\01\\20\\01\\61"),
                THREW,
            ),
            (
                "a length that lies",
                respond(
                    "\\c8\\01\\01\\0e\\63\\6f\\6e\\74\\65\\6e\\74\\2d\\6c\\65\\6e\\67\\74\\68\\02\\39\\39",
                ),
                Cut(&[200, 500]),
            ),
            (
                "framing of its own",
                respond(
                    "\\c8\\01\\01\\11\\74\\72\\61\\6e\\73\\66\\65\\72\\2d\\65\\6e\\63\\6f\\64\\69\\6e\\67\\07\\63\\68\\75\\6e\\6b\\65\\64",
                ),
                FINE,
            ),
            (
                "two answers",
                once(&format!("{twice} {twice}")),
                Cut(&[200, 500]),
            ),
            (
                "two ends",
                once("(call $answer (local.get $id))"),
                Cut(&[200, 500]),
            ),
            (
                "an end without an answer",
                once("(call $done (local.get $id) (i32.const 0) (i32.const 0) (i32.const 0))"),
                THREW,
            ),
            (
                "an answer behind the end",
                once("(call $done (local.get $id) (i32.const 1) (i32.const 0) (i32.const 0))"),
                THREW,
            ),
            (
                "an exception that is none",
                once("(call $done (local.get $id) (i32.const 1) (i32.const 40) (i32.const 4))"),
                THREW,
            ),
            (
                "an exception of all memory",
                once("(call $done (local.get $id) (i32.const 1) (i32.const 0) (i32.const 262144))"),
                THREW,
            ),
            (
                "an answer to nobody",
                once(
                    "(call $respond (i32.const 77) (i32.const 16) (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0))",
                ),
                FINE,
            ),
            (
                "heads for nobody, without end",
                guest(
                    &format!(
                        "(data (i32.const 100000) \"{}\")",
                        fields(20_000, "\\01\\61\\00")
                    ),
                    "(loop $l (call $respond (i32.const 77) (i32.const 100000) (i32.const 60005) (i32.const 0) (i32.const 0) (i32.const 0)) (br $l))",
                ),
                CPU,
            ),
            (
                "exceptions for nobody, without end",
                again("(call $done (i32.const 77) (i32.const 1) (i32.const 0) (i32.const 262144))"),
                CPU,
            ),
            (
                "a body that is too large",
                guest(
                    "(func $f (drop (memory.grow (i32.const 20))))",
                    "(call $f) (call $respond (local.get $id) (i32.const 16) (i32.const 3) (i32.const 0) (i32.const 1310720) (i32.const 0))",
                ),
                Answered(500, "response body limit"),
            ),
            (
                "a body beyond its credit",
                guest(
                    "",
                    &format!(
                        "{stream} (loop $l (drop (call $body_chunk (local.get $id) (i32.const 0) (i32.const 65536) (i32.const 0))) (br $l))"
                    ),
                ),
                Cut(&[200, 500, 503]),
            ),
            (
                "a body byte by byte",
                guest(
                    "",
                    &format!(
                        "{stream} (loop $l (drop (call $body_chunk (local.get $id) (i32.const 0) (i32.const 1) (i32.const 0))) (br $l))"
                    ),
                ),
                Cut(&[200, 500, 503]),
            ),
            (
                "a body of nothing",
                guest(
                    "",
                    &format!(
                        "{stream} (loop $l (drop (call $body_chunk (local.get $id) (i32.const 0) (i32.const 0) (i32.const 0))) (br $l))"
                    ),
                ),
                Cut(&[200, 500, 503]),
            ),
            ("a body that stops", guest("", stream), Cut(&[200, 500])),
            (
                "a body of nobody",
                once(
                    "(drop (call $body_chunk (i32.const 77) (i32.const 0) (i32.const 9) (i32.const 1)))",
                ),
                FINE,
            ),
        ],
    );
}
