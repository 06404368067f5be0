//! SDK for Workers in Rust that run on Postern.
//!
//! ```
//! use postern::*;
//!
//! #[postern::main]
//! async fn fetch(req: Request, env: Env, ctx: Context) -> Result<Response> {
//!     let kv = env.kv("COUNTS")?;
//!     let seen = kv.get(req.path()).text().await?.is_some();
//!     ctx.wait_until(async { console_log!("after the answer") });
//!     Response::ok(if seen { "again" } else { "for the first time" })
//! }
//! # fn main() {}
//! ```
//!
//! Build a `cdylib` for `wasm32-unknown-unknown`. Nothing here blocks: what the host does for a
//! Worker is awaited, and other requests of the same isolate go on in the meantime. So a
//! `static` is shared by requests, and one may find it changed after an `await`.
//!
//! On other targets the same crate runs against a scripted host, see `testing`.
#![no_std]
extern crate alloc;
#[cfg(any(feature = "std", not(target_arch = "wasm32")))]
extern crate std;

#[cfg(all(
    feature = "allocator",
    target_arch = "wasm32",
    not(target_feature = "atomics")
))]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

pub mod body;
pub mod console;
pub mod context;
pub mod env;
pub mod error;
pub mod fetch;
pub mod headers;
mod host;
pub mod kv;
#[cfg(all(feature = "std", target_arch = "wasm32"))]
mod panic;
pub mod random;
pub mod request;
pub mod response;
mod runtime;
pub mod tcp;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
pub mod time;
mod wire;

pub use body::ByteStream;
pub use context::Context;
pub use env::{Env, Secret, Var};
pub use error::{Error, Result};
pub use fetch::{DispatchOptions, DynamicDispatcher, Fetch, Fetcher};
pub use futures_core::Stream;
pub use headers::Headers;
pub use kv::KvStore;
pub use postern_abi::OpErrorCode;
/// Makes an `async fn` the Worker's handler, see the example above.
///
/// It must be async and take three parameters, and it returns a `Result<Response>`:
///
/// ```compile_fail
/// #[postern::main]
/// fn fetch(_: postern::Request, _: postern::Env, _: postern::Context) -> postern::Result<postern::Response> {
///     postern::Response::ok("")
/// }
/// # fn main() {}
/// ```
///
/// ```compile_fail
/// #[postern::main]
/// async fn fetch(_: postern::Request) -> postern::Result<postern::Response> {
///     postern::Response::ok("")
/// }
/// # fn main() {}
/// ```
///
/// ```compile_fail
/// #[postern::main]
/// async fn fetch(_: postern::Request, _: postern::Env, _: postern::Context) -> u32 {
///     7
/// }
/// # fn main() {}
/// ```
pub use postern_macros::main;
pub use random::getrandom;
pub use request::{Method, Request};
pub use response::Response;
pub use time::{Date, Delay};

/// What `#[postern::main]` writes calls of; no part of the interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::runtime::{Handling, Start, boot, event, window};
    pub use alloc::boxed::Box;
}
