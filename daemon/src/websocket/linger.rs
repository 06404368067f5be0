//! The end of a connection, so that the peer reads what was said last.

use super::Line;
use async_io::Timer;
use futures_lite::future::yield_now;
use futures_lite::{AsyncReadExt, FutureExt};
use std::future::poll_fn;
use std::time::Duration;

/// Ends the answer and throws away what still comes. Closing a socket with unread bytes makes
/// the kernel send a reset, at which the client throws away an answer it has not read yet.
pub async fn linger(mut stream: impl Line, patience: Duration) {
    over(&mut stream, patience).await;
}

pub(super) async fn over(stream: &mut impl Line, patience: Duration) {
    let drain = async {
        if poll_fn(|cx| stream.poll_end(cx)).await.is_err() {
            return;
        }
        let mut buffer = [0; 2048];
        // One that sends as fast as it is read would be all that its thread does.
        while let Ok(1..) = stream.read(&mut buffer).await {
            yield_now().await;
        }
    };
    let patience = async {
        Timer::after(patience).await;
    };
    drain.or(patience).await;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use async_io::Async;
    use futures_lite::future::{self, block_on};
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn who_sends_without_end_has_no_more_than_its_turn() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        // There is more to be read than once.
        client.set_nonblocking(true).unwrap();
        while let Ok(1..) = client.write(&[0; 1 << 16]) {}
        let stream = Async::new(stream).unwrap();
        block_on(async {
            stream.readable().await.unwrap();
            let mut lingering = std::pin::pin!(linger(&stream, Duration::from_secs(600)));
            for _ in 0..3 {
                assert!(future::poll_once(&mut lingering).await.is_none());
                let mut left = [0; 1];
                assert_eq!(stream.get_ref().peek(&mut left).unwrap(), 1, "all was read");
            }
        });
    }
}
