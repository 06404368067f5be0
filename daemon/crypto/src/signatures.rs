//! Signatures of certificates and of TLS handshakes: checked, not made. And what a certificate
//! says that a checker of chains leaves to others. Of Ed25519 they are made, too.

use crate::{curves, der, hashes, rsa_keys};
use der::{Reader, tag};
use postern_abi::crypto::{Curve, Hash};

/// How something was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// ECDSA on this curve; the signature is DER.
    Ecdsa(Curve, Hash),
    /// Ed25519.
    Ed25519,
    /// RSASSA-PKCS1-v1_5.
    Pkcs1(Hash),
    /// RSASSA-PSS, with a salt as long as the hash.
    Pss(Hash),
}

/// Bits of the smallest modulus that certificates may have.
const RSA_BITS_MIN: u32 = 2048;
/// Bytes of the largest public exponent: checking takes time with its length.
const EXPONENT_MAX: usize = 4;
/// The extension of a key's uses (RFC 5280 §4.2.1.3).
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];

/// Whether a signature is that of the message. `key` is what the certificate has for its public
/// key; one that cannot be read has signed nothing.
pub fn verify(how: Signed, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    check(how, key, message, signature).unwrap_or(false)
}

/// The public key of an Ed25519 key's 32 bytes.
pub fn ed25519_public(seed: &[u8; 32]) -> Option<[u8; 32]> {
    curves::pair(Curve::Ed25519, seed)
        .ok()?
        .point
        .try_into()
        .ok()
}

/// The signature of a message with an Ed25519 key's 32 bytes.
pub fn ed25519_sign(seed: &[u8; 32], message: &[u8]) -> Option<[u8; 64]> {
    let signature = curves::sign(Curve::Ed25519, seed, None, message).ok()?;
    signature.try_into().ok()
}

fn check(how: Signed, key: &[u8], message: &[u8], signature: &[u8]) -> Option<bool> {
    match how {
        Signed::Ecdsa(curve, hash) => {
            // Only uncompressed points, as RFC 8446 has them.
            if key.first() != Some(&4) {
                return None;
            }
            let signature = fixed(curve, signature)?;
            curves::verify(curve, key, Some(hash), &signature, message).ok()
        }
        Signed::Ed25519 => curves::verify(Curve::Ed25519, key, None, signature, message).ok(),
        Signed::Pkcs1(hash) => rsa_keys::verify(&rsa(key)?, hash, None, signature, message).ok(),
        Signed::Pss(hash) => {
            let salt = u32::try_from(hashes::size(hash)).ok();
            rsa_keys::verify(&rsa(key)?, hash, salt, signature, message).ok()
        }
    }
}

/// A signature's two numbers, each of the curve's size.
fn fixed(curve: Curve, signature: &[u8]) -> Option<Vec<u8>> {
    let mut outer = Reader(signature);
    let mut inner = outer.sequence()?;
    let numbers = [inner.unsigned()?, inner.unsigned()?];
    if !outer.is_empty() || !inner.is_empty() {
        return None;
    }
    let mut bytes = Vec::with_capacity(2 * curves::size(curve));
    for number in numbers {
        bytes.extend_from_slice(&curves::padded(curve, number)?);
    }
    Some(bytes)
}

fn rsa(key: &[u8]) -> Option<rsa::PublicKey> {
    let mut outer = Reader(key);
    let mut inner = outer.sequence()?;
    let (n, e) = (inner.unsigned()?, inner.unsigned()?);
    if !outer.is_empty() || !inner.is_empty() || e.len() > EXPONENT_MAX {
        return None;
    }
    let key = rsa_keys::public(n, e).ok()?;
    (rsa_keys::bits(&key) >= RSA_BITS_MIN).then_some(key)
}

/// What a certificate says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Whether it names itself as its issuer.
    pub is_own_issuer: bool,
    /// The uses of its key, `digitalSignature` in the highest bit; `None` if it says nothing.
    pub key_usage: Option<u8>,
}

/// The key may sign what is agreed on.
pub const DIGITAL_SIGNATURE: u8 = 0x80;
/// The key may sign certificates.
pub const KEY_CERT_SIGN: u8 = 0x04;

/// Reads a certificate (RFC 5280 §4.1); `None` if it is none.
pub fn certificate(der: &[u8]) -> Option<Certificate> {
    let mut outer = Reader(der);
    let mut whole = outer.sequence()?;
    let mut body = whole.sequence()?;
    if body.peek() == Some(tag::CONTEXT_0) {
        body.take(tag::CONTEXT_0)?; // version
    }
    body.take(tag::INTEGER)?; // serial number
    body.sequence()?; // algorithm
    let issuer = body.take(tag::SEQUENCE)?;
    body.sequence()?; // validity
    let subject = body.take(tag::SEQUENCE)?;
    body.sequence()?; // public key
    let mut key_usage = None;
    while let Some(next) = body.peek() {
        let content = body.take(next)?;
        if next == tag::CONTEXT_3 {
            key_usage = usage(content)?;
        }
    }
    Some(Certificate {
        is_own_issuer: issuer == subject,
        key_usage,
    })
}

fn usage(extensions: &[u8]) -> Option<Option<u8>> {
    let mut list = Reader(extensions).sequence()?;
    let mut found = None;
    while !list.is_empty() {
        let mut one = list.sequence()?;
        let name = one.take(tag::OBJECT)?;
        if one.peek() == Some(tag::BOOLEAN) {
            one.take(tag::BOOLEAN)?;
        }
        let value = one.take(tag::OCTET_STRING)?;
        if name == KEY_USAGE {
            // The first byte counts the bits at the end that mean nothing.
            match Reader(value).take(tag::BIT_STRING)? {
                [0..=7, bits, ..] => found = Some(*bits),
                [0] => found = Some(0),
                _ => return None,
            }
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_has_signed_nothing() {
        let hash = Hash::Sha256;
        for how in [
            Signed::Ecdsa(Curve::P256, hash),
            Signed::Ed25519,
            Signed::Pkcs1(hash),
            Signed::Pss(hash),
        ] {
            for key in [&b""[..], b"\x04", b"\x30\x00", &[4; 65], &[0x30; 300]] {
                for signature in [&b""[..], b"\x30\x06\x02\x01\x01\x02\x01\x01", &[0; 64]] {
                    assert!(!verify(how, key, b"message", signature), "{how:?}");
                }
            }
        }
    }

    #[test]
    fn no_bytes_are_a_panic() {
        let mut bytes = vec![0x30, 0x82, 0x01, 0x00, 0x30, 0x81, 0xf0, 0xa0, 0x03];
        bytes.resize(260, 0x30);
        for at in 0..bytes.len() {
            for byte in [0, 2, 0x30, 0x80, 0xa3, 0xff] {
                let mut changed = bytes.clone();
                changed[at] = byte;
                let _ = certificate(&changed[..]);
                let _ = certificate(&changed[..at]);
            }
        }
    }
}
