//! A file's bytes as memory that this process shares with the system: what is put there outlives the
//! process, without a system call.
//!
//! Only on file systems that write a block in its place again: where one may look for room when a page
//! is written, as on flash, or where copies share blocks, a full disk would end the process, and who writes has to ask the
//! system. And only of pages that stay in RAM: one that has to be read again from a disk that fails would, too.

use rustix::fs::{FileType, FsWord};
use rustix::mm::{MapFlags, ProtFlags};
use std::fs::File;
use std::ptr::NonNull;

/// File systems that do (`statfs(2)`): ext4 and its forebears, tmpfs.
const IN_PLACE: [FsWord; 2] = [0xef53, 0x0102_1994];
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

    /// Has the system keep the first so many bytes in RAM, which the file must have; whether it does.
    pub fn keep(&mut self, len: usize) -> bool {
        assert!(len <= self.len, "not mapped");
        // SAFETY: within the mapping, whose bytes this does not change.
        unsafe { rustix::mm::mlock(self.base.as_ptr().cast(), len) }.is_ok()
    }

    /// Puts words, least byte first, `at` so many bytes from the beginning. They have to be [kept](Self::keep): the
    /// system ends a process that writes behind the end, or what cannot be read.
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
        if !mapped.keep(4096) {
            println!("skipped: this process may keep nothing in RAM");
            return;
        }
        mapped.put(4080, &[1, 0x0203]);
        assert!(is_kept(&mapped));
        drop(mapped);
        let mut bytes = [0; 16];
        std::os::unix::fs::FileExt::read_exact_at(&file, &mut bytes, 4080).unwrap();
        assert_eq!(bytes, [1, 0, 0, 0, 0, 0, 0, 0, 3, 2, 0, 0, 0, 0, 0, 0]);
    }

    /// Whether a page of it is locked, as the system tells.
    fn is_kept(mapped: &Mapped) -> bool {
        let all = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let begin = format!("{:x}-", mapped.base.as_ptr() as usize);
        let (_, own) = all.split_once(&begin).unwrap();
        let line = own.lines().find_map(|it| it.strip_prefix("Locked:"));
        line.unwrap().trim() != "0 kB"
    }

    #[test]
    fn what_the_file_has_not_is_not_kept() {
        let file = tempfile::tempfile().unwrap();
        if let Some(mut mapped) = Mapped::of(&file, 8192) {
            file.set_len(4096).unwrap();
            assert!(!mapped.keep(8192));
        }
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
