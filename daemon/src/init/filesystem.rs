//! The data partition: checked, mounted, grown to its partition.

use super::{InitError, console, ioctl, places};
use rustix::fs::statvfs;
use rustix::mount::{MountFlags, mount};
use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::path::Path;
use std::process::{Command, Stdio};

/// What e2fsck's exit status says when all is well or was made well.
const MENDED_MAX: i32 = 3;

/// Checks it, mounts it and grows it.
pub(super) fn open(device: &Path) -> Result<(), InitError> {
    check(device);
    let flags = MountFlags::NODEV | MountFlags::NOSUID | MountFlags::NOEXEC | MountFlags::NOATIME;
    mount(device, places::DATA, "ext4", flags, c"errors=remount-ro")
        .map_err(InitError::system(format!("mount {}", device.display())))?;
    if let Err(error) = grow(device) {
        console::note("growing the data partition's file system", &error);
    }
    Ok(())
}

/// Has e2fsck replay the journal and look whether the file system is as it should be: first what is
/// surely right to mend, then, where that is not enough, whatever it takes.
fn check(device: &Path) {
    for (how, last) in [("-p", false), ("-y", true)] {
        match run(how, device) {
            Ok(status) if status <= MENDED_MAX => {
                if status != 0 {
                    console::say("the data partition had mistakes, which are mended");
                }
                return;
            }
            Ok(status) if last => console::say(&format!(
                "the data partition cannot be mended (e2fsck ended with {status})"
            )),
            Ok(_) => console::say("the data partition needs mending"),
            Err(error) => return console::note("checking the data partition", &error),
        }
    }
}

fn run(how: &str, device: &Path) -> io::Result<i32> {
    let status = Command::new(places::FSCK)
        .arg(how)
        .arg(device)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()?;
    status
        .code()
        .ok_or_else(|| io::Error::other("e2fsck was killed"))
}

/// Grows the mounted file system to its partition, if that is larger by a mebibyte or more: what
/// is less may be a remainder that no block group fits into.
fn grow(device: &Path) -> io::Result<()> {
    let size = File::open(device)?.seek(SeekFrom::End(0))?;
    let stat = statvfs(places::DATA)?;
    let block = stat.f_frsize;
    // What the file system counts as its own is not in `f_blocks`; the superblock knows all.
    let blocks = superblock_blocks(device)?;
    if size < blocks * block + (1 << 20) {
        return Ok(());
    }
    ioctl::resize_ext4(&File::open(places::DATA)?, size / block)?;
    let now = statvfs(places::DATA)?;
    console::say(&format!(
        "the data partition's file system has {} MiB now",
        (now.f_blocks * now.f_frsize) >> 20
    ));
    Ok(())
}

/// How many blocks an ext4 has, from its superblock.
fn superblock_blocks(device: &Path) -> io::Result<u64> {
    use std::io::Read;
    let mut file = File::open(device)?;
    file.seek(SeekFrom::Start(1024))?;
    let mut superblock = [0; 1024];
    file.read_exact(&mut superblock)?;
    count_blocks(&superblock).ok_or_else(|| io::Error::other("there is no ext4"))
}

fn count_blocks(superblock: &[u8; 1024]) -> Option<u64> {
    let word = |at: usize| {
        let bytes = superblock[at..at + 4].try_into().map(u32::from_le_bytes);
        bytes.map(u64::from).ok()
    };
    if superblock[0x38..0x3a] != [0x53, 0xef] {
        return None;
    }
    // The upper half only counts where blocks have 64-bit numbers.
    let wide = word(0x60)? & 0x80 != 0;
    let high = if wide { word(0x150)? } else { 0 };
    Some(word(0x4)? | high << 32)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn blocks_are_counted_from_the_superblock() {
        let mut superblock = [0; 1024];
        assert_eq!(count_blocks(&superblock), None);
        superblock[0x38..0x3a].copy_from_slice(&[0x53, 0xef]);
        superblock[0x4..0x8].copy_from_slice(&16_384_u32.to_le_bytes());
        superblock[0x150] = 1;
        assert_eq!(count_blocks(&superblock), Some(16_384));
        superblock[0x60] = 0x80;
        assert_eq!(count_blocks(&superblock), Some((1 << 32) + 16_384));
    }
}
