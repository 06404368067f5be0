//! The keys of limits and quotas, and which values of each make sense.

use super::PlansError;
use crate::board::amount::{Amount, AmountError, show_bytes};
use crate::board::limits::{FIELDS, Field};
use crate::engine::limits::Limits;
use crate::usage::quota::{QUOTA_MAX, QUOTAS, Quota};
use serde_json::Value;

/// What a plan or an override may state.
#[derive(Clone, Copy)]
pub enum Key {
    /// A limit of an invocation or a Worker.
    Limit(&'static Field),
    /// A quota of a tenant, and its place among them.
    Quota(usize, &'static Quota),
}

impl Key {
    /// All of them: limits first.
    pub fn all() -> impl Iterator<Item = Self> {
        let quotas = QUOTAS.iter().enumerate();
        FIELDS
            .iter()
            .map(Self::Limit)
            .chain(quotas.map(|(place, quota)| Self::Quota(place, quota)))
    }

    /// The one of this name.
    ///
    /// # Errors
    /// When there is none; the message names what comes close.
    pub fn find(name: &str) -> Result<Self, PlansError> {
        Self::all()
            .find(|key| key.name() == name)
            .ok_or_else(|| PlansError::UnknownKey {
                key: super::shown(name),
                near: near(name),
            })
    }

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Limit(field) => field.key,
            Self::Quota(_, quota) => quota.key,
        }
    }

    /// What it bounds, for people.
    pub fn about(self) -> &'static str {
        match self {
            Self::Limit(field) => field.about,
            Self::Quota(_, quota) => quota.about,
        }
    }

    /// The values that make sense.
    pub fn range(self) -> (u64, u64) {
        match self {
            Self::Limit(field) => (field.floor, field.roof),
            // None at all: the tenant is suspended.
            Self::Quota(..) => (0, QUOTA_MAX),
        }
    }

    /// A value with its unit, for people.
    pub fn show(self, value: u64) -> String {
        match self {
            Self::Limit(field) => field.show(value),
            Self::Quota(..) if self.is_bytes() => show_bytes(value),
            Self::Quota(..) => value.to_string(),
        }
    }

    /// Whether it counts bytes.
    pub fn is_bytes(self) -> bool {
        match self {
            Self::Limit(field) => field.is_bytes(),
            Self::Quota(_, quota) => quota.key.contains("-bytes-"),
        }
    }

    /// What a configuration's limits say of it.
    pub fn of(self, limits: &Limits) -> Option<u64> {
        match self {
            Self::Limit(field) => Some((field.get)(limits)),
            Self::Quota(..) => None,
        }
    }

    /// Why a text is no value of it. Of units of bytes only what counts bytes speaks.
    fn misread(self, text: &str, error: &AmountError) -> String {
        if self.is_bytes() {
            return error.to_string();
        }
        let (floor, roof) = self.range();
        let (floor, roof) = (self.show(floor), self.show(roof));
        format!("`{text}` is not a whole number from {floor} to {roof}")
    }

    /// Reads a value: a number, or a text with a unit. Nothing above `ceiling` is taken.
    ///
    /// # Errors
    /// Which value it is, what may be, and what to do.
    pub fn parse(self, value: &Value, ceilings: &Ceilings) -> Result<u64, PlansError> {
        let bad = |reason: String| PlansError::BadValue {
            key: self.name(),
            reason,
        };
        let amount = match value {
            Value::Number(number) if number.as_i64().is_some_and(|it| it < 0) => {
                return Err(bad(format!("{number} is negative; amounts begin at 0")));
            }
            Value::Number(number) => Amount {
                value: number
                    .as_u64()
                    .ok_or_else(|| bad(format!("{number} is no whole number that fits 64 bits")))?,
                bytes: false,
            },
            Value::String(text) if text.trim_start().starts_with('-') => {
                let text = super::shown(text);
                return Err(bad(format!("`{text}` is negative; amounts begin at 0")));
            }
            Value::String(text) => {
                let text = super::shown(text);
                Amount::parse(&text).map_err(|error| bad(self.misread(&text, &error)))?
            }
            _ => return Err(bad("a number, or a text like \"64 MiB\", is wanted".into())),
        };
        if amount.bytes && !self.is_bytes() {
            return Err(bad(
                "has a unit of bytes, but it does not count bytes".into()
            ));
        }
        let (value, (floor, roof)) = (amount.value, self.range());
        if value < floor || value > roof {
            return Err(PlansError::OutOfRange {
                key: self.name(),
                value: self.show(value),
                floor: self.show(floor),
                roof: self.show(roof),
            });
        }
        for (limits, whose, remedy) in [
            (
                &ceilings.board,
                "the board's ceiling",
                "lower it, or raise `ceilings` in the board file if the machine can bear it",
            ),
            (
                &ceilings.configured,
                "`ceilings` of the configuration",
                "lower it, or raise the ceiling",
            ),
        ] {
            if let Some(most) = self.of(limits).filter(|most| value > *most) {
                return Err(PlansError::AboveCeiling {
                    key: self.name(),
                    value: self.show(value),
                    whose,
                    most: self.show(most),
                    remedy,
                });
            }
        }
        Ok(value)
    }
}

/// What no level can go beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ceilings {
    /// The board's.
    pub board: Limits,
    /// The configuration's.
    pub configured: Limits,
}

/// The key that a wrong one was perhaps meant to be.
fn near(name: &str) -> String {
    let wanted = name.to_ascii_lowercase().replace('_', "-");
    let shares = |key: &str| {
        let words = wanted.split('-').filter(|word| word.len() > 1);
        words
            .filter(|word| key.split('-').any(|it| it == *word))
            .count()
    };
    let mut keys: Vec<(usize, &str)> = Key::all()
        .map(|key| (shares(key.name()), key.name()))
        .filter(|(shared, _)| *shared > 0)
        .collect();
    keys.sort_by_key(|(shared, _)| std::cmp::Reverse(*shared));
    let named: Vec<&str> = keys.into_iter().take(3).map(|(_, key)| key).collect();
    match named.is_empty() {
        true => "`postern limits keys` lists them".to_owned(),
        false => format!("perhaps {}", named.join(", ")),
    }
}
