//! Tells the host of a panic before the trap that follows it.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::ToString;

/// Replaces the hook that would write to a standard error nobody reads.
pub fn hook() {
    std::panic::set_hook(Box::new(|info| {
        let message = info.payload_as_str().unwrap_or("a panic without a message");
        let at = match info.location() {
            Some(at) => format!("    at {}:{}:{}", at.file(), at.line(), at.column()),
            None => "".to_string(),
        };
        crate::runtime::panicked(message, &at);
    }));
}
