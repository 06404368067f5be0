//! Having instructions that occur again and again put into functions of their own, in boards' builds for
//! 32-bit Arm: LLVM's outliner, kept off what is built for speed.
//!
//! A sixth of the interpreter's speed goes with it otherwise, and on this architecture LLVM has no
//! setting between all and nothing but this: outlining of cold functions. So what is built for size
//! alone (`opt-level = "z"`) is called cold as a whole. On aarch64 LLVM outlines by itself from what is
//! built for size alone.

use crate::elf::Elf;
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

/// Corrects what LLVM tells the unwinder of outlined functions: those that call others keep `lr` in eight
/// bytes of the stack (`str lr, [sp, #-8]!`), and it tells of four. A panic below one of them would end
/// the process. How many entries were corrected.
///
/// # Errors
/// If something else is told of one, or the same entry is about other functions.
pub fn mend(file: &mut [u8]) -> Result<usize> {
    let elf = Elf::read(file).context("the binary is no ELF file")?;
    let table = elf
        .sections
        .iter()
        .find(|section| section.name == ".ARM.exidx")
        .context("the binary has no .ARM.exidx")?;
    let length = usize::try_from(table.size)?;
    let bytes = file
        .get_mut(table.offset..table.offset + length)
        .context(".ARM.exidx is cut off")?;
    let mut functions: Vec<(u64, &str)> = elf
        .symbols
        .iter()
        .map(|symbol| (symbol.address & !1, symbol.name.as_str()))
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
    let wrong = wrong(&entries, &functions)?;
    for index in &wrong {
        bytes[index * 8 + 4..][..4].copy_from_slice(&LR_OF_EIGHT.to_le_bytes());
    }
    Ok(wrong.len())
}

/// Which of the entries, a start and a word each, are to be corrected. Both lists are in order; an entry
/// is about all functions up to the next one.
fn wrong(entries: &[(u64, u32)], functions: &[(u64, &str)]) -> Result<Vec<usize>> {
    let mut wrong = Vec::new();
    for (index, (start, word)) in entries.iter().enumerate() {
        let end = entries.get(index + 1).map_or(u64::MAX, |next| next.0);
        let first = functions.partition_point(|function| function.0 < *start);
        let last = functions.partition_point(|function| function.0 < end);
        let about = &functions[first.min(last)..last];
        if !about.iter().any(|(_, name)| name.starts_with(OUTLINED)) {
            continue;
        }
        match *word {
            NO_FRAME | NEVER | LR_OF_EIGHT => {}
            LR => {
                if let Some((_, other)) = about.iter().find(|it| !it.1.starts_with(OUTLINED)) {
                    bail!("what unwinds outlined functions unwinds {other}, too");
                }
                wrong.push(index);
            }
            other => bail!("outlined functions are unwound by {other:#x}, which is not known"),
        }
    }
    Ok(wrong)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn frames_of_outlined_functions_are_corrected() {
        let functions = [
            (0x10, "main"),
            (0x20, "OUTLINED_FUNCTION_0"),
            (0x30, "OUTLINED_FUNCTION_1"),
            (0x40, "OUTLINED_FUNCTION_2"),
            (0x50, "leaf"),
        ];
        let check = |entries: &[(u64, u32)], expect: &[usize]| {
            assert_eq!(wrong(entries, &functions).unwrap(), expect);
        };
        check(&[(0x10, LR), (0x20, LR), (0x40, NO_FRAME)], &[1]);
        check(&[(0x10, NO_FRAME), (0x20, LR_OF_EIGHT), (0x40, NEVER)], &[]);
        check(
            &[(0x20, LR), (0x30, NO_FRAME), (0x40, LR), (0x50, 7)],
            &[0, 2],
        );
        // A function of its own shares the entry, or it says what is not known.
        assert!(wrong(&[(0x10, NO_FRAME), (0x40, LR)], &functions).is_err());
        assert!(wrong(&[(0x10, 0x8001_b0b0)], &functions).is_err());
    }
}
