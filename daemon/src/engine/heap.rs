//! What the system's allocator keeps of what was freed, and how it gives it back.
//!
//! glibc gives back whole pages, so one block that lasts keeps four kilobytes: what a deployed
//! Worker keeps would, strewn among what its isolate needed, keep fifty. glibc has a heap for
//! each thread as long as they are no more than a bound. So what lasts is allocated by other
//! threads than those that run isolates: the management port's and the store's. musl has one
//! heap and returns a group of blocks when its last one is freed; there is nothing to do there.
//!
//! It also counts what is allocated ([`Counting`]), so that the ledger knows what something has.

use super::pagemap::PageMap;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};

/// The system's allocator, which counts bytes as it goes: for `#[global_allocator]`.
///
/// A thread counts for itself, without an atomic operation, and tells of it when it has come to
/// [`TELL`] bytes more or less.
#[derive(Debug)]
pub struct Counting;

/// Bytes by which a thread's count may differ from what it has told.
const TELL: i64 = 64 << 10;

/// Bytes that are allocated, as far as threads have told.
static LIVE: AtomicI64 = AtomicI64::new(0);

/// Blocks of at least so many bytes are known one by one: much of one may never be written, and so be
/// in no RAM. Allocators map such a block for itself.
const LARGE: usize = 128 << 10;

/// Large blocks that are known; further ones count whole.
const LARGE_MAX: usize = 128;

/// A large block: where it lies, 0 if there is none here, and its bytes.
struct Large {
    at: AtomicUsize,
    len: AtomicUsize,
}

static LARGE_BLOCKS: [Large; LARGE_MAX] = [const {
    Large {
        at: AtomicUsize::new(0),
        len: AtomicUsize::new(0),
    }
}; LARGE_MAX];

fn know(at: *mut u8, len: usize) {
    if len >= LARGE {
        let free = |block: &&Large| {
            let at = at.addr();
            let put = block
                .at
                .compare_exchange(0, at, Ordering::AcqRel, Ordering::Relaxed);
            put.is_ok()
        };
        if let Some(block) = LARGE_BLOCKS.iter().find(free) {
            block.len.store(len, Ordering::Release);
        }
    }
}

fn forget(at: *mut u8, len: usize) {
    if len >= LARGE {
        let mine = |block: &&Large| block.at.load(Ordering::Acquire) == at.addr();
        if let Some(block) = LARGE_BLOCKS.iter().find(mine) {
            block.len.store(0, Ordering::Release);
            block.at.store(0, Ordering::Release);
        }
    }
}

thread_local! {
    /// Bytes that this thread has allocated more than it has freed.
    static MINE: Cell<i64> = const { Cell::new(0) };
    /// What it has told of that.
    static TOLD: Cell<i64> = const { Cell::new(0) };
}

/// Bytes that a block of this size takes: allocators keep a word beside it, and steps of two words.
const fn block(size: usize) -> i64 {
    const WORD: usize = size_of::<usize>();
    let whole = (size + WORD).next_multiple_of(2 * WORD);
    let least = 4 * WORD;
    (if whole < least { least } else { whole }) as i64
}

#[inline]
fn count(bytes: i64) {
    // While a thread ends there may be nothing to count with any more.
    let _ = MINE.try_with(|mine| {
        let now = mine.get() + bytes;
        mine.set(now);
        let _ = TOLD.try_with(|told| {
            let news = now - told.get();
            if news.abs() >= TELL {
                told.set(now);
                LIVE.fetch_add(news, Ordering::Relaxed);
            }
        });
    });
}

/// Bytes that are allocated, about: each thread may have 64 KiB more or less.
pub fn live() -> u64 {
    LIVE.load(Ordering::Relaxed).try_into().unwrap_or(0)
}

/// Bytes of the heap that are in RAM, about: of large blocks only what was ever written.
pub fn resident() -> u64 {
    let mut bytes = live();
    let Ok(pages) = PageMap::open() else {
        return bytes;
    };
    for block in &LARGE_BLOCKS {
        let (at, len) = (
            block.at.load(Ordering::Acquire),
            block.len.load(Ordering::Acquire),
        );
        if at != 0
            && let Ok(resident) = pages.resident(at, len)
        {
            bytes = bytes.saturating_sub((len as u64).saturating_sub(resident));
        }
    }
    bytes
}

/// Bytes that this thread has allocated more than it has freed; what others freed of it is not
/// known here, so only the difference between two moments says something.
pub fn mine() -> i64 {
    MINE.try_with(Cell::get).unwrap_or(0)
}

/// What `make` gives, and the bytes that this thread has allocated more than freed meanwhile.
pub fn measured<T>(make: impl FnOnce() -> T) -> (T, u64) {
    let before = mine();
    let made = make();
    (made, (mine() - before).try_into().unwrap_or(0))
}

// SAFETY: every call is passed on to the system's allocator as it is; counting touches nothing of it
// and does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        let at = unsafe { System.alloc(layout) };
        if !at.is_null() {
            know(at, layout.size());
            count(block(layout.size()));
        }
        at
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        let at = unsafe { System.alloc_zeroed(layout) };
        if !at.is_null() {
            know(at, layout.size());
            count(block(layout.size()));
        }
        at
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        forget(at, layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(at, layout) };
        count(-block(layout.size()));
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Before the place may be another thread's.
        forget(at, layout.size());
        // SAFETY: as the caller promises.
        let new = unsafe { System.realloc(at, layout, size) };
        if new.is_null() {
            know(at, layout.size());
        } else {
            know(new, size);
            count(block(size) - block(layout.size()));
        }
        new
    }
}

/// Heaps beside those of the threads that run isolates: for the threads of the management port,
/// the store, timers, and work that blocks.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const OTHERS: usize = 16;

/// Has each of `turns` threads that run isolates get a heap of its own, with enough left for all
/// others, and no more however many cores there are. To be called while there is one thread.
pub fn divide(turns: usize) {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        let heaps = std::ffi::c_int::try_from(turns + OTHERS).unwrap_or(std::ffi::c_int::MAX);
        // SAFETY: it sets a number of the allocator's under the allocator's lock. If that
        // fails, heaps are shared otherwise, and nothing else is different.
        unsafe {
            libc::mallopt(libc::M_ARENA_MAX, heaps);
        }
    }
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    let _ = turns;
}

/// Gives freed memory back to the system. It takes each heap's lock for as long as it looks
/// through it, milliseconds where there is much: nothing for a request's way.
pub fn trim() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it takes the allocator's locks and gives back only whole pages that are free.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// The most bytes of the heap that were in use since some were given back, as far as anybody looked.
#[derive(Debug, Default)]
pub struct Peak(AtomicU64);

/// Bytes that were freed and are worth giving back.
const WORTH: u64 = 512 << 10;

impl Peak {
    /// Whether so much less is in use now that giving back is worth it.
    pub fn has_fallen(&self, in_use: u64) -> bool {
        let most = self.0.fetch_max(in_use, Ordering::Relaxed);
        in_use.saturating_add(WORTH) <= most
    }

    /// Some was given back, and so much is in use.
    pub fn begin_anew(&self, in_use: u64) {
        self.0.store(in_use, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_heap_has_fallen_once_for_what_was_freed() {
        let peak = Peak::default();
        let looks = [9, 40, 41 * 1024, 41 * 1024 - 511, 41 * 1024 - 512];
        let fell = looks.map(|kib| peak.has_fallen(kib << 10));
        assert_eq!(fell, [false, false, false, false, true]);
        peak.begin_anew((41 * 1024 - 512) << 10);
        assert!(!peak.has_fallen((41 * 1024 - 1000) << 10));
        assert!(peak.has_fallen((41 * 1024 - 1024) << 10));
    }

    #[test]
    fn what_is_made_is_measured() {
        let (kept, bytes) = measured(|| {
            drop(vec![0_u8; 5000]);
            vec![0_u8; 100_000]
        });
        assert!((100_000..101_000).contains(&bytes), "{bytes}");
        let (_, bytes) = measured(|| drop(kept));
        assert_eq!(bytes, 0);
    }

    #[test]
    fn what_was_never_written_is_not_resident() {
        let before = resident();
        let mut made = vec![0_u8; 64 << 20];
        assert!(resident() < before + (32 << 20), "{} {before}", resident());
        made.fill(1);
        assert!(resident() >= before + (32 << 20), "{} {before}", resident());
        assert_eq!(made[5], 1);
    }

    #[test]
    fn what_threads_have_is_told() {
        let before = live();
        let made = std::thread::spawn(|| vec![0_u8; 8 << 20]).join().unwrap();
        // Other tests run beside this one, but none has so much.
        assert!(live() >= before + (4 << 20), "{} {before}", live());
        drop(made);
    }
}
