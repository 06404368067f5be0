//! Which pages of this process are in RAM, as the system tells (`/proc/self/pagemap`).

use std::fs::File;
use std::os::unix::fs::FileExt;

/// Bytes of an entry of the table.
const ENTRY: usize = 8;

/// The table, opened.
#[derive(Debug)]
pub struct PageMap(File);

/// What it says of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry(u64);

impl Entry {
    /// Whether it is in RAM.
    pub fn is_present(self) -> bool {
        self.0 & (1 << 63) != 0
    }

    /// Whether it was moved out of RAM.
    pub fn is_swapped(self) -> bool {
        self.0 & (1 << 62) != 0
    }

    /// Whether it is a file's.
    pub fn is_of_a_file(self) -> bool {
        self.0 & (1 << 61) != 0
    }
}

impl PageMap {
    /// Opens it.
    ///
    /// # Errors
    /// When the system has none.
    pub fn open() -> std::io::Result<Self> {
        File::open("/proc/self/pagemap").map(Self)
    }

    /// What it says of each page that has some of the `len` bytes from the address `at` on.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn entries(
        &self,
        at: usize,
        len: usize,
    ) -> std::io::Result<impl Iterator<Item = Entry> + use<>> {
        let page = rustix::param::page_size();
        let first = at / page;
        let count = (at + len).div_ceil(page) - first;
        let mut table = vec![0; count * ENTRY];
        self.0.read_exact_at(&mut table, (first * ENTRY) as u64)?;
        Ok((0..count).map(move |index| {
            let mut entry = [0; ENTRY];
            entry.copy_from_slice(&table[index * ENTRY..][..ENTRY]);
            Entry(u64::from_ne_bytes(entry))
        }))
    }

    /// Bytes of these pages that are in RAM.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn resident(&self, at: usize, len: usize) -> std::io::Result<u64> {
        let present = self.entries(at, len)?.filter(|entry| entry.is_present());
        Ok((present.count() * rustix::param::page_size()) as u64)
    }
}
