//! Connections that become something else than HTTP, because their server agrees.

use super::body::{ByteStream, SendBody};
use super::{Origin, Outbound, OutboundError, Owner, within};
use async_io::Async;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use smol::lock::SemaphoreGuardArc;
use smol_hyper::rt::FuturesIo;
use std::net::TcpStream;
use std::sync::Arc;

/// A connection that is not HTTP any more. It keeps its place among all connections.
pub struct Switched {
    /// What is sent and comes.
    pub stream: Async<TcpStream>,
    /// What came already.
    pub came: Bytes,
    _place: Arc<SemaphoreGuardArc>,
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
        };
        Ok(Upgrade::Switched(answer.map(drop), switched))
    }
}
