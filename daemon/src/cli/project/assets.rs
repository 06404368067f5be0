//! A project's static assets: the folder, and how it is to be served.

use super::glob::matches;
use super::{ProjectError, Table, read};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

/// Files of a folder.
const FILES_MAX: usize = 20_000;
/// Bytes of one file.
const FILE_MAX: u64 = 25 << 20;
/// Bytes of a file of rules.
const RULES_MAX: u64 = 512 << 10;
/// Names that are never assets.
const NEVER: [&str; 7] = [
    ".assetsignore",
    "_headers",
    "_redirects",
    ".git",
    ".DS_Store",
    "node_modules",
    ".wrangler",
];

/// A folder of assets, as a project names it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Site {
    /// The folder.
    pub directory: PathBuf,
    /// What the Worker calls them, if it does.
    pub binding: Option<String>,
    /// `assets.config` of the metadata.
    pub config: Map<String, Value>,
}

/// One file of the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Where it will be asked for.
    pub path: String,
    /// Where it lies.
    pub file: PathBuf,
    /// What it is called in the upload.
    pub hash: String,
    /// Its bytes.
    pub size: u64,
}

impl Site {
    /// Reads `[assets]`.
    pub(super) fn parse(
        table: &Table<'_>,
        value: Option<&Value>,
        folder: &Path,
        warnings: &mut Vec<String>,
    ) -> Result<Option<Self>, ProjectError> {
        let config_keys = [
            "base_path",
            "html_handling",
            "not_found_handling",
            "run_worker_first",
        ];
        let known = [&["directory", "binding"], &config_keys[..]].concat();
        let Some(inner) = table.table("assets", value, "a table", &known, warnings)? else {
            return Ok(None);
        };
        let directory =
            inner.required("directory", "set it to the folder's path from this file")?;
        let config = config_keys.into_iter().filter_map(|key| {
            let value = inner.map.get(key)?;
            Some((key.to_owned(), value.clone()))
        });
        Ok(Some(Self {
            directory: folder.join(directory),
            binding: inner.text("binding", inner.map.get("binding"))?,
            config: config.collect(),
        }))
    }

    /// The files, in the order of their paths, and the configuration with the rules beside them.
    pub fn collect(&self) -> Result<(Vec<Asset>, Value), ProjectError> {
        let ignored = match read(&self.directory.join(".assetsignore"), RULES_MAX) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(_) => String::new(),
        };
        let ignored: Vec<&str> = ignored
            .trim_start_matches('\u{feff}')
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .collect();
        let mut assets = Vec::new();
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            let here = self.directory.join(&folder);
            let failed = |error| ProjectError::Read {
                path: here.clone(),
                error,
            };
            for entry in fs::read_dir(&here).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                let Ok(name) = entry.file_name().into_string() else {
                    continue;
                };
                let path = if folder.is_empty() {
                    name.clone()
                } else {
                    format!("{folder}/{name}")
                };
                // A link may lead out of the folder.
                let kind = entry.file_type().map_err(failed)?;
                if NEVER.contains(&name.as_str()) || is_ignored(&ignored, &path, kind.is_dir()) {
                    continue;
                }
                if kind.is_dir() {
                    folders.push(path);
                } else if kind.is_file() {
                    if assets.len() == FILES_MAX {
                        return Err(ProjectError::TooMany {
                            what: "assets",
                            limit: FILES_MAX,
                        });
                    }
                    assets.push(asset(&path, entry.path())?);
                }
            }
        }
        assets.sort_by(|one, other| one.path.cmp(&other.path));
        let mut config = self.config.clone();
        for name in ["_headers", "_redirects"] {
            let file = self.directory.join(name);
            if file.is_file() {
                let rules = String::from_utf8_lossy(&read(&file, RULES_MAX)?).into_owned();
                config.insert(name.to_owned(), json!(rules));
            }
        }
        Ok((assets, Value::Object(config)))
    }
}

fn asset(path: &str, file: PathBuf) -> Result<Asset, ProjectError> {
    let bytes = read(&file, FILE_MAX)?;
    let end = path.rsplit('/').next().unwrap_or_default().rsplit_once('.');
    let mut hash = Sha256::new();
    hash.update(&bytes);
    // The same bytes under another ending may be served as another type.
    hash.update(end.map_or("", |(_, end)| end));
    let hash = hash.finalize();
    Ok(Asset {
        path: format!("/{path}"),
        size: bytes.len() as u64,
        hash: hash
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect(),
        file,
    })
}

/// Lines as of a `.gitignore`, in letters of either case; the last that means a path decides.
fn is_ignored(lines: &[&str], path: &str, is_folder: bool) -> bool {
    let path = path.to_lowercase();
    let mut is = false;
    for line in lines {
        let (line, ignores) = match line.strip_prefix('!') {
            Some(line) => (line, false),
            None => (*line, true),
        };
        // `\#` and `\!` are the signs themselves.
        let line = line.strip_prefix('\\').unwrap_or(line).to_lowercase();
        let (line, folders) = match line.strip_suffix('/') {
            Some(line) => (line, true),
            None => (line.as_str(), false),
        };
        let hit = match line.strip_prefix('/') {
            Some(anchored) => matches(anchored, &path),
            None if line.contains('/') => matches(line, &path),
            None => matches(&format!("**/{line}"), &path),
        };
        if hit && (is_folder || !folders) {
            is = ignores;
        }
    }
    is
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_folder_becomes_assets() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("index.html", "hello");
        write("a/b.css", "x");
        write("a/c.txt", "x");
        write("a/secret.key", "x");
        write("node_modules/x.js", "x");
        write("_headers", "/*\n  X: 1\n");
        write("notes", "kept");
        write("a/notes/x.txt", "x");
        write("#1.TXT", "x");
        write("a1.css", "x");
        write(
            ".assetsignore",
            "# c\n*.KEY\n/a/c.*\nnotes/\n\\#1.txt\na[0-9].css\n",
        );
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("link")).unwrap();
        let site = Site {
            directory: dir.path().to_owned(),
            ..Site::default()
        };
        let (assets, config) = site.collect().unwrap();
        let paths: Vec<_> = assets.iter().map(|asset| asset.path.as_str()).collect();
        assert_eq!(paths, ["/a/b.css", "/index.html", "/notes"]);
        assert_eq!((assets[1].size, assets[1].hash.len()), (5, 32));
        assert_eq!(config, json!({"_headers": "/*\n  X: 1\n"}));
    }
}
