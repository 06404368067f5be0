//! What a Worker's compatibility flags switch in Rust. `prelude/main.js` sets it when the Worker is
//! loaded; a snapshot keeps it.

use rquickjs::{Ctx, Object, Result, function::Func};
use std::cell::Cell;

/// One switch: a bit, by which the prelude knows it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Switch {
    /// Rejections are told of when the microtasks are done, not at the next one.
    TellLate = 1,
    /// Bodies that are read as text lose their mark of the byte order.
    StripMark = 2,
    /// `URLSearchParams` does not look at the value that `delete` and `has` are given.
    ParamsByName = 4,
    /// Iterating headers gives cookies that are set as one.
    JoinCookies = 8,
    /// Bodies that are coded with Brotli stay as they came.
    KeepBrotli = 16,
    /// A module that waits at its top level is told to be unsettled where it is required.
    RequireUnsettled = 32,
    /// UTF-16 in the order of most machines is decoded unit by unit, halves of pairs too.
    KeepHalves = 64,
    /// Chinese encodings have no character that is the byte 0x80 alone.
    NoSingleEuro = 128,
    /// Patterns of URLs are those of the first draft: what one does not tell is empty, or its base's.
    FirstPatterns = 256,
}

thread_local! {
    static SET: Cell<u32> = const { Cell::new(0) };
}

/// Whether a switch is set.
pub fn is_set(switch: Switch) -> bool {
    SET.get() & switch as u32 != 0
}

/// Adds `setSwitches(bits)` to the natives.
///
/// # Errors
/// When memory is used up.
pub fn install<'js>(_: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("setSwitches", Func::from(|bits: u32| SET.set(bits)))
}
