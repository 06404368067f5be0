//! AES for data that comes in parts.

use super::{BLOCK, Block, Gcm, iv};
use crate::{Result, no};
use aes::{Aes128, Aes192, Aes256};
use cipher::consts::U16;
use cipher::{
    BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit,
    KeyInit, KeyIvInit, StreamCipher,
};
use ghash::universal_hash::UniversalHash;
use postern_abi::crypto::{CryptoStatus, Mode};
use subtle::ConstantTimeEq;

/// What is done to each block of a mode that works on whole blocks.
trait Blocks: Send {
    fn apply(&mut self, block: &mut Block);
}

/// What is done to bytes of a mode that makes a stream of keys.
trait Stream: Send {
    fn apply(&mut self, bytes: &mut [u8]) -> Result<()>;
}

struct Forth<A>(A);
struct Back<A>(A);

impl<A: BlockCipherEncrypt<BlockSize = U16> + Send> Blocks for Forth<A> {
    fn apply(&mut self, block: &mut Block) {
        self.0.encrypt_block(block.into());
    }
}

impl<A: BlockCipherDecrypt<BlockSize = U16> + Send> Blocks for Back<A> {
    fn apply(&mut self, block: &mut Block) {
        self.0.decrypt_block(block.into());
    }
}

struct ForthChained<A>(A);
struct BackChained<A>(A);

impl<A: BlockModeEncrypt<BlockSize = U16> + Send> Blocks for ForthChained<A> {
    fn apply(&mut self, block: &mut Block) {
        self.0.encrypt_block(block.into());
    }
}

impl<A: BlockModeDecrypt<BlockSize = U16> + Send> Blocks for BackChained<A> {
    fn apply(&mut self, block: &mut Block) {
        self.0.decrypt_block(block.into());
    }
}

/// OFB: the cipher of the block before is the next block of keys.
struct Feedback<A> {
    aes: A,
    block: Block,
    used: usize,
}

impl<A: BlockCipherEncrypt<BlockSize = U16> + Send> Stream for Feedback<A> {
    fn apply(&mut self, bytes: &mut [u8]) -> Result<()> {
        for byte in bytes {
            if self.used == BLOCK {
                self.aes.encrypt_block((&mut self.block).into());
                self.used = 0;
            }
            *byte ^= self.block[self.used];
            self.used += 1;
        }
        Ok(())
    }
}

struct Keys<S>(S);

impl<S: StreamCipher + Send> Stream for Keys<S> {
    fn apply(&mut self, bytes: &mut [u8]) -> Result<()> {
        self.0
            .try_apply_keystream(bytes)
            .map_err(|_| CryptoStatus::TooLong.into())
    }
}

/// Encrypting or decrypting, under way.
pub struct InParts {
    work: Work,
    encrypts: bool,
}

enum Work {
    Blocks {
        mode: Box<dyn Blocks>,
        /// What is no whole block yet or, to decrypt with padding, may be the last.
        held: Vec<u8>,
        pads: bool,
    },
    Stream(Box<dyn Stream>),
    Gcm {
        stream: Box<dyn Stream>,
        gcm: Gcm,
        /// Ciphertext that is not hashed yet.
        held: Vec<u8>,
        additional: usize,
        text: usize,
    },
}

impl InParts {
    /// Begins with a secret.
    pub fn new(key: &[u8], mode: &Mode<'_>, encrypts: bool, pads: bool) -> Result<Self> {
        let wrong = |_| CryptoStatus::WrongKey;
        let work = with_aes!(key, A => {
            let blocks: Box<dyn Blocks> = match (*mode, encrypts) {
                (Mode::Ecb, true) => Box::new(Forth(A::new_from_slice(key).map_err(wrong)?)),
                (Mode::Ecb, false) => Box::new(Back(A::new_from_slice(key).map_err(wrong)?)),
                (Mode::Cbc { iv: bytes }, true) => {
                    let mode = cbc::Encryptor::<A>::new_from_slices(key, iv(bytes)?);
                    Box::new(ForthChained(mode.map_err(wrong)?))
                }
                (Mode::Cbc { iv: bytes }, false) => {
                    let mode = cbc::Decryptor::<A>::new_from_slices(key, iv(bytes)?);
                    Box::new(BackChained(mode.map_err(wrong)?))
                }
                (Mode::Ctr { counter }, _) => {
                    let mode = ctr::Ctr128BE::<A>::new_from_slices(key, iv(counter)?);
                    let work = Work::Stream(Box::new(Keys(mode.map_err(wrong)?)));
                    return Ok(Self { work, encrypts });
                }
                (Mode::Ofb { iv: bytes }, _) => {
                    let work = Work::Stream(Box::new(Feedback {
                        aes: A::new_from_slice(key).map_err(wrong)?,
                        block: *iv(bytes)?,
                        used: BLOCK,
                    }));
                    return Ok(Self { work, encrypts });
                }
                (Mode::Gcm { iv, additional }, _) => {
                    let aes = A::new_from_slice(key).map_err(wrong)?;
                    let mut gcm = Gcm::new(&aes, iv)?;
                    gcm.hash.update_padded(additional);
                    let core = ctr::CtrCore::<A, ctr::flavors::Ctr32BE>::inner_iv_init(
                        aes,
                        &gcm.second().into(),
                    );
                    let stream = Keys(cipher::StreamCipherCoreWrapper::from_core(core));
                    let work = Work::Gcm {
                        stream: Box::new(stream),
                        gcm,
                        held: Vec::new(),
                        additional: additional.len(),
                        text: 0,
                    };
                    return Ok(Self { work, encrypts });
                }
            };
            Ok(Work::Blocks { mode: blocks, held: Vec::new(), pads })
        })?;
        Ok(Self { work, encrypts })
    }

    /// What of the data can be given by now.
    pub fn update(&mut self, data: &[u8]) -> Result<Vec<u8>> {
        match &mut self.work {
            Work::Blocks { mode, held, pads } => {
                let mut out = std::mem::take(held);
                out.extend_from_slice(data);
                let mut whole = out.len() / BLOCK * BLOCK;
                if *pads && !self.encrypts && whole == out.len() {
                    whole = whole.saturating_sub(BLOCK);
                }
                *held = out.split_off(whole);
                for block in out.as_chunks_mut::<BLOCK>().0 {
                    mode.apply(block);
                }
                Ok(out)
            }
            Work::Stream(stream) => {
                let mut out = data.to_vec();
                stream.apply(&mut out)?;
                Ok(out)
            }
            Work::Gcm {
                stream,
                gcm,
                held,
                text,
                ..
            } => {
                let mut out = data.to_vec();
                if !self.encrypts {
                    hash(gcm, held, data);
                }
                stream.apply(&mut out)?;
                if self.encrypts {
                    hash(gcm, held, &out);
                }
                *text += data.len();
                Ok(out)
            }
        }
    }

    /// What is left, with the tag behind it if there is one to give; `tag` is the one to have.
    pub fn end(self, tag: &[u8]) -> Result<Vec<u8>> {
        match self.work {
            Work::Stream(_) => Ok(Vec::new()),
            Work::Blocks {
                mut mode,
                mut held,
                pads,
            } => {
                if !pads {
                    return match held.len() {
                        0 => Ok(held),
                        _ => no(CryptoStatus::BadCall),
                    };
                }
                if self.encrypts {
                    let more = BLOCK - held.len();
                    held.resize(BLOCK, more as u8);
                }
                let Ok(mut block) = Block::try_from(held.as_slice()) else {
                    return no(CryptoStatus::BadCall);
                };
                mode.apply(&mut block);
                if self.encrypts {
                    return Ok(block.to_vec());
                }
                let padding = usize::from(block[BLOCK - 1]);
                if padding == 0 || padding > BLOCK {
                    return no(CryptoStatus::BadData);
                }
                let (text, rest) = block.split_at(BLOCK - padding);
                if rest.iter().any(|byte| usize::from(*byte) != padding) {
                    return no(CryptoStatus::BadData);
                }
                Ok(text.to_vec())
            }
            Work::Gcm {
                gcm,
                held,
                additional,
                text,
                ..
            } => {
                let Gcm { mut hash, mask, .. } = gcm;
                hash.update_padded(&held);
                hash.update(&[super::lengths(additional, text)]);
                let mut code: Block = hash.finalize().into();
                for (byte, mask) in code.iter_mut().zip(mask) {
                    *byte ^= mask;
                }
                if self.encrypts {
                    return Ok(code.to_vec());
                }
                let same = match code.get(..tag.len()) {
                    Some(code) if tag.len() >= 4 => bool::from(code.ct_eq(tag)),
                    _ => false,
                };
                if same {
                    Ok(Vec::new())
                } else {
                    no(CryptoStatus::BadData)
                }
            }
        }
    }
}

/// Hashes the whole blocks of the ciphertext so far.
fn hash(gcm: &mut Gcm, held: &mut Vec<u8>, data: &[u8]) {
    held.extend_from_slice(data);
    let whole = held.len() / BLOCK * BLOCK;
    let rest = held.split_off(whole);
    gcm.hash.update_padded(held);
    *held = rest;
}
