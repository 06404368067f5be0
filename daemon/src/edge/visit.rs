//! A request of the daemon to itself, by which it sees that clients would be served: over a socket,
//! accepted, parsed, routed and answered as theirs are.
//!
//! It blocks the thread that asks, and uses nothing that those it asks may hold: neither reactor nor timers.
//!
//! Only the cap on connections does not hold for it, or clients that fill it would make a daemon that
//! is busy look like one that hangs.

use super::server::Edge;
use super::worker::Routes;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with};
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Bytes of an answer that are read; that of the daemon's own Worker is shorter.
const ANSWER_MAX: usize = 4096;
/// How the answer begins.
const EXPECTED: &[u8] = b"HTTP/1.1 204 ";

/// Why a visit was in vain.
#[derive(Debug, thiserror::Error)]
pub enum VisitError {
    /// The connection was not made, or broke.
    #[error("{address}: {error}")]
    Connection {
        /// Where to.
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
    /// Nobody answered in time.
    #[error("{address} did not answer in time")]
    Late {
        /// Where to.
        address: SocketAddr,
    },
    /// Somebody else answered, or the edge itself.
    #[error("{address} answered `{line}` instead of 204")]
    Answer {
        /// Where to.
        address: SocketAddr,
        /// The first line of what came.
        line: String,
    },
}

/// Asks the edge that listens on `listening` for what is at `host`, and expects 204 before `deadline`.
///
/// # Errors
/// What came instead.
pub fn visit<R: Routes>(
    edge: &Arc<Edge<R>>,
    listening: SocketAddr,
    host: &str,
    deadline: Instant,
) -> Result<(), VisitError> {
    let address = reachable(listening);
    let failed = |error: io::Error| match error.kind() {
        // What a socket's timeout is called.
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => VisitError::Late { address },
        _ => VisitError::Connection { address, error },
    };
    let _visitor = Visitor(edge);
    let answer = ask(edge, address, host, deadline).map_err(failed)?;
    if answer.starts_with(EXPECTED) {
        return Ok(());
    }
    let line = answer.split(|byte| *byte == b'\r').next();
    let line = line.unwrap_or_default();
    let line = String::from_utf8_lossy(&line[..line.len().min(100)]).into_owned();
    Err(VisitError::Answer { address, line })
}

/// Nobody is expected any more.
struct Visitor<'a, R: Routes>(&'a Edge<R>);

impl<R: Routes> Drop for Visitor<'_, R> {
    fn drop(&mut self) {
        self.0.expect(None);
    }
}

fn ask<R: Routes>(
    edge: &Edge<R>,
    to: SocketAddr,
    host: &str,
    deadline: Instant,
) -> io::Result<Vec<u8>> {
    let family = match to {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let socket = socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    // The address must be known before the other side sees it.
    bind(&socket, &SocketAddr::new(to.ip(), 0))?;
    // It bounds connecting, too.
    set_socket_timeout(&socket, Timeout::Send, Some(left(deadline)?))?;
    let mut stream = TcpStream::from(socket);
    edge.expect(Some(stream.local_addr()?));
    connect(&stream, &to)?;
    let request = format!("GET / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    let mut part = [0; 512];
    while answer.len() < ANSWER_MAX {
        set_socket_timeout(&stream, Timeout::Recv, Some(left(deadline)?))?;
        match stream.read(&mut part)? {
            0 => break,
            len => answer.extend_from_slice(&part[..len]),
        }
    }
    Ok(answer)
}

fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left < Duration::from_millis(1) {
        return Err(io::ErrorKind::TimedOut.into());
    }
    Ok(left)
}

/// How what listens there is reached from this machine: what listens everywhere, over loopback.
fn reachable(listening: SocketAddr) -> SocketAddr {
    let ip = match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listening.port())
}
