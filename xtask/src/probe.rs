//! Answering build scripts that ask the compiler about a target whose standard library is not built yet.
//!
//! `autocfg` compiles a few lines for the target to see what it can do. Where cargo builds the standard
//! library itself, no library is to be found then, and each such answer is a no; `corosensei` would give up.
//! A description of `core` is enough for these lines, and is made once.

use crate::{process, step, workspace};
use anyhow::{Context, Result};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The least that passes for `compiler_builtins` where nothing is linked.
const BUILTINS: &str = "#![feature(compiler_builtins)] #![compiler_builtins] #![no_std]\n";

/// A program that is `rustc`, and knows `core` when lines from standard input are to be compiled.
/// `library` is the folder with the standard library's sources.
pub fn compiler(rustc: &Path, library: &Path, triple: &str) -> Result<PathBuf> {
    let version = process::output(Command::new(rustc).arg("--version"))
        .with_context(|| format!("cannot run {}", rustc.display()))?;
    let version: String = version
        .chars()
        .map(|char| {
            if char.is_alphanumeric() || char == '.' {
                char
            } else {
                '-'
            }
        })
        .collect();
    let folder = workspace::cache()
        .join("probe")
        .join(format!("{triple}-{}", version.trim_matches('-')));
    let program = folder.join("rustc");
    if program.exists() {
        return Ok(program);
    }
    // Moved to its place whole, since checkouts share it.
    let partial = folder.with_extension(format!("{}.part", std::process::id()));
    workspace::create_dir(&partial)?;
    let describe = |name: &str| {
        let mut command = Command::new(rustc);
        command
            .args([
                "--target",
                triple,
                "--crate-name",
                name,
                "--crate-type",
                "rlib",
            ])
            .args([
                "--edition",
                "2024",
                "--emit=metadata",
                "--cap-lints",
                "allow",
            ])
            .arg("--out-dir")
            .arg(&partial)
            .arg("-L")
            .arg(&partial)
            .env("RUSTC_BOOTSTRAP", "1")
            .env_remove("LD_LIBRARY_PATH");
        command
    };
    step::quiet_command(
        &format!("describing core of {triple}"),
        describe("core")
            .arg("-Zforce-unstable-if-unmarked")
            .arg(library.join("core/src/lib.rs")),
    )?;
    let source = partial.join("builtins.rs");
    std::fs::write(&source, BUILTINS).context("cannot write to the cache")?;
    step::quiet_command(
        &format!("describing compiler_builtins of {triple}"),
        describe("compiler_builtins")
            .arg(&source)
            .stdin(Stdio::null()),
    )?;
    let text = format!(
        "#!/bin/sh\nfor last; do :; done\n[ \"$last\" = - ] && set -- -L '{}' \"$@\"\nexec '{}' \"$@\"\n",
        folder.display(),
        rustc.display()
    );
    let made = partial.join("rustc");
    std::fs::write(&made, text)
        .and_then(|()| std::fs::set_permissions(&made, std::fs::Permissions::from_mode(0o755)))
        .context("cannot write to the cache")?;
    let moved = std::fs::rename(&partial, &folder);
    if moved.is_err() && !program.exists() {
        moved.with_context(|| format!("cannot make {}", folder.display()))?;
    }
    Ok(program)
}
