//! Postcard's two simplest shapes by hand, for the places that run on every request.

use alloc::vec::Vec;

/// Appends a length or another small number.
#[inline]
pub fn put_varint(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a length and the bytes: a string or a byte string.
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len());
    out.extend_from_slice(bytes);
}

/// Takes a number that fits 32 bits off the front.
pub fn take_varint(bytes: &mut &[u8]) -> Option<usize> {
    let mut value = 0u32;
    for shift in (0..35).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        if shift == 28 && byte > 0x0f {
            return None;
        }
        value |= u32::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return usize::try_from(value).ok();
        }
    }
    None
}

/// Takes a number that fits 64 bits off the front.
pub fn take_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..70).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        if shift == 63 && byte > 1 {
            return None;
        }
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Takes a string or a byte string off the front.
pub fn take_bytes<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = take_varint(bytes)?;
    let (taken, rest) = bytes.split_at_checked(len)?;
    *bytes = rest;
    Some(taken)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_are_postcards(value: u32) {
            let mut out = Vec::new();
            put_varint(&mut out, value as usize);
            prop_assert_eq!(&out, &postcard::to_allocvec(&value).unwrap());
            let mut rest = &out[..];
            prop_assert_eq!(take_varint(&mut rest), Some(value as usize));
            prop_assert!(rest.is_empty());
        }

        #[test]
        fn large_numbers_are_postcards(value: u64, bytes: [u8; 10]) {
            let out = postcard::to_allocvec(&value).unwrap();
            prop_assert_eq!(take_number(&mut &out[..]), Some(value));
            let theirs = postcard::take_from_bytes::<u64>(&bytes).ok();
            let mut rest = &bytes[..];
            let ours = take_number(&mut rest);
            prop_assert_eq!(ours.map(|value| (value, rest)), theirs);
        }

        #[test]
        fn any_bytes_are_taken_without_a_panic(bytes: Vec<u8>) {
            let mut rest = &bytes[..];
            while let Some(taken) = take_bytes(&mut rest) {
                prop_assert!(taken.len() <= bytes.len());
            }
        }
    }
}
