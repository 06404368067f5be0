//! Lines for the Worker's log.

use crate::host;
use alloc::string::ToString;
use core::fmt;
pub use postern_abi::event::LogLevel;

/// Writes a line; the macros `console_log!` and its kin call this.
pub fn write(level: LogLevel, line: fmt::Arguments<'_>) {
    match line.as_str() {
        Some(line) => host::log(level as u32, line),
        None => host::log(level as u32, &line.to_string()),
    }
}

/// Writes a line at the level of `console.log`.
#[macro_export]
macro_rules! console_log {
    ($($line:tt)*) => { $crate::console::write($crate::console::LogLevel::Log, ::core::format_args!($($line)*)) };
}

/// Writes a line at the level of `console.debug`.
#[macro_export]
macro_rules! console_debug {
    ($($line:tt)*) => { $crate::console::write($crate::console::LogLevel::Debug, ::core::format_args!($($line)*)) };
}

/// Writes a line at the level of `console.info`.
#[macro_export]
macro_rules! console_info {
    ($($line:tt)*) => { $crate::console::write($crate::console::LogLevel::Info, ::core::format_args!($($line)*)) };
}

/// Writes a line at the level of `console.warn`.
#[macro_export]
macro_rules! console_warn {
    ($($line:tt)*) => { $crate::console::write($crate::console::LogLevel::Warn, ::core::format_args!($($line)*)) };
}

/// Writes a line at the level of `console.error`.
#[macro_export]
macro_rules! console_error {
    ($($line:tt)*) => { $crate::console::write($crate::console::LogLevel::Error, ::core::format_args!($($line)*)) };
}
