//! A file's bytes as memory that this process shares with the system: what is put there outlives the
//! process, without a system call.
//!
//! Only on file systems that write a block in its place again: where one may look for room when a page
//! is written, as on flash, a full disk would end the process, and who writes has to ask the system.

use rustix::fs::{FileType, FsWord};
use rustix::mm::{MapFlags, ProtFlags};
use std::fs::File;
use std::ptr::NonNull;

/// File systems that do (`statfs(2)`): ext4 and its forebears, XFS, tmpfs.
const IN_PLACE: [FsWord; 3] = [0xef53, 0x5846_5342, 0x0102_1994];
/// Bytes of what is put there.
const WORD: usize = 8;

/// The first bytes of a file.
#[derive(Debug)]
pub struct Mapped {
    base: NonNull<u8>,
    len: usize,
}

// SAFETY: the mapping belongs to this value alone, whichever thread has it.
unsafe impl Send for Mapped {}

impl Mapped {
    /// So many bytes of a file that may be read and written, whether it has them yet or not; `None`
    /// where that cannot be had.
    pub fn of(file: &File, len: usize) -> Option<Self> {
        let kind = rustix::fs::fstat(file).ok()?.st_mode;
        let system = rustix::fs::fstatfs(file).ok()?.f_type;
        if FileType::from_raw_mode(kind) != FileType::RegularFile || !IN_PLACE.contains(&system) {
            return None;
        }
        // SAFETY: a new mapping, where the system chooses.
        let base = unsafe {
            rustix::mm::mmap(
                std::ptr::null_mut(),
                len,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::SHARED,
                file,
                0,
            )
        };
        let base = NonNull::new(base.ok()?.cast())?;
        Some(Self { base, len })
    }

    /// Puts words, least byte first, `at` so many bytes from the beginning. The file must have them:
    /// the system ends a process that writes behind the end.
    ///
    /// # Panics
    /// Where there is no word, or none that is mapped.
    pub fn put(&mut self, at: usize, words: &[u64]) {
        let end = at + size_of_val(words);
        assert!(at.is_multiple_of(WORD) && end <= self.len, "no such word");
        for (index, word) in words.iter().enumerate() {
            // SAFETY: within the mapping, aligned, and nobody of this process has a reference into it.
            unsafe {
                let place = self.base.as_ptr().add(at + index * WORD);
                place.cast::<u64>().write_volatile(word.to_le());
            }
        }
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: the range is this value's, and nobody has a reference into it.
        let unmapped = unsafe { rustix::mm::munmap(self.base.as_ptr().cast(), self.len) };
        debug_assert!(unmapped.is_ok(), "unmapping what was mapped cannot fail");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_put_is_in_the_file() {
        let file = tempfile::tempfile().unwrap();
        let Some(mut mapped) = Mapped::of(&file, 8192) else {
            println!("skipped: this file system may look for room when a page is written");
            return;
        };
        file.set_len(4096).unwrap();
        mapped.put(4080, &[1, 0x0203]);
        drop(mapped);
        let mut bytes = [0; 16];
        std::os::unix::fs::FileExt::read_exact_at(&file, &mut bytes, 4080).unwrap();
        assert_eq!(bytes, [1, 0, 0, 0, 0, 0, 0, 0, 3, 2, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn only_files_are_mapped() {
        let full = File::options()
            .read(true)
            .write(true)
            .open("/dev/null")
            .unwrap();
        assert!(Mapped::of(&full, 4096).is_none());
    }
}
