//! A WebSocket of this daemon's own that only tells: texts go out, and of what comes in pings and the
//! close are answered and the rest is let go.

use super::Side;
use super::frame::{self, CONTROL_MAX, HEAD_MAX, Head, PING, PONG};
use async_io::Timer;
use futures_lite::future::or;
use futures_lite::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, Stream, StreamExt};
use postern_abi::socket::{CLOSE, FIN, TEXT};
use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::Duration;

/// Bytes read at once.
const BUFFER: usize = 4 * 1024;
/// Bytes of a message from the client, which nobody reads.
const MESSAGE_MAX: u64 = 64 * 1024;
/// How often the client is asked for a sign of life; silent twice, it is gone.
const PING_EVERY: Duration = Duration::from_secs(30);
/// How long it may take to take a message.
const WRITE_STALL: Duration = Duration::from_secs(30);

enum Wake {
    Read(io::Result<usize>),
    Text(Option<String>),
    Ping,
    Stop,
}

/// Sends `texts` until they end, the client closes or goes, or `stop` is ready. `came` are bytes that
/// the client sent behind its request. The client's frames may lack a mask: there is one that
/// begins so.
pub async fn feed<S, T, F>(stream: S, came: &[u8], texts: T, stop: F)
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
    T: Stream<Item = String> + Send,
    F: Future<Output = ()> + Send,
{
    let (mut reader, mut writer) = futures_lite::io::split(stream);
    let (mut texts, mut stop) = (pin!(texts), pin!(stop));
    let mut inbox = Inbox::default();
    inbox.bytes.extend_from_slice(came);
    let mut buffer = vec![0; BUFFER];
    let mut timer = Timer::after(PING_EVERY);
    let mut silent = false;
    loop {
        match inbox.answer() {
            Ok(answer) if answer.is_empty() => {}
            Ok(answer) => {
                let closes = inbox.closed;
                if write(&mut writer, &answer).await.is_err() || closes {
                    return;
                }
            }
            Err(()) => {
                let refused = control(
                    FIN | CLOSE,
                    &frame::closing(1002, "this is no WebSocket frame"),
                );
                let _ = write(&mut writer, &refused).await;
                return;
            }
        }
        let read = async { Wake::Read(reader.read(&mut buffer).await) };
        let text = async { Wake::Text(texts.next().await) };
        let ping = async {
            (&mut timer).await;
            Wake::Ping
        };
        let stopped = async {
            stop.as_mut().await;
            Wake::Stop
        };
        let out = match or(or(stopped, read), or(ping, text)).await {
            Wake::Read(Ok(0) | Err(_)) => return,
            Wake::Read(Ok(len)) => {
                inbox.bytes.extend_from_slice(&buffer[..len]);
                silent = false;
                continue;
            }
            Wake::Ping if silent => return,
            Wake::Ping => {
                silent = true;
                timer.set_after(PING_EVERY);
                control(FIN | PING, &[])
            }
            Wake::Text(Some(text)) => {
                let mut out = Vec::with_capacity(text.len() + HEAD_MAX);
                frame::write(&mut out, Side::Server, FIN | TEXT, text.as_bytes());
                out
            }
            Wake::Text(None) => control(FIN | CLOSE, &frame::closing(1000, "")),
            Wake::Stop => control(
                FIN | CLOSE,
                &frame::closing(1001, "the server is going away"),
            ),
        };
        let closes = out.first() == Some(&(FIN | CLOSE));
        if write(&mut writer, &out).await.is_err() || closes {
            return;
        }
    }
}

fn control(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + HEAD_MAX);
    frame::write(&mut out, Side::Server, first, payload);
    out
}

async fn write(writer: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    let written = async {
        writer.write_all(bytes).await?;
        writer.flush().await
    };
    let stalled = async {
        Timer::after(WRITE_STALL).await;
        Err(io::ErrorKind::TimedOut.into())
    };
    or(written, stalled).await
}

/// What came from the client and is not looked at yet.
#[derive(Default)]
struct Inbox {
    bytes: Vec<u8>,
    /// Bytes of a message's payload that are still to come, and to be let go.
    skip: u64,
    within: bool,
    closed: bool,
}

impl Inbox {
    /// Takes out all whole frames; the frames to answer with.
    fn answer(&mut self) -> Result<Vec<u8>, ()> {
        let mut out = Vec::new();
        loop {
            let skipped = usize::try_from(self.skip)
                .map_or(self.bytes.len(), |skip| skip.min(self.bytes.len()));
            self.bytes.drain(..skipped);
            self.skip -= skipped as u64;
            if self.skip > 0 || self.closed {
                return Ok(out);
            }
            // Heads without a mask are read on this side alone, those with one on both.
            let Some((head, at)) =
                Head::read(&self.bytes, self.within, Side::Client).map_err(|_| ())?
            else {
                return Ok(out);
            };
            if head.opcode < CLOSE {
                if head.len > MESSAGE_MAX {
                    return Err(());
                }
                self.within = !head.fin;
                self.bytes.drain(..at);
                self.skip = head.len;
                continue;
            }
            // A control frame has so many at most; `read` saw to it.
            let len = (head.len as usize).min(CONTROL_MAX);
            let Some(payload) = self.bytes.get_mut(at..at + len) else {
                return Ok(out);
            };
            frame::unmask(payload, head.mask, 0);
            let payload = payload.to_vec();
            self.bytes.drain(..at + len);
            match head.opcode {
                PING => out.extend(control(FIN | PONG, &payload)),
                PONG => {}
                _ => {
                    frame::check_close(&payload).map_err(|_| ())?;
                    let code = payload.get(..2).unwrap_or_default();
                    out.extend(control(FIN | CLOSE, code));
                    self.closed = true;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        frame::write(&mut out, Side::Client, first, payload);
        out
    }

    #[test]
    fn frames_with_and_without_a_mask_are_read() {
        let mut inbox = Inbox::default();
        let mut came = control(FIN | TEXT, b"{\"debug\":false}");
        came.extend(masked(FIN | PING, b"wrangler tail ping"));
        came.extend(masked(FIN | TEXT, &[b'x'; 300]));
        came.extend(masked(FIN | CLOSE, &frame::closing(1000, "bye")));
        let mut answers = Vec::new();
        // In crumbs: nothing is answered twice, or before it is whole.
        for byte in came {
            inbox.bytes.push(byte);
            answers.extend(inbox.answer().unwrap());
        }
        let mut expect = control(FIN | PONG, b"wrangler tail ping");
        expect.extend(control(FIN | CLOSE, &1000u16.to_be_bytes()));
        assert_eq!(answers, expect);
        assert!(inbox.closed && inbox.bytes.is_empty());
    }

    #[test]
    fn what_is_no_frame_ends_it() {
        for wrong in [
            vec![0x7f, 0],
            vec![FIN | 3, 0],
            control(FIN | CLOSE, &[1]),
            vec![FIN | TEXT, 127, 0, 0, 0, 0, 1, 0, 0, 0],
        ] {
            let mut inbox = Inbox {
                bytes: wrong.clone(),
                ..Inbox::default()
            };
            assert!(inbox.answer().is_err(), "{wrong:?}");
        }
    }
}
