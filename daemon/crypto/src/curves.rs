//! Keys of curves: the three of NIST, Ed25519 and X25519.
//!
//! A key is kept as its bytes, which were checked once; to read them anew costs little.

use crate::hashes::{self, with_hash};
use crate::{Result, no};
use ecdsa::hazmat;
use ecdsa::{EcdsaCurve, Signature, SignatureSize};
use elliptic_curve::array::ArraySize;
use elliptic_curve::sec1::{FromSec1Point, ModulusSize, Sec1Point, ToSec1Point};
use elliptic_curve::{
    AffinePoint, CurveArithmetic, FieldBytes, FieldBytesSize, Generate, PublicKey, SecretKey,
};
use getrandom::SysRng;
use postern_abi::crypto::{CryptoStatus, Curve, Hash};
use zeroize::Zeroizing;

/// Calls the body with the type of a curve that has points with two coordinates.
macro_rules! with_curve {
    ($curve:expr, $C:ident => $body:expr) => {
        match $curve {
            Curve::P256 => {
                type $C = p256::NistP256;
                $body
            }
            Curve::P384 => {
                type $C = p384::NistP384;
                $body
            }
            Curve::P521 => {
                type $C = p521::NistP521;
                $body
            }
            Curve::Ed25519 | Curve::X25519 => no(CryptoStatus::WrongKey),
        }
    };
}

/// Bytes of a coordinate, and of a private key.
pub fn size(curve: Curve) -> usize {
    match curve {
        Curve::P256 | Curve::Ed25519 | Curve::X25519 => 32,
        Curve::P384 => 48,
        Curve::P521 => 66,
    }
}

/// Whether a point is `x` alone.
pub fn is_flat(curve: Curve) -> bool {
    matches!(curve, Curve::Ed25519 | Curve::X25519)
}

/// A private key with the public one that belongs to it.
pub struct Pair {
    /// The private key, big endian, of the curve's size.
    pub d: Zeroizing<Vec<u8>>,
    /// The point, uncompressed, or `x`.
    pub point: Vec<u8>,
}

fn plain<C>(key: &PublicKey<C>) -> Vec<u8>
where
    C: CurveArithmetic,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    key.to_sec1_point(false).as_bytes().to_vec()
}

fn read<C>(point: &[u8]) -> Result<PublicKey<C>>
where
    C: CurveArithmetic,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    // First whether it is a point at all, then whether it is one of the curve. The point at
    // infinity is no key, and nobody writes points in the hybrid form.
    if !matches!(point, [2..=4, ..]) {
        return no(CryptoStatus::BadKey);
    }
    Sec1Point::<C>::from_bytes(point).map_err(|_| CryptoStatus::BadKey)?;
    PublicKey::from_sec1_bytes(point).map_err(|_| CryptoStatus::NotOnCurve.into())
}

/// A point as somebody wrote it, as it is kept.
pub fn point(curve: Curve, bytes: &[u8]) -> Result<Vec<u8>> {
    if is_flat(curve) {
        if bytes.len() != 32 {
            return no(CryptoStatus::BadKey);
        }
        return Ok(bytes.to_vec());
    }
    with_curve!(curve, C => Ok(plain(&read::<C>(bytes)?)))
}

/// A number, with zeros in front, of the curve's size.
pub fn padded(curve: Curve, number: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let digits = &number[zeros..];
    let space = size(curve).checked_sub(digits.len())?;
    let mut out = Zeroizing::new(vec![0; space]);
    out.extend_from_slice(digits);
    Some(out)
}

/// A point of its coordinates.
pub fn point_of(curve: Curve, x: &[u8], y: &[u8]) -> Result<Vec<u8>> {
    if is_flat(curve) {
        return point(curve, x);
    }
    let (Some(x), Some(y)) = (padded(curve, x), padded(curve, y)) else {
        return no(CryptoStatus::NotOnCurve);
    };
    let mut bytes = vec![4];
    bytes.extend_from_slice(&x);
    bytes.extend_from_slice(&y);
    point(curve, &bytes).map_err(|_| CryptoStatus::NotOnCurve.into())
}

/// The pair of a private key.
pub fn pair(curve: Curve, d: &[u8]) -> Result<Pair> {
    let point = match curve {
        Curve::Ed25519 => {
            let seed = d.try_into().map_err(|_| CryptoStatus::BadKey)?;
            let key = ed25519_dalek::SigningKey::from_bytes(seed);
            key.verifying_key().to_bytes().to_vec()
        }
        Curve::X25519 => {
            let bytes: [u8; 32] = d.try_into().map_err(|_| CryptoStatus::BadKey)?;
            let secret = x25519_dalek::StaticSecret::from(bytes);
            x25519_dalek::PublicKey::from(&secret).as_bytes().to_vec()
        }
        _ => {
            let bytes = padded(curve, d).ok_or(CryptoStatus::BadKey)?;
            let point = with_curve!(curve, C => {
                let secret = SecretKey::<C>::from_slice(&bytes)
                    .map_err(|_| CryptoStatus::BadKey)?;
                Ok(plain(&secret.public_key()))
            })?;
            return Ok(Pair { d: bytes, point });
        }
    };
    Ok(Pair {
        d: Zeroizing::new(d.to_vec()),
        point,
    })
}

/// A new pair.
pub fn generate(curve: Curve) -> Result<Pair> {
    if is_flat(curve) {
        let mut d = Zeroizing::new(vec![0; 32]);
        crate::random(&mut d)?;
        return pair(curve, &d);
    }
    with_curve!(curve, C => {
        let secret = SecretKey::<C>::try_generate_from_rng(&mut SysRng)
            .map_err(|_| CryptoStatus::Failed)?;
        Ok(Pair {
            d: Zeroizing::new(secret.to_bytes().to_vec()),
            point: plain(&secret.public_key()),
        })
    })
}

/// Signs.
pub fn sign(curve: Curve, d: &[u8], hash: Option<Hash>, data: &[u8]) -> Result<Vec<u8>> {
    match (curve, hash) {
        (Curve::Ed25519, None) => {
            use ed25519_dalek::Signer;
            let seed = d.try_into().map_err(|_| CryptoStatus::WrongKey)?;
            let key = ed25519_dalek::SigningKey::from_bytes(seed);
            Ok(key.sign(data).to_bytes().to_vec())
        }
        (_, Some(hash)) => {
            let digest = hashes::digest(hash, data)?;
            with_curve!(curve, C => ecdsa_sign::<C>(d, hash, &digest))
        }
        _ => no(CryptoStatus::WrongKey),
    }
}

fn ecdsa_sign<C>(d: &[u8], hash: Hash, digest: &[u8]) -> Result<Vec<u8>>
where
    C: EcdsaCurve + CurveArithmetic,
    SignatureSize<C>: ArraySize,
{
    let secret = SecretKey::<C>::from_slice(d).map_err(|_| CryptoStatus::WrongKey)?;
    // Of the message and of chance: neither alone gives the key away.
    let mut chance = [0; 32];
    crate::random(&mut chance)?;
    with_hash!(hash, D => {
        let (signature, _) = hazmat::sign_prehashed_rfc6979::<C, D>(
            &secret.to_nonzero_scalar(),
            digest,
            &chance,
        );
        Ok(signature.to_bytes().to_vec())
    })
}

/// Whether a signature is that of the data.
pub fn verify(
    curve: Curve,
    point: &[u8],
    hash: Option<Hash>,
    signature: &[u8],
    data: &[u8],
) -> Result<bool> {
    match (curve, hash) {
        (Curve::Ed25519, None) => {
            use ed25519_dalek::Verifier;
            let point = point.try_into().map_err(|_| CryptoStatus::WrongKey)?;
            let Ok(key) = ed25519_dalek::VerifyingKey::from_bytes(point) else {
                return Ok(false);
            };
            let Ok(signature) = ed25519_dalek::Signature::from_slice(signature) else {
                return Ok(false);
            };
            Ok(key.verify(data, &signature).is_ok())
        }
        (_, Some(hash)) => {
            let digest = hashes::digest(hash, data)?;
            with_curve!(curve, C => ecdsa_verify::<C>(point, &digest, signature))
        }
        _ => no(CryptoStatus::WrongKey),
    }
}

fn ecdsa_verify<C>(point: &[u8], digest: &[u8], signature: &[u8]) -> Result<bool>
where
    C: EcdsaCurve + CurveArithmetic,
    SignatureSize<C>: ArraySize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    let key = read::<C>(point)?;
    let Ok(signature) = Signature::<C>::from_slice(signature) else {
        return Ok(false);
    };
    Ok(hazmat::verify_prehashed(&key.to_projective(), digest, &signature).is_ok())
}

/// The secret that a private key shares with another's public key.
pub fn agree(curve: Curve, d: &[u8], point: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    if curve == Curve::X25519 {
        let d: [u8; 32] = d.try_into().map_err(|_| CryptoStatus::WrongKey)?;
        let point: [u8; 32] = point.try_into().map_err(|_| CryptoStatus::WrongKey)?;
        let secret = x25519_dalek::StaticSecret::from(d);
        let shared = secret.diffie_hellman(&x25519_dalek::PublicKey::from(point));
        if !shared.was_contributory() {
            return no(CryptoStatus::SmallOrder);
        }
        return Ok(Zeroizing::new(shared.as_bytes().to_vec()));
    }
    with_curve!(curve, C => {
        let secret = SecretKey::<C>::from_slice(d).map_err(|_| CryptoStatus::WrongKey)?;
        let shared = secret.diffie_hellman(&read::<C>(point)?);
        let bytes: &FieldBytes<C> = shared.raw_secret_bytes();
        Ok(Zeroizing::new(bytes.to_vec()))
    })
}
