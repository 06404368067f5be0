//! Bodies and other bytes that come over time.

use crate::error::{Error, Result};
use crate::runtime::{self, ops::Op};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::pin::Pin;
use core::task::{Context, Poll};
use futures_core::Stream;

/// Bytes that come in chunks: a request's body, or a value of KV. Reading it is what lets the
/// host send more, so a slow reader slows the sender.
pub struct ByteStream(Source);

/// Where bytes come from.
pub(crate) enum Source {
    /// There are none.
    Empty,
    /// The body of this request.
    Request(u32),
    /// The streamed result of an operation.
    Op(Op),
    /// The same, while the operation's argument still goes out.
    Exchange(Box<crate::fetch::Exchange>),
    /// All of it at once.
    Whole(Vec<u8>),
    /// The Worker's own stream.
    Own(Pin<Box<dyn Stream<Item = Result<Vec<u8>>>>>),
}

impl Source {
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Vec<u8>>>> {
        match self {
            Self::Empty => Poll::Ready(None),
            Self::Request(id) => runtime::poll_body(*id, cx),
            Self::Op(op) => op.poll_next(cx),
            Self::Exchange(exchange) => exchange.poll_next(cx),
            Self::Whole(bytes) => {
                let bytes = core::mem::take(bytes);
                *self = Self::Empty;
                Poll::Ready(Some(Ok(bytes)))
            }
            Self::Own(stream) => stream.as_mut().poll_next(cx),
        }
    }
}

impl ByteStream {
    pub(crate) fn new(source: Source) -> Self {
        Self(source)
    }

    pub(crate) fn into_source(self) -> Source {
        self.0
    }

    /// The next chunk, or `None` at the end.
    pub async fn next(&mut self) -> Option<Result<Vec<u8>>> {
        core::future::poll_fn(|cx| self.0.poll_next(cx)).await
    }

    /// All that is left. `expected` bytes are made room for at once.
    pub(crate) async fn collect(mut self, expected: u64) -> Result<Vec<u8>> {
        // No more than a sender can make true with one chunk's worth of effort.
        const ROOM_MAX: u64 = 1 << 20;
        let mut all = Vec::new();
        while let Some(chunk) = self.next().await {
            let chunk = chunk?;
            if all.is_empty() && chunk.len() as u64 >= expected {
                all = chunk;
                continue;
            }
            if all.is_empty() {
                all.reserve_exact(expected.min(ROOM_MAX) as usize);
            }
            all.extend_from_slice(&chunk);
        }
        Ok(all)
    }

    /// All that is left.
    ///
    /// # Errors
    /// When the sender broke off.
    pub async fn bytes(self) -> Result<Vec<u8>> {
        self.collect(0).await
    }

    /// All that is left, as text.
    ///
    /// # Errors
    /// When the sender broke off, or the bytes are not UTF-8.
    pub async fn text(self) -> Result<String> {
        text(self.collect(0).await?)
    }
}

pub(crate) fn text(bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes)
        .map_err(|_| Error::named("TypeError", "the body is not UTF-8; read it with bytes()"))
}

impl Stream for ByteStream {
    type Item = Result<Vec<u8>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().0.poll_next(cx)
    }
}

impl core::fmt::Debug for ByteStream {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("ByteStream")
    }
}
