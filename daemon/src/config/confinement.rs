//! `[confinement]`: what the process keeps of the system beside what it needs.

use super::document::Document;
use serde::Serialize;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// Paths in each list.
const PATHS_MAX: usize = 64;

/// What the process gives up, and what it keeps beside what it needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Confinement {
    /// Whether it gives up anything.
    pub mode: Mode,
    /// More that can be read.
    pub read: Vec<PathBuf>,
    /// More that can be changed.
    pub write: Vec<PathBuf>,
    /// Programs, and folders of programs, that can be started.
    pub run: Vec<PathBuf>,
}

/// How much of it must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// What the kernel has.
    On,
    /// All, or the daemon does not start.
    Required,
    /// Nothing.
    Off,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct RawConfinement {
    mode: Option<Mode>,
    read: Option<Spanned<Vec<PathBuf>>>,
    write: Option<Spanned<Vec<PathBuf>>>,
    run: Option<Spanned<Vec<PathBuf>>>,
}

pub(super) fn check(document: &mut Document<'_>, raw: RawConfinement, base: &Path) -> Confinement {
    let mut paths = |key: &str, paths: Option<Spanned<Vec<PathBuf>>>| {
        let Some(paths) = paths else {
            return Vec::new();
        };
        let (span, paths) = (paths.span(), paths.into_inner());
        if paths.len() > PATHS_MAX {
            document.problem(
                Some(span),
                format!(
                    "confinement.{key} has {} paths, the limit is {PATHS_MAX}",
                    paths.len()
                ),
                "name the folders that they are in",
            );
        }
        paths.iter().map(|path| base.join(path)).collect()
    };
    Confinement {
        mode: raw.mode.unwrap_or(Mode::On),
        read: paths("read", raw.read),
        write: paths("write", raw.write),
        run: paths("run", raw.run),
    }
}
