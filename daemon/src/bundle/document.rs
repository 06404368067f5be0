//! What bundles and lists of keys begin with: a magic, a body with its hash, and a signature of both.
//! `docs/bundle.md` tells it to the byte.

use super::{BundleError, SIGNATURE_MAX};
use sha2::{Digest, Sha256};
use std::io::Read;

/// Bytes in front of a body: the magic, the body's length, its hash.
pub(super) const HEAD: usize = 44;

/// One that was read. Its hash is right, and its signature was not looked at.
pub(super) struct Document {
    /// The bytes that a signature is of: head and body.
    pub(super) signed: Vec<u8>,
    /// A `.minisig` file; empty: there is none.
    pub(super) signature: Vec<u8>,
}

impl Document {
    /// What it says.
    pub(super) fn body(&self) -> &[u8] {
        &self.signed[HEAD..]
    }

    /// Reads one, whose body has at most `limit` bytes.
    pub(super) fn read(
        from: &mut impl Read,
        magic: [u8; 8],
        limit: usize,
    ) -> Result<Self, BundleError> {
        let mut signed = taken(from, HEAD as u64, "its head")?;
        if signed[..8] != magic {
            return Err(BundleError::Magic);
        }
        let length = u32::from_le_bytes([signed[8], signed[9], signed[10], signed[11]]) as usize;
        if length > limit {
            return Err(BundleError::ManifestSize(length, limit));
        }
        signed.extend(taken(from, length as u64, "its manifest")?);
        if Sha256::digest(&signed[HEAD..])[..] != signed[12..HEAD] {
            return Err(BundleError::ManifestHash);
        }
        let length = taken(from, 2, "its signature")?;
        let length = usize::from(u16::from_le_bytes([length[0], length[1]]));
        if length > SIGNATURE_MAX {
            return Err(BundleError::SignatureSize(length));
        }
        let signature = taken(from, length as u64, "its signature")?;
        Ok(Self { signed, signature })
    }

    /// Writes one. `sign` is given what is signed and gives a `.minisig` file, or nothing.
    pub(super) fn write(
        magic: [u8; 8],
        body: &[u8],
        limit: usize,
        sign: impl FnOnce(&[u8]) -> Vec<u8>,
    ) -> Result<Vec<u8>, BundleError> {
        if body.len() > limit {
            return Err(BundleError::ManifestSize(body.len(), limit));
        }
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
        let mut bytes = magic.to_vec();
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&Sha256::digest(body));
        bytes.extend_from_slice(body);
        let signature = sign(&bytes);
        let length = match u16::try_from(signature.len()) {
            Ok(length) if signature.len() <= SIGNATURE_MAX => length,
            _ => return Err(BundleError::SignatureSize(signature.len())),
        };
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&signature);
        Ok(bytes)
    }

    /// Bytes up to its end.
    pub(super) fn end(&self) -> u64 {
        (self.signed.len() + 2 + self.signature.len()) as u64
    }
}

/// So many bytes. Memory is taken as they arrive, whatever was announced.
pub(super) fn taken(
    from: &mut impl Read,
    bytes: u64,
    what: &'static str,
) -> Result<Vec<u8>, BundleError> {
    let mut taken = Vec::new();
    from.take(bytes).read_to_end(&mut taken)?;
    match taken.len() as u64 == bytes {
        true => Ok(taken),
        false => Err(BundleError::Short(what)),
    }
}
