//! What a bundle says that it has. Lists are bounded while they are read.

use super::{BundleError, ITEMS_MAX, METADATA_MAX, NAME_MAX};
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::marker::PhantomData;

/// The manifest. Fields are encoded by postcard, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The dispatch namespace; none: Workers outside of namespaces.
    pub namespace: Option<String>,
    /// Grows from bundle to bundle of a namespace.
    pub version: u64,
    /// Seconds since 1970 after which it is not installed.
    pub expires: Option<u64>,
    /// Names of gateways that may take it; `*` is any. None may if it is empty.
    #[serde(deserialize_with = "bounded")]
    pub devices: Vec<String>,
    /// The scripts.
    #[serde(deserialize_with = "bounded")]
    pub scripts: Vec<Script>,
    /// Routes to them.
    #[serde(deserialize_with = "bounded")]
    pub routes: Vec<Route>,
    /// Values of KV.
    #[serde(deserialize_with = "bounded")]
    pub seeds: Vec<Seed>,
    /// What follows the manifest, in this order.
    #[serde(deserialize_with = "bounded")]
    pub parts: Vec<Part>,
}

/// A script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Script {
    /// Its name.
    pub name: String,
    /// `metadata` of an upload, as JSON: the main module, bindings, limits.
    pub metadata: String,
    /// Its modules.
    #[serde(deserialize_with = "bounded")]
    pub modules: Vec<Module>,
    /// Its static assets.
    #[serde(deserialize_with = "bounded")]
    pub assets: Vec<Asset>,
    /// Snapshots for engines that may have one.
    #[serde(deserialize_with = "bounded")]
    pub snapshots: Vec<Snapshot>,
}

/// A module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Module {
    /// Its name.
    pub name: String,
    /// Its type, as in an upload.
    pub content_type: String,
    /// Which part it is.
    pub part: u32,
}

/// A static asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asset {
    /// Its path, from `/` on.
    pub path: String,
    /// Which part it is.
    pub part: u32,
}

/// A snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The engine's hash.
    pub engine: [u8; 32],
    /// Which part it is.
    pub part: u32,
}

/// A route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Its pattern.
    pub pattern: String,
    /// The script's name.
    pub script: String,
}

/// A value of KV.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seed {
    /// The title of its KV namespace.
    pub namespace: String,
    /// Its key.
    pub key: String,
    /// Which part it is.
    pub part: u32,
}

/// How a part is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encoding {
    /// As it is.
    Plain,
    /// Raw deflate (RFC 1951).
    Deflate,
    /// One frame of Zstandard (RFC 8878) without a dictionary, with a window of at most 2 MiB.
    Zstd,
}

/// A part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// SHA-256 of its content.
    pub hash: [u8; 32],
    /// SHA-256 of what is stored, so that nothing is expanded that was changed.
    pub stored_hash: [u8; 32],
    /// How it is stored.
    pub encoding: Encoding,
    /// Bytes of its content.
    pub bytes: u64,
    /// Bytes that are stored.
    pub stored: u64,
}

impl Manifest {
    /// Reads what postcard wrote, all of it.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, BundleError> {
        let (manifest, rest) = postcard::take_from_bytes::<Self>(bytes)
            .map_err(|_| BundleError::Form("it is not postcard's, or a list is too long"))?;
        if !rest.is_empty() {
            return Err(BundleError::Form("there is more behind its end"));
        }
        manifest.check()?;
        Ok(manifest)
    }

    /// Whether its lists and names are within their limits, and its parts there.
    pub(super) fn check(&self) -> Result<(), BundleError> {
        let lists = [&self.devices.len(), &self.scripts.len(), &self.routes.len()];
        for list in lists
            .into_iter()
            .chain([&self.seeds.len(), &self.parts.len()])
        {
            limit("a list", *list, ITEMS_MAX)?;
        }
        self.namespace
            .iter()
            .chain(&self.devices)
            .try_for_each(|device| name(device))?;
        for script in &self.scripts {
            name(&script.name)?;
            limit("metadata", script.metadata.len(), METADATA_MAX)?;
            let lists = [
                script.modules.len(),
                script.assets.len(),
                script.snapshots.len(),
            ];
            for list in lists {
                limit("a list", list, ITEMS_MAX)?;
            }
            for module in &script.modules {
                name(&module.name)?;
                name(&module.content_type)?;
                self.part(module.part)?;
            }
            for asset in &script.assets {
                name(&asset.path)?;
                self.part(asset.part)?;
            }
            for snapshot in &script.snapshots {
                self.part(snapshot.part)?;
            }
        }
        for route in &self.routes {
            name(&route.pattern)?;
            name(&route.script)?;
        }
        for seed in &self.seeds {
            name(&seed.namespace)?;
            name(&seed.key)?;
            self.part(seed.part)?;
        }
        Ok(())
    }

    fn part(&self, index: u32) -> Result<(), BundleError> {
        let parts = self.parts.len();
        match (index as usize) < parts {
            true => Ok(()),
            false => Err(BundleError::NoPart { index, parts }),
        }
    }
}

fn name(text: &str) -> Result<(), BundleError> {
    limit("a name", text.len(), NAME_MAX)
}

fn limit(what: &'static str, value: usize, limit: usize) -> Result<(), BundleError> {
    match value <= limit {
        true => Ok(()),
        false => Err(BundleError::TooMuch {
            what,
            value: value as u64,
            limit: limit as u64,
        }),
    }
}

/// A list that is refused at its first item too many.
fn bounded<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    struct List<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "at most {ITEMS_MAX} items")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
            let mut list = Vec::new();
            while let Some(item) = items.next_element()? {
                if list.len() == ITEMS_MAX {
                    return Err(A::Error::custom("too many items"));
                }
                list.push(item);
            }
            Ok(list)
        }
    }
    from.deserialize_seq(List(PhantomData))
}
