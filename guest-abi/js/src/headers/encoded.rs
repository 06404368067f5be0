//! Header fields as the ABI has them: how many, and of each the lengths and bytes of its name and value.

use crate::raw::utf8;

/// Calls `f` with each of the encoded fields that `bytes` begin with; how many bytes they are.
pub fn each_encoded(bytes: &[u8], mut f: impl FnMut(&[u8], &[u8])) -> Option<usize> {
    let mut fields = Raw {
        rest: bytes,
        left: 0,
    };
    fields.left = fields.varint()?;
    while fields.left > 0 {
        let (name, value) = fields.field()?;
        f(name, value);
    }
    Some(bytes.len() - fields.rest.len())
}

/// A number as the ABI has it.
pub fn varint(out: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Reads encoded fields as they lie there; ends where they cannot be read.
pub struct Raw<'a> {
    rest: &'a [u8],
    left: usize,
}

impl<'a> Raw<'a> {
    /// That of fields with how many they are before them.
    pub fn new(bytes: &'a [u8]) -> Self {
        let mut raw = Self {
            rest: bytes,
            left: 0,
        };
        raw.left = raw.varint().unwrap_or(0);
        raw
    }

    fn varint(&mut self) -> Option<usize> {
        let mut number = 0;
        let mut shift = 0;
        loop {
            let (byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            number |= usize::from(byte & 0x7f).checked_shl(shift)?;
            if *byte < 0x80 {
                return Some(number);
            }
            shift += 7;
        }
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = self.varint()?;
        let (bytes, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(bytes)
    }

    /// The next field's name and value.
    pub fn field(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        self.left = self.left.checked_sub(1)?;
        if let Some((name, behind)) = short(self.rest)
            && let Some((value, rest)) = short(behind)
        {
            self.rest = rest;
            return Some((name, value));
        }
        Some((self.bytes()?, self.bytes()?))
    }
}

/// Bytes whose length is in one byte, as nearly all are, and what is behind them.
fn short(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first()?;
    match *len {
        len @ 0..=0x7f => rest.split_at_checked(len.into()),
        _ => None,
    }
}

impl<'a> Iterator for Raw<'a> {
    type Item = (&'a str, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = self.field()?;
        Some((utf8(name)?, value))
    }
}
