//! Python's packages: a folder's `requirements.txt`, installed into the build directory, and programs
//! that are published as packages, installed into the cache.

use crate::packages::{self, Need, Sign};
use crate::{process, step, workspace};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The file that says what is installed, every version pinned.
const FILE: &str = "requirements.txt";

/// Makes sure that Python's packages can be installed.
fn tools() -> Result<()> {
    packages::install(&[
        Need {
            packages: &["python3"],
            sign: Sign::Program(&["python3"]),
        },
        Need {
            packages: &["python3-pip"],
            sign: Sign::Check(has_pip),
        },
    ])
}

fn has_pip() -> bool {
    process::output(Command::new("python3").args(["-m", "pip", "--version"])).is_some()
}

/// Installs what `folder` pins, into `target/pip/NAME`; where that is, for `PYTHONPATH`.
pub fn install(name: &str, folder: &Path) -> Result<PathBuf> {
    let place = workspace::target().join("pip").join(name);
    let wanted = folder.join(FILE);
    let text = std::fs::read(&wanted)
        .with_context(|| format!("cannot read {}", workspace::shown(&wanted)))?;
    if std::fs::read(place.join(FILE)).is_ok_and(|there| there == text) {
        return Ok(place);
    }
    tools()?;
    if place.exists() {
        std::fs::remove_dir_all(&place)
            .with_context(|| format!("cannot empty {}", workspace::shown(&place)))?;
    }
    workspace::create_dir(&place)?;
    step::quiet_command(
        &format!("packages of Python for {name}"),
        Command::new("python3")
            .args(["-m", "pip", "install", "--quiet", "--no-deps", "--target"])
            .arg(&place)
            .arg("--requirement")
            .arg(&wanted),
    )?;
    // Last, so that what was left half made has none.
    std::fs::write(place.join(FILE), text).context("cannot say what was installed")?;
    Ok(place)
}

/// Installs a version of a package that holds a program; the folder it is in.
pub fn tool(package: &str, version: &str) -> Result<PathBuf> {
    let place = workspace::cache()
        .join("pip")
        .join(format!("{package}-{version}"));
    if place.exists() {
        return Ok(place);
    }
    tools()?;
    // Moved to its place whole, since checkouts share it.
    let partial = place.with_extension(format!("{}.part", std::process::id()));
    workspace::create_dir(&partial)?;
    step::quiet_command(
        &format!("{package} {version} from Python's packages"),
        Command::new("python3")
            .args(["-m", "pip", "install", "--quiet", "--no-deps", "--target"])
            .arg(&partial)
            .arg(format!("{package}=={version}")),
    )?;
    let moved = std::fs::rename(&partial, &place);
    if moved.is_err() && !place.exists() {
        moved.with_context(|| format!("cannot make {}", workspace::shown(&place)))?;
    }
    Ok(place)
}
