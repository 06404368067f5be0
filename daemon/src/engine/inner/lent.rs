//! Memories of WebAssembly that JavaScript sees where they are: their pages are lent to its memory, so that
//! a call has nothing to copy.
//!
//! # Implementation
//!
//! The pages of such a memory are mapped where it is, and a second time over those of the buffer that JavaScript
//! has of it. The buffer's are mapped anew before they are used for something else.

use rustix::mm::{Advice, MapFlags, MremapFlags, ProtFlags};
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Memories of one isolate that may be lent.
pub const LENT_MAX: usize = 8;
/// Mappings that such a memory takes: its own, and it parts the one it is lent to.
const MAPPINGS: usize = 3;
/// Mappings that all of them may take, of those that the system lets a process have.
const MAPPINGS_MAX: usize = 8192;
/// Address space that all of them may take.
const ADDRESSES_MAX: usize = usize::MAX / 8;

static MAPPED: AtomicUsize = AtomicUsize::new(0);
static RESERVED: AtomicUsize = AtomicUsize::new(0);

/// Counts so many more, if they are no more than `most` then.
fn take(count: &AtomicUsize, more: usize, most: usize) -> bool {
    let add = |now: usize| now.checked_add(more).filter(|all| *all <= most);
    count
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add)
        .is_ok()
}

/// The address space of one memory. Unmapped when dropped, which must happen after the store that uses it is
/// gone.
#[derive(Debug)]
pub struct Lent {
    base: NonNull<u8>,
    len: usize,
    /// Where in JavaScript's memory it is.
    to: Option<Range<usize>>,
}

// SAFETY: it owns its address range; nothing about it belongs to one thread.
unsafe impl Send for Lent {}

impl Lent {
    /// Reserves `len` bytes of zeros; `None` where the system has no room for them.
    pub fn reserve(len: usize) -> Option<Self> {
        if !take(&MAPPED, MAPPINGS, MAPPINGS_MAX) {
            return None;
        }
        if !take(&RESERVED, len, ADDRESSES_MAX) {
            MAPPED.fetch_sub(MAPPINGS, Ordering::Relaxed);
            return None;
        }
        // SAFETY: a fresh anonymous mapping at an address of the system's choice touches nothing that exists.
        let base = unsafe {
            rustix::mm::mmap_anonymous(
                std::ptr::null_mut(),
                len,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::SHARED | MapFlags::NORESERVE,
            )
        };
        let base = base.ok().and_then(|base| NonNull::new(base.cast()));
        if base.is_none() {
            uncount(len);
        }
        Some(Self {
            base: base?,
            len,
            to: None,
        })
    }

    /// The bytes as wasmi wants them.
    ///
    /// # Safety
    /// The slice must not be used after `self` is dropped, and this must be called once.
    pub unsafe fn leak(&self) -> &'static mut [u8] {
        // SAFETY: the range is mapped readable and writable and, as the caller promises, nobody else holds a
        // reference to it.
        unsafe { std::slice::from_raw_parts_mut(self.base.as_ptr(), self.len) }
    }

    /// Gives back the pages of a memory in which there are zeros and nothing else.
    pub fn let_go(&self) {
        // SAFETY: the range is this value's; what is read there afterwards is zero, as it was. That the system
        // cannot do it costs memory and nothing else.
        let _ = unsafe {
            rustix::mm::madvise(self.base.as_ptr().cast(), self.len, Advice::LinuxRemove)
        };
    }

    /// Where in JavaScript's memory it is.
    pub fn to(&self) -> Option<Range<usize>> {
        self.to.clone()
    }

    /// Has the bytes at `place` of JavaScript's memory be its own, if the system can do that. Where not, they
    /// may be zeros.
    ///
    /// # Errors
    /// When those bytes are none any more, and JavaScript must go.
    ///
    /// `memory` must be private pages of this process, as a [`Mapping`](crate::engine::mapping::Mapping) has them.
    pub fn lend(&mut self, memory: &mut [u8], place: Range<usize>) -> std::io::Result<()> {
        let bytes = &mut memory[place.clone()];
        let page = rustix::param::page_size();
        let is_whole =
            bytes.as_ptr().addr().is_multiple_of(page) && bytes.len().is_multiple_of(page);
        if self.to.is_some() || bytes.is_empty() || bytes.len() > self.len || !is_whole {
            return Ok(());
        }
        // SAFETY: whole pages, all of which are the given bytes', are replaced by others that can be read and
        // written. A mapping that is shared and of which 0 bytes are moved stays where it is, too. No reference
        // to its own bytes is in use: who calls has those of JavaScript's memory, and nothing of the interpreter's
        // runs.
        let mapped = unsafe {
            rustix::mm::mremap_fixed(
                self.base.as_ptr().cast(),
                0,
                bytes.len(),
                MremapFlags::MAYMOVE,
                bytes.as_mut_ptr().cast(),
            )
        };
        if mapped.is_err() {
            // What was there may be gone.
            return blank(bytes);
        }
        self.to = Some(place);
        Ok(())
    }

    /// Makes those bytes zeros that belong to JavaScript's memory again.
    ///
    /// # Errors
    /// As of [`Lent::lend`].
    pub fn take_back(&mut self, memory: &mut [u8]) -> std::io::Result<()> {
        let place = self.to.take();
        place
            .and_then(|place| memory.get_mut(place))
            .map_or(Ok(()), blank)
    }
}

/// Whole pages, mapped anew.
fn blank(bytes: &mut [u8]) -> std::io::Result<()> {
    // SAFETY: whole pages, all of which are the given bytes', are replaced by fresh ones.
    let mapped = unsafe {
        rustix::mm::mmap_anonymous(
            bytes.as_mut_ptr().cast(),
            bytes.len(),
            ProtFlags::READ | ProtFlags::WRITE,
            MapFlags::PRIVATE | MapFlags::FIXED | MapFlags::NORESERVE,
        )
    };
    mapped.map(drop).map_err(std::io::Error::from)
}

fn uncount(len: usize) {
    MAPPED.fetch_sub(MAPPINGS, Ordering::Relaxed);
    RESERVED.fetch_sub(len, Ordering::Relaxed);
}

impl Drop for Lent {
    fn drop(&mut self) {
        // SAFETY: the range is ours and, as `leak` demands, no longer referenced. Where it is lent to, its pages
        // stay.
        let unmapped = unsafe { rustix::mm::munmap(self.base.as_ptr().cast(), self.len) };
        debug_assert!(unmapped.is_ok(), "unmapping what was mapped cannot fail");
        uncount(self.len);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::engine::mapping::{Mapping, WASM_PAGE};

    #[test]
    fn what_is_lent_is_in_both_places() {
        let mapping = Mapping::reserve(8 * WASM_PAGE).unwrap();
        // SAFETY: once, and `mapping` lives until the end.
        let memory = unsafe { mapping.leak() };
        memory.fill(1);
        let mut lent = Lent::reserve(4 * WASM_PAGE).unwrap();
        // SAFETY: once, and `lent` lives until the end.
        let own = unsafe { lent.leak() };
        own.fill(0);
        lent.let_go();
        assert!(own.iter().all(|byte| *byte == 0));
        own[..WASM_PAGE].fill(2);
        let place = 2 * WASM_PAGE..4 * WASM_PAGE;
        for (wanted, is_there) in [
            (1..WASM_PAGE + 1, false),
            (0..5 * WASM_PAGE, false),
            (place.clone(), true),
            (0..WASM_PAGE, true),
        ] {
            lent.lend(memory, wanted).unwrap();
            assert_eq!(lent.to().is_some(), is_there);
        }
        assert_eq!(lent.to(), Some(place.clone()));
        assert!(memory[place.clone()] == own[..2 * WASM_PAGE]);
        memory[3 * WASM_PAGE] = 3;
        own[7] = 4;
        assert_eq!((own[WASM_PAGE], memory[2 * WASM_PAGE + 7]), (3, 4));
        lent.take_back(memory).unwrap();
        assert_eq!((own[WASM_PAGE], own[7], lent.to()), (3, 4, None));
        for (at, byte) in memory.iter().enumerate() {
            assert_eq!(*byte, u8::from(!place.contains(&at)), "{at}");
        }
        lent.lend(memory, place).unwrap();
        drop(lent);
        assert_eq!((memory[3 * WASM_PAGE], memory[0]), (3, 1));
    }

    /// As it is before its instance goes to the next isolate.
    #[test]
    fn a_memory_that_is_cleared_has_nothing_of_what_was_lent_to_it() {
        let len = 4 * WASM_PAGE;
        let mut mapping = Mapping::reserve(len).unwrap();
        // SAFETY: once, and `mapping` lives until the end.
        let memory = unsafe { mapping.leak() };
        mapping.restore(&[], len).unwrap();
        let mut lent = Lent::reserve(2 * WASM_PAGE).unwrap();
        // SAFETY: once, and `lent` lives until the end.
        let own = unsafe { lent.leak() };
        own.fill(7);
        lent.lend(memory, WASM_PAGE..3 * WASM_PAGE).unwrap();
        assert_eq!((memory[0], memory[WASM_PAGE]), (0, 7));
        mapping.clear().unwrap();
        assert!(memory.iter().all(|byte| *byte == 0));
        memory.fill(1);
        assert!(own.iter().all(|byte| *byte == 7));
    }
}
