//! Keys and what is done with them: the host's side of Web Crypto, as arithmetic on bytes.
//!
//! An isolate has a [`Keys`]; a guest's call is read into a [`Task`], which says what it costs
//! before it is done and may be done on any thread. Nothing here waits, and nothing here knows
//! what a guest is; every argument is a guest's and is decoded with mistrust.

mod ciphers;
mod curves;
mod der;
mod derive;
mod hashes;
mod key;
mod price;
mod rsa_keys;
pub mod signatures;
mod table;
mod task;

#[cfg(test)]
mod tests;

pub use price::AT_ONCE_MAX;
pub use table::{Kept, Keys};
pub use task::{Ran, Task};

use postern_abi::crypto::CryptoStatus;

/// Why something was not done: a status that is not `Done`, and what the guest is told with it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Refused {
    /// The status.
    status: CryptoStatus,
    /// What follows it.
    detail: Vec<u8>,
}

impl From<CryptoStatus> for Refused {
    fn from(status: CryptoStatus) -> Self {
        Self {
            status,
            detail: Vec::new(),
        }
    }
}

type Result<T> = std::result::Result<T, Refused>;

/// The status, as an error.
fn no<T>(status: CryptoStatus) -> Result<T> {
    Err(status.into())
}

/// So many random bytes.
fn random(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).map_err(|_| CryptoStatus::Failed.into())
}
