//! Bits derived from secrets: HKDF and PBKDF2.

use crate::hashes::{self, with_hash};
use crate::{Result, no};
use postern_abi::crypto::{CryptoStatus, Hash};
use postern_abi::limits::PBKDF2_ITERATIONS_MAX;

/// Bytes of the longest result, as of HKDF with this hash; the field holds PBKDF2 to it too.
pub fn length_max(hash: Hash) -> usize {
    255 * hashes::size(hash)
}

/// HKDF.
pub fn hkdf(hash: Hash, secret: &[u8], salt: &[u8], info: &[u8], length: u32) -> Result<Vec<u8>> {
    let length = length as usize;
    if length > length_max(hash) {
        return no(CryptoStatus::TooLong);
    }
    let mut out = vec![0; length];
    with_hash!(hash, D => {
        hkdf::Hkdf::<D>::new(Some(salt), secret)
            .expand(info, &mut out)
            .map_err(|_| CryptoStatus::TooLong)?;
        Ok(out)
    })
}

/// PBKDF2.
pub fn pbkdf2(
    hash: Hash,
    secret: &[u8],
    salt: &[u8],
    iterations: u32,
    length: u32,
) -> Result<Vec<u8>> {
    let length = length as usize;
    if iterations == 0 || iterations > PBKDF2_ITERATIONS_MAX {
        return no(CryptoStatus::BadCall);
    }
    if length > length_max(hash) {
        return no(CryptoStatus::TooLong);
    }
    let mut out = vec![0; length];
    with_hash!(hash, D => {
        pbkdf2::pbkdf2_hmac::<D>(secret, salt, iterations, &mut out);
        Ok(out)
    })
}
