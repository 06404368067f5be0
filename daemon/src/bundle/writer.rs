//! A bundle that is made: parts are collected by their hash, the manifest is written before them.

use super::document::Document;
use super::{BundleError, Encoding, MAGIC, MANIFEST_MAX, Manifest, Part};
use flate2::{Compression as Level, write::DeflateEncoder};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use sha2::{Digest, Sha256};
use std::io::Write;

/// How parts are compressed. What that does not make smaller is stored as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// By what makes each the smallest.
    #[default]
    Smallest,
    /// Deflate.
    Deflate,
    /// Zstandard.
    Zstd,
    /// Not at all.
    None,
}

impl Compression {
    fn of(self, content: &[u8]) -> Result<(Encoding, Vec<u8>), BundleError> {
        let mut best = (Encoding::Plain, content.to_vec());
        let mut take = |encoding, bytes: Vec<u8>| {
            if bytes.len() < best.1.len() {
                best = (encoding, bytes);
            }
        };
        if matches!(self, Self::Smallest | Self::Deflate) {
            let mut encoder = DeflateEncoder::new(Vec::new(), Level::best());
            encoder.write_all(content)?;
            take(Encoding::Deflate, encoder.finish()?);
        }
        if matches!(self, Self::Smallest | Self::Zstd) {
            let bytes = compress_to_vec(content, CompressionLevel::Fastest);
            take(Encoding::Zstd, bytes);
        }
        Ok(best)
    }
}

/// The parts of a bundle, and later all of it.
#[derive(Default)]
pub struct Writer {
    compression: Compression,
    pub(super) parts: Vec<Part>,
    stored: Vec<Vec<u8>>,
}

impl Writer {
    /// One that compresses in a way.
    pub fn new(compression: Compression) -> Self {
        Self {
            compression,
            ..Self::default()
        }
    }

    /// Takes a part, compressed if that is smaller; its index. The same content is one part.
    pub fn part(&mut self, content: &[u8]) -> Result<u32, BundleError> {
        let hash: [u8; 32] = Sha256::digest(content).into();
        let known = self.parts.iter().position(|part| part.hash == hash);
        let index = known.unwrap_or(self.parts.len());
        if known.is_none() {
            let (encoding, stored) = self.compression.of(content)?;
            self.parts.push(Part {
                hash,
                stored_hash: Sha256::digest(&stored).into(),
                encoding,
                bytes: content.len() as u64,
                stored: stored.len() as u64,
            });
            self.stored.push(stored);
        }
        Ok(u32::try_from(index).unwrap_or(u32::MAX))
    }

    /// The whole bundle. `sign` is given what is signed and gives a `.minisig` file, or nothing.
    pub fn finish(
        self,
        mut manifest: Manifest,
        sign: impl FnOnce(&[u8]) -> Vec<u8>,
    ) -> Result<Vec<u8>, BundleError> {
        manifest.parts = self.parts;
        manifest.check()?;
        let bytes = postcard::to_allocvec(&manifest)
            .map_err(|_| BundleError::Form("it cannot be encoded"))?;
        let mut bundle = Document::write(MAGIC, &bytes, MANIFEST_MAX, sign)?;
        self.stored
            .iter()
            .for_each(|part| bundle.extend_from_slice(part));
        Ok(bundle)
    }
}
