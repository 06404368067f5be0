//! TCP connections that a Worker asks for (spec: SEMANTICS §28).
//!
//! The guest's end is a socket as of a WebSocket's; what goes over it are bytes. Neither direction
//! waits in more than one buffer here: nothing is read that the guest has not asked for, and nothing
//! taken of it that the peer does not read.

use super::answer::lost;
use super::loader::{CLOSED, Network};
use super::{Env, undecodable};
use crate::engine::caller::Caller;
use crate::engine::ops::{OpFailure, OpReply, Started};
use crate::engine::socket::{Socket, Speak};
use crate::outbound::{Origin, OutboundError, Tcp};
use async_io::Timer;
use bytes::{Buf, Bytes};
use futures_lite::{AsyncRead, AsyncWrite, FutureExt};
use postern_abi::OpErrorCode;
use postern_abi::socket::{BINARY, CLOSE, FIN};
use postern_abi::tcp::{HOST_MAX, START_TLS, Security, TcpConnect};
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// The field's words for whatever keeps a connection from being made.
const REFUSED: &str = "proxy request failed, cannot connect to the specified address";
/// What it adds where a port of HTTP is asked (spec: the field's `connect()`).
const HTTP_HINT: &str = ". It looks like you might be trying to connect to a HTTP-based service — consider using fetch instead";
/// Where mail is delivered; the field refuses it, and who sends spam from here harms everybody here.
const MAIL_PORT: u16 = 25;
/// Bytes that are read at once.
const READ: usize = 16 * 1024;
/// Turns of a connection before others have theirs.
const TURNS_MAX: u32 = 16;
/// How long a place among an invocation's connections is waited for.
const PLACE_WITHIN: Duration = Duration::from_secs(30);

fn error(message: impl std::fmt::Display) -> OpFailure {
    OpFailure::new(OpErrorCode::Thrown, format!("Error: {message}"))
}

/// [`OpKind::TcpConnect`](postern_abi::OpKind::TcpConnect)
pub(super) fn connect(env: &Env, argument: &[u8], caller: &Caller) -> Result<Started, OpFailure> {
    let Ok((asked, [])) = postcard::take_from_bytes::<TcpConnect<'_>>(argument) else {
        return Err(undecodable("TcpConnect"));
    };
    if asked.host.len() > HOST_MAX || asked.host.is_empty() {
        return Err(error(REFUSED));
    }
    if matches!(env.network, Network::Closed) {
        return Err(error(CLOSED));
    }
    // The outbound Worker answers requests; there is nobody who would see these bytes.
    if caller.interceptor().is_some() || matches!(env.network, Network::Service(..)) {
        return Err(error(format!(
            "{REFUSED}: connect() is not available while an outbound Worker takes what this \
             Worker asks of other servers; use fetch()"
        )));
    }
    if asked.port == MAIL_PORT {
        return Err(error("Connections to port 25 are prohibited"));
    }
    let Some(out) = env.outbound.clone() else {
        return Err(OpFailure::new(
            OpErrorCode::Unsupported,
            "connect() to other servers is switched off on this device",
        ));
    };
    let origin = Origin {
        host: asked.host.to_owned(),
        port: asked.port,
        is_tls: asked.security == Security::On,
    };
    let sealable = asked.security == Security::StartTls;
    let caller = caller.clone();
    Ok(Started::Later(Box::pin(async move {
        let place = async { Some(caller.connection().await) };
        let late = async {
            Timer::after(PLACE_WITHIN).await;
            None
        };
        let Some(place) = place.or(late).await else {
            return Err(error(format!(
                "{REFUSED}: this invocation has had as many connections open as it may have for \
                 {} s; close some before opening more",
                PLACE_WITHIN.as_secs()
            )));
        };
        let connected = out.outbound.tcp(&out.tenant, &origin, sealable).await;
        let tcp = connected.map_err(|why| refused(why, origin.port))?;
        let speak: Speak = Box::new(move |socket| {
            Box::pin(async move {
                // An open connection counts among those of its invocation.
                let _place = place;
                run(tcp, socket, sealable, caller).await;
            })
        });
        Ok(OpReply {
            socket: Some(speak),
            is_session: true,
            ..OpReply::default()
        })
    })))
}

/// What a tenant is told of a server that it is not connected to.
fn refused(why: OutboundError, port: u16) -> OpFailure {
    match why {
        OutboundError::Lost(_) | OutboundError::Broke(_) | OutboundError::NoSuchName => {
            log::debug!("a connection failed: {why}");
            let hint = if matches!(port, 80 | 443) {
                HTTP_HINT
            } else {
                ""
            };
            match why {
                // The words are the same; node:net has others for it.
                OutboundError::NoSuchName => {
                    OpFailure::new(OpErrorCode::UnknownBinding, format!("{REFUSED}{hint}"))
                }
                _ => error(format!("{REFUSED}{hint}")),
            }
        }
        OutboundError::TooSlow { .. } => error(format!("{REFUSED}: {why}")),
        OutboundError::Refused(_) | OutboundError::Busy { .. } | OutboundError::Tls(_) => lost(why),
    }
}

/// Why a connection goes on no longer.
enum End {
    /// Both directions are at their ends.
    Over,
    /// The guest is gone, and what it sent is on its way.
    Left,
    /// The guest wants what follows sealed, by a server of this name.
    Seal(Bytes),
    /// It broke.
    Lost(OpFailure),
}

fn broken() -> OpFailure {
    OpFailure::new(OpErrorCode::Unavailable, "Network connection lost.")
}

/// Carries bytes until both directions have ended, or somebody is gone.
async fn run(mut tcp: Tcp, socket: Socket, mut sealable: bool, caller: Caller) {
    let mut ways = Ways {
        caller: Some(caller),
        ..Ways::default()
    };
    loop {
        let end = {
            let mut stall = Timer::never();
            poll_fn(|cx| ways.poll(&mut tcp, &socket, &mut stall, cx)).await
        };
        match end {
            End::Over => return socket.end(Ok(())),
            End::Lost(why) => return socket.end(Err(why)),
            End::Left => {
                drop(socket);
                return tcp.linger().await;
            }
            End::Seal(name) => {
                if !std::mem::take(&mut sealable) || ways.has_ended() {
                    let why = error("startTls() is not supported on this connection.");
                    return socket.end(Err(why));
                }
                let name = std::str::from_utf8(&name)
                    .ok()
                    .filter(|name| !name.is_empty() && name.len() <= HOST_MAX);
                // Nobody waits for a guest that is gone, so it is looked for meanwhile.
                let sealed = {
                    let sealing = async { Some(tcp.start_tls(name).await) };
                    let leaving = async {
                        poll_fn(|cx| poll_left(&socket, cx)).await;
                        None
                    };
                    sealing.or(leaving).await
                };
                match sealed {
                    Some(Ok(())) => socket.send(Bytes::from_static(&[START_TLS | FIN])),
                    Some(Err(why)) => return socket.end(Err(lost(why))),
                    None => return,
                }
            }
        }
    }
}

/// Ready when the guest is gone, or its Worker's time is over.
fn poll_left(socket: &Socket, cx: &mut Context<'_>) -> Poll<()> {
    if socket.poll_gone(cx).is_ready() {
        return Poll::Ready(());
    }
    socket.poll_retired(cx)
}

/// Both directions of a connection.
#[derive(Default)]
struct Ways {
    /// What is being sent.
    out: Bytes,
    unflushed: bool,
    /// The guest has said that it sends no more; the peer was told so.
    closing: bool,
    sent_end: bool,
    got_end: bool,
    /// What the guest asked for when all before it is sent.
    then: Option<Bytes>,
    left: bool,
    /// The peer takes nothing, and that is being timed.
    stalled: bool,
    /// Whose bytes they are.
    caller: Option<Caller>,
}

/// Whether something was done.
type Progress = bool;

impl Ways {
    fn count(&self, bytes: usize) -> Result<(), OpFailure> {
        let caller = self.caller.as_ref();
        caller.map_or(Ok(()), |it| it.traffic().egress(bytes as u64))
    }

    fn has_ended(&self) -> bool {
        self.closing || self.got_end
    }

    fn poll<S: Line>(
        &mut self,
        line: &mut S,
        socket: &Socket,
        stall: &mut Timer,
        cx: &mut Context<'_>,
    ) -> Poll<End> {
        let mut turns = 0;
        loop {
            let done = self
                .send(line, socket, stall, cx)
                .and_then(|sent| Ok(sent | self.receive(line, socket, cx)?));
            match done {
                Err(_) if self.left => return Poll::Ready(End::Left),
                Err(why) => return Poll::Ready(End::Lost(why)),
                Ok(_) if self.sent_end && self.got_end => return Poll::Ready(End::Over),
                Ok(_) if self.is_idle() => {
                    if self.left {
                        return Poll::Ready(End::Left);
                    }
                    if let Some(name) = self.then.take() {
                        return Poll::Ready(End::Seal(name));
                    }
                }
                Ok(_) => {}
            }
            if socket.poll_retired(cx).is_ready() {
                return Poll::Ready(End::Lost(broken()));
            }
            if done.is_ok_and(|progress| !progress) {
                return Poll::Pending;
            }
            turns += 1;
            if turns == TURNS_MAX {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }

    /// All that was taken of the guest is on its way.
    fn is_idle(&self) -> bool {
        self.out.is_empty() && !self.unflushed && self.closing == self.sent_end
    }

    fn send<S: Line>(
        &mut self,
        line: &mut S,
        socket: &Socket,
        stall: &mut Timer,
        cx: &mut Context<'_>,
    ) -> Result<Progress, OpFailure> {
        let mut progress = false;
        // One part at a time: what waits beyond it waits where the guest's credit counts it.
        while self.out.is_empty() && !self.left && self.then.is_none() {
            match socket.poll_part(cx) {
                Poll::Pending => break,
                Poll::Ready(None) => self.left = true,
                Poll::Ready(Some(_)) if self.closing => {}
                Poll::Ready(Some(mut part)) => {
                    if part.is_empty() {
                        continue;
                    }
                    match part.get_u8() & !FIN {
                        CLOSE => self.closing = true,
                        START_TLS => self.then = Some(part),
                        _ => {
                            self.count(part.len())?;
                            self.out = part;
                        }
                    }
                }
            }
            progress = true;
        }
        while !self.out.is_empty() {
            match Pin::new(&mut *line).poll_write(cx, &self.out) {
                Poll::Ready(Ok(bytes @ 1..)) => {
                    self.out.advance(bytes.min(self.out.len()));
                    self.unflushed = true;
                    self.stalled = false;
                    progress = true;
                }
                Poll::Ready(_) => return Err(broken()),
                Poll::Pending => return self.wait(line, stall, cx).map(|()| progress),
            }
        }
        if self.unflushed {
            match Pin::new(&mut *line).poll_flush(cx) {
                Poll::Ready(Ok(())) => {
                    self.unflushed = false;
                    self.stalled = false;
                    progress = true;
                }
                Poll::Ready(Err(_)) => return Err(broken()),
                Poll::Pending => return self.wait(line, stall, cx).map(|()| progress),
            }
        }
        if self.closing && !self.sent_end {
            match line.poll_end(cx) {
                Poll::Ready(Ok(())) => {
                    self.sent_end = true;
                    progress = true;
                }
                Poll::Ready(Err(_)) => return Err(broken()),
                Poll::Pending => self.wait(line, stall, cx)?,
            }
        }
        Ok(progress)
    }

    /// The peer takes nothing now; it may not do so for ever.
    fn wait<S: Line>(
        &mut self,
        line: &S,
        stall: &mut Timer,
        cx: &mut Context<'_>,
    ) -> Result<(), OpFailure> {
        if !std::mem::replace(&mut self.stalled, true) {
            stall.set_after(line.stall());
        }
        match Pin::new(stall).poll(cx) {
            Poll::Ready(_) => Err(broken()),
            Poll::Pending => Ok(()),
        }
    }

    fn receive<S: Line>(
        &mut self,
        line: &mut S,
        socket: &Socket,
        cx: &mut Context<'_>,
    ) -> Result<Progress, OpFailure> {
        if self.got_end || self.left || self.then.is_some() || socket.poll_room(cx).is_pending() {
            return Ok(false);
        }
        let mut part = [0; READ + 1];
        part[0] = BINARY | FIN;
        match Pin::new(line).poll_read(cx, &mut part[1..]) {
            Poll::Pending => Ok(false),
            Poll::Ready(Ok(0)) => {
                self.got_end = true;
                socket.send(Bytes::from_static(&[CLOSE | FIN]));
                Ok(true)
            }
            Poll::Ready(Ok(bytes)) => {
                self.count(bytes.min(READ))?;
                socket.send(Bytes::copy_from_slice(&part[..=bytes.min(READ)]));
                Ok(true)
            }
            Poll::Ready(Err(_)) => Err(broken()),
        }
    }
}

/// What bytes go over.
trait Line: AsyncRead + AsyncWrite + Unpin {
    /// Says that nothing more is sent.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
    /// How long a peer may take nothing.
    fn stall(&self) -> Duration;
}

impl Line for Tcp {
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Tcp::poll_end(self, cx)
    }
    fn stall(&self) -> Duration {
        Tcp::stall(self)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::engine::socket::{SocketEnd, test_pair};
    use futures_lite::future::poll_once;

    /// A connection in memory: what the peer says, and what it takes.
    #[derive(Default)]
    struct Fake {
        says: Vec<io::Result<Vec<u8>>>,
        takes: usize,
        taken: Vec<u8>,
        has_ended: bool,
    }

    impl AsyncRead for Fake {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            into: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            if self.says.is_empty() {
                return Poll::Pending;
            }
            let said = self.says.remove(0)?;
            into[..said.len()].copy_from_slice(&said);
            Poll::Ready(Ok(said.len()))
        }
    }

    impl AsyncWrite for Fake {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            let count = bytes.len().min(self.takes);
            if count == 0 {
                return Poll::Pending;
            }
            self.takes -= count;
            self.taken.extend_from_slice(&bytes[..count]);
            Poll::Ready(Ok(count))
        }
        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    impl Line for Fake {
        fn poll_end(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.has_ended = true;
            Poll::Ready(Ok(()))
        }
        fn stall(&self) -> Duration {
            Duration::ZERO
        }
    }

    struct Bench {
        ways: Ways,
        line: Fake,
        end: Option<SocketEnd>,
        socket: Socket,
        stall: Timer,
    }

    impl Bench {
        fn new() -> Self {
            let (end, socket) = test_pair(1 << 20);
            Self {
                ways: Ways::default(),
                line: Fake {
                    takes: usize::MAX,
                    ..Fake::default()
                },
                end: Some(end),
                socket,
                stall: Timer::never(),
            }
        }

        fn sends(&self, kind: u8, bytes: &[u8]) {
            let part = [&[kind | FIN][..], bytes].concat();
            self.end.as_ref().unwrap().chunk(&part);
        }

        fn pulls(&self, bytes: u64) {
            self.end.as_ref().unwrap().pull(bytes);
        }

        /// How it ends, if it does now.
        fn goes_on(&mut self) -> Option<End> {
            let Self {
                ways,
                line,
                socket,
                stall,
                ..
            } = self;
            let ending = poll_fn(|cx| ways.poll(line, socket, stall, cx));
            smol::block_on(poll_once(ending))
        }
    }

    #[test]
    fn bytes_go_both_ways_until_both_have_ended() {
        let mut bench = Bench::new();
        bench.sends(BINARY, b"ab");
        bench.sends(BINARY, b"");
        bench.sends(BINARY, b"c");
        assert!(bench.goes_on().is_none());
        assert_eq!(bench.line.taken, b"abc");
        // One direction ends, and the other goes on.
        bench.sends(CLOSE, b"");
        bench.sends(BINARY, b"too late");
        assert!(bench.goes_on().is_none());
        assert!(bench.line.has_ended && bench.line.taken == b"abc");
        bench.pulls(100);
        bench.line.says = vec![Ok(b"xyz".to_vec()), Ok(Vec::new())];
        assert!(matches!(bench.goes_on(), Some(End::Over)));
    }

    #[test]
    fn nothing_is_read_that_was_not_asked_for() {
        let mut bench = Bench::new();
        bench.line.says = vec![Ok(b"x".to_vec()), Ok(b"y".to_vec())];
        assert!(bench.goes_on().is_none());
        assert_eq!(bench.line.says.len(), 2);
        bench.pulls(1);
        assert!(bench.goes_on().is_none());
        assert_eq!(bench.line.says.len(), 1);
    }

    #[test]
    fn a_peer_that_takes_nothing_is_not_waited_for_without_end() {
        let mut bench = Bench::new();
        bench.line.takes = 1;
        bench.sends(BINARY, b"ab");
        assert!(matches!(bench.goes_on(), Some(End::Lost(_))));
        assert_eq!(bench.line.taken, b"a");
    }

    #[test]
    fn what_was_sent_before_goes_before_the_seal() {
        let mut bench = Bench::new();
        bench.pulls(100);
        bench.sends(BINARY, b"ask");
        bench.sends(START_TLS, b"name");
        bench.sends(BINARY, b"secret");
        let Some(End::Seal(name)) = bench.goes_on() else {
            panic!("it is not sealed");
        };
        assert_eq!(
            (&name[..], &bench.line.taken[..]),
            (&b"name"[..], &b"ask"[..])
        );
    }

    #[test]
    fn whoever_is_gone_ends_it() {
        let mut bench = Bench::new();
        bench.sends(BINARY, b"last");
        bench.end = None;
        assert!(matches!(bench.goes_on(), Some(End::Left)));
        assert_eq!(bench.line.taken, b"last");
        let mut bench = Bench::new();
        bench.pulls(100);
        bench.line.says = vec![Err(io::ErrorKind::ConnectionReset.into())];
        assert!(matches!(bench.goes_on(), Some(End::Lost(_))));
        let bench = &mut Bench::new();
        bench.end.as_ref().unwrap().retire();
        assert!(matches!(bench.goes_on(), Some(End::Lost(_))));
    }
}
