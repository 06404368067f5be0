//! WebSockets (RFC 6455): a connection after its upgrade, from the answer 101 to its last byte, on
//! either side of it.
//!
//! # Implementation
//!
//! The connection's task polls one [`Conversation`]. What the peer sends is read only while the
//! Worker takes it, what the Worker sends is taken only while the peer reads: neither waits in
//! more than one buffer here. Pings are answered, and sent when nothing comes; whoever does not
//! answer in time, reads too slowly or closes halfway is let go. The library that would do this
//! holds whole messages, which are up to 32 MiB each; here there is never more than a part of one.

mod feed;
mod frame;
mod inbound;
mod join;
mod linger;

#[cfg(test)]
mod tests;

pub use feed::feed;
pub use join::join;
pub use linger::linger;

use crate::engine::ops::OpFailure;
use crate::engine::socket::{Socket, disconnected};
use async_io::{Async, Timer};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_lite::{AsyncRead, AsyncWrite};
use inbound::{Inbound, Item};
use postern_abi::OpErrorCode;
use postern_abi::socket::{CLOSE, CONTINUATION, FIN};
use sha1::{Digest as _, Sha1};
use std::borrow::Cow;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

/// What a key is put together with (RFC 6455 §1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What a handshake with this key has to be answered with.
pub fn accept(key: &[u8]) -> String {
    STANDARD.encode(Sha1::new().chain_update(key).chain_update(GUID).finalize())
}

/// Whether a key is one.
pub fn is_key(key: &[u8]) -> bool {
    STANDARD.decode(key).is_ok_and(|key| key.len() == 16)
}

/// A key for a handshake.
///
/// # Errors
/// When the system has no randomness.
pub fn key() -> Result<String, getrandom::Error> {
    let mut key = [0; 16];
    getrandom::fill(&mut key)?;
    Ok(STANDARD.encode(key))
}

/// Which end of a connection a Worker has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It answered the handshake: what comes has masks.
    Server,
    /// It asked for it: what is sent has masks.
    Client,
}

/// Limits and deadlines of one WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketOptions {
    /// Bytes of a message from the peer; the Worker's memory may allow less.
    pub message_bytes_max: u64,
    /// Messages that the peer may send.
    pub messages_max: u32,
    /// Milliseconds without a byte from the peer after which it is pinged; after twice as many the
    /// connection ends.
    pub ping_ms: u32,
    /// Milliseconds from one side's close to the other's.
    pub close_ms: u32,
    /// Milliseconds that it may last.
    pub total_ms: u32,
    /// Milliseconds in which a peer must take at least 4 KiB of what is sent.
    pub write_stall_ms: u32,
    /// Milliseconds that what the peer still sends is read and thrown away after the last byte.
    pub linger_ms: u32,
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self {
            message_bytes_max: postern_abi::socket::MESSAGE_MAX as u64,
            messages_max: 10_000_000,
            ping_ms: 30_000,
            close_ms: 30_000,
            total_ms: 86_400_000,
            write_stall_ms: 30_000,
            linger_ms: 2_000,
        }
    }
}

/// Bytes that wait for the client before more is taken from the Worker.
const OUT_MAX: usize = 16 * 1024;

/// Bytes that a client must take within the stall deadline, as of HTTP answers.
const PROGRESS_BYTES: usize = 4 * 1024;

/// Times that bytes are read and then written before others on this thread have their turn, and
/// times that they are read in one of them: a client may send as fast as it is read.
const TURNS_MAX: u32 = 4;
const READS_MAX: u32 = 16;

/// Bytes in a buffer that is kept when it is empty.
const OUT_KEPT: usize = 4 * 1024;

/// What a client did wrong, as it is told and as the Worker hears it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    code: u16,
    text: Cow<'static, str>,
}

impl Fault {
    fn protocol(text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code: 1002,
            text: text.into(),
        }
    }

    fn not_text() -> Self {
        Self {
            code: 1007,
            text: "Received a text that is not UTF-8".into(),
        }
    }

    fn too_large(len: u64, max: u64) -> Self {
        Self {
            code: 1009,
            text: format!("Message is too large: {len} > {max}").into(),
        }
    }

    fn too_many(max: u32) -> Self {
        Self {
            code: 1008,
            text: format!("Too many messages: the limit is {max}").into(),
        }
    }

    fn failure(&self) -> OpFailure {
        OpFailure::new(
            OpErrorCode::Thrown,
            format!(
                "Error: WebSocket protocol error; protocolError.statusCode = {}; protocolError.description = {}",
                self.code, self.text
            ),
        )
    }
}

/// How a conversation ended.
enum End {
    /// Both sides have closed.
    Closed,
    /// The client broke a rule and was told.
    Fault(Fault),
    /// The connection is gone, or has to go.
    Gone,
}

/// What ends conversations from outside.
pub struct Stops<D, C> {
    /// Ready when the daemon wants to end: the client is told.
    pub drain: D,
    /// Ready when it does not wait any more.
    pub cut: C,
}

/// What a conversation goes over.
pub trait Line: AsyncRead + AsyncWrite + Unpin {
    /// Says that nothing more is sent.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
}

impl Line for &Async<UnixStream> {
    fn poll_end(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.get_ref().shutdown(Shutdown::Write))
    }
}

impl Line for &Async<TcpStream> {
    fn poll_end(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.get_ref().shutdown(Shutdown::Write))
    }
}

/// Holds a conversation to its end. `came` are bytes that the client sent behind its request.
pub async fn run<S, D, C>(
    mut stream: S,
    came: &[u8],
    socket: Socket,
    side: Side,
    options: &SocketOptions,
    stops: Stops<D, C>,
) where
    S: Line,
    D: Future<Output = ()>,
    C: Future<Output = ()>,
{
    let mut drain = std::pin::pin!(stops.drain);
    let mut cut = std::pin::pin!(stops.cut);
    let mut talk = Conversation::new(&mut stream, came, &socket, side, options);
    let mut draining = false;
    let end = poll_fn(|cx| {
        if !draining && drain.as_mut().poll(cx).is_ready() {
            draining = true;
            talk.close(1001, "the server is going away");
        }
        if cut.as_mut().poll(cx).is_ready() {
            return Poll::Ready(End::Gone);
        }
        if socket.poll_retired(cx).is_ready() {
            talk.close(1012, "the Worker has another version, or none");
        }
        talk.poll(cx)
    })
    .await;
    drop(talk);
    let patience = Duration::from_millis(options.linger_ms.into());
    match end {
        End::Closed => socket.end(Ok(())),
        End::Fault(fault) => socket.end(Err(fault.failure())),
        End::Gone => return socket.end(Err(disconnected())),
    }
    linger::over(&mut stream, patience).await;
}

struct Conversation<'a, S> {
    stream: &'a mut S,
    /// Something was written that may not be on its way.
    unflushed: bool,
    socket: &'a Socket,
    side: Side,
    options: &'a SocketOptions,
    inbound: Inbound,
    out: Vec<u8>,
    out_at: usize,
    /// What a ping asked for; only the last one is answered (RFC 6455 §5.5.3).
    pong: Option<Vec<u8>>,
    pinged: bool,
    sent_close: bool,
    got_close: bool,
    fault: Option<Fault>,
    messages: u32,
    /// When the client last gave a sign of life.
    heard: Instant,
    /// Since when the client has not taken enough of what is sent.
    stalled: Option<Instant>,
    /// Bytes that it has taken since then.
    taken: usize,
    /// Since when one side has closed.
    closing: Option<Instant>,
    began: Instant,
    timer: Timer,
    armed: Option<Instant>,
}

impl<'a, S: Line> Conversation<'a, S> {
    fn new(
        stream: &'a mut S,
        came: &[u8],
        socket: &'a Socket,
        side: Side,
        options: &'a SocketOptions,
    ) -> Self {
        let message_max = socket.message_bytes_max().min(options.message_bytes_max);
        let now = Instant::now();
        Self {
            stream,
            unflushed: false,
            socket,
            side,
            options,
            inbound: Inbound::new(came, message_max, side),
            out: Vec::new(),
            out_at: 0,
            pong: None,
            pinged: false,
            sent_close: false,
            got_close: false,
            fault: None,
            messages: 0,
            heard: now,
            stalled: None,
            taken: 0,
            closing: None,
            began: now,
            timer: Timer::never(),
            armed: None,
        }
    }

    /// Closes this side, unless that was done.
    fn close(&mut self, code: u16, reason: &str) {
        if !self.sent_close {
            frame::write(
                &mut self.out,
                self.side,
                FIN | CLOSE,
                &frame::closing(code, reason),
            );
            self.closed();
        }
    }

    fn closed(&mut self) {
        self.sent_close = true;
        self.closing.get_or_insert_with(Instant::now);
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        for turn in 0.. {
            if turn == TURNS_MAX {
                cx.waker().wake_by_ref();
                break;
            }
            let written = self.poll_write(cx);
            if let Poll::Ready(Some(end)) = written {
                return Poll::Ready(end);
            }
            let read = self.poll_read(cx);
            if let Poll::Ready(Some(end)) = read {
                return Poll::Ready(end);
            }
            if read.is_pending()
                && self.pong.is_none()
                && (written.is_pending() || self.out.is_empty())
            {
                break;
            }
        }
        self.poll_deadlines(cx)
    }

    /// Sends what there is. Ready when something was sent, or with the end.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Option<End>> {
        let mut progress = false;
        loop {
            while self.out_at < self.out.len() {
                let waiting = &self.out[self.out_at..];
                match Pin::new(&mut *self.stream).poll_write(cx, waiting) {
                    Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Some(End::Gone)),
                    Poll::Ready(Ok(bytes)) => {
                        self.out_at += bytes;
                        self.taken += bytes;
                        if self.taken >= PROGRESS_BYTES || self.out_at == self.out.len() {
                            self.stalled = None;
                        }
                        progress = true;
                    }
                    Poll::Pending => {
                        if self.stalled.is_none() {
                            self.stalled = Some(Instant::now());
                            self.taken = 0;
                        }
                        return if progress {
                            Poll::Ready(None)
                        } else {
                            Poll::Pending
                        };
                    }
                }
            }
            self.unflushed |= self.out_at > 0;
            if self.unflushed {
                match Pin::new(&mut *self.stream).poll_flush(cx) {
                    Poll::Ready(Ok(())) => self.unflushed = false,
                    Poll::Ready(Err(_)) => return Poll::Ready(Some(End::Gone)),
                    Poll::Pending => {}
                }
            }
            self.out.clear();
            self.out_at = 0;
            if self.out.capacity() > OUT_KEPT {
                self.out = Vec::new();
            }
            if self.sent_close && (self.got_close || self.fault.is_some()) {
                return Poll::Ready(Some(match self.fault.take() {
                    Some(fault) => End::Fault(fault),
                    None => End::Closed,
                }));
            }
            if let Some(payload) = self.pong.take() {
                frame::write(&mut self.out, self.side, FIN | frame::PONG, &payload);
                continue;
            }
            match self.poll_parts(cx) {
                Poll::Ready(true) => {}
                Poll::Ready(false) => return Poll::Ready(Some(End::Gone)),
                Poll::Pending if self.out.is_empty() => {
                    return if progress {
                        Poll::Ready(None)
                    } else {
                        Poll::Pending
                    };
                }
                Poll::Pending => {}
            }
        }
    }

    /// Takes parts from the Worker up to a bufferful; false if the Worker is gone.
    fn poll_parts(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        while self.out.len() < OUT_MAX {
            let Some(part) = ready!(self.socket.poll_part(cx)) else {
                if self.sent_close {
                    return Poll::Pending;
                }
                // What it sent before is still to go out.
                return Poll::Ready(!self.out.is_empty());
            };
            // Nothing follows a close, whoever said it first on this side.
            let [first, payload @ ..] = &*part else {
                continue;
            };
            if self.sent_close {
                continue;
            }
            match first & 0x0f {
                CLOSE => {
                    let payload = &payload[..payload.len().min(frame::CONTROL_MAX)];
                    frame::write(&mut self.out, self.side, FIN | CLOSE, payload);
                    self.closed();
                }
                CONTINUATION..=2 => {
                    frame::write(&mut self.out, self.side, first & (FIN | 0x0f), payload)
                }
                _ => {}
            }
        }
        Poll::Ready(true)
    }

    /// Reads what came. Ready when something was read, or with the end.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Option<End>> {
        if self.got_close || self.fault.is_some() {
            return Poll::Pending;
        }
        let mut progress = false;
        let mut reads = 0;
        loop {
            let room = self.socket.poll_room(cx).is_ready();
            match self.inbound.item(room) {
                Ok((Some(item), _)) => {
                    progress = true;
                    self.take(item);
                    if self.got_close || self.fault.is_some() {
                        return Poll::Ready(None);
                    }
                    continue;
                }
                Ok((None, true)) => {
                    // The Worker keeps the client waiting, who may be well.
                    self.heard = Instant::now();
                    return if progress {
                        Poll::Ready(None)
                    } else {
                        Poll::Pending
                    };
                }
                Ok((None, false)) => {}
                Err(fault) => {
                    self.fail(fault);
                    return Poll::Ready(None);
                }
            }
            if reads == READS_MAX {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            reads += 1;
            let space = self.inbound.space();
            let len = space.len();
            let read = Pin::new(&mut *self.stream).poll_read(cx, space);
            let bytes = match &read {
                Poll::Ready(Ok(bytes)) => *bytes,
                _ => 0,
            };
            self.inbound.filled(len, bytes);
            match read {
                Poll::Ready(Ok(1..)) => {
                    self.heard = Instant::now();
                    self.pinged = false;
                    progress = true;
                }
                Poll::Ready(_) => return Poll::Ready(Some(End::Gone)),
                Poll::Pending => {
                    return if progress {
                        Poll::Ready(None)
                    } else {
                        Poll::Pending
                    };
                }
            }
        }
    }

    fn take(&mut self, item: Item) {
        match item {
            Item::Ping(payload) => self.pong = (!self.sent_close).then_some(payload),
            Item::Pong => {}
            Item::Part(part) => {
                let first = part.first().copied().unwrap_or_default();
                if first & 0x0f == CLOSE {
                    self.got_close = true;
                    self.closing.get_or_insert_with(Instant::now);
                } else if first & FIN != 0 {
                    self.messages = self.messages.saturating_add(1);
                    let max = self.options.messages_max;
                    if self.messages > max {
                        return self.fail(Fault::too_many(max));
                    }
                }
                self.socket.send(part);
            }
        }
    }

    fn fail(&mut self, fault: Fault) {
        self.close(fault.code, &fault.text);
        self.fault = Some(fault);
    }

    /// Ends or pings whoever keeps this waiting for too long.
    fn poll_deadlines(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let ms = |ms: u32| Duration::from_millis(ms.into());
        let ping = ms(self.options.ping_ms);
        loop {
            let now = Instant::now();
            let stalled = self.stalled.map(|at| at + ms(self.options.write_stall_ms));
            let closing = self.closing.map(|at| at + ms(self.options.close_ms));
            // After its close a client answers no ping.
            let silent = (!self.got_close).then(|| self.heard + ping * 2);
            if [stalled, closing, silent]
                .into_iter()
                .flatten()
                .any(|at| at <= now)
            {
                return Poll::Ready(End::Gone);
            }
            let old = (!self.sent_close).then(|| self.began + ms(self.options.total_ms));
            if old.is_some_and(|at| at <= now) {
                self.close(1001, "the connection is too old");
                return self.poll_again(cx);
            }
            let quiet = (!self.pinged && !self.got_close).then(|| self.heard + ping);
            if quiet.is_some_and(|at| at <= now) {
                self.pinged = true;
                if !self.sent_close {
                    frame::write(&mut self.out, self.side, FIN | frame::PING, &[]);
                    return self.poll_again(cx);
                }
            }
            let next = [stalled, closing, silent, old, quiet]
                .into_iter()
                .flatten()
                .min();
            // A timer that goes off too early is set anew; one that was set for later is not.
            if let Some(next) = next
                && self.armed.is_none_or(|armed| next < armed)
            {
                self.armed = Some(next);
                self.timer.set_at(next);
            }
            ready!(Pin::new(&mut self.timer).poll(cx));
            self.armed = None;
        }
    }

    fn poll_again(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
