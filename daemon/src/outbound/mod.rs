//! The way out: HTTP/1.1 to other servers for Workers' subrequests.
//!
//! This room knows sockets, names and what may be reached; it knows neither guests nor what a
//! subrequest is. Redirects, headers and errors in the field's words are the bindings' business.
//!
//! # Implementation
//!
//! A connection belongs to the Worker that opened it, is kept for its next request to the same
//! origin, and goes when it rests for long or others need its place ([`pool`]). Names are looked
//! up by the system, and every address is held against the [`policy`] before it is connected to,
//! so that no name can stand for an address that may not be reached.

mod body;
pub mod decode;
pub mod policy;
mod pool;
mod switched;
#[cfg(test)]
mod tests;

pub use body::{ByteStream, SendBody};
pub use policy::Policy;
pub use switched::{Switched, Upgrade};

use async_executor::Executor;
use async_io::{Async, Timer};
use body::AnswerBody;
use futures_lite::FutureExt;
use http::{Method, Request, Response};
use hyper::client::conn::http1::{Builder, SendRequest};
use parking_lot::RwLock;
use pool::Pool;
use smol::lock::{Semaphore, SemaphoreGuardArc};
use smol_hyper::rt::FuturesIo;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use switched::Seats;

/// How the way out is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundOptions {
    /// What may be reached.
    pub policy: Policy,
    /// Connections of all Workers at the same time; more wait.
    pub connections_max: usize,
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
    /// There was no connection, or it broke before the answer.
    #[error("{0}")]
    Lost(String),
}

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// A name or an address; an IPv6 address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// What a server said beside its status, in the extensions of an answer, where that is not the
/// usual.
#[derive(Clone, Debug)]
pub struct Reason(pub String);

/// Names a Worker's connections: nobody else uses them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Owner(u64);

/// The way out. Clones share it.
#[derive(Clone)]
pub struct Outbound(Arc<Inner>);

struct Inner {
    options: OutboundOptions,
    policy: RwLock<Policy>,
    executor: Arc<Executor<'static>>,
    pool: Arc<Pool>,
    places: Arc<Semaphore>,
    lookups: Semaphore,
    owners: AtomicU64,
    seats: Seats,
}

impl Outbound {
    /// A way out whose connections run on this executor.
    pub fn new(options: OutboundOptions, executor: Arc<Executor<'static>>) -> Self {
        Self(Arc::new(Inner {
            policy: RwLock::new(options.policy.clone()),
            pool: Pool::new(options.idle_max, options.idle),
            places: Arc::new(Semaphore::new(options.connections_max.max(1))),
            lookups: Semaphore::new(LOOKUPS_MAX),
            owners: AtomicU64::new(0),
            seats: Seats::new(options.connections_max),
            options,
            executor,
        }))
    }

    /// A Worker that nobody else is.
    pub fn owner(&self) -> Owner {
        Owner(self.0.owners.fetch_add(1, Ordering::Relaxed))
    }

    /// Lets go of the connections that rest for a Worker which is gone.
    pub fn forget(&self, owner: Owner) {
        self.0.pool.forget(owner);
    }

    /// Changes what may be reached from now on. Connections that are open stay.
    pub fn set_policy(&self, policy: Policy) {
        *self.0.policy.write() = policy;
    }

    /// Sends a request, whose URI is path and query, and waits for the answer's head. Dropping
    /// the future or the answer's body closes the connection.
    ///
    /// # Errors
    /// Every way in which there is no answer.
    pub async fn send(
        &self,
        owner: Owner,
        origin: &Origin,
        request: Request<SendBody>,
    ) -> Result<Response<ByteStream>, OutboundError> {
        let inner = &self.0;
        // A connection that rested may have been closed by its server at any time; what was
        // not sent, or can be sent again, goes out on another one.
        let mut request = request;
        while let Some(mut kept) = inner.pool.take(owner, origin) {
            let again = replay(&request);
            let sending = async {
                if kept.ready().await.is_err() {
                    return Err((None, None));
                }
                kept.try_send_request(request)
                    .await
                    .map_err(|mut error| (error.take_message(), Some(error.into_error())))
            };
            match within(inner.options.head, "the answer's head", sending).await? {
                Ok(answer) => return Ok(self.answer(owner, origin, kept, answer)),
                Err((Some(unsent), _)) => request = unsent,
                Err((None, error)) => match (again, error) {
                    (Some(again), _) => request = again,
                    (None, error) => {
                        return Err(OutboundError::Lost(error.map_or_else(
                            || "the connection was closed".to_owned(),
                            |error| error.to_string(),
                        )));
                    }
                },
            }
        }
        let connecting = self.connect(origin, false);
        let (mut fresh, _) = within(inner.options.connect, "a connection", connecting).await??;
        let sending = fresh.send_request(request);
        let answer = within(inner.options.head, "the answer's head", sending)
            .await?
            .map_err(|error| OutboundError::Lost(error.to_string()))?;
        Ok(self.answer(owner, origin, fresh, answer))
    }

    fn answer(
        &self,
        owner: Owner,
        origin: &Origin,
        sender: SendRequest<SendBody>,
        answer: Response<hyper::body::Incoming>,
    ) -> Response<ByteStream> {
        let inner = &self.0;
        let (pool, origin) = (inner.pool.clone(), origin.clone());
        let executor = inner.executor.clone();
        let rest = move || Pool::put(&pool, owner, origin, sender, &executor);
        let stall = inner.options.stall;
        let mut answer = answer;
        let said = answer.extensions_mut().remove::<hyper::ext::ReasonPhrase>();
        if let Some(said) = said {
            let said = String::from_utf8_lossy(said.as_bytes()).into_owned();
            answer.extensions_mut().insert(Reason(said));
        }
        answer.map(|body| -> ByteStream { Box::pin(AnswerBody::new(body, stall, rest)) })
    }

    /// A new connection, and its place among them. One that `switches` may become something else
    /// than HTTP.
    async fn connect(
        &self,
        origin: &Origin,
        switches: bool,
    ) -> Result<(SendRequest<SendBody>, Arc<SemaphoreGuardArc>), OutboundError> {
        let inner = &self.0;
        let addresses = self.addresses(origin).await?;
        let place = Arc::new(match inner.places.try_acquire_arc() {
            Some(place) => place,
            None => {
                // Somebody's connection that rests makes room.
                inner.pool.let_one_go();
                inner.places.acquire_arc().await
            }
        });
        let mut lost = None;
        for address in addresses {
            match Async::<TcpStream>::connect(address).await {
                Ok(stream) => {
                    // Requests are written whole; waiting to fill a packet only delays them.
                    let _ = stream.get_ref().set_nodelay(true);
                    let (sender, connection) = Builder::new()
                        .max_headers(FIELDS_MAX)
                        .max_buf_size(HEAD_MAX)
                        .handshake(FuturesIo::new(stream))
                        .await
                        .map_err(|error| OutboundError::Lost(error.to_string()))?;
                    let its = place.clone();
                    let running = async move {
                        let _place = its;
                        let ended = if switches {
                            connection.with_upgrades().await
                        } else {
                            connection.await
                        };
                        if let Err(error) = ended {
                            log::debug!(target: "outbound", "a connection ended: {error}");
                        }
                    };
                    inner.executor.spawn(running).detach();
                    return Ok((sender, place));
                }
                Err(error) => lost = Some(error),
            }
        }
        Err(OutboundError::Lost(lost.map_or_else(
            || "no address".to_owned(),
            |error: io::Error| error.to_string(),
        )))
    }

    /// The addresses of an origin that may be reached.
    async fn addresses(&self, origin: &Origin) -> Result<Vec<SocketAddr>, OutboundError> {
        let inner = &self.0;
        inner
            .policy
            .read()
            .host(&origin.host)
            .map_err(OutboundError::Refused)?;
        let found = match origin.host.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, origin.port)],
            Err(_) => {
                let _one = inner.lookups.acquire().await;
                let name = (origin.host.clone(), origin.port);
                smol::unblock(move || name.to_socket_addrs().map(Vec::from_iter))
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
            match policy.address(address.ip()) {
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
        Timer::after(limit).await;
        Err(OutboundError::TooSlow {
            what,
            limit_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
        })
    };
    async { Ok(work.await) }.or(late).await
}
