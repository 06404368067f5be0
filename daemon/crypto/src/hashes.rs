//! Digests, keyed hashes and checksums, at once or in parts.

use crate::{Result, no};
use digest::Digest;
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
            postern_abi::crypto::Hash::Sha224 => {
                type $D = sha2::Sha224;
                $body
            }
            postern_abi::crypto::Hash::Sha512t256 => {
                type $D = sha2::Sha512_256;
                $body
            }
            postern_abi::crypto::Hash::Md4 => {
                type $D = md4::Md4;
                $body
            }
            _ => crate::no(postern_abi::crypto::CryptoStatus::BadCall),
        }
    };
}
pub(crate) use with_hash;

/// A digest or keyed hash under way.
pub trait Running: Send {
    /// Adds bytes.
    fn update(&mut self, data: &[u8]);
    /// The digest.
    fn end(self: Box<Self>) -> Vec<u8>;
    /// Another that is where this one is.
    fn copy(&self) -> Box<dyn Running>;
}

#[derive(Clone)]
struct Plain<D>(D);

impl<D: Digest + Clone + Send + 'static> Running for Plain<D> {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn end(self: Box<Self>) -> Vec<u8> {
        self.0.finalize().to_vec()
    }

    fn copy(&self) -> Box<dyn Running> {
        Box::new(self.clone())
    }
}

#[derive(Clone)]
struct Keyed<M>(M);

impl<M: Mac + Clone + Send + 'static> Running for Keyed<M> {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn end(self: Box<Self>) -> Vec<u8> {
        self.0.finalize().into_bytes().to_vec()
    }

    fn copy(&self) -> Box<dyn Running> {
        Box::new(self.clone())
    }
}

/// Two digests, one behind the other.
#[derive(Clone)]
struct Both(md5::Md5, sha1::Sha1);

impl Running for Both {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
        self.1.update(data);
    }

    fn end(self: Box<Self>) -> Vec<u8> {
        let mut out = self.0.finalize().to_vec();
        out.extend_from_slice(&self.1.finalize());
        out
    }

    fn copy(&self) -> Box<dyn Running> {
        Box::new(self.clone())
    }
}

/// A checksum: its kind, its register.
#[derive(Clone)]
struct Sum(Hash, u64);

impl Running for Sum {
    fn update(&mut self, data: &[u8]) {
        self.1 = sum(self.0, self.1, data);
    }

    fn end(self: Box<Self>) -> Vec<u8> {
        match *self {
            Self(Hash::Crc64Nvme, register) => (!register).to_be_bytes().to_vec(),
            Self(_, register) => (!(register as u32)).to_be_bytes().to_vec(),
        }
    }

    fn copy(&self) -> Box<dyn Running> {
        Box::new(self.clone())
    }
}

/// Begins a digest or, with a key, a keyed hash.
pub fn begin(hash: Hash, key: Option<&[u8]>) -> Result<Box<dyn Running>> {
    match (hash, key) {
        (Hash::Crc32 | Hash::Crc32c, None) => Ok(Box::new(Sum(hash, 0xffff_ffff))),
        (Hash::Crc64Nvme, None) => Ok(Box::new(Sum(hash, u64::MAX))),
        (Hash::Md5Sha1, None) => Ok(Box::new(Both(md5::Md5::new(), sha1::Sha1::new()))),
        (hash, None) => with_hash!(hash, D => Ok(Box::new(Plain(D::new())))),
        (hash, Some(key)) => with_hash!(hash, D => {
            match hmac::Hmac::<D>::new_from_slice(key) {
                Ok(mac) => Ok(Box::new(Keyed(mac))),
                Err(_) => no(CryptoStatus::BadKey),
            }
        }),
    }
}

/// The digest of `data`.
pub fn digest(hash: Hash, data: &[u8]) -> Result<Vec<u8>> {
    let mut running = begin(hash, None)?;
    running.update(data);
    Ok(running.end())
}

/// The code of `data` under `key`.
pub fn keyed(hash: Hash, key: &[u8], data: &[u8]) -> Result<Vec<u8>> {
    let mut running = begin(hash, Some(key))?;
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
        Hash::Sha224 => 28,
        Hash::Sha512t256 => 32,
        Hash::Md4 => 16,
        Hash::Md5Sha1 => 36,
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
