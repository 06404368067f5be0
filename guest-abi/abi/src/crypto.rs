//! Cryptography: the argument of [`SyncOp::Crypto`](crate::SyncOp::Crypto) and
//! [`OpKind::Crypto`](crate::OpKind::Crypto), which are the same, and their result.
//!
//! The argument is a [`CryptoCall`] and, behind it, the data that it is about. The result's last
//! byte is a [`CryptoStatus`]; where that is [`CryptoStatus::Done`], what the call says is before
//! it. Keys stay with the host, under numbers that the guest chooses.

use serde::{Deserialize, Serialize};

/// A hash function, or a checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hash {
    /// MD5.
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// CRC-32 as in zlib; only digests.
    Crc32,
    /// CRC-32C; only digests.
    Crc32c,
    /// CRC-64/NVME; only digests.
    Crc64Nvme,
    /// SHA-224.
    Sha224,
    /// SHA-512/256.
    Sha512t256,
    /// MD4.
    Md4,
    /// MD5 and SHA-1, one behind the other; only digests.
    Md5Sha1,
}

/// A curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Curve {
    /// P-256.
    P256,
    /// P-384.
    P384,
    /// P-521.
    P521,
    /// Edwards25519, to sign.
    Ed25519,
    /// Curve25519, to agree on keys.
    X25519,
}

/// How a key that is imported is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeySource<'a> {
    /// The data is a secret.
    Secret,
    /// The data is a public point: SEC 1, or 32 bytes.
    Point(Curve),
    /// The data is DER of a SubjectPublicKeyInfo.
    Spki,
    /// The data is DER of a private key: PKCS #8, or what PKCS #1 and SEC 1 have.
    Pkcs8,
    /// Numbers, big endian. A public key without `d`. Without data.
    Rsa {
        /// The modulus.
        n: &'a [u8],
        /// The public exponent.
        e: &'a [u8],
        /// The private exponent.
        d: Option<&'a [u8]>,
        /// `p`, `q`, `dp`, `dq`, `qi`.
        primes: Option<[&'a [u8]; 5]>,
    },
    /// Coordinates, big endian. A public key without `d`. Without data. `y` is empty where a
    /// point is `x` alone.
    Ec {
        /// The curve.
        curve: Curve,
        /// The point's `x`.
        x: &'a [u8],
        /// The point's `y`.
        y: &'a [u8],
        /// The private key.
        d: Option<&'a [u8]>,
    },
}

/// What a key that was imported or made is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyShape<'a> {
    /// A secret of so many bytes.
    Secret(u32),
    /// An RSA key.
    Rsa {
        /// Whether it is the private one.
        private: bool,
        /// Bits of the modulus, a multiple of 8.
        bits: u32,
        /// The public exponent, big endian.
        exponent: &'a [u8],
    },
    /// A key of a curve.
    Ec {
        /// Whether it is the private one.
        private: bool,
        /// The curve.
        curve: Curve,
    },
}

/// How a key is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyForm {
    /// The secret, or the public point. Result: the bytes.
    Raw,
    /// Result: DER of a SubjectPublicKeyInfo.
    Spki,
    /// Result: DER of PKCS #8.
    Pkcs8,
    /// The members of a JSON Web Key. Result: [`KeyParts`].
    Parts,
}

/// The numbers of a key, big endian, in this order: RSA `n`, `e` and of the private one `d`, `p`,
/// `q`, `dp`, `dq`, `qi`; curves `x`, `y` (empty where there is none) and of the private one `d`.
pub type KeyParts<'a> = alloc::vec::Vec<&'a [u8]>;

/// What is made by [`CryptoCall::Generate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyPlan {
    /// A secret of so many bits.
    Secret {
        /// Bits; those of the last byte that are too many are zero.
        bits: u32,
    },
    /// An RSA pair.
    Rsa {
        /// Bits of the modulus.
        bits: u32,
        /// The public exponent.
        exponent: u32,
    },
    /// A pair of a curve.
    Ec {
        /// The curve.
        curve: Curve,
    },
}

/// How is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Signing {
    /// A keyed hash.
    Hmac(Hash),
    /// RSASSA-PKCS1-v1_5.
    Pkcs1(Hash),
    /// RSA-PSS with so many bytes of salt; to verify, `u32::MAX` is any number.
    Pss(Hash, u32),
    /// ECDSA; signatures are `r` and `s`, of the curve's size each.
    Ecdsa(Hash),
    /// Ed25519.
    Ed25519,
    /// The private operation of RSA on the data itself; there is no verifying.
    RsaRaw,
}

/// How is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cipher<'a> {
    /// AES-CBC with padding.
    AesCbc {
        /// 16 bytes.
        iv: &'a [u8],
    },
    /// AES-CTR.
    AesCtr {
        /// 16 bytes.
        counter: &'a [u8],
        /// How many bits of it count.
        bits: u32,
    },
    /// AES-GCM; the tag is behind the ciphertext.
    AesGcm {
        /// At least one byte.
        iv: &'a [u8],
        /// What is authenticated and not encrypted.
        additional: &'a [u8],
        /// Bits of the tag.
        tag: u32,
    },
    /// AES-KW.
    AesKw,
    /// RSA-OAEP.
    Oaep {
        /// The hash.
        hash: Hash,
        /// The label.
        label: &'a [u8],
    },
    /// RSAES-PKCS1-v1_5.
    RsaPkcs1,
    /// The public operation of RSA on the data itself; the private one is [`Signing::RsaRaw`].
    RsaRaw,
}

/// How is encrypted or decrypted what comes in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode<'a> {
    /// AES-ECB.
    Ecb,
    /// AES-CBC.
    Cbc {
        /// 16 bytes.
        iv: &'a [u8],
    },
    /// AES-CTR, of which all 128 bits count.
    Ctr {
        /// 16 bytes.
        counter: &'a [u8],
    },
    /// AES-GCM.
    Gcm {
        /// At least one byte.
        iv: &'a [u8],
        /// What is authenticated and not encrypted.
        additional: &'a [u8],
    },
    /// AES-OFB.
    Ofb {
        /// 16 bytes.
        iv: &'a [u8],
    },
}

/// How bits are derived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deriving<'a> {
    /// The secret shared with another's public key.
    Agreement {
        /// That key's number.
        public: u32,
        /// Bits wanted; all without.
        bits: Option<u32>,
    },
    /// HKDF.
    Hkdf {
        /// The hash.
        hash: Hash,
        /// The salt.
        salt: &'a [u8],
        /// The context.
        info: &'a [u8],
        /// Bytes wanted.
        length: u32,
    },
    /// PBKDF2.
    Pbkdf2 {
        /// The hash.
        hash: Hash,
        /// The salt.
        salt: &'a [u8],
        /// Rounds.
        iterations: u32,
        /// Bytes wanted.
        length: u32,
    },
    /// scrypt.
    Scrypt {
        /// The salt.
        salt: &'a [u8],
        /// The cost is 2 to the power of this.
        log_n: u8,
        /// The size of a block.
        r: u32,
        /// How often.
        p: u32,
        /// Bytes wanted.
        length: u32,
    },
}

/// One call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CryptoCall<'a> {
    /// Result: the digest of the data.
    Digest(Hash),
    /// Begins a digest or, with a secret's number, a keyed hash under the number `id`.
    HashBegin {
        /// The new number.
        id: u32,
        /// The function.
        hash: Hash,
        /// The secret.
        key: Option<u32>,
    },
    /// Adds the data to it.
    HashUpdate(u32),
    /// Result: the digest. The number is free again.
    HashEnd(u32),
    /// Forgets a key or a digest.
    Forget(u32),
    /// Takes a key in under the number `id`. Result: [`KeyShape`].
    Import {
        /// The new number.
        id: u32,
        /// How it is written.
        source: KeySource<'a>,
    },
    /// Result: as the form says.
    Export {
        /// The key.
        key: u32,
        /// The form.
        form: KeyForm,
    },
    /// Makes a key under the number `id`, or a pair, whose public key is `public`. Result:
    /// [`KeyShape`] of the first.
    Generate {
        /// The new number.
        id: u32,
        /// The public key's; not looked at for secrets.
        public: u32,
        /// What is made.
        plan: KeyPlan,
    },
    /// Result: the signature of the data.
    Sign {
        /// The key.
        key: u32,
        /// How.
        how: Signing,
    },
    /// Result: one byte, 1 if the signature is that of the data.
    Verify {
        /// The key.
        key: u32,
        /// How.
        how: Signing,
        /// The signature.
        signature: &'a [u8],
    },
    /// Result: the data encrypted.
    Encrypt {
        /// The key.
        key: u32,
        /// How.
        how: Cipher<'a>,
    },
    /// Result: the data decrypted.
    Decrypt {
        /// The key.
        key: u32,
        /// How.
        how: Cipher<'a>,
        /// If there is a number: the result becomes a secret of that number, and nothing follows.
        into: Option<u32>,
    },
    /// Result: the bits.
    Derive {
        /// The key.
        key: u32,
        /// How.
        how: Deriving<'a>,
        /// As of [`CryptoCall::Decrypt`].
        into: Option<u32>,
    },
    /// Begins a digest or keyed hash under the number `id`, where another one is by now.
    HashCopy {
        /// The new number.
        id: u32,
        /// The other's.
        from: u32,
    },
    /// Begins to encrypt or decrypt, with a secret, under the number `id`.
    CipherBegin {
        /// The new number.
        id: u32,
        /// The secret.
        key: u32,
        /// How.
        mode: Mode<'a>,
        /// Whether it encrypts.
        encrypts: bool,
        /// Whether the last block is padded.
        pads: bool,
    },
    /// Result: what of the data can be given by now.
    CipherUpdate(u32),
    /// Result: what is left and, if it encrypts with AES-GCM, 16 bytes of tag. The number is free
    /// again.
    CipherEnd {
        /// The number.
        id: u32,
        /// The tag that it must have, to decrypt with AES-GCM: 4 to 16 bytes.
        tag: &'a [u8],
    },
    /// Takes the public half of a pair under the number `id`. Result: [`KeyShape`].
    Public {
        /// The new number.
        id: u32,
        /// The private key.
        key: u32,
    },
    /// Result: one byte, 1 if the two keys are the same.
    Same {
        /// A key.
        key: u32,
        /// Another.
        other: u32,
    },
    /// Result: the data, a number, big endian, to the power of a secret, by a modulus; as many
    /// bytes as the modulus has.
    Power {
        /// The secret.
        key: u32,
        /// The modulus, big endian, odd.
        modulus: &'a [u8],
    },
}

/// How a call ended: the last byte of its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum CryptoStatus {
    /// The result is there.
    Done = 0,
    /// There is no such key, or it is not one for this.
    WrongKey = 1,
    /// A number of the call is already in use, or breaks a rule that the guest is to keep.
    BadCall = 2,
    /// The key cannot be read, or is none. Before the status is how many bytes were too many
    /// behind it, a `u32`, little endian, or nothing.
    BadKey = 3,
    /// A kind of key, or a size, that the host does not do.
    UnsupportedKey = 4,
    /// It does not decrypt: a wrong key, a wrong tag, a wrong padding. Or the private key does
    /// not belong to the point.
    BadData = 5,
    /// The data is too long, or the key too short, for this.
    TooLong = 6,
    /// The point is not on the curve.
    NotOnCurve = 7,
    /// The two keys have no secret worth the name.
    SmallOrder = 8,
    /// The table of keys is full: see [`limits::CRYPTO_KEYS_MAX`](crate::limits::CRYPTO_KEYS_MAX).
    Full = 9,
    /// Something failed that nobody is to blame for.
    Failed = 10,
}

impl CryptoStatus {
    /// The status of this number; unknown ones are `Failed`.
    pub fn from_u8(status: u8) -> Self {
        match status {
            0 => Self::Done,
            1 => Self::WrongKey,
            2 => Self::BadCall,
            3 => Self::BadKey,
            4 => Self::UnsupportedKey,
            5 => Self::BadData,
            6 => Self::TooLong,
            7 => Self::NotOnCurve,
            8 => Self::SmallOrder,
            9 => Self::Full,
            _ => Self::Failed,
        }
    }
}
