//! A key: taken in from what somebody wrote, written out again.

use crate::curves::{self, Pair};
use crate::der::{self, Reader, tag};
use crate::{Refused, Result, no, rsa_keys};
use postern_abi::crypto::{CryptoStatus, Curve, KeyForm, KeyPlan, KeyShape, KeySource};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

/// A key.
pub enum Key {
    /// Bytes.
    Secret(Zeroizing<Vec<u8>>),
    /// A public RSA key.
    RsaPublic(rsa::PublicKey),
    /// A private one.
    RsaPrivate(Box<rsa::PrivateKey>),
    /// A public key of a curve.
    Point(Curve, Vec<u8>),
    /// A private one.
    Scalar(Curve, Pair),
}

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const X25519: &[u8] = &[0x2b, 0x65, 0x6e];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];

/// What an AlgorithmIdentifier names.
#[derive(Clone, Copy)]
enum Family {
    Rsa,
    Curve(Curve),
}

fn bad() -> Refused {
    CryptoStatus::BadKey.into()
}

fn named_curve(oid: &[u8]) -> Option<Curve> {
    match oid {
        P256 => Some(Curve::P256),
        P384 => Some(Curve::P384),
        P521 => Some(Curve::P521),
        _ => None,
    }
}

fn curve_name(curve: Curve) -> &'static [u8] {
    match curve {
        Curve::P256 => P256,
        Curve::P384 => P384,
        Curve::P521 => P521,
        Curve::Ed25519 => ED25519,
        Curve::X25519 => X25519,
    }
}

fn family(mut algorithm: Reader<'_>) -> Option<Family> {
    let found = match algorithm.take(tag::OBJECT)? {
        RSA => {
            if !algorithm.is_empty() {
                algorithm.take(tag::NULL).filter(|it| it.is_empty())?;
            }
            Family::Rsa
        }
        EC => Family::Curve(named_curve(algorithm.take(tag::OBJECT)?)?),
        ED25519 => Family::Curve(Curve::Ed25519),
        X25519 => Family::Curve(Curve::X25519),
        _ => return None,
    };
    algorithm.is_empty().then_some(found)
}

fn put_algorithm(out: &mut Vec<u8>, family: Family) {
    out.extend(der::nested(tag::SEQUENCE, |out| match family {
        Family::Rsa => {
            der::put(out, tag::OBJECT, RSA);
            der::put(out, tag::NULL, &[]);
        }
        Family::Curve(curve) if curves::is_flat(curve) => {
            der::put(out, tag::OBJECT, curve_name(curve));
        }
        Family::Curve(curve) => {
            der::put(out, tag::OBJECT, EC);
            der::put(out, tag::OBJECT, curve_name(curve));
        }
    }));
}

/// The outermost sequence; what is behind it is [`nothing_behind`]'s to refuse.
fn whole(data: &[u8]) -> Result<Reader<'_>> {
    Reader(data).sequence().ok_or_else(bad)
}

fn trailing(data: &[u8]) -> usize {
    let mut reader = Reader(data);
    reader.sequence();
    reader.0.len()
}

/// Refuses bytes behind a key that is otherwise good.
fn nothing_behind(key: Key, data: &[u8]) -> Result<Key> {
    match trailing(data) {
        0 => Ok(key),
        more => Err(Refused {
            status: CryptoStatus::BadKey,
            detail: (more as u32).to_le_bytes().to_vec(),
        }),
    }
}

fn spki(data: &[u8]) -> Result<Key> {
    let mut reader = whole(data)?;
    let family = reader.sequence().and_then(family).ok_or_else(bad)?;
    let bits = reader.bits().ok_or_else(bad)?;
    if !reader.is_empty() {
        return Err(bad());
    }
    match family {
        Family::Rsa => rsa_public(bits),
        Family::Curve(curve) => Ok(Key::Point(curve, curves::point(curve, bits)?)),
    }
}

fn rsa_public(data: &[u8]) -> Result<Key> {
    let mut all = Reader(data);
    let numbers = all.sequence().and_then(|mut reader| {
        let numbers = (reader.unsigned()?, reader.unsigned()?);
        reader.is_empty().then_some(numbers)
    });
    match numbers {
        Some((n, e)) if all.is_empty() => Ok(Key::RsaPublic(rsa_keys::public(n, e)?)),
        _ => Err(bad()),
    }
}

fn rsa_private(mut reader: Reader<'_>) -> Result<Key> {
    let mut read = || {
        reader
            .take(tag::INTEGER)
            .filter(|version| *version == [0])?;
        let mut numbers: [&[u8]; 8] = [&[]; 8];
        for number in &mut numbers {
            *number = reader.unsigned()?;
        }
        reader.is_empty().then_some(numbers)
    };
    let [n, e, d, p, q, ..] = read().ok_or_else(bad)?;
    let key = rsa_keys::private(n, e, d, Some([p, q]))?;
    Ok(Key::RsaPrivate(Box::new(key)))
}

/// SEC 1's ECPrivateKey, of a curve that is known or named inside.
fn ec_private(mut reader: Reader<'_>, known: Option<Curve>) -> Result<Key> {
    let mut read = || {
        reader
            .take(tag::INTEGER)
            .filter(|version| *version == [1])?;
        let d = reader.take(tag::OCTET_STRING)?;
        let mut curve = known;
        if reader.peek() == Some(tag::CONTEXT_0) {
            let mut inner = Reader(reader.take(tag::CONTEXT_0)?);
            let named = named_curve(inner.take(tag::OBJECT)?)?;
            if !inner.is_empty() || curve.is_some_and(|curve| curve != named) {
                return None;
            }
            curve = Some(named);
        }
        let mut point = None;
        if reader.peek() == Some(tag::CONTEXT_1) {
            let mut inner = Reader(reader.take(tag::CONTEXT_1)?);
            point = Some(inner.bits()?);
            inner.is_empty().then_some(())?;
        }
        reader.is_empty().then_some((curve?, d, point))
    };
    let (curve, d, point) = read().ok_or_else(bad)?;
    let pair = curves::pair(curve, d)?;
    if let Some(point) = point
        && curves::point(curve, point)? != pair.point
    {
        return Err(bad());
    }
    Ok(Key::Scalar(curve, pair))
}

fn pkcs8(data: &[u8]) -> Result<Key> {
    let outer = whole(data)?;
    let mut reader = outer;
    let mut head = || {
        let version = reader.take(tag::INTEGER)?;
        matches!(version, [0 | 1]).then_some(())?;
        let family = reader.sequence().and_then(family)?;
        Some((family, reader.take(tag::OCTET_STRING)?))
    };
    let Some((family, key)) = head() else {
        // Not PKCS #8: what RSA and EC keys were written in before it.
        let mut count = outer;
        let mut values = 0;
        while let Some(next) = count.peek() {
            if count.take(next).is_none() {
                return Err(bad());
            }
            values += 1;
        }
        return match values {
            // The point may be left out.
            3 | 4 => ec_private(outer, None),
            _ => rsa_private(outer),
        };
    };
    let mut inner = Reader(key);
    match family {
        Family::Rsa => {
            let numbers = inner.sequence().filter(|_| inner.is_empty());
            rsa_private(numbers.ok_or_else(bad)?)
        }
        Family::Curve(curve) if curves::is_flat(curve) => {
            let d = inner.take(tag::OCTET_STRING).filter(|_| inner.is_empty());
            Ok(Key::Scalar(curve, curves::pair(curve, d.ok_or_else(bad)?)?))
        }
        Family::Curve(curve) => {
            let numbers = inner.sequence().filter(|_| inner.is_empty());
            ec_private(numbers.ok_or_else(bad)?, Some(curve))
        }
    }
}

impl Key {
    /// Takes a key in.
    pub fn import(source: &KeySource<'_>, data: &[u8]) -> Result<Self> {
        match *source {
            KeySource::Secret => Ok(Self::Secret(Zeroizing::new(data.to_vec()))),
            KeySource::Point(curve) => Ok(Self::Point(curve, curves::point(curve, data)?)),
            // What is wrong inside is told as that the whole is.
            KeySource::Spki => nothing_behind(spki(data).map_err(unreadable)?, data),
            KeySource::Pkcs8 => nothing_behind(pkcs8(data).map_err(unreadable)?, data),
            KeySource::Rsa { n, e, d: None, .. } => Ok(Self::RsaPublic(rsa_keys::public(n, e)?)),
            KeySource::Rsa {
                n,
                e,
                d: Some(d),
                primes,
            } => {
                let primes = primes.map(|[p, q, ..]| [p, q]);
                Ok(Self::RsaPrivate(Box::new(rsa_keys::private(
                    n, e, d, primes,
                )?)))
            }
            KeySource::Ec {
                curve,
                x,
                y,
                d: None,
            } => Ok(Self::Point(curve, curves::point_of(curve, x, y)?)),
            KeySource::Ec {
                curve,
                x,
                y,
                d: Some(d),
            } => {
                let point = curves::point_of(curve, x, y)?;
                let pair = curves::pair(curve, d)?;
                // The private key alone counts where a point is `x` alone, as in the field.
                if !curves::is_flat(curve) && pair.point != point {
                    return no(CryptoStatus::BadData);
                }
                Ok(Self::Scalar(curve, pair))
            }
        }
    }

    /// Makes a key, and the public one of a pair.
    pub fn generate(plan: &KeyPlan) -> Result<(Self, Option<Self>)> {
        match *plan {
            KeyPlan::Secret { bits } => {
                let mut secret = Zeroizing::new(vec![0; bits.div_ceil(8) as usize]);
                crate::random(&mut secret)?;
                if let Some(last) = secret.last_mut() {
                    *last &= 0xff << (bits.next_multiple_of(8) - bits);
                }
                Ok((Self::Secret(secret), None))
            }
            KeyPlan::Rsa { bits, exponent } => {
                let key = rsa_keys::generate(bits, exponent)?;
                let public = Self::RsaPublic(key.to_public_key());
                Ok((Self::RsaPrivate(Box::new(key)), Some(public)))
            }
            KeyPlan::Ec { curve } => {
                let pair = curves::generate(curve)?;
                let public = Self::Point(curve, pair.point.clone());
                Ok((Self::Scalar(curve, pair), Some(public)))
            }
        }
    }

    /// Appends what it is.
    pub fn describe(&self, out: &mut Vec<u8>) -> Result<()> {
        let exponent;
        let shape = match self {
            Self::Secret(secret) => KeyShape::Secret(secret.len() as u32),
            Self::RsaPublic(key) => {
                exponent = rsa_keys::public_parts(key).swap_remove(1);
                KeyShape::Rsa {
                    private: false,
                    bits: rsa_keys::bits(key),
                    exponent: &exponent,
                }
            }
            Self::RsaPrivate(key) => {
                exponent = rsa_keys::public_parts(key.as_public_key()).swap_remove(1);
                KeyShape::Rsa {
                    private: true,
                    bits: rsa_keys::bits(key.as_public_key()),
                    exponent: &exponent,
                }
            }
            Self::Point(curve, _) => KeyShape::Ec {
                private: false,
                curve: *curve,
            },
            Self::Scalar(curve, _) => KeyShape::Ec {
                private: true,
                curve: *curve,
            },
        };
        encode(&shape, out)
    }

    /// Appends the key in a form.
    pub fn export(&self, form: KeyForm, out: &mut Vec<u8>) -> Result<()> {
        match (form, self) {
            (KeyForm::Raw, Self::Secret(secret)) => out.extend_from_slice(secret),
            (KeyForm::Raw, Self::Point(_, point)) => out.extend_from_slice(point),
            (KeyForm::Spki, Self::RsaPublic(key)) => {
                let parts = rsa_keys::public_parts(key);
                let numbers = der::nested(tag::SEQUENCE, |out| {
                    for part in &parts {
                        der::put_unsigned(out, part);
                    }
                });
                put_spki(out, Family::Rsa, &numbers);
            }
            (KeyForm::Spki, Self::Point(curve, point)) => {
                put_spki(out, Family::Curve(*curve), point);
            }
            (KeyForm::Pkcs8, Self::RsaPrivate(key)) => {
                let parts = rsa_keys::private_parts(key)?;
                let numbers = der::nested(tag::SEQUENCE, |out| {
                    der::put(out, tag::INTEGER, &[0]);
                    for part in &parts {
                        der::put_unsigned(out, part);
                    }
                });
                put_pkcs8(out, Family::Rsa, &numbers);
            }
            (KeyForm::Pkcs8, Self::Scalar(curve, pair)) if curves::is_flat(*curve) => {
                let inner = der::nested(tag::OCTET_STRING, |out| out.extend_from_slice(&pair.d));
                put_pkcs8(out, Family::Curve(*curve), &inner);
            }
            (KeyForm::Pkcs8, Self::Scalar(curve, pair)) => {
                let inner = der::nested(tag::SEQUENCE, |out| {
                    der::put(out, tag::INTEGER, &[1]);
                    der::put(out, tag::OCTET_STRING, &pair.d);
                    out.extend(der::nested(tag::CONTEXT_1, |out| {
                        put_bits(out, &pair.point)
                    }));
                });
                put_pkcs8(out, Family::Curve(*curve), &inner);
            }
            (KeyForm::Parts, Self::RsaPublic(key)) => {
                encode(&rsa_keys::public_parts(key), out)?;
            }
            (KeyForm::Parts, Self::RsaPrivate(key)) => {
                let mut parts = rsa_keys::private_parts(key)?;
                encode(&parts, out)?;
                parts.zeroize();
            }
            (KeyForm::Parts, Self::Point(curve, point)) => {
                encode(&coordinates(*curve, point).as_slice(), out)?;
            }
            (KeyForm::Parts, Self::Scalar(curve, pair)) => {
                let [x, y] = coordinates(*curve, &pair.point);
                encode(&[x, y, &pair.d].as_slice(), out)?;
            }
            _ => return no(CryptoStatus::WrongKey),
        }
        Ok(())
    }

    /// The public half of a pair.
    pub fn public(&self) -> Result<Self> {
        match self {
            Self::RsaPrivate(key) => Ok(Self::RsaPublic(key.to_public_key())),
            Self::Scalar(curve, pair) => Ok(Self::Point(*curve, pair.point.clone())),
            _ => no(CryptoStatus::WrongKey),
        }
    }

    /// Whether another is the same key.
    pub fn is_same(&self, other: &Self) -> Result<bool> {
        Ok(match (self, other) {
            (Self::Secret(a), Self::Secret(b)) => a.ct_eq(b).into(),
            (Self::RsaPublic(a), Self::RsaPublic(b)) => a == b,
            (Self::Point(a, x), Self::Point(b, y)) => a == b && x == y,
            // Pairs with the same public half are the same.
            (Self::RsaPrivate(_), Self::RsaPrivate(_)) | (Self::Scalar(..), Self::Scalar(..)) => {
                self.public()?.is_same(&other.public()?)?
            }
            _ => false,
        })
    }

    /// Bytes that it takes, about.
    pub fn weight(&self) -> usize {
        match self {
            Self::Secret(secret) => secret.len() + 64,
            Self::RsaPublic(key) => rsa_keys::bits(key) as usize / 2 + 256,
            Self::RsaPrivate(key) => rsa_keys::bits(key.as_public_key()) as usize * 2 + 512,
            Self::Point(..) | Self::Scalar(..) => 320,
        }
    }

    /// As it is kept.
    pub fn keep(&self) -> Result<KeptKey> {
        Ok(match self {
            Self::Secret(secret) => KeptKey::Secret(secret.to_vec()),
            Self::RsaPublic(key) => KeptKey::Rsa(rsa_keys::public_parts(key)),
            Self::RsaPrivate(key) => KeptKey::Rsa(rsa_keys::private_parts(key)?),
            Self::Point(curve, point) => KeptKey::Point(*curve, point.clone()),
            Self::Scalar(curve, pair) => KeptKey::Scalar(*curve, pair.d.to_vec()),
        })
    }

    /// What was kept.
    pub fn restore(kept: &KeptKey) -> Result<Self> {
        match kept {
            KeptKey::Secret(secret) => Ok(Self::Secret(Zeroizing::new(secret.clone()))),
            KeptKey::Rsa(parts) => match parts.as_slice() {
                [n, e] => Ok(Self::RsaPublic(rsa_keys::public(n, e)?)),
                [n, e, d, p, q, ..] => Ok(Self::RsaPrivate(Box::new(rsa_keys::private(
                    n,
                    e,
                    d,
                    Some([p, q]),
                )?))),
                _ => Err(bad()),
            },
            KeptKey::Point(curve, point) => Ok(Self::Point(*curve, curves::point(*curve, point)?)),
            KeptKey::Scalar(curve, d) => Ok(Self::Scalar(*curve, curves::pair(*curve, d)?)),
        }
    }
}

/// A key with a Worker's snapshot.
#[derive(Serialize, Deserialize)]
pub enum KeptKey {
    Secret(Vec<u8>),
    Rsa(Vec<Vec<u8>>),
    Point(Curve, Vec<u8>),
    Scalar(Curve, Vec<u8>),
}

impl Drop for KeptKey {
    fn drop(&mut self) {
        match self {
            Self::Secret(bytes) | Self::Point(_, bytes) | Self::Scalar(_, bytes) => {
                bytes.zeroize();
            }
            Self::Rsa(parts) => parts.zeroize(),
        }
    }
}

/// A point or a number that is wrong makes DER that is; a size that is not done stays told.
fn unreadable(refused: Refused) -> Refused {
    match refused.status {
        CryptoStatus::UnsupportedKey => refused,
        _ => bad(),
    }
}

fn coordinates(curve: Curve, point: &[u8]) -> [&[u8]; 2] {
    if curves::is_flat(curve) {
        return [point, &[]];
    }
    let (x, y) = point[1..].split_at(curves::size(curve));
    [x, y]
}

fn put_bits(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut content = vec![0];
    content.extend_from_slice(bytes);
    der::put(out, tag::BIT_STRING, &content);
}

fn put_spki(out: &mut Vec<u8>, family: Family, key: &[u8]) {
    out.extend(der::nested(tag::SEQUENCE, |out| {
        put_algorithm(out, family);
        put_bits(out, key);
    }));
}

fn put_pkcs8(out: &mut Vec<u8>, family: Family, key: &[u8]) {
    out.extend(der::nested(tag::SEQUENCE, |out| {
        der::put(out, tag::INTEGER, &[0]);
        put_algorithm(out, family);
        der::put(out, tag::OCTET_STRING, key);
    }));
}

/// Appends postcard.
pub fn encode(value: &impl Serialize, out: &mut Vec<u8>) -> Result<()> {
    let bytes = postcard::to_allocvec(value).map_err(|_| CryptoStatus::Failed)?;
    out.extend_from_slice(&bytes);
    Ok(())
}
