//! Bundles: the `.postern` format, written and read. `docs/bundle.md` tells it to the byte.
//!
//! Nothing is decided here about who may install what, and nothing is installed. A reader trusts no
//! length: it has no more in memory than [`Bounds`] allow and than has arrived.

mod document;
mod error;
mod keys;
mod manifest;
mod reader;
mod signing;
#[cfg(test)]
mod tests;
mod writer;

pub use error::{BundleError, Signed};
pub use keys::{KEYS_MAX, KeyList, ReleaseKey};
pub use manifest::{Asset, Encoding, Manifest, Module, Part, Route, Script, Seed, Snapshot};
pub use reader::{Bounds, Bundle, EXPANDING_BYTES, Reader, expand, read};
pub use signing::{SecretKey, hash_of_signed, signed, verified, with_signature};
pub use writer::{Compression, Writer};

/// How a bundle begins; the last byte is the format's version.
pub const MAGIC: [u8; 8] = *b"POSTERN\x01";
/// How a list of release keys begins.
pub const KEYS_MAGIC: [u8; 8] = *b"POSTKEY\x01";
/// Bytes of a manifest.
pub const MANIFEST_MAX: usize = 512 * 1024;
/// Bytes of a signature, a `.minisig` file.
pub const SIGNATURE_MAX: usize = 4096;
/// Items of each list of a manifest.
pub const ITEMS_MAX: usize = 8192;
/// Bytes of a name, a path, a pattern or a key.
pub const NAME_MAX: usize = 1024;
/// Bytes of a script's metadata, JSON.
pub const METADATA_MAX: usize = 64 * 1024;
