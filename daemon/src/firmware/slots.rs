//! Slots: which of the two holds the system that runs, and which devices they are.

use serde::Serialize;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Bytes of a kernel's command line.
const COMMAND_LINE_MAX: u64 = 64 * 1024;
/// Bytes of what sysfs tells of a device.
const UEVENT_MAX: u64 = 4096;
/// Block devices that are looked at.
const DEVICES_MAX: usize = 1024;

/// One of the two places for a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Slot {
    /// The first.
    A,
    /// The second.
    B,
}

impl Slot {
    /// Both.
    pub const ALL: [Self; 2] = [Self::A, Self::B];

    /// The one that this is not.
    pub fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// `a` or `b`.
    pub fn name(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
        }
    }

    /// Reads `a` or `b`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|slot| slot.name() == text)
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where an operator says that things are; what is absent is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The boot state.
    pub state: Option<PathBuf>,
    /// Slot `a`.
    pub a: Option<PathBuf>,
    /// Slot `b`.
    pub b: Option<PathBuf>,
    /// The kernel's command line.
    pub command_line: Option<PathBuf>,
}

/// What this machine has for slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The slot whose system runs.
    pub running: Slot,
    /// The boot state.
    pub state: PathBuf,
    /// The devices of the slots.
    a: PathBuf,
    b: PathBuf,
}

/// Why this machine has no slots that could be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// The command line cannot be read.
    #[error("the kernel's command line `{path}` cannot be read: {reason}")]
    CommandLine {
        /// The file.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// It names no slot.
    #[error(
        "`postern.slot=` is not on the kernel's command line, so this system was not started from a slot of a Postern image; update it by the means that installed it"
    )]
    NoSlot,
    /// It names something else.
    #[error(
        "`postern.slot={0}` on the kernel's command line is neither `a` nor `b`; correct the boot loader's script"
    )]
    BadSlot(String),
    /// No partition has the name.
    #[error("no partition has the name `{name}`; name the device as `{key}` in [firmware]")]
    Missing {
        /// The partition.
        name: &'static str,
        /// The configuration's key.
        key: &'static str,
    },
    /// More than one has.
    #[error(
        "{count} partitions have the name `{name}`, of several disks perhaps; name the device as `{key}` in [firmware]"
    )]
    Ambiguous {
        /// The partition.
        name: &'static str,
        /// The configuration's key.
        key: &'static str,
        /// How many.
        count: usize,
    },
}

impl Layout {
    /// Looks at the kernel's command line, then for what the configuration does not name among
    /// the partitions.
    pub fn find(places: &Places) -> Result<Self, LayoutError> {
        Self::find_in(places, Path::new("/proc/cmdline"), Path::new("/sys"))
    }

    fn find_in(places: &Places, command_line: &Path, sys: &Path) -> Result<Self, LayoutError> {
        let command_line = places.command_line.as_deref().unwrap_or(command_line);
        let text =
            bounded(command_line, COMMAND_LINE_MAX).map_err(|error| LayoutError::CommandLine {
                path: command_line.display().to_string(),
                reason: error.to_string(),
            })?;
        let running = running(&text)?;
        let device = |given: &Option<PathBuf>, name, key| match given {
            Some(path) => Ok(path.clone()),
            None => partition(sys, name, key),
        };
        Ok(Self {
            running,
            state: device(&places.state, "state", "state")?,
            a: device(&places.a, "slot-a", "slots.a")?,
            b: device(&places.b, "slot-b", "slots.b")?,
        })
    }

    /// The device of a slot.
    pub fn device(&self, slot: Slot) -> &Path {
        match slot {
            Slot::A => &self.a,
            Slot::B => &self.b,
        }
    }
}

/// The slot that a kernel's command line names; the last mention counts, as with the kernel.
fn running(command_line: &str) -> Result<Slot, LayoutError> {
    let mentions = command_line.split_ascii_whitespace();
    let mut slots = mentions.filter_map(|word| word.strip_prefix("postern.slot="));
    let text = slots.next_back().ok_or(LayoutError::NoSlot)?;
    Slot::parse(text).ok_or_else(|| LayoutError::BadSlot(text.chars().take(16).collect::<String>()))
}

/// The device of the one partition that has a name.
fn partition(sys: &Path, name: &'static str, key: &'static str) -> Result<PathBuf, LayoutError> {
    let Ok(devices) = std::fs::read_dir(sys.join("class/block")) else {
        return Err(LayoutError::Missing { name, key });
    };
    let found = devices.flatten().take(DEVICES_MAX).filter_map(|device| {
        let text = bounded(&device.path().join("uevent"), UEVENT_MAX).ok()?;
        let value = |wanted: &str| {
            let mut lines = text.lines().filter_map(|line| line.split_once('='));
            lines
                .find(|(key, _)| *key == wanted)
                .map(|(_, value)| value)
        };
        let file = value("DEVNAME").filter(|file| !file.contains(".."));
        (value("PARTNAME")? == name).then_some(Path::new("/dev").join(file?))
    });
    let mut found: Vec<PathBuf> = found.collect();
    match (found.pop(), found.len()) {
        (Some(device), 0) => Ok(device),
        (Some(_), others) => Err(LayoutError::Ambiguous {
            name,
            key,
            count: others + 1,
        }),
        (None, _) => Err(LayoutError::Missing { name, key }),
    }
}

fn bounded(path: &Path, limit: u64) -> std::io::Result<String> {
    let mut text = Vec::new();
    std::fs::File::open(path)?
        .take(limit)
        .read_to_end(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_command_line_names_the_slot() {
        let check = |text, expect| assert_eq!(running(text), expect, "{text}");
        check(
            "console=ttyS0 postern.slot=b postern.trial=1\n",
            Ok(Slot::B),
        );
        check("postern.slot=a", Ok(Slot::A));
        check("postern.slot=a postern.slot=b", Ok(Slot::B));
        check("quiet xpostern.slot=a", Err(LayoutError::NoSlot));
        check("", Err(LayoutError::NoSlot));
        let bad = |text: &str| Err(LayoutError::BadSlot(text.to_owned()));
        check("postern.slot=", bad(""));
        check("postern.slot=c", bad("c"));
        check("postern.slot=A", bad("A"));
    }

    /// A folder like sysfs, with these partitions.
    fn sysfs(partitions: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (device, name) in partitions {
            let folder = dir.path().join("class/block").join(device);
            std::fs::create_dir_all(&folder).unwrap();
            let text = format!("MAJOR=8\nDEVNAME={device}\nDEVTYPE=partition\nPARTNAME={name}\n");
            std::fs::write(folder.join("uevent"), text).unwrap();
        }
        std::fs::write(dir.path().join("cmdline"), "postern.slot=a\n").unwrap();
        dir
    }

    fn find(places: &Places, dir: &tempfile::TempDir) -> Result<Layout, LayoutError> {
        Layout::find_in(places, &dir.path().join("cmdline"), dir.path())
    }

    #[test]
    fn partitions_are_found_by_their_names() {
        let dir = sysfs(&[
            ("vda1", "boot"),
            ("vda2", "state"),
            ("vda3", "slot-a"),
            ("vda4", "slot-b"),
        ]);
        let layout = find(&Places::default(), &dir).unwrap();
        assert_eq!(layout.running, Slot::A);
        assert_eq!(layout.state, Path::new("/dev/vda2"));
        assert_eq!(layout.device(Slot::A), Path::new("/dev/vda3"));
        assert_eq!(layout.device(Slot::B), Path::new("/dev/vda4"));
    }

    #[test]
    fn what_is_missing_or_there_twice_is_told_and_can_be_named() {
        let dir = sysfs(&[("vda2", "state"), ("vda3", "slot-a"), ("vdb3", "slot-a")]);
        let mut places = Places::default();
        assert!(matches!(
            find(&places, &dir),
            Err(LayoutError::Ambiguous {
                name: "slot-a",
                count: 2,
                ..
            })
        ));
        places.a = Some("/dev/vda3".into());
        assert!(matches!(
            find(&places, &dir),
            Err(LayoutError::Missing { name: "slot-b", .. })
        ));
        places.b = Some("/somewhere".into());
        let layout = find(&places, &dir).unwrap();
        assert_eq!(layout.device(Slot::A), Path::new("/dev/vda3"));
        assert_eq!(layout.device(Slot::B), Path::new("/somewhere"));
    }
}
