//! A request's body on its way to the guest, no faster than the guest asks for it.

use super::host::Event;
use super::imports::{self, Pulled, Source};
use super::invocation::{ByteStream, RequestBody};
use super::isolate::Isolate;
use super::limits::Failure;
use super::underway::Invocation;
use async_executor::Executor;
use std::sync::{Arc, Weak};

/// Lets `bytes` more of a request's body come, and starts reading it at the first call.
pub fn read_body(
    invocation: &mut Invocation,
    bytes: u64,
    limit: u64,
    isolate: Weak<Isolate>,
    executor: &Arc<Executor<'static>>,
) {
    if matches!(invocation.body, RequestBody::Empty) && invocation.body_task.is_none() {
        return;
    }
    invocation.body_wanted = invocation.body_wanted.saturating_add(bytes);
    invocation.body_credit.give(bytes);
    if invocation.body_task.is_some() {
        return;
    }
    let placeholder = RequestBody::Stream {
        len: None,
        source: Box::pin(futures_lite::stream::empty()),
    };
    let source: ByteStream = match std::mem::replace(&mut invocation.body, placeholder) {
        RequestBody::Empty => return,
        RequestBody::Whole(bytes) => Box::pin(futures_lite::stream::once(Ok(bytes))),
        RequestBody::Stream { source, .. } => source,
    };
    let mut source = Source::from(source);
    let (id, credit, exchange) = (
        invocation.id,
        invocation.body_credit.clone(),
        invocation.exchange.clone(),
    );
    invocation.body_task = Some(executor.spawn(async move {
        let mut total = 0u64;
        loop {
            let event = match imports::pull(&mut source, &credit).await {
                Pulled::Chunk(bytes) => {
                    total += bytes.len() as u64;
                    if total > limit {
                        let failure = Failure::RequestBody { limit, used: total };
                        let why = failure.to_string();
                        // The client is told of the limit even if the guest swallows the error.
                        exchange.answer(Err(failure));
                        Event::BodyBroken(id, why)
                    } else {
                        Event::BodyChunk(id, bytes)
                    }
                }
                Pulled::End => Event::BodyEnd(id),
                Pulled::Broken(why) => Event::BodyBroken(id, why.to_string()),
                Pulled::Closed => return,
            };
            let more = matches!(event, Event::BodyChunk(..));
            match isolate.upgrade() {
                Some(isolate) => isolate.push(event),
                None => return,
            }
            if !more {
                return;
            }
        }
    }));
}
