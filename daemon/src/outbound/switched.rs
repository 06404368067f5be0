//! Connections that become something else than HTTP, because their server agrees.

use super::body::{ByteStream, SendBody};
use super::stream::Stream;
use super::tenant::{Owner, Place, Tenant};
use super::{Origin, Outbound, OutboundError, lost, within};
use bytes::Bytes;
use futures_lite::{AsyncRead, AsyncWrite};
use http::{Request, Response, StatusCode};
use parking_lot::Mutex;
use smol_hyper::rt::FuturesIo;
use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// A connection that is not HTTP any more. It keeps its place among all connections.
pub struct Switched {
    stream: Stream,
    /// What came already.
    pub came: Bytes,
    _place: Arc<Place>,
    _seat: Seat,
}

impl AsyncRead for Switched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Switched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}

/// Who has how many connections that are something else than HTTP: they last, so they may take but
/// a part of all places, and one Worker a part of that.
pub(super) struct Seats {
    max: usize,
    owner_max: usize,
    taken: Arc<Mutex<HashMap<Owner, usize>>>,
}

pub(super) struct Seat {
    taken: Arc<Mutex<HashMap<Owner, usize>>>,
    owner: Owner,
}

impl Seats {
    /// Half of all places, and an eighth for one Worker.
    pub fn new(connections_max: usize) -> Self {
        Self {
            max: (connections_max / 2).max(1),
            owner_max: (connections_max / 8).max(1),
            taken: Arc::default(),
        }
    }

    pub fn take(&self, owner: Owner) -> Result<Seat, OutboundError> {
        let mut taken = self.taken.lock();
        let own = taken.get(&owner).copied().unwrap_or_default();
        if own >= self.owner_max {
            return Err(OutboundError::Busy {
                limit: self.owner_max,
            });
        }
        if taken.values().sum::<usize>() >= self.max {
            return Err(OutboundError::Busy { limit: self.max });
        }
        taken.insert(owner, own + 1);
        Ok(Seat {
            taken: self.taken.clone(),
            owner,
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.taken.lock();
        if let Some(count) = taken.get_mut(&self.owner) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.owner);
            }
        }
    }
}

/// What a server says to the wish for another protocol.
pub enum Upgrade {
    /// It agrees.
    Switched(Response<()>, Switched),
    /// It answers instead.
    Answered(Response<ByteStream>),
}

impl Outbound {
    /// Sends a request that asks for another protocol, over a connection of its own.
    ///
    /// # Errors
    /// Every way in which there is no answer.
    pub async fn upgrade(
        &self,
        tenant: &Tenant,
        origin: &Origin,
        request: Request<SendBody>,
    ) -> Result<Upgrade, OutboundError> {
        let seat = self.0.seats.take(tenant.owner())?;
        let options = &self.0.options;
        let asked = self.generation();
        self.permits(tenant, origin)?;
        let place = within(options.head, "a place", self.place(tenant, origin)).await?;
        let connecting = self.connect(tenant, origin, &place, true);
        let mut sender = within(options.connect, "a connection", connecting).await??;
        let sending = sender.send_request(request);
        let mut answer = within(options.head, "the answer's head", sending)
            .await?
            .map_err(|error| lost(&error))?;
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            let answer = self.answer(tenant, origin, sender, answer, asked);
            return Ok(Upgrade::Answered(answer));
        }
        let switching = hyper::upgrade::on(&mut answer);
        let connection = within(options.head, "another protocol", switching)
            .await?
            .map_err(|error| lost(&error))?;
        let parts = connection
            .downcast::<FuturesIo<Stream>>()
            .map_err(|_| OutboundError::Lost("the connection is of another kind".to_owned()))?;
        let switched = Switched {
            stream: parts.io.into_inner(),
            came: parts.read_buf,
            _place: place,
            _seat: seat,
        };
        Ok(Upgrade::Switched(answer.map(drop), switched))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lasts_takes_but_a_part_of_the_places() {
        let seats = Seats::new(16);
        let take = |owner| seats.take(Owner(owner));
        let mut held: Vec<_> = [take(1), take(1)].into();
        assert!(matches!(take(1), Err(OutboundError::Busy { limit: 2 })));
        held.extend([take(2), take(2), take(3), take(3), take(4), take(4)]);
        assert!(held.iter().all(Result::is_ok));
        assert!(matches!(take(5), Err(OutboundError::Busy { limit: 8 })));
        held.pop();
        assert!(take(5).is_ok());
    }
}
