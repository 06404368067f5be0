//! The way out: HTTP/1.1 to other servers for Workers' subrequests.
//!
//! This room knows sockets, names and what may be reached; it knows neither guests nor what a
//! subrequest is. Redirects, headers and errors in the field's words are the bindings' business.
//!
//! # Implementation
//!
//! A connection belongs to the [`tenant`] that opened it, is kept for its next request to the same
//! origin, and goes when it rests for long or others need its place ([`pool`]). Names are looked
//! up by the system, and every address is held against the [`policy`] before it is connected to,
//! so that no name can stand for an address that may not be reached. A connection may be one of
//! TLS ([`tls`]); what goes over it is the same.

mod body;
pub mod decode;
#[cfg(test)]
mod https_tests;
pub mod policy;
mod pool;
mod stream;
mod switched;
mod tcp;
#[cfg(test)]
mod tcp_tests;
mod tenant;
#[cfg(test)]
mod tests;
mod tls;

pub use body::{ByteStream, SendBody};
pub use policy::Policy;
pub use switched::{Switched, Upgrade};
pub use tcp::Tcp;
pub use tenant::Tenant;
pub use tls::{CONNECTION_BYTES, RootSource, Roots};

use crate::deadline::Deadline;
use async_executor::Executor;
use async_io::Async;
use body::AnswerBody;
use futures_lite::FutureExt;
use http::{HeaderValue, Method, Request, Response};
use hyper::client::conn::http1::{Builder, SendRequest};
use parking_lot::RwLock;
use pool::Pool;
use postern_task::Begin;
use smol::lock::Semaphore;
use smol_hyper::rt::FuturesIo;
use std::error::Error;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};
use stream::Stream;
use switched::Seats;
use tenant::{Place, Tenants, Waiting};
use tls::{Broke, Tls};

/// How the way out is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundOptions {
    /// What may be reached.
    pub policy: Policy,
    /// Connections of all Workers at the same time; more wait.
    pub connections_max: usize,
    /// Connections of one tenant at the same time; `None` is an eighth of all, and at least 6.
    pub tenant_connections_max: Option<usize>,
    /// Connections of TLS of all Workers at the same time: each keeps about [`CONNECTION_BYTES`].
    pub tls_connections_max: usize,
    /// Whose certificates are believed.
    pub roots: Vec<RootSource>,
    /// Connections that rest, of all Workers; the one that rests longest goes first.
    pub idle_max: usize,
    /// A connection that rests for so long goes.
    pub idle: Duration,
    /// For a name to be found and a connection to be made.
    pub connect: Duration,
    /// From a request to its answer's head.
    pub head: Duration,
    /// For the next part of a body.
    pub stall: Duration,
}

impl Default for OutboundOptions {
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            connections_max: 256,
            tenant_connections_max: None,
            tls_connections_max: 128,
            roots: vec![RootSource::System],
            idle_max: 32,
            idle: Duration::from_secs(15),
            connect: Duration::from_secs(10),
            head: Duration::from_secs(100),
            stall: Duration::from_secs(60),
        }
    }
}

/// Bytes of an answer's head, and of its fields.
const HEAD_MAX: usize = 160 * 1024;
/// Fields of an answer's head.
const FIELDS_MAX: usize = 256;
/// Addresses of one name that are tried.
const ADDRESSES_MAX: usize = 4;
/// Names that are looked up at the same time: each takes a thread until the system answers.
const LOOKUPS_MAX: usize = 8;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The name has no address.
    #[error("DNS lookup failed.")]
    NoSuchName,
    /// The address may not be reached.
    #[error("{0}")]
    Refused(String),
    /// Too many connections are something else than HTTP.
    #[error(
        "{limit} connections to servers that are not HTTP any more are open, the limit; close some before opening more"
    )]
    Busy {
        /// The limit.
        limit: usize,
    },
    /// It took too long.
    #[error("{what} took longer than {limit_ms} ms")]
    TooSlow {
        /// What did.
        what: &'static str,
        /// The limit.
        limit_ms: u64,
    },
    /// The server is not who it should be, or cannot be spoken with.
    #[error("{0}")]
    Tls(String),
    /// What is sealed did not come as it should.
    #[error("{0}")]
    Broke(Broke),
    /// There was no connection, or it broke before the answer.
    #[error("{0}")]
    Lost(String),
}

/// How a connection of TLS broke, if that is why something did.
pub fn broke(error: &(dyn Error + 'static)) -> Option<Broke> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(how) = error.downcast_ref::<Broke>() {
            return Some(*how);
        }
        // What an I/O error wraps is not its source, but its source's source.
        next = match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

fn lost(error: &hyper::Error) -> OutboundError {
    match broke(error) {
        Some(how) => OutboundError::Broke(how),
        None => OutboundError::Lost(error.to_string()),
    }
}

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// A name or an address; an IPv6 address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether it is asked by HTTPS.
    pub is_tls: bool,
}

/// What a server said beside its status, in the extensions of an answer, where that is not the
/// usual.
#[derive(Clone, Debug)]
pub struct Reason(pub String);

/// How names are looked up. It takes as long as the system does.
type Lookup = fn(&str, u16) -> io::Result<Vec<SocketAddr>>;

/// The way out. Clones share it.
#[derive(Clone)]
pub struct Outbound(Arc<Inner>);

struct Inner {
    options: OutboundOptions,
    policy: RwLock<Policy>,
    /// What servers are told of where requests come from.
    zone: RwLock<Option<HeaderValue>>,
    /// How often what may be reached has changed: a connection of before does not rest.
    generation: AtomicU64,
    executor: Arc<Executor<'static>>,
    pool: Arc<Pool>,
    tls: Tls,
    tenants: Tenants,
    places: Arc<Semaphore>,
    tls_places: Arc<Semaphore>,
    /// Connections there are.
    taken: Arc<AtomicUsize>,
    /// Those that wait for a place among all.
    wanting: AtomicUsize,
    lookups: Semaphore,
    lookup: Lookup,
    seats: Seats,
}

impl Outbound {
    /// A way out whose connections run on this executor.
    pub fn new(options: OutboundOptions, executor: Arc<Executor<'static>>) -> Self {
        Self::with(options, executor, system_lookup, SystemTime::now)
    }

    /// One that looks names up and knows the time by these.
    fn with(
        options: OutboundOptions,
        executor: Arc<Executor<'static>>,
        lookup: Lookup,
        now: fn() -> SystemTime,
    ) -> Self {
        Self(Arc::new(Inner {
            policy: RwLock::new(options.policy.clone()),
            zone: RwLock::new(None),
            generation: AtomicU64::new(0),
            pool: Pool::new(options.idle_max, options.idle),
            tls: Tls::new(options.roots.clone(), now),
            tenants: Tenants::new(options.connections_max, options.tenant_connections_max),
            places: Arc::new(Semaphore::new(options.connections_max.max(1))),
            tls_places: Arc::new(Semaphore::new(options.tls_connections_max.max(1))),
            taken: Arc::default(),
            wanting: AtomicUsize::new(0),
            lookups: Semaphore::new(LOOKUPS_MAX),
            lookup,
            seats: Seats::new(options.connections_max),
            options,
            executor,
        }))
    }

    /// The tenant that a script of a dispatch namespace is.
    pub fn tenant(&self, namespace: &str, script: &str) -> Tenant {
        self.0.tenants.get(namespace, script, &self.0.pool)
    }

    /// Connections there are, and how many there may be.
    pub fn connections(&self) -> (usize, usize) {
        let taken = self.0.taken.load(Ordering::Relaxed);
        (taken, self.0.options.connections_max)
    }

    /// Changes what may be reached, and who is believed, from now on. What is on its way stays.
    pub fn set_policy(&self, policy: Policy, roots: Vec<RootSource>) {
        *self.0.policy.write() = policy;
        self.0.tls.set_sources(roots);
        self.0.generation.fetch_add(1, Ordering::Relaxed);
        self.0.pool.forget_all();
    }

    /// Says which zone Workers ask other servers from.
    pub fn set_zone(&self, zone: Option<&str>) {
        *self.0.zone.write() = zone.and_then(|zone| HeaderValue::from_str(zone).ok());
    }

    /// The zone that Workers ask other servers from, if there is one.
    pub fn zone(&self) -> Option<HeaderValue> {
        self.0.zone.read().clone()
    }

    fn generation(&self) -> u64 {
        self.0.generation.load(Ordering::Relaxed)
    }

    /// Whether an origin may be asked, as far as its name tells.
    fn permits(&self, tenant: &Tenant, origin: &Origin) -> Result<(), OutboundError> {
        let policy = self.0.policy.read();
        policy
            .host(tenant, &origin.host, origin.port)
            .map_err(OutboundError::Refused)
    }

    /// Sends a request, whose URI is path and query, and waits for the answer's head. Dropping
    /// the future or the answer's body closes the connection.
    ///
    /// # Errors
    /// Every way in which there is no answer.
    pub async fn send(
        &self,
        tenant: &Tenant,
        origin: &Origin,
        request: Request<SendBody>,
    ) -> Result<Response<ByteStream>, OutboundError> {
        let inner = &self.0;
        let asked = self.generation();
        self.permits(tenant, origin)?;
        // A connection that rested may have been closed by its server at any time; what was
        // not sent, or can be sent again, goes out on another one.
        let mut request = request;
        let place = loop {
            let obtaining = self.obtain(tenant, origin);
            let mut kept = match within(inner.options.head, "a place", obtaining).await? {
                Obtained::Kept(kept) => kept,
                Obtained::Place(place) => break place,
            };
            let again = replay(&request);
            let sending = async {
                if let Err(error) = kept.ready().await {
                    return Err((Some(request), error));
                }
                kept.try_send_request(request)
                    .await
                    .map_err(|mut error| (error.take_message(), error.into_error()))
            };
            match within(inner.options.head, "the answer's head", sending).await? {
                Ok(answer) => return Ok(self.answer(tenant, origin, kept, answer, asked)),
                Err((unsent, error)) => match unsent.or(again) {
                    Some(unsent) => request = unsent,
                    None => return Err(lost(&error)),
                },
            }
        };
        let connecting = self.connect(tenant, origin, &place, false);
        let mut fresh = within(inner.options.connect, "a connection", connecting).await??;
        drop(place);
        let sending = fresh.send_request(request);
        let answer = within(inner.options.head, "the answer's head", sending)
            .await?
            .map_err(|error| lost(&error))?;
        Ok(self.answer(tenant, origin, fresh, answer, asked))
    }

    fn answer(
        &self,
        tenant: &Tenant,
        origin: &Origin,
        sender: SendRequest<SendBody>,
        answer: Response<hyper::body::Incoming>,
        asked: u64,
    ) -> Response<ByteStream> {
        let (this, tenant, origin) = (self.clone(), tenant.clone(), origin.clone());
        let rest = move || this.rest(&tenant, origin, sender, asked);
        let stall = self.0.options.stall;
        let mut answer = answer;
        let said = answer.extensions_mut().remove::<hyper::ext::ReasonPhrase>();
        if let Some(said) = said {
            let said = String::from_utf8_lossy(said.as_bytes()).into_owned();
            answer.extensions_mut().insert(Reason(said));
        }
        answer.map(|body| -> ByteStream { Box::pin(AnswerBody::new(body, stall, rest)) })
    }

    /// Lets a connection rest, unless somebody waits for its place, or it could not be made now.
    fn rest(&self, tenant: &Tenant, origin: Origin, sender: SendRequest<SendBody>, asked: u64) {
        let inner = &self.0;
        let is_wanted = tenant.is_waiting();
        let is_in_the_way = !is_wanted && inner.wanting.load(Ordering::Relaxed) > 0;
        if is_in_the_way || asked != self.generation() {
            return;
        }
        Pool::put(&inner.pool, tenant.owner(), origin, sender, &inner.executor);
        tenant.rested().notify(1);
    }

    /// A connection that rests, or a place for a new one.
    async fn obtain(&self, tenant: &Tenant, origin: &Origin) -> Obtained {
        loop {
            let rested = tenant.rested().listen();
            if let Some(kept) = self.0.pool.take(tenant.owner(), origin) {
                return Obtained::Kept(kept);
            }
            let placed = async { Some(self.place(tenant, origin).await) };
            let rested = async {
                rested.await;
                None
            };
            if let Some(place) = placed.or(rested).await {
                return Obtained::Place(place);
            }
        }
    }

    /// A place: of the tenant's own share first, so that nobody queues for more than that.
    async fn place(&self, tenant: &Tenant, origin: &Origin) -> Arc<Place> {
        let inner = &self.0;
        let own = match tenant.places().try_acquire_arc() {
            Some(own) => own,
            None => {
                let _waiting = tenant.waits();
                inner.pool.let_one_go_of(tenant.owner());
                tenant.places().acquire_arc().await
            }
        };
        let among = async |places: &Arc<Semaphore>| match places.try_acquire_arc() {
            Some(place) => place,
            None => {
                // Somebody's connection that rests makes room.
                let _wanting = Waiting::new(&inner.wanting);
                inner.pool.let_one_go();
                places.acquire_arc().await
            }
        };
        let all = among(&inner.places).await;
        let tls = match origin.is_tls {
            true => Some(among(&inner.tls_places).await),
            false => None,
        };
        Arc::new(Place::new(own, all, tls, inner.taken.clone()))
    }

    /// A new connection at a place. One that `switches` may become something else than HTTP.
    async fn connect(
        &self,
        tenant: &Tenant,
        origin: &Origin,
        place: &Arc<Place>,
        switches: bool,
    ) -> Result<SendRequest<SendBody>, OutboundError> {
        let inner = &self.0;
        let mut failed = None;
        for address in self.addresses(tenant, origin).await? {
            let stream = match dial(address).await {
                Ok(stream) => stream,
                Err(error) => {
                    failed = Some(error);
                    continue;
                }
            };
            let stream = if origin.is_tls {
                inner.tls.open(origin, stream, || dial(address)).await?
            } else {
                Stream::Plain(stream)
            };
            let (sender, connection) = Builder::new()
                .max_headers(FIELDS_MAX)
                .max_buf_size(HEAD_MAX)
                .handshake(FuturesIo::new(stream))
                .await
                .map_err(|error| lost(&error))?;
            let (its, out, origin) = (place.clone(), self.clone(), origin.clone());
            let running = async move {
                let _place = its;
                let ended = if switches {
                    connection.with_upgrades().await
                } else {
                    connection.await
                };
                if let Err(error) = ended {
                    let how = broke(&error);
                    if how == Some(Broke::KeyUpdate) {
                        out.0.tls.remember(&origin);
                    }
                    match how {
                        Some(how) => {
                            log::debug!("a connection to {:.253} ended: {how}", origin.host);
                        }
                        None => log::debug!("a connection ended: {error}"),
                    }
                }
            };
            inner.executor.begin(running).detach();
            return Ok(sender);
        }
        Err(OutboundError::Lost(failed.map_or_else(
            || "no address".to_owned(),
            |error: io::Error| error.to_string(),
        )))
    }

    /// The addresses of an origin that may be reached.
    async fn addresses(
        &self,
        tenant: &Tenant,
        origin: &Origin,
    ) -> Result<Vec<SocketAddr>, OutboundError> {
        let inner = &self.0;
        let found = match origin.host.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, origin.port)],
            Err(_) => {
                let _own = tenant.lookups().acquire().await;
                let _one = inner.lookups.acquire().await;
                let (host, port, lookup) = (origin.host.clone(), origin.port, inner.lookup);
                postern_task::unblock(move || lookup(&host, port))
                    .await
                    .map_err(|_| OutboundError::NoSuchName)?
            }
        };
        if found.is_empty() {
            return Err(OutboundError::NoSuchName);
        }
        let policy = inner.policy.read();
        let mut refused = None;
        let mut allowed = Vec::new();
        for address in found {
            match policy.address(tenant, &origin.host, address) {
                Ok(()) => allowed.push(address),
                Err(why) => refused = Some(why),
            }
        }
        allowed.truncate(ADDRESSES_MAX);
        match refused {
            Some(why) if allowed.is_empty() => Err(OutboundError::Refused(why)),
            _ => Ok(allowed),
        }
    }
}

/// What a request goes over.
enum Obtained {
    Kept(SendRequest<SendBody>),
    Place(Arc<Place>),
}

fn system_lookup(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    (host, port).to_socket_addrs().map(Vec::from_iter)
}

async fn dial(address: SocketAddr) -> io::Result<Async<TcpStream>> {
    let stream = Async::<TcpStream>::connect(address).await?;
    // Requests are written whole; waiting to fill a packet only delays them.
    let _ = stream.get_ref().set_nodelay(true);
    Ok(stream)
}

/// The same request again, if sending it twice does no harm.
fn replay(request: &Request<SendBody>) -> Option<Request<SendBody>> {
    let harmless = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    let body = request.body().again().filter(|_| harmless)?;
    let mut again = Request::new(body);
    *again.method_mut() = request.method().clone();
    *again.uri_mut() = request.uri().clone();
    *again.headers_mut() = request.headers().clone();
    Some(again)
}

async fn within<T>(
    limit: Duration,
    what: &'static str,
    work: impl Future<Output = T>,
) -> Result<T, OutboundError> {
    let late = async {
        Deadline::after(limit).await;
        Err(OutboundError::TooSlow {
            what,
            limit_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
        })
    };
    async { Ok(work.await) }.or(late).await
}
