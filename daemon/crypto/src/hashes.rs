//! Digests, keyed hashes and checksums, at once or in parts.

use crate::{Result, no};
use digest::DynDigest;
use hmac::{KeyInit, Mac};
use postern_abi::crypto::{CryptoStatus, Hash};

/// Calls the body with the type of a hash function. Checksums are none.
macro_rules! with_hash {
    ($hash:expr, $D:ident => $body:expr) => {
        match $hash {
            postern_abi::crypto::Hash::Md5 => {
                type $D = md5::Md5;
                $body
            }
            postern_abi::crypto::Hash::Sha1 => {
                type $D = sha1::Sha1;
                $body
            }
            postern_abi::crypto::Hash::Sha256 => {
                type $D = sha2::Sha256;
                $body
            }
            postern_abi::crypto::Hash::Sha384 => {
                type $D = sha2::Sha384;
                $body
            }
            postern_abi::crypto::Hash::Sha512 => {
                type $D = sha2::Sha512;
                $body
            }
            _ => crate::no(postern_abi::crypto::CryptoStatus::BadCall),
        }
    };
}
pub(crate) use with_hash;

/// A digest under way.
pub enum Running {
    /// A hash function's.
    Digest(Box<dyn DynDigest + Send>),
    /// A keyed one's.
    Keyed(Box<dyn KeyedHash>),
    /// A checksum's: its kind, its register.
    Sum(Hash, u64),
}

/// What all keyed hashes do.
pub trait KeyedHash: Send {
    /// Adds bytes.
    fn update(&mut self, data: &[u8]);
    /// The code.
    fn end(self: Box<Self>) -> Vec<u8>;
}

impl<M: Mac + Send> KeyedHash for M {
    fn update(&mut self, data: &[u8]) {
        Mac::update(self, data);
    }

    fn end(self: Box<Self>) -> Vec<u8> {
        self.finalize().into_bytes().to_vec()
    }
}

impl Running {
    /// Begins one.
    pub fn new(hash: Hash, key: Option<&[u8]>) -> Result<Self> {
        match (hash, key) {
            (Hash::Crc32 | Hash::Crc32c, None) => Ok(Self::Sum(hash, 0xffff_ffff)),
            (Hash::Crc64Nvme, None) => Ok(Self::Sum(hash, u64::MAX)),
            (hash, None) => {
                with_hash!(hash, D => Ok(Self::Digest(Box::<D>::default())))
            }
            (hash, Some(key)) => with_hash!(hash, D => {
                match hmac::Hmac::<D>::new_from_slice(key) {
                    Ok(mac) => Ok(Self::Keyed(Box::new(mac))),
                    Err(_) => no(CryptoStatus::BadKey),
                }
            }),
        }
    }

    /// Adds bytes.
    pub fn update(&mut self, data: &[u8]) {
        match self {
            Self::Digest(digest) => digest.update(data),
            Self::Keyed(mac) => mac.update(data),
            Self::Sum(hash, register) => *register = sum(*hash, *register, data),
        }
    }

    /// The digest.
    pub fn end(self) -> Vec<u8> {
        match self {
            Self::Digest(digest) => digest.finalize().into_vec(),
            Self::Keyed(mac) => mac.end(),
            Self::Sum(Hash::Crc64Nvme, register) => (!register).to_be_bytes().to_vec(),
            Self::Sum(_, register) => (!(register as u32)).to_be_bytes().to_vec(),
        }
    }
}

/// The digest of `data`.
pub fn digest(hash: Hash, data: &[u8]) -> Result<Vec<u8>> {
    let mut running = Running::new(hash, None)?;
    running.update(data);
    Ok(running.end())
}

/// The code of `data` under `key`.
pub fn keyed(hash: Hash, key: &[u8], data: &[u8]) -> Result<Vec<u8>> {
    let mut running = Running::new(hash, Some(key))?;
    running.update(data);
    Ok(running.end())
}

/// Bytes of a digest.
pub fn size(hash: Hash) -> usize {
    match hash {
        Hash::Md5 => 16,
        Hash::Sha1 => 20,
        Hash::Sha256 => 32,
        Hash::Sha384 => 48,
        Hash::Sha512 => 64,
        Hash::Crc32 | Hash::Crc32c => 4,
        Hash::Crc64Nvme => 8,
    }
}

/// Tables of the reflected polynomials, a byte at a time.
const fn table(polynomial: u64) -> [u64; 256] {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let mut value = at as u64;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 {
                (value >> 1) ^ polynomial
            } else {
                value >> 1
            };
            bit += 1;
        }
        table[at] = value;
        at += 1;
    }
    table
}

static CRC32: [u64; 256] = table(0xedb8_8320);
static CRC32C: [u64; 256] = table(0x82f6_3b78);
static CRC64_NVME: [u64; 256] = table(0x9a6c_9329_ac4b_c9b5);

fn sum(hash: Hash, register: u64, data: &[u8]) -> u64 {
    let table = match hash {
        Hash::Crc32 => &CRC32,
        Hash::Crc32c => &CRC32C,
        _ => &CRC64_NVME,
    };
    data.iter().fold(register, |register, byte| {
        (register >> 8) ^ table[usize::from(register as u8 ^ byte)]
    })
}
