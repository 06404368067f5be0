//! The modules of Node that the engine's Workers import: bundled from `guest-abi/js/node/src` and
//! npm's packages, and kept in the repository, so that nothing else needs npm.

use crate::{npm, step, workspace};
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Files of `src/` that others are bundled from.
const PARTS: &[&str] = &[
    "errno",
    "glob",
    "later",
    "mime",
    "path-both",
    "root",
    "streamerrors",
    "webstreams",
];

/// Where sources and bundles are.
fn folder() -> PathBuf {
    workspace::root().join("guest-abi/js/node")
}

/// Makes the bundles afresh and writes their hashes to `bundles.toml`.
pub fn bundle() -> Result<()> {
    let folder = folder();
    let modules = npm::install("node", &folder)?;
    let sources = sources(&folder)?;
    let mut command = npm::esbuild(&modules)?;
    command
        .args(sources.iter().filter(|path| !is_part(path)))
        .arg(format!("--outdir={}", folder.display()))
        .args([
            "--bundle",
            "--keep-names",
            "--minify-whitespace",
            "--minify-syntax",
            "--format=esm",
            "--target=es2024",
            "--external:node:*",
            "--external:internal:*",
            "--main-fields=browser,module,main",
            "--conditions=workerd,worker,import",
            "--legal-comments=none",
            "--charset=utf8",
            "--log-level=warning",
            // Paths are resolved from here, whatever process.cwd() says.
            "--define:process.cwd=ROOT",
        ]);
    command.arg(format!("--inject:{}/src/root.js", folder.display()));
    // What packages import of Node under its bare names is this folder's.
    for name in ["buffer", "events", "string_decoder"] {
        command.arg(format!(
            "--alias:{name}={}/src/bare/{name}.js",
            folder.display()
        ));
    }
    command.arg(format!(
        "--alias:process={}/src/bare/process",
        folder.display()
    ));
    command.arg(format!(
        "--alias:abort-controller={}/src/bare/abort.js",
        folder.display()
    ));
    command.env("NODE_PATH", &modules).current_dir(&folder);
    step::quiet_command("modules of Node", &mut command)?;
    let mut hashes = String::from(
        "# Written by `cargo xtask guests --node`: sha256 of what is kept and of what it was made from.\n",
    );
    for (name, hash) in hash_all(&folder)? {
        writeln!(hashes, "{name:?} = {hash:?}")?;
    }
    std::fs::write(folder.join("bundles.toml"), hashes).context("cannot write bundles.toml")
}

fn is_part(path: &Path) -> bool {
    path.file_stem()
        .is_some_and(|stem| PARTS.iter().any(|part| stem == *part))
}

fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder.join("src"))
        .context("cannot list guest-abi/js/node/src")?
        .filter_map(|file| Some(file.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "js"))
        .collect();
    found.sort();
    Ok(found)
}

/// Hashes by path of the bundles, their sources and the lock.
fn hash_all(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut files = vec![folder.join("package-lock.json")];
    for dir in [
        "",
        "src",
        "src/bare",
        "src/bare/process",
        "src/crypto",
        "src/fs",
        "src/http",
        "src/net",
    ] {
        for file in std::fs::read_dir(folder.join(dir))? {
            let path = file?.path();
            let kept = path.extension().is_some_and(|extension| {
                extension == "js" || (extension == "json" && dir == "src")
            });
            if kept {
                files.push(path);
            }
        }
    }
    files
        .into_iter()
        .map(|path| {
            let bytes = std::fs::read(&path)
                .with_context(|| format!("cannot read {}", workspace::shown(&path)))?;
            let name = path.strip_prefix(folder).unwrap_or(&path);
            Ok((name.to_string_lossy().into_owned(), sha256(&bytes)))
        })
        .collect()
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    let mut text = String::new();
    for byte in Sha256::digest(bytes) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;

    /// Holds what is kept against `bundles.toml`.
    fn check() -> Result<()> {
        let folder = folder();
        let text = std::fs::read_to_string(folder.join("bundles.toml")).context("bundles.toml")?;
        let known: BTreeMap<String, String> = toml::from_str(&text).context("bundles.toml")?;
        let found = hash_all(&folder)?;
        if let Some(name) = known
            .keys()
            .chain(found.keys())
            .find(|name| known.get(*name) != found.get(*name))
        {
            bail!(
                "guest-abi/js/node/{name} is not what bundles.toml says: cargo xtask guests --node"
            );
        }
        Ok(())
    }

    #[test]
    fn bundles_are_those_that_were_made() {
        if let Err(error) = check() {
            panic!("{error:#}");
        }
    }
}
