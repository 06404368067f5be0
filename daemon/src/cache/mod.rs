//! Answers kept for the Cache API, and for subrequests: in files, within bounds, each its owner's alone.
//!
//! This room knows what an answer is and how long it may be kept (spec: SEMANTICS §21); it knows
//! neither guests nor who may have which cache.
//!
//! # Implementation
//!
//! What is kept is listed in memory ([`index`]) and lies in a file each, `DATA-DIR/cache/NUMBER`:
//! status and fields, then the body. A file is listed when all of it is written, and its number is
//! never used again; one that is not listed (any more) is removed. The list is not stored: when the
//! daemon starts the cache is empty, so that nothing half-written, nothing of a Worker that is gone
//! and nothing whose time went by unseen can be found in it, and no write waits for the disk. Files
//! are read and written on threads for what blocks, a part at a time.

mod fetched;
mod files;
mod freshness;
mod index;
mod selection;
#[cfg(test)]
mod tests;

pub use fetched::{Recalled, Terms};
pub use freshness::Unkept;
pub use index::Owner;

use crate::range::Extent;
use bytes::Bytes;
use files::{Files, PART, Place, Writing};
use futures_lite::{Stream, StreamExt};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use index::{Bounds, Index, Key};
use parking_lot::Mutex;
use selection::Selection;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// Bytes that come over time.
pub type ByteStream = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// Bytes of a body that is read at once.
const READ_NOW_MAX: u64 = 64 * 1024;
/// How often what has expired is looked for.
const SWEEP: Duration = Duration::from_secs(60);
/// What an answer counts for beside its bytes: files take whole blocks.
const BLOCK: u64 = 4096;

/// How the cache is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheOptions {
    /// The folder, which is its own.
    pub dir: PathBuf,
    /// Bytes of all answers; 0 keeps none.
    pub bytes_max: u64,
    /// Bytes of one owner's answers.
    pub owner_bytes_max: u64,
    /// Bytes of one answer's body.
    pub entry_bytes_max: u64,
    /// How many answers.
    pub entries_max: usize,
    /// Answers that are being read or written at the same time.
    pub open_max: usize,
    /// How many of them are one owner's.
    pub owner_open_max: usize,
}

impl CacheOptions {
    /// The usual ones.
    pub fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            bytes_max: 128 << 20,
            owner_bytes_max: 32 << 20,
            entry_bytes_max: 16 << 20,
            entries_max: 4096,
            open_max: 128,
            owner_open_max: 32,
        }
    }
}

/// Why an answer that is kept cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// Too much is going on.
    #[error(
        "{limit} answers of the cache are being read or written, the limit; read those that were found before looking for more"
    )]
    Busy {
        /// The limit.
        limit: usize,
    },
}

/// An answer, without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// What it says beside it.
    pub reason: String,
    /// The fields.
    pub headers: HeaderMap,
}

/// A body to keep.
pub enum Body {
    /// All of it.
    Whole(Bytes),
    /// It comes over time, and has this many bytes if that is known.
    Stream(ByteStream, Option<u64>),
}

/// A body that was found.
pub enum FoundBody {
    /// All of it.
    Whole(Bytes),
    /// It comes over time.
    Stream(ByteStream),
}

/// An answer that was found.
pub struct Found {
    /// What it says, with `cf-cache-status`.
    pub head: Head,
    /// Its body, or the part of it that was asked for.
    pub body: FoundBody,
}

/// What a request said in the fields that its answer varies by.
type Varied = Vec<(String, Vec<u8>)>;

/// Status and fields, as they are stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    status: u16,
    reason: String,
    fields: Vec<(String, Vec<u8>)>,
    /// When it came, in seconds since 1970.
    since: u64,
    /// What the request said in the fields that the answer varies by.
    varied: Varied,
}

/// An answer that is there, before it is known what of it is wanted.
struct Opened {
    head: Head,
    since: u64,
    varied: Varied,
    file: std::fs::File,
    /// Where its body begins, and how long it is.
    body: (u64, u64),
    /// The same, if it was known before its end.
    sized: Option<u64>,
    place: Place,
}

enum Looked {
    There(Box<Opened>),
    Expired,
    Absent,
}

/// The cache. Clones share it.
#[derive(Clone)]
pub struct Cache(Arc<Inner>);

struct Inner {
    options: CacheOptions,
    index: Mutex<Index>,
    files: Files,
}

impl Cache {
    /// An empty cache. What another one left in the folder is removed.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(options: CacheOptions) -> io::Result<Self> {
        let files = Files::open(&options)?;
        let index = Index::new(Bounds {
            bytes: options.bytes_max,
            owner_bytes: options.owner_bytes_max.min(options.bytes_max),
            entries: options.entries_max,
        });
        Ok(Self(Arc::new(Inner {
            options,
            index: Mutex::new(index),
            files,
        })))
    }

    /// Bytes and answers there are.
    pub fn size(&self) -> (u64, usize) {
        self.0.index.lock().size()
    }

    /// Looks an answer up for a request with these fields.
    ///
    /// # Errors
    /// When it is there and cannot be had now.
    pub async fn find(
        &self,
        owner: &Owner,
        cache: Option<&str>,
        url: &str,
        asked: &HeaderMap,
    ) -> Result<Option<Found>, CacheError> {
        match self.look(owner, &key(owner, cache, url)).await? {
            Looked::There(opened) => Ok(self.selected(*opened, asked).await),
            Looked::Expired | Looked::Absent => Ok(None),
        }
    }

    async fn look(&self, owner: &Owner, key: &Key) -> Result<Looked, CacheError> {
        let found = self.0.index.lock().find(key, Instant::now());
        let entry = match found {
            Ok(Some(entry)) => entry,
            Ok(None) => return Ok(Looked::Absent),
            Err(expired) => {
                self.0.files.remove(vec![expired]);
                return Ok(Looked::Expired);
            }
        };
        let place = self
            .0
            .files
            .place(owner)
            .map_err(|limit| CacheError::Busy { limit })?;
        let path = self.0.files.path(entry.file);
        let (head_len, len) = (entry.head, entry.len);
        let read = postern_task::unblock(move || files::read_head(&path, head_len)).await;
        let (file, stored) = match read {
            Ok(read) => read,
            Err(error) => {
                // Another request may have had it removed in the meantime, which is no fault.
                if error.kind() != io::ErrorKind::NotFound {
                    log::warn!("an answer cannot be read: {error}");
                }
                let gone = self.0.index.lock().remove_file(key, entry.file);
                self.0.files.remove(gone.into_iter().collect());
                return Ok(Looked::Absent);
            }
        };
        let opened = unstored(&stored).map(|(head, since, varied)| Opened {
            head,
            since,
            varied,
            file,
            body: (head_len.into(), len),
            sized: entry.is_sized.then_some(len),
            place,
        });
        Ok(opened.map_or(Looked::Absent, |opened| Looked::There(Box::new(opened))))
    }

    /// The answer to a request, of an answer that is kept.
    async fn selected(&self, opened: Opened, asked: &HeaderMap) -> Option<Found> {
        let Opened {
            mut head,
            file,
            body: (start, len),
            sized,
            place,
            ..
        } = opened;
        let headers = &mut head.headers;
        let none = FoundBody::Whole(Bytes::new());
        let selection = selection::select(asked, headers, head.status, sized);
        headers.insert("cf-cache-status", HeaderValue::from_static("HIT"));
        let (from, len) = match selection {
            Selection::NotModified => {
                head.status = 304;
                head.reason = String::new();
                return Some(Found { head, body: none });
            }
            Selection::Some(Extent::Unsatisfiable) => {
                head.status = 416;
                head.reason = String::new();
                headers.insert(header::CONTENT_RANGE, shown(&format!("bytes */{len}")));
                headers.insert(header::CONTENT_LENGTH, 0.into());
                return Some(Found { head, body: none });
            }
            Selection::Some(Extent::Part(from, part)) => {
                head.status = 206;
                head.reason = String::new();
                let range = format!("bytes {from}-{}/{len}", from + part - 1);
                headers.insert(header::CONTENT_RANGE, shown(&range));
                headers.insert(header::CONTENT_LENGTH, part.into());
                (from, part)
            }
            Selection::Some(Extent::All) => {
                if let Some(len) = sized {
                    headers.insert(header::CONTENT_LENGTH, len.into());
                }
                (0, len)
            }
        };
        let at = start + from;
        if len > READ_NOW_MAX {
            let body = FoundBody::Stream(files::stream(file, at, len, place));
            return Some(Found { head, body });
        }
        match postern_task::unblock(move || files::read(file, at, len)).await {
            Ok(bytes) => Some(Found {
                head,
                body: FoundBody::Whole(bytes),
            }),
            Err(error) => {
                log::warn!("an answer cannot be read: {error}");
                None
            }
        }
    }

    /// Keeps an answer under a URL.
    ///
    /// # Errors
    /// Why it is not kept. One that was kept under this URL stays then.
    pub async fn put(
        &self,
        owner: &Owner,
        cache: Option<&str>,
        url: &str,
        head: Head,
        body: Body,
    ) -> Result<(), Unkept> {
        let mut head = head;
        head.headers.remove(header::CONTENT_LENGTH);
        let lifetime = freshness::lifetime(head.status, &mut head.headers, SystemTime::now())?;
        let until = Instant::now() + lifetime;
        let limit = self.0.options.entry_bytes_max;
        let (mut source, sized) = match body {
            Body::Whole(bytes) => {
                let len = bytes.len() as u64;
                let source: ByteStream = Box::pin(futures_lite::stream::once(Ok(bytes)));
                (source, Some(len))
            }
            Body::Stream(source, sized) => (source, sized),
        };
        if sized.is_some_and(|len| len > limit) {
            return Err(Unkept::TooLarge { limit });
        }
        let place = self
            .0
            .files
            .place(owner)
            .map_err(|limit| Unkept::Busy { limit })?;
        let stored = stored(&head, 0, Vec::new());
        let mut writing = Writing::begin(self.clone(), owner.clone(), place, stored).await?;
        while let Some(part) = source.next().await {
            let part = part.map_err(|error| Unkept::Broken(error.to_string()))?;
            if writing.len() + part.len() as u64 > limit {
                return Err(Unkept::TooLarge { limit });
            }
            for at in (0..part.len()).step_by(PART) {
                writing
                    .write(part.slice(at..part.len().min(at + PART)))
                    .await?;
            }
        }
        if sized.is_some_and(|len| len != writing.len()) {
            return Err(Unkept::Broken(
                "it has another length than it said".to_owned(),
            ));
        }
        writing.finish(key(owner, cache, url), until, sized.is_some());
        Ok(())
    }

    /// Forgets an answer; whether there was one.
    pub fn delete(&self, owner: &Owner, cache: Option<&str>, url: &str) -> bool {
        let key = key(owner, cache, url);
        let (is_there, file) = {
            let mut index = self.0.index.lock();
            match index.find(&key, Instant::now()) {
                Ok(Some(_)) => (true, index.remove(&key)),
                Ok(None) => (false, None),
                Err(expired) => (false, Some(expired)),
            }
        };
        self.0.files.remove(file.into_iter().collect());
        is_there
    }

    /// Forgets all of an owner's answers.
    pub fn forget(&self, owner: &Owner) {
        let gone = self.0.index.lock().forget(owner);
        self.0.files.remove(gone);
    }

    /// Removes what has expired, for as long as it is polled.
    pub async fn upkeep(self) {
        loop {
            async_io::Timer::after(SWEEP).await;
            self.sweep(Instant::now()).await;
        }
    }

    async fn sweep(&self, now: Instant) {
        let gone = self.0.index.lock().expire(now);
        self.0.files.remove(gone);
        // Whoever gave up writing may have left a file that was made only then.
        let this = self.clone();
        postern_task::unblock(move || {
            let strays = this.0.files.listed();
            let known: std::collections::HashSet<u64> = this.0.index.lock().files().collect();
            let strays = strays.into_iter().filter(|file| !known.contains(file));
            this.0.files.remove_now(strays);
        })
        .await;
    }
}

fn shown(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

fn key(owner: &Owner, cache: Option<&str>, url: &str) -> Key {
    let kind = if cache.is_some() { "named" } else { "default" };
    hashed([owner.name(), kind, cache.unwrap_or_default(), url])
}

fn hashed(parts: [&str; 4]) -> Key {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let hash = hash.finalize();
    let mut key = Key::default();
    key.copy_from_slice(&hash[..16]);
    key
}

fn stored(head: &Head, since: u64, varied: Varied) -> Vec<u8> {
    let fields = head.headers.iter();
    let stored = Stored {
        status: head.status,
        reason: head.reason.clone(),
        fields: fields
            .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
            .collect(),
        since,
        varied,
    };
    // Only running out of memory could stop it.
    postcard::to_allocvec(&stored).unwrap_or_default()
}

fn unstored(bytes: &[u8]) -> Option<(Head, u64, Varied)> {
    let stored: Stored = postcard::from_bytes(bytes).ok()?;
    let mut headers = HeaderMap::with_capacity(stored.fields.len());
    for (name, value) in stored.fields {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        headers.append(name, HeaderValue::from_bytes(&value).ok()?);
    }
    let head = Head {
        status: stored.status,
        reason: stored.reason,
        headers,
    };
    Some((head, stored.since, stored.varied))
}
