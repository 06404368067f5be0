//! RSA: keys, signatures, OAEP. Sizes are held to [`RSA_BITS_MAX`].

use crate::hashes::{self, with_hash};
use crate::{Result, no};
use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{Odd, Resize};
use getrandom::SysRng;
use postern_abi::crypto::{CryptoStatus, Hash};
use postern_abi::limits::RSA_BITS_MAX;
use rsa::traits::{PaddingScheme, PrivateKeyParts, PublicKeyParts, SignatureScheme};
use rsa::{BoxedUint, Oaep, Pkcs1v15Encrypt, Pkcs1v15Sign, PrivateKey, Pss, PublicKey};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Bits of the smallest modulus, as in the field.
const BITS_MIN: u32 = 256;

fn number(bytes: &[u8]) -> BoxedUint {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let digits = &bytes[zeros..];
    BoxedUint::from_be_slice_truncated(digits, (digits.len() as u32 * 8).max(8))
}

/// Without leading zeros.
pub fn digits(number: &BoxedUint) -> Vec<u8> {
    number.to_be_bytes_trimmed_vartime().into_vec()
}

fn check(n: &[u8], e: &[u8]) -> Result<()> {
    let zeros = n.iter().take_while(|byte| **byte == 0).count();
    // Before anything is computed with them.
    if n.len() - zeros > RSA_BITS_MAX as usize / 8 || e.len() > n.len() {
        return no(CryptoStatus::UnsupportedKey);
    }
    Ok(())
}

/// The public key of these numbers.
pub fn public(n: &[u8], e: &[u8]) -> Result<PublicKey> {
    check(n, e)?;
    let sizes = BITS_MIN as usize..=RSA_BITS_MAX as usize;
    PublicKey::new_with_size_limits(number(n), number(e), sizes)
        .map_err(|_| CryptoStatus::BadKey.into())
}

/// The private key of these numbers. The other CRT values follow from the primes.
pub fn private(n: &[u8], e: &[u8], d: &[u8], primes: Option<[&[u8]; 2]>) -> Result<PrivateKey> {
    check(n, e)?;
    public(n, e)?;
    let primes = primes.map_or_else(Vec::new, |primes| primes.map(number).to_vec());
    if d.len() > n.len() + 1
        || primes
            .iter()
            .any(|prime| prime.bits_precision() as usize > n.len() * 8)
    {
        return no(CryptoStatus::BadKey);
    }
    let make = || PrivateKey::from_components(number(n), number(e), number(d), primes);
    // Where it is to find the primes, the library panics over some exponents that have none.
    match catch_unwind(AssertUnwindSafe(make)) {
        Ok(made) => made.map_err(|_| CryptoStatus::BadKey.into()),
        Err(_) => no(CryptoStatus::BadKey),
    }
}

/// A new private key.
pub fn generate(bits: u32, exponent: u32) -> Result<PrivateKey> {
    if !(BITS_MIN..=RSA_BITS_MAX).contains(&bits) || !bits.is_multiple_of(8) {
        return no(CryptoStatus::UnsupportedKey);
    }
    let exponent = BoxedUint::from(u64::from(exponent));
    PrivateKey::new_with_exp_unchecked(&mut SysRng, bits as usize, exponent)
        .map_err(|_| CryptoStatus::Failed.into())
}

/// Bits of the modulus, whole bytes.
pub fn bits(key: &impl PublicKeyParts) -> u32 {
    key.size() as u32 * 8
}

/// What is signed of a digest, before the digest itself: DER that names the hash.
fn prefix(hash: Hash) -> &'static [u8] {
    match hash {
        Hash::Md5 => &[
            0x30, 0x20, 0x30, 0x0c, 0x06, 0x08, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05,
            0x05, 0x00, 0x04, 0x10,
        ],
        Hash::Sha1 => &[
            0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04,
            0x14,
        ],
        Hash::Sha384 => &[
            0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
            0x02, 0x05, 0x00, 0x04, 0x30,
        ],
        Hash::Sha512 => &[
            0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
            0x03, 0x05, 0x00, 0x04, 0x40,
        ],
        Hash::Sha224 => &[
            0x30, 0x2d, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
            0x04, 0x05, 0x00, 0x04, 0x1c,
        ],
        Hash::Sha512t256 => &[
            0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
            0x06, 0x05, 0x00, 0x04, 0x20,
        ],
        Hash::Md4 => &[
            0x30, 0x20, 0x30, 0x0c, 0x06, 0x08, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x04,
            0x05, 0x00, 0x04, 0x10,
        ],
        // As TLS had it, and what is no hash.
        Hash::Md5Sha1 | Hash::Crc32 | Hash::Crc32c | Hash::Crc64Nvme => &[],
        Hash::Sha256 => &[
            0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
            0x01, 0x05, 0x00, 0x04, 0x20,
        ],
    }
}

fn pkcs1(hash: Hash) -> Pkcs1v15Sign {
    Pkcs1v15Sign {
        hash_len: Some(hashes::size(hash)),
        prefix: prefix(hash).into(),
    }
}

/// Signs by RSASSA-PKCS1-v1_5 or, with bytes of salt, by RSA-PSS.
pub fn sign(key: &PrivateKey, hash: Hash, salt: Option<u32>, data: &[u8]) -> Result<Vec<u8>> {
    let digest = hashes::digest(hash, data)?;
    let signed = match salt {
        None => key.sign_with_rng(&mut SysRng, pkcs1(hash), &digest),
        Some(salt) => with_hash!(hash, D => {
            if salt as usize + digest.len() + 2 > key.size() {
                return no(CryptoStatus::TooLong);
            }
            Ok(key.sign_with_rng(&mut SysRng, Pss::<D>::new_with_salt(salt as usize), &digest))
        })?,
    };
    signed.map_err(|_| CryptoStatus::TooLong.into())
}

/// Whether a signature is that of the data.
pub fn verify(
    key: &PublicKey,
    hash: Hash,
    salt: Option<u32>,
    signature: &[u8],
    data: &[u8],
) -> Result<bool> {
    let digest = hashes::digest(hash, data)?;
    if signature.len() != key.size() {
        return Ok(false);
    }
    Ok(match salt {
        None => pkcs1(hash).verify(key, &digest, signature).is_ok(),
        Some(salt) => {
            let any = salt == u32::MAX;
            if !any && salt as usize + digest.len() + 2 > key.size() {
                return Ok(false);
            }
            with_hash!(hash, D => {
                let mut scheme = Pss::<D>::new_with_salt(salt as usize);
                if any {
                    scheme.salt_len = None;
                }
                Ok(scheme.verify(key, &digest, signature).is_ok())
            })?
        }
    })
}

/// The private operation on the data itself.
pub fn raw(key: &PrivateKey, data: &[u8]) -> Result<Vec<u8>> {
    let size = key.size();
    if data.len() > size {
        return no(CryptoStatus::TooLong);
    }
    let message = BoxedUint::from_be_slice_truncated(data, key.n().bits_precision());
    let result = rsa::hazmat::rsa_decrypt_and_check(key, Some(&mut SysRng), &message)
        .map_err(|_| CryptoStatus::TooLong)?;
    Ok(filled(&result, size))
}

/// Encrypts by OAEP.
pub fn encrypt(key: &PublicKey, hash: Hash, label: &[u8], data: &[u8]) -> Result<Vec<u8>> {
    with_hash!(hash, D => {
        Oaep::<D>::new_with_label(label)
            .encrypt(&mut SysRng, key, data)
            .map_err(|_| CryptoStatus::TooLong.into())
    })
}

/// Decrypts by OAEP.
pub fn decrypt(key: &PrivateKey, hash: Hash, label: &[u8], data: &[u8]) -> Result<Vec<u8>> {
    with_hash!(hash, D => {
        Oaep::<D>::new_with_label(label)
            .decrypt(Some(&mut SysRng), key, data)
            .map_err(|_| CryptoStatus::BadData.into())
    })
}

/// Encrypts by RSAES-PKCS1-v1_5.
pub fn encrypt_pkcs1(key: &PublicKey, data: &[u8]) -> Result<Vec<u8>> {
    Pkcs1v15Encrypt
        .encrypt(&mut SysRng, key, data)
        .map_err(|_| CryptoStatus::TooLong.into())
}

/// Decrypts by RSAES-PKCS1-v1_5.
pub fn decrypt_pkcs1(key: &PrivateKey, data: &[u8]) -> Result<Vec<u8>> {
    Pkcs1v15Encrypt
        .decrypt(Some(&mut SysRng), key, data)
        .map_err(|_| CryptoStatus::BadData.into())
}

/// The public operation on the data itself.
pub fn raw_public(key: &PublicKey, data: &[u8]) -> Result<Vec<u8>> {
    let size = key.size();
    if data.len() > size {
        return no(CryptoStatus::TooLong);
    }
    let message = BoxedUint::from_be_slice_truncated(data, key.n().bits_precision());
    let result = rsa::hazmat::rsa_encrypt(key, &message).map_err(|_| CryptoStatus::TooLong)?;
    Ok(filled(&result, size))
}

/// A number to the power of another by an odd modulus, as long as that.
pub fn power(base: &[u8], exponent: &[u8], modulus: &[u8]) -> Result<Vec<u8>> {
    let size = modulus.len();
    let bits = RSA_BITS_MAX as usize / 8;
    if size > bits || exponent.len() > bits || base.len() > bits {
        return no(CryptoStatus::TooLong);
    }
    let Some(modulus) = Odd::new(number(modulus)).into_option() else {
        return no(CryptoStatus::BadCall);
    };
    let modulus_nonzero = modulus.as_nz_ref();
    let params = BoxedMontyParams::new_vartime(modulus.clone());
    let base = number(base).rem(modulus_nonzero);
    let base = base.resize(modulus.bits_precision());
    let result = BoxedMontyForm::new(base, &params).pow(&number(exponent));
    Ok(filled(&result.retrieve(), size))
}

/// A number's bytes, with zeros in front.
fn filled(number: &BoxedUint, size: usize) -> Vec<u8> {
    let digits = digits(number);
    let mut out = vec![0; size.saturating_sub(digits.len())];
    out.extend_from_slice(&digits);
    out
}

/// The numbers of a public key: `n`, `e`.
pub fn public_parts(key: &PublicKey) -> Vec<Vec<u8>> {
    vec![digits(key.n()), digits(key.e())]
}

/// The numbers of a private key: `n`, `e`, `d`, `p`, `q`, `dp`, `dq`, `qi`.
pub fn private_parts(key: &PrivateKey) -> Result<Vec<Vec<u8>>> {
    let [p, q] = key.primes() else {
        return no(CryptoStatus::UnsupportedKey);
    };
    let (Some(dp), Some(dq), Some(qi)) = (key.dp(), key.dq(), key.crt_coefficient()) else {
        return no(CryptoStatus::Failed);
    };
    Ok(vec![
        digits(key.n()),
        digits(key.e()),
        digits(key.d()),
        digits(p),
        digits(q),
        digits(dp),
        digits(dq),
        digits(&qi),
    ])
}
