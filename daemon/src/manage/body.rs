//! Bodies of calls on their way in, with bounds on size and time, and files on their way out.

use super::envelope::{Refusal, code};
use async_io::Timer;
use bytes::Bytes;
use futures_lite::{AsyncReadExt, FutureExt, StreamExt, stream};
use http::StatusCode;
use std::fs::File;
use std::io;
use std::time::{Duration, Instant};

pub use crate::engine::invocation::ByteStream;

/// The body of a call.
pub struct Payload {
    source: ByteStream,
    /// What the client said that its length is, in bytes.
    pub len: Option<u64>,
    idle: Duration,
    deadline: Instant,
}

impl Payload {
    /// A body that comes over time: each part within `idle`, all of it within `total`.
    pub fn new(source: ByteStream, len: Option<u64>, idle: Duration, total: Duration) -> Self {
        Self {
            source,
            len,
            idle,
            deadline: Instant::now() + total,
        }
    }

    /// A body that is there already.
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let len = bytes.len() as u64;
        let day = Duration::from_secs(86_400);
        Self::new(Box::pin(stream::once(Ok(bytes))), Some(len), day, day)
    }

    /// The same, which may take so long in all from now on.
    pub fn within(mut self, total: Duration) -> Self {
        self.deadline = Instant::now() + total;
        self
    }

    /// The next part; `None` at the end.
    pub async fn next(&mut self) -> Option<io::Result<Bytes>> {
        let patience = self
            .idle
            .min(self.deadline.saturating_duration_since(Instant::now()));
        let late = async {
            Timer::after(patience).await;
            Some(Err(io::ErrorKind::TimedOut.into()))
        };
        self.source.next().or(late).await
    }

    /// All of it, if that is at most `limit` bytes.
    pub async fn collect(mut self, what: &str, limit: u64) -> Result<Bytes, Refusal> {
        if self.len.is_some_and(|len| len > limit) {
            return Err(Refusal::too_large(what, limit));
        }
        let Some(first) = self.next().await else {
            return Ok(Bytes::new());
        };
        let first = first.map_err(broken_off)?;
        let Some(second) = self.next().await else {
            // One part needs no copy.
            return match first.len() as u64 {
                len if len > limit => Err(Refusal::too_large(what, limit)),
                _ => Ok(first),
            };
        };
        let mut all = Vec::from(first);
        let mut next = Some(second);
        while let Some(part) = next {
            let part = part.map_err(broken_off)?;
            if (all.len() + part.len()) as u64 > limit {
                return Err(Refusal::too_large(what, limit));
            }
            all.extend_from_slice(&part);
            next = self.next().await;
        }
        if all.len() as u64 > limit {
            return Err(Refusal::too_large(what, limit));
        }
        Ok(all.into())
    }

    /// As a stream, for a parser.
    pub fn into_stream(self) -> ByteStream {
        let parts = stream::unfold(self, |mut payload| async move {
            payload.next().await.map(|part| (part, payload))
        });
        // Who reads to the end may look once more.
        Box::pin(parts.fuse())
    }
}

/// The refusal for a body that did not arrive whole.
pub fn broken_off(error: io::Error) -> Refusal {
    let mut refusal = if error.kind() == io::ErrorKind::TimedOut {
        Refusal::new(
            StatusCode::REQUEST_TIMEOUT,
            code::BODY,
            "the body came too slowly; send it again over a better link or in smaller parts",
        )
    } else {
        Refusal::bad(code::BODY, format!("the body broke off: {error}"))
    };
    refusal.close = true;
    refusal
}

/// A file's first `len` bytes, read as fast as they are taken.
pub fn file(file: File, len: u64) -> ByteStream {
    const PART: usize = 64 * 1024;
    let source = smol::Unblock::with_capacity(PART, file);
    Box::pin(stream::try_unfold(
        (source, len),
        |(mut source, left)| async move {
            if left == 0 {
                return Ok(None);
            }
            let want = usize::try_from(left).map_or(PART, |left| left.min(PART));
            let mut part = vec![0; want];
            let read = source.read(&mut part).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            part.truncate(read);
            Ok(Some((Bytes::from(part), (source, left - read as u64))))
        },
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use futures_lite::future::block_on;

    fn parts(parts: &[&'static str]) -> Payload {
        let parts: Vec<_> = parts.iter().map(|part| Ok(Bytes::from(*part))).collect();
        let long = Duration::from_secs(1000);
        Payload::new(Box::pin(stream::iter(parts)), None, long, long)
    }

    #[test]
    fn a_body_is_collected_up_to_the_limit() {
        let collect = |list: &[&'static str], limit| {
            block_on(parts(list).collect("the body", limit)).map_err(|error| error.status.as_u16())
        };
        assert_eq!(collect(&[], 0).unwrap(), "");
        assert_eq!(collect(&["abc"], 3).unwrap(), "abc");
        assert_eq!(collect(&["ab", "c"], 3).unwrap(), "abc");
        assert_eq!(collect(&["abc"], 2), Err(413));
        assert_eq!(collect(&["ab", "c"], 2), Err(413));
        assert_eq!(collect(&["abc", ""], 2), Err(413));
    }

    #[test]
    fn a_body_that_does_not_come_is_given_up() {
        let never: ByteStream = Box::pin(stream::pending());
        let none = Duration::ZERO;
        let refusal = block_on(Payload::new(never, None, none, none).collect("the body", 9));
        assert_eq!(refusal.unwrap_err().status, 408);
    }

    #[test]
    fn a_file_is_streamed_whole_and_a_short_one_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, vec![7; 100_000]).unwrap();
        let read = |len| {
            let mut parts = file(File::open(&path).unwrap(), len);
            block_on(parts.try_fold(0, |sum, part| Ok::<_, io::Error>(sum + part.len())))
        };
        assert_eq!(read(100_000).unwrap(), 100_000);
        assert_eq!(read(10).unwrap(), 10);
        assert!(read(100_001).is_err());
    }
}
