//! An isolate's memory: a private copy-on-write mapping of its Worker's snapshot.
//!
//! This is the only file of the daemon with `unsafe`.
//!
//! wasmi takes a buffer that lives for ever and fills its first part with zeros. So the
//! mapping is made first, wasmi builds its memory over it, and then the snapshot's file is
//! mapped over the zeros. Pages that a request does not write stay the file's and are shared.
//!
//! Zeros that are replaced at once need no pages of their own: while wasmi writes them, one
//! short run of memory, the same for all isolates, stands in for all of them ([`Mapping::stand_in`]).

use rustix::mm::{MapFlags, ProtFlags};
use std::fs::File;
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

    /// Maps the first `len` bytes of `snapshot` over the start and leaves zeros in the rest of
    /// the first `used` bytes, whatever was there before.
    ///
    /// # Errors
    /// What the system says. The content is undefined then, and the isolate must go.
    pub fn restore(&mut self, snapshot: &File, len: usize, used: usize) -> std::io::Result<()> {
        assert!(
            len <= used && used <= self.len && len.is_multiple_of(WASM_PAGE),
            "a snapshot fits its memory"
        );
        if len > 0 {
            // SAFETY: the range lies inside this mapping, which only the isolate that owns
            // `self` looks at, and that isolate is not running: we hold it mutably.
            let mapped = unsafe {
                rustix::mm::mmap(
                    self.base.as_ptr().cast(),
                    len,
                    ProtFlags::READ | ProtFlags::WRITE,
                    MapFlags::PRIVATE | MapFlags::FIXED | MapFlags::NORESERVE,
                    snapshot.as_fd(),
                    0,
                )
            }?;
            debug_assert_eq!(mapped.cast(), self.base.as_ptr());
        }
        if used > len {
            // SAFETY: as above; fresh anonymous pages are zeros.
            unsafe {
                rustix::mm::mmap_anonymous(
                    self.base.as_ptr().add(len).cast(),
                    used - len,
                    ProtFlags::READ | ProtFlags::WRITE,
                    MapFlags::PRIVATE | MapFlags::FIXED | MapFlags::NORESERVE,
                )
            }?;
        }
        Ok(())
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the range is ours and, as `leak` demands, no longer referenced.
        let unmapped = unsafe { rustix::mm::munmap(self.base.as_ptr().cast(), self.len) };
        debug_assert!(unmapped.is_ok(), "unmapping what was mapped cannot fail");
    }
}
