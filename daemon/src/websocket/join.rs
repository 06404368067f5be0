//! Two Workers' ends of a WebSocket, one at each side: what one sends the other gets.

use super::Fault;
use crate::engine::ops::OpFailure;
use crate::engine::socket::{Socket, disconnected};
use bytes::Bytes;
use postern_abi::socket::{CLOSE, FIN};
use std::future::poll_fn;
use std::task::{Context, Poll};

/// How it ended.
enum End {
    Closed,
    /// One of them is gone.
    Gone,
    Fault(Fault),
}

/// One direction.
#[derive(Default)]
struct Way {
    /// What waits for the other to have room.
    held: Option<Bytes>,
    closed: bool,
    /// Bytes of the message that is on its way.
    message: u64,
}

impl Way {
    /// Carries what there is. Ready when nothing is left to carry on both ways, or with why not.
    fn poll(&mut self, from: &Socket, to: &Socket, cx: &mut Context<'_>) -> Poll<End> {
        while !self.closed {
            if self.held.is_none() {
                match from.poll_part(cx) {
                    Poll::Ready(Some(part)) => self.held = Some(part),
                    Poll::Ready(None) => return Poll::Ready(End::Gone),
                    Poll::Pending => return Poll::Pending,
                }
            }
            let first = self.held.as_ref().and_then(|part| part.first().copied());
            let Some(first) = first else {
                self.held = None;
                continue;
            };
            let is_close = first & 0x0f == CLOSE;
            // A close comes whether or not it was asked for.
            if !is_close && to.poll_room(cx).is_pending() {
                return Poll::Pending;
            }
            let Some(part) = self.held.take() else {
                continue;
            };
            self.message += part.len() as u64 - 1;
            let max = to.message_bytes_max();
            if !is_close && self.message > max {
                return Poll::Ready(End::Fault(Fault::too_large(self.message, max)));
            }
            if first & FIN != 0 {
                self.message = 0;
            }
            self.closed = is_close;
            to.send(part);
        }
        Poll::Ready(End::Closed)
    }
}

/// Carries messages between two ends until both have closed. If one Worker's invocation fails, the
/// other is told what `why` says of that end.
pub async fn join(one: Socket, other: Socket, why: fn(&Socket) -> Option<OpFailure>) {
    one.opened();
    let (mut there, mut back) = (Way::default(), Way::default());
    let end = poll_fn(|cx| {
        let ways = [there.poll(&one, &other, cx), back.poll(&other, &one, cx)];
        let mut closed = 0;
        for way in ways {
            match way {
                Poll::Ready(End::Closed) => closed += 1,
                Poll::Ready(end) => return Poll::Ready(end),
                Poll::Pending => {}
            }
        }
        if closed == 2 {
            return Poll::Ready(End::Closed);
        }
        if one.poll_retired(cx).is_ready() || other.poll_retired(cx).is_ready() {
            return Poll::Ready(End::Gone);
        }
        Poll::Pending
    })
    .await;
    let how = match end {
        End::Closed => Ok(()),
        End::Gone => {
            let failure = why(&one).or_else(|| why(&other));
            Err(failure.unwrap_or_else(disconnected))
        }
        End::Fault(fault) => Err(fault.failure()),
    };
    one.end(how.clone());
    other.end(how);
}
