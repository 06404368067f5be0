//! Reading ELF files of 32 and 64 bits, little-endian: their sections and symbols.

/// A file's sections and symbols.
pub struct Elf {
    /// The sections, in the order of the file.
    pub sections: Vec<Section>,
    /// What has a name and a size.
    pub symbols: Vec<Symbol>,
}

/// A section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its name.
    pub name: String,
    /// Where it is in memory.
    pub address: u64,
    /// Where it is in the file.
    pub offset: usize,
    /// Bytes that it has in memory, and in the file unless it is `empty`.
    pub size: u64,
    /// Whether the file holds none of it.
    pub empty: bool,
    /// Whether it is loaded.
    pub loaded: bool,
}

/// A function, or data with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// Its name, mangled.
    pub name: String,
    /// Where it is in memory.
    pub address: u64,
    /// Its bytes.
    pub size: u64,
    /// The section it is in, by its place in the list.
    pub section: usize,
}

/// Where a file's numbers are.
struct Reader<'a> {
    file: &'a [u8],
    wide: bool,
}

impl<'a> Reader<'a> {
    fn bytes<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.file.get(at..at.checked_add(N)?)?.try_into().ok()
    }

    fn half(&self, at: usize) -> Option<u16> {
        self.bytes(at).map(u16::from_le_bytes)
    }

    fn word(&self, at: usize) -> Option<u32> {
        self.bytes(at).map(u32::from_le_bytes)
    }

    /// A number as wide as an address.
    fn address(&self, at: usize) -> Option<u64> {
        if self.wide {
            self.bytes(at).map(u64::from_le_bytes)
        } else {
            self.word(at).map(u64::from)
        }
    }

    fn place(&self, at: usize) -> Option<usize> {
        usize::try_from(self.address(at)?).ok()
    }

    fn text(&self, at: usize) -> Option<&'a str> {
        let rest = self.file.get(at..)?;
        let end = rest.iter().position(|byte| *byte == 0)?;
        std::str::from_utf8(&rest[..end]).ok()
    }
}

const SYMBOL_TABLE: u32 = 2;
const NO_BITS: u32 = 8;
const ALLOCATED: u64 = 2;
const OBJECT: u8 = 1;
const FUNCTION: u8 = 2;

impl Elf {
    /// Reads a file; `None` if it is no such file, or broken.
    pub fn read(file: &[u8]) -> Option<Self> {
        let wide = match file.get(..6)? {
            b"\x7fELF\x02\x01" => true,
            b"\x7fELF\x01\x01" => false,
            _ => return None,
        };
        let reader = Reader { file, wide };
        let of = |narrow, wide_at| if wide { wide_at } else { narrow };
        let table = reader.place(of(0x20, 0x28))?;
        let entry = usize::from(reader.half(of(0x2e, 0x3a))?);
        let count = usize::from(reader.half(of(0x30, 0x3c))?);
        let names = usize::from(reader.half(of(0x32, 0x3e))?);
        let header = |index: usize| table + index * entry;
        let offset = |index: usize| reader.place(header(index) + of(0x10, 0x18));
        let names = offset(names)?;
        let mut elf = Self {
            sections: Vec::with_capacity(count),
            symbols: Vec::new(),
        };
        for index in 0..count {
            let at = header(index);
            let kind = reader.word(at + 4)?;
            let section = Section {
                name: reader
                    .text(names + usize::try_from(reader.word(at)?).ok()?)?
                    .to_owned(),
                address: reader.address(at + of(0x0c, 0x10))?,
                offset: offset(index)?,
                size: reader.address(at + of(0x14, 0x20))?,
                empty: kind == NO_BITS,
                loaded: reader.address(at + 8)? & ALLOCATED != 0,
            };
            if kind == SYMBOL_TABLE {
                let size = usize::try_from(section.size).ok()?;
                let strings = offset(usize::try_from(reader.word(at + of(0x18, 0x28))?).ok()?)?;
                elf.symbols = symbols(&reader, offset(index)?, size, strings)?;
            }
            elf.sections.push(section);
        }
        Some(elf)
    }

    /// The bytes of the sections of this name that the file holds.
    pub fn section(&self, name: &str) -> u64 {
        self.sections
            .iter()
            .filter(|section| section.name == name && !section.empty)
            .map(|section| section.size)
            .sum()
    }
}

fn symbols(reader: &Reader<'_>, at: usize, size: usize, strings: usize) -> Option<Vec<Symbol>> {
    let (entry, address, length, kind, section) = if reader.wide {
        (24, 8, 16, 4, 6)
    } else {
        (16, 4, 8, 12, 14)
    };
    let mut found = Vec::new();
    for at in (at..at.checked_add(size)?).step_by(entry) {
        let kind = reader.bytes::<1>(at + kind)?[0] & 0xf;
        let size = reader.address(at + length)?;
        if size == 0 || !(kind == FUNCTION || kind == OBJECT) {
            continue;
        }
        found.push(Symbol {
            name: reader
                .text(strings + usize::try_from(reader.word(at)?).ok()?)?
                .to_owned(),
            address: reader.address(at + address)?,
            size,
            section: usize::from(reader.half(at + section)?),
        });
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn sections_and_symbols_of_this_program_are_found() {
        let file = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let elf = Elf::read(&file).unwrap();
        assert!(elf.section(".text") > 0);
        let text = elf.sections.iter().position(|it| it.name == ".text");
        let read = elf
            .symbols
            .iter()
            .find(|symbol| symbol.name.contains("sections_and_symbols_of_this"))
            .unwrap();
        assert_eq!(Some(read.section), text);
        assert!(elf.sections[read.section].loaded);
    }

    #[test]
    fn other_files_are_refused() {
        let file = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(Elf::read(b"#!/bin/sh").is_none());
        assert!(Elf::read(&file[..100]).is_none());
        assert!(Elf::read(&file[..file.len() / 2]).is_none());
    }
}
