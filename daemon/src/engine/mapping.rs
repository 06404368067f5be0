//! An isolate's memory: a private copy-on-write mapping of its Worker's snapshot.
//!
//! Beside this file only `heap` and `program` have `unsafe`.
//!
//! wasmi takes a buffer that lives for ever and fills its first part with zeros. So the
//! mapping is made first, wasmi builds its memory over it, and then the snapshot's file is
//! mapped over the zeros, where it has data. Pages that a request does not write stay the file's
//! and are shared.
//!
//! Zeros that are replaced at once need no pages of their own: while wasmi writes them, one
//! short run of memory, the same for all isolates, stands in for all of them ([`Mapping::stand_in`]).

use rustix::fs::SeekFrom;
use rustix::mm::{MapFlags, ProtFlags};
use std::fs::File;
use std::ops::Range;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::OnceLock;

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
        Ok(Self { base, len })
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

    /// Makes the first `used` bytes those of `snapshot` in the ranges of `data`, see [`data`],
    /// and zeros everywhere else, whatever was there before.
    ///
    /// # Errors
    /// What the system says. The content is undefined then, and the isolate must go.
    pub fn restore(
        &mut self,
        snapshot: &File,
        data: &[Range<usize>],
        used: usize,
    ) -> std::io::Result<()> {
        assert!(
            used <= self.len && data.iter().all(|range| range.end <= used),
            "a snapshot fits its memory"
        );
        if data.first() != Some(&(0..used)) {
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
        for range in data {
            // SAFETY: as above.
            unsafe {
                rustix::mm::mmap(
                    self.base.as_ptr().add(range.start).cast(),
                    range.len(),
                    ProtFlags::READ | ProtFlags::WRITE,
                    MapFlags::PRIVATE | MapFlags::FIXED | MapFlags::NORESERVE,
                    snapshot.as_fd(),
                    range.start as u64,
                )
            }?;
        }
        Ok(())
    }
}

/// Ranges of whole pages that a snapshot is mapped in, at most. One of more is mapped as a whole.
const RANGES_MAX: usize = 16;
/// Bytes of a hole that is worth a mapping more.
const HOLE_MIN: usize = 32 * 1024;

/// Where a file of `len` bytes has data. The rest are holes, zeros that take room neither on the
/// disk nor, if they are not mapped, in memory: the system maps pages around one that is read.
/// Where the file system knows no holes, all is data.
pub fn data(file: &File, len: usize) -> Vec<Range<usize>> {
    let page = rustix::param::page_size();
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    while at < len {
        let start = match rustix::fs::seek(file, SeekFrom::Data(at as u64)) {
            Ok(start) => start as usize / page * page,
            Err(rustix::io::Errno::NXIO) => break,
            Err(_) => return whole(len),
        };
        let Ok(end) = rustix::fs::seek(file, SeekFrom::Hole(start.max(at) as u64)) else {
            return whole(len);
        };
        let end = (end as usize).next_multiple_of(page).min(len);
        if start >= len || end <= at {
            break;
        }
        match ranges.last_mut() {
            Some(last) if start < last.end + HOLE_MIN => last.end = end,
            _ => ranges.push(start..end),
        }
        if ranges.len() > RANGES_MAX {
            return whole(len);
        }
        at = end;
    }
    ranges
}

fn whole(len: usize) -> Vec<Range<usize>> {
    std::iter::once(0..len)
        .filter(|all| !all.is_empty())
        .collect()
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the range is ours and, as `leak` demands, no longer referenced.
        let unmapped = unsafe { rustix::mm::munmap(self.base.as_ptr().cast(), self.len) };
        debug_assert!(unmapped.is_ok(), "unmapping what was mapped cannot fail");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::FileExt;

    /// A snapshot of four pages of wasm memory with these bytes at these places, restored to a
    /// memory of five that held something else.
    fn check(written: &[(usize, u8)]) {
        let (len, used) = (4 * WASM_PAGE, 5 * WASM_PAGE);
        let file = tempfile::tempfile().unwrap();
        file.set_len(len as u64).unwrap();
        let mut expect = vec![0; used];
        for (at, byte) in written {
            file.write_all_at(&[*byte], *at as u64).unwrap();
            expect[*at] = *byte;
        }
        let ranges = data(&file, len);
        assert!(ranges.len() <= RANGES_MAX, "{ranges:x?}");
        let mut mapping = Mapping::reserve(used).unwrap();
        // SAFETY: once, and `mapping` lives until the end.
        let bytes = unsafe { mapping.leak() };
        bytes.fill(7);
        mapping.restore(&file, &ranges, used).unwrap();
        assert!(*bytes == expect, "{written:?} by {ranges:x?}");
    }

    #[test]
    fn a_snapshot_with_holes_is_restored_whole() {
        check(&[]);
        check(&[(0, 1)]);
        check(&[(4 * WASM_PAGE - 1, 1)]);
        check(&[(100, 1), (2 * WASM_PAGE + 5, 2), (3 * WASM_PAGE - 1, 3)]);
        let every: Vec<_> = (0..64).map(|page| (page * 4096, 9)).collect();
        check(&every);
        check(&every.iter().copied().step_by(2).collect::<Vec<_>>());
    }

    #[test]
    fn a_snapshot_in_too_many_pieces_is_one() {
        let file = tempfile::tempfile().unwrap();
        let step = 2 * HOLE_MIN.max(rustix::param::page_size());
        let len = (RANGES_MAX + 1) * step;
        file.set_len(len as u64).unwrap();
        for at in (0..len).step_by(step) {
            file.write_all_at(&[1], at as u64).unwrap();
        }
        assert_eq!(data(&file, len).first(), Some(&(0..len)));
    }
}
