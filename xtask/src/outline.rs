//! Having instructions that occur again and again put into functions of their own, in boards' builds for
//! 32-bit Arm: LLVM's outliner, kept off what is built for speed.
//!
//! A sixth of the interpreter's speed goes with it otherwise, and on this architecture LLVM has no
//! setting between all and nothing but this: outlining of cold functions. So what is built for size
//! alone (`opt-level = "z"`) is called cold as a whole. On aarch64 LLVM outlines by itself from what is
//! built for size alone.

use crate::elf::{Elf, Section};
use crate::{workspace, zig};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;

/// What rustc is told: instructions of cold functions are outlined.
pub const FLAG: &str = "-Cllvm-args=-enable-machine-outliner=conservative-pgo";

/// What stands between cargo and rustc. A program itself is left alone: where it is linked, the
/// attribute would be given to all that is in it.
const WRAPPER: &str = r#"#!/bin/sh
case " $* " in
*" --crate-type bin "*) ;;
*" opt-level=z "*) set -- "$@" -Cllvm-args=-force-attribute=cold ;;
esac
exec "$@"
"#;

/// Puts the program in its place that cargo calls in place of rustc.
pub fn wrapper() -> Result<PathBuf> {
    let folder = workspace::cache().join("outline");
    workspace::create_dir(&folder)?;
    zig::put(&folder.join("rustc"), WRAPPER)
}

/// What the names of outlined functions begin with.
const OUTLINED: &str = "OUTLINED_FUNCTION_";

/// Entries of `.ARM.exidx` (Exception Handling ABI for the Arm Architecture, 10.3), a word each: what is
/// to be undone of a function's frame.
///
/// Nothing.
const NO_FRAME: u32 = 0x80b0_b0b0;
/// `pop {lr}`, and no more.
const LR: u32 = 0x8084_00b0;
/// `pop {lr}`, and four bytes more.
const LR_OF_EIGHT: u32 = 0x8084_0000;
/// Nothing is thrown in it.
const NEVER: u32 = 1;

/// `str lr, [sp, #-8]!` in Thumb code, as it lies in memory: what such a function begins with.
const KEEPS_LR: [u8; 4] = [0x4d, 0xf8, 0x08, 0xed];

/// A function, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Function<'a> {
    start: u64,
    name: &'a str,
    /// Whether it begins with `KEEPS_LR`.
    keeps_lr: bool,
}

impl Function<'_> {
    fn is_outlined(&self) -> bool {
        self.name.starts_with(OUTLINED)
    }
}

/// Corrects what LLVM tells the unwinder of outlined functions: those that call others keep `lr` in eight
/// bytes of the stack (`str lr, [sp, #-8]!`), and it tells of four. A panic below one of them would end
/// the process. How many entries were corrected.
///
/// # Errors
/// If something else is told of one, it does something else, or the same entry is about other functions.
pub fn mend(file: &mut [u8]) -> Result<usize> {
    let elf = Elf::read(file).context("the binary is no ELF file")?;
    let table = elf
        .sections
        .iter()
        .find(|section| section.name == ".ARM.exidx")
        .context("the binary has no .ARM.exidx")?;
    let length = usize::try_from(table.size)?;
    let bytes = file
        .get(table.offset..table.offset + length)
        .context(".ARM.exidx is cut off")?;
    let mut functions: Vec<Function<'_>> = elf
        .symbols
        .iter()
        .map(|symbol| {
            let start = symbol.address & !1;
            Function {
                start,
                name: &symbol.name,
                keeps_lr: begins_with(file, elf.sections.get(symbol.section), start, KEEPS_LR),
            }
        })
        .collect();
    functions.sort_unstable();
    let entries: Vec<(u64, u32)> = bytes
        .chunks_exact(8)
        .zip(0..)
        .map(|(entry, index)| {
            let word =
                |at| u32::from_le_bytes([entry[at], entry[at + 1], entry[at + 2], entry[at + 3]]);
            // 31 bits with a sign, from where they are.
            let from = (word(0) << 1).cast_signed() >> 1;
            let place = table.address + index * 8;
            (place.wrapping_add_signed(from.into()), word(4))
        })
        .collect();
    let (wrong, table) = (wrong(&entries, &functions)?, table.offset);
    for index in &wrong {
        file[table + index * 8 + 4..][..4].copy_from_slice(&LR_OF_EIGHT.to_le_bytes());
    }
    Ok(wrong.len())
}

/// Whether these bytes are at an address of a section.
fn begins_with(file: &[u8], section: Option<&Section>, address: u64, bytes: [u8; 4]) -> bool {
    section
        .and_then(|section| {
            let from = usize::try_from(address.checked_sub(section.address)?).ok()?;
            file.get(section.offset.checked_add(from)?..)
        })
        .is_some_and(|code| code.starts_with(&bytes))
}

/// Which of the entries, a start and a word each, are to be corrected. Both lists are in order; an entry
/// is about all functions up to the next one.
fn wrong(entries: &[(u64, u32)], functions: &[Function<'_>]) -> Result<Vec<usize>> {
    let mut wrong = Vec::new();
    for (index, (start, word)) in entries.iter().enumerate() {
        let end = entries.get(index + 1).map_or(u64::MAX, |next| next.0);
        let first = functions.partition_point(|function| function.start < *start);
        let last = functions.partition_point(|function| function.start < end);
        let about = &functions[first.min(last)..last];
        if !about.iter().any(Function::is_outlined) {
            continue;
        }
        let keeps_lr = match *word {
            // Whether there is a frame does not matter.
            NEVER => continue,
            NO_FRAME => false,
            LR | LR_OF_EIGHT => true,
            other => bail!("outlined functions are unwound by {other:#x}, which is not known"),
        };
        if let Some(other) = about
            .iter()
            .find(|it| it.is_outlined() && it.keeps_lr != keeps_lr)
        {
            bail!(
                "{} is unwound by {word:#x}, and is not made like that",
                other.name
            );
        }
        if *word == LR {
            if let Some(other) = about.iter().find(|it| !it.is_outlined()) {
                let other = other.name;
                bail!("what unwinds outlined functions unwinds {other}, too");
            }
            wrong.push(index);
        }
    }
    Ok(wrong)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn function(start: u64, name: &str, keeps_lr: bool) -> Function<'_> {
        Function {
            start,
            name,
            keeps_lr,
        }
    }

    #[test]
    fn frames_of_outlined_functions_are_corrected() {
        let functions = [
            function(0x10, "main", true),
            function(0x20, "OUTLINED_FUNCTION_0", true),
            function(0x30, "OUTLINED_FUNCTION_1", true),
            function(0x40, "OUTLINED_FUNCTION_2", false),
            function(0x50, "leaf", false),
        ];
        let check = |entries: &[(u64, u32)], expect: &[usize]| {
            assert_eq!(wrong(entries, &functions).unwrap(), expect);
        };
        check(&[(0x10, LR), (0x20, LR), (0x40, NO_FRAME)], &[1]);
        check(
            &[
                (0x10, NO_FRAME),
                (0x20, LR_OF_EIGHT),
                (0x30, NEVER),
                (0x40, NO_FRAME),
            ],
            &[],
        );
        check(
            &[(0x20, LR), (0x30, LR), (0x40, NO_FRAME), (0x50, 7)],
            &[0, 1],
        );
        let refused = |entries: &[(u64, u32)]| wrong(entries, &functions).unwrap_err();
        // A function of its own shares the entry, or it says what is not known.
        refused(&[(0x10, LR), (0x40, NO_FRAME)]);
        refused(&[(0x10, 0x8001_b0b0)]);
        // What is told is not what the function does.
        refused(&[(0x20, NO_FRAME), (0x40, NO_FRAME)]);
        refused(&[(0x20, LR), (0x50, NO_FRAME)]);
    }

    #[test]
    fn code_is_found_by_its_address() {
        let section = Section {
            name: ".text".into(),
            address: 0x1000,
            offset: 2,
            size: 8,
            empty: false,
            loaded: true,
        };
        let file = [0, 0, 1, 2, 0x4d, 0xf8, 0x08, 0xed];
        let found = |address| begins_with(&file, Some(&section), address, KEEPS_LR);
        assert!(found(0x1002));
        assert!(!found(0x1000) && !found(0x1004) && !found(0xfff) && !found(u64::MAX));
        assert!(!begins_with(&file, None, 0x1002, KEEPS_LR));
    }
}
