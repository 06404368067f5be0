//! The JavaScript engine, `guest-abi/js`: built to `target/guests/javascript.wasm`, tested on this
//! machine, and kept in the repository as `guest-abi/js/engine.wasm` for those who cannot build it.
//!
//! QuickJS comes from crates.io as `rquickjs-sys` and is patched here: `guest-abi/js/Cargo.toml`
//! takes it from `target/rquickjs-sys`.

use crate::packages::{self, Need, Sign};
use crate::rust_std::{RustStd, setting};
use crate::setup::{self, WASM, Wasm};
use crate::{guests, process, step, workspace};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The version of `rquickjs-sys` that the patches are for.
const QUICKJS: &str = "0.14.0";
/// What is changed in it, in this order: contexts that jobs carry, V8's words for errors, names
/// found by hash, what is on the way of each request, what recurses or matches without telling,
/// what keys of maps are found by, V8's words for what cannot be parsed, what methods say of what
/// they are called on, dates and the order of comparisons, modules that import themselves or are
/// required, classes as a host's templates make them, JSON and decimals as they usually are, call
/// sites as V8 tells them, what is reserved in classes of sets alone, splitting, classes of many
/// ranges and strings without escapes, lengths of vectors to V8's last digit, who waits behind a
/// generator that has ended, brackets that are looked behind once, what base64 is refused for, as many
/// groups as V8 has, exports by the thousand, where test262 and V8 agree against the engine, how long strings
/// get and arrays that hold themselves, V8's words for what its own functions are given, where what fails
/// stands, and which token V8 does not expect where a source is no program.
const PATCHES: &[&str] = &[
    "quickjs.patch",
    "messages.patch",
    "compile.patch",
    "hot.patch",
    "recursion.patch",
    "maps.patch",
    "syntax.patch",
    "receivers.patch",
    "modules.patch",
    "classes.patch",
    "json.patch",
    "sites.patch",
    "sets.patch",
    "ranges.patch",
    "numbers.patch",
    "generators.patch",
    "brackets.patch",
    "prototypes.patch",
    "dates.patch",
    "short.patch",
    "base64.patch",
    "captures.patch",
    "exports.patch",
    "language.patch",
    "joins.patch",
    "words.patch",
    "places.patch",
    "grammar.patch",
    "walks.patch",
];
/// The stack of the module: QuickJS may use most of it, so that recursion is a RangeError.
const STACK: u32 = 1 << 20;

/// What made the module in the repository.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Origin {
    sha256: String,
    rustc: String,
    clang: String,
    command: String,
}

fn folder() -> PathBuf {
    workspace::root().join("guest-abi/js")
}

fn kept() -> PathBuf {
    folder().join("engine.wasm")
}

/// Makes `target/rquickjs-sys`: the crate from crates.io with the patches.
pub fn quickjs() -> Result<()> {
    let place = workspace::target().join("rquickjs-sys");
    let mut patch = String::new();
    for name in PATCHES {
        patch += &std::fs::read_to_string(folder().join(name))
            .with_context(|| format!("cannot read guest-abi/js/{name}"))?;
    }
    let mark = place.join("applied.patch");
    if std::fs::read_to_string(&mark).is_ok_and(|applied| applied == patch) {
        return Ok(());
    }
    let source = registry_copy()?;
    let partial = place.with_extension("part");
    for old in [&partial, &place] {
        if old.exists() {
            std::fs::remove_dir_all(old)
                .with_context(|| format!("cannot empty {}", workspace::shown(old)))?;
        }
    }
    copy(&source, &partial)?;
    for part in patch
        .split_inclusive('\n')
        .fold(Vec::<String>::new(), by_file)
    {
        let patch = diffy::Patch::from_str(&part).context("a patch of QuickJS cannot be read")?;
        let name = patch.original().unwrap_or_default();
        let name = name
            .strip_prefix("a/")
            .with_context(|| format!("a patch of QuickJS is of '{name}', which is not below a/"))?
            .to_owned();
        let file = partial.join(&name);
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("rquickjs-sys has no '{name}'"))?;
        let text = diffy::apply(&text, &patch)
            .map_err(|error| anyhow::anyhow!("a patch of QuickJS does not fit {name}: {error}"))?;
        std::fs::write(&file, text)?;
    }
    std::fs::write(partial.join("applied.patch"), &patch)?;
    std::fs::rename(&partial, &place).context("cannot put rquickjs-sys in its place")
}

/// Puts the lines of a patch together by the files that they are for.
fn by_file(mut parts: Vec<String>, line: &str) -> Vec<String> {
    if line.starts_with("--- ") || parts.is_empty() {
        parts.push(String::new());
    }
    if let Some(last) = parts.last_mut() {
        last.push_str(line);
    }
    parts
}

/// Where cargo keeps `rquickjs-sys` as it was published.
fn registry_copy() -> Result<PathBuf> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
        manifest_path: PathBuf,
    }
    // A package that needs it and nothing else, for cargo to look it up for.
    let stub = workspace::target().join("rquickjs-stub");
    workspace::create_dir(&stub.join("src"))?;
    std::fs::write(stub.join("src/lib.rs"), "")?;
    std::fs::write(
        stub.join("Cargo.toml"),
        format!(
            "[package]\nname = \"stub\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n\
             [dependencies]\nrquickjs-sys = \"={QUICKJS}\"\n"
        ),
    )?;
    let text = process::output(
        Command::new(workspace::cargo())
            .args(["metadata", "--format-version", "1"])
            .current_dir(&stub),
    )
    .context("cargo cannot fetch rquickjs-sys")?;
    let metadata: Metadata = serde_json::from_str(&text).context("cargo metadata")?;
    let manifest = metadata
        .packages
        .into_iter()
        .find(|package| package.name == "rquickjs-sys")
        .context("cargo has no rquickjs-sys")?
        .manifest_path;
    let folder = manifest.parent().context("a manifest has a folder")?;
    Ok(folder.to_owned())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    workspace::create_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            // Written anew, so that it may be patched whatever the original allows.
            std::fs::write(&to, std::fs::read(entry.path())?)?;
        }
    }
    Ok(())
}

const ARCHIVERS: &[&str] = &[
    "llvm-ar-19",
    "llvm-ar-20",
    "llvm-ar-21",
    "llvm-ar-18",
    "llvm-ar-17",
    "llvm-ar-16",
    "llvm-ar",
];

/// The archiver for what clang compiles to wasm.
fn archiver() -> Result<PathBuf> {
    packages::install(&[Need {
        packages: &["llvm-19", "llvm"],
        sign: Sign::Program(ARCHIVERS),
    }])?;
    ARCHIVERS
        .iter()
        .find_map(|name| process::find(name))
        .context("there is no llvm-ar")
}

/// Where the module is built, whatever checkout it is built from: the compiler's names for what is
/// outside of a workspace depend on where that lies, and the module's bytes on these names.
const SITE: &str = "/tmp/postern-javascript";

/// Brings the sources to the site; files that are the same stay as they are.
fn bring(from: &Path, to: &Path) -> Result<()> {
    workspace::create_dir(to)?;
    for old in std::fs::read_dir(to)? {
        let old = old?;
        if !from.join(old.file_name()).exists() {
            if old.file_type()?.is_dir() {
                std::fs::remove_dir_all(old.path())?;
            } else {
                std::fs::remove_file(old.path())?;
            }
        }
    }
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (name, path) = (entry.file_name(), entry.path());
        let to = to.join(&name);
        if name == "target" || name == "engine.wasm" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            bring(&path, &to)?;
            continue;
        }
        let bytes = std::fs::read(&path)?;
        if std::fs::read(&to).ok().as_ref() != Some(&bytes) {
            std::fs::write(&to, bytes).with_context(|| format!("cannot write {}", to.display()))?;
        }
    }
    Ok(())
}

/// Builds the module; where it is.
pub fn build(wasm: &Wasm) -> Result<PathBuf> {
    build_as(wasm, "javascript", &[])
}

/// Builds it so that functions can be told apart while it runs; where it is.
pub fn build_profiled() -> Result<PathBuf> {
    build_as(
        &setup::wasm()?,
        "javascript-profile",
        &["--features", "profile"],
    )
}

fn build_as(wasm: &Wasm, name: &str, more: &[&str]) -> Result<PathBuf> {
    quickjs()?;
    let archiver = archiver()?;
    let site = Path::new(SITE);
    workspace::create_dir(site)?;
    let lock = std::fs::File::create(site.join("in-use"))?;
    lock.lock()
        .context("cannot lock the engine's build folder")?;
    for part in [
        "guest-abi/abi",
        "guest-abi/js",
        "daemon/crypto",
        "target/rquickjs-sys",
    ] {
        bring(&workspace::root().join(part), &site.join(part))?;
    }
    // What the ABI's manifest inherits.
    std::fs::copy(
        workspace::root().join("Cargo.toml"),
        site.join("Cargo.toml"),
    )
    .context("cannot copy Cargo.toml")?;
    let target_dir = site.join(match wasm.rust {
        RustStd::Toolchain => "build",
        RustStd::Debian => "build-debian",
    });
    let mut command = wasm.rust.cargo("build", WASM);
    command
        .current_dir(site.join("guest-abi/js"))
        .args(["--release", "--lib", "--target-dir"])
        .arg(&target_dir)
        .args(more)
        .env("CC_wasm32_unknown_unknown", &wasm.clang)
        .env("AR_wasm32_unknown_unknown", &archiver)
        .env(
            "CFLAGS_wasm32_unknown_unknown",
            "-mbulk-memory -mnontrapping-fptoint -msign-ext",
        )
        .env(setting(WASM, "RUSTFLAGS"), flags());
    if wasm.rust == RustStd::Debian {
        command.env(setting(WASM, "LINKER"), &wasm.linker);
    }
    step::loud_command("the JavaScript engine", &mut command)?;
    workspace::create_dir(&workspace::guests())?;
    let made = target_dir.join(WASM).join("release/postern_js.wasm");
    guests::put(&made, name)?;
    Ok(guests::path(name))
}

/// Names of folders on this machine are no part of the module.
fn flags() -> String {
    let mut flags = format!("-Clink-arg=-zstack-size={STACK}");
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    if let Some(home) = home {
        flags.push_str(&format!(" --remap-path-prefix={}=cargo", home.display()));
    }
    flags.push_str(&format!(" --remap-path-prefix={SITE}=postern"));
    flags
}

fn origin(wasm: &Wasm, module: &[u8]) -> Result<Origin> {
    let first_line = |program: &Path, argument: &str| -> Result<String> {
        let text = process::output(Command::new(program).arg(argument))
            .with_context(|| format!("{} does not tell its version", program.display()))?;
        Ok(text.lines().next().unwrap_or_default().to_owned())
    };
    let hash = Sha256::digest(module);
    Ok(Origin {
        sha256: hash.iter().map(|byte| format!("{byte:02x}")).collect(),
        rustc: first_line(&wasm.rust.rustc(), "--version")?,
        clang: first_line(&wasm.clang, "--version")?,
        command: "cargo xtask guests --keep-engine".to_owned(),
    })
}

/// Builds the module and keeps it in the repository.
pub fn keep() -> Result<()> {
    let wasm = setup::wasm()?;
    let module = std::fs::read(build(&wasm)?)?;
    let origin = origin(&wasm, &module)?;
    std::fs::write(kept(), &module).context("cannot write guest-abi/js/engine.wasm")?;
    std::fs::write(folder().join("engine.toml"), toml(&origin))
        .context("cannot write guest-abi/js/engine.toml")?;
    println!("{:>9}  {}", module.len(), workspace::shown(&kept()));
    Ok(())
}

fn toml(origin: &Origin) -> String {
    format!(
        "# What made engine.wasm; checked by `cargo xtask test`.\n\
         sha256 = {:?}\nrustc = {:?}\nclang = {:?}\ncommand = {:?}\n",
        origin.sha256, origin.rustc, origin.clang, origin.command
    )
}

/// Holds the module in the repository against its hash, and against a fresh one where the
/// compilers are those that made it.
pub fn check() -> Result<()> {
    let kept = std::fs::read(kept()).context("cannot read guest-abi/js/engine.wasm")?;
    let text = std::fs::read_to_string(folder().join("engine.toml"))
        .context("cannot read guest-abi/js/engine.toml")?;
    let recorded: Origin = toml::from_str(&text).context("guest-abi/js/engine.toml")?;
    let wasm = setup::wasm()?;
    let found = origin(&wasm, &kept)?;
    if recorded.sha256 != found.sha256 {
        bail!(
            "engine.wasm has the hash {}, engine.toml says {}; run {}",
            found.sha256,
            recorded.sha256,
            recorded.command
        );
    }
    let fresh = std::fs::read(build(&wasm)?)?;
    if (&recorded.rustc, &recorded.clang) != (&found.rustc, &found.clang) {
        step::skip(
            "comparing the JavaScript engine with a fresh one",
            "other compilers made it",
        );
    } else if fresh != kept {
        bail!(
            "guest-abi/js/engine.wasm is not what its sources make; run {}",
            recorded.command
        );
    }
    Ok(())
}

/// The engine's own tests, on this machine.
pub fn test() -> Result<()> {
    quickjs()?;
    step::loud_command(
        "tests of the JavaScript engine",
        Command::new(workspace::cargo())
            .args(["test", "--manifest-path"])
            .arg(folder().join("Cargo.toml"))
            .arg("--target-dir")
            .arg(workspace::target().join("javascript")),
    )
}
