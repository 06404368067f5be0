//! `sizes`: what the shipped binary weighs, against the board's budget and an earlier build.

use crate::{boards, build, workspace};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The arguments of `sizes`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Keeps the sizes, to compare with later.
    #[arg(long)]
    save: bool,

    /// Shows the difference to the kept sizes.
    #[arg(long)]
    compare: bool,

    /// The board whose budget counts: a file in `boards/` without `.toml`.
    #[arg(long, default_value = "generic-x86-64")]
    board: String,
}

/// Sizes in bytes by what they are of: the whole file, and its larger sections.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Sizes(BTreeMap<String, u64>);

const WHOLE: &str = "postern";
/// Sections below this are not told one by one.
const SECTION_MIN: u64 = 4096;

/// Builds, shows, compares; fails if the budget is exceeded.
pub fn run(arguments: &Arguments) -> Result<()> {
    let budget = boards::load(&arguments.board)?.budgets.binary_bytes;
    let binary = build::release()?;
    let bytes =
        std::fs::read(&binary).with_context(|| format!("cannot read {}", binary.display()))?;
    let mut sizes = Sizes::default();
    sizes.0.insert(WHOLE.into(), bytes.len() as u64);
    for (name, size) in sections(&bytes).context("the binary is no ELF file of 64 bits")? {
        if size >= SECTION_MIN {
            sizes.0.insert(name, size);
        }
    }

    let kept = workspace::target().join("sizes.json");
    let earlier = if arguments.compare {
        Some(load(&kept)?)
    } else {
        None
    };
    show(&sizes, earlier.as_ref());
    if arguments.save {
        std::fs::write(&kept, serde_json::to_vec_pretty(&sizes)?)
            .with_context(|| format!("cannot write {}", workspace::shown(&kept)))?;
        println!("kept in {}", workspace::shown(&kept));
    }

    let size = bytes.len() as u64;
    println!(
        "{size} of {budget} bytes that board {} allows ({} %)",
        arguments.board,
        size * 100 / budget
    );
    if size > budget {
        bail!(
            "the binary has {} bytes too many for board {}",
            size - budget,
            arguments.board
        );
    }
    Ok(())
}

fn show(sizes: &Sizes, earlier: Option<&Sizes>) {
    let mut rows: Vec<(&String, &u64)> = sizes.0.iter().collect();
    rows.sort_by_key(|(_, size)| std::cmp::Reverse(**size));
    for (name, size) in rows {
        match earlier {
            None => println!("{size:>10}  {name}"),
            Some(earlier) => {
                let before = earlier.0.get(name).copied().unwrap_or(0);
                println!(
                    "{size:>10}  {:>+9}  {name}",
                    size.wrapping_sub(before).cast_signed()
                );
            }
        }
    }
}

fn load(kept: &PathBuf) -> Result<Sizes> {
    let text = std::fs::read(kept).with_context(|| {
        format!(
            "nothing is kept in {}; run with --save first",
            workspace::shown(kept)
        )
    })?;
    serde_json::from_slice(&text).with_context(|| format!("{} is damaged", workspace::shown(kept)))
}

/// The names and sizes of an ELF file's sections that take room in it.
fn sections(file: &[u8]) -> Option<Vec<(String, u64)>> {
    const NO_BITS: u32 = 8;
    let u16_at = |at: usize| Some(u16::from_le_bytes(file.get(at..at + 2)?.try_into().ok()?));
    let u32_at = |at: usize| Some(u32::from_le_bytes(file.get(at..at + 4)?.try_into().ok()?));
    let u64_at = |at: usize| Some(u64::from_le_bytes(file.get(at..at + 8)?.try_into().ok()?));
    let offset_at = |at: usize| usize::try_from(u64_at(at)?).ok();
    if file.get(..6)? != b"\x7fELF\x02\x01" {
        return None;
    }
    let table = offset_at(0x28)?;
    let entry = usize::from(u16_at(0x3a)?);
    let count = usize::from(u16_at(0x3c)?);
    let names = offset_at(table + usize::from(u16_at(0x3e)?) * entry + 0x18)?;
    (0..count)
        .map(|index| table + index * entry)
        .filter(|header| u32_at(header + 4) != Some(NO_BITS))
        .map(|header| {
            let start = names + usize::try_from(u32_at(header)?).ok()?;
            let name: &[u8] = file.get(start..)?.split(|byte| *byte == 0).next()?;
            Some((
                String::from_utf8_lossy(name).into_owned(),
                u64_at(header + 0x20)?,
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn sections_of_this_program_are_found() {
        let file = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let found = sections(&file).unwrap();
        assert!(
            found
                .iter()
                .any(|(name, size)| name == ".text" && *size > 0)
        );
        assert_eq!(sections(b"#!/bin/sh"), None);
        assert_eq!(sections(&file[..100]), None);
    }
}
