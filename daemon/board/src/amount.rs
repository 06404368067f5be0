//! Amounts as people write them: `64 MiB`, `512KiB`, `1_000_000`.

use serde::de::{self, Deserialize, Deserializer, Visitor};
use std::fmt;

/// A number from a file, and whether a unit of bytes was written behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    /// The number; bytes if `bytes` is set.
    pub value: u64,
    /// Whether a unit of bytes stood behind it.
    pub bytes: bool,
}

/// Why a text is no amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// It does not begin with digits.
    #[error(
        "`{0}` is not an amount; write digits and, for bytes, a unit: 65536, \"64 KiB\", \"16 MiB\""
    )]
    NotANumber(String),
    /// The unit is not known.
    #[error("unknown unit `{unit}` in `{text}`; known are B, kB, KiB, MB, MiB, GB, GiB, TB, TiB")]
    Unit {
        /// All of it.
        text: String,
        /// What stood where a unit is expected.
        unit: String,
    },
    /// It does not fit.
    #[error("`{0}` is more than {max} bytes, the largest amount there is", max = u64::MAX)]
    TooLarge(String),
    /// It is below zero.
    #[error("`{0}` is negative; amounts begin at 0")]
    Negative(i64),
}

const UNITS: [(&str, u64); 9] = [
    ("B", 1),
    ("KB", 1_000),
    ("KIB", 1 << 10),
    ("MB", 1_000_000),
    ("MIB", 1 << 20),
    ("GB", 1_000_000_000),
    ("GIB", 1 << 30),
    ("TB", 1_000_000_000_000),
    ("TIB", 1 << 40),
];

impl Amount {
    /// Reads `64 MiB`, `64MiB`, `64`, `1_000`. Case does not matter; fractions are refused,
    /// so that what is meant is exact.
    pub fn parse(text: &str) -> Result<Self, AmountError> {
        let trimmed = text.trim();
        let split = trimmed
            .find(|c: char| !c.is_ascii_digit() && c != '_')
            .unwrap_or(trimmed.len());
        let (digits, unit) = trimmed.split_at(split);
        let digits: String = digits.chars().filter(|c| *c != '_').collect();
        if digits.is_empty() {
            return Err(AmountError::NotANumber(text.to_owned()));
        }
        let number: u64 = digits
            .parse()
            .map_err(|_| AmountError::TooLarge(text.to_owned()))?;
        let unit = unit.trim();
        if unit.is_empty() {
            return Ok(Self {
                value: number,
                bytes: false,
            });
        }
        let upper = unit.to_ascii_uppercase();
        let (_, factor) = UNITS
            .iter()
            .find(|(name, _)| *name == upper)
            .ok_or_else(|| AmountError::Unit {
                text: text.to_owned(),
                unit: unit.to_owned(),
            })?;
        let value = number
            .checked_mul(*factor)
            .ok_or_else(|| AmountError::TooLarge(text.to_owned()))?;
        Ok(Self { value, bytes: true })
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Amount;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number, or a text with a unit like \"64 MiB\"")
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Amount, E> {
                let value =
                    u64::try_from(value).map_err(|_| E::custom(AmountError::Negative(value)))?;
                self.visit_u64(value)
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Amount, E> {
                Ok(Amount {
                    value,
                    bytes: false,
                })
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Amount, E> {
                Amount::parse(value).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// Bytes as people read them, exact: the largest binary unit that divides them, or a plain
/// number. [`Amount::parse`] reads it back.
pub fn show_bytes(bytes: u64) -> String {
    for (unit, factor) in [("GiB", 1u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] {
        if bytes != 0 && bytes.is_multiple_of(factor) {
            return format!("{} {unit}", bytes / factor);
        }
    }
    format!("{bytes} B")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expect: Result<u64, &str>) {
        match (Amount::parse(text), expect) {
            (Ok(got), Ok(want)) => assert_eq!(got.value, want, "{text}"),
            (Err(got), Err(want)) => {
                assert!(got.to_string().contains(want), "{text}: {got}");
            }
            (got, want) => panic!("{text}: got {got:?}, expected {want:?}"),
        }
    }

    #[test]
    fn units() {
        check("0", Ok(0));
        check("1_000", Ok(1000));
        check("64 MiB", Ok(64 << 20));
        check("64MiB", Ok(64 << 20));
        check(" 64  mib ", Ok(64 << 20));
        check("1 kB", Ok(1000));
        check("1 KiB", Ok(1024));
        check("2 GiB", Ok(2 << 30));
        check("7 B", Ok(7));
    }

    #[test]
    fn refusals() {
        check("", Err("not an amount"));
        check("-1", Err("not an amount"));
        check("1.5 MiB", Err("unknown unit `.5 MiB`"));
        check("12 parsec", Err("unknown unit `parsec`"));
        check("99999999999999999999", Err("largest amount"));
        check("99999999999 TiB", Err("largest amount"));
        check("MiB", Err("not an amount"));
    }

    proptest! {
        #[test]
        fn shown_bytes_read_back(bytes: u64) {
            prop_assert_eq!(Amount::parse(&show_bytes(bytes)).map(|a| a.value), Ok(bytes));
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = Amount::parse(&text);
        }
    }
}
