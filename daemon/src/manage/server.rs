//! The listener: hyper around [`Manage::handle`], with bounds on connections and time.

use super::Manage;
use super::body::{ByteStream, Payload};
use super::claim;
use super::envelope::{Answer, AnswerBody, Refusal, code};
use super::local::LocalPeer;
use super::patient::Patient;
use super::router;
use super::seats::{Calling, Seat, Seats};
use super::tails::Connected;
use crate::observe::Follow;
use crate::tls::{Held, Transport};
use crate::websocket::{self, Line, linger};
use async_executor::Executor;
use async_io::{Async, Timer};
use bytes::Bytes;
use futures_lite::{FutureExt, Stream, StreamExt, stream};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Either, Full, StreamBody};
use hyper::body::{Body, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use parking_lot::Mutex;
use postern_task::Begin;
use smol::channel::{Receiver, Sender, bounded};
use smol::net::TcpListener;
use smol_hyper::rt::{FuturesIo, SmolTimer};
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{IpAddr, TcpStream};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// Bounds of the listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerOptions {
    /// Connections open at the same time; for another one that waits for its client gives way.
    pub connections_max: usize,
    /// For how long one is spared by those of a client that has as many connections.
    pub spare: Duration,
    /// For a request's head, and between requests.
    pub header_timeout: Duration,
    /// Between two parts of a request's body.
    pub body_idle: Duration,
    /// For all of a request's body.
    pub body_timeout: Duration,
    /// For all of a claim's, whose client is nobody yet.
    pub claim_timeout: Duration,
    /// In which a client must take the next part of an answer.
    pub write_timeout: Duration,
    /// In which what a client still sends is read and thrown away after the last answer, so
    /// that the answer is not lost to a reset.
    pub linger: Duration,
    /// For calls under way when the daemon stops.
    pub drain_timeout: Duration,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            connections_max: 64,
            spare: Duration::from_secs(1),
            header_timeout: Duration::from_secs(15),
            body_idle: Duration::from_secs(30),
            body_timeout: Duration::from_secs(600),
            claim_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            linger: Duration::from_secs(2),
            drain_timeout: Duration::from_secs(10),
        }
    }
}

/// Bytes that hyper buffers for a request's head; larger heads are answered 431.
const HEAD_MAX: usize = 64 * 1024;
/// Header fields that hyper parses.
const HEADER_COUNT_MAX: usize = 128;

/// Where connections come from.
pub(super) trait Listener {
    /// What it is called in the log.
    const NAME: &'static str;
    /// What a connection goes over.
    type Stream: Send + Sync + 'static;

    /// The next connection, and who is at its other end; `None` if it came to nothing.
    fn accept(&self) -> impl Future<Output = io::Result<Option<(Self::Stream, Far)>>> + Send;
}

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) enum Far {
    /// Whoever has this address.
    Address(IpAddr),
    /// A program of this machine, of a user who is somebody here or is not.
    Here(Option<LocalPeer>),
}

impl Far {
    /// The address, if it has one.
    fn address(self) -> Option<IpAddr> {
        match self {
            Self::Address(address) => Some(address),
            Self::Here(_) => None,
        }
    }
}

/// The management port on TCP.
struct Port<W: 'static> {
    listener: TcpListener,
    manage: Arc<Manage<W>>,
    is_secure: bool,
}

impl<W: Send + Sync + 'static> Listener for Port<W> {
    const NAME: &'static str = "management port";
    type Stream = Transport;

    async fn accept(&self) -> io::Result<Option<(Transport, Far)>> {
        let (socket, peer) = self.listener.accept().await?;
        let _ = socket.set_nodelay(true);
        let begun = transport(&self.manage, socket.into(), self.is_secure);
        let begun = begun
            .inspect_err(|error| log::error!("management port cannot speak TLS: {error}"))
            .ok();
        Ok(begun.map(|transport| (transport, Far::Address(peer.ip()))))
    }
}

/// Serves until `shutdown` resolves, then lets calls under way finish.
pub async fn serve<W: Send + Sync + 'static>(
    listener: TcpListener,
    manage: Arc<Manage<W>>,
    options: ServerOptions,
    executor: Arc<Executor<'static>>,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let port = Port {
        is_secure: is_secure(&manage),
        manage: Arc::clone(&manage),
        listener,
    };
    serve_each(&port, manage, options, executor, shutdown).await;
    Ok(())
}

/// Serves each connection until `shutdown` resolves, then lets calls under way finish.
pub(super) async fn serve_each<W, L>(
    listener: &L,
    manage: Arc<Manage<W>>,
    options: ServerOptions,
    executor: Arc<Executor<'static>>,
    shutdown: impl Future<Output = ()>,
) where
    W: Send + Sync + 'static,
    L: Listener,
    for<'a> &'a L::Stream: Line + Send,
{
    let seats = Seats::new(options.connections_max, options.spare);
    // Closed when the daemon stops; each connection holds a receiver.
    let (running, stopping) = bounded::<()>(1);
    // Closed when the last connection, which holds a sender, is gone.
    let (alive, gone) = bounded::<()>(1);
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = async {
            let accepted = listener.accept().await;
            // With one more than there are places for, until there is a place.
            let seat = match &accepted {
                Ok(Some((_, far))) => Some(seats.place(far.address()).await),
                _ => None,
            };
            Some((seat, accepted))
        };
        let stopped = async {
            shutdown.as_mut().await;
            None
        };
        // Stopping is looked at first.
        let Some((seat, accepted)) = stopped.or(accepted).await else {
            break;
        };
        match accepted {
            Ok(connection) => {
                let Some(((stream, far), seat)) = connection.zip(seat) else {
                    continue;
                };
                let link = Link {
                    manage: Arc::clone(&manage),
                    options,
                    executor: Arc::clone(&executor),
                    stopping: stopping.clone(),
                    alive: alive.clone(),
                    far,
                    seat,
                    tail: Mutex::new(None),
                };
                let serving = async move { link.serve(stream).await };
                executor.begin(serving).detach();
            }
            Err(error) => {
                // Out of file descriptors, or a peer that went away at once. Waiting keeps
                // the former from becoming a busy loop.
                log::warn!("{} cannot accept: {error}", L::NAME);
                Timer::after(Duration::from_millis(100)).await;
            }
        }
    }
    drop(running);
    drop(alive);
    let drained = async {
        // Nobody sends: this resolves when the last connection is gone.
        let _ = gone.recv().await;
    };
    let late = async {
        Timer::after(options.drain_timeout).await;
    };
    drained.or(late).await;
}

/// Whether the port speaks TLS. What it does when it begins to listen, it goes on with.
fn is_secure<W>(manage: &Manage<W>) -> bool {
    #[cfg(feature = "edge-tls")]
    return manage.acceptor.read().is_some();
    #[cfg(not(feature = "edge-tls"))]
    {
        let _ = manage;
        false
    }
}

/// What goes over a connection that was accepted.
fn transport<W>(
    manage: &Manage<W>,
    socket: Arc<Async<TcpStream>>,
    is_secure: bool,
) -> io::Result<Transport> {
    let socket = Arc::into_inner(socket).ok_or(io::ErrorKind::Other)?;
    #[cfg(feature = "edge-tls")]
    if is_secure {
        let acceptor = manage.acceptor.read().clone();
        let acceptor = acceptor.ok_or(io::ErrorKind::Other)?;
        return Transport::secure(socket, &acceptor, to_plain);
    }
    let _ = (manage, is_secure);
    Ok(Transport::plain(socket))
}

/// What is said to whoever speaks without TLS.
#[cfg(feature = "edge-tls")]
fn to_plain() -> Vec<u8> {
    let what = "this port speaks HTTPS; ask for https://";
    let AnswerBody::Whole(body) = Refusal::bad(code::BODY, what).answer().body else {
        // Refusals are whole.
        return Vec::new();
    };
    let head = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), &body].concat()
}

/// The address that a request came from, as its extension.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// One connection.
struct Link<W: 'static> {
    manage: Arc<Manage<W>>,
    options: ServerOptions,
    executor: Arc<Executor<'static>>,
    stopping: Receiver<()>,
    #[expect(
        dead_code,
        reason = "held so that the server knows when the last one is gone"
    )]
    alive: Sender<()>,
    far: Far,
    seat: Arc<Seat>,
    /// The live tail that the connection goes on as.
    tail: Mutex<Option<Tail>>,
}

/// A connection that becomes a live tail.
struct Tail {
    connection: OnUpgrade,
    session: Connected,
    follow: Follow,
}

impl<W: Send + Sync + 'static> Link<W> {
    async fn serve<T>(&self, stream: T)
    where
        T: Send + Sync + 'static,
        for<'a> &'a T: Line + Send,
    {
        let stream = Arc::new(stream);
        let patient = Patient::new(
            Held(stream.clone()),
            self.seat.clone(),
            self.options.write_timeout,
        );
        let service = service_fn(|request| self.call(request));
        let mut connection = std::pin::pin!(
            http1::Builder::new()
                .timer(SmolTimer::new())
                .header_read_timeout(self.options.header_timeout)
                .max_buf_size(HEAD_MAX)
                .max_headers(HEADER_COUNT_MAX)
                .serve_connection(FuturesIo::new(patient), service)
                .with_upgrades()
        );
        let stopped = async {
            let _ = self.stopping.recv().await;
            None
        };
        let gives_way = async {
            self.seat.gives_way().await;
            None
        };
        let served = async { Some(connection.as_mut().await) };
        let ended = match served.or(stopped).or(gives_way).await {
            Some(ended) => ended,
            // Somebody else is to have its place. A call that began meanwhile is answered.
            None if !self.stopping.is_closed() && !self.seat.is_called() => return,
            None => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            log::debug!("management connection ended: {error}");
        }
        let tail = self.tail.lock().take();
        match tail {
            Some(tail) => self.tell::<T>(tail).await,
            None => {
                let stopped = async {
                    let _ = self.stopping.recv().await;
                };
                linger(&*stream, self.options.linger).or(stopped).await;
            }
        }
    }

    /// Goes on as a live tail, until its session or the daemon ends or the client goes.
    async fn tell<T>(&self, tail: Tail)
    where
        T: Send + Sync + 'static,
        for<'a> &'a T: Line + Send,
    {
        let _calling = self.seat.call();
        let connection = match tail.connection.await {
            Ok(connection) => connection,
            Err(error) => return log::debug!("a live tail did not begin: {error}"),
        };
        let Ok(parts) = connection.downcast::<FuturesIo<Patient<Held<T>>>>() else {
            // There is no other kind.
            return;
        };
        let session = Arc::new(tail.session);
        let (id, left, ended) = (session.id(), session.left(), session.ended.clone());
        let over = async {
            let _ = ended.recv().await;
        };
        let expired = async {
            Timer::after(left).await;
        };
        let (of, manage) = (Arc::clone(&session), Arc::clone(&self.manage));
        let texts = session.texts(tail.follow, self.far.address());
        let texts = texts.take_while(move |_| of.is_own(&manage));
        // A session that is over says so; when the daemon stops clients try again.
        let texts = stop_after(texts, over.or(expired));
        let stop = async {
            let _ = self.stopping.recv().await;
        };
        websocket::feed(
            parts.io.into_inner().into_inner(),
            &parts.read_buf,
            texts,
            stop,
        )
        .await;
        self.manage.live_tails.end(id);
    }

    /// The answer to a request that wants to become a live tail, if it is one.
    fn upgrade(&self, request: &mut Request<Incoming>) -> Option<Response<AnswerOut>> {
        if request.method() != Method::GET || !request.uri().path().starts_with(super::tails::PATH)
        {
            return None;
        }
        let key = request.headers().get(header::SEC_WEBSOCKET_KEY);
        let Some(key) = key.filter(|key| websocket::is_key(key.as_bytes())).cloned() else {
            let what = "a live tail is a WebSocket; connect to it with a client of these";
            return Some(respond(
                Refusal::bad(code::BODY, what).answer(),
                self.seat.call(),
            ));
        };
        let Some(session) = self.manage.live_tails.connect(request.uri().path()) else {
            return Some(respond(Manage::<W>::no_tail(), self.seat.call()));
        };
        let follow = match self.manage.logs.follow(session.filter()) {
            Ok(follow) => follow,
            Err(reason) => {
                let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, code::BODY, reason);
                return Some(respond(refusal.answer(), self.seat.call()));
            }
        };
        let offered = request
            .headers()
            .get_all(header::SEC_WEBSOCKET_PROTOCOL)
            .iter();
        let mut offered = offered
            .filter_map(|value| value.to_str().ok())
            .flat_map(|it| it.split(','));
        let has_protocol = offered.any(|it| it.trim() == super::tails::PROTOCOL);
        *self.tail.lock() = Some(Tail {
            connection: hyper::upgrade::on(request),
            session,
            follow,
        });
        let mut response = Response::new(Either::Left(Full::new(Bytes::new())));
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        if let Ok(accept) = HeaderValue::from_str(&websocket::accept(key.as_bytes())) {
            headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        }
        if has_protocol {
            let protocol = HeaderValue::from_static(super::tails::PROTOCOL);
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        Some(response)
    }

    async fn call(&self, request: Request<Incoming>) -> Result<Response<AnswerOut>, Infallible> {
        let calling = self.seat.call();
        let (head, body) = request.into_parts();
        if let Err(refusal) = super::head::check(&head) {
            return Ok(respond(refusal.answer(), calling));
        }
        let mut request = Request::from_parts(head, body);
        if let Some(response) = self.upgrade(&mut request) {
            return Ok(response);
        }
        match self.far {
            Far::Address(address) => drop(request.extensions_mut().insert(Peer(address))),
            Far::Here(Some(peer)) => drop(request.extensions_mut().insert(peer)),
            Far::Here(None) => {}
        }
        let options = self.options;
        let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
        let request = request.map(|body| {
            let len = body.size_hint().exact();
            let source: ByteStream = Box::pin(data(body));
            Payload::new(source, len, options.body_idle, options.body_timeout)
        });
        let (request, calling) = if request.uri().path() == router::CLAIM {
            // Nobody knows yet who that is: until all is said it gives way as one does that says nothing.
            drop(calling);
            let (head, body) = request.into_parts();
            let body = body.within(options.claim_timeout);
            let said = body.collect("the body", claim::BODY_MAX).await;
            let calling = self.seat.call();
            match said {
                Ok(bytes) => (Request::from_parts(head, Payload::whole(bytes)), calling),
                Err(refusal) => return Ok(respond(refusal.answer(), calling)),
            }
        } else {
            (request, calling)
        };
        let manage = Arc::clone(&self.manage);
        let handled = async move { manage.handle(request).await };
        // A change goes on to its end even if the client does not wait for it.
        let answer = if changes {
            ToTheEnd(Some(self.executor.spawn(handled))).await
        } else {
            handled.await
        };
        Ok(respond(answer, calling))
    }
}

/// Ends a stream when `end` is ready.
fn stop_after<T>(
    texts: impl Stream<Item = T> + Send,
    end: impl Future<Output = ()> + Send,
) -> impl Stream<Item = T> + Send {
    let ended = stream::once_future(end).map(|()| None);
    ended
        .or(texts.map(Some))
        .take_while(Option::is_some)
        .filter_map(|it| it)
}

/// A task that is not cancelled when its result is not waited for.
struct ToTheEnd<T>(Option<smol::Task<T>>);

impl<T> Future for ToTheEnd<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let task = self.0.as_mut().expect("only drop takes it");
        Pin::new(task).poll(context)
    }
}

impl<T> Drop for ToTheEnd<T> {
    fn drop(&mut self) {
        if let Some(task) = self.0.take() {
            task.detach();
        }
    }
}

/// The data of a body; trailers are dropped.
fn data(body: Incoming) -> impl Stream<Item = io::Result<Bytes>> {
    body.into_data_stream()
        .map(|part| part.map_err(io::Error::other))
}

type AnswerOut =
    Either<Full<Bytes>, StreamBody<Pin<Box<dyn Stream<Item = io::Result<Frame<Bytes>>> + Send>>>>;

/// An answer; the call is over when that is made, or the last of it was asked for.
fn respond(answer: Answer, calling: Calling) -> Response<AnswerOut> {
    let (len, body) = match answer.body {
        AnswerBody::Whole(bytes) => (None, Either::Left(Full::new(bytes))),
        AnswerBody::Stream { len, source } => {
            let frames: Pin<Box<dyn Stream<Item = _> + Send>> = Box::pin(source.map(move |part| {
                let _ = &calling;
                part.map(Frame::data)
            }));
            (len, Either::Right(StreamBody::new(frames)))
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set("content-type", &answer.content_type);
    set("cache-control", "no-store");
    if let Some(len) = len {
        set("content-length", &len.to_string());
    }
    for (name, value) in &answer.headers {
        set(name, value);
    }
    response
}
