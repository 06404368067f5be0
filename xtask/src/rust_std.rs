//! Which compiler and standard library build for a target that is not this machine.
//!
//! rustup adds a target where its servers can be reached. Where they cannot, Debian's compiler
//! comes with the source of its standard library, and cargo builds that once for the target.

use crate::packages::{self, Need, Sign};
use crate::{probe, process, step, workspace};
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The environment variable that says where a standard library must come from: `rustup` or
/// `debian`. Without it the first one that can be had is taken.
pub const CHOICE: &str = "POSTERN_RUST_STD";

/// Where a target's standard library comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RustStd {
    /// The toolchain that runs this program has it.
    Toolchain,
    /// It is built with Debian's compiler from its source.
    Debian,
}

const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_SOURCE: &str = "/usr/lib/rustlib/src/rust/library/std/Cargo.toml";
const DEBIAN_LIBRARY: &str = "/usr/lib/rustlib/src/rust/library";
/// The oldest Debian compiler that builds this project, as the workspace's `rust-version`.
const MINOR_MIN: u32 = 95;

impl RustStd {
    /// Finds or installs a standard library for the target.
    pub fn obtain(triple: &str) -> Result<Self> {
        let choice = std::env::var(CHOICE).unwrap_or_default();
        let (toolchain, packaged) = match choice.as_str() {
            "" => (true, true),
            "rustup" => (true, false),
            "debian" => (false, true),
            other => bail!("{CHOICE} is `{other}`; known are rustup and debian"),
        };
        if toolchain && in_toolchain(triple) {
            return Ok(Self::Toolchain);
        }
        if packaged && in_debian() {
            return Ok(Self::Debian);
        }
        if toolchain && process::find("rustup").is_some() {
            let added = step::quiet_command(
                &format!("rustup target add {triple}"),
                Command::new("rustup").args(["target", "add", triple]),
            );
            match added {
                Ok(()) if in_toolchain(triple) => return Ok(Self::Toolchain),
                Ok(()) => {}
                Err(error) => note(&error.to_string()),
            }
        }
        if !packaged {
            bail!("rustup cannot add {triple}");
        }
        packages::install(&[
            Need {
                packages: &["rustc-web", "rustc"],
                sign: Sign::Check(in_debian_compiler),
            },
            Need {
                packages: &["rust-web-src", "rust-src"],
                sign: Sign::File(DEBIAN_SOURCE),
            },
        ])?;
        Ok(Self::Debian)
    }

    /// Where Debian's source of it lies.
    pub fn source() -> &'static Path {
        Path::new(DEBIAN_LIBRARY)
    }

    /// The compiler that this library belongs to.
    pub fn rustc(self) -> PathBuf {
        match self {
            Self::Toolchain => "rustc".into(),
            Self::Debian => DEBIAN_RUSTC.into(),
        }
    }

    /// The compiler as build scripts for the target need it.
    pub fn probing(self, triple: &str) -> Result<PathBuf> {
        match self {
            Self::Toolchain => Ok(self.rustc()),
            Self::Debian => {
                probe::compiler(Path::new(DEBIAN_RUSTC), Path::new(DEBIAN_LIBRARY), triple)
            }
        }
    }

    /// What cargo is told besides, where the library is to be small: without what prints
    /// backtraces, which say nothing in a binary without symbols.
    pub fn small(self) -> &'static [&'static str] {
        match self {
            Self::Toolchain => &[],
            Self::Debian => &["-Zbuild-std-features=panic-unwind,optimize_for_size"],
        }
    }

    /// A cargo command for the target: `cargo SUBCOMMAND --target TRIPLE`, with what the
    /// standard library's origin asks for.
    pub fn cargo(self, subcommand: &str, triple: &str) -> Command {
        let mut command = Command::new(workspace::cargo());
        command.arg(subcommand).args(["--target", triple]);
        if self == Self::Debian {
            command
                .args(["-Zbuild-std=std,panic_abort"])
                .env("RUSTC", DEBIAN_RUSTC)
                .env("RUSTC_BOOTSTRAP", "1")
                // rustup's libraries are not this compiler's.
                .env_remove("LD_LIBRARY_PATH");
        }
        command
    }
}

/// The name of a cargo setting for one target as an environment variable.
pub fn setting(triple: &str, key: &str) -> String {
    let triple = triple.to_uppercase().replace('-', "_");
    format!("CARGO_TARGET_{triple}_{key}")
}

/// The first lines of a failure that another way may make good.
fn note(error: &str) {
    let line = error
        .lines()
        .find(|line| line.starts_with("error:"))
        .unwrap_or_else(|| error.lines().next().unwrap_or_default());
    eprintln!("note: rustup could not: {line}; trying what else there is");
}

fn in_toolchain(triple: &str) -> bool {
    process::output(Command::new("rustc").args(["--print", "target-libdir", "--target", triple]))
        .is_some_and(|dir| {
            std::fs::read_dir(Path::new(dir.trim())).is_ok_and(|mut files| {
                files.any(|file| {
                    file.is_ok_and(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
                })
            })
        })
}

fn in_debian() -> bool {
    in_debian_compiler() && Path::new(DEBIAN_SOURCE).exists()
}

fn in_debian_compiler() -> bool {
    process::output(Command::new(DEBIAN_RUSTC).arg("--version"))
        .and_then(|text| minor_version(&text))
        .is_some_and(|minor| minor >= MINOR_MIN)
}

/// The 96 of `rustc 1.96.0 (…)`.
fn minor_version(text: &str) -> Option<u32> {
    text.strip_prefix("rustc 1.")?
        .split('.')
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compilers_version_is_read() {
        assert_eq!(
            minor_version("rustc 1.96.0 (ac68faa20 2026-05-25)\n"),
            Some(96)
        );
        assert_eq!(minor_version("rustc 1.63.0"), Some(63));
        assert_eq!(minor_version("rustc 2.0.0"), None);
        assert_eq!(minor_version(""), None);
    }

    #[test]
    fn a_setting_is_named_as_cargo_reads_it() {
        assert_eq!(
            setting("armv7-unknown-linux-gnueabihf", "LINKER"),
            "CARGO_TARGET_ARMV7_UNKNOWN_LINUX_GNUEABIHF_LINKER"
        );
    }
}
