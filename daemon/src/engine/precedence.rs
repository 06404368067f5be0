//! Which thread comes first, by how long it may keep a core that another one wants, where the system
//! lets a program say so: from Linux 6.12 on (`sched_setattr(2)`, `sched_runtime` of `SCHED_OTHER`).
//!
//! A thread that wakes up takes the core at once from one whose slice is longer; of two with the
//! same it waits until the other's is over, 1.4 to 4 ms on two cores. Threads that run guests are busy
//! while any tenant is. The reactor's and the management port's have little to do when they wake
//! up, and clients wait for it. Not so the store's: each of their steps would interrupt guests,
//! and with them whoever waits for his turn.

use std::mem::{size_of, zeroed};

/// Nanoseconds; the least that Linux takes.
const SHORT: u64 = 100_000;

/// Does `work`. Threads that it starts come first, and so do those that they start.
pub fn first<T>(work: impl FnOnce() -> T) -> T {
    set(SHORT);
    let done = work();
    as_usual();
    done
}

/// Has this thread come when others do, whoever started it.
pub fn as_usual() {
    set(0);
}

/// Where the system cannot, or does not let us, everything is as it was.
fn set(runtime: u64) {
    let Some(mut attributes) = attributes() else {
        return;
    };
    // Whoever gave the daemon another class has decided who comes first.
    if !matches!(
        attributes.sched_policy as i32,
        libc::SCHED_OTHER | libc::SCHED_BATCH
    ) {
        return;
    }
    attributes.sched_runtime = runtime;
    // SAFETY: the call reads a structure of the size that stands in it, for this thread.
    unsafe {
        libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0);
    }
}

/// Those of this thread.
fn attributes() -> Option<libc::sched_attr> {
    const SIZE: usize = size_of::<libc::sched_attr>();
    // SAFETY: it is numbers, all of which may be zero.
    let mut attributes: libc::sched_attr = unsafe { zeroed() };
    // SAFETY: the call writes no more than the size that it is told.
    let got = unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut attributes, SIZE, 0) };
    (got == 0).then_some(attributes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_come_first_that_are_started_so() {
        let runtime = || attributes().map(|found| found.sched_runtime);
        let usual = runtime();
        let start = || {
            std::thread::spawn(move || {
                let inherited = runtime();
                as_usual();
                (inherited, runtime())
            })
        };
        let (first, then) = (first(start).join(), start().join());
        assert_eq!(runtime(), usual);
        assert_eq!(then.expect("it does not panic"), (usual, usual));
        let (inherited, after) = first.expect("it does not panic");
        assert_eq!(after, usual);
        if inherited == usual {
            eprintln!("skipped: this system knows no slices of a thread's own");
        } else {
            assert_eq!(inherited, Some(SHORT));
        }
    }
}
