//! Files that bundles come into before they are looked at. They are nobody's after a restart, which
//! removes them.

use super::{DeliveryError, Result};
use crate::bundle::KeyList;
use crate::ledger;
use bytes::Bytes;
use futures_lite::{Stream, StreamExt};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Uploads under way at the same time.
const UPLOADS_MAX: usize = 4;
/// An upload that nobody went on with for so long makes room for another.
const IDLE: Duration = Duration::from_secs(600);
/// Bytes of the disk that stay free for what the device does every day.
const RESERVE: u64 = 4 << 20;
/// Bytes in front of a body that tell how long it is.
const LENGTH_END: u64 = 12;
/// Bytes in front of the body, and of the longest signature behind it.
const AROUND: u64 = 44 + 2 + crate::bundle::SIGNATURE_MAX as u64;
/// Bytes of a list of keys with all around it.
const KEYS_BYTES_MAX: u64 = 128 * 1024;

/// How far an upload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Bytes that are there.
    pub received: u64,
    /// Bytes that it has.
    pub bytes: u64,
}

/// A file that is there whole. Dropping it removes it.
pub struct Staged {
    path: PathBuf,
}

impl Drop for Staged {
    fn drop(&mut self) {
        // What stays behind is removed at the next start.
        let _ = fs::remove_file(&self.path);
    }
}

impl Staged {
    pub(super) fn reader(&self) -> Result<File> {
        self.reader_at(0)
            .map_err(|error| DeliveryError::io("read", &self.path, error))
    }

    pub(super) fn reader_at(&self, place: u64) -> io::Result<File> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(place))?;
        Ok(file)
    }

    /// Whether it is a list of release keys.
    pub(super) fn is_keys(&self) -> Result<bool> {
        let mut magic = Vec::new();
        let read = self.reader()?.take(8).read_to_end(&mut magic);
        read.map_err(|error| DeliveryError::io("read", &self.path, error))?;
        Ok(KeyList::is(&magic))
    }

    /// All of it, if it is small.
    pub(super) fn bytes(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let read = self
            .reader()?
            .take(KEYS_BYTES_MAX + 1)
            .read_to_end(&mut bytes);
        read.map_err(|error| DeliveryError::io("read", &self.path, error))?;
        match bytes.len() as u64 > KEYS_BYTES_MAX {
            true => Err(DeliveryError::TooLarge {
                bytes: bytes.len() as u64,
                limit: KEYS_BYTES_MAX,
            }),
            false => Ok(bytes),
        }
    }
}

/// An upload under way.
struct Coming {
    staged: Staged,
    file: File,
    bytes: u64,
    received: u64,
    hash: Sha256,
    /// Whether its beginning was looked at.
    checked: bool,
    touched: Instant,
}

type Slot = Arc<smol::lock::Mutex<Coming>>;

/// Where bundles are staged.
pub(super) struct Stage {
    dir: PathBuf,
    bytes_max: u64,
    coming: Mutex<HashMap<String, Slot>>,
}

impl Stage {
    /// The one in a data directory; what is left there of before is removed.
    pub(super) fn open(data_dir: &Path, bytes_max: u64) -> Result<Self> {
        let dir = data_dir.join("incoming");
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&dir);
        made.map_err(|error| DeliveryError::io("create", &dir, error))?;
        let list = fs::read_dir(&dir).map_err(|error| DeliveryError::io("list", &dir, error))?;
        for entry in list.flatten() {
            let path = entry.path();
            fs::remove_file(&path).map_err(|error| DeliveryError::io("remove", &path, error))?;
        }
        Ok(Self {
            dir,
            bytes_max,
            coming: Mutex::default(),
        })
    }

    /// Whether the disk has room for so much more.
    pub(super) fn check_room(&self, needs: [(&str, u64); 3]) -> Result<()> {
        let all: u64 = needs.iter().map(|(_, bytes)| bytes).sum();
        let disk = rustix::fs::statvfs(&self.dir)
            .map_err(|error| DeliveryError::io("measure", &self.dir, error.into()))?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if all.saturating_add(RESERVE) <= free {
            return Ok(());
        }
        let parts = needs.iter().filter(|(_, bytes)| *bytes > 0);
        let parts: Vec<_> = parts
            .map(|(name, bytes)| format!("{} {name}", ledger::shown(*bytes)))
            .collect();
        Err(DeliveryError::NoRoom(format!(
            "no room for the bundle: needs {}: {}; free {} of {} (storage), of which {} stay free; delete scripts, \
             assets or values, or make the bundle smaller",
            ledger::shown(all),
            parts.join(", "),
            ledger::shown(free),
            ledger::shown(disk.f_blocks.saturating_mul(disk.f_frsize)),
            ledger::shown(RESERVE),
        )))
    }

    fn fits(&self, bytes: u64) -> Result<()> {
        if bytes > self.bytes_max {
            return Err(DeliveryError::TooLarge {
                bytes,
                limit: self.bytes_max,
            });
        }
        // Once as it comes, and once as it is stored.
        self.check_room([("upload", bytes), ("contents", bytes), ("", 0)])
    }

    fn coming(&self, bytes: u64) -> Result<Coming> {
        let mut name = [0; 16];
        getrandom::fill(&mut name).map_err(|_| {
            DeliveryError::io("name a file in", &self.dir, io::ErrorKind::Other.into())
        })?;
        let path = self.dir.join(crate::catalog::name::hex(&name));
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(&path);
        let file = file.map_err(|error| DeliveryError::io("create", &path, error))?;
        Ok(Coming {
            staged: Staged { path },
            file,
            bytes,
            received: 0,
            hash: Sha256::new(),
            checked: false,
            touched: Instant::now(),
        })
    }

    pub(super) async fn begin(&self, id: &str, bytes: u64) -> Result<Upload> {
        let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if id.len() != 64 || !id.bytes().all(digit) {
            return Err(DeliveryError::BadId(crate::catalog::name::shown(id)));
        }
        let known = self.coming.lock().get(id).cloned();
        if let Some(slot) = known {
            let coming = slot.lock().await;
            if coming.bytes == bytes {
                return Ok(coming.told());
            }
        }
        self.fits(bytes)?;
        let new = Arc::new(smol::lock::Mutex::new(self.coming(bytes)?));
        let mut all = self.coming.lock();
        if all.len() >= UPLOADS_MAX {
            // The one that rests longest; those that somebody sends are locked.
            let resting = all.iter().filter_map(|(id, slot)| {
                let coming = slot.try_lock()?;
                (coming.touched.elapsed() >= IDLE).then(|| (coming.touched, id.clone()))
            });
            let Some((_, oldest)) = resting.min() else {
                return Err(DeliveryError::Busy { limit: UPLOADS_MAX });
            };
            all.remove(&oldest);
        }
        all.insert(id.to_owned(), new);
        Ok(Upload { received: 0, bytes })
    }

    fn slot(&self, id: &str) -> Result<Slot> {
        let found = self.coming.lock().get(id).cloned();
        found.ok_or(DeliveryError::NoUpload)
    }

    pub(super) async fn told(&self, id: &str) -> Result<Upload> {
        Ok(self.slot(id)?.lock().await.told())
    }

    pub(super) async fn abandon(&self, id: &str) {
        let removed = self.coming.lock().remove(id);
        drop(removed);
    }

    /// Takes bytes from `offset` on. `check` is asked about the file once its manifest is there; what it
    /// refuses is given up.
    pub(super) async fn append(
        &self,
        id: &str,
        offset: u64,
        body: &mut (dyn Stream<Item = io::Result<Bytes>> + Send + Unpin),
        check: &(dyn Fn(&Path) -> Result<()> + Sync),
    ) -> Result<Upload> {
        let slot = self.slot(id)?;
        let mut coming = slot.try_lock_arc().ok_or(DeliveryError::Sending)?;
        if coming.received != offset {
            return Err(DeliveryError::Offset {
                received: coming.received,
                offset,
            });
        }
        while let Some(part) = body.next().await {
            let part = part.map_err(DeliveryError::BrokenOff)?;
            let taken;
            (coming, taken) = postern_task::unblock(move || {
                let taken = coming.take(&part);
                (coming, taken)
            })
            .await;
            let checked = taken.and_then(|()| match coming.is_to_be_checked()? {
                true => check(&coming.staged.path),
                false => Ok(()),
            });
            if let Err(error) = checked {
                self.abandon(id).await;
                return Err(error);
            }
        }
        Ok(coming.told())
    }

    pub(super) async fn take(&self, id: &str) -> Result<Staged> {
        let slot = self.slot(id)?;
        let told = slot.try_lock().ok_or(DeliveryError::Sending)?.told();
        if told.received < told.bytes {
            return Err(DeliveryError::Incomplete {
                received: told.received,
                bytes: told.bytes,
            });
        }
        self.abandon(id).await;
        let coming = Arc::into_inner(slot).ok_or(DeliveryError::Sending)?;
        let coming = coming.into_inner();
        match crate::catalog::name::hex(&coming.hash.finalize()) == id {
            true => Ok(coming.staged),
            false => Err(DeliveryError::OtherHash),
        }
    }

    /// Stages what is read, of at most `bytes` bytes. Blocks.
    pub(super) fn copy(&self, bytes: u64, from: &mut dyn Read) -> Result<Staged> {
        self.fits(bytes)?;
        let mut coming = self.coming(bytes)?;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = match from.read(&mut buffer) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(DeliveryError::BrokenOff(error)),
            };
            match read {
                0 => return Ok(coming.staged),
                read => coming.take(&buffer[..read])?,
            }
        }
    }

    /// Begins a file that comes over time, of at most so many bytes.
    pub(super) fn file(&self, bytes: u64) -> Result<Filling> {
        self.fits(bytes)?;
        Ok(Filling(self.coming(bytes)?))
    }
}

/// A file that comes over time, from somewhere else than an upload.
pub(super) struct Filling(Coming);

impl Filling {
    /// Bytes that are there.
    pub(super) fn received(&self) -> u64 {
        self.0.received
    }

    /// Takes the next bytes; `check` as for uploads. Blocks.
    pub(super) fn take(&mut self, part: &[u8], check: &dyn Fn(&Path) -> Result<()>) -> Result<()> {
        self.0.take(part)?;
        match self.0.is_to_be_checked()? {
            true => check(&self.0.staged.path),
            false => Ok(()),
        }
    }

    pub(super) fn done(self) -> Staged {
        self.0.staged
    }
}

impl Coming {
    fn told(&self) -> Upload {
        Upload {
            received: self.received,
            bytes: self.bytes,
        }
    }

    fn take(&mut self, part: &[u8]) -> Result<()> {
        if self.received + part.len() as u64 > self.bytes {
            return Err(DeliveryError::TooLarge {
                bytes: self.received + part.len() as u64,
                limit: self.bytes,
            });
        }
        let written = self.file.write_all(part);
        written.map_err(|error| DeliveryError::io("write", &self.staged.path, error))?;
        self.hash.update(part);
        self.received += part.len() as u64;
        self.touched = Instant::now();
        Ok(())
    }

    /// Whether all that is decided by has come, for the first time.
    fn is_to_be_checked(&mut self) -> Result<bool> {
        if self.checked || self.received < LENGTH_END.min(self.bytes) {
            return Ok(false);
        }
        if self.received < LENGTH_END {
            self.checked = true;
            return Ok(true);
        }
        let mut head = [0; LENGTH_END as usize];
        let read = File::open(&self.staged.path).and_then(|mut file| file.read_exact(&mut head));
        read.map_err(|error| DeliveryError::io("read", &self.staged.path, error))?;
        // Lists of keys are short and looked at whole.
        if KeyList::is(&head) {
            self.checked = true;
            return Ok(false);
        }
        let length = u32::from_le_bytes([head[8], head[9], head[10], head[11]]);
        let end = (AROUND + u64::from(length)).min(self.bytes);
        self.checked = self.received >= end;
        Ok(self.checked)
    }
}
