//! The end of a connection, so that the peer reads what was said last.

use super::Line;
use async_io::Timer;
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
        while let Ok(1..) = stream.read(&mut buffer).await {}
    };
    let patience = async {
        Timer::after(patience).await;
    };
    drain.or(patience).await;
}
