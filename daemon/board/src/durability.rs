//! `durability = "acknowledged"` or `durability = { interval-ms = 500 }`.

use super::Durability;
use super::document::Document;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use std::fmt;
use std::ops::Range;

/// Milliseconds that an interval may have.
const INTERVAL_MS: std::ops::RangeInclusive<u64> = 10..=60_000;

/// A durability as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RawDurability {
    /// A word.
    Word(String),
    /// Milliseconds between two flushes.
    IntervalMs(u64),
}

impl RawDurability {
    /// The durability it means, or a noted mistake. `table` is where the key stands.
    pub fn check(
        &self,
        document: &mut Document<'_>,
        table: &str,
        span: Range<usize>,
    ) -> Option<Durability> {
        match self {
            Self::Word(word) if word == "acknowledged" => Some(Durability::Acknowledged),
            Self::IntervalMs(ms) if INTERVAL_MS.contains(ms) => {
                Some(Durability::Interval { interval_ms: *ms })
            }
            Self::Word(word) => {
                document.problem(
                    Some(span),
                    format!("`{word}` is no durability"),
                    "write \"acknowledged\" or { interval-ms = 500 }",
                );
                None
            }
            Self::IntervalMs(ms) => {
                document.problem(
                    Some(span),
                    format!(
                        "`{table}.durability.interval-ms` is {ms}; it must be {} to {}",
                        INTERVAL_MS.start(),
                        INTERVAL_MS.end()
                    ),
                    "choose a value in this range, or \"acknowledged\"",
                );
                None
            }
        }
    }
}

impl<'de> Deserialize<'de> for RawDurability {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = RawDurability;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"acknowledged\" or { interval-ms = 500 }")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<RawDurability, E> {
                Ok(RawDurability::Word(word.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawDurability, A::Error> {
                let mut ms = None;
                while let Some(key) = map.next_key::<String>()? {
                    if key != "interval-ms" {
                        return Err(de::Error::unknown_field(&key, &["interval-ms"]));
                    }
                    ms = Some(map.next_value()?);
                }
                ms.map(RawDurability::IntervalMs)
                    .ok_or_else(|| de::Error::missing_field("interval-ms"))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}
