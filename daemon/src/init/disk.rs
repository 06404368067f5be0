//! The disk that the image lies on: found by the names of its partitions, and its last partition
//! grown to the disk.

use super::{InitError, console, ioctl, read_line, uevents::Uevents};
use postern_gpt::{GptError, Table};
use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a disk must have to be the image's.
const NAMES: [&str; 5] = ["boot", "state", "slot-a", "slot-b", "data"];
/// How long a disk may take to appear: cards and USB are slow.
const PATIENCE: Duration = Duration::from_secs(20);
/// Where the kernel lists block devices.
const CLASS: &str = "/sys/class/block";

/// The image's disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Disk {
    /// The device of the whole.
    pub device: PathBuf,
    /// The partitions' names and devices.
    partitions: Vec<(String, PathBuf)>,
}

impl Disk {
    /// Waits for it.
    pub(super) fn wait() -> Result<Self, InitError> {
        let news = Uevents::open().map_err(InitError::system("hear of devices"))?;
        news.wait(PATIENCE, || Self::find(Path::new(CLASS)))
            .ok_or_else(|| InitError::NoPartition {
                name: NAMES[2].to_owned(),
                seconds: PATIENCE.as_secs(),
            })
    }

    /// Looks through the kernel's list for a disk that has all partitions of an image.
    fn find(class: &Path) -> Option<Self> {
        let mut disks: Vec<(String, Vec<(String, PathBuf)>)> = Vec::new();
        for entry in std::fs::read_dir(class).ok()?.flatten() {
            let path = entry.path();
            let Some(name) = partition_name(&path) else {
                continue;
            };
            let (Some(disk), Some(device)) = (parent(&path), device(&path)) else {
                continue;
            };
            match disks.iter_mut().find(|(known, _)| *known == disk) {
                Some((_, partitions)) => partitions.push((name, device)),
                None => disks.push((disk, vec![(name, device)])),
            }
        }
        // By name, so that two disks with an image are not taken in turns.
        disks.sort();
        disks
            .into_iter()
            .find(|(_, partitions)| {
                NAMES
                    .iter()
                    .all(|name| partitions.iter().any(|(it, _)| it == name))
            })
            .map(|(disk, mut partitions)| {
                partitions.sort();
                Self {
                    device: Path::new("/dev").join(disk),
                    partitions,
                }
            })
    }

    /// The device of a partition.
    pub(super) fn partition(&self, name: &str) -> Result<&Path, InitError> {
        self.partitions
            .iter()
            .find(|(it, _)| it == name)
            .map(|(_, device)| device.as_path())
            .ok_or_else(|| InitError::NoPartition {
                name: name.to_owned(),
                seconds: 0,
            })
    }

    /// Grows the last partition to the disk, in the table and in the kernel's mind.
    pub(super) fn grow(&self) -> Result<(), GptError> {
        let mut disk = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&self.device)?;
        let size = disk.seek(SeekFrom::End(0))?;
        let mut table = Table::read(&mut disk, size)?;
        if table.grow(size)? {
            table.write(&mut disk, |disk| disk.sync_all())?;
            console::say(&format!("the disk has {} MiB", size >> 20));
        }
        // Whether just now or before a power cut: the kernel is told what the table says.
        if let Some((number, data)) = table.find("data")
            && let Ok(device) = self.partition("data")
            && File::open(device)?.seek(SeekFrom::End(0))? < data.size()
        {
            ioctl::resize_partition(&disk, number, data.offset(), data.size())?;
            console::say(&format!(
                "the data partition has {} MiB now",
                data.size() >> 20
            ));
        }
        Ok(())
    }
}

/// The name that the table gives to a partition; none for whole disks.
fn partition_name(entry: &Path) -> Option<String> {
    field(entry, "PARTNAME")
}

fn device(entry: &Path) -> Option<PathBuf> {
    field(entry, "DEVNAME").map(|name| Path::new("/dev").join(name))
}

fn field(entry: &Path, key: &str) -> Option<String> {
    let text = std::fs::read_to_string(entry.join("uevent")).ok()?;
    text.lines()
        .filter_map(|line| line.split_once('='))
        .find(|(name, _)| *name == key)
        .map(|(_, value)| value.to_owned())
}

/// The disk of a partition: the folder above, in the tree of devices.
fn parent(entry: &Path) -> Option<String> {
    let real = std::fs::canonicalize(entry).ok()?;
    let disk = real.parent()?;
    // A disk has a size, a bus has none.
    read_line(disk.join("size"))?;
    Some(disk.file_name()?.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn partition(root: &Path, disk: &str, number: usize, name: &str) {
        let folder = root.join(format!("devices/{disk}/{disk}{number}"));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(root.join(format!("devices/{disk}/size")), "99\n").unwrap();
        let uevent = format!("MAJOR=254\nDEVNAME={disk}{number}\nPARTNAME={name}\n");
        std::fs::write(folder.join("uevent"), uevent).unwrap();
        let class = root.join("class");
        std::fs::create_dir_all(&class).unwrap();
        std::os::unix::fs::symlink(folder, class.join(format!("{disk}{number}"))).unwrap();
    }

    #[test]
    fn the_disk_is_the_one_with_all_partitions() {
        let root = tempfile::tempdir().unwrap();
        partition(root.path(), "sda", 1, "data");
        for (index, name) in NAMES.iter().enumerate() {
            assert_eq!(Disk::find(&root.path().join("class")), None);
            partition(root.path(), "vda", index + 1, name);
        }
        let disk = Disk::find(&root.path().join("class")).unwrap();
        assert_eq!(disk.device, Path::new("/dev/vda"));
        assert_eq!(disk.partition("slot-b").unwrap(), Path::new("/dev/vda4"));
        assert_eq!(disk.partition("data").unwrap(), Path::new("/dev/vda5"));
        assert!(disk.partition("swap").is_err());
    }
}
