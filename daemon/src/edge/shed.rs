//! Connections that are turned away, and the patience needed so that they hear why.

use super::answer::Answer;
use crate::engine::refusal::{Refusal, Stage};
use crate::websocket::linger;
use async_io::Async;
use http::StatusCode;
use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;

/// The answer to a connection beyond the cap.
pub fn refusal(connections_max: usize, retry_after_s: u32) -> Answer {
    let text = format!(
        "this machine is busy: {connections_max} connections are open; try again in {retry_after_s} s"
    );
    let max = connections_max as u64;
    let limit = Refusal {
        limit: "edge.connections",
        value: max,
        used: max.saturating_add(1),
        remedy: "try again later, or raise it",
        retry_after_s: Some(retry_after_s),
        is_shared: true,
    };
    Answer {
        retry_after_s: Some(retry_after_s),
        ..Answer::new(StatusCode::SERVICE_UNAVAILABLE, text).limited(Stage::Connection, limit)
    }
}

/// Says `refusal` and waits a little for the client to take it.
pub async fn refuse(stream: Async<TcpStream>, refusal: &[u8], patience: Duration) {
    // A fresh socket has room for it.
    if stream.get_ref().write(refusal).is_ok() {
        linger(&stream, patience).await;
    }
}
