//! Connections that become something else than HTTP, because their server agrees.

use super::body::{ByteStream, SendBody};
use super::{Origin, Outbound, OutboundError, Owner, within};
use async_io::Async;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use parking_lot::Mutex;
use smol::lock::SemaphoreGuardArc;
use smol_hyper::rt::FuturesIo;
use std::collections::HashMap;
use std::net::TcpStream;
use std::sync::Arc;

/// A connection that is not HTTP any more. It keeps its place among all connections.
pub struct Switched {
    /// What is sent and comes.
    pub stream: Async<TcpStream>,
    /// What came already.
    pub came: Bytes,
    _place: Arc<SemaphoreGuardArc>,
    _seat: Seat,
}

/// Who has how many connections that are something else than HTTP: they last, so they may take but
/// a part of all places, and one Worker a part of that.
pub(super) struct Seats {
    max: usize,
    owner_max: usize,
    taken: Arc<Mutex<HashMap<Owner, usize>>>,
}

struct Seat {
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

    fn take(&self, owner: Owner) -> Result<Seat, OutboundError> {
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
        owner: Owner,
        origin: &Origin,
        request: Request<SendBody>,
    ) -> Result<Upgrade, OutboundError> {
        let seat = self.0.seats.take(owner)?;
        let options = &self.0.options;
        let connecting = self.connect(origin, true);
        let (mut sender, place) = within(options.connect, "a connection", connecting).await??;
        let sending = sender.send_request(request);
        let lost = |error: hyper::Error| OutboundError::Lost(error.to_string());
        let mut answer = within(options.head, "the answer's head", sending)
            .await?
            .map_err(lost)?;
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            let answer = self.answer(owner, origin, sender, answer);
            return Ok(Upgrade::Answered(answer));
        }
        let switching = hyper::upgrade::on(&mut answer);
        let connection = within(options.head, "another protocol", switching)
            .await?
            .map_err(lost)?;
        let parts = connection
            .downcast::<FuturesIo<Async<TcpStream>>>()
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
