//! A bundle on its way in: the manifest first, then part by part.

use super::document::{Document, taken};
use super::{BundleError, Encoding, MAGIC, MANIFEST_MAX, Manifest, Part};
use crate::zstd::{MAGIC as FRAME, header_bytes, window};
use flate2::read::DeflateDecoder;
use ruzstd::decoding::StreamingDecoder;
use sha2::{Digest, Sha256};
use std::io::{Cursor, Read};

/// The largest window of a part: what `zstd` takes at its default level.
const WINDOW_MAX: u64 = 2 << 20;
/// The most bytes that a reader has in memory for itself while a part is expanded: a window and what is in it.
pub const EXPANDING_BYTES: u64 = 2 * WINDOW_MAX;
/// Bytes of the longest header of a frame.
const HEADER_MAX: usize = 18;

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
    document: Document,
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
        signature: reader.document.signature,
        parts,
    })
}

impl<R: Read> Reader<R> {
    /// Reads up to the first part. What it asks for beyond `bounds` is refused before that.
    pub fn open(mut from: R, bounds: Bounds) -> Result<Self, BundleError> {
        let document = Document::read(&mut from, MAGIC, MANIFEST_MAX)?;
        let manifest = Manifest::decode(document.body())?;
        within(&manifest, bounds)?;
        Ok(Self {
            document,
            from,
            manifest,
            next: 0,
        })
    }

    /// Bytes in front of its first part.
    pub fn beginning(&self) -> u64 {
        self.document.end()
    }

    /// What it says that it has.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The bytes that a signature is of: the head and the manifest, which has the parts' hashes.
    pub fn signed(&self) -> &[u8] {
        &self.document.signed
    }

    /// The signature, not checked; empty: there is none.
    pub fn signature(&self) -> &[u8] {
        &self.document.signature
    }

    /// Holds the next part against the hash of what is stored, and keeps nothing of it; false behind the
    /// last one, where the bundle has to end.
    pub fn check(&mut self) -> Result<bool, BundleError> {
        let index = self.next;
        let Some(part) = self.manifest.parts.get(index) else {
            return self.end().map(|()| false);
        };
        let (mut hash, mut left) = (Sha256::new(), part.stored);
        let mut buffer = [0; 8192];
        while left > 0 {
            let want = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
            match self.from.read(&mut buffer[..want]) {
                Ok(0) => return Err(BundleError::Short("a part")),
                Ok(read) => {
                    hash.update(&buffer[..read]);
                    left -= read as u64;
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        if hash.finalize()[..] != part.stored_hash {
            return Err(BundleError::PartHash(index));
        }
        self.next += 1;
        Ok(true)
    }

    fn end(&mut self) -> Result<(), BundleError> {
        match taken(&mut self.from, 1, "") {
            Err(BundleError::Short(_)) => Ok(()),
            Err(error) => Err(error),
            Ok(_) => Err(BundleError::Trailing),
        }
    }

    /// The content of the next part; none behind the last one, where the bundle has to end.
    pub fn part(&mut self) -> Result<Option<Vec<u8>>, BundleError> {
        let index = self.next;
        let Some(part) = self.manifest.parts.get(index) else {
            return self.end().map(|()| None);
        };
        let stored = taken(&mut self.from, part.stored, "a part")?;
        if Sha256::digest(&stored)[..] != part.stored_hash {
            return Err(BundleError::PartHash(index));
        }
        let mut content = Vec::new();
        expand(part, index, &stored[..], |bytes| {
            content.extend_from_slice(bytes);
            Ok::<_, BundleError>(())
        })?;
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

/// Expands the part of this index from what is stored, which is known to have its hash, and hands it on bit
/// by bit. What was handed on is known to be right only when this returns.
///
/// # Errors
/// When it is not what the manifest says, or `sink` refuses.
pub fn expand<E: From<BundleError>>(
    part: &Part,
    index: usize,
    stored: impl Read,
    mut sink: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut hash = Sha256::new();
    let mut bytes = 0;
    let mut buffer = [0; 8192];
    let mut drain = |from: &mut dyn Read| -> Result<(), E> {
        loop {
            let read = match from.read(&mut buffer) {
                Ok(read) => read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) if part.encoding == Encoding::Plain => {
                    return Err(BundleError::Io(error).into());
                }
                Err(_) => return Err(BundleError::PartForm(index).into()),
            };
            if read == 0 {
                return Ok(());
            }
            bytes += read as u64;
            // It expands to more than it said.
            if bytes > part.bytes {
                return Err(BundleError::PartForm(index).into());
            }
            hash.update(&buffer[..read]);
            sink(&buffer[..read])?;
        }
    };
    let mut stored = stored.take(part.stored);
    match part.encoding {
        Encoding::Plain => drain(&mut stored)?,
        Encoding::Deflate => {
            let mut decoder = DeflateDecoder::new(&mut stored);
            drain(&mut decoder)?;
            if decoder.total_in() != part.stored {
                return Err(BundleError::PartForm(index).into());
            }
        }
        Encoding::Zstd => {
            let wrong = |_| BundleError::PartForm(index);
            drain(&mut frame(&mut stored).map_err(wrong)?)?;
            // Nothing is behind the frame.
            if stored.limit() > 0 {
                return Err(BundleError::PartForm(index).into());
            }
        }
    }
    if bytes != part.bytes {
        return Err(BundleError::PartForm(index).into());
    }
    match hash.finalize()[..] == part.hash {
        true => Ok(()),
        false => Err(BundleError::PartHash(index).into()),
    }
}

/// The content of a frame whose window is not too large.
fn frame(mut from: impl Read) -> std::io::Result<impl Read> {
    let mut header = [0; HEADER_MAX];
    from.read_exact(&mut header[..5])?;
    let has = header_bytes(header[4]);
    from.read_exact(&mut header[5..has])?;
    if header[..4] != FRAME.to_le_bytes() || window(&header[..has]) > WINDOW_MAX {
        return Err(std::io::ErrorKind::InvalidData.into());
    }
    let whole = Cursor::new(header).take(has as u64).chain(from);
    StreamingDecoder::new(whole).map_err(std::io::Error::other)
}
