//! Clients' connections: TCP, or TLS over it; and what proves who is at their ends.
//!
//! The edge and the management port read and write a [`Transport`], whatever is below. Sessions are rustls'
//! with ring. What is said over a connection others know.

#[cfg(feature = "edge-tls")]
mod acceptor;
#[cfg(feature = "acme")]
pub mod challenges;
#[cfg(feature = "edge-tls")]
pub mod device;
#[cfg(feature = "edge-tls")]
mod dialer;
#[cfg(feature = "edge-tls")]
mod fingerprint;
#[cfg(feature = "acme")]
pub mod issued;
#[cfg(feature = "edge-tls")]
mod session;
mod transport;

#[cfg(feature = "edge-tls")]
pub use acceptor::{Acceptor, Clients, Identity, TlsError, TlsOptions};
#[cfg(feature = "edge-tls")]
pub use dialer::{DialError, Dialer, Trust, wants_certificate};
#[cfg(feature = "edge-tls")]
pub use fingerprint::{Fingerprint, NoFingerprint};
pub use transport::{Held, Transport};
