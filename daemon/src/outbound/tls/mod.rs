//! HTTPS: connections on which a server has proven who it is, and what is said is sealed.
//!
//! embedded-tls speaks first: its memory is known ([`stream`]). A server that needs what it has
//! not is asked again by rustls, where the build has it ([`fallback`]), and from then on at once.
//! Whether a server is believed is one verdict for both ([`trust`]). No key, no plain text and no
//! record is logged.

mod algorithms;
#[cfg(feature = "rustls-outbound")]
mod fallback;
mod records;
mod roots;
mod stream;
mod trust;

pub use roots::{RootSource, Roots};
pub use stream::{Broke, TlsStream};
use trust::Distrust;

use super::stream::Stream;
use super::{Origin, OutboundError};
use async_io::Async;
use parking_lot::{Mutex, RwLock};
use rustls_pki_types::ServerName;
use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use stream::Failed;
use trust::Trust;

/// Servers that are remembered for needing rustls, and for having failed.
const REMEMBERED_MAX: usize = 64;
/// What is spoken over connections of HTTPS.
const HTTP: &[u8] = b"http/1.1";
/// How long a server is remembered for needing rustls.
const REMEMBERED: Duration = Duration::from_secs(3600);
/// A server's failure is a line in the log once in so long: tenants choose how often they ask.
const TOLD: Duration = Duration::from_secs(60);

/// Bytes that a connection keeps while it rests, beside its socket: the larger of both kinds.
pub const CONNECTION_BYTES: usize = {
    #[cfg(feature = "rustls-outbound")]
    const OTHER: usize = fallback::RESTING_BYTES;
    #[cfg(not(feature = "rustls-outbound"))]
    const OTHER: usize = 0;
    if stream::RESTING_BYTES > OTHER {
        stream::RESTING_BYTES
    } else {
        OTHER
    }
};

/// TLS for all connections.
pub struct Tls {
    sources: RwLock<Vec<RootSource>>,
    roots: Mutex<Option<Arc<Roots>>>,
    now: fn() -> SystemTime,
    /// Servers that embedded-tls cannot speak with, and until when that is believed.
    needs_more: Mutex<VecDeque<(Origin, Instant)>>,
    told: Mutex<VecDeque<(Origin, Instant)>>,
}

impl Tls {
    /// Believes in these roots, at this time.
    pub fn new(sources: Vec<RootSource>, now: fn() -> SystemTime) -> Self {
        Self {
            sources: RwLock::new(sources),
            roots: Mutex::default(),
            now,
            needs_more: Mutex::default(),
            told: Mutex::default(),
        }
    }

    /// Believes in other roots from now on; the files are read anew.
    pub fn set_sources(&self, sources: Vec<RootSource>) {
        *self.sources.write() = sources;
        *self.roots.lock() = None;
    }

    async fn trust(&self) -> Trust {
        let loaded = self.roots.lock().clone();
        let roots = match loaded {
            Some(roots) => Ok(roots),
            None => {
                let sources = self.sources.read().clone();
                let read = postern_task::unblock(move || Roots::load(&sources)).await;
                read.map(|roots| self.roots.lock().insert(Arc::new(roots)).clone())
            }
        };
        Trust::new(roots, self.now)
    }

    /// Shakes hands over a connection to an origin. `dial` makes another one, if that is needed.
    pub(super) async fn open<D, F>(
        &self,
        origin: &Origin,
        stream: Async<TcpStream>,
        dial: D,
    ) -> Result<Stream, OutboundError>
    where
        D: FnOnce() -> F,
        F: Future<Output = io::Result<Async<TcpStream>>>,
    {
        let opened = self.shake(origin, stream, dial).await;
        opened.map_err(|failed| self.failed(origin, &failed))
    }

    /// Shakes hands over a connection that is not HTTP's. `name` is what the server must prove to
    /// be.
    pub(super) async fn open_bare(
        &self,
        origin: &Origin,
        name: &str,
        stream: Async<TcpStream>,
    ) -> Result<Stream, OutboundError> {
        let opened = self.shake_bare(name, stream).await;
        opened.map_err(|failed| self.failed(origin, &failed))
    }

    /// Why there is no connection, for the tenant, and for the log.
    fn failed(&self, origin: &Origin, failed: &Failed) -> OutboundError {
        let reason = match failed {
            Failed::Distrust(why) => why.to_string(),
            Failed::Unable(what) if cfg!(feature = "rustls-outbound") => format!(
                "{what}; its operator has to offer TLS 1.2 or 1.3 with a cipher and a curve in common use"
            ),
            Failed::Unable(what) => format!(
                "{what}, and this build speaks only TLS 1.3 with P-256 and AES-128-GCM; use one with the feature rustls-outbound"
            ),
            Failed::Lost(error) => format!(
                "the connection was lost in the handshake ({}); ask again, and see whether it is a server of TLS",
                error.kind()
            ),
        };
        self.tell(origin, &reason);
        let (host, port) = (&origin.host, origin.port);
        OutboundError::Tls(format!(
            "TLS connection to {host:.253}:{port} failed: {reason}"
        ))
    }

    async fn shake<D, F>(
        &self,
        origin: &Origin,
        stream: Async<TcpStream>,
        dial: D,
    ) -> Result<Stream, Failed>
    where
        D: FnOnce() -> F,
        F: Future<Output = io::Result<Async<TcpStream>>>,
    {
        let name = server(&origin.host)?;
        let trust = self.trust().await;
        trust.ready().map_err(Failed::Distrust)?;
        if cfg!(feature = "rustls-outbound") && self.needs_more(origin) {
            return more(stream, name, trust, Some(HTTP)).await;
        }
        let unable = match TlsStream::open(stream, name.clone(), trust.clone()).await {
            Ok(open) => return Ok(Stream::Tls(Box::new(open))),
            Err(distrust @ Failed::Distrust(_)) => return Err(distrust),
            Err(unable) => unable,
        };
        if cfg!(not(feature = "rustls-outbound")) {
            return Err(unable);
        }
        let stream = dial().await.map_err(Failed::Lost)?;
        let open = more(stream, name, trust, Some(HTTP)).await?;
        self.remember(origin);
        Ok(open)
    }

    /// Where there is rustls it speaks at once: such a connection cannot be made a second time, and
    /// one direction of it may end before the other.
    async fn shake_bare(&self, name: &str, stream: Async<TcpStream>) -> Result<Stream, Failed> {
        let name = server(name)?;
        let trust = self.trust().await;
        trust.ready().map_err(Failed::Distrust)?;
        if cfg!(feature = "rustls-outbound") {
            return more(stream, name, trust, None).await;
        }
        let open = TlsStream::open(stream, name, trust).await?;
        Ok(Stream::Tls(Box::new(open)))
    }

    /// Has a server asked by rustls from now on.
    pub(super) fn remember(&self, origin: &Origin) {
        note(&mut self.needs_more.lock(), origin, REMEMBERED);
    }

    fn needs_more(&self, origin: &Origin) -> bool {
        let now = Instant::now();
        let needs_more = self.needs_more.lock();
        needs_more
            .iter()
            .any(|(other, until)| other == origin && now < *until)
    }

    fn tell(&self, origin: &Origin, reason: &str) {
        let (host, port) = (&origin.host, origin.port);
        if note(&mut self.told.lock(), origin, TOLD) {
            log::warn!("TLS connection to {host:.253}:{port} failed: {reason}");
        } else {
            log::debug!("TLS connection to {host:.253}:{port} failed: {reason}");
        }
    }
}

/// What a server of this name or address must prove to be.
fn server(name: &str) -> Result<ServerName<'static>, Failed> {
    ServerName::try_from(name.trim_end_matches('.').to_owned())
        .map_err(|_| Failed::Distrust(Distrust::WrongName("none can be for it".to_owned())))
}

/// Notes an origin for so long; false if it is there.
fn note(notes: &mut VecDeque<(Origin, Instant)>, origin: &Origin, long: Duration) -> bool {
    let now = Instant::now();
    notes.retain(|(_, until)| now < *until);
    if notes.iter().any(|(other, _)| other == origin) {
        return false;
    }
    if notes.len() >= REMEMBERED_MAX {
        notes.pop_front();
    }
    notes.push_back((origin.clone(), now + long));
    true
}

#[cfg(feature = "rustls-outbound")]
async fn more(
    stream: Async<TcpStream>,
    name: ServerName<'static>,
    trust: Trust,
    protocol: Option<&[u8]>,
) -> Result<Stream, Failed> {
    let open = fallback::open(stream, name, trust, protocol).await?;
    Ok(Stream::Rustls(Box::new(open)))
}

#[cfg(not(feature = "rustls-outbound"))]
async fn more(
    _: Async<TcpStream>,
    _: ServerName<'static>,
    _: Trust,
    _: Option<&[u8]>,
) -> Result<Stream, Failed> {
    Err(Failed::Unable("it needs more than this build has"))
}
