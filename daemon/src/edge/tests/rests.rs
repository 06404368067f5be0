//! Bodies that nobody reads, and what comes behind them.
#![allow(clippy::unwrap_used)]

use super::*;

/// The head of a request with a body of so many bytes.
fn post(script: &str, lines: &str, length: usize) -> String {
    format!(
        "POST / HTTP/1.1\r\nHost: {script}.w.example\r\n{lines}Content-Length: {length}\r\n\r\n"
    )
}

#[test]
fn a_connection_goes_on_behind_a_body_that_comes_after_the_answer() {
    let server = Server::start(EdgeOptions {
        linger_ms: 60_000,
        ..EdgeOptions::default()
    });
    // Nobody is asked, and one who does not ask for it.
    for (script, answer) in [("no-body", "404 Not Found"), ("hello", "200 OK")] {
        let mut stream = server.connect();
        stream
            .write_all(post(script, "", 64 * 1024).as_bytes())
            .unwrap();
        let head = read_until(&mut stream, "\r\n\r\n");
        assert!(head.contains(answer), "{head}");
        assert!(!head.contains("connection: close"), "{head}");
        stream.write_all(&vec![b'x'; 64 * 1024]).unwrap();
        stream.write_all(get("echo", "/behind").as_bytes()).unwrap();
        read_until(&mut stream, "http://echo.w.example/behind");
    }
}

#[test]
fn a_body_behind_which_the_connection_ends_is_told_of() {
    let server = Server::start(EdgeOptions::default());
    let closes = |head: &str| {
        let mut stream = server.connect();
        stream.write_all(head.as_bytes()).unwrap();
        let _ = stream.shutdown(Shutdown::Write);
        let answer = read_all(&mut stream);
        assert!(answer.contains("404 Not Found"), "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
        assert!(!answer.contains("100 Continue"), "{answer}");
    };
    closes(&post("no-body", "", 64 * 1024 + 1));
    closes(&post("no-body", "Expect: 100-continue\r\n", 5));
    closes(&post("no-body", "Connection: close\r\n", 5));
}

#[test]
fn what_does_not_come_is_not_waited_for() {
    let server = Server::start(EdgeOptions {
        linger_ms: 1,
        ..EdgeOptions::default()
    });
    let mut stream = server.connect();
    stream.write_all(post("no-body", "", 5).as_bytes()).unwrap();
    let answer = read_all(&mut stream);
    assert!(answer.contains("404 Not Found"), "{answer}");
    assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
}

#[test]
fn chunks_without_an_end_are_not_read_for_ever() {
    let server = Server::start(EdgeOptions {
        linger_ms: 60_000,
        ..EdgeOptions::default()
    });
    let mut stream = server.connect();
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
    let head = "POST / HTTP/1.1\r\nHost: no-body.w.example\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    read_until(&mut stream, "Worker not found");
    for _ in 0..17 {
        stream.write_all(chunk.as_bytes()).unwrap();
    }
    assert_eq!(read_all(&mut stream), "");
}
