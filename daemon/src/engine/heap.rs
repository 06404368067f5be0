//! What the system's allocator keeps of what was freed, and how it gives it back.
//!
//! glibc gives back whole pages, so one block that lasts keeps four kilobytes: what a deployed
//! Worker keeps would, strewn among what its isolate needed, keep fifty. glibc has a heap for
//! each thread as long as they are no more than a bound. So what lasts is allocated by other
//! threads than those that run isolates: the management port's and the store's. musl has one
//! heap and returns a group of blocks when its last one is freed; there is nothing to do there.

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
