#![allow(clippy::unwrap_used)]
//! Frames taken apart, however they come, and conversations that take too long.

use super::frame::{self, Head, TextCheck};
use super::inbound::{Inbound, Item};
use super::*;
use crate::engine::socket::test_pair;
use futures_lite::FutureExt;
use futures_lite::future::{block_on, pending};
use proptest::prelude::*;
use std::io::{Read, Write};
use std::net::TcpListener;

const MASK: [u8; 4] = [1, 2, 3, 250];

/// A frame of a client.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    frame::write(&mut plain, Side::Server, first, payload);
    let head = plain.len() - payload.len();
    plain[1] |= 0x80;
    plain.splice(head..head, MASK);
    frame::unmask(&mut plain[head + 4..], MASK, 0);
    plain
}

/// What comes of bytes that come in pieces of this size.
fn take(bytes: &[u8], piece: usize, max: u64) -> Result<Vec<Item>, Fault> {
    let mut inbound = Inbound::new(&[], max, Side::Server);
    let mut items = Vec::new();
    for mut piece in bytes.chunks(piece) {
        while !piece.is_empty() {
            let space = inbound.space();
            let len = space.len();
            let read = piece.len().min(len);
            space[..read].copy_from_slice(&piece[..read]);
            inbound.filled(len, read);
            piece = &piece[read..];
            while let (Some(item), _) = inbound.item(true)? {
                items.push(item);
            }
        }
    }
    Ok(items)
}

/// Messages of parts put together.
fn messages(items: Vec<Item>) -> Vec<(u8, Vec<u8>)> {
    let mut all: Vec<(u8, Vec<u8>)> = Vec::new();
    let mut within = false;
    for item in items {
        let Item::Part(part) = item else { continue };
        let first = part[0];
        assert_eq!(within, first & 0x0f == CONTINUATION);
        within = first & FIN == 0;
        // A part that ends nothing has a size, or crumbs would be let through.
        assert!(first & FIN != 0 || part.len() > 16 * 1024);
        match all.last_mut() {
            Some((_, message)) if first & 0x0f == CONTINUATION => {
                message.extend_from_slice(&part[1..]);
            }
            _ => all.push((first & 0x0f, part[1..].to_vec())),
        }
    }
    assert!(!within);
    all
}

proptest! {
    #[test]
    fn messages_come_whole(
        sent in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..70_000), 1..5usize), 1..5),
        piece in 1..20_000usize,
    ) {
        let mut bytes = Vec::new();
        let mut expected = Vec::new();
        for (is_text, payload, frames) in sent {
            let payload = if is_text { payload.iter().map(|byte| byte & 0x7f).collect() } else { payload };
            let kind = 2 - u8::from(is_text);
            let size = payload.len() / frames + 1;
            let parts: Vec<&[u8]> = if payload.is_empty() { vec![&[]] } else { payload.chunks(size).collect() };
            for (at, part) in parts.iter().enumerate() {
                let first = if at == 0 { kind } else { CONTINUATION };
                bytes.extend(masked(first | if at + 1 == parts.len() { FIN } else { 0 }, part));
                bytes.extend(masked(FIN | frame::PING, b"between"));
            }
            expected.push((kind, payload));
        }
        let items = take(&bytes, piece, 1 << 20).unwrap();
        prop_assert_eq!(messages(items), expected);
    }

    #[test]
    fn no_bytes_are_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), piece in 1..50usize) {
        let _ = take(&bytes, piece, 1000);
    }

    #[test]
    fn text_is_checked_as_a_whole(bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(0xe2), Just(0x82), Just(0xac), Just(b'a')], 0..12), cut in 0..12usize) {
        let cut = cut.min(bytes.len());
        let mut check = TextCheck::default();
        let result = check.feed(&bytes[..cut]).and_then(|()| check.feed(&bytes[cut..])).and_then(|()| check.finish());
        prop_assert_eq!(result.is_ok(), std::str::from_utf8(&bytes).is_ok());
    }
}

#[test]
fn faults_are_seen_at_their_first_byte() {
    let check = |bytes: &[u8], code: u16| {
        assert_eq!(take(bytes, 1, 100).unwrap_err().code, code, "{bytes:?}");
    };
    check(&[0xc1], 1002);
    check(&[0x80], 1002);
    check(&[0x83], 1002);
    check(&[0x09], 1002);
    check(&[0x81, 5], 1002);
    check(&[0x89, 0xfe], 1002);
    check(&masked(0x82, &[0; 101])[..6], 1009);
    check(
        &[masked(2, &[0; 60]), masked(0x80, &[0; 60])].concat(),
        1009,
    );
    check(&masked(0x81, b"\xff"), 1007);
    check(&masked(0x88, &[1]), 1002);
}

#[test]
fn payload_waits_for_room_and_controls_do_not() {
    let bytes = [
        masked(0x89, b"p"),
        masked(0x81, b"text"),
        masked(0x89, b"q"),
    ]
    .concat();
    let mut inbound = Inbound::new(&bytes, 100, Side::Server);
    assert_eq!(
        inbound.item(false),
        Ok((Some(Item::Ping(b"p".to_vec())), false))
    );
    assert_eq!(inbound.item(false), Ok((None, true)));
    let text = Item::Part(b"\x81text".as_slice().into());
    assert_eq!(inbound.item(true), Ok((Some(text), false)));
    assert_eq!(
        inbound.item(false),
        Ok((Some(Item::Ping(b"q".to_vec())), false))
    );
    assert_eq!(inbound.item(false), Ok((None, false)));
}

#[test]
fn heads_are_read_when_they_are_complete() {
    for len in [0, 125, 126, 65_535, 65_536] {
        let bytes = masked(0x82, &vec![0; len]);
        let head = bytes.len() - len;
        for short in 0..head {
            assert_eq!(Head::read(&bytes[..short], false, Side::Server), Ok(None));
        }
        let (read, used) = Head::read(&bytes, false, Side::Server).unwrap().unwrap();
        assert_eq!((read.len, used, read.mask), (len as u64, head, MASK));
    }
}

/// Talks to a client that does as `client` says; what the conversation took from the guest first
/// is `parts`.
fn talk<R: Send>(
    options: SocketOptions,
    parts: &[&[u8]],
    client: impl FnOnce(TcpStream) -> R + Send,
) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = listener.local_addr().unwrap();
    std::thread::scope(|scope| {
        // What the client gives, its stream for instance, lives as long as the conversation.
        let client = scope.spawn(|| client(TcpStream::connect(to).unwrap()));
        let stream = Async::new(listener.accept().unwrap().0).unwrap();
        let (end, socket) = test_pair(1000);
        end.pull(u64::MAX);
        for part in parts {
            end.chunk(part);
        }
        let stops = Stops {
            drain: pending(),
            cut: pending(),
        };
        block_on(run(&stream, &[], socket, Side::Server, &options, stops));
        drop((end, stream));
        client.join().unwrap();
    });
}

fn options() -> SocketOptions {
    SocketOptions {
        linger_ms: 10,
        ..SocketOptions::default()
    }
}

fn read_all(mut stream: TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    // A reset is an end as well.
    let _ = stream.read_to_end(&mut all);
    all
}

#[test]
fn a_silent_client_is_pinged_and_let_go() {
    let options = SocketOptions {
        ping_ms: 20,
        ..options()
    };
    talk(options, &[], |stream| {
        assert_eq!(read_all(stream), [0x89, 0])
    });
}

#[test]
fn a_close_that_is_not_answered_ends_as_well() {
    let options = SocketOptions {
        close_ms: 20,
        ..options()
    };
    let close = b"\x88\x03\xe8bye";
    talk(options.clone(), &[close], |stream| {
        assert_eq!(read_all(stream), b"\x88\x05\x03\xe8bye");
    });
    talk(options, &[], |mut stream| {
        stream.write_all(&masked(0x88, &[])).unwrap();
        assert_eq!(read_all(stream), b"");
    });
}

#[test]
fn an_old_socket_is_closed() {
    let options = SocketOptions {
        total_ms: 20,
        close_ms: 20,
        ..options()
    };
    talk(options, &[], |stream| {
        assert_eq!(&read_all(stream)[2..4], 1001u16.to_be_bytes());
    });
}

#[test]
fn messages_are_counted() {
    let options = SocketOptions {
        messages_max: 2,
        ..options()
    };
    talk(options, &[], |mut stream| {
        for _ in 0..3 {
            stream.write_all(&masked(0x81, b"x")).unwrap();
        }
        assert_eq!(&read_all(stream)[2..4], 1008u16.to_be_bytes());
    });
}

#[test]
fn a_client_that_does_not_read_is_let_go() {
    let options = SocketOptions {
        write_stall_ms: 20,
        ..options()
    };
    let part = [&[0x82][..], &vec![0; 60_000]].concat();
    let parts = vec![&part[..]; 400];
    talk(options, &parts, |stream| stream);
}

#[test]
fn a_drain_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let stream = Async::new(listener.accept().unwrap().0).unwrap();
    let (end, socket) = test_pair(1000);
    let reads = std::thread::spawn(move || {
        let mut head = [0; 4];
        let mut client = client;
        client.read_exact(&mut head).unwrap();
        client.write_all(&masked(0x88, &head[2..])).unwrap();
        assert_eq!(head[2..], 1001u16.to_be_bytes());
    });
    let stops = Stops {
        drain: async {},
        cut: pending(),
    };
    block_on(run(&stream, &[], socket, Side::Server, &options(), stops).or(pending()));
    reads.join().unwrap();
    drop(end);
}

#[test]
fn what_a_client_sends_has_masks_and_reads_back() {
    for len in [0, 1, 125, 126, 65_535, 65_536] {
        let payload: Vec<u8> = (0..len).map(|at: u32| at as u8).collect();
        let mut bytes = Vec::new();
        frame::write(&mut bytes, Side::Client, 0x82, &payload);
        assert_ne!(bytes[1] & 0x80, 0);
        let (head, used) = Head::read(&bytes, false, Side::Server).unwrap().unwrap();
        frame::unmask(&mut bytes[used..], head.mask, 0);
        assert_eq!((head.len, &bytes[used..]), (len.into(), &*payload));
        // The other way without.
        let mut bytes = Vec::new();
        frame::write(&mut bytes, Side::Server, 0x82, &payload);
        let (head, used) = Head::read(&bytes, false, Side::Client).unwrap().unwrap();
        assert_eq!((head.len, &bytes[used..]), (len.into(), &*payload));
        assert!(Head::read(&bytes, false, Side::Server).is_err());
    }
}

#[test]
fn a_retired_worker_closes_its_sockets() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let stream = Async::new(listener.accept().unwrap().0).unwrap();
    let (end, socket) = test_pair(1000);
    let reads = std::thread::spawn(move || {
        let mut head = [0; 4];
        let mut client = client;
        client.read_exact(&mut head).unwrap();
        client.write_all(&masked(0x88, &head[2..])).unwrap();
        assert_eq!(head[2..], 1012u16.to_be_bytes());
    });
    end.retire();
    let stops = Stops {
        drain: pending(),
        cut: pending(),
    };
    block_on(run(&stream, &[], socket, Side::Server, &options(), stops));
    reads.join().unwrap();
    drop(end);
}
