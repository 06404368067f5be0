//! More clients than places, and the end of the daemon.
#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn connections_beyond_the_cap_are_told_so() {
    let s = Server::start(EdgeOptions {
        connections_max: 2,
        spare_ms: u32::MAX,
        retry_after_s: 3,
        ..EdgeOptions::default()
    });
    let held: Vec<TcpStream> = (0..2)
        .map(|_| {
            let mut stream = s.connect();
            stream.write_all(get("hello", "/").as_bytes()).unwrap();
            read_until(&mut stream, "hello");
            stream
        })
        .collect();
    // Heard whatever the client sends, even if it sends a lot.
    for raw in [get("hello", "/"), String::new(), "x".repeat(100_000)] {
        let got = s.exchange(raw.as_bytes(), true);
        assert!(got.starts_with("HTTP/1.1 503 "), "{got:?}");
        assert!(got.contains("retry-after: 3\r\n"), "{got:?}");
        assert!(got.contains("connection: close\r\n"), "{got:?}");
        assert!(got.contains("2 connections are open"), "{got:?}");
        assert!(got.contains("cf-ray: "), "{got:?}");
        assert!(got.contains("date: "), "{got:?}");
        // What others use is not told.
        let limit = "postern-limit: edge.connections; retry-after=3\r\n";
        assert!(got.contains(limit), "{got:?}");
    }
    assert_eq!(s.edge.figures().refused, 3);
    drop(held);
    wait_until("places are free", || s.edge.figures().open == 0);
    let got = s.exchange(get("hello", "/").as_bytes(), true);
    assert!(got.starts_with("HTTP/1.1 200 "), "{got:?}");
}

/// A connection from another address than that of all others.
fn connect_from_elsewhere(s: &Server) -> TcpStream {
    use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&socket, &SocketAddr::from(([127, 0, 0, 2], 0))).unwrap();
    connect(&socket, &s.address).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(FOREVER)).unwrap();
    stream
}

#[test]
fn who_waits_gives_way_to_somebody_new() {
    let s = Server::start(EdgeOptions {
        connections_max: 2,
        spare_ms: u32::MAX,
        ..EdgeOptions::default()
    });
    // One that is kept without a request, and one that is being answered.
    let mut idle = s.connect();
    idle.write_all(get("hello", "/").as_bytes()).unwrap();
    read_until(&mut idle, "hello");
    let mut busy = s.connect();
    busy.write_all(get("gate", "/").as_bytes()).unwrap();
    wait_until("it is being answered", || {
        s.seen.running.load(Ordering::SeqCst) == 1
    });
    let mut new = connect_from_elsewhere(&s);
    assert_eq!(read_all(&mut idle), "");
    new.write_all(get("hello", "/").as_bytes()).unwrap();
    read_until(&mut new, "hello");
    // It does not do so for one of an address that has more, nor does the one that is being answered.
    let got = s.exchange(b"", true);
    assert!(got.starts_with("HTTP/1.1 503 "), "{got:?}");
    let figures = s.edge.figures();
    assert_eq!((figures.gave_way, figures.refused), (1, 1));
    s.seen.gate.0.close();
    read_until(&mut busy, "opened");
}

#[test]
fn a_head_that_does_not_come_on_gives_way() {
    let s = Server::start(EdgeOptions {
        connections_max: 1,
        spare_ms: u32::MAX,
        ..EdgeOptions::default()
    });
    let mut slow = s.connect();
    slow.write_all(b"GET / HTTP/1.1\r\nHost: ").unwrap();
    wait_until("it is there", || s.edge.figures().open == 1);
    let mut new = connect_from_elsewhere(&s);
    let got = read_all(&mut slow);
    // Where nothing of it was read yet there is nothing to answer.
    assert!(
        got.is_empty() || got.starts_with("HTTP/1.1 503 "),
        "{got:?}"
    );
    new.write_all(get("hello", "/").as_bytes()).unwrap();
    read_until(&mut new, "hello");
}

#[test]
fn of_one_address_who_has_waited_longest_gives_way() {
    let s = Server::start(EdgeOptions {
        connections_max: 2,
        spare_ms: 0,
        ..EdgeOptions::default()
    });
    let greet = |stream: &mut TcpStream| {
        stream.write_all(get("hello", "/").as_bytes()).unwrap();
        read_until(stream, "hello");
    };
    let (mut first, mut second) = (s.connect(), s.connect());
    greet(&mut first);
    greet(&mut second);
    let from = std::time::Instant::now();
    wait_until("a moment is over", || from.elapsed().as_millis() > 2);
    greet(&mut first);
    let mut third = s.connect();
    assert_eq!(read_all(&mut second), "");
    greet(&mut third);
    greet(&mut first);
    assert_eq!(s.edge.figures().refused, 0);
}

#[test]
fn refusing_is_bounded_too() {
    let s = Server::start(EdgeOptions {
        connections_max: 0,
        refusals_max: 1,
        linger_ms: 60_000,
        ..EdgeOptions::default()
    });
    // The first is refused, and does not go.
    let mut first = s.connect();
    read_until(&mut first, "503");
    // The second hears nothing.
    let mut second = s.connect();
    assert!(!read_all(&mut second).contains("HTTP"));
    drop(first);
    wait_until("there is room to refuse", || {
        s.exchange(b"", true).starts_with("HTTP/1.1 503 ")
    });
}

#[test]
fn an_early_answer_survives_a_client_that_sends_on() {
    let s = Server::start(EdgeOptions {
        request_body_bytes_max: 10,
        ..EdgeOptions::default()
    });
    let mut raw =
        b"POST / HTTP/1.1\r\nHost: length.w.example\r\nContent-Length: 4000000\r\n\r\n".to_vec();
    raw.resize(raw.len() + 4_000_000, b'x');
    for _ in 0..10 {
        let got = s.exchange(&raw, true);
        assert!(got.starts_with("HTTP/1.1 413 "), "{got:?}");
        assert!(!got.contains("[reset]"), "{got:?}");
    }
}

#[test]
fn many_clients_at_once() {
    let s = &Server::start(EdgeOptions::default());
    std::thread::scope(|scope| {
        for client in 0..16 {
            scope.spawn(move || {
                let mut stream = s.connect();
                for i in 0..50 {
                    let body = format!("client {client} request {i}");
                    let raw = format!(
                        "POST /{i} HTTP/1.1\r\nHost: echo.w.example\r\nContent-Length: {}\r\n\r\n{body}",
                        body.len()
                    );
                    stream.write_all(raw.as_bytes()).unwrap();
                    let got = read_until(&mut stream, &format!("body={body}"));
                    assert!(got.starts_with("HTTP/1.1 200 OK"), "{got:?}");
                    assert!(got.contains(&format!("http://echo.w.example/{i}\n")), "{got:?}");
                }
            });
        }
    });
    assert_eq!(s.edge.figures().accepted, 16);
}

#[test]
fn stopping_lets_requests_finish() {
    let mut s = Server::start(EdgeOptions {
        drain_ms: 60_000,
        ..EdgeOptions::default()
    });
    let mut idle = s.connect();
    idle.write_all(get("hello", "/").as_bytes()).unwrap();
    read_until(&mut idle, "hello");
    let fresh = s.connect();
    let mut busy = s.connect();
    let head = "POST / HTTP/1.1\r\nHost: duplex.w.example\r\nTransfer-Encoding: chunked\r\n\r\n";
    busy.write_all(head.as_bytes()).unwrap();
    read_until(&mut busy, "\r\n\r\n");
    wait_until("all are accepted", || s.edge.figures().accepted == 3);
    s.stop();
    // Connections without a request end at once.
    assert_eq!(read_all(&mut idle), "");
    drop(fresh);
    // Nobody new comes in.
    wait_until("the listener is closed", || {
        TcpStream::connect(s.address).is_err()
    });
    // The one with a request ends after it.
    busy.write_all(b"2\r\nab\r\n0\r\n\r\n").unwrap();
    let got = read_all(&mut busy);
    assert!(got.ends_with("ab\r\n0\r\n\r\n"), "{got:?}");
    assert_eq!(s.drained(), Drained { cut: 0 });
}

#[test]
fn stopping_does_not_wait_for_ever() {
    let mut s = Server::start(EdgeOptions {
        drain_ms: 20,
        ..EdgeOptions::default()
    });
    let mut busy = s.connect();
    busy.write_all(get("never", "/").as_bytes()).unwrap();
    wait_until("it runs", || s.seen.running.load(Ordering::SeqCst) == 1);
    s.stop();
    assert_eq!(s.drained(), Drained { cut: 1 });
    assert!(!read_all(&mut busy).contains("HTTP"));
    assert_eq!(s.seen.running.load(Ordering::SeqCst), 0);
}
