//! What a call costs in fuel, before it is done: `docs/abi.md` publishes the table.
//!
//! One unit is about what one simple wasm instruction costs, as in the engine's own table. Making
//! RSA keys takes as long as chance has it; what is charged is the average.

use crate::key::Key;
use crate::rsa_keys;
use postern_abi::crypto::{
    Cipher, CryptoCall, Curve, Deriving, Hash, KeyPlan, KeySource, Mode, Signing,
};

/// What is done at once costs no more than this: about half a millisecond, so that nobody else
/// waits long. The rest is done where waiting does no harm.
pub const AT_ONCE_MAX: u64 = 1_000_000;

/// A block of 128 bytes of scrypt, written and read again.
const SCRYPT_BLOCK: u64 = 420;

/// Any call.
const CALL: u64 = 500;

fn hashing(hash: Hash, bytes: usize) -> u64 {
    let per_byte = match hash {
        Hash::Sha1 | Hash::Sha256 => 2,
        Hash::Sha224 => 2,
        Hash::Md5 | Hash::Md4 | Hash::Sha384 | Hash::Sha512 | Hash::Sha512t256 => 3,
        Hash::Md5Sha1 => 5,
        Hash::Crc32 | Hash::Crc32c | Hash::Crc64Nvme => 5,
    };
    500 + bytes as u64 * per_byte
}

/// One multiplication of a point.
fn curve(curve: Curve) -> u64 {
    match curve {
        Curve::P256 => 250_000,
        Curve::P384 => 1_000_000,
        Curve::P521 => 1_200_000,
        Curve::Ed25519 => 60_000,
        Curve::X25519 => 150_000,
    }
}

/// The public operation of RSA with a modulus of so many bytes.
fn rsa_public(bytes: u64) -> u64 {
    20_000 + 2 * bytes * bytes
}

/// The private one.
fn rsa_private(bytes: u64) -> u64 {
    100_000 + bytes * bytes * bytes / 4
}

fn rsa_bytes(key: Option<&Key>) -> u64 {
    u64::from(match key {
        Some(Key::RsaPublic(key)) => rsa_keys::bits(key) / 8,
        Some(Key::RsaPrivate(key)) => rsa_keys::bits(key.as_public_key()) / 8,
        _ => 0,
    })
}

fn signing(how: Signing, key: Option<&Key>, private: bool, bytes: usize) -> u64 {
    let hash = match how {
        Signing::Hmac(hash)
        | Signing::Pkcs1(hash)
        | Signing::Pss(hash, _)
        | Signing::Ecdsa(hash) => hashing(hash, bytes),
        // It hashes twice to sign.
        Signing::Ed25519 => 2 * hashing(Hash::Sha512, bytes),
        Signing::RsaRaw => 0,
    };
    let work = match key {
        Some(Key::RsaPublic(_) | Key::RsaPrivate(_)) if private => rsa_private(rsa_bytes(key)),
        Some(Key::RsaPublic(_) | Key::RsaPrivate(_)) => rsa_public(rsa_bytes(key)),
        Some(Key::Point(of, _) | Key::Scalar(of, _)) if private => curve(*of),
        Some(Key::Point(of, _) | Key::Scalar(of, _)) => 2 * curve(*of),
        _ => 1_000,
    };
    hash + work
}

fn ciphering(how: &Cipher<'_>, key: Option<&Key>, private: bool, bytes: usize) -> u64 {
    let bytes = bytes as u64;
    match how {
        Cipher::AesGcm { additional, .. } => 1_500 + 3 * (bytes + additional.len() as u64),
        Cipher::AesCbc { .. } | Cipher::AesCtr { .. } => 1_000 + 4 * bytes,
        Cipher::AesKw => 1_000 + 24 * bytes,
        Cipher::RsaPkcs1 | Cipher::RsaRaw if private => rsa_private(rsa_bytes(key)),
        Cipher::RsaPkcs1 | Cipher::RsaRaw => rsa_public(rsa_bytes(key)),
        Cipher::Oaep { hash, label } => {
            let padding = hashing(*hash, label.len()) + 20 * rsa_bytes(key);
            padding
                + if private {
                    rsa_private(rsa_bytes(key))
                } else {
                    rsa_public(rsa_bytes(key))
                }
        }
    }
}

/// What a call costs with `bytes` of data; `key` is the one that it names, `running` the function
/// of the digest.
pub fn of(call: &CryptoCall<'_>, key: Option<&Key>, running: Option<Hash>, bytes: usize) -> u64 {
    let work = match call {
        CryptoCall::Digest(hash) => hashing(*hash, bytes),
        CryptoCall::HashBegin { key, .. } => {
            if key.is_some() {
                1_500
            } else {
                500
            }
        }
        CryptoCall::HashCopy { .. } => 500,
        CryptoCall::CipherBegin { mode, .. } => {
            1_500
                + match mode {
                    Mode::Gcm { iv, additional } => 3 * (iv.len() + additional.len()) as u64,
                    _ => 0,
                }
        }
        CryptoCall::CipherUpdate(_) => 500 + 4 * bytes as u64,
        CryptoCall::CipherEnd { .. } => 1_000,
        CryptoCall::Public { .. } => 2_000,
        CryptoCall::Same { .. } => 2_000,
        CryptoCall::Power { modulus, .. } => {
            let size = (modulus.len() as u64).min(1 << 9);
            let digits = match key {
                Some(Key::Secret(secret)) => (secret.len() as u64).min(1 << 9),
                _ => 0,
            };
            20_000 + size * size * (digits + 8) / 2
        }
        CryptoCall::HashUpdate(_) => hashing(running.unwrap_or(Hash::Sha512), bytes),
        CryptoCall::HashEnd(_) => 1_000,
        CryptoCall::Forget(_) => 0,
        CryptoCall::Import { source, .. } => match source {
            KeySource::Secret => bytes as u64 / 8,
            KeySource::Point(of) => curve(*of) / 4,
            KeySource::Ec { curve: of, d, .. } => {
                if d.is_some() {
                    curve(*of)
                } else {
                    curve(*of) / 4
                }
            }
            // Most are small; the size is known when it is read, and what is large pays then.
            KeySource::Spki => 60_000 + 4 * bytes as u64,
            KeySource::Pkcs8 => import_private(bytes as u64),
            KeySource::Rsa { n, d, primes, .. } => {
                let size = (n.len() as u64).min(1 << 12);
                match (d, primes) {
                    (None, _) => 60_000,
                    (Some(_), Some(_)) => 60_000 + 6 * size * size,
                    // The primes are to be found first.
                    (Some(_), None) => rsa_private(size) + 2_000_000,
                }
            }
        },
        CryptoCall::Export { .. } => 20_000 + 2 * rsa_bytes(key) * rsa_bytes(key),
        CryptoCall::Generate { plan, .. } => match plan {
            KeyPlan::Secret { bits } => 500 + u64::from(*bits) / 2,
            KeyPlan::Ec { curve: of } => curve(*of),
            KeyPlan::Rsa { bits, .. } => {
                let bits = u64::from(*bits).min(1 << 14);
                100_000 + bits.pow(3) / 192 + bits.pow(4) / 490_000
            }
        },
        CryptoCall::Sign { how, .. } => signing(*how, key, true, bytes),
        CryptoCall::Verify { how, .. } => signing(*how, key, false, bytes),
        CryptoCall::Encrypt { how, .. } => ciphering(how, key, false, bytes),
        CryptoCall::Decrypt { how, .. } => ciphering(how, key, true, bytes),
        CryptoCall::Derive { how, .. } => match how {
            Deriving::Agreement { .. } => match key {
                Some(Key::Scalar(of, _)) => curve(*of),
                _ => 0,
            },
            Deriving::Hkdf {
                hash, info, length, ..
            } => {
                let blocks = blocks(*hash, *length);
                2_000 + blocks * hashing(*hash, info.len() + 128)
            }
            Deriving::Pbkdf2 {
                hash,
                iterations,
                length,
                ..
            } => {
                let round = match hash {
                    Hash::Sha1 | Hash::Sha224 | Hash::Sha256 => 300,
                    Hash::Md4 | Hash::Md5 => 400,
                    _ => 660,
                };
                2_000 + blocks(*hash, *length) * u64::from(*iterations) * round
            }
            // What is refused costs nothing.
            Deriving::Scrypt {
                log_n,
                r,
                p,
                length,
                ..
            } => match crate::derive::scrypt_bytes(*log_n, *r, *p) {
                None => 0,
                Some(_) => {
                    let blocks = (1_u64 << log_n) * u64::from(*r) * u64::from(*p);
                    let ends = u64::from(*r) * u64::from(*p) * 4 + u64::from(*length) / 32;
                    10_000 + blocks * SCRYPT_BLOCK + ends * 1_000
                }
            },
        },
    };
    CALL + work
}

/// DER of a private key: for RSA its length is about 4.6 times the modulus's.
fn import_private(bytes: u64) -> u64 {
    let size = bytes.min(1 << 13) / 4;
    150_000 + 6 * size * size
}

fn blocks(hash: Hash, length: u32) -> u64 {
    u64::from(length)
        .min(crate::derive::length_max(hash) as u64)
        .div_ceil(crate::hashes::size(hash) as u64)
}
