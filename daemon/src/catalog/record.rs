//! The rows that the catalog keeps in the store, as they are stored.
//!
//! postcard has no field names: a change of these types is a new format of the rows, beside
//! the old one (see `rows`).

use super::binding::Bound;
use super::limits::COMPATIBILITY_DATE_DEFAULT;
use super::name::Id;
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

impl Namespace {
    pub(super) const TABLE: Table = Table::Namespaces;
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

/// What the judge made of the main module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Which build of the engine judged; another build judges again.
    pub build: String,
    /// Whether the module speaks WASI preview 1 instead of the ABI.
    pub wasi: bool,
    /// The module as it runs.
    pub image: BlobId,
    /// Its memory after initialisation.
    pub snapshot: Option<BlobId>,
    /// What initialisation cost.
    pub startup_fuel: u64,
    /// The same as time, at the board's rate.
    pub startup_time_ms: u32,
}

impl Verdict {
    /// The blobs that a Worker opens.
    pub(super) fn files(&self) -> impl Iterator<Item = &BlobId> {
        [&self.image].into_iter().chain(&self.snapshot)
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
}

impl Script {
    pub(super) const TABLE: Table = Table::Scripts;

    /// The key of a script's row.
    pub(super) fn key(namespace: Id, script: &str) -> Vec<u8> {
        let mut key = namespace.0.to_vec();
        key.extend_from_slice(script.as_bytes());
        key
    }

    /// Every blob that this row needs.
    pub(super) fn blobs(&self) -> impl Iterator<Item = &BlobId> {
        self.modules
            .iter()
            .map(|module| &module.blob)
            .chain(self.verdict.files())
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
