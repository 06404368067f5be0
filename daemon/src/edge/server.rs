//! Listeners: accepting, the cap on connections, and the way out.

use super::answer::{self, Answer};
use super::connection::{self, Signals};
use super::desk::Desk;
use super::options::EdgeOptions;
use super::phase::Phase;
use super::ray::Rays;
use super::routing::Router;
use super::seats::{LEAVING_MAX, Seats};
use super::shed;
use super::worker::Routes;
use crate::engine::invocation::Ray;
use crate::observe::Unanswered;
#[cfg(feature = "edge-tls")]
use crate::tls::Acceptor;
use crate::tls::Transport;
#[cfg(feature = "acme")]
use crate::tls::challenges::Challenges;
use async_executor::Executor;
use async_io::{Async, Timer};
use futures_lite::{FutureExt, future};
use http::StatusCode;
use parking_lot::{Mutex, RwLock};
use postern_task::Begin;
use smol::channel::{Receiver, Sender};
use std::convert::Infallible;
use std::future::Future;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
#[cfg(feature = "acme")]
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// How long accepting rests when the system has nothing left to accept with.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// The daemon's own connections: one, and those that were given up and are not gone yet.
const VISITS_MAX: usize = 8;

/// The data plane of one daemon; listeners share its caps.
pub struct Edge<R: Routes> {
    pub(super) routes: R,
    pub(super) options: EdgeOptions,
    pub(super) rays: Rays,
    pub(super) figures: Counters,
    router: RwLock<Arc<Router>>,
    open: AtomicUsize,
    pub(super) seats: Arc<Seats>,
    refusing: AtomicUsize,
    sockets: AtomicUsize,
    /// Requests of all connections that have several at a time.
    #[cfg(feature = "http2")]
    streams: Arc<AtomicUsize>,
    visits: AtomicUsize,
    /// Where the daemon's own visit comes from, while there is one ([`super::visit`]).
    visitor: Mutex<Option<SocketAddr>>,
    stopping: AtomicBool,
    /// The port that clients reach by HTTPS.
    https_port: AtomicU16,
    #[cfg(feature = "edge-tls")]
    acceptor: RwLock<Option<Acceptor>>,
    #[cfg(feature = "acme")]
    challenges: OnceLock<Arc<Challenges>>,
}

/// What happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Connections that are open.
    pub open: usize,
    /// Connections accepted, those refused included.
    pub accepted: u64,
    /// Connections refused because of the cap.
    pub refused: u64,
    /// Connections that waited for their clients, and were ended for a new one because of the cap.
    pub gave_way: u64,
    /// Answers below 500 that the edge gave itself.
    pub rejected: u64,
    /// Answers from 500 on that the edge gave itself, failures of Workers included.
    pub failed: u64,
    /// WebSockets that are open.
    pub sockets: usize,
}

#[derive(Default)]
pub(super) struct Counters {
    accepted: AtomicU64,
    refused: AtomicU64,
    gave_way: AtomicU64,
    rejected: AtomicU64,
    failed: AtomicU64,
}

impl Counters {
    pub fn answered_by_edge(&self, status: StatusCode) {
        let counter = if status.is_server_error() {
            &self.failed
        } else {
            &self.rejected
        };
        counter.fetch_add(1, Relaxed);
    }
}

/// How a listener's connections ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// Connections that were cut because they took longer than allowed.
    pub cut: usize,
}

impl<R: Routes> Edge<R> {
    /// A data plane over `routes`.
    pub fn new(routes: R, router: Router, options: EdgeOptions) -> Arc<Self> {
        Arc::new(Self {
            routes,
            rays: Rays::new(),
            figures: Counters::default(),
            router: RwLock::new(Arc::new(router)),
            open: AtomicUsize::new(0),
            seats: Arc::default(),
            refusing: AtomicUsize::new(0),
            sockets: AtomicUsize::new(0),
            #[cfg(feature = "http2")]
            streams: Arc::default(),
            visits: AtomicUsize::new(0),
            visitor: Mutex::new(None),
            stopping: AtomicBool::new(false),
            https_port: AtomicU16::new(443),
            #[cfg(feature = "edge-tls")]
            acceptor: RwLock::default(),
            #[cfg(feature = "acme")]
            challenges: OnceLock::new(),
            options,
        })
    }

    /// Routes differently from the next request on.
    pub fn set_router(&self, router: Router) {
        *self.router.write() = Arc::new(router);
    }

    /// What happened so far.
    pub fn figures(&self) -> Figures {
        Figures {
            open: self.open.load(Relaxed),
            accepted: self.figures.accepted.load(Relaxed),
            refused: self.figures.refused.load(Relaxed),
            gave_way: self.figures.gave_way.load(Relaxed),
            rejected: self.figures.rejected.load(Relaxed),
            failed: self.figures.failed.load(Relaxed),
            sockets: self.sockets.load(Relaxed),
        }
    }

    /// Has it noted what was answered in the place of a Worker, so that it can be explained.
    pub(super) fn note(&self, ray: Ray, answer: &Answer, url: &str) {
        self.routes.unanswered(&Unanswered {
            ray,
            status: answer.status.as_u16(),
            stage: answer.stage,
            refusal: answer.limit.as_deref(),
            reason: &answer.text,
            url,
        });
    }

    /// Who finds Workers.
    pub fn routes(&self) -> &R {
        &self.routes
    }

    /// Has a place for a connection from this address, whatever the cap says; from nowhere with
    /// `None`.
    pub(super) fn expect(&self, visitor: Option<SocketAddr>) {
        *self.visitor.lock() = visitor;
    }

    pub(super) fn router(&self) -> Arc<Router> {
        self.router.read().clone()
    }

    /// Clients reach HTTPS at this port.
    pub fn set_https_port(&self, port: u16) {
        self.https_port.store(port, Relaxed);
    }

    pub(super) fn https_port(&self) -> u16 {
        self.https_port.load(Relaxed)
    }

    /// Counts the requests of all connections that have several at a time.
    #[cfg(feature = "http2")]
    pub(super) fn streams(&self) -> Arc<AtomicUsize> {
        self.streams.clone()
    }

    /// Speaks TLS by these certificates with whoever comes from now on.
    #[cfg(feature = "edge-tls")]
    pub fn set_acceptor(&self, acceptor: Acceptor) {
        *self.acceptor.write() = Some(acceptor);
    }

    /// Answers challenges of HTTP-01 while they are in flight. Once only; a second call changes nothing.
    #[cfg(feature = "acme")]
    pub fn answer_challenges(&self, challenges: Arc<Challenges>) {
        let _ = self.challenges.set(challenges);
    }

    /// The answer to a challenge that is in flight, if a path is one's.
    pub(super) fn challenge(&self, path: &str) -> Option<String> {
        #[cfg(feature = "acme")]
        return self.challenges.get()?.http(path);
        #[cfg(not(feature = "acme"))]
        {
            let _ = path;
            None
        }
    }

    /// What goes over a connection that was accepted; nothing where TLS is to be spoken and cannot.
    fn transport(&self, stream: Async<TcpStream>, is_secure: bool) -> Option<Transport> {
        #[cfg(feature = "edge-tls")]
        if is_secure {
            let acceptor = self.acceptor.read().clone()?;
            return Transport::secure(stream, &acceptor, answer::to_plain).ok();
        }
        (!is_secure).then(|| Transport::plain(stream))
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Relaxed)
    }
}

/// What is listened on.
#[derive(Debug)]
pub struct Listening {
    /// The socket.
    pub listener: Async<TcpListener>,
    /// Whether what comes is TLS.
    pub is_secure: bool,
}

/// A place under a cap, given back when dropped.
pub(super) struct Place<R: Routes> {
    edge: Arc<Edge<R>>,
    taken: fn(&Edge<R>) -> &AtomicUsize,
}

impl<R: Routes> Place<R> {
    fn take(edge: &Arc<Edge<R>>, taken: fn(&Edge<R>) -> &AtomicUsize, max: usize) -> Option<Self> {
        let free = |now: usize| (now < max).then_some(now + 1);
        taken(edge).fetch_update(Relaxed, Relaxed, free).ok()?;
        let edge = edge.clone();
        Some(Self { edge, taken })
    }
}

impl<R: Routes> Place<R> {
    /// A place for a WebSocket.
    pub fn of_socket(edge: &Arc<Edge<R>>) -> Option<Self> {
        Self::take(edge, |edge| &edge.sockets, edge.options.sockets_max)
    }
}

impl<R: Routes> Drop for Place<R> {
    fn drop(&mut self) {
        (self.taken)(&self.edge).fetch_sub(1, Relaxed);
    }
}

/// Serves `listener` until `shutdown` is ready, then lets what runs finish, at most
/// `drain_ms`, and cuts the rest. Connections run on `executor`, which others must drive.
pub async fn serve<R: Routes>(
    edge: Arc<Edge<R>>,
    Listening {
        listener,
        is_secure,
    }: Listening,
    executor: Arc<Executor<'static>>,
    shutdown: impl Future<Output = ()>,
) -> Drained {
    let (drain_sender, drain) = smol::channel::bounded::<Infallible>(1);
    let (cut_sender, cut) = smol::channel::bounded::<Infallible>(1);
    let (alive, ended) = smol::channel::bounded::<Infallible>(1);
    let signals = Signals { drain, cut };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let desk = Desk::new(&executor, cores);
    let listening = (&listener, is_secure);
    let accepting = accept(&edge, listening, (&executor, &desk), &signals, &alive);
    let stopped = async {
        shutdown.await;
    };
    stopped.or(accepting).await;
    drop(listener);
    edge.stopping.store(true, Relaxed);
    drain_sender.close();
    drop(alive);
    let patience = Duration::from_millis(edge.options.drain_ms.into());
    let in_time = finish(&ended, patience).await;
    let cut = if in_time { 0 } else { ended.sender_count() };
    cut_sender.close();
    if !in_time {
        // Being cut takes no time, but the tasks must still run for it.
        finish(&ended, Duration::from_secs(1)).await;
    }
    Drained { cut }
}

/// Waits until every connection's sender is dropped; false if that takes too long.
async fn finish(ended: &Receiver<Infallible>, patience: Duration) -> bool {
    let all = async {
        let _ = ended.recv().await;
        true
    };
    let late = async {
        Timer::after(patience).await;
        false
    };
    all.or(late).await
}

async fn accept<R: Routes>(
    edge: &Arc<Edge<R>>,
    (listener, is_secure): (&Async<TcpListener>, bool),
    (executor, desk): (&Arc<Executor<'static>>, &Desk),
    signals: &Signals,
    alive: &Sender<Infallible>,
) {
    let mut complained: Option<Instant> = None;
    loop {
        // Those that are open come before those that are to be: who opens many at once waits for them.
        future::yield_now().await;
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Either that one client is gone already, or file descriptors have run out;
                // then the queue of the kernel is the bound, and it fills without us.
                if error.kind() != std::io::ErrorKind::ConnectionAborted {
                    if complained.is_none_or(|at| at.elapsed() > Duration::from_secs(10)) {
                        log::error!("cannot accept: {error}");
                        complained = Some(Instant::now());
                    }
                    Timer::after(ACCEPT_REST).await;
                }
                continue;
            }
        };
        let is_own = *edge.visitor.lock() == Some(peer);
        let (taken, max): (fn(&Edge<R>) -> &AtomicUsize, usize) = if is_own {
            (|edge| &edge.visits, VISITS_MAX)
        } else {
            edge.figures.accepted.fetch_add(1, Relaxed);
            (|edge| &edge.open, edge.options.connections_max)
        };
        // Small answers must not wait for the client's acknowledgement. Without it they are
        // only late.
        let _ = stream.get_ref().set_nodelay(true);
        let ip = peer.ip();
        let mut place = Place::take(edge, taken, max);
        if place.is_none() && !is_own && edge.seats.give_way(ip, &edge.options) {
            edge.figures.gave_way.fetch_add(1, Relaxed);
            // Its own is free in a moment.
            place = Place::take(edge, taken, max + LEAVING_MAX);
        }
        let Some(place) = place else {
            if is_secure {
                // A handshake, to be told that it is too much, would be more.
                edge.figures.refused.fetch_add(1, Relaxed);
            } else {
                refuse(edge, executor, stream);
            }
            continue;
        };
        let Some(transport) = edge.transport(stream, is_secure) else {
            continue;
        };
        let phase = Arc::new(Phase::new());
        let seat = (!is_own).then(|| edge.seats.sit(ip, phase.clone()));
        let (signals, alive) = (signals.clone(), alive.clone());
        desk.spawn(|standing| async move {
            let (_alive, _seat) = (alive, seat);
            let edge = place.edge.clone();
            let client = (ip, is_own);
            let connection = connection::run(edge, (transport, phase), client, signals, standing);
            let connection = pin!(connection);
            // A fault in one connection must not take down the thread that serves others.
            if AssertUnwindSafe(connection).catch_unwind().await.is_err() {
                log::error!("a connection of {ip} panicked");
            }
        });
    }
}

fn refuse<R: Routes>(edge: &Arc<Edge<R>>, executor: &Executor<'static>, stream: Async<TcpStream>) {
    edge.figures.refused.fetch_add(1, Relaxed);
    let max = edge.options.refusals_max;
    let Some(place) = Place::take(edge, |edge| &edge.refusing, max) else {
        return;
    };
    let task = async move {
        let edge = &place.edge;
        let options = &edge.options;
        let patience = Duration::from_millis(options.linger_ms.into());
        let ray = edge.rays.next();
        let answer = shed::refusal(options.connections_max, options.retry_after_s);
        edge.note(ray, &answer, "");
        shed::refuse(stream, &answer::raw(&answer, ray), patience).await;
    };
    executor.begin(task).detach();
}
