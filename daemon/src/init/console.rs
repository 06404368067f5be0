//! What process 1 says: lines on the console, in no one's way.

use std::io::Write;

/// Says one line.
pub(super) fn say(line: &str) {
    // One write, so that lines of other processes do not mix with it. Nobody may be listening.
    let _ = std::io::stderr().write_all(format!("postern init: {line}\r\n").as_bytes());
}

/// Says that something failed that the system can go on without.
pub(super) fn note(what: &str, error: &dyn std::fmt::Display) {
    say(&format!("{what}: {error}; going on without"));
}
