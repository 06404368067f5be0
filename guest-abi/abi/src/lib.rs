//! What both sides of the guest boundary know: names, numbers, wire types and limits.
//!
//! This crate knows nobody. A number that has been released never changes its meaning;
//! a new meaning gets a new number, and a change that old guests cannot bear gets a new
//! [`VERSION`]. `docs/abi.md` tells the same in prose.
//!
//! # The boundary in short
//!
//! The host calls [`export::EVENT`] with one event; the guest handles it to completion and
//! returns. What the guest wants done it asks for through the imports of [`IMPORT_MODULE`];
//! results come back as later events. No guest waits inside a host call.
#![no_std]
extern crate alloc;

pub mod analytics;
pub mod bundle;
pub mod cache;
pub mod crypto;
pub mod dispatch;
pub mod event;
pub mod fetch;
#[cfg(target_arch = "wasm32")]
pub mod guest;
pub mod http;
pub mod kv;
pub mod limits;
pub mod loader;
pub mod op;
pub mod ratelimit;
pub mod rewriter;
pub mod rpc;
pub mod socket;
pub mod tcp;

pub use event::EventKind;
pub use op::{OpError, OpErrorCode, OpKind, SyncOp};

/// The version of this boundary. A module says the version it was built for by exporting
/// a function named [`export::MARK_PREFIX`] followed by the number.
pub const VERSION: u32 = 1;

/// The module name of every host import.
pub const IMPORT_MODULE: &str = "postern";

/// What a guest exports. All are required but [`BOOT`](export::BOOT).
pub mod export {
    /// The linear memory.
    pub const MEMORY: &str = "memory";
    /// Prefix of the marker `() -> ()` that is never called: `postern_abi_v1` names version 1.
    pub const MARK_PREFIX: &str = "postern_abi_v";
    /// `(min_len: u32) -> ptr: u32`: the I/O window, at least `min_len` bytes, valid until
    /// the next call; event payloads are written there. 0 means that there is no memory for it.
    pub const WINDOW: &str = "postern_window";
    /// `() -> i32`: initialises the guest once, before its snapshot is taken. 0 is success.
    pub const BOOT: &str = "postern_boot";
    /// `(kind: u32, id: u32, len: u32) -> i32`: handles one event, whose payload of `len`
    /// bytes lies at the start of the window. 0 is success, anything else ends the isolate.
    pub const EVENT: &str = "postern_event";
}

/// What a guest may import from [`IMPORT_MODULE`]. Pointers and lengths are `i32` in bytes.
pub mod import {
    /// `(op, kind, ptr, len)`: starts an operation under an id that the guest chooses and
    /// that no other running operation of this isolate has.
    pub const OP_START: &str = "op_start";
    /// `(op)`: cancels it; no further event comes for this id.
    pub const OP_CANCEL: &str = "op_cancel";
    /// `(op, credit)`: lets the host send `credit` more bytes of a streamed result.
    pub const OP_PULL: &str = "op_pull";
    /// `(op, ptr, len, end)`: sends a part of a streamed argument.
    pub const OP_CHUNK: &str = "op_chunk";
    /// `(kind, ptr, len, out_ptr, out_cap) -> i32`: what needs no waiting. The result's
    /// length; if that is more than `out_cap`, nothing was written and the guest asks again.
    /// Negative: minus an [`OpErrorCode`](crate::OpErrorCode).
    pub const OP_SYNC: &str = "op_sync";
    /// `(request, head_ptr, head_len, body_ptr, body_len, more)`: answers a request. `more`
    /// of 1 means that [`BODY_CHUNK`] calls follow, 0 that this is the whole body.
    pub const RESPOND: &str = "respond";
    /// `(request, ptr, len, end) -> i32`: a part of the response's body. Returns the credit
    /// in bytes that is left; at 0 or below the guest waits for
    /// [`EventKind::BodyCredit`](crate::EventKind::BodyCredit).
    pub const BODY_CHUNK: &str = "body_chunk";
    /// `(request, credit)`: lets the host send `credit` more bytes of the request's body.
    pub const BODY_PULL: &str = "body_pull";
    /// `(request, ptr, len)`: the answer is an exception, a [`Exception`](crate::http::Exception)
    /// at `ptr`. The client is told at once; the invocation goes on until [`DONE`].
    pub const FAIL: &str = "fail";
    /// `(request, status, ptr, len)`: this invocation is over, `waitUntil` work included.
    /// Status 0: well. Status 1: an exception, a [`Exception`](crate::http::Exception) at `ptr`.
    pub const DONE: &str = "done";
    /// `(level, ptr, len)`: a line of log, UTF-8; levels as in [`LogLevel`](crate::event::LogLevel).
    pub const LOG: &str = "log";
    /// `() -> i64`: milliseconds since 1970, the time of the event being handled.
    pub const NOW: &str = "now";
    /// `(ptr, len)`: random bytes.
    pub const RANDOM: &str = "random";
}
