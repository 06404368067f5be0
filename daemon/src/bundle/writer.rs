//! A bundle that is made: parts are collected by their hash, the manifest is written before them.

use super::document::Document;
use super::{BundleError, Encoding, MAGIC, MANIFEST_MAX, Manifest, Part};
use flate2::{Compression, write::DeflateEncoder};
use sha2::{Digest, Sha256};
use std::io::Write;

/// The parts of a bundle, and later all of it.
#[derive(Default)]
pub struct Writer {
    pub(super) parts: Vec<Part>,
    stored: Vec<Vec<u8>>,
}

impl Writer {
    /// Takes a part, compressed if that is smaller; its index. The same content is one part.
    pub fn part(&mut self, content: &[u8]) -> Result<u32, BundleError> {
        let hash: [u8; 32] = Sha256::digest(content).into();
        let known = self.parts.iter().position(|part| part.hash == hash);
        let index = known.unwrap_or(self.parts.len());
        if known.is_none() {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(content)?;
            let deflated = encoder.finish()?;
            let (encoding, stored) = match deflated.len() < content.len() {
                true => (Encoding::Deflate, deflated),
                false => (Encoding::Plain, content.to_vec()),
            };
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
