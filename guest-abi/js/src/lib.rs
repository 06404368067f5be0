//! The JavaScript engine of Postern's Workers: QuickJS-NG and the Web APIs, as one guest of the
//! guest ABI (`docs/abi.md`).
//!
//! # Implementation
//!
//! The Web APIs are the modules of `prelude/`, evaluated once when the engine boots; a snapshot of
//! that state is what every Worker's snapshot is made from. They reach Rust through one object,
//! [`natives`]. Events of the host become calls of the hooks that `prelude/main.js` exports
//! ([`events`]); what a Worker asks of the host goes through [`host`].

mod analytics;
mod blame;
mod buffers;
mod bytes;
mod cache;
mod class;
mod collation;
mod commonjs;
#[cfg(any(target_arch = "wasm32", test))]
mod compared;
mod compression;
mod console;
mod crypto;
mod deferred;
mod encoding;
mod events;
mod exception;
mod execution;
mod file_url;
mod forms;
mod frames;
mod headers;
#[cfg(target_arch = "wasm32")]
mod heap;
mod host;
mod initializer;
mod iterators;
mod joined;
mod json;
mod kept;
mod kv;
mod loader;
mod matches;
mod modules;
mod namespace;
mod natives;
mod numbers;
mod offered;
mod ops;
mod params;
mod parts;
mod passing;
mod pattern;
mod plain;
#[cfg(all(feature = "profile", target_arch = "wasm32"))]
mod profile;
mod random;
mod ratelimit;
mod raw;
mod rejections;
mod requests;
mod rest;
mod rewriter;
mod segments;
mod serve;
mod sessions;
mod shape;
mod socket;
mod source;
mod stacks;
mod stub;
mod subrequest;
mod switches;
mod tasks;
mod tcp;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
mod text;
mod token;
mod unverified;
mod url;
mod values;
mod vm;
mod wasm;
mod zones;
/// What the daemon reads of frames, which its compression for guests (`testing`) asks.
#[cfg(not(target_arch = "wasm32"))]
#[allow(dead_code, reason = "the daemon uses more of it")]
#[path = "../../../daemon/src/zstd.rs"]
mod zstd;

/// Says which version of the ABI this is for. Never called.
#[unsafe(no_mangle)]
pub extern "C" fn postern_abi_v1() {}

/// Gives the window: at least `min_len` bytes.
#[unsafe(no_mangle)]
pub extern "C" fn postern_window(min_len: u32) -> *mut u8 {
    host::window(min_len as usize)
}

/// Makes the runtime and evaluates the prelude.
#[unsafe(no_mangle)]
pub extern "C" fn postern_boot() -> i32 {
    match vm::boot() {
        Ok(()) => 0,
        Err(exception) => {
            host::fail(0, &exception.encode());
            1
        }
    }
}

/// Handles one event.
#[unsafe(no_mangle)]
pub extern "C" fn postern_event(kind: u32, id: u32, len: u32) -> i32 {
    events::handle(kind, id, len as usize)
}

/// What QuickJS asks for the time: microseconds since 1970. The host's clock stands still
/// between events.
#[unsafe(no_mangle)]
pub extern "C" fn __rquickjs_host_now_us() -> f64 {
    host::now() as f64 * 1000.0
}
