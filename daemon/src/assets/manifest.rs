//! Which paths there are, and what lies at them.

use crate::store::BlobId;
use serde::{Deserialize, Serialize};

/// Bytes of a path.
pub const PATH_MAX: usize = 1024;
/// Bytes of a content type.
pub const CONTENT_TYPE_MAX: usize = 256;

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Where it is asked for: decoded, beginning with a slash.
    pub path: String,
    /// What its uploader calls it.
    pub hash: String,
    /// Its bytes.
    pub blob: BlobId,
    /// How many they are.
    pub len: u64,
    /// What it is served as.
    pub content_type: Option<String>,
}

/// All files of a version, in the order of their paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest(Vec<File>);

/// A manifest as it is stored.
#[derive(Serialize, Deserialize)]
enum Stored {
    V1(Vec<File>),
}

impl Manifest {
    /// A manifest of these files; of two with one path the first counts.
    pub fn new(mut files: Vec<File>) -> Self {
        files.sort_by(|one, other| one.path.cmp(&other.path));
        files.dedup_by(|one, other| one.path == other.path);
        Self(files)
    }

    /// As it is stored.
    pub fn encode(&self) -> Vec<u8> {
        // Only running out of memory could stop it.
        postcard::to_allocvec(&Stored::V1(self.0.clone())).unwrap_or_default()
    }

    /// From what was stored.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let Stored::V1(files) = postcard::from_bytes(bytes).ok()?;
        Some(Self(files))
    }

    /// The files.
    pub fn files(&self) -> &[File] {
        &self.0
    }

    /// The place of the file at a path.
    pub fn find(&self, path: &str) -> Option<usize> {
        self.0
            .binary_search_by(|file| file.path.as_str().cmp(path))
            .ok()
    }
}
