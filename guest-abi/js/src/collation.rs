//! The order of texts of ASCII, as `Intl.Collator` has it; that of others is `prelude/intl/collation.js`'s.

use crate::raw::{self, Cx, UNDEFINED, callbacks};
use rquickjs::Object;
use std::cmp::Ordering;

/// Signs come before digits, in this order.
const SIGNS: &[u8] = b"\t\n\x0b\x0c\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$";

/// What each byte counts as at first: letters without their case; 0 counts for nothing.
static KEYS: [u8; 128] = {
    let mut keys = [0; 128];
    let mut at = 0;
    while at < SIGNS.len() {
        keys[SIGNS[at] as usize] = at as u8 + 1;
        at += 1;
    }
    let mut byte = b'0';
    while byte <= b'z' {
        if byte.is_ascii_alphanumeric() {
            keys[byte as usize] = byte.to_ascii_lowercase();
        }
        byte += 1;
    }
    keys
};

/// How much counts, by `sensitivity`: in ASCII nothing has an accent.
const BASE: i32 = 0;
const ACCENT: i32 = 1;

struct How {
    sensitivity: i32,
    is_upper_first: bool,
    is_numeric: bool,
}

/// The bytes that count, with what they count as.
fn counted(text: &[u8]) -> impl Iterator<Item = (u8, u8)> {
    let keys = text
        .iter()
        .map(|byte| (KEYS[usize::from(*byte & 127)], *byte));
    keys.filter(|(key, _)| *key != 0)
}

fn keys(text: &[u8]) -> impl Iterator<Item = u8> {
    counted(text).map(|(key, _)| key)
}

/// The same order, but digits that stand together are a number.
fn numeric(one: &[u8], other: &[u8]) -> Ordering {
    let (mut one, mut other) = (keys(one).peekable(), keys(other).peekable());
    loop {
        let is_digit = |key: Option<&u8>| key.is_some_and(u8::is_ascii_digit);
        let by = if is_digit(one.peek()) && is_digit(other.peek()) {
            let number = |from: &mut std::iter::Peekable<_>| -> Vec<u8> {
                while from.next_if_eq(&b'0').is_some() {}
                std::iter::from_fn(|| from.next_if(u8::is_ascii_digit)).collect()
            };
            let (left, right) = (number(&mut one), number(&mut other));
            left.len().cmp(&right.len()).then(left.cmp(&right))
        } else {
            match (one.next(), other.next()) {
                (None, None) => return Ordering::Equal,
                (left, right) => left.cmp(&right),
            }
        };
        if by.is_ne() {
            return by;
        }
    }
}

/// The order of two texts; `None` if one is not of ASCII.
fn order(one: &[u8], other: &[u8], how: How) -> Option<Ordering> {
    if !one.is_ascii() || !other.is_ascii() {
        return None;
    }
    let base = if how.is_numeric {
        numeric(one, other)
    } else {
        keys(one).cmp(keys(other))
    };
    if base.is_ne() || matches!(how.sensitivity, BASE | ACCENT) {
        return Some(base);
    }
    let capital = |(_, byte): (u8, u8)| byte.is_ascii_uppercase();
    let cases = counted(one).map(capital).cmp(counted(other).map(capital));
    // Small letters first, unless asked otherwise.
    Some(if how.is_upper_first {
        cases.reverse()
    } else {
        cases
    })
}

callbacks! {
    /// `compareAscii(one, other, sensitivity, isUpperFirst, isNumeric)`, the last three as usual if left out: negative, zero
    /// or positive; undefined if one is not of ASCII.
    compare(cx, _this, arguments) {
        let is_asked = |at| arguments.len() > at && raw::is_true(arguments.get(at));
        let how = How {
            sensitivity: raw::small(arguments.get(2)).unwrap_or(i32::MAX),
            is_upper_first: is_asked(3),
            is_numeric: is_asked(4),
        };
        let found = cx.bytes(arguments.get(0), |one| {
            cx.bytes(arguments.get(1), |other| order(one, other, how))
        });
        match found.flatten().flatten() {
            Some(order) => raw::int(order as i32),
            None => UNDEFINED,
        }
    }
}

/// Adds the function to the natives.
pub fn install(cx: Cx, native: &Object<'_>) {
    cx.method(native.as_raw(), c"compareAscii", compare);
}
