//! `postern bundle build`: projects as `postern push` reads them, in one file.

use super::{FILE_MAX, signed_with, write};
use crate::bundle::{self, Asset, Compression, Manifest, Module, Route, Script, Seed, Writer};
use crate::cli::args::{BundleBuild, Compress, Push};
use crate::cli::error::CliError;
use crate::cli::output::Output;
use crate::cli::project::{self, Project, Site};
use crate::cli::push::{MODULES_MAX, metadata};
use crate::config::routing::is_script_name;
use serde::Deserialize;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Bytes of a list.
const LIST_MAX: u64 = 1 << 20;
/// Bytes of an asset, or of a value of KV.
const PART_MAX: u64 = 25 << 20;

/// `bundle.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    namespace: Option<String>,
    version: Option<u64>,
    expires: Option<String>,
    #[serde(default)]
    devices: Vec<String>,
    #[serde(default)]
    scripts: Vec<PathBuf>,
    #[serde(default)]
    routes: Vec<ListedRoute>,
    #[serde(default)]
    kv: Vec<ListedValue>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListedRoute {
    pattern: String,
    script: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListedValue {
    namespace: String,
    key: String,
    value: Option<String>,
    file: Option<PathBuf>,
}

/// The text of a list, if that is what is in a file: it is named so, or has what a list has and no project.
fn written(path: &Path) -> Result<Option<String>, CliError> {
    if path.extension().is_none_or(|it| it != "toml") || path.is_dir() {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&project::read(path, LIST_MAX)?).into_owned();
    if path.file_name().is_some_and(|name| name == "bundle.toml") {
        return Ok(Some(text));
    }
    // What is no TOML is told where it is read as a project.
    let table: toml::Table = toml::from_str(&text).unwrap_or_default();
    let has = |names: &[&str]| names.iter().any(|name| table.contains_key(*name));
    if has(&["name", "main", "assets"]) || !has(&["version", "scripts", "devices", "expires", "kv"])
    {
        return Ok(None);
    }
    if has(&["keys"]) {
        return Err(CliError::Usage(format!(
            "{} is a list of release keys, and no bundle is built of it; sign it with `postern bundle keys`",
            path.display()
        )));
    }
    Ok(Some(text))
}

/// Reads the list, if that is what was given; what is said on the command line goes before it.
fn list(args: &BundleBuild) -> Result<(List, PathBuf), CliError> {
    let listed = match &args.paths[..] {
        [path] => written(path)?.map(|text| (path, text)),
        _ => None,
    };
    let mut list = match (listed, &args.paths) {
        (Some((path, text)), _) => {
            let wrong = |error| CliError::Usage(format!("{}: {error}", path.display()));
            let folder = path.parent().unwrap_or(Path::new("")).to_owned();
            (toml::from_str(&text).map_err(wrong)?, folder)
        }
        (None, paths) => {
            let scripts = paths.to_vec();
            let list = List {
                scripts,
                ..List::default()
            };
            (list, PathBuf::new())
        }
    };
    if args.namespace.is_some() {
        list.0.namespace.clone_from(&args.namespace);
    }
    list.0.version = args.bundle_version.or(list.0.version);
    if !args.device.is_empty() {
        list.0.devices.clone_from(&args.device);
    }
    Ok(list)
}

/// Builds.
pub(super) fn run(args: &BundleBuild, out: Output) -> Result<(), CliError> {
    let (list, folder) = list(args)?;
    let usage = |text: &str| CliError::Usage(text.to_owned());
    let Some(version) = list.version else {
        return Err(usage(
            "the bundle has no version; give --bundle-version, or `version` in bundle.toml",
        ));
    };
    if list.devices.is_empty() {
        return Err(usage(
            "no gateway may take the bundle; give --device NAME, or '*' for any (`devices` in bundle.toml)",
        ));
    }
    let expires = match (args.expires, &list.expires) {
        (Some(time), _) => Some(time),
        (None, Some(text)) => Some(text.parse().map_err(|error| {
            CliError::Usage(format!(
                "bundle.toml: `expires` is no time: {error}; write it as 2027-01-31T00:00:00Z"
            ))
        })?),
        (None, None) => None,
    };
    let mut writer = Writer::new(match args.compress {
        Compress::Smallest => Compression::Smallest,
        Compress::Deflate => Compression::Deflate,
        Compress::Zstd => Compression::Zstd,
        Compress::None => Compression::None,
    });
    let mut manifest = Manifest {
        namespace: list.namespace,
        version,
        expires: expires
            .map(|time: jiff::Timestamp| u64::try_from(time.as_second()).unwrap_or_default()),
        devices: list.devices,
        ..Manifest::default()
    };
    for path in &list.scripts {
        script(&folder.join(path), &mut manifest, &mut writer, out)?;
    }
    for route in list.routes {
        let ListedRoute { pattern, script } = route;
        manifest.routes.push(Route { pattern, script });
    }
    for value in list.kv {
        let bytes = match (value.value, value.file) {
            (Some(text), None) => text.into_bytes(),
            (None, Some(file)) => project::read(&folder.join(file), PART_MAX)?,
            _ => {
                return Err(usage(
                    "bundle.toml: an entry of `kv` has `value` or `file`, one of them",
                ));
            }
        };
        manifest.seeds.push(Seed {
            part: writer.part(&bytes)?,
            namespace: value.namespace,
            key: value.key,
        });
    }
    check(&manifest)?;
    let mut bytes = writer.finish(manifest, |_| Vec::new())?;
    // Whoever gets it reads it within the same bounds.
    let manifest = bundle::read(&bytes)?.manifest;
    if let Some(key) = &args.key {
        bytes = signed_with(key, &bytes)?;
    }
    debug_assert!(bytes.len() as u64 <= FILE_MAX);
    write(&args.output, &bytes)?;
    let (scripts, parts) = (manifest.scripts.len(), manifest.parts.len());
    let file = args.output.display().to_string();
    let told = json!({
        "file": file, "bytes": bytes.len(), "version": version, "scripts": scripts,
        "parts": parts, "signed": args.key.is_some(),
    });
    out.result(&told, || {
        format!(
            "built {file}: version {version}, {scripts} scripts, {parts} parts, {} bytes\n",
            bytes.len()
        )
    })
}

/// Whether names are there once, and what routes lead to.
fn check(manifest: &Manifest) -> Result<(), CliError> {
    let scripts = &manifest.scripts;
    for (index, script) in scripts.iter().enumerate() {
        if scripts[..index]
            .iter()
            .any(|other| other.name == script.name)
        {
            return Err(CliError::Usage(format!(
                "two scripts are named `{}`; rename one of them",
                script.name
            )));
        }
    }
    for route in &manifest.routes {
        if !scripts.iter().any(|script| script.name == route.script) {
            return Err(CliError::Usage(format!(
                "the route `{}` leads to `{}`, which is not in the bundle; add the script, or leave the route out",
                route.pattern, route.script
            )));
        }
    }
    Ok(())
}

/// Adds a project.
fn script(
    path: &Path,
    manifest: &mut Manifest,
    writer: &mut Writer,
    out: Output,
) -> Result<(), CliError> {
    let mut project = Project::load(path, None)?;
    let name = project.name.clone().unwrap_or_default();
    if !is_script_name(&name) {
        return Err(CliError::Usage(format!(
            "`{name}` of {} is no name for a Worker; set `name` in the project to 1 to 255 letters, digits, `-` and `_`",
            path.display()
        )));
    }
    let collected = match project.main.as_os_str().is_empty() {
        true => project::Collected::default(),
        false => project.modules(MODULES_MAX)?,
    };
    let warnings = std::mem::take(&mut project.warnings);
    for warning in warnings.iter().chain(&collected.warnings) {
        out.warn(&format!("{name}: {warning}"));
    }
    let kv = project.kv.clone();
    let main = collected.modules.first();
    let mut metadata = metadata(&Push::default(), &project, &kv, main)?;
    if let Some(crons) = &project.crons {
        metadata["crons"] = json!(crons);
    }
    let mut assets = Vec::new();
    if let Some((found, config)) = project.assets.as_ref().map(Site::collect).transpose()? {
        metadata["assets"] = json!({"config": config});
        for asset in found {
            let part = writer.part(&project::read(&asset.file, PART_MAX)?)?;
            let path = asset.path;
            assets.push(Asset { path, part });
        }
    }
    let said = project.entrances.keys();
    match &manifest.namespace {
        Some(_) if !said.is_empty() => out.warn(&format!(
            "{name}: `{}` of the project is for Workers outside of dispatch namespaces, and left out",
            said.join("`, `")
        )),
        Some(_) => {}
        None => {
            let routes = project.entrances.routes.iter().flatten();
            let patterns = routes.filter_map(|route| route["pattern"].as_str());
            manifest.routes.extend(patterns.map(|pattern| Route {
                pattern: pattern.to_owned(),
                script: name.clone(),
            }));
        }
    }
    let mut modules = Vec::new();
    for module in collected.modules {
        modules.push(Module {
            part: writer.part(&module.bytes)?,
            name: module.name,
            content_type: module.content_type.to_owned(),
        });
    }
    manifest.scripts.push(Script {
        name,
        metadata: metadata.to_string(),
        modules,
        assets,
        snapshots: Vec::new(),
    });
    Ok(())
}
