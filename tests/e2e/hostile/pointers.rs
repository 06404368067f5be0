//! Pointers and lengths that name nothing.

use super::{THREW, check, once};

#[test]
fn hostile_pointers() {
    let wild = [
        ("-1", "-1"),
        ("0", "-1"),
        ("-1", "0"),
        ("-1", "1"),
        ("262144", "1"),
        ("262143", "2"),
        ("262145", "0"),
    ];
    let calls = [
        "(call $op_start (i32.const 1) (i32.const 16) P)",
        "(call $op_start (i32.const 1) (i32.const 999) P)",
        "(call $op_chunk (i32.const 1) P (i32.const 1))",
        "(drop (call $op_sync (i32.const 1) P (i32.const 0) (i32.const 0)))",
        "(drop (call $op_sync (i32.const 2) (i32.const 0) (i32.const 0) P))",
        "(call $respond (local.get $id) P (i32.const 0) (i32.const 0) (i32.const 0))",
        "(call $respond (local.get $id) (i32.const 16) (i32.const 3) P (i32.const 0))",
        "(drop (call $body_chunk (local.get $id) P (i32.const 0)))",
        "(call $done (local.get $id) (i32.const 0) P)",
        "(call $log (i32.const 0) P)",
        "(call $random P)",
    ];
    let mut cases = Vec::new();
    for call in calls {
        for (at, len) in wild {
            // A result that has no room, or needs less than is named, is no violation.
            if call.contains("op_sync (i32.const 2)") && (at, len) != ("-1", "-1") {
                continue;
            }
            let call = call.replace('P', &format!("(i32.const {at}) (i32.const {len})"));
            cases.push((call.clone(), once(&call)));
        }
    }
    let cases = cases
        .iter()
        .map(|(call, module)| (call.as_str(), module.clone(), THREW));
    check(super::POINTERS, 1, cases.collect());
}
