//! Bytes between a Worker and other servers, counted as they pass.

use super::fetch::Ask;
use crate::engine::caller::Caller;
use crate::engine::invocation::ByteStream;
use crate::engine::ops::OpFailure;
use crate::websocket::Line;
use futures_lite::{AsyncRead, AsyncWrite, StreamExt};
use http::HeaderMap;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Bytes of header fields, as HTTP/1.1 has them.
fn fields(headers: &HeaderMap) -> u64 {
    let each = headers.iter();
    let each = each.map(|(name, value)| name.as_str().len() + value.len() + 4);
    each.sum::<usize>() as u64
}

/// Counts the head of a request.
pub(super) fn asked(ask: &Ask, headers: &HeaderMap, caller: &Caller) -> Result<(), OpFailure> {
    let line = ask.method.as_str().len() + ask.url.target().len() + 12;
    caller.traffic().egress(line as u64 + fields(headers))
}

/// Counts the head of an answer.
pub(super) fn answered(headers: &HeaderMap, caller: &Caller) -> Result<(), OpFailure> {
    caller.traffic().egress(17 + fields(headers))
}

/// Counts the parts of a body. It breaks off where the limit is.
pub(super) fn counted(source: ByteStream, caller: &Caller) -> ByteStream {
    let caller = caller.clone();
    Box::pin(source.map(move |part| {
        let part = part?;
        let counted = caller.traffic().egress(part.len() as u64);
        counted.map(|()| part).map_err(io::Error::other)
    }))
}

/// Whether a body broke off because of what is counted here.
pub(super) fn is_limit(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<OpFailure>())
}

/// A connection whose bytes are counted.
pub(super) struct CountedLine<S> {
    pub line: S,
    pub caller: Caller,
}

impl<S> CountedLine<S> {
    fn count(&self, bytes: usize) -> io::Result<usize> {
        let counted = self.caller.traffic().egress(bytes as u64);
        counted.map(|()| bytes).map_err(io::Error::other)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for CountedLine<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let read = Pin::new(&mut self.line).poll_read(cx, into);
        read.map(|read| self.count(read?))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for CountedLine<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.line).poll_write(cx, from);
        written.map(|written| self.count(written?))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.line).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.line).poll_close(cx)
    }
}

impl<S: Line> Line for CountedLine<S> {
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.line.poll_end(cx)
    }
}
