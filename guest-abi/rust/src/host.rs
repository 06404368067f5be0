//! The host's functions: imports in wasm, a scripted stand-in (see `testing`) elsewhere.
//!
//! Nothing else in this crate talks to the host.

#[cfg(target_arch = "wasm32")]
pub use postern_abi::guest::*;

#[cfg(not(target_arch = "wasm32"))]
pub use crate::testing::host::*;
