//! The rows that the catalog keeps in the store, as they are stored.
//!
//! postcard has no field names: a change of these types is a new format of the rows, beside
//! the old ones ([`StoredScript`] has all).

use super::binding::Bound;
use super::limits::COMPATIBILITY_DATE_DEFAULT;
use super::name::{ACCOUNT, ACCOUNT_ID, Id};
use super::rows::{First, Row};
use super::source_maps::SOURCE_MAP;
use crate::assets::Config;
use crate::engine::GuestKind;
use crate::store::{BlobId, Table};
use serde::{Deserialize, Serialize};
use std::time::{SystemTime, UNIX_EPOCH};

/// A dispatch namespace. Key: its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Namespace {
    /// What scripts refer to; a rename does not change it.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// Milliseconds since 1970.
    pub created_ms: i64,
    /// Milliseconds since 1970.
    pub modified_ms: i64,
    /// Whether its scripts are the operator's own.
    pub trusted_workers: bool,
}

impl Row for Namespace {
    type Stored = First<Self>;
}

impl Namespace {
    pub(super) const TABLE: Table = Table::Namespaces;

    /// The one of Workers outside of dispatch namespaces, which no row has to say. They are the
    /// operator's own.
    pub(super) fn account() -> Self {
        Self {
            id: ACCOUNT_ID,
            name: ACCOUNT.to_owned(),
            created_ms: 0,
            modified_ms: 0,
            trusted_workers: true,
        }
    }
}

/// A KV namespace. Key: its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KvNamespace {
    /// What bindings refer to.
    pub id: Id,
    /// Its title.
    pub title: String,
    /// Milliseconds since 1970.
    pub created_ms: i64,
}

impl Row for KvNamespace {
    type Stored = First<Self>;
}

impl KvNamespace {
    pub(super) const TABLE: Table = Table::KvNamespaces;
}

/// One module of a script; its bytes are in a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Module {
    /// Its name, as the upload gave it.
    pub name: String,
    /// Its media type, as the upload gave it.
    pub content_type: String,
    /// Its bytes.
    pub blob: BlobId,
    /// How many they are.
    pub len: u64,
}

/// What the judge made of the modules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Which build of the engine judged; another build judges again.
    pub build: String,
    /// How the Worker is spoken to.
    pub kind: GuestKind,
    /// The module as it runs; `None` where it is the one that all Workers in JavaScript share.
    pub image: Option<BlobId>,
    /// Its memory after initialisation.
    pub snapshot: Option<BlobId>,
    /// Pages of that memory, zeros included.
    pub pages: u32,
    /// What initialisation cost.
    pub startup_fuel: u64,
    /// The same as time, at the board's rate.
    pub startup_time_ms: u32,
    /// Whether the main module is one, and not a script that adds event listeners.
    pub has_modules: bool,
    /// Handlers of the default export.
    pub handlers: Vec<String>,
    /// Other exports that can be called, each with its handlers.
    pub entrypoints: Vec<(String, Vec<String>)>,
    /// Whether initialisation looked at the bindings: with others, it has to be done again.
    pub env_read: bool,
}

impl Verdict {
    /// Of a script that is assets alone.
    pub(super) fn of_nothing() -> Self {
        Self {
            build: String::new(),
            kind: GuestKind::AbiV1,
            image: None,
            snapshot: None,
            pages: 0,
            startup_fuel: 0,
            startup_time_ms: 0,
            has_modules: false,
            handlers: Vec::new(),
            entrypoints: Vec::new(),
            env_read: false,
        }
    }

    /// The blobs that a Worker opens.
    pub(super) fn files(&self) -> impl Iterator<Item = &BlobId> {
        self.image.iter().chain(&self.snapshot)
    }
}

/// The limits that a script's metadata asks for; none means the board's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomLimits {
    /// Milliseconds of CPU an invocation.
    pub cpu_ms: Option<u32>,
    /// Subrequests an invocation.
    pub subrequests: Option<u32>,
}

/// What can be set without a new module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// What its `env` offers, secrets included.
    pub bindings: Vec<Bound>,
    /// Its tags, at most eight.
    pub tags: Vec<String>,
    /// Its own limits.
    pub limits: CustomLimits,
    /// A date as `2026-01-31`.
    pub compatibility_date: String,
    /// Flags by name.
    pub compatibility_flags: Vec<String>,
    /// Kept and shown; nothing reads it yet.
    pub logpush: bool,
    /// A JSON object, kept and shown; nothing reads it yet.
    pub observability: Option<String>,
    /// A JSON object, kept and shown; nothing reads it yet.
    pub placement: Option<String>,
    /// A JSON object of strings, kept and shown.
    pub annotations: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            bindings: Vec::new(),
            tags: Vec::new(),
            limits: CustomLimits::default(),
            compatibility_date: COMPATIBILITY_DATE_DEFAULT.to_owned(),
            compatibility_flags: Vec::new(),
            logpush: false,
            observability: None,
            placement: None,
            annotations: None,
        }
    }
}

/// A script in a dispatch namespace. Key: the namespace's id, then the script's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Script {
    /// Its name.
    pub name: String,
    /// What never changes, through all its versions.
    pub tag: Id,
    /// Milliseconds since 1970.
    pub created_ms: i64,
    /// Milliseconds since 1970.
    pub modified_ms: i64,
    /// Counts what was deployed, from 1.
    pub version: u64,
    /// Names the version.
    pub version_id: Id,
    /// SHA-256 of the modules, as hexadecimal digits.
    pub etag: String,
    /// Which module starts.
    pub main_module: String,
    /// Its modules, in the upload's order.
    pub modules: Vec<Module>,
    /// What the judge made of them.
    pub verdict: Verdict,
    /// What can be set without a new module.
    pub settings: Settings,
    /// Its static assets.
    pub assets: Option<ScriptAssets>,
    /// When its `scheduled` handler runs. Not part of a version: pushes leave it alone.
    pub schedules: Vec<Schedule>,
}

/// A cron trigger of a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// The expression, as it was written.
    pub cron: String,
    /// Milliseconds since 1970.
    pub created_ms: i64,
    /// Milliseconds since 1970.
    pub modified_ms: i64,
}

/// The static assets of a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScriptAssets {
    /// Which files there are; the manifest's bytes are a blob.
    pub manifest: BlobId,
    /// How many files.
    pub files: u32,
    /// Bytes of all files.
    pub bytes: u64,
    /// How they are served.
    pub config: Config,
}

impl Module {
    /// Whether it is the index of the source map of the module of this name.
    pub fn is_source_map(&self) -> bool {
        self.content_type == SOURCE_MAP
    }
}

impl Row for Script {
    type Stored = StoredScript;
}

/// A script's row, in every format that there was.
#[derive(Serialize, Deserialize)]
pub(super) enum StoredScript {
    /// Before there was JavaScript.
    V1(OldScript<VerdictV1>),
    /// Before there were static assets.
    V2(OldScript<Verdict>),
    /// Before there were cron triggers.
    V3(OldScript<Verdict>, Option<ScriptAssets>),
    /// Now.
    V4(Script),
    /// Where assets have a base path, which this has at its end.
    V5(Script, String),
}

/// What all formats had. New fields came behind these.
#[derive(Serialize, Deserialize)]
pub(super) struct OldScript<V> {
    name: String,
    tag: Id,
    created_ms: i64,
    modified_ms: i64,
    version: u64,
    version_id: Id,
    etag: String,
    main_module: String,
    modules: Vec<Module>,
    verdict: V,
    settings: Settings,
}

#[derive(Serialize, Deserialize)]
pub(super) struct VerdictV1 {
    build: String,
    wasi: bool,
    image: BlobId,
    snapshot: Option<BlobId>,
    startup_fuel: u64,
    startup_time_ms: u32,
}

impl From<VerdictV1> for Verdict {
    fn from(old: VerdictV1) -> Self {
        Self {
            build: old.build,
            kind: if old.wasi {
                GuestKind::Wasi
            } else {
                GuestKind::AbiV1
            },
            image: Some(old.image),
            snapshot: old.snapshot,
            // The image knows it.
            pages: 0,
            startup_fuel: old.startup_fuel,
            startup_time_ms: old.startup_time_ms,
            has_modules: true,
            handlers: vec!["fetch".to_owned()],
            entrypoints: Vec::new(),
            env_read: false,
        }
    }
}

impl<V: Into<Verdict>> OldScript<V> {
    /// The same as it would be written now.
    fn now(self, assets: Option<ScriptAssets>) -> Script {
        Script {
            name: self.name,
            tag: self.tag,
            created_ms: self.created_ms,
            modified_ms: self.modified_ms,
            version: self.version,
            version_id: self.version_id,
            etag: self.etag,
            main_module: self.main_module,
            modules: self.modules,
            verdict: self.verdict.into(),
            settings: self.settings,
            assets,
            schedules: Vec::new(),
        }
    }
}

impl From<Script> for StoredScript {
    fn from(script: Script) -> Self {
        let base_path = script
            .assets
            .as_ref()
            .map(|assets| &assets.config.base_path);
        match base_path.filter(|base_path| !base_path.is_empty()).cloned() {
            Some(base_path) => Self::V5(script, base_path),
            None => Self::V4(script),
        }
    }
}

impl From<StoredScript> for Script {
    fn from(stored: StoredScript) -> Self {
        match stored {
            StoredScript::V1(old) => old.now(None),
            StoredScript::V2(old) => old.now(None),
            StoredScript::V3(old, assets) => old.now(assets),
            StoredScript::V4(script) => script,
            StoredScript::V5(mut script, base_path) => {
                if let Some(assets) = &mut script.assets {
                    assets.config.base_path = base_path;
                }
                script
            }
        }
    }
}

impl Script {
    pub(super) const TABLE: Table = Table::Scripts;

    /// The key of a script's row.
    pub(super) fn key(namespace: Id, script: &str) -> Vec<u8> {
        let mut key = namespace.0.to_vec();
        key.extend_from_slice(script.as_bytes());
        key
    }

    /// The modules of which these are the indexes.
    pub(super) fn source_maps(&self) -> impl Iterator<Item = &Module> + Clone {
        self.modules.iter().filter(|it| it.is_source_map())
    }

    /// Every blob that this row needs.
    pub(super) fn blobs(&self) -> impl Iterator<Item = &BlobId> {
        self.modules
            .iter()
            .map(|module| &module.blob)
            .chain(self.verdict.files())
            .chain(self.assets.iter().map(|assets| &assets.manifest))
    }
}

/// Milliseconds since 1970; 0 on a board whose clock was never set.
pub(super) fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_base_path_is_kept_beside_the_assets() {
        let id = Id([7; 16]);
        let config = Config {
            base_path: "/docs".to_owned(),
            ..Config::default()
        };
        let script = Script {
            name: "a".to_owned(),
            tag: id,
            created_ms: 1,
            modified_ms: 2,
            version: 3,
            version_id: id,
            etag: String::new(),
            main_module: String::new(),
            modules: Vec::new(),
            verdict: Verdict::of_nothing(),
            settings: Settings::default(),
            assets: Some(ScriptAssets {
                manifest: BlobId::of(b"manifest"),
                files: 1,
                bytes: 2,
                config,
            }),
            schedules: Vec::new(),
        };
        let bytes = postcard::to_allocvec(&StoredScript::from(script.clone())).unwrap();
        assert_eq!(bytes[0], 4, "the fifth format");
        let read = Script::from(postcard::from_bytes::<StoredScript>(&bytes).unwrap());
        assert_eq!(read, script);
    }

    #[test]
    fn a_row_of_the_first_format_is_read() {
        let id = Id([7; 16]);
        let image = BlobId::of(b"image");
        let old = OldScript {
            name: "old".to_owned(),
            tag: id,
            created_ms: 1,
            modified_ms: 2,
            version: 3,
            version_id: id,
            etag: "e".to_owned(),
            main_module: "worker.wasm".to_owned(),
            modules: Vec::new(),
            verdict: VerdictV1 {
                build: "b".to_owned(),
                wasi: true,
                image,
                snapshot: None,
                startup_fuel: 4,
                startup_time_ms: 5,
            },
            settings: Settings::default(),
        };
        let bytes = postcard::to_allocvec(&StoredScript::V1(old)).unwrap();
        let read = Script::from(postcard::from_bytes::<StoredScript>(&bytes).unwrap());
        assert_eq!(read.verdict.kind, GuestKind::Wasi);
        assert_eq!(read.blobs().collect::<Vec<_>>(), [&image]);
        assert_eq!(read.verdict.handlers, ["fetch"]);
        let bytes = postcard::to_allocvec(&StoredScript::from(read.clone())).unwrap();
        assert_eq!(bytes[0], 3, "the fourth format");
        let again = Script::from(postcard::from_bytes::<StoredScript>(&bytes).unwrap());
        assert_eq!(again, read);
        // The third format has no schedules at its end, the second no assets either.
        assert_eq!(bytes[bytes.len() - 2..], [0, 0]);
        for format in [1, 2] {
            let mut bytes = bytes[..bytes.len() - 3 + usize::from(format)].to_vec();
            bytes[0] = format;
            let (stored, rest) = postcard::take_from_bytes::<StoredScript>(&bytes).unwrap();
            assert_eq!((Script::from(stored), rest), (read.clone(), &[][..]));
        }
    }
}
