//! What is in a bundle that was staged, as a release of the catalog.

use super::reach::{Named, Signer};
use super::staging::Staged;
use super::{Arrival, DeliveryError, Result};
use crate::assets::{Config, PATH_MAX};
use crate::bundle::{Bounds, BundleError, Manifest, Part, Reader, Script, expand, hash_of_signed};
use crate::catalog::metadata::Metadata;
use crate::catalog::name::{ACCOUNT, Id, shown};
use crate::catalog::release::{Member, Parts, Release, Sink, Titled, Value as KvValue};
use crate::catalog::versions::Note;
use crate::catalog::{
    ASSET_MAX, AssetsChange, Catalog, CatalogError, FILES_MAX, check_module_name, limits,
};
use crate::store::StoreError;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, Read};
use std::sync::Arc;

/// What is decided by: a manifest, and who signed it.
pub(super) struct Head<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) signed: &'a [u8],
    pub(super) signature: &'a [u8],
    pub(super) hash: [u8; 32],
}

impl<'a> Head<'a> {
    pub(super) fn of<R: Read>(reader: &'a Reader<R>) -> Self {
        Self {
            manifest: reader.manifest(),
            signed: reader.signed(),
            signature: reader.signature(),
            hash: hash_of_signed(reader.signed()),
        }
    }
}

/// A bundle in a file, all of which was held against its hashes.
pub(super) struct Contents {
    staged: Arc<Staged>,
    manifest: Manifest,
    signed: Vec<u8>,
    signature: Vec<u8>,
    /// Where each part begins.
    places: Vec<u64>,
}

impl Contents {
    /// Reads all of it. Blocks.
    pub(super) fn open(staged: Arc<Staged>, bounds: Bounds) -> Result<Self> {
        let mut reader = Reader::open(BufReader::new(staged.reader()?), bounds)?;
        let mut places = Vec::with_capacity(reader.manifest().parts.len());
        let mut place = reader.beginning();
        for part in &reader.manifest().parts {
            places.push(place);
            place += part.stored;
        }
        while reader.check()? {}
        Ok(Self {
            manifest: reader.manifest().clone(),
            signed: reader.signed().to_vec(),
            signature: reader.signature().to_vec(),
            staged,
            places,
        })
    }

    pub(super) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    pub(super) fn head(&self) -> Head<'_> {
        Head {
            manifest: &self.manifest,
            signed: &self.signed,
            signature: &self.signature,
            hash: self.hash(),
        }
    }

    /// SHA-256 of what is signed.
    pub(super) fn hash(&self) -> [u8; 32] {
        hash_of_signed(&self.signed)
    }

    /// Bytes that its parts take when they are stored: by what, for people.
    pub(super) fn stored_bytes(&self) -> [(&'static str, u64); 3] {
        let manifest = &self.manifest;
        let of = |index: u32| self.part(index).map_or(0, |(part, _)| part.bytes);
        let scripts = manifest.scripts.iter();
        let modules = scripts.clone().flat_map(|it| &it.modules);
        let assets = scripts.flat_map(|it| &it.assets);
        [
            ("modules", modules.map(|it| of(it.part)).sum()),
            ("assets", assets.map(|it| of(it.part)).sum()),
            (
                "KV values",
                manifest.seeds.iter().map(|it| of(it.part)).sum(),
            ),
        ]
    }

    fn part(&self, index: u32) -> Option<(&Part, u64)> {
        let index = index as usize;
        Some((self.manifest.parts.get(index)?, *self.places.get(index)?))
    }

    /// What the catalog is to do.
    pub(super) fn release<W: Send + Sync + 'static>(
        &self,
        catalog: &Catalog<W>,
        gone: Vec<String>,
        arrival: &Arrival,
        in_memory: u64,
        signer: Option<&Signer>,
    ) -> Result<Release> {
        let manifest = &self.manifest;
        self.check_memory(in_memory)?;
        if manifest.namespace.is_some() && !manifest.routes.is_empty() {
            return Err(DeliveryError::Contents(
                "the bundle has routes, and they lead to Workers outside of dispatch namespaces only; leave \
                 `namespace` or the routes out"
                    .to_owned(),
            ));
        }
        let namespace = manifest.namespace.clone();
        let namespace = namespace.unwrap_or_else(|| ACCOUNT.to_owned());
        let named = named(manifest, catalog)?;
        if let Some(signer) = signer {
            signer.check(catalog, &namespace, &named)?;
        }
        let Named { said, titles } = named;
        let mut members = Vec::with_capacity(said.len());
        for (script, mut metadata) in manifest.scripts.iter().zip(said) {
            resolve(&mut metadata, &titles);
            members.push(self.member(script, &metadata, arrival)?);
        }
        Ok(Release {
            namespace,
            members,
            gone,
            routes: manifest
                .routes
                .iter()
                .map(|it| (it.pattern.clone(), it.script.clone()))
                .collect(),
            values: manifest
                .seeds
                .iter()
                .map(|it| KvValue {
                    title: it.namespace.clone(),
                    key: it.key.clone(),
                    part: it.part,
                })
                .collect(),
            titles,
        })
    }

    /// Whether what has to be in memory at one time is within the limit: a script's modules, a value.
    fn check_memory(&self, limit: u64) -> Result<()> {
        let of = |part| self.part(part).map_or(0, |(part, _)| part.bytes);
        for script in &self.manifest.scripts {
            let bytes: u64 = script.modules.iter().map(|it| of(it.part)).sum();
            if bytes > limit {
                let what = format!(
                    "its modules have {bytes} bytes, the limit for an upload is {limit} (`upload-bytes` of [manage])"
                );
                return Err(in_script(script, what));
            }
        }
        let value = self.manifest.seeds.iter().find(|it| of(it.part) > limit);
        match value {
            None => Ok(()),
            Some(value) => Err(DeliveryError::Contents(format!(
                "the value of '{}' has {} bytes, the limit in a bundle is {limit} (`upload-bytes` of [manage])",
                shown(&value.key),
                of(value.part)
            ))),
        }
    }

    fn member(&self, script: &Script, metadata: &Value, arrival: &Arrival) -> Result<Member> {
        let too_many = |what: &str, count: usize, limit: usize| {
            in_script(
                script,
                format!("it has {count} {what}, the limit is {limit}"),
            )
        };
        let wrong = |error: CatalogError| in_script(script, error.to_string());
        let crons = match &metadata["crons"] {
            Value::Null => Vec::new(),
            crons => crate::catalog::metadata::strings(crons)
                .ok_or_else(|| in_script(script, "\"crons\" is no list of texts".to_owned()))?,
        };
        let metadata = Metadata::parse(metadata)
            .and_then(Metadata::supported)
            .map_err(wrong)?;
        let main = metadata.main_module.or(metadata.body_part);
        let main_module = main.unwrap_or_default();
        if script.modules.len() > limits::MODULES_MAX {
            let count = script.modules.len();
            return Err(too_many("modules", count, limits::MODULES_MAX));
        }
        let mut modules: Vec<(String, String, u32)> = Vec::with_capacity(script.modules.len());
        for module in &script.modules {
            check_module_name(&module.name).map_err(|what| in_script(script, what))?;
            if modules.iter().any(|(name, ..)| *name == module.name) {
                let what = format!("two of its modules are named '{}'", shown(&module.name));
                return Err(in_script(script, what));
            }
            modules.push((
                module.name.clone(),
                module.content_type.clone(),
                module.part,
            ));
        }
        if !modules.is_empty() && !modules.iter().any(|(name, ..)| *name == main_module) {
            let what = format!("its main module '{}' is not in it", shown(&main_module));
            return Err(in_script(script, what));
        }
        let config = match metadata.assets {
            Some(AssetsChange::Take { config, .. }) => config,
            _ => None,
        };
        let files: Result<Vec<_>> = script
            .assets
            .iter()
            .map(|it| self.asset(script, it))
            .collect();
        let files = files?;
        if files.len() > FILES_MAX {
            return Err(too_many("assets", files.len(), FILES_MAX));
        }
        let assets = match (files.is_empty(), config) {
            (true, None) => None,
            (_, config) => Some((files, config.unwrap_or_else(Config::default))),
        };
        let mut change = metadata.change;
        change.note = Note::new("bundle", &arrival.who, "bundle");
        Ok(Member {
            name: script.name.clone(),
            main_module,
            modules,
            change,
            assets,
            crons,
            consumers: metadata.tail_consumers.unwrap_or_default(),
        })
    }

    fn asset(&self, script: &Script, asset: &crate::bundle::Asset) -> Result<(String, u32)> {
        let (path, bytes) = (
            &asset.path,
            self.part(asset.part).map_or(0, |it| it.0.bytes),
        );
        if !path.starts_with('/') || path.len() > PATH_MAX {
            let what = format!(
                "'{}' is no path of an asset; use at most {PATH_MAX} bytes that begin with /",
                shown(path)
            );
            return Err(in_script(script, what));
        }
        if bytes > ASSET_MAX {
            let what = format!(
                "'{}' has {bytes} bytes, the limit for an asset is {ASSET_MAX}; keep it elsewhere",
                shown(path)
            );
            return Err(in_script(script, what));
        }
        Ok((path.clone(), asset.part))
    }
}

impl Parts for Contents {
    fn read(&self, index: u32, sink: Sink<'_>) -> Result<(), CatalogError> {
        let (part, place) = self
            .part(index)
            .ok_or_else(|| damaged(&"a part is missing"))?;
        let stored = self
            .staged
            .reader_at(place)
            .map_err(|error| damaged(&error))?;
        let expanded = expand::<Broke>(part, index as usize, BufReader::new(stored), |bytes| {
            sink(bytes).map_err(Broke::Sink)
        });
        expanded.map_err(|broke| match broke {
            Broke::Sink(error) => CatalogError::Store(error),
            Broke::Bundle(error) => damaged(&error),
        })
    }
}

/// Why a part was not read.
enum Broke {
    Bundle(BundleError),
    Sink(StoreError),
}

impl From<BundleError> for Broke {
    fn from(error: BundleError) -> Self {
        Self::Bundle(error)
    }
}

/// What was well a moment ago is not any more.
fn damaged(what: &dyn std::fmt::Display) -> CatalogError {
    CatalogError::Store(StoreError::Damaged(format!(
        "a bundle that was staged: {what}"
    )))
}

fn in_script(script: &Script, what: String) -> DeliveryError {
    DeliveryError::Contents(format!("script '{}': {what}", shown(&script.name)))
}

/// What scripts and values of a bundle name.
pub(super) fn named<W: Send + Sync + 'static>(
    manifest: &Manifest,
    catalog: &Catalog<W>,
) -> Result<Named> {
    let mut said = Vec::with_capacity(manifest.scripts.len());
    let seeds = manifest.seeds.iter();
    let mut titles: BTreeSet<String> = seeds.map(|it| it.namespace.clone()).collect();
    for script in &manifest.scripts {
        let metadata: Value = serde_json::from_str(&script.metadata)
            .map_err(|error| in_script(script, format!("its metadata is no JSON: {error}")))?;
        titles.extend(named_titles(&metadata).map(str::to_owned));
        said.push(metadata);
    }
    Ok(Named {
        said,
        titles: catalog.titled(titles)?,
    })
}

/// KV namespaces that bindings name by title and not by id.
fn named_titles(metadata: &Value) -> impl Iterator<Item = &str> {
    let bindings = metadata["bindings"].as_array().into_iter().flatten();
    bindings.filter_map(|binding| {
        let id = binding["namespace_id"].as_str()?;
        (binding["type"] == "kv_namespace" && Id::parse(id).is_none()).then_some(id)
    })
}

/// Puts ids in place of titles.
fn resolve(metadata: &mut Value, titles: &BTreeMap<String, Titled>) {
    let bindings = metadata.get_mut("bindings").and_then(Value::as_array_mut);
    for binding in bindings.into_iter().flatten() {
        if binding["type"] != "kv_namespace" {
            continue;
        }
        let titled = binding["namespace_id"]
            .as_str()
            .and_then(|it| titles.get(it));
        if let Some(titled) = titled {
            binding["namespace_id"] = titled.id.hex().into();
        }
    }
}
