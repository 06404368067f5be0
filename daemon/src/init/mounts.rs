//! What is mounted where, beside slot and data.

use super::InitError;
use rustix::mount::{MountFlags, mount};
use std::ffi::CStr;

/// One file system of the kernel's own.
struct Mount {
    source: &'static str,
    target: &'static str,
    kind: &'static str,
    flags: MountFlags,
    data: &'static CStr,
}

const SAFE: MountFlags = MountFlags::NOSUID
    .union(MountFlags::NOEXEC)
    .union(MountFlags::NODEV);

/// What both beginnings need.
const KERNEL: &[Mount] = &[
    Mount {
        source: "proc",
        target: "/proc",
        kind: "proc",
        flags: SAFE,
        data: c"",
    },
    Mount {
        source: "sys",
        target: "/sys",
        kind: "sysfs",
        flags: SAFE,
        data: c"",
    },
    Mount {
        source: "dev",
        target: "/dev",
        kind: "devtmpfs",
        flags: MountFlags::NOSUID.union(MountFlags::NOEXEC),
        data: c"mode=0755",
    },
];

/// What lives in memory. A quarter of a small machine's RAM is the most that each may take.
const MEMORY: &[Mount] = &[
    Mount {
        source: "run",
        target: "/run",
        kind: "tmpfs",
        flags: SAFE,
        data: c"mode=0755,size=10%",
    },
    Mount {
        source: "tmp",
        target: "/tmp",
        kind: "tmpfs",
        flags: SAFE,
        data: c"mode=1777,size=25%",
    },
];

/// Mounts the kernel's own file systems. What is there already stays.
pub(super) fn kernel() -> Result<(), InitError> {
    mount_all(KERNEL)
}

/// Mounts what lives in memory.
pub(super) fn memory() -> Result<(), InitError> {
    mount_all(MEMORY)
}

fn mount_all(mounts: &[Mount]) -> Result<(), InitError> {
    for it in mounts {
        match mount(it.source, it.target, it.kind, it.flags, it.data) {
            // A kernel may have mounted /dev by itself.
            Ok(()) | Err(rustix::io::Errno::BUSY) => {}
            Err(errno) => return Err(InitError::system(format!("mount {}", it.target))(errno)),
        }
    }
    Ok(())
}

/// The targets that [`kernel`] mounts, to be taken along to the slot.
pub(super) fn kernel_targets() -> impl Iterator<Item = &'static str> {
    KERNEL.iter().map(|it| it.target)
}
