//! Uploads of static assets: what is to come, what came, and what a push takes over (spec:
//! SEMANTICS §13, "Direct upload").
//!
//! A session belongs to one script. Hashes are its uploader's names for files and mean nothing
//! outside of it: what a session need not send again is what the same script has already, so
//! nobody learns of, or gets at, another's files by their hashes.

use super::name::{Id, shown};
use super::record::{Script, ScriptAssets};
use super::references::Held;
use super::subject::Subject;
use super::{Catalog, CatalogError, Result};
use crate::assets::{CONTENT_TYPE_MAX, Config, File, Manifest, PATH_MAX, content_type_of};
use crate::store::{BlobId, BlobWriter};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Files of a script.
pub const FILES_MAX: usize = 20_000;
/// Bytes of one file.
pub const FILE_MAX: u64 = 25 << 20;
/// Bytes of all files of a script.
pub const ASSETS_MAX: u64 = 512 << 20;
/// Tokens of upload sessions at the same time, on the whole device.
const SESSIONS_MAX: usize = 64;
/// Bytes of memory that all sessions take together.
const SESSIONS_BYTES_MAX: usize = 32 << 20;
/// Bytes that an announced file takes beside its path and its hash.
const ANNOUNCED_BYTES: usize = 256;
/// How long a session, and what it ends with, is good for.
const LIFETIME: Duration = Duration::from_secs(3600);
/// Files, and bytes, that a client is to send together.
const BUCKET_FILES: usize = 50;
const BUCKET_BYTES: u64 = 8 << 20;

/// A file as an upload announces it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    /// Where it will be asked for.
    pub path: String,
    /// What its uploader calls it.
    pub hash: String,
    /// Bytes.
    pub size: u64,
}

/// What a client is told of its session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Good for uploads, or, where there is nothing to upload, for the push.
    pub token: String,
    /// The hashes to upload, those to be sent together.
    pub buckets: Vec<Vec<String>>,
}

/// What a push says of assets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AssetsChange {
    /// There are none.
    #[default]
    None,
    /// Those of the version before stay.
    Keep,
    /// Those of an upload, or of the version before, served like this.
    Take {
        /// What the upload ended with; without it the files of the version before stay.
        token: Option<String>,
        /// How they are served; without it as before.
        config: Option<Config>,
    },
    /// Files that are there already, and are held by whoever says so.
    Files {
        /// The files.
        files: Vec<File>,
        /// How they are served.
        config: Config,
    },
}

/// The uploads under way, by their tokens. They are kept in memory and end with the daemon.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<[u8; 32], Arc<Session>>>);

struct Session {
    namespace: Id,
    script: String,
    born: Instant,
    announced: Vec<Announced>,
    /// By hash, what was announced first under it.
    expected: HashMap<String, Expected>,
    /// Whether a push took the files over. It may still be pushed again, until others need the room.
    is_used: AtomicBool,
    /// Bytes of memory that it takes, rounded up.
    bytes: usize,
    state: Mutex<Came>,
}

/// The files of one hash.
#[derive(Clone, Copy)]
struct Expected {
    size: u64,
    /// The place of the first of them among those announced.
    first: usize,
}

#[derive(Default)]
struct Came {
    files: HashMap<String, Kept>,
    completion: Option<String>,
}

struct Kept {
    held: Held,
    content_type: Option<String>,
}

impl Session {
    fn is_complete(&self, came: &Came) -> bool {
        came.files.len() == self.expected.len()
    }
}

fn key(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// A token that nobody can guess. It looks like a JWT because one client reads in it how it may
/// upload: raw, a file a request.
fn token() -> Result<String> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)
        .map_err(|_| CatalogError::Assets("the system has no randomness".to_owned()))?;
    let until = SystemTime::now() + LIFETIME;
    let until = until
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let payload = format!("{{\"exp\":{until},\"wrangler_single_asset_uploads\":true}}");
    Ok(format!(
        "{}.{}.{}",
        URL_SAFE_NO_PAD.encode("{\"alg\":\"none\",\"typ\":\"JWT\"}"),
        URL_SAFE_NO_PAD.encode(payload),
        URL_SAFE_NO_PAD.encode(secret)
    ))
}

impl Sessions {
    fn put(&self, session: Arc<Session>, token: &str) -> Result<()> {
        let mut all = self.0.lock();
        all.retain(|_, session| session.born.elapsed() < LIFETIME);
        let is_full = |all: &HashMap<_, Arc<Session>>| {
            // A session with two tokens counts twice, which is on the safe side.
            let bytes: usize = all.values().map(|session| session.bytes).sum();
            all.len() >= SESSIONS_MAX || bytes + session.bytes > SESSIONS_BYTES_MAX
        };
        while is_full(&all) {
            // The oldest of those whose files a version has already makes room.
            let used = all.values().filter(|it| it.is_used.load(Ordering::Relaxed));
            let Some(oldest) = used.min_by_key(|it| it.born).cloned() else {
                return Err(CatalogError::TooMany {
                    what: "uploads of assets under way",
                    limit: SESSIONS_MAX,
                });
            };
            all.retain(|_, session| !Arc::ptr_eq(session, &oldest));
        }
        all.insert(key(token), session);
        Ok(())
    }

    fn get(&self, token: &str) -> Option<Arc<Session>> {
        let all = self.0.lock();
        let session = all.get(&key(token))?;
        (session.born.elapsed() < LIFETIME).then(|| session.clone())
    }
}

fn check(announced: &[Announced]) -> Result<HashMap<String, Expected>> {
    let refuse = |what: String| Err(CatalogError::Assets(what));
    if announced.len() > FILES_MAX {
        return refuse(format!(
            "the manifest has {} files, the limit is {FILES_MAX}",
            announced.len()
        ));
    }
    let mut expected = HashMap::new();
    let mut total = 0u64;
    for (first, file) in announced.iter().enumerate() {
        let path = shown(&file.path);
        if !file.path.starts_with('/') || file.path.len() > PATH_MAX {
            return refuse(format!(
                "'{path}' is no path of an asset; use at most {PATH_MAX} bytes that begin with /"
            ));
        }
        let hex = |byte: u8| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase();
        if !(1..=64).contains(&file.hash.len()) || !file.hash.bytes().all(hex) {
            return refuse(format!(
                "the hash of '{path}' is '{}'; use 1 to 64 of 0-9 a-f",
                shown(&file.hash)
            ));
        }
        if file.size > FILE_MAX {
            return refuse(format!(
                "'{path}' has {} bytes, the limit for an asset is {FILE_MAX}; keep it elsewhere",
                file.size
            ));
        }
        total = total.saturating_add(file.size);
        let size = file.size;
        let known = expected.entry(file.hash.clone());
        if known.or_insert(Expected { size, first }).size != size {
            return refuse(format!("'{path}' has the hash of a file of another size"));
        }
    }
    if total > ASSETS_MAX {
        return refuse(format!(
            "the assets have {total} bytes, the limit for a script is {ASSETS_MAX}"
        ));
    }
    Ok(expected)
}

impl<W: Send + Sync + 'static> Catalog<W> {
    /// Begins an upload for a script, which need not exist yet.
    pub async fn begin_assets(
        &self,
        namespace: &str,
        script: impl Into<Subject>,
        announced: Vec<Announced>,
    ) -> Result<Begun> {
        let subject = script.into();
        let script: &str = &subject;
        super::name::check_name("script", script)?;
        let namespace = self.namespace(namespace)?.id;
        let expected = check(&announced)?;
        let mut came = Came::default();
        let old = self.find_script(namespace, script)?;
        if let Some(old) = &old {
            subject.check(old)?;
        }
        if let Some(old) = old.and_then(|old| old.assets) {
            for file in self.manifest(&old.manifest).await?.files() {
                if expected.get(&file.hash).map(|it| it.size) == Some(file.len) {
                    let kept = Kept {
                        held: self.references.hold(file.blob),
                        content_type: file.content_type.clone(),
                    };
                    came.files.insert(file.hash.clone(), kept);
                }
            }
        }
        let mut buckets: Vec<Vec<String>> = Vec::new();
        let mut bytes = BUCKET_BYTES;
        let mut wanted: Vec<_> = expected
            .iter()
            .filter(|(hash, _)| !came.files.contains_key(*hash))
            .map(|(hash, file)| (hash, file.size))
            .collect();
        wanted.sort();
        for (hash, size) in wanted {
            let full = buckets
                .last()
                .is_none_or(|bucket| bucket.len() >= BUCKET_FILES);
            if full || bytes + size > BUCKET_BYTES {
                buckets.push(Vec::new());
                bytes = 0;
            }
            bytes += size;
            if let Some(bucket) = buckets.last_mut() {
                bucket.push(hash.clone());
            }
        }
        let token = token()?;
        if buckets.is_empty() {
            came.completion = Some(token.clone());
        }
        let of = |file: &Announced| file.path.len() + 2 * file.hash.len() + ANNOUNCED_BYTES;
        let session = Session {
            bytes: announced.iter().map(of).sum(),
            namespace,
            script: script.to_owned(),
            born: Instant::now(),
            announced,
            expected,
            is_used: AtomicBool::new(false),
            state: Mutex::new(came),
        };
        self.sessions.put(Arc::new(session), &token)?;
        Ok(Begun { token, buckets })
    }

    /// The bytes that a session expects under a hash; `None` if it expects none.
    ///
    /// # Errors
    /// When there is no such session any more.
    pub fn asset_size(&self, token: &str, hash: &str) -> Result<Option<u64>> {
        let session = self
            .sessions
            .get(token)
            .ok_or(CatalogError::NoAssetsSession)?;
        Ok(session.expected.get(hash).map(|file| file.size))
    }

    /// Begins one file.
    pub fn asset_writer(&self) -> Result<BlobWriter> {
        Ok(self.store.blobs().writer()?)
    }

    /// Takes a file that came whole. Gives the token for the push when it was the last one.
    pub async fn put_asset(
        &self,
        token_: &str,
        hash: &str,
        content_type: Option<String>,
        writer: BlobWriter,
    ) -> Result<Option<String>> {
        let session = self
            .sessions
            .get(token_)
            .ok_or(CatalogError::NoAssetsSession)?;
        let expected = session.expected.get(hash).copied();
        let Expected { size, first } = expected.ok_or_else(|| {
            CatalogError::Assets(format!("this upload expects no file '{}'", shown(hash)))
        })?;
        if writer.len() != size {
            return Err(CatalogError::Assets(format!(
                "file '{}' has {} bytes, and the manifest says {size}",
                shown(hash),
                writer.len()
            )));
        }
        let held = self.references.put_written(writer).await?;
        let path = session.announced.get(first);
        let content_type = match content_type.as_deref().map(str::trim) {
            Some("application/null") => None,
            Some(kind) if !kind.is_empty() && kind.len() <= CONTENT_TYPE_MAX => {
                Some(kind.to_owned())
            }
            _ => path.map(|file| content_type_of(&file.path).to_owned()),
        };
        let (completion, is_new) = {
            let mut came = session.state.lock();
            came.files
                .insert(hash.to_owned(), Kept { held, content_type });
            if !session.is_complete(&came) {
                return Ok(None);
            }
            match &came.completion {
                Some(completion) => (completion.clone(), false),
                None => {
                    let completion = token()?;
                    came.completion = Some(completion.clone());
                    (completion, true)
                }
            }
        };
        if is_new {
            self.sessions.put(session, &completion)?;
        }
        Ok(Some(completion))
    }

    /// The assets of a new version, and what holds their manifest until it is stored.
    pub(super) async fn take_assets(
        &self,
        namespace: Id,
        script: &str,
        before: Option<&ScriptAssets>,
        change: &AssetsChange,
        held: &mut Vec<Held>,
    ) -> Result<Option<ScriptAssets>> {
        let (token, config) = match change {
            AssetsChange::None => return Ok(None),
            AssetsChange::Keep => (None, None),
            AssetsChange::Take { token, config } => (token.as_deref(), config.clone()),
            AssetsChange::Files { files, config } => {
                let manifest = Manifest::new(files.clone());
                let kept = self.keep_manifest(&manifest, config.clone(), held).await?;
                return Ok(Some(kept));
            }
        };
        if *change == AssetsChange::Keep && before.is_none() {
            return Ok(None);
        }
        let Some(token) = token else {
            let before = before.ok_or_else(|| {
                CatalogError::Assets(
                    "keep_assets without assets to keep; upload them and send assets.jwt"
                        .to_owned(),
                )
            })?;
            held.push(self.references.hold(before.manifest));
            return Ok(Some(ScriptAssets {
                config: config.unwrap_or_else(|| before.config.clone()),
                ..before.clone()
            }));
        };
        let session = self
            .sessions
            .get(token)
            .filter(|session| session.namespace == namespace && session.script == script)
            .ok_or_else(|| CatalogError::Assets(CatalogError::NoAssetsSession.to_string()))?;
        let files = {
            let came = session.state.lock();
            if came.completion.as_deref() != Some(token) || !session.is_complete(&came) {
                return Err(CatalogError::Assets(format!(
                    "{} of {} files have come; assets.jwt must be the token that the last upload \
                     was answered with",
                    came.files.len(),
                    session.expected.len()
                )));
            }
            let files = session.announced.iter().filter_map(|file| {
                let kept = came.files.get(&file.hash)?;
                Some(File {
                    path: file.path.clone(),
                    hash: file.hash.clone(),
                    blob: kept.held.blob(),
                    len: file.size,
                    content_type: kept.content_type.clone(),
                })
            });
            files.collect::<Vec<_>>()
        };
        let manifest = Manifest::new(files);
        let config = config.unwrap_or_default();
        let assets = self.keep_manifest(&manifest, config, held).await?;
        session.is_used.store(true, Ordering::Relaxed);
        Ok(Some(assets))
    }

    async fn keep_manifest(
        &self,
        manifest: &Manifest,
        config: Config,
        held: &mut Vec<Held>,
    ) -> Result<ScriptAssets> {
        let bytes = manifest.files().iter().map(|file| file.len).sum();
        let count = u32::try_from(manifest.files().len()).unwrap_or(u32::MAX);
        let put = self.references.put(Bytes::from(manifest.encode())).await?;
        self.references.adopt(put.blob(), manifest);
        let assets = ScriptAssets {
            manifest: put.blob(),
            files: count,
            bytes,
            config,
        };
        held.push(put);
        Ok(assets)
    }

    pub(super) async fn manifest(&self, id: &BlobId) -> Result<Manifest> {
        let (blobs, id) = (self.store.blobs().clone(), *id);
        let bytes = smol::unblock(move || blobs.read(&id)).await?;
        Manifest::decode(&bytes)
            .ok_or_else(|| CatalogError::Assets(format!("manifest {id} cannot be decoded")))
    }

    /// The files of a script's version that are needed as long as its row is.
    pub(super) fn adopt_stored(&self, script: &Script) {
        let Some(assets) = &script.assets else { return };
        let read = self.store.blobs().read(&assets.manifest).ok();
        match read.as_deref().and_then(Manifest::decode) {
            Some(manifest) => self.references.adopt(assets.manifest, &manifest),
            None => log::error!("the assets of {} cannot be read", script.name),
        }
    }
}
