//! Records on the disk, and links to the code that they need.
//!
//! ```text
//! DATA-DIR/replays/RAY.replay   a record without code
//! DATA-DIR/replays/code/HASH    another name of a file that a version was stored in, or of the engine's base
//! ```
//!
//! A link costs nothing while the version is there, and keeps its file when it goes.

use super::{ReplayError, ReplayOptions};
use crate::engine::replay::{CodeFiles, Head, Record, Writing};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet, VecDeque};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Files whose hashes are remembered.
const HASHES_MAX: usize = 64;
/// Bytes of a record that is looked at when the daemon starts.
const FILE_MAX: u64 = 64 << 20;

/// A record that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Whom it is about.
    pub head: Head,
    /// Bytes of its file.
    pub bytes: u64,
}

/// Which file it is, and as of when: device, number, bytes, change.
type Stamp = (u64, u64, u64, i64, i64);

pub(super) struct Files {
    dir: PathBuf,
    bytes_max: u64,
    records_max: usize,
    /// The oldest first.
    kept: VecDeque<Kept>,
    hashes: HashMap<Stamp, [u8; 32]>,
}

fn hex(hash: &[u8; 32]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Files {
    pub(super) fn open(options: &ReplayOptions) -> io::Result<Self> {
        let mut files = Self {
            dir: options.dir.clone(),
            bytes_max: options.bytes_max,
            records_max: options.records_max,
            kept: VecDeque::new(),
            hashes: HashMap::new(),
        };
        let entries = match fs::read_dir(&files.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(files),
            Err(error) => return Err(error),
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if !path.is_file() {
                continue;
            }
            match read_head(&path) {
                Some(kept) if path == files.path(kept.head.ray) => found.push(kept),
                _ => fs::remove_file(&path)?,
            }
        }
        found.sort_by_key(|kept| kept.head.started_ms);
        files.kept = found.into();
        files.trim();
        Ok(files)
    }

    fn path(&self, ray: u64) -> PathBuf {
        self.dir.join(format!("{ray:016x}.replay"))
    }

    fn code(&self, hash: &[u8; 32]) -> PathBuf {
        self.dir.join("code").join(hex(hash))
    }

    pub(super) fn list(&self) -> Vec<Kept> {
        self.kept.iter().rev().cloned().collect()
    }

    /// Gives the files of a Worker's code other names, which last.
    pub(super) fn link(&mut self, files: &CodeFiles) -> io::Result<Vec<[u8; 32]>> {
        fs::create_dir_all(self.dir.join("code"))?;
        let mut hashes = Vec::new();
        for path in files.all() {
            let hash = self.hash(path)?;
            match fs::hard_link(path, self.code(&hash)) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => hashes.push(hash),
            }
        }
        Ok(hashes)
    }

    fn hash(&mut self, path: &Path) -> io::Result<[u8; 32]> {
        let mut file = File::open(path)?;
        let it = file.metadata()?;
        let stamp = (it.dev(), it.ino(), it.len(), it.mtime(), it.mtime_nsec());
        if let Some(hash) = self.hashes.get(&stamp) {
            return Ok(*hash);
        }
        let mut hash = Sha256::new();
        let mut part = vec![0; 64 << 10];
        loop {
            let read = file.read(&mut part)?;
            if read == 0 {
                break;
            }
            hash.update(&part[..read]);
        }
        let hash = hash.finalize().into();
        if self.hashes.len() >= HASHES_MAX {
            self.hashes.clear();
        }
        self.hashes.insert(stamp, hash);
        Ok(hash)
    }

    /// Writes a record. Older ones go until there is room for it.
    pub(super) fn put(&mut self, head: Head, file: &[u8]) -> io::Result<()> {
        let path = self.path(head.ray);
        let new = path.with_extension("new");
        let written = fs::write(&new, file).and_then(|()| fs::rename(&new, &path));
        if let Err(error) = written {
            // A full disk must not be filled by what is of no use.
            let _ = fs::remove_file(&new);
            self.sweep();
            return Err(error);
        }
        self.kept.retain(|kept| kept.head.ray != head.ray);
        self.kept.push_back(Kept {
            head,
            bytes: file.len() as u64,
        });
        self.trim();
        Ok(())
    }

    pub(super) fn get(&self, ray: u64) -> Result<Vec<u8>, ReplayError> {
        let kept = self.kept.iter().find(|kept| kept.head.ray == ray);
        let kept = kept.ok_or_else(|| ReplayError::Unknown(format!("{ray:016x}")))?;
        let mut paths = kept.head.code.iter().map(|hash| self.code(hash));
        let (image, second, third) = (paths.next(), paths.next(), paths.next());
        let gone = || io::Error::other("it names no code");
        let (image, second) = (image.ok_or_else(gone)?, second.ok_or_else(gone)?);
        let files = match third {
            Some(snapshot) => CodeFiles {
                image,
                base: Some(second),
                snapshot,
            },
            None => CodeFiles {
                image,
                base: None,
                snapshot: second,
            },
        };
        let mut file = Writing::behind(fs::read(self.path(ray))?);
        files.add_to(&mut file)?;
        Ok(file.done())
    }

    pub(super) fn remove(&mut self, ray: u64) -> bool {
        let Some(at) = self.kept.iter().position(|kept| kept.head.ray == ray) else {
            return false;
        };
        self.kept.remove(at);
        let _ = fs::remove_file(self.path(ray));
        self.sweep();
        true
    }

    /// Bytes of records and code.
    fn bytes(&self) -> u64 {
        let records: u64 = self.kept.iter().map(|kept| kept.bytes).sum();
        let code = self.kept.iter().flat_map(|kept| &kept.head.code);
        let code: HashSet<&[u8; 32]> = code.collect();
        let code = code.into_iter().map(|hash| fs::metadata(self.code(hash)));
        records + code.map(|it| it.map_or(0, |it| it.len())).sum::<u64>()
    }

    fn trim(&mut self) {
        while self.kept.len() > self.records_max
            || (self.kept.len() > 1 && self.bytes() > self.bytes_max)
        {
            if let Some(oldest) = self.kept.pop_front() {
                let _ = fs::remove_file(self.path(oldest.head.ray));
            }
        }
        self.sweep();
    }

    /// Removes code that no record needs.
    fn sweep(&self) {
        let needed = self.kept.iter().flat_map(|kept| &kept.head.code);
        let needed: HashSet<PathBuf> = needed.map(|hash| self.code(hash)).collect();
        let Ok(entries) = fs::read_dir(self.dir.join("code")) else {
            return;
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            if !needed.contains(&path) {
                let _ = fs::remove_file(path);
            }
        }
    }
}

fn read_head(path: &Path) -> Option<Kept> {
    let file = File::open(path).ok()?;
    let mut bytes = Vec::new();
    file.take(FILE_MAX).read_to_end(&mut bytes).ok()?;
    let head = Record::head(&bytes).ok()?;
    Some(Kept {
        head,
        bytes: bytes.len() as u64,
    })
}
