//! What is to be overwritten: which disk that is, and whether anything speaks against it.

use super::{same, size};
use anyhow::{Context, Result, bail};
use rustix::fs::{major, minor};
use std::collections::BTreeSet;
use std::fmt;
use std::fs::{File, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Bytes of a sector as the kernel counts them, whatever the disk's are.
const SECTOR: u64 = 512;

/// The numbers by which the kernel knows a block device.
type Numbers = (u32, u32);

/// What this machine knows of its disks and uses of them.
pub struct System {
    /// Where sysfs is.
    sys: PathBuf,
    /// Which device is used, and as what: a mount point or `swap`.
    uses: Vec<(Numbers, String)>,
}

impl System {
    /// This machine.
    pub fn this() -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let mut uses = mounts(&read("/proc/self/mountinfo"));
        for line in read("/proc/swaps").lines().skip(1) {
            let path = line.split_whitespace().next().unwrap_or_default();
            uses.extend(numbers_of(path).map(|numbers| (numbers, "swap".to_owned())));
        }
        Self {
            sys: "/sys".into(),
            uses,
        }
    }

    fn read(&self, path: &Path) -> Option<String> {
        let text = std::fs::read_to_string(self.sys.join(path)).ok()?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn device(&self, (major, minor): Numbers) -> PathBuf {
        self.sys.join(format!("dev/block/{major}:{minor}"))
    }

    /// The device, its partitions, and whatever is built of them.
    fn parts(&self, numbers: Numbers) -> BTreeSet<Numbers> {
        let mut found = BTreeSet::new();
        let mut next = vec![numbers];
        while let Some(numbers) = next.pop() {
            if !found.insert(numbers) {
                continue;
            }
            let folder = self.device(numbers);
            let below = std::fs::read_dir(&folder).into_iter().flatten().flatten();
            let partitions = below
                .map(|entry| entry.path())
                .filter(|path| path.join("partition").exists());
            let holders = std::fs::read_dir(folder.join("holders"));
            let holders = holders.into_iter().flatten().flatten();
            for path in partitions.chain(holders.map(|entry| entry.path())) {
                next.extend(self.read(&path.join("dev")).and_then(|it| pair(&it)));
            }
        }
        found
    }
}

/// What is mounted, by mountinfo's lines.
fn mounts(text: &str) -> Vec<(Numbers, String)> {
    let mut found = Vec::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let (Some(numbers), Some(point)) = (fields.get(2), fields.get(4)) else {
            continue;
        };
        found.extend(pair(numbers).map(|numbers| (numbers, (*point).to_owned())));
        // Some file systems have numbers of their own, and name their device behind the dash.
        let dash = fields.iter().position(|field| *field == "-");
        if let Some(source) = dash.and_then(|at| fields.get(at + 2)) {
            found.extend(numbers_of(source).map(|numbers| (numbers, (*point).to_owned())));
        }
    }
    found
}

fn pair(text: &str) -> Option<Numbers> {
    let (major, minor) = text.split_once(':')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// The numbers of the block device at a path.
fn numbers_of(path: &str) -> Option<Numbers> {
    let metadata = std::fs::metadata(path).ok()?;
    metadata
        .file_type()
        .is_block_device()
        .then(|| (major(metadata.rdev()), minor(metadata.rdev())))
}

/// What kind of thing is overwritten.
#[derive(Debug)]
pub enum Kind {
    /// A whole disk, and what it is sold as.
    Device(String),
    /// A file that is there.
    File,
    /// A file that will be made.
    Absent,
}

/// What is to be overwritten.
#[derive(Debug)]
pub struct Target {
    /// Where it is, symbolic links followed.
    pub path: PathBuf,
    /// What it is.
    pub kind: Kind,
    /// How much it holds; a file that is made holds what is written.
    bytes: Option<u64>,
    identity: Option<(u64, u64, u64)>,
}

impl Target {
    /// Looks at a path; an error if it may not be overwritten, whatever is written.
    pub fn inspect(path: &Path, system: &System) -> Result<Self> {
        let shown = path.display();
        let link = match std::fs::symlink_metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Self::absent(path),
            Err(error) => return Err(error).with_context(|| format!("cannot look at {shown}")),
            Ok(metadata) => metadata.is_symlink(),
        };
        let path = match std::fs::canonicalize(path) {
            Err(error) if link && error.kind() == ErrorKind::NotFound => {
                bail!("{shown} is a symbolic link that leads nowhere")
            }
            other => other.with_context(|| format!("cannot look at {shown}"))?,
        };
        let metadata = std::fs::metadata(&path)?;
        let kind = metadata.file_type();
        let shown = path.display();
        if kind.is_dir() {
            bail!("{shown} is a folder; name a device or a file");
        }
        if kind.is_block_device() {
            let numbers = (major(metadata.rdev()), minor(metadata.rdev()));
            let mut target = Self::device(&path, numbers, system)?;
            target.identity = Some(identity(&metadata));
            return Ok(target);
        }
        if !kind.is_file() {
            bail!("{shown} is no disk and no file");
        }
        if metadata.permissions().readonly() {
            bail!("{shown} is read-only");
        }
        if let Some(loop_device) = backed(&path, system) {
            bail!("{shown} is in use: it is the disk of /dev/{loop_device}");
        }
        Ok(Self {
            bytes: Some(metadata.len()),
            kind: Kind::File,
            identity: Some(identity(&metadata)),
            path,
        })
    }

    fn absent(path: &Path) -> Result<Self> {
        let folder = match path.parent() {
            Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
            Some(folder) => folder,
            None => bail!("there is no {}", path.display()),
        };
        let folder = std::fs::canonicalize(folder)
            .with_context(|| format!("there is no {}", folder.display()))?;
        let name = path.file_name().context("the path names no file")?;
        // A file in memory in place of the device that was not plugged in.
        if folder.starts_with("/dev") {
            bail!("there is no {}", path.display());
        }
        Ok(Self {
            path: folder.join(name),
            kind: Kind::Absent,
            bytes: None,
            identity: None,
        })
    }

    /// A block device, which must be a whole disk that nobody uses.
    fn device(path: &Path, numbers: Numbers, system: &System) -> Result<Self> {
        let shown = path.display();
        let folder = system.device(numbers);
        if !folder.exists() {
            bail!(
                "the kernel tells nothing of {shown} ({}:{})",
                numbers.0,
                numbers.1
            );
        }
        for part in system.parts(numbers) {
            let Some((_, point)) = system.uses.iter().find(|(it, _)| *it == part) else {
                continue;
            };
            if point == "/" || point == "/usr" || point.starts_with("/boot") {
                bail!("{shown} is the disk that this machine runs from ({point})");
            }
            bail!("{shown} is in use ({point}); unmount it first");
        }
        if folder.join("partition").exists() {
            bail!("{shown} is a partition; an image is of a whole disk, so name that");
        }
        if system.parts(numbers).iter().any(|part| {
            let holders = std::fs::read_dir(system.device(*part).join("holders"));
            holders.is_ok_and(|mut holders| holders.next().is_some())
        }) {
            bail!("{shown} is in use: another device is built of it");
        }
        if system.read(&folder.join("ro")).as_deref() == Some("1") {
            bail!("{shown} is read-only; look for a switch on the card");
        }
        let sectors = system.read(&folder.join("size"));
        let sectors: u64 = sectors.and_then(|it| it.parse().ok()).unwrap_or(0);
        if sectors == 0 {
            bail!("{shown} has no medium in it");
        }
        Ok(Self {
            path: path.to_owned(),
            kind: Kind::Device(model(&folder, system)),
            bytes: Some(sectors.saturating_mul(SECTOR)),
            identity: None,
        })
    }

    /// Whether an image of so many bytes has room there and is another thing.
    pub fn takes(&self, image: &Path, bytes: u64) -> Result<()> {
        if same(&self.path, image) {
            bail!("{} is the image itself", self.path.display());
        }
        match self.bytes {
            Some(room) if room < bytes => bail!(
                "{} is too small: it has {}, the image {}",
                self.path.display(),
                size(room),
                size(bytes)
            ),
            _ => Ok(()),
        }
    }

    /// Fails if an open file is another than what was looked at.
    pub fn is(&self, file: &File) -> Result<()> {
        let now = identity(&file.metadata()?);
        if self.identity.is_some_and(|looked_at| looked_at != now) {
            bail!("{} has become another one", self.path.display());
        }
        Ok(())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, ", self.path.display())?;
        match &self.kind {
            Kind::Device(model) => f.write_str(model)?,
            Kind::File => f.write_str("a file")?,
            Kind::Absent => f.write_str("a new file")?,
        }
        match self.bytes {
            Some(bytes) => write!(f, " ({})", size(bytes)),
            None => Ok(()),
        }
    }
}

fn identity(metadata: &Metadata) -> (u64, u64, u64) {
    (metadata.dev(), metadata.ino(), metadata.rdev())
}

/// What a disk is sold as.
fn model(folder: &Path, system: &System) -> String {
    let read = |name: &str| system.read(&folder.join("device").join(name));
    let words: Vec<String> = [read("vendor"), read("model").or_else(|| read("name"))]
        .into_iter()
        .flatten()
        // A virtual disk's vendor is a number.
        .filter(|word| !word.starts_with("0x"))
        .collect();
    let mut model = match words.is_empty() {
        true => "a disk of unknown make".to_owned(),
        false => words.join(" "),
    };
    if system.read(&folder.join("removable")).as_deref() == Some("1") {
        model.push_str(", removable");
    }
    model
}

/// The loop device whose disk a file is.
fn backed(path: &Path, system: &System) -> Option<String> {
    let devices = std::fs::read_dir(system.sys.join("block")).ok()?;
    devices.flatten().find_map(|device| {
        let backing = system.read(&device.path().join("loop/backing_file"))?;
        same(Path::new(&backing), path).then(|| device.file_name().to_string_lossy().into_owned())
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A machine with the disks `8:0` (two partitions) and `179:0` (a card).
    struct Machine {
        sys: PathBuf,
        mountinfo: &'static str,
    }

    impl Machine {
        fn new(name: &str) -> Self {
            let sys = std::env::temp_dir().join(format!("sys-{name}-{}", std::process::id()));
            let machine = Self { sys, mountinfo: "" };
            machine.file("dev/block/8:0/size", "1000");
            machine.file("dev/block/8:0/ro", "0");
            machine.file("dev/block/8:0/device/vendor", "ATA     ");
            machine.file("dev/block/8:0/device/model", "Spinner 3000\n");
            for number in 1..=2 {
                machine.file(&format!("dev/block/8:0/sda{number}/partition"), "1");
                machine.file(
                    &format!("dev/block/8:0/sda{number}/dev"),
                    &format!("8:{number}"),
                );
                machine.file(&format!("dev/block/8:{number}/partition"), "1");
                machine.file(&format!("dev/block/8:{number}/size"), "400");
                std::fs::create_dir_all(machine.sys.join(format!("dev/block/8:{number}/holders")))
                    .unwrap();
            }
            machine.file("dev/block/179:0/size", "2000");
            machine.file("dev/block/179:0/ro", "0");
            machine.file("dev/block/179:0/removable", "1");
            machine.file("dev/block/179:0/device/name", "SD32G");
            machine
        }

        fn file(&self, name: &str, text: &str) {
            let path = self.sys.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }

        fn look(&self, numbers: Numbers) -> Result<Target> {
            let system = System {
                sys: self.sys.clone(),
                uses: mounts(self.mountinfo),
            };
            Target::device(Path::new("/dev/it"), numbers, &system)
        }

        fn refused(&self, numbers: Numbers, why: &str) {
            let error = self.look(numbers).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    impl Drop for Machine {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.sys);
        }
    }

    #[test]
    fn a_free_disk_is_taken_and_described() {
        let machine = Machine::new("free");
        let disk = machine.look((8, 0)).unwrap();
        assert_eq!(disk.to_string(), "/dev/it, ATA Spinner 3000 (512000 bytes)");
        let card = machine.look((179, 0)).unwrap();
        assert_eq!(
            card.to_string(),
            "/dev/it, SD32G, removable (1024000 bytes)"
        );
        assert!(card.takes(Path::new("/nowhere"), 1_024_000).is_ok());
        let error = card.takes(Path::new("/nowhere"), 1_024_001).unwrap_err();
        assert!(error.to_string().contains("too small"));
    }

    #[test]
    fn the_systems_disk_and_its_partitions_are_refused() {
        let mut machine = Machine::new("system");
        machine.mountinfo = "25 1 8:2 / / rw,relatime - ext4 /dev/root rw\n";
        machine.refused((8, 0), "the disk that this machine runs from");
        machine.refused((8, 2), "the disk that this machine runs from");
        machine.refused((8, 1), "is a partition");
        assert!(machine.look((179, 0)).is_ok());
    }

    #[test]
    fn what_is_mounted_or_built_upon_is_refused() {
        let mut machine = Machine::new("mounted");
        machine.mountinfo = "99 25 8:1 / /media/stick rw - vfat /dev/sda1 rw\n";
        machine.refused((8, 0), "in use (/media/stick)");
        machine.mountinfo = "";
        machine.file("dev/block/8:1/holders/dm-0/dev", "253:0");
        machine.file("dev/block/253:0/size", "10");
        machine.refused((8, 0), "another device is built of it");
        machine.mountinfo = "99 25 253:0 / / rw - ext4 /dev/mapper/root rw\n";
        machine.refused((8, 0), "the disk that this machine runs from");
    }

    #[test]
    fn what_cannot_be_written_is_refused() {
        let machine = Machine::new("written");
        machine.file("dev/block/179:0/ro", "1");
        machine.refused((179, 0), "read-only");
        machine.file("dev/block/179:0/ro", "0");
        machine.file("dev/block/179:0/size", "0");
        machine.refused((179, 0), "no medium");
        machine.refused((7, 7), "the kernel tells nothing");
    }

    #[test]
    fn a_file_that_is_a_disk_already_is_refused() {
        let machine = Machine::new("loop");
        let file = machine.sys.join("image");
        std::fs::write(&file, b"x").unwrap();
        machine.file("block/loop3/loop/backing_file", file.to_str().unwrap());
        let system = System {
            sys: machine.sys.clone(),
            uses: Vec::new(),
        };
        let error = Target::inspect(&file, &system).unwrap_err().to_string();
        assert!(error.contains("/dev/loop3"), "{error}");
    }
}
