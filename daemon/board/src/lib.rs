//! What a machine is and may spend: its board file, read, checked and explained.
//!
//! A board says facts (architecture, RAM, cores, how much fuel a millisecond is worth) and
//! budgets (what the daemon may use of it). An operator's wishes live in `postern.toml`.

pub mod amount;
pub mod document;
pub mod durability;
pub mod limits;
pub mod planes;
mod raw;
mod reader;

use document::{Document, suggest};

pub use document::Problem;
pub use limits::Limits;
pub use planes::Planes;

use serde::Serialize;
use std::path::Path;

/// A board's name and its file, which lies in `boards/`.
macro_rules! known {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("../../../boards/", $name, ".toml")),
        )
    };
}

/// The boards that this binary knows by name, and their files.
pub const KNOWN: [(&str, &str); 8] = [
    known!("generic-x86-64"),
    known!("qemu-arm64"),
    known!("qemu-armv7"),
    known!("raspberry-pi-4"),
    known!("raspberry-pi-zero-2-w"),
    known!("beaglebone-black"),
    known!("stm32mp157"),
    known!("lichee-pi-zero"),
];

/// The board taken when nobody names one.
pub const DEFAULT: &str = if cfg!(target_arch = "aarch64") {
    "qemu-arm64"
} else if cfg!(target_arch = "arm") {
    "qemu-armv7"
} else {
    "generic-x86-64"
};

/// A validated board file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Board {
    /// Its name, that of its file.
    pub name: String,
    /// One line about it, for people.
    pub description: String,
    /// `x86_64`, `aarch64` or `arm`, as in `uname` and Rust's `target_arch`.
    pub architecture: Architecture,
    /// The target triple that images for it are built for.
    pub target: String,
    /// The processor, as rustc's `target-cpu` names it.
    pub cpu: Option<String>,
    /// What code may use of the processor beyond that, as rustc's `target-feature` names it, or
    /// must not if it begins with `-`.
    pub cpu_features: Vec<String>,
    /// The daemon's cargo features in builds for this board; `None` are the default ones. How
    /// wasmi dispatches is no part of them.
    pub build_features: Option<Vec<String>>,
    /// Bytes of RAM.
    pub ram_bytes: u64,
    /// Cores, and so threads of the executor.
    pub cores: u32,
    /// Fuel that a millisecond of CPU is worth here.
    pub fuel_per_ms: u64,
    /// Fuel of one slice of a turn, after which another tenant's turn comes.
    pub slice_fuel: u64,
    /// How wasmi steps from one instruction to the next in builds for this board.
    pub wasmi_dispatch: Dispatch,
    /// What its store lives on, and when a write counts as acknowledged.
    pub storage: Storage,
    /// The device of its hardware watchdog.
    pub watchdog: Option<String>,
    /// How it comes up.
    pub boot: Boot,
    /// The layout of its firmware image, if one is made for it.
    pub image: Option<Image>,
    /// What the daemon may use.
    pub budgets: Budgets,
    /// What any Worker may be given here.
    pub ceilings: Limits,
}

/// A processor family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub enum Architecture {
    /// 64-bit x86.
    #[serde(rename = "x86_64")]
    X86_64,
    /// 64-bit Arm.
    #[serde(rename = "aarch64")]
    Aarch64,
    /// 32-bit Arm.
    #[serde(rename = "arm")]
    Arm,
}

impl Architecture {
    /// The name, as Rust's `target_arch` and as triples begin.
    pub fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
            Self::Arm => "arm",
        }
    }

    /// Whether this binary was built for it.
    pub fn is_here(self) -> bool {
        std::env::consts::ARCH == self.name()
    }
}

/// What loads a board's kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BootMethod {
    /// U-Boot, with a script that chooses the slot.
    UBoot,
    /// The Raspberry Pi's own loader.
    RaspberryPi,
    /// Whoever starts the machine hands it the kernel.
    Direct,
    /// The Linux that is there: no firmware image is made.
    #[default]
    None,
}

/// Whose kernel a firmware image holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kernel {
    /// Debian's package for the architecture.
    Debian,
    /// One that the operator names.
    Operator,
    /// That of the Linux that is there.
    #[default]
    None,
}

/// How a board comes up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Boot {
    /// What loads the kernel.
    pub method: BootMethod,
    /// Whose kernel that is.
    pub kernel: Kernel,
    /// Whether the image has a shell for when nothing else works.
    pub recovery_shell: bool,
}

/// The sizes of a firmware image's partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Image {
    /// Bytes of the partition with the boot loader's files.
    pub boot_bytes: u64,
    /// Bytes of each of the two slots.
    pub slot_bytes: u64,
    /// Bytes of the data partition in the image; it grows to the disk on the first boot.
    pub data_bytes: u64,
}

/// How wasmi steps from one instruction to the next: a feature of the build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dispatch {
    /// Tail calls: fast.
    Tail,
    /// A loop: for targets where tail calls misbehave.
    Portable,
}

/// What the store lives on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StorageKind {
    /// A disk or solid-state drive.
    Disk,
    /// eMMC soldered to the board.
    Emmc,
    /// An SD card.
    Sd,
    /// Raw flash under UBI.
    Flash,
}

/// When a write counts as acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Durability {
    /// When it would survive a power cut.
    Acknowledged,
    /// At once; it is made durable within so many milliseconds, and a power cut may lose those.
    #[serde(untagged)]
    Interval {
        /// Milliseconds between two flushes.
        #[serde(rename = "interval-ms")]
        interval_ms: u64,
    },
}

/// A board's storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Storage {
    /// What it is.
    pub kind: StorageKind,
    /// The default of `store.durability`.
    pub durability: Durability,
}

/// What the daemon may use of a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Budgets {
    /// Bytes of the stripped binary without the JavaScript engine's module.
    pub binary_bytes: u64,
    /// Bytes resident when idle with one Worker.
    pub idle_rss_bytes: u64,
    /// Bytes of all tenants' isolates together.
    pub tenant_memory_bytes: u64,
    /// Bytes of the store's cache.
    pub store_cache_bytes: u64,
    /// Connections to the edge at the same time.
    pub connections: u32,
    /// Bytes of all logs kept in memory.
    pub log_bytes: u64,
    /// Bytes of one KV namespace.
    pub kv_quota_bytes: u64,
    /// Bytes of the cache of the Cache API, on the disk.
    pub cache_bytes: u64,
}

/// Why there is no board.
#[derive(Debug, thiserror::Error)]
pub enum BoardError {
    /// No board of this name is compiled in.
    #[error("unknown board `{name}`; {remedy}")]
    Unknown {
        /// The name.
        name: String,
        /// What else it might be.
        remedy: String,
    },
    /// The file cannot be read.
    #[error("cannot read board file `{path}`: {error}; name a file that exists")]
    Read {
        /// The file.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// The file has mistakes.
    #[error("the board file has {} mistake(s)", .0.len())]
    Invalid(Vec<Problem>),
}

impl Board {
    /// The board of this name, or the one in this file: what contains a slash or ends in
    /// `.toml` is a path, relative to `base`.
    pub fn load(name: &str, base: &Path) -> Result<Self, BoardError> {
        if name.contains('/') || name.ends_with(".toml") {
            let path = base.join(name);
            let shown = path.display().to_string();
            let text = document::read_text(&path).map_err(|error| BoardError::Read {
                path: shown.clone(),
                error,
            })?;
            return Self::parse(&shown, &text).map_err(BoardError::Invalid);
        }
        let Some((_, text)) = KNOWN.iter().find(|(known, _)| *known == name) else {
            let names: Vec<&str> = KNOWN.iter().map(|(known, _)| *known).collect();
            return Err(BoardError::Unknown {
                name: name.to_owned(),
                remedy: format!(
                    "{}, or give the path of a board file",
                    suggest(name, &names)
                ),
            });
        };
        Self::parse(name, text).map_err(BoardError::Invalid)
    }

    /// Reads a board file's text.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let mut document = Document::new(file, text);
        let board = document
            .read::<raw::RawBoard>()
            .and_then(|raw| raw.validate(&mut document));
        let problems = document.into_problems();
        match board {
            Some(board) if problems.is_empty() => Ok(board),
            _ => Err(problems),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn known_boards_are_valid_and_named_after_their_files() {
        for (name, text) in KNOWN {
            let board = Board::parse(name, text).unwrap();
            assert_eq!(board.name, name);
            assert!(board.target.starts_with(board.architecture.name()));
        }
        assert!(Board::load(DEFAULT, Path::new(".")).is_ok());
    }

    #[test]
    fn every_file_in_boards_is_known() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../boards");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .filter_map(|file| Some(file.unwrap().file_name().to_str()?.to_owned()))
            .filter_map(|name| Some(name.strip_suffix(".toml")?.to_owned()))
            .collect();
        files.sort_unstable();
        let mut known = KNOWN.map(|(name, _)| name);
        known.sort_unstable();
        assert_eq!(files, known);
    }

    #[test]
    fn every_known_board_leaves_the_system_a_quarter_of_its_memory() {
        for (name, text) in KNOWN {
            let board = Board::parse(name, text).unwrap();
            let budgets = &board.budgets;
            let together = budgets.idle_rss_bytes
                + budgets.tenant_memory_bytes
                + budgets.store_cache_bytes
                + budgets.log_bytes;
            assert!(together <= board.ram_bytes / 4 * 3, "{name}: {together}");
            assert!(
                board.ceilings.memory_bytes <= budgets.tenant_memory_bytes,
                "{name}"
            );
            let slot = board.image.map_or(u64::MAX, |image| image.slot_bytes);
            assert!(budgets.binary_bytes < slot, "{name}");
        }
    }

    #[test]
    fn how_a_board_is_built_and_booted_is_read() {
        let board = Board::load("raspberry-pi-4", Path::new(".")).unwrap();
        assert_eq!(board.cpu.as_deref(), Some("cortex-a72"));
        assert_eq!(board.cpu_features, ["-aes", "-sha2"]);
        assert_eq!(board.build_features, None);
        assert_eq!(board.boot.method, BootMethod::RaspberryPi);
        assert_eq!(board.boot.kernel, Kernel::Debian);
        assert!(!board.boot.recovery_shell);
        assert_eq!(board.watchdog.as_deref(), Some("/dev/watchdog0"));
        assert_eq!(board.image.unwrap().boot_bytes, 64 << 20);
        let board = Board::load("generic-x86-64", Path::new(".")).unwrap();
        assert_eq!(board.boot, Boot::default());
        assert_eq!(board.image, None);
    }

    #[test]
    fn an_unknown_name_lists_what_there_is() {
        let error = Board::load("generic-x86_64", Path::new(".")).unwrap_err();
        assert!(
            error.to_string().contains("did you mean `generic-x86-64`?"),
            "{error}"
        );
    }

    fn check(change: (&str, &str), expect: &str) {
        let text = KNOWN[0].1.replace(change.0, change.1);
        assert_ne!(text, KNOWN[0].1, "`{}` is not in the file", change.0);
        let problems = Board::parse("b.toml", &text).unwrap_err();
        let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert!(
            all.iter().any(|problem| problem.contains(expect)),
            "{all:?}\nshould contain {expect}"
        );
    }

    #[test]
    fn a_slice_is_neither_too_short_nor_too_long() {
        let set = "slice-fuel = 200_000";
        check(
            (set, "slice-fuel = 9_999"),
            "b.toml:12:14: `slice-fuel` is 9999; it must be 10000 to 2000000; raise it",
        );
        check(
            (set, "slice-fuel = 2_000_001"),
            "b.toml:12:14: `slice-fuel` is 2000001; it must be 10000 to 2000000; lower it",
        );
        for least_or_most in [10_000, 2_000_000] {
            let text = KNOWN[0]
                .1
                .replace(set, &format!("slice-fuel = {least_or_most}"));
            let board = Board::parse("b.toml", &text).unwrap();
            assert_eq!(board.slice_fuel, least_or_most);
        }
    }

    #[test]
    fn mistakes_are_told() {
        check(
            ("cores =", "kores ="),
            "unknown key `kores`; did you mean `cores`?",
        );
        check(("cores =", "kores ="), "`cores` is missing");
        check(
            ("cores = 2", "cores = 0"),
            "`cores` is 0; it must be 1 to 256",
        );
        check(("\"x86_64\"", "\"x86\""), "unknown value `x86`");
        check(
            ("durability = \"acknowledged\"", "durability = \"never\""),
            "`never` is no durability",
        );
        check(
            (
                "durability = \"acknowledged\"",
                "durability = { interval-ms = 0 }",
            ),
            "`storage.durability.interval-ms` is 0",
        );
        check(
            ("tenant-memory = ", "tenant-memory = \"900 TiB\" #"),
            "more than the board's",
        );
        check(("cpu-ms = ", "cpu-ms = 0 #"), "`ceilings.cpu-ms` is 0 ms");
        let cores = "cores = 2";
        check(
            (cores, "cores = 2\ncpu = \"cortex a7\""),
            "`cpu` is `cortex a7`",
        );
        check(
            (cores, "cores = 2\ncpu-features = [\"+neon\"]"),
            "`cpu-features` has `+neon`",
        );
        check(
            (cores, "cores = 2\nbuild-features = [\"a,b\"]"),
            "`build-features` has `a,b`",
        );
        check(
            (cores, "cores = 2\nwatchdog = \"watchdog\""),
            "`watchdog` is `watchdog`",
        );
        check(
            ("[storage]", "[boot]\nmethod = \"grub\"\n[storage]"),
            "unknown value `grub`",
        );
        check(
            ("[storage]", "[image]\nslot = \"64 MiB\"\n[storage]"),
            "there is an `image`, but `boot.method` is `none`",
        );
        check(
            ("[storage]", "[image]\nslot = 1048577\n[storage]"),
            "`image.slot` is 1048577",
        );
    }
}
