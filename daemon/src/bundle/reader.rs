//! A bundle on its way in: the manifest first, then part by part.

use super::{BundleError, Encoding, MAGIC, MANIFEST_MAX, Manifest, SIGNATURE_MAX};
use flate2::read::DeflateDecoder;
use sha2::{Digest, Sha256};
use std::io::Read;

/// What parts may have.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes of one part, as content and as stored.
    pub part: u64,
    /// Bytes of the content of all parts, and of what is stored.
    pub total: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            part: 32 << 20,
            total: 64 << 20,
        }
    }
}

/// A bundle of which the manifest is read.
pub struct Reader<R> {
    from: R,
    manifest: Manifest,
    signed: Vec<u8>,
    signature: Vec<u8>,
    next: usize,
}

/// A bundle in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// What it says that it has.
    pub manifest: Manifest,
    /// Its signature, not checked; empty: it has none.
    pub signature: Vec<u8>,
    /// The content of its parts.
    pub parts: Vec<Vec<u8>>,
}

/// Reads a whole bundle within the default [`Bounds`].
pub fn read(bytes: &[u8]) -> Result<Bundle, BundleError> {
    let mut reader = Reader::open(bytes, Bounds::default())?;
    let mut parts = Vec::new();
    while let Some(part) = reader.part()? {
        parts.push(part);
    }
    Ok(Bundle {
        manifest: reader.manifest,
        signature: reader.signature,
        parts,
    })
}

impl<R: Read> Reader<R> {
    /// Reads up to the first part. What it asks for beyond `bounds` is refused before that.
    pub fn open(mut from: R, bounds: Bounds) -> Result<Self, BundleError> {
        let head = taken(&mut from, 44, "its head")?;
        if head[..8] != MAGIC {
            return Err(BundleError::Magic);
        }
        let length = u32::from_le_bytes([head[8], head[9], head[10], head[11]]) as usize;
        if length > MANIFEST_MAX {
            return Err(BundleError::ManifestSize(length));
        }
        let bytes = taken(&mut from, length as u64, "its manifest")?;
        if Sha256::digest(&bytes)[..] != head[12..44] {
            return Err(BundleError::ManifestHash);
        }
        let manifest = Manifest::decode(&bytes)?;
        within(&manifest, bounds)?;
        let length = taken(&mut from, 2, "its signature")?;
        let length = usize::from(u16::from_le_bytes([length[0], length[1]]));
        if length > SIGNATURE_MAX {
            return Err(BundleError::SignatureSize(length));
        }
        Ok(Self {
            signature: taken(&mut from, length as u64, "its signature")?,
            from,
            manifest,
            signed: [head, bytes].concat(),
            next: 0,
        })
    }

    /// What it says that it has.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The bytes that a signature is of: the head and the manifest, which has the parts' hashes.
    pub fn signed(&self) -> &[u8] {
        &self.signed
    }

    /// The signature, not checked; empty: there is none.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// The content of the next part; none behind the last one, where the bundle has to end.
    pub fn part(&mut self) -> Result<Option<Vec<u8>>, BundleError> {
        let index = self.next;
        let Some(part) = self.manifest.parts.get(index) else {
            return match taken(&mut self.from, 1, "") {
                Err(BundleError::Short(_)) => Ok(None),
                Err(error) => Err(error),
                Ok(_) => Err(BundleError::Trailing),
            };
        };
        let stored = taken(&mut self.from, part.stored, "a part")?;
        if Sha256::digest(&stored)[..] != part.stored_hash {
            return Err(BundleError::PartHash(index));
        }
        let content = match part.encoding {
            Encoding::Plain => stored,
            Encoding::Deflate => {
                let mut content = Vec::new();
                let mut decoder = DeflateDecoder::new(&stored[..]);
                // One byte more tells what expands to more than it said.
                let read = (&mut decoder)
                    .take(part.bytes + 1)
                    .read_to_end(&mut content);
                if read.is_err() || decoder.total_in() != part.stored {
                    return Err(BundleError::PartForm(index));
                }
                content
            }
        };
        if content.len() as u64 != part.bytes {
            return Err(BundleError::PartForm(index));
        }
        if Sha256::digest(&content)[..] != part.hash {
            return Err(BundleError::PartHash(index));
        }
        self.next += 1;
        Ok(Some(content))
    }
}

fn within(manifest: &Manifest, bounds: Bounds) -> Result<(), BundleError> {
    let (mut bytes, mut stored) = (0_u64, 0_u64);
    for part in &manifest.parts {
        bytes = bytes.saturating_add(part.bytes);
        stored = stored.saturating_add(part.stored);
        let value = part.bytes.max(part.stored);
        limit("a part", value, bounds.part)?;
    }
    limit("the content of all parts", bytes.max(stored), bounds.total)
}

fn limit(what: &'static str, value: u64, limit: u64) -> Result<(), BundleError> {
    match value <= limit {
        true => Ok(()),
        false => Err(BundleError::TooMuch { what, value, limit }),
    }
}

/// So many bytes. Memory is taken as they arrive, whatever was announced.
fn taken(from: &mut impl Read, bytes: u64, what: &'static str) -> Result<Vec<u8>, BundleError> {
    let mut taken = Vec::new();
    from.take(bytes).read_to_end(&mut taken)?;
    match taken.len() as u64 == bytes {
        true => Ok(taken),
        false => Err(BundleError::Short(what)),
    }
}
