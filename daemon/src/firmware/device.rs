//! An image on its way into a slot's device: hashed, bounded, and not to be started before it is
//! known to be good.
//!
//! The beginning of the image is held back and zeros are written in its place, so that what a
//! power cut, a broken link or a bad signature leaves behind is no file system that a boot loader
//! could take for a system. It is written last, when the signature is known to be good.

use super::minisign::{HASH_BYTES, Hasher, Signature, SignatureError};
use rustix::fs::{Advice, fadvise};
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Bytes of an image that are written last.
const HEAD_BYTES: usize = 64 * 1024;
/// Bytes after which what was written is brought to the disk: memory is no place for an image.
const SYNC_EVERY: u64 = 4 << 20;
/// Bytes that are read back at once.
const READ_BYTES: usize = 64 * 1024;

/// Why an image was not written.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// The device cannot be opened, written or read.
    #[error("cannot {verb} the slot's device `{}`: {error}", path.display())]
    Io {
        /// What was tried.
        verb: &'static str,
        /// The device.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// It is a folder, a terminal or such.
    #[error("the slot's device `{}` is neither a block device nor a file; correct `slots` of [firmware]", .0.display())]
    Kind(PathBuf),
    /// It is in use.
    #[error("the slot's device `{}` is in use, mounted perhaps; unmount it", .0.display())]
    Busy(PathBuf),
    /// It does not fit.
    #[error("the image has more than {limit} bytes, which is the slot's size; make it smaller")]
    TooLarge {
        /// The slot's size.
        limit: u64,
    },
    /// It has no bytes.
    #[error("the image is empty; send its bytes as the request's body")]
    Empty,
    /// It is not what was signed.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// What is read is not what was written.
    #[error("the slot's device `{}` does not hold what was written to it; the storage is damaged", .0.display())]
    NotKept(PathBuf),
}

/// A slot's device while an image comes.
pub struct Writer {
    path: PathBuf,
    device: File,
    capacity: u64,
    head: Vec<u8>,
    written: u64,
    synced: u64,
    hasher: Hasher,
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Bytes of the image.
    pub bytes: u64,
    /// Its hash.
    pub hash: [u8; HASH_BYTES],
}

impl Writer {
    /// Opens a device and makes what it holds unusable. `len` is the image's size, where it is known.
    pub fn begin(path: &Path, len: Option<u64>) -> Result<Self, DeviceError> {
        let (device, capacity) = open(path, true)?;
        fits(len, capacity)?;
        let head = (HEAD_BYTES as u64).min(capacity) as usize;
        device
            .write_all_at(&vec![0; head], 0)
            .and_then(|()| device.sync_all())
            .map_err(failed(path, "write"))?;
        Ok(Self {
            path: path.to_owned(),
            device,
            capacity,
            head: Vec::new(),
            written: 0,
            synced: 0,
            hasher: Hasher::default(),
        })
    }

    /// Takes the next part of the image. After an error it is of no more use.
    pub fn write(&mut self, part: &[u8]) -> Result<(), DeviceError> {
        let end = self.written.saturating_add(part.len() as u64);
        if end > self.capacity {
            return Err(DeviceError::TooLarge {
                limit: self.capacity,
            });
        }
        self.hasher.update(part);
        let (held, rest) = part.split_at(part.len().min(HEAD_BYTES - self.head.len()));
        self.head.extend_from_slice(held);
        let at = self.written + held.len() as u64;
        self.device
            .write_all_at(rest, at)
            .map_err(failed(&self.path, "write"))?;
        self.written = end;
        if self.written - self.synced >= SYNC_EVERY {
            self.sync()?;
        }
        Ok(())
    }

    /// Brings what was written to the disk and out of memory.
    fn sync(&mut self) -> Result<(), DeviceError> {
        self.device
            .sync_data()
            .map_err(failed(&self.path, "write"))?;
        // Who reads back then reads the disk. A file system that cannot is no reason to stop.
        let _ = fadvise(&self.device, 0, None, Advice::DontNeed);
        self.synced = self.written;
        Ok(())
    }

    /// Checks the signature, writes the beginning, and reads everything back. The slot can be
    /// started only if this succeeds.
    pub fn finish(mut self, signature: &Signature) -> Result<Written, DeviceError> {
        if self.written == 0 {
            return Err(DeviceError::Empty);
        }
        self.sync()?;
        let hash = std::mem::take(&mut self.hasher).finish();
        signature.check(&hash)?;
        let head = std::mem::take(&mut self.head);
        self.device
            .write_all_at(&head, 0)
            .and_then(|()| self.device.sync_all())
            .map_err(failed(&self.path, "write"))?;
        self.sync()?;
        if hash_of(&self.device, self.written).map_err(failed(&self.path, "read back"))? != hash {
            return Err(DeviceError::NotKept(self.path));
        }
        Ok(Written {
            bytes: self.written,
            hash,
        })
    }
}

/// Whether an image of this size would fit into a device.
pub fn check(path: &Path, len: Option<u64>) -> Result<(), DeviceError> {
    let (_, capacity) = open(path, false)?;
    fits(len, capacity)
}

fn fits(len: Option<u64>, capacity: u64) -> Result<(), DeviceError> {
    match len {
        Some(0) => Err(DeviceError::Empty),
        Some(len) if len > capacity => Err(DeviceError::TooLarge { limit: capacity }),
        _ => Ok(()),
    }
}

/// Opens a device; its size.
fn open(path: &Path, write: bool) -> Result<(File, u64), DeviceError> {
    let kind = std::fs::metadata(path)
        .map_err(failed(path, "open"))?
        .file_type();
    let mut options = OpenOptions::new();
    options.read(true).write(write);
    if kind.is_block_device() {
        // Refused if somebody has mounted it.
        options.custom_flags(libc::O_EXCL);
    } else if !kind.is_file() {
        return Err(DeviceError::Kind(path.to_owned()));
    }
    let mut device = options.open(path).map_err(|error| match error.kind() {
        io::ErrorKind::ResourceBusy => DeviceError::Busy(path.to_owned()),
        _ => failed(path, "open")(error),
    })?;
    let capacity = device
        .seek(SeekFrom::End(0))
        .map_err(failed(path, "measure"))?;
    Ok((device, capacity))
}

fn failed(path: &Path, verb: &'static str) -> impl FnOnce(io::Error) -> DeviceError {
    move |error| DeviceError::Io {
        verb,
        path: path.to_owned(),
        error,
    }
}

/// The hash of a device's first bytes.
fn hash_of(device: &File, bytes: u64) -> io::Result<[u8; HASH_BYTES]> {
    let mut hasher = Hasher::default();
    let mut part = vec![0; READ_BYTES];
    let mut at = 0;
    while at < bytes {
        let want = (bytes - at).min(READ_BYTES as u64) as usize;
        device.read_exact_at(&mut part[..want], at)?;
        hasher.update(&part[..want]);
        at += want as u64;
    }
    Ok(hasher.finish())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::testing::Signer;
    use super::*;
    use proptest::prelude::*;

    fn slot(bytes: usize) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("slot");
        std::fs::write(&path, vec![0xaa; bytes]).unwrap();
        (dir, path)
    }

    fn image(bytes: usize) -> Vec<u8> {
        (0..bytes).map(|at| (at * 7 % 251) as u8 | 1).collect()
    }

    fn signed(image: &[u8]) -> Signature {
        let signer = Signer::new(1);
        let text = signer.sign(image, "postern 1.0.0 board x");
        Signature::read(text.as_bytes(), &[signer.public()]).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn an_image_is_written_whatever_parts_it_comes_in(
            bytes in prop_oneof![1usize..100, 65_530usize..65_545, 100_000usize..200_001],
            part in 1usize..70_000,
            told: bool,
        ) {
            let (_dir, path) = slot(200_000);
            let image = image(bytes);
            let len = told.then_some(bytes as u64);
            if bytes > 200_000 && told {
                let refused = Writer::begin(&path, len);
                let too_large = matches!(refused.err(), Some(DeviceError::TooLarge { limit: 200_000 }));
                prop_assert!(too_large);
                return Ok(());
            }
            let mut writer = Writer::begin(&path, len).unwrap();
            let mut all = image.chunks(part).map(|part| writer.write(part));
            if bytes > 200_000 {
                let too_large = all.any(|it| matches!(it, Err(DeviceError::TooLarge { .. })));
                prop_assert!(too_large);
                return Ok(());
            }
            prop_assert!(all.all(|it| it.is_ok()));
            // Not to be started before it is known to be good.
            let before = std::fs::read(&path).unwrap();
            prop_assert!(before[..HEAD_BYTES].iter().all(|byte| *byte == 0));
            let written = writer.finish(&signed(&image)).unwrap();
            prop_assert_eq!(written.bytes, bytes as u64);
            let after = std::fs::read(&path).unwrap();
            prop_assert_eq!(&after[..bytes], &image[..]);
            prop_assert_eq!(after.len(), 200_000);
        }
    }

    #[test]
    fn a_badly_signed_image_cannot_be_started() {
        let (_dir, path) = slot(200_000);
        let mut writer = Writer::begin(&path, None).unwrap();
        writer.write(&image(150_000)).unwrap();
        let refused = writer.finish(&signed(b"another")).unwrap_err();
        assert!(matches!(
            refused,
            DeviceError::Signature(SignatureError::Image)
        ));
        let left = std::fs::read(&path).unwrap();
        assert!(left[..HEAD_BYTES].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn what_is_no_image_or_no_device_is_refused() {
        let (dir, path) = slot(100_000);
        let begun = Writer::begin(&path, Some(0));
        assert!(matches!(begun.err(), Some(DeviceError::Empty)));
        let writer = Writer::begin(&path, None).unwrap();
        let refused = writer.finish(&signed(b""));
        assert!(matches!(refused, Err(DeviceError::Empty)));
        let folder = Writer::begin(dir.path(), None);
        assert!(matches!(folder.err(), Some(DeviceError::Kind(_))));
        let none = Writer::begin(&dir.path().join("none"), None);
        assert!(matches!(none.err(), Some(DeviceError::Io { .. })));
    }
}
