//! AES in its modes.

use crate::{Result, no};
use aes::{Aes128, Aes192, Aes256};
use cipher::block_padding::Pkcs7;
use cipher::{
    BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit, KeyIvInit,
    StreamCipher,
};
use ghash::GHash;
use ghash::universal_hash::UniversalHash;
use postern_abi::crypto::{Cipher, CryptoStatus};
use subtle::ConstantTimeEq;

const BLOCK: usize = 16;
type Block = [u8; BLOCK];

/// Calls the body with the type of AES for a key.
macro_rules! with_aes {
    ($key:expr, $A:ident => $body:expr) => {
        match $key.len() {
            16 => {
                type $A = Aes128;
                $body
            }
            24 => {
                type $A = Aes192;
                $body
            }
            32 => {
                type $A = Aes256;
                $body
            }
            _ => no(CryptoStatus::WrongKey),
        }
    };
}

pub mod parts;

fn iv(bytes: &[u8]) -> Result<&Block> {
    bytes.try_into().map_err(|_| CryptoStatus::BadCall.into())
}

/// Encrypts with a secret.
pub fn encrypt(key: &[u8], how: &Cipher<'_>, data: &[u8]) -> Result<Vec<u8>> {
    match *how {
        Cipher::AesCbc { iv: bytes } => {
            let iv = iv(bytes)?;
            with_aes!(key, A => {
                let mode = cbc::Encryptor::<A>::new_from_slices(key, iv)
                    .map_err(|_| CryptoStatus::WrongKey)?;
                Ok(mode.encrypt_padded_vec::<Pkcs7>(data))
            })
        }
        Cipher::AesCtr { counter, bits } => count(key, counter, bits, data),
        Cipher::AesGcm {
            iv,
            additional,
            tag,
        } => with_aes!(key, A => {
            let aes = A::new_from_slice(key).map_err(|_| CryptoStatus::WrongKey)?;
            let gcm = Gcm::new(&aes, iv)?;
            let mut out = Vec::with_capacity(data.len() + BLOCK);
            out.extend_from_slice(data);
            gcm.crypt(&aes, &mut out)?;
            let code = gcm.tag(additional, &out)?;
            out.extend_from_slice(&code[..tag_bytes(tag)?]);
            Ok(out)
        }),
        Cipher::AesKw => {
            // Its length is the guest's to check.
            if data.len() < BLOCK || !data.len().is_multiple_of(8) {
                return no(CryptoStatus::BadCall);
            }
            let mut out = vec![0; data.len() + 8];
            with_aes!(key, A => {
                let wrap = aes_kw::AesKw::<A>::new_from_slice(key)
                    .map_err(|_| CryptoStatus::WrongKey)?;
                wrap.wrap_key(data, &mut out).map_err(|_| CryptoStatus::TooLong)?;
                Ok(out)
            })
        }
        Cipher::Oaep { .. } | Cipher::RsaPkcs1 | Cipher::RsaRaw => no(CryptoStatus::WrongKey),
    }
}

/// Decrypts with a secret.
pub fn decrypt(key: &[u8], how: &Cipher<'_>, data: &[u8]) -> Result<Vec<u8>> {
    match *how {
        Cipher::AesCbc { iv: bytes } => {
            let iv = iv(bytes)?;
            if data.is_empty() {
                return no(CryptoStatus::BadData);
            }
            with_aes!(key, A => {
                let mode = cbc::Decryptor::<A>::new_from_slices(key, iv)
                    .map_err(|_| CryptoStatus::WrongKey)?;
                mode.decrypt_padded_vec::<Pkcs7>(data)
                    .map_err(|_| CryptoStatus::BadData.into())
            })
        }
        Cipher::AesCtr { counter, bits } => count(key, counter, bits, data),
        Cipher::AesGcm {
            iv,
            additional,
            tag,
        } => with_aes!(key, A => {
            let size = tag_bytes(tag)?;
            let Some(length) = data.len().checked_sub(size) else {
                return no(CryptoStatus::BadCall);
            };
            let aes = A::new_from_slice(key).map_err(|_| CryptoStatus::WrongKey)?;
            let gcm = Gcm::new(&aes, iv)?;
            let (text, code) = data.split_at(length);
            let expected = gcm.tag(additional, text)?;
            if !bool::from(expected[..size].ct_eq(code)) {
                return no(CryptoStatus::BadData);
            }
            let mut out = text.to_vec();
            gcm.crypt(&aes, &mut out)?;
            Ok(out)
        }),
        Cipher::AesKw => {
            if data.len() < BLOCK + 8 || !data.len().is_multiple_of(8) {
                return no(CryptoStatus::BadCall);
            }
            let mut out = vec![0; data.len() - 8];
            with_aes!(key, A => {
                let wrap = aes_kw::AesKw::<A>::new_from_slice(key)
                    .map_err(|_| CryptoStatus::WrongKey)?;
                wrap.unwrap_key(data, &mut out).map_err(|_| CryptoStatus::BadData)?;
                Ok(out)
            })
        }
        Cipher::Oaep { .. } | Cipher::RsaPkcs1 | Cipher::RsaRaw => no(CryptoStatus::WrongKey),
    }
}

/// AES-CTR, where only the lower `bits` of the counter count, and begin again at 0.
fn count(key: &[u8], counter: &[u8], bits: u32, data: &[u8]) -> Result<Vec<u8>> {
    let start = u128::from_be_bytes(*iv(counter)?);
    let mask = match bits {
        1..=127 => (1_u128 << bits) - 1,
        128 => u128::MAX,
        _ => return no(CryptoStatus::BadCall),
    };
    let blocks = data.len().div_ceil(BLOCK) as u128;
    if bits < 128 && blocks > mask + 1 {
        return no(CryptoStatus::TooLong);
    }
    // Blocks until the counter begins again; all of 2^128 of them are never reached.
    let first = (mask - (start & mask)).saturating_add(1);
    let cut = usize::try_from(first)
        .ok()
        .and_then(|blocks| blocks.checked_mul(BLOCK))
        .map_or(data.len(), |bytes| bytes.min(data.len()));
    let mut out = data.to_vec();
    with_aes!(key, A => {
        let (head, tail) = out.split_at_mut(cut);
        for (part, counter) in [(head, start), (tail, start & !mask)] {
            let mut mode = ctr::Ctr128BE::<A>::new_from_slices(key, &counter.to_be_bytes())
                .map_err(|_| CryptoStatus::WrongKey)?;
            mode.try_apply_keystream(part).map_err(|_| CryptoStatus::TooLong)?;
        }
        Ok(out)
    })
}

fn tag_bytes(bits: u32) -> Result<usize> {
    match bits {
        32 | 64 | 96 | 104 | 112 | 120 | 128 => Ok(bits as usize / 8),
        _ => no(CryptoStatus::BadCall),
    }
}

/// GCM with an IV of any length, which the crates for it fix beforehand.
struct Gcm {
    hash: GHash,
    /// The first counter block.
    first: Block,
    /// Encrypted, it masks the tag.
    mask: Block,
}

impl Gcm {
    fn new<A: BlockCipherEncrypt<BlockSize = cipher::consts::U16>>(
        aes: &A,
        iv: &[u8],
    ) -> Result<Self> {
        if iv.is_empty() {
            return no(CryptoStatus::BadCall);
        }
        let mut subkey = ghash::Key::default();
        aes.encrypt_block(&mut subkey);
        let hash = GHash::new(&subkey);
        let mut first = [0; BLOCK];
        if iv.len() == 12 {
            first[..12].copy_from_slice(iv);
            first[15] = 1;
        } else {
            let mut hash = hash.clone();
            hash.update_padded(iv);
            hash.update(&[lengths(0, iv.len())]);
            first.copy_from_slice(&hash.finalize());
        }
        let mut mask = ghash::Block::from(first);
        aes.encrypt_block(&mut mask);
        Ok(Self {
            hash,
            first,
            mask: mask.into(),
        })
    }

    /// The counter block that the data begins with.
    fn second(&self) -> Block {
        let mut block = self.first;
        let count = u32::from_be_bytes([block[12], block[13], block[14], block[15]]);
        block[12..].copy_from_slice(&count.wrapping_add(1).to_be_bytes());
        block
    }

    fn crypt<A: BlockCipherEncrypt<BlockSize = cipher::consts::U16>>(
        &self,
        aes: &A,
        data: &mut [u8],
    ) -> Result<()> {
        let block = self.second();
        let core = ctr::CtrCore::<&A, ctr::flavors::Ctr32BE>::inner_iv_init(aes, &block.into());
        cipher::StreamCipherCoreWrapper::from_core(core)
            .try_apply_keystream(data)
            .map_err(|_| CryptoStatus::TooLong.into())
    }

    fn tag(&self, additional: &[u8], text: &[u8]) -> Result<Block> {
        let mut hash = self.hash.clone();
        hash.update_padded(additional);
        hash.update_padded(text);
        hash.update(&[lengths(additional.len(), text.len())]);
        let mut tag: Block = hash.finalize().into();
        for (byte, mask) in tag.iter_mut().zip(self.mask) {
            *byte ^= mask;
        }
        Ok(tag)
    }
}

fn lengths(additional: usize, text: usize) -> ghash::Block {
    let mut block = [0; BLOCK];
    block[..8].copy_from_slice(&(additional as u64 * 8).to_be_bytes());
    block[8..].copy_from_slice(&(text as u64 * 8).to_be_bytes());
    block.into()
}
