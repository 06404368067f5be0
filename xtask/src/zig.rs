//! zig, which compiles C and links for musl where a toolchain brings nothing for the target.
//!
//! What rustc tells a linker is not all what zig takes; cargo-zigbuild's wrapper translates it.

use crate::{pip, workspace};
use anyhow::{Context, Result};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const ZIG: (&str, &str) = ("ziglang", "0.15.1");
const WRAPPER: (&str, &str) = ("cargo-zigbuild", "0.24.1");

/// zig for one target.
pub struct Zig {
    /// The C compiler, which is the linker too.
    pub cc: PathBuf,
    /// The archiver.
    pub ar: PathBuf,
}

/// Installs it; programs that take no further setting for this target of Rust.
pub fn obtain(triple: &str) -> Result<Zig> {
    let (target, cpu) =
        target(triple).with_context(|| format!("zig is not set up for {triple}"))?;
    let zig = pip::tool(ZIG.0, ZIG.1)?.join("ziglang/zig");
    let wrapper = pip::tool(WRAPPER.0, WRAPPER.1)?.join("bin/cargo-zigbuild");
    let folder = workspace::cache().join("zig");
    workspace::create_dir(&folder)?;
    let script = |name: String, command: &str| {
        let text = format!(
            "#!/bin/sh\nCARGO_ZIGBUILD_ZIG_PATH='{}' exec '{}' zig {command} \"$@\"\n",
            zig.display(),
            wrapper.display()
        );
        put(&folder.join(name), &text)
    };
    Ok(Zig {
        cc: script(
            format!("cc-{triple}"),
            &format!("cc -- -g0 -target {target} -mcpu={cpu}"),
        )?,
        ar: script("ar".into(), "ar --")?,
    })
}

/// What zig calls a target of Rust, and the least processor of it.
fn target(triple: &str) -> Option<(&'static str, &'static str)> {
    Some(match triple {
        "x86_64-unknown-linux-musl" => ("x86_64-linux-musl", "x86_64"),
        "aarch64-unknown-linux-musl" => ("aarch64-linux-musl", "generic"),
        "armv7-unknown-linux-musleabihf" => {
            ("arm-linux-musleabihf", "generic+v7a+vfp3-d32+thumb2-neon")
        }
        _ => return None,
    })
}

/// Writes a program whole, unless it is there.
pub fn put(path: &Path, text: &str) -> Result<PathBuf> {
    if !std::fs::read(path).is_ok_and(|there| there == text.as_bytes()) {
        let partial = path.with_extension(format!("{}.part", std::process::id()));
        std::fs::write(&partial, text)
            .and_then(|()| {
                std::fs::set_permissions(&partial, std::fs::Permissions::from_mode(0o755))
            })
            .and_then(|()| std::fs::rename(&partial, path))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(path.to_owned())
}
