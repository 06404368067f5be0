//! How bytes are compared: `memcmp`, eight at a time. The one that comes with the compiler takes one
//! after the other, ten instructions each.

use std::ffi::c_int;

const WORD: usize = 8;

/// Compares as C's `memcmp` does.
///
/// # Safety
/// Both have `len` bytes.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
#[inline(never)]
unsafe extern "C" fn memcmp(left: *const u8, right: *const u8, len: usize) -> c_int {
    let mut at = 0;
    while at + WORD <= len {
        // SAFETY: within both, wherever they begin.
        let words = unsafe { [left, right].map(|it| it.add(at).cast::<u64>().read_unaligned()) };
        if words[0] != words[1] {
            // The first byte that differs counts most.
            let [left, right] = words.map(u64::from_le).map(u64::swap_bytes);
            return if left < right { -1 } else { 1 };
        }
        at += WORD;
    }
    while at < len {
        // SAFETY: within both.
        let [left, right] = unsafe { [left, right].map(|it| c_int::from(*it.add(at))) };
        if left != right {
            return left - right;
        }
        at += 1;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::memcmp;

    fn order(left: &[u8], right: &[u8]) -> i32 {
        assert_eq!(left.len(), right.len());
        // SAFETY: as long as it says.
        unsafe { memcmp(left.as_ptr(), right.as_ptr(), left.len()) }.signum()
    }

    #[test]
    fn bytes_are_compared_from_the_first_on() {
        let base: Vec<u8> = (0..40).map(|at| at * 6).collect();
        for len in 0..=base.len() {
            assert_eq!(order(&base[..len], &base[..len]), 0, "{len}");
            for at in 0..len {
                let mut other = base[..len].to_vec();
                other[at] += 1;
                // What follows does not matter.
                if let Some(next) = other.get_mut(at + 1) {
                    *next = 0;
                }
                assert_eq!(order(&base[..len], &other), -1, "{len} {at}");
                assert_eq!(order(&other, &base[..len]), 1, "{len} {at}");
            }
        }
    }

    #[test]
    fn bytes_have_no_sign() {
        assert_eq!(order(b"\x7f", b"\x80"), -1);
        assert_eq!(order(b"1234567\x80", b"1234567\x7f"), 1);
    }
}
