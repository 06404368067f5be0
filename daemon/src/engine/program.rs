//! The pages of this program's own code.
//!
//! A start reads the command line, the configuration and the whole store, a push reads forms and
//! metadata: code that requests never need. The system keeps it mapped until memory is short
//! somewhere; a mapped page counts as this process's and is the last of a file's to go.

use rustix::mm::Advice;
use std::ops::Range;

/// Lets go of all code; what is needed is mapped again when it runs, from the system's cache of
/// files and not from the disk.
pub fn let_go() {
    let Ok(maps) = std::fs::read_to_string("/proc/self/maps") else {
        return;
    };
    for range in maps.lines().filter_map(code) {
        // SAFETY: the range is code mapped from a file, which nobody writes to: what is mapped
        // again is what was there. Addresses that were unmapped meanwhile, which libraries that
        // were linked at the start never are, would make this fail.
        let advised = unsafe {
            rustix::mm::madvise(
                std::ptr::without_provenance_mut(range.start),
                range.len(),
                Advice::LinuxDontNeed,
            )
        };
        debug_assert!(advised.is_ok(), "{range:x?} is a mapping");
    }
}

/// The addresses of a line of `/proc/self/maps` that is code from a file.
fn code(line: &str) -> Option<Range<usize>> {
    let mut fields = line.split_ascii_whitespace();
    let (addresses, access) = (fields.next()?, fields.next()?);
    let path = fields.nth(3)?;
    if access != "r-xp" || !path.starts_with('/') {
        return None;
    }
    let (start, end) = addresses.split_once('-')?;
    let address = |text| usize::from_str_radix(text, 16).ok();
    Some(address(start)?..address(end)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_from_files_is_let_go() {
        let check = |line: &str, expect: Option<Range<usize>>| assert_eq!(code(line), expect);
        check(
            "55d0a000-55d0b000 r-xp 00001000 fe:01 1234   /usr/bin/postern",
            Some(0x55d0_a000..0x55d0_b000),
        );
        check(
            "55d0a000-55d0b000 r--p 00001000 fe:01 1234   /usr/bin/postern",
            None,
        );
        check(
            "55d0a000-55d0b000 rw-p 00001000 fe:01 1234   /usr/bin/postern",
            None,
        );
        check("7ffd0000-7ffd2000 r-xp 00000000 00:00 0      [vdso]", None);
        check("7ffd0000-7ffd2000 r-xp 00000000 00:00 0", None);
        check("nonsense", None);
    }

    #[test]
    fn a_program_goes_on_without_its_pages() {
        let_go();
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
        assert!(maps.lines().any(|line| code(line).is_some()), "{maps}");
    }
}
