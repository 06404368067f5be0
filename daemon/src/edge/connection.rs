//! One connection from its first byte to its last.

use super::answer::{self, Answer};
use super::desk::Standing;
use super::exchange;
#[cfg(feature = "http2")]
use super::http2;
use super::options::Scheme;
use super::phase::{Phase, Waiting};
use super::server::{Edge, Place};
use super::shed;
use super::wire::Wire;
use super::worker::Routes;
use crate::engine::refusal::{Refusal, Stage};
use crate::engine::socket::Socket;
use crate::tls::Transport;
use crate::websocket::{self, Side, linger};
use async_io::Timer;
use http::{HeaderValue, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use parking_lot::Mutex;
use smol::channel::Receiver;
use smol_hyper::rt::FuturesIo;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// What all requests of a connection share.
pub struct Line<R: Routes> {
    pub edge: Arc<Edge<R>>,
    pub phase: Arc<Phase>,
    pub standing: Arc<Standing>,
    /// The client's address, as headers say it.
    pub client: HeaderValue,
    /// Whether it is the daemon that asks itself.
    pub is_own: bool,
    /// What it goes over.
    pub transport: Arc<Transport>,
    /// What the connection becomes when HTTP is done with it.
    pub upgraded: Mutex<Option<Upgraded<R>>>,
}

/// A connection that has been answered with a WebSocket.
pub struct Upgraded<R: Routes> {
    pub connection: OnUpgrade,
    pub socket: Socket,
    pub place: Place<R>,
}

/// How a connection ended.
pub(super) enum End {
    /// hyper is done with it.
    Done(Result<(), hyper::Error>),
    /// A deadline passed.
    Late(Waiting),
    /// The client went away during an answer.
    Gone,
    /// The daemon stops and has waited long enough.
    Cut,
    /// There is a new connection, and too many of them.
    GaveWay(Waiting),
}

/// Tells connections of the daemon's end: closed channels, so that nobody can miss it.
#[derive(Clone)]
pub struct Signals {
    pub drain: Receiver<Infallible>,
    pub cut: Receiver<Infallible>,
}

impl<R: Routes> Line<R> {
    /// The same for one of several requests that the connection has at a time.
    #[cfg(feature = "http2")]
    pub fn of_stream(&self, phase: Arc<Phase>) -> Self {
        Self {
            edge: self.edge.clone(),
            phase,
            standing: self.standing.clone(),
            client: self.client.clone(),
            is_own: self.is_own,
            transport: self.transport.clone(),
            upgraded: Mutex::new(None),
        }
    }

    /// How the client reached this edge.
    pub fn scheme(&self) -> Scheme {
        if self.transport.is_secure() {
            Scheme::Https
        } else {
            self.edge.options.scheme
        }
    }
}

/// Serves a connection to its end.
pub async fn run<R: Routes>(
    edge: Arc<Edge<R>>,
    (transport, phase): (Transport, Arc<Phase>),
    (client, is_own): (IpAddr, bool),
    signals: Signals,
    standing: Arc<Standing>,
) {
    let stream = Arc::new(transport);
    let client = HeaderValue::from_str(&client.to_canonical().to_string())
        .unwrap_or_else(|_| HeaderValue::from_static("unknown"));
    let line = Arc::new(Line {
        edge: edge.clone(),
        phase: phase.clone(),
        standing,
        client,
        is_own,
        transport: stream.clone(),
        upgraded: Mutex::new(None),
    });
    #[cfg(feature = "http2")]
    match agree(&line, &signals).await {
        Agreed::Http1 => {}
        Agreed::Http2 => {
            let end = http2::converse(line, signals).await;
            if let End::Done(result) = end {
                if let Err(error) = result {
                    log::debug!("connection ended: {error}");
                }
                // Or the last frame would be lost to a reset.
                let linger_for = Duration::from_millis(edge.options.linger_ms.into());
                linger(&*stream, linger_for).await;
            }
            return;
        }
        Agreed::Nothing => return,
    }
    let end = converse(line.clone(), stream.clone(), signals.clone()).await;
    let upgraded = line.upgraded.lock().take();
    if let (End::Done(Ok(())), Some(upgraded)) = (&end, upgraded) {
        return speak(&line, &stream, upgraded, signals).await;
    }
    let linger_for = Duration::from_millis(edge.options.linger_ms.into());
    match end {
        End::Done(Ok(())) if phase.has_unread_body() && !phase.has_eof() => {
            linger(&*stream, linger_for).await;
        }
        End::Done(Ok(())) | End::Gone | End::Cut => {}
        End::Done(Err(error)) => {
            log::debug!("connection ended: {error}");
            if phase.is_reset() {
                // Zero seconds to linger make the close a reset. If that cannot be set there
                // is nothing better to do.
                let _ = rustix::net::sockopt::set_socket_linger(stream.tcp(), Some(Duration::ZERO));
            } else if error.is_incomplete_message() && phase.due(&edge.options).is_some() {
                let text = "the request head broke off";
                last_word(&edge, &stream, &phase, Answer::bad(text.into()));
            } else if error.is_parse() && !phase.has_eof() {
                linger(&*stream, linger_for).await;
            }
        }
        End::Late(Waiting::Request) | End::GaveWay(Waiting::Request) => {}
        End::GaveWay(Waiting::Head) => {
            let (max, retry_after_s) = (edge.options.connections_max, edge.options.retry_after_s);
            last_word(&edge, &stream, &phase, shed::refusal(max, retry_after_s));
        }
        End::Late(Waiting::Head) => {
            let text = "the request head took too long";
            let ms = edge.options.header_ms.into();
            let limit = Refusal {
                limit: "edge.header-deadline-ms",
                value: ms,
                used: ms,
                remedy: "raise it, or send faster",
                retry_after_s: None,
                is_shared: false,
            };
            let answer = Answer::new(StatusCode::REQUEST_TIMEOUT, text);
            last_word(&edge, &stream, &phase, answer.limited(Stage::Head, limit));
        }
    }
}

/// What client and server have agreed to speak.
#[cfg(feature = "http2")]
enum Agreed {
    Http1,
    Http2,
    /// The client went away, did wrong or took too long, or the daemon stops.
    Nothing,
}

/// Shakes hands, where there is TLS.
#[cfg(feature = "http2")]
async fn agree<R: Routes>(line: &Line<R>, signals: &Signals) -> Agreed {
    if !line.transport.is_secure() {
        return Agreed::Http1;
    }
    let mut drain = pin!(signals.drain.recv());
    let mut watch = Watch::new(&line.transport, &line.phase);
    poll_fn(|cx| {
        match line.transport.poll_is_http2(cx) {
            Poll::Ready(Ok(true)) => return Poll::Ready(Agreed::Http2),
            Poll::Ready(Ok(false)) => return Poll::Ready(Agreed::Http1),
            Poll::Ready(Err(error)) => {
                log::debug!("connection ended: {error}");
                return Poll::Ready(Agreed::Nothing);
            }
            Poll::Pending => {}
        }
        if drain.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Agreed::Nothing);
        }
        let late = watch.poll(cx, &line.edge.options);
        late.map(|_| Agreed::Nothing)
    })
    .await
}

/// Goes on as a WebSocket.
async fn speak<R: Routes>(
    line: &Line<R>,
    stream: &Transport,
    upgraded: Upgraded<R>,
    signals: Signals,
) {
    let Upgraded {
        connection,
        socket,
        place: _place,
    } = upgraded;
    let came = match connection.await {
        Ok(connection) => match connection.downcast::<FuturesIo<Wire>>() {
            Ok(parts) => parts.read_buf,
            // There is no other kind.
            Err(_) => return,
        },
        Err(error) => return log::debug!("an upgrade failed: {error}"),
    };
    let stops = websocket::Stops {
        drain: async {
            let _ = signals.drain.recv().await;
        },
        cut: async {
            let _ = signals.cut.recv().await;
        },
    };
    if line.phase.gives_way() {
        // It was told so before it asked for this.
        return;
    }
    socket.opened();
    let options = &line.edge.options.socket;
    websocket::run(stream, &came, socket, Side::Server, options, stops).await;
}

/// Says one thing more than hyper would, if it cannot get mixed up with an earlier answer.
fn last_word<R: Routes>(edge: &Edge<R>, stream: &Transport, phase: &Phase, answer: Answer) {
    if !phase.is_blocked() {
        let ray = edge.rays.next();
        edge.note(ray, &answer, "");
        stream.say(&answer::raw(&answer, ray));
    }
}

async fn converse<R: Routes>(line: Arc<Line<R>>, stream: Arc<Transport>, signals: Signals) -> End {
    let options = &line.edge.options;
    let phase = &line.phase;
    let write_stall = Duration::from_millis(options.write_stall_ms.into());
    let wire = Wire::new(stream.clone(), phase.clone(), write_stall);
    let service =
        service_fn(|request: http::Request<Incoming>| exchange::run(line.clone(), request));
    let mut builder = http1::Builder::new();
    builder
        // The watch below does that, and knows idle connections from slow heads.
        .header_read_timeout(None)
        .max_buf_size(options.buffer_bytes())
        // A client may close its side and still wait for the answer; see `Watch::poll_gone`.
        .half_close(true)
        // Bodies go out from where they lie, not through a copy.
        .writev(true);
    let mut conn = pin!(
        builder
            .serve_connection::<_, _>(FuturesIo::new(wire), service)
            .with_upgrades()
    );
    let mut drain = pin!(signals.drain.recv());
    let mut cut = pin!(signals.cut.recv());
    let mut watch = Watch::new(&stream, phase);
    let linger_for = Duration::from_millis(options.linger_ms.into());
    let mut draining = false;
    let mut polled = false;
    poll_fn(|cx| {
        // A closed channel wakes whoever waits on it. The task's waker stays the same, so once
        // registered there is no need to ask again before the edge says so.
        if !polled || line.edge.is_stopping() {
            polled = true;
            if !draining && drain.as_mut().poll(cx).is_ready() {
                draining = true;
                conn.as_mut().graceful_shutdown();
            }
            if cut.as_mut().poll(cx).is_ready() {
                return Poll::Ready(End::Cut);
            }
        }
        if let Poll::Ready(result) = conn.as_mut().poll(cx) {
            return Poll::Ready(End::Done(result));
        }
        phase.poll_rest(cx, linger_for);
        watch.poll(cx, options)
    })
    .await
}

/// Ends what takes too long.
pub(super) struct Watch<'a> {
    stream: &'a Transport,
    phase: &'a Phase,
    timer: Timer,
    /// When the timer goes off, in milliseconds from the connection's start. It may be earlier
    /// than needed: then it is set again.
    armed_ms: u64,
    /// The request during which the client is known to be there, because it sent more.
    present: Option<u32>,
    gone: Option<(u32, u64)>,
    /// Whether the connection's task is woken when it is to give way.
    is_told: bool,
}

impl<'a> Watch<'a> {
    pub fn new(stream: &'a Transport, phase: &'a Phase) -> Self {
        Self {
            stream,
            phase,
            timer: Timer::never(),
            armed_ms: u64::MAX,
            present: None,
            gone: None,
            is_told: false,
        }
    }

    pub fn poll(&mut self, cx: &mut Context<'_>, options: &super::EdgeOptions) -> Poll<End> {
        if !self.is_told {
            self.is_told = true;
            self.phase.tell(cx.waker());
        }
        if self.phase.gives_way()
            && let Some((waiting, _)) = self.phase.due(options)
        {
            return Poll::Ready(End::GaveWay(waiting));
        }
        if self.poll_gone(cx, options).is_ready() {
            return Poll::Ready(End::Gone);
        }
        loop {
            let due = self.phase.due(options);
            let gone = self
                .gone
                .filter(|(request, _)| self.phase.answering() == Some(*request));
            let next_ms = match (due, gone) {
                (Some((_, ms)), _) | (None, Some((_, ms))) => ms,
                // A body's end on another thread does not wake this task, so look now and then.
                (None, None) if self.armed_ms == u64::MAX => {
                    self.phase.now_ms() + u64::from(options.idle_ms.max(1))
                }
                (None, None) => self.armed_ms,
            };
            if next_ms < self.armed_ms {
                self.armed_ms = next_ms;
                self.timer.set_at(self.phase.at(next_ms));
            }
            if Pin::new(&mut self.timer).poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.armed_ms = u64::MAX;
            let now_ms = self.phase.now_ms();
            match (due, gone) {
                (Some((waiting, ms)), _) if now_ms >= ms => return Poll::Ready(End::Late(waiting)),
                (None, Some((_, ms))) if now_ms >= ms => return Poll::Ready(End::Gone),
                _ => {}
            }
        }
    }

    /// Notices a client that closed its side, or the connection, while a Worker runs. hyper
    /// does not look as long as half-closed connections are allowed.
    fn poll_gone(&mut self, cx: &mut Context<'_>, options: &super::EdgeOptions) -> Poll<()> {
        let Some(request) = self.phase.answering() else {
            return Poll::Pending;
        };
        if self.present == Some(request) || self.gone.is_some_and(|(of, _)| of == request) {
            return Poll::Pending;
        }
        match ready!(self.stream.poll_peek(cx)) {
            Ok(false) => {
                let until_ms = self.phase.now_ms() + u64::from(options.half_close_ms);
                self.gone = Some((request, until_ms));
                Poll::Pending
            }
            Ok(true) => {
                self.present = Some(request);
                Poll::Pending
            }
            Err(_) => Poll::Ready(()),
        }
    }
}
