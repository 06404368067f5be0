//! A root slot: the binary, the board file, the kernel and what it needs to come so far, as an ext4
//! that is only ever read. U-Boot reads no squashfs, so it is no squashfs.

use super::archive::Archive;
use super::hardware::STORAGE;
use super::modules::Modules;
use super::{Plan, ext4};
use crate::debian::{self, Debian};
use crate::workspace;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

/// What is mounted over.
const FOLDERS: &[&str] = &[
    "bin",
    "boot",
    "data",
    "dev",
    "etc/postern",
    "etc/ssl/certs",
    "proc",
    "run",
    "sbin",
    "sys",
    "tmp",
];
/// Whose certificates Workers' requests by HTTPS believe.
const ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Makes the slot; where it is.
pub fn make(plan: &Plan, binary: &Path) -> Result<PathBuf> {
    let root = plan.folder.join("root");
    super::empty(&root)?;
    for folder in FOLDERS {
        workspace::create_dir(&root.join(folder))?;
    }
    let debian = Debian::new(plan.debian_architecture());
    let kernel = debian.unpack(plan.hardware.kernel)?;
    let modules = debian::find(&kernel.join("lib/modules"), "")?;
    let early = binary.with_file_name("postern-early");
    let early = std::fs::read(&early)
        .with_context(|| format!("cannot read {}", workspace::shown(&early)))?;
    let copy = |from: &Path, to: &str| {
        std::fs::copy(from, root.join(to))
            .map(drop)
            .with_context(|| format!("cannot copy {}", workspace::shown(from)))
    };
    copy(
        &debian::find(&kernel.join("boot"), "vmlinuz-")?,
        "boot/vmlinuz",
    )?;
    if let Some(tree) = plan.hardware.device_tree {
        let trees = debian::find(&kernel.join("usr/lib"), "linux-image-")?;
        copy(&trees.join(tree), "boot/board.dtb")?;
    }
    let fsck = debian.unpack("e2fsck-static")?;
    let fsck = ["sbin/e2fsck.static", "usr/sbin/e2fsck.static"]
        .map(|path| fsck.join(path))
        .into_iter()
        .find(|path| path.exists())
        .context("Debian's e2fsck-static has no e2fsck.static")?;
    copy(&fsck, "sbin/e2fsck")?;
    copy(Path::new(ROOTS), "etc/ssl/certs/ca-certificates.crt")?;
    copy(binary, "bin/postern")?;
    if plan.board.boot.recovery_shell {
        let busybox = debian.unpack("busybox-static")?;
        let busybox = ["bin/busybox", "usr/bin/busybox"]
            .map(|path| busybox.join(path))
            .into_iter()
            .find(|path| path.exists())
            .context("Debian's busybox-static has no busybox")?;
        copy(&busybox, "bin/sh")?;
    }
    let write = |name: &str, content: &[u8]| {
        std::fs::write(root.join(name), content).with_context(|| format!("cannot write {name}"))
    };
    write("boot/initramfs", &initramfs(plan, &modules, &early)?)?;
    write("etc/postern/board.toml", plan.board_text.as_bytes())?;
    write("etc/postern/postern.toml", CONFIG.as_bytes())?;
    let slot = plan.folder.join("slot.img");
    let size = ext4::needed(&root)?;
    let room = plan.layout.slot_bytes;
    if size > room {
        bail!(
            "the slot takes {} MiB, and `image.slot` of the board is {} MiB; raise it",
            size >> 20,
            room >> 20
        );
    }
    ext4::make(&slot, size, &root, ext4::Kind::Slot, plan.seed())?;
    Ok(slot)
}

/// What the kernel starts with: `postern-early` and the modules that lead to the slot.
fn initramfs(plan: &Plan, modules: &Path, early: &[u8]) -> Result<Vec<u8>> {
    let wanted: Vec<&str> = STORAGE
        .iter()
        .chain(plan.hardware.modules)
        .copied()
        .collect();
    let modules = Modules::of(modules)?.load(&wanted)?;
    let mut archive = Archive::default();
    for folder in ["dev", "modules"] {
        archive.folder(folder);
    }
    // What process 1 writes to before it has mounted anything.
    archive.device("dev/console", 5, 1);
    for (number, module) in modules.iter().enumerate() {
        let name = format!("modules/{number:03}-{}.ko", module.name);
        archive.file(&name, &module.content);
    }
    archive.program("init", early);
    archive.finish()
}

/// What an image comes with, until the operator has one of their own in the data partition.
const CONFIG: &str = r#"# The configuration of a firmware image. One of your own goes to the data partition as
# `postern.toml` (`cargo xtask image --config FILE`); docs/firmware.md tells more.
data-dir = "/data/postern"
board = "/etc/postern/board.toml"

[edge]
listen = "0.0.0.0:80"

# A request's first path segment names the Worker: /hello/… goes to `hello`.
[routing]
modes = ["path"]
namespace = "production"

# Without TLS: for a network that you trust, or behind something that ends TLS.
[manage]
listen = "0.0.0.0:8788"
insecure = true
"#;
