//! Values of a query, and how they compare.

use std::cmp::Ordering;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A number; truth is 1 or 0.
    Number(f64),
    /// A text.
    Text(String),
    /// A moment: seconds since 1970.
    Time(i64),
    /// A length of time in seconds.
    Interval(i64),
}

impl Value {
    pub(super) fn truth(truth: bool) -> Self {
        Self::Number(f64::from(u8::from(truth)))
    }

    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Number(number) => *number != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::Time(seconds) | Self::Interval(seconds) => *seconds != 0,
        }
    }

    /// As a number, where it has one.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Null => None,
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Time(seconds) | Self::Interval(seconds) => Some(*seconds as f64),
        }
    }

    pub(super) fn text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
            Self::Time(seconds) => shown_time(*seconds),
            Self::Interval(seconds) => seconds.to_string(),
        }
    }

    /// Whether the two are alike, or which is less; none where they cannot be held together.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => Some(a.cmp(b)),
            (Self::Time(a), Self::Text(b)) => Some(a.cmp(&parse_time(b)?)),
            (Self::Text(a), Self::Time(b)) => Some(parse_time(a)?.cmp(b)),
            (Self::Text(a), Self::Number(b)) => Some(a.as_str().cmp(b.to_string().as_str())),
            (Self::Number(a), Self::Text(b)) => Some(a.to_string().as_str().cmp(b.as_str())),
            (a, b) => a.number()?.partial_cmp(&b.number()?),
        }
    }

    /// An order of all values: for sorting and for grouping.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let rank = |value: &Self| match value {
            Self::Null => 0,
            Self::Number(_) | Self::Interval(_) => 1,
            Self::Time(_) => 2,
            Self::Text(_) => 3,
        };
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Time(a), Self::Time(b)) => a.cmp(b),
            (a, b) if rank(a) == rank(b) => {
                let (a, b) = (a.number().unwrap_or(0.0), b.number().unwrap_or(0.0));
                a.total_cmp(&b)
            }
            (a, b) => rank(a).cmp(&rank(b)),
        }
    }
}

/// A value as the key of a group.
#[derive(Clone, Debug)]
pub(super) struct Key(pub Vec<Value>);

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        let pairs = self.0.iter().zip(&other.0);
        pairs
            .map(|(a, b)| a.order(b))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Key {}

/// `2026-01-31 12:00:00`, in UTC.
pub(super) fn shown_time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds)
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}

/// The moment that a text names: a date, a date and a time, or RFC 3339.
pub(super) fn parse_time(text: &str) -> Option<i64> {
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Some(timestamp.as_second());
    }
    let date = text.parse::<jiff::civil::DateTime>().ok();
    let date = date.or_else(|| Some(text.parse::<jiff::civil::Date>().ok()?.at(0, 0, 0, 0)))?;
    let zoned = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(zoned.timestamp().as_second())
}
