//! `sizes`: what a shipped binary weighs, by section and by crate, against its board's budget and an
//! earlier build.

use crate::elf::{Elf, Section, Symbol};
use crate::{boards, build, workspace};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The arguments of `sizes`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Keeps the sizes, to compare with later.
    #[arg(long)]
    save: bool,

    /// Shows the difference to the kept sizes.
    #[arg(long)]
    compare: bool,

    /// The board that it is built for, and whose budget must be kept: a file in `boards/` without
    /// `.toml`. The release binary for this machine without it.
    #[arg(long)]
    board: Option<String>,
}

/// Sizes in bytes by what they are of: the whole file, its larger sections, the larger crates.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Sizes(BTreeMap<String, u64>);

const WHOLE: &str = "postern";
/// The section of the JavaScript engine's module, which no budget counts.
const JAVASCRIPT: &str = ".postern.javascript";
/// What is below this is not told one by one.
const LEAST: u64 = 4096;

/// Builds, shows, compares; fails if the budget is exceeded.
pub fn run(arguments: &Arguments) -> Result<()> {
    let board = arguments.board.as_deref().map(boards::load).transpose()?;
    let (binary, symbols, folder) = match &board {
        None => (build::release()?, None, workspace::target()),
        Some(board) => {
            let built = build::for_board(board)?;
            (built.binary, Some(built.symbols), boards::folder(board))
        }
    };
    let bytes = read(&binary)?;
    let elf = Elf::read(&bytes).context("the binary is no ELF file")?;
    let mut sizes = Sizes::default();
    sizes.0.insert(WHOLE.into(), bytes.len() as u64);
    for section in elf.sections.iter().filter(|section| !section.empty) {
        if section.size >= LEAST {
            *sizes.0.entry(section.name.clone()).or_default() += section.size;
        }
    }
    if let Some(symbols) = symbols {
        let elf = Elf::read(&read(&symbols)?).context("the binary is no ELF file")?;
        for (name, size) in crates(&elf) {
            if size >= LEAST {
                sizes.0.insert(name, size);
            }
        }
    }

    let kept = folder.join("sizes.json");
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

    let engine = elf.section(JAVASCRIPT);
    let size = bytes.len() as u64 - engine;
    println!(
        "{} bytes, {size} without the JavaScript engine's module",
        bytes.len()
    );
    let Some(board) = board else {
        return Ok(());
    };
    let budget = board.budgets.binary_bytes;
    println!(
        "{size} of {budget} bytes that board {} allows ({} %)",
        board.name,
        size * 100 / budget
    );
    if size > budget {
        bail!(
            "the binary has {} bytes too many for board {}",
            size - budget,
            board.name
        );
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", workspace::shown(path)))
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

/// The bytes of each crate, and of what no symbol names.
fn crates(elf: &Elf) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    let mut counted = BTreeSet::new();
    let mut named: BTreeMap<usize, u64> = BTreeMap::new();
    let shipped = |section: &Section| section.loaded && !section.empty;
    for symbol in &elf.symbols {
        let section = elf.sections.get(symbol.section);
        if !section.is_some_and(|section| shipped(section) && section.name != JAVASCRIPT) {
            continue;
        }
        // Equal functions may have been folded into one.
        if counted.insert(symbol.address & !1) {
            *all.entry(crate_of(symbol)).or_default() += symbol.size;
            *named.entry(symbol.section).or_default() += symbol.size;
        }
    }
    for (index, section) in elf.sections.iter().enumerate() {
        if shipped(section) && [".text", ".rodata", ".data.rel.ro"].contains(&&*section.name) {
            let rest = section
                .size
                .saturating_sub(named.get(&index).copied().unwrap_or(0));
            all.insert(format!("({} without a name)", section.name), rest);
        }
    }
    all
}

/// The crate that a symbol is counted to: the first one outside of the standard library that its
/// name names, since what is generic is there for whom it was made.
fn crate_of(symbol: &Symbol) -> String {
    let Ok(name) = rustc_demangle::try_demangle(&symbol.name) else {
        return match symbol.name.starts_with("ring_core_") {
            true => "ring, C and assembler".into(),
            false => "(C)".into(),
        };
    };
    let name = format!("{name:#}");
    let mut standard = None;
    for (crate_name, _) in paths(&name) {
        match crate_name {
            "core" | "alloc" | "std" | "compiler_builtins" | "hashbrown" => {
                standard.get_or_insert(crate_name);
            }
            other => return other.to_owned(),
        }
    }
    standard.unwrap_or("(other)").to_owned()
}

/// The first words of the paths in a demangled name, and where they are.
fn paths(name: &str) -> impl Iterator<Item = (&str, usize)> {
    let is_word = |char: char| char.is_alphanumeric() || char == '_';
    name.match_indices("::").filter_map(move |(end, _)| {
        let before = &name[..end];
        let start = before.rfind(|char| !is_word(char)).map_or(0, |at| {
            at + before[at..].chars().next().map_or(1, char::len_utf8)
        });
        let first = start < end && !before[..start].ends_with("::");
        let word = &before[start..];
        (first && !word.starts_with(|char: char| char.is_ascii_digit())).then_some((word, start))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, of: &str) {
        let symbol = Symbol {
            name: name.into(),
            address: 0,
            size: 1,
            section: 0,
        };
        assert_eq!(crate_of(&symbol), of, "{name}");
    }

    #[test]
    fn symbols_are_counted_to_crates() {
        check("memcpy", "(C)");
        check("ring_core_0_17_14__bn_mul_mont", "ring, C and assembler");
        check("_RNvNtCs1234_7mycrate3foo3bar", "mycrate");
        check(
            "_RINvNtC3std3mem8align_ofNtNtC3std3mem12DiscriminantE",
            "std",
        );
        check(
            "_RINvNtCs1_4core3ptr13drop_in_placeNtNtCs2_4sled2db2DbE",
            "sled",
        );
        check("_ZN5wasmi6engine3run17h0123456789abcdefE", "wasmi");
    }

    #[test]
    fn paths_of_a_name_are_found() {
        let found = |name| paths(name).map(|(word, _)| word).collect::<Vec<_>>();
        assert_eq!(
            found("<sled::Db as core::fmt::Debug>::fmt"),
            ["sled", "core"]
        );
        assert_eq!(found("core::ptr::drop_in_place::<[u8; 4]>"), ["core"]);
        assert!(found("main").is_empty());
    }
}
