//! Records on their way between a socket and embedded-tls: the head of each is checked before
//! the library sees it, since it takes some things from a server that it must not.

use async_io::Async;
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use futures_lite::{AsyncRead, AsyncWriteExt};
use parking_lot::Mutex;
use std::future::poll_fn;
use std::net::TcpStream;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// Bytes of a record's head.
const HEAD: usize = 5;
/// Bytes of the largest record's body (RFC 8446 §5.2).
const BODY_MAX: usize = 16_384 + 256;
/// Bytes of the smallest body of a sealed record: the kind of its content, and the seal. One
/// without a kind is a panic of the library.
const SEALED_MIN: usize = 1 + 16;
/// Bytes of a whole handshake that a server may send.
const HANDSHAKE_MAX: usize = 128 * 1024;
/// Bytes that are read ahead: a small answer is read at once.
const AHEAD: usize = 1024;

/// What a record may hold.
mod kind {
    pub const CHANGE_CIPHER: u8 = 20;
    pub const ALERT: u8 = 21;
    pub const HANDSHAKE: u8 = 22;
    pub const SEALED: u8 = 23;
}

/// How far the conversation is, and so which records may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing came.
    Hello,
    /// The server has said hello: what follows is sealed.
    Handshake,
    /// The handshake is over. What is not sealed now is somebody else's: to take it would let
    /// anybody end an answer early.
    Open,
}

/// What became of a connection, where the library's errors do not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The server has closed the connection below TLS.
    pub ended: bool,
    /// A record came that may not.
    pub refused: bool,
    /// Something came at all.
    pub answered: bool,
}

struct Inbound {
    phase: Phase,
    /// Bytes read, from `at` to `len`.
    ahead: Box<[u8; AHEAD]>,
    at: usize,
    len: usize,
    /// The record at hand, of which so many bytes are there, and so many were handed out. Of a
    /// connection that rests there is none.
    record: Vec<u8>,
    filled: usize,
    handed: usize,
    handshake: usize,
    seen: Seen,
}

/// A socket. Clones are the same.
#[derive(Clone)]
pub struct Wire {
    stream: Arc<Async<TcpStream>>,
    inbound: Arc<Mutex<Inbound>>,
}

impl Wire {
    pub fn new(stream: Async<TcpStream>) -> Self {
        Self {
            stream: Arc::new(stream),
            inbound: Arc::new(Mutex::new(Inbound {
                phase: Phase::Hello,
                ahead: Box::new([0; AHEAD]),
                at: 0,
                len: 0,
                record: Vec::new(),
                filled: 0,
                handed: 0,
                handshake: 0,
                seen: Seen::default(),
            })),
        }
    }

    /// The handshake is over.
    pub fn open(&self) {
        self.inbound.lock().phase = Phase::Open;
    }

    /// What became of it.
    pub fn seen(&self) -> Seen {
        self.inbound.lock().seen
    }

    /// Waits for a whole record; false if there is none any more. Until it is there the library
    /// gets nothing of it, so that a read which is given up has lost nothing.
    fn poll_record(&self, cx: &mut Context<'_>) -> Poll<Result<bool, ErrorKind>> {
        let mut inbound = self.inbound.lock();
        let inbound = &mut *inbound;
        loop {
            let missing = inbound.filled < inbound.record.len();
            if !missing && !inbound.record.is_empty() {
                return Poll::Ready(Ok(true));
            }
            let there = inbound.len - inbound.at;
            if !missing && there >= HEAD {
                inbound.begin()?;
                continue;
            }
            let mut stream = &*self.stream;
            let stream = Pin::new(&mut stream);
            let came = if missing {
                let rest = &mut inbound.record[inbound.filled..];
                let came = ready!(stream.poll_read(cx, rest));
                came.inspect(|came| inbound.filled += came)
            } else {
                inbound.ahead.copy_within(inbound.at..inbound.len, 0);
                (inbound.at, inbound.len) = (0, there);
                let came = ready!(stream.poll_read(cx, &mut inbound.ahead[there..]));
                came.inspect(|came| inbound.len += came)
            };
            if came.map_err(|error| kind_of(&error))? == 0 {
                inbound.seen.ended = true;
                return Poll::Ready(Ok(false));
            }
        }
    }
}

impl Inbound {
    /// Checks the head of the next record, which lies ahead, and takes what is there of it.
    fn begin(&mut self) -> Result<(), ErrorKind> {
        let head = &self.ahead[self.at..self.at + HEAD];
        let (kind, major) = (head[0], head[1]);
        let body = usize::from(u16::from_be_bytes([head[3], head[4]]));
        self.seen.answered = true;
        let fits = match (self.phase, kind) {
            (Phase::Hello, kind::HANDSHAKE | kind::ALERT) => body > 0,
            (Phase::Hello | Phase::Handshake, kind::CHANGE_CIPHER) => body == 1,
            (Phase::Handshake | Phase::Open, kind::SEALED) => body >= SEALED_MIN,
            _ => false,
        };
        if self.phase != Phase::Open {
            self.handshake += HEAD + body;
        }
        if !fits || major != 3 || body > BODY_MAX || self.handshake > HANDSHAKE_MAX {
            self.seen.refused = true;
            return Err(ErrorKind::InvalidData);
        }
        if kind == kind::HANDSHAKE {
            self.phase = Phase::Handshake;
        }
        self.record = vec![0; HEAD + body];
        self.filled = (self.len - self.at).min(HEAD + body);
        self.record[..self.filled].copy_from_slice(&self.ahead[self.at..self.at + self.filled]);
        self.at += self.filled;
        self.handed = 0;
        Ok(())
    }

    /// Hands out what is there of a whole record.
    fn hand(&mut self, buf: &mut [u8]) -> usize {
        let left = &self.record[self.handed..];
        let take = left.len().min(buf.len());
        buf[..take].copy_from_slice(&left[..take]);
        self.handed += take;
        if self.handed == self.record.len() {
            (self.record, self.filled, self.handed) = (Vec::new(), 0, 0);
        }
        take
    }
}

impl ErrorType for Wire {
    type Error = ErrorKind;
}

impl Read for Wire {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, ErrorKind> {
        poll_fn(|cx| {
            Poll::Ready(Ok(match ready!(self.poll_record(cx))? {
                true => self.inbound.lock().hand(buf),
                false => 0,
            }))
        })
        .await
    }
}

impl Write for Wire {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, ErrorKind> {
        match (&*self.stream).write(buf).await {
            // The library panics over it.
            Ok(0) => Err(ErrorKind::WriteZero),
            Ok(len) => Ok(len),
            Err(error) => Err(kind_of(&error)),
        }
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

fn kind_of(error: &std::io::Error) -> ErrorKind {
    match error.kind() {
        std::io::ErrorKind::ConnectionReset => ErrorKind::ConnectionReset,
        std::io::ErrorKind::BrokenPipe => ErrorKind::BrokenPipe,
        std::io::ErrorKind::TimedOut => ErrorKind::TimedOut,
        _ => ErrorKind::Other,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::Write as _;
    use std::net::TcpListener;

    /// What is read of these bytes, in steps of at most so many.
    fn read(phase: Phase, bytes: &[u8], step: usize) -> (Vec<u8>, Result<usize, ErrorKind>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut theirs = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut wire = Wire::new(Async::new(listener.accept().unwrap().0).unwrap());
        wire.inbound.lock().phase = phase;
        let bytes = bytes.to_vec();
        let writing = std::thread::spawn(move || theirs.write_all(&bytes));
        let mut all = Vec::new();
        let end = smol::block_on(async {
            loop {
                let mut part = vec![0; step];
                match wire.read(&mut part).await {
                    Ok(len @ 1..) => all.extend_from_slice(&part[..len]),
                    end => return end,
                }
            }
        });
        let _ = writing.join().unwrap();
        (all, end)
    }

    fn record(kind: u8, len: usize) -> Vec<u8> {
        let [high, low] = u16::try_from(len).unwrap().to_be_bytes();
        let mut record = vec![kind, 3, 3, high, low];
        record.resize(HEAD + len, 7);
        record
    }

    #[test]
    fn records_come_as_they_were_sent() {
        let mut all = record(kind::HANDSHAKE, 90);
        all.extend(record(kind::CHANGE_CIPHER, 1));
        for len in [17, 1023, 1024, 5000, BODY_MAX] {
            all.extend(record(kind::SEALED, len));
        }
        for step in [1, 5, 1000, BODY_MAX] {
            assert!(read(Phase::Hello, &all, step) == (all.clone(), Ok(0)));
        }
    }

    #[test]
    fn what_may_not_come_is_refused() {
        let no = Err(ErrorKind::InvalidData);
        for (phase, kind, len) in [
            // Nothing is sealed yet.
            (Phase::Hello, kind::SEALED, 40),
            (Phase::Hello, 9, 40),
            (Phase::Hello, kind::CHANGE_CIPHER, 2),
            // An end or a certificate of somebody's who has no key.
            (Phase::Handshake, kind::ALERT, 2),
            (Phase::Handshake, kind::HANDSHAKE, 40),
            (Phase::Open, kind::ALERT, 2),
            (Phase::Open, kind::HANDSHAKE, 40),
            (Phase::Open, kind::CHANGE_CIPHER, 1),
            // Sealed, and nothing.
            (Phase::Open, kind::SEALED, 16),
            (Phase::Open, kind::SEALED, BODY_MAX + 1),
        ] {
            let (came, end) = read(phase, &record(kind, len), 100);
            assert!(came.is_empty() && end == no, "{phase:?} {kind} {len}");
        }
        let mut endless = record(kind::HANDSHAKE, 90);
        for _ in 0..HANDSHAKE_MAX / 6 {
            endless.extend(record(kind::CHANGE_CIPHER, 1));
        }
        assert!(read(Phase::Hello, &endless, 100).1 == no);
    }
}
