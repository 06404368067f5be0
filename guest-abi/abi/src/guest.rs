//! The host's functions as a guest calls them; only there in wasm.
//!
//! Every function here is safe to call: the slices it takes are valid memory, and a host only
//! reads them, or writes into them what fits.

/// The imports as `docs/abi.md` lists them.
mod raw {
    #[link(wasm_import_module = "postern")]
    unsafe extern "C" {
        pub fn op_start(op: u32, kind: u32, ptr: *const u8, len: usize);
        pub fn op_cancel(op: u32);
        pub fn op_pull(op: u32, credit: u32);
        pub fn op_chunk(op: u32, ptr: *const u8, len: usize, end: u32);
        pub fn op_sync(kind: u32, ptr: *const u8, len: usize, out: *mut u8, cap: usize) -> i32;
        pub fn respond(
            request: u32,
            head: *const u8,
            head_len: usize,
            body: *const u8,
            body_len: usize,
            more: u32,
        );
        pub fn body_chunk(request: u32, ptr: *const u8, len: usize, end: u32) -> i32;
        pub fn body_pull(request: u32, credit: u32);
        pub fn fail(request: u32, ptr: *const u8, len: usize);
        pub fn done(request: u32, status: u32, ptr: *const u8, len: usize);
        pub fn log(level: u32, ptr: *const u8, len: usize);
        pub fn now() -> i64;
        pub fn random(ptr: *mut u8, len: usize);
    }
}

/// See [`OP_START`](crate::import::OP_START).
pub fn op_start(op: u32, kind: u32, argument: &[u8]) {
    // SAFETY: the host reads the slice during the call.
    unsafe { raw::op_start(op, kind, argument.as_ptr(), argument.len()) }
}

/// See [`OP_CANCEL`](crate::import::OP_CANCEL).
pub fn op_cancel(op: u32) {
    // SAFETY: takes no memory.
    unsafe { raw::op_cancel(op) }
}

/// See [`OP_PULL`](crate::import::OP_PULL).
pub fn op_pull(op: u32, credit: u32) {
    // SAFETY: takes no memory.
    unsafe { raw::op_pull(op, credit) }
}

/// See [`OP_CHUNK`](crate::import::OP_CHUNK).
pub fn op_chunk(op: u32, bytes: &[u8], end: bool) {
    // SAFETY: the host reads the slice during the call.
    unsafe { raw::op_chunk(op, bytes.as_ptr(), bytes.len(), u32::from(end)) }
}

/// See [`OP_SYNC`](crate::import::OP_SYNC).
pub fn op_sync(kind: u32, argument: &[u8], out: &mut [u8]) -> i32 {
    // SAFETY: the host reads `argument` and writes at most `out.len()` bytes to `out`.
    unsafe {
        raw::op_sync(
            kind,
            argument.as_ptr(),
            argument.len(),
            out.as_mut_ptr(),
            out.len(),
        )
    }
}

/// See [`RESPOND`](crate::import::RESPOND).
#[inline]
pub fn respond(request: u32, head: &[u8], body: &[u8], more: bool) {
    // SAFETY: the host reads both slices during the call.
    unsafe {
        raw::respond(
            request,
            head.as_ptr(),
            head.len(),
            body.as_ptr(),
            body.len(),
            u32::from(more),
        )
    }
}

/// See [`BODY_CHUNK`](crate::import::BODY_CHUNK).
pub fn body_chunk(request: u32, bytes: &[u8], end: bool) -> i32 {
    // SAFETY: the host reads the slice during the call.
    unsafe { raw::body_chunk(request, bytes.as_ptr(), bytes.len(), u32::from(end)) }
}

/// See [`BODY_PULL`](crate::import::BODY_PULL).
pub fn body_pull(request: u32, credit: u32) {
    // SAFETY: takes no memory.
    unsafe { raw::body_pull(request, credit) }
}

/// See [`FAIL`](crate::import::FAIL).
pub fn fail(request: u32, exception: &[u8]) {
    // SAFETY: the host reads the slice during the call.
    unsafe { raw::fail(request, exception.as_ptr(), exception.len()) }
}

/// See [`DONE`](crate::import::DONE).
#[inline]
pub fn done(request: u32, status: u32, exception: &[u8]) {
    // SAFETY: the host reads the slice during the call.
    unsafe { raw::done(request, status, exception.as_ptr(), exception.len()) }
}

/// See [`LOG`](crate::import::LOG).
pub fn log(level: u32, line: &str) {
    // SAFETY: the host reads the text during the call.
    unsafe { raw::log(level, line.as_ptr(), line.len()) }
}

/// See [`NOW`](crate::import::NOW).
pub fn now() -> i64 {
    // SAFETY: takes no memory.
    unsafe { raw::now() }
}

/// See [`RANDOM`](crate::import::RANDOM).
pub fn random(out: &mut [u8]) {
    // SAFETY: the host writes exactly `out.len()` bytes to `out`.
    unsafe { raw::random(out.as_mut_ptr(), out.len()) }
}
