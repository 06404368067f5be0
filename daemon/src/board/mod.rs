//! What a machine is and may spend: its board file, read, checked and explained.
//!
//! A board says facts (architecture, RAM, cores, how much fuel a millisecond is worth) and
//! budgets (what the daemon may use of it). An operator's wishes live in `postern.toml`.

mod raw;

use crate::config::Problem;
use crate::config::document::{Document, suggest};
use crate::engine::limits::Limits;
use serde::Serialize;
use std::path::Path;

/// The boards that this binary knows by name, and their files.
pub const KNOWN: [(&str, &str); 2] = [
    (
        "generic-x86-64",
        include_str!("../../../boards/generic-x86-64.toml"),
    ),
    (
        "qemu-arm64",
        include_str!("../../../boards/qemu-arm64.toml"),
    ),
];

/// The board taken when nobody names one.
pub const DEFAULT: &str = if cfg!(target_arch = "x86_64") {
    "generic-x86-64"
} else {
    "qemu-arm64"
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
    /// Bytes of the stripped binary.
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
            let text = crate::config::read_text(&path).map_err(|error| BoardError::Read {
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
    }
}
