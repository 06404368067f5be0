//! Bits derived from secrets: HKDF, PBKDF2 and scrypt.

use crate::hashes::{self, with_hash};
use crate::{Result, no};
use postern_abi::crypto::{CryptoStatus, Hash};
use postern_abi::limits::{PBKDF2_ITERATIONS_MAX, SCRYPT_BYTES_MAX, SCRYPT_LENGTH_MAX};

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

/// Bytes that scrypt works in; `None` for what nobody may ask for.
pub fn scrypt_bytes(log_n: u8, r: u32, p: u32) -> Option<u64> {
    if log_n == 0 || log_n > 24 || r == 0 || p == 0 {
        return None;
    }
    let block = u64::from(r).checked_mul(128)?;
    let table = block.checked_mul(1 << log_n)?;
    let bytes = table.checked_add(block.checked_mul(u64::from(p))?)?;
    (bytes <= SCRYPT_BYTES_MAX).then_some(bytes)
}

/// scrypt.
pub fn scrypt(
    secret: &[u8],
    salt: &[u8],
    (log_n, r, p): (u8, u32, u32),
    length: u32,
) -> Result<Vec<u8>> {
    if scrypt_bytes(log_n, r, p).is_none() || length > SCRYPT_LENGTH_MAX {
        return no(CryptoStatus::TooLong);
    }
    if length == 0 {
        return Ok(Vec::new());
    }
    let params = scrypt::Params::new(log_n, r, p).map_err(|_| CryptoStatus::BadCall)?;
    let mut out = vec![0; length as usize];
    scrypt::scrypt(secret, salt, &params, &mut out).map_err(|_| CryptoStatus::BadCall)?;
    Ok(out)
}
