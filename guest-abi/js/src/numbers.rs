//! Maps by numbers that count up, as those of requests and operations do: nobody hostile chooses
//! them, so a multiplication is hash enough.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map by such numbers.
pub type ByNumber<T> = HashMap<u32, T, BuildHasherDefault<Spread>>;

/// Spreads a number over all bits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32((*byte).into());
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0 ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_a_row_are_found_again() {
        let mut map = ByNumber::default();
        for number in 0..1000 {
            map.insert(number, number * 2);
        }
        assert!((0..1000).all(|number| map.get(&number) == Some(&(number * 2))));
        assert!(!map.contains_key(&1000));
    }
}
