//! Clients that are slow, on purpose or not. Deadlines are tiny where the client is to miss
//! them, and far away where it is not.
#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn a_slow_head_is_answered_and_ended() {
    let s = Server::start(EdgeOptions {
        header_ms: 20,
        ..EdgeOptions::default()
    });
    let got = s.exchange(b"GET / HTTP/1.1\r\nHost: hel", false);
    assert!(got.starts_with("HTTP/1.1 408 "), "{got:?}");
    assert!(got.ends_with("the request head took too long"), "{got:?}");
    // Also the second head of a connection.
    let mut stream = s.connect();
    stream.write_all(get("hello", "/").as_bytes()).unwrap();
    read_until(&mut stream, "hello");
    stream.write_all(b"GET / HT").unwrap();
    let got = read_all(&mut stream);
    assert!(got.starts_with("HTTP/1.1 408 "), "{got:?}");
}

#[test]
fn a_silent_connection_is_ended_without_a_word() {
    let s = Server::start(EdgeOptions {
        header_ms: 20,
        ..EdgeOptions::default()
    });
    assert_eq!(s.exchange(b"", false), "");
}

#[test]
fn an_idle_connection_is_ended_without_a_word() {
    let s = Server::start(EdgeOptions {
        idle_ms: 20,
        ..EdgeOptions::default()
    });
    let got = s.exchange(get("hello", "/").as_bytes(), false);
    assert!(got.ends_with("\r\n\r\nhello"), "{got:?}");
    // The same when the body is read by the Worker first, and after a stream.
    let raw = "POST / HTTP/1.1\r\nHost: length.w.example\r\nContent-Length: 2\r\n\r\nab";
    assert!(s.exchange(raw.as_bytes(), false).ends_with("\r\n\r\n2"));
    let got = s.exchange(get("stream", "/").as_bytes(), false);
    assert!(got.ends_with("\r\n0\r\n\r\n"), "{got:?}");
}

#[test]
fn a_slow_worker_is_not_an_idle_connection() {
    let s = Server::start(EdgeOptions {
        idle_ms: 10,
        header_ms: 10_000,
        ..EdgeOptions::default()
    });
    let mut duplex = s.connect();
    let head = "POST / HTTP/1.1\r\nHost: duplex.w.example\r\nTransfer-Encoding: chunked\r\n\r\n";
    duplex.write_all(head.as_bytes()).unwrap();
    read_until(&mut duplex, "\r\n\r\n");
    // Another connection idles to its end several times meanwhile.
    for _ in 0..5 {
        s.exchange(get("hello", "/").as_bytes(), false);
    }
    duplex.write_all(b"2\r\nab\r\n").unwrap();
    read_until(&mut duplex, "ab");
    duplex.write_all(b"0\r\n\r\n").unwrap();
    let got = read_all(&mut duplex);
    assert!(got.ends_with("0\r\n\r\n"), "{got:?}");
}

#[test]
fn a_body_that_stalls_is_answered_and_ended() {
    let s = Server::start(EdgeOptions {
        body_stall_ms: 20,
        ..EdgeOptions::default()
    });
    for script in ["length", "echo"] {
        let raw =
            format!("POST / HTTP/1.1\r\nHost: {script}.w.example\r\nContent-Length: 5\r\n\r\nab");
        let got = s.exchange(raw.as_bytes(), false);
        assert!(got.starts_with("HTTP/1.1 408 "), "{got:?}");
        assert!(got.ends_with("the request body did not come on"), "{got:?}");
    }
    // A Worker that makes do with what came has the say.
    let raw = "POST / HTTP/1.1\r\nHost: lenient.w.example\r\nContent-Length: 5\r\n\r\nab";
    let got = s.exchange(raw.as_bytes(), false);
    assert!(got.starts_with("HTTP/1.1 200 "), "{got:?}");
    assert!(got.ends_with("no matter"), "{got:?}");
}

#[test]
fn a_body_that_trickles_is_answered_and_ended() {
    let s = Server::start(EdgeOptions {
        body_total_ms: 50,
        request_body_bytes_max: u64::MAX,
        ..EdgeOptions::default()
    });
    let mut stream = s.connect();
    let head = "POST / HTTP/1.1\r\nHost: length.w.example\r\nContent-Length: 1000000000\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    stream.set_nonblocking(true).unwrap();
    // It keeps coming, and never stalls.
    wait_until("an answer", || {
        let _ = (&stream).write(b"x");
        stream.peek(&mut [0]).is_ok()
    });
    stream.set_nonblocking(false).unwrap();
    let got = read_until(&mut stream, "took too long");
    assert!(got.starts_with("HTTP/1.1 408 "), "{got:?}");
}

#[test]
fn a_client_that_does_not_read_is_ended() {
    let s = Server::start(EdgeOptions {
        write_stall_ms: 20,
        ..EdgeOptions::default()
    });
    let mut stream = s.connect();
    stream.write_all(get("firehose", "/").as_bytes()).unwrap();
    wait_until("the stream is dropped", || {
        s.seen.streamed.load(Ordering::SeqCst) > 0 && s.seen.streams.load(Ordering::SeqCst) == 0
    });
    wait_until("the place is free", || s.edge.figures().open == 0);
}

#[test]
fn a_client_that_does_not_read_is_not_written_for() {
    let s = Server::start(EdgeOptions::default());
    let mut stream = s.connect();
    stream.write_all(get("firehose", "/").as_bytes()).unwrap();
    // The kernel's buffers fill; then the Worker is asked for no more than fits beside them.
    let streamed = || s.seen.streamed.load(Ordering::SeqCst);
    let mut last = 0;
    wait_until("the Worker is left alone", || {
        streamed() > 0 && {
            // Enough other exchanges for anything that wants to run to run.
            for _ in 0..20 {
                s.exchange(get("hello", "/").as_bytes(), true);
            }
            true
        }
    });
    wait_until("no more is asked for", || {
        let before = streamed();
        for _ in 0..20 {
            s.exchange(get("hello", "/").as_bytes(), true);
        }
        streamed() == before
    });
    // Reading makes it go on.
    let stuck = streamed();
    let mut buffer = vec![0; 1 << 16];
    while streamed() == stuck {
        last += stream.read(&mut buffer).unwrap();
    }
    assert!(last > 0);
    drop(stream);
    wait_until("the stream is dropped", || {
        s.seen.streams.load(Ordering::SeqCst) == 0
    });
}

#[test]
fn a_body_nobody_asks_for_is_not_read() {
    let s = Server::start(EdgeOptions {
        request_body_bytes_max: u64::MAX,
        // The Worker would run on behind the bytes that nobody reads.
        drain_ms: 20,
        ..EdgeOptions::default()
    });
    let mut stream = s.connect();
    let head = "POST / HTTP/1.1\r\nHost: never.w.example\r\nContent-Length: 1000000000\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    stream.set_nonblocking(true).unwrap();
    let chunk = vec![b'x'; 1 << 16];
    // Sooner or later the kernel takes no more, because the server does not.
    let mut sent = 0;
    let mut refused = 0;
    while refused < 100 {
        match stream.write(&chunk) {
            Ok(bytes) => (sent, refused) = (sent + bytes, 0),
            Err(error) => {
                assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
                refused += 1;
                s.exchange(get("hello", "/").as_bytes(), true);
            }
        }
        assert!(sent < 1 << 28, "the server reads on");
    }
}

#[test]
fn a_client_that_hangs_up_cancels_the_request() {
    let s = Server::start(EdgeOptions {
        half_close_ms: 20,
        ..EdgeOptions::default()
    });
    let running = || s.seen.running.load(Ordering::SeqCst);
    let mut stream = s.connect();
    stream.write_all(get("never", "/").as_bytes()).unwrap();
    wait_until("it runs", || running() == 1);
    drop(stream);
    wait_until("it is cancelled", || running() == 0);
    // The same on a connection that was used before.
    let mut stream = s.connect();
    stream.write_all(get("hello", "/").as_bytes()).unwrap();
    read_until(&mut stream, "hello");
    stream.write_all(get("never", "/").as_bytes()).unwrap();
    wait_until("it runs", || running() == 1);
    drop(stream);
    wait_until("it is cancelled", || running() == 0);
    wait_until("the place is free", || s.edge.figures().open == 0);
}

#[test]
fn a_client_that_sends_on_is_still_there() {
    let s = Server::start(EdgeOptions {
        half_close_ms: 1,
        ..EdgeOptions::default()
    });
    let mut stream = s.connect();
    // The second request comes while the first one runs, and then the client's end. As long as
    // the second one is unread, nobody can see that end.
    stream.write_all(get("gate", "/").as_bytes()).unwrap();
    wait_until("it runs", || s.seen.running.load(Ordering::SeqCst) == 1);
    stream.write_all(get("hello", "/").as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    for _ in 0..20 {
        s.exchange(get("hello", "/").as_bytes(), true);
    }
    s.seen.gate.0.close();
    let got = read_all(&mut stream);
    assert!(got.contains("opened"), "{got:?}");
    assert!(got.ends_with("\r\n\r\nhello"), "{got:?}");
}

#[test]
fn a_client_that_closes_its_side_gets_its_answer() {
    let s = Server::start(EdgeOptions::default());
    let mut stream = s.connect();
    stream.write_all(get("gate", "/").as_bytes()).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    wait_until("it runs", || s.seen.running.load(Ordering::SeqCst) == 1);
    s.exchange(get("hello", "/").as_bytes(), true);
    s.seen.gate.0.close();
    let got = read_all(&mut stream);
    assert!(got.ends_with("\r\n\r\nopened"), "{got:?}");
}
