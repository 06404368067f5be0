//! `guests`: the tenants in `tests/workers`, built to `target/guests/NAME.wasm`.
//!
//! A folder with a `Cargo.toml` is a member of the workspace there and written in Rust. A
//! folder with C sources alone is compiled against `guest-abi/c`, or as a WASI program if its
//! name begins with `wasi`.

use crate::rust_std::{RustStd, setting};
use crate::setup::{self, Wasm};
use crate::{javascript, node, process, step, workspace};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Bytes that a hello may have (`SPECIFICATION.md`).
const HELLO_MAX: u64 = 64 * 1024;

/// The arguments of `guests`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Makes the modules of Node in `guest-abi/js/node` afresh instead, which takes packages from
    /// npm.
    #[arg(long)]
    node: bool,

    /// Builds the JavaScript engine and keeps it in `guest-abi/js/engine.wasm`, which the daemon
    /// brings.
    #[arg(long, conflicts_with = "node")]
    keep_engine: bool,
}

/// Builds all of them and shows their sizes.
pub fn run(arguments: &Arguments) -> Result<()> {
    if arguments.node {
        return node::bundle();
    }
    if arguments.keep_engine {
        return javascript::keep();
    }
    for (name, bytes) in build()? {
        println!("{bytes:>9}  {}", workspace::shown(&path(&name)));
    }
    Ok(())
}

/// Where a built guest is.
pub fn path(name: &str) -> PathBuf {
    workspace::guests().join(format!("{name}.wasm"))
}

/// Builds all of them; their names and sizes in bytes.
pub fn build() -> Result<Vec<(String, u64)>> {
    let workers = workspace::root().join("tests/workers");
    workspace::create_dir(&workspace::guests())?;
    let wasm = setup::wasm()?;
    let mut built = Vec::new();
    if workers.join("Cargo.toml").exists() {
        built.extend(rust(&workers, &wasm)?);
    }
    built.extend(c(&workers, &wasm)?);
    built.sort();
    built
        .into_iter()
        .map(|name| {
            let bytes = path(&name).metadata().context("a guest vanished")?.len();
            if name.starts_with("hello") && bytes > HELLO_MAX {
                bail!("{name}.wasm has {bytes} bytes; a hello may have {HELLO_MAX}");
            }
            Ok((name, bytes))
        })
        .collect()
}

/// The part of `cargo metadata` that matters here.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    targets: Vec<Artifact>,
    metadata: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Artifact {
    name: String,
    kind: Vec<String>,
}

impl Package {
    /// The target it is for: `package.metadata.postern.target`, or the ABI's own.
    fn triple(&self) -> &str {
        self.metadata
            .as_ref()
            .and_then(|metadata| metadata.pointer("/postern/target")?.as_str())
            .unwrap_or(setup::WASM)
    }

    /// The file that cargo writes, if this package makes a guest.
    fn artifact(&self) -> Option<String> {
        self.targets.iter().find_map(|artifact| {
            let kind = |name: &str| artifact.kind.iter().any(|kind| kind == name);
            if kind("cdylib") {
                Some(format!("{}.wasm", artifact.name.replace('-', "_")))
            } else if kind("bin") {
                Some(format!("{}.wasm", artifact.name))
            } else {
                None
            }
        })
    }
}

fn rust(workers: &Path, wasm: &Wasm) -> Result<Vec<String>> {
    let text = process::output(
        Command::new(workspace::cargo())
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .current_dir(workers),
    )
    .with_context(|| format!("cargo cannot read {}", workspace::shown(workers)))?;
    let metadata: Metadata = serde_json::from_str(&text).context("cargo metadata")?;

    let mut by_triple: BTreeMap<&str, Vec<&Package>> = BTreeMap::new();
    for package in &metadata.packages {
        if package.artifact().is_some() {
            by_triple.entry(package.triple()).or_default().push(package);
        }
    }
    let mut names = Vec::new();
    for (triple, packages) in by_triple {
        let rust = match triple {
            setup::WASM => wasm.rust,
            "wasm32-wasip1" => RustStd::obtain("wasm32-wasip1")?,
            other => bail!(
                "no guest is for {other}; known are {} and wasm32-wasip1",
                setup::WASM
            ),
        };
        names.extend(rust_for(triple, rust, &packages, workers, wasm)?);
    }
    Ok(names)
}

fn rust_for(
    triple: &str,
    rust: RustStd,
    packages: &[&Package],
    workers: &Path,
    wasm: &Wasm,
) -> Result<Vec<String>> {
    // A standard library that is built here is worth keeping when the checkout goes.
    let target_dir = match rust {
        RustStd::Toolchain => workspace::target().join("guest-build"),
        RustStd::Debian => workspace::cache().join("guest-build"),
    };
    workspace::create_dir(&target_dir)?;
    // From building until the files are copied out, since checkouts may share the folder.
    let lock = std::fs::File::create(target_dir.join("in-use"))?;
    lock.lock()
        .context("cannot lock the guests' build folder")?;

    let mut command = rust.cargo("build", triple);
    // From their folder, since its `.cargo/config.toml` counts.
    command
        .current_dir(workers)
        .arg("--release")
        .arg("--target-dir")
        .arg(&target_dir);
    for package in packages {
        command.args(["--package", &package.name]);
    }
    if rust == RustStd::Debian {
        command.env(setting(triple, "LINKER"), &wasm.linker);
    }
    step::loud_command(&format!("sample tenants in Rust ({triple})"), &mut command)?;

    let mut names = Vec::new();
    for package in packages {
        let artifact = package
            .artifact()
            .context("checked when they were grouped")?;
        put(
            &target_dir.join(triple).join("release").join(artifact),
            &package.name,
        )?;
        names.push(package.name.clone());
    }
    Ok(names)
}

fn c(workers: &Path, wasm: &Wasm) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let Ok(folders) = std::fs::read_dir(workers) else {
        return Ok(names);
    };
    for folder in folders {
        let folder = folder.context("cannot list tests/workers")?.path();
        if !folder.is_dir() || folder.join("Cargo.toml").exists() {
            continue;
        }
        let sources = c_sources(&folder)?;
        if sources.is_empty() {
            continue;
        }
        let name = folder
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .context("a folder has a name")?;
        let made = workspace::target()
            .join("guest-build")
            .join(format!("{name}.c.wasm"));
        workspace::create_dir(made.parent().context("it lies in the build folder")?)?;
        let mut command = if name.starts_with("wasi") {
            wasi_command(wasm)?
        } else {
            abi_command(wasm)?
        };
        command.args(&sources).arg("-o").arg(&made);
        step::quiet_command(&format!("sample tenant {name} in C"), &mut command)?;
        put(&made, &name)?;
        names.push(name);
    }
    Ok(names)
}

/// A guest of the guest ABI: no C library, the small one of `guest-abi/c` linked in.
fn abi_command(wasm: &Wasm) -> Result<Command> {
    let library = workspace::root().join("guest-abi/c");
    let mut command = clang(wasm);
    command
        .args([
            "--target=wasm32",
            "-ffreestanding",
            "-nostdlib",
            "-fvisibility=hidden",
        ])
        .arg("-Wl,--no-entry")
        .arg("-I")
        .arg(&library)
        .args(c_sources(&library)?);
    Ok(command)
}

/// A program that reads and writes its standard streams.
fn wasi_command(wasm: &Wasm) -> Result<Command> {
    setup::wasi_libc()?;
    let mut command = clang(wasm);
    command.args(["--target=wasm32-wasi", "--sysroot=/usr"]);
    Ok(command)
}

fn clang(wasm: &Wasm) -> Command {
    let mut command = Command::new(&wasm.clang);
    command
        .args([
            "-std=c11",
            "-Oz",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-Wl,--strip-all",
        ])
        .arg(format!("-fuse-ld={}", wasm.linker.display()));
    command
}

fn c_sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut sources: Vec<PathBuf> = std::fs::read_dir(folder)
        .with_context(|| format!("cannot list {}", workspace::shown(folder)))?
        .filter_map(|file| Some(file.ok()?.path()))
        .filter(|file| file.extension().is_some_and(|extension| extension == "c"))
        .collect();
    sources.sort();
    Ok(sources)
}

/// Puts a built file in its place whole, and leaves the place alone if it has it already.
pub fn put(made: &Path, name: &str) -> Result<()> {
    let bytes =
        std::fs::read(made).with_context(|| format!("cannot read {}", workspace::shown(made)))?;
    let place = path(name);
    if std::fs::read(&place).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    let partial = place.with_extension(format!("{}.part", std::process::id()));
    std::fs::write(&partial, &bytes)
        .and_then(|()| std::fs::rename(&partial, &place))
        .with_context(|| format!("cannot write {}", workspace::shown(&place)))
}
