//! File systems as files, made by e2fsprogs and mtools: no root, no loop devices.

use super::EPOCH;
use crate::{step, workspace};
use anyhow::{Context, Result};
use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};

/// What an ext4 is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only ever read, by U-Boot too: nothing that was added to ext4 since it learned to.
    Slot,
    /// Grown to the disk and written to for years.
    Data,
}

/// The one link of a slot: where names are asked for is known in `/run` alone.
const LINK: (&str, &str) = ("/etc/resolv.conf", "../run/resolv.conf");

/// Bytes that a block has.
const BLOCK: u64 = 4096;

/// Bytes that an ext4 with this folder's content takes, in whole mebibytes.
pub fn needed(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let meta = entry.metadata()?;
            bytes += BLOCK;
            if meta.is_dir() {
                folders.push(entry.path());
            } else {
                bytes += meta.len().next_multiple_of(BLOCK);
            }
        }
    }
    // Inodes, bitmaps, blocks of pointers.
    Ok((bytes + bytes / 64 + (1 << 20)).next_multiple_of(1 << 20))
}

/// Makes an ext4 with a folder's content in a file of `size` bytes. A link's times cannot be set, so
/// there must be none in it but what a slot has: [`LINK`].
pub fn make(file: &Path, size: u64, folder: &Path, kind: Kind, seed: [u8; 16]) -> Result<()> {
    same_times(folder)?;
    File::create(file)
        .and_then(|made| made.set_len(size))
        .with_context(|| format!("cannot make {}", workspace::shown(file)))?;
    let id = uuid(seed);
    let mut command = Command::new("/usr/sbin/mke2fs");
    command
        .env("E2FSPROGS_FAKE_TIME", EPOCH.to_string())
        .args(["-q", "-F", "-t", "ext4", "-b", "4096", "-m", "0", "-U", &id])
        .args(["-E", &format!("root_owner=0:0,hash_seed={id}")]);
    match kind {
        Kind::Slot => command.args([
            "-L",
            "slot",
            "-N",
            "128",
            "-O",
            "^has_journal,^64bit,^metadata_csum,^resize_inode,^orphan_file,^metadata_csum_seed",
        ]),
        Kind::Data => command.args(["-L", "data"]),
    };
    command.arg("-d").arg(folder).arg(file);
    step::quiet_command(&workspace::shown(file), &mut command)?;
    same_inodes(file, folder, kind)
}

/// Sets what no call sets on the files themselves: when their inodes changed, and were read.
fn same_inodes(file: &Path, folder: &Path, kind: Kind) -> Result<()> {
    let mut script = String::new();
    let mut paths = vec![folder.to_owned()];
    while let Some(path) = paths.pop() {
        let name = path.strip_prefix(folder)?;
        for field in ["atime", "ctime", "crtime"] {
            let name = name.display();
            script.push_str(&format!("sif \"/{name}\" {field} @{EPOCH}\n"));
            script.push_str(&format!("sif \"/{name}\" {field}_extra 0\n"));
        }
        if path.symlink_metadata()?.is_dir() {
            for entry in std::fs::read_dir(&path)? {
                paths.push(entry?.path());
            }
        }
    }
    if kind == Kind::Slot {
        let (from, to) = LINK;
        script.push_str(&format!("symlink {from} {to}\n"));
    }
    let commands = file.with_extension("debugfs");
    std::fs::write(&commands, script).context("cannot write commands for debugfs")?;
    step::quiet_command(
        "times of inodes",
        Command::new("/usr/sbin/debugfs")
            .env("E2FSPROGS_FAKE_TIME", EPOCH.to_string())
            .args(["-w", "-f"])
            .arg(&commands)
            .arg(file),
    )?;
    std::fs::remove_file(&commands).context("cannot remove commands for debugfs")
}

/// Makes a FAT32 with a folder's content in a file of `size` bytes.
pub fn make_fat(file: &Path, size: u64, folder: &Path) -> Result<()> {
    same_times(folder)?;
    File::create(file)
        .and_then(|made| made.set_len(size))
        .with_context(|| format!("cannot make {}", workspace::shown(file)))?;
    step::quiet_command(
        &workspace::shown(file),
        Command::new("/usr/sbin/mkfs.vfat")
            .args(["--invariant", "-F", "32", "-n", "BOOT"])
            .arg(file),
    )?;
    let mut entries: Vec<_> = std::fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    entries.sort();
    if entries.is_empty() {
        return Ok(());
    }
    step::quiet_command(
        "files of the boot partition",
        Command::new("mcopy")
            .env("TZ", "UTC")
            .args(["-s", "-m", "-i"])
            .arg(file)
            .args(entries)
            .arg("::"),
    )
}

/// Gives everything in a folder one time, so that what is made from it does not tell when.
fn same_times(folder: &Path) -> Result<()> {
    let time = UNIX_EPOCH + Duration::from_secs(EPOCH);
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            same_times(&entry.path())?;
        }
        if !kind.is_symlink() {
            File::open(entry.path())?.set_modified(time)?;
        }
    }
    File::open(folder)?.set_modified(time)?;
    Ok(())
}

fn uuid(bytes: [u8; 16]) -> String {
    let mut text = String::new();
    for (index, byte) in bytes.iter().enumerate() {
        if [4, 6, 8, 10].contains(&index) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}
