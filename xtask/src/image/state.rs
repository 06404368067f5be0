//! The boot state that an image starts with: slot A, no trial. Its form is U-Boot's environment, which
//! `daemon/src/firmware/state.rs` describes.

/// Bytes of a copy.
const COPY: usize = 4096;

/// The first copy; the second is not valid until something changes.
pub fn first() -> Vec<u8> {
    let mut copy = vec![0; COPY];
    let text = b"reason=flashed\0serial=1\0slot=a\0tries=0\0\0";
    copy[4..4 + text.len()].copy_from_slice(text);
    let sum = crc32fast::hash(&copy[4..]);
    copy[..4].copy_from_slice(&sum.to_le_bytes());
    copy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_sum_is_that_of_the_rest() {
        let copy = first();
        assert_eq!(copy.len(), COPY);
        assert_eq!(copy[..4], crc32fast::hash(&copy[4..]).to_le_bytes());
        assert!(copy[4..].starts_with(b"reason=flashed\0"));
    }
}
