//! The files of answers: numbered, written a part at a time, and removed where nobody waits for
//! it.

use super::index::{Entry, Key, Owner};
use super::{BLOCK, ByteStream, Cache, CacheOptions, Unkept};
use bytes::Bytes;
use futures_lite::stream;
use parking_lot::Mutex;
use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// Bytes that are read or written at once.
pub const PART: usize = 64 * 1024;

/// The files, and who has how many of them open.
pub struct Files {
    dir: PathBuf,
    numbers: Mutex<Numbers>,
    open: Arc<Mutex<Open>>,
}

#[derive(Default)]
struct Numbers {
    next: u64,
    /// Those that are being written.
    writing: HashSet<u64>,
}

struct Open {
    max: usize,
    owner_max: usize,
    all: usize,
    owners: HashMap<Owner, usize>,
}

/// A place among those who have a file open.
pub struct Place {
    open: Arc<Mutex<Open>>,
    owner: Owner,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.open.lock();
        open.all -= 1;
        if let Some(count) = open.owners.get_mut(&self.owner) {
            *count -= 1;
            if *count == 0 {
                open.owners.remove(&self.owner);
            }
        }
    }
}

impl Files {
    /// An empty folder.
    pub fn open(options: &CacheOptions) -> io::Result<Self> {
        let dir = options.dir.clone();
        clear(&dir)?;
        fs::create_dir_all(&dir)?;
        Ok(Self {
            dir,
            numbers: Mutex::default(),
            open: Arc::new(Mutex::new(Open {
                max: options.open_max,
                owner_max: options.owner_open_max,
                all: 0,
                owners: HashMap::new(),
            })),
        })
    }

    /// A place for one more file of an owner's.
    ///
    /// # Errors
    /// The limit, when there is none.
    pub fn place(&self, owner: &Owner) -> Result<Place, usize> {
        let mut open = self.open.lock();
        let count = open.owners.get(owner).copied().unwrap_or_default();
        if count >= open.owner_max {
            return Err(open.owner_max);
        }
        if open.all >= open.max {
            return Err(open.max);
        }
        open.all += 1;
        open.owners.insert(owner.clone(), count + 1);
        Ok(Place {
            open: self.open.clone(),
            owner: owner.clone(),
        })
    }

    /// The number of a file that is being written.
    fn number(&self) -> u64 {
        let mut numbers = self.numbers.lock();
        let number = numbers.next;
        numbers.next += 1;
        numbers.writing.insert(number);
        number
    }

    /// Where a file lies.
    pub fn path(&self, file: u64) -> PathBuf {
        self.dir.join(file.to_string())
    }

    /// Removes files, later. Who reads one of them reads on.
    pub fn remove(&self, files: Vec<u64>) {
        if files.is_empty() {
            return;
        }
        let paths: Vec<PathBuf> = files.into_iter().map(|file| self.path(file)).collect();
        postern_task::unblock(move || paths.iter().for_each(|path| remove(path))).detach();
    }

    /// Removes files, now.
    pub fn remove_now(&self, files: impl Iterator<Item = u64>) {
        files.for_each(|file| remove(&self.path(file)));
    }

    /// The files in the folder that are not being written. Looked at before what is listed, so
    /// that those that become complete meanwhile are not among them.
    pub fn listed(&self) -> Vec<u64> {
        let (writing, next) = {
            let numbers = self.numbers.lock();
            (numbers.writing.clone(), numbers.next)
        };
        let Ok(dir) = fs::read_dir(&self.dir) else {
            return Vec::new();
        };
        dir.filter_map(|file| file.ok()?.file_name().to_str()?.parse().ok())
            .filter(|file| *file < next && !writing.contains(file))
            .collect()
    }
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        log::warn!("{} cannot be removed: {error}", path.display());
    }
}

/// Puts what lies in a folder out of the way, and removes it behind everybody's back.
fn clear(dir: &Path) -> io::Result<()> {
    let old = dir.with_extension("old");
    if fs::exists(&old)? {
        // A daemon ended while it did this.
        fs::remove_dir_all(&old)?;
    }
    match fs::rename(dir, &old) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    }
    postern_task::unblock(move || {
        if let Err(error) = fs::remove_dir_all(&old) {
            log::warn!("{} cannot be removed: {error}", old.display());
        }
    })
    .detach();
    Ok(())
}

/// Opens a file and reads its head.
pub fn read_head(path: &Path, len: u32) -> io::Result<(File, Vec<u8>)> {
    let mut file = File::open(path)?;
    let mut head = vec![0; len as usize];
    file.read_exact(&mut head)?;
    Ok((file, head))
}

/// Reads a part of a file that is short.
pub fn read(mut file: File, at: u64, len: u64) -> io::Result<Bytes> {
    let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes.into())
}

/// Reads a part of a file as it is asked for.
pub fn stream(file: File, at: u64, len: u64, place: Place) -> ByteStream {
    let state = (file, at, len, place);
    Box::pin(stream::try_unfold(
        state,
        |(mut file, at, left, place)| async move {
            if left == 0 {
                return Ok(None);
            }
            postern_task::unblock(move || {
                let take = left.min(PART as u64);
                let mut part = vec![0; take as usize];
                file.seek(SeekFrom::Start(at))?;
                file.read_exact(&mut part)?;
                Ok(Some((
                    Bytes::from(part),
                    (file, at + take, left - take, place),
                )))
            })
            .await
        },
    ))
}

/// A file on its way to be one of the answers. Dropping it before its end removes it.
pub struct Writing {
    cache: Cache,
    owner: Owner,
    number: u64,
    file: Option<File>,
    /// Bytes that count for it.
    reserved: u64,
    head: u32,
    len: u64,
    is_kept: bool,
    _place: Place,
}

fn disk(error: io::Error) -> Unkept {
    Unkept::Disk(error.to_string())
}

impl Writing {
    /// Makes a file that begins with `head`.
    pub async fn begin(
        cache: Cache,
        owner: Owner,
        place: Place,
        head: Vec<u8>,
    ) -> Result<Self, Unkept> {
        let files = &cache.0.files;
        let number = files.number();
        let path = files.path(number);
        let mut this = Self {
            cache,
            owner,
            number,
            file: None,
            reserved: 0,
            head: u32::try_from(head.len()).unwrap_or(u32::MAX),
            len: 0,
            is_kept: false,
            _place: place,
        };
        this.reserve(head.len() as u64)?;
        let file = postern_task::unblock(move || {
            let mut file = File::create_new(path)?;
            file.write_all(&head)?;
            Ok(file)
        });
        this.file = Some(file.await.map_err(disk)?);
        Ok(this)
    }

    /// Bytes of the body so far.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Sees to it that so many bytes, in blocks, count for it.
    fn reserve(&mut self, bytes: u64) -> Result<(), Unkept> {
        let more = bytes.next_multiple_of(BLOCK).saturating_sub(self.reserved);
        if more == 0 {
            return Ok(());
        }
        let inner = &self.cache.0;
        let mut gone = Vec::new();
        let fits = inner.index.lock().reserve(&self.owner, more, &mut gone);
        inner.files.remove(gone);
        if !fits {
            let limit = inner.options.owner_bytes_max.min(inner.options.bytes_max);
            return Err(Unkept::Full { limit });
        }
        self.reserved += more;
        Ok(())
    }

    /// Adds a part of the body.
    pub async fn write(&mut self, part: Bytes) -> Result<(), Unkept> {
        self.len += part.len() as u64;
        self.reserve(u64::from(self.head) + self.len)?;
        let Some(mut file) = self.file.take() else {
            return Ok(());
        };
        let written = postern_task::unblock(move || file.write_all(&part).map(|()| file));
        self.file = Some(written.await.map_err(disk)?);
        Ok(())
    }

    /// The file is complete: it is the answer of this key.
    pub fn finish(mut self, key: Key, expires: Instant, is_sized: bool) {
        let inner = self.cache.0.clone();
        let entry = Entry {
            owner: self.owner.clone(),
            file: self.number,
            head: self.head,
            len: self.len,
            is_sized,
            bytes: std::mem::take(&mut self.reserved),
            expires,
        };
        let mut gone = Vec::new();
        inner.index.lock().keep(key, entry, &mut gone);
        inner.files.remove(gone);
        self.is_kept = true;
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        let inner = &self.cache.0;
        if !self.is_kept {
            inner.index.lock().release(&self.owner, self.reserved);
            inner.files.remove(vec![self.number]);
        }
        inner.files.numbers.lock().writing.remove(&self.number);
    }
}
