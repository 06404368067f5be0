//! What becomes of a Worker's reply, or of its failure.
#![allow(clippy::unwrap_used)]

use super::cases::{check, request};
use super::*;

#[test]
fn replies_are_made_presentable() {
    let s = &Server::start(EdgeOptions::default());
    let pieces = [
        "x-kept: 1\r\n",
        "set-cookie: a=1\r\n",
        "set-cookie: b=2\r\n",
        "content-length: 4\r\n",
        "!x-named",
        "!keep-alive",
        "!gzip",
        "!upgrade",
        "!trailer",
        "!forged",
    ];
    // A Worker cannot end the connection.
    check(s, &get("hops", "/").repeat(2), &[200, 200], &pieces);
    for status in [200, 299, 404, 503, 599] {
        check(
            s,
            &get("status", &format!("/{status}")),
            &[status],
            &["\r\n\r\nbody"],
        );
    }
    for status in [204, 205, 304] {
        let raw = get("status", &format!("/{status}")) + &get("empty", "/");
        check(s, &raw, &[status, 200], &["!body"]);
    }
    for status in [100, 101, 199, 600, 999] {
        check(
            s,
            &get("status", &format!("/{status}")),
            &[500],
            &["error code: 1101", "!body"],
        );
    }
    check(
        s,
        &get("claims", "/5"),
        &[200],
        &["content-length: 5\r\n", "\r\n\r\nvwxyz", "!chunked"],
    );
    check(
        s,
        &get("claims-whole", "/"),
        &[200],
        &["content-length: 5\r\n", "\r\n\r\nvwxyz"],
    );
    check(
        s,
        &get("claims", "/+5"),
        &[200],
        &["transfer-encoding: chunked", "!content-length"],
    );
}

#[test]
fn failures_have_answers() {
    let s = &Server::start(EdgeOptions::default());
    let fail = |kind: &str| get("fail", &format!("/{kind}")).repeat(2);
    check(
        s,
        &fail("exception"),
        &[500, 500],
        &["\r\n\r\nerror code: 1101", "!secret", "cf-ray: "],
    );
    check(
        s,
        &fail("cpu"),
        &[503, 503],
        &["\r\n\r\nerror code: 1102", "CPU time limit"],
    );
    check(
        s,
        &fail("memory"),
        &[503, 503],
        &["\r\n\r\nerror code: 1102"],
    );
    check(s, &fail("wall"), &[504, 504], &["within 30 ms"]);
    check(s, &fail("body"), &[413, 413], &["limit of 3 bytes"]);
    check(
        s,
        &fail("busy"),
        &[503, 503],
        &["retry-after: 7\r\n", "64 invocations run already"],
    );
    check(
        s,
        &fail("internal"),
        &[500, 500],
        &["\r\n\r\ninternal error", "!secret"],
    );
    assert_eq!(s.edge.figures().failed, 12);
    assert_eq!(s.edge.figures().rejected, 2);
}

#[test]
fn a_body_that_breaks_off_is_no_whole_one() {
    let s = &Server::start(EdgeOptions::default());
    // No last chunk, and no further answer.
    check(
        s,
        &get("cut", "/").repeat(2),
        &[200],
        &["4\r\npart\r\n", "!\r\n0\r\n"],
    );
    // Less than promised.
    check(
        s,
        &get("claims", "/9").repeat(2),
        &[200],
        &["content-length: 9\r\n", "vwxyz"],
    );
    // More than promised: the promise is not kept, rather than the rest becoming an answer.
    check(
        s,
        &get("claims", "/3").repeat(2),
        &[200],
        &["content-length: 3\r\n", "!xyz"],
    );
    // Where the connection's end is the body's end, it is a reset.
    let old = request("GET / HTTP/1.0", "cut", &[], "");
    check(s, &old, &[200], &["[reset]"]);
    let old = request("GET / HTTP/1.0", "stream", &[], "");
    check(s, &old, &[200], &["one two three", "![reset]"]);
    wait_until("streams are dropped", || {
        s.seen.streams.load(Ordering::SeqCst) == 0
    });
}

#[test]
fn a_panic_ends_one_connection() {
    let s = &Server::start(EdgeOptions::default());
    check(s, &get("panic", "/"), &[], &[]);
    check(s, &get("hello", "/"), &[200], &[]);
    wait_until("places are given back", || s.edge.figures().open == 0);
}
