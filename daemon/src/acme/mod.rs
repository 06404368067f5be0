//! Certificates by ACME (RFC 8555): an account, orders, challenges, and when the next one is due.
//!
//! The protocol is instant-acme's, over the daemon's own way out. What proves that names lead here, and whether what comes is
//! what was asked for, the room `tls` knows; who is served by it others do.
//!
//! # Implementation
//!
//! An authority is believed no further than it must: its server is the one that the configuration names and no other,
//! redirects are not followed, and every answer, every order and all of it together have bounds. What it issues replaces a
//! certificate only after it was held against what was asked for.

mod account;
mod carrier;
mod keeper;
mod order;
#[cfg(test)]
mod tests;

pub use carrier::Carrier;
pub use keeper::Keeper;

use crate::tls::TlsError;
use std::path::PathBuf;
use std::time::Duration;

/// How an authority proves to itself that a name leads here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// By HTTP at port 80 (RFC 8555, 8.3).
    Http01,
    /// By TLS at port 443 (RFC 8737).
    TlsAlpn01,
}

/// What is to be had of whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcmeOptions {
    /// The URL of the authority's directory.
    pub directory: String,
    /// Addresses of e-mail that the authority is told.
    pub contact: Vec<String>,
    /// Names of the certificate, in lower case.
    pub domains: Vec<String>,
    /// What it is proved by that they lead here.
    pub proof: Proof,
    /// Where account and certificate are kept.
    pub folder: PathBuf,
}

/// Why there is no new certificate.
#[derive(Debug, thiserror::Error)]
pub enum AcmeError {
    /// Nothing can be judged.
    #[error(
        "the clock is not set (it says {0}): no certificate is asked for until it is; see `[clock]`, or set it"
    )]
    Clock(String),
    /// What the authority said, or what came in its place.
    #[error("{what}: {why}")]
    Server {
        /// What was asked for.
        what: &'static str,
        /// What came.
        why: String,
    },
    /// The authority's answer is not one that is taken.
    #[error("the authority {0}")]
    Unfit(String),
    /// All of it took too long.
    #[error(
        "no certificate came within {} s; the authority may not reach this gateway by the names in `edge.tls.acme.domains`",
        .0.as_secs()
    )]
    Late(Duration),
    /// A file, or what is to be in it.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// Characters of what an authority says that are told on.
const TOLD_MAX: usize = 400;

impl AcmeError {
    /// What an authority said, without characters that move a cursor, and cut.
    fn server(what: &'static str, error: &instant_acme::Error) -> Self {
        Self::Server {
            what,
            why: told(&error.to_string()),
        }
    }
}

fn told(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(TOLD_MAX)
        .map(|it| if it.is_control() { ' ' } else { it })
        .collect();
    if text.chars().nth(TOLD_MAX).is_some() {
        shown.push('…');
    }
    shown
}
