//! The management port on a Unix socket: who calls is who the kernel says, so that no token is needed.

use super::Manage;
use super::body::{ByteStream, Payload};
use super::server::{ServerOptions, ToTheEnd, data, respond};
use async_executor::Executor;
use async_io::{Async, Timer};
use futures_lite::FutureExt;
use http::{HeaderMap, Method, Request, header};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use postern_task::Begin;
use smol::lock::Semaphore;
use smol_hyper::rt::{FuturesIo, SmolTimer};
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Its name in the daemon's `run` directory.
pub const NAME: &str = "manage.sock";
/// Who may connect to it.
const MODE: u32 = 0o660;

/// The user at the other end, as an extension of requests. It is an administrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalPeer(u32);

impl LocalPeer {
    /// The user behind a connection, if that is root or the user that the daemon runs as.
    fn of(stream: &UnixStream) -> io::Result<Option<Self>> {
        let user = rustix::net::sockopt::socket_peercred(stream)?.uid;
        let own = rustix::process::geteuid();
        Ok((user.is_root() || user == own).then_some(Self(user.as_raw())))
    }

    /// What it is called where changes are told.
    pub fn name(self) -> String {
        format!("user {}", self.0)
    }

    /// Whether a request leaves it to the connection who is calling. Whoever brings a token is that token's.
    pub fn speaks_for(headers: &HeaderMap) -> bool {
        !headers.contains_key(header::AUTHORIZATION) && !headers.contains_key("x-auth-key")
    }
}

/// Listens at a path. What a daemon left there that is gone is replaced; anything else is not.
///
/// # Errors
/// Somebody listens there, something else is there, or what the system says.
pub fn bind(path: &Path) -> io::Result<UnixListener> {
    if let Ok(found) = std::fs::symlink_metadata(path) {
        if !found.file_type().is_socket() {
            let what = "there is something that is no socket; move it away";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, what));
        }
        match UnixStream::connect(path) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                std::fs::remove_file(path)?;
            }
            Ok(_) => {
                let what = "another process listens there; stop it first";
                return Err(io::Error::new(io::ErrorKind::AddrInUse, what));
            }
            Err(error) => return Err(error),
        }
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(MODE))?;
    Ok(listener)
}

/// Serves until `shutdown` resolves; calls under way that change something go on to their end.
pub async fn serve<W: Send + Sync + 'static>(
    listener: Async<UnixListener>,
    manage: Arc<Manage<W>>,
    options: ServerOptions,
    executor: Arc<Executor<'static>>,
    shutdown: impl Future<Output = ()>,
) {
    let slots = Arc::new(Semaphore::new(options.connections_max.max(1)));
    let accepting = async {
        loop {
            let slot = slots.acquire_arc().await;
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    log::warn!("the management port's Unix socket cannot accept: {error}");
                    Timer::after(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let peer = match LocalPeer::of(stream.get_ref()) {
                Ok(peer) => peer,
                Err(error) => {
                    log::warn!("who connected to the Unix socket is not known: {error}");
                    continue;
                }
            };
            let (manage, spawning) = (Arc::clone(&manage), Arc::clone(&executor));
            let serving = async move {
                let _slot = slot;
                let service =
                    service_fn(|request| call(request, peer, &manage, options, &spawning));
                let served = http1::Builder::new()
                    .timer(SmolTimer::new())
                    .header_read_timeout(options.header_timeout)
                    .max_buf_size(super::server::HEAD_MAX)
                    .max_headers(super::server::HEADER_COUNT_MAX)
                    .serve_connection(FuturesIo::new(stream), service);
                if let Err(error) = served.await {
                    log::debug!("a connection of the Unix socket ended: {error}");
                }
            };
            executor.begin(serving).detach();
        }
    };
    shutdown.or(accepting).await;
}

async fn call<W: Send + Sync + 'static>(
    mut request: Request<Incoming>,
    peer: Option<LocalPeer>,
    manage: &Arc<Manage<W>>,
    options: ServerOptions,
    executor: &Executor<'static>,
) -> Result<http::Response<super::server::AnswerOut>, Infallible> {
    if let Some(peer) = peer {
        request.extensions_mut().insert(peer);
    }
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let request = request.map(|body| {
        let len = body.size_hint().exact();
        let source: ByteStream = Box::pin(data(body));
        Payload::new(source, len, options.body_idle, options.body_timeout)
    });
    let manage = Arc::clone(manage);
    let handled = async move { manage.handle(request).await };
    let answer = if changes {
        ToTheEnd(Some(executor.spawn(handled))).await
    } else {
        handled.await
    };
    Ok(respond(answer))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_what_nobody_listens_on_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(NAME);
        let first = bind(&path).unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, MODE);
        assert_eq!(bind(&path).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        drop(first);
        drop(bind(&path).unwrap());
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "mine").unwrap();
        assert_eq!(
            bind(&path).unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
        assert_eq!(std::fs::read(&path).unwrap(), b"mine");
    }

    #[test]
    fn the_kernel_says_who_is_at_the_other_end() {
        let (one, _other) = UnixStream::pair().unwrap();
        let own = rustix::process::geteuid().as_raw();
        assert_eq!(LocalPeer::of(&one).unwrap(), Some(LocalPeer(own)));
    }
}
