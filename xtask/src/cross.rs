//! Building and running for machines that are not this one: what compiles, links and emulates for a
//! target. Boards' builds and tests on other architectures are both made with it.

use crate::packages::{self, Need, Sign};
use crate::rust_std::{RustStd, setting};
use crate::{process, setup, workspace, zig};
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

/// The linker that comes with Rust.
const RUST_LLD: &str = "rust-lld";

/// What builds for a target.
pub struct Cross {
    /// The target.
    pub triple: String,
    /// Where its standard library comes from.
    pub rust: RustStd,
    compiler: PathBuf,
    linker: PathBuf,
    /// What the `cc` crate reads, for what C there is.
    c: Vec<(String, OsString)>,
    flags: Vec<String>,
}

impl Cross {
    /// Makes sure that it can be built for the target, which is one of musl: boards run that, and it
    /// links statically.
    ///
    /// A toolchain that has the target brings musl and a linker, and clang compiles the little C.
    /// Otherwise zig does all that.
    pub fn obtain(triple: &str) -> Result<Self> {
        let rust = RustStd::obtain(triple)?;
        let variable = |name: &str| format!("{name}_{}", triple.replace('-', "_"));
        let (linker, c, flags) = match rust {
            RustStd::Toolchain => {
                let clang = setup::clang_for_boards()?;
                let c = vec![
                    (variable("CC"), clang.clone().into()),
                    (variable("AR"), "ar".into()),
                    // There are no headers of a C library for this target; clang's own will do.
                    (variable("CFLAGS"), setup::freestanding(&clang).into()),
                ];
                (RUST_LLD.into(), c, Vec::new())
            }
            RustStd::Debian => {
                let zig = zig::obtain(triple)?;
                let c = vec![
                    (variable("CC"), zig.cc.clone().into()),
                    (variable("AR"), zig.ar.into()),
                ];
                (zig.cc, c, vec!["-Clink-self-contained=no".to_owned()])
            }
        };
        Ok(Self {
            triple: triple.to_owned(),
            rust,
            compiler: rust.probing(triple)?,
            linker,
            c,
            flags,
        })
    }

    /// A cargo command for the target, from the checkout's root. `flags` are rustc's.
    pub fn cargo(&self, subcommand: &str, flags: &[String]) -> Command {
        let mut command = self.rust.cargo(subcommand, &self.triple);
        let flags: Vec<&str> = self.flags.iter().chain(flags).map(String::as_str).collect();
        command
            .env("RUSTC", &self.compiler)
            .env(setting(&self.triple, "LINKER"), &self.linker)
            // Separated so that a path may have a space.
            .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
            .env_remove("RUSTFLAGS")
            .envs(self.c.iter().map(|(name, value)| (name, value)))
            .current_dir(workspace::root());
        command
    }

    /// What runs its programs here; `None` if this machine does.
    pub fn runner(&self) -> Result<Option<PathBuf>> {
        let program = match self.triple.split('-').next() {
            Some(arch) if arch == std::env::consts::ARCH => return Ok(None),
            Some("aarch64") => "qemu-aarch64-static",
            Some("armv7") => "qemu-arm-static",
            _ => bail!("nothing is known that runs programs of {}", self.triple),
        };
        packages::install(&[Need {
            packages: &["qemu-user-static"],
            sign: Sign::Program(&["qemu-aarch64-static"]),
        }])?;
        process::find(program)
            .map(Some)
            .with_context(|| format!("qemu-user-static has no {program}"))
    }
}
