//! An isolate's memory: private copy-on-write mappings of its Worker's snapshot, over those of its
//! base.
//!
//! wasmi takes a buffer that lives for ever and fills its first part with zeros. So the
//! mapping is made first, wasmi builds its memory over it, and then pages of files are
//! mapped over the zeros, where there are any. Pages that a request does not write stay the files'
//! and are shared.
//!
//! A process may have a number of mappings and no more. Isolates that begin when half of them are
//! in use have their pages copied: they share nothing, and still work ([`Mapping::restore`]).
//!
//! Zeros that are replaced at once need no pages of their own: while wasmi writes them, one
//! short run of memory, the same for all isolates, stands in for all of them ([`Mapping::stand_in`]).

use super::pagemap::PageMap;
use rustix::mm::{MapFlags, ProtFlags};
use std::fs::File;
use std::ops::Range;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes of a page of wasm memory.
pub const WASM_PAGE: usize = 64 * 1024;

/// Bytes of the run that stands in for zeros: small enough to stay in a processor's cache,
/// large enough to need few mappings.
const STAND_IN: usize = 2 * WASM_PAGE;

/// Address space for one linear memory. Unmapped when dropped, which must happen after
/// the store that uses it is gone.
#[derive(Debug)]
pub struct Mapping {
    base: NonNull<u8>,
    len: usize,
    /// Mappings that it is counted as in [`MAPPED`].
    pieces: usize,
    /// Bytes that were restored.
    used: usize,
}

/// What lies in a file and is to be in memory.
#[derive(Clone, Debug)]
pub struct Piece<'a> {
    /// Where in memory, in bytes.
    pub memory: Range<usize>,
    /// In which file.
    pub file: &'a File,
    /// Where in the file.
    pub at: u64,
}

/// Where a page of a memory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    /// Nowhere: it was never touched, or let go of.
    Absent,
    /// It is a file's.
    Shared,
    /// It was written.
    Own,
}

/// Mappings that all isolates have.
static MAPPED: AtomicUsize = AtomicUsize::new(0);

/// Mappings that isolates may have: half of what the system lets a process have.
fn mapped_max() -> usize {
    /// What Linux has unless somebody sets another.
    const USUAL: usize = 65_530;
    static MAX: OnceLock<usize> = OnceLock::new();
    *MAX.get_or_init(|| {
        let told = std::fs::read_to_string("/proc/sys/vm/max_map_count").ok();
        told.and_then(|told| told.trim().parse().ok())
            .unwrap_or(USUAL)
            / 2
    })
}

// SAFETY: a `Mapping` owns its address range; nothing about it belongs to one thread.
unsafe impl Send for Mapping {}
// SAFETY: `&Mapping` gives no access to the bytes.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Reserves `len` bytes of zeros; pages cost nothing until they are written.
    ///
    /// # Errors
    /// What the system says, for instance that the address space is full.
    pub fn reserve(len: usize) -> std::io::Result<Self> {
        let len = len.max(WASM_PAGE);
        // SAFETY: a fresh anonymous mapping at an address of the system's choice touches
        // nothing that exists.
        let base = unsafe {
            rustix::mm::mmap_anonymous(
                std::ptr::null_mut(),
                len,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::PRIVATE | MapFlags::NORESERVE,
            )
        }?;
        let base = NonNull::new(base.cast())
            .ok_or_else(|| std::io::Error::other("mapping at address 0"))?;
        Ok(Self {
            base,
            len,
            pieces: 0,
            used: 0,
        })
    }

    /// The bytes as wasmi wants them.
    ///
    /// # Safety
    /// The slice must not be used after `self` is dropped, and this must be called once.
    pub unsafe fn leak(&self) -> &'static mut [u8] {
        // SAFETY: the range is mapped readable and writable and, as the caller promises,
        // nobody else holds a reference to it.
        unsafe { std::slice::from_raw_parts_mut(self.base.as_ptr(), self.len) }
    }

    /// Makes the first `used` bytes something that takes zeros and costs next to nothing, until
    /// [`Mapping::restore`] replaces them. What is read there before is zero.
    ///
    /// # Errors
    /// What the system says. The mapping is unharmed and zero then.
    pub fn stand_in(&mut self, used: usize) -> std::io::Result<()> {
        static RUN: OnceLock<Option<OwnedFd>> = OnceLock::new();
        let run = RUN.get_or_init(|| {
            let file =
                rustix::fs::memfd_create("postern-zeros", rustix::fs::MemfdFlags::CLOEXEC).ok()?;
            rustix::fs::ftruncate(&file, STAND_IN as u64).ok()?;
            Some(file)
        });
        let Some(run) = run else { return Ok(()) };
        for start in (0..used.min(self.len)).step_by(STAND_IN) {
            let len = STAND_IN.min(used - start);
            // SAFETY: inside this mapping, which nobody looks at yet. Isolates that start at
            // the same time write the same zeros to the same run.
            unsafe {
                rustix::mm::mmap(
                    self.base.as_ptr().add(start).cast(),
                    len,
                    ProtFlags::READ | ProtFlags::WRITE,
                    MapFlags::SHARED | MapFlags::FIXED | MapFlags::POPULATE,
                    run.as_fd(),
                    0,
                )
            }?;
        }
        Ok(())
    }

    /// Makes the first `used` bytes those of `pieces`, which are in order, and zeros everywhere
    /// else, whatever was there before. Maps the files if their pages are this system's and there
    /// are not too many mappings already, or else copies.
    ///
    /// # Errors
    /// What the system says. The content is undefined then, and the isolate must go.
    pub fn restore(&mut self, pieces: &[Piece<'_>], used: usize) -> std::io::Result<()> {
        self.restore_within(pieces, used, mapped_max())
    }

    /// Gives all pages back, and makes the memory zeros.
    ///
    /// # Errors
    /// What the system says. The content is undefined then, and the isolate must go.
    pub fn clear(&mut self) -> std::io::Result<()> {
        self.restore(&[], self.used)?;
        MAPPED.fetch_sub(std::mem::take(&mut self.pieces), Ordering::Relaxed);
        Ok(())
    }

    fn restore_within(
        &mut self,
        pieces: &[Piece<'_>],
        used: usize,
        most: usize,
    ) -> std::io::Result<()> {
        assert!(
            used <= self.len && pieces.iter().all(|piece| piece.memory.end <= used),
            "a snapshot fits its memory"
        );
        if used > 0 && pieces.first().is_none_or(|piece| piece.memory != (0..used)) {
            // SAFETY: the range lies inside this mapping, which only the isolate that owns
            // `self` looks at, and that isolate is not running: we hold it mutably. Fresh
            // anonymous pages are zeros.
            unsafe {
                rustix::mm::mmap_anonymous(
                    self.base.as_ptr().cast(),
                    used,
                    ProtFlags::READ | ProtFlags::WRITE,
                    MapFlags::PRIVATE | MapFlags::FIXED | MapFlags::NORESERVE,
                )
            }?;
        }
        self.used = used;
        let page = rustix::param::page_size();
        let is_aligned = |piece: &Piece<'_>| {
            piece.memory.start.is_multiple_of(page)
                && piece.memory.end.is_multiple_of(page)
                && piece.at.is_multiple_of(page as u64)
        };
        // Between two pieces may be zeros, which are a mapping too.
        let count = 2 * pieces.len() + 1;
        if pieces.iter().all(is_aligned) && self.count(count, most) {
            pieces.iter().try_for_each(|piece| self.map(piece))
        } else {
            pieces.iter().try_for_each(|piece| self.copy(piece))
        }
    }

    /// Lets go of the pages that were never written, whose files have them still. Each isolate
    /// that has such a page mapped is counted as having it, though all have the same.
    ///
    /// # Errors
    /// When the system does not tell which pages these are.
    pub fn let_go(&mut self) -> std::io::Result<()> {
        if self.pieces == 0 {
            return Ok(());
        }
        let page = rustix::param::page_size();
        let mut clean: Option<Range<usize>> = None;
        for (index, state) in self.pages(self.used)?.enumerate() {
            if state == Page::Shared {
                let start = clean.map_or(index, |clean| clean.start);
                clean = Some(start..index + 1);
            } else if state == Page::Own
                && let Some(clean) = clean.take()
            {
                self.forget(&(clean.start * page..clean.end * page))?;
            }
        }
        clean.map_or(Ok(()), |clean| {
            self.forget(&(clean.start * page..clean.end * page))
        })
    }

    /// Bytes of the first `len` that are in RAM: those that were written, and those that are a file's.
    ///
    /// # Errors
    /// When the system does not tell which pages these are.
    pub fn resident(&self, len: usize) -> std::io::Result<(u64, u64)> {
        let page = rustix::param::page_size() as u64;
        let (mut own, mut shared) = (0, 0);
        for state in self.pages(len.min(self.len))? {
            match state {
                Page::Own => own += page,
                Page::Shared => shared += page,
                Page::Absent => {}
            }
        }
        Ok((own, shared))
    }

    /// The ranges of the first `len` bytes in which something can have been written since
    /// [`Mapping::restore`], in order. `len` is as much as code could write to.
    ///
    /// # Errors
    /// When the system does not tell which pages these are.
    pub fn touched(&self, len: usize) -> std::io::Result<Vec<Range<usize>>> {
        let len = len.min(self.len);
        let mut touched: Vec<Range<usize>> = Vec::new();
        // What was copied is this isolate's own, written or not.
        let is_mapped = self.pieces > 0;
        let page = rustix::param::page_size();
        for (index, state) in self.pages(len)?.enumerate() {
            if state == Page::Own || (!is_mapped && index * page < self.used) {
                let end = (index + 1) * page;
                match touched.last_mut() {
                    Some(last) if last.end == index * page => last.end = end,
                    _ => touched.push(index * page..end),
                }
            }
        }
        Ok(touched)
    }

    /// Where the pages of the first `len` bytes are.
    fn pages(&self, len: usize) -> std::io::Result<impl Iterator<Item = Page> + use<>> {
        let whole = len / rustix::param::page_size() * rustix::param::page_size();
        let entries = PageMap::open()?.entries(self.base.as_ptr().addr(), whole)?;
        Ok(entries.map(|entry| {
            if entry.is_present() && entry.is_of_a_file() {
                Page::Shared
            } else if entry.is_present() || entry.is_swapped() {
                Page::Own
            } else {
                Page::Absent
            }
        }))
    }

    /// Has the pages of a range be read from their files again.
    fn forget(&mut self, range: &Range<usize>) -> std::io::Result<()> {
        // SAFETY: the range lies inside this mapping. All of its pages are a file's, or were never
        // touched, and nobody has written to them since that was looked up: the isolate that owns
        // `self` is not running, we hold it mutably. So what is read there is the same afterwards.
        unsafe {
            rustix::mm::madvise(
                self.base.as_ptr().add(range.start).cast(),
                range.len(),
                rustix::mm::Advice::LinuxDontNeed,
            )
        }?;
        Ok(())
    }

    /// Counts so many mappings more, if that leaves all of them together no more than `most`.
    fn count(&mut self, more: usize, most: usize) -> bool {
        let add = |mapped: usize| Some(mapped + more).filter(|mapped| *mapped <= most);
        let fits = MAPPED
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add)
            .is_ok();
        if fits {
            self.pieces += more;
        }
        fits
    }

    fn map(&mut self, piece: &Piece<'_>) -> std::io::Result<()> {
        // SAFETY: the range lies inside this mapping, which only the isolate that owns `self`
        // looks at, and that isolate is not running: we hold it mutably.
        unsafe {
            rustix::mm::mmap(
                self.base.as_ptr().add(piece.memory.start).cast(),
                piece.memory.len(),
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::PRIVATE | MapFlags::FIXED | MapFlags::NORESERVE,
                piece.file.as_fd(),
                piece.at,
            )
        }?;
        Ok(())
    }

    fn copy(&mut self, piece: &Piece<'_>) -> std::io::Result<()> {
        use std::os::unix::fs::FileExt;
        // SAFETY: the range lies inside this mapping, is readable and writable, and nobody else
        // looks at it: the isolate that owns `self` is not running, we hold it mutably.
        let bytes = unsafe {
            std::slice::from_raw_parts_mut(
                self.base.as_ptr().add(piece.memory.start),
                piece.memory.len(),
            )
        };
        piece.file.read_exact_at(bytes, piece.at)
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the range is ours and, as `leak` demands, no longer referenced.
        let unmapped = unsafe { rustix::mm::munmap(self.base.as_ptr().cast(), self.len) };
        debug_assert!(unmapped.is_ok(), "unmapping what was mapped cannot fail");
        MAPPED.fetch_sub(self.pieces, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::FileExt;

    /// A memory of five pages of wasm that held something else, with these bytes of two files in
    /// these places: where in memory, how many, where in which file.
    fn check(pieces: &[(usize, usize, u64, usize)], most: usize) {
        let used = 5 * WASM_PAGE;
        let files: Vec<(File, Vec<u8>)> = [1_u8, 2]
            .iter()
            .map(|seed| {
                let bytes: Vec<u8> = (0..used)
                    .map(|at| ((at * 31 + at / 4096) as u8) ^ *seed)
                    .collect();
                let file = tempfile::tempfile().unwrap();
                file.write_all_at(&bytes, 0).unwrap();
                (file, bytes)
            })
            .collect();
        let mut expect = vec![0; used];
        let pieces: Vec<_> = pieces
            .iter()
            .map(|(start, len, at, file)| {
                let (file, bytes) = &files[*file];
                let memory = *start..start + len;
                expect[memory.clone()].copy_from_slice(&bytes[*at as usize..][..*len]);
                Piece {
                    memory,
                    file,
                    at: *at,
                }
            })
            .collect();
        let mut mapping = Mapping::reserve(used).unwrap();
        // SAFETY: once, and `mapping` lives until the end.
        let bytes = unsafe { mapping.leak() };
        bytes.fill(7);
        mapping.restore_within(&pieces, used, most).unwrap();
        assert!(*bytes == expect, "{pieces:?}");
        // What is written is nobody else's.
        bytes.fill(9);
        for (file, before) in &files {
            let mut now = vec![0; used];
            file.read_exact_at(&mut now, 0).unwrap();
            assert!(now == *before, "a file was written");
        }
    }

    const PIECES: &[(usize, usize, u64, usize)] = &[
        (0, WASM_PAGE, 2 * WASM_PAGE as u64, 0),
        (WASM_PAGE, WASM_PAGE, 0, 1),
        (3 * WASM_PAGE, 2 * WASM_PAGE, WASM_PAGE as u64, 0),
    ];

    #[test]
    fn pieces_of_files_lie_among_zeros() {
        check(&[], usize::MAX);
        check(&[(0, 5 * WASM_PAGE, 0, 1)], usize::MAX);
        check(PIECES, usize::MAX);
    }

    #[test]
    fn what_was_written_is_never_let_go() {
        let used = 5 * WASM_PAGE;
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(&vec![3; used], 0).unwrap();
        let piece = |memory: Range<usize>, at: usize| Piece {
            memory,
            file: &file,
            at: at as u64,
        };
        let pieces = [
            piece(0..WASM_PAGE, WASM_PAGE),
            piece(2 * WASM_PAGE..used, 2 * WASM_PAGE),
        ];
        let mut mapping = Mapping::reserve(2 * used).unwrap();
        // SAFETY: once, and `mapping` lives until the end.
        let bytes = unsafe { mapping.leak() };
        mapping.restore(&pieces, used).unwrap();
        let mut expect = vec![3; used];
        expect[WASM_PAGE..2 * WASM_PAGE].fill(0);
        for at in [
            5,
            WASM_PAGE + 100,
            3 * WASM_PAGE,
            3 * WASM_PAGE + 9000,
            used - 1,
        ] {
            bytes[at] = 7;
            expect[at] = 7;
        }
        bytes[used + 10] = 7;
        for _ in 0..3 {
            assert!(bytes[..used] == expect);
            mapping.let_go().unwrap();
        }
        assert!(bytes[..used] == expect && bytes[used + 10] == 7);
    }

    #[test]
    fn what_was_touched_is_told() {
        let used = 5 * WASM_PAGE;
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(&vec![3; used], 0).unwrap();
        let piece = Piece {
            memory: WASM_PAGE..used,
            file: &file,
            at: 0,
        };
        let mut mapping = Mapping::reserve(2 * used).unwrap();
        // SAFETY: once, and `mapping` lives until the end.
        let bytes = unsafe { mapping.leak() };
        let written = [5, 2 * WASM_PAGE, 2 * WASM_PAGE + 70, used - 1, used + 10];
        let page = rustix::param::page_size();
        for most in [usize::MAX, 0] {
            mapping.clear().unwrap();
            bytes[used..].fill(0);
            let pieces = std::slice::from_ref(&piece);
            mapping.restore_within(pieces, used, most).unwrap();
            for at in written {
                bytes[at] = 7;
            }
            let touched = mapping.touched(used + WASM_PAGE).unwrap();
            let is_told = |at: usize| touched.iter().any(|range| range.contains(&at));
            assert!(written.into_iter().all(is_told), "{touched:?}");
            assert!(touched.is_sorted_by(|one, next| one.end < next.start));
            let pages: usize = touched.iter().map(|range| range.len() / page).sum();
            // Written once, of the part behind `used` all; or all that was copied.
            let most = if most == 0 { used } else { 3 * page } + WASM_PAGE;
            assert!(pages * page <= most, "{touched:?}");
        }
    }

    #[test]
    fn what_cannot_be_mapped_is_copied() {
        check(PIECES, 0);
        // No page of this system's.
        check(
            &[(512, 1024, 512, 0), (WASM_PAGE, 4096, 100, 1)],
            usize::MAX,
        );
    }
}
