//! Which thread comes first, by how long it may keep a core that another one wants, where the system
//! lets a program say so: from Linux 6.12 on (`sched_setattr(2)`, `sched_runtime` of `SCHED_OTHER`).
//!
//! A thread that wakes up takes the core at once from one whose slice is longer; of two with the
//! same it waits until the other's is over, 1.4 to 4 ms on two cores. Threads that run guests have the
//! usual slice and are busy while any tenant is. All others, the reactor's and the management
//! port's first, have little to do when they wake up, and clients wait for it.

use std::mem::{size_of, zeroed};

/// Nanoseconds; the least that Linux takes.
const SHORT: u64 = 100_000;

/// Gives this thread short slices, and those that it starts from now on.
pub fn come_first() {
    set(SHORT);
}

/// Gives this thread slices as all programs have them, and those that it starts from now on.
pub fn come_as_usual() {
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
    fn threads_have_the_slices_of_whoever_starts_them() {
        let runtime = || attributes().map(|found| found.sched_runtime);
        std::thread::spawn(move || {
            let usual_is = runtime();
            come_first();
            let short_is = runtime();
            if short_is == usual_is {
                eprintln!("skipped: this system knows no slices of a thread's own");
                return;
            }
            assert_eq!(short_is, Some(SHORT));
            let child = std::thread::spawn(move || {
                let inherited = runtime();
                come_as_usual();
                (inherited, runtime())
            });
            let child = child.join().expect("it does not panic");
            assert_eq!(child, (short_is, usual_is));
            come_as_usual();
            assert_eq!(runtime(), usual_is);
        })
        .join()
        .expect("it does not panic");
    }
}
