//! The host's functions and the window that its events come through.

use std::cell::UnsafeCell;

#[cfg(target_arch = "wasm32")]
pub use postern_abi::guest::*;

/// On other machines a stand-in answers.
#[cfg(not(target_arch = "wasm32"))]
pub use crate::testing::host::*;

/// Asks what is answered at once.
///
/// # Errors
/// An [`OpErrorCode`](postern_abi::OpErrorCode).
pub fn ask(kind: postern_abi::SyncOp, argument: &[u8]) -> Result<Vec<u8>, u16> {
    let mut out = Vec::with_capacity(256);
    loop {
        let capacity = out.capacity();
        out.resize(capacity, 0);
        let length = op_sync(kind as u32, argument, &mut out);
        let Ok(length) = usize::try_from(length) else {
            return Err(u16::try_from(-length).unwrap_or(u16::MAX));
        };
        let fits = length <= capacity;
        out.resize(length, 0);
        if fits {
            return Ok(out);
        }
    }
}

thread_local! {
    static WINDOW: UnsafeCell<Vec<u8>> = const { UnsafeCell::new(Vec::new()) };
}

/// At least `min_len` bytes for the host to write payloads to.
pub fn window(min_len: usize) -> *mut u8 {
    // SAFETY: the host calls this between events, when nobody reads the window.
    let window = unsafe { &mut *WINDOW.with(UnsafeCell::get) };
    if window.len() < min_len {
        *window = Vec::new();
        if window.try_reserve_exact(min_len).is_err() {
            return std::ptr::null_mut();
        }
        window.resize(min_len, 0);
    }
    window.as_mut_ptr()
}

/// The payload of the event that is being handled.
pub fn payload(len: usize) -> &'static [u8] {
    // SAFETY: the host leaves the window alone while an event is handled, and nothing here
    // keeps a payload longer than that.
    let window = unsafe { &*WINDOW.with(UnsafeCell::get) };
    window.get(..len).unwrap_or_default()
}
