//! Where the store's files lie, and how a file or a name becomes durable.

use super::error::StoreError;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The paths under one store's directory.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub dir: PathBuf,
    /// sled's directory.
    pub db: PathBuf,
    /// sled's directory while it is being filled for the first time.
    pub building: PathBuf,
    /// Large values, a file each, owned by the row that names it.
    pub values: PathBuf,
    /// Content-addressed files.
    pub blobs: PathBuf,
    pub exports: PathBuf,
    /// What would not open.
    pub damaged: PathBuf,
    /// Present while the store is closed after a proper end.
    pub clean: PathBuf,
    /// Up to where writes were acknowledged.
    pub witness: PathBuf,
    pub lock: PathBuf,
}

impl Layout {
    /// The paths; makes the directories that must exist.
    pub fn prepare(dir: &Path) -> Result<Self, StoreError> {
        let at = |name: &str| dir.join(name);
        let layout = Self {
            dir: dir.to_owned(),
            db: at("db"),
            building: at("db.building"),
            values: at("values"),
            blobs: at("blobs"),
            exports: at("exports"),
            damaged: at("damaged"),
            clean: at("clean"),
            witness: at("acknowledged"),
            lock: at("lock"),
        };
        for path in [dir, &layout.values, &layout.blobs, &layout.exports] {
            create_dir(path)?;
        }
        sync_dir(dir)?;
        Ok(layout)
    }

    /// Whether there is a store in this directory, or what is left of one.
    pub fn is_in(dir: &Path) -> bool {
        ["db", "lock"].iter().any(|name| dir.join(name).exists())
    }

    /// Keeps other processes out for as long as the file is held.
    pub fn lock(&self) -> Result<File, StoreError> {
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&self.lock)
            .map_err(StoreError::io("open", &self.lock))?;
        let locked = rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive);
        if let Err(error) = locked {
            if error != rustix::io::Errno::WOULDBLOCK {
                return Err(StoreError::io("lock", &self.lock)(error.into()));
            }
            let mut holder = String::new();
            // The text only helps a person; without it the answer is the same.
            let _ = (&mut file).take(20).read_to_string(&mut holder);
            let holder = holder.trim();
            return Err(StoreError::InUse {
                dir: self.dir.clone(),
                holder: if holder.is_empty() { "?" } else { holder }.to_owned(),
            });
        }
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(StoreError::io("write", &self.lock))?;
        Ok(file)
    }
}

/// Makes a directory unless it exists.
pub(super) fn create_dir(path: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(path).map_err(StoreError::io("create directory", path))
}

/// Makes the names in a directory durable.
pub(super) fn sync_dir(path: &Path) -> Result<(), StoreError> {
    File::open(path)
        .and_then(|dir| dir.sync_all())
        .map_err(StoreError::io("sync directory", path))
}

/// Makes every file and name under a directory durable.
pub(super) fn sync_tree(path: &Path) -> Result<(), StoreError> {
    for entry in fs::read_dir(path).map_err(StoreError::io("list", path))? {
        let path = entry.map_err(StoreError::io("list", path))?.path();
        if path.is_dir() {
            sync_tree(&path)?;
        } else {
            File::open(&path)
                .and_then(|file| file.sync_all())
                .map_err(StoreError::io("sync", &path))?;
        }
    }
    sync_dir(path)
}

/// Removes a file; that it is gone already is well.
pub(super) fn remove_file(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

/// Removes a directory and what is in it; that it is gone already is well.
pub(super) fn remove_dir(path: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

/// Gives a file a second name, or where the file system has no such thing, a copy of it.
/// That the second name exists already is well.
pub(super) fn link(from: &Path, to: &Path) -> Result<(), StoreError> {
    match fs::hard_link(from, to) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(StoreError::io("link", from)(error))
        }
        Err(_) => fs::copy(from, to)
            .and_then(|_| File::open(to)?.sync_all())
            .map_err(StoreError::io("copy", from)),
    }
}

/// The names in a directory that are UTF-8; others are not the store's.
pub(super) fn names(path: &Path) -> Result<Vec<String>, StoreError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path).map_err(StoreError::io("list", path))? {
        let entry = entry.map_err(StoreError::io("list", path))?;
        if let Ok(name) = entry.file_name().into_string() {
            names.push(name);
        }
    }
    Ok(names)
}

/// Seconds since 1970 by the machine's clock.
pub(super) fn seconds_now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_secs()
}

/// 16 random bytes for a name that nobody else has.
pub(super) fn random_id() -> Result<[u8; 16], StoreError> {
    let mut id = [0; 16];
    getrandom::fill(&mut id).map_err(|error| {
        StoreError::io("read", Path::new("/dev/urandom"))(io::Error::other(error.to_string()))
    })?;
    Ok(id)
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| {
            [
                DIGITS[usize::from(byte >> 4)],
                DIGITS[usize::from(byte & 15)],
            ]
        })
        .map(char::from)
        .collect()
}

/// The inverse of [`hex`]; lower case only, exactly `N` bytes.
pub(super) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let text = text.as_bytes();
    if text.len() != 2 * N {
        return None;
    }
    let mut out = [0; N];
    for (byte, pair) in out.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(out)
}
