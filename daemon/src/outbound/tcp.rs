//! Connections that were never HTTP: bytes to a server and back, with TLS at any time.

use super::stream::Stream;
use super::switched::Seat;
use super::tenant::{Place, Tenant};
use super::{Origin, Outbound, OutboundError, dial, within};
use async_io::Timer;
use futures_lite::{AsyncRead, AsyncReadExt, AsyncWrite, FutureExt};
use rustix::net::sockopt;
use std::future::poll_fn;
use std::io;
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// A peer that says nothing for so long is asked whether it is there; after as many
/// [`KEEPALIVE_TRIES`] without an answer the connection is gone.
const KEEPALIVE: Duration = Duration::from_secs(60);
const KEEPALIVE_TRIES: u32 = 4;
/// How long what still comes is thrown away after the end, so that the peer reads what was said
/// last.
const LINGER: Duration = Duration::from_secs(2);

/// A connection. It keeps its place among all connections, and its seat among those that last.
pub struct Tcp {
    /// `None` once a handshake has failed.
    stream: Option<Stream>,
    outbound: Outbound,
    origin: Origin,
    _place: Arc<Place>,
    _seat: Seat,
}

impl Outbound {
    /// Connects to a server. One that is not of TLS may be `sealable`, and become one.
    ///
    /// # Errors
    /// Every way in which there is no connection.
    pub async fn tcp(
        &self,
        tenant: &Tenant,
        origin: &Origin,
        sealable: bool,
    ) -> Result<Tcp, OutboundError> {
        let inner = &self.0;
        let options = &inner.options;
        let seat = inner.seats.take(tenant.owner())?;
        self.permits(tenant, origin)?;
        let placed = Origin {
            is_tls: origin.is_tls || sealable,
            ..origin.clone()
        };
        let place = within(options.head, "a place", self.place(tenant, &placed)).await?;
        let connecting = async {
            let mut failed = None;
            for address in self.addresses(tenant, origin).await? {
                match dial(address).await {
                    Ok(stream) => {
                        keep_alive(&stream);
                        return match origin.is_tls {
                            true => inner.tls.open_bare(origin, &origin.host, stream).await,
                            false => Ok(Stream::Plain(stream)),
                        };
                    }
                    Err(error) => failed = Some(error),
                }
            }
            let why = failed.map_or_else(|| "no address".to_owned(), |error| error.to_string());
            Err(OutboundError::Lost(why))
        };
        let stream = within(options.connect, "a connection", connecting).await??;
        Ok(Tcp {
            stream: Some(stream),
            outbound: self.clone(),
            origin: origin.clone(),
            _place: place,
            _seat: seat,
        })
    }
}

impl Tcp {
    /// Seals what is said from now on. `name` is what the server must prove to be, if that is not
    /// the one that was connected to.
    ///
    /// # Errors
    /// When there is TLS already, or the server does not prove it.
    pub async fn start_tls(&mut self, name: Option<&str>) -> Result<(), OutboundError> {
        let Some(Stream::Plain(stream)) = self.stream.take() else {
            return Err(OutboundError::Tls(
                "the connection is one of TLS already".to_owned(),
            ));
        };
        let inner = &self.outbound.0;
        let name = name.unwrap_or(&self.origin.host);
        let opening = inner.tls.open_bare(&self.origin, name, stream);
        let open = within(inner.options.connect, "a handshake", opening).await??;
        self.stream = Some(open);
        Ok(())
    }

    /// How long a peer may take no more of what is sent to it.
    pub fn stall(&self) -> Duration {
        self.outbound.0.options.stall
    }

    /// Says that nothing more is sent; the other direction may go on.
    pub fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Some(Stream::Plain(stream)) => Poll::Ready(stream.get_ref().shutdown(Shutdown::Write)),
            Some(stream) => Pin::new(stream).poll_close(cx),
            None => Poll::Ready(Ok(())),
        }
    }

    /// Lets the peer read what was said last. Closing a socket with unread bytes makes the kernel
    /// send a reset, at which the peer throws away what it has not read yet.
    pub async fn linger(mut self) {
        let over = async {
            if poll_fn(|cx| self.poll_end(cx)).await.is_err() {
                return;
            }
            let mut buffer = [0; 2048];
            while let Ok(1..) = self.read(&mut buffer).await {}
        };
        let late = async {
            Timer::after(LINGER).await;
        };
        over.or(late).await;
    }
}

/// Has the system find out about peers that went away without a word. What it refuses is no reason
/// to do without the connection.
fn keep_alive(stream: &async_io::Async<std::net::TcpStream>) {
    let _ = sockopt::set_socket_keepalive(stream, true);
    let _ = sockopt::set_tcp_keepidle(stream, KEEPALIVE);
    let _ = sockopt::set_tcp_keepintvl(stream, KEEPALIVE / KEEPALIVE_TRIES);
    let _ = sockopt::set_tcp_keepcnt(stream, KEEPALIVE_TRIES);
}

fn gone<T>() -> Poll<io::Result<T>> {
    Poll::Ready(Err(io::ErrorKind::NotConnected.into()))
}

impl AsyncRead for Tcp {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Some(stream) => Pin::new(stream).poll_read(cx, buf),
            None => gone(),
        }
    }
}

impl AsyncWrite for Tcp {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Some(stream) => Pin::new(stream).poll_write(cx, buf),
            None => gone(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Some(stream) => Pin::new(stream).poll_flush(cx),
            None => gone(),
        }
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_end(cx)
    }
}
