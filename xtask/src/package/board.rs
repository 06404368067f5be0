//! What a package needs to know of a board.

use crate::{build, workspace};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;

/// The board that a package is for.
pub struct Board {
    /// Its name.
    pub name: String,
    architecture: String,
    ram: u64,
    /// Bytes that the daemon may use, by the board's budgets.
    spent: u64,
}

/// Bytes of a judge, of which there are two: see docs/architecture.md.
const JUDGES: u64 = 20 << 20;
/// Bytes of a connection's buffers.
const CONNECTION: u64 = 64 << 10;

impl Board {
    /// The board of this name.
    pub fn load(name: &str) -> Result<Self> {
        let file = workspace::root()
            .join("boards")
            .join(format!("{name}.toml"));
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("there is no board file {}", workspace::shown(&file)))?;
        let table: toml::Table = toml::from_str(&text).with_context(|| workspace::shown(&file))?;
        let bytes = |value: Option<&toml::Value>| value.and_then(crate::sizes::amount);
        let budgets = table.get("budgets").and_then(|it| it.as_table());
        let budget = |key| bytes(budgets?.get(key));
        let spent = || {
            Some(
                budget("tenant-memory")?
                    + budget("store-cache")?
                    + budget("log-bytes")?
                    + budget("idle-rss")?
                    + budget("connections")? * CONNECTION
                    + JUDGES,
            )
        };
        let missing = || format!("{} has not all it should", workspace::shown(&file));
        Ok(Self {
            name: name.to_owned(),
            architecture: table["architecture"]
                .as_str()
                .with_context(missing)?
                .to_owned(),
            ram: bytes(table.get("ram-bytes")).with_context(missing)?,
            spent: spent().with_context(missing)?,
        })
    }

    /// The architecture as Debian names it.
    pub fn arch(&self) -> Result<&'static str> {
        match self.architecture.as_str() {
            "x86_64" => Ok("amd64"),
            "aarch64" => Ok("arm64"),
            "arm" => Ok("armhf"),
            other => bail!("Debian has no architecture for {other}"),
        }
    }

    /// Bytes that the service may use: what the budgets add up to, but never all of the machine.
    pub fn memory_max(&self) -> u64 {
        self.spent.min(self.ram / 8 * 7)
    }

    /// The binary for it, built.
    pub fn binary(&self) -> Result<PathBuf> {
        if self.architecture != std::env::consts::ARCH {
            bail!("this machine cannot build for {} yet", self.architecture);
        }
        build::release()
    }
}
