//! Workers in Rust behind wasm-bindgen's glue: built for wasm, and the glue made by its own library.

use crate::rust_std::{RustStd, setting};
use crate::{setup, step, workspace};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Kinds of glue, which are names of files too.
const TARGETS: [&str; 2] = ["bundler", "web"];

/// Builds the crate in `folder`; the folder with modules and glue of every kind.
pub fn build(folder: &Path) -> Result<PathBuf> {
    let name = folder
        .file_name()
        .context("a folder has a name")?
        .to_string_lossy()
        .into_owned();
    let module = module(folder, &name)?;
    let out = workspace::target().join("apps").join(&name);
    workspace::create_dir(&out)?;
    let program = program(folder)?;
    step::quiet_command(
        &format!("glue of {name}"),
        Command::new(program).arg(&module).arg(&out).args(TARGETS),
    )?;
    Ok(out)
}

/// What makes glue, with wasm-bindgen's own library: the crate's member `glue`.
fn program(folder: &Path) -> Result<PathBuf> {
    let target_dir = workspace::target().join("glue");
    step::loud_command(
        "what makes wasm-bindgen's glue",
        Command::new(workspace::cargo())
            .args(["build", "--quiet", "--locked", "--package", "glue"])
            .arg("--target-dir")
            .arg(&target_dir)
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .current_dir(folder),
    )?;
    Ok(target_dir.join("debug/glue"))
}

/// The modules of WebAssembly that lie in a folder of glue.
pub fn modules(glue: &Path, source: &str) -> Vec<PathBuf> {
    TARGETS
        .iter()
        .map(|target| format!("{target}_bg.wasm"))
        .filter(|name| source.contains(name.as_str()))
        .map(|name| glue.join(name))
        .collect()
}

fn module(folder: &Path, name: &str) -> Result<PathBuf> {
    let wasm = setup::wasm()?;
    // A standard library that is built here is worth keeping when the checkout goes.
    let target_dir = match wasm.rust {
        RustStd::Toolchain => workspace::target().join("guest-build"),
        RustStd::Debian => workspace::cache().join("guest-build"),
    };
    workspace::create_dir(&target_dir)?;
    let lock = std::fs::File::create(target_dir.join("in-use"))?;
    lock.lock()
        .context("cannot lock the guests' build folder")?;
    let mut command = wasm.rust.cargo("build", setup::WASM);
    command
        .current_dir(folder)
        .args(["--release", "--locked", "--package", name, "--target-dir"])
        .arg(&target_dir);
    if wasm.rust == RustStd::Debian {
        command.env(setting(setup::WASM, "LINKER"), &wasm.linker);
    }
    step::loud_command(&format!("the app {name} in Rust"), &mut command)?;
    // Others may build there as soon as the lock is gone.
    let made = workspace::target()
        .join("apps")
        .join(format!("{name}.wasm"));
    workspace::create_dir(made.parent().context("it lies in the build folder")?)?;
    std::fs::copy(
        target_dir
            .join(setup::WASM)
            .join("release")
            .join(format!("{}.wasm", name.replace('-', "_"))),
        &made,
    )
    .with_context(|| format!("{name} made no module"))?;
    Ok(made)
}
