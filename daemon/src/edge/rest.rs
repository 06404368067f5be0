//! What is left of a body that nobody reads, on a connection that has one request at a time: it is read and
//! thrown away within bounds, so that the next request is found behind it.
//!
//! hyper alone would keep the connection if the body happens to have come when the answer is there, and
//! close it without a word if it comes a moment later.

use http::{HeaderMap, Version, header};
use http_body::Body as _;
use hyper::body::Incoming;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use super::handshake::has_token;
use async_io::Timer;

/// Bytes that are read for the sake of a connection; one that has more to come is closed.
pub const REST_MAX: u64 = 64 * 1024;

/// Whether what is left of a request's body is worth being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worth {
    /// The connection may go on behind it.
    Reading,
    /// Only if somebody has asked for it: the client waits for that.
    ReadingOnceAsked,
    /// The connection ends anyway.
    Nothing,
}

impl Worth {
    /// What a request says of it.
    pub fn of(version: Version, headers: &HeaderMap) -> Self {
        let goes_on = match version {
            Version::HTTP_11 => !has_token(headers, &header::CONNECTION, "close"),
            _ => has_token(headers, &header::CONNECTION, "keep-alive"),
        };
        match goes_on {
            true if headers.contains_key(header::EXPECT) => Self::ReadingOnceAsked,
            true => Self::Reading,
            false => Self::Nothing,
        }
    }

    /// The same when somebody has asked for the body.
    pub fn once_asked(self) -> Self {
        match self {
            Self::ReadingOnceAsked => Self::Reading,
            worth => worth,
        }
    }
}

/// The rest of a body.
pub struct Rest {
    body: Incoming,
    left: u64,
    timer: Option<Timer>,
}

impl Rest {
    /// Of this body, unless more of it is to come than is read.
    pub fn of(body: Incoming) -> Option<Self> {
        (body.size_hint().lower() <= REST_MAX).then_some(Self {
            body,
            left: REST_MAX,
            timer: None,
        })
    }

    /// Asks for it, whereby the connection's task is woken if it does not run, to go on with it.
    pub fn begin(&mut self) -> Poll<bool> {
        self.poll_read(&mut Context::from_waker(Waker::noop()))
    }

    /// Reads. Ready with true at its end; with false if it is too much, broken or, where it is waited for
    /// by then, too slow.
    pub fn poll(&mut self, cx: &mut Context<'_>, patience: Option<Duration>) -> Poll<bool> {
        if let Poll::Ready(is_whole) = self.poll_read(cx) {
            return Poll::Ready(is_whole);
        }
        let Some(patience) = patience else {
            return Poll::Pending;
        };
        let timer = self.timer.get_or_insert_with(|| Timer::after(patience));
        Pin::new(timer).poll(cx).map(|_| false)
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        loop {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                None => return Poll::Ready(true),
                Some(Err(_)) => return Poll::Ready(false),
                Some(Ok(frame)) => {
                    let bytes = frame.data_ref().map_or(0, |data| data.len() as u64);
                    match self.left.checked_sub(bytes) {
                        Some(left) => self.left = left,
                        None => return Poll::Ready(false),
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_left_is_read_for_a_connection_that_goes_on() {
        let check = |version, fields: &[(&'static str, &str)], expect| {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                headers.append(*name, value.parse().unwrap());
            }
            assert_eq!(
                Worth::of(version, &headers),
                expect,
                "{version:?} {fields:?}"
            );
        };
        check(Version::HTTP_11, &[], Worth::Reading);
        check(Version::HTTP_11, &[("connection", "x")], Worth::Reading);
        check(
            Version::HTTP_11,
            &[("connection", "x, Close")],
            Worth::Nothing,
        );
        let expects = [("expect", "100-continue")];
        check(Version::HTTP_11, &expects, Worth::ReadingOnceAsked);
        check(Version::HTTP_10, &[], Worth::Nothing);
        check(
            Version::HTTP_10,
            &[("connection", "keep-alive")],
            Worth::Reading,
        );
    }
}
