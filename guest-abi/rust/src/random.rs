//! Randomness, which comes from the host alone.

use crate::host;

/// Fills `out` with random bytes fit for keys.
pub fn getrandom(out: &mut [u8]) {
    host::random(out);
}
