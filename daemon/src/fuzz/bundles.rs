//! Bundles as somebody would make them who can count: with hashes that fit whatever was changed.

use crate::bundle::{Encoding, MAGIC, Manifest};
use sha2::{Digest, Sha256};

/// The same bytes with the hashes that they would have if somebody had made them so: what is behind the hashes is
/// reached too.
pub fn mended(bytes: &[u8]) -> Option<Vec<u8>> {
    let (head, rest) = bytes.split_at_checked(44)?;
    let length = u32::from_le_bytes(head[8..12].try_into().unwrap()) as usize;
    let (manifest, rest) = rest.split_at(length.min(rest.len()));
    let mut said = postcard::from_bytes::<Manifest>(manifest).ok();
    let (length, tail) = rest.split_first_chunk::<2>().unwrap_or((&[0; 2], b""));
    let length = usize::from(u16::from_le_bytes(*length)).min(tail.len());
    let (signature, mut parts) = tail.split_at(length);
    for part in said.iter_mut().flat_map(|it| &mut it.parts) {
        let stored = usize::try_from(part.stored).unwrap_or(usize::MAX);
        let (stored, later) = parts.split_at(stored.min(parts.len()));
        parts = later;
        part.stored_hash = Sha256::digest(stored).into();
        if part.encoding == Encoding::Plain {
            part.hash = part.stored_hash;
        }
    }
    let again = said.and_then(|it| postcard::to_allocvec(&it).ok());
    let manifest = again.as_deref().unwrap_or(manifest);
    let mut mended = MAGIC.to_vec();
    mended.extend_from_slice(&u32::try_from(manifest.len()).ok()?.to_le_bytes());
    mended.extend_from_slice(&Sha256::digest(manifest));
    mended.extend_from_slice(manifest);
    mended.extend_from_slice(&u16::try_from(length).ok()?.to_le_bytes());
    mended.extend_from_slice(signature);
    let behind = bytes.len() - tail.len() + length;
    mended.extend_from_slice(bytes.get(behind..).unwrap_or_default());
    Some(mended)
}
