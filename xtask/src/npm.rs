//! npm's packages: a folder's `package.json` and lock, installed into the build directory.

use crate::packages::{self, Need, Sign};
use crate::{step, workspace};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The files that say what is installed.
const FILES: &[&str] = &["package.json", "package-lock.json"];

/// Makes sure that npm's packages can be installed.
pub fn tools() -> Result<()> {
    packages::install(&[
        Need {
            packages: &["nodejs"],
            sign: Sign::Program(&["node", "nodejs"]),
        },
        Need {
            packages: &["npm"],
            sign: Sign::Program(&["npm"]),
        },
    ])
}

/// Installs what `folder` locks, into `target/npm/NAME`; where its `node_modules` is.
pub fn install(name: &str, folder: &Path) -> Result<PathBuf> {
    let place = workspace::target().join("npm").join(name);
    let modules = place.join("node_modules");
    let same = |file: &&str| {
        let read = |dir: &Path| std::fs::read(dir.join(file)).ok();
        read(folder).is_some_and(|text| Some(text) == read(&place))
    };
    if modules.exists() && FILES.iter().all(same) {
        return Ok(modules);
    }
    tools()?;
    // A folder that was left half made has no files that are the same.
    if place.exists() {
        std::fs::remove_dir_all(&place)
            .with_context(|| format!("cannot empty {}", workspace::shown(&place)))?;
    }
    let partial = place.with_extension("part");
    workspace::create_dir(&partial)?;
    for file in FILES {
        let from = folder.join(file);
        std::fs::copy(&from, partial.join(file))
            .with_context(|| format!("cannot copy {}", workspace::shown(&from)))?;
    }
    // What runs here are programs that packages bring; none of them has to be made by a script.
    step::quiet_command(
        &format!("packages of npm for {name}"),
        Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&partial),
    )?;
    std::fs::rename(&partial, &place).context("cannot put npm's packages in their place")?;
    Ok(modules)
}

/// esbuild as a command, without the program in JavaScript around it.
pub fn esbuild(modules: &Path) -> Result<Command> {
    program(&modules.join("@esbuild"), "bin/esbuild").map(Command::new)
}

/// A program that a package for this kind of machine brings: npm installs one of several.
pub fn program(vendor: &Path, path: &str) -> Result<PathBuf> {
    std::fs::read_dir(vendor)
        .with_context(|| format!("cannot list {}", workspace::shown(vendor)))?
        .filter_map(|entry| Some(entry.ok()?.path().join(path)))
        .find(|path| path.exists())
        .with_context(|| format!("npm has no {path} for this kind of machine"))
}
