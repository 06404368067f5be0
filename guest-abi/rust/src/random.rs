//! Randomness, which comes from the host alone.

use crate::host;

/// Fills `out` with random bytes fit for keys.
pub fn getrandom(out: &mut [u8]) {
    // The host gives no more than this in one call.
    for part in out.chunks_mut(64 * 1024) {
        host::random(part);
    }
}
