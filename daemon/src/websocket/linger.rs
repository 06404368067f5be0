//! The end of a connection, so that the peer reads what was said last.

use async_io::{Async, Timer};
use futures_lite::{AsyncReadExt, FutureExt};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// Ends the answer and throws away what still comes. Closing a socket with unread bytes makes
/// the kernel send a reset, at which the client throws away an answer it has not read yet.
pub async fn linger(stream: &Async<TcpStream>, patience: Duration) {
    if stream.get_ref().shutdown(Shutdown::Write).is_err() {
        return;
    }
    let drain = async {
        let mut buffer = [0; 2048];
        let mut stream = stream;
        while let Ok(1..) = stream.read(&mut buffer).await {}
    };
    let patience = async {
        Timer::after(patience).await;
    };
    drain.or(patience).await;
}
