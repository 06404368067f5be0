//! What can be set about the data plane.

use crate::websocket::SocketOptions;
use http::HeaderValue;
use postern_abi::limits;
use std::sync::Arc;

/// Times that a request may leave the machine and come back (spec: SEMANTICS §1).
pub(super) const HOPS_MAX: u16 = 16;

/// Header fields of one request. hyper keeps this many on its stack; more would cost two
/// allocations a request.
pub(super) const FIELDS_MAX: usize = 100;

/// Limits and deadlines of the data plane. Every number is an upper bound.
#[derive(Clone, Debug)]
pub struct EdgeOptions {
    /// Connections that may be open at the same time; further ones get 503.
    pub connections_max: usize,
    /// Milliseconds that a connection may wait for its client before it has to give way to a new one of
    /// an address with as many connections.
    pub spare_ms: u32,
    /// Refused connections that are still being told so; further ones are just closed.
    pub refusals_max: usize,
    /// Bytes of a request's URL; beyond it 414 (spec: SEMANTICS §3).
    pub url_bytes_max: usize,
    /// Bytes of a request's header names and values; beyond it 431 (spec: SEMANTICS §3).
    pub header_bytes_max: usize,
    /// Bytes of a request's body; beyond it 413. A Worker's own limit may be lower.
    pub request_body_bytes_max: u64,
    /// Requests of one HTTP/2 connection that may be answered at the same time; those of all
    /// connections may be as many as `connections_max`.
    pub streams_max: u32,
    /// Requests of one HTTP/2 connection. Then a client is asked to make a new one, and so what was built
    /// up for this one goes.
    pub stream_requests_max: u32,
    /// Milliseconds that an HTTP/2 connection is used for new requests.
    pub streams_age_ms: u32,
    /// Milliseconds for a request's head, from its first byte (from the connection's start
    /// for the first request); beyond it 408.
    pub header_ms: u32,
    /// Milliseconds that a connection may stay open without a request.
    pub idle_ms: u32,
    /// Milliseconds that a request's body may go without a byte while the Worker waits.
    pub body_stall_ms: u32,
    /// Milliseconds from a request's head to its body's last byte.
    pub body_total_ms: u32,
    /// Milliseconds in which a client must take at least 4 KiB of a response.
    pub write_stall_ms: u32,
    /// Milliseconds that an answer may still take after the client has closed its side. Such
    /// a client has either sent all it wants to say or is gone; only time tells.
    pub half_close_ms: u32,
    /// Milliseconds that what a client still sends is read and thrown away after the last
    /// answer, so that the answer is not lost to a reset.
    pub linger_ms: u32,
    /// WebSockets that may be open at the same time; requests for further ones get 503.
    pub sockets_max: usize,
    /// What holds for each of them.
    pub socket: SocketOptions,
    /// Milliseconds that answers may still take once the daemon is asked to stop.
    pub drain_ms: u32,
    /// Seconds after which a refused client should come back.
    pub retry_after_s: u32,
    /// How clients reach this edge without TLS of its own, as Workers see it in the URL.
    pub scheme: Scheme,
    /// Whether plain requests are sent to HTTPS.
    pub redirects: bool,
    /// What browsers are told of HTTPS over HTTPS, if anything (RFC 6797).
    pub hsts: Option<HeaderValue>,
    /// What `request.cf` tells of the place: the fields of a JSON object, without its braces.
    pub place: Arc<str>,
    /// Whether clients may have `scheduled` handlers called, by paths that Workers never see.
    pub test_routes: bool,
    /// Whether answers of Workers tell where their time went.
    pub server_timing: bool,
}

/// A scheme of URLs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Plain HTTP.
    Http,
    /// HTTPS, ended here or by something in front of this listener.
    Https,
}

impl Scheme {
    /// As in a URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// The port that a URL leaves out.
    pub(super) fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl Default for EdgeOptions {
    fn default() -> Self {
        Self {
            connections_max: 1024,
            spare_ms: 1_000,
            refusals_max: 64,
            url_bytes_max: limits::URL_MAX,
            header_bytes_max: limits::HEADERS_MAX,
            request_body_bytes_max: 100 << 20,
            streams_max: 32,
            stream_requests_max: 10_000,
            streams_age_ms: 3_600_000,
            header_ms: 15_000,
            idle_ms: 60_000,
            body_stall_ms: 20_000,
            body_total_ms: 300_000,
            write_stall_ms: 30_000,
            half_close_ms: 5_000,
            linger_ms: 2_000,
            sockets_max: 512,
            socket: SocketOptions::default(),
            drain_ms: 20_000,
            retry_after_s: 1,
            scheme: Scheme::Http,
            redirects: false,
            hsts: None,
            place: "".into(),
            test_routes: false,
            server_timing: false,
        }
    }
}

impl EdgeOptions {
    /// Bytes that hyper may buffer in either direction: a head of the largest allowed size,
    /// with its punctuation, so that the edge and not hyper says what was too large.
    pub(super) fn buffer_bytes(&self) -> usize {
        let punctuation = FIELDS_MAX * 4 + 64;
        (self.url_bytes_max + self.header_bytes_max + punctuation).max(8 * 1024) + 4 * 1024
    }
}
