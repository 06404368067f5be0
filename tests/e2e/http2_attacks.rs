//! What a client of HTTP/2 may try against the daemon: each ends as stated, and others are served.

use super::http2::{curl, daemon, port, text};
use postern_e2e::http2::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, Frame, GOAWAY, HEADERS, Http2, PING, RST_STREAM,
    SETTINGS, WINDOW_UPDATE, asks, block, frame,
};
use postern_e2e::tls::Certificates;
use postern_e2e::{Daemon, eventually};

/// Codes of errors (RFC 9113 §7).
const CANCEL: u32 = 8;
const REFUSED_STREAM: u32 = 7;
const ENHANCE_YOUR_CALM: u32 = 11;

/// Another client is served.
#[track_caller]
fn others_are_served(daemon: &Daemon, certificates: &Certificates) {
    assert_eq!(text(&curl(daemon, certificates, "/", &[])), "hello");
}

/// What the daemon says until it ends the connection, while the client says the same again and again.
fn flooded(client: &mut Http2, mut more: impl FnMut(u32) -> Vec<u8>) -> Vec<Frame> {
    // OpenSSL takes some of it on its way, and ends when the daemon does.
    for turn in 0..200_000 {
        if client.write(&more(turn)).is_err() {
            return client.rest();
        }
    }
    panic!("the daemon takes whatever comes");
}

fn farewell(frames: &[Frame]) -> Option<u32> {
    let farewell = frames.iter().rfind(|it| it.kind == GOAWAY);
    farewell.and_then(Frame::error)
}

fn open(daemon: &Daemon) -> Http2 {
    let mut client = Http2::open(port(daemon), &[]);
    client.ask(1, &asks("GET", "one.test", "/")).unwrap();
    assert_eq!(client.answer(1).0, 200);
    client
}

#[test]
fn requests_that_are_reset_at_once_end_the_connection() {
    let certificates = Certificates::new();
    let daemon = daemon(&certificates, "", "");
    let mut client = open(&daemon);
    let head = block(&asks("GET", "one.test", "/waits"));
    let came = flooded(&mut client, |turn| {
        let stream = 3 + 2 * turn;
        let mut both = frame(HEADERS, END_HEADERS | END_STREAM, stream, &head);
        both.extend(frame(RST_STREAM, 0, stream, &CANCEL.to_be_bytes()));
        both
    });
    // By the library where they were not seen yet, by the edge where they were.
    assert!(
        matches!(farewell(&came), None | Some(ENHANCE_YOUR_CALM)),
        "{came:?}"
    );
    others_are_served(&daemon, &certificates);
}

#[test]
fn requests_that_are_taken_back_when_they_run_end_the_connection() {
    let certificates = Certificates::new();
    let daemon = daemon(&certificates, "", "");
    let mut client = open(&daemon);
    let mut ends = false;
    for turn in 0..200 {
        let stream = 3 + 2 * turn;
        let ping = frame(PING, 0, 0, &[0; 8]);
        let asked = client.ask(stream, &asks("GET", "one.test", "/waits"));
        // A ping that comes back: the request has been seen.
        let asked = asked.and_then(|()| client.write(&ping));
        let mut back = std::iter::from_fn(|| client.read());
        let is_seen = asked.is_ok() && back.any(|it| it.kind == PING);
        let reset = frame(RST_STREAM, 0, stream, &CANCEL.to_be_bytes());
        if !is_seen || client.write(&reset).is_err() {
            assert!(turn >= 100, "after {turn}");
            ends = true;
            break;
        }
    }
    assert!(ends);
    others_are_served(&daemon, &certificates);
}

#[test]
fn a_head_without_end_ends_the_connection() {
    let certificates = Certificates::new();
    let daemon = daemon(&certificates, "", "");
    // Empty parts, and parts that are full.
    for size in [0, 1, 16_384] {
        let mut client = open(&daemon);
        let field = block(&[("x", &"y".repeat(16_000))]);
        let part: Vec<u8> = field.iter().copied().cycle().take(size).collect();
        client
            .write(&frame(HEADERS, 0, 3, &block(&asks("GET", "one.test", "/"))))
            .unwrap();
        let came = flooded(&mut client, |_| frame(CONTINUATION, 0, 3, &part));
        assert!(farewell(&came).is_some(), "{size}: {came:?}");
    }
    others_are_served(&daemon, &certificates);
}

#[test]
fn floods_of_pings_settings_and_room_end_the_connection() {
    let certificates = Certificates::new();
    let daemon = daemon(&certificates, "", "");
    let floods = [
        frame(PING, 0, 0, &[7; 8]),
        frame(SETTINGS, 0, 0, &[]),
        frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 255, 255]),
        frame(WINDOW_UPDATE, 0, 0, &1_u32.to_be_bytes()),
        // What nobody knows.
        frame(0xaa, 0, 0, b"grease"),
        // A priority, which has been given up.
        frame(2, 0, 9, &[0, 0, 0, 0, 7]),
    ];
    for flood in floods {
        let mut client = open(&daemon);
        flooded(&mut client, |_| flood.repeat(50));
    }
    // Parts of a body without a byte, of a request that runs.
    let mut client = open(&daemon);
    let head = block(&asks("POST", "one.test", "/waits"));
    client
        .write(&frame(HEADERS, END_HEADERS, 3, &head))
        .unwrap();
    flooded(&mut client, |_| frame(DATA, 0, 3, &[]).repeat(50));
    others_are_served(&daemon, &certificates);
}

#[test]
fn a_client_that_reads_nothing_is_let_go() {
    let certificates = Certificates::new();
    let edge = "write-deadline-ms = 500";
    let daemon = daemon(&certificates, edge, "");
    let before = daemon.open_files().unwrap();
    // Room for answers, which are not read from the socket: OpenSSL's output is full.
    let mut client = Http2::open(port(&daemon), &[(4, 0x7fff_ffff)]);
    client
        .write(&frame(WINDOW_UPDATE, 0, 0, &0x7000_0000_u32.to_be_bytes()))
        .unwrap();
    for stream in 0..16 {
        let asked = asks("GET", "one.test", "/long?bytes=1000000");
        if client.ask(1 + 2 * stream, &asked).is_err() {
            break;
        }
    }
    eventually("the connection's end", || {
        (daemon.open_files().unwrap() <= before).then_some(())
    });
    others_are_served(&daemon, &certificates);
}

#[test]
fn a_client_that_makes_no_room_loses_the_answer_and_not_the_connection() {
    let certificates = Certificates::new();
    let daemon = daemon(&certificates, "write-deadline-ms = 300", "");
    // No room for a byte of any answer's body.
    let mut client = Http2::open(port(&daemon), &[(4, 0)]);
    client
        .ask(1, &asks("GET", "one.test", "/long?bytes=100000"))
        .unwrap();
    let came = client.until(|it| it.kind == RST_STREAM);
    assert_eq!(came.last().unwrap().error(), Some(CANCEL));
    let status = came.iter().find_map(Frame::status);
    assert_eq!(status, Some(200), "{came:?}");
    // What has no body needs no room.
    client.ask(3, &asks("HEAD", "one.test", "/")).unwrap();
    assert_eq!(client.answer(3).0, 200);
    others_are_served(&daemon, &certificates);
}

#[test]
fn requests_beyond_what_was_offered_are_refused() {
    let certificates = Certificates::new();
    let daemon = daemon(&certificates, "", "http2-streams = 4");
    let mut client = Http2::open(port(&daemon), &[]);
    for stream in [1, 3, 5, 7, 9] {
        client
            .ask(stream, &asks("GET", "one.test", "/waits"))
            .unwrap();
    }
    let came = client.until(|it| it.kind == RST_STREAM);
    let refused = came.last().unwrap();
    assert_eq!((refused.stream, refused.error()), (9, Some(REFUSED_STREAM)));
    // The offer is in the settings: name and value.
    let offered = came.iter().find(|it| it.kind == SETTINGS).unwrap();
    let offers = offered.payload.chunks(6).any(|it| it == [0, 3, 0, 0, 0, 4]);
    assert!(offers, "{offered:?}");
    others_are_served(&daemon, &certificates);
}

#[test]
fn all_connections_share_the_cap_on_requests() {
    let certificates = Certificates::new();
    let daemon = daemon(&certificates, "connections = 4", "http2-streams = 8");
    let mut client = Http2::open(port(&daemon), &[]);
    for stream in [1, 3, 5, 7] {
        client
            .ask(stream, &asks("GET", "one.test", "/waits"))
            .unwrap();
    }
    client.ask(9, &asks("GET", "one.test", "/")).unwrap();
    let (status, body) = client.answer(9);
    let body = String::from_utf8(body).unwrap();
    assert_eq!(status, 503, "{body}");
    assert!(body.contains("4 requests are being answered"), "{body}");
    client
        .write(&frame(RST_STREAM, 0, 1, &CANCEL.to_be_bytes()))
        .unwrap();
    // Its place is free when it has ended.
    let mut stream = 9;
    eventually("a place", || {
        stream += 2;
        client.ask(stream, &asks("GET", "one.test", "/")).unwrap();
        let came = client.until(|it| it.kind == DATA && it.stream == stream);
        came.last().filter(|it| it.payload == b"hello").map(|_| ())
    });
}

#[test]
fn heads_that_grow_when_they_are_read_are_refused() {
    let certificates = Certificates::new();
    let daemon = daemon(&certificates, "header-bytes = 8192", "");
    let mut client = open(&daemon);
    let before = daemon.rss();
    // An entry of the table of 4 KB, and then a byte for each time that it is meant.
    let mut head = block(&asks("GET", "one.test", "/"));
    let value = "y".repeat(4000);
    let entry = block(&[("x-bomb", &value)]);
    head.push(0x40);
    head.extend(&entry[1..]);
    head.extend(std::iter::repeat_n(0xbe, 8000));
    client
        .write(&frame(HEADERS, END_HEADERS | END_STREAM, 3, &head))
        .unwrap();
    let came = client.until(|it| it.stream == 3 || it.kind == GOAWAY);
    let last = came.last().unwrap();
    let refused = last.status() == Some(431) || last.error().is_some();
    assert!(refused, "{came:?}");
    // 32 MB as it is meant.
    assert!(daemon.rss() < before + (8 << 20));
    others_are_served(&daemon, &certificates);
}

#[test]
fn who_says_nothing_or_half_a_head_has_the_deadline_of_a_head() {
    let certificates = Certificates::new();
    let edge = "header-deadline-ms = 400\nidle-deadline-ms = 500";
    let daemon = daemon(&certificates, edge, "");
    // Nothing at all, no request, half a head; and nothing after an answer.
    let mut silent = Http2::silent(port(&daemon));
    let mut without = Http2::open(port(&daemon), &[]);
    let mut half = Http2::open(port(&daemon), &[]);
    let head = block(&asks("GET", "one.test", "/"));
    half.write(&frame(HEADERS, 0, 1, &head)).unwrap();
    let mut idle = open(&daemon);
    for client in [&mut silent, &mut without, &mut half, &mut idle] {
        client.rest();
    }
    others_are_served(&daemon, &certificates);
}

#[test]
fn a_body_that_does_not_come_on_has_its_deadline() {
    let certificates = Certificates::new();
    let daemon = daemon(&certificates, "body-deadline-ms = 300", "");
    let mut client = Http2::open(port(&daemon), &[]);
    let head = block(&asks("POST", "one.test", "/told"));
    client
        .write(&frame(HEADERS, END_HEADERS, 1, &head))
        .unwrap();
    client.write(&frame(DATA, 0, 1, b"half")).unwrap();
    assert_eq!(client.answer(1).0, 408);
    client.ask(3, &asks("GET", "one.test", "/")).unwrap();
    assert_eq!(client.answer(3).0, 200);
}

#[test]
fn rubbish_ends_the_connection() {
    let certificates = Certificates::new();
    let daemon = daemon(&certificates, "", "");
    let get = block(&asks("GET", "one.test", "/"));
    let all = END_HEADERS | END_STREAM;
    let cases: &[Vec<u8>] = &[
        // A frame that is larger than was offered, one of no stream, an even one, one that is closed.
        frame(DATA, 0, 1, &[0; 20_000]),
        frame(DATA, 0, 0, b"x"),
        frame(HEADERS, all, 2, &get),
        frame(CONTINUATION, END_HEADERS, 3, &get),
        frame(HEADERS, all, 3, &[0xff; 40]),
        frame(SETTINGS, 0, 0, b"short"),
        frame(SETTINGS, 0, 1, &[]),
        frame(PING, 0, 0, b"short"),
        frame(WINDOW_UPDATE, 0, 0, &0_u32.to_be_bytes()),
        frame(WINDOW_UPDATE, 0, 0, &0x7fff_ffff_u32.to_be_bytes()),
        b"GET / HTTP/1.1\r\nhost: one.test\r\n\r\n".to_vec(),
    ];
    for case in cases {
        let mut client = open(&daemon);
        client.write(case).unwrap();
        let came = client.rest();
        assert!(farewell(&came).is_some(), "{case:?}: {came:?}");
    }
    // Instead of the preface.
    let mut client = Http2::silent(port(&daemon));
    client
        .write(b"GET / HTTP/1.1\r\nhost: one.test\r\n\r\n")
        .unwrap();
    let came = client.rest();
    assert!(came.iter().all(|it| it.kind != HEADERS), "{came:?}");
    others_are_served(&daemon, &certificates);
}

#[test]
fn a_connection_is_used_for_so_many_requests_and_so_long() {
    let certificates = Certificates::new();
    let daemon = daemon(&certificates, "", "http2-requests = 3");
    let mut client = Http2::open(port(&daemon), &[]);
    for stream in [1, 3, 5] {
        client.ask(stream, &asks("GET", "one.test", "/")).unwrap();
        assert_eq!(client.answer(stream).0, 200);
    }
    let rest = client.rest();
    assert_eq!(farewell(&rest), Some(0), "{rest:?}");
    others_are_served(&daemon, &certificates);

    let daemon = super::http2::daemon(&certificates, "", "http2-age-ms = 1");
    let mut client = Http2::open(port(&daemon), &[]);
    // Whatever was asked by then is answered; nobody has to ask.
    let rest = client.rest();
    assert_eq!(farewell(&rest), Some(0), "{rest:?}");
    others_are_served(&daemon, &certificates);
}

#[test]
fn a_client_that_answers_no_ping_is_gone() {
    let certificates = Certificates::new();
    let deadlines = "idle-deadline-ms = 200\nheader-deadline-ms = 1000";
    let daemon = daemon(&certificates, deadlines, "");
    let waits = asks("GET", "one.test", "/waits");
    let is_ping = |it: &Frame| it.kind == PING && it.flags == 0;
    let mut silent = Http2::open(port(&daemon), &[]);
    silent.ask(1, &waits).unwrap();
    let mut alive = Http2::open(port(&daemon), &[]);
    alive.ask(1, &waits).unwrap();
    std::thread::scope(|scope| {
        let ends = scope.spawn(|| silent.rest());
        // Who answers is there when the other one has ended, and longer.
        let mut answered = 0;
        while !ends.is_finished() || answered < 20 {
            let came = alive.until(is_ping);
            let payload = &came.last().unwrap().payload;
            alive.write(&frame(PING, 1, 0, payload)).unwrap();
            answered += 1;
        }
        let came = ends.join().unwrap();
        assert!(came.iter().any(is_ping), "{came:?}");
        assert!(!came.iter().any(|it| it.stream == 1), "{came:?}");
    });
    alive.ask(3, &asks("GET", "one.test", "/")).unwrap();
    assert_eq!(alive.answer(3).0, 200);
}
