//! The first beginning, from the initramfs: modules, the disk, and over to the slot.

use super::{InitError, console, disk::Disk, kernel_line::KernelLine, modules, mounts, places};
use rustix::mount::{MountFlags, mount, mount_move};
use std::convert::Infallible;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// Where the slot is mounted on the way.
const SLOT: &str = "/slot";

/// Goes over to the slot. Returns only when that cannot be done.
pub(super) fn run() -> Result<Infallible, InitError> {
    for folder in ["/proc", "/sys", "/dev", SLOT] {
        std::fs::create_dir_all(folder).map_err(InitError::io(format!("make {folder}")))?;
    }
    mounts::kernel()?;
    modules::load();
    let line = KernelLine::read();
    let disk = Disk::wait()?;
    let slot = disk.partition(&line.partition())?;
    let flags = MountFlags::RDONLY | MountFlags::NODEV | MountFlags::NOSUID;
    mount(slot, SLOT, "ext4", flags, c"")
        .map_err(InitError::system(format!("mount {}", slot.display())))?;
    console::say(&format!(
        "slot {} of {}{}",
        line.slot,
        disk.device.display(),
        if line.trial { ", on trial" } else { "" }
    ));
    for target in mounts::kernel_targets() {
        mount_move(target, format!("{SLOT}{target}"))
            .map_err(InitError::system(format!("move {target}")))?;
    }
    empty();
    std::env::set_current_dir(SLOT).map_err(InitError::io("go to the slot"))?;
    mount_move(".", "/").map_err(InitError::system("make the slot the root"))?;
    rustix::process::chroot(".").map_err(InitError::system("go into the slot"))?;
    std::env::set_current_dir("/").map_err(InitError::io("go to the root"))?;
    let error = Command::new(places::BINARY).arg("init").exec();
    Err(InitError::io(format!("run {}", places::BINARY))(error))
}

/// The initramfs is memory, and nobody sees it any more once the slot is the root.
fn empty() {
    for name in ["/init", "/modules"] {
        let path = Path::new(name);
        let _ = match path.is_dir() {
            true => std::fs::remove_dir_all(path),
            false => std::fs::remove_file(path),
        };
    }
}
