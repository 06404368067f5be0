//! TCP connections to servers: what a guest asks for, and what goes over them.
//!
//! A connection is like a [WebSocket](crate::socket) whose messages are of one part each: bytes in
//! parts of the kind [`BINARY`](crate::socket::BINARY), an end in each direction as
//! [`CLOSE`](crate::socket::CLOSE), which says nothing, and [`START_TLS`].

use serde::{Deserialize, Serialize};

/// Argument of [`OpKind::TcpConnect`](crate::OpKind::TcpConnect).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TcpConnect<'a> {
    /// A name or an address; an IPv6 address without brackets.
    pub host: &'a str,
    /// The port.
    pub port: u16,
    /// Whether and when what is said is sealed.
    pub security: Security,
}

/// Whether and when what goes over a connection is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Security {
    /// It is not.
    Off,
    /// By TLS, from the beginning.
    On,
    /// By TLS, once the guest asks for it.
    StartTls,
}

/// The kind of a part by which a guest has what follows sealed by TLS. Its bytes are the name that
/// the server has to prove, or nothing for that which was connected to. The host answers with an
/// empty one when the server has proven it.
pub const START_TLS: u8 = 3;

/// Bytes of a host's name, or of that which a server has to prove.
pub const HOST_MAX: usize = 255;
