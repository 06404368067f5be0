//! A stream's way to a guest, no faster than the guest asks for it.

use super::super::credit::Credit;
use super::super::host::{Event, Host, OpState, Serial};
use super::super::invocation::ByteStream;
use super::super::ops::OpFailure;
use bytes::Bytes;
use futures_lite::StreamExt;
use postern_abi::{OpErrorCode, limits};

/// Sends a streamed result as the guest asks for it.
pub fn stream(host: &Host, op: Serial, source: ByteStream) -> OpState {
    let credit = Credit::default();
    let isolate = host.isolate.clone();
    let theirs = credit.clone();
    let task = host.executor.spawn(async move {
        let mut source = Source::from(source);
        loop {
            let event = match pull(&mut source, &theirs).await {
                Pulled::Chunk(bytes) => Event::OpChunk(op, bytes),
                Pulled::End => Event::OpEnd(op),
                Pulled::Broken(error) => Event::OpBroken(
                    op,
                    error.downcast::<OpFailure>().unwrap_or_else(|error| {
                        OpFailure::new(OpErrorCode::Internal, error.to_string())
                    }),
                ),
                Pulled::Closed => return,
            };
            let more = matches!(event, Event::OpChunk(..));
            match isolate.upgrade() {
                Some(isolate) => isolate.push(event),
                None => return,
            }
            if !more {
                return;
            }
        }
    });
    OpState::Streaming(credit, task)
}

/// What a stream gave.
pub enum Pulled {
    /// Some bytes, at most [`limits::CHUNK_MAX`].
    Chunk(Bytes),
    /// Its end.
    End,
    /// Why it broke off.
    Broken(std::io::Error),
    /// Nobody wants more.
    Closed,
}

/// A stream that is taken in pieces, however long those are that it comes in.
pub struct Source {
    stream: ByteStream,
    /// What came and was not taken.
    rest: Bytes,
}

impl From<ByteStream> for Source {
    fn from(stream: ByteStream) -> Self {
        Self {
            stream,
            rest: Bytes::new(),
        }
    }
}

/// Takes the next bytes of `source` that `credit` allows, keeping the rest for the next call.
pub async fn pull(source: &mut Source, credit: &Credit) -> Pulled {
    let Some(granted) = credit.take(limits::CHUNK_MAX as u64).await else {
        return Pulled::Closed;
    };
    while source.rest.is_empty() {
        match source.stream.next().await {
            None => return Pulled::End,
            Some(Err(error)) => return Pulled::Broken(error),
            Some(Ok(bytes)) => source.rest = bytes,
        }
    }
    let most = usize::try_from(granted).unwrap_or(usize::MAX);
    let bytes = source.rest.split_to(source.rest.len().min(most));
    credit.spare(granted - bytes.len() as u64);
    Pulled::Chunk(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use futures_lite::future::block_on;

    /// On a stack as small as one that runs tenants: each byte must not lie in a frame of its own.
    #[test]
    fn a_long_part_is_taken_byte_by_byte() {
        let length = 200_000;
        let part = Bytes::from(vec![7; length]);
        let parts = [Ok(part), Ok(Bytes::new()), Ok(Bytes::from_static(b"x"))];
        let stream: ByteStream = Box::pin(futures_lite::stream::iter(parts));
        let mut source = Source::from(stream);
        let credit = Credit::default();
        for _ in 0..=length {
            credit.give(1);
            match block_on(pull(&mut source, &credit)) {
                Pulled::Chunk(bytes) => assert_eq!(bytes.len(), 1),
                _ => panic!("it goes on"),
            }
            credit.arrived(1);
        }
        credit.give(10);
        assert!(matches!(block_on(pull(&mut source, &credit)), Pulled::End));
    }
}
